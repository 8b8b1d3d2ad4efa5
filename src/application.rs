//! What a tree of files turns out to be: applications, what they are made of, and why we say so.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// What was found in a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Detected {
    /// The commit that was read, in hexadecimal; absent if a folder was read as it lies on disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) commit: Option<String>,
    /// How many files, links and submodules there are.
    pub(crate) files: usize,
    /// By their roots.
    pub(crate) applications: Vec<Application>,
    /// What is no application of its own, by its roots.
    pub(crate) components: Vec<Component>,
}

/// One thing that runs or is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Application {
    /// Its folder from the tree's root, `.` if it is that root; bytes that are no UTF-8 as `\xNN`.
    pub(crate) root: String,
    /// The same as it stands in the tree; empty if it is that root.
    #[serde(skip)]
    pub(crate) folder: Vec<u8>,
    pub(crate) framework: Framework,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<Version>,
    pub(crate) confidence: Confidence,
    /// The folder that a web server serves, from the tree's root; it need not exist yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) document_root: Option<String>,
    pub(crate) languages: Vec<Language>,
    pub(crate) package_managers: Vec<PackageManager>,
    /// What its configuration names.
    pub(crate) databases: Vec<Database>,
    /// What it has installed, or its CI starts, to speak to databases.
    pub(crate) drivers: Vec<Driver>,
    pub(crate) processes: Vec<Process>,
    /// Why it is what it is; each part above has its own.
    pub(crate) evidence: Vec<Evidence>,
}

/// The kinds of applications that we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Framework {
    Rails,
    Bedrock,
    Wordpress,
    Drupal,
    Lumen,
    Laravel,
    Symfony,
    CodeIgniter,
    Php,
    Jekyll,
    Hugo,
    Eleventy,
    Mkdocs,
    Docusaurus,
    /// An application that runs in the browser, as sources or built.
    SinglePage,
    Static,
}

impl Framework {
    /// As its makers write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rails => "Rails",
            Self::Bedrock => "WordPress (Bedrock)",
            Self::Wordpress => "WordPress",
            Self::Drupal => "Drupal",
            Self::Lumen => "Lumen",
            Self::Laravel => "Laravel",
            Self::Symfony => "Symfony",
            Self::CodeIgniter => "CodeIgniter",
            Self::Php => "PHP without a framework",
            Self::Jekyll => "Jekyll",
            Self::Hugo => "Hugo",
            Self::Eleventy => "Eleventy",
            Self::Mkdocs => "MkDocs",
            Self::Docusaurus => "Docusaurus",
            Self::SinglePage => "single-page application",
            Self::Static => "static files",
        }
    }

    /// Whether it has code that runs on a server.
    pub(crate) fn is_server(self) -> bool {
        self <= Self::Php
    }
}

/// How sure we are; the rule that fired decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Confidence {
    /// Something that only such an application has.
    Certain,
    /// Something that such applications have, and few others.
    Likely,
    /// Nothing speaks for anything else.
    Possible,
}

/// A version, and how exact it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Version {
    pub(crate) value: String,
    /// True for what is installed or locked; false for what is allowed, such as `^11.0`.
    pub(crate) exact: bool,
    pub(crate) evidence: Evidence,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Language {
    pub(crate) name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<Version>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct PackageManager {
    pub(crate) name: &'static str,
    pub(crate) evidence: Evidence,
}

/// The kinds of database servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Server {
    /// MariaDB too.
    Mysql,
    Postgresql,
    Sqlite,
    /// Microsoft SQL Server.
    Mssql,
    Oracle,
    Mongodb,
    /// None that we know, or the word is not in the files.
    Unknown,
}

