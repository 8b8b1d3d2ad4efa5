//! `MariaDB`'s sequences, and the defaults that ask them.

use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::mysql::schema::{Default, Sequence as Source, Table};
use crate::mysql::token::{Token, tokens};
use crate::name::TableName;
use crate::postgres::quote::literal;
use crate::postgres::schema::Sequence;

/// The target's form of a sequence, and what is different of it.
pub(super) fn sequence(source: &Source, name: TableName, found: &mut Vec<Finding>) -> Sequence {
    let place = || Place::of(PlaceKind::Sequence, &source.name);
    if source.increment == 0 {
        let message =
            "goes on by 1: its INCREMENT BY 0 asked the server's auto_increment_increment";
        found.push(Finding::warning(Code::SequenceChanged, place(), message));
    }
    let bounds = [source.minimum, source.maximum];
    if bounds.iter().any(|bound| i64::try_from(*bound).is_err()) {
        let message = format!("ends at 2^63-1, not at {}: PostgreSQL's are bigint", source.maximum);
        found.push(Finding::warning(Code::SequenceChanged, place(), message));
    }
    if source.cache > 1 {
        let message = format!(
            "takes no numbers in stock: CACHE {} is the server's in MariaDB, and would be each \
             session's in PostgreSQL",
            source.cache
        );
        found.push(Finding::note(Code::SequenceChanged, place(), message));
    }
    let clamped = |value: i128| value.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
    Sequence {
        name,
        start: clamped(source.start),
        increment: if source.increment == 0 { 1 } else { clamped(source.increment) },
        minimum: clamped(source.minimum),
        maximum: clamped(source.maximum),
        cycles: source.cycles,
        next: source.next,
        comment: source.comment.clone(),
    }
}

/// The columns whose default is the next value of a sequence that is carried: place and SQL.
pub(super) fn defaults(
    table: &Table,
    sequences: &[(TableName, TableName)],
) -> Vec<(usize, String)> {
    let asks = table.columns.iter().enumerate().filter_map(|(at, column)| {
        let Default::Expression(expression) = &column.default else { return None };
        let wanted = asked(expression)?;
        let (_, target) = sequences.iter().find(|(source, _)| *source == wanted)?;
        Some((at, format!("nextval({}::regclass)", literal(&target.postgres()))))
    });
    asks.collect()
}

/// The sequence of ``nextval(`database`.`sequence`)``, as the server prints it.
fn asked(expression: &str) -> Option<TableName> {
    let words: Vec<Token<'_>> = tokens(expression.as_bytes()).collect();
    let [function, Token::Group(named)] = words.as_slice() else { return None };
    if !function.is_word("nextval") {
        return None;
    }
    match tokens(named).collect::<Vec<_>>().as_slice() {
        [Token::Name(database), dot, Token::Name(name)] if is_dot(dot) => {
            let text = |name: &Vec<u8>| String::from_utf8(name.clone()).ok();
            Some(TableName::new(text(database)?, text(name)?))
        }
        _ => None,
    }
}

fn is_dot(token: &Token<'_>) -> bool {
    matches!(token, Token::Word(b".") | Token::Symbol(b'.'))
}

#[cfg(test)]
mod tests {
    use super::asked;
    use crate::name::TableName;

    #[test]
    fn only_the_plain_question_for_a_number_is_read() {
        let sequence = TableName::new("shop", "s 1");
        assert_eq!(asked("nextval(`shop`.`s 1`)"), Some(sequence));
        for other in ["nextval(`s`)", "lastval(`shop`.`s`)", "nextval(`shop`.`s`) + 1"] {
            assert_eq!(asked(other), None, "{other}");
        }
    }
}
