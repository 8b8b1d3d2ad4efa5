//! Keys of a YAML text with what stands at them.

use super::{Kind, Scalar, Token, scalar, tokens};
use crate::project::read::{Span, line_span};

/// One `key: value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) key: Token<Kind>,
    /// The pair that it stands in.
    pub(crate) parent: Option<usize>,
    /// Bytes before the key in its line.
    pub(crate) column: usize,
    pub(crate) anchor: Option<Token<Kind>>,
    pub(crate) tag: Option<Token<Kind>>,
    /// The scalar, alias, block header or opening bracket; none if there is nothing, or if pairs are.
    pub(crate) value: Option<Token<Kind>>,
    /// All that the value takes, from behind its anchor to its end; empty and behind the colon if
    /// there is none.
    pub(crate) span: Span,
    /// Whether other pairs stand in it.
    pub(crate) has_pairs: bool,
    /// Whether it stands within `{…}` or `[…]`.
    pub(crate) is_flow: bool,
}

/// A text with its pairs, in their order.
#[derive(Clone, Debug)]
pub(crate) struct Yaml<'a> {
    pub(crate) source: &'a [u8],
    pub(crate) tokens: Vec<Token<Kind>>,
    pub(crate) pairs: Vec<Pair>,
    /// Where a quote or a tag begins that has no end, or a conflict.
    pub(crate) broken: Option<usize>,
}

impl<'a> Yaml<'a> {
    pub(crate) fn new(source: &'a [u8]) -> Self {
        let found = tokens(source);
        let pairs = pairs(source, &found.all);
        Self { source, tokens: found.all, pairs, broken: found.broken }
    }

    /// A key without its quotes.
    pub(crate) fn key(&self, pair: &Pair) -> &'a [u8] {
        match pair.key.text(self.source) {
            [first @ (b'"' | b'\''), inner @ .., last] if first == last => inner,
            // A quote may begin a key and have no end.
            text => text,
        }
    }

    /// The keys from the outermost to its own.
    pub(crate) fn path(&self, nth: usize) -> Vec<&'a [u8]> {
        let mut keys = Vec::new();
        let mut at = Some(nth);
        while let Some(pair) = at.and_then(|at| self.pairs.get(at)) {
            keys.push(self.key(pair));
            at = pair.parent;
        }
        keys.reverse();
        keys
    }

    /// The pairs directly in one, or those in none.
    pub(crate) fn within(&self, parent: Option<usize>) -> impl Iterator<Item = (usize, &Pair)> {
        self.pairs.iter().enumerate().filter(move |(_, pair)| pair.parent == parent)
    }

    /// The pair with these keys, the last one if there are several, as YAML takes it.
    pub(crate) fn find(&self, keys: &[&[u8]]) -> Option<usize> {
        let mut parent = None;
        for key in keys {
            let (at, _) = self.within(parent).filter(|(_, pair)| self.key(pair) == *key).last()?;
            parent = Some(at);
        }
        parent
    }

    pub(crate) fn scalar(&self, pair: &Pair) -> Option<Scalar<'a>> {
        let value = pair.value.as_ref()?;
        // A plain scalar may go on on further lines.
        if value.span != pair.span {
            return None;
        }
        scalar(self.source, value)
    }
}

/// What is open while pairs are gathered.
struct Gathering<'a> {
    source: &'a [u8],
    pairs: Vec<Pair>,
    /// Pairs that may have pairs in them, with their columns; the deepest last.
    open: Vec<usize>,
    /// For each open bracket the pair that it is the value of.
    brackets: Vec<Option<usize>>,
    /// The pair whose value may follow.
    last: Option<usize>,
}

fn pairs(source: &[u8], tokens: &[Token<Kind>]) -> Vec<Pair> {
    let mut gathering =
        Gathering { source, pairs: Vec::new(), open: Vec::new(), brackets: Vec::new(), last: None };
    for token in tokens {
        gathering.take(token);
    }
    gathering.pairs
}

