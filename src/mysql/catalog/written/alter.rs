//! ALTER TABLE, as far as it can be run on a statement's text: what phpMyAdmin and others write behind
//! their rows (keys, AUTO_INCREMENT, constraints), and what changes no row.

use super::WrittenTable;
use crate::mysql::token::{Token, Tokens, split_commas, tokens};

/// The text of a CREATE TABLE in its parts.
struct Parts {
    /// Up to the columns.
    before: Vec<u8>,
    /// Columns, keys and constraints.
    items: Vec<Vec<u8>>,
    /// Options and partitions.
    behind: Vec<u8>,
}

impl WrittenTable {
    /// Runs all of these changes on the text, or none: whether it could. A table with rows keeps the
    /// columns that they were written for.
    pub(crate) fn alter(&mut self, changes: &[Vec<u8>], has_rows: bool) -> bool {
        let Some(mut parts) = Parts::of(&self.sql) else { return false };
        let done = changes.iter().all(|change| parts.change(change, has_rows).is_some());
        if done {
            self.sql = parts.text();
        }
        done
    }

    /// As CREATE TABLE … LIKE has it: without foreign keys, and counting from the beginning.
    pub(crate) fn like(&self, name: &str) -> Option<Self> {
        let mut parts = Parts::of(&self.sql)?;
        parts.items.retain(|item| !tokens(item).any(|word| word.is_word("REFERENCES")));
        parts.option("AUTO_INCREMENT", b"1")?;
        Some(Self { name: name.to_owned(), sql: parts.text(), ..Self::default() })
    }
}

impl Parts {
    fn of(sql: &[u8]) -> Option<Self> {
        let mut words = tokens(sql);
        let body = words.find_map(|token| match token {
            Token::Group(body) => Some(body),
            Token::Word(_) | Token::Text(_) | Token::Name(_) | Token::Symbol(_) => None,
        })?;
        let behind = words.rest();
        let before = sql.len().checked_sub(behind.len() + body.len() + 2)?;
        let items = split_commas(body).into_iter().map(<[u8]>::to_vec).collect();
        Some(Self { before: sql[..before].to_vec(), items, behind: behind.to_vec() })
    }

    fn text(&self) -> Vec<u8> {
        [&self.before, b"(".as_slice(), &self.items.join(b",".as_slice()), b")", &self.behind]
            .concat()
    }

    fn change(&mut self, change: &[u8], has_rows: bool) -> Option<()> {
        let mut words = tokens(change);
        let Token::Word(verb) = words.next()? else { return None };
        match verb.to_ascii_uppercase().as_slice() {
            b"ADD" => self.add(words, has_rows),
            b"MODIFY" => {
                skip(&mut words, "COLUMN");
                self.modify(words.rest(), has_rows)
            }
            b"CHANGE" => {
                skip(&mut words, "COLUMN");
                let (was, is) = (words.next()?, words.rest());
                (Some(was) == tokens(is).next()).then_some(())?;
                self.modify(is, has_rows)
            }
            b"DISABLE" | b"ENABLE" => words.next()?.is_word("KEYS").then_some(()),
            verb @ (b"AUTO_INCREMENT" | b"COMMENT" | b"ENGINE") => {
                skip_symbol(&mut words);
                let value = words.rest().trim_ascii();
                words.next()?;
                words.next().is_none().then_some(())?;
                self.option(&String::from_utf8_lossy(verb), value)
            }
            _ => None,
        }
    }

    /// A key, a constraint, or a column of a table that has no rows yet.
    fn add(&mut self, mut words: Tokens<'_>, has_rows: bool) -> Option<()> {
        let item = words.rest().trim_ascii().to_vec();
        let first = words.next()?;
        let is_key = |word: &Token<'_>| {
            ["PRIMARY", "UNIQUE", "KEY", "INDEX", "FULLTEXT", "SPATIAL", "VECTOR", "FOREIGN"]
                .iter()
                .chain(&["CONSTRAINT", "CHECK"])
                .any(|known| word.is_word(known))
        };
        if first.is_word("COLUMN") {
            return self.add_column(words.rest(), has_rows);
        }
        if matches!(first, Token::Name(_)) {
            return self.add_column(&item, has_rows);
        }
        is_key(&first).then_some(())?;
        // IF NOT EXISTS hangs on what is there.
        (!words.any(|word| word.is_word("EXISTS"))).then_some(())?;
        self.items.push(item);
        Some(())
    }

    fn add_column(&mut self, definition: &[u8], has_rows: bool) -> Option<()> {
        let placed = |word: Token<'_>| word.is_word("FIRST") || word.is_word("AFTER");
        let named = matches!(tokens(definition).next()?, Token::Name(_) | Token::Word(_));
        (named && !has_rows && !tokens(definition).any(placed)).then_some(())?;
        // Columns stand before keys.
        let at = self.items.iter().position(|item| !begins_column(item));
        self.items.insert(at.unwrap_or(self.items.len()), definition.trim_ascii().to_vec());
        Some(())
    }

    /// A column's new definition: any of a table without rows, or one that only counts on from now.
    fn modify(&mut self, definition: &[u8], has_rows: bool) -> Option<()> {
        let placed = |word: Token<'_>| word.is_word("FIRST") || word.is_word("AFTER");
        (!tokens(definition).any(placed)).then_some(())?;
        let name = tokens(definition).next()?;
        let item = self.items.iter_mut().find(|item| tokens(item).next() == Some(name.clone()))?;
        let but_counting = |text| -> Vec<Token<'_>> {
            tokens(text).filter(|word| !word.is_word("AUTO_INCREMENT")).collect()
        };
        let same = but_counting(item) == but_counting(definition);
        (same || !has_rows).then_some(())?;
        *item = definition.trim_ascii().to_vec();
        Some(())
    }

    /// Puts an option before all others that it may have, or in its own one's place.
    fn option(&mut self, name: &str, value: &[u8]) -> Option<()> {
        let mut words = tokens(&self.behind);
        while let Some(word) = words.next() {
            if word.is_word("PARTITION") {
                break;
            }
            if word.is_word(name) {
                let from = self.behind.len() - words.rest().len();
                skip_symbol(&mut words);
                words.next()?;
                let to = self.behind.len() - words.rest().len();
                self.behind.splice(from..to, [b"=", value].concat());
                return Some(());
            }
        }
        let option = [b" ", name.as_bytes(), b"=", value].concat();
        self.behind.splice(0..0, option);
        Some(())
    }
}

