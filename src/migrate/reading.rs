//! How a column's values are asked for, and the way that they go, with all that was said of it.

use crate::migrate::scan::{Answers, Question, lost_characters, may_lose_characters};
use crate::migrate::settings::{ColumnRule, InvalidText};
use crate::migrate::transcode::{Losses, Ruled, Transcoder};
use crate::mysql::schema::{Column, Table};
use crate::name::mysql_quoted;

/// A way with all that was said of the column, and how its values are asked for.
pub(crate) fn read(
    (table, column): (&Table, &Column),
    inner: Transcoder,
    (rule, answers): (&ColumnRule, &Answers),
) -> (Transcoder, Option<String>) {
    let lost = answers.about(table, &column.name, Question::LostCharacters).values() > 0
        || answers.is_unasked && may_lose_characters(column);
    let losses = if lost && inner.is_text() { Losses::Marked } else { Losses::Unmarked };
    let read = (losses == Losses::Marked).then(|| marked(column, rule));
    (Ruled::around(inner, rule, losses), read)
}

/// A text in UTF-8; where characters are lost a byte that none has, and then what is wanted of it:
/// with '?' in their place, or the bytes as they are, for the row that is set aside.
fn marked(column: &Column, rule: &ColumnRule) -> String {
    let name = mysql_quoted(&column.name);
    let text = format!("CAST(CONVERT({name} USING utf8mb4) AS BINARY)");
    let kept = if rule.invalid_text == Some(InvalidText::Replace) {
        text.clone()
    } else {
        format!("CAST({name} AS BINARY)")
    };
    format!("IF({}, CONCAT(x'FF', {kept}), {text})", lost_characters(column))
}
