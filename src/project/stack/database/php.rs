//! Configuration that is PHP: read as text whose comments are taken out, never executed.

use rayon::prelude::*;

use crate::application::{Database, Server};
use crate::project::stack::database::expression::{Word, word};
use crate::project::stack::database::{Site, dotenv};
use crate::project::stack::folder::{is_vendored, rehearsal};
use crate::project::stack::found::Root;
use crate::project::stack::view::View;
use crate::project::tree::join;

/// `config/database.php`, and `DB_CONNECTION` in the files of variables and of PHPUnit.
pub(super) fn laravel(view: &View, folder: &[u8]) -> Vec<Database> {
    let mut found = Vec::new();
    let path = join(folder, b"config/database.php");
    let old = join(folder, b"app/config/database.php");
    let config = [path, old].into_iter().find_map(|path| Some((view.text(&path)?, path)));
    let text = config.as_ref().map(|(text, _)| without_comments(text)).unwrap_or_default();
    // A connection may have any name; its driver then tells.
    let driver = |name: &str| {
        let at = text.find(&format!("'{name}' =>"))?;
        let (value, _) = values(&text[at..], "driver").into_iter().next()?;
        word(value).literal
    };
    let resolve = |mut word: Word| {
        if let Some(name) = &word.literal
            && Server::of(name) == Server::Unknown
        {
            word.literal = driver(name);
        }
        word
    };
    if let Some((_, path)) = &config
        && let Some((value, line)) = values(&text, "default").into_iter().next()
    {
        let site = Site { path, line, rule: "laravel-config-database" };
        found.push(site.database("default", None, resolve(word(value))));
    }
    for file in dotenv::files(view, folder) {
        if let Some((value, line)) = file.value("DB_CONNECTION") {
            let site = Site { path: &file.path, line, rule: "laravel-db-connection" };
            found.push(site.database(&file.environment, None, resolve(word(value))));
        }
    }
    for name in ["phpunit.xml", "phpunit.xml.dist"] {
        let path = join(folder, name.as_bytes());
        let Some(text) = view.text(&path) else { continue };
        for (at, line) in text.lines().enumerate() {
            let value = line.split("value=").nth(1).filter(|_| !line.contains("<!--"));
            if line.contains("\"DB_CONNECTION\"")
                && let Some(value) = value
            {
                let site = Site { path: &path, line: at + 1, rule: "phpunit-db-connection" };
                found.push(site.database("testing", None, resolve(word(value))));
            }
        }
    }
    found
}

/// `settings.php` of every site: `'driver' => …`, and `$db_url` of Drupal 6.
pub(super) fn drupal(view: &View, root: &Root) -> Vec<Database> {
    let core = root.served.as_ref().unwrap_or(&root.folder);
    let folders = [join(core, b"sites"), join(&root.folder, b"web/sites")];
    let folder = folders.iter().find(|folder| view.tree.has_folder(folder));
    let mut found = Vec::new();
    for entry in folder.into_iter().flat_map(|folder| view.tree.below(folder)) {
        let name = String::from_utf8_lossy(entry.name());
        let is_settings = name.starts_with("settings.") && name.ends_with(".php");
        let is_example = name.starts_with("example.") || name == "default.settings.php";
        if !is_settings || is_example {
            continue;
        }
        let Some(text) = view.text(&entry.path) else { continue };
        let text = without_comments(&text);
        let site = String::from_utf8_lossy(entry.folder()).into_owned();
        let site = site.rsplit('/').next().unwrap_or_default().to_owned();
        let connection = |at: usize| connection(&text, at, "$databases");
        for (value, line) in values(&text, "driver") {
            let word = word(value);
            let place = Site { path: &entry.path, line, rule: "drupal-databases" };
            let connection = connection(line);
            found.push(place.database(&site, connection.as_deref(), word));
        }
        for (at, line) in text.lines().enumerate() {
            let Some((_, value)) =
                line.split_once("$db_url").filter(|(_, rest)| rest.contains("://"))
            else {
                continue;
            };
            let place = Site { path: &entry.path, line: at + 1, rule: "drupal-6-db-url" };
            found.push(place.database(&site, None, word(value.trim_start_matches([' ', '=']))));
        }
    }
    found
}

