//! One fixture per column type, moved through every pair of servers, and judged by the two
//! servers' own text forms: an encoder that is wrong on both of our sides cannot hide here.

use std::path::{Path, PathBuf};

use crate::support::{
    Source, SourceDatabase, Target, TargetDatabase, databases, fixtures, migrate, nirvana, run,
};

/// What a fixture says of itself in its head; `fixtures/mysql-types/README.md` has the form.
#[derive(Debug, Default)]
struct Fixture {
    file: PathBuf,
    flavours: Vec<String>,
    findings: Vec<String>,
    /// Lines of nirvana.toml: of `[migrate]`, and of `[migrate.columns]`.
    settings: Vec<String>,
    rules: Vec<String>,
    /// An extension that the target must, or must not, be able to make.
    extension: Option<(bool, String)>,
    tables: Vec<Expected>,
    /// Statements that both ends take or refuse after the copy.
    statements: Vec<(Verdict, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Accepted,
    Refused,
}

/// What is expected of one table.
#[derive(Debug)]
struct Expected {
    table: String,
    /// Column and the type that PostgreSQL prints for it.
    columns: Vec<(String, String)>,
    comparisons: Vec<Comparison>,
}

/// Two expressions that must print the same for every row.
#[derive(Debug)]
struct Comparison {
    what: String,
    mysql: String,
    postgres: String,
}

/// `"a""b"` → `a"b`; a plain name stays.
fn unquoted(name: &str) -> String {
    let name = name.trim();
    name.strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
        .map_or_else(|| name.to_owned(), |name| name.replace("\"\"", "\""))
}

/// A name and what follows the colon behind it; a quoted name may hold a colon.
fn named(text: &str) -> (String, &str) {
    let quoted = text.starts_with('"');
    let end = if quoted { text.find("\": ").unwrap() + 1 } else { text.find(": ").unwrap() };
    (unquoted(&text[..end]), text[end + 2..].trim())
}

impl Fixture {
    fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap();
        let mut fixture = Self { file: file.to_owned(), ..Self::default() };
        let head = text.lines().take_while(|line| fixture.take(line));
        assert!(head.count() > 0, "{}: no head", file.display());
        assert!(!fixture.flavours.is_empty(), "{}: no flavours", file.display());
        fixture
    }

    /// Takes one line of the head; false where the head has ended.
    fn take(&mut self, line: &str) -> bool {
        let words = |rest: &str| rest.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let Some(line) = line.strip_prefix("-- ") else { return false };
        if let Some(rest) = line.strip_prefix("table ") {
            self.tables.push(Expected::of(unquoted(rest)));
        } else if let Some(rest) = line.strip_prefix("type:") {
            self.table().columns.push(("c".to_owned(), rest.trim().to_owned()));
        } else if let Some(rest) = line.strip_prefix("column ") {
            let (name, kind) = named(rest);
            self.table().columns.push((name, kind.to_owned()));
        } else if let Some(rest) = line.strip_prefix("flavours:") {
            self.flavours = words(rest);
        } else if let Some(rest) = line.strip_prefix("findings:") {
            self.findings = words(rest);
        } else if let Some(rest) = line.strip_prefix("setting: ") {
            self.settings.push(rest.to_owned());
        } else if let Some(rest) = line.strip_prefix("rule: ") {
            self.rules.push(rest.to_owned());
        } else if let Some(rest) = line.strip_prefix("with:") {
            self.extension = Some((true, rest.trim().to_owned()));
        } else if let Some(rest) = line.strip_prefix("without:") {
            self.extension = Some((false, rest.trim().to_owned()));
        } else if let Some(rest) = line.strip_prefix("compare ") {
            let (what, rest) = named(rest);
            let rest = rest.strip_prefix("mysql: ").unwrap();
            let (mysql, postgres) = rest.split_once(" || postgres: ").unwrap();
            let (mysql, postgres) = (mysql.to_owned(), postgres.to_owned());
            self.table().comparisons.push(Comparison { what, mysql, postgres });
        } else if let Some(rest) = line.strip_prefix("accepted: ") {
            self.statements.push((Verdict::Accepted, rest.to_owned()));
        } else if let Some(rest) = line.strip_prefix("refused: ") {
            self.statements.push((Verdict::Refused, rest.to_owned()));
        } else {
            return false;
        }
        true
    }

