//! Indexes and foreign keys.

use super::{Reader, table_name, text};
use crate::mysql::catalog::create_table::begins_key;
use crate::mysql::catalog::rows::{ForeignKeyRow, IndexRow, RuleRow};
use crate::mysql::server::Flavour;
use crate::mysql::token::{Token, Tokens, split_commas, tokens};

impl Reader<'_> {
    /// `CONSTRAINT name FOREIGN KEY …` or `CHECK …`, its first word read already.
    pub(super) fn constraint(&mut self, definition: &[u8]) {
        let mut words = tokens(definition);
        let name = match words.next() {
            Some(Token::Name(name)) => text(&name),
            // Without a name.
            Some(Token::Word(word)) if word.eq_ignore_ascii_case(b"CHECK") => {
                return self.check(String::new(), words);
            }
            Some(Token::Word(word)) if word.eq_ignore_ascii_case(b"FOREIGN") => {
                let name = self.unnamed_foreign_key();
                return self.foreign_key(&name, words);
            }
            Some(Token::Word(word)) if begins_key(word) => return self.key(definition),
            Some(Token::Word(name)) => text(name),
            _ => return,
        };
        match words.next() {
            Some(word) if word.is_word("CHECK") => self.check(name, words),
            Some(word) if word.is_word("FOREIGN") => self.foreign_key(&name, words),
            Some(word) if word.is_word("UNIQUE") || word.is_word("PRIMARY") => {
                let behind = definition.len() - words.rest().len();
                let unique = if word.is_word("PRIMARY") { "PRIMARY " } else { "UNIQUE " };
                let mut key = unique.as_bytes().to_vec();
                key.extend_from_slice(&definition[behind..]);
                self.key(&key);
            }
            _ => {}
        }
    }

    /// As both servers name one without a name: behind the last that they named so.
    pub(super) fn unnamed_foreign_key(&self) -> String {
        let stem = format!("{}_ibfk_", self.table);
        let of_table = self.rows.rules.iter().filter(|rule| rule.table == self.table);
        let numbers =
            of_table.filter_map(|rule| rule.name.strip_prefix(&stem)?.parse::<u32>().ok());
        format!("{stem}{}", numbers.max().unwrap_or(0) + 1)
    }

    /// `[PRIMARY | UNIQUE | FULLTEXT | SPATIAL | VECTOR] KEY name (parts) options`
    pub(super) fn key(&mut self, definition: &[u8]) {
        let mut words = tokens(definition);
        let first = match words.next() {
            Some(Token::Word(word)) => text(word).to_ascii_uppercase(),
            _ => return,
        };
        let mut name = if first == "PRIMARY" { "PRIMARY".to_owned() } else { String::new() };
        let parts = loop {
            match words.next() {
                Some(Token::Name(found)) => name = text(&found),
                Some(Token::Group(parts)) => break parts,
                Some(word) if word.is_word("FOREIGN") => return,
                Some(word) if word.is_word("USING") => drop(words.next()),
                Some(word) if word.is_word("KEY") || word.is_word("INDEX") => {}
                Some(Token::Word(found)) => name = text(found),
                Some(_) => {}
                None => return,
            }
        };
        let mut row = IndexRow {
            table: self.table.to_owned(),
            index: name,
            unique: matches!(first.as_str(), "PRIMARY" | "UNIQUE"),
            column: None,
            descending: false,
            prefix: None,
            index_type: match first.as_str() {
                "FULLTEXT" | "SPATIAL" | "VECTOR" => first.clone(),
                _ => "BTREE".to_owned(),
            },
            comment: String::new(),
            visible: true,
            expression: None,
        };
        options(&mut row, words);
        let rows = split_commas(parts).into_iter().filter_map(|part| index_part(&row, part));
        let rows: Vec<IndexRow> = rows.collect();
        if let Some(first) = rows.first().filter(|first| first.index.is_empty()) {
            // A key without a name has that of its first column, and a number if it is not the first.
            let stem = first.column.clone().unwrap_or_else(|| "functional_index".to_owned());
            let is_taken = |name: &str| {
                let mut others = self.rows.indexes.iter().filter(|row| row.table == self.table);
                others.any(|row| row.index.eq_ignore_ascii_case(name))
            };
            let numbered = (2..).map(|number| format!("{stem}_{number}"));
            let mut names = std::iter::once(stem.clone()).chain(numbered);
            let name = names.find(|name| !is_taken(name)).unwrap_or(stem);
            self.rows
                .indexes
                .extend(rows.into_iter().map(|row| IndexRow { index: name.clone(), ..row }));
        } else {
            self.rows.indexes.extend(rows);
        }
    }

    /// `KEY (columns) REFERENCES table (columns) ON DELETE … ON UPDATE …`
    pub(super) fn foreign_key(&mut self, name: &str, mut words: Tokens<'_>) {
        let Some(columns) = group(&mut words) else { return };
        if !words.next().is_some_and(|word| word.is_word("REFERENCES")) {
            return;
        }
        let Some(referenced) = table_name(&mut words, self.database) else { return };
        let Some(theirs) = group(&mut words) else { return };
        for (column, referenced_column) in names(columns).into_iter().zip(names(theirs)) {
            self.rows.foreign_keys.push(ForeignKeyRow {
                table: self.table.to_owned(),
                name: name.to_owned(),
                column,
                referenced_table: referenced.clone(),
                referenced_column,
            });
        }
        // What each server says of a key without an action.
        let unsaid = match self.flavour {
            Flavour::MySql => "NO ACTION",
            Flavour::MariaDb => "RESTRICT",
        };
        let (mut on_delete, mut on_update) = (unsaid.to_owned(), unsaid.to_owned());
        while let Some(word) = words.next() {
            if !word.is_word("ON") {
                continue;
            }
            let of_delete = words.next().is_some_and(|word| word.is_word("DELETE"));
            let action = action(&mut words);
            if of_delete {
                on_delete = action;
            } else {
                on_update = action;
            }
        }
        let (table, name) = (self.table.to_owned(), name.to_owned());
        self.rows.rules.push(RuleRow { table, name, on_update, on_delete });
    }
}

