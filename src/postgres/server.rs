//! What a server is and may do for us: facts only, which `migrate::preflight` judges.

use std::collections::BTreeMap;

use crate::postgres::connect::{Session, TextRow};
use crate::postgres::error::Error;
use crate::postgres::quote::literal;

#[expect(clippy::struct_excessive_bools, reason = "facts, each asked for on its own")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// Such as 150018 for 15.18.
    pub(crate) version_num: u32,
    /// As the server writes it, such as `15.18 (Debian 15.18-0+deb12u1)`.
    pub(crate) version: String,
    /// The database's encoding, such as `UTF8`.
    pub(crate) encoding: String,
    pub(crate) user: String,
    pub(crate) database: String,
    pub(crate) is_superuser: bool,
    /// Whether the user may make schemas in the database.
    pub(crate) can_create_schema: bool,
    /// Whether `session_replication_role` may be set, which keeps triggers still.
    pub(crate) can_set_replication_role: bool,
    pub(crate) in_recovery: bool,
    pub(crate) default_transaction_read_only: bool,
    /// How many more connections this user may open now; others may take them first.
    pub(crate) free_connections: u32,
    pub(crate) max_connections: u32,
    pub(crate) max_locks_per_transaction: u32,
    pub(crate) maintenance_work_mem_kib: u64,
    pub(crate) max_parallel_maintenance_workers: u32,
    pub(crate) max_worker_processes: u32,
    pub(crate) max_wal_size_mib: u64,
    /// `minimal`, `replica` or `logical`.
    pub(crate) wal_level: String,
    /// Whether something streams the server's log: a standby or a subscriber.
    pub(crate) is_replicated: bool,
    /// Those of the schemas asked for that are there.
    pub(crate) schemas: Vec<SchemaFacts>,
    /// Those extensions that can be used, by name: where they are, or would be made; and `icu`, if
    /// the server is built with it.
    pub(crate) extensions: Extensions,
}

/// By name.
pub(crate) type Extensions = BTreeMap<String, ExtensionFacts>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExtensionFacts {
    pub(crate) schema: String,
    /// Whether it is there already.
    pub(crate) is_made: bool,
}

/// A schema that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SchemaFacts {
    pub(crate) name: String,
    pub(crate) can_create: bool,
}

impl Server {
    /// Asks for everything in one round trip or two; `schemas` are those that the plan writes to.
    pub(crate) async fn read(session: &Session, schemas: &[&str]) -> Result<Self, Error> {
        let rows = session.rows(&question(schemas)).await?;
        let facts = Facts { session, facts: of_kind(&rows, "fact").map(pair).collect() };
        let version_num = facts.number("server_version_num")?;
        let is_superuser = facts.flag("is_superuser")?;
        let can_create_schema = facts.flag("can_create_schema")?;
        let schemas = of_kind(&rows, "schema")
            .map(|row| SchemaFacts { name: text(row, 1), can_create: text(row, 2) == "t" });
        Ok(Self {
            version_num,
            version: facts.text("server_version")?,
            encoding: facts.text("encoding")?,
            user: facts.text("user")?,
            database: facts.text("database")?,
            is_superuser,
            can_create_schema,
            can_set_replication_role: is_superuser || can_be_granted(session, version_num).await?,
            in_recovery: facts.flag("in_recovery")?,
            default_transaction_read_only: facts.text("default_transaction_read_only")? == "on",
            free_connections: facts.number("free_connections")?,
            max_connections: facts.number("max_connections")?,
            max_locks_per_transaction: facts.number("max_locks_per_transaction")?,
            maintenance_work_mem_kib: facts.number("maintenance_work_mem")?,
            max_parallel_maintenance_workers: facts.number("max_parallel_maintenance_workers")?,
            max_worker_processes: facts.number("max_worker_processes")?,
            max_wal_size_mib: facts.number("max_wal_size")?,
            wal_level: facts.text("wal_level")?,
            is_replicated: facts.flag("is_replicated")?,
            schemas: schemas.collect(),
            extensions: extensions(session, version_num).await?,
        })
    }

    /// A schema, if it is there.
    pub(crate) fn schema(&self, name: &str) -> Option<&SchemaFacts> {
        self.schemas.iter().find(|schema| schema.name == name)
    }
}

