#!/usr/bin/env bash
# Loads this directory into PostgreSQL with several connections at once, and stops at the first error.
#
#   load.sh [--jobs N] [DATABASE]    DATABASE: postgres://user@host/database, or libpq's own form and
#                                    environment (PGHOST, PGDATABASE…); passwords by PGPASSWORD or ~/.pgpass
#   load.sh --check                  is every file of this directory the one that was written?
#   load.sh --drop [DATABASE]        take away what a load has made, with whatever rows are there now
#
# Nothing is written before every file has been checked, and nothing unless the target's schema is empty.
# A load that fails after it has begun is not undone: it says so, and --drop takes it away. All or nothing,
# by one connection:  psql -X -f load.sql  in this directory.
#
# Exit codes: 0 loaded · 1 loaded, with findings · 2 usage · 3 failed, nothing was changed · 4 failed part-way
set -euo pipefail

# In a function, so that the whole file is read before any of it runs.
main() {
    cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
    local jobs='' action=load
    while [[ $# -gt 0 ]]; do
        case $1 in
            --jobs | -j)
                [[ $# -ge 2 ]] || usage 2
                jobs=$2
                shift
                ;;
            --jobs=*) jobs=${1#*=} ;;
            --check | --drop) action=${1#--} ;;
            --piece)
                shift
                pieces "$@"
                return
                ;;
            --help | -h) usage 0 ;;
            -*) usage 2 ;;
            *)
                [[ -z ${NIRVANA_DATABASE:-} ]] || usage 2
                export NIRVANA_DATABASE=$1
                ;;
        esac
        shift
    done
    [[ -n $jobs ]] || jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
    [[ $jobs =~ ^[1-9][0-9]*$ ]] || fail 2 "--jobs is a whole number, not '$jobs'"
    # Other users of this machine can see a command line.
    if [[ ${NIRVANA_DATABASE:-} =~ ://[^/@]*:[^/@]*@|password= ]]; then
        fail 2 'give the password by PGPASSWORD or ~/.pgpass, and leave it out of the command line'
    fi
    check
    [[ $action != check ]] || return 0
    # Sessions are alike, whatever the server's defaults are; a commit that is lost with the server is
    # lost with all after it, and the last one waits for the disk.
    export PGCLIENTENCODING=UTF8 PGOPTIONS="${PGOPTIONS:-} -c TimeZone=UTC -c DateStyle=ISO,YMD \
-c IntervalStyle=postgres -c standard_conforming_strings=on -c row_security=off -c statement_timeout=0 \
-c lock_timeout=0 -c idle_in_transaction_session_timeout=0 -c client_min_messages=warning \
-c maintenance_work_mem=128MB"
    command -v psql >/dev/null || fail 3 'psql is missing: install the client of PostgreSQL'
    "$action" "$jobs"
}

usage() {
    sed -n '2,/^set -euo/{/^set -euo/d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}" >&2
    exit "$1"
}

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "load.sh: $2"
    exit "$1"
}

# Every file is the one that was written, and all are there.
check() {
    [[ -f manifest.json && ! -e UNFINISHED ]] ||
        fail 3 'this directory was never finished: nothing was loaded; run nirvana migrate again'
    local sums
    if command -v sha256sum >/dev/null; then
        sums=(sha256sum)
    elif command -v shasum >/dev/null; then
        sums=(shasum -a 256)
    else
        fail 3 'neither sha256sum nor shasum is here, so that the files cannot be checked'
    fi
    local words
    words=$("${sums[@]}" -c SHA256SUMS 2>&1) || {
        say "$(grep -v ': OK$' <<<"$words")"
        fail 3 'this directory is damaged: nothing was loaded; copy it again from where it was made'
    }
    local tool
    case $(grep -m 1 -o '\.\(gz\|zst\)	' load.tsv) in
        .gz*) tool=gzip ;;
        .zst*) tool=zstd ;;
        *) return 0 ;;
    esac
    command -v "$tool" >/dev/null || fail 3 "$tool is missing, which the files are compressed with"
}

