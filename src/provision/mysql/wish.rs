//! What the file wants, as rows of grants in the server's own naming.

use std::collections::BTreeMap;

use crate::mysql::grants::read::Present;
use crate::mysql::grants::{
    Account, Level, Privileges, RoutineKind, Scope, check_account, check_database, check_words,
    stored_name,
};
use crate::mysql::server::Flavour;
use crate::provision::error::Error;
use crate::provision::passwords::Password;
use crate::provision::wanted::{Grant, Server, User};

/// What an application needs that reads and writes rows.
const APP: [&str; 8] = [
    "CREATE TEMPORARY TABLES",
    "DELETE",
    "EXECUTE",
    "INSERT",
    "LOCK TABLES",
    "SELECT",
    "SHOW VIEW",
    "UPDATE",
];
/// Characters of a name in a grant.
const LONGEST_STORED: usize = 64;
const READ_ONLY: [&str; 2] = ["SELECT", "SHOW VIEW"];

#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(super) databases: Vec<String>,
    pub(super) accounts: Vec<AccountWish>,
}

#[derive(Clone, Debug)]
pub(crate) struct AccountWish {
    pub(super) account: Account,
    pub(super) password: Option<Password>,
    /// Days until the password expires.
    pub(super) expires_after: Option<u32>,
    /// By scope; the databases that are meant, for scopes that are one database.
    pub(super) rows: BTreeMap<Scope, Privileges>,
    pub(super) named: BTreeMap<Scope, String>,
}

/// The accounts that the file speaks of, which some server of the family could have.
pub(crate) fn accounts(server: &Server) -> Result<Vec<Account>, Error> {
    let accounts = server.users.iter().map(account);
    accounts.map(|account| checked(&account, Flavour::MariaDb).map(|()| account)).collect()
}

fn checked(account: &Account, flavour: Flavour) -> Result<(), Error> {
    check_account(account, flavour)
        .map_err(|problem| Error::wanted(format!("user '{account}'"), problem.to_string()))
}

fn account(user: &User) -> Account {
    // The server keeps hosts in lower case, and takes an empty one for any.
    let host = user.host.as_deref().filter(|host| !host.is_empty()).unwrap_or("%");
    Account::new(user.name.as_str(), host.to_lowercase())
}

impl Wish {
    /// `passwords` are those of the file's users, in their order.
    pub(crate) fn of(
        server: &Server,
        passwords: Vec<Option<Password>>,
        present: &Present,
    ) -> Result<Self, Error> {
        let mut databases = Vec::new();
        for database in &server.databases {
            databases.push(database_name(&database.name, present)?);
            if !database.schemas.is_empty() {
                let place = format!("database {}", database.name);
                return Err(Error::wanted(place, "only PostgreSQL has schemas in a database"));
            }
        }
        let mut accounts: Vec<AccountWish> = Vec::new();
        for (user, password) in server.users.iter().zip(passwords) {
            let account = account(user);
            let place = format!("user {account}");
            checked(&account, present.flavour)?;
            if accounts.iter().any(|known| known.account == account) {
                return Err(Error::wanted(place, "it is in the file twice"));
            }
            let mut wish = AccountWish {
                account,
                password,
                expires_after: None,
                rows: BTreeMap::new(),
                named: BTreeMap::new(),
            };
            wish.take_databases(server, user, present)?;
            for grant in &user.grants {
                wish.take(grant, present, &place)?;
            }
            accounts.push(wish);
        }
        Ok(Self { databases, accounts })
    }

    pub(crate) fn accounts_mut(&mut self) -> impl Iterator<Item = &mut AccountWish> {
        self.accounts.iter_mut()
    }
}

impl AccountWish {
    pub(crate) fn expire_after(&mut self, days: Option<u32>) {
        self.expires_after = days;
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    pub(crate) fn password_mut(&mut self) -> Option<&mut Password> {
        self.password.as_mut()
    }

    fn take_databases(
        &mut self,
        server: &Server,
        user: &User,
        present: &Present,
    ) -> Result<(), Error> {
        for database in &server.databases {
            let name = database_name(&database.name, present)?;
            if database.owner.as_ref() == Some(&user.name) {
                self.add_database(&name, &Privileges::all(), present)?;
            }
            if database.app.contains(&user.name) {
                self.add_database(&name, &Privileges::of(APP), present)?;
            }
            if database.read_only.contains(&user.name) {
                self.add_database(&name, &Privileges::of(READ_ONLY), present)?;
            }
        }
        Ok(())
    }

    fn add_database(
        &mut self,
        name: &str,
        privileges: &Privileges,
        present: &Present,
    ) -> Result<(), Error> {
        let stored = stored_name(name, present.patterns);
        // The server counts the backslashes too. Without them the grant would open more than asked.
        let letters = stored.chars().count();
        if letters > LONGEST_STORED {
            let problem = format!(
                "a grant must write each _ and % in it with a backslash, and that has {letters} \
                 characters where the server takes {LONGEST_STORED}"
            );
            let error = Error::wanted(format!("database '{name}'"), problem);
            return Err(error.hinted("give the database a shorter name"));
        }
        let scope = Scope::Database(stored);
        self.named.insert(scope.clone(), name.to_owned());
        self.rows.entry(scope).or_default().add(privileges);
        Ok(())
    }

    fn take(&mut self, grant: &Grant, present: &Present, place: &str) -> Result<(), Error> {
        let wrong = |problem: String| Error::wanted(place, problem);
        if grant.schema.is_some() {
            return Err(wrong("only PostgreSQL has schemas in a database".to_owned()));
        }
        let privileges = Privileges::of(grant.words());
        let Some(database) = &grant.database else {
            check_words(&privileges, Level::Global).map_err(wrong)?;
            self.rows.entry(Scope::Global).or_default().add(&privileges);
            return Ok(());
        };
        if grant.pattern {
            check_words(&privileges, Level::Database).map_err(wrong)?;
            self.rows.entry(Scope::Database(database.clone())).or_default().add(&privileges);
            return Ok(());
        }
        let database = database_name(database, present)?;
        let routine = |kind, name: &String| Scope::Routine {
            kind,
            database: database.clone(),
            name: name.clone(),
        };
        let (scope, privileges) = match (&grant.table, &grant.function, &grant.procedure) {
            (Some(table), _, _) => {
                let table = table.clone();
                let limited = if grant.columns.is_empty() {
                    privileges
                } else {
                    privileges.on_columns(&grant.columns)
                };
                (Scope::Table { database, table }, limited)
            }
            (_, Some(function), _) => (routine(RoutineKind::Function, function), privileges),
            (_, _, Some(procedure)) => (routine(RoutineKind::Procedure, procedure), privileges),
            (None, None, None) => {
                check_words(&privileges, Level::Database).map_err(wrong)?;
                return self.add_database(&database, &privileges, present);
            }
        };
        check_words(&privileges, scope.level()).map_err(wrong)?;
        self.rows.entry(scope).or_default().add(&privileges);
        Ok(())
    }
}

fn database_name(name: &str, present: &Present) -> Result<String, Error> {
    check_database(name)
        .map_err(|problem| Error::wanted(format!("database '{name}'"), problem.to_string()))?;
    Ok(if present.lowers_names { name.to_lowercase() } else { name.to_owned() })
}
