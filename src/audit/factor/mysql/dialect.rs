//! What of a text of SQL is MySQL's own: by its tokens, and where it parses by its tree.

use sqlparser::ast::{Expr, GroupByExpr, Query, Select, SelectItem, SetExpr, Statement};
use sqlparser::dialect::MySqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::clauses::{clauses, within};
use super::functions::FUNCTIONS;
use super::sql::{HOLE, Sql};
use super::words::{Trait, is, of, word};

pub(super) fn traits(sql: &Sql) -> Vec<Trait> {
    let dialect = MySqlDialect {};
    let Ok(tokens) = Tokenizer::new(&dialect, &sql.text).tokenize() else { return Vec::new() };
    let tokens: Vec<Token> =
        tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    let mut found = Vec::new();
    functions(&tokens, &mut found);
    quotes(sql, &tokens, &mut found);
    operators(&tokens, &mut found);
    within(&tokens, &mut found);
    if !sql.is_fragment {
        clauses(&tokens, &mut found);
        if let Ok(statements) = Parser::new(&dialect).with_tokens(tokens.clone()).parse_statements()
        {
            for statement in &statements {
                tree(statement, &mut found);
            }
        }
    }
    found
}

fn functions(tokens: &[Token], found: &mut Vec<Trait>) {
    for (at, token) in tokens.iter().enumerate() {
        let Some(name) = word(Some(token)) else { continue };
        if tokens.get(at + 1) != Some(&Token::LParen) {
            continue;
        }
        // `IF NOT EXISTS (` and `INTERVAL (` are no calls.
        let is_definition =
            at > 0 && (is(tokens.get(at - 1), "TABLE") || is(tokens.get(at - 1), "INTO"));
        if let Some(function) = FUNCTIONS.iter().find(|one| one.name == name && !is_definition) {
            found.push(of(function.rule, &name, format!("{name}() is MySQL's"), function.way));
        }
    }
}

fn quotes(sql: &Sql, tokens: &[Token], found: &mut Vec<Trait>) {
    let backtick = tokens.iter().find_map(|token| match token {
        Token::Word(word) if word.quote_style == Some('`') => Some(word.value.clone()),
        _ => None,
    });
    if let Some(name) = backtick {
        let way = "write the name without backticks, or in double quotes where it needs quotes";
        let shown = if name.contains(HOLE) { "a name".to_owned() } else { format!("`{name}`") };
        found.push(of("M-001", "`", format!("{shown} is quoted by backticks"), way));
    }
    let has_text = tokens.iter().any(|token| matches!(token, Token::DoubleQuotedString(_)));
    let has_name = (0..tokens.len()).any(|at| is_quoted_name(tokens, at));
    if has_text && !has_name && !sql.is_fragment {
        let way = "quote text by '…': to PostgreSQL \"…\" is the name of a column";
        found.push(of("M-014", "\"", "text stands in double quotes", way));
    }
    let zero = tokens.iter().any(|token| match token {
        Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => {
            text.starts_with("0000-00-00")
        }
        _ => false,
    });
    if zero {
        let way = "store NULL where there is no date, and ask IS NULL";
        found.push(of("M-007", "0000-00-00", "a zero date is no date to PostgreSQL", way));
    }
}

