//! Which value of a row belongs to which column that is asked for.

use super::format::{Encoded, Format};
use super::literal::{Kind, Literal};
use super::value::{Around, Decoder};
use crate::mysql::schema::{Column, ColumnType, Default, Table};

/// Where the values of rows go.
#[derive(Debug)]
pub(super) struct Slots {
    /// The table's columns, in its order.
    columns: Vec<Column>,
    /// The names that are asked for.
    asked: Vec<String>,
    /// What a column is when a statement leaves it out.
    unsaid: Vec<Slot>,
    /// The names that the statement lists, if it does.
    listed: Option<Vec<String>>,
    /// For rows of so many values.
    known: Option<(usize, Fitted)>,
}

/// The places of the columns that are asked for.
#[derive(Clone, Debug)]
pub(super) struct Fitted {
    pub(super) slots: Vec<Slot>,
    /// What each column is where DEFAULT stands for its value.
    pub(super) unsaid: Vec<Slot>,
    /// Names of the row's values.
    names: Vec<String>,
}

/// Where one column's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// This value of the row.
    At(usize),
    Null,
    /// The column's default, in the form of the binary protocol.
    Encoded(Vec<u8>),
    /// It cannot be known.
    Missing(String),
}

impl Slots {
    pub(super) fn new(
        table: &Table,
        asked: &[String],
        decoders: &[Decoder],
        around: Around,
    ) -> Self {
        let unsaid = asked.iter().zip(decoders).map(|(name, decoder)| match table.column(name) {
            Some(column) => unsaid(column, decoder, around),
            None => Slot::Missing("the table has no such column".to_owned()),
        });
        Self {
            columns: table.columns.clone(),
            asked: asked.to_vec(),
            unsaid: unsaid.collect(),
            listed: None,
            known: None,
        }
    }

    /// A statement begins, and lists these columns if it lists any.
    pub(super) fn columns(&mut self, list: Option<&[Vec<u8>]>) {
        let name = |name: &Vec<u8>| String::from_utf8_lossy(name).into_owned();
        self.list(list.map(|list| list.iter().map(name).collect()));
    }

    /// A file of fields says what its fields are, or they are the table's columns.
    pub(super) fn fields(&mut self, format: &Format) {
        if self.listed != format.columns {
            self.list(format.columns.clone());
        }
    }

    fn list(&mut self, listed: Option<Vec<String>>) {
        if listed != self.listed {
            self.listed = listed;
            self.known = None;
        }
    }

    /// The places for a row of so many values.
    pub(super) fn of(&mut self, values: usize) -> Result<&Fitted, String> {
        if self.known.as_ref().is_none_or(|(known, _)| *known != values) {
            self.known = Some((values, self.fit(values)?));
        }
        match &self.known {
            Some((_, fitted)) => Ok(fitted),
            None => Err(format!("{values} values")),
        }
    }

    fn fit(&self, values: usize) -> Result<Fitted, String> {
        let names = self.names(values).ok_or_else(|| {
            format!("a row of {values} values, for {} columns", self.columns.len())
        })?;
        let slots = self.asked.iter().zip(&self.unsaid).map(|(asked, unsaid)| {
            let at = names.iter().position(|name| name.to_lowercase() == asked.to_lowercase());
            at.map_or_else(|| unsaid.clone(), Slot::At)
        });
        Ok(Fitted { slots: slots.collect(), unsaid: self.unsaid.clone(), names: names.clone() })
    }

    /// What a row's values are of: the columns that are listed, or else those that this server
    /// means, which the number of values tells.
    fn names(&self, values: usize) -> Option<Vec<String>> {
        // VALUES (), whatever the columns are.
        if values == 0 && self.listed.as_ref().is_none_or(Vec::is_empty) {
            return Some(Vec::new());
        }
        if let Some(listed) = &self.listed {
            return (listed.len() == values).then(|| listed.clone());
        }
        let those = |wanted: fn(&Column) -> bool| -> Vec<String> {
            let columns = self.columns.iter().filter(|column| wanted(column));
            columns.map(|column| column.name.clone()).collect()
        };
        let choices = [
            those(|column| !column.invisible),
            those(|column| !column.invisible && column.generated.is_none()),
            those(|column| column.generated.is_none()),
            those(|_| true),
        ];
        choices.into_iter().find(|names| names.len() == values)
    }
}

