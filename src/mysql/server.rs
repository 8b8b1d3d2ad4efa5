//! Which server the source is, what it is set to, and what our account may do there.

use super::error::Error;
use super::privilege::{MissingPrivilege, Naming, Need, Patterns, Privilege, Privileges};
use super::quote;
use super::schema::NameCase;
use super::wire::Connection;
use crate::name::mysql_quoted;

/// The two families of servers. Percona Server and the clouds' variants count as what they grew from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    MySql,
    MariaDb,
}

/// Major, minor and patch number.
pub(crate) type Version = (u16, u16, u16);

/// Facts about the source's server. It judges nothing, but for [`Server::missing_privileges`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) flavour: Flavour,
    pub(crate) version: Version,
    /// As `VERSION()` prints it.
    pub(crate) version_text: String,
    /// `CURRENT_USER()`: the account that matched, `user@host`.
    pub(crate) account: String,
    pub(crate) name_case: NameCase,
    pub(crate) binary_log: BinaryLog,
    pub(crate) max_connections: u64,
    /// Connections that were open when we asked, ours included.
    pub(crate) open_connections: u64,
    /// `read_only` or `super_read_only`: a replica, most of the time.
    pub(crate) read_only: bool,
    pub(crate) privileges: Privileges,
}

/// The server's binary log, by its variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BinaryLog {
    /// `log_bin`.
    pub(crate) enabled: bool,
    /// `binlog_format`: `ROW`, `MIXED`, `STATEMENT`.
    pub(crate) format: String,
    /// `binlog_row_image`: `FULL`, `MINIMAL`, `NOBLOB`.
    pub(crate) row_image: String,
    /// `MySQL`'s `gtid_mode`; `MariaDB` always has GTIDs, and no such variable.
    pub(crate) gtid_mode: Option<String>,
    pub(crate) coverage: Coverage,
}

/// Whether every commit that others can see goes through the binary log, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coverage {
    Complete,
    /// Nothing speaks against it, but our account may not ask for the log's filters.
    Unknown,
    /// It does not, and why.
    Partial(&'static str),
}

impl Server {
    pub(crate) async fn read(connection: &mut Connection) -> Result<Self, Error> {
        let rows = connection.rows("SELECT VERSION(), @@version_comment, CURRENT_USER()").await?;
        let row = rows.first().ok_or(missing("VERSION()"))?;
        let version_text = row.required(0)?.to_owned();
        let is_mariadb = version_text.contains("MariaDB") || row.required(1)?.contains("MariaDB");
        let account = row.required(2)?.to_owned();
        let variables = Variables::read(connection).await?;
        let name_case = variables.name_case();
        let literal = variables.is_on("partial_revokes");
        let patterns = if literal { Patterns::Literal } else { Patterns::Wildcards };
        let naming = Naming { patterns, name_case };
        let flavour = if is_mariadb { Flavour::MariaDb } else { Flavour::MySql };
        let mut server = Self {
            flavour,
            version: parse_version(&version_text),
            version_text,
            account,
            name_case,
            binary_log: variables.binary_log(flavour),
            max_connections: variables.number("max_connections"),
            open_connections: variables.number("Threads_connected"),
            read_only: variables.is_on("read_only") || variables.is_on("super_read_only"),
            privileges: read_privileges(connection, naming).await?,
        };
        server.look_for_filters(connection).await?;
        Ok(server)
    }

    /// Databases may be kept out of the binary log; only its status says so.
    async fn look_for_filters(&mut self, connection: &mut Connection) -> Result<(), Error> {
        if self.binary_log.coverage != Coverage::Unknown || !self.may_read_position() {
            return Ok(());
        }
        for row in connection.rows(self.binary_log_status()).await? {
            let filtered =
                [2, 3].into_iter().any(|at| row.text(at).is_some_and(|is| !is.is_empty()));
            self.binary_log.coverage = if filtered {
                Coverage::Partial("it leaves databases out (binlog_do_db, binlog_ignore_db)")
            } else {
                Coverage::Complete
            };
        }
        Ok(())
    }

