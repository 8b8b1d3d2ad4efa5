//! A file as rules read it: its kind, what it is there for, its text and its lines.

use std::sync::OnceLock;

use crate::application::{Framework, Server};
use crate::project::stack;

/// What is written in a file, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Php,
    Ruby,
    Yaml,
    Dotenv,
    JavaScript,
    Html,
    Shell,
    Dockerfile,
    Compose,
    Procfile,
    /// `.github/workflows`, `.gitlab-ci.yml` and their like.
    Ci,
    /// A systemd unit.
    Unit,
    /// `.htaccess`.
    Htaccess,
    /// `php.ini`, `.user.ini`.
    Ini,
    Json,
    Sql,
    Text,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Php => "PHP",
            Self::Ruby => "Ruby",
            Self::Yaml => "YAML",
            Self::Dotenv => ".env",
            Self::JavaScript => "JavaScript",
            Self::Html => "HTML",
            Self::Shell => "shell",
            Self::Dockerfile => "Dockerfile",
            Self::Compose => "Compose",
            Self::Procfile => "Procfile",
            Self::Ci => "CI",
            Self::Unit => "systemd",
            Self::Htaccess => ".htaccess",
            Self::Ini => "ini",
            Self::Json => "JSON",
            Self::Sql => "SQL",
            Self::Text => "text",
        }
    }

    /// By the path from the tree's root.
    pub(super) fn of(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        let lower = name.to_ascii_lowercase();
        if path.starts_with(".github/workflows/") || CI_FILES.contains(&name) {
            return Self::Ci;
        }
        if lower.starts_with(".env") || lower.ends_with(".env") || lower == "env.example" {
            return Self::Dotenv;
        }
        if lower.starts_with("dockerfile") || lower.ends_with(".dockerfile") {
            return Self::Dockerfile;
        }
        let compose = lower.starts_with("docker-compose") || lower.starts_with("compose.");
        // A sample is read as what it is a sample of.
        let stem =
            SAMPLES.iter().fold(lower.as_str(), |stem, end| stem.strip_suffix(end).unwrap_or(stem));
        let ending = stem.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending {
            _ if lower.starts_with("procfile") => Self::Procfile,
            _ if matches!(name, "Gemfile" | "Rakefile" | "Capfile" | "Guardfile" | "config.ru") => {
                Self::Ruby
            }
            _ if lower == ".htaccess" => Self::Htaccess,
            _ if lower == "artisan" => Self::Php,
            "php" | "phtml" | "inc" | "module" | "install" | "theme" | "profile" | "php5" => {
                Self::Php
            }
            "rb" | "rake" | "ru" | "gemspec" => Self::Ruby,
            "yml" | "yaml" if compose => Self::Compose,
            "yml" | "yaml" => Self::Yaml,
            "js" | "mjs" | "cjs" | "ts" | "jsx" | "tsx" | "vue" | "svelte" => Self::JavaScript,
            "html" | "htm" | "erb" | "twig" | "haml" | "slim" => Self::Html,
            "sh" | "bash" | "zsh" => Self::Shell,
            "service" | "timer" | "socket" => Self::Unit,
            "ini" => Self::Ini,
            "json" => Self::Json,
            "sql" => Self::Sql,
            "mysql" | "postgresql" | "sqlite" if lower.contains(".yml") => Self::Yaml,
            _ => Self::Text,
        }
    }
}

const CI_FILES: [&str; 7] = [
    ".gitlab-ci.yml",
    ".travis.yml",
    "bitbucket-pipelines.yml",
    "azure-pipelines.yml",
    ".drone.yml",
    "Jenkinsfile",
    "appveyor.yml",
];

/// Endings of files that are there to be copied and filled in.
const SAMPLES: [&str; 9] = [
    ".example",
    ".sample",
    ".dist",
    ".template",
    ".tmpl",
    ".default",
    ".in",
    "-example",
    "-sample",
];

/// What a file is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// What is deployed.
    Live,
    /// There to be copied and filled in.
    Sample,
    /// Tests, fixtures, examples, documentation.
    Rehearsal,
    /// Other people's code, and what machines have written.
    Vendored,
}

/// A text file with what rules ask of it, each worked out once.
pub(super) struct File {
    /// From the tree's root; bytes that are no UTF-8 as `\xNN`.
    pub(super) shown: String,
    pub(super) kind: Kind,
    pub(super) scope: Scope,
    /// The path from the root of the application that it belongs to.
    pub(super) inner: String,
    /// That application's framework; none for a file that belongs to no application.
    pub(super) framework: Option<Framework>,
    /// The only server that this application's configuration names, if it names one.
    pub(super) server: Option<Server>,
    /// The server that its path says it is for, if there is such a file for another one.
    pub(super) only_for: Option<Server>,
    pub(super) text: String,
    starts: OnceLock<Vec<usize>>,
}