/// Whether something in double quotes stands where only a name can, so that the statement is the
/// standard's and not MySQL's.
fn is_quoted_name(tokens: &[Token], at: usize) -> bool {
    const BEFORE: [&str; 20] = [
        "TABLE",
        "EXISTS",
        "FROM",
        "JOIN",
        "INTO",
        "UPDATE",
        "COLUMN",
        "ON",
        "REFERENCES",
        "SEQUENCE",
        "INDEX",
        "CONSTRAINT",
        "VIEW",
        "TO",
        "ONLY",
        "ADD",
        "DROP",
        "ALTER",
        "COLLATE",
        "USING",
    ];
    const TYPES: [&str; 16] = [
        "INTEGER",
        "INT",
        "BIGINT",
        "SMALLINT",
        "TEXT",
        "VARCHAR",
        "CHAR",
        "REAL",
        "BOOLEAN",
        "NUMERIC",
        "DECIMAL",
        "TIMESTAMP",
        "DATE",
        "SERIAL",
        "BLOB",
        "CLOB",
    ];
    if !matches!(tokens[at], Token::DoubleQuotedString(_)) {
        return false;
    }
    let before = at.checked_sub(1).and_then(|at| tokens.get(at));
    let (next, after) = (tokens.get(at + 1), tokens.get(at + 2));
    let is_one = |token: Option<&Token>, words: &[&str]| {
        word(token).is_some_and(|word| words.contains(&word.as_str()))
    };
    before == Some(&Token::Period)
        || next == Some(&Token::Period)
        || is_one(before, &BEFORE)
        || is_one(next, &TYPES)
        // `"option" = 'x'` compares a column.
        || next == Some(&Token::Eq) && matches!(after, Some(Token::SingleQuotedString(_)))
}