impl Server {
    /// What an adapter, a driver, a gem or the scheme of a URL speaks to.
    pub(crate) fn of(adapter: &str) -> Self {
        let adapter = adapter.to_ascii_lowercase();
        let words: [(&[&str], Self); 6] = [
            (&["mysql", "mariadb", "trilogy", "mysqli"], Self::Mysql),
            (&["postg", "pgsql", "pg"], Self::Postgresql),
            (&["sqlite"], Self::Sqlite),
            (&["sqlsrv", "sqlserver", "mssql", "dblib"], Self::Mssql),
            (&["oracle", "oci"], Self::Oracle),
            (&["mongo"], Self::Mongodb),
        ];
        let known = words.iter().find(|(words, _)| words.iter().any(|word| adapter.contains(word)));
        known.map_or(Self::Unknown, |(_, server)| *server)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mysql => "MySQL",
            Self::Postgresql => "PostgreSQL",
            Self::Sqlite => "SQLite",
            Self::Mssql => "SQL Server",
            Self::Oracle => "Oracle",
            Self::Mongodb => "MongoDB",
            Self::Unknown => "unknown",
        }
    }
}

/// A database that the configuration names, for one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Database {
    /// `production`, or `default` where the configuration is the same for all.
    pub(crate) environment: String,
    /// Which of several, such as `primary` or `cache`; of a file that is there to be copied, what
    /// it is called: `mysql` of `database.yml.mysql`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connection: Option<String>,
    pub(crate) server: Server,
    /// The application's own word, such as `mysql2`; absent if only a variable has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) adapter: Option<String>,
    /// The environment variable that overrides it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) variable: Option<String>,
    pub(crate) evidence: Evidence,
}

/// Something that can speak to a database, such as a gem or an extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Driver {
    pub(crate) name: String,
    pub(crate) server: Server,
    pub(crate) evidence: Evidence,
}

/// Something that runs beside or behind the web server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Process {
    pub(crate) name: String,
    /// How it is started; values that could be secret are left out as `…`.
    pub(crate) command: String,
    pub(crate) evidence: Evidence,
}

/// A part of a tree that is no application of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(crate) struct Component {
    /// Its folder from the tree's root, `.` if it is that root.
    pub(crate) root: String,
    pub(crate) kind: ComponentKind,
    /// Why it is no application, as a sentence.
    pub(crate) reason: String,
    pub(crate) evidence: Evidence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ComponentKind {
    /// A whole application that exists for tests, or as an example.
    TestApplication,
    /// What others install: a gem, a bundle, a package.
    Library,
    Plugin,
    Theme,
    Module,
    /// Sources of pages that belong to the application above them.
    Frontend,
    Documentation,
    /// Another repository's commit, whose files are not here.
    Submodule,
}

impl ComponentKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TestApplication => "test application",
            Self::Library => "library",
            Self::Plugin => "plugin",
            Self::Theme => "theme",
            Self::Module => "module",
            Self::Frontend => "frontend",
            Self::Documentation => "documentation",
            Self::Submodule => "submodule",
        }
    }
}

/// Why something is said: where it stands, and the rule that reads it so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(crate) struct Evidence {
    /// From the tree's root; bytes that are no UTF-8 as `\xNN`.
    pub(crate) path: String,
    /// The first line being 1; absent if the file's being there is the evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u32>,
    /// A word that stays the same, such as `rails-application`.
    pub(crate) rule: &'static str,
    pub(crate) what: String,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.path),
            None => f.write_str(&self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Server;

    #[test]
    fn adapters_of_all_frameworks_are_known() {
        for (word, server) in [
            ("mysql2", Server::Mysql),
            ("trilogy", Server::Mysql),
            ("jdbcmysql", Server::Mysql),
            ("MySQLi", Server::Mysql),
            ("mysqli", Server::Mysql),
            ("pdo_mysql", Server::Mysql),
            ("mariadb", Server::Mysql),
            ("mysql2_makara", Server::Mysql),
            ("postgis", Server::Postgresql),
            ("Postgre", Server::Postgresql),
            ("pdo_pgsql", Server::Postgresql),
            ("pg", Server::Postgresql),
            ("sqlite3", Server::Sqlite),
            ("sqlsrv", Server::Mssql),
            ("oci8", Server::Oracle),
            ("mongodb", Server::Mongodb),
            ("pick_one", Server::Unknown),
        ] {
            assert_eq!(Server::of(word), server, "{word}");
        }
    }
}
