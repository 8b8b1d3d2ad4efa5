//! XII. Administration is done by one-off processes of the same release.

use crate::application::{Application, Framework as F};
use crate::audit::context::Context;
use crate::audit::file::{Kind, Scope};
use crate::audit::found::Found;
use crate::audit::reading::{Reading, shown};
use crate::audit::rule::{Applies, Check, Reach, Rule, Verdict};
use crate::finding::Severity::{Error, Note, Warning};
use crate::project::tree::{Entry, join};
use crate::twelve_factor::{Card, Factor, Precision};

const FACTOR: Factor = Factor::AdminProcesses;

pub(super) const RULES: &[Rule] = &[
    Rule {
        card: Card {
            id: "XII-001",
            factor: FACTOR,
            level: Error,
            precision: Precision::High,
            title: "a dump of a database is committed",
            why: "It has people's addresses and hashes of their passwords, in every clone. Take it \
                  out, also of the history, and make seeds that nobody lived.",
            before: "backup.sql: INSERT INTO users VALUES (1, 'ada@…",
            after: "db/seeds.rb",
            quiet: "Schemas, migrations, and inserts into tables that are not of people.",
        },
        applies: Applies::Always,
        check: Check::Tree(dumps),
    },
    Rule {
        card: Card {
            id: "XII-002",
            factor: FACTOR,
            level: Error,
            precision: Precision::High,
            title: "a tool for administrators is served to everybody",
            why: "Programs look for such files all day. Delete it, and reach the database by a \
                  one-off process.",
            before: "public/adminer-4.8.1.php\nphpinfo();",
            after: "nirvana env exec -- psql",
            quiet: "Other people's code, and tests.",
        },
        applies: Applies::Kinds(&[Kind::Php]),
        check: Check::Files { kinds: &[Kind::Php], reach: Reach::Live, look: tool },
    },
    Rule {
        card: Card {
            id: "XII-003",
            factor: FACTOR,
            level: Warning,
            precision: Precision::High,
            title: "a request can migrate the database",
            why: "Whoever finds the address changes the schema, twice at once if he likes, and \
                  within the time limit of a request. Migrate by a one-off process of the release.",
            before: "Route::get('/migrate', fn () => Artisan::call('migrate'));",
            after: "php artisan migrate --force        (a step of the release)",
            quiet: "WordPress' own upgrade page, commands and installers.",
        },
        applies: Applies::Server,
        check: Check::Files {
            kinds: &[Kind::Php, Kind::Ruby],
            reach: Reach::Live,
            look: over_http,
        },
    },
    Rule {
        card: Card {
            id: "XII-004",
            factor: FACTOR,
            level: Note,
            precision: Precision::VeryHigh,
            title: "the application has no entry for administrators",
            why: "Without bin/rails, artisan or bin/console a one-off process cannot load the same \
                  code and settings as the release. Commit that entry with the code.",
            before: "bin/ is ignored",
            after: "bin/rails",
            quiet: "Not applicable to plain PHP, which has none.",
        },
        applies: Applies::To(&[F::Rails, F::Laravel, F::Lumen, F::Symfony]),
        check: Check::Application(entry),
    },
];

/// How rows begin in a dump.
const INSERT: &str = "INSERT INTO ";
/// How much of a dump is read.
const HEAD: usize = 1 << 20;

fn dumps(context: &Context, found: &mut Found) -> Verdict {
    let mut looked = false;
    for one in context.tree.entries().iter().filter(|entry| entry.is_file()) {
        let name = shown(one.name()).to_ascii_lowercase();
        let packed =
            [".sql.gz", ".sql.zip", ".sql.bz2", ".sql.xz"].iter().any(|end| name.ends_with(end));
        if !name.ends_with(".sql") && !packed {
            continue;
        }
        looked = true;
        let placed = context.place(&one.path);
        if placed.scope >= Scope::Rehearsal {
            continue;
        }
        if packed {
            let hit = found.file(&placed.shown, "a packed dump; what is in it was not looked at");
            hit.weighs(Warning);
        } else if let Some((line, table, rows)) = people(context, one) {
            let key = format!("INSERT INTO {table}");
            let hit = found.line(
                &placed.shown,
                line,
                &key,
                format!("rows of the table `{table}` are here"),
            );
            let lower = placed.inner.to_ascii_lowercase();
            // One account is what an installation begins with.
            if rows < 2 {
                hit.weighs(Note);
            }
            if ["migration", "seed", "schema", "install"].iter().any(|word| lower.contains(word)) {
                hit.weighs(Note);
            }
        }
    }
    if looked { Verdict::Looked } else { Verdict::NotApplicable("no SQL file is here") }
}

