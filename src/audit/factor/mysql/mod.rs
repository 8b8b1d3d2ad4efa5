//! What ties code to MySQL: its dialect of SQL, its drivers' functions and their settings.
//!
//! SQL is read as SQL: a string that begins as a statement, or that stands where a call takes SQL,
//! is cut into tokens by MySQL's rules, and parsed where only the tree tells. A word in a sentence
//! or in a comment is none of that.

mod clauses;
mod code;
mod dialect;
mod functions;
mod sql;
mod words;

use std::collections::BTreeMap;

use crate::application::Server;
use crate::audit::file::{Kind, Scope};
use crate::audit::found::Found;
use crate::audit::reading::{Dialect, Reading};
use crate::audit::rule::{Applies, Check, Reach, Rule};
use crate::finding::Severity::{self, Error, Note, Warning};
use crate::twelve_factor::{Card, Factor, Precision};

/// A rule about SQL in PHP and Ruby.
const fn in_sql(card: Card) -> Rule {
    Rule {
        card,
        applies: Applies::Kinds(&[Kind::Php, Kind::Ruby]),
        check: Check::Files { kinds: &[Kind::Php, Kind::Ruby], reach: Reach::Live, look },
    }
}

const fn card(
    id: &'static str,
    level: Severity,
    title: &'static str,
    why: &'static str,
    example: (&'static str, &'static str),
) -> Card {
    Card {
        id,
        factor: Factor::Mysql,
        level,
        precision: Precision::High,
        title,
        why,
        before: example.0,
        after: example.1,
        quiet: "Strings that are not SQL by their first words or by the call that they are given to. \
                Where the code asks which database it speaks to, and in one of several files that \
                name a server each, it is a note.",
    }
}

/// A card that keeps silent for reasons of its own.
const fn but(card: Card, quiet: &'static str) -> Card {
    Card { quiet, ..card }
}

