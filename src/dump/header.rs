//! What the tool that wrote a dump says of itself and of its server, in comments and SETs.

use super::index::{Pass, shown, starts_with_word};
use super::remark::Remark;
use crate::mysql::server::Flavour;

impl Pass<'_> {
    /// What mysqldump says of itself.
    pub(super) fn comment(&mut self, text: &[u8], at: u64) {
        let text = String::from_utf8_lossy(text);
        if text.contains("999999\\-") {
            self.index.by_tool = true;
            self.index.flavour.get_or_insert(Flavour::MariaDb);
        }
        let text = text.trim_start_matches('-').trim();
        if text.contains("dump") && text.contains("Distrib") {
            // MySQL Shell's files have this header, and no last line.
            if !text.starts_with("MySQLShell")
                && let Some(lacks) = self.ending.header()
            {
                self.lacks(lacks, at);
            }
            self.index.by_tool = true;
            let mariadb = text.contains("MariaDB");
            self.index.flavour.get_or_insert(if mariadb {
                Flavour::MariaDb
            } else {
                Flavour::MySql
            });
        } else if let Some(version) = text.strip_prefix("Server version") {
            // phpMyAdmin has a colon there.
            let version = version.trim_start_matches(':').trim();
            self.index.version = Some(version.to_owned());
            if version.contains("MariaDB") {
                self.index.flavour = Some(Flavour::MariaDb);
            }
        } else if let Some((_, database)) = text.split_once("Database: ") {
            if text.starts_with("Host:") && !database.trim().is_empty() && !database.contains(' ') {
                database.trim().clone_into(&mut self.database);
            }
        } else if text.starts_with("Dumping data for table") {
            self.index.with_rows = true;
        } else if let Some(condition) = text.strip_prefix("WHERE:") {
            let (path, condition) = (self.file.1.path.clone(), shown(condition.trim().as_bytes()));
            let partial = Remark::Partial { path, condition };
            if !self.index.remarks.contains(&partial) {
                self.index.remarks.push(partial);
            }
        } else if text.starts_with("Dump completed") {
            self.ending.footer();
        } else if text.starts_with("CHANGE MASTER TO") || text.starts_with("CHANGE REPLICATION") {
            self.index.position = Some(shown(text.as_bytes()));
        }
    }

    /// `@@GLOBAL.GTID_PURGED='…'`, which is where it was taken.
    pub(super) fn position(&mut self, set: &[u8]) {
        let text = String::from_utf8_lossy(set);
        if let Some((_, gtids)) = text.split_once("GTID_PURGED=") {
            self.index.position = gtids.split('\'').nth_back(1).map(|set| set.replace('\n', ""));
        }
    }

    /// What Percona's mysqldump asks of its server's engines.
    pub(super) fn prepares_nothing(&mut self, text: &[u8]) -> bool {
        if starts_with_word(text, b"PREPARE") {
            let text = text.to_ascii_lowercase();
            self.bulk_load = memchr::memmem::find(&text, b"rocksdb").is_some()
                || memchr::memmem::find(&text, b"_bulk_load").is_some();
        }
        self.bulk_load
    }

    pub(super) fn lacks(&mut self, lacks: &str, at: u64) {
        let what = format!("{lacks} before byte {at}, where another dump begins");
        let path = self.file.1.path.clone();
        self.index.remarks.push(Remark::Lacks { path, what });
    }
}
