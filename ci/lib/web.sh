# shellcheck shell=bash
# Fetches what the hosts of a release are made of in tests: sshd, nginx, php-fpm. Sourced by ci/tools
# after install.sh, whose variables it shares:
# shellcheck disable=SC2154
#
# Installed, these packages would start services; they are unpacked, and tests start them as processes of
# an unprivileged user. What the machine has already is used as it is.

install_web() {
    # Each of them says its version and ends well.
    runs sshd -V || runs sshd -t -f /dev/null || install_sshd
    runs nginx -v || install_nginx
    runs php-fpm -v || install_php
    [[ -e $bin_dir/libnss_wrapper.so ]] || install_nss_wrapper
    command -v ssh-keygen >/dev/null || install_tools openssh-client
}

install_sshd() {
    # It starts itself anew for each connection, by the path that it was started by.
    if [[ -x /usr/sbin/sshd ]]; then
        launcher sshd "'/usr/sbin/sshd'"
        return
    fi
    say "ci/tools: going to unpack sshd below $home"
    use_suite own
    unpack "$home/sshd" "$own_skip" openssh-server
    launcher sshd "export LD_LIBRARY_PATH='$(library_path "$home/sshd")'" "'$home/sshd/usr/sbin/sshd'"
}

install_nginx() {
    if [[ -x /usr/sbin/nginx ]]; then
        launcher nginx "'/usr/sbin/nginx'"
        return
    fi
    say "ci/tools: going to unpack nginx below $home"
    use_suite own
    unpack "$home/nginx" "$own_skip" nginx-light
    launcher nginx "export LD_LIBRARY_PATH='$(library_path "$home/nginx")'" "'$home/nginx/usr/sbin/nginx'"
}

# Without any configuration of the machine, and with the cache of compiled code that a release must defeat.
install_php() {
    local program root='' libraries=':' cache
    program=$(find /usr/sbin -name 'php-fpm[0-9]*' -print -quit)
    if [[ -z $program ]]; then
        say "ci/tools: going to unpack php-fpm below $home"
        use_suite own
        root=$home/php
        unpack "$root" "$own_skip" "$(package_named 'php[0-9.]+-fpm')" "$(package_named 'php[0-9.]+-opcache')"
        program=$(find "$root/usr/sbin" -name 'php-fpm[0-9]*' -print -quit)
        libraries="export LD_LIBRARY_PATH='$(library_path "$root")'"
    fi
    cache=$(find "$root/usr/lib/php" -name opcache.so -print -quit)
    [[ -n $cache ]] || fail "php-fpm is there without opcache.so"
    launcher php-fpm "$libraries" "'$program' -n -d 'zend_extension=$cache' -d opcache.validate_timestamps=0"
}

# Gives the test's user a shell and a home per host, without touching the machine's users.
install_nss_wrapper() {
    say "ci/tools: going to unpack libnss-wrapper below $home"
    use_suite own
    mkdir -p "$home/nss-wrapper"
    unpack_alone "$home/nss-wrapper" libnss-wrapper
    cp "$(find "$home/nss-wrapper" -name 'libnss_wrapper.so' -print -quit)" "$bin_dir/libnss_wrapper.so"
}
