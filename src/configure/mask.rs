//! Which parts of a file nobody is shown, though a diff must show the lines around.
//!
//! This is for showing only, so it rather hides a harmless word than shows a secret: by what a value
//! is called, as its language says it; by what a line says in front of it; and by its own shape,
//! wherever it stands.

mod code;
mod words;

use crate::project::read::{Span, Token, dotenv, javascript, yaml_erb};
use crate::secret_shape::{has_password, is_secret_name, passwords, shapes};

use super::language::Language;

/// What stands in the place of a secret.
pub(super) const MASK: &str = "[secret]";

/// Of an address with a password only that password; of anything else all.
pub(super) fn password(source: &[u8], span: Span) -> Span {
    let found = passwords(span.of(source)).into_iter().next();
    found.map_or(span, |part| Span::new(span.start + part.start, span.start + part.end))
}

/// What is hidden of a value: all of it if it is called a secret.
fn hidden(source: &[u8], name: &[u8], span: Span) -> Span {
    if is_secret_name(&String::from_utf8_lossy(name)) { span } else { password(source, span) }
}

fn is_secret(name: &[u8], value: &[u8]) -> bool {
    !value.is_empty() && (is_secret_name(&String::from_utf8_lossy(name)) || has_password(value))
}

/// All parts of a file that look like secrets.
pub(super) fn secrets(language: Language, source: &[u8]) -> Vec<Span> {
    let mut found = match language {
        Language::Php => code::of_php(source),
        Language::Ruby => code::of_ruby(source),
        Language::Yaml => of_yaml(source),
        Language::Dotenv => of_dotenv(source),
        Language::Json => of_json(source),
        Language::Words => words::secrets(source),
    };
    found.extend(shapes(source).into_iter().map(|part| Span::new(part.start, part.end)));
    found
}

fn of_yaml(source: &[u8]) -> Vec<Span> {
    use yaml_erb::Kind::{BlockHeader, BlockText, Comment, DoubleQuoted, Plain, SingleQuoted};
    let yaml = yaml_erb::Yaml::new(source);
    let mut found = Vec::new();
    for (nth, pair) in yaml.pairs.iter().enumerate() {
        let (name, value) = (yaml.key(pair), pair.span.of(source));
        let is_header = pair.value.is_some_and(|value| value.kind == BlockHeader);
        let is_parameter = value.starts_with(b"%env(") || value.starts_with(b"'%");
        if memchr::memmem::find(value, b"<%").is_some() && is_secret(name, value) {
            found.extend(code::of_erb(source, pair.span));
        } else if !is_parameter && !pair.has_pairs && is_secret(name, value) {
            found.push(hidden(source, name, pair.span));
        }
        // A list and a block have lines of their own.
        if is_secret_name(&String::from_utf8_lossy(name)) && (is_header || pair.span.is_empty()) {
            let next = yaml.pairs.get(nth + 1).map_or(source.len(), |next| next.key.span.start);
            let within = yaml
                .tokens
                .iter()
                .filter(|token| pair.key.span.end <= token.span.start && token.span.start < next);
            let is_text = |kind| matches!(kind, Plain | SingleQuoted | DoubleQuoted | BlockText);
            found.extend(within.filter(|one| is_text(one.kind)).map(|token| token.span));
        }
    }
    // `KEY=value` in a list, and lines of a shell, are read as words.
    let texts = yaml.tokens.iter().filter(|token| {
        matches!(token.kind, Comment | Plain | BlockText | SingleQuoted | DoubleQuoted)
            && !token.text(source).starts_with(b"<%")
    });
    found.extend(words::within(source, texts.map(|token| token.span)));
    found
}

