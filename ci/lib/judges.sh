# shellcheck shell=bash
# Fetches the programs that judge what nirvana writes. Sourced by ci/tools after install.sh, whose
# variables it shares:
# shellcheck disable=SC2154

install_judges() {
    local packages=()
    command -v zsh >/dev/null || packages+=(zsh)
    command -v fish >/dev/null || packages+=(fish)
    command -v docker-compose >/dev/null || packages+=(docker-compose)
    command -v systemd-analyze >/dev/null || packages+=(systemd)
    python3 -c 'import venv, ensurepip' 2>/dev/null || packages+=(python3-venv)
    [[ ${#packages[@]} -eq 0 ]] || install_tools "${packages[@]}"
    runs promtool --version || install_promtool
    runs collectd -h || install_collectd
    runs kubernetes-validate --version || install_python_judges
}

# A launcher of ours that works.
runs() { "$bin_dir/$1" "$2" >/dev/null 2>&1; }

# The package would start a server; the one program of it that only reads needs nothing else.
install_promtool() {
    say "ci/tools: going to unpack promtool below $home"
    use_suite own
    mkdir -p "$home/prometheus"
    unpack_alone "$home/prometheus" prometheus
    launcher promtool "'$home/prometheus/usr/bin/promtool'"
}

# Its plugins' own libraries are only suggestions of the package.
install_collectd() {
    local libraries=() library
    say "ci/tools: going to unpack collectd below $home"
    use_suite own
    for library in 'libcurl3(t64)?-gnutls' 'libmicrohttpd12(t64)?' 'libprotobuf-c1'; do
        libraries+=("$(package_named "$library")")
    done
    unpack "$home/collectd" "$own_skip" collectd-core "${libraries[@]}"
    launcher collectd "export LD_LIBRARY_PATH='$(library_path "$home/collectd")'" "'$home/collectd/usr/sbin/collectd'"
}

# The published schemas of Kubernetes, of compose and of both CI services, and Docker's own parser.
install_python_judges() {
    local program venv=$home/judges
    say "ci/tools: going to fetch with pip, below $home: check-jsonschema kubernetes-validate dockerfile"
    rm -rf "$venv"
    python3 -m venv "$venv"
    PIP_DISABLE_PIP_VERSION_CHECK=1 "$venv/bin/pip" install -q check-jsonschema kubernetes-validate dockerfile >&2
    for program in check-jsonschema kubernetes-validate; do
        launcher "$program" "'$venv/bin/$program'"
    done
    # One line for each instruction: its name, and its values as they were read.
    launcher dockerfile-parse "'$venv/bin/python3' -c 'import dockerfile, sys
for line in dockerfile.parse_file(sys.argv[1]): print(line.cmd, *line.value, sep=\"\t\")'"
}
