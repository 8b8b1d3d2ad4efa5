//! Sessions with real servers, and with none.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Options, Session};
use crate::environment::Environment;
use crate::fault::{Blame, Fault};
use crate::postgres::error::Error;
use crate::postgres::testing::{CONNECT_TIMEOUT, SERVERS, options, session, url_of, variable};

/// One value of one row.
async fn value(session: &Session, sql: &str) -> String {
    session.rows(sql).await.unwrap()[0][0].clone().unwrap()
}

async fn refusal(url: &str) -> Error {
    match Session::open(&options(url)).await {
        Ok(_) => panic!("{url} was taken"),
        Err(error) => error,
    }
}

/// `user:password@` and `host:port` of a URL of `ci/servers`.
fn parts(url: &str) -> (String, String) {
    let rest = url.strip_prefix("postgres://").unwrap();
    let (login, rest) = rest.split_once('@').unwrap();
    (login.to_owned(), rest.split('/').next().unwrap().to_owned())
}

#[tokio::test]
async fn a_session_is_set_up_alike_everywhere() {
    for name in SERVERS {
        let Some(url) = variable(name) else { continue };
        let hostile = "options=-c%20TimeZone=Asia/Tokyo%20-c%20DateStyle=SQL%20-c%20statement_timeout=7s\
                       %20-c%20extra_float_digits=0%20-c%20idle_session_timeout=3s";
        let session = session(&format!("{url}?{hostile}")).await;
        let expected = [
            ("TimeZone", "UTC"),
            ("client_encoding", "UTF8"),
            ("DateStyle", "ISO, YMD"),
            ("IntervalStyle", "postgres"),
            ("extra_float_digits", "3"),
            ("statement_timeout", "0"),
            ("lock_timeout", "0"),
            ("idle_session_timeout", "0"),
            ("client_connection_check_interval", "2s"),
            ("standard_conforming_strings", "on"),
            ("application_name", "nirvana"),
        ];
        for (setting, is) in expected {
            assert_eq!(value(&session, &format!("SHOW {setting}")).await, is, "{setting}");
        }
        session.close().await;
    }
}

#[tokio::test]
async fn rows_are_text() {
    let Some(url) = variable(SERVERS[0]) else {
        return;
    };
    let session = session(&url).await;
    let rows = session.rows("SELECT 1, NULL, 'a'; SELECT true").await.unwrap();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(rows, [vec![some("1"), None, some("a")], vec![some("t")]]);
    let error = session.rows("SELECT 1/0").await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("22012"));
    assert_eq!(error.fault(), Fault::Data);
    let expected = format!("target {}: division by zero (SQLSTATE 22012)", session.address());
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn a_socket_needs_no_network() {
    for name in SERVERS {
        let folder = format!("{name}_SOCKET_DIR");
        let (Some(url), Some(folder)) = (variable(name), variable(&folder)) else {
            continue;
        };
        let (_, host) = parts(&url);
        let port = host.rsplit_once(':').unwrap().1;
        let folder = folder.replace('/', "%2F");
        let url = format!("postgres://postgres@{folder}:{port}/postgres?sslmode=verify-full");
        assert!(options_error(&url).contains("sslrootcert"), "files are read before the host");
        let session = session(&url.replace("verify-full", "require")).await;
        assert_eq!(value(&session, "SELECT inet_client_addr() IS NULL").await, "t");
    }
}

fn options_error(url: &str) -> String {
    Options::from_url(url, &Environment::of(&[]), CONNECT_TIMEOUT).unwrap_err().to_string()
}

