//! How each language writes a value, and what it cannot say.
//!
//! Sources: nginx `ngx_conf_read_token`; systemd.syntax(7), systemd.service(5), systemd.unit(5);
//! YAML 1.2.2 section 5.7; Compose specification, "Interpolation"; Dockerfile reference,
//! "Environment replacement"; collectd.conf(5); vector's manual, "Environment variables".

use std::fmt::Write as _;

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind};

/// The language that a template is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// A hole is one parameter of a directive.
    Nginx,
    /// A hole is the rest of a line; `command` writes a command's words, `pair` a variable.
    Systemd,
    /// A hole is the value of a line.
    PhpFpm,
    /// A hole is the rest of a line.
    Procfile,
    /// A hole is a bare word; `quoted` writes a value, `exec` a command as JSON.
    Dockerfile,
    /// A hole is a scalar or a flow sequence.
    Yaml,
    /// YAML in which `$` begins a variable.
    Compose,
    /// YAML in which `$` begins a variable; `vrl` writes a string of its own language.
    Vector,
    /// A hole is an argument of an option.
    Collectd,
}

use Context::{Collectd, Compose, Dockerfile, Nginx, PhpFpm, Procfile, Systemd, Vector, Yaml};

const ALL: [(Context, &str); 9] = [
    (Nginx, "nginx"),
    (Systemd, "systemd"),
    (PhpFpm, "php-fpm"),
    (Procfile, "procfile"),
    (Dockerfile, "dockerfile"),
    (Yaml, "yaml"),
    (Compose, "compose"),
    (Vector, "vector"),
    (Collectd, "collectd"),
];

impl Context {
    pub(super) fn word(self) -> &'static str {
        ALL.iter().find(|(context, _)| *context == self).map_or("", |(_, word)| word)
    }

    pub(crate) fn of(word: &str) -> Option<Self> {
        ALL.iter().find(|(_, name)| *name == word).map(|(context, _)| *context)
    }
}

pub(super) fn refusal(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, reason.into())
}

/// A value as the language writes it.
pub(super) fn written(context: Context, value: &Value) -> Result<String, Error> {
    if value.is_safe() {
        return Ok(value.to_string());
    }
    match (value.kind(), value.as_str()) {
        (_, Some(text)) => word(context, text),
        (ValueKind::Number | ValueKind::Bool, _) => Ok(value.to_string()),
        (ValueKind::Seq | ValueKind::Iterable, _) if context.is_yaml() => {
            let items: Result<Vec<String>, Error> =
                value.try_iter()?.map(|item| written(context, &item)).collect();
            Ok(format!("[{}]", items?.join(", ")))
        }
        (ValueKind::Undefined, _) => Err(ErrorKind::UndefinedError.into()),
        (kind, _) => Err(refusal(format!("a {kind} cannot be written here"))),
    }
}

impl Context {
    fn is_yaml(self) -> bool {
        matches!(self, Yaml | Compose | Vector)
    }
}

fn word(context: Context, text: &str) -> Result<String, Error> {
    match context {
        Nginx => nginx(text),
        Systemd => systemd_line(text),
        PhpFpm => php_fpm(text),
        Procfile => line(text).map(str::to_owned),
        Dockerfile => bare(text, "a Dockerfile").map(str::to_owned),
        Yaml => yaml(text),
        Compose | Vector => yaml(&text.replace('$', "$$")),
        Collectd => collectd(text),
    }
}

fn without_control<'a>(text: &'a str, language: &str) -> Result<&'a str, Error> {
    if text.chars().any(char::is_control) {
        let reason = format!(
            "the value has a line break or a control character, which {language} has no way to write"
        );
        return Err(refusal(reason));
    }
    Ok(text)
}

fn is_plain(letter: char, more: &str) -> bool {
    letter.is_ascii_alphanumeric() || more.contains(letter)
}

