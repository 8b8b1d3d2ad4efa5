//! Wanted − present, for a server of `MySQL`'s family.

use std::collections::BTreeMap;

use super::wish::{AccountWish, Wish};
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::mysql::grants::read::MARK_KEY;
use crate::mysql::grants::read::{Held, Present};
use crate::mysql::grants::{
    Account, Level, Privileges, Scope, grant_sql, mistaken_name, password, reaches, revoke_sql,
};
use crate::mysql::server::Flavour;
use crate::name::mysql_quoted;
use crate::provision::error::Error;
use crate::provision::passwords::Password;
use crate::provision::plan::{Excess, MARK, MARK_ROLE, Plan, Step};
use crate::secret::Secret;
use crate::statement::Statement;

pub(crate) fn plan(wish: &Wish, present: &Present, excess: Excess) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    for database in &wish.databases {
        if !present.databases.contains(database) {
            if excess == Excess::Ignore {
                return Err(Error::absent(database));
            }
            let name = mysql_quoted(database);
            plan.makes
                .push(Step::on_server(format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")));
        }
    }
    for account in &wish.accounts {
        let held = present.accounts.get(&account.account);
        let mut work = Work { wish: account, present, plan: &mut plan };
        work.login(held);
        work.rows(held.unwrap_or(&Held::default()), excess);
    }
    Ok(plan)
}

struct Work<'a> {
    wish: &'a AccountWish,
    present: &'a Present,
    plan: &'a mut Plan,
}

fn place(account: &Account) -> Place {
    Place::object(PlaceKind::Account, account.to_string())
}

