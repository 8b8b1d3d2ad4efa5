//! A person's own access to a database, for a time: made, prolonged, and taken away again.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::error::Error;
use super::passwords::{Keeper, Password, generated};
use super::plan::{Excess, MARK, MARK_ROLE, Plan, Step};
use super::run::{Expiry, Job, Mode, Run, Want};
use super::server::{End, Session};
use super::wanted::{Database, Server, User, Wanted};
use crate::environment::Environment;
use crate::event::Events;
use crate::mysql::grants::Account;
use crate::mysql::grants::read::{ATTRIBUTES_SINCE, Present, accounts, mark};
use crate::mysql::server::Flavour;
use crate::name::postgres_quoted as quoted;
use crate::postgres::quote::literal;
use crate::report::Report;
use crate::secret::Secret;
use crate::shutdown::Shutdown;

/// What the person may do with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    ReadOnly,
    ReadWrite,
}

/// How long the access holds: to the end of a day, in UTC, so that the same command twice on one
/// day means the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Days from today.
    Days(u32),
    /// Take it away now.
    Revoked,
}

#[derive(Clone, Debug)]
pub(crate) struct AccessRequest {
    pub(crate) wanted: Wanted,
    pub(crate) environment: Environment,
    pub(crate) connect_timeout: Duration,
    pub(crate) mode: Mode,
    pub(crate) person: String,
    pub(crate) server: Option<String>,
    pub(crate) database: Option<String>,
    pub(crate) grant: Grant,
    pub(crate) until: Until,
    /// The `.env` file for the person.
    pub(crate) file: PathBuf,
}

/// The variable of the `.env` file.
const VARIABLE: &str = "DATABASE_URL";
const DAY: u64 = 86_400;

/// Gives a person access, or takes it.
pub(crate) async fn access(request: AccessRequest, _events: Events, shutdown: Shutdown) -> Report {
    let mut run = Run::new(request.mode, shutdown);
    let ended = Box::pin(work(&request, &mut run)).await;
    run.end(ended)
}

async fn work(request: &AccessRequest, run: &mut Run) -> Result<(), Error> {
    let (name, server) = request.wanted.server(request.server.as_deref())?;
    let mut keeper = Keeper::new(&request.environment, Path::new(""));
    let end = End::of(name, server, &mut keeper, request.connect_timeout)?;
    let refused = |problem| Err(Error::wanted(format!("access {}", request.person), problem));
    if server.users.iter().any(|user| user.name == request.person) {
        return refused("that is a user of the file, and no person's");
    }
    if request.person == end.user() {
        return refused("this run logs in as that user");
    }
    let has_file = kept(&request.file)?.is_some();
    match standing(&end, &request.person).await? {
        Standing::Absent => {}
        Standing::Other(why) => return refused(why),
        Standing::Person if request.until == Until::Revoked || has_file => {}
        Standing::Person => {
            return refused(
                "somebody of that name has access already, and --env names no file of it",
            );
        }
    }
    match request.until {
        Until::Days(days) => give(request, (server, end), days, run).await,
        Until::Revoked => {
            let plan = take_away(&end, &request.person, server).await?;
            run.one(&end, &plan).await
        }
    }
}

/// Whether a name is one that this command may change or drop.
enum Standing {
    Absent,
    Person,
    Other(&'static str),
}

const OTHER: &str = "an account of that name is there, and this command did not make it";
const TOO_OLD: &str = "this server cannot mark whom it lets in: MySQL can from 8.0.21";

/// What this command makes has its mark. Anybody else of that name is left alone, however much alike.
async fn standing(end: &End, person: &str) -> Result<Standing, Error> {
    match end {
        End::MySql(end) => {
            let mut connection = end.open().await?;
            let people = accounts(&mut connection, Some(person)).await?;
            let present = Present::read(&mut connection, &people).await?;
            let own = Account::new(person, "%");
            let is_mysql = present.flavour == Flavour::MySql;
            let standing = if is_mysql && present.version < ATTRIBUTES_SINCE {
                Standing::Other(TOO_OLD)
            } else if people.is_empty() {
                Standing::Absent
            } else if people != [own.clone()] {
                Standing::Other(OTHER)
            } else {
                let roles = present.accounts.get(&own).map(|held| &held.grants.roles);
                let role = Account::role(MARK_ROLE);
                let is_marked = if is_mysql {
                    mark(&mut connection, &own).await?.as_deref() == Some(MARK)
                } else {
                    roles.is_some_and(|roles| roles.contains(&role))
                };
                if is_marked { Standing::Person } else { Standing::Other(OTHER) }
            };
            connection.close().await;
            Ok(standing)
        }
        End::Postgres(end) => {
            let present = end.read(&super::postgres::Wish::default()).await?;
            Ok(match present.roles.get(person) {
                None => Standing::Absent,
                Some(role) if role.comment.as_deref() == Some(MARK) && !role.is_superuser => {
                    Standing::Person
                }
                Some(_) => Standing::Other(OTHER),
            })
        }
    }
}

async fn give(
    request: &AccessRequest,
    (server, end): (&Server, End),
    days: u32,
    run: &mut Run,
) -> Result<(), Error> {
    let database = database(request, server)?;
    let people = vec![request.person.clone()];
    let (app, read_only) = match request.grant {
        Grant::ReadWrite => (people, Vec::new()),
        Grant::ReadOnly => (Vec::new(), people),
    };
    let database = Database {
        name: database.name.clone(),
        owner: None,
        app,
        read_only,
        schemas: database.schemas.clone(),
    };
    let user = User { name: request.person.clone(), ..User::default() };
    let server =
        Server { databases: vec![database.clone()], users: vec![user], ..Server::default() };
    let password = if let Some(secret) = kept(&request.file)? {
        Password::of(secret)?
    } else {
        let mut password = Password::of(generated()?)?;
        let url = url(&end, &request.person, &password.secret, &database.name);
        password.unwritten = Some(request.file.clone());
        password.text = Some(Secret::new(format!("{VARIABLE}={url}")));
        password
    };
    let want = Want::File { server: Box::new(server), passwords: vec![Some(password)] };
    let expiry = Some(Expiry { until: midnight(today() + u64::from(days) + 1), days: days + 1 });
    run.all(vec![Job { end, want, excess: Excess::Ignore, expiry }]).await
}

fn database<'a>(request: &AccessRequest, server: &'a Server) -> Result<&'a Database, Error> {
    let wanted = request.database.as_deref();
    let mut matching =
        server.databases.iter().filter(|known| wanted.is_none_or(|wanted| wanted == known.name));
    if let (Some(database), None) = (matching.next(), matching.next()) {
        return Ok(database);
    }
    let known: Vec<&str> = server.databases.iter().map(|database| database.name.as_str()).collect();
    let error = Error::wanted("--database", "it must name one database of the file");
    Err(error.hinted(format!("those are: {}", known.join(", "))))
}