    /// The statement that gives the binary log's position; `MySQL` 8.4 no longer knows the old name.
    pub(crate) fn binary_log_status(&self) -> &'static str {
        if self.is_mysql((8, 2, 0)) { "SHOW BINARY LOG STATUS" } else { "SHOW MASTER STATUS" }
    }

    /// An estimate: others come and go.
    pub(crate) fn free_connections(&self) -> u64 {
        self.max_connections.saturating_sub(self.open_connections)
    }

    pub(crate) fn is_mariadb(&self, since: Version) -> bool {
        self.flavour == Flavour::MariaDb && self.version >= since
    }

    pub(crate) fn is_mysql(&self, since: Version) -> bool {
        self.flavour == Flavour::MySql && self.version >= since
    }

    /// `BACKUP STAGE`, which `MariaDB` has had since 10.4.1 and which we trust from 10.5 on.
    pub(crate) fn has_backup_stage(&self) -> bool {
        self.is_mariadb((10, 5, 0))
    }

    /// `LOCK INSTANCE FOR BACKUP`.
    pub(crate) fn has_backup_lock(&self) -> bool {
        self.is_mysql((8, 0, 0))
    }

    /// Whether the account may take the global read lock or the backup stages.
    pub(crate) fn may_lock_globally(&self) -> bool {
        let held = &self.privileges;
        held.global(Privilege::Reload)
            || (self.flavour == Flavour::MySql && held.global(Privilege::FlushTables))
    }

    /// Whether the account may read the binary log's position.
    pub(crate) fn may_read_position(&self) -> bool {
        let held = &self.privileges;
        held.global(Privilege::ReplicationClient)
            || (held.global(Privilege::Super) && !self.is_mariadb((10, 5, 2)))
    }

    /// Whether the account may hold DDL off while others write.
    pub(crate) fn may_lock_instance(&self) -> bool {
        self.has_backup_lock() && self.privileges.global(Privilege::BackupAdmin)
    }

    /// What the account lacks to move `database`, each with the GRANT that mends it.
    pub(crate) fn missing_privileges(&self, databases: &[String]) -> Vec<MissingPrivilege> {
        let needs = databases.iter().flat_map(|name| DATABASE_NEEDS.map(|need| (name, need)));
        let mut missing: Vec<_> = needs
            .filter(|(name, (privilege, ..))| !self.privileges.on_database(*privilege, name))
            .map(|(name, (privilege, need, why))| self.missing_on(name, (privilege, need), why))
            .collect();
        missing.extend(self.missing_globally());
        missing
    }

    fn missing_globally(&self) -> Vec<MissingPrivilege> {
        let mut missing = Vec::new();
        let mut want = |privilege, need, why| {
            missing.push(self.missing(privilege, need, why, "*.*"));
        };
        if self.has_backup_lock() && !self.may_lock_instance() {
            let why = "tables could be altered while they are copied";
            want(Privilege::BackupAdmin, Need::Wanted, why);
        }
        if self.binary_log.enabled && !self.may_read_position() {
            let monitor = self.is_mariadb((10, 5, 2));
            let privilege =
                if monitor { Privilege::BinlogMonitor } else { Privilege::ReplicationClient };
            let why = "the snapshot's place in the binary log cannot be told, nor whether databases \
                       are left out of it";
            want(privilege, Need::Wanted, why);
        }
        missing
    }

    /// The GRANT of a privilege on a database.
    pub(crate) fn missing_on(
        &self,
        database: &str,
        (privilege, need): (Privilege, Need),
        why: &'static str,
    ) -> MissingPrivilege {
        let pattern = mysql_quoted(&self.privileges.database_pattern(database));
        self.missing(privilege, need, why, &format!("{pattern}.*"))
    }

    /// The GRANT of a privilege in a scope, such as `*.*`.
    pub(crate) fn missing(
        &self,
        privilege: Privilege,
        need: Need,
        why: &'static str,
        scope: &str,
    ) -> MissingPrivilege {
        let account = quote::account(&self.account);
        let grant_sql = format!("GRANT {} ON {scope} TO {account};", privilege.word());
        MissingPrivilege { privilege, need, why, grant_sql }
    }
}

