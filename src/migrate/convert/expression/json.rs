//! JSON functions, on columns that are `jsonb` in the target.
//!
//! Sources: `MySQL` manual 14.17 "JSON Functions"; `PostgreSQL` manual 9.16. `->` with a text looks
//! into objects only and with a number into arrays only, which is what a path does in `MySQL`.

use sqlparser::ast::{Expr, Value, ValueWithSpan};

use crate::postgres::quote::literal;

use super::NotTranslated;
use super::function::plain_call;
use super::node::Translator;
use super::parse::{string_literal, without_parentheses};
use super::relation::Relation;
use super::term::{Integer, Kind, Term, Text, unfit};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(u32),
}

impl<'s> Translator<'s> {
    pub(crate) fn json_function(
        &mut self,
        name: &str,
        args: &[&Expr],
    ) -> Result<Option<Term<'s>>, NotTranslated> {
        let term = match (name, args) {
            ("JSON_EXTRACT", [document, path]) => self.json_extract(document, path)?,
            ("JSON_UNQUOTE", [of]) => self.json_unquote(of)?,
            ("JSON_VALID", [of]) => self.json_valid(of)?,
            ("JSON_LENGTH", [of]) => self.json_length(of)?,
            ("JSON_OBJECT", []) => empty("'{}'::jsonb"),
            ("JSON_ARRAY", []) => empty("'[]'::jsonb"),
            ("JSON_ARRAY", items) => {
                let items: Result<Vec<String>, NotTranslated> =
                    items.iter().map(|item| self.json_item(item)).collect();
                self.built("jsonb_build_array", &items?)
            }
            ("JSON_OBJECT", items) if items.len().is_multiple_of(2) => {
                let mut parts = Vec::with_capacity(items.len());
                for (at, item) in items.iter().enumerate() {
                    if at % 2 == 0 && string_literal(item).is_none() {
                        return Err(NotTranslated::new("JSON_OBJECT with a computed key"));
                    }
                    parts.push(self.json_item(item)?);
                }
                self.built("jsonb_build_object", &parts)
            }
            _ => return Ok(None),
        };
        Ok(Some(term))
    }

    fn json_document(&mut self, expr: &Expr) -> Result<Term<'s>, NotTranslated> {
        let term = self.expression(expr)?;
        if term.kind == Kind::Json { Ok(term) } else { Err(unfit(&term, "in a JSON function")) }
    }

    fn json_extract(&mut self, document: &Expr, path: &Expr) -> Result<Term<'s>, NotTranslated> {
        let document = self.json_document(document)?;
        let steps = path_literal(path)?;
        let nullable = document.nullable || !steps.is_empty();
        let term = steps.iter().fold(document, |term, step| followed(&term, step));
        Ok(term.nullable(nullable))
    }

    /// The text of a string, and the JSON text of anything else: `null` for JSON's null, for which
    /// `->>` gives NULL.
    fn json_unquote(&mut self, of: &Expr) -> Result<Term<'s>, NotTranslated> {
        let of = without_parentheses(of);
        let kind =
            Kind::Text(Text { comparison: super::term::Comparison::Binary, ..Text::literal() });
        let call = match of {
            Expr::Function(function) => plain_call(function),
            _ => None,
        };
        let call = call.as_ref().map(|(name, args)| (name.as_str(), args.as_slice()));
        let (text, whole) = if let Some(("JSON_EXTRACT", [document, path])) = call {
            let document = self.json_document(document)?;
            let steps = path_literal(path)?;
            match steps.split_last() {
                Some((last, before)) => {
                    let parent = before.iter().fold(document, |term, step| followed(&term, step));
                    (last_as_text(&parent, last), followed(&parent, last))
                }
                None => (whole_as_text(&document), document),
            }
        } else {
            let document = self.json_document(of)?;
            (whole_as_text(&document), document)
        };
        let sql = format!("COALESCE({text}, {}::text)", whole.operand());
        Ok(Term::atom(sql, kind))
    }

    /// What a jsonb column holds is valid; of a text it cannot be told before `PostgreSQL` 16.
    fn json_valid(&mut self, of: &Expr) -> Result<Term<'s>, NotTranslated> {
        let document = self.json_document(of)?;
        if !document.nullable {
            return Ok(Term::truth(true));
        }
        let sql = format!("CASE WHEN {} IS NOT NULL THEN TRUE END", document.operand());
        Ok(Term::atom(sql, Kind::Boolean))
    }

    /// Members of an object, items of an array, 1 for a scalar.
    fn json_length(&mut self, of: &Expr) -> Result<Term<'s>, NotTranslated> {
        let document = self.json_document(of)?;
        let of = document.operand();
        let array = format!("jsonb_array_length({of})");
        let object = format!("jsonb_array_length(jsonb_path_query_array({of}, '$.keyvalue()'))");
        let sql = format!(
            "CASE jsonb_typeof({of}) WHEN 'array' THEN {array} WHEN 'object' THEN {object} \
             ELSE CASE WHEN {of} IS NOT NULL THEN 1 END END"
        );
        let kind = Kind::Integer(Integer::between(0, i32::MAX.into()));
        Ok(Term::atom(sql, kind).nullable(document.nullable))
    }

    /// JSON_TYPE (…) = 'OBJECT'. The names of numbers have no equal, so the function by itself
    /// cannot be translated.
    pub(crate) fn json_type_test(
        &mut self,
        left: &Expr,
        relation: Relation,
        right: &Expr,
    ) -> Result<Option<Term<'s>>, NotTranslated> {
        let (Expr::Function(function), Some(wanted)) =
            (without_parentheses(left), string_literal(right))
        else {
            return Ok(None);
        };
        let Some((name, args)) = plain_call(function) else {
            return Ok(None);
        };
        let ("JSON_TYPE", [of]) = (name.as_str(), args.as_slice()) else {
            return Ok(None);
        };
        let wanted = match wanted {
            "OBJECT" | "ARRAY" | "STRING" | "BOOLEAN" | "NULL" => wanted.to_ascii_lowercase(),
            other => {
                return Err(NotTranslated::new(format!("JSON_TYPE compared with '{other}'")));
            }
        };
        let operator = match relation {
            Relation::Equal => "=",
            Relation::Different => "<>",
            Relation::Same
            | Relation::Less
            | Relation::LessOrEqual
            | Relation::Greater
            | Relation::GreaterOrEqual => {
                return Err(NotTranslated::new("JSON_TYPE compared by other than = and <>"));
            }
        };
        let of = self.json_document(of)?;
        let sql = format!("jsonb_typeof({}) {operator} {}", of.sql, literal(&wanted));
        Ok(Some(Term::predicate(sql).nullable(of.nullable)))
    }

    /// A value within JSON_ARRAY or JSON_OBJECT.
    fn json_item(&mut self, expr: &Expr) -> Result<String, NotTranslated> {
        if let Expr::Value(ValueWithSpan { value: Value::Boolean(truth), .. }) =
            without_parentheses(expr)
        {
            return Ok(truth.to_string().to_ascii_uppercase());
        }
        let term = self.expression(expr)?;
        match &term.kind {
            Kind::Null => Ok("NULL::text".to_owned()),
            Kind::Integer(_) | Kind::Numeric { .. } | Kind::Json => Ok(term.sql),
            Kind::Boolean if term.column.is_some() => Ok(self.number(term)?.sql),
            Kind::Text(_) => Ok(format!("{}::text", term.operand())),
            _ => Err(unfit(&term, "within JSON")),
        }
    }

    fn built(&mut self, function: &str, parts: &[String]) -> Term<'s> {
        self.depends_on_session();
        Term::atom(format!("{function}({})", parts.join(", ")), Kind::Json).nullable(false)
    }
}

