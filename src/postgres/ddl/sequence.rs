//! Sequences that belong to no column.

use crate::postgres::quote::literal;
use crate::postgres::schema::Sequence;

/// The numbers in stock are a session's own in `PostgreSQL`: one at a time keeps their order.
pub(crate) fn create_sequence(sequence: &Sequence) -> String {
    let Sequence { start, increment, minimum, maximum, .. } = sequence;
    let cycle = if sequence.cycles { " CYCLE" } else { "" };
    format!(
        "CREATE SEQUENCE {} INCREMENT BY {increment} MINVALUE {minimum} MAXVALUE {maximum} \
         START WITH {start}{cycle}",
        sequence.name.postgres()
    )
}

pub(crate) fn sequence_comment(sequence: &Sequence) -> Option<String> {
    if sequence.comment.is_empty() {
        return None;
    }
    let (name, comment) = (sequence.name.postgres(), literal(&sequence.comment));
    Some(format!("COMMENT ON SEQUENCE {name} IS {comment}"))
}

/// Sets the next value. A sequence that is used up, or that begins again, does so in the target.
pub(crate) fn set_sequence(sequence: &Sequence) -> String {
    let name = literal(&sequence.name.postgres());
    let (value, called) = stand(sequence);
    format!("SELECT setval({name}, {value}, {called})")
}

/// The last value, and whether it was given already: what is next, where no bound is in the way.
fn stand(sequence: &Sequence) -> (i64, bool) {
    let Sequence { increment, minimum, maximum, next, .. } = sequence;
    match i64::try_from(*next) {
        Ok(next) if (*minimum..=*maximum).contains(&next) => (next, false),
        _ if *increment > 0 => (*maximum, true),
        _ => (*minimum, true),
    }
}

/// What `set_sequence` leaves next, were there no bounds.
pub(crate) fn next_of(sequence: &Sequence) -> i128 {
    let (value, called) = stand(sequence);
    i128::from(value) + if called { i128::from(sequence.increment) } else { 0 }
}
