//! The text of an expression, as a server prints it, to a syntax tree.
//!
//! The tree is sqlparser's, but not its precedences: those of its `MySQL` dialect are
//! `PostgreSQL`'s, while `MariaDB` prints `` `a` = `b` like 'x' `` and `` `a` | `b` ^ 2 `` with as
//! few parentheses as its own grammar needs.
//!
//! Sources: `MySQL` manual 14.4.1 "Operator Precedence", 11.1.1 "String Literals"; the grammar
//! rules `expr`, `bool_pri`, `predicate`, `bit_expr` and `simple_expr` of `sql_yacc.yy`.

use std::any::TypeId;
use std::borrow::Cow;

use sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, Ident, ObjectName, Query, UnaryOperator, Value,
    ValueWithSpan,
};
use sqlparser::dialect::{Dialect, MySqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, Word};

use super::NotTranslated;

/// Nested parentheses and calls that we follow; `MySQL` prints one pair per operator.
const DEPTH: usize = 120;
/// Chains of operators make trees as deep as they are long, which are dropped by recursion.
const LONGEST: usize = 16 * 1024;

/// Parses one whole expression.
pub(crate) fn parse(text: &str) -> Result<Expr, NotTranslated> {
    whole(text, |parser| parser.parse_expr())
}

/// Parses one whole query.
pub(crate) fn parse_query(text: &str) -> Result<Box<Query>, NotTranslated> {
    whole(text, |parser| parser.parse_query())
}

fn whole<T>(
    text: &str,
    parse: impl Fn(&mut Parser<'_>) -> Result<T, ParserError>,
) -> Result<T, NotTranslated> {
    if text.len() > LONGEST {
        return Err(NotTranslated::new(format!("an expression of more than {LONGEST} bytes")));
    }
    let text = if is_escaped(text) {
        if !text.is_ascii() {
            // MySQL prints 'é' as 'Ã©' there, but not in every version and place.
            return Err(NotTranslated::new("a letter beyond ASCII in information_schema's form"));
        }
        Cow::Owned(unescape(text))
    } else {
        Cow::Borrowed(text)
    };
    let refused = |error: ParserError| NotTranslated::new(format!("syntax ({error})"));
    let mut parser =
        Parser::new(&Printed).with_recursion_limit(DEPTH).try_with_sql(&text).map_err(refused)?;
    let parsed = parse(&mut parser).map_err(refused)?;
    match parser.next_token().token {
        Token::EOF => Ok(parsed),
        token => Err(NotTranslated::new(format!("syntax ('{token}' behind the end)"))),
    }
}

/// Whether it is escaped as in `information_schema` on `MySQL` 8 and later, which prints
/// `_utf8mb4\'it\\\'s\'` where SHOW CREATE TABLE prints `_utf8mb4'it\'s'`. Outside of quotes no
/// expression has a backslash, so one there tells the two apart.
fn is_escaped(text: &str) -> bool {
    let mut quote = None;
    let mut skip = false;
    for letter in text.chars() {
        if skip {
            skip = false;
            continue;
        }
        match (quote, letter) {
            (None, '\\') => return true,
            (None, '\'' | '"' | '`') => quote = Some(letter),
            (Some('\'' | '"'), '\\') => skip = true,
            (Some(open), _) if open == letter => quote = None,
            (None | Some(_), _) => {}
        }
    }
    false
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some('0') => plain.push('\0'),
            Some('Z') => plain.push('\u{1a}'),
            Some(other) => plain.push(other),
            None => plain.push('\\'),
        }
    }
    plain
}

/// The binding powers, weakest first.
#[derive(Clone, Copy)]
enum Binding {
    Or = 5,
    Xor = 7,
    And = 10,
    Not = 15,
    Comparison = 20,
    Predicate = 21,
    BitOr = 22,
    BitAnd = 23,
    Shift = 24,
    Sum = 30,
    Product = 40,
    BitXor = 45,
    Unary = 50,
}

/// `MySQL`'s syntax as the servers print it.
#[derive(Debug)]
struct Printed;

