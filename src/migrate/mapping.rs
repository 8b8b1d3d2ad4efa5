//! What pairs with what: one source table and its target, column by column. Copy and verify
//! read nothing else.

use crate::migrate::transcode::Transcoder;
use crate::mysql::schema::{IndexKey, IndexKind, Table};
use crate::name::{TableName, mysql_quoted, postgres_quoted};

/// One table to move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableMapping {
    pub(crate) source: TableName,
    pub(crate) target: TableName,
    pub(crate) form: Form,
    /// The copied columns first, in table order; then those that are only proven.
    pub(crate) columns: Vec<ColumnMapping>,
    /// A condition in the source's SQL, if not all rows are meant.
    pub(crate) rows: Option<String>,
    /// How many of `columns`, from the first, are copied.
    pub(crate) copied: usize,
    pub(crate) owner: Owner,
    /// Positions in `columns` of a key that every row has; empty without one.
    pub(crate) key: Vec<usize>,
    /// By the source's statistics.
    pub(crate) rows_estimate: u64,
    pub(crate) bytes_estimate: u64,
}

/// Whether the target's table holds its rows itself. A partitioned one does not: it has no pages,
/// ONLY it has no rows, and COPY freezes nothing that goes into its partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    Partitioned,
}

/// Who has made the target's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// This run, or one that it goes on with.
    Ours,
    /// Somebody else: what it forbids stays forbidden.
    Theirs,
}

/// Whether the target's table was made or emptied in the transaction that fills it: then its rows
/// can be written as frozen ones, which nobody has to visit again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    Fresh,
    Settled,
}

/// One column and its counterpart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColumnMapping {
    pub(crate) source: String,
    pub(crate) target: String,
    pub(crate) transcoder: Transcoder,
    /// The source's SQL for its value, if that is not its name alone.
    pub(crate) read: Option<String>,
}

impl ColumnMapping {
    /// What is selected; it is called as the column is.
    fn select(&self) -> String {
        let name = mysql_quoted(&self.source);
        match &self.read {
            Some(sql) => format!("{sql} AS {name}"),
            None => name,
        }
    }
}

impl TableMapping {
    /// All columns of all rows, in whatever order the source has them.
    pub(crate) fn select(&self) -> String {
        self.select_some("", None)
    }

    /// All columns of some rows; `hint` is an index hint with a space before it, or nothing.
    pub(crate) fn select_some(&self, hint: &str, condition: Option<&str>) -> String {
        let columns = list(&self.columns, ColumnMapping::select);
        // A row of a table without columns to read still counts.
        let columns = if columns.is_empty() { "1".to_owned() } else { columns };
        format!("SELECT {columns} {}", self.source_rows(hint, condition))
    }

    /// `FROM …`, with WHERE if only some rows are meant.
    pub(crate) fn source_rows(&self, hint: &str, condition: Option<&str>) -> String {
        let own = self.rows.as_ref().map(|rows| format!("({rows})"));
        let conditions: Vec<&str> = own.as_deref().into_iter().chain(condition).collect();
        let rows = match conditions.as_slice() {
            [] => String::new(),
            conditions => format!(" WHERE {}", conditions.join(" AND ")),
        };
        format!("FROM {}{hint}{rows}", self.source.mysql())
    }

    /// The target as the table of statements that remove rows; one of somebody else may be
    /// partitioned.
    pub(crate) fn emptied(&self) -> String {
        let only = match (self.form, self.owner) {
            (Form::Plain, Owner::Ours) => "ONLY ",
            (Form::Partitioned, _) | (_, Owner::Theirs) => "",
        };
        format!("{only}{}", self.target.postgres())
    }