/// CASCADE, RESTRICT, SET NULL, SET DEFAULT, NO ACTION.
fn action(words: &mut Tokens<'_>) -> String {
    let first = super::value(words).to_ascii_uppercase();
    match first.as_str() {
        "SET" | "NO" => format!("{first} {}", super::value(words).to_ascii_uppercase()),
        _ => first,
    }
}

/// `USING BTREE COMMENT '…' INVISIBLE IGNORED …`
fn options(row: &mut IndexRow, mut words: Tokens<'_>) {
    while let Some(word) = words.next() {
        if word.is_word("COMMENT") {
            row.comment = super::value(&mut words);
        } else if word.is_word("INVISIBLE") || word.is_word("IGNORED") {
            row.visible = false;
        } else if word.is_word("USING") && row.index_type == "BTREE" {
            row.index_type = super::value(&mut words).to_ascii_uppercase();
        }
    }
}

/// `name`, `name`(length), (expression); each with ASC or DESC.
fn index_part(key: &IndexRow, part: &[u8]) -> Option<IndexRow> {
    let mut row = key.clone();
    let mut words = tokens(part);
    match words.next()? {
        Token::Name(name) => row.column = Some(text(&name)),
        Token::Word(name) => row.column = Some(text(name)),
        Token::Group(expression) => row.expression = Some(text(expression)),
        Token::Text(_) | Token::Symbol(_) => return None,
    }
    for word in words {
        match word {
            Token::Group(length) => row.prefix = text(length).trim().parse().ok(),
            word => row.descending |= word.is_word("DESC"),
        }
    }
    Some(row)
}

/// The next parentheses, whatever stands before them.
fn group<'t>(words: &mut Tokens<'t>) -> Option<&'t [u8]> {
    words.find_map(|word| match word {
        Token::Group(inner) => Some(inner),
        Token::Word(_) | Token::Text(_) | Token::Name(_) | Token::Symbol(_) => None,
    })
}

/// Names between commas.
pub(super) fn names(list: &[u8]) -> Vec<String> {
    let name = |part| match tokens(part).next() {
        Some(Token::Name(name)) => Some(text(&name)),
        Some(Token::Word(name)) => Some(text(name)),
        _ => None,
    };
    split_commas(list).into_iter().filter_map(name).collect()
}
