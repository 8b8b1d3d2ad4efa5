# shellcheck shell=bash
# Starts and stops one server whose whole state is one folder. Sourced by ci/servers.
#
#   DIR/kind  DIR/port  DIR/pid  DIR/options  DIR/socket (folder of the unix socket)
#   DIR/data  DIR/tls   DIR/log
#
# A fresh data folder is a copy of a template, made once per installed version: with its users, cleanly
# shut down. Copying takes a moment where initialising takes seconds, and tests want many.

is_running() {
    local pid
    [[ -r $1/pid ]] && pid=$(<"$1/pid") && [[ -n $pid && -r /proc/$pid/cmdline ]] || return 1
    # A number alone may since belong to somebody else's process.
    tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$1/data"
}

server_url() {
    case $(<"$1/kind") in
        mariadb | mysql) printf 'mysql://nirvana_admin:admin@127.0.0.1:%s\n' "$(<"$1/port")" ;;
        postgres*) printf 'postgres://nirvana_admin:admin@127.0.0.1:%s/postgres\n' "$(<"$1/port")" ;;
    esac
}

socket_dir() { cat "$1/socket"; }

# --- certificates --------------------------------------------------------------------------------------
# One authority for all servers. The client certificate is made out to nirvana_client.

ensure_tls() {
    local name
    ! openssl x509 -checkend 604800 -noout -in "$tls_dir/client-cert.pem" >/dev/null 2>&1 || return 0
    rm -rf "$tls_dir" "$tls_dir.new"
    mkdir -p "$tls_dir.new"
    (
        cd "$tls_dir.new"
        exec 2>openssl.log
        openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj '/CN=nirvana test authority' \
            -addext 'keyUsage=critical,keyCertSign,cRLSign' -keyout ca-key.pem -out ca.pem
        sign server localhost 'subjectAltName=DNS:localhost,IP:127.0.0.1' serverAuth
        sign client nirvana_client 'subjectAltName=DNS:nirvana_client' clientAuth
        rm -f ./*.csr ./*.ext
        chmod 600 ./*-key.pem
        chmod 644 ./*ca.pem ./*-cert.pem
    ) || fail "openssl could not make certificates, see $tls_dir.new/openssl.log"
    chmod 755 "$tls_dir.new"
    mv "$tls_dir.new" "$tls_dir"
}

# sign NAME CN SAN USAGE
sign() {
    openssl req -new -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$1-key.pem" -out "$1.csr"
    printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature,keyEncipherment\n%s\nextendedKeyUsage=%s\n' \
        "$3" "$4" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 3650 -extfile "$1.ext" \
        -out "$1-cert.pem"
}

# --- templates -----------------------------------------------------------------------------------------

ensure_template() {
    local kind=$1 dir=$home/templates/$1 version
    version=$(installed_version "$kind")
    ensure_tls
    [[ ! -e $dir/version || $(<"$dir/version") != "$version" ]] || return 0
    say "$kind: preparing a fresh database ($version)"
    rm -rf "$dir"
    mkdir -p "$dir"
    prepare_dir "$kind" "$dir"
    mkdir "$dir/data"
    give_to_server "$dir/data"
    initialise "$kind" "$dir" >"$dir/log" 2>&1 || fail "$kind could not be initialised, see $dir/log"
    launch "$kind" "$dir"
    create_users "$kind" "$dir" >>"$dir/log" 2>&1 || fail "$kind did not accept its users, see $dir/log"
    stop_cleanly "$dir"
    # Every copy must get an identity of its own.
    rm -f "$dir/data/auto.cnf"
    printf '%s\n' "$version" >"$dir/version"
}

initialise() {
    local kind=$1 dir=$2
    cd /
    case $kind in
        mariadb)
            as_server "$bin_dir/mariadb-install-db" --datadir="$dir/data" --auth-root-authentication-method=normal \
                --skip-test-db --innodb-log-file-size=48M
            ;;
        mysql) as_server "$bin_dir/mysqld" --initialize-insecure --datadir="$dir/data" ;;
        postgres*)
            as_server chmod 700 "$dir/data"
            as_server "$bin_dir/$kind/initdb" -D "$dir/data" -U postgres -E UTF8 --locale=C.UTF-8 -A trust --no-sync ||
                as_server "$bin_dir/$kind/initdb" -D "$dir/data" -U postgres -E UTF8 --locale=C -A trust --no-sync
            ;;
    esac
}

create_users() {
    case $1 in
        mariadb | mysql)
            # Nameless users would win over nirvana_admin@'%' for whoever comes from localhost.
            admin_sql "$1" "$2" "
                $([[ $1 != mariadb ]] || echo "DELETE FROM mysql.global_priv WHERE User = ''; FLUSH PRIVILEGES;")
                CREATE USER nirvana_admin@'%' IDENTIFIED BY 'admin';
                GRANT ALL PRIVILEGES ON *.* TO nirvana_admin@'%' WITH GRANT OPTION;
                CREATE USER nirvana_client@'%' IDENTIFIED BY 'client' REQUIRE X509;
                GRANT ALL PRIVILEGES ON *.* TO nirvana_client@'%';"
            ;;
        postgres*)
            admin_sql "$1" "$2" "
                CREATE ROLE nirvana_admin SUPERUSER LOGIN PASSWORD 'admin';
                CREATE ROLE nirvana_client SUPERUSER LOGIN;"
            ;;
    esac
}

# Speaks to a server as its owner, over the unix socket.
admin_sql() {
    case $1 in
        mariadb | mysql) "$bin_dir/$1" --no-defaults -uroot -S "$(socket_dir "$2")/mysql.sock" -e "$3" ;;
        postgres*) PGAPPNAME=ci PGCONNECT_TIMEOUT=5 "$bin_dir/$1/psql" -X -q -v ON_ERROR_STOP=1 \
            -h "$(socket_dir "$2")" -p "$(<"$2/port")" -U postgres -d postgres -c "$3" ;;
    esac
}

# --- one server ----------------------------------------------------------------------------------------

# start_server KIND DIR [OPTION…]: from a copy of the template, or from the data DIR already has.
start_server() {
    local kind=$1 dir=$2
    ! is_running "$dir" || fail "a server is already running in $dir"
    if [[ ! -e $dir/data ]]; then
        prepare_dir "$@"
        # Files full of holes (redo logs) stay so: a template takes a tenth of its apparent size.
        as_server cp -a --sparse=always "$home/templates/$kind/data" "$dir/data"
    fi
    launch "$kind" "$dir"
}

prepare_dir() {
    local kind=$1 dir=$2
    shift 2
    mkdir -p "$dir"
    give_to_server "$dir"
    as_server test -x "$dir" || fail "user $server_user cannot reach $dir: choose a folder below /tmp"
    printf '%s\n' "$kind" >"$dir/kind"
    printf '%s\n' "$@" >"$dir/options"
    mkdir -p "$dir/tls"
    cp "$tls_dir"/{ca,server-cert,server-key}.pem "$dir/tls/"
    chmod 600 "$dir/tls/server-key.pem"
    write_hba "$kind" >"$dir/pg_hba.conf"
    give_to_server "$dir"
    # A unix socket's path holds 107 characters at most, its own name included.
    if [[ ${#dir} -le 80 ]]; then
        printf '%s\n' "$dir" >"$dir/socket"
    else
        mktemp -d /tmp/nirvana-socket-XXXXXX >"$dir/socket"
        give_to_server "$(<"$dir/socket")"
        chmod 755 "$(<"$dir/socket")"
    fi
}

# Everybody shows a password, but for the owner on the unix socket; nirvana_client shows a certificate.
write_hba() {
    [[ $1 == postgres* ]] || return 0
    printf 'local all postgres trust\n'
    printf 'local all all scram-sha-256\n'
    if has_tls "$1"; then printf 'hostssl all nirvana_client 127.0.0.1/32 cert\n'; fi
    printf 'host all all 127.0.0.1/32 scram-sha-256\n'
    printf 'host replication all 127.0.0.1/32 scram-sha-256\n'
}

has_tls() { [[ $1 != postgres18 ]]; }

# Another process may take the port between our look and the server's; then the server dies at once,
# and the next port is tried. A server with data of its own keeps the port it had.
launch() {
    local kind=$1 dir=$2 try had_port=
    [[ ! -s $dir/port ]] || had_port=1
    for try in 1 2 3; do
        [[ -n $had_port ]] || free_port >"$dir/port"
        run_in_background "$kind" "$dir"
        ! wait_until_ready "$kind" "$dir" || return 0
        kill_server "$dir"
        say "$kind did not start on port $(<"$dir/port") (try $try)"
    done
    tail -n 20 "$dir/log" >&2
    fail "$kind does not start, see $dir/log"
}

# Below the range from which the kernel lends ports to clients.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    printf '%s\n' "$port"
}

run_in_background() {
    local kind=$1 dir=$2 extra=()
    mapfile -t extra < <(grep . "$dir/options" || true)
    server_command "$kind" "$dir"
    # A session of its own, so that Ctrl-C at the desk reaches the tests and not the servers under them.
    (
        cd /
        exec 9>&-
        exec setsid "${as_server_prefix[@]}" "${command_line[@]}" "${extra[@]}" </dev/null >>"$dir/log" 2>&1
    ) &
    printf '%s\n' "$!" >"$dir/pid"
    disown
}

# Fills command_line; the settings every server has, whoever started it.
server_command() {
    local kind=$1 dir=$2 port
    port=$(<"$dir/port")
    as_server_prefix=()
    [[ -z $server_user ]] || as_server_prefix=(setpriv --reuid "$server_user" --regid "$(id -g "$server_user")" --clear-groups)
    case $kind in
        mariadb | mysql)
            command_line=(
                "$bin_dir/${kind}d" --datadir="$dir/data" --port="$port" --bind-address=127.0.0.1
                --socket="$(socket_dir "$dir")/mysql.sock" --pid-file="$dir/data/server.pid" --skip-name-resolve
                --server-id="$port" --log-bin=binlog --character-set-server=utf8mb4 --local-infile=1
                --max-connections=300 --max-allowed-packet=1G
                --innodb-buffer-pool-size=256M --innodb-flush-log-at-trx-commit=2
                --ssl-ca="$dir/tls/ca.pem" --ssl-cert="$dir/tls/server-cert.pem" --ssl-key="$dir/tls/server-key.pem"
            )
            # MySQL writes rows to its binary log without being told.
            [[ $kind != mariadb ]] || command_line+=(--binlog-format=ROW --plugin-load-add=auth_ed25519
                --innodb-log-file-size=48M)
            ;;
        postgres*)
            command_line=(
                "$bin_dir/$kind/postgres" -D "$dir/data" -c port="$port" -c listen_addresses=127.0.0.1
                -c unix_socket_directories="$(socket_dir "$dir")" -c hba_file="$dir/pg_hba.conf"
                -c fsync=off -c synchronous_commit=on -c shared_buffers=256MB -c max_connections=200
                -c max_wal_size=2GB -c wal_level=replica -c password_encryption=scram-sha-256 -c jit=off
            )
            ! has_tls "$kind" || command_line+=(-c ssl=on -c ssl_ca_file="$dir/tls/ca.pem"
                -c ssl_cert_file="$dir/tls/server-cert.pem" -c ssl_key_file="$dir/tls/server-key.pem")
            ;;
    esac
}

# Gives up early when the process is gone, and in the end after two minutes (crash recovery takes its time).
wait_until_ready() {
    local tick
    for ((tick = 0; tick < 600; tick++)); do
        ! admin_sql "$1" "$2" 'SELECT 1' >/dev/null 2>&1 || { is_alive "$2" && return 0; }
        is_alive "$2" || return 1
        sleep 0.2
    done
    return 1
}

is_alive() { kill -0 "$(<"$1/pid")" 2>/dev/null && [[ $(ps_state "$(<"$1/pid")") != Z ]]; }
ps_state() { sed 's/.*) \(.\) .*/\1/' "/proc/$1/stat" 2>/dev/null || true; }

# --- stopping ------------------------------------------------------------------------------------------

stop_cleanly() {
    local pid
    pid=$(<"$1/pid")
    # To PostgreSQL INT means "now, but in order", where TERM would wait for its clients.
    case $(<"$1/kind") in
        postgres*) kill -INT "$pid" ;;
        *) kill -TERM "$pid" ;;
    esac
    wait_until_gone "$1" 600 || fail "the server in $1 does not stop"
    rm -f "$1/pid"
}

# The data is thrown away afterwards, so there is nothing to save.
stop_server() {
    kill_server "$1"
    [[ $(socket_dir "$1" 2>/dev/null) != /tmp/nirvana-socket-* ]] || rm -rf "$(socket_dir "$1")"
}

# PostgreSQL's processes outlive a killed postmaster for a moment; gone means that they are gone too.
kill_server() {
    if is_running "$1"; then
        kill -KILL "$(<"$1/pid")" 2>/dev/null || true
        wait_until_gone "$1" 100 || fail "the server in $1 does not die"
    fi
    rm -f "$1/pid"
}

wait_until_gone() {
    local tick
    for ((tick = 0; tick < $2; tick++)); do
        is_alive "$1" || return 0
        sleep 0.1
    done
    return 1
}
