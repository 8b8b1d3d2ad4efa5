//! Foreign keys and checks.

use super::create_table::CreateTable;
use super::rows::{CheckRow, ForeignKeyRow, RuleRow};
use crate::mysql::schema::NameCase;
use crate::mysql::schema::{Check, ColumnType, ForeignKey, ReferentialAction, Table};
use crate::mysql::token::{Token, tokens};
use crate::name::TableName;

/// By name.
pub(super) fn foreign_keys(rows: Vec<ForeignKeyRow>, rules: &[RuleRow]) -> Vec<ForeignKey> {
    let mut keys: Vec<ForeignKey> = Vec::new();
    for row in rows {
        let at = keys.iter().position(|key| key.name == row.name).unwrap_or_else(|| {
            keys.push(foreign_key(&row, rules));
            keys.len() - 1
        });
        keys[at].columns.push(row.column);
        keys[at].referenced_columns.push(row.referenced_column);
    }
    keys.sort_by(|a, b| a.name.cmp(&b.name));
    keys
}

/// The key that a row belongs to, still without columns.
fn foreign_key(row: &ForeignKeyRow, rules: &[RuleRow]) -> ForeignKey {
    let rule = rules.iter().find(|rule| rule.name == row.name);
    ForeignKey {
        name: row.name.clone(),
        columns: Vec::new(),
        referenced_table: row.referenced_table.clone(),
        referenced_columns: Vec::new(),
        on_delete: action(rule.map(|rule| rule.on_delete.as_str())),
        on_update: action(rule.map(|rule| rule.on_update.as_str())),
    }
}

/// No word and an unknown one mean what a key without a clause means.
fn action(word: Option<&str>) -> ReferentialAction {
    match word {
        Some("RESTRICT") => ReferentialAction::Restrict,
        Some("CASCADE") => ReferentialAction::Cascade,
        Some("SET NULL") => ReferentialAction::SetNull,
        Some("SET DEFAULT") => ReferentialAction::SetDefault,
        _ => ReferentialAction::NoAction,
    }
}

/// By name.
pub(super) fn checks(rows: Vec<CheckRow>, create: &CreateTable) -> Vec<Check> {
    let mut checks: Vec<Check> = rows
        .into_iter()
        .map(|row| Check {
            expression: create.check(&row.name).map_or(row.expression, str::to_owned),
            name: row.name,
            enforced: row.enforced,
        })
        .collect();
    checks.sort_by(|a, b| a.name.cmp(&b.name));
    checks
}

/// `MariaDB`'s JSON is LONGTEXT with a check that says no more than `` json_valid(`column`) ``.
pub(super) fn recognise_json(table: &mut Table) {
    let columns = &mut table.columns;
    table.checks.retain(|check| {
        let Some(name) = json_valid_column(&check.expression) else {
            return true;
        };
        let column = columns
            .iter_mut()
            .find(|column| column.column_type == ColumnType::Text && column.name == name);
        let Some(column) = column else { return true };
        column.column_type = ColumnType::Json { native: false };
        column.collation = None;
        false
    });
}

/// The column whose validity is all that `expression` asks for.
fn json_valid_column(expression: &str) -> Option<String> {
    let words: Vec<Token<'_>> = tokens(expression.as_bytes()).collect();
    let [function, Token::Group(argument)] = words.as_slice() else {
        return None;
    };
    if !function.is_word("json_valid") {
        return None;
    }
    let mut argument = tokens(argument);
    match (argument.next(), argument.next()) {
        (Some(Token::Name(column)), None) => String::from_utf8(column).ok(),
        _ => None,
    }
}

/// Gives the names within foreign keys the case that the tables and columns themselves have: keys
/// keep what was typed, and dumps from Windows were typed in lower case.
pub(super) fn resolve_names(tables: &mut [Table], name_case: NameCase) {
    let known: Vec<(TableName, Vec<String>)> = tables
        .iter()
        .map(|table| {
            let columns = table.columns.iter().map(|column| column.name.clone());
            (table.name.clone(), columns.collect())
        })
        .collect();
    let same_table = |wanted: &TableName, found: &TableName| match name_case {
        NameCase::Sensitive => wanted == found,
        NameCase::Lowered | NameCase::Insensitive => {
            same(&wanted.schema, &found.schema) && same(&wanted.name, &found.name)
        }
    };
    for (table, (_, own_columns)) in tables.iter_mut().zip(&known) {
        for key in &mut table.foreign_keys {
            resolve_columns(&mut key.columns, own_columns);
            let wanted = &key.referenced_table;
            let exact = known.iter().find(|(found, _)| found == wanted);
            let referenced =
                exact.or_else(|| known.iter().find(|(found, _)| same_table(wanted, found)));
            if let Some((found, columns)) = referenced {
                key.referenced_table = found.clone();
                resolve_columns(&mut key.referenced_columns, columns);
            }
        }
    }
}

/// Column names never differ by case alone.
fn resolve_columns(names: &mut [String], columns: &[String]) {
    for name in names {
        if let Some(column) = columns.iter().find(|column| same(column, name)) {
            name.clone_from(column);
        }
    }
}

fn same(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{json_valid_column, resolve_names};
    use crate::mysql::schema::NameCase;
    use crate::mysql::schema::{ForeignKey, ReferentialAction, Table};
    use crate::name::TableName;

    #[test]
    fn only_a_bare_json_valid_is_json() {
        assert_eq!(json_valid_column("json_valid(`a``b`)").as_deref(), Some("a`b"));
        assert_eq!(json_valid_column("JSON_VALID(`a`)").as_deref(), Some("a"));
        for other in [
            "json_valid(`a`) and `a` <> '[]'",
            "json_valid(concat(`a`,'x'))",
            "json_valid('`a`')",
            "not json_valid(`a`)",
            "json_value(`a`)",
            "",
        ] {
            assert_eq!(json_valid_column(other), None, "{other}");
        }
    }

    fn table(name: &str, references: &str) -> Table {
        let key = ForeignKey {
            name: "k".to_owned(),
            columns: Vec::new(),
            referenced_table: TableName::new("Db", references),
            referenced_columns: Vec::new(),
            on_delete: ReferentialAction::NoAction,
            on_update: ReferentialAction::NoAction,
        };
        Table {
            name: TableName::new("Db", name),
            engine: "InnoDB".to_owned(),
            system_versioned: false,
            partitioning: None,
            rows_estimate: 0,
            bytes_estimate: 0,
            auto_increment: None,
            comment: String::new(),
            columns: Vec::new(),
            indexes: Vec::new(),
            foreign_keys: vec![key],
            checks: Vec::new(),
        }
    }

    #[test]
    fn a_key_finds_its_table_as_the_server_would() {
        let referenced = |name_case, references: &str| {
            let mut tables = [table("Parent", "Parent"), table("child", references)];
            resolve_names(&mut tables, name_case);
            tables[1].foreign_keys[0].referenced_table.name.clone()
        };
        assert_eq!(referenced(NameCase::Insensitive, "parent"), "Parent");
        assert_eq!(referenced(NameCase::Lowered, "PARENT"), "Parent");
        assert_eq!(referenced(NameCase::Sensitive, "parent"), "parent");
        assert_eq!(referenced(NameCase::Sensitive, "Parent"), "Parent");
        assert_eq!(referenced(NameCase::Insensitive, "elsewhere"), "elsewhere");
    }
}
