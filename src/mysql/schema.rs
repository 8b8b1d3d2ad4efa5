//! A `MySQL` or `MariaDB` schema as values: what `catalog` reads and `migrate::convert` decides upon.

use crate::name::TableName;

/// The source's databases that are moved, at one instant. What is in them is known by its database
/// and its name, as two of them may have the same names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Schema {
    /// As the server names them.
    pub(crate) databases: Vec<String>,
    pub(crate) tables: Vec<Table>,
    /// `MariaDB`'s.
    pub(crate) sequences: Vec<Sequence>,
    pub(crate) views: Vec<View>,
    /// Other objects that are no tables: each must be named in a finding.
    pub(crate) objects: Vec<Object>,
}

impl Schema {
    /// Adds what another database has.
    pub(crate) fn join(&mut self, other: Self) {
        self.databases.extend(other.databases);
        self.tables.extend(other.tables);
        self.sequences.extend(other.sequences);
        self.views.extend(other.views);
        self.objects.extend(other.objects);
    }

    /// A table as a person names it: with its database, where there are several.
    pub(crate) fn called(&self, table: &TableName) -> String {
        if self.databases.len() > 1 { table.to_string() } else { table.name.clone() }
    }
}

/// `lower_case_table_names`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameCase {
    /// 0, as on Linux: `Foo` and `foo` are two tables.
    Sensitive,
    /// 1, as on Windows: names are kept in lower case.
    Lowered,
    /// 2, as on macOS: kept as written, compared in lower case.
    Insensitive,
}

/// What a sequence gives; the numbers of `UNSIGNED` ones pass those of `PostgreSQL`'s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sequence {
    pub(crate) name: TableName,
    pub(crate) start: i128,
    /// 0 stands for the server's `auto_increment_increment`.
    pub(crate) increment: i128,
    pub(crate) minimum: i128,
    pub(crate) maximum: i128,
    pub(crate) cycles: bool,
    /// Numbers that the server takes in stock for all its sessions.
    pub(crate) cache: u64,
    /// The first number that nobody can have got yet: those in stock are behind it.
    pub(crate) next: i128,
    pub(crate) comment: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) name: TableName,
    /// The SELECT as the server prints it, every name in backticks; empty if it may not be seen.
    pub(crate) definition: String,
    /// In their order, with the types that the server gives them; none where nobody tells.
    pub(crate) columns: Vec<Column>,
    /// WITH CHECK OPTION: `LOCAL` or `CASCADED`.
    pub(crate) check_option: Option<String>,
    /// SQL SECURITY INVOKER.
    pub(crate) invoker: bool,
}

/// A trigger, routine or event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) kind: ObjectKind,
    pub(crate) name: TableName,
    /// The table a trigger stands on.
    pub(crate) table: Option<TableName>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ObjectKind {
    Trigger,
    Procedure,
    Function,
    Event,
    /// `MariaDB`'s Oracle mode: a package or its body.
    Package,
}

/// A base table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: TableName,
    /// `InnoDB`, `MyISAM`, `MEMORY`…; empty if the server cannot open the table, and then the
    /// comment says why.
    pub(crate) engine: String,
    /// `MariaDB`'s WITH SYSTEM VERSIONING.
    pub(crate) system_versioned: bool,
    pub(crate) partitioning: Option<Partitioning>,
    /// The server's estimate; 0 when it has none.
    pub(crate) rows_estimate: u64,
    /// Bytes of data by the server's statistics, indexes left out.
    pub(crate) bytes_estimate: u64,
    /// The counter's next value, if a column is `AUTO_INCREMENT`.
    pub(crate) auto_increment: Option<u64>,
    pub(crate) comment: String,
    /// In table order, invisible ones included.
    pub(crate) columns: Vec<Column>,
    /// The primary key first, if there is one; then by name.
    pub(crate) indexes: Vec<Index>,
    pub(crate) foreign_keys: Vec<ForeignKey>,
    pub(crate) checks: Vec<Check>,
}

impl Table {
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn primary_key(&self) -> Option<&Index> {
        self.indexes.iter().find(|index| index.kind == IndexKind::Primary)
    }
}

/// PARTITION BY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partitioning {
    /// `RANGE`, `LIST COLUMNS`, `LINEAR HASH`, `KEY`…
    pub(crate) method: String,
    /// In `MySQL` syntax; empty for KEY () by the primary key.
    pub(crate) expression: String,
    pub(crate) has_subpartitions: bool,
    /// In their order; none where the server makes new ones by itself.
    pub(crate) partitions: Vec<Partition>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) name: String,
    pub(crate) values: PartitionValues,
    pub(crate) comment: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PartitionValues {
    /// Of HASH and KEY.
    Hashed,
    /// What stands between the parentheses of LESS THAN and IN: `10`, `MAXVALUE`, `1,'a'`.
    Listed(String),
    /// `MariaDB`'s DEFAULT.
    Rest,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of its own in the source's DDL")]
#[expect(clippy::struct_field_names, reason = "`type` is a keyword")]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) column_type: ColumnType,
    pub(crate) nullable: bool,
    pub(crate) default: Default,
    /// ON UPDATE `CURRENT_TIMESTAMP`.
    pub(crate) on_update_now: bool,
    pub(crate) auto_increment: bool,
    pub(crate) generated: Option<Generated>,
    /// Of character columns; `None` elsewhere.
    pub(crate) collation: Option<Collation>,
    pub(crate) comment: String,
    pub(crate) invisible: bool,
    pub(crate) zerofill: bool,
}

