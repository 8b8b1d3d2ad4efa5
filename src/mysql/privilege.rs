//! What the account may do, as `SHOW GRANTS` says, and the GRANT for what it may not.
//!
//! Both servers list the account's own grants and those of its active roles, each with its ON
//! clause; lines that only hand on a role have none and say nothing here. Where two database
//! patterns of different precision match, `MySQL` looks at the more precise one only: we take both
//! together, and so may call a privilege held that the server refuses; it will then say so itself.
//!
//! Sources: `MySQL` manual 8.2.2 "Privileges Provided by `MySQL`", 8.2.12 "Partial Revokes";
//! `MariaDB` Knowledge Base "GRANT".

use super::schema::NameCase;
use super::token::{Token, tokens};

/// The privileges that reading a database asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Privilege {
    Select,
    ShowView,
    Trigger,
    Event,
    Execute,
    LockTables,
    Reload,
    FlushTables,
    BackupAdmin,
    ReplicationClient,
    BinlogMonitor,
    Super,
}

impl Privilege {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::ShowView => "SHOW VIEW",
            Self::Trigger => "TRIGGER",
            Self::Event => "EVENT",
            Self::Execute => "EXECUTE",
            Self::LockTables => "LOCK TABLES",
            Self::Reload => "RELOAD",
            Self::FlushTables => "FLUSH_TABLES",
            Self::BackupAdmin => "BACKUP_ADMIN",
            Self::ReplicationClient => "REPLICATION CLIENT",
            Self::BinlogMonitor => "BINLOG MONITOR",
            Self::Super => "SUPER",
        }
    }
}

/// A privilege that the account lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MissingPrivilege {
    pub(crate) privilege: Privilege,
    pub(crate) need: Need,
    /// What cannot be done without it, as the end of "… is missing: ".
    pub(crate) why: &'static str,
    /// The statement that mends it.
    pub(crate) grant_sql: String,
}

/// How much a missing privilege matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Rows or whole tables cannot be read.
    Required,
    /// There is another way, with a weaker guarantee or an object that nobody hears of.
    Wanted,
    /// There is another way that is as good for the rows.
    Helpful,
}

/// How a server reads the database name of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Naming {
    pub(crate) patterns: Patterns,
    pub(crate) name_case: NameCase,
}

/// What `%` and `_` mean there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patterns {
    /// `%` and `_` match anything unless a backslash stands before them.
    Wildcards,
    /// As they are: `MySQL` with `partial_revokes`.
    Literal,
}

/// The account's grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Privileges {
    grants: Vec<Grant>,
    naming: Naming,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Grant {
    effect: Effect,
    scope: Scope,
    /// In upper case, their words parted by one space.
    privileges: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Grant,
    /// A partial revoke: it takes a global privilege away for one database.
    Revoke,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    Global,
    /// A name or pattern, as in the grant.
    Database(String),
    /// A table, column, routine or account: too little for us.
    Smaller,
}

impl Privileges {
    /// Reads the lines of `SHOW GRANTS`.
    pub(crate) fn parse<'a>(lines: impl IntoIterator<Item = &'a str>, naming: Naming) -> Self {
        Self { grants: lines.into_iter().filter_map(parse_line).collect(), naming }
    }

    /// Whether the privilege is held on the whole server.
    pub(crate) fn global(&self, privilege: Privilege) -> bool {
        self.grants.iter().any(|grant| {
            grant.scope == Scope::Global && grant.effect == Effect::Grant && grant.has(privilege)
        })
    }

    /// Whether the privilege is held on all of a database.
    pub(crate) fn on_database(&self, privilege: Privilege, database: &str) -> bool {
        let here = |effect: Effect| {
            self.grants.iter().any(|grant| {
                grant.effect == effect
                    && self.covers(&grant.scope, effect, database)
                    && grant.has(privilege)
            })
        };
        here(Effect::Grant) || (self.global(privilege) && !here(Effect::Revoke))
    }

    /// Whether a scope is this database. A partial revoke's name is never a pattern.
    fn covers(&self, scope: &Scope, effect: Effect, database: &str) -> bool {
        let Scope::Database(name) = scope else {
            return false;
        };
        let (name, database) = match self.naming.name_case {
            NameCase::Sensitive => (name.clone(), database.to_owned()),
            NameCase::Lowered | NameCase::Insensitive => {
                (name.to_lowercase(), database.to_lowercase())
            }
        };
        if effect == Effect::Revoke || self.naming.patterns == Patterns::Literal {
            return name == database;
        }
        let pattern: Vec<char> = name.chars().collect();
        let database: Vec<char> = database.chars().collect();
        matches_pattern(&pattern, &database)
    }

    /// `database` as a GRANT must name it. The server goes by the one most specific name that
    /// matches: a second one beside a pattern that is held would hide what the pattern gives.
    pub(crate) fn database_pattern(&self, database: &str) -> String {
        let exact = match self.naming.patterns {
            Patterns::Literal => database.to_owned(),
            Patterns::Wildcards => {
                database.replace('\\', "\\\\").replace('_', "\\_").replace('%', "\\%")
            }
        };
        let grants = self.grants.iter().filter(|grant| {
            grant.effect == Effect::Grant && self.covers(&grant.scope, Effect::Grant, database)
        });
        let mut held: Vec<&String> = grants
            .filter_map(|grant| match &grant.scope {
                Scope::Database(name) => Some(name),
                Scope::Global | Scope::Smaller => None,
            })
            .collect();
        held.sort_by_key(|name| **name != exact);
        held.first().map_or(exact, |name| (*name).clone())
    }
}

