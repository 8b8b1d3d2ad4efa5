//! Roles, databases and privileges of `PostgreSQL`: as values, as statements, and as the catalog
//! tells them.
//!
//! The traps that this knows, all tried on servers:
//! - `GRANT ALL ON DATABASE` lets nobody make a table since 15, where `public` belongs to the
//!   database's owner: an application that migrates its schema must own its database.
//! - Everybody may connect to every database, and make temporary tables there, through PUBLIC.
//! - `ALTER DEFAULT PRIVILEGES` binds to the role that makes the objects, hence FOR ROLE.
//! - Names of more than 63 bytes are cut with a mere notice.
//! - A privilege list that is NULL means the defaults, not nothing.
//! - Since 16 a role that may make roles has ADMIN on those it makes, but may not act as them.
//!
//! Sources: `PostgreSQL` manual 5.8 "Privileges", 22 "Database Roles", GRANT, CREATE ROLE.

mod name;
pub(crate) mod password;
pub(crate) mod read;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use self::name::{check_database, check_role};

/// Who has a privilege; `None` is PUBLIC.
pub(crate) type Grantee = Option<String>;

/// Privileges by grantee, such as `CONNECT`.
pub(crate) type Acl = BTreeSet<(Grantee, String)>;

/// The kinds of objects in a schema that privileges are given on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Class {
    Table,
    Sequence,
}

impl Class {
    /// As in `GRANT … ON ALL TABLES` and `ALTER DEFAULT PRIVILEGES … ON TABLES`.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Table => "TABLES",
            Self::Sequence => "SEQUENCES",
        }
    }
}

/// A table or a column of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TablePart {
    pub(crate) schema: String,
    pub(crate) table: String,
    pub(crate) column: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) can_log_in: bool,
    pub(crate) is_superuser: bool,
    /// In the server's words, in UTC; `None` is forever.
    pub(crate) valid_until: Option<String>,
    pub(crate) comment: Option<String>,
    /// Whether that is in the past.
    pub(crate) is_expired: bool,
}

/// `member` is in `role`, and may act as it and has what it has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Membership {
    pub(crate) role: String,
    pub(crate) member: String,
    pub(crate) inherits: bool,
    pub(crate) may_act: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Database {
    pub(crate) owner: String,
    pub(crate) acl: Acl,
    /// What is in it; `None` until it was looked into.
    pub(crate) inner: Option<Inner>,
}

/// What is in a database, as far as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inner {
    pub(crate) schemas: BTreeMap<String, Schema>,
    /// How many objects there are.
    pub(crate) counts: BTreeMap<(String, Class), u64>,
    /// On how many of them a grantee has a privilege.
    pub(crate) held: BTreeMap<(String, Class, Grantee, String), u64>,
    /// How many objects are whose.
    pub(crate) owners: BTreeMap<String, u64>,
    /// Role that makes objects, schema, kind, grantee, privilege.
    pub(crate) defaults: BTreeSet<(String, String, Class, Grantee, String)>,
    /// Privileges on tables and columns one by one.
    pub(crate) parts: BTreeSet<(TablePart, Grantee, String)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Schema {
    pub(crate) owner: String,
    pub(crate) acl: Acl,
}

impl Database {
    /// As `CREATE DATABASE … TEMPLATE template0` leaves it.
    pub(crate) fn fresh(owner: &str, version: u32) -> Self {
        let pair = |grantee: Grantee, privilege: &str| (grantee, privilege.to_owned());
        let own = |privilege: &str| pair(Some(owner.to_owned()), privilege);
        let acl = [own("CREATE"), own("CONNECT"), own("TEMPORARY")]
            .into_iter()
            .chain([pair(None, "CONNECT"), pair(None, "TEMPORARY")])
            .collect();
        let mut schema = Schema { owner: "pg_database_owner".to_owned(), ..Schema::default() };
        schema.acl.insert(pair(None, "USAGE"));
        if version < 150_000 {
            "postgres".clone_into(&mut schema.owner);
            schema.acl.insert(pair(None, "CREATE"));
        }
        let mut inner = Inner::default();
        inner.schemas.insert("public".to_owned(), schema);
        Self { owner: owner.to_owned(), acl, inner: Some(inner) }
    }
}
