//! Which parts of a file nobody is shown, though a diff must show the lines around.

use crate::project::read::{Span, dotenv, php, ruby, yaml_erb};

use super::language::Language;

/// What stands in the place of a secret.
pub(super) const MASK: &str = "[secret]";

/// Whether a name is that of something secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    const WORDS: [&str; 14] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "salt",
        "apikey",
        "api_key",
        "access_key",
        "private_key",
        "encryption_key",
        "auth_key",
        "app_key",
        "credential",
    ];
    let name = name.to_ascii_lowercase();
    let is_short = |word: &str| name == word || name.ends_with(&format!("_{word}"));
    WORDS.iter().any(|word| name.contains(word))
        || ["pass", "pwd", "pw", "key"].iter().any(|word| is_short(word))
        || name.ends_with("pass")
}

/// Whether what stands at a name is the secret itself, and not something about it: no lifetime of a
/// token, and no table of passwords.
pub(super) fn is_secret_key(name: &str) -> bool {
    const ENDS: [&str; 12] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "salt",
        "apikey",
        "credential",
        "credentials",
        "pass",
        "pwd",
        "key",
    ];
    let name = name.to_ascii_lowercase();
    is_secret_name(&name) && ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether a value names a server with a password in it: `scheme://user:password@host`.
pub(super) fn has_password(value: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(value, b"://") else { return false };
    let rest = &value[at + 3..];
    let Some(end) = memchr::memrchr(b'@', rest) else { return false };
    // What the recipes put where a password is to come is none.
    let is_placeholder = [&b":!ChangeMe!"[..], b":db_password", b"guest:guest"]
        .iter()
        .any(|word| rest[..end].ends_with(word));
    !is_placeholder && memchr::memchr(b':', &rest[..end]).is_some()
}

/// Of an address with a password only that password; of anything else all.
pub(super) fn password(source: &[u8], span: Span) -> Span {
    let text = span.of(source);
    let start = memchr::memmem::find(text, b"://").map(|at| at + 3);
    let end = memchr::memrchr(b'@', text);
    match (start, end) {
        (Some(start), Some(end)) if start < end => {
            let colon = memchr::memchr(b':', &text[start..end]);
            colon.map_or(span, |at| Span::new(span.start + start + at + 1, span.start + end))
        }
        _ => span,
    }
}

/// What is hidden of a value: all of it if it is called a secret.
fn hidden(source: &[u8], name: &[u8], span: Span) -> Span {
    if is_secret_name(&String::from_utf8_lossy(name)) { span } else { password(source, span) }
}

fn is_secret(name: &[u8], value: &[u8]) -> bool {
    !value.is_empty() && (is_secret_name(&String::from_utf8_lossy(name)) || has_password(value))
}

/// All literals of a file that look like secrets, by what they are called. This is for showing only:
/// a false one hides a harmless word.
pub(super) fn secrets(language: Language, source: &[u8]) -> Vec<Span> {
    match language {
        Language::Php => of_php(source),
        Language::Ruby => of_ruby(source),
        Language::Yaml => of_yaml(source),
        Language::Dotenv => of_dotenv(source),
        Language::Json => Vec::new(),
        Language::Words => of_words(source),
    }
}