fn empty<'s>(sql: &str) -> Term<'s> {
    Term::atom(sql, Kind::Json).nullable(false)
}

/// `document -> step`. `\[0\]` of what is no array is the thing itself in `MySQL`; `PostgreSQL` has
/// the same for scalars, not for objects.
fn followed<'s>(document: &Term<'s>, step: &Step) -> Term<'s> {
    let of = chained(document);
    match step {
        Step::Key(key) => Term::compound(format!("{of} -> {}", literal(key)), Kind::Json),
        Step::Index(0) => {
            let object = format!("jsonb_typeof({}) = 'object'", document.sql);
            let sql = format!("CASE WHEN {object} THEN {} ELSE {of} -> 0 END", document.sql);
            Term::atom(sql, Kind::Json)
        }
        Step::Index(index) => Term::compound(format!("{of} -> {index}"), Kind::Json),
    }
}

/// The operators associate to the left, and only they make compounds of JSON.
fn chained(document: &Term<'_>) -> String {
    document.sql.clone()
}

fn last_as_text(parent: &Term<'_>, step: &Step) -> String {
    match step {
        Step::Key(key) => format!("{} ->> {}", chained(parent), literal(key)),
        Step::Index(0) => whole_as_text(&followed(parent, step)),
        Step::Index(index) => format!("{} ->> {index}", chained(parent)),
    }
}

fn whole_as_text(document: &Term<'_>) -> String {
    format!("{} #>> '{{}}'", document.operand())
}

fn path_literal(expr: &Expr) -> Result<Vec<Step>, NotTranslated> {
    let Some(text) = string_literal(expr) else {
        return Err(NotTranslated::new("a JSON path that is no literal"));
    };
    path(text).ok_or_else(|| NotTranslated::new(format!("the JSON path '{text}'")))
}

/// `$.key."quoted key"[0]`, without wildcards, ranges and `last`.
fn path(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.strip_prefix('$')?.trim_start();
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (index, after) = after.split_once(']')?;
            steps.push(Step::Index(index.trim().parse().ok()?));
            rest = after.trim_start();
        } else {
            let after = rest.strip_prefix('.')?.trim_start();
            let (key, after) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_at(after.find(['.', '[', ' ']).unwrap_or(after.len())),
            };
            let plain = !key.is_empty() && !key.contains(['\\', '*']);
            if !plain {
                return None;
            }
            steps.push(Step::Key(key.to_owned()));
            rest = after.trim_start();
        }
    }
    Some(steps)
}
