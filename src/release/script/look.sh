# What is there; nothing is written. $1: the file of settings of which only the names are told, or
# nothing; then the shared files that must be there.
for program in flock tar sha256sum mv ln readlink sync sed tail date; do
    command -v "$program" >/dev/null 2>&1 || echo "missing $program"
done
settings=$1
shift
for file in "$@"; do
    [ -f "$root/shared/$file" ] || echo "absent $file"
done
if [ -n "$settings" ] && [ -f "$root/shared/$settings" ]; then
    sed -n 's/^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}\([A-Za-z_][A-Za-z0-9_]*\)[[:space:]]*=.*/key \2/p' \
        "$root/shared/$settings"
fi
if [ -L "$root/current" ]; then
    echo "current $(readlink "$root/current")"
elif [ -e "$root/current" ]; then
    echo "occupied"
fi
for folder in "$root"/releases/*; do
    if [ -d "$folder" ]; then echo "folder ${folder##*/}"; fi
done
if [ -f "$root/.nirvana/lock" ]; then
    # A moment's patience: another who only looks has it for an instant.
    if ! flock -w 1 "$root/.nirvana/lock" true; then
        echo "held $(cat "$root/.nirvana/owner" 2>/dev/null || true)"
    elif ! flock -w 1 "$root/.nirvana/busy" true; then
        echo "busy $(cat "$root/.nirvana/owner" 2>/dev/null || true)"
    fi
fi
if [ -f "$root/.nirvana/ledger.jsonl" ]; then
    sed 's/^/ledger /' "$root/.nirvana/ledger.jsonl"
fi