fn operators(tokens: &[Token], found: &mut Vec<Trait>) {
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        match token {
            Token::Spaceship => {
                found.push(of("M-016", "<=>", "<=> compares NULLs", "IS NOT DISTINCT FROM"));
            }
            Token::Overlap if !overlaps(tokens, at) => {
                found.push(of("M-016", "&&", "&& is AND", "AND; to PostgreSQL && compares ranges"));
            }
            Token::Arrow | Token::LongArrow => {
                if matches!(next, Some(Token::SingleQuotedString(path)) if path.starts_with('$')) {
                    found.push(of(
                        "M-017",
                        "->",
                        "a path of MySQL's JSON",
                        "column -> 'key', or jsonb_path_query(column, '$.key')",
                    ));
                }
            }
            Token::Word(_) => match word(Some(token)).as_deref() {
                Some("REGEXP" | "RLIKE") if !matches!(next, Some(Token::LParen)) || at > 0 => {
                    found.push(of(
                        "M-015",
                        "REGEXP",
                        "REGEXP compares by MySQL's rules",
                        "~* instead of REGEXP, ~ where case counts",
                    ));
                }
                Some("DIV") if matches!(next, Some(Token::Number(..) | Token::Word(_))) => {
                    found.push(of(
                        "M-016",
                        "DIV",
                        "DIV divides whole numbers",
                        "/ divides whole numbers where both are whole",
                    ));
                }
                Some("XOR") => {
                    found.push(of("M-016", "XOR", "XOR of truths", "a <> b, or # for bits"));
                }
                Some("INTERVAL") => {
                    let unit = |token: Option<&Token>| {
                        word(token).is_some_and(|unit| {
                            ["DAY", "HOUR", "MINUTE", "SECOND", "MONTH", "YEAR", "WEEK"]
                                .contains(&unit.as_str())
                        })
                    };
                    if unit(tokens.get(at + 2))
                        && !matches!(next, Some(Token::SingleQuotedString(_)))
                    {
                        found.push(of(
                            "M-013",
                            "INTERVAL",
                            "INTERVAL without quotes",
                            "INTERVAL '1 day', or n * INTERVAL '1 day'",
                        ));
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
}

/// Whether `&&` is PostgreSQL's own: an array or a range stands on one of its sides.
fn overlaps(tokens: &[Token], at: usize) -> bool {
    let is_cast =
        |token: Option<&Token>| matches!(token, Some(Token::DoubleColon | Token::RBracket));
    let before = at.checked_sub(1).map(|before| &tokens[before]);
    let cast_before = at > 1 && is_cast(tokens.get(at - 2)) || before == Some(&Token::RBracket);
    let makes = |name: &str| {
        name == "ARRAY" || name.ends_with("RANGE") || name.starts_with("ST_") || name == "BOX"
    };
    let of_sides = match tokens.get(at + 1) {
        Some(Token::SingleQuotedString(text)) => text.starts_with(['{', '[', '(']),
        other => word(other).is_some_and(|name| makes(&name)) || is_cast(tokens.get(at + 2)),
    };
    cast_before || of_sides
}

/// What only the tree of a statement tells.
fn tree(statement: &Statement, found: &mut Vec<Trait>) {
    if let Statement::Query(query) = statement {
        self::query(query, found);
    }
}

fn query(query: &Query, found: &mut Vec<Trait>) {
    if let SetExpr::Select(select) = &*query.body {
        if let Some(column) = loose(select) {
            let way = "name it in GROUP BY, or take any_value() or min() of it";
            found.push(of(
                "M-009",
                "GROUP BY",
                format!("{column} is neither grouped nor summed up"),
                way,
            ));
        }
        // Names in the catalog are written in one case.
        let asks_catalog = select.from.iter().any(|one| {
            let table = one.to_string().to_ascii_lowercase();
            table.contains("information_schema") || table.starts_with("pg_")
        });
        if let Some(filter) = &select.selection
            && likes(filter)
            && !asks_catalog
        {
            let way = "ILIKE, or lower() on both sides; MySQL's collation takes a for A, and = too";
            found.push(of("M-010", "LIKE", "LIKE does not tell cases apart in MySQL", way));
        }
    }
}

/// A column of the list that GROUP BY does not have, if the list has plain columns at all.
fn loose(select: &Select) -> Option<String> {
    let GroupByExpr::Expressions(groups, _) = &select.group_by else { return None };
    if groups.is_empty() {
        return None;
    }
    let grouped: Vec<String> = groups.iter().map(name).collect();
    // A number names a column of the list, and a hole may be anything.
    let any =
        |one: &String| one.chars().all(|letter| letter.is_ascii_digit()) || one.contains(HOLE);
    if grouped.iter().any(any) {
        return None;
    }
    let tables = select.from.iter().map(|one| 1 + one.joins.len()).sum::<usize>();
    // Grouped by the key of the only table, all its columns are determined.
    let is_key = grouped.iter().any(|one| one == "id" || one.ends_with(".id"));
    select.projection.iter().find_map(|item| {
        let (column, alias) = match item {
            SelectItem::UnnamedExpr(
                column @ (Expr::Identifier(_) | Expr::CompoundIdentifier(_)),
            ) => (name(column), None),
            SelectItem::ExprWithAlias {
                expr: column @ (Expr::Identifier(_) | Expr::CompoundIdentifier(_)),
                alias,
            } => (name(column), Some(alias.value.to_ascii_lowercase())),
            _ => return None,
        };
        let bare = |one: &str| one.rsplit('.').next().unwrap_or(one).to_owned();
        let known = grouped
            .iter()
            .any(|one| *one == column || bare(one) == bare(&column) || alias.as_ref() == Some(one));
        let determined = is_key
            && (tables == 1
                || prefix(&column).is_some_and(|table| grouped.contains(&format!("{table}.id"))));
        (!known && !determined && !column.contains(HOLE)).then_some(column)
    })
}

fn prefix(column: &str) -> Option<&str> {
    column.rsplit_once('.').map(|(table, _)| table)
}

fn name(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(one) => one.value.to_ascii_lowercase(),
        Expr::CompoundIdentifier(parts) => {
            parts.iter().map(|one| one.value.to_ascii_lowercase()).collect::<Vec<_>>().join(".")
        }
        // Whatever is computed may determine what is selected.
        _ => HOLE.to_owned(),
    }
}

fn likes(expr: &Expr) -> bool {
    match expr {
        // LIKE BINARY does tell cases apart.
        Expr::Like { pattern, .. } => !matches!(**pattern, Expr::Prefixed { .. }),
        Expr::BinaryOp { left, right, .. } => likes(left) || likes(right),
        Expr::Nested(inner) => likes(inner),
        _ => false,
    }
}
