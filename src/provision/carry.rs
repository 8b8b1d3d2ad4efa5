//! Users and grants of a database, carried from `MySQL` to `PostgreSQL`, and what has no equal there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::error::Error;
use super::passwords::Keeper;
use super::plan::Excess;
use super::postgres::{Access, DatabaseWish, PartWish, RoleWish, Wish};
use super::run::{Job, Mode, Run, Want};
use super::server::{End, MySqlEnd};
use super::wanted::PasswordSource;
use crate::environment::Environment;
use crate::event::Events;
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::mysql::connect::Options as MySqlOptions;
use crate::mysql::grants::read::{Present, accounts};
use crate::mysql::grants::{Account, GRANT_OPTION, Privileges, Scope, reaches};
use crate::postgres::grants::TablePart;
use crate::report::Report;
use crate::shutdown::Shutdown;

#[derive(Clone, Debug)]
pub(crate) struct CarryRequest {
    pub(crate) source: String,
    pub(crate) target: String,
    /// The schema of the target that the tables are in.
    pub(crate) schema: String,
    /// Where new passwords go, a file each; without one nobody can log in yet.
    pub(crate) secrets: Option<PathBuf>,
    pub(crate) environment: Environment,
    pub(crate) connect_timeout: Duration,
    pub(crate) mode: Mode,
}

pub(crate) async fn carry(request: CarryRequest, _events: Events, shutdown: Shutdown) -> Report {
    let mut run = Run::new(request.mode, shutdown);
    let ended = Box::pin(work(&request, &mut run)).await;
    run.end(ended)
}

async fn work(request: &CarryRequest, run: &mut Run) -> Result<(), Error> {
    let folder = request.secrets.clone().unwrap_or_default();
    let mut keeper = Keeper::new(&request.environment, &folder);
    let timeout = request.connect_timeout;
    let options = MySqlOptions::from_url(&request.source, keeper.environment, timeout)?;
    let database = options.database.clone().unwrap_or_default();
    let source = MySqlEnd { name: "source".to_owned(), options: Box::new(options) };
    run.report.source = Some(source.options.address());
    let target = End::reach("target", &request.target, &keeper, timeout)?;
    let End::Postgres(end) = &target else {
        return Err(Error::wanted("TARGET", "it must be a postgres:// URL"));
    };
    let mut connection = source.open().await?;
    let people = accounts(&mut connection, None).await?;
    let present = Present::read(&mut connection, &people).await?;
    connection.close().await;
    let place = (end.options.database().to_owned(), request.schema.clone());
    let (mut wish, mut findings) = carried(&present, &database, place);
    for role in wish.roles.iter_mut().filter(|role| role.can_log_in) {
        if request.secrets.is_some() {
            let generate = Some(file(&role.name)?);
            let source = PasswordSource { generate, ..PasswordSource::default() };
            role.password = Some(keeper.find(&source, &format!("role {}", role.name))?);
        }
    }
    run.report.findings.append(&mut findings);
    run.report.findings.append(&mut keeper.findings);
    let want = Want::Postgres(Box::new(wish));
    run.all(vec![Job { end: target, want, excess: Excess::Ignore, expiry: None }]).await
}

/// A role's name is any text; a file's is not.
fn file(role: &str) -> Result<String, Error> {
    if role.contains('/') || role.starts_with('.') {
        let problem = "a file of that name would leave the folder of --secrets";
        return Err(Error::wanted(format!("role '{role}'"), problem));
    }
    Ok(role.to_owned())
}

/// Accounts of the server itself, which are nobody's.
const OWN: [&str; 6] =
    ["mysql.sys", "mysql.session", "mysql.infoschema", "mariadb.sys", "root", "PUBLIC"];