    /// What is said of it in nirvana.toml, in a folder of its own; nothing if nothing is.
    fn config(&self) -> Option<tempfile::TempDir> {
        if self.settings.is_empty() && self.rules.is_empty() {
            return None;
        }
        let (settings, rules) = (self.settings.join("\n"), self.rules.join("\n"));
        let text = format!("[migrate]\n{settings}\n[migrate.columns]\n{rules}\n");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("nirvana.toml"), text).unwrap();
        Some(folder)
    }

    /// The table that the head speaks of now.
    fn table(&mut self) -> &mut Expected {
        if self.tables.is_empty() {
            self.tables.push(Expected::of("t".to_owned()));
        }
        self.tables.last_mut().unwrap()
    }
}

impl Expected {
    fn of(table: String) -> Self {
        Self { table, columns: Vec::new(), comparisons: Vec::new() }
    }

    /// Types that are not the expected ones.
    fn types(&self, target: &TargetDatabase) -> Vec<String> {
        let mut wrong = Vec::new();
        for (column, kind) in &self.columns {
            let is = target.sql(&format!(
                "SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute a \
                 JOIN pg_class c ON c.oid = a.attrelid \
                 WHERE c.relnamespace = 'public'::regnamespace AND c.relname = '{}' \
                 AND a.attname = '{}'",
                self.table.replace('\'', "''"),
                column.replace('\'', "''")
            ));
            if is.trim_end() != kind {
                wrong.push(format!("{}.{column} is {}, not {kind}", self.table, is.trim_end()));
            }
        }
        wrong
    }

    /// Comparisons that do not hold.
    fn differences(&self, source: &SourceDatabase, target: &TargetDatabase) -> Vec<String> {
        let mut wrong = Vec::new();
        let (there, here) = (self.table.replace('`', "``"), self.table.replace('"', "\"\""));
        for Comparison { what, mysql, postgres } in &self.comparisons {
            let there = source.attempt(&format!(
                "SET time_zone = '+00:00', sql_mode = ''; SELECT {mysql} FROM `{there}`"
            ));
            let here = target
                .attempt(&format!("SELECT coalesce(({postgres})::text, 'NULL') FROM \"{here}\""));
            let sorted = |text: &Result<String, String>| {
                let mut lines: Vec<String> =
                    text.iter().flat_map(|t| t.lines()).map(str::to_owned).collect();
                lines.sort();
                lines
            };
            if there.is_err() || here.is_err() || sorted(&there) != sorted(&here) {
                let cut = |text: &Result<String, String>| match text {
                    Ok(text) | Err(text) => text.chars().take(600).collect::<String>(),
                };
                wrong.push(format!(
                    "{}.{what}\n--- source\n{}\n--- target\n{}",
                    self.table,
                    cut(&there),
                    cut(&here)
                ));
            }
        }
        wrong
    }
}

fn all() -> Vec<Fixture> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(fixtures().join("mysql-types"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "sql"))
        .collect();
    files.sort();
    assert!(files.len() > 30, "only {} fixtures", files.len());
    files.iter().map(|file| Fixture::read(file)).collect()
}

/// At a desk `NIRVANA_TEST_FIXTURE` narrows the fixtures to those whose names begin so.
fn is_wanted(fixture: &Fixture) -> bool {
    let wanted = std::env::var("NIRVANA_TEST_FIXTURE").unwrap_or_default();
    let name = fixture.file.file_stem().unwrap().to_string_lossy();
    wanted.is_empty() || wanted.split(' ').any(|wanted| name.starts_with(wanted))
}