/// A character column's charset and collation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Collation {
    /// `utf8mb4`, `latin1`…
    pub(crate) charset: String,
    /// `utf8mb4_0900_ai_ci`…
    pub(crate) name: String,
}

impl Collation {
    /// Whether 'a' and 'A' compare as equal: all but `_bin`, `_cs` and `binary`.
    pub(crate) fn is_case_insensitive(&self) -> bool {
        let name = &self.name;
        !(name.ends_with("_bin") || name.ends_with("_cs") || name == "binary")
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Generated {
    /// As the server prints it: `MySQL` syntax, names in backticks. In system-versioned tables of
    /// `MariaDB` also `ROW START` and `ROW END`, which are no expressions.
    pub(crate) expression: String,
    /// STORED or PERSISTENT; otherwise VIRTUAL.
    pub(crate) stored: bool,
}

/// What a column is when an INSERT leaves it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Default {
    /// No DEFAULT clause: NULL where that may be, otherwise an error.
    Absent,
    /// DEFAULT NULL, which is the same as none on a column that may be NULL.
    Null,
    /// A literal, unquoted: `0`, `pending`, `2020-01-01 00:00:00`. Bit literals arrive as
    /// `b'101'`; those of binary columns always as `0x…`, where an empty one is `0x` alone.
    Literal(String),
    /// An expression in `MySQL` syntax: `current_timestamp(6)`, `uuid()`, `(1 + 1)`.
    Expression(String),
}

/// Every column type of both servers. A new one must break the build wherever it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ColumnType {
    /// `display_width` 1 is how both servers keep BOOLEAN.
    TinyInt {
        unsigned: bool,
        display_width: Option<u8>,
    },
    SmallInt {
        unsigned: bool,
    },
    MediumInt {
        unsigned: bool,
    },
    Int {
        unsigned: bool,
    },
    BigInt {
        unsigned: bool,
    },
    Decimal {
        precision: u8,
        scale: u8,
    },
    Float,
    Double,
    Bit {
        bits: u8,
    },
    Year,
    Date,
    /// Fractional digits 0 to 6, as in the next two.
    DateTime {
        fraction: u8,
    },
    Timestamp {
        fraction: u8,
    },
    Time {
        fraction: u8,
    },
    /// Length in characters, as in `VarChar`.
    Char {
        length: u32,
    },
    VarChar {
        length: u32,
    },
    /// TINYTEXT to LONGTEXT.
    Text,
    /// Length in bytes, as in `VarBinary`.
    Binary {
        length: u32,
    },
    VarBinary {
        length: u32,
    },
    /// TINYBLOB to LONGBLOB.
    Blob,
    /// Labels in their order, unescaped.
    Enum {
        labels: Vec<String>,
    },
    Set {
        labels: Vec<String>,
    },
    /// `MySQL`'s JSON, and `MariaDB`'s LONGTEXT with CHECK (`json_valid(…)`).
    Json {
        native: bool,
    },
    /// `geometry`, `point`… in lower case, and the SRID if the column is restricted to one:
    /// `MariaDB` keeps a `REF_SYSTEM_ID` but lets every row differ from it.
    Geometry {
        kind: String,
        srid: Option<u32>,
    },
    Uuid,
    Inet4,
    Inet6,
    Vector {
        dimensions: u32,
    },
    /// The `COLUMN_TYPE` that the server prints.
    Unknown {
        text: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IndexKind {
    Primary,
    Unique,
    Plain,
    FullText,
    Spatial,
    /// Any kind that we do not know, such as VECTOR and UNIQUE (… WITHOUT OVERLAPS).
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) kind: IndexKind,
    pub(crate) parts: Vec<IndexPart>,
    pub(crate) visible: bool,
    pub(crate) comment: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IndexPart {
    pub(crate) key: IndexKey,
    pub(crate) descending: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IndexKey {
    Column(String),
    /// The first `length` characters (bytes for binary columns) of a column.
    Prefix {
        column: String,
        length: u32,
    },
    /// A functional part, in `MySQL` syntax.
    Expression(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ForeignKey {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    pub(crate) referenced_table: TableName,
    pub(crate) referenced_columns: Vec<String>,
    pub(crate) on_delete: ReferentialAction,
    pub(crate) on_update: ReferentialAction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReferentialAction {
    NoAction,
    Restrict,
    Cascade,
    SetNull,
    SetDefault,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) name: String,
    /// In `MySQL` syntax, as the server prints it.
    pub(crate) expression: String,
    pub(crate) enforced: bool,
}
