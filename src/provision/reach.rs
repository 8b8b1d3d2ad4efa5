//! Which databases a user reaches today, and by which grant.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use super::error::Error;
use super::passwords::Keeper;
use super::run::{Mode, Run};
use super::server::{End, MySqlEnd, PostgresEnd};
use super::wanted::Wanted;
use crate::environment::Environment;
use crate::event::Events;
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::mysql::grants::read::{Present, accounts};
use crate::mysql::grants::{Account, Grants, Scope, reaches};
use crate::postgres::grants::read::Present as PostgresPresent;
use crate::report::{Reach, Report};
use crate::shutdown::Shutdown;

#[derive(Clone, Debug)]
pub(crate) struct ReachRequest {
    pub(crate) wanted: Wanted,
    pub(crate) environment: Environment,
    pub(crate) connect_timeout: Duration,
    pub(crate) user: String,
    pub(crate) server: Option<String>,
}

/// Reads only; on every server of the file, or on the one that is named.
pub(crate) async fn reach(request: ReachRequest, _events: Events, shutdown: Shutdown) -> Report {
    let mut run = Run::new(Mode::Show, shutdown);
    let ended = Box::pin(work(&request, &mut run.report)).await;
    run.end(ended)
}

async fn work(request: &ReachRequest, report: &mut Report) -> Result<(), Error> {
    let mut keeper = Keeper::new(&request.environment, Path::new(""));
    let mut addresses = Vec::new();
    if let Some(named) = &request.server {
        request.wanted.server(Some(named))?;
    }
    for (name, server) in &request.wanted.servers {
        if request.server.as_ref().is_some_and(|wanted| wanted != name) {
            continue;
        }
        let end = End::of(name, server, &mut keeper, request.connect_timeout)?;
        addresses.push(end.address());
        match &end {
            End::MySql(end) => of_mysql(end, &request.user, report).await?,
            End::Postgres(end) => of_postgres(end, &request.user, report).await?,
        }
    }
    report.target = addresses.join(", ");
    Ok(())
}

async fn of_mysql(end: &MySqlEnd, user: &str, report: &mut Report) -> Result<(), Error> {
    let mut connection = end.open().await?;
    let mut people = accounts(&mut connection, Some(user)).await?;
    let mut present = Present::read(&mut connection, &people).await?;
    // Roles may be in roles; each is read once.
    let mut at = 0;
    while at < people.len() {
        let roles = present.accounts.get(&people[at]).map(|held| held.grants.roles.clone());
        let new: Vec<Account> =
            roles.into_iter().flatten().filter(|role| !people.contains(role)).collect();
        let more = Present::read(&mut connection, &new).await?;
        present.accounts.extend(more.accounts);
        people.extend(new);
        at += 1;
    }
    connection.close().await;
    for account in &people {
        let Some(held) = present.accounts.get(account) else { continue };
        for (scope, privileges) in &held.grants.rows {
            let databases = reached(scope, &held.grants, &present);
            let grant = format!("{privileges} ON {}", scope.sql());
            let is_pattern = matches!(scope, Scope::Database(_)) && databases.len() > 1;
            if is_pattern {
                let place = Place::object(PlaceKind::Account, account.to_string());
                let message =
                    format!("its grant on {} reaches {}", scope.sql(), databases.join(", "));
                let help = "write \\_ and \\% where these are no wildcards, or say pattern = true";
                let finding =
                    Finding::warning(Code::GrantReachesFurther, place, message).help(help);
                report.findings.push(finding);
            }
            let (server, account) = (end.name.clone(), account.to_string());
            report.reach.push(Reach { server, account, grant, databases });
        }
        report.findings.extend(hidden(account, &held.grants, &present));
    }
    Ok(())
}

fn reached(scope: &Scope, grants: &Grants, present: &Present) -> Vec<String> {
    let all = present.databases.iter();
    let found: Vec<String> = match scope {
        // A partial revoke takes a database out of a global grant; its name is never a pattern.
        Scope::Global => all
            .filter(|name| !grants.restrictions.contains_key(&Scope::Database((*name).clone())))
            .cloned()
            .collect(),
        Scope::Database(stored) => {
            all.filter(|name| reaches(stored, name, present.patterns)).cloned().collect()
        }
        Scope::Table { database, .. } | Scope::Routine { database, .. } => {
            all.filter(|name| *name == database).cloned().collect()
        }
        Scope::Proxy(_) => Vec::new(),
    };
    found
}

/// Databases that several rows match: the server takes the most specific one and forgets the rest.
fn hidden(account: &Account, grants: &Grants, present: &Present) -> Vec<Finding> {
    let mut rows: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for scope in grants.rows.keys() {
        if let Scope::Database(stored) = scope {
            let matching =
                present.databases.iter().filter(|name| reaches(stored, name, present.patterns));
            for database in matching {
                rows.entry(database).or_default().push(scope.sql());
            }
        }
    }
    rows.into_iter()
        .filter(|(_, rows)| rows.len() > 1)
        .map(|(database, rows)| {
            let place = Place::object(PlaceKind::Account, account.to_string());
            let message = format!(
                "{} grants match {database}, and only the most specific counts: {}",
                rows.len(),
                rows.join(", ")
            );
            Finding::warning(Code::GrantHidden, place, message)
        })
        .collect()
}

async fn of_postgres(end: &PostgresEnd, user: &str, report: &mut Report) -> Result<(), Error> {
    let present = end.read(&super::postgres::Wish::default()).await?;
    if !present.roles.contains_key(user) {
        return Ok(());
    }
    for (grant, databases) in ways(user, &present) {
        let databases: Vec<String> = databases.into_iter().collect();
        let (server, account) = (end.name.clone(), user.to_owned());
        report.reach.push(Reach { server, account, grant, databases });
    }
    Ok(())
}

/// Why which databases are open to a role.
fn ways(user: &str, present: &PostgresPresent) -> BTreeMap<String, BTreeSet<String>> {
    let mut ways: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut roles = vec![user.to_owned()];
    let mut at = 0;
    while at < roles.len() {
        for member in &present.members {
            if member.member == roles[at] && member.inherits && !roles.contains(&member.role) {
                roles.push(member.role.clone());
            }
        }
        at += 1;
    }
    let is_superuser = present.roles.get(user).is_some_and(|role| role.is_superuser);
    for (name, database) in &present.databases {
        let mut way = |why: String| {
            ways.entry(why).or_default().insert(name.clone());
        };
        if is_superuser {
            way("superuser".to_owned());
        }
        for role in &roles {
            let by = if role == user { String::new() } else { format!(", by role {role}") };
            if database.owner == *role {
                way(format!("owner{by}"));
            } else if database.acl.contains(&(Some(role.clone()), "CONNECT".to_owned())) {
                way(format!("CONNECT{by}"));
            }
        }
        if database.acl.contains(&(None, "CONNECT".to_owned())) {
            way("CONNECT, as everybody (PUBLIC)".to_owned());
        }
    }
    ways
}
