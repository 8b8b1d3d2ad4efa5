//! Every way to either end: sockets, TLS, authentication, and where passwords come from.

use std::path::Path;
use std::process::Command;

use crate::support::{
    PASSWORD, Run, Source, SourceDatabase, Target, TargetDatabase, address, databases, nirvana,
    run, setting, unique,
};

/// Reads the source's catalog by way of a dry run; writes nothing.
fn dry_run(mut command: Command, source: &str, target: &str) -> Run {
    command.args(["migrate", "--dry-run", "--connect-timeout", "5", source, target]);
    run(command)
}

fn with_table(pair: (Source, Target), stem: &str) -> Option<(SourceDatabase, TargetDatabase)> {
    let (source, target) = databases(pair, stem)?;
    source.sql("CREATE TABLE t (id int PRIMARY KEY)");
    Some((source, target))
}

fn tls(name: &str) -> Option<String> {
    Some(format!("{}/{name}", setting("NIRVANA_TEST_TLS_DIR")?))
}

#[test]
fn tls_modes_of_the_source() {
    for server in [Source::MariaDb, Source::MySql] {
        let Some((source, target)) = with_table((server, Target::Postgres15), "tls") else {
            return;
        };
        let Some(ca) = tls("ca.pem") else { return };
        let other = tls("client-cert.pem").unwrap();
        for (parameters, code) in [
            ("ssl-mode=disabled".to_owned(), 0),
            ("ssl-mode=preferred".to_owned(), 0),
            ("ssl-mode=required".to_owned(), 0),
            (format!("ssl-mode=verify-ca&ssl-ca={ca}"), 0),
            (format!("ssl-mode=verify-full&ssl-ca={ca}"), 0),
            (format!("ssl-mode=verify-ca&ssl-ca={other}"), 3),
            ("ssl-mode=verify-full".to_owned(), 3),
        ] {
            let url = format!("{}?{parameters}", source.url());
            let run = dry_run(nirvana(), &url, &target.url());
            assert_eq!(run.code, code, "{server:?} {parameters}: {}", run.all());
        }
    }
}

#[test]
fn tls_modes_of_the_target() {
    // The PostgreSQL 18 of the tests is built without TLS.
    for (server, encrypted) in [(Target::Postgres15, 0), (Target::Postgres18, 3)] {
        let Some((source, target)) = with_table((Source::MariaDb, server), "tls") else { return };
        let Some(ca) = tls("ca.pem") else { return };
        let other = tls("client-cert.pem").unwrap();
        for (parameters, code) in [
            ("sslmode=disable".to_owned(), 0),
            ("sslmode=prefer".to_owned(), 0),
            ("sslmode=require".to_owned(), encrypted),
            (format!("sslmode=verify-ca&sslrootcert={ca}"), encrypted),
            (format!("sslmode=verify-full&sslrootcert={ca}"), encrypted),
            (format!("sslmode=verify-full&sslrootcert={other}"), 3),
        ] {
            let url = format!("{}?{parameters}", target.url());
            let run = dry_run(nirvana(), &source.url(), &url);
            assert_eq!(run.code, code, "{server:?} {parameters}: {}", run.all());
        }
    }
}

#[test]
fn unix_sockets_on_both_ends() {
    let Some((source, target)) = with_table((Source::MariaDb, Target::Postgres15), "socket") else {
        return;
    };
    let (Some(mariadb), Some(postgres)) =
        (setting("NIRVANA_TEST_MARIADB_SOCKET"), setting("NIRVANA_TEST_POSTGRES15_SOCKET_DIR"))
    else {
        return;
    };
    let from = format!("mysql://nirvana_admin@localhost/{}?socket={mariadb}", source.name);
    let (_, port) = address(&setting("NIRVANA_TEST_POSTGRES15").unwrap());
    let to = format!("postgres://nirvana_admin@/{}?host={postgres}&port={port}", target.name);
    let run = dry_run(nirvana(), &from, &to);
    assert_eq!(run.code, 0, "{}", run.all());
}

/// Logs in to the source as a user that is made for it.
fn as_user(server: Source, identified: &str, parameters: &str) {
    let Some((source, target)) = with_table((server, Target::Postgres15), "auth") else {
        return;
    };
    let user = unique("a").replace("nv_", "");
    source
        .admin(&format!("CREATE USER '{user}'@'%' {identified}; GRANT ALL ON *.* TO '{user}'@'%'"));
    let url = source.url().replace("nirvana_admin@", &format!("{user}@"));
    // The second time the server may know the password's hash: another path of the protocol.
    for attempt in ["first", "second"] {
        let run = dry_run(nirvana(), &format!("{url}?{parameters}"), &target.url());
        assert_eq!(run.code, 0, "{identified} {parameters} {attempt}: {}", run.all());
    }
    source.admin(&format!("DROP USER '{user}'@'%'"));
}

#[test]
fn caching_sha2_password_by_rsa_and_by_tls() {
    let identified = format!("IDENTIFIED WITH caching_sha2_password BY '{PASSWORD}'");
    as_user(Source::MySql, &identified, "ssl-mode=disabled");
    as_user(Source::MySql, &identified, "ssl-mode=required");
}

#[test]
fn mysql_native_password_and_ed25519() {
    as_user(Source::MariaDb, &format!("IDENTIFIED BY '{PASSWORD}'"), "ssl-mode=disabled");
    let identified = format!("IDENTIFIED VIA ed25519 USING PASSWORD('{PASSWORD}')");
    as_user(Source::MariaDb, &identified, "ssl-mode=disabled");
}

fn write_private(file: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(file, text).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn passwords_come_from_client_files() {
    let Some((source, target)) = with_table((Source::MariaDb, Target::Postgres15), "files") else {
        return;
    };
    let home = tempfile::tempdir().unwrap();
    write_private(&home.path().join(".my.cnf"), &format!("[client]\npassword = \"{PASSWORD}\"\n"));
    let (host, port) = address(&target.url());
    let line = format!("{host}:{port}:{}:nirvana_admin:{PASSWORD}\n", target.name);
    write_private(&home.path().join(".pgpass"), &line);
    let mut command = nirvana();
    command.env("HOME", home.path()).env_remove("MYSQL_PWD").env_remove("PGPASSWORD");
    let run = dry_run(command, &source.url(), &target.url());
    assert_eq!(run.code, 0, "{}", run.all());
}

#[test]
fn parts_of_a_url_are_percent_decoded() {
    let Some((source, target)) = with_table((Source::MariaDb, Target::Postgres15), "percent")
    else {
        return;
    };
    source.admin(&format!("DROP USER IF EXISTS 'o''ne@il'@'%'; CREATE USER 'o''ne@il'@'%' IDENTIFIED BY 'p@:/ss'; GRANT ALL ON `{}`.* TO 'o''ne@il'@'%'", source.name));
    let url = source.url().replace("nirvana_admin@", "o%27ne%40il:p%40%3A%2Fss@");
    let run = dry_run(nirvana(), &url, &target.url());
    // It may lack privileges for a snapshot, which a dry run only lists; it must get in.
    assert!(run.code <= 1, "{}", run.all());
    assert!(!run.all().contains("p@:/ss"), "{}", run.all());
    source.admin("DROP USER 'o''ne@il'@'%'");
}