pub(super) const RULES: &[Rule] = &[
    in_sql(card(
        "M-001",
        Error,
        "a name is quoted by backticks",
        "PostgreSQL does not know backticks, and refuses the statement. Leave the quotes out, or use double quotes where a name is a reserved word.",
        ("SELECT `order` FROM `orders`", "SELECT \"order\" FROM orders"),
    )),
    in_sql(card(
        "M-002",
        Error,
        "IF(), IFNULL() or ISNULL() in SQL",
        "PostgreSQL has no function of that name. Write COALESCE, CASE or IS NULL, which MySQL takes too.",
        (
            "SELECT IFNULL(a, 0), IF(b, 'y', 'n')",
            "SELECT COALESCE(a, 0), CASE WHEN b THEN 'y' ELSE 'n' END",
        ),
    )),
    in_sql(card(
        "M-003",
        Error,
        "GROUP_CONCAT() in SQL",
        "PostgreSQL has no such function, and its own one wants text and a separator. Write string_agg(column::text, ',').",
        ("GROUP_CONCAT(name ORDER BY name SEPARATOR ', ')", "string_agg(name, ', ' ORDER BY name)"),
    )),
    in_sql(card(
        "M-004",
        Error,
        "ON DUPLICATE KEY UPDATE in SQL",
        "PostgreSQL wants to know which key. Write ON CONFLICT (key) DO UPDATE, or use the framework's upsert.",
        (
            "INSERT INTO hits (page, n) VALUES (?, 1) ON DUPLICATE KEY UPDATE n = n + 1",
            "INSERT INTO hits (page, n) VALUES (?, 1) ON CONFLICT (page) DO UPDATE SET n = hits.n + 1",
        ),
    )),
    in_sql(card(
        "M-005",
        Error,
        "LIMIT with a comma in SQL",
        "PostgreSQL refuses it. Write LIMIT count OFFSET offset, which MySQL takes too.",
        ("LIMIT 20, 10", "LIMIT 10 OFFSET 20"),
    )),
    in_sql(card(
        "M-006",
        Error,
        "FIND_IN_SET(), FIELD() or ELT() in SQL",
        "PostgreSQL has arrays instead. Write = ANY (…) and array_position(), or better a table.",
        ("WHERE FIND_IN_SET(?, tags)", "WHERE ? = ANY (string_to_array(tags, ','))"),
    )),
    in_sql(card(
        "M-007",
        Error,
        "a zero date in SQL",
        "0000-00-00 is no date to PostgreSQL, and the migration has made NULL of it. Ask IS NULL.",
        ("WHERE deleted_at = '0000-00-00'", "WHERE deleted_at IS NULL"),
    )),
    Rule {
        card: but(
            card(
                "M-008",
                Error,
                "functions of a MySQL driver are called",
                "They speak MySQL's protocol only; another database is a port of the code. Use PDO, or the framework's own layer, with prepared statements.",
                ("$rows = mysqli_query($link, $sql);", "$rows = $pdo->query($sql)->fetchAll();"),
            ),
            "Methods that are called so. Where the code asks which database it speaks to, and in one of several files that name a server each, it is a note.",
        ),
        applies: Applies::Kinds(&[Kind::Php, Kind::Ruby]),
        check: Check::Files {
            kinds: &[Kind::Php, Kind::Ruby],
            reach: Reach::Live,
            look: code::driver,
        },
    },
    in_sql(card(
        "M-009",
        Error,
        "a column is neither grouped nor summed up",
        "PostgreSQL refuses the statement; MySQL takes the value of any row, another one each day. Name the column in GROUP BY, or take min(), max() or any_value() of it.",
        (
            "SELECT city, name, count(*) FROM people GROUP BY city",
            "SELECT city, min(name), count(*) FROM people GROUP BY city",
        ),
    )),
    in_sql(but(
        card(
            "M-010",
            Note,
            "a comparison may rely on MySQL not telling cases apart",
            "In PostgreSQL LIKE tells A from a, so that a search finds less than before, without an error. Write ILIKE, or compare lower() on both sides.",
            ("WHERE name LIKE ?", "WHERE name ILIKE ?"),
        ),
        "Queries of the catalog. The rest is a note, as nobody but you knows what is relied on.",
    )),
    Rule {
        card: but(
            card(
                "M-011",
                Warning,
                "a setting of MySQL's driver",
                "PostgreSQL's driver does not know it, or refuses to connect. Take it out when the adapter is switched: `nirvana configure --to postgres` does.",
                (
                    "encoding: utf8mb4\nPDO::MYSQL_ATTR_INIT_COMMAND => 'SET NAMES utf8'",
                    "encoding: unicode",
                ),
            ),
            "Laravel's own config/database.php, which has a section for each server and asks for the extension.",
        ),
        applies: Applies::Kinds(&[Kind::Php, Kind::Yaml]),
        check: Check::Files {
            kinds: &[Kind::Php, Kind::Yaml],
            reach: Reach::Live,
            look: code::options,
        },
    },
    in_sql(card(
        "M-012",
        Error,
        "REPLACE INTO or INSERT IGNORE in SQL",
        "PostgreSQL has neither, and REPLACE deletes the row with all that refers to it. Write ON CONFLICT DO UPDATE or DO NOTHING.",
        (
            "INSERT IGNORE INTO seen (id) VALUES (?)",
            "INSERT INTO seen (id) VALUES (?) ON CONFLICT DO NOTHING",
        ),
    )),
    in_sql(card(
        "M-013",
        Error,
        "dates are computed by MySQL's functions",
        "PostgreSQL has others. Write to_char(), extract(), INTERVAL '1 day'.",
        (
            "WHERE created_at > DATE_SUB(NOW(), INTERVAL 7 DAY)",
            "WHERE created_at > now() - INTERVAL '7 days'",
        ),
    )),
    in_sql(but(
        card(
            "M-014",
            Error,
            "text in SQL stands in double quotes",
            "To PostgreSQL that is the name of a column. Quote text by single quotes, or better bind it.",
            ("WHERE state = \"open\"", "WHERE state = 'open'"),
        ),
        "Statements in which something in double quotes stands where only a name can: they are the standard's.",
    )),
    in_sql(card(
        "M-015",
        Error,
        "REGEXP in SQL",
        "PostgreSQL has operators for it, with other rules. Write ~* or ~.",
        ("WHERE code REGEXP '^[A-Z]'", "WHERE code ~ '^[A-Z]'"),
    )),
    in_sql(card(
        "M-016",
        Error,
        "an operator that only MySQL has",
        "PostgreSQL refuses it, or does something else. Write the standard's own.",
        ("WHERE a <=> b && c", "WHERE a IS NOT DISTINCT FROM b AND c"),
    )),
    in_sql(card(
        "M-017",
        Error,
        "JSON is read by MySQL's functions",
        "PostgreSQL has operators for jsonb. Write -> and ->> with keys.",
        ("JSON_EXTRACT(meta, '$.size')", "meta -> 'size'"),
    )),
    in_sql(card(
        "M-018",
        Error,
        "a statement or a word that only MySQL has",
        "PostgreSQL refuses it. Ask the catalog in the standard's way, or leave it out.",
        (
            "SHOW COLUMNS FROM users",
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'users'",
        ),
    )),
    in_sql(card(
        "M-019",
        Error,
        "UPDATE or DELETE of a join or with LIMIT",
        "PostgreSQL refuses it. Write FROM or USING, and a subquery for the limit.",
        (
            "DELETE FROM jobs WHERE done = 1 LIMIT 1000",
            "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE done LIMIT 1000)",
        ),
    )),
    in_sql(card(
        "M-020",
        Error,
        "a function that only MySQL has",
        "PostgreSQL has it by another name. Write that one.",
        ("ORDER BY RAND()", "ORDER BY random()"),
    )),
    in_sql(card(
        "M-021",
        Warning,
        "a table is defined in MySQL's own words",
        "PostgreSQL refuses ENGINE and AUTO_INCREMENT. Define tables by the framework's migrations, or in the standard's words.",
        (
            "CREATE TABLE a (id INT AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB",
            "CREATE TABLE a (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY)",
        ),
    )),
    Rule {
        card: but(
            card(
                "M-022",
                Warning,
                "a migration names MySQL's own types or options",
                "The schema's own migrations then do not run on PostgreSQL. Use the framework's types, and leave the options out.",
                (
                    "create_table :a, options: \"ENGINE=InnoDB\"\n$table->engine = 'InnoDB';",
                    "create_table :a",
                ),
            ),
            "What is no migration and no schema. In db/schema.rb, and where the code asks which database it speaks to, it is a note.",
        ),
        applies: Applies::Kinds(&[Kind::Php, Kind::Ruby]),
        check: Check::Files {
            kinds: &[Kind::Php, Kind::Ruby],
            reach: Reach::Live,
            look: code::migration,
        },
    },
];