    /// The statement that takes the copied columns.
    pub(crate) fn copy_in(&self, age: Age) -> String {
        let columns = list(&self.columns[..self.copied], |column| postgres_quoted(&column.target));
        // Without a list are meant all columns that are not generated, and so none.
        let columns = if columns.is_empty() { columns } else { format!(" ({columns})") };
        let table = self.target.postgres();
        let freeze = match (age, self.form) {
            (Age::Fresh, Form::Plain) => ", FREEZE",
            (Age::Fresh, Form::Partitioned) | (Age::Settled, _) => "",
        };
        format!("COPY {table}{columns} FROM STDIN (FORMAT binary{freeze})")
    }

    /// The statement that gives back all columns, the generated ones too.
    pub(crate) fn copy_out(&self, part: Part) -> String {
        self.copy_out_where(&part.condition())
    }

    /// `rows` is nothing, or ` WHERE …`.
    pub(crate) fn copy_out_where(&self, rows: &str) -> String {
        let columns = list(&self.columns, |column| postgres_quoted(&column.target));
        let table = self.target.postgres();
        format!("COPY (SELECT {columns} FROM {table}{rows}) TO STDOUT (FORMAT binary)")
    }
}

/// Where rows of the target lie: a range of its table's pages, so that many can read it at once and
/// each row is read by one of them, as long as nobody writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The first page.
    pub(crate) from: u64,
    /// The page behind the last; the end of the table if there is none.
    pub(crate) to: Option<u64>,
}

impl Part {
    pub(crate) const WHOLE: Self = Self { from: 0, to: None };

    /// One of so many parts of so many pages; the last one has no end, so that none is left out.
    pub(crate) fn of(pages: u64, part: usize, parts: usize) -> Self {
        let (part, parts) = (part as u64, parts as u64);
        let page = |part: u64| pages * part / parts;
        Self { from: page(part), to: (part + 1 < parts).then(|| page(part + 1)) }
    }

    fn condition(self) -> String {
        match self {
            Self::WHOLE => String::new(),
            Self { from, to: None } => format!(" WHERE ctid >= '({from},0)'"),
            Self { from, to: Some(to) } => {
                format!(" WHERE ctid >= '({from},0)' AND ctid < '({to},0)'")
            }
        }
    }
}

fn list(columns: &[ColumnMapping], quoted: impl Fn(&ColumnMapping) -> String) -> String {
    columns.iter().map(quoted).collect::<Vec<_>>().join(", ")
}

/// The primary key, or else the first unique key without NULLs.
pub(crate) fn row_key(table: &Table, columns: &[ColumnMapping]) -> Vec<usize> {
    let unique = table.indexes.iter().filter(|index| index.kind == IndexKind::Unique);
    let keys = table.primary_key().into_iter().chain(unique);
    let mut positions = keys.filter_map(|index| {
        index.parts.iter().map(|part| position(table, columns, &part.key)).collect()
    });
    positions.next().unwrap_or_default()
}

/// A prefix that tells rows apart does so all the more as a whole.
fn position(table: &Table, columns: &[ColumnMapping], part: &IndexKey) -> Option<usize> {
    let (IndexKey::Column(name) | IndexKey::Prefix { column: name, .. }) = part else {
        return None;
    };
    let column = table.column(name).filter(|column| !column.nullable)?;
    columns.iter().position(|mapped| mapped.source == column.name)
}

#[cfg(test)]
mod tests {
    use super::Part;

    #[test]
    fn parts_leave_no_page_out_and_share_none() {
        for (pages, parts) in [(0, 1), (1, 3), (10, 3), (1000, 7)] {
            let all: Vec<Part> = (0..parts).map(|part| Part::of(pages, part, parts)).collect();
            assert_eq!((all[0].from, all[parts - 1].to), (0, None));
            for pair in all.windows(2) {
                assert_eq!(pair[0].to, Some(pair[1].from));
            }
        }
        let last = Part { from: 7, to: None };
        assert_eq!(Part::of(10, 2, 3).condition(), " WHERE ctid >= '(6,0)'");
        assert_ne!(last.condition(), Part::WHOLE.condition());
        assert_eq!(Part::of(10, 1, 3).condition(), " WHERE ctid >= '(3,0)' AND ctid < '(6,0)'");
    }
}