impl Fitted {
    /// Says of values that are encoded how they are.
    pub(super) fn decode(&self, format: &Format, literals: &mut [Literal]) {
        for (column, encoded) in &format.encoded {
            let at = self.names.iter().position(|name| name == column);
            if let Some(literal) = at.and_then(|at| literals.get_mut(at))
                && literal.kind != Kind::Null
            {
                literal.kind = match encoded {
                    Encoded::Base64 => Kind::Base64,
                    Encoded::Hexadecimal => Kind::Hexadecimal,
                };
            }
        }
    }
}

/// Whether a list names a column.
pub(super) fn lists(list: &[String], column: &Column) -> bool {
    list.iter().any(|name| name.to_lowercase() == column.name.to_lowercase())
}

/// The columns that a list leaves out and whose values cannot be known, and those that the table does
/// not have, with why. What begins with @ is a variable.
pub(super) fn unknown(table: &Table, list: &[String], around: Around) -> Vec<(String, String)> {
    let left = table.columns.iter().filter(|one| !lists(list, one) && one.generated.is_none());
    let unknown = left.filter_map(|column| {
        let decoder = Decoder::new(column).ok()?;
        match unsaid(column, &decoder, around) {
            Slot::Missing(what) => Some((column.name.clone(), what)),
            Slot::At(_) | Slot::Null | Slot::Encoded(_) => None,
        }
    });
    let is_column = |name: &String| {
        table.columns.iter().any(|column| lists(std::slice::from_ref(name), column))
    };
    let nowhere =
        list.iter().filter(|name| !name.is_empty() && !name.starts_with('@') && !is_column(name));
    let nowhere = nowhere.map(|name| {
        let what = "the rows have values of it, and CREATE TABLE has no such column";
        (name.clone(), what.to_owned())
    });
    unknown.chain(nowhere).collect()
}

/// What a column is whose value a statement leaves out.
fn unsaid(column: &Column, decoder: &Decoder, around: Around) -> Slot {
    let missing = |what: &str| Slot::Missing(format!("the statement leaves it out, and {what}"));
    if column.generated.is_some() {
        return missing("it is computed by the server");
    }
    match &column.default {
        _ if column.auto_increment => missing("its value is counted by the server"),
        Default::Null => Slot::Null,
        Default::Absent if column.nullable => Slot::Null,
        Default::Absent => missing("it has no default"),
        Default::Expression(_) => missing("its default is computed by the server"),
        Default::Literal(text) => {
            let is_hexadecimal = matches!(
                column.column_type,
                ColumnType::Binary { .. } | ColumnType::VarBinary { .. } | ColumnType::Blob
            );
            let bits = text.strip_prefix("b'").and_then(|bits| bits.strip_suffix('\''));
            let (kind, text) = match (bits, text.strip_prefix("0x")) {
                (Some(bits), _) => (Kind::Bits, bits),
                (None, Some(digits)) if is_hexadecimal => (Kind::Hexadecimal, digits),
                _ => (Kind::Text { quote: None, escaped: false }, text.as_str()),
            };
            let literal = Literal { kind, bytes: 0..text.len(), charset: None };
            let (mut value, mut scratch) = (Vec::new(), Vec::new());
            let utf8 = Around { charset: super::charset::Charset::Utf8, ..around };
            match decoder.decode(text.as_bytes(), &literal, (utf8, &mut scratch), &mut value) {
                Ok(()) => Slot::Encoded(value),
                Err(what) => missing(&format!("its default is {what}")),
            }
        }
    }
}
