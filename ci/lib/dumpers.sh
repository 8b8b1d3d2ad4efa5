# shellcheck shell=bash
# Fetches the dump tools of others whose files nirvana reads. Sourced by ci/tools after install.sh, whose
# variables it shares:
# shellcheck disable=SC2154
#
# MySQL Shell is in no suite of the distribution; its folders are made by hand in tests.

install_dumpers() {
    runs mydumper --version || install_mydumper
}

install_mydumper() {
    if [[ -x /usr/bin/mydumper ]]; then
        launcher mydumper "'/usr/bin/mydumper'"
        return
    fi
    say "ci/tools: going to unpack mydumper below $home"
    use_suite own
    unpack "$home/mydumper" "$own_skip" mydumper
    launcher mydumper "export LD_LIBRARY_PATH='$(library_path "$home/mydumper")'" "'$home/mydumper/usr/bin/mydumper'"
}
