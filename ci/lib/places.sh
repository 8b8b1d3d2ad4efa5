# shellcheck shell=bash
# Where the test servers live, as whom they run, and the few words every part of ci/servers shares.
# Sourced by ci/servers; expects $here to be the ci folder. The parts of ci/servers share their
# variables, which shellcheck cannot see from here:
# shellcheck disable=SC2034,SC2154

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
as_server_prefix=()
if [[ $(id -u) -eq 0 ]]; then
    server_user=nobody
    as_server_prefix=(setpriv --reuid "$server_user" --regid "$(id -g "$server_user")" --clear-groups)
fi
as_server() { "${as_server_prefix[@]}" "$@"; }
give_to_server() { [[ -z $server_user ]] || chown -R "$server_user:$(id -g "$server_user")" "$@"; }

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

# Folders below $home are replaced without asking, so $home must be ours: the default place, one that we
# marked, or one with nothing in it that could be lost.
make_home() {
    local marker=$home/.nirvana-servers
    if [[ -n ${NIRVANA_SERVERS_HOME:-} && -d $home && ! -e $marker ]]; then
        rmdir "$home" 2>/dev/null || fail "NIRVANA_SERVERS_HOME=$home has files that are not ours: name a new folder"
    fi
    mkdir -p "$home"
    # The name in /tmp can be guessed; a folder that somebody else put there first is not ours to trust.
    [[ -O $home ]] || fail "$home belongs to another user"
    : >"$marker"
    if [[ $home == /tmp/nirvana-servers-* && -z ${NIRVANA_SERVERS_HOME:-} ]]; then
        mkdir -p "$repo/target"
        [[ -L $repo/target/servers || ! -e $repo/target/servers ]] ||
            fail "$repo/target/servers is in the way: servers of root go to $home here"
        ln -sfn "$home" "$repo/target/servers"
    fi
}

# NIRVANA_SERVERS_DIR may name any folder, and in it `mysql` may be anything: only what prepare_dir made goes.
remove_server_dir() {
    [[ -e $2 ]] || return 0
    [[ -f $2/kind && $(<"$2/kind") == "$1" && -f $2/port ]] || fail "$2 was not made by ci/servers: it is left alone"
    rm -rf "${2:?}"
}

# Two checks at one desk must not unpack or start the same server twice at the same moment.
# The servers themselves must not inherit descriptor 9, or they would hold the lock for ever.
with_lock() {
    exec 9>"$home/lock"
    flock 9
    "$@"
    exec 9>&-
}