/// The dialect whose other properties we share.
const MYSQL: MySqlDialect = MySqlDialect {};

impl Dialect for Printed {
    fn dialect(&self) -> TypeId {
        MYSQL.dialect()
    }

    fn is_identifier_start(&self, letter: char) -> bool {
        MYSQL.is_identifier_start(letter)
    }

    fn is_identifier_part(&self, letter: char) -> bool {
        MYSQL.is_identifier_part(letter)
    }

    fn is_delimited_identifier_start(&self, letter: char) -> bool {
        MYSQL.is_delimited_identifier_start(letter)
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        MYSQL.supports_string_literal_backslash_escape()
    }

    fn ignores_wildcard_escapes(&self) -> bool {
        MYSQL.ignores_wildcard_escapes()
    }

    fn supports_numeric_prefix(&self) -> bool {
        MYSQL.supports_numeric_prefix()
    }

    fn supports_bitwise_shift_operators(&self) -> bool {
        MYSQL.supports_bitwise_shift_operators()
    }

    fn supports_double_ampersand_operator(&self) -> bool {
        MYSQL.supports_double_ampersand_operator()
    }

    fn requires_single_line_comment_whitespace(&self) -> bool {
        MYSQL.requires_single_line_comment_whitespace()
    }

    fn require_interval_qualifier(&self) -> bool {
        MYSQL.require_interval_qualifier()
    }

    fn supports_match_against(&self) -> bool {
        MYSQL.supports_match_against()
    }

    fn supports_limit_comma(&self) -> bool {
        MYSQL.supports_limit_comma()
    }

    fn is_table_factor_alias(
        &self,
        explicit: bool,
        keyword: &Keyword,
        parser: &mut Parser<'_>,
    ) -> bool {
        MYSQL.is_table_factor_alias(explicit, keyword, parser)
    }

    fn supports_table_hints(&self) -> bool {
        MYSQL.supports_table_hints()
    }

    fn supports_select_modifiers(&self) -> bool {
        MYSQL.supports_select_modifiers()
    }

    fn supports_cross_join_constraint(&self) -> bool {
        MYSQL.supports_cross_join_constraint()
    }

    fn supports_left_associative_joins_without_parens(&self) -> bool {
        MYSQL.supports_left_associative_joins_without_parens()
    }

    fn supports_group_by_with_modifier(&self) -> bool {
        MYSQL.supports_group_by_with_modifier()
    }

    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        let op = match &parser.peek_token_ref().token {
            Token::Minus => UnaryOperator::Minus,
            Token::Plus => UnaryOperator::Plus,
            Token::Tilde => UnaryOperator::BitwiseNot,
            Token::ExclamationMark => UnaryOperator::Not,
            Token::Word(word) if word.keyword == Keyword::CAST && opens(parser) => {
                return Some(parse_cast(parser));
            }
            _ => return None,
        };
        parser.advance_token();
        let operand = parser.parse_subexpr(Binding::Unary as u8);
        Some(operand.map(|expr| Expr::UnaryOp { op, expr: Box::new(expr) }))
    }

    fn parse_infix(
        &self,
        parser: &mut Parser<'_>,
        left: &Expr,
        precedence: u8,
    ) -> Option<Result<Expr, ParserError>> {
        let op = match &parser.peek_token_ref().token {
            Token::Word(word) if is_bare(word, "MOD") => BinaryOperator::Modulo,
            Token::Word(word) if is_bare(word, "DIV") => BinaryOperator::MyIntegerDivide,
            _ => return None,
        };
        parser.advance_token();
        let right = parser.parse_subexpr(precedence);
        Some(right.map(|right| Expr::BinaryOp {
            left: Box::new(left.clone()),
            op,
            right: Box::new(right),
        }))
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        let binding = match &parser.peek_token_ref().token {
            Token::Word(word) if word.quote_style.is_none() => {
                return word_binding(word, parser).map(|binding| Ok(binding as u8));
            }
            Token::StringConcat => Binding::Or,
            Token::Overlap => Binding::And,
            Token::Eq | Token::Lt | Token::LtEq | Token::Neq | Token::Gt | Token::GtEq => {
                Binding::Comparison
            }
            Token::Spaceship => Binding::Comparison,
            Token::Pipe => Binding::BitOr,
            Token::Ampersand => Binding::BitAnd,
            Token::ShiftLeft | Token::ShiftRight => Binding::Shift,
            Token::Plus | Token::Minus => Binding::Sum,
            Token::Mul | Token::Div | Token::Mod => Binding::Product,
            Token::Caret => Binding::BitXor,
            _ => return None,
        };
        Some(Ok(binding as u8))
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        match precedence {
            Precedence::Between | Precedence::Like => Binding::Predicate as u8,
            Precedence::Eq | Precedence::Is => Binding::Comparison as u8,
            Precedence::UnaryNot => Binding::Not as u8,
            other => MYSQL.prec_value(other),
        }
    }
}

