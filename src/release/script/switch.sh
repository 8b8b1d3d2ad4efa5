# Switches to a release and returns by itself unless it is told that the release is good: at the end of
# standard input, whatever ends it, the old release serves again.
# $1: the id; $2: where current leads now, empty if it is not there; $3: where it is to lead again;
# $4: the command that reloads; $5 to $8: lines of the ledger: switched; good; left again, as we were
# told to; left again, as nobody was there to tell. Standard input begins with the settings of that
# command, up to an empty line.
exec 2>&1
busy
cd "$root"
id=$1 now=$2 back=$3 reload=$4 switched=$5 good=$6 returned=$7 gone=$8
while IFS= read -r line && [ -n "$line" ]; do
    value=$(printf '%bx' "${line#*=}")
    export "${line%%=*}=${value%x}"
done

export NIRVANA_PATH="$root"

# The one way to switch: rename(2) puts one link in the place of another, and there is no moment without.
point() {
    ln -s "$1" ".current.$$"
    mv -Tf ".current.$$" current
    sync . 2>/dev/null || sync
}

reload() {
    if [ -n "$reload" ]; then
        (cd current && exec sh -c "$reload" nirvana) </dev/null 8<&- || return
    fi
}

# Whatever ends this script, the last thing that it does is to return, unless the release is good.
settled=
finish() {
    if [ -n "$settled" ]; then return; fi
    set +e
    trap : HUP INT TERM PIPE
    if [ -n "$back" ]; then point "$back"; else rm -f current; fi
    reload || echo "the reload after the return failed"
    record "$returned"
    rm -f .nirvana/guard
    echo "nirvana: returned"
}

is=$(readlink current || true)
if [ "$is" != "$now" ]; then
    echo "somebody else switched: current leads to '$is', and no longer to '$now'"
    exit 3
fi
printf '%s\n' "$$" >.nirvana/guard
trap finish EXIT
# Ended from outside: that says nothing of the release.
trap 'returned=$gone; exit 4' HUP INT TERM PIPE
point "releases/$id"
record "$switched"
if ! reload; then
    echo "nirvana: reload failed"
    exit 4
fi
echo "nirvana: switched"
verdict=gone
read -r verdict || true
if [ "$verdict" = good ]; then
    trap : HUP INT TERM PIPE
    record "$good"
    settled=yes
    rm -f .nirvana/guard
    echo "nirvana: good"
    exit 0
fi
case $verdict in
    return) ;;
    # Nothing is wrong with it: somebody wants to go on another time.
    stop) returned=$gone ;;
    # Nobody reads any more what is said to a nirvana that is gone.
    *)
        returned=$gone
        exec >/dev/null 2>&1
        ;;
esac
exit 4
