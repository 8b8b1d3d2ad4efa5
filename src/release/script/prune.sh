# Takes releases away. Each argument is an id; $1 is the line of the ledger, with ID in it.
busy
line=$1
shift
cd "$root/releases"
for id in "$@"; do
    if [ "$(readlink ../current || true)" = "releases/$id" ]; then
        echo "release $id is the current one" >&2
        exit 3
    fi
    # First out of the way: what is half removed must not look like a release.
    rm -rf "../.nirvana/removed"
    if [ -d "./$id" ]; then mv "./$id" ../.nirvana/removed; fi
    record "${line%%ID*}$id${line#*ID}"
    rm -rf "../.nirvana/removed" "./.$id.part"
done
