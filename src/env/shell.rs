//! What each shell is told: the hook, and changes of variables.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A shell that can be hooked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// What becomes of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Set(OsString, OsString),
    Unset(OsString),
}

impl Shell {
    fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
        }
    }

    /// What the shell runs once, at its start; `program` is this one.
    pub(super) fn hook(self, program: &Path) -> Vec<u8> {
        let call =
            [&self.quoted(program.as_os_str()), &b" env changes "[..], self.name().as_bytes()];
        let call = call.concat();
        let (before, after): (&str, &str) = match self {
            Self::Bash => (BASH_BEFORE, BASH_AFTER),
            Self::Zsh => (ZSH_BEFORE, ZSH_AFTER),
            Self::Fish => (FISH_BEFORE, FISH_AFTER),
        };
        [before.as_bytes(), &call, after.as_bytes()].concat()
    }

    /// A word that stands for just these bytes.
    pub(super) fn quoted(self, text: &OsStr) -> Vec<u8> {
        let mut word = vec![b'\''];
        for byte in text.as_bytes() {
            match (self, byte) {
                (Self::Bash | Self::Zsh, b'\'') => word.extend_from_slice(b"'\\''"),
                (Self::Fish, b'\'' | b'\\') => word.extend_from_slice(&[b'\\', *byte]),
                _ => word.push(*byte),
            }
        }
        word.push(b'\'');
        word
    }

    /// A line that makes the change.
    pub(super) fn line(self, change: &Change) -> Vec<u8> {
        let (name, value) = match change {
            Change::Set(name, value) => (name, Some(self.quoted(value))),
            Change::Unset(name) => (name, None),
        };
        let name = name.as_bytes();
        match (self, value) {
            (Self::Bash | Self::Zsh, Some(value)) => {
                [b"export ", name, b"=", &value, b"\n"].concat()
            }
            (Self::Bash | Self::Zsh, None) => [b"unset ", name, b"\n"].concat(),
            (Self::Fish, Some(value)) => [b"set -gx ", name, b" ", &value, b"\n"].concat(),
            (Self::Fish, None) => [b"set -e ", name, b"\n"].concat(),
        }
    }

    /// Whether the shell lets a file set the variable: names that it has for itself are refused by
    /// it, or change more than a variable, as `UID` does in zsh; and a name must be one of its words.
    pub(super) fn takes(name: &str) -> bool {
        const OWN: [&str; 28] = [
            "_",
            "BASHOPTS",
            "BASHPID",
            "BASH_VERSINFO",
            "EGID",
            "EUID",
            "FUNCNAME",
            "GID",
            "GROUPS",
            "HISTCMD",
            "IFS",
            "OLDPWD",
            "PPID",
            "PROMPT_COMMAND",
            "PWD",
            "SHELLOPTS",
            "SHLVL",
            "UID",
            "USERNAME",
            "argv",
            "fish_pid",
            "history",
            "hostname",
            "pipestatus",
            "precmd_functions",
            "status",
            "umask",
            "version",
        ];
        !OWN.contains(&name) && !name.contains('.') && !name.starts_with("NIRVANA_ENV")
    }
}

const BASH_BEFORE: &str = "_nirvana_env() {
    local status=$?
    eval \"$(";
const BASH_AFTER: &str = ")\"
    return $status
}
case \";${PROMPT_COMMAND[*]:-};\" in
    *_nirvana_env*) ;;
    *) PROMPT_COMMAND=\"_nirvana_env${PROMPT_COMMAND:+;$PROMPT_COMMAND}\" ;;
esac
";

const ZSH_BEFORE: &str = "_nirvana_env() {
    eval \"$(";
const ZSH_AFTER: &str = ")\"
}
autoload -Uz add-zsh-hook
add-zsh-hook precmd _nirvana_env
add-zsh-hook chpwd _nirvana_env
";

const FISH_BEFORE: &str = "function _nirvana_env --on-event fish_prompt --on-variable PWD
    ";
const FISH_AFTER: &str = " | source
end
";

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::path::Path;

    use super::{Change, Shell};

    #[test]
    fn a_quote_ends_no_word() {
        let quoted = |shell: Shell| {
            let value = "a'b\\c\"$(d)`e`\n!f";
            String::from_utf8(shell.line(&Change::Set("A".into(), value.into()))).unwrap()
        };
        assert_eq!(quoted(Shell::Bash), "export A='a'\\''b\\c\"$(d)`e`\n!f'\n");
        assert_eq!(quoted(Shell::Zsh), quoted(Shell::Bash));
        assert_eq!(quoted(Shell::Fish), "set -gx A 'a\\'b\\\\c\"$(d)`e`\n!f'\n");
        assert_eq!(Shell::Fish.quoted(OsStr::new("")), b"''");
    }

    #[test]
    fn what_a_shell_has_for_itself_is_not_set() {
        for name in ["UID", "PWD", "a.b", "NIRVANA_ENV", "PROMPT_COMMAND"] {
            assert!(!Shell::takes(name), "{name}");
        }
        assert!(Shell::takes("DATABASE_URL"));
    }

    #[test]
    fn the_hook_of_zsh() {
        let hook = Shell::Zsh.hook(Path::new("/opt/it's/nirvana"));
        insta::assert_snapshot!(String::from_utf8(hook).unwrap(), @r#"
        _nirvana_env() {
            eval "$('/opt/it'\''s/nirvana' env changes zsh)"
        }
        autoload -Uz add-zsh-hook
        add-zsh-hook precmd _nirvana_env
        add-zsh-hook chpwd _nirvana_env
        "#);
    }
}