fn begins_column(item: &[u8]) -> bool {
    matches!(tokens(item).next(), Some(Token::Name(_)))
}

fn skip(words: &mut Tokens<'_>, word: &str) {
    let mut ahead = words.clone();
    if ahead.next().is_some_and(|first| first.is_word(word)) {
        *words = ahead;
    }
}

fn skip_symbol(words: &mut Tokens<'_>) {
    let mut ahead = words.clone();
    if ahead.next() == Some(Token::Symbol(b'=')) {
        *words = ahead;
    }
}

#[cfg(test)]
mod tests {
    use super::WrittenTable;

    const TABLE: &str =
        "CREATE TABLE `t` (`id` int NOT NULL COMMENT 'a, (b', `w` text) ENGINE=InnoDB";

    fn altered(changes: &[&str], has_rows: bool) -> Option<String> {
        let mut table = WrittenTable { sql: TABLE.into(), ..WrittenTable::default() };
        let changes: Vec<Vec<u8>> =
            changes.iter().map(|change| change.as_bytes().to_vec()).collect();
        let done = table.alter(&changes, has_rows);
        let text = String::from_utf8(table.sql).unwrap();
        if !done {
            assert_eq!(text, TABLE);
        }
        done.then_some(text)
    }

    #[test]
    fn what_tools_write_behind_their_rows_is_run() {
        let counted = "MODIFY `id` int NOT NULL AUTO_INCREMENT COMMENT 'a, (b'";
        for (changes, body, behind) in [
            (
                ["ADD PRIMARY KEY (`id`)", " ADD KEY `w` (`w`(10))"].as_slice(),
                "`id` int NOT NULL COMMENT 'a, (b', `w` text,PRIMARY KEY (`id`),KEY `w` (`w`(10))",
                " ENGINE=InnoDB",
            ),
            (
                &[counted, "AUTO_INCREMENT=5"],
                "`id` int NOT NULL AUTO_INCREMENT COMMENT 'a, (b', `w` text",
                " AUTO_INCREMENT=5 ENGINE=InnoDB",
            ),
            (
                &["AUTO_INCREMENT=5", "AUTO_INCREMENT = 6", "COMMENT 'x'", "DISABLE KEYS"],
                "`id` int NOT NULL COMMENT 'a, (b', `w` text",
                " COMMENT='x' AUTO_INCREMENT=6 ENGINE=InnoDB",
            ),
        ] {
            let text = altered(changes, true).unwrap();
            assert_eq!(text.replace("CREATE TABLE `t` ", ""), format!("({body}){behind}"));
        }
        let text = altered(&["ADD KEY `w` (`w`(9))", "ADD COLUMN `n` int"], false).unwrap();
        assert!(text.contains(" `w` text,`n` int,KEY `w` (`w`(9))) ENGINE"), "{text}");
    }

    #[test]
    fn what_changes_rows_or_hangs_on_the_server_is_not() {
        for change in [
            "ADD COLUMN `n` int",
            "ADD `n` int",
            "MODIFY `id` bigint NOT NULL COMMENT 'a, (b'",
            "MODIFY `id` int NOT NULL COMMENT 'a, (b' FIRST",
            "CHANGE `id` `no` int NOT NULL COMMENT 'a, (b'",
            "MODIFY `other` int",
            "DROP COLUMN `w`",
            "ADD KEY IF NOT EXISTS `w` (`w`(9))",
            "CONVERT TO CHARACTER SET latin1",
            "ORDER BY `id`",
            "ENGINE=MyISAM COMMENT='x'",
            "",
        ] {
            assert_eq!(altered(&["ADD PRIMARY KEY (`id`)", change], true), None, "{change}");
        }
    }
}
