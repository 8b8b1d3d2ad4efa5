//! Forms on any text: for tests, and for fuzzers.

use crate::project::read::check::outside;

use super::draft::{Draft, Form};
use super::format;
use super::goal::{Goal, Target};
use super::language::Language;
use super::mask;
use super::prove;
use super::switch;

/// Every form that reads a kind of file, by the end of the file's name.
pub(super) fn forms(name: &str) -> Vec<(Language, Form)> {
    let mut forms = format::forms(name);
    forms.extend(switch::forms(name));
    forms
}

/// All forms that read files of a kind: none panics, no byte changes that no edit names; a second run's
/// included, which need not be empty here: of a whole project it must be, and `run` holds that.
pub(crate) fn check(name: &str, source: &[u8]) {
    for to in [None, Some(Target::Postgres)] {
        let goal = Goal { to, dialect: None };
        for (language, form) in forms(name) {
            let mut draft = Draft::new(name.as_bytes(), source);
            form(&mut draft, goal);
            if let Ok(text) = prove::edited(language, source, &draft.edits) {
                outside(source, &text, &draft.edits);
                let mut again = Draft::new(name.as_bytes(), &text);
                form(&mut again, goal);
                if let Ok(twice) = prove::edited(language, &text, &again.edits) {
                    outside(&text, &twice, &again.edits);
                }
            }
            let _ = mask::secrets(language, source);
        }
    }
    let _ = mask::secrets(Language::Words, source);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::check;

    fn text(pieces: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            9 => prop::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 1..4),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    const PHP: &[&str] = &[
        "<?php ",
        "define('DB_PASSWORD', 'x');",
        "define(",
        "'a'",
        ", ",
        ");",
        "$databases['default']['default'] = ",
        "[",
        "]",
        "array(",
        ")",
        "'password' => ",
        "'driver' => 'mysql',",
        "'port' => '3306'",
        "env('A', 'b')",
        "getenv('A') ?: 'b'",
        "return ",
        "'connections' => ",
        "'mysql' => ",
        "$db_url = 'mysql://u:p@h/d';",
        "new PDO(",
        "\"mysql:host=$h;charset=utf8\"",
        "mysqli_connect('h', 'u', 'p')",
        "class A { public $a = ",
        "}",
        ";",
        "\n",
        "// c\n",
        "?>",
    ];
    const RUBY: &[&str] = &[
        "config.smtp_settings = ",
        "{ ",
        "}",
        ":password => ",
        "password: ",
        "'x'",
        ", ",
        "\n",
        "port: 25",
        "A.config.secret_token = ",
        "ENV['A'] || ",
        "gem 'mysql2'",
        "gem ",
        ", '~> 1'",
        "# c\n",
        "smtp_settings.merge!(",
        ")",
        "<<~A",
        "\nA\n",
    ];
    const YAML: &[&str] = &[
        "default: &default\n",
        "production:\n",
        "development:\n",
        "  <<: *default\n",
        "  adapter: mysql2\n",
        "  password: ",
        "x y",
        "'a'",
        "\"b",
        "<%= ENV['A'] || 'b' %>",
        "\n",
        "  variables:\n    sql_mode: a\n",
        "  socket: /a\n",
        "# c",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "image: mysql:8\n",
        "    env:\n      MYSQL_PASSWORD: a\n",
        "url: mysql://u:p@h/d\n",
        "  ",
        "\t",
        "- ",
        "|\n",
        "services:\n",
        "doctrine:\n  dbal:\n    driver: pdo_mysql\n",
        "parameters:\n",
        "healthcheck: [\"mysqladmin\", \"ping\"]\n",
    ];

    proptest! {
        #[test]
        fn no_text_makes_a_form_panic(php in text(PHP), ruby in text(RUBY), yaml in text(YAML)) {
            check("x.php", &php);
            check("x.rb", &ruby);
            check("x.yml", &yaml);
        }
    }
}
