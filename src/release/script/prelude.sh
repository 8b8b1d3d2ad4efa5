# What every script on a host begins with. $1 is the application's folder there.
set -eu
LC_ALL=C
export LC_ALL
umask 022
# A home is what the host says, and not what nirvana's own machine would.
# shellcheck disable=SC2088 # The tilde is a letter here.
case $1 in
    "~/"*) root=$HOME/${1#"~/"} ;;
    *) root=$1 ;;
esac
shift

# While a script runs, no other run begins, even if the one that started it has died.
busy() {
    exec 8<"$root/.nirvana/busy"
    flock -s 8
}

# A line of the ledger, on disk before anything else happens. A line that a crash has torn is ended.
record() {
    ledger=$root/.nirvana/ledger.jsonl
    if [ -s "$ledger" ] && [ -n "$(tail -c 1 "$ledger")" ]; then echo >>"$ledger"; fi
    printf '{"at":"%s",%s}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" >>"$ledger"
    sync "$ledger" 2>/dev/null || sync
}

# NAME=value lines of standard input become the environment. A backslash and a line break in a value
# are written \\ and \n; nothing is evaluated, and no other program sees them as arguments.
settings() {
    while IFS= read -r line; do
        value=$(printf '%bx' "${line#*=}")
        export "${line%%=*}=${value%x}"
    done
}
