//! Wanted − present, for a `PostgreSQL` server.

use std::collections::BTreeSet;

use super::wish::{Access, DatabaseWish, PartWish, RoleWish, Wish};
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::name::postgres_quoted as quoted;
use crate::postgres::grants::read::Present;
use crate::postgres::grants::{Acl, Class, Database, Grantee, Inner, password};
use crate::postgres::quote::literal;
use crate::provision::error::Error;
use crate::provision::plan::{Excess, MARK, Plan, Step};
use crate::secret::Secret;
use crate::statement::Statement;

pub(crate) fn plan(wish: &Wish, present: &Present, excess: Excess) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    for role in &wish.roles {
        roles(role, present, &mut plan);
    }
    for database in &wish.databases {
        let there = present.databases.get(&database.name);
        if there.is_none() && !database.is_ours {
            return Err(Error::absent(&database.name));
        }
        let owner = database.owner.as_deref().or(there.map(|there| there.owner.as_str()));
        let owner = owner.unwrap_or(&present.user).to_owned();
        act_as(&owner, present, &mut plan);
        let name = quoted(&database.name);
        match there {
            None => plan.makes.push(Step::on_server(format!(
                "CREATE DATABASE {name} OWNER {} ENCODING 'UTF8' TEMPLATE template0",
                quoted(&owner)
            ))),
            Some(there) if there.owner != owner => plan.makes.push(Step::on_server(format!(
                "ALTER DATABASE {name} OWNER TO {}",
                quoted(&owner)
            ))),
            Some(_) => {}
        }
        let fresh = Database::fresh(&owner, present.version);
        let there = there.unwrap_or(&fresh);
        let mut work =
            Work { wish: database, owner, former: there.owner.clone(), excess, plan: &mut plan };
        work.database(&there.acl);
        work.inner(there.inner.as_ref().unwrap_or(&Inner::default()));
    }
    Ok(plan)
}

fn roles(wish: &RoleWish, present: &Present, plan: &mut Plan) {
    let name = quoted(&wish.name);
    let there = present.roles.get(&wish.name);
    if there.is_some() && !wish.is_ours {
        let place = Place::object(PlaceKind::Account, wish.name.as_str());
        let message = "a role of that name is there already: it is not altered, only given grants";
        plan.findings.push(Finding::note(Code::RoleIsThere, place, message));
        return;
    }
    let until = wish
        .until
        .as_ref()
        .map(|until| format!(" VALID UNTIL {}", literal(&format!("{until}+00"))));
    let until = until.unwrap_or_default();
    let is_person = wish.until.is_some();
    let is_marked = there.is_some_and(|there| there.comment.as_deref() == Some(MARK));
    let mark = format!("COMMENT ON ROLE {name} IS {}", literal(MARK));
    let mark = Some(mark).filter(|_| is_person && !is_marked);
    let Some(password) = &wish.password else {
        if there.is_none() {
            plan.makes.push(Step::on_server(format!("CREATE ROLE {name} NOLOGIN")));
        }
        return;
    };
    // Made where it is needed only: it is meant to take long.
    let verifier = || {
        let verifier = password::verifier(&password.secret, &password.random);
        Secret::new(literal(verifier.expose()))
    };
    let Some(there) = there else {
        let before = format!("CREATE ROLE {name} LOGIN PASSWORD ");
        plan.makes.push(Step::secret(Statement::with_secret(&before, &verifier(), &until)));
        plan.makes.extend(mark.map(Step::on_server));
        return;
    };
    let stored = present.passwords.as_ref().map(|stored| stored.get(&wish.name));
    let is_right = match stored {
        Some(Some(stored)) => password::is_of(stored.expose(), &password.secret),
        Some(None) => Some(false),
        None => password.works,
    };
    let login = if there.can_log_in { "" } else { " LOGIN" };
    let is_due = wish.until.is_some() && wish.until != there.valid_until;
    let until = if is_due { until.as_str() } else { "" };
    if is_right != Some(true) {
        let before = format!("ALTER ROLE {name}{login} PASSWORD ");
        plan.makes.push(Step::secret(Statement::with_secret(&before, &verifier(), until)));
    } else if !login.is_empty() || is_due {
        plan.makes.push(Step::on_server(format!("ALTER ROLE {name}{login}{until}")));
    }
    if there.is_expired && !is_due {
        let message = "it has expired, and the server lets it in no more";
        let place = Place::object(PlaceKind::Account, wish.name.as_str());
        plan.findings.push(Finding::warning(Code::Expired, place, message));
    }
}

