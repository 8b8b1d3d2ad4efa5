//! Names that the server would cut, refuse or take for somebody else.

use crate::name::POSTGRES_NAME_BYTES;

/// Why a name cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameProblem {
    #[error("it is empty")]
    Empty,
    #[error("it has {0} bytes, and PostgreSQL silently cuts names after {POSTGRES_NAME_BYTES}")]
    TooLong(usize),
    #[error("it has a NUL in it")]
    Nul,
    #[error("PostgreSQL keeps that name for itself")]
    Reserved,
}

pub(crate) fn check_role(name: &str) -> Result<(), NameProblem> {
    let words = ["public", "none", "current_role", "current_user", "session_user"];
    let reserved = words.iter().any(|word| word.eq_ignore_ascii_case(name));
    check(name, reserved || name.starts_with("pg_"))
}

pub(crate) fn check_database(name: &str) -> Result<(), NameProblem> {
    check(name, ["postgres", "template0", "template1"].contains(&name))
}

fn check(name: &str, reserved: bool) -> Result<(), NameProblem> {
    match name.len() {
        0 => Err(NameProblem::Empty),
        bytes if bytes > POSTGRES_NAME_BYTES => Err(NameProblem::TooLong(bytes)),
        _ if name.contains('\0') => Err(NameProblem::Nul),
        _ if reserved => Err(NameProblem::Reserved),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{NameProblem, check_database, check_role};

    #[test]
    fn names_that_are_refused_and_names_that_are_only_odd() {
        let long = "x".repeat(63);
        for name in ["my.db", "My DB", "a\"b", "a`b'c", "SELECT", "*", "a\nb", "ünï", long.as_str()]
        {
            assert_eq!((check_role(name), check_database(name)), (Ok(()), Ok(())), "{name}");
        }
        // 32 letters of two bytes each: a cut would go through the last one.
        let wide = "ü".repeat(32);
        for (name, problem) in [
            ("", NameProblem::Empty),
            (wide.as_str(), NameProblem::TooLong(64)),
            ("a\0b", NameProblem::Nul),
        ] {
            assert_eq!(check_role(name), Err(problem));
            assert_eq!(check_database(name), Err(problem));
        }
        for name in ["public", "none", "pg_monitor", "Current_User"] {
            assert_eq!(check_role(name), Err(NameProblem::Reserved));
        }
        for name in ["postgres", "template0", "template1"] {
            assert_eq!(check_database(name), Err(NameProblem::Reserved));
        }
    }
}
