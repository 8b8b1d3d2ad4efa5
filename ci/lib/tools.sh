# shellcheck shell=bash
# Installs small tools that the scripts in ci/ need, when they are absent. The only place that changes
# the machine: never a server, never an upgrade. Sourced.

as_root() {
    if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo -n "$@"; fi
}

install_tools() {
    printf 'ci: going to install with apt-get: %s\n' "$*" >&2
    local options=(-q -y --no-install-recommends --no-upgrade -o DPkg::Lock::Timeout=300)
    local install=(as_root env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" install "$@")
    # Absent lists know no package, and old ones name files that the mirror no longer has.
    "${install[@]}" >&2 && return 0
    as_root apt-get -q -o DPkg::Lock::Timeout=300 update >&2
    "${install[@]}" >&2
}

# Some crates bring a little C.
require_compiler() { command -v cc >/dev/null || install_tools gcc libc6-dev; }

# What configure has written is loaded by the interpreters that will load it.
require_interpreters() {
    local packages=()
    command -v ruby >/dev/null || packages+=(ruby)
    command -v php >/dev/null || packages+=(php-cli)
    [[ ${#packages[@]} -eq 0 ]] || install_tools "${packages[@]}"
}