fn of_php(source: &[u8]) -> Vec<Span> {
    let code = php::Code::new(source);
    let mut found = Vec::new();
    let mut take = |name: &[u8], range: &std::ops::Range<usize>| {
        for at in range.clone() {
            // What `getenv('…')` names is no secret.
            let is_name = at > 1
                && code.is(at - 1, b"(")
                && (code.is_name(at - 2, b"env") || code.is_name(at - 2, b"getenv"));
            if !is_name
                && let Some(literal) = code.literal(at)
                && is_secret(name, &literal.value)
            {
                found.push(hidden(source, name, code.tokens[at].span));
            }
        }
    };
    for entry in code.entries() {
        if let Some(key) = code.key(entry.key) {
            // A value that is a list has keys of its own.
            if code.array(&entry.value).is_none() {
                take(&key, &entry.value);
            }
        }
    }
    for one in code.assignments() {
        let keys = code.keys(&one).unwrap_or_default();
        let name = keys.last().map_or(code.text(one.base), |key| key);
        if code.array(&one.value).is_none() {
            take(name, &one.value);
        }
    }
    for call in code.calls() {
        let items = code.items(call.open);
        match items.first() {
            Some(first) if items.len() > 1 => {
                let name = code.constant(first).unwrap_or_default();
                let name = if name.is_empty() { code.text(call.name).into() } else { name };
                for item in &items[1..] {
                    take(&name, item);
                }
            }
            _ => {}
        }
        // A connection's arguments have no names.
        let callee = code.text(call.name).to_ascii_lowercase();
        let callee = callee.strip_prefix(b"\\").unwrap_or(&callee);
        if callee.ends_with(b"connect") || callee == b"pdo" || callee == b"mysqli" {
            for item in items.iter().skip(2).take(2) {
                take(b"password", item);
            }
        }
    }
    found.extend(comments(
        source,
        php::tokens(source).filter_map(|token| token.kind.is_comment().then_some(token.span)),
    ));
    found
}

fn of_ruby(source: &[u8]) -> Vec<Span> {
    let code = ruby::Code::new(source);
    let mut found = Vec::new();
    let mut take = |name: &[u8], range: &std::ops::Range<usize>| {
        for at in range.clone() {
            let is_value = code.kind(at).is_some_and(ruby::Kind::is_string);
            // What `ENV["…"]` names is no secret.
            let is_key =
                at > 0 && code.is(at - 1, b"[") && code.is_name(at.saturating_sub(2), b"ENV");
            if is_value
                && !is_key
                && let Some(literal) = code.literal(at)
                && is_secret(name, &literal.value)
            {
                found.push(hidden(source, name, code.tokens[at].span));
            }
        }
    };
    for entry in code.entries() {
        if let Some(key) = code.key(entry.key) {
            take(&key, &entry.value);
        }
    }
    for one in code.assignments() {
        let names = one.target.clone().rev().find_map(|at| match code.kind(at)? {
            ruby::Kind::Punctuation => None,
            ruby::Kind::Identifier | ruby::Kind::Constant | ruby::Kind::Variable => {
                Some(code.text(at).to_vec())
            }
            _ => code.key(at).map(std::borrow::Cow::into_owned),
        });
        if let Some(name) = names
            && !code.is(one.value.start, b"{")
        {
            take(&name, &one.value);
        }
    }
    found.extend(comments(
        source,
        ruby::tokens(source).filter_map(|token| token.kind.is_comment().then_some(token.span)),
    ));
    found
}

fn of_yaml(source: &[u8]) -> Vec<Span> {
    let yaml = yaml_erb::Yaml::new(source);
    let pairs = yaml.pairs.iter().filter(|pair| {
        let value = pair.span.of(source);
        let is_dynamic =
            value.starts_with(b"<%") || value.starts_with(b"%env(") || value.starts_with(b"'%");
        !pair.has_pairs && !is_dynamic && is_secret(yaml.key(pair), value)
    });
    let mut found: Vec<Span> =
        pairs.map(|pair| hidden(source, yaml.key(pair), pair.span)).collect();
    // `KEY=value` in a list, and lines of a shell, are read as words.
    let comment = |token: &crate::project::read::Token<yaml_erb::Kind>| {
        let is_text = matches!(
            token.kind,
            yaml_erb::Kind::Comment
                | yaml_erb::Kind::Plain
                | yaml_erb::Kind::BlockText
                | yaml_erb::Kind::SingleQuoted
                | yaml_erb::Kind::DoubleQuoted
        );
        (is_text && !token.text(source).starts_with(b"<%")).then_some(token.span)
    };
    found.extend(comments(source, yaml.tokens.iter().filter_map(comment)));
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
    let comment = |token: crate::project::read::Token<dotenv::Kind>| {
        (token.kind == dotenv::Kind::Comment).then_some(token.span)
    };
    found.extend(comments(source, dotenv::tokens(source).into_iter().filter_map(comment)));
    found
}