impl File {
    pub(super) fn new(place: Placed, text: String) -> Self {
        let Placed { shown, kind, scope, inner, framework, server } = place;
        let (only_for, starts) = (None, OnceLock::new());
        Self { shown, kind, scope, inner, framework, server, only_for, text, starts }
    }

    /// One of several files that are for a server each.
    pub(super) fn of_one_server(self, only_for: Option<Server>) -> Self {
        Self { only_for, ..self }
    }

    /// After the last `/`.
    pub(super) fn name(&self) -> &str {
        self.shown.rsplit('/').next().unwrap_or(&self.shown)
    }

    fn starts(&self) -> &[usize] {
        self.starts.get_or_init(|| {
            let ends = memchr::memchr_iter(b'\n', self.text.as_bytes()).map(|at| at + 1);
            std::iter::once(0).chain(ends).collect()
        })
    }

    /// The line of a byte, the first being 1.
    pub(super) fn line_of(&self, at: usize) -> usize {
        self.starts().partition_point(|start| *start <= at).max(1)
    }

    /// Where a line begins.
    pub(super) fn start_of(&self, line: usize) -> usize {
        self.starts().get(line.saturating_sub(1)).copied().unwrap_or(self.text.len())
    }

    /// A line's text without its end.
    pub(super) fn line(&self, line: usize) -> &str {
        let (start, end) = (self.start_of(line), self.start_of(line + 1));
        self.text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }

    /// Each line with the byte it begins at.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut at = 0;
        self.text.split_inclusive('\n').map(move |line| {
            let start = at;
            at += line.len();
            (start, line.trim_end_matches(['\n', '\r']))
        })
    }

    /// Each line that is no comment as a whole, where `#`, `//`, `;` or `*` begin one.
    pub(super) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().filter(|(_, line)| {
            let line = line.trim_start();
            !line.is_empty()
                && !["#", "//", ";", "*", "/*", "<!--"].iter().any(|mark| line.starts_with(mark))
        })
    }
}

/// A path and what it tells, before anything is read.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) shown: String,
    pub(super) kind: Kind,
    pub(super) scope: Scope,
    pub(super) inner: String,
    pub(super) framework: Option<Framework>,
    pub(super) server: Option<Server>,
}

/// Names of servers as files have them, the longest of each first.
const SERVERS: [(&str, Server); 7] = [
    ("mysql", Server::Mysql),
    ("mariadb", Server::Mysql),
    ("postgresql", Server::Postgresql),
    ("postgres", Server::Postgresql),
    ("pgsql", Server::Postgresql),
    ("sqlite3", Server::Sqlite),
    ("sqlite", Server::Sqlite),
];

/// The server that a path names, and the paths that would be its counterparts for others:
/// `Schema/Postgres.php` of `Schema/Mysql.php`.
pub(super) fn counterparts(path: &str) -> Option<(Server, Vec<String>)> {
    let lower = path.to_ascii_lowercase();
    let (at, word, server) = SERVERS
        .iter()
        .find_map(|(word, server)| lower.rfind(word).map(|at| (at, *word, *server)))?;
    let (before, after) = (&path[..at], &path[at + word.len()..]);
    let capital = path[at..].starts_with(|letter: char| letter.is_ascii_uppercase());
    let others = SERVERS.iter().filter(|(_, other)| *other != server);
    let paths = others.flat_map(|(other, _)| {
        let mut spelled = vec![(*other).to_owned()];
        if capital {
            spelled = [
                "Postgres",
                "PostgreSQL",
                "PostgreSql",
                "PgSQL",
                "Pgsql",
                "MySQL",
                "MySql",
                "Mysql",
                "SQLite",
                "Sqlite",
            ]
            .iter()
            .filter(|spelling| spelling.eq_ignore_ascii_case(other))
            .map(|spelling| (*spelling).to_owned())
            .collect();
        }
        spelled.into_iter().map(|spelling| format!("{before}{spelling}{after}"))
    });
    Some((server, paths.collect()))
}