/// What all texts of SQL in a file have that is MySQL's; worked out once for all rules.
fn dialect_of(file: &Reading) -> Vec<Dialect> {
    let mut found = Vec::new();
    let is_others = file.only_for.is_some_and(|server| server != Server::Mysql);
    if file.scope != Scope::Live || is_others {
        return found;
    }
    for sql in sql::of(file) {
        let within = file.text.get(sql.span.start..sql.span.end).unwrap_or_default();
        let within = within.to_ascii_uppercase();
        // Several statements may stand in one text, each with the same word.
        let mut from: BTreeMap<(&str, String), usize> = BTreeMap::new();
        for one in dialect::traits(&sql) {
            // What overlaps in PostgreSQL is no AND of MySQL's.
            if one.needle == "&&" && file.server == Some(Server::Postgresql) {
                continue;
            }
            let needle = one.needle.to_ascii_uppercase();
            let start = from.get(&(one.rule, needle.clone())).copied().unwrap_or(0);
            let next = within.get(start..).and_then(|rest| rest.find(&needle));
            let at = next.map_or(start, |at| start + at);
            from.insert((one.rule, needle), at + usize::from(next.is_some()));
            let (rule, message, way) = (one.rule, one.message, one.way);
            found.push(Dialect { rule, at: sql.span.start + at.min(within.len()), message, way });
        }
    }
    found
}

/// Whether the code asks which database it speaks to, or is the one of several files that is for
/// MySQL, so that it may well know what it does.
fn asks_for_adapter(file: &Reading) -> bool {
    file.only_for == Some(Server::Mysql)
        || file.has_any(&[
            "adapter_name",
            "mysql?",
            "getDriverName",
            "getDatabasePlatform",
            "DatabaseAdapter",
        ])
}

fn look(file: &Reading, found: &mut Found) {
    let guarded = asks_for_adapter(file);
    let mut last = (0, "");
    let mut altered: Vec<&str> = Vec::new();
    for one in file.dialect(dialect_of) {
        // A line is told once, however often it does the same.
        let line = file.line_of(one.at);
        // A file of migrations says the same for every column: it is told once.
        let is_repeated = one.rule == "M-021" && altered.contains(&one.message.as_str());
        if one.rule == found.rule() && !is_repeated && last != (line, one.message.as_str()) {
            let help = format!("in PostgreSQL: {}", one.way);
            let hit = found.at(file, one.at, one.message.clone()).helped(help);
            if guarded {
                hit.weighs(Note);
            }
            last = (line, &one.message);
            if one.message.starts_with(clauses::ALTERS) {
                altered.push(&one.message);
            }
        }
    }
}
