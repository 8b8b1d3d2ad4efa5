# shellcheck shell=bash
# borrow_servers KIND…: installs and starts the servers that do not run yet, exports where they are, and
# stops them when the script ends, whatever its end; servers that ran before are left running. Stopping
# says nothing: the last line of a script is its result. Sourced; expects $here to be the ci folder.

borrow_servers() {
    local kind before
    borrowed=()
    before=$("$here/servers" env 2>/dev/null || true)
    for kind in "$@"; do
        [[ $before == *"NIRVANA_TEST_${kind^^}="* ]] || borrowed+=("$kind")
    done
    "$here/servers" install "$@"
    trap return_servers EXIT
    # A signal must end in EXIT too, or the servers would outlive us.
    trap 'exit 130' INT
    trap 'exit 143' TERM
    "$here/servers" start "$@"
    eval "$("$here/servers" env)"
}

return_servers() {
    local status=$?
    [[ ${#borrowed[@]} -eq 0 ]] || "$here/servers" stop "${borrowed[@]}" >/dev/null 2>&1 || true
    exit "$status"
}
