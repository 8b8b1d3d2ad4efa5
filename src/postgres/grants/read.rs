//! What is on a server: roles, databases, and who may do what in them.

use std::collections::BTreeMap;

use super::{Acl, Class, Database, Grantee, Inner, Membership, Role, Schema, TablePart};
use crate::postgres::connect::{Session, TextRow};
use crate::postgres::error::Error;
use crate::postgres::quote::literal;
use crate::secret::Secret;

/// A server as the plan needs to know it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Present {
    /// Such as 150018 for 15.18.
    pub(crate) version: u32,
    pub(crate) version_text: String,
    /// As whom we are connected.
    pub(crate) user: String,
    pub(crate) is_superuser: bool,
    pub(crate) roles: BTreeMap<String, Role>,
    pub(crate) members: Vec<Membership>,
    pub(crate) databases: BTreeMap<String, Database>,
    /// Verifiers of roles; `None` where our role may not look.
    pub(crate) passwords: Option<BTreeMap<String, Secret>>,
}

const ROLES: &str = "
SELECT rolname, rolcanlogin, rolsuper, pg_catalog.to_char(rolvaliduntil AT TIME ZONE 'UTC',
       'YYYY-MM-DD HH24:MI:SS'), rolvaliduntil < pg_catalog.now(),
       pg_catalog.shobj_description(oid, 'pg_authid')
  FROM pg_catalog.pg_roles";

const PASSWORDS: &str = "
SELECT rolname, rolpassword FROM pg_catalog.pg_authid WHERE rolpassword IS NOT NULL";

/// The options exist since 16; before, membership always meant both.
const MEMBERS: &str = "
SELECT r.rolname, m.rolname,
       coalesce((to_jsonb(a)->>'inherit_option')::boolean, m.rolinherit),
       coalesce((to_jsonb(a)->>'set_option')::boolean, true)
  FROM pg_catalog.pg_auth_members a
  JOIN pg_catalog.pg_roles r ON r.oid = a.roleid
  JOIN pg_catalog.pg_roles m ON m.oid = a.member";

