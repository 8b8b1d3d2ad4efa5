//! PARTITION BY.

use super::key::names;
use super::{Reader, text};
use crate::mysql::catalog::rows::PartitionRow;
use crate::mysql::token::{Token, Tokens, split_commas, tokens};
use crate::name::mysql_quoted;

impl Reader<'_> {
    /// `… PARTITION BY [LINEAR] method [COLUMNS] (expression) [SUBPARTITION BY …] [(partitions)]`
    pub(super) fn partitions(&mut self, options: &[u8]) {
        let mut words = tokens(options);
        if !words.any(|word| word.is_word("PARTITION")) {
            return;
        }
        words.next();
        let (mut method, mut expression, mut count) = (String::new(), None, 0);
        let (mut listed, mut has_subpartitions) = (None, false);
        while let Some(word) = words.next() {
            match word {
                Token::Group(inner) if expression.is_none() && method != "SYSTEM_TIME" => {
                    expression = Some(inner);
                }
                // (PARTITION …); that of SUBPARTITION BY HASH (…) is no list.
                Token::Group(inner)
                    if tokens(inner).next().is_some_and(|w| w.is_word("PARTITION")) =>
                {
                    listed = Some(inner);
                }
                word if word.is_word("SUBPARTITION") => has_subpartitions = true,
                word if word.is_word("PARTITIONS") => {
                    count = super::value(&mut words).parse().unwrap_or(0);
                }
                word if word.is_word("ALGORITHM") => {
                    super::value(&mut words);
                }
                Token::Word(word) if expression.is_none() => {
                    let space = if method.is_empty() { "" } else { " " };
                    method.push_str(space);
                    method.push_str(&text(word).to_ascii_uppercase());
                }
                _ => {}
            }
        }
        let of = PartitionRow {
            table: self.table.to_owned(),
            name: String::new(),
            expression: printed(&method, expression.unwrap_or_default()),
            method,
            description: None,
            comment: String::new(),
            has_subpartitions,
        };
        match listed {
            Some(list) => {
                let rows = split_commas(list).into_iter().filter_map(|part| partition(&of, part));
                self.rows.partitions.extend(rows);
            }
            None => self.rows.partitions.extend(
                (0..count.clamp(1, 8192))
                    .map(|at: u32| PartitionRow { name: format!("p{at}"), ..of.clone() }),
            ),
        }
    }
}

/// The columns of COLUMNS and KEY in backticks, as the catalog prints them.
fn printed(method: &str, expression: &[u8]) -> String {
    if method.ends_with("COLUMNS") || method.ends_with("KEY") {
        let quoted: Vec<String> = names(expression).iter().map(|name| mysql_quoted(name)).collect();
        return quoted.join(",");
    }
    // A column without quotes, under --skip-quote-names.
    let mut words = tokens(expression);
    if let (Some(Token::Word(name)), None) = (words.next(), words.next()) {
        return mysql_quoted(&text(name));
    }
    text(expression).trim().to_owned()
}

/// `PARTITION name VALUES LESS THAN (…) COMMENT = '…' ENGINE = …`
fn partition(of: &PartitionRow, definition: &[u8]) -> Option<PartitionRow> {
    let mut row = of.clone();
    let mut words = tokens(definition);
    words.next();
    row.name = match words.next()? {
        Token::Name(name) => text(&name),
        Token::Word(name) => text(name),
        Token::Text(_) | Token::Group(_) | Token::Symbol(_) => return None,
    };
    while let Some(word) = words.next() {
        if word.is_word("THAN") || word.is_word("IN") {
            row.description = values(&mut words);
        } else if word.is_word("COMMENT") {
            row.comment = super::value(&mut words);
        }
    }
    Some(row)
}

/// `(10,'a')` or MAXVALUE.
fn values(words: &mut Tokens<'_>) -> Option<String> {
    match words.next()? {
        Token::Group(values) => Some(text(values).trim().to_owned()),
        Token::Word(word) => Some(text(word)),
        Token::Text(_) | Token::Name(_) | Token::Symbol(_) => None,
    }
}
