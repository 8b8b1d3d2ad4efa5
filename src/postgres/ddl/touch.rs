//! ON UPDATE `CURRENT_TIMESTAMP` as a trigger.
//!
//! `MySQL` sets such a column when an UPDATE changes the stored bytes of any other column of the
//! row, unless the statement sets the column itself (manual 13.2.5 "Automatic Initialization and
//! Updating for TIMESTAMP and DATETIME"). The trigger's condition asks the first: `*<>` compares
//! the stored form of whole rows, so it also knows types that have no equality, such as `json`,
//! and sees 'a' become 'A' under any collation. Its function asks the second, as far as a trigger
//! can: a statement that sets the column to the very value it has is not told from one that
//! leaves it alone.

use crate::name::postgres_quoted;
use crate::postgres::quote::dollar_quoted;
use crate::postgres::schema::{Table, TouchFunction, Trigger};

/// One function serves every table that has a column of that name.
pub(crate) fn create_touch_function(function: &TouchFunction) -> String {
    let column = postgres_quoted(&function.column);
    let body = format!(
        "\nBEGIN\n    IF NEW.{column} IS NOT DISTINCT FROM OLD.{column} THEN\n        \
         NEW.{column} := {};\n    END IF;\n    RETURN NEW;\nEND\n",
        function.now
    );
    format!(
        "CREATE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS {}",
        function.name.postgres(),
        dollar_quoted("touch", &body)
    )
}

pub(crate) fn create_trigger(table: &Table, trigger: &Trigger) -> String {
    format!(
        "CREATE TRIGGER {} BEFORE UPDATE ON {}\n    FOR EACH ROW WHEN ({})\n    \
         EXECUTE FUNCTION {}()",
        postgres_quoted(&trigger.name),
        table.name.postgres(),
        changed(table),
        trigger.function.postgres()
    )
}

/// True if the row changed. A condition may not name generated columns of the new row, as they are
/// computed after it, nor the whole of a row that has some; they follow from the others anyway.
fn changed(table: &Table) -> String {
    if table.columns.iter().all(|column| column.generated.is_none()) {
        return "OLD.* *<> NEW.*".to_owned();
    }
    let row = |side: &str| {
        let columns: Vec<String> = table
            .columns
            .iter()
            .filter(|column| column.generated.is_none())
            .map(|column| format!("{side}.{}", postgres_quoted(&column.name)))
            .collect();
        format!("ROW({})::record", columns.join(", "))
    };
    format!("{} *<> {}", row("OLD"), row("NEW"))
}