/// `dbdriver` of versions 2 and 3, `DBDriver` of 4, in PHP and in files of variables.
pub(super) fn codeigniter(view: &View, folder: &[u8]) -> Vec<Database> {
    let mut found = Vec::new();
    for above in ["application/config", "system/application/config", "app/Config"] {
        let above = join(folder, above.as_bytes());
        for entry in view.tree.below(&above) {
            // `database.php.tmpl` and its like are there to be copied.
            let name = String::from_utf8_lossy(entry.name()).to_ascii_lowercase();
            let Some(rest) = name.strip_prefix("database.php") else { continue };
            let Some(text) = view.text(&entry.path) else { continue };
            let text = without_comments(&text);
            let environment = match (rest.is_empty(), entry.folder() == above) {
                (false, _) => "example".to_owned(),
                (true, true) => "default".to_owned(),
                _ => String::from_utf8_lossy(&entry.folder()[above.len() + 1..]).into_owned(),
            };
            for (key, start) in [("dbdriver", "$db["), ("DBDriver", "public ")] {
                for (value, line) in values(&text, key) {
                    let connection = connection(&text, line, start);
                    let environment = match connection.as_deref() {
                        Some("tests") => "testing",
                        Some(name @ ("development" | "production" | "testing")) => name,
                        _ => &environment,
                    };
                    let site = Site { path: &entry.path, line, rule: "codeigniter-driver" };
                    found.push(site.database(environment, connection.as_deref(), word(value)));
                }
            }
        }
    }
    for file in dotenv::files(view, folder) {
        for (environment, group) in [(file.environment.as_str(), "default"), ("testing", "tests")] {
            if let Some((value, line)) = file.value(&format!("database.{group}.DBDriver")) {
                let site = Site { path: &file.path, line, rule: "codeigniter-env" };
                found.push(site.database(environment, Some(group), word(value)));
            }
        }
    }
    found
}

/// WordPress speaks to MySQL and nothing else; where it is configured is the evidence.
pub(super) fn wordpress(view: &View, root: &Root) -> Vec<Database> {
    let mut folders = vec![root.folder.clone()];
    folders.extend(root.served.clone());
    let files = ["wp-config.php", "config/application.php", "wp-config-sample.php"];
    let places = files
        .iter()
        .flat_map(|file| folders.iter().map(move |folder| join(folder, file.as_bytes())));
    let mut found = places.filter_map(|path| {
        let text = without_comments(&view.text(&path)?);
        let line = text.lines().position(|line| line.contains("DB_HOST"))? + 1;
        let environment = if path.ends_with(b"-sample.php") { "example" } else { "default" };
        let site = Site { path: &path, line, rule: "wordpress-db-host" };
        let word = Word { literal: Some("mysqli".to_owned()), variable: None };
        Some(site.database(environment, None, word))
    });
    found.next().into_iter().collect()
}

/// Texts of PHP that open a connection, and the driver that they open it with.
const CALLS: [(&str, &str); 18] = [
    ("mysqli_connect(", "mysqli"),
    ("mysqli_real_connect(", "mysqli"),
    ("new mysqli(", "mysqli"),
    ("new \\mysqli(", "mysqli"),
    ("mysql_connect(", "mysql"),
    ("mysql_pconnect(", "mysql"),
    ("pg_connect(", "pgsql"),
    ("sqlsrv_connect(", "sqlsrv"),
    ("oci_connect(", "oci8"),
    ("new SQLite3(", "sqlite3"),
    ("\"mysql:", "pdo_mysql"),
    ("'mysql:", "pdo_mysql"),
    ("\"pgsql:", "pdo_pgsql"),
    ("'pgsql:", "pdo_pgsql"),
    ("\"sqlite:", "pdo_sqlite"),
    ("'sqlite:", "pdo_sqlite"),
    ("\"sqlsrv:", "pdo_sqlsrv"),
    ("'sqlsrv:", "pdo_sqlsrv"),
];

/// Of each driver the first place where a connection is opened.
pub(super) fn plain(view: &View, folder: &[u8]) -> Vec<Database> {
    let entries = view.tree.below(folder).par_iter().filter(|entry| {
        entry.is_file() && entry.name().ends_with(b".php") && !is_vendored(entry.folder())
    });
    let calls: Vec<(&'static str, Vec<u8>, usize)> = entries
        .filter(|entry| rehearsal(entry.folder()).is_none())
        .flat_map_iter(|entry| {
            let text = view.text(&entry.path).map(|text| without_comments(&text));
            let calls = text.map(|text| calls(&text)).unwrap_or_default();
            calls.into_iter().map(|(driver, line)| (driver, entry.path.clone(), line))
        })
        .collect();
    let mut found: Vec<Database> = Vec::new();
    for (driver, path, line) in calls {
        if found.iter().any(|known| known.adapter.as_deref() == Some(driver)) {
            continue;
        }
        let site = Site { path: &path, line, rule: "php-connection" };
        let word = Word { literal: Some(driver.to_owned()), variable: None };
        found.push(site.database("default", None, word));
    }
    found
}

fn calls(text: &str) -> Vec<(&'static str, usize)> {
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for (call, driver) in CALLS {
            if line.contains(call) {
                found.push((driver, at + 1));
            }
        }
    }
    found
}