fn of_dotenv(source: &[u8]) -> Vec<Span> {
    let entries = dotenv::entries(source);
    let secret = |entry: &&dotenv::Entry| is_secret(entry.key.of(source), entry.value.of(source));
    let mut found: Vec<Span> = entries
        .iter()
        .filter(secret)
        .map(|entry| hidden(source, entry.key.of(source), entry.value))
        .collect();
    let comment =
        |token: Token<dotenv::Kind>| (token.kind == dotenv::Kind::Comment).then_some(token.span);
    found.extend(words::within(source, dotenv::tokens(source).into_iter().filter_map(comment)));
    found
}

/// Strings at keys that are called as secrets are: `"http-basic": {"password": "…"}`.
fn of_json(source: &[u8]) -> Vec<Span> {
    let tokens = javascript::code(source);
    let is_value = |part: &[Token<javascript::Kind>]| {
        let name = javascript::literal(source, &part[0]).unwrap_or_default();
        part[1].text(source) == b":"
            && part[2].kind == javascript::Kind::String
            && is_secret(&name, part[2].text(source))
    };
    let tokens = tokens.windows(3).filter(|part| is_value(part));
    let span = |part: &[Token<javascript::Kind>]| {
        let name = javascript::literal(source, &part[0]).unwrap_or_default();
        hidden(source, &name, part[2].span)
    };
    tokens.map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::{MASK, secrets};
    use crate::configure::language::Language::{self, Dotenv, Json, Php, Ruby, Words, Yaml};
    use crate::project::read::edit::{Edit, apply};

    fn masked(language: Language, source: &str) -> String {
        let mut spans = secrets(language, source.as_bytes());
        spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
        // What lies within another is hidden with it.
        spans.dedup_by(|next, last| next.start < last.end);
        let edits: Vec<Edit> = spans.into_iter().map(|span| Edit::replace(span, MASK)).collect();
        String::from_utf8(apply(source.as_bytes(), &edits).unwrap()).unwrap()
    }

    const CASES: &[(Language, &str, &str)] = &[
        (
            Php,
            "<?php $a = ['password' => 'x', 'host' => 'h'];",
            "<?php $a = ['password' => [secret], 'host' => 'h'];",
        ),
        (
            Php,
            "<?php define('DB_PASSWORD', 'x'); // password: y",
            "<?php define('DB_PASSWORD', [secret]); // password: [secret]",
        ),
        (Php, "<?php new PDO('m:h', 'u', 'x');", "<?php new PDO('m:h', 'u', [secret]);"),
        (
            Php,
            "<?php $a = ['password' => env('P', 'x')];",
            "<?php $a = ['password' => env('P', [secret])];",
        ),
        (Php, "<?php $db_url = 'mysql://u:p@h/d';", "<?php $db_url = 'mysql://u:[secret]@h/d';"),
        (
            Ruby,
            "a.secret = 'x'\nb({ :password => 'y', user: 'z' })",
            "a.secret = [secret]\nb({ :password => [secret], user: 'z' })",
        ),
        (Ruby, "c.password = ENV['P']", "c.password = ENV['P']"),
        (Yaml, "a:\n  password: x y # z\n  host: h\n", "a:\n  password: [secret] # z\n  host: h\n"),
        (Yaml, "env:\n  - A_PASSWORD=x\n  - B=y\n", "env:\n  - A_PASSWORD=[secret]\n  - B=y\n"),
        (Yaml, "password: <%= ENV['A'] %>\n", "password: <%= ENV['A'] %>\n"),
        (
            Dotenv,
            "A=1\nDB_PASSWORD='x y'\n# OLD_PASSWORD=z\nURL=mysql://u:p@h\n",
            "A=1\nDB_PASSWORD=[secret]\n# OLD_PASSWORD=[secret]\nURL=mysql://u:[secret]@h\n",
        ),
        (Words, "ENV MYSQL_PASSWORD=x\nENV A=1\n", "ENV MYSQL_PASSWORD=[secret]\nENV A=1\n"),
        (
            Words,
            "ENV A=1 B_PASSWORD=x\nENV C_PASSWORD y\n",
            "ENV A=1 B_PASSWORD=[secret]\nENV C_PASSWORD [secret]\n",
        ),
        (Words, "# user: u, password: x\n", "# user: u, password: [secret]\n"),
        (Words, "RUN mysql -uroot -px --a=b\n", "RUN mysql -uroot -p[secret] --a=b\n"),
        (Words, "ENV A_PASSWORD=$B\n", "ENV A_PASSWORD=$B\n"),
        (Yaml, "P: ${DB_PASSWORD:-x}\n", "P: ${DB_PASSWORD:[secret]\n"),
        (
            Yaml,
            "api-key: x\nlist-secret:\n  - y\nb:\n  - z\n",
            "api-key: [secret]\nlist-secret:\n  - [secret]\nb:\n  - z\n",
        ),
        (Yaml, "secret: |\n  x\n  y\nb: z\n", "secret: [secret]\nb: z\n"),
        (Yaml, "password: <%= A.dig(:b) || 'x' %>\n", "password: <%= A.dig(:b) || [secret] %>\n"),
        (
            Yaml,
            "url: <%= ENV['A'] || 'mysql2://u:x@h/d' %>\n",
            "url: <%= ENV['A'] || 'mysql2://u:[secret]@h/d' %>\n",
        ),
        (Yaml, "token: \"<%= ENV['T'] %>-x\"\n", "token: \"<%= ENV['T'] %>[secret]\n"),
        (Ruby, "c.pepper = 'x'\nd = 'y'\n", "c.pepper = [secret]\nd = 'y'\n"),
        (Ruby, "c.omniauth :github, 'x'\n", "c.omniauth :github, [secret]\n"),
        (
            Ruby,
            "a.b = { password: 'x'.freeze, c: 'd' }\n",
            "a.b = { password: [secret].freeze, c: 'd' }\n",
        ),
        (
            Ruby,
            "a.secret_key_base = 'x' unless ENV['SECRET_KEY_BASE']\n",
            "a.secret_key_base = [secret] unless ENV['SECRET_KEY_BASE']\n",
        ),
        (Ruby, "source 'https://d:x@g.example'\n", "source 'https://d:[secret]@g.example'\n"),
        (
            Php,
            "<?php new PDO('mysql:host=h;password=x');",
            "<?php new PDO('mysql:host=h;password=[secret]);",
        ),
        (Php, "<?php $m->setPassword('x');", "<?php $m->setPassword([secret]);"),
        (Php, "<?php putenv('A_PASSWORD=x');", "<?php putenv('A_PASSWORD=[secret]);"),
        (Php, "<?php f(db_pass: 'x', host: 'h');", "<?php f(db_pass: [secret], host: 'h');"),
        (Php, "<?php $a = $_ENV['A_KEY'] ?? 'b';", "<?php $a = $_ENV['A_KEY'] ?? [secret];"),
        (Php, "<?php define('LK', $_ENV['A'] ?? 'b');", "<?php define('LK', $_ENV['A'] ?? 'b');"),
        (Php, "<?php $key = <<<K\nx\nK;\n$b = 'c';", "<?php $key = [secret];\n$b = 'c';"),
        (
            Php,
            "<?php class A { const API_PASSWORD = 'x'; private ?string $token = 'y'; }",
            "<?php class A { const API_PASSWORD = [secret]; private ?string $token = [secret]; }",
        ),
        (Php, "<?php f('sk_live_abcdefghijklmnop');", "<?php f('[secret]');"),
        (
            Json,
            "{\"a\": {\"password\": \"x\", \"b\": \"https://u:y@h\"}}",
            "{\"a\": {\"password\": [secret], \"b\": \"https://u:[secret]@h\"}}",
        ),
    ];

    #[test]
    fn what_looks_secret_is_not_shown() {
        for (language, source, wanted) in CASES {
            assert_eq!(masked(*language, source), *wanted, "{source}");
        }
    }
}
