//! A schema that somebody else has made and that is to be filled: what its columns hold, what would
//! disturb a copy, and where its counters are.

mod kind;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub(crate) use self::kind::Kind;
use crate::name::{TableName, postgres_quoted};
use crate::postgres::catalog::{self, Found};
use crate::postgres::connect::{Session, TextRow};
use crate::postgres::error::Error;
use crate::postgres::journal::{self, SetAside};
use crate::postgres::quote::literal;

/// All of some schemas.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    pub(crate) tables: BTreeMap<TableName, StandingTable>,
    /// Foreign keys of its tables, and those of other schemas that refer to them.
    pub(crate) keys: Vec<StandingKey>,
    /// Triggers of users that fire now.
    pub(crate) triggers: Vec<StandingTrigger>,
}

#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own to the catalog")]
pub(crate) struct StandingTable {
    pub(crate) columns: Vec<StandingColumn>,
    pub(crate) has_rows: bool,
    /// Whether this account may alter it.
    pub(crate) is_owned: bool,
    /// Whether this account may read it: only then is it known whether it has rows.
    pub(crate) is_readable: bool,
    /// Whether this account may add rows.
    pub(crate) is_writable: bool,
    /// Whether policies hide rows from this account; COPY refuses to add some, then.
    pub(crate) hides_rows: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct StandingColumn {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// As the server writes it.
    pub(crate) type_text: String,
    pub(crate) not_null: bool,
    /// A default, or an identity.
    pub(crate) has_default: bool,
    pub(crate) is_generated: bool,
    /// What its default or its identity takes the next number from.
    pub(crate) sequence: Option<TableName>,
}

/// A foreign key; the journal keeps one that is set aside in this form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StandingKey {
    pub(crate) table: TableName,
    pub(crate) name: String,
    pub(crate) referenced: TableName,
    pub(crate) columns: Vec<String>,
    pub(crate) referenced_columns: Vec<String>,
    /// As `pg_get_constraintdef` writes it, without NOT VALID; names are qualified.
    pub(crate) definition: String,
    pub(crate) is_validated: bool,
    /// Whether its table is partitioned, which takes no NOT VALID.
    pub(crate) is_partitioned: bool,
    /// Whether an earlier run has taken it away.
    #[serde(skip)]
    pub(crate) is_aside: bool,
}

/// A trigger that fires, kept in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StandingTrigger {
    pub(crate) table: TableName,
    pub(crate) name: String,
    /// Whether it fires in sessions of replication too.
    pub(crate) is_always: bool,
    /// Whether an earlier run has disabled it.
    #[serde(skip)]
    pub(crate) is_aside: bool,
}

/// How many tables one statement looks into.
const TABLES_AT_ONCE: usize = 500;

/// Reads it in a few round trips. Not to be called inside a transaction.
pub(crate) async fn read(session: &Session, schemas: &[&str]) -> Result<Standing, Error> {
    let found = catalog::read(session, schemas).await?;
    let mut standing = of_catalog(&found);
    let names: Vec<String> = schemas.iter().map(|schema| literal(schema)).collect();
    let question = QUESTION.replace("SCHEMAS", &names.join(", "));
    for row in session.rows(&question).await? {
        let known = take(&mut standing, &row);
        known.ok_or_else(|| Error::Unreadable {
            address: session.address().to_owned(),
            what: format!("the catalog's {row:?}"),
        })?;
    }
    let readable: Vec<TableName> = standing
        .tables
        .iter()
        .filter(|(_, table)| table.is_readable && !table.hides_rows)
        .map(|(n, _)| n.clone())
        .collect();
    for names in readable.chunks(TABLES_AT_ONCE) {
        for filled in filled(session, names).await? {
            if let Some(table) = names.get(filled).and_then(|name| standing.tables.get_mut(name)) {
                table.has_rows = true;
            }
        }
    }
    Ok(standing)
}