/// The line and the table of the first rows of people, and how many lines have some.
fn people(context: &Context, entry: &Entry) -> Option<(usize, String, usize)> {
    let bytes = context.tree.read(entry).ok()?;
    let head = &bytes[..bytes.len().min(HEAD)];
    let text = String::from_utf8_lossy(head);
    let tables = [
        "users",
        "user",
        "customers",
        "customer",
        "members",
        "accounts",
        "people",
        "persons",
        "employees",
        "patients",
        "wp_users",
        "admins",
    ];
    for (number, line) in text.lines().enumerate() {
        let statement = line.trim_start();
        let is_insert = |start: &str| start.eq_ignore_ascii_case(INSERT);
        if !statement.get(..INSERT.len()).is_some_and(is_insert) {
            continue;
        }
        let name = statement[INSERT.len()..].trim_start().trim_start_matches(['`', '"']);
        let name = name.split(['`', '"', ' ', '(']).next().unwrap_or_default();
        let table = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
        let is_people =
            tables.iter().any(|one| table == *one || table.ends_with(&format!("_{one}")));
        // An address of somebody, or a hash; of rows on one line each is counted by its address.
        let marks = |line: &str| {
            let marks = ["@", "$2y$", "$P$"].map(|mark| line.matches(mark).count());
            marks.into_iter().max().unwrap_or(0)
        };
        let rows = marks(line) + text.lines().skip(number + 1).take(20).map(marks).sum::<usize>();
        if is_people && rows > 0 {
            return Some((number + 1, name.to_owned(), rows));
        }
    }
    None
}

fn tool(file: &Reading, found: &mut Found) {
    if file.scope != Scope::Live {
        return;
    }
    let lower = file.name().to_ascii_lowercase();
    let parts: Vec<&str> = file.inner.split('/').collect();
    if lower.starts_with("adminer") && lower.ends_with(".php") {
        found.file(&file.shown, "Adminer is here");
    } else if parts.iter().any(|part| part.eq_ignore_ascii_case("phpmyadmin"))
        && lower == "index.php"
    {
        found.file(&file.shown, "phpMyAdmin is here");
    } else if file.has("phpinfo") && file.text.len() < 2_000 {
        let code = file.php();
        for call in code.calls_of(b"phpinfo") {
            found.at(
                file,
                code.tokens[call.name].span.start,
                "phpinfo() shows the environment, with all secrets in it",
            );
        }
    }
}

fn over_http(file: &Reading, found: &mut Found) {
    let served = ["routes/", "Controller", "controllers/", "public/", "app/Http"];
    if file.scope != Scope::Live
        || !served.iter().any(|part| file.inner.contains(part))
        || file.inner.contains("nstall")
    {
        return;
    }
    if file.kind == Kind::Php && file.has("migrate") {
        let code = file.php();
        for call in code.calls_of(b"call") {
            let on_artisan = call.name >= 2 && code.text(call.name - 2).ends_with(b"Artisan");
            let name = code.items(call.open).first().and_then(|item| code.constant(item));
            if on_artisan && name.is_some_and(|name| name.starts_with(b"migrate")) {
                found.at(file, code.tokens[call.name].span.start, "a request runs the migrations");
            }
        }
    }
    if file.kind == Kind::Ruby && file.has_any(&["db:migrate", "MigrationContext", "Migrator"]) {
        for (start, line) in file.code_lines() {
            if line.contains("db:migrate")
                || line.contains("Migrator.migrate")
                || line.contains("migration_context.migrate")
            {
                found.at(file, start, "a request runs the migrations");
            }
        }
    }
}

fn entry(context: &Context, application: &Application, found: &mut Found) -> Verdict {
    let entries: &[&str] = match application.framework {
        F::Rails => &["bin/rails", "script/rails", "script/console", "Rakefile"],
        F::Laravel | F::Lumen => &["artisan"],
        F::Symfony => &["bin/console", "app/console"],
        _ => return Verdict::NotApplicable("plain PHP has no such entry"),
    };
    if !entries
        .iter()
        .any(|path| context.tree.entry(join(&application.folder, path.as_bytes())).is_some())
    {
        let manifest = application.evidence.first().map_or(".", |one| one.path.as_str());
        found.absent(manifest, format!("{} is not committed", entries[0]));
    }
    Verdict::Looked
}
