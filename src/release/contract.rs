//! What the code reads from its environment is there, or the release is refused before anything is
//! touched.

use std::collections::BTreeSet;

use super::error::Error;
use super::files::Files;
use super::run::Run;
use super::site::Site;
use crate::project::contract::{Contract, Need, is_implicit, read};

/// Names and places that an error tells; more would not be read.
const MOST_TOLD: usize = 12;

pub(super) fn check(run: &Run, files: &Files, sites: &[Site]) -> Result<(), Error> {
    let settings = run.settings();
    let env = settings.env_file();
    let is_shared = settings.shared.files.iter().any(|file| file == env);
    let contract = match (&settings.env, is_shared) {
        (None, false) => return Ok(()),
        _ => read(files.tree(), b""),
    };
    let optional = settings.env.iter().flat_map(|env| &env.optional).map(String::as_str);
    let given: BTreeSet<&str> = if settings.env.is_some() {
        run.env.names().chain(optional).collect()
    } else {
        on_all(sites)
    };
    // Without the shared file there is nothing to compare; that it is absent is told by itself.
    if settings.env.is_none()
        && sites.iter().any(|site| site.seen.absent.iter().any(|it| it == env))
    {
        return Ok(());
    }
    let mut names = missing(&contract, &given);
    if names.is_empty() {
        return Ok(());
    }
    if names.len() > MOST_TOLD {
        let more = names.len() - MOST_TOLD;
        names.truncate(MOST_TOLD);
        names.push(format!("and {more} more"));
    }
    Err(Error::Contract { names })
}

/// Names that the shared file has on every host.
fn on_all(sites: &[Site]) -> BTreeSet<&str> {
    let Some((first, rest)) = sites.split_first() else { return BTreeSet::new() };
    let names = first.seen.keys.iter();
    names
        .filter(|name| rest.iter().all(|site| site.seen.keys.contains(name)))
        .map(String::as_str)
        .collect()
}

/// What nobody gives and the code does not do without: the name, and where it is read.
fn missing(contract: &Contract, given: &BTreeSet<&str>) -> Vec<String> {
    let wanted = contract.keys.iter().filter(|(key, _)| {
        let need = contract.need(key);
        matches!(need, Some(Need::Required | Need::Expected))
            && !is_implicit(key)
            && !key.starts_with("NIRVANA_")
            && !given.contains(key.as_str())
    });
    wanted
        .map(|(key, uses)| match uses.iter().min_by_key(|one| one.need) {
            Some(one) => format!("{key} ({}:{})", one.path, one.line),
            None => key.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::missing;
    use crate::project::contract::read;
    use crate::project::tree::Tree;

    #[test]
    fn what_the_code_does_without_is_not_missing() {
        let folder = tempfile::tempdir().unwrap();
        let code = "<?php\n$a = getenv('A');\n$b = getenv('B') ?: 'x';\n$_ENV['DATABASE_URL'];\n\
                    getenv('PATH');\n";
        std::fs::write(folder.path().join("index.php"), code).unwrap();
        let tree = Tree::open(folder.path(), None).unwrap();
        let missing = missing(&read(&tree, b""), &BTreeSet::from(["DATABASE_URL"]));
        assert_eq!(missing, ["A (index.php:2)"]);
    }
}
