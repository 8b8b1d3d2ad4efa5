# Links a release to what all releases share. $1: its id; then, for each, d or f, the path, and where
# the link leads.
busy
cd "$root/releases/$1"
shift
while [ $# -gt 0 ]; do
    kind=$1 path=$2 to=$3
    shift 3
    case $path in
        */*)
            mkdir -p "./${path%/*}"
            mkdir -p "$root/shared/${path%/*}"
            ;;
    esac
    if [ -L "./$path" ] && [ "$(readlink "./$path")" = "$to" ]; then continue; fi
    if [ "$kind" = d ]; then
        mkdir -p "$root/shared/$path"
        # What the repository has in it is a beginning: it is copied where nothing is yet.
        if [ -d "./$path" ]; then
            (cd "./$path" && find . ! -type d) | while IFS= read -r file; do
                if [ ! -e "$root/shared/$path/$file" ]; then
                    mkdir -p "$root/shared/$path/${file%/*}"
                    cp -P "./$path/$file" "$root/shared/$path/$file"
                    if [ ! -L "$root/shared/$path/$file" ]; then chmod u+w "$root/shared/$path/$file"; fi
                fi
            done
        fi
    elif [ ! -f "$root/shared/$path" ]; then
        echo "$root/shared/$path is not there" >&2
        exit 3
    fi
    rm -rf "./$path"
    ln -s "$to" "./$path"
done