/// Places of the tables that have rows.
async fn filled(session: &Session, names: &[TableName]) -> Result<BTreeSet<usize>, Error> {
    let looks = names
        .iter()
        .enumerate()
        .map(|(at, name)| format!("SELECT {at} WHERE EXISTS (SELECT FROM {})", name.postgres()));
    let rows = session.rows(&looks.collect::<Vec<_>>().join(" UNION ALL ")).await?;
    let places = rows.iter().filter_map(|row| row.first()?.as_ref()?.parse().ok());
    Ok(places.collect())
}

fn of_catalog(found: &Found) -> Standing {
    let mut standing = Standing::default();
    for (name, table) in &found.tables {
        let columns = table.columns.iter().map(|column| StandingColumn {
            name: column.name.clone(),
            kind: Kind::of(column, &found.enums),
            type_text: column.type_text.clone(),
            not_null: column.not_null,
            has_default: column.has_default || column.identity.is_some(),
            is_generated: column.generated_stored.is_some(),
            sequence: None,
        });
        let columns = columns.collect();
        standing.tables.insert(name.clone(), StandingTable { columns, ..StandingTable::default() });
    }
    standing
}

/// Adds what one row tells; `None` if it cannot be read.
fn take(standing: &mut Standing, row: &TextRow) -> Option<()> {
    let text = |at: usize| row.get(at).and_then(Option::as_deref);
    let flag = |at: usize| text(at).map(|flag| flag == "t");
    let table = TableName::new(text(1)?, text(2)?);
    match text(0)? {
        "table" => {
            let known = standing.tables.get_mut(&table)?;
            known.is_owned = flag(3)?;
            known.is_readable = flag(4)?;
            known.is_writable = flag(5)?;
            known.hides_rows = flag(6)?;
        }
        "sequence" => {
            let column = text(3)?;
            let known = standing.tables.get_mut(&table)?;
            let column = known.columns.iter_mut().find(|known| known.name == column)?;
            column.sequence = Some(TableName::new(text(4)?, text(5)?));
        }
        "key" => {
            let definition = text(6)?;
            let names = |at: usize| text(at).and_then(|json| serde_json::from_str(json).ok());
            standing.keys.push(StandingKey {
                table,
                name: text(3)?.to_owned(),
                referenced: TableName::new(text(4)?, text(5)?),
                columns: names(9)?,
                referenced_columns: names(10)?,
                definition: definition.trim_end_matches(" NOT VALID").to_owned(),
                is_validated: flag(7)?,
                is_partitioned: flag(8)?,
                is_aside: false,
            });
        }
        "trigger" => standing.triggers.push(StandingTrigger {
            table,
            name: text(3)?.to_owned(),
            is_always: text(4)? == "A",
            is_aside: false,
        }),
        _ => return None,
    }
    Some(())
}

impl Standing {
    /// Adds what an earlier run has taken away and not brought back.
    pub(crate) async fn with_set_aside(
        mut self,
        session: &Session,
        schemas: &[&str],
    ) -> Result<Self, Error> {
        for (kind, detail) in journal::away(session, schemas).await? {
            if kind == StandingKey::KIND {
                let key: StandingKey = journal::detail(session, &detail)?;
                let same = |one: &StandingKey| (&one.table, &one.name) == (&key.table, &key.name);
                if !self.keys.iter().any(same) {
                    self.keys.push(StandingKey { is_aside: true, ..key });
                }
            } else {
                let trigger: StandingTrigger = journal::detail(session, &detail)?;
                let same = |one: &StandingTrigger| {
                    (&one.table, &one.name) == (&trigger.table, &trigger.name)
                };
                if !self.triggers.iter().any(same) {
                    self.triggers.push(StandingTrigger { is_aside: true, ..trigger });
                }
            }
        }
        Ok(self)
    }
}

impl StandingKey {
    const KIND: &str = "foreign key";

    /// What the journal keeps of it.
    pub(crate) fn set_aside(&self) -> SetAside {
        SetAside {
            kind: Self::KIND,
            table: self.table.clone(),
            name: self.name.clone(),
            restore: self.add(),
            detail: serde_json::json!(self).to_string(),
        }
    }

