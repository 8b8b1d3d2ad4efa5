# shellcheck shell=bash
# Starts and stops one server whose whole state is one folder. Sourced by ci/servers after places.sh,
# whose variables it shares:
# shellcheck disable=SC2154
#
#   DIR/kind  DIR/port  DIR/pid  DIR/options  DIR/socket (folder of the unix socket)
#   DIR/data  DIR/tls   DIR/log  DIR/pg_hba.conf
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
    ! openssl x509 -checkend 604800 -noout -in "$tls_dir/client-cert.pem" >/dev/null 2>&1 || return 0
    rm -rf "$tls_dir" "$tls_dir.new"
    mkdir -p "$tls_dir.new"
    (cd "$tls_dir.new" && make_certificates 2>openssl.log) ||
        fail "openssl could not make certificates, see $tls_dir.new/openssl.log"
    chmod 755 "$tls_dir.new"
    mv "$tls_dir.new" "$tls_dir"
}

make_certificates() {
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj '/CN=nirvana test authority' \
        -addext 'keyUsage=critical,keyCertSign,cRLSign' -keyout ca-key.pem -out ca.pem &&
        sign server localhost 'subjectAltName=DNS:localhost,IP:127.0.0.1' serverAuth &&
        sign client nirvana_client 'subjectAltName=DNS:nirvana_client' clientAuth &&
        rm -f ./*.csr ./*.ext &&
        chmod 600 ./*-key.pem &&
        chmod 644 ca.pem ./*-cert.pem
}

# sign NAME CN SAN USAGE
sign() {
    openssl req -new -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$1-key.pem" -out "$1.csr" || return 1
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
    # Interrupted or failed, it must not leave a server behind that nobody knows of.
    trap 'kill_server "$home/templates/'"$kind"'"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    kill_server "$dir"
    rm -rf "${dir:?}"
    mkdir -p "$dir"
    prepare_dir "$kind" "$dir"
    mkdir "$dir/data"
    give_to_server "$dir/data"
    initialise "$kind" "$dir" >"$dir/log" 2>&1 || fail "$kind could not be initialised, see $dir/log"
    launch "$kind" "$dir"
    create_users "$kind" "$dir" >>"$dir/log" 2>&1 || fail "$kind did not accept its users, see $dir/log"
    stop_cleanly "$dir"
    trap - EXIT INT TERM
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
    if [[ -e $dir/data ]]; then
        [[ -f $dir/kind && $(<"$dir/kind") == "$kind" ]] || fail "$dir holds other data than that of a $kind of ours"
    else
        # As root the whole folder is handed to the servers' user, so nothing else may be in it.
        [[ -z $(ls -A "$dir" 2>/dev/null) ]] || fail "$dir is not empty: name a folder for this server alone"
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
    as_server test -x "$dir" ||
        fail "user $server_user, who runs the servers of root, cannot reach $dir: open the folders above it (chmod o+x)"
    printf '%s\n' "$kind" >"$dir/kind"
    printf '%s\n' "$@" >"$dir/options"
    # Two servers with one folder for temporary tables remove each other's when they start.
    mkdir -p "$dir/tmp"
    give_to_server "$dir/tmp"
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
        # One that lives and does not answer would not answer on another port either.
        ! is_alive "$dir" || break
        rm -f "$dir/pid"
        say "$kind did not start on port $(<"$dir/port") (try $try)"
    done
    kill_server "$dir"
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

# The server gets a parent that waits for it: where process 1 does not bury orphans (many containers), a
# killed server would stay a zombie, and PostgreSQL would not start again on its data. It gets a session
# of its own too, so that Ctrl-C at the desk reaches the tests and not the servers under them.
run_in_background() {
    local kind=$1 dir=$2 extra=() tick
    mapfile -t extra < <(grep . "$dir/options" || true)
    server_command "$kind" "$dir"
    rm -f "$dir/pid"
    (
        cd /
        exec 9>&-
        # The words in quotes are for the shell that is started.
        # shellcheck disable=SC2016
        exec setsid bash -c '"$@" & echo "$!" >"$0.new" && mv "$0.new" "$0"; wait' "$dir/pid" \
            "${as_server_prefix[@]}" "${command_line[@]}" "${extra[@]}" </dev/null >>"$dir/log" 2>&1
    ) &
    disown
    for ((tick = 0; tick < 100; tick++)); do
        [[ ! -s $dir/pid ]] || return 0
        sleep 0.05
    done
    fail "$kind was not started, see $dir/log"
}

# Fills command_line; the settings every server has, whoever started it.
server_command() {
    local kind=$1 dir=$2 port
    port=$(<"$dir/port")
    case $kind in
        mariadb | mysql)
            command_line=(
                "$bin_dir/${kind}d" --datadir="$dir/data" --tmpdir="$dir/tmp" --port="$port" --bind-address=127.0.0.1
                --socket="$(socket_dir "$dir")/mysql.sock" --pid-file="$dir/data/server.pid" --skip-name-resolve
                --server-id="$port" --log-bin=binlog --character-set-server=utf8mb4 --local-infile=1
                --max-connections=300 --max-allowed-packet=1G
                --innodb-buffer-pool-size=256M --innodb-flush-log-at-trx-commit=2 --sync-binlog=0
                --ssl-ca="$dir/tls/ca.pem" --ssl-cert="$dir/tls/server-cert.pem" --ssl-key="$dir/tls/server-key.pem"
            )
            # Throwaway data need not survive the machine, and a test makes a hundred databases. MySQL
            # writes rows to its binary log without being told.
            if [[ $kind == mariadb ]]; then
                command_line+=(--binlog-format=ROW --plugin-load-add=auth_ed25519 --innodb-log-file-size=48M
                    --debug-no-sync)
            else
                command_line+=(--innodb-flush-method=nosync)
            fi
            ;;
        postgres*)
            command_line=(
                "$bin_dir/$kind/postgres" -D "$dir/data" -c port="$port" -c listen_addresses=127.0.0.1
                -c unix_socket_directories="$(socket_dir "$dir")" -c hba_file="$dir/pg_hba.conf"
                -c fsync=off -c synchronous_commit=on -c shared_buffers=256MB -c max_connections=200
                -c max_wal_size=2GB -c wal_level=replica -c password_encryption=scram-sha-256 -c jit=off
                # Left behind by a killed server, its shared memory lies in its folder and not in /dev/shm.
                -c dynamic_shared_memory_type=mmap
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

# The data is thrown away afterwards, so MySQL has nothing to save. PostgreSQL needs a moment to give
# its shared memory back.
stop_server() {
    if is_running "$1" && [[ $(<"$1/kind") == postgres* ]]; then
        kill -QUIT "$(<"$1/pid")" 2>/dev/null || true
        wait_until_gone "$1" 100 || true
    fi
    kill_server "$1"
    [[ $(socket_dir "$1" 2>/dev/null) != /tmp/nirvana-socket-* ]] || rm -rf "$(socket_dir "$1")"
}

# As if the power failed: a PostgreSQL whose postmaster alone is killed would work on for a while, and
# would not start again meanwhile, so its processes go with it; the postmaster first, lest it make new ones.
kill_server() {
    local pid family
    if is_running "$1"; then
        pid=$(<"$1/pid")
        mapfile -t family < <(children_of "$pid")
        kill -KILL "$pid" "${family[@]}" 2>/dev/null || true
        wait_until_gone "$1" 100 || fail "the server in $1 does not die"
    fi
    rm -f "$1/pid"
}

# Reads /proc itself, as `ps` is absent from small machines.
children_of() {
    awk -v parent="$1" '{ pid = $1; sub(/.*\) /, ""); if ($2 == parent) print pid }' /proc/[0-9]*/stat 2>/dev/null || true
}

# wait_until_gone DIR TENTHS_OF_A_SECOND. A zombie may have threads that still write, so it counts as gone
# only when its parent, for whatever reason, does not bury it.
wait_until_gone() {
    local tick pid
    pid=$(<"$1/pid")
    for ((tick = 0; tick < $2; tick++)); do
        [[ -e /proc/$pid ]] || return 0
        sleep 0.1
    done
    ! is_alive "$1"
}