/// Moves one fixture, and lists what is not as it should be.
fn judge(fixture: &Fixture, pair: (Source, Target)) -> Vec<String> {
    let name = fixture.file.file_stem().unwrap().to_string_lossy().into_owned();
    let Some((source, target)) = databases(pair, &name) else { return Vec::new() };
    if let Some((wanted, extension)) = &fixture.extension {
        let found = target.sql(&format!(
            "SELECT count(*) FROM (SELECT name FROM pg_available_extensions UNION
               SELECT 'icu' FROM pg_collation WHERE collname = 'und-x-icu') s WHERE name = '{extension}'"
        ));
        if (found.trim() == "1") != *wanted {
            eprintln!("skipped: {name}: {:?} and {extension}", pair.1);
            return Vec::new();
        }
    }
    source.load(&fixture.file, false);
    let config = fixture.config();
    let file = config.as_ref().map(|folder| folder.path().join("nirvana.toml"));
    let mut arguments = vec!["--jobs", "1"];
    if let Some(file) = &file {
        arguments.extend(["--config", file.to_str().unwrap()]);
    }
    let (run, report) = migrate(&source, &target, &arguments);
    let mut wrong = Vec::new();
    if run.code > 1 {
        wrong.push(run.all());
    } else {
        wrong.extend(report.unproven());
        let mut expected = fixture.findings.clone();
        expected.sort();
        if report.codes() != expected {
            wrong.push(format!("findings {:?}, not {expected:?}\n{}", report.codes(), run.stdout));
        }
        for table in &fixture.tables {
            wrong.extend(table.types(&target));
            wrong.extend(table.differences(&source, &target));
        }
        wrong.extend(second_opinion(&source, &target, &arguments));
        if wrong.is_empty() {
            wrong.extend(behaviour(fixture, &source, &target));
        }
    }
    wrong.into_iter().map(|wrong| format!("{name}: {wrong}")).collect()
}

/// What both servers find to differ by SQL of their own, values of odd rows included.
fn second_opinion(
    source: &SourceDatabase,
    target: &TargetDatabase,
    arguments: &[&str],
) -> Option<String> {
    let mut verify = nirvana();
    verify.args(["verify", "--independent", "--format", "json"]).args(arguments);
    verify.args([source.url(), target.url()]);
    let verified = run(verify);
    let told = ["by SQL of both servers", "no second opinion:", "could not be compared"];
    let agreed = verified.code <= 1 && !told.iter().any(|words| verified.stdout.contains(words));
    (!agreed).then(|| verified.all())
}

/// Both ends take and refuse the same statements, and hold the same afterwards.
fn behaviour(fixture: &Fixture, source: &SourceDatabase, target: &TargetDatabase) -> Vec<String> {
    let mut wrong = Vec::new();
    for (verdict, statement) in &fixture.statements {
        let there = source.attempt(&format!("SET sql_mode = 'STRICT_ALL_TABLES'; {statement}"));
        let here = target.attempt(statement);
        let wanted = *verdict == Verdict::Accepted;
        if (there.is_ok(), here.is_ok()) != (wanted, wanted) {
            let told = format!("{verdict:?}: {statement}: source {there:?}, target {here:?}");
            wrong.push(told);
        }
    }
    for table in &fixture.tables {
        wrong.extend(table.differences(source, target));
    }
    wrong
}

fn judge_all(pair: (Source, Target)) {
    if SourceDatabase::create(pair.0, "probe").is_none() {
        return;
    }
    let wrong: Vec<String> = all()
        .iter()
        .filter(|fixture| fixture.flavours.iter().any(|flavour| flavour == pair.0.word()))
        .filter(|fixture| is_wanted(fixture))
        .flat_map(|fixture| judge(fixture, pair))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn mariadb_to_postgres15() {
    judge_all((Source::MariaDb, Target::Postgres15));
}

#[test]
fn mariadb_to_postgres18() {
    judge_all((Source::MariaDb, Target::Postgres18));
}

#[test]
fn mysql_to_postgres15() {
    judge_all((Source::MySql, Target::Postgres15));
}

#[test]
fn mysql_to_postgres18() {
    judge_all((Source::MySql, Target::Postgres18));
}
