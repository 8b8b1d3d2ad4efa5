//! Which rungs the server has and the account may use. Pure.

use super::{Choice, Rung};
use crate::mysql::privilege::Privilege;
use crate::mysql::server::{Coverage, Flavour, Server};

/// What keeps us from a rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The account lacks it.
    Missing(Privilege),
    /// How the server is made or set.
    Server(&'static str),
}

/// The rungs to try, the best first; the next one where the server refuses one after all, as
/// managed servers do. Never [`Rung::PerTable`] unless that is chosen.
///
/// The binary log comes before the locks of the tables, as no writer waits for it, but only where
/// it is known to have every commit, and in `MariaDB`, which tells the place of each snapshot: in
/// `MySQL` a server that always has commits under way would let us wait for ever.
pub(crate) fn rungs(server: &Server, databases: &[String], choice: Choice) -> Vec<Rung> {
    let tell_tale =
        server.flavour == Flavour::MariaDb && server.binary_log.coverage == Coverage::Complete;
    let all = match choice {
        Choice::Only(rung) => vec![rung],
        Choice::Auto if tell_tale => {
            vec![Rung::BackupStage, Rung::GlobalReadLock, Rung::BinlogPosition, Rung::LockTables]
        }
        Choice::Auto => {
            vec![Rung::BackupStage, Rung::GlobalReadLock, Rung::LockTables, Rung::BinlogPosition]
        }
    };
    all.into_iter().filter(|rung| obstacle(server, databases, *rung).is_none()).collect()
}

/// What keeps us from a rung; `None` if nothing does.
pub(crate) fn obstacle(server: &Server, databases: &[String], rung: Rung) -> Option<Obstacle> {
    let may_lock = |name: &String| server.privileges.on_database(Privilege::LockTables, name);
    match rung {
        Rung::BackupStage if !server.has_backup_stage() => {
            Some(Obstacle::Server("only MariaDB 10.5 and later have it"))
        }
        Rung::BackupStage | Rung::GlobalReadLock => {
            (!server.may_lock_globally()).then_some(Obstacle::Missing(Privilege::Reload))
        }
        Rung::BinlogPosition => silent_log(server).map(Obstacle::Server),
        Rung::LockTables => {
            (!databases.iter().all(may_lock)).then_some(Obstacle::Missing(Privilege::LockTables))
        }
        Rung::PerTable => None,
    }
}

/// Why the binary log cannot tell whether a commit came between two snapshots.
fn silent_log(server: &Server) -> Option<&'static str> {
    let log = &server.binary_log;
    if !log.enabled {
        return Some("the binary log is off");
    }
    if server.flavour == Flavour::MySql && log.gtid_mode.as_deref() != Some("ON") {
        return Some("gtid_mode is not ON");
    }
    match log.coverage {
        Coverage::Partial(why) => Some(why),
        Coverage::Complete | Coverage::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Choice, Coverage, Flavour, Obstacle, Privilege, Rung, Server, obstacle, rungs};
    use crate::mysql::privilege::{Naming, Patterns, Privileges};
    use crate::mysql::schema::NameCase;
    use crate::mysql::server::{BinaryLog, Version};

    fn server(flavour: Flavour, version: Version, grants: &[&str]) -> Server {
        let name_case = NameCase::Sensitive;
        let naming = Naming { patterns: Patterns::Wildcards, name_case };
        Server {
            flavour,
            version,
            version_text: String::new(),
            account: "u@%".to_owned(),
            name_case,
            binary_log: BinaryLog {
                enabled: true,
                format: "ROW".to_owned(),
                row_image: "FULL".to_owned(),
                gtid_mode: Some("ON".to_owned()),
                coverage: Coverage::Unknown,
            },
            max_connections: 100,
            open_connections: 1,
            read_only: false,
            privileges: Privileges::parse(grants.iter().copied(), naming),
        }
    }

    fn databases() -> [String; 1] {
        ["d".to_owned()]
    }

    const RELOAD: &str = "GRANT RELOAD ON *.* TO `u`@`%`";
    const LOCK: &str = "GRANT SELECT, LOCK TABLES ON `d`.* TO `u`@`%`";

    #[test]
    fn the_best_rung_that_the_account_may_use_comes_first() {
        use Flavour::{MariaDb, MySql};
        use Rung::{BackupStage, BinlogPosition, GlobalReadLock, LockTables};
        for (flavour, version, grants, expected) in [
            (
                MariaDb,
                (10, 11, 0),
                vec![RELOAD, LOCK],
                vec![BackupStage, GlobalReadLock, LockTables, BinlogPosition],
            ),
            (MariaDb, (10, 4, 0), vec![RELOAD], vec![GlobalReadLock, BinlogPosition]),
            (MariaDb, (10, 11, 0), vec![LOCK], vec![LockTables, BinlogPosition]),
            (MariaDb, (10, 11, 0), vec![], vec![BinlogPosition]),
            (MySql, (8, 4, 0), vec![RELOAD], vec![GlobalReadLock, BinlogPosition]),
            (MySql, (8, 4, 0), vec![LOCK], vec![LockTables, BinlogPosition]),
            (MySql, (8, 4, 0), vec![], vec![BinlogPosition]),
        ] {
            let server = server(flavour, version, &grants);
            assert_eq!(
                rungs(&server, &databases(), Choice::Auto),
                expected,
                "{flavour:?} {grants:?}"
            );
        }
    }

    #[test]
    fn nobody_waits_where_the_log_is_known_to_have_every_commit() {
        let mut server = server(Flavour::MariaDb, (10, 11, 0), &[LOCK]);
        server.binary_log.coverage = Coverage::Complete;
        let expected = [Rung::BinlogPosition, Rung::LockTables];
        assert_eq!(rungs(&server, &databases(), Choice::Auto), expected);
        // In MySQL it could take for ever.
        server.flavour = Flavour::MySql;
        let expected = [Rung::LockTables, Rung::BinlogPosition];
        assert_eq!(rungs(&server, &databases(), Choice::Auto), expected);
    }

    #[test]
    fn a_log_that_cannot_vouch_is_not_asked() {
        type Spoil = fn(&mut Server);
        let spoils: [(Flavour, Spoil); 4] = [
            (Flavour::MariaDb, |server| server.binary_log.enabled = false),
            (Flavour::MariaDb, |server| server.binary_log.coverage = Coverage::Partial("why")),
            (Flavour::MySql, |server| server.binary_log.enabled = false),
            (Flavour::MySql, |server| {
                server.binary_log.gtid_mode = Some("ON_PERMISSIVE".to_owned());
            }),
        ];
        for (flavour, spoil) in spoils {
            let mut server = server(flavour, (10, 11, 0), &[]);
            spoil(&mut server);
            assert_eq!(rungs(&server, &databases(), Choice::Auto), []);
            let Some(Obstacle::Server(_)) = obstacle(&server, &databases(), Rung::BinlogPosition)
            else {
                panic!("{:?}", server.binary_log);
            };
        }
    }

    #[test]
    fn what_is_asked_for_is_all_there_is() {
        let server = server(Flavour::MySql, (8, 4, 0), &[]);
        let only = |rung| rungs(&server, &databases(), Choice::Only(rung));
        assert_eq!(only(Rung::PerTable), [Rung::PerTable]);
        assert_eq!(only(Rung::LockTables), []);
        for (rung, missing) in
            [(Rung::LockTables, Privilege::LockTables), (Rung::GlobalReadLock, Privilege::Reload)]
        {
            assert_eq!(obstacle(&server, &databases(), rung), Some(Obstacle::Missing(missing)));
        }
    }
}
