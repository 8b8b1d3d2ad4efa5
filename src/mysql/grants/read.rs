//! What is on a server: databases, accounts and their grants.

use std::collections::BTreeMap;

use super::password::Plugin;
use super::{Account, Grants, parse_line};
use crate::mysql::error::Error;
use crate::mysql::privilege::Patterns;
use crate::mysql::quote::literal;
use crate::mysql::server::{Flavour, Version, parse_version};
use crate::mysql::wire::Connection;
use crate::secret::Secret;

/// There is no such grant defined for the user: `SHOW GRANTS` of nobody.
const NO_SUCH_GRANT: u16 = 1141;

/// A server as the plan needs to know it.
#[derive(Clone, Debug)]
pub(crate) struct Present {
    pub(crate) flavour: Flavour,
    pub(crate) version: Version,
    pub(crate) version_text: String,
    pub(crate) patterns: Patterns,
    /// Whether names of databases are kept in lower case.
    pub(crate) lowers_names: bool,
    pub(crate) plugin: Plugin,
    /// Those that our account may see.
    pub(crate) databases: Vec<String>,
    /// Those asked for that exist.
    pub(crate) accounts: BTreeMap<Account, Held>,
}

/// What an account has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    pub(crate) grants: Grants,
    /// Lines of `SHOW GRANTS` that nobody here can read.
    pub(crate) unread: usize,
    /// `None` where our account may not look.
    pub(crate) login: Option<Login>,
}

/// How an account proves who it is.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) plugin: String,
    /// As hexadecimal digits.
    hash: Secret,
}

impl Login {
    pub(crate) fn hash(&self) -> Vec<u8> {
        let digits = self.hash.expose();
        (0..digits.len() / 2)
            .filter_map(|at| u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok())
            .collect()
    }
}

impl Present {
    pub(crate) async fn read(
        connection: &mut Connection,
        wanted: &[Account],
    ) -> Result<Self, Error> {
        let mut present = Self::server(connection).await?;
        for account in wanted {
            if let Some(held) = held(connection, account).await? {
                present.accounts.insert(account.clone(), held);
            }
        }
        Ok(present)
    }

    async fn server(connection: &mut Connection) -> Result<Self, Error> {
        let rows = connection.rows("SELECT VERSION(), @@version_comment").await?;
        let row = rows.first().ok_or(absent("VERSION()"))?;
        let version_text = row.required(0)?.to_owned();
        let is_mariadb = version_text.contains("MariaDB") || row.required(1)?.contains("MariaDB");
        let flavour = if is_mariadb { Flavour::MariaDb } else { Flavour::MySql };
        let mut variables = BTreeMap::new();
        let sql = "SHOW GLOBAL VARIABLES WHERE Variable_name IN \
                   ('partial_revokes', 'lower_case_table_names')";
        for row in connection.rows(sql).await? {
            variables.insert(row.required(0)?.to_ascii_lowercase(), row.required(1)?.to_owned());
        }
        let is = |name: &str, value: &str| variables.get(name).is_some_and(|is| is == value);
        let plugins = column(
            connection,
            "SELECT PLUGIN_NAME FROM information_schema.PLUGINS \
             WHERE PLUGIN_TYPE = 'AUTHENTICATION' AND PLUGIN_STATUS = 'ACTIVE'",
        )
        .await?;
        Ok(Self {
            flavour,
            version: parse_version(&version_text),
            version_text,
            patterns: if is("partial_revokes", "ON") {
                Patterns::Literal
            } else {
                Patterns::Wildcards
            },
            lowers_names: is("lower_case_table_names", "1"),
            plugin: Plugin::best(flavour, &plugins),
            databases: column(connection, "SHOW DATABASES").await?,
            accounts: BTreeMap::new(),
        })
    }
}

async fn column(connection: &mut Connection, sql: &str) -> Result<Vec<String>, Error> {
    let rows = connection.rows(sql).await?;
    rows.iter().map(|row| row.required(0).map(str::to_owned)).collect()
}

/// `None` if there is no such account.
async fn held(connection: &mut Connection, account: &Account) -> Result<Option<Held>, Error> {
    let rows = match connection.rows(&format!("SHOW GRANTS FOR {}", account.sql())).await {
        Ok(rows) => rows,
        Err(error) if error.code() == Some(NO_SUCH_GRANT) => return Ok(None),
        Err(error) => return Err(error),
    };
    let lines = rows.iter().map(|row| row.required(0)).collect::<Result<Vec<_>, _>>()?;
    let read: Vec<_> = lines.iter().map(|line| parse_line(line)).collect();
    let unread = read.iter().filter(|line| line.is_none()).count();
    let grants = Grants::of(account, read.into_iter().flatten());
    Ok(Some(Held { grants, unread, login: login(connection, account).await? }))
}

async fn login(connection: &mut Connection, account: &Account) -> Result<Option<Login>, Error> {
    let sql = format!(
        "SELECT plugin, HEX(authentication_string) FROM mysql.user WHERE User = {} AND Host = {}",
        literal(&account.user),
        literal(account.host.as_deref().unwrap_or_default())
    );
    match connection.rows(&sql).await {
        Ok(rows) => Ok(rows.first().map(|row| Login {
            plugin: row.text(0).unwrap_or_default().to_owned(),
            hash: Secret::new(row.text(1).unwrap_or_default()),
        })),
        Err(error) if error.is_denied() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The key of an attribute that says who made a user.
pub(crate) const MARK_KEY: &str = "nirvana";
/// Users have attributes since then.
pub(crate) const ATTRIBUTES_SINCE: Version = (8, 0, 21);

/// What a user's attribute says under our key; only MySQL has such.
pub(crate) async fn mark(
    connection: &mut Connection,
    account: &Account,
) -> Result<Option<String>, Error> {
    let sql = format!(
        "SELECT JSON_UNQUOTE(JSON_EXTRACT(ATTRIBUTE, '$.{MARK_KEY}')) \
         FROM information_schema.USER_ATTRIBUTES WHERE USER = {} AND HOST = {}",
        literal(&account.user),
        literal(account.host.as_deref().unwrap_or_default())
    );
    let rows = connection.rows(&sql).await?;
    Ok(rows.first().and_then(|row| row.text(0)).map(str::to_owned))
}

/// All accounts of a name, whatever their hosts; `None` stands for all names.
pub(crate) async fn accounts(
    connection: &mut Connection,
    user: Option<&str>,
) -> Result<Vec<Account>, Error> {
    let which = user.map_or(String::new(), |user| format!(" WHERE User = {}", literal(user)));
    let sql = format!("SELECT User, Host FROM mysql.user{which} ORDER BY User, Host");
    let rows = connection.rows(&sql).await?;
    // MariaDB's roles stand there too, without a host.
    rows.iter()
        .map(|row| {
            let (user, host) = (row.required(0)?, row.required(1)?);
            Ok(if host.is_empty() { Account::role(user) } else { Account::new(user, host) })
        })
        .collect()
}

fn absent(column: &str) -> Error {
    Error::Value { column: column.to_owned(), problem: "missing" }
}
