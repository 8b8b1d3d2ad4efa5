# shellcheck shell=bash
# Where the test servers live, as whom they run, and the few words every part of ci/servers shares.
# Sourced by ci/servers; expects $here to be the ci folder.

all_kinds=(mariadb mysql postgres15 postgres18)
repo=$(dirname "$here")

say() { printf '%s\n' "$*" >&2; }
fail() {
    say "ci/servers: $*"
    exit 1
}
known_kind() { [[ " ${all_kinds[*]} " == *" $1 "* ]]; }
export_line() { printf 'export %s=%q\n' "$1" "$2"; }

# The servers refuse to run as root, so root lends them to `nobody`; everybody else runs them himself.
server_user=
[[ $(id -u) -ne 0 ]] || server_user=nobody
as_server() {
    if [[ -n $server_user ]]; then
        setpriv --reuid "$server_user" --regid "$(id -g "$server_user")" --clear-groups "$@"
    else
        "$@"
    fi
}
give_to_server() { [[ -z $server_user ]] || chown -R "$server_user:$(id -g "$server_user")" "$@"; }

# Really changes the machine: only for small tools, see require_tools.
as_root() {
    if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo -n "$@"; fi
}

# A checkout below /root or another closed folder is out of reach for `nobody`: programs and data then
# go to a folder of ours in /tmp, and target/servers becomes a link to it.
find_home() {
    local wanted=$repo/target/servers
    if [[ -n ${NIRVANA_SERVERS_HOME:-} ]]; then
        home=$(realpath -m "$NIRVANA_SERVERS_HOME")
    elif as_server test -x "$repo"; then
        home=$wanted
    else
        home=/tmp/nirvana-servers-$(id -u)-$(printf %s "$repo" | cksum | cut -d' ' -f1)
    fi
    bin_dir=$home/bin
    tls_dir=$home/tls
    run_dir=$(realpath -m "${NIRVANA_SERVERS_DIR:-$home/run}")
}
find_home

make_home() {
    mkdir -p "$home"
    # The name in /tmp can be guessed; a folder that somebody else put there first is not ours to trust.
    [[ -O $home ]] || fail "$home belongs to another user"
    if [[ $home == /tmp/nirvana-servers-* ]]; then
        mkdir -p "$repo/target"
        [[ -L $repo/target/servers || ! -e $repo/target/servers ]] || rm -rf "$repo/target/servers"
        ln -sfn "$home" "$repo/target/servers"
    fi
}

# Two checks at one desk must not unpack or start the same server twice at the same moment.
# The servers themselves must not inherit descriptor 9, or they would hold the lock for ever.
with_lock() {
    exec 9>"$home/lock"
    flock 9
    "$@"
    exec 9>&-
}
