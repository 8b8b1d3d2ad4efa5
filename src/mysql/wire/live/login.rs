use std::process::Command;

use super::{Kind, Server, Spawned, server, servers, value};
use crate::fault::{Blame, Fault};
use crate::mysql::connect::Host;
use crate::mysql::error::Error;
use crate::mysql::wire::Connection;

/// Logs in and out again; returns the plugin that did it.
async fn plugin_of(options: &crate::mysql::connect::Options) -> String {
    let mut connection = Connection::open(options).await.unwrap();
    let who = value(&mut connection, "SELECT CURRENT_USER()").await;
    assert_eq!(who.split('@').next(), Some(options.user.as_str()));
    let plugin = connection.greeting().auth_plugin.clone();
    connection.close().await;
    plugin
}

/// A plain connection, an encrypted one and the unix socket.
async fn log_in_every_way(server: &Server, user: &str, password: &str, plugin: &str) {
    for query in ["ssl-mode=disabled", "ssl-mode=required"] {
        let options = server.options(user, password, query);
        assert_eq!(plugin_of(&options).await, plugin, "{query}");
    }
    assert_eq!(plugin_of(&server.socket_options(user, password, "")).await, plugin);
}

async fn has_plugin(server: &Server, plugin: &str, library: &str) -> bool {
    let mut admin = server.admin().await;
    let sql = format!("SELECT 1 FROM information_schema.plugins WHERE plugin_name = '{plugin}'");
    let mut found = !admin.rows(&sql).await.unwrap().is_empty();
    if !found && !library.is_empty() {
        let install = format!("INSTALL PLUGIN {plugin} SONAME '{library}'");
        found = admin.execute(&install).await.is_ok();
    }
    if !found {
        eprintln!("skipped: {:?} has no plugin {plugin}", server.kind);
    }
    found
}

#[tokio::test]
async fn by_caching_sha2_password() {
    let Some(server) = server(Kind::MySql) else {
        return;
    };
    let (user, password) = ("wire_sha2", "pässwörd of some length");
    for query in ["ssl-mode=disabled", "ssl-mode=required"] {
        let identified = format!("IDENTIFIED WITH caching_sha2_password BY '{password}'");
        server.create_user(user, &identified).await;
        // The first login takes the whole way, the second finds the server's cache filled.
        for _cold_then_warm in 0..2 {
            let options = server.options(user, password, query);
            assert_eq!(plugin_of(&options).await, "caching_sha2_password");
        }
    }
    server.admin().await.execute("FLUSH PRIVILEGES").await.unwrap();
    log_in_every_way(&server, user, password, "caching_sha2_password").await;
    let options = server.options(user, "wrong", "ssl-mode=disabled");
    assert_eq!(Connection::open(&options).await.unwrap_err().code(), Some(1045));
    server.create_user("wire_sha2_empty", "IDENTIFIED WITH caching_sha2_password BY ''").await;
    log_in_every_way(&server, "wire_sha2_empty", "", "caching_sha2_password").await;
}

#[tokio::test]
async fn by_sha256_password() {
    let Some(server) = server(Kind::MySql) else {
        return;
    };
    if !has_plugin(&server, "sha256_password", "").await {
        return;
    }
    server.create_user("wire_sha256", "IDENTIFIED WITH sha256_password BY 'secret'").await;
    log_in_every_way(&server, "wire_sha256", "secret", "sha256_password").await;
}

#[tokio::test]
async fn by_mysql_native_password() {
    for server in servers() {
        if !has_plugin(&server, "mysql_native_password", "").await {
            continue;
        }
        let with = if server.kind == Kind::MariaDb { "VIA" } else { "WITH" };
        let hash = "'*14E65567ABDB5135D0CFD9A70B3032C179A49EE7'";
        let word = if server.kind == Kind::MariaDb { "USING" } else { "AS" };
        let identified = format!("IDENTIFIED {with} mysql_native_password {word} {hash}");
        server.create_user("wire_native", &identified).await;
        log_in_every_way(&server, "wire_native", "secret", "mysql_native_password").await;
        server.create_user("wire_empty", "").await;
        log_in_every_way(&server, "wire_empty", "", "mysql_native_password").await;
    }
}

#[tokio::test]
async fn by_ed25519() {
    let Some(server) = server(Kind::MariaDb) else {
        return;
    };
    if !has_plugin(&server, "ed25519", "auth_ed25519").await {
        return;
    }
    let identified = "IDENTIFIED VIA ed25519 USING PASSWORD('secret')";
    server.create_user("wire_ed25519", identified).await;
    log_in_every_way(&server, "wire_ed25519", "secret", "client_ed25519").await;
    let options = server.options("wire_ed25519", "wrong", "");
    assert_eq!(Connection::open(&options).await.unwrap_err().code(), Some(1045));
}

