use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Wish, plan};
use crate::mysql::grants::password::Plugin;
use crate::mysql::grants::read::{Held, Present};
use crate::mysql::grants::{Account, Grants, parse_line};
use crate::mysql::privilege::Patterns;
use crate::mysql::server::Flavour;
use crate::provision::plan::Excess;
use crate::provision::wanted::Server;

fn present(patterns: Patterns, lines: &[&str]) -> Present {
    let account = Account::new("u", "%");
    let grants = Grants::of(&account, lines.iter().filter_map(|line| parse_line(line)));
    Present {
        flavour: Flavour::MySql,
        version: (9, 0, 0),
        version_text: "9.0.0".to_owned(),
        patterns,
        lowers_names: false,
        plugin: Plugin::CachingSha2,
        databases: ["my_db", "myxdb", "foo"].map(str::to_owned).to_vec(),
        accounts: BTreeMap::from([(account, Held { grants, unread: 0, login: None })]),
    }
}

/// The statements for the grants of one user, each an inline table of `nirvana.toml`; or why not.
fn statements(grants: &str, present: &Present, excess: Excess) -> Result<Vec<String>, String> {
    let text = format!("users = [{{ name = 'u', grants = [{grants}] }}]");
    let server = toml::Deserializer::parse(&text)
        .and_then(Server::deserialize)
        .map_err(|error| error.message().to_owned())?;
    server.check("main").map_err(|error| error.to_string())?;
    let wish = Wish::of(&server, vec![None], present).map_err(|error| error.to_string())?;
    let plan = plan(&wish, present, excess).map_err(|error| error.to_string())?;
    Ok(plan.shown().into_iter().map(str::to_owned).collect())
}

/// What other tools take as a string and guess at, as structure: each name is one value, so that
/// there is nothing to split, unquote or escape.
#[test]
fn what_others_must_guess_is_said() {
    for (grant, expected) in [
        ("privileges = ['SELECT'], database = 'mydb'", "SELECT ON `mydb`.*"),
        ("privileges = ['SELECT'], database = 'my_db'", r"SELECT ON `my\_db`.*"),
        (r"privileges = ['SELECT'], database = 'my\_db'", r"SELECT ON `my\\\_db`.*"),
        ("privileges = ['SELECT'], database = 'my%'", r"SELECT ON `my\%`.*"),
        ("privileges = ['SELECT'], database = 'my%', pattern = true", "SELECT ON `my%`.*"),
        (r"privileges = ['SELECT'], database = 'my\_d%', pattern = true", r"SELECT ON `my\_d%`.*"),
        ("privileges = ['SELECT'], database = 'db`x'", "SELECT ON `db``x`.*"),
        ("privileges = ['SELECT'], database = 'db``x'", "SELECT ON `db````x`.*"),
        ("privileges = [' SELECT'], database = 'mydb'", "SELECT ON `mydb`.*"),
        ("privileges = ['SELECT'], database = 'my.db'", "SELECT ON `my.db`.*"),
        ("privileges = ['SELECT'], database = 'my.db', table = 'tbl'", "SELECT ON `my.db`.`tbl`"),
        ("privileges = ['SELECT'], database = 'my', table = 'db.tbl'", "SELECT ON `my`.`db.tbl`"),
        ("privileges = ['SELECT'], database = 'my.db', table = 't.1'", "SELECT ON `my.db`.`t.1`"),
        ("privileges = ['SELECT'], database = 'a/b'", "SELECT ON `a/b`.*"),
        ("privileges = ['SELECT'], database = '*'", "SELECT ON `*`.*"),
        ("privileges = ['SELECT', ' INSERT']", "INSERT, SELECT ON *.*"),
        (
            "privileges = ['SELECT'], database = 'm_y', table = 't', columns = ['b', 'a']",
            "SELECT (`a`, `b`) ON `m_y`.`t`",
        ),
        (
            "privileges = ['SELECT'], database = 'd', table = 't', columns = ['a,b', 'c)d', 'E`f']",
            "SELECT (`E``f`, `a,b`, `c)d`) ON `d`.`t`",
        ),
        (
            "privileges = ['select', 'insert'], database = 'd', table = 't', columns = ['a']",
            "INSERT (`a`), SELECT (`a`) ON `d`.`t`",
        ),
        (
            "privileges = ['execute'], database = 'foo', function = 'function'",
            "EXECUTE ON FUNCTION `foo`.`function`",
        ),
        (
            "privileges = ['EXECUTE'], database = 'b_r', procedure = 'p'",
            "EXECUTE ON PROCEDURE `b_r`.`p`",
        ),
        ("privileges = ['SELECT'], database = 'd', table = 't:1'", "SELECT ON `d`.`t:1`"),
        ("privileges = ['SELECT'], database = \"'d'\"", "SELECT ON `'d'`.*"),
        ("privileges = ['ALL'], database = 'd'", "ALL PRIVILEGES ON `d`.*"),
        ("privileges = ['ALL  privileges'], database = 'd'", "ALL PRIVILEGES ON `d`.*"),
    ] {
        let made =
            statements(&format!("{{ {grant} }}"), &present(Patterns::Wildcards, &[]), Excess::Name);
        assert_eq!(made, Ok(vec![format!("GRANT {expected} TO `u`@`%`")]), "{grant}");
    }
}

