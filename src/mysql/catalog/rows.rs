//! The catalog's own rows: one query for each view of `information_schema`, whole schema at a time.
//!
//! Names are compared again as bytes: `information_schema` compares them without regard to case or
//! accents on `MariaDB`, whatever the file system does, and so would mix the databases `cafe` and
//! `Café`. For the same reason nothing is grouped or made distinct by the server.

use std::collections::{HashMap, HashSet};

use crate::mysql::error::Error;
use crate::mysql::quote::literal;
use crate::mysql::schema::{Object, ObjectKind};
use crate::mysql::wire::{Connection, TextRow};
use crate::name::TableName;

/// All that `information_schema` says about one database.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) tables: Vec<TableRow>,
    /// In table order, within each table.
    pub(super) columns: Vec<ColumnRow>,
    /// In key order, within each index.
    pub(super) indexes: Vec<IndexRow>,
    /// In key order, within each foreign key.
    pub(super) foreign_keys: Vec<ForeignKeyRow>,
    pub(super) rules: Vec<RuleRow>,
    pub(super) checks: Vec<CheckRow>,
    pub(super) partitions: Vec<PartitionRow>,
    /// Triggers, routines and events.
    pub(super) objects: Vec<Object>,
    pub(super) views: Vec<ViewRow>,
}

#[derive(Clone, Debug)]
pub(super) struct TableRow {
    pub(super) name: String,
    /// `BASE TABLE`, `VIEW`, `SYSTEM VERSIONED`, `SEQUENCE`…
    pub(super) table_type: String,
    pub(super) engine: String,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) auto_increment: Option<u64>,
    pub(super) comment: String,
}

#[derive(Clone, Debug)]
pub(super) struct ColumnRow {
    pub(super) table: String,
    pub(super) name: String,
    pub(super) type_text: String,
    pub(super) nullable: bool,
    pub(super) default: Option<String>,
    /// In lower case.
    pub(super) extra: String,
    pub(super) charset: Option<String>,
    pub(super) collation: Option<String>,
    pub(super) comment: String,
    pub(super) generation: Option<String>,
    pub(super) srid: Option<u32>,
}

#[derive(Clone, Debug)]
pub(super) struct IndexRow {
    pub(super) table: String,
    pub(super) index: String,
    pub(super) unique: bool,
    pub(super) column: Option<String>,
    pub(super) descending: bool,
    pub(super) prefix: Option<u32>,
    /// `BTREE`, `HASH`, `FULLTEXT`, `SPATIAL`…
    pub(super) index_type: String,
    pub(super) comment: String,
    pub(super) visible: bool,
    pub(super) expression: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct ForeignKeyRow {
    pub(super) table: String,
    pub(super) name: String,
    pub(super) column: String,
    pub(super) referenced_table: TableName,
    pub(super) referenced_column: String,
}

#[derive(Clone, Debug)]
pub(super) struct RuleRow {
    pub(super) table: String,
    pub(super) name: String,
    pub(super) on_update: String,
    pub(super) on_delete: String,
}

#[derive(Clone, Debug)]
pub(super) struct CheckRow {
    pub(super) table: String,
    pub(super) name: String,
    pub(super) expression: String,
    pub(super) enforced: bool,
}

#[derive(Clone, Debug)]
pub(super) struct PartitionRow {
    pub(super) table: String,
    pub(super) name: String,
    pub(super) method: String,
    pub(super) expression: String,
    pub(super) description: Option<String>,
    pub(super) comment: String,
    pub(super) has_subpartitions: bool,
}

#[derive(Clone, Debug)]
pub(super) struct ViewRow {
    pub(super) name: String,
    pub(super) definition: String,
    /// `NONE`, `LOCAL` or `CASCADED`.
    pub(super) check_option: String,
    /// `DEFINER` or `INVOKER`.
    pub(super) security: String,
}

impl Rows {
    pub(super) async fn read(connection: &mut Connection, database: &str) -> Result<Self, Error> {
        let views = Views::read(connection).await?;
        let mut reader = Reader { connection, views, database };
        Ok(Self {
            tables: reader.tables().await?,
            columns: reader.columns().await?,
            indexes: reader.indexes().await?,
            foreign_keys: reader.foreign_keys().await?,
            rules: reader.rules().await?,
            checks: reader.checks().await?,
            partitions: reader.partitions().await?,
            objects: reader.objects().await?,
            views: reader.view_definitions().await?,
        })
    }
}

/// Which columns this server's `information_schema` has: it grew from version to version, in both
/// families, and asking is surer than knowing.
struct Views(HashSet<(String, String)>);

impl Views {
    async fn read(connection: &mut Connection) -> Result<Self, Error> {
        let rows = connection
            .rows(
                "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS \
                 WHERE TABLE_SCHEMA = 'information_schema' AND TABLE_NAME IN ('TABLES', \
                 'COLUMNS', 'STATISTICS', 'CHECK_CONSTRAINTS', 'TABLE_CONSTRAINTS')",
            )
            .await?;
        let mut found = HashSet::new();
        for row in rows {
            found.insert((row.required(0)?.to_uppercase(), row.required(1)?.to_uppercase()));
        }
        Ok(Self(found))
    }

