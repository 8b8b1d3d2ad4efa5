# Runs a command in a release, with the settings of standard input. $1: the id; $2: the command; $3: the
# file of the release that it is about, or nothing.
busy
cd "$root/releases/$1"
settings
export NIRVANA_PATH="$root"
if [ -n "$3" ]; then export FILE="$root/releases/$1/$3"; fi
code=0
# What it leaves running must not hold our lock.
sh -c "$2" nirvana </dev/null 8<&- || code=$?
# 255 is what ssh ends with where it is ssh that failed.
if [ "$code" -eq 255 ]; then code=254; fi
exit "$code"