/// Settings that somebody has commented out are read as lines of any language.
fn comments(source: &[u8], spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut found = Vec::new();
    for span in spans {
        for part in of_words(span.of(source)) {
            found.push(Span::new(span.start + part.start, span.start + part.end));
        }
    }
    found
}

/// In each line what follows a secret's name and `=`, `:` or `,`; of an address its password.
fn of_words(source: &[u8]) -> Vec<Span> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in source.split_inclusive(|byte| *byte == b'\n') {
        let end = start + line.trim_ascii_end().len();
        if has_password(line) {
            found.push(password(source, Span::new(start, end)));
        }
        let is_sign = |(at, byte): (usize, &u8)| match byte {
            b'=' | b',' => true,
            b':' => !line[at..].starts_with(b"://"),
            _ => false,
        };
        if let Some(sign) = line.iter().enumerate().position(is_sign) {
            let name = String::from_utf8_lossy(&line[..sign]).into_owned();
            let mut words = name.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            let value = line[sign..].iter().position(|byte| !b"=>:, \t\r\n".contains(byte));
            if let Some(value) = value.filter(|_| words.any(is_secret_name)) {
                let text = line[sign + value..].trim_ascii_end();
                // A variable is a name and no value.
                if !text.starts_with(b"$") && !text.starts_with(b"ENV") {
                    found.push(Span::new(start + sign + value, end));
                }
            }
        }
        start += line.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{MASK, secrets};
    use crate::configure::language::Language;
    use crate::project::read::edit::{Edit, apply};

    fn masked(language: Language, source: &str) -> String {
        let edits: Vec<Edit> = secrets(language, source.as_bytes())
            .into_iter()
            .map(|span| Edit::replace(span, MASK))
            .collect();
        String::from_utf8(apply(source.as_bytes(), &edits).unwrap()).unwrap()
    }

    #[test]
    fn what_looks_secret_is_not_shown() {
        use Language::{Dotenv, Php, Ruby, Words, Yaml};
        for (language, source, wanted) in [
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
            (
                Php,
                "<?php $db_url = 'mysql://u:p@h/d';",
                "<?php $db_url = 'mysql://u:[secret]@h/d';",
            ),
            (
                Ruby,
                "a.secret = 'x'\nb({ :password => 'y', user: 'z' })",
                "a.secret = [secret]\nb({ :password => [secret], user: 'z' })",
            ),
            (Ruby, "c.password = ENV['P']", "c.password = ENV['P']"),
            (
                Yaml,
                "a:\n  password: x y # z\n  host: h\n",
                "a:\n  password: [secret] # z\n  host: h\n",
            ),
            (Yaml, "env:\n  - A_PASSWORD=x\n  - B=y\n", "env:\n  - A_PASSWORD=[secret]\n  - B=y\n"),
            (Yaml, "password: <%= ENV['A'] %>\n", "password: <%= ENV['A'] %>\n"),
            (
                Dotenv,
                "A=1\nDB_PASSWORD='x y'\n# OLD_PASSWORD=z\nURL=mysql://u:p@h\n",
                "A=1\nDB_PASSWORD=[secret]\n# OLD_PASSWORD=[secret]\nURL=mysql://u:[secret]@h\n",
            ),
            (Words, "ENV MYSQL_PASSWORD=x\nENV A=1\n", "ENV MYSQL_PASSWORD=[secret]\nENV A=1\n"),
        ] {
            assert_eq!(masked(language, source), wanted, "{source}");
        }
    }
}