/// Letters that mean nothing in any of the languages.
fn bare<'a>(text: &'a str, language: &str) -> Result<&'a str, Error> {
    match text.chars().find(|letter| !is_plain(*letter, "._/:@+=,-")) {
        _ if text.is_empty() => Err(refusal(format!("{language} has no empty word"))),
        Some(letter) => Err(refusal(format!("{letter:?} cannot stand in a word of {language}"))),
        None => Ok(text),
    }
}

fn nginx(text: &str) -> Result<String, Error> {
    without_control(text, "nginx")?;
    if text.contains('$') {
        return Err(refusal("the value has a $, which nginx reads as a variable, quoted or not"));
    }
    if !text.is_empty() && text.chars().all(|letter| is_plain(letter, "._/:@+=,*[]%&?~^-")) {
        return Ok(text.to_owned());
    }
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

fn systemd_line(text: &str) -> Result<String, Error> {
    line(text)?;
    if text.ends_with('\\') {
        return Err(refusal("the value ends with \\, which joins the next line to it"));
    }
    Ok(text.replace('%', "%%"))
}

/// The rest of a line, in which blanks at either end would be lost.
fn line(text: &str) -> Result<&str, Error> {
    without_control(text, "a line")?;
    if text.is_empty() || text.trim() != text {
        return Err(refusal("the value is empty, or begins or ends with a blank"));
    }
    Ok(text)
}

/// A word of `ExecStart=`.
fn systemd_word(text: &str) -> Result<String, Error> {
    let plain = !text.is_empty() && text.chars().all(|letter| is_plain(letter, "._/:@+=,-"));
    let mut quoted = String::new();
    for letter in text.chars() {
        match letter {
            '%' => quoted.push_str("%%"),
            '$' => quoted.push_str("$$"),
            '\\' | '"' => {
                quoted.push('\\');
                quoted.push(letter);
            }
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            _ => quoted.push(letter),
        }
    }
    without_control(&quoted, "systemd")?;
    Ok(if plain { quoted } else { format!("\"{quoted}\"") })
}

fn systemd_command(words: &Value) -> Result<Value, Error> {
    let words = strings(words)?;
    let first = words.first().map_or("", String::as_str);
    if !first.starts_with('/') || first.contains('$') {
        return Err(refusal("a command begins with the whole path of its program, without a $"));
    }
    let words: Result<Vec<String>, Error> = words.iter().map(|word| systemd_word(word)).collect();
    Ok(Value::from_safe_string(words?.join(" ")))
}

/// `NAME=value` of `Environment=`, in which only `%` is expanded.
fn systemd_pair(pair: &Value) -> Result<Value, Error> {
    let name = pair.get_attr("name")?;
    let value = pair.get_attr("value")?;
    let text = value.as_str().unwrap_or_default();
    // As in a command, but a dollar stands for itself.
    let word = systemd_word(&format!("{}={text}", name_word(&name)?))?.replace("$$", "$");
    Ok(Value::from_safe_string(word))
}

fn php_fpm(text: &str) -> Result<String, Error> {
    without_control(text, "php-fpm")?;
    if let Some(letter) = text.chars().find(|letter| "\"\\$".contains(*letter)) {
        return Err(refusal(format!("{letter:?} cannot be written in php-fpm's configuration")));
    }
    let plain = !text.is_empty() && text.chars().all(|letter| is_plain(letter, "._/:-"));
    Ok(if plain { text.to_owned() } else { format!("\"{text}\"") })
}

/// Double-quoted, so that nothing is read as a number, a boolean or a date.
fn yaml(text: &str) -> Result<String, Error> {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(letter);
            }
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\0' => return Err(refusal("the value has U+0000, which no environment can hold")),
            // What YAML does not count as printable, and what some readers take for a line break.
            _ if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                write!(quoted, "\\u{:04x}", u32::from(letter))
                    .map_err(|_| ErrorKind::WriteFailure)?;
            }
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    Ok(quoted)
}

fn collectd(text: &str) -> Result<String, Error> {
    without_control(text, "collectd")?;
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}

