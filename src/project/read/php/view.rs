//! PHP without what PHP leaves out: the tokens that are code, and what they call and assign.

use std::borrow::Cow;
use std::ops::Range;

use super::{Kind, literal, tokens};
use crate::project::read::code::{self, Bracket, Lexis, Literal};

/// The code of a file, without inline HTML and opening tags.
pub(crate) type Code<'a> = code::Code<'a, Kind>;

impl Lexis for Kind {
    const PUNCTUATION: Self = Self::Punctuation;
}

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Callee {
    Function,
    /// `…->name()`
    Method,
    /// `…::name()`
    Static,
    /// `new Name()`
    New,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) callee: Callee,
    pub(crate) name: usize,
    /// Its opening bracket.
    pub(crate) open: usize,
}

/// `key => value`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The token before the arrow.
    pub(crate) key: usize,
    pub(crate) value: Range<usize>,
}

/// `base[keys] = value`; the base is the last name of a property or a constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) base: usize,
    /// The brackets of the keys; empty if there are none.
    pub(crate) keys: Range<usize>,
    pub(crate) value: Range<usize>,
}

impl<'a> code::Code<'a, Kind> {
    pub(crate) fn new(source: &'a [u8]) -> Self {
        let mut all = tokens(source);
        let mut kept = Vec::new();
        for token in all.by_ref() {
            if token.kind.is_code() {
                kept.push(token);
            }
        }
        Self { source, tokens: kept, broken: all.broken() }
    }

    /// Whether a token is this name; PHP's own names have no case.
    pub(crate) fn is_name(&self, at: usize, name: &[u8]) -> bool {
        self.kind(at) == Some(Kind::Name)
            && self.text(at).strip_prefix(b"\\").unwrap_or(self.text(at)).eq_ignore_ascii_case(name)
    }