/// What reaches the database, in the other server's terms.
pub(super) fn carried(
    present: &Present,
    database: &str,
    (target, schema): (String, String),
) -> (Wish, Vec<Finding>) {
    let mut carrier = Carrier {
        database,
        schema: schema.clone(),
        wish: DatabaseWish { name: target, schemas: vec![schema], ..DatabaseWish::default() },
        roles: BTreeMap::new(),
        findings: Vec::new(),
    };
    for (account, held) in &present.accounts {
        if OWN.contains(&account.user.as_str()) || account.user.is_empty() {
            continue;
        }
        let rows: Vec<(&Scope, &Privileges)> = held
            .grants
            .rows
            .iter()
            .filter(|(scope, _)| concerns(scope, database, present))
            .collect();
        if rows.iter().all(|(scope, _)| **scope == Scope::Global) {
            if reads_all(&rows) {
                let message = "it is an administrator's, with grants on the whole server only: it is \
                               not carried";
                carrier.lost(account, message);
            }
            continue;
        }
        carrier.account(account);
        for (scope, privileges) in rows {
            carrier.row(account, scope, privileges);
        }
        for role in &held.grants.roles {
            let message =
                format!("it is in role {role}: GRANT the role to it, if it is carried too");
            carrier.lost(account, message);
        }
    }
    carrier.done()
}

fn reads_all(rows: &[(&Scope, &Privileges)]) -> bool {
    rows.iter().any(|(_, privileges)| {
        privileges.names().any(|name| ["SELECT", "ALL PRIVILEGES"].contains(&name))
    })
}

fn concerns(scope: &Scope, database: &str, present: &Present) -> bool {
    match scope {
        Scope::Global => true,
        Scope::Database(stored) => reaches(stored, database, present.patterns),
        Scope::Table { database: of, .. } | Scope::Routine { database: of, .. } => of == database,
        Scope::Proxy(_) => false,
    }
}

struct Carrier<'a> {
    database: &'a str,
    schema: String,
    wish: DatabaseWish,
    /// The accounts that became one role.
    roles: BTreeMap<String, Vec<Account>>,
    findings: Vec<Finding>,
}