/// Who is no superuser must be in a role to give it a database, and to speak for its objects. Since
/// 16 having made it is not enough: INHERIT and SET must be asked for.
fn act_as(owner: &str, present: &Present, plan: &mut Plan) {
    let is_in = present.members.iter().any(|member| {
        member.role == owner && member.member == present.user && member.inherits && member.may_act
    });
    if present.is_superuser || owner == present.user || is_in {
        return;
    }
    let options = if present.version >= 160_000 { " WITH INHERIT TRUE, SET TRUE" } else { "" };
    let sql = format!("GRANT {} TO {}{options}", quoted(owner), quoted(&present.user));
    if !plan.makes.iter().any(|step| step.statement.shown() == sql) {
        plan.makes.push(Step::on_server(sql));
    }
}

struct Work<'a> {
    wish: &'a DatabaseWish,
    owner: String,
    /// Who owns the database before the plan.
    former: String,
    excess: Excess,
    plan: &'a mut Plan,
}

impl Work<'_> {
    fn within(&self, sql: String) -> Step {
        Step::within(&self.wish.name, sql)
    }

    fn place(&self) -> Place {
        Place::object(PlaceKind::Database, self.wish.name.as_str())
    }

    /// Privileges on the database itself; PUBLIC's go last.
    fn database(&mut self, acl: &Acl) {
        let name = quoted(&self.wish.name);
        for access in &self.wish.access {
            let missing = missing(&access.database, &access.role, acl);
            if !missing.is_empty() {
                let sql = format!("GRANT {missing} ON DATABASE {name} TO {}", quoted(&access.role));
                self.plan.grants.push(Step::on_server(sql));
            }
        }
        if self.wish.is_ours && acl.iter().any(|(grantee, _)| grantee.is_none()) {
            let sql = format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC");
            self.plan.revokes.push(Step::on_server(sql));
        }
        let wanted = |role: &str| {
            self.wish
                .access
                .iter()
                .find(|access| access.role == role)
                .map(|access| &access.database)
        };
        self.too_much(acl, &format!("DATABASE {name}"), wanted);
    }

    /// What somebody has that neither the owner nor the file gives.
    fn too_much<'w>(
        &mut self,
        acl: &Acl,
        object: &str,
        wanted: impl Fn(&str) -> Option<&'w BTreeSet<String>>,
    ) {
        let owners = [self.owner.as_str(), self.former.as_str()];
        let mut statements = Vec::new();
        for (grantee, privilege) in acl {
            let Some(role) = grantee else { continue };
            let is_wanted = wanted(role).is_some_and(|wanted| wanted.contains(privilege));
            if is_wanted || owners.contains(&role.as_str()) {
                continue;
            }
            statements.push(format!("REVOKE {privilege} ON {object} FROM {}", quoted(role)));
        }
        for sql in statements {
            if self.excess == Excess::Revoke {
                self.plan.revokes.push(Step::on_server(sql));
            } else if self.excess == Excess::Name {
                let message = format!("on {object} somebody has what the file does not say");
                let finding = Finding::warning(Code::NotInFile, self.place(), message);
                self.plan.findings.push(finding.help(format!("--prune runs: {sql}")));
            }
        }
    }

    fn inner(&mut self, inner: &Inner) {
        let wish = self.wish;
        for schema in &wish.schemas {
            self.schema(schema, inner);
            for access in &wish.access {
                for (class, privileges) in
                    [(Class::Table, &access.tables), (Class::Sequence, &access.sequences)]
                {
                    self.objects(schema, (class, privileges), access, inner);
                }
            }
        }
        for part in &wish.parts {
            self.part(part, inner);
        }
        let strangers: u64 = inner
            .owners
            .iter()
            .filter(|(owner, _)| **owner != self.owner)
            .map(|(_, count)| count)
            .sum();
        if strangers > 0 && wish.owner.is_some() {
            let owners: Vec<&str> =
                inner.owners.keys().map(String::as_str).filter(|it| *it != self.owner).collect();
            let message = format!(
                "{strangers} of its tables, views and sequences belong to {}: its owner cannot alter \
                 them",
                owners.join(", ")
            );
            let help = format!(
                "as a superuser, in that database: ALTER TABLE … OWNER TO {}",
                quoted(&self.owner)
            );
            let finding = Finding::warning(Code::OwnedByOthers, self.place(), message);
            self.plan.findings.push(finding.help(help));
        }
    }

    fn schema(&mut self, schema: &str, inner: &Inner) {
        let name = quoted(schema);
        let Some(there) = inner.schemas.get(schema) else {
            let sql = format!("CREATE SCHEMA {name} AUTHORIZATION {}", quoted(&self.owner));
            let step = self.within(sql);
            self.plan.makes.push(step);
            for access in &self.wish.access {
                self.grant_schema(&name, access, &Acl::new());
            }
            return;
        };
        // Before 15 `public` belongs to the server's first superuser, and anybody may make tables.
        let owns = there.owner == self.owner || there.owner == "pg_database_owner";
        let may_create = has(&there.acl, &Some(self.owner.clone()), "CREATE");
        if !owns && !may_create {
            let step = self
                .within(format!("GRANT USAGE, CREATE ON SCHEMA {name} TO {}", quoted(&self.owner)));
            self.plan.grants.push(step);
        }
        for access in &self.wish.access {
            self.grant_schema(&name, access, &there.acl);
        }
        if self.wish.is_ours && has(&there.acl, &None, "CREATE") {
            let step = self.within(format!("REVOKE CREATE ON SCHEMA {name} FROM PUBLIC"));
            self.plan.revokes.push(step);
        }
    }

    fn grant_schema(&mut self, name: &str, access: &Access, acl: &Acl) {
        let missing = missing(&access.schema, &access.role, acl);
        if !missing.is_empty() {
            let role = quoted(&access.role);
            let step = self.within(format!("GRANT {missing} ON SCHEMA {name} TO {role}"));
            self.plan.grants.push(step);
        }
    }

    /// What is there, and what the owner will make.
    fn objects(
        &mut self,
        schema: &str,
        (class, privileges): (Class, &BTreeSet<String>),
        access: &Access,
        inner: &Inner,
    ) {
        let (name, role, plural) = (quoted(schema), quoted(&access.role), class.plural());
        let grantee: Grantee = Some(access.role.clone());
        let count = inner.counts.get(&(schema.to_owned(), class)).copied().unwrap_or(0);
        let lacking = privileges.iter().filter(|privilege| {
            let key = (schema.to_owned(), class, grantee.clone(), (*privilege).clone());
            inner.held.get(&key).copied().unwrap_or(0) < count
        });
        let lacking = joined(lacking);
        if !lacking.is_empty() {
            let sql = format!("GRANT {lacking} ON ALL {plural} IN SCHEMA {name} TO {role}");
            let step = self.within(sql);
            self.plan.grants.push(step);
        }
        let later = privileges.iter().filter(|privilege| {
            let owner = self.owner.clone();
            let key = (owner, schema.to_owned(), class, grantee.clone(), (*privilege).clone());
            !inner.defaults.contains(&key)
        });
        let later = joined(later);
        if !later.is_empty() {
            let owner = quoted(&self.owner);
            let sql = format!(
                "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {name} GRANT {later} ON {plural} TO {role}"
            );
            let step = self.within(sql);
            self.plan.grants.push(step);
        }
    }

    fn part(&mut self, wish: &PartWish, inner: &Inner) {
        let grantee: Grantee = Some(wish.role.clone());
        let lacking: Vec<String> = wish
            .privileges
            .iter()
            .filter(|privilege| {
                let key = (wish.part.clone(), grantee.clone(), (*privilege).clone());
                !inner.parts.contains(&key)
            })
            .map(|privilege| match &wish.part.column {
                Some(column) => format!("{privilege} ({})", quoted(column)),
                None => privilege.clone(),
            })
            .collect();
        if !lacking.is_empty() {
            let table = format!("{}.{}", quoted(&wish.part.schema), quoted(&wish.part.table));
            let lacking = lacking.join(", ");
            let step =
                self.within(format!("GRANT {lacking} ON TABLE {table} TO {}", quoted(&wish.role)));
            self.plan.grants.push(step);
        }
    }
}

fn has(acl: &Acl, grantee: &Grantee, privilege: &str) -> bool {
    acl.contains(&(grantee.clone(), privilege.to_owned()))
}

/// What a role lacks of these, as a list for GRANT.
fn missing(wanted: &BTreeSet<String>, role: &str, acl: &Acl) -> String {
    let grantee = Some(role.to_owned());
    joined(wanted.iter().filter(|privilege| !has(acl, &grantee, privilege)))
}

fn joined<'a>(words: impl Iterator<Item = &'a String>) -> String {
    words.map(String::as_str).collect::<Vec<_>>().join(", ")
}
