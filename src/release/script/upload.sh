# Unpacks a release from standard input. $1: its id; $2: its line of the ledger. Files that it shares
# with another release arrive as hard links.
busy
cd "$root/releases"
if [ "$(readlink ../current || true)" = "releases/$1" ]; then
    echo "release $1 is the current one" >&2
    exit 3
fi
rm -rf ".$1.part"
tar -xpof -
rm -rf "./$1"
mv ".$1.part" "$1"
sync -f "$1" 2>/dev/null || sync
record "$2"