impl Work<'_> {
    fn login(&mut self, held: Option<&Held>) {
        let account = self.wish.account.sql();
        match (held, &self.wish.password) {
            (None, None) => {
                let sql = format!("CREATE USER {account} ACCOUNT LOCK");
                self.plan.makes.push(Step::on_server(sql));
                let message = "it has no password in the file, so nobody can log in";
                let finding =
                    Finding::note(Code::NoLogin, place(&self.wish.account), message.to_owned());
                self.plan.findings.push(finding);
            }
            (None, Some(password)) => {
                let days = self.wish.expires_after;
                let after = days
                    .map_or(String::new(), |days| format!(" PASSWORD EXPIRE INTERVAL {days} DAY"));
                let attribute = format!(" ATTRIBUTE '{{\"{MARK_KEY}\": \"{MARK}\"}}'");
                let is_marked_so = days.is_some() && self.present.flavour == Flavour::MySql;
                let mark = if is_marked_so { attribute.as_str() } else { "" };
                self.identify("CREATE USER", password, &format!("{after}{mark}"));
                if days.is_some() {
                    self.tell_of_expiry();
                    self.mark_by_role();
                }
            }
            (Some(_), None) => {}
            (Some(held), Some(password)) => self.change_password(held, password),
        }
    }

    /// What MySQL says in the same statement that makes the user.
    fn mark_by_role(&mut self) {
        if self.present.flavour == Flavour::MariaDb {
            let role = Account::role(MARK_ROLE).sql();
            let account = self.wish.account.sql();
            let make = format!("CREATE ROLE IF NOT EXISTS {role}");
            self.plan.makes.insert(0, Step::on_server(make));
            self.plan.makes.push(Step::on_server(format!("GRANT {role} TO {account}")));
        }
    }

    fn identify(&mut self, verb: &str, password: &Password, after: &str) {
        let plugin = self.present.plugin;
        let before =
            format!("{verb} {}{}", self.wish.account.sql(), plugin.clause(self.present.flavour));
        let hash = plugin.hash(&password.secret, &password.random);
        // A hash has letters, digits and marks that mean nothing in a literal.
        let literal = Secret::new(format!("'{}'", hash.expose()));
        let statement = Statement::with_secret(&before, &literal, after);
        self.plan.makes.push(Step::secret(statement));
    }

    fn change_password(&mut self, held: &Held, password: &Password) {
        let is_right = match &held.login {
            Some(login) => password::is_of(&login.plugin, &login.hash(), &password.secret),
            None => password.works,
        };
        match (is_right, &held.login) {
            (Some(true), Some(login)) => {
                self.look_at_plugin(&login.plugin);
            }
            (Some(true), None) => {}
            (_, Some(login)) => {
                // An account without any hash is one that was made locked.
                let unlock = if login.hash().is_empty() { " ACCOUNT UNLOCK" } else { "" };
                self.identify("ALTER USER", password, unlock);
            }
            (_, None) => self.identify("ALTER USER", password, ""),
        }
    }

    fn look_at_plugin(&mut self, plugin: &str) {
        let best = self.present.plugin.word();
        if plugin != best && plugin == "mysql_native_password" {
            let message =
                format!("it logs in by {plugin}, whose hash is weak; this server has {best}");
            let finding = Finding::note(Code::WeakLogin, place(&self.wish.account), message);
            self.plan.findings.push(finding.help("set a new password, and this run will use it"));
        }
    }

    fn tell_of_expiry(&mut self) {
        let message = "the password expires, but who still has it may set a new one then";
        let finding = Finding::note(Code::ExpiryIsSoft, place(&self.wish.account), message);
        let user = &self.wish.account.user;
        let help = format!("nirvana provision access {user} --revoke --apply");
        self.plan.findings.push(finding.help(help));
    }

    fn rows(&mut self, held: &Held, excess: Excess) {
        let mut rows = held.grants.rows.clone();
        let mut wanted = self.wish.rows.clone();
        self.take_over_mistaken((&mut rows, &mut wanted), excess);
        let nothing = Privileges::default();
        for (scope, privileges) in &wanted {
            let there = held.grants.rows.get(scope).unwrap_or(&nothing);
            let missing = privileges.without(there, scope.level());
            if !missing.is_empty() {
                let sql = grant_sql(&missing, scope, &self.wish.account);
                self.plan.grants.push(Step::on_server(sql));
            }
        }
        for (scope, there) in &rows {
            let wanted = wanted.get(scope).unwrap_or(&nothing);
            let beyond = there.beyond(wanted, scope.level());
            if !beyond.is_empty() {
                self.too_much(scope, &beyond, excess);
            }
            self.look_at_pattern(scope);
        }
        if held.unread > 0 {
            let message =
                format!("{} of its grants cannot be read, and are left alone", held.unread);
            let finding = Finding::warning(Code::GrantNotRead, place(&self.wish.account), message);
            self.plan.findings.push(finding);
        }
    }

    /// A row that was written for the other kind of server: its privileges move into the right row,
    /// then it goes.
    fn take_over_mistaken(
        &mut self,
        (rows, wanted): (&mut BTreeMap<Scope, Privileges>, &mut BTreeMap<Scope, Privileges>),
        excess: Excess,
    ) {
        for (scope, name) in &self.wish.named {
            let Some(mistaken) = mistaken_name(name, self.present.patterns) else { continue };
            let old = Scope::Database(mistaken);
            if self.wish.rows.contains_key(&old) {
                continue;
            }
            let Some(privileges) = rows.remove(&old) else { continue };
            if excess != Excess::Revoke {
                wanted.entry(scope.clone()).or_default().add(&privileges);
            }
            for sql in revoke_sql(&privileges, &old, &self.wish.account) {
                self.plan.revokes.push(Step::on_server(sql));
            }
            let others = self.reached(&old, Some(name));
            let loses = if others.is_empty() {
                "it reached no other database".to_owned()
            } else {
                format!("it also reached {}, and no longer does", others.join(", "))
            };
            let message = format!(
                "the grant on {} is replaced by one on {}: {loses}",
                old.sql(),
                scope.sql()
            );
            let finding = Finding::note(Code::GrantReplaced, place(&self.wish.account), message);
            self.plan.findings.push(finding);
        }
    }

    fn too_much(&mut self, scope: &Scope, beyond: &Privileges, excess: Excess) {
        let statements = revoke_sql(beyond, scope, &self.wish.account);
        if excess == Excess::Revoke {
            self.plan.revokes.extend(statements.into_iter().map(Step::on_server));
            return;
        }
        if excess == Excess::Ignore {
            return;
        }
        let message = format!("it has {beyond} on {}, which the file does not say", scope.sql());
        let finding = Finding::warning(Code::NotInFile, place(&self.wish.account), message);
        let help = format!("--prune runs: {}", statements.join("; "));
        self.plan.findings.push(finding.help(help));
    }

    /// A pattern that nobody asked for reaches more than one would think.
    fn look_at_pattern(&mut self, scope: &Scope) {
        if scope.level() != Level::Database || self.wish.rows.contains_key(scope) {
            return;
        }
        let reached = self.reached(scope, None);
        if reached.len() > 1 {
            let message = format!("its grant on {} reaches {}", scope.sql(), reached.join(", "));
            let finding =
                Finding::warning(Code::GrantReachesFurther, place(&self.wish.account), message);
            self.plan.findings.push(finding);
        }
    }

    fn reached(&self, scope: &Scope, but: Option<&str>) -> Vec<String> {
        let Scope::Database(stored) = scope else { return Vec::new() };
        let databases = self.present.databases.iter().filter(|name| Some(name.as_str()) != but);
        databases.filter(|name| reaches(stored, name, self.present.patterns)).cloned().collect()
    }
}