#[test]
fn what_means_nothing_is_refused_with_its_reason() {
    for (grant, reason) in [
        ("privileges = ['SELECT'], table = 't'", "must name the database"),
        ("privileges = ['SELECT'], database = ''", "it is empty"),
        ("privileges = [], database = 'd'", "no privileges"),
        ("privileges = ['SELECT (a, b)'], database = 'd', table = 't'", "is no privilege"),
        ("privileges = [''], database = 'd'", "is no privilege"),
        ("privileges = ['SELECT'], database = 'd', columns = ['a']", "must name their table"),
        ("privileges = ['SELECT'], database = 'd', function = 'f'", "cannot be given on a routine"),
        ("privileges = ['FILE'], database = 'd'", "FILE cannot be given on a database"),
        ("privileges = ['DELETE'], database = 'd', table = 't', columns = ['a']", "on columns"),
        ("privileges = ['INVALID'], database = 'd'", "INVALID cannot be given"),
        ("privileges = ['SELECT'], database = 'd', schema = 's'", "only PostgreSQL"),
        ("privileges = ['SELECT'], database = 'd', table = 't', function = 'f'", "on one thing"),
        ("privileges = ['SELECT'], database = 'd', table = 't', pattern = true", "have a pattern"),
        ("privileges = ['SELECT'], database = 'd', tabel = 't'", "tabel"),
    ] {
        let made =
            statements(&format!("{{ {grant} }}"), &present(Patterns::Wildcards, &[]), Excess::Name);
        assert!(made.as_ref().is_err_and(|error| error.contains(reason)), "{grant}: {made:?}");
    }
}

#[test]
fn grants_on_the_same_columns_and_on_things_of_one_name_stay_apart_or_add_up_as_they_should() {
    let two = "{ privileges = ['SELECT'], database = 'd', table = 't', columns = ['b'] }, \
               { privileges = ['SELECT'], database = 'd', table = 't', columns = ['a'] }";
    let three = "{ privileges = ['EXECUTE'], database = 'foo', function = 'function' }, \
                 { privileges = ['SELECT'], database = 'foo' }, \
                 { privileges = ['EXECUTE'], database = 'bar', procedure = 'procedure' }";
    let wild = present(Patterns::Wildcards, &[]);
    assert_eq!(
        statements(two, &wild, Excess::Name).unwrap(),
        ["GRANT SELECT (`a`, `b`) ON `d`.`t` TO `u`@`%`"]
    );
    assert_eq!(
        statements(three, &wild, Excess::Name).unwrap(),
        [
            "GRANT SELECT ON `foo`.* TO `u`@`%`",
            "GRANT EXECUTE ON FUNCTION `foo`.`function` TO `u`@`%`",
            "GRANT EXECUTE ON PROCEDURE `bar`.`procedure` TO `u`@`%`",
        ]
    );
}

/// Two grants on one thing add up; what is there is not asked for again.
#[test]
fn only_what_is_missing_is_granted() {
    let one = "{ privileges = ['SELECT'] }, { privileges = ['SHOW VIEW'] }";
    for (held, expected) in [
        (vec![], Some("GRANT SELECT, SHOW VIEW ON *.* TO `u`@`%`")),
        (vec!["GRANT SELECT ON *.* TO u@'%'"], Some("GRANT SHOW VIEW ON *.* TO `u`@`%`")),
        (vec!["GRANT ALL PRIVILEGES ON *.* TO u@'%'"], None),
        (vec!["GRANT SELECT ON *.* TO u@'%'", "GRANT SHOW VIEW ON *.* TO `u`@`%`"], None),
    ] {
        let made = statements(one, &present(Patterns::Wildcards, &held), Excess::Name).unwrap();
        assert_eq!(made, expected.into_iter().collect::<Vec<_>>(), "{held:?}");
    }
}

#[test]
fn grants_come_before_revokes_and_a_mistaken_name_is_replaced() {
    let wanted = "{ privileges = ['SELECT'], database = 'my_db' }";
    let held = ["GRANT INSERT ON `my_db`.* TO u@'%'", "GRANT EVENT ON `foo`.* TO u@'%'"];
    let wild = present(Patterns::Wildcards, &held);
    assert_eq!(
        statements(wanted, &wild, Excess::Name).unwrap(),
        [
            r"GRANT INSERT, SELECT ON `my\_db`.* TO `u`@`%`",
            "REVOKE INSERT ON `my_db`.* FROM `u`@`%`",
        ]
    );
    assert_eq!(
        statements(wanted, &wild, Excess::Revoke).unwrap(),
        [
            r"GRANT SELECT ON `my\_db`.* TO `u`@`%`",
            "REVOKE INSERT ON `my_db`.* FROM `u`@`%`",
            "REVOKE EVENT ON `foo`.* FROM `u`@`%`",
        ]
    );
    // Where names are literal it is the escaped form that was mistaken.
    let literal = present(Patterns::Literal, &[r"GRANT INSERT ON `my\_db`.* TO u@'%'"]);
    assert_eq!(
        statements(wanted, &literal, Excess::Name).unwrap(),
        [
            "GRANT INSERT, SELECT ON `my_db`.* TO `u`@`%`",
            r"REVOKE INSERT ON `my\_db`.* FROM `u`@`%`",
        ]
    );
}
