//! Servers as they are, and accounts that may little.

use super::{BinaryLog, Coverage, Flavour, Server, Variables, parse_version};
use crate::mysql::privilege::{Need, Privilege};
use crate::mysql::schema::NameCase;
use crate::mysql::trial::Trial;
use crate::mysql::wire::Connection;

#[test]
fn versions() {
    for (text, version) in [
        ("10.11.19-MariaDB-0+deb12u1-log", (10, 11, 19)),
        ("9.7.4-2", (9, 7, 4)),
        ("8.0.36", (8, 0, 36)),
        ("5.7-log", (5, 7, 0)),
        ("", (0, 0, 0)),
    ] {
        assert_eq!(parse_version(text), version, "{text}");
    }
}

#[test]
fn variables_by_name() {
    let variables = |pairs: &[(&str, &str)]| {
        let owned = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Variables(owned.collect())
    };
    let set = variables(&[
        ("lower_case_table_names", "2"),
        ("log_bin", "ON"),
        ("binlog_format", "Row"),
        ("read_only", "NO_LOCK_NO_ADMIN"),
    ]);
    assert_eq!(set.name_case(), NameCase::Insensitive);
    assert!(set.is_on("read_only"));
    assert_eq!(
        set.binary_log(Flavour::MySql),
        BinaryLog {
            enabled: true,
            format: "ROW".to_owned(),
            row_image: String::new(),
            gtid_mode: None,
            coverage: Coverage::Unknown,
        }
    );
    for (flavour, pairs, partial) in [
        (Flavour::MySql, [("Com_xa_prepare", "1"), ("Com_xa_commit", "0")], true),
        (Flavour::MariaDb, [("Com_xa_prepare", "0"), ("Com_xa_commit", "1")], true),
        (Flavour::MariaDb, [("Slaves_running", "1"), ("log_slave_updates", "OFF")], true),
        (Flavour::MariaDb, [("Slaves_running", "1"), ("log_slave_updates", "ON")], false),
        (Flavour::MariaDb, [("Slaves_running", "0"), ("log_slave_updates", "OFF")], false),
        (Flavour::MariaDb, [("wsrep_on", "ON"), ("log_slave_updates", "OFF")], true),
        (Flavour::MySql, [("Slaves_running", "1"), ("log_slave_updates", "OFF")], false),
    ] {
        let coverage = variables(&pairs).coverage(flavour);
        assert_eq!(matches!(coverage, Coverage::Partial(_)), partial, "{pairs:?}");
    }
    let unset = variables(&[("log_bin", "OFF")]);
    assert!(!unset.is_on("log_bin") && !unset.is_on("read_only"));
    assert_eq!(unset.name_case(), NameCase::Sensitive);
}

#[tokio::test]
async fn an_administrator_lacks_nothing() {
    for trial in Trial::on_each("admin").await {
        let server = &trial.server;
        assert_eq!(server.missing_privileges(std::slice::from_ref(&trial.database)), []);
        assert!(server.account.starts_with(&trial.options.user));
        assert!(server.binary_log.enabled && !server.read_only);
        assert_eq!(server.binary_log.format, "ROW");
        assert!(server.open_connections > 0 && server.free_connections() > 0);
        let mariadb = server.flavour == Flavour::MariaDb;
        assert_eq!(mariadb, server.version_text.contains("MariaDB"));
        assert_eq!(server.has_backup_stage(), mariadb);
        assert_eq!(server.has_backup_lock(), !mariadb);
        trial.finish().await;
    }
}

/// The proof that each GRANT we print is the one that mends it.
#[tokio::test]
async fn what_is_missing_is_mended_by_its_grant() {
    for mut trial in Trial::on_each("grants").await {
        let (options, account) = trial.make_user().await;
        let database = trial.database.clone();
        let read = async || {
            let mut connection = Connection::open(&options).await.unwrap();
            Server::read(&mut connection).await.unwrap()
        };
        let missing = read().await.missing_privileges(std::slice::from_ref(&database));
        let mut expected = vec![
            Privilege::Select,
            Privilege::ShowView,
            Privilege::Trigger,
            Privilege::Event,
            Privilege::Execute,
        ];
        match trial.server.flavour {
            Flavour::MariaDb => expected.push(Privilege::BinlogMonitor),
            Flavour::MySql => {
                expected.extend([Privilege::BackupAdmin, Privilege::ReplicationClient]);
            }
        }
        let found: Vec<Privilege> = missing.iter().map(|missing| missing.privilege).collect();
        assert_eq!(found, expected);
        let pattern = database.replace('_', "\\_");
        assert_eq!(missing[0].grant_sql, format!("GRANT SELECT ON `{pattern}`.* TO {account};"));
        assert_eq!((missing[0].need, missing[1].need), (Need::Required, Need::Wanted));
        for missing in &missing {
            trial.run(&missing.grant_sql).await;
        }
        let server = read().await;
        assert_eq!(server.missing_privileges(std::slice::from_ref(&database)), []);
        assert_eq!(
            server.missing_privileges(&["another".to_owned()])[0].privilege,
            Privilege::Select
        );
        trial.run(&format!("DROP USER {account}")).await;
        trial.finish().await;
    }
}

/// The account holds its privileges by a role that is active from the start.
#[tokio::test]
async fn privileges_of_an_active_role_count() {
    for mut trial in Trial::on_each("role").await {
        let (options, account) = trial.make_user().await;
        let role = format!("`{}_r`", trial.database);
        let default = match trial.server.flavour {
            Flavour::MariaDb => format!("SET DEFAULT ROLE {role} FOR {account}"),
            Flavour::MySql => format!("SET DEFAULT ROLE {role} TO {account}"),
        };
        trial
            .run(&format!(
                "DROP ROLE IF EXISTS {role};\nCREATE ROLE {role};\nGRANT {role} TO {account};\n\
                 GRANT RELOAD ON *.* TO {role};\nGRANT SELECT ON `{}`.* TO {role}",
                trial.database
            ))
            .await;
        for active in [false, true] {
            if active {
                trial.run(&default).await;
            }
            let mut connection = Connection::open(&options).await.unwrap();
            let server = Server::read(&mut connection).await.unwrap();
            assert_eq!(server.may_lock_globally(), active);
            let held = &server.privileges;
            assert_eq!(held.on_database(Privilege::Select, &trial.database), active);
        }
        trial.run(&format!("DROP USER {account};\nDROP ROLE {role}")).await;
        trial.finish().await;
    }
}