# psql, without anybody's own settings, and never waiting for a password.
ask() { psql -X -w -v ON_ERROR_STOP=1 ${NIRVANA_DATABASE:+-d "$NIRVANA_DATABASE"} "$@"; }

drop() {
    ask -q -f drop.sql || fail 3 'nothing was taken away'
    say 'Taken away: all that this directory had made.'
}

load() {
    local step begin=$SECONDS findings
    NIRVANA_LOG=$(mktemp -d) && export NIRVANA_LOG
    trap 'rm -rf "$NIRVANA_LOG"' EXIT
    # One transaction: all of the schema or nothing.
    ask -q -1 -f schema.sql >/dev/null || fail 3 'nothing was changed in the target'
    for step in copy indexes keys foreign-keys validate rest; do
        run "$step" "$1"
    done
    findings=$({ cat "$NIRVANA_LOG"/*.findings 2>/dev/null || true; } | grep -c . || true)
    if [[ $findings -gt 0 ]]; then
        say "Loaded, with $findings finding(s), in $((SECONDS - begin)) s: see above (exit 1)."
        exit 1
    fi
    say "Loaded in $((SECONDS - begin)) s. The proof:  nirvana verify . ${NIRVANA_DATABASE:-postgres://…}"
}

# All pieces of one step, so many at once; the first that fails is the last. Small pieces share a
# session, a few at a time.
run() {
    local numbers count each begin=$SECONDS
    numbers=$(grep -n "^$1	" load.tsv | cut -d : -f 1) || return 0
    count=$(wc -l <<<"$numbers")
    each=$((count / ($2 * 4) + 1))
    if ! xargs -P "$2" -n "$each" bash ./load.sh --piece "$1" <<<"$numbers"; then
        say "load.sh: FAILED part-way, in the step '$1': what is in the target is not whole."
        say "  To take it away and begin again:  ./load.sh --drop ${NIRVANA_DATABASE:-}"
        exit 4
    fi
    say "  $1: $((count)) done in $((SECONDS - begin)) s"
}

# Some pieces of a step, in a process of their own. 255 tells xargs to begin no other.
pieces() {
    local step=$1 file from bytes data rows log taken
    shift
    log=$NIRVANA_LOG/$step.$1
    if [[ $step != copy ]]; then
        lines "$@" | while IFS=$'\t' read -r _ file from bytes; do
            text "$file" "$from" "$bytes"
        done | ask -q -f - >/dev/null 2>"$log" || { told "$log" && exit 255; }
        told "$log"
        return
    fi
    while IFS=$'\t' read -r _ file from bytes data rows; do
        taken=$(rows_of "$data" | PGOPTIONS="$PGOPTIONS -c synchronous_commit=off" \
            ask -c "$(text "$file" "$from" "$bytes")" 2>"$log") || { told "$log" && exit 255; }
        [[ $taken == "COPY $rows" ]] ||
            { say "load.sh: $data has $rows rows, and the target says: $taken" && exit 255; }
    done < <(lines "$@")
}

# Lines of the list of work, by their numbers.
lines() { sed -n "$(printf '%sp;' "$@")" load.tsv; }

# A range of a file, byte by byte.
text() { head -c $(($2 + $3)) "$1" | tail -c "$3"; }

rows_of() {
    case $1 in
        *.gz) gzip -dcq -- "$1" ;;
        *.zst) zstd -dcq -- "$1" ;;
        *) cat -- "$1" ;;
    esac
}

# What a session has said; findings are counted.
told() {
    sed -e 's/^psql:<stdin>:[0-9]*: //' -e 's/^[A-Z]*:  nirvana-finding: /finding: /' "$1" >&2
    { grep 'nirvana-finding: ' "$1" || true; } >"$1.findings"
}

main "$@"