/// The password in a file that an earlier run made.
fn kept(file: &Path) -> Result<Option<Secret>, Error> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::File { doing: "read", path: file.to_owned(), source }),
    };
    let url = text.lines().find_map(|line| line.strip_prefix(VARIABLE)?.strip_prefix('='));
    let password = url
        .and_then(|url| url.split_once("://")?.1.split_once('@')?.0.split_once(':'))
        .and_then(|(_, password)| percent_decode_str(password).decode_utf8().ok());
    if let Some(password) = password {
        return Ok(Some(Secret::new(password)));
    }
    let problem = format!("it is there, and has no {VARIABLE} with a password");
    Err(Error::wanted(file.display().to_string(), problem).hinted("name another file with --env"))
}

fn url(end: &End, user: &str, password: &Secret, database: &str) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let (scheme, host) = match end {
        End::MySql(end) => ("mysql", end.options.host.to_string()),
        End::Postgres(end) => ("postgres", end.options.first_endpoint()),
    };
    let (user, database) = (encoded(user), encoded(database));
    format!("{scheme}://{user}:{}@{host}/{database}", encoded(password.expose()))
}

/// All that the person has, in the order in which it can go.
async fn take_away(end: &End, person: &str, server: &Server) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    match end {
        End::MySql(end) => {
            let mut connection = end.open().await?;
            for account in accounts(&mut connection, Some(person)).await? {
                plan.revokes.push(Step::on_server(format!("DROP USER {}", account.sql())));
            }
            connection.close().await;
        }
        End::Postgres(end) => {
            let mut wish = super::postgres::Wish::default();
            for database in &server.databases {
                let name = database.name.clone();
                wish.databases.push(super::postgres::DatabaseWish { name, ..Default::default() });
            }
            let present = end.read(&wish).await?;
            if !present.roles.contains_key(person) {
                return Ok(plan);
            }
            let role = quoted(person);
            plan.revokes.push(Step::on_server(format!("ALTER ROLE {role} NOLOGIN")));
            let sessions = format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = {}",
                literal(person)
            );
            plan.revokes.push(Step::on_server(sessions));
            for (name, database) in &present.databases {
                let owner = quoted(&database.owner);
                let is_ours = server.databases.iter().any(|known| known.name == *name);
                if is_ours {
                    let sql = format!("REASSIGN OWNED BY {role} TO {owner}");
                    plan.revokes.push(Step::within(name, sql));
                    plan.revokes.push(Step::within(name, format!("DROP OWNED BY {role}")));
                }
            }
            plan.revokes.push(Step::on_server(format!("DROP ROLE {role}")));
        }
    }
    Ok(plan)
}

/// Days since 1970.
fn today() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / DAY)
}

/// The first moment of a day, as `PostgreSQL` writes it. Source: H. Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", `civil_from_days`.
fn midnight(days: u64) -> String {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02} 00:00:00", year + era * 400 + next)
}

impl Run {
    /// Shows or runs a plan that is for itself.
    async fn one(&mut self, end: &End, plan: &Plan) -> Result<(), Error> {
        self.report.target = end.address();
        if self.shows_only() {
            self.show(end, plan);
            return Ok(());
        }
        let mut session = Session::new(end);
        self.steps(&mut session, plan).await
    }
}

#[cfg(test)]
mod tests {
    use super::{kept, midnight};
    use crate::secret::Secret;

    #[test]
    fn days_are_dates() {
        for (days, date) in [
            (0, "1970-01-01 00:00:00"),
            (59, "1970-03-01 00:00:00"),
            (11_016, "2000-02-29 00:00:00"),
            (20_819, "2027-01-01 00:00:00"),
        ] {
            assert_eq!(midnight(days), date);
        }
    }

    #[test]
    fn the_password_of_an_earlier_run_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        assert_eq!(kept(&file).unwrap(), None);
        std::fs::write(&file, "# x\nDATABASE_URL=postgres://al:a%40b@h:5432/shop\n").unwrap();
        assert_eq!(kept(&file).unwrap(), Some(Secret::new("a@b")));
        std::fs::write(&file, "OTHER=1\n").unwrap();
        assert!(kept(&file).is_err());
    }
}