#[tokio::test]
async fn by_parsec() {
    let Some(server) = server(Kind::MariaDb) else {
        return;
    };
    if !has_plugin(&server, "parsec", "auth_parsec").await {
        return;
    }
    let identified = "IDENTIFIED VIA parsec USING PASSWORD('secret')";
    server.create_user("wire_parsec", identified).await;
    log_in_every_way(&server, "wire_parsec", "secret", "parsec").await;
}

#[tokio::test]
async fn by_the_peer_of_a_unix_socket() {
    let Some(server) = server(Kind::MySql) else {
        return;
    };
    if !has_plugin(&server, "auth_socket", "auth_socket.so").await {
        return;
    }
    let me = Command::new("id").arg("-un").output().unwrap().stdout;
    let me = String::from_utf8(me).unwrap().trim().to_owned();
    server.create_user("wire_peer", &format!("IDENTIFIED WITH auth_socket AS '{me}'")).await;
    plugin_of(&server.socket_options("wire_peer", "", "")).await;
}

/// `MariaDB` knows no `AS` here: the account must bear our own name, so it takes a server of
/// its own.
#[tokio::test]
async fn as_root_by_the_unix_socket_of_mariadb() {
    let Some(server) = server(Kind::MariaDb) else {
        return;
    };
    let me = Command::new("id").arg("-un").output().unwrap().stdout;
    if me.trim_ascii() != b"root" {
        eprintln!("skipped: root@localhost is not for us");
        return;
    }
    let Some(spawned) = Spawned::new("mariadb", &[]) else {
        return;
    };
    let mut options = server.options("root", "", "");
    options.host = Host::Socket(spawned.socket.clone());
    options.password = None;
    let mut root = Connection::open(&options).await.unwrap();
    root.execute("ALTER USER root@localhost IDENTIFIED VIA unix_socket").await.unwrap();
    root.close().await;
    plugin_of(&options).await;
}

#[tokio::test]
async fn refusals_say_who_where_and_what_to_do() {
    for server in servers() {
        let mut options = server.admin_options("");
        options.password = Some(crate::secret::Secret::new("hunter2"));
        let error = Connection::open(&options).await.unwrap_err();
        let Host::Tcp { port, .. } = options.host else { panic!("{:?}", options.host) };
        assert_eq!(
            error.to_string(),
            format!("cannot log in to the source as 'nirvana_admin' at 127.0.0.1:{port}")
        );
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.starts_with("Access denied for user 'nirvana_admin'"), "{cause}");
        assert!(cause.ends_with("(1045)"), "{cause}");
        assert_eq!(error.fault(), Fault::Operator);
        assert!(error.hint().unwrap().contains("MYSQL_PWD"));
        assert!(!format!("{error:?} {options:?}").contains("hunter2"));

        let mut options = server.admin_options("");
        options.database = Some("no_such_database".to_owned());
        let error = Connection::open(&options).await.unwrap_err();
        assert_eq!((error.code(), error.fault()), (Some(1049), Fault::Operator));
    }
}

#[tokio::test]
async fn the_session_is_set_up() {
    for server in servers() {
        let mut connection = server.admin().await;
        for (variable, wanted) in [
            ("time_zone", "+00:00"),
            ("sql_mode", ""),
            ("autocommit", "1"),
            ("character_set_client", "utf8mb4"),
            ("character_set_results", "utf8mb4"),
            ("sql_select_limit", "18446744073709551615"),
            ("net_write_timeout", "28800"),
            ("wait_timeout", "2147483"),
            ("group_concat_max_len", "1073741824"),
        ] {
            let got = value(&mut connection, &format!("SELECT @@{variable}")).await;
            assert_eq!(got, wanted, "{variable} of {:?}", server.kind);
        }
        let version = value(&mut connection, "SELECT VERSION()").await;
        assert_eq!(connection.greeting().server_version, version);
        let id = connection.rows("SELECT CONNECTION_ID()").await.unwrap()[0].number(0).unwrap();
        assert_eq!(id, Some(u64::from(connection.greeting().connection_id)));
        connection.close().await;
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_the_operators_to_mend() {
    let Some(server) = server(Kind::MariaDb) else {
        return;
    };
    let mut options = server.admin_options("");
    options.host = Host::Tcp { name: "127.0.0.1".to_owned(), port: 1 };
    let error = Connection::open(&options).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot reach the source at 127.0.0.1:1");
    assert!(matches!(error, Error::Unreachable { .. }));
    options.host = Host::Socket("/nowhere/mysql.sock".into());
    let error = Connection::open(&options).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot reach the source at /nowhere/mysql.sock");
    options.host = Host::Tcp { name: "no-such-host.invalid".to_owned(), port: 1 };
    let error = Connection::open(&options).await.unwrap_err();
    assert!(matches!(error, Error::Resolve { .. }), "{error}");
    assert_eq!(error.fault(), Fault::Operator);
}