impl Grant {
    fn has(&self, privilege: Privilege) -> bool {
        let word = privilege.word();
        self.privileges.iter().any(|held| {
            held == word
                || held == "ALL PRIVILEGES"
                // The name since MariaDB 10.5.2; before, SUPER could do it too.
                || (privilege == Privilege::BinlogMonitor && held == "REPLICATION CLIENT")
                || (privilege == Privilege::ReplicationClient && held == "BINLOG MONITOR")
        })
    }
}

/// `None` for a line without an ON clause: a role, or the account's default role.
fn parse_line(line: &str) -> Option<Grant> {
    let mut words = tokens(line.as_bytes());
    let effect = match words.next()? {
        word if word.is_word("GRANT") => Effect::Grant,
        word if word.is_word("REVOKE") => Effect::Revoke,
        _ => return None,
    };
    let mut privileges = Vec::new();
    let mut privilege = String::new();
    loop {
        match words.next()? {
            on if on.is_word("ON") => break,
            Token::Word(word) => {
                if !privilege.is_empty() {
                    privilege.push(' ');
                }
                privilege.push_str(&String::from_utf8_lossy(word).to_ascii_uppercase());
            }
            Token::Symbol(b',') => privileges.push(std::mem::take(&mut privilege)),
            // Columns: SELECT (`a`, `b`) is no SELECT on the table.
            Token::Group(_) => privilege.push_str(" (…)"),
            Token::Text(_) | Token::Name(_) | Token::Symbol(_) => return None,
        }
    }
    privileges.push(privilege);
    let object: Vec<Token<'_>> = words.take_while(|word| !is_end_of_object(word)).collect();
    Some(Grant { effect, scope: scope(object), privileges })
}

fn is_end_of_object(word: &Token<'_>) -> bool {
    word.is_word("TO") || word.is_word("FROM")
}

fn scope(object: Vec<Token<'_>>) -> Scope {
    let mut object = object.into_iter();
    match (object.next(), object.next(), object.next(), object.next()) {
        (Some(Token::Symbol(b'*')), Some(Token::Word(b".")), Some(Token::Symbol(b'*')), None) => {
            Scope::Global
        }
        (Some(Token::Name(name)), Some(Token::Word(b".")), Some(Token::Symbol(b'*')), None) => {
            Scope::Database(String::from_utf8_lossy(&name).into_owned())
        }
        _ => Scope::Smaller,
    }
}