/// Names nothing that only newer servers have, so that one that is too old can be told so.
///
/// Several statements whose rows say in their first column what they are about. Settings come in
/// the unit of `pg_settings`.
fn question(schemas: &[&str]) -> String {
    let schemas: Vec<String> = schemas.iter().map(|name| literal(name)).collect();
    let schemas = if schemas.is_empty() { "NULL".to_owned() } else { schemas.join(", ") };
    format!(
        "SELECT 'fact', name, setting FROM pg_catalog.pg_settings WHERE name IN (
             'server_version_num', 'server_version', 'default_transaction_read_only',
             'max_connections', 'max_locks_per_transaction', 'maintenance_work_mem',
             'max_parallel_maintenance_workers', 'max_worker_processes', 'max_wal_size',
             'wal_level');
         SELECT 'fact', fact, value FROM pg_catalog.pg_database d, pg_catalog.pg_roles r,
             LATERAL (VALUES
                 ('encoding', pg_catalog.pg_encoding_to_char(d.encoding)::text),
                 ('user', r.rolname::text),
                 ('database', d.datname::text),
                 ('is_superuser', r.rolsuper::text),
                 ('can_create_schema',
                     pg_catalog.has_database_privilege(d.oid, 'CREATE')::text),
                 ('in_recovery', pg_catalog.pg_is_in_recovery()::text),
                 ('is_replicated', EXISTS (SELECT FROM pg_catalog.pg_stat_replication)::text),
                 ('free_connections', ({FREE_CONNECTIONS})::text)
             ) AS facts (fact, value)
          WHERE d.datname = pg_catalog.current_database() AND r.rolname = CURRENT_USER;
         SELECT 'schema', nspname, pg_catalog.has_schema_privilege(oid, 'CREATE')
           FROM pg_catalog.pg_namespace WHERE nspname IN ({schemas}) ORDER BY 2"
    )
}

/// The tightest of the limits of server, database and role. Every database shows the number of
/// its sessions to everybody; ours is among them. Settings that a server does not have count 0.
const FREE_CONNECTIONS: &str = "SELECT greatest(0, least(
    s.slots - a.all_backends,
    CASE WHEN d.datconnlimit < 0 OR r.rolsuper THEN s.slots ELSE d.datconnlimit - a.here END,
    CASE WHEN r.rolconnlimit < 0 OR r.rolsuper THEN s.slots ELSE r.rolconnlimit - a.mine END))
  FROM (SELECT pg_catalog.sum(numbackends)::int AS all_backends,
               (pg_catalog.sum(numbackends) FILTER (WHERE datid = d.oid))::int AS here,
               (SELECT count(*)::int FROM pg_catalog.pg_stat_activity u
                 WHERE u.usesysid = r.oid) AS mine
          FROM pg_catalog.pg_stat_database) a,
       (SELECT pg_catalog.current_setting('max_connections')::int - CASE WHEN r.rolsuper THEN 0
               ELSE pg_catalog.current_setting('superuser_reserved_connections')::int
                  + coalesce(pg_catalog.current_setting('reserved_connections', true), '0')::int
               END AS slots) s";

/// Superusers may set `session_replication_role`; since `PostgreSQL` 15 others may be let.
async fn can_be_granted(session: &Session, version_num: u32) -> Result<bool, Error> {
    if version_num < 150_000 {
        return Ok(false);
    }
    let sql = "SELECT pg_catalog.has_parameter_privilege('session_replication_role', 'SET')";
    let rows = session.rows(sql).await?;
    Ok(rows.first().is_some_and(|row| text(row, 0) == "t"))
}

/// Extensions of which columns can be: those that are there, and those that this user may make, of
/// which the server knows since `PostgreSQL` 13.
async fn extensions(session: &Session, version_num: u32) -> Result<Extensions, Error> {
    if version_num < 130_000 {
        return Ok(BTreeMap::new());
    }
    let mut found = BTreeMap::new();
    for row in session.rows(EXTENSIONS).await? {
        let facts = ExtensionFacts { schema: text(&row, 1), is_made: text(&row, 2) == "t" };
        found.insert(text(&row, 0), facts);
    }
    Ok(found)
}

