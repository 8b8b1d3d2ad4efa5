//! What is said of some columns: their type, how values get there, and what is done with values
//! that do not fit.
//!
//! A rule's key names its columns: `*` is every column, `datetime` every column of a kind of type,
//! `datetime in orders` those of a table, `orders.placed_at` one column; tables and columns may be
//! patterns with * and ?. What several rules say of a column is joined; of two that say the same
//! thing the one with the more exact key counts.

use schemars::JsonSchema;
use serde::Deserialize;
use wildmatch::WildMatch;

use super::TypeWord;
use super::kind::kind;
use super::policy::{Comparison, EnumErrors, InvalidText, Nul, OutOfRange, Policies, ZeroDates};
use super::speaks_of;
use crate::mysql::schema::{Column, Table};

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct ColumnRule {
    /// The type in the target; what does not fit it is out of range. An ENUM of type text gets a
    /// CHECK of its labels.
    #[serde(rename = "type")]
    pub(crate) wanted: Option<TypeWord>,
    /// How values are rewritten on their way, one after the other.
    pub(crate) using: Vec<Transform>,
    /// Dates that do not exist.
    pub(crate) zero_dates: Option<ZeroDates>,
    /// U+0000 in text.
    pub(crate) nul: Option<Nul>,
    /// The '' that an ENUM holds for an invalid value.
    pub(crate) enum_errors: Option<EnumErrors>,
    /// Bytes that are no text in the column's charset.
    pub(crate) invalid_text: Option<InvalidText>,
    /// Values beyond the target's type.
    pub(crate) out_of_range: Option<OutOfRange>,
    /// How text compares; it outweighs `collation` of the whole.
    pub(crate) collation: Option<Comparison>,
}

/// A fixed set, each exact or counted; source and target are proven equal after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Transform {
    /// Text without the spaces around it.
    Trim,
    /// '' becomes NULL.
    NullifEmpty,
    /// Text that was encoded twice (`Ã©` for `é`) is decoded once; what was not stays as it is.
    RepairUtf8,
    /// A whole number of seconds since 1970 → timestamptz.
    UnixSeconds,
    /// The same of milliseconds.
    UnixMilliseconds,
    /// A whole number of seconds → interval.
    Seconds,
    /// y, yes, t, true, on, 1 and n, no, f, false, off, 0, in any case → boolean.
    YesNo,
    /// BINARY(16), or 32 hexadecimal digits with dashes or without → uuid.
    Uuid,
    /// BINARY(16) as UUID_TO_BIN(…, 1) writes it, its time swapped to the front → uuid.
    UuidSwapped,
    /// INT UNSIGNED as INET_ATON gives it → inet.
    IpNumber,
    /// VARBINARY(16) as INET6_ATON gives it → inet.
    IpBytes,
    /// Text that holds JSON → jsonb.
    Json,
}

impl Transform {
    /// As nirvana.toml has it.
    pub(crate) fn word(self) -> String {
        match self {
            Self::Trim => "trim",
            Self::NullifEmpty => "nullif-empty",
            Self::RepairUtf8 => "repair-utf8",
            Self::UnixSeconds => "unix-seconds",
            Self::UnixMilliseconds => "unix-milliseconds",
            Self::Seconds => "seconds",
            Self::YesNo => "yes-no",
            Self::Uuid => "uuid",
            Self::UuidSwapped => "uuid-swapped",
            Self::IpNumber => "ip-number",
            Self::IpBytes => "ip-bytes",
            Self::Json => "json",
        }
        .to_owned()
    }
}

impl ColumnRule {
    /// Fills in what `self` says nothing of.
    pub(super) fn or(self, other: &Self) -> Self {
        Self {
            wanted: self.wanted.or_else(|| other.wanted.clone()),
            using: if self.using.is_empty() { other.using.clone() } else { self.using },
            zero_dates: self.zero_dates.or(other.zero_dates),
            nul: self.nul.or(other.nul),
            enum_errors: self.enum_errors.or(other.enum_errors),
            invalid_text: self.invalid_text.or(other.invalid_text),
            out_of_range: self.out_of_range.or(other.out_of_range),
            collation: self.collation.or(other.collation),
        }
    }

    pub(crate) fn policies(&self) -> Policies {
        Policies {
            zero_dates: self.zero_dates,
            nul: self.nul,
            enum_errors: self.enum_errors,
            invalid_text: self.invalid_text,
            out_of_range: self.out_of_range,
        }
    }
}

/// How exactly a key names a column; `None` if it does not. The longer of two patterns is the more
/// exact one. A key with two dots may begin with the database.
pub(super) fn rank(key: &str, table: &Table, column: &Column) -> Option<(u8, usize)> {
    let (table, kind) = (&table.name, kind(&column.column_type));
    let (own, whole) =
        (format!("{}.{}", table.name, column.name), format!("{table}.{}", column.name));
    let dots = key.matches('.').count();
    let is_meant = |matches: &dyn Fn(&str) -> bool| matches(&own) || dots > 1 && matches(&whole);
    let rank = match key.split_once(" in ") {
        _ if is_meant(&|name| key == name) => 4,
        Some((of, pattern)) => (of == kind && speaks_of(pattern, table)).then_some(3)?,
        None if key == "*" => 0,
        None if key == kind => 1,
        None if dots == 0 => return None,
        None => is_meant(&|name| WildMatch::new(key).matches(name)).then_some(2)?,
    };
    Some((rank, key.len()))
}

#[cfg(test)]
mod tests {
    use super::rank;
    use crate::migrate::settings::tests::table;

    #[test]
    fn the_more_exact_key_outranks() {
        let table = table("orders", "placed_at");
        let column = &table.columns[0];
        let keys =
            ["*", "datetime", "orders.*", "*.placed_at", "datetime in order?", "orders.placed_at"];
        let ranks: Vec<_> = keys.iter().map(|key| rank(key, &table, column)).collect();
        assert!(ranks.iter().all(Option::is_some), "{ranks:?}");
        assert!(ranks.is_sorted(), "{ranks:?}");
        for longer in ["shop.*.*", "datetime in shop.*", "shop.orders.placed_at"] {
            assert!(rank(longer, &table, column).is_some(), "{longer}");
        }
        let exact = ["orders.placed_at", "shop.orders.placed_at"];
        assert!(exact.map(|key| rank(key, &table, column)).is_sorted());
        for other in ["shop.*", "blog.orders.placed_at", "datetime in blog.*"] {
            assert_eq!(rank(other, &table, column), None, "{other}");
        }
        for other in ["date", "orders", "datetime in carts", "carts.*", "orders.id"] {
            assert_eq!(rank(other, &table, column), None, "{other}");
        }
    }
}
