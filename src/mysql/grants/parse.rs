//! A line of `SHOW GRANTS`, read.
//!
//! Passwords' hashes, TLS demands and limits stand in such lines too: they are passed over and kept
//! nowhere.

use super::lexer::{Token, tokens};
use super::privileges::{Extent, GRANT_OPTION, Privileges};
use super::{Account, Line, RoutineKind, Scope};

/// `None` for what is no such line.
pub(crate) fn parse_line(line: &str) -> Option<Line> {
    let tokens = tokens(line)?;
    let mut cursor = Cursor { tokens: &tokens, at: 0 };
    if cursor.take("SET") {
        return default_role(cursor);
    }
    let is_grant = cursor.take("GRANT");
    if !is_grant && !cursor.take("REVOKE") {
        return None;
    }
    if !cursor.has_on() {
        return roles(cursor);
    }
    let mut privileges = privileges(&mut cursor)?;
    let is_proxy = privileges.is_proxy();
    let scope = if is_proxy { Scope::Proxy(cursor.account()?) } else { scope(&mut cursor)? };
    if !cursor.take(if is_grant { "TO" } else { "FROM" }) {
        return None;
    }
    let account = cursor.account()?;
    if cursor.rest_has(["GRANT", "OPTION"]) {
        privileges.insert(GRANT_OPTION, Extent::whole());
    }
    Some(if is_grant {
        Line::Grant { privileges, scope, to: account }
    } else {
        Line::Revoke { privileges, scope, from: account }
    })
}

fn default_role(mut cursor: Cursor<'_>) -> Option<Line> {
    if !cursor.take("DEFAULT") || !cursor.take("ROLE") {
        return None;
    }
    let role = cursor.account()?;
    if !cursor.take("FOR") {
        return None;
    }
    Some(Line::DefaultRole { role, of: cursor.account()? })
}

fn roles(mut cursor: Cursor<'_>) -> Option<Line> {
    let mut roles = vec![cursor.account()?];
    while cursor.symbol(',') {
        roles.push(cursor.account()?);
    }
    if !cursor.take("TO") {
        return None;
    }
    let to = cursor.account()?;
    Some(Line::Roles { roles, to, admin: cursor.rest_has(["ADMIN", "OPTION"]) })
}

/// Up to and with the word ON.
fn privileges(cursor: &mut Cursor<'_>) -> Option<Privileges> {
    let mut privileges = Privileges::default();
    loop {
        let mut words = Vec::new();
        while let Some(Token::Word(word)) = cursor.peek().filter(|token| !token.is("ON")) {
            words.push(word.to_ascii_uppercase());
            cursor.at += 1;
        }
        if words.is_empty() {
            return None;
        }
        let extent = if cursor.symbol('(') {
            let mut columns = vec![cursor.name()?];
            while cursor.symbol(',') {
                columns.push(cursor.name()?);
            }
            if !cursor.symbol(')') {
                return None;
            }
            Extent::of_columns(columns)
        } else {
            Extent::whole()
        };
        privileges.insert(&words.join(" "), extent);
        if cursor.take("ON") {
            return Some(privileges);
        }
        if !cursor.symbol(',') {
            return None;
        }
    }
}

fn scope(cursor: &mut Cursor<'_>) -> Option<Scope> {
    if cursor.symbol('*') {
        return (cursor.symbol('.') && cursor.symbol('*')).then_some(Scope::Global);
    }
    let kind = routine_kind(cursor);
    let database = cursor.name()?;
    if !cursor.symbol('.') {
        return None;
    }
    if let Some(kind) = kind {
        return Some(Scope::Routine { kind, database, name: cursor.name()? });
    }
    if cursor.symbol('*') {
        return Some(Scope::Database(database));
    }
    Some(Scope::Table { database, table: cursor.name()? })
}

/// Bare words before the name; a database that is called so is followed by a dot.
fn routine_kind(cursor: &mut Cursor<'_>) -> Option<RoutineKind> {
    if matches!(cursor.tokens.get(cursor.at + 1), Some(Token::Symbol('.'))) {
        return None;
    }
    if cursor.take("FUNCTION") {
        Some(RoutineKind::Function)
    } else if cursor.take("PROCEDURE") {
        Some(RoutineKind::Procedure)
    } else if cursor.take("PACKAGE") {
        let body = !matches!(cursor.tokens.get(cursor.at + 1), Some(Token::Symbol('.')))
            && cursor.take("BODY");
        Some(if body { RoutineKind::PackageBody } else { RoutineKind::Package })
    } else {
        cursor.take("TABLE");
        None
    }
}

struct Cursor<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, keyword: &str) -> bool {
        let is = self.peek().is_some_and(|token| token.is(keyword));
        self.at += usize::from(is);
        is
    }

    fn symbol(&mut self, symbol: char) -> bool {
        let is = self.peek() == Some(&Token::Symbol(symbol));
        self.at += usize::from(is);
        is
    }

    fn name(&mut self) -> Option<String> {
        let name = match self.peek()? {
            Token::Word(name) | Token::Name(name) => name.clone(),
            Token::Symbol(_) => return None,
        };
        self.at += 1;
        Some(name)
    }

    /// A bare host may have dots and dashes.
    fn account(&mut self) -> Option<Account> {
        let user = self.name()?;
        if !self.symbol('@') {
            return Some(Account::role(user));
        }
        let is_bare = matches!(self.peek()?, Token::Word(_) | Token::Symbol('%'));
        let mut host = if self.symbol('%') { "%".to_owned() } else { self.name()? };
        while is_bare && let Some(Token::Symbol(mark @ ('.' | '-' | ':' | '/' | '%'))) = self.peek()
        {
            host.push(*mark);
            self.at += 1;
            if let Some(Token::Word(part)) = self.peek() {
                host.push_str(part);
                self.at += 1;
            }
        }
        Some(Account::new(user, host))
    }

    /// Whether a bare ON comes before the grantee: roles have none.
    fn has_on(&self) -> bool {
        let rest = &self.tokens[self.at..];
        let on = rest.iter().position(|token| token.is("ON"));
        let to = rest.iter().position(|token| token.is("TO") || token.is("FROM"));
        on.is_some_and(|on| to.is_none_or(|to| on < to))
    }

    fn rest_has(&self, words: [&str; 2]) -> bool {
        self.tokens[self.at..].windows(2).any(|pair| pair[0].is(words[0]) && pair[1].is(words[1]))
    }
}
