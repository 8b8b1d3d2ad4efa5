//! Constants of PHP: `define('NAME', value)` in any of its forms, and `const NAME = value`.

use std::ops::Range;

use crate::audit::file::File;
use crate::audit::reading::shown;
use crate::project::read::php::{Callee, Code};

/// A constant with its value.
pub(super) struct Constant {
    pub(super) name: String,
    /// The token of what defines it.
    pub(super) at: usize,
    pub(super) value: Range<usize>,
}

/// All constants that a file defines.
pub(super) fn constants(code: &Code) -> Vec<Constant> {
    let defined = code.calls_of(b"define").filter(|call| call.callee != Callee::Method);
    let defined = defined.filter_map(|call| {
        let items = code.items(call.open);
        let name = shown(&code.constant(items.first()?)?).into_owned();
        Some(Constant { name, at: call.name, value: items.get(1)?.clone() })
    });
    let is_constant = |base: usize| {
        let before = base.checked_sub(1);
        before.is_some_and(|at| code.is_name(at, b"const"))
    };
    let declared = code.assignments().filter(|one| is_constant(one.base)).map(|one| {
        let name = shown(code.text(one.base)).into_owned();
        Constant { name, at: one.base, value: one.value }
    });
    defined.chain(declared).collect()
}

/// How a switch of WordPress' stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switch {
    /// The file does not speak of it.
    Missing,
    /// It is off, said at this byte.
    Off(usize),
    On,
}

/// Whether a file switches something on: off is only what every definition says.
pub(super) fn switch(file: &File, name: &str) -> Switch {
    if !file.code_lines().any(|(_, line)| line.contains(name)) {
        return Switch::Missing;
    }
    let code = Code::new(file.text.as_bytes());
    let own: Vec<Constant> = constants(&code).into_iter().filter(|one| one.name == name).collect();
    let is_off = |one: &Constant| {
        one.value.len() == 1
            && (code.is_name(one.value.start, b"false") || code.text(one.value.start) == b"0")
    };
    match own.first() {
        Some(first) if own.iter().all(is_off) => Switch::Off(code.tokens[first.at].span.start),
        _ => Switch::On,
    }
}

#[cfg(test)]
mod tests {
    use super::constants;
    use crate::project::read::php::Code;

    #[test]
    fn constants_are_defined_in_several_ways() {
        let source = b"<?php define('A', 1); Config::define('B', f(2)); const C = 'c', D = 4;\n\
            $x->define('E', 5); // define('F', 6)\n$const = 7;";
        let code = Code::new(source);
        let found: Vec<String> = constants(&code).into_iter().map(|one| one.name).collect();
        assert_eq!(found, ["A", "B", "C"]);
    }
}
