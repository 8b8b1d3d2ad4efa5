# Holds the lock until the end of standard input. $1: seconds to wait; $2: who we are, as the inside of
# a JSON object.
patience=$1
mkdir -p "$root/releases" "$root/shared" "$root/.nirvana"
chmod 700 "$root/.nirvana"
cd "$root/.nirvana"
: >>lock
: >>busy
exec 9>>lock
# A moment's patience: who only looks has it for an instant.
if ! flock -w 1 9; then
    echo "held $(cat owner 2>/dev/null || true)"
    flock -w "$patience" 9 || exit 75
fi
# A run that was killed no longer has the lock, but a command of it may still be at work.
exec 8>>busy
if ! flock -w 1 8; then
    echo "busy $(cat owner 2>/dev/null || true)"
    flock -w "$((patience + 10))" 8 || exit 75
fi
exec 8>&-
printf '{"pid":%s,"since":"%s",%s}\n' "$$" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$2" >owner.new
mv -f owner.new owner
echo locked
while read -r line; do :; done
rm -f owner