/// The binding power of an operator that is a word; `None` where the word is no operator.
fn word_binding(word: &Word, parser: &Parser<'_>) -> Option<Binding> {
    let predicate = |keyword| {
        matches!(
            keyword,
            Keyword::IN | Keyword::BETWEEN | Keyword::LIKE | Keyword::REGEXP | Keyword::RLIKE
        )
    };
    match word.keyword {
        Keyword::OR => Some(Binding::Or),
        Keyword::XOR => Some(Binding::Xor),
        Keyword::AND => Some(Binding::And),
        Keyword::IS => Some(Binding::Comparison),
        Keyword::NOT => match &parser.peek_nth_token_ref(1).token {
            Token::Word(next) if predicate(next.keyword) => Some(Binding::Predicate),
            _ => None,
        },
        keyword if predicate(keyword) => Some(Binding::Predicate),
        _ if is_bare(word, "MOD") || is_bare(word, "DIV") => Some(Binding::Product),
        _ => None,
    }
}

fn is_bare(word: &Word, name: &str) -> bool {
    word.quote_style.is_none() && word.value.eq_ignore_ascii_case(name)
}

/// Whether the token after the next one is an opening parenthesis.
fn opens(parser: &Parser<'_>) -> bool {
    parser.peek_nth_token_ref(1).token == Token::LParen
}

/// CAST (… AS type \[CHARSET name\]), which both servers print so for text; sqlparser knows the
/// charset in CONVERT only.
fn parse_cast(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    parser.expect_keyword_is(Keyword::CAST)?;
    parser.expect_token(&Token::LParen)?;
    let expr = Box::new(parser.parse_expr()?);
    parser.expect_keyword_is(Keyword::AS)?;
    let data_type = parser.parse_data_type()?;
    let charset = if parser.parse_keyword(Keyword::CHARSET) {
        Some(ObjectName::from(vec![parser.parse_identifier()?]))
    } else {
        None
    };
    parser.expect_token(&Token::RParen)?;
    Ok(cast(expr, data_type, charset))
}

fn cast(expr: Box<Expr>, data_type: DataType, charset: Option<ObjectName>) -> Expr {
    if charset.is_none() {
        return Expr::Cast { kind: CastKind::Cast, expr, data_type, format: None };
    }
    Expr::Convert {
        is_try: false,
        expr,
        data_type: Some(data_type),
        charset,
        target_before_value: false,
        styles: Vec::new(),
    }
}

/// The expression within any number of parentheses.
pub(crate) fn without_parentheses(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => without_parentheses(inner),
        other => other,
    }
}

/// The text of a string literal, whatever introducer it has.
pub(crate) fn string_literal(expr: &Expr) -> Option<&str> {
    match without_parentheses(expr) {
        Expr::Prefixed { value, .. } => string_literal(value),
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => Some(text),
        _ => None,
    }
}

/// What an identifier is called in messages: the last part of a qualified name.
pub(crate) fn last_part(parts: &[Ident]) -> Option<&str> {
    parts.last().map(|ident| ident.value.as_str())
}