impl Carrier<'_> {
    fn account(&mut self, account: &Account) {
        self.roles.entry(account.user.clone()).or_default().push(account.clone());
    }

    fn lost(&mut self, account: &Account, message: impl Into<String>) {
        let place = Place::object(PlaceKind::Account, account.to_string());
        self.findings.push(Finding::warning(Code::NoEqual, place, message));
    }

    fn row(&mut self, account: &Account, scope: &Scope, privileges: &Privileges) {
        match scope {
            Scope::Global => {
                let names: Vec<&str> = privileges.names().collect();
                let message = format!(
                    "{} on the whole server is not carried: PostgreSQL has no such grants",
                    names.join(", ")
                );
                self.lost(account, message);
            }
            Scope::Database(stored) => {
                if stored.replace('\\', "") != self.database {
                    let message =
                        format!("its grant on {} is taken for this database only", scope.sql());
                    self.lost(account, message);
                }
                self.whole(account, privileges);
            }
            Scope::Table { table, .. } => self.table(account, table, privileges),
            Scope::Routine { .. } => {
                let message = format!(
                    "{privileges} on {} is not carried: functions are, if at all, written anew",
                    scope.sql()
                );
                self.lost(account, message);
            }
            Scope::Proxy(_) => {}
        }
    }

    fn whole(&mut self, account: &Account, privileges: &Privileges) {
        let mut access = Access::entrance(&account.user);
        let mut lost = BTreeSet::new();
        for name in privileges.names() {
            match name {
                "ALL PRIVILEGES" => {
                    let all = Access::read_write(&account.user);
                    access.database.extend(all.database);
                    access.tables.extend(all.tables);
                    access.sequences.extend(all.sequences);
                    access.schema.insert("CREATE".to_owned());
                    lost.insert("ALTER, DROP and INDEX on tables of others");
                }
                "SELECT" => {
                    access.tables.insert("SELECT".to_owned());
                    access.sequences.insert("SELECT".to_owned());
                }
                "INSERT" => {
                    access.tables.insert("INSERT".to_owned());
                    access.sequences.insert("USAGE".to_owned());
                }
                "UPDATE" | "DELETE" | "REFERENCES" | "TRIGGER" => {
                    access.tables.insert(name.to_owned());
                }
                "CREATE" | "CREATE VIEW" | "CREATE ROUTINE" => {
                    access.schema.insert("CREATE".to_owned());
                }
                "CREATE TEMPORARY TABLES" => {
                    access.database.insert("TEMPORARY".to_owned());
                }
                // Whoever may read or write a table may lock it and see a view's definition;
                // functions may be run by everybody.
                "LOCK TABLES" | "SHOW VIEW" | "EXECUTE" => {}
                "ALTER" | "DROP" | "INDEX" | "ALTER ROUTINE" => {
                    lost.insert("ALTER, DROP and INDEX on tables of others");
                }
                "EVENT" => {
                    lost.insert("EVENT");
                }
                GRANT_OPTION => {
                    lost.insert("the right to hand on what it has");
                }
                _ => {
                    lost.insert("a privilege that only MariaDB has");
                }
            }
        }
        if !lost.is_empty() {
            let lost: Vec<&str> = lost.into_iter().collect();
            let message =
                format!("not carried: {}; in PostgreSQL the owner does that", lost.join(", "));
            self.lost(account, message);
        }
        self.wish.add(access);
    }

    fn table(&mut self, account: &Account, table: &str, privileges: &Privileges) {
        let known = ["SELECT", "INSERT", "UPDATE", "DELETE", "REFERENCES", "TRIGGER"];
        for (name, columns) in privileges.parts() {
            let names: Vec<&str> =
                if name == "ALL PRIVILEGES" { known.to_vec() } else { vec![name] };
            if !names.iter().all(|name| known.contains(name)) {
                self.lost(account, format!("{name} on table {table} is not carried"));
                continue;
            }
            let columns: Vec<Option<String>> = if columns.is_empty() {
                vec![None]
            } else {
                columns.into_iter().map(|column| Some(column.to_owned())).collect()
            };
            for column in columns {
                let (schema, table) = (self.schema.clone(), table.to_owned());
                self.wish.parts.push(PartWish {
                    part: TablePart { schema, table, column },
                    role: account.user.clone(),
                    privileges: names.iter().map(|&name| name.to_owned()).collect(),
                });
            }
        }
        self.wish.add(Access::entrance(&account.user));
    }

    fn done(mut self) -> (Wish, Vec<Finding>) {
        let mut roles = Vec::new();
        for (name, accounts) in std::mem::take(&mut self.roles) {
            let hosts: Vec<&str> =
                accounts.iter().filter_map(|account| account.host.as_deref()).collect();
            let can_log_in = !hosts.is_empty();
            let limited: Vec<&str> = hosts.iter().copied().filter(|host| *host != "%").collect();
            if let (Some(account), false) = (accounts.first(), limited.is_empty()) {
                let message = format!(
                    "it may come from {} only: in PostgreSQL pg_hba.conf says that",
                    limited.join(", ")
                );
                self.lost(account, message);
            }
            if let (Some(account), true) = (accounts.first(), accounts.len() > 1) {
                let message = format!(
                    "{} accounts become one role, with what all of them have",
                    accounts.len()
                );
                self.lost(account, message);
            }
            if can_log_in {
                let place = Place::object(PlaceKind::Account, name.as_str());
                let message = "its password cannot be carried: the hashes have nothing in common";
                let help =
                    "--secrets FOLDER makes a new one for each; without it the role is NOLOGIN";
                let finding = Finding::warning(Code::PasswordNotCarried, place, message);
                self.findings.push(finding.help(help));
            }
            roles.push(RoleWish { name, password: None, until: None, can_log_in, is_ours: false });
        }
        (Wish { roles, databases: vec![self.wish] }, self.findings)
    }
}