fn strings(value: &Value) -> Result<Vec<String>, Error> {
    let word = |item: Value| {
        let text = item.as_str().map(str::to_owned);
        text.ok_or_else(|| refusal("a command is a list of words"))
    };
    value.try_iter()?.map(word).collect()
}

/// The value of a variable in a Dockerfile, in which `$` and `\` mean something even in quotes.
fn dockerfile_quoted(value: &str) -> Result<Value, Error> {
    without_control(value, "a Dockerfile")?;
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
    Ok(Value::from_safe_string(format!("\"{escaped}\"")))
}

/// A command as JSON, which no shell reads.
fn dockerfile_exec(words: &Value) -> Result<Value, Error> {
    let words: Result<Vec<String>, Error> =
        strings(words)?.iter().map(|word| yaml(without_control(word, "a Dockerfile")?)).collect();
    let words = words?;
    if words.is_empty() {
        return Err(refusal("the command has no words"));
    }
    Ok(Value::from_safe_string(format!("[{}]", words.join(", "))))
}

/// A name of a process, a setting or a variable.
fn name_word(value: &Value) -> Result<String, Error> {
    let text = value.as_str().unwrap_or_default();
    if text.is_empty() || !text.chars().all(|letter| is_plain(letter, "_.-")) {
        return Err(refusal("a name has only letters, digits, '_', '.' and '-'"));
    }
    Ok(text.to_owned())
}

/// A name of Kubernetes: a DNS label.
fn dns_word(text: &str) -> Result<Value, Error> {
    let is_label = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let inner = text.chars().all(|letter| is_label(letter) || letter == '-');
    if !inner || text.len() > 63 || !text.starts_with(is_label) || !text.ends_with(is_label) {
        let reason = "a name has at most 63 lower-case letters, digits and '-', none at its ends";
        return Err(refusal(reason));
    }
    yaml(text).map(Value::from_safe_string)
}

/// The value of a label of Kubernetes.
fn label_word(text: &str) -> Result<Value, Error> {
    let inner = text.chars().all(|letter| is_plain(letter, "_.-"));
    let ends = |letter: char| letter.is_ascii_alphanumeric();
    if !inner || text.len() > 63 || !text.starts_with(ends) || !text.ends_with(ends) {
        let reason = "a label has at most 63 letters, digits, '_', '.' and '-', none at its ends";
        return Err(refusal(reason));
    }
    yaml(text).map(Value::from_safe_string)
}

/// A string of a language inside of the file, VRL or PromQL, which are alike in this.
fn inner_string(text: &str) -> Result<String, Error> {
    without_control(text, "a string")?;
    if text.contains("{{") || text.contains('$') {
        return Err(refusal("the value has a {{ or a $, which is read as a variable there"));
    }
    yaml(text)
}

/// For what Kubernetes expands by itself: `$(NAME)` in commands and variables.
fn literal(value: &Value) -> Result<Value, Error> {
    match value.as_str() {
        Some(text) => Ok(Value::from(text.replace('$', "$$"))),
        None => Ok(strings(value)?.iter().map(|word| word.replace('$', "$$")).collect()),
    }
}

pub(super) fn add_filters(environment: &mut Environment<'_>) {
    environment.add_filter("command", |words: Value| systemd_command(&words));
    environment.add_filter("pair", |pair: Value| systemd_pair(&pair));
    environment.add_filter("exec", |words: Value| dockerfile_exec(&words));
    environment.add_filter("quoted", |text: String| dockerfile_quoted(&text));
    environment.add_filter("name", |name: String| {
        name_word(&Value::from(name)).map(Value::from_safe_string)
    });
    environment.add_filter("dns", |text: String| dns_word(&text));
    environment.add_filter("literal", |value: Value| literal(&value));
    environment.add_filter("label", |text: String| label_word(&text));
    environment.add_filter("promql", |text: String| inner_string(&text));
    environment.add_filter("vrl", |text: String| inner_string(&text).map(Value::from_safe_string));
}
