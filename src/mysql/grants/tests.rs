use proptest::collection::{btree_set, vec};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

use super::privileges::Extent;
use super::{
    Account, Grants, Level, Line, Privileges, RoutineKind, Scope, mistaken_name, parse_line,
    reaches, revoke_sql, stored_name,
};
use crate::mysql::privilege::Patterns;

/// Names with all that could break a quoting.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_%\\\\`'\"@. *,;()\n]{1,12}", "ON|TO|FUNCTION|PROCEDURE|WITH GRANT OPTION|ü",]
}

fn account() -> impl Strategy<Value = Account> {
    prop_oneof![
        (name(), name()).prop_map(|(user, host)| Account::new(user, host)),
        name().prop_map(Account::role),
    ]
}

fn scope() -> impl Strategy<Value = Scope> {
    let kind = prop_oneof![
        Just(RoutineKind::Function),
        Just(RoutineKind::Procedure),
        Just(RoutineKind::Package),
        Just(RoutineKind::PackageBody),
    ];
    prop_oneof![
        Just(Scope::Global),
        name().prop_map(Scope::Database),
        (name(), name()).prop_map(|(database, table)| Scope::Table { database, table }),
        (kind, name(), name()).prop_map(|(kind, database, name)| Scope::Routine {
            kind,
            database,
            name
        }),
    ]
}

fn privileges() -> impl Strategy<Value = Privileges> {
    let word = prop_oneof![
        Just("SELECT"),
        Just("INSERT"),
        Just("CREATE TEMPORARY TABLES"),
        Just("ALL PRIVILEGES"),
        Just("CONNECTION_ADMIN"),
        Just("REPLICATION CLIENT"),
        Just("GRANT OPTION"),
    ];
    vec((word, any::<bool>(), btree_set(name(), 0..3)), 0..5).prop_map(|parts| {
        let mut privileges = Privileges::default();
        for (word, whole, columns) in parts {
            if whole || word == "GRANT OPTION" {
                privileges.insert(word, Extent::whole());
            } else {
                privileges.insert(word, Extent::of_columns(columns));
            }
        }
        privileges
    })
}

fn line() -> impl Strategy<Value = Line> {
    prop_oneof![
        (privileges(), scope(), account()).prop_map(|(privileges, scope, to)| Line::Grant {
            privileges,
            scope,
            to
        }),
        (privileges(), scope(), account()).prop_map(|(privileges, scope, from)| Line::Revoke {
            privileges,
            scope,
            from
        }),
        (vec(account(), 1..3), account(), any::<bool>())
            .prop_map(|(roles, to, admin)| Line::Roles { roles, to, admin }),
        (account(), account()).prop_map(|(role, of)| Line::DefaultRole { role, of }),
        (account(), account()).prop_map(|(of, to)| Line::Grant {
            privileges: Privileges::of(["PROXY"]),
            scope: Scope::Proxy(of),
            to,
        }),
    ]
}

proptest! {
    #[test]
    fn reading_is_the_inverse_of_writing(line in line()) {
        assert_eq!(parse_line(&line.sql()), Some(line.clone()), "{}", line.sql());
    }

    #[test]
    fn a_stored_name_reaches_its_database_and_no_other(name in name(), other in name()) {
        for patterns in [Patterns::Wildcards, Patterns::Literal] {
            let stored = stored_name(&name, patterns);
            assert!(reaches(&stored, &name, patterns));
            assert_eq!(reaches(&stored, &other, patterns), name == other);
        }
    }

    #[test]
    fn what_is_missing_is_all_that_is_missing(wanted in privileges(), held in privileges()) {
        let mut both = held.clone();
        both.add(&wanted.without(&held, Level::Database));
        assert!(wanted.without(&both, Level::Database).is_empty());
    }
}