    /// Makes it again; rows that are there already are not looked at, where that can be.
    pub(crate) fn add(&self) -> String {
        let loose = if self.is_partitioned { "" } else { " NOT VALID" };
        format!(
            "ALTER TABLE {} ADD CONSTRAINT {} {}{loose}",
            self.table.postgres(),
            postgres_quoted(&self.name),
            self.definition
        )
    }
}

impl StandingTrigger {
    /// What the journal keeps of it.
    pub(crate) fn set_aside(&self) -> SetAside {
        SetAside {
            kind: "trigger",
            table: self.table.clone(),
            name: self.name.clone(),
            restore: self.restore(),
            detail: serde_json::json!(self).to_string(),
        }
    }

    pub(crate) fn disable(&self) -> String {
        format!(
            "ALTER TABLE {} DISABLE TRIGGER {}",
            self.table.postgres(),
            postgres_quoted(&self.name)
        )
    }

    /// Lets it fire again, as it did.
    pub(crate) fn restore(&self) -> String {
        let (table, name) = (self.table.postgres(), postgres_quoted(&self.name));
        let always = if self.is_always { " ALWAYS" } else { "" };
        format!("ALTER TABLE {table} ENABLE{always} TRIGGER {name}")
    }
}

/// A key that is NOT ENFORCED (`PostgreSQL` 18) looks at no row and may stay. A sequence is one's
/// own by the default that names it, whoever owns it, or by the identity that it belongs to.
const QUESTION: &str = "
SET LOCAL search_path = pg_catalog;
SELECT 'table', n.nspname, c.relname, pg_has_role(c.relowner, 'USAGE'),
       has_table_privilege(c.oid, 'SELECT'), has_table_privilege(c.oid, 'INSERT'),
       row_security_active(c.oid)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN (SCHEMAS) AND c.relkind IN ('r', 'p') AND NOT c.relispartition;
SELECT DISTINCT 'sequence', n.nspname, c.relname, a.attname, sn.nspname, s.relname
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  JOIN pg_depend p
    ON (p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
        AND p.refclassid = 'pg_class'::regclass)
    OR (p.classid = 'pg_class'::regclass AND p.deptype = 'i'
        AND p.refclassid = 'pg_class'::regclass AND p.refobjid = c.oid AND p.refobjsubid = a.attnum)
  JOIN pg_class s ON s.relkind = 'S'
   AND s.oid = CASE WHEN p.classid = 'pg_attrdef'::regclass THEN p.refobjid ELSE p.objid END
  JOIN pg_namespace sn ON sn.oid = s.relnamespace
 WHERE n.nspname IN (SCHEMAS) AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0
   AND NOT a.attisdropped;
SELECT 'key', n.nspname, c.relname, o.conname, rn.nspname, r.relname, pg_get_constraintdef(o.oid),
       o.convalidated, c.relkind = 'p',
       (SELECT json_agg(a.attname ORDER BY k.at)
          FROM unnest(o.conkey) WITH ORDINALITY AS k (attnum, at)
          JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.attnum),
       (SELECT json_agg(a.attname ORDER BY k.at)
          FROM unnest(o.confkey) WITH ORDINALITY AS k (attnum, at)
          JOIN pg_attribute a ON a.attrelid = o.confrelid AND a.attnum = k.attnum)
  FROM pg_constraint o
  JOIN pg_class c ON c.oid = o.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class r ON r.oid = o.confrelid
  JOIN pg_namespace rn ON rn.oid = r.relnamespace
 WHERE (n.nspname IN (SCHEMAS) OR rn.nspname IN (SCHEMAS)) AND o.contype = 'f' AND o.conparentid = 0
   AND pg_get_constraintdef(o.oid) NOT LIKE '% NOT ENFORCED%'
 ORDER BY 2, 3, 4;
SELECT 'trigger', n.nspname, c.relname, t.tgname, t.tgenabled
  FROM pg_trigger t
  JOIN pg_class c ON c.oid = t.tgrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN (SCHEMAS) AND NOT t.tgisinternal AND t.tgparentid = 0
   AND t.tgenabled IN ('O', 'A')
 ORDER BY 2, 3, 4";
