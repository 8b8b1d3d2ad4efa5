//! Function calls, by name and number of arguments.

use sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::NotTranslated;
use super::node::Translator;
use super::pattern::Engine;
use super::term::Term;

impl<'s> Translator<'s> {
    pub(crate) fn function(&mut self, function: &Function) -> Result<Term<'s>, NotTranslated> {
        if let Some(block) = self.block()
            && let Some(term) = self.aggregate(block, function)?
        {
            return Ok(term);
        }
        let Some((name, args)) = plain_call(function) else {
            return Err(NotTranslated::new(format!("'{function}'")));
        };
        if let ("REGEXP_LIKE", [text, pattern]) = (name.as_str(), args.as_slice()) {
            return self.matches(text, pattern, (Engine::Icu, false));
        }
        if let Some(term) = self.choice_function(&name, &args)? {
            return Ok(term);
        }
        if let Some(term) = self.string_function(&name, &args)? {
            return Ok(term);
        }
        if let Some(term) = self.number_function(&name, &args)? {
            return Ok(term);
        }
        if let Some(term) = self.calendar_function(&name, &args)? {
            return Ok(term);
        }
        if let Some(term) = self.json_function(&name, &args)? {
            return Ok(term);
        }
        let count = args.len();
        Err(NotTranslated::new(format!("the function {name} with {count} arguments")))
    }
}

/// The name in upper case and the arguments of a call without any clause.
pub(crate) fn plain_call(function: &Function) -> Option<(String, Vec<&Expr>)> {
    let Function {
        name,
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args,
        filter: None,
        null_treatment: None,
        over: None,
        within_group,
    } = function
    else {
        return None;
    };
    let [part] = name.0.as_slice() else {
        return None;
    };
    let name = part.as_ident()?.value.to_ascii_uppercase();
    if !within_group.is_empty() {
        return None;
    }
    let list = match args {
        FunctionArguments::None => return Some((name, Vec::new())),
        FunctionArguments::Subquery(_) => return None,
        FunctionArguments::List(list) => list,
    };
    if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
        return None;
    }
    let args: Option<Vec<&Expr>> = list
        .args
        .iter()
        .map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect();
    Some((name, args?))
}