/// The lines that other tools stumble over, and what each says.
#[test]
fn lines_of_every_dialect() {
    for (line, sql) in [
        ("GRANT USAGE ON *.* TO `u`@`localhost`", "GRANT USAGE ON *.* TO `u`@`localhost`"),
        (
            r"GRANT ALL PRIVILEGES ON `my\_db`.* TO `u`@`%` WITH GRANT OPTION",
            r"GRANT ALL PRIVILEGES ON `my\_db`.* TO `u`@`%` WITH GRANT OPTION",
        ),
        (
            "GRANT SELECT (`b`, `a`), INSERT ON `d`.`t` TO `u`@`%`",
            "GRANT INSERT, SELECT (`a`, `b`) ON `d`.`t` TO `u`@`%`",
        ),
        (
            "GRANT SELECT, SELECT (`id`,`key`) ON `d`.`t` TO `u`@`%`",
            "GRANT SELECT, SELECT (`id`, `key`) ON `d`.`t` TO `u`@`%`",
        ),
        ("GRANT SELECT (`a,b`) ON `d`.`t` TO u@h", "GRANT SELECT (`a,b`) ON `d`.`t` TO `u`@`h`"),
        (
            "GRANT SELECT (`a)b`, `c`) ON `d`.`t` TO u@h",
            "GRANT SELECT (`a)b`, `c`) ON `d`.`t` TO `u`@`h`",
        ),
        ("GRANT SELECT ON `x ON y`.* TO `u`@`h`", "GRANT SELECT ON `x ON y`.* TO `u`@`h`"),
        ("GRANT SELECT ON `a TO b`.* TO `u`@`h`", "GRANT SELECT ON `a TO b`.* TO `u`@`h`"),
        ("GRANT SELECT ON *.* TO u@'%'", "GRANT SELECT ON *.* TO `u`@`%`"),
        ("GRANT SELECT ON *.* TO u@%", "GRANT SELECT ON *.* TO `u`@`%`"),
        ("GRANT SELECT ON *.* TO u@10.0.0.%", "GRANT SELECT ON *.* TO `u`@`10.0.0.%`"),
        ("REVOKE CREATE ON `mysql`.* FROM `u`@`%`", "REVOKE CREATE ON `mysql`.* FROM `u`@`%`"),
        ("GRANT `admin`@`%` TO `u`@`localhost`", "GRANT `admin`@`%` TO `u`@`localhost`"),
        (
            "GRANT `a`@`%`,`b`@`%` TO `u`@`h` WITH ADMIN OPTION",
            "GRANT `a`@`%`, `b`@`%` TO `u`@`h` WITH ADMIN OPTION",
        ),
        ("SET DEFAULT ROLE `r` FOR `u`@`h`", "SET DEFAULT ROLE `r` FOR `u`@`h`"),
        (
            "GRANT PROXY ON ``@`` TO `root`@`localhost` WITH GRANT OPTION",
            "GRANT PROXY ON ``@`` TO `root`@`localhost` WITH GRANT OPTION",
        ),
        ("GRANT PROXY ON ''@'%' TO 'root'@'%'", "GRANT PROXY ON ``@`%` TO `root`@`%`"),
        (
            "GRANT SELECT ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*AA' REQUIRE SSL WITH GRANT OPTION",
            "GRANT SELECT ON *.* TO `u`@`%` WITH GRANT OPTION",
        ),
        (
            "GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED VIA a OR b USING 'x' WITH MAX_USER_CONNECTIONS 2",
            "GRANT USAGE ON *.* TO `u`@`%`",
        ),
        (r#"GRANT SELECT ON "d".* TO "u"@"%""#, "GRANT SELECT ON `d`.* TO `u`@`%`"),
        ("GRANT SELECT ON `d``q`.* TO `u`@`%`", "GRANT SELECT ON `d``q`.* TO `u`@`%`"),
        ("GRANT USAGE ON *.* TO `role`", "GRANT USAGE ON *.* TO `role`"),
        ("GRANT SELECT ON `d`.* TO PUBLIC", "GRANT SELECT ON `d`.* TO `PUBLIC`"),
        (
            "GRANT EXECUTE ON FUNCTION `foo`.`function` TO `u`@`%`",
            "GRANT EXECUTE ON FUNCTION `foo`.`function` TO `u`@`%`",
        ),
        (
            "grant execute on function function.f to u@h",
            "GRANT EXECUTE ON FUNCTION `function`.`f` TO `u`@`h`",
        ),
        ("GRANT SELECT ON function.* TO u@h", "GRANT SELECT ON `function`.* TO `u`@`h`"),
        ("GRANT BINLOG MONITOR ON *.* TO u@h", "GRANT REPLICATION CLIENT ON *.* TO `u`@`h`"),
        ("GRANT ALL ON `d`.* TO u@h", "GRANT ALL PRIVILEGES ON `d`.* TO `u`@`h`"),
    ] {
        let read = parse_line(line).unwrap_or_else(|| panic!("{line} is not read"));
        assert_eq!(read.sql(), sql, "{line}");
    }
    for line in
        ["", "DROP TABLE t", "GRANT SELECT ON `d`.* TO", "GRANT SELECT ON `d TO u", "GRANT ON"]
    {
        assert_eq!(parse_line(line), None, "{line}");
    }
}

#[test]
fn rows_of_others_are_left_out_and_lines_of_one_scope_add_up() {
    let account = Account::new("u", "%");
    let lines = [
        "GRANT SELECT ON *.* TO `u`@`%`",
        "GRANT CONNECTION_ADMIN ON *.* TO `u`@`%` WITH GRANT OPTION",
        "GRANT RELOAD ON *.* TO `role`",
        "GRANT `role` TO `u`@`%`",
        "REVOKE SELECT ON `mysql`.* FROM `u`@`%`",
        "GRANT USAGE ON `d`.* TO `u`@`%`",
    ];
    let grants = Grants::of(&account, lines.into_iter().filter_map(parse_line));
    let rows: Vec<String> = grants.rows.iter().map(|(s, p)| format!("{} {p}", s.sql())).collect();
    assert_eq!(rows, ["*.* CONNECTION_ADMIN, GRANT OPTION, SELECT"]);
    assert_eq!(grants.roles, [Account::role("role")]);
    assert_eq!(grants.restrictions.len(), 1);
}

#[test]
fn names_that_were_written_for_the_other_kind_of_server() {
    for (name, patterns, mistaken) in [
        ("shop", Patterns::Wildcards, None),
        ("my_db", Patterns::Wildcards, Some("my_db")),
        ("my_db", Patterns::Literal, Some(r"my\_db")),
        // As a pattern this is the right name of `my_db`, which is somebody else.
        (r"my\_db", Patterns::Wildcards, None),
        ("shop", Patterns::Literal, None),
    ] {
        assert_eq!(mistaken_name(name, patterns).as_deref(), mistaken, "{name} {patterns:?}");
    }
}

#[test]
fn what_is_beyond_a_wish() {
    let all = Privileges::all();
    let beyond = all.beyond(&Privileges::of(["SELECT"]), Level::Database);
    assert_eq!(beyond.names().count(), 17);
    assert!(!beyond.names().any(|name| name == "SELECT"));
    let mut with_option = all.clone();
    with_option.add(&Privileges::of(["GRANT OPTION"]));
    let scope = Scope::Database("d".to_owned());
    let account = Account::new("u", "%");
    let nothing = Privileges::default();
    assert_eq!(
        revoke_sql(&with_option.beyond(&nothing, Level::Database), &scope, &account),
        [
            "REVOKE ALL PRIVILEGES ON `d`.* FROM `u`@`%`",
            "REVOKE GRANT OPTION ON `d`.* FROM `u`@`%`"
        ]
    );
    assert!(all.without(&Privileges::of(["EXECUTE", "alter routine"]), Level::Routine).is_empty());
}