/// Values of `'key' => value` and of `['key'] = value`, with their lines, in a text without
/// comments. A value ends with the line, as adapters are short.
fn values<'a>(text: &'a str, key: &str) -> Vec<(&'a str, usize)> {
    let quoted = [format!("'{key}'"), format!("\"{key}\"")];
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let after = quoted.iter().find_map(|key| line.split_once(key.as_str()));
        let Some((_, after)) = after else { continue };
        let after = after.trim_start();
        let value = after.strip_prefix("=>").or_else(|| {
            let after = after.strip_prefix(']')?.trim_start();
            after.strip_prefix('=').filter(|rest| !rest.starts_with('='))
        });
        if let Some(value) = value {
            found.push((first_value(value.trim_start()), at + 1));
        }
    }
    found
}

/// Up to the comma or the semicolon that ends it, outside of brackets and quotes.
fn first_value(text: &str) -> &str {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, letter) in text.char_indices() {
        match (letter, quote) {
            (_, Some(open)) if letter == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) => quote = Some(letter),
            ('(' | '[', None) => depth += 1,
            (')' | ']', None) => depth = depth.saturating_sub(1),
            (',' | ';', None) if depth == 0 => return &text[..at],
            _ => {}
        }
    }
    text
}

/// The name of the connection that a line belongs to: of the last `$db['name']` or
/// `public array $name = [` up to it.
fn connection(text: &str, line: usize, start: &str) -> Option<String> {
    let above: Vec<&str> = text.lines().take(line).collect();
    let opening = above.iter().rev().find(|line| line.trim_start().starts_with(start))?;
    let name = if start == "public " {
        opening.split('$').nth(1)?.split([' ', '=']).next()?
    } else {
        opening.split(['\'', '"']).nth(1)?
    };
    let fits = |one: char| one.is_ascii_alphanumeric() || one == '_';
    (!name.is_empty() && name.len() <= 40 && name.chars().all(fits)).then(|| name.to_owned())
}

/// The text with blanks where comments were, so that lines keep their numbers. In quotes nothing is
/// a comment, and an attribute (`#[`) is none.
fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    let mut quote = None;
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied();
        match (letter, next, quote) {
            ('\\', Some(escaped), Some(_)) => {
                plain.push(letter);
                plain.push(escaped);
                letters.next();
            }
            (_, _, Some(open)) => {
                plain.push(letter);
                if letter == open {
                    quote = None;
                }
            }
            ('"' | '\'', _, None) => {
                plain.push(letter);
                quote = Some(letter);
            }
            ('/', Some('*'), None) => {
                letters.next();
                let mut before = ' ';
                for inside in letters.by_ref() {
                    if inside == '\n' {
                        plain.push('\n');
                    }
                    if before == '*' && inside == '/' {
                        break;
                    }
                    before = inside;
                }
            }
            ('/', Some('/'), None) => line_comment(&mut letters, &mut plain),
            ('#', Some('['), None) => plain.push(letter),
            ('#', _, None) => line_comment(&mut letters, &mut plain),
            _ => plain.push(letter),
        }
    }
    plain
}

fn line_comment(letters: &mut std::iter::Peekable<std::str::Chars>, plain: &mut String) {
    for letter in letters.by_ref() {
        if letter == '\n' {
            plain.push('\n');
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{connection, first_value, values, without_comments};

    #[test]
    fn comments_go_and_lines_stay() {
        let text = "<?php // one 'x'\n/* 'driver' => 'a',\n * 'b' */ $u = 'http://h/#x'; # end\n\
                    #[Attribute]\n$s = \"it's /* no */\";\n";
        assert_eq!(
            without_comments(text),
            "<?php \n\n $u = 'http://h/#x'; \n#[Attribute]\n$s = \"it's /* no */\";\n"
        );
    }

    #[test]
    fn both_ways_to_write_a_setting() {
        let text = "'driver' => 'mysql', 'x' => 1\n$db['default'][\"driver\"] = \"mysqli\";\n\
                    'driver2' => 'no'\nif ($c['driver'] == 'x') {}\n";
        assert_eq!(values(text, "driver"), [("'mysql'", 1), ("\"mysqli\"", 2)]);
        assert_eq!(first_value("env('A', 'b'), 'c'"), "env('A', 'b')");
        assert_eq!(first_value("'a;b';"), "'a;b'");
    }

    #[test]
    fn a_setting_belongs_to_the_connection_above_it() {
        let text = "$databases['default']['default'] = [\n'driver' => 'mysql',\n];\n\
                    $databases['legacy']['default'] = [\n'driver' => 'pgsql',\n];";
        assert_eq!(connection(text, 2, "$databases").as_deref(), Some("default"));
        assert_eq!(connection(text, 5, "$databases").as_deref(), Some("legacy"));
        assert_eq!(connection(text, 1, "$db[").as_deref(), None);
        let text = "public array $tests = [\n'DBDriver' => 'SQLite3',";
        assert_eq!(connection(text, 2, "public ").as_deref(), Some("tests"));
    }
}
