//! Files of environment variables: `.env` and what stands beside it.

use std::sync::Arc;

use crate::project::stack::view::View;
use crate::project::tree::join;

/// A file of variables and the environment that it is for.
pub(super) struct File {
    pub(super) path: Vec<u8>,
    pub(super) environment: String,
    pub(super) text: Arc<str>,
}

/// What an application may be configured by, `.env` first.
pub(super) fn files(view: &View, folder: &[u8]) -> Vec<File> {
    let mut files = Vec::new();
    for entry in view.tree.below(folder) {
        let name = String::from_utf8_lossy(entry.name());
        if entry.folder() != folder || !name.starts_with(".env") && name != "env" {
            continue;
        }
        let rest = name
            .trim_start_matches('.')
            .trim_start_matches("env")
            .trim_start_matches(['.', '-', '_']);
        let environment = match rest {
            "" => "default",
            "example" | "dist" | "sample" | "template" => "example",
            "php" | "local.php" => continue,
            other => other,
        };
        let environment = environment.to_owned();
        let path = join(folder, entry.name());
        if let Some(text) = view.text(&path) {
            files.push(File { path, environment, text });
        }
    }
    files
}

impl File {
    /// The value of a variable and its line, quotes and comments taken off.
    pub(super) fn value(&self, wanted: &str) -> Option<(&str, usize)> {
        value(&self.text, wanted)
    }
}

/// The last one counts, as in a shell.
fn value<'a>(text: &'a str, wanted: &str) -> Option<(&'a str, usize)> {
    let found = text.lines().enumerate().filter_map(|(at, line)| {
        let line = line.trim();
        let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        (name.trim() == wanted).then(|| (unquoted(value.trim()), at + 1))
    });
    found.last()
}

fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote) {
            return rest.split(quote).next().unwrap_or(rest);
        }
    }
    value.split(" #").next().unwrap_or(value).trim_end()
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn values_are_read_as_a_shell_would() {
        let text = "# A=0\nA=1\nexport B=\"x # y\" # z\nC = 'c'\nA=2 # two\nD=\n";
        for (name, wanted) in
            [("A", Some(("2", 5))), ("B", Some(("x # y", 3))), ("C", Some(("c", 4))), ("E", None)]
        {
            assert_eq!(value(text, name), wanted, "{name}");
        }
        assert_eq!(value(text, "D"), Some(("", 6)));
    }
}