const DATABASES: &str = "
SELECT d.datname, o.rolname, a.grantee = 0, g.rolname, a.privilege_type
  FROM pg_catalog.pg_database d
  JOIN pg_catalog.pg_roles o ON o.oid = d.datdba
  LEFT JOIN LATERAL pg_catalog.aclexplode(
       coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a ON true
  LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee
 WHERE d.datallowconn";

impl Present {
    /// All but what is in the databases.
    pub(crate) async fn read(session: &Session) -> Result<Self, Error> {
        let facts = session
            .rows(
                "SELECT pg_catalog.current_setting('server_version_num'),
                        pg_catalog.current_setting('server_version'), current_user,
                        r.rolsuper, pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT')
                   FROM pg_catalog.pg_roles r WHERE r.rolname = current_user",
            )
            .await?;
        let fact = |at: usize| facts.first().map_or(String::new(), |row| text(row, at));
        let mut present = Self {
            version: fact(0).parse().unwrap_or(0),
            version_text: fact(1),
            user: fact(2),
            is_superuser: fact(3) == "t",
            ..Self::default()
        };
        for row in session.rows(ROLES).await? {
            let role = Role {
                can_log_in: is(&row, 1),
                is_superuser: is(&row, 2),
                valid_until: row.get(3).cloned().flatten(),
                is_expired: is(&row, 4),
                comment: row.get(5).cloned().flatten(),
            };
            present.roles.insert(text(&row, 0), role);
        }
        if fact(4) == "t" {
            let rows = session.rows(PASSWORDS).await?;
            let pair = |row: &TextRow| (text(row, 0), Secret::new(text(row, 1)));
            present.passwords = Some(rows.iter().map(pair).collect());
        }
        let member = |row: &TextRow| Membership {
            role: text(row, 0),
            member: text(row, 1),
            inherits: is(row, 2),
            may_act: is(row, 3),
        };
        present.members = session.rows(MEMBERS).await?.iter().map(member).collect();
        for row in session.rows(DATABASES).await? {
            let database = present.databases.entry(text(&row, 0)).or_default();
            database.owner = text(&row, 1);
            database.acl.extend(entry(&row, 2));
        }
        Ok(present)
    }
}

impl Inner {
    /// Looks into the session's own database, at these schemas; `parts` are schemas and tables whose
    /// privileges are wanted one by one.
    pub(crate) async fn read(
        session: &Session,
        schemas: &[String],
        parts: &[(String, String)],
    ) -> Result<Self, Error> {
        let names: Vec<String> = schemas.iter().map(|name| literal(name)).collect();
        let names = if names.is_empty() { "NULL".to_owned() } else { names.join(", ") };
        let mut inner = Self::default();
        for row in session.rows(&schemas_sql(&names)).await? {
            let schema: &mut Schema = inner.schemas.entry(text(&row, 0)).or_default();
            schema.owner = text(&row, 1);
            schema.acl.extend(entry(&row, 2));
        }
        for row in session.rows(&objects_sql(&names)).await? {
            let key = (text(&row, 0), class(&row, 1));
            *inner.counts.entry(key).or_default() += number(&row, 3);
            *inner.owners.entry(text(&row, 2)).or_default() += number(&row, 3);
        }
        for row in session.rows(&held_sql(&names)).await? {
            let Some((grantee, privilege)) = entry(&row, 2).pop_first() else { continue };
            let key = (text(&row, 0), class(&row, 1), grantee, privilege);
            inner.held.insert(key, number(&row, 5));
        }
        for row in session.rows(&defaults_sql(&names)).await? {
            let Some((grantee, privilege)) = entry(&row, 3).pop_first() else { continue };
            let key = (text(&row, 0), text(&row, 1), class(&row, 2), grantee, privilege);
            inner.defaults.insert(key);
        }
        if !parts.is_empty() {
            for row in session.rows(&parts_sql(parts)).await? {
                let Some((grantee, privilege)) = entry(&row, 3).pop_first() else { continue };
                let column = row.get(2).cloned().flatten();
                let part = TablePart { schema: text(&row, 0), table: text(&row, 1), column };
                inner.parts.insert((part, grantee, privilege));
            }
        }
        Ok(inner)
    }
}

fn schemas_sql(names: &str) -> String {
    format!(
        "SELECT n.nspname, o.rolname, a.grantee = 0, g.rolname, a.privilege_type
           FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles o ON o.oid = n.nspowner
           LEFT JOIN LATERAL pg_catalog.aclexplode(
                coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a ON true
           LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee
          WHERE n.nspname IN ({names})"
    )
}

/// Those that GRANT ON ALL TABLES and ON ALL SEQUENCES mean.
const KINDS: &str = "c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')";

fn objects_sql(names: &str) -> String {
    format!(
        "SELECT n.nspname, c.relkind = 'S', o.rolname, count(*)
           FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
          WHERE n.nspname IN ({names}) AND {KINDS} GROUP BY 1, 2, 3"
    )
}

fn held_sql(names: &str) -> String {
    format!(
        "SELECT n.nspname, c.relkind = 'S', a.grantee = 0, g.rolname, a.privilege_type,
                count(DISTINCT c.oid)
           FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           JOIN LATERAL pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault(
                CASE c.relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r'::\"char\" END, c.relowner))) a
             ON true
           LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee
          WHERE n.nspname IN ({names}) AND {KINDS} GROUP BY 1, 2, 3, 4, 5"
    )
}

fn defaults_sql(names: &str) -> String {
    format!(
        "SELECT o.rolname, n.nspname, d.defaclobjtype = 'S', a.grantee = 0, g.rolname,
                a.privilege_type
           FROM pg_catalog.pg_default_acl d
           JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
           JOIN pg_catalog.pg_roles o ON o.oid = d.defaclrole
           JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) a ON true
           LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee
          WHERE n.nspname IN ({names}) AND d.defaclobjtype IN ('r', 'S')"
    )
}

fn parts_sql(parts: &[(String, String)]) -> String {
    let pairs: Vec<String> = parts
        .iter()
        .map(|(schema, table)| format!("({}, {})", literal(schema), literal(table)))
        .collect();
    let pairs = pairs.join(", ");
    format!(
        "WITH t AS (SELECT c.oid, n.nspname, c.relname, c.relacl, c.relowner
           FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE (n.nspname, c.relname) IN ({pairs})),
         e AS (SELECT t.nspname, t.relname, NULL AS attname, a.* FROM t
           JOIN LATERAL pg_catalog.aclexplode(
                coalesce(t.relacl, pg_catalog.acldefault('r', t.relowner))) a ON true
          UNION ALL SELECT t.nspname, t.relname, c.attname, a.* FROM t
           JOIN pg_catalog.pg_attribute c ON c.attrelid = t.oid
           JOIN LATERAL pg_catalog.aclexplode(c.attacl) a ON true)
         SELECT e.nspname, e.relname, e.attname, e.grantee = 0, g.rolname, e.privilege_type
           FROM e LEFT JOIN pg_catalog.pg_roles g ON g.oid = e.grantee"
    )
}

fn text(row: &TextRow, at: usize) -> String {
    row.get(at).cloned().flatten().unwrap_or_default()
}

fn is(row: &TextRow, at: usize) -> bool {
    text(row, at) == "t"
}

fn number(row: &TextRow, at: usize) -> u64 {
    text(row, at).parse().unwrap_or(0)
}

fn class(row: &TextRow, at: usize) -> Class {
    if is(row, at) { Class::Sequence } else { Class::Table }
}

/// One entry of an exploded list: whether it is PUBLIC's, whose it is, and the privilege.
fn entry(row: &TextRow, at: usize) -> Acl {
    let grantee: Option<Grantee> = if is(row, at) {
        Some(None)
    } else {
        // A role that was dropped has left a number behind, which nobody can be.
        row.get(at + 1).cloned().flatten().map(Some)
    };
    let privilege = row.get(at + 2).cloned().flatten();
    grantee.zip(privilege).into_iter().collect()
}