    /// What a string token says.
    pub(crate) fn literal(&self, at: usize) -> Option<Literal<'a>> {
        literal(self.source, self.tokens.get(at)?)
    }

    /// The value of an expression that is one string, or several put together with dots.
    pub(crate) fn constant(&self, range: &Range<usize>) -> Option<Cow<'a, [u8]>> {
        let mut range = range.clone();
        while range.len() > 2 && self.is(range.start, b"(") {
            if self.closing(range.start)? != range.end - 1 {
                return None;
            }
            range = range.start + 1..range.end - 1;
        }
        let mut value: Option<Cow<'a, [u8]>> = None;
        for (nth, at) in range.enumerate() {
            if nth % 2 == 1 {
                if !self.is(at, b".") {
                    return None;
                }
                continue;
            }
            let part = self.literal(at).filter(|literal| !literal.is_dynamic)?.value;
            value = Some(match value {
                None => part,
                Some(before) => Cow::Owned([&before[..], &part[..]].concat()),
            });
        }
        value
    }

    /// Where an expression ends that begins at `from`: before a comma, a semicolon or the bracket
    /// that it stands in.
    pub(crate) fn expression_end(&self, from: usize) -> usize {
        let mut depth = 0_usize;
        for at in from..self.tokens.len() {
            match self.bracket(at) {
                Some(Bracket::Open) => depth += 1,
                Some(Bracket::Close) if depth == 0 => return at,
                Some(Bracket::Close) => depth -= 1,
                None if self.kind(at) == Some(Kind::CloseTag) => return at,
                None if depth == 0 && (self.is(at, b",") || self.is(at, b";")) => return at,
                None => {}
            }
        }
        self.tokens.len()
    }

    /// All calls, in their order; definitions are none.
    pub(crate) fn calls(&self) -> impl Iterator<Item = Call> + '_ {
        (0..self.tokens.len()).filter_map(|name| {
            let open = name + 1;
            if self.kind(name) != Some(Kind::Name) || !self.is(open, b"(") {
                return None;
            }
            let before = name.checked_sub(1);
            let is_before = |text: &[u8]| before.is_some_and(|at| self.is(at, text));
            let callee = match before {
                Some(at) if self.is_name(at, b"new") => Callee::New,
                Some(at) if self.is_name(at, b"function") || self.is_name(at, b"fn") => {
                    return None;
                }
                // `function &name()`
                Some(at) if at > 0 && self.is(at, b"&") && self.is_name(at - 1, b"function") => {
                    return None;
                }
                _ if is_before(b"->") || is_before(b"?->") => Callee::Method,
                _ if is_before(b"::") => Callee::Static,
                _ => Callee::Function,
            };
            Some(Call { callee, name, open })
        })
    }

    /// Calls of one name, whatever its case.
    pub(crate) fn calls_of<'b>(&'b self, name: &'b [u8]) -> impl Iterator<Item = Call> + 'b {
        self.calls().filter(move |call| self.is_name(call.name, name))
    }

    /// What stands between a bracket and its end, cut at the commas: a call's arguments, an array's
    /// items. A comma before the end begins nothing.
    pub(crate) fn items(&self, open: usize) -> Vec<Range<usize>> {
        let mut items = Vec::new();
        let mut start = open + 1;
        while start < self.tokens.len() {
            let end = self.expression_end(start);
            if end > start {
                items.push(start..end);
            }
            if !self.is(end, b",") {
                break;
            }
            start = end + 1;
        }
        items
    }

    /// `key => value` of one item.
    pub(crate) fn entry(&self, item: &Range<usize>) -> Option<Entry> {
        let arrow = item.start + 1;
        let is_entry = arrow < item.end && self.is(arrow, b"=>");
        is_entry.then(|| Entry { key: item.start, value: arrow + 1..item.end })
    }

    /// The bracket that opens an array: that of `[…]` or of `array(…)`.
    pub(crate) fn array(&self, value: &Range<usize>) -> Option<usize> {
        let open = if self.is_name(value.start, b"array") { value.start + 1 } else { value.start };
        let is_array = self.is(open, b"[") || (open > value.start && self.is(open, b"("));
        (is_array && self.closing(open)? + 1 == value.end).then_some(open)
    }

    /// All `key => value` with a key of one token, at any depth.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        (1..self.tokens.len())
            .filter(|at| self.is(*at, b"=>"))
            .map(|arrow| Entry { key: arrow - 1, value: arrow + 1..self.expression_end(arrow + 1) })
    }

    /// All assignments with `=` to a variable, a property or a constant.
    pub(crate) fn assignments(&self) -> impl Iterator<Item = Assignment> + '_ {
        (1..self.tokens.len()).filter(|at| self.is(*at, b"=")).filter_map(|equals| {
            let mut base = equals - 1;
            while self.is(base, b"]") {
                base = self.opening(base)?.checked_sub(1)?;
            }
            let is_base = matches!(self.kind(base), Some(Kind::Variable | Kind::Name));
            is_base.then(|| Assignment {
                base,
                keys: base + 1..equals,
                value: equals + 1..self.expression_end(equals + 1),
            })
        })
    }

    /// The keys of an assignment; none if one of them is not a literal.
    pub(crate) fn keys(&self, assignment: &Assignment) -> Option<Vec<Cow<'a, [u8]>>> {
        let keys = assignment.keys.clone();
        if !keys.len().is_multiple_of(3) {
            return None;
        }
        let mut found = Vec::new();
        for open in keys.step_by(3) {
            if !self.is(open, b"[") || !self.is(open + 2, b"]") {
                return None;
            }
            found.push(self.key(open + 1)?);
        }
        Some(found)
    }

    /// What a key says: a string, a number, a bare word as old code has it.
    pub(crate) fn key(&self, at: usize) -> Option<Cow<'a, [u8]>> {
        match self.kind(at)? {
            Kind::Number | Kind::Name => Some(Cow::Borrowed(self.text(at))),
            _ => self.literal(at).filter(|literal| !literal.is_dynamic).map(|one| one.value),
        }
    }

    fn opening(&self, close: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for at in (0..=close).rev() {
            match self.bracket(at) {
                Some(Bracket::Close) => depth += 1,
                Some(Bracket::Open) => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at);
                    }
                }
                None => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Callee, Code};

    #[test]
    fn calls_are_code_and_definitions_are_none() {
        let source = b"<p>define('A')</p><?php // define('B')\nDEFINE( 'C', 'x' . \"y\" ); $a->define(1);\n\
            function define($x) {} new define(2); X::define(3); echo \"define('D')\"; \\define('E', [1, 2,],);";
        let code = Code::new(source);
        let calls: Vec<(Callee, usize, String)> = code
            .calls_of(b"define")
            .map(|call| {
                let items = code.items(call.open);
                let first = String::from_utf8_lossy(code.text(items[0].start)).into_owned();
                (call.callee, items.len(), first)
            })
            .collect();
        assert_eq!(
            calls,
            [
                (Callee::Function, 2, "'C'".to_owned()),
                (Callee::Method, 1, "1".to_owned()),
                (Callee::New, 1, "2".to_owned()),
                (Callee::Static, 1, "3".to_owned()),
                (Callee::Function, 2, "'E'".to_owned()),
            ]
        );
        let first = code.calls_of(b"define").next().unwrap();
        let value = code.constant(&code.items(first.open)[1]).unwrap();
        assert_eq!(&value[..], b"xy");
        assert_eq!(code.unbalanced(), None);
    }

    #[test]
    fn assignments_have_their_keys_and_values() {
        let source =
            b"<?php $db['default'][\"x\"] = array('a' => 'b', 'c' => f(1, 2)); $this->p = 1;\n\
            const X = 'y', Y = [1]; $a[$i] = 2; $b[0] = 3 ?>x";
        let code = Code::new(source);
        let found: Vec<String> = code
            .assignments()
            .map(|one| {
                let keys = code.keys(&one).map(|keys| {
                    let keys = keys.iter().map(|key| String::from_utf8_lossy(key).into_owned());
                    keys.collect::<Vec<_>>().join(".")
                });
                let base = String::from_utf8_lossy(code.text(one.base)).into_owned();
                let value = String::from_utf8_lossy(code.span(&one.value).of(source)).into_owned();
                format!("{base} {keys:?} {value}")
            })
            .collect();
        insta::assert_snapshot!(found.join("\n"), @r#"
        $db Some("default.x") array('a' => 'b', 'c' => f(1, 2))
        p Some("") 1
        X Some("") 'y'
        Y Some("") [1]
        $a None 2
        $b Some("0") 3
        "#);
        let array = code.assignments().next().unwrap().value;
        let open = code.array(&array).unwrap();
        let entries: Vec<_> = code.items(open).iter().filter_map(|item| code.entry(item)).collect();
        assert_eq!(entries.len(), 2);
        assert_eq!(code.entries().count(), 2);
    }
}
