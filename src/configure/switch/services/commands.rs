//! Commands of CI: packages that they install, servers that they speak to, and what is left of both.

use crate::finding::{Code, Finding, Place};
use crate::project::read::yaml_erb::Yaml;
use crate::project::read::{Span, line_of};
use crate::project::tree::shown;

use super::super::super::draft::Draft;
use super::super::image::{IMAGE, image};
use super::super::words;
use super::scalars;

/// Packages in commands, and commands that speak to MySQL.
pub(super) fn draft(draft: &mut Draft, yaml: &Yaml) {
    const COMMANDS: [&str; 6] = [
        "mysql ",
        "mysqladmin ",
        "sudo service mysql",
        "sudo systemctl start mysql",
        "sudo /etc/init.d/mysql",
        "mariadb ",
    ];
    let mut starts = false;
    for (span, text) in scalars(yaml, Span::new(0, yaml.source.len())) {
        if !text.contains("mysql") && !text.contains("mariadb") {
            continue;
        }
        words::replace(draft, &[span]);
        if !draft.is_free(span) {
            continue;
        }
        let command = text.trim_start_matches([' ', '-']);
        if COMMANDS.iter().any(|word| command.starts_with(word)) || has_client(&text) {
            draft.refuse(
                span.start,
                "a command that speaks to MySQL",
                "psql, createdb and pg_isready do the same for PostgreSQL",
            );
        }
        // `docker run … mariadb:10.5`, over several lines.
        let mut words = text.split_ascii_whitespace();
        let is_image = words.any(|word| word.contains(':') && image(word).is_some());
        if is_image && !starts && memchr::memmem::find(yaml.source, b"docker run").is_some() {
            starts = true;
            draft.refuse(
                span.start,
                "a command that starts a MySQL server",
                format!(
                    "{IMAGE}, with POSTGRES_DB, POSTGRES_USER, POSTGRES_PASSWORD and port 5432"
                ),
            );
        }
    }
}

/// Whether a program of MySQL's is run somewhere in a command: `while ! mysqladmin ping; do …`.
fn has_client(text: &str) -> bool {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    words.iter().enumerate().any(|(at, word)| match *word {
        "mysqladmin" | "mysqldump" | "mysqlimport" | "mariadb-admin" | "mariadb-dump" => true,
        "mysql" | "mariadb" => words.get(at + 1).is_some_and(|next| next.starts_with('-')),
        _ => false,
    })
}

/// What a file still says of MySQL once all else was done: what is surely wrong is told each, the rest
/// in one note.
pub(super) fn left(draft: &mut Draft, yaml: &Yaml) {
    let mut lines: Vec<u32> = Vec::new();
    let told: Vec<Option<u32>> = draft.findings.iter().map(|one| one.place.line).collect();
    for (span, text) in scalars(yaml, Span::new(0, yaml.source.len())) {
        let line = line_of(yaml.source, span.start);
        let lower = text.to_ascii_lowercase();
        let names = ["mysql", "mariadb", "3306", "phpmyadmin", "docker-entrypoint-initdb.d"]
            .iter()
            .any(|word| lower.contains(word));
        if !names || !draft.is_free(span) || told.contains(&Some(line)) {
            continue;
        }
        let wrong = if lower.contains("docker-entrypoint-initdb.d") || lower.contains("/etc/mysql")
        {
            "a file for MySQL's server"
        } else if lower.contains("phpmyadmin") {
            "a program that speaks to MySQL only"
        } else if ["=mysql", "=mariadb"].iter().any(|word| lower.contains(word)) {
            "a variable that names MySQL"
        } else if lower.split(|letter: char| !letter.is_ascii_digit()).any(|word| word == "3306") {
            "a port of MySQL"
        } else {
            lines.push(line);
            continue;
        };
        let help = "write what PostgreSQL has for it, or take it out";
        draft.refuse(span.start, format!("{wrong}, which stays here"), help);
    }
    for pair in &yaml.pairs {
        let is_addon = draft.is_free(pair.key.span)
            && matches!(yaml.key(pair), b"mysql" | b"mariadb")
            && pair.parent.is_some_and(|parent| yaml.key(&yaml.pairs[parent]) == b"addons");
        if is_addon {
            let message = "an addon that installs a MySQL server, which stays here";
            draft.refuse(pair.key.span.start, message, "write `postgresql:` and its version");
        }
    }
    lines.dedup();
    if let Some(first) = lines.first() {
        let all = lines.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        let place = Place::file(shown(&draft.path), Some(*first));
        let what = if lines.len() == 1 { "line" } else { "lines" };
        let message =
            format!("names of MySQL stay in {what} {all}; look whether they are names only");
        draft.findings.push(Finding::note(Code::SettingLeft, place, message));
    }
}
