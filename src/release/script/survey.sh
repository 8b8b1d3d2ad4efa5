# Which files of release $1 are what standard input says, a line each: x or -, sha256, two spaces, path.
cd "$root/releases/$1"
while IFS= read -r line; do
    sum=${line#? }
    path=${sum#*  }
    if [ ! -f "./$path" ] || [ -L "./$path" ]; then continue; fi
    if [ -x "./$path" ]; then kind=x; else kind=-; fi
    if [ "$kind" = "${line%% *}" ]; then printf '%s\n' "$sum"; fi
done | sha256sum -c 2>/dev/null | sed -n 's/: OK$//p'
