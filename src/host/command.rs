//! A command is a value: built by pure code, shown, compared, and run elsewhere.

use crate::secret::Secret;

/// A script of POSIX sh, its arguments, and what it reads. Arguments are never part of the script's
/// text: nothing in them needs quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(super) script: &'static str,
    pub(super) arguments: Vec<String>,
    /// Standard input; the only place for a secret.
    pub(super) input: Option<Secret>,
}

impl Command {
    pub(crate) fn new(script: &'static str) -> Self {
        Self { script, arguments: Vec::new(), input: None }
    }

    /// The next of `$1`, `$2`…
    pub(crate) fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = String>) -> Self {
        self.arguments.extend(arguments);
        self
    }

    pub(crate) fn input(mut self, text: Secret) -> Self {
        self.input = Some(text);
        self
    }

    /// As one line for the shell that a login gets: `sh -c '…' nirvana 'a' 'b'`.
    pub(super) fn line(&self) -> String {
        let arguments = self.arguments.iter().map(|argument| format!(" {}", quoted(argument)));
        format!("sh -c {} nirvana{}", quoted(self.script), arguments.collect::<String>())
    }
}

/// One word of a shell, whatever is in it.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@%+,".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{Command, quoted};

    #[test]
    fn a_line_is_read_back_by_sh_as_the_same_words() {
        let nasty = ["", "a b", "it's", "$(id)", "`id`", "a\nb", "\\", "\"", "*", "-n", "ü", "a;b"];
        let command = Command::new("printf '[%s]' \"$@\"").args(nasty.map(str::to_owned));
        let output = std::process::Command::new("sh").arg("-c").arg(command.line()).output();
        let wanted = format!("[{}]", nasty.join("]["));
        assert_eq!(String::from_utf8(output.unwrap().stdout).unwrap(), wanted);
        assert_eq!(quoted("/srv/shop"), "/srv/shop");
    }
}
