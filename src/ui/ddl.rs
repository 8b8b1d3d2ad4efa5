//! The statements of a dry run as a file that `psql` runs.

/// Each statement closed by a semicolon and set apart by an empty line, exactly as it would be
/// executed.
pub(crate) fn script(statements: &[String]) -> String {
    let mut text = String::new();
    for statement in statements {
        let statement = statement.trim_end();
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(statement);
        if !statement.ends_with(';') {
            // Behind a comment a semicolon would be part of it.
            let commented = statement.lines().last().is_some_and(|line| line.contains("--"));
            text.push_str(if commented { "\n;" } else { ";" });
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::script;

    #[test]
    fn every_statement_is_closed_once() {
        let statements =
            ["CREATE SCHEMA \"shop\"", "SELECT 1;\n", "SELECT 2 -- two"].map(str::to_owned);
        insta::assert_snapshot!(script(&statements), @r#"
        CREATE SCHEMA "shop";

        SELECT 1;

        SELECT 2 -- two
        ;
        "#);
    }
}