#[tokio::test]
async fn each_ssl_mode_trusts_as_much_as_it_says() {
    let (Some(url), Some(tls)) = (variable(SERVERS[0]), variable("NIRVANA_TEST_TLS_DIR")) else {
        return;
    };
    let (login, host) = parts(&url);
    let port = host.rsplit_once(':').unwrap().1;
    let at = |name: &str, rest: &str| {
        let rest = rest.replace("TLS", &tls);
        format!("postgres://{login}@{name}:{port}/postgres?hostaddr=127.0.0.1&{rest}")
    };
    let taken = [
        ("localhost", "sslmode=disable", "f"),
        ("localhost", "sslmode=allow", "f"),
        ("localhost", "sslmode=prefer", "t"),
        ("elsewhere", "sslmode=require", "t"),
        ("elsewhere", "sslmode=require&sslrootcert=TLS/ca.pem", "t"),
        ("elsewhere", "sslmode=verify-ca&sslrootcert=TLS/ca.pem", "t"),
        ("localhost", "sslmode=verify-full&sslrootcert=TLS/ca.pem", "t"),
        ("127.0.0.1", "sslmode=verify-full&sslrootcert=TLS/ca.pem", "t"),
        // The server's own certificate as the root.
        ("localhost", "sslmode=verify-full&sslrootcert=TLS/server-cert.pem", "t"),
        ("localhost", "sslmode=require&channel_binding=require", "t"),
    ];
    for (name, rest, encrypted) in taken {
        let session = session(&at(name, rest)).await;
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        assert_eq!(value(&session, sql).await, encrypted, "{rest}");
    }
    let refused = [
        ("elsewhere", "sslmode=verify-full&sslrootcert=TLS/ca.pem", "made out to"),
        ("localhost", "sslmode=verify-ca&sslrootcert=TLS/client-cert.pem", "sslrootcert=FILE"),
        ("localhost", "sslmode=require&sslrootcert=TLS/client-cert.pem", "sslrootcert=FILE"),
        ("localhost", "sslrootcert=system", "sslrootcert=FILE"),
    ];
    for (name, rest, part) in refused {
        let error = refusal(&at(name, rest)).await;
        assert!(matches!(error, Error::Tls { .. }), "{rest}: {error:?}");
        assert!(error.hint().unwrap().contains(part), "{rest}: {error}: {:?}", error.hint());
    }
}

#[tokio::test]
async fn a_root_file_at_home_makes_require_verify() {
    let (Some(url), Some(tls)) = (variable(SERVERS[0]), variable("NIRVANA_TEST_TLS_DIR")) else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".postgresql")).unwrap();
    let environment = Environment::of(&[("HOME", home.path().to_str().unwrap())]);
    let open = async |mode: &str| {
        let url = format!("{url}?sslmode={mode}");
        let options = Options::from_url(&url, &environment, CONNECT_TIMEOUT).unwrap();
        Session::open(&options).await.map(|_| ())
    };
    let root = home.path().join(".postgresql/root.crt");
    std::fs::copy(format!("{tls}/ca.pem"), &root).unwrap();
    open("require").await.unwrap();
    std::fs::copy(format!("{tls}/client-cert.pem"), &root).unwrap();
    assert!(matches!(open("require").await, Err(Error::Tls { .. })));
    open("prefer").await.unwrap();
}

#[tokio::test]
async fn a_client_certificate_logs_in() {
    let (Some(url), Some(tls)) = (variable(SERVERS[0]), variable("NIRVANA_TEST_TLS_DIR")) else {
        return;
    };
    let (_, host) = parts(&url);
    let url = format!("postgres://nirvana_client@{host}/postgres?sslmode=verify-full");
    let url = format!("{url}&sslrootcert={tls}/ca.pem");
    let session =
        session(&format!("{url}&sslcert={tls}/client-cert.pem&sslkey={tls}/client-key.pem")).await;
    assert_eq!(value(&session, "SELECT current_user").await, "nirvana_client");
    let error = refusal(&url).await;
    assert!(error.to_string().contains("certificate"), "{error}");
    assert_eq!(error.fault(), Fault::Operator);
    let key = options_error(&format!("{url}&sslcert={tls}/ca.pem&sslkey={tls}/client-cert.pem"));
    assert!(key.contains("client-cert.pem"), "{key}");
}

#[tokio::test]
async fn a_server_without_tls_is_taken_only_where_that_was_allowed() {
    let Some(url) = variable(SERVERS[1]) else {
        return;
    };
    if value(&session(&url).await, "SHOW ssl").await == "on" {
        return;
    }
    session(&format!("{url}?sslmode=prefer")).await;
    let error = refusal(&format!("{url}?sslmode=require")).await;
    assert!(error.hint().unwrap().contains("sslmode=prefer"), "{error}");
}

#[tokio::test]
async fn a_refused_login_says_why_without_the_password() {
    for name in SERVERS {
        let Some(url) = variable(name) else { continue };
        let (login, host) = parts(&url);
        let user = login.split(':').next().unwrap();
        let wrong = refusal(&format!("postgres://{user}:hunter2@{host}/postgres")).await;
        assert_eq!(wrong.sqlstate(), Some("28P01"));
        assert!(wrong.hint().unwrap().contains("PGPASSWORD"));
        assert!(!format!("{wrong} {wrong:?}").contains("hunter2"));
        let none = refusal(&format!("postgres://{user}@{host}/postgres")).await;
        assert!(matches!(none, Error::NoPassword { .. }), "{none:?}");
        let unknown = refusal(&url_of(&url, "no_such_database")).await;
        assert_eq!(unknown.sqlstate(), Some("3D000"));
        for error in [wrong, none, unknown] {
            assert_eq!(error.fault(), Fault::Operator);
            let address = format!("target {user}@{host}/");
            assert!(error.to_string().starts_with(&address), "{error}");
        }
    }
}