impl Gathering<'_> {
    fn take(&mut self, token: &Token<Kind>) {
        match token.kind {
            Kind::Key => self.key(token),
            Kind::Colon => {
                if let Some(pair) = self.last.and_then(|last| self.pairs.get_mut(last)) {
                    pair.span = Span::new(token.span.end, token.span.end);
                }
            }
            Kind::Anchor | Kind::Tag => {
                let pair = self.last.and_then(|last| self.pairs.get_mut(last));
                if let Some(pair) = pair.filter(|pair| pair.value.is_none() && !pair.has_pairs) {
                    let place =
                        if token.kind == Kind::Tag { &mut pair.tag } else { &mut pair.anchor };
                    *place = Some(*token);
                }
            }
            Kind::Flow => self.flow(token),
            Kind::Alias
            | Kind::Plain
            | Kind::SingleQuoted
            | Kind::DoubleQuoted
            | Kind::BlockHeader
            | Kind::BlockText => self.value(token),
            Kind::Dash => self.dash(token),
            Kind::Document => {
                self.open.clear();
                self.last = None;
            }
            Kind::Whitespace | Kind::Newline | Kind::Comment | Kind::Conflict | Kind::Erb => {}
        }
    }

    fn column(&self, token: &Token<Kind>) -> usize {
        token.span.start - line_span(self.source, token.span.start).start
    }

    fn key(&mut self, token: &Token<Kind>) {
        let column = self.column(token);
        let is_flow = !self.brackets.is_empty();
        let parent = if let Some(owner) = self.brackets.last() {
            *owner
        } else {
            while self.open.last().is_some_and(|last| self.pairs[*last].column >= column) {
                self.open.pop();
            }
            self.open.last().copied()
        };
        let at = self.pairs.len();
        if let Some(parent) = parent {
            self.pairs[parent].has_pairs = true;
        }
        self.pairs.push(Pair {
            key: *token,
            parent,
            column,
            anchor: None,
            tag: None,
            value: None,
            span: Span::new(token.span.end, token.span.end),
            has_pairs: false,
            is_flow,
        });
        if !is_flow {
            self.open.push(at);
        }
        self.last = Some(at);
    }

    /// What follows belongs to an item of a list and not to the key above.
    fn dash(&mut self, token: &Token<Kind>) {
        let column = self.column(token);
        while self.open.last().is_some_and(|last| self.pairs[*last].column > column) {
            self.open.pop();
        }
        self.last = None;
    }

    fn value(&mut self, token: &Token<Kind>) {
        if let Some(owner) = self.brackets.last()
            && self.last == *owner
        {
            return;
        }
        let Some(pair) = self.last.and_then(|last| self.pairs.get_mut(last)) else { return };
        if pair.has_pairs {
            return;
        }
        if pair.value.is_none() {
            pair.value = Some(*token);
            pair.span = token.span;
        } else {
            pair.span = pair.span.to(token.span);
        }
    }

    fn flow(&mut self, token: &Token<Kind>) {
        match token.text(self.source) {
            b"[" | b"{" => {
                self.value(token);
                self.brackets.push(self.last);
            }
            b"]" | b"}" => {
                if let Some(owner) = self.brackets.pop() {
                    if let Some(pair) = owner.and_then(|owner| self.pairs.get_mut(owner)) {
                        pair.span.end = token.span.end;
                    }
                    self.last = owner;
                }
            }
            _ => self.last = self.brackets.last().copied().flatten(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Yaml;

    fn shown(text: &str) -> String {
        let yaml = Yaml::new(text.as_bytes());
        let lines = yaml.pairs.iter().enumerate().map(|(nth, pair)| {
            let path = yaml.path(nth);
            let path: Vec<_> = path.iter().map(|key| String::from_utf8_lossy(key)).collect();
            let value = String::from_utf8_lossy(pair.span.of(yaml.source)).into_owned();
            let kind = pair.value.map_or(String::new(), |value| format!(" {:?}", value.kind));
            let anchor = pair.anchor.map_or(String::new(), |anchor| {
                format!(" {}", String::from_utf8_lossy(anchor.text(yaml.source)))
            });
            format!("{}{anchor} = {value:?}{kind}", path.join("."))
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_database_yml_as_people_commit_it() {
        let text = "\u{feff}# top\r\ndefault: &default\r\n  adapter: mysql2 # why\r\n\
            \x20 password: 'a # ''b'\r\n  pool: <%= ENV.fetch(\"POOL\") { 5 } %> # five\r\n\
            <% if ENV['X'] %>\n  host: <%= ENV[\"H\"] || \"a: b\" %>x\n<% end %>\n\
            production:\n  <<: *default\n  p1: a#b\n  p2: \"x: \\\"y\"\n  p3: &1 12\n  p4: *abc\n  p5: !x\n  p6:\n\
            \x20 variables: { sql_mode: 'A', \"b\":1, c: [d, e: f] }\n  text: |\n    key: no\n\n    more\n  after: 1\n\
            \tcache:\n\t\turl: mysql2://h/d?x=y#z\nlist:\n  - name: a\n    of: b\n  - c\nmulti: a\n  b\n";
        insta::assert_snapshot!(shown(text), @r#"
        default &default = ""
        default.adapter = "mysql2" Plain
        default.password = "'a # ''b'" SingleQuoted
        default.pool = "<%= ENV.fetch(\"POOL\") { 5 } %>" Plain
        default.host = "<%= ENV[\"H\"] || \"a: b\" %>x" Plain
        production = ""
        production.<< = "*default" Alias
        production.p1 = "a#b" Plain
        production.p2 = "\"x: \\\"y\"" DoubleQuoted
        production.p3 &1 = "12" Plain
        production.p4 = "*abc" Alias
        production.p5 = ""
        production.p6 = ""
        production.variables = "{ sql_mode: 'A', \"b\":1, c: [d, e: f] }" Flow
        production.variables.sql_mode = "'A'" SingleQuoted
        production.variables.b = "1" Plain
        production.variables.c = "[d, e: f]" Flow
        production.variables.c.e = "f" Plain
        production.text = "|\n    key: no\n\n    more" BlockHeader
        production.after = "1" Plain
        production.cache = ""
        production.cache.url = "mysql2://h/d?x=y#z" Plain
        list = ""
        list.name = "a" Plain
        list.of = "b" Plain
        multi = "a\n  b" Plain
        "#);
    }

    #[test]
    fn a_quote_without_an_end_is_a_letter_of_its_key() {
        for source in ["\n\n': a", "\": a\n", "l: ':\n  b: c\n", "'a: b'\n"] {
            let yaml = Yaml::new(source.as_bytes());
            for (nth, pair) in yaml.pairs.iter().enumerate() {
                assert!(!yaml.key(pair).is_empty() && !yaml.path(nth).is_empty(), "{source}");
            }
        }
    }

    #[test]
    fn scalars_have_their_values() {
        let yaml =
            Yaml::new(b"a: 'it''s'\nb: \"x\\n\\u00e9\\\"\"\nc: <%= x %>\nd: p w\ne: \"a\n  b\"\n");
        let values: Vec<_> = yaml.pairs.iter().map(|pair| yaml.scalar(pair)).collect();
        let text = |at: usize| String::from_utf8(values[at].clone().unwrap().value.into_owned());
        assert_eq!(text(0).unwrap(), "it's");
        assert_eq!(text(1).unwrap(), "x\n\u{e9}\"");
        assert!(values[2].clone().unwrap().is_dynamic);
        assert_eq!(text(3).unwrap(), "p w");
        assert_eq!(values[4], None);
    }
}
