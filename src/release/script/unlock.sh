# Who has the lock; with `force`, ends what holds it. $1: force or nothing.
if [ ! -f "$root/.nirvana/lock" ]; then
    echo free
    exit 0
fi
cd "$root/.nirvana"
if flock -w 1 lock true && flock -w 1 busy true; then
    rm -f owner guard
    echo free
    exit 0
fi
echo "held $(cat owner 2>/dev/null || true)"
if [ "$1" != force ]; then exit 75; fi
# A number alone could be another process by now: it must have our file open.
end() {
    if [ -n "$1" ] && [ "$(readlink "/proc/$1/fd/$2" || true)" = "$(pwd -P)/$3" ]; then
        kill "$1"
        echo "ended $1"
    fi
}
end "$(cat guard 2>/dev/null || true)" 8 busy
end "$(sed -n 's/^{"pid":\([0-9]*\),.*/\1/p' owner 2>/dev/null || true)" 9 lock
if flock -w 30 lock true && flock -w 30 busy true; then
    rm -f owner
    echo free
    exit 0
fi
exit 75