/// What must be held on the database itself.
const DATABASE_NEEDS: [(Privilege, Need, &str); 5] = [
    (Privilege::Select, Need::Required, "tables that it does not cover are invisible to us"),
    (Privilege::ShowView, Need::Wanted, "the definitions of views cannot be read"),
    (Privilege::Trigger, Need::Wanted, "triggers are invisible to us, and would go unmentioned"),
    (Privilege::Event, Need::Wanted, "events are invisible to us, and would go unmentioned"),
    (
        Privilege::Execute,
        Need::Wanted,
        "procedures and functions are invisible to us, and would go unmentioned",
    ),
];

/// `10.11.19-MariaDB-0+deb12u1-log` → (10, 11, 19). What is no number counts as 0.
pub(super) fn parse_version(text: &str) -> Version {
    let mut numbers = text
        .split(|letter: char| !letter.is_ascii_digit())
        .take(3)
        .map(|number| number.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next())
}

fn missing(column: &str) -> Error {
    Error::Value { column: column.to_owned(), problem: "missing" }
}

/// `SHOW GRANTS` holds the hash of the password: it is read here and kept nowhere.
async fn read_privileges(connection: &mut Connection, naming: Naming) -> Result<Privileges, Error> {
    let rows = connection.rows("SHOW GRANTS").await?;
    let lines = rows.iter().map(|row| row.required(0)).collect::<Result<Vec<_>, _>>()?;
    Ok(Privileges::parse(lines, naming))
}

/// The server's variables and status by name; asking for all of them at once needs no knowledge of
/// which server has which.
struct Variables(Vec<(String, String)>);

impl Variables {
    async fn read(connection: &mut Connection) -> Result<Self, Error> {
        let mut found = Vec::new();
        for statement in [
            "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('lower_case_table_names', 'log_bin', \
             'binlog_format', 'binlog_row_image', 'gtid_mode', 'max_connections', 'read_only', \
             'super_read_only', 'partial_revokes', 'log_slave_updates', 'wsrep_on')",
            "SHOW GLOBAL STATUS WHERE Variable_name IN ('Threads_connected', 'Slaves_running', \
             'Com_xa_prepare', 'Com_xa_commit')",
        ] {
            for row in connection.rows(statement).await? {
                found.push((row.required(0)?.to_owned(), row.required(1)?.to_owned()));
            }
        }
        Ok(Self(found))
    }

    fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// `MariaDB` 12 has other words than ON for `read_only`; all but these mean that it is on.
    fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !["OFF", "0", ""].contains(&value))
    }

    fn number(&self, name: &str) -> u64 {
        self.get(name).and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    fn name_case(&self) -> NameCase {
        match self.number("lower_case_table_names") {
            1 => NameCase::Lowered,
            2 => NameCase::Insensitive,
            _ => NameCase::Sensitive,
        }
    }

    /// The engine commits a prepared transaction after the log has it, which opens a gap between
    /// the two; what a replica of `MariaDB` applies may not be logged at all.
    fn coverage(&self, flavour: Flavour) -> Coverage {
        let applies = self.number("Slaves_running") > 0 || self.is_on("wsrep_on");
        if self.number("Com_xa_prepare") + self.number("Com_xa_commit") > 0 {
            Coverage::Partial("the server has XA transactions, which the log knows too early")
        } else if flavour == Flavour::MariaDb && applies && !self.is_on("log_slave_updates") {
            Coverage::Partial("what is replicated is not written to it (log_slave_updates is OFF)")
        } else {
            Coverage::Unknown
        }
    }

    fn binary_log(&self, flavour: Flavour) -> BinaryLog {
        let word = |name| self.get(name).unwrap_or_default().to_ascii_uppercase();
        BinaryLog {
            enabled: self.is_on("log_bin"),
            format: word("binlog_format"),
            row_image: word("binlog_row_image"),
            gtid_mode: self.get("gtid_mode").map(str::to_ascii_uppercase),
            coverage: self.coverage(flavour),
        }
    }
}

#[cfg(test)]
mod tests;