/// LIKE with `\` as its escape.
pub(super) fn matches_pattern(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|skipped| matches_pattern(rest, &text[skipped..])),
        ['_', rest @ ..] => !text.is_empty() && matches_pattern(rest, &text[1..]),
        ['\\', escaped, rest @ ..] => {
            text.first() == Some(escaped) && matches_pattern(rest, &text[1..])
        }
        [letter, rest @ ..] => text.first() == Some(letter) && matches_pattern(rest, &text[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::{NameCase, Naming, Patterns, Privilege, Privileges};

    const NAMING: Naming = Naming { patterns: Patterns::Wildcards, name_case: NameCase::Sensitive };

    fn privileges(lines: &[&str]) -> Privileges {
        Privileges::parse(lines.iter().copied(), NAMING)
    }

    /// As `MariaDB` 10.11 prints them, the active role's included.
    const MARIADB: [&str; 8] = [
        "GRANT `cat_role` TO `cat'u`@`%`",
        "GRANT USAGE ON *.* TO `cat'u`@`%` IDENTIFIED BY PASSWORD '*D8 ON *.*'",
        r"GRANT SELECT, SHOW VIEW ON `cat\_probe`.* TO `cat'u`@`%`",
        "GRANT ALL PRIVILEGES ON `x``y`.* TO `cat'u`@`%` WITH GRANT OPTION",
        "GRANT SELECT (`a`, `b`), EVENT (`a`) ON `cat_other`.`gen` TO `cat'u`@`%`",
        "GRANT EXECUTE ON PROCEDURE `cat_probe`.`pr` TO `cat'u`@`%`",
        "GRANT RELOAD ON *.* TO `cat_role`",
        "GRANT TRIGGER ON `cat%`.* TO `cat_role2`",
    ];

    #[test]
    fn grants_of_a_role_and_of_databases() {
        let held = privileges(&MARIADB);
        assert!(held.global(Privilege::Reload));
        assert!(!held.global(Privilege::Select));
        assert!(held.on_database(Privilege::Reload, "anything"));
        assert!(held.on_database(Privilege::Select, "cat_probe"));
        assert!(held.on_database(Privilege::ShowView, "cat_probe"));
        assert!(held.on_database(Privilege::Event, "x`y"));
        assert!(held.on_database(Privilege::Trigger, "category"));
    }

    #[test]
    fn patterns_and_smaller_scopes_do_not_reach_further() {
        let held = privileges(&MARIADB);
        assert!(!held.on_database(Privilege::Select, "catXprobe"));
        assert!(!held.on_database(Privilege::Select, "cat_other"));
        assert!(!held.on_database(Privilege::Event, "cat_other"));
        assert!(!held.on_database(Privilege::Execute, "cat_probe"));
        assert!(!held.global(Privilege::Event));
    }

    #[test]
    fn all_privileges_are_all_of_their_scope() {
        let held = privileges(&["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost`"]);
        assert!(held.global(Privilege::Reload));
        assert!(held.global(Privilege::BinlogMonitor));
        assert!(held.on_database(Privilege::Event, "a"));
        let held = privileges(&["GRANT ALL PRIVILEGES ON `a`.* TO `u`@`%`"]);
        assert!(held.on_database(Privilege::Event, "a"));
        assert!(!held.global(Privilege::Reload));
    }

    #[test]
    fn a_partial_revoke_takes_the_global_privilege_away() {
        let held = Privileges::parse(
            [
                "GRANT SELECT, RELOAD ON *.* TO `u`@`%`",
                "GRANT BACKUP_ADMIN,FLUSH_TABLES ON *.* TO `u`@`%`",
                "REVOKE SELECT ON `my_db`.* FROM `u`@`%`",
                "GRANT EVENT ON `a_b`.* TO `u`@`%`",
            ],
            Naming { patterns: Patterns::Literal, ..NAMING },
        );
        assert!(!held.on_database(Privilege::Select, "my_db"));
        assert!(held.on_database(Privilege::Select, "myXdb"));
        assert!(held.global(Privilege::BackupAdmin));
        assert!(held.global(Privilege::FlushTables));
        assert!(held.on_database(Privilege::Event, "a_b"));
        assert!(!held.on_database(Privilege::Event, "aXb"));
        assert_eq!(held.database_pattern("a_b"), "a_b");
    }

    #[test]
    fn case_counts_as_in_the_names_of_tables() {
        for (name_case, held) in [(NameCase::Sensitive, false), (NameCase::Lowered, true)] {
            let lines = ["GRANT SELECT ON `shop%`.* TO `u`@`%`"];
            let naming = Naming { name_case, ..NAMING };
            let privileges = Privileges::parse(lines, naming);
            assert_eq!(privileges.on_database(Privilege::Select, "SHOP_1"), held);
        }
    }

    #[test]
    fn a_proxy_and_a_default_role_say_nothing() {
        let held = privileges(&[
            "GRANT PROXY ON ''@'' TO 'root'@'localhost' WITH GRANT OPTION",
            "SET DEFAULT ROLE `cat_role` FOR `u`@`%`",
            "",
        ]);
        assert!(!held.global(Privilege::Select));
    }

    #[test]
    fn a_name_is_escaped_for_a_grant() {
        assert_eq!(privileges(&[]).database_pattern(r"a_b%c\"), r"a\_b\%c\\");
        // A second name beside the one that is held would hide what that one gives.
        let held = privileges(&["GRANT SELECT ON `a_b`.* TO `u`@`%`"]);
        assert_eq!(held.database_pattern("a_b"), "a_b");
        let both = ["GRANT SELECT ON `a_b`.* TO `u`@`%`", r"GRANT EVENT ON `a\_b`.* TO `u`@`%`"];
        assert_eq!(privileges(&both).database_pattern("a_b"), r"a\_b");
    }
}
