//! A setting's text as what it means, or the error that names the setting.

use crate::postgres::error::OptionsError;

pub(super) fn parsed<T: std::str::FromStr>(
    text: &str,
    name: &'static str,
    expected: &'static str,
) -> Result<T, OptionsError> {
    text.parse().map_err(|_| wrong(name, text, expected))
}

pub(super) fn wrong(name: &'static str, value: &str, expected: &'static str) -> OptionsError {
    OptionsError::Value { name, value: value.to_owned(), expected }
}