const EXTENSIONS: &str = "
SELECT a.name, coalesce(n.nspname, 'public'), n.oid IS NOT NULL
  FROM pg_catalog.pg_available_extensions a
  LEFT JOIN pg_catalog.pg_extension x ON x.extname = a.name
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = x.extnamespace
 WHERE a.name IN ('postgis', 'vector')
   AND (n.oid IS NOT NULL OR EXISTS (
        SELECT FROM pg_catalog.pg_available_extension_versions v
          JOIN pg_catalog.pg_roles r ON r.rolname = CURRENT_USER
          JOIN pg_catalog.pg_namespace p ON p.nspname = 'public'
         WHERE v.name = a.name AND v.version = a.default_version
           AND pg_catalog.has_schema_privilege(p.oid, 'CREATE')
           AND (r.rolsuper OR v.trusted AND pg_catalog.has_database_privilege(
                pg_catalog.current_database(), 'CREATE'))))
 UNION ALL
SELECT 'icu', 'pg_catalog', true
 WHERE EXISTS (SELECT FROM pg_catalog.pg_collation WHERE collname = 'und-x-icu')";

fn of_kind<'a>(rows: &'a [TextRow], kind: &'a str) -> impl Iterator<Item = &'a TextRow> {
    rows.iter().filter(move |row| row.first().and_then(Option::as_deref) == Some(kind))
}

fn text(row: &TextRow, at: usize) -> String {
    row.get(at).cloned().flatten().unwrap_or_default()
}

fn pair(row: &TextRow) -> (String, String) {
    (text(row, 1), text(row, 2))
}

/// Facts by their names.
struct Facts<'a> {
    session: &'a Session,
    facts: BTreeMap<String, String>,
}

impl Facts<'_> {
    fn text(&self, name: &str) -> Result<String, Error> {
        self.facts.get(name).cloned().ok_or_else(|| self.unreadable(name))
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T, Error> {
        self.text(name)?.parse().map_err(|_| self.unreadable(name))
    }

    fn flag(&self, name: &str) -> Result<bool, Error> {
        match self.text(name)?.as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.unreadable(name)),
        }
    }

    fn unreadable(&self, name: &str) -> Error {
        let value = self.facts.get(name).map_or("nothing", String::as_str);
        Error::Unreadable {
            address: self.session.address().to_owned(),
            what: format!("{name} is {value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Server;
    use crate::postgres::testing::{session, with_databases};

    #[tokio::test]
    async fn facts_of_a_real_server() {
        with_databases(async |url, session| {
            let server = Server::read(session, &["public", "no such schema"]).await.unwrap();
            assert!(server.version_num >= 150_000, "{server:?}");
            assert!(server.version.starts_with(&(server.version_num / 10_000).to_string()));
            assert_eq!(server.encoding, "UTF8");
            assert!(server.is_superuser && server.can_create_schema && !server.in_recovery);
            assert!(server.can_set_replication_role);
            assert!(url.ends_with(&server.database) && server.user == "nirvana_admin");
            assert!(server.free_connections > 0);
            assert!(server.free_connections < server.max_connections, "we are there ourselves");
            assert!(server.schema("public").unwrap().can_create);
            assert!(server.schema("no such schema").is_none());
        })
        .await;
    }

    #[tokio::test]
    async fn a_plain_user_may_less() {
        with_databases(async |url, admin| {
            let role = format!("plain_{}", url.rsplit_once('/').unwrap().1);
            let create = format!("CREATE ROLE {role} LOGIN PASSWORD 'p' CONNECTION LIMIT 5");
            admin.execute(&create).await.unwrap();
            let (_, place) = url.split_once('@').unwrap();
            let plain = session(&format!("postgres://{role}:p@{place}")).await;
            let server = Server::read(&plain, &["public"]).await;
            plain.close().await;
            admin.execute(&format!("DROP ROLE {role}")).await.unwrap();
            let server = server.unwrap();
            assert!(!server.is_superuser && !server.can_create_schema);
            assert!(!server.can_set_replication_role);
            assert!(!server.schema("public").unwrap().can_create);
            assert_eq!(server.free_connections, 4);
        })
        .await;
    }
}
