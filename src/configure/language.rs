//! The languages of files that are edited.

/// How a file is read again once it was edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Php,
    Ruby,
    Yaml,
    Dotenv,
    Json,
    /// Words and lines: a Dockerfile, a `.gitignore`, XML.
    Words,
}