/// What a path is there for, whichever application it belongs to.
pub(super) fn scope(path: &str, inner: &str, framework: Option<Framework>) -> Scope {
    let name = path.rsplit('/').next().unwrap_or(path);
    let lower = name.to_ascii_lowercase();
    if stack::is_vendored(path.as_bytes()) || is_core(inner, framework) || is_made(&lower, inner) {
        return Scope::Vendored;
    }
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    let test = [
        "_test.rb", "_spec.rb", "Test.php", "Cest.php", ".test.js", ".spec.js", ".test.ts",
        ".spec.ts",
    ];
    let words = folders.split('/').any(|part| DOCUMENTS.contains(&part));
    let prose = [".md", ".markdown", ".rst", ".txt", ".adoc", ".textile", ".po", ".pot"];
    if stack::rehearsal(folders.as_bytes()).is_some()
        || words
        || test.iter().any(|end| name.ends_with(end))
        || prose.iter().any(|end| lower.ends_with(end))
    {
        return Scope::Rehearsal;
    }
    let sample = ["example", "sample", ".dist", "template", "default.settings", "skeleton"];
    // `database.yml.mysql`: one of several to choose from.
    let chosen = [".yml.", ".yaml.", ".php."].iter().any(|part| lower.contains(part));
    if chosen || sample.iter().any(|word| lower.contains(word)) {
        return Scope::Sample;
    }
    Scope::Live
}

const DOCUMENTS: [&str; 6] = ["docs", "doc", "documentation", "stubs", "demo", "demos"];

/// The framework's own code.
fn is_core(inner: &str, framework: Option<Framework>) -> bool {
    let cores: &[&str] = match framework {
        Some(Framework::Wordpress | Framework::Bedrock) => {
            &["wp-admin/", "wp-includes/", "web/wp/", "wp/wp-"]
        }
        Some(Framework::Drupal) => &[
            "core/",
            "web/core/",
            "docroot/core/",
            "includes/",
            "misc/",
            "web/modules/contrib/",
            "docroot/modules/contrib/",
        ],
        Some(Framework::CodeIgniter) => &["system/"],
        _ => &[],
    };
    // What an application adds to Drupal lies beside what Drupal 6 and 7 have.
    let is_module = framework == Some(Framework::Drupal)
        && inner.starts_with("modules/")
        && !inner.starts_with("modules/custom/");
    is_module || cores.iter().any(|core| inner.starts_with(core))
}

/// What a machine has written.
fn is_made(lower: &str, inner: &str) -> bool {
    let ends =
        [".min.js", ".min.css", ".map", ".lock", "-lock.json", "-lock.yaml", ".bundle.js", ".svg"];
    let folders = ["public/build/", "public/assets/", "public/packs/", "_site/", "dist/", "build/"];
    ends.iter().any(|end| lower.ends_with(end))
        || matches!(lower, "npm-shrinkwrap.json" | "bun.lockb")
        || folders.iter().any(|folder| inner.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Scope, counterparts, scope};
    use crate::application::Framework;

    #[test]
    fn kinds_are_told_by_names() {
        for (path, kind) in [
            ("app/models/user.rb", Kind::Ruby),
            ("Gemfile", Kind::Ruby),
            ("config/database.yml.mysql", Kind::Yaml),
            ("config/database.yml.example", Kind::Yaml),
            ("wp-config-sample.php", Kind::Php),
            (".env.production", Kind::Dotenv),
            ("docker/.env", Kind::Dotenv),
            ("docker-compose.prod.yml", Kind::Compose),
            (".github/workflows/ci.yml", Kind::Ci),
            ("Dockerfile.web", Kind::Dockerfile),
            ("sites/all/modules/x/x.module", Kind::Php),
            ("README.md", Kind::Text),
        ] {
            assert_eq!(Kind::of(path), kind, "{path}");
        }
    }

    #[test]
    fn files_for_several_servers_are_known_by_their_names() {
        let has = |path: &str, other: &str| {
            counterparts(path).is_some_and(|(_, paths)| paths.iter().any(|path| path == other))
        };
        assert!(has("app/Schema/Mysql.php", "app/Schema/Postgres.php"));
        assert!(has("db/sqlite/schema.rb", "db/mysql/schema.rb"));
        assert!(has("src/PostgreSQLPlatform.php", "src/MySQLPlatform.php"));
        assert!(counterparts("app/Schema.php").is_none());
    }

    #[test]
    fn what_a_file_is_there_for_is_told_by_its_path() {
        for (path, framework, wanted) in [
            ("app/x.php", None, Scope::Live),
            ("vendor/a/b.php", None, Scope::Vendored),
            ("spec/models/x.rb", None, Scope::Rehearsal),
            ("docs/x.php", None, Scope::Rehearsal),
            (".env.example", None, Scope::Sample),
            ("wp-includes/x.php", Some(Framework::Wordpress), Scope::Vendored),
            ("wp-includes/x.php", None, Scope::Live),
            ("js/app.min.js", None, Scope::Vendored),
            ("composer.lock", None, Scope::Vendored),
        ] {
            assert_eq!(scope(path, path, framework), wanted, "{path}");
        }
    }
}