#[tokio::test]
async fn a_passfile_that_was_ignored_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let Some(url) = variable(SERVERS[0]) else {
        return;
    };
    let (login, host) = parts(&url);
    let (user, password) = login.split_once(':').unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("passfile");
    std::fs::write(&path, format!("*:*:postgres:{user}:{password}\n")).unwrap();
    let url = format!("postgres://{user}@{host}/postgres?passfile={}", path.display());
    let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode));
    mode(0o600).unwrap();
    session(&url).await;
    mode(0o644).unwrap();
    let hint = refusal(&url).await.hint().unwrap();
    assert!(hint.contains("was ignored") && hint.contains("chmod 0600"), "{hint}");
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_refused_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = refusal(&format!("postgres://u@127.0.0.1:{port}/d")).await;
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("listen_addresses"));
    let error = refusal("postgres://u@%2Fno%2Fsuch%2Ffolder/d").await;
    assert!(error.hint().unwrap().contains("no socket is there"), "{error}");
}

#[tokio::test]
async fn a_listener_that_never_answers_costs_no_more_than_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let began = Instant::now();
    let hosts = format!("127.0.0.1:{port},127.0.0.1:{port}");
    for rest in ["sslmode=disable", "sslmode=prefer"] {
        let url = format!("postgres://u:hunter2@{hosts}/d?connect_timeout=1&{rest}");
        let error = refusal(&url).await;
        assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
        assert_eq!(error.fault(), Fault::Transient);
        assert!(!error.to_string().contains("hunter2"));
    }
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_dead_host_leaves_time_for_the_next() {
    let Some(url) = variable(SERVERS[0]) else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = listener.local_addr().unwrap();
    let (login, host) = parts(&url);
    let url = format!("postgres://{login}@{dead},{host}/postgres?connect_timeout=4");
    let session = session(&url).await;
    assert!(session.address().contains(&host), "{}", session.address());
}

#[tokio::test]
async fn another_program_is_recognised() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // The greeting of a MySQL server.
    let greeting = b"\x4a\0\0\0\x0a9.7.4\0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let mut server = tokio::task::JoinSet::new();
    server.spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.write_all(greeting).await;
            let _ = socket.read(&mut [0; 1024]).await;
        }
    });
    for mode in ["disable", "prefer"] {
        let url = format!("postgres://u:p@127.0.0.1:{port}/d?sslmode={mode}&connect_timeout=5");
        let error = refusal(&url).await;
        assert!(matches!(error, Error::Foreign { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_statement_is_cancelled_and_the_session_lives_on() {
    for name in SERVERS {
        let Some(url) = variable(name) else { continue };
        let session = session(&url).await;
        let began = Instant::now();
        let limit = Duration::from_millis(300);
        let sleep = session.execute("SELECT pg_sleep(60)");
        let cancel = async {
            tokio::time::sleep(limit).await;
            session.cancel().await
        };
        let (slept, cancelled) = tokio::join!(sleep, cancel);
        cancelled.unwrap();
        let error = slept.unwrap_err();
        assert!(error.to_string().contains("user request"), "{error}");
        assert_eq!(value(&session, "SELECT 1").await, "1");
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_lost_connection_says_how_it_was_lost() {
    let Some(url) = variable(SERVERS[0]) else {
        return;
    };
    let (victim, other) = (session(&url).await, session(&url).await);
    let pid = value(&victim, "SELECT pg_backend_pid()").await;
    other.execute(&format!("SELECT pg_terminate_backend({pid})")).await.unwrap();
    // The server's farewell may come while nobody waits for an answer, or as the answer.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let error = victim.execute("SELECT 1").await.unwrap_err();
    assert!(error.to_string().contains("administrator command"), "{error}");
    assert_eq!(error.fault(), Fault::Transient);
    let again = victim.execute("SELECT 1").await.unwrap_err();
    assert!(matches!(again, Error::Lost { .. }), "{again:?}");
}

#[tokio::test]
async fn the_role_that_was_asked_for_is_checked() {
    let Some(url) = variable(SERVERS[0]) else {
        return;
    };
    for role in ["any", "read-write", "primary"] {
        session(&format!("{url}?target_session_attrs={role}")).await;
    }
    for role in ["read-only", "standby"] {
        let error = refusal(&format!("{url}?target_session_attrs={role}")).await;
        assert!(matches!(error, Error::WrongRole { .. }), "{error:?}");
    }
}