    fn has(&self, view: &str, column: &str) -> bool {
        self.0.contains(&(view.to_owned(), column.to_owned()))
    }

    /// `columns` as a select list, NULL in the place of those that the view lacks.
    fn list(&self, view: &str, columns: &[&str]) -> String {
        let columns: Vec<&str> = columns
            .iter()
            .map(|column| if self.has(view, column) { column } else { "NULL" })
            .collect();
        columns.join(", ")
    }
}

struct Reader<'a> {
    connection: &'a mut Connection,
    views: Views,
    database: &'a str,
}

impl Reader<'_> {
    /// `column = 'database'`, which the server looks up, and the same again byte for byte.
    fn here(&self, column: &str) -> String {
        let name = literal(self.database);
        format!("{column} = {name} AND CAST({column} AS BINARY) = CAST({name} AS BINARY)")
    }

    /// Each row of `statement`, read by `read`.
    async fn all<T>(
        &mut self,
        statement: &str,
        read: impl Fn(&TextRow) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.connection.rows(statement).await?.iter().map(read).collect()
    }

    /// The same, in the order of the column `position`: sorting rows as wide as these is quicker
    /// here than there.
    async fn ordered<T>(
        &mut self,
        statement: &str,
        position: usize,
        read: impl Fn(&TextRow) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut rows = self.all(statement, |row| Ok((row.number(position)?, read(row)?))).await?;
        rows.sort_by_key(|(position, _)| *position);
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    async fn tables(&mut self) -> Result<Vec<TableRow>, Error> {
        let statement = format!(
            "SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS, DATA_LENGTH, AUTO_INCREMENT, \
             TABLE_COMMENT FROM information_schema.TABLES WHERE {}",
            self.here("TABLE_SCHEMA"),
        );
        self.all(&statement, |row| {
            Ok(TableRow {
                name: row.required(0)?.to_owned(),
                table_type: row.required(1)?.to_owned(),
                engine: row.text(2).unwrap_or_default().to_owned(),
                rows: row.number(3)?.unwrap_or(0),
                bytes: row.number(4)?.unwrap_or(0),
                auto_increment: row.number(5)?,
                comment: row.text(6).unwrap_or_default().to_owned(),
            })
        })
        .await
    }

    async fn columns(&mut self) -> Result<Vec<ColumnRow>, Error> {
        let list = self.views.list(
            "COLUMNS",
            &[
                "TABLE_NAME",
                "COLUMN_NAME",
                "COLUMN_TYPE",
                "IS_NULLABLE",
                "COLUMN_DEFAULT",
                "EXTRA",
                "CHARACTER_SET_NAME",
                "COLLATION_NAME",
                "COLUMN_COMMENT",
                "GENERATION_EXPRESSION",
                "SRS_ID",
                "ORDINAL_POSITION",
            ],
        );
        let statement = format!(
            "SELECT {list} FROM information_schema.COLUMNS WHERE {}",
            self.here("TABLE_SCHEMA"),
        );
        self.ordered(&statement, 11, |row| {
            Ok(ColumnRow {
                table: row.required(0)?.to_owned(),
                name: row.required(1)?.to_owned(),
                type_text: row.required(2)?.to_owned(),
                nullable: row.required(3)? == "YES",
                default: row.text(4).map(str::to_owned),
                extra: row.text(5).unwrap_or_default().to_ascii_lowercase(),
                charset: row.text(6).map(str::to_owned),
                collation: row.text(7).map(str::to_owned),
                comment: row.text(8).unwrap_or_default().to_owned(),
                generation: row.text(9).filter(|text| !text.is_empty()).map(str::to_owned),
                srid: row.number(10)?.and_then(|number| u32::try_from(number).ok()),
            })
        })
        .await
    }

    async fn indexes(&mut self) -> Result<Vec<IndexRow>, Error> {
        let list = self.views.list(
            "STATISTICS",
            &[
                "TABLE_NAME",
                "INDEX_NAME",
                "NON_UNIQUE",
                "COLUMN_NAME",
                "COLLATION",
                "SUB_PART",
                "INDEX_TYPE",
                "INDEX_COMMENT",
                "IS_VISIBLE",
                "IGNORED",
                "EXPRESSION",
                "SEQ_IN_INDEX",
            ],
        );
        let statement = format!(
            "SELECT {list} FROM information_schema.STATISTICS WHERE {}",
            self.here("TABLE_SCHEMA"),
        );
        self.ordered(&statement, 11, |row| {
            Ok(IndexRow {
                table: row.required(0)?.to_owned(),
                index: row.required(1)?.to_owned(),
                unique: row.required(2)? == "0",
                column: row.text(3).map(str::to_owned),
                descending: row.text(4) == Some("D"),
                prefix: row.number(5)?.and_then(|number| u32::try_from(number).ok()),
                index_type: row.required(6)?.to_owned(),
                comment: row.text(7).unwrap_or_default().to_owned(),
                visible: row.text(8) != Some("NO") && row.text(9) != Some("YES"),
                expression: row.text(10).map(str::to_owned),
            })
        })
        .await
    }

    async fn foreign_keys(&mut self) -> Result<Vec<ForeignKeyRow>, Error> {
        let statement = format!(
            "SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA, \
             REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME, ORDINAL_POSITION \
             FROM information_schema.KEY_COLUMN_USAGE \
             WHERE {} AND REFERENCED_TABLE_NAME IS NOT NULL",
            self.here("TABLE_SCHEMA"),
        );
        self.ordered(&statement, 6, |row| {
            Ok(ForeignKeyRow {
                table: row.required(0)?.to_owned(),
                name: row.required(1)?.to_owned(),
                column: row.required(2)?.to_owned(),
                referenced_table: TableName::new(row.required(3)?, row.required(4)?),
                referenced_column: row.required(5)?.to_owned(),
            })
        })
        .await
    }

    async fn rules(&mut self) -> Result<Vec<RuleRow>, Error> {
        let statement = format!(
            "SELECT TABLE_NAME, CONSTRAINT_NAME, UPDATE_RULE, DELETE_RULE \
             FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE {}",
            self.here("CONSTRAINT_SCHEMA"),
        );
        self.all(&statement, |row| {
            Ok(RuleRow {
                table: row.required(0)?.to_owned(),
                name: row.required(1)?.to_owned(),
                on_update: row.required(2)?.to_owned(),
                on_delete: row.required(3)?.to_owned(),
            })
        })
        .await
    }

    /// `MariaDB` names the table of a check beside it, where its name is unique within its table
    /// only; in `MySQL` it is unique within the database, and another view names the table. The
    /// two are put together here, as `MySQL` compares every row of one with every row of the other.
    async fn checks(&mut self) -> Result<Vec<CheckRow>, Error> {
        let names_table = self.views.has("CHECK_CONSTRAINTS", "TABLE_NAME");
        if !names_table && !self.views.has("TABLE_CONSTRAINTS", "ENFORCED") {
            // MySQL before 8.0.16 reads CHECK and forgets it.
            return Ok(Vec::new());
        }
        let list = self
            .views
            .list("CHECK_CONSTRAINTS", &["CONSTRAINT_NAME", "CHECK_CLAUSE", "TABLE_NAME"]);
        let statement = format!(
            "SELECT {list} FROM information_schema.CHECK_CONSTRAINTS WHERE {}",
            self.here("CONSTRAINT_SCHEMA"),
        );
        let mut checks = self
            .all(&statement, |row| {
                Ok(CheckRow {
                    name: row.required(0)?.to_owned(),
                    expression: row.required(1)?.to_owned(),
                    table: row.text(2).unwrap_or_default().to_owned(),
                    enforced: true,
                })
            })
            .await?;
        if !names_table {
            let mut tables = self.tables_of_checks().await?;
            checks.retain_mut(|check| match tables.remove(&check.name) {
                Some((table, enforced)) => {
                    check.table = table;
                    check.enforced = enforced;
                    true
                }
                None => false,
            });
        }
        Ok(checks)
    }

    /// By the check's name: its table, and whether it is enforced.
    async fn tables_of_checks(&mut self) -> Result<HashMap<String, (String, bool)>, Error> {
        let statement = format!(
            "SELECT CONSTRAINT_NAME, TABLE_NAME, ENFORCED FROM information_schema.TABLE_CONSTRAINTS \
             WHERE {} AND CONSTRAINT_TYPE = 'CHECK'",
            self.here("CONSTRAINT_SCHEMA"),
        );
        let rows = self.all(&statement, |row| {
            let table = row.required(1)?.to_owned();
            Ok((row.required(0)?.to_owned(), (table, row.required(2)? == "YES")))
        });
        Ok(rows.await?.into_iter().collect())
    }

    /// One row for each partition; of those that have parts, their first one's.
    async fn partitions(&mut self) -> Result<Vec<PartitionRow>, Error> {
        let statement = format!(
            "SELECT TABLE_NAME, PARTITION_NAME, PARTITION_METHOD, PARTITION_EXPRESSION, \
             PARTITION_DESCRIPTION, PARTITION_COMMENT, SUBPARTITION_METHOD, \
             PARTITION_ORDINAL_POSITION FROM information_schema.PARTITIONS WHERE {} \
             AND COALESCE(SUBPARTITION_ORDINAL_POSITION, 1) = 1 AND PARTITION_METHOD IS NOT NULL",
            self.here("TABLE_SCHEMA"),
        );
        self.ordered(&statement, 7, |row| {
            Ok(PartitionRow {
                table: row.required(0)?.to_owned(),
                name: row.required(1)?.to_owned(),
                method: row.required(2)?.to_owned(),
                expression: row.text(3).unwrap_or_default().to_owned(),
                description: row.text(4).map(str::to_owned),
                comment: row.text(5).unwrap_or_default().to_owned(),
                has_subpartitions: row.text(6).is_some(),
            })
        })
        .await
    }

    async fn view_definitions(&mut self) -> Result<Vec<ViewRow>, Error> {
        let statement = format!(
            "SELECT TABLE_NAME, VIEW_DEFINITION, CHECK_OPTION, SECURITY_TYPE \
             FROM information_schema.VIEWS WHERE {}",
            self.here("TABLE_SCHEMA"),
        );
        self.all(&statement, |row| {
            Ok(ViewRow {
                name: row.required(0)?.to_owned(),
                definition: row.text(1).unwrap_or_default().to_owned(),
                check_option: row.text(2).unwrap_or_default().to_owned(),
                security: row.text(3).unwrap_or_default().to_owned(),
            })
        })
        .await
    }

    async fn objects(&mut self) -> Result<Vec<Object>, Error> {
        let database = self.database.to_owned();
        let statement = format!(
            "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS WHERE {}",
            self.here("TRIGGER_SCHEMA"),
        );
        let mut objects = self
            .all(&statement, |row| {
                Ok(Object {
                    kind: ObjectKind::Trigger,
                    name: TableName::new(&database, row.required(0)?),
                    table: Some(TableName::new(&database, row.required(1)?)),
                })
            })
            .await?;
        let routines = format!(
            "SELECT ROUTINE_NAME, ROUTINE_TYPE FROM information_schema.ROUTINES WHERE {}",
            self.here("ROUTINE_SCHEMA"),
        );
        objects.extend(self.all(&routines, |row| object(&database, row, row.required(1)?)).await?);
        let events = format!(
            "SELECT EVENT_NAME FROM information_schema.EVENTS WHERE {}",
            self.here("EVENT_SCHEMA"),
        );
        objects.extend(self.all(&events, |row| object(&database, row, "EVENT")).await?);
        Ok(objects)
    }
}

/// A routine or event. `MariaDB`'s packages and their bodies count as packages.
fn object(database: &str, row: &TextRow, kind: &str) -> Result<Object, Error> {
    let kind = match kind {
        "EVENT" => ObjectKind::Event,
        "PROCEDURE" => ObjectKind::Procedure,
        "FUNCTION" => ObjectKind::Function,
        _ => ObjectKind::Package,
    };
    Ok(Object { kind, name: TableName::new(database, row.required(0)?), table: None })
}
