//! Values that a language cannot say, and names that have no value.

use std::collections::BTreeMap;

use serde::Serialize;

use super::examples;
use crate::fault::Blame as _;
use crate::template::escape::Context;
use crate::template::{Error, UnitKind, Values, VhostKind, render, render_named, render_own};

#[derive(Serialize)]
struct One {
    value: String,
}

impl Values for One {
    fn template(&self) -> &'static str {
        "nginx/rails.conf"
    }
}

fn written(context: Context, value: &str) -> Result<String, String> {
    let values = One { value: value.to_owned() };
    render_own("a.conf", "{{ value }}", context, &values).map_err(|error| error.to_string())
}

#[test]
fn each_language_quotes_its_own_way() {
    let hostile = "a b;\"c\\ #{d}";
    let table = [
        (Context::Nginx, r#""a b;\"c\\ #{d}""#),
        (Context::Systemd, hostile),
        (Context::Procfile, hostile),
        (Context::Yaml, r#""a b;\"c\\ #{d}""#),
        (Context::Collectd, r#""a b;\"c\\ #{d}""#),
    ];
    for (context, wanted) in table {
        assert_eq!(written(context, hostile).as_deref(), Ok(wanted), "{context:?}");
    }
    assert_eq!(written(Context::Systemd, "100%").as_deref(), Ok("100%%"));
    assert_eq!(written(Context::Compose, "$a").as_deref(), Ok("\"$$a\""));
    assert_eq!(written(Context::Yaml, "$a\u{85}\n").as_deref(), Ok("\"$a\\u0085\\n\""));
    assert_eq!(written(Context::PhpFpm, "a b").as_deref(), Ok("\"a b\""));
    // Nothing is read as a number or a boolean that was text.
    assert_eq!(written(Context::Yaml, "1.10").as_deref(), Ok("\"1.10\""));
}

#[test]
fn what_a_language_cannot_say_is_refused() {
    let table = [
        (Context::Nginx, "a\nb", "line break"),
        (Context::Nginx, "/srv/$host", "variable"),
        (Context::Systemd, "a\nb", "line break"),
        (Context::Systemd, "a\\", "joins the next line"),
        (Context::Systemd, " a", "blank"),
        (Context::PhpFpm, "a\"b", "'\"'"),
        (Context::PhpFpm, "$pool", "'$'"),
        (Context::Procfile, "a\nb: c", "line break"),
        (Context::Dockerfile, "a b", "' '"),
        (Context::Dockerfile, "", "no empty word"),
        (Context::Yaml, "a\0", "U+0000"),
        (Context::Collectd, "a\nb", "line break"),
    ];
    for (context, value, reason) in table {
        let error = written(context, value).unwrap_err();
        assert!(error.contains(reason), "{context:?} {value:?}: {error}");
        assert!(error.starts_with("a.conf, line 1: "), "{error}");
    }
}

#[test]
fn a_refusal_names_file_and_line_and_not_the_value() {
    let mut vhost = examples::vhost(VhostKind::Rails);
    vhost.access_log = "hunter2\n".into();
    let error = render(&vhost).unwrap_err();
    insta::assert_snapshot!(error, @"nginx/head.conf, line 11: the value has a line break or a control character, which nginx has no way to write");
    insta::assert_snapshot!(error.hint().unwrap(), @r#"the template says: access_log {{ access_log }} {{ app ~ "_json" }};"#);
}

#[test]
fn a_name_without_a_value_is_an_error() {
    let values = One { value: "a".into() };
    for source in ["\n{{ absent }}", "\n{% if absent %}{% endif %}", "\n{{ value.absent }}"] {
        let error = render_own("own/vhost.conf", source, Context::Nginx, &values).unwrap_err();
        assert!(matches!(error, Error::Undefined { line: 2, .. }), "{error:?}");
        assert!(error.to_string().contains("absent"), "{error}");
        assert!(error.to_string().starts_with("own/vhost.conf, line 2: "), "{error}");
    }
    let error = render_own("own/vhost.conf", "{% if %}", Context::Nginx, &values).unwrap_err();
    insta::assert_snapshot!(error, @"own/vhost.conf, line 1: it is no template: unexpected end of block");
}

/// As a file of settings has them.
#[test]
fn a_value_that_no_template_asks_for_is_an_error_and_so_is_one_that_is_missing() {
    let written = |text: &str| {
        let values: BTreeMap<String, serde_json::Value> = serde_json::from_str(text).unwrap();
        render_named("systemd/puma.socket", &values)
    };
    let good = r#"{"description": "d", "listen": ["/run/a.sock"], "release": "7"}"#;
    assert!(written(good).unwrap().contains("ListenStream=/run/a.sock\n"));
    let error = written(r#"{"description": "d", "listne": ["/run/a.sock"]}"#).unwrap_err();
    insta::assert_snapshot!(error, @"systemd/puma.socket asks for no listne");
    insta::assert_snapshot!(error.hint().unwrap(), @"it asks for: description, group, listen, user");
    assert!(matches!(written(r#"{"description": "d"}"#), Err(Error::Undefined { .. })));
    // What an include asks for is asked for.
    let vhost = BTreeMap::from([("tls".to_owned(), serde_json::Value::Null)]);
    let error = render_named("nginx/static.conf", &vhost).unwrap_err();
    assert!(matches!(error, Error::Undefined { .. }), "{error}");
}

#[test]
fn a_command_of_systemd_is_words_and_no_shell() {
    let mut unit = examples::unit(UnitKind::Job);
    unit.command = ["/bin/echo", "", "a b", "$HOME", "100%", "it's", "\"", "\\", ";", "a\nb"]
        .map(str::to_owned)
        .to_vec();
    let rendered = render(&unit).unwrap();
    let line = rendered.lines().find(|line| line.starts_with("ExecStart=")).unwrap();
    insta::assert_snapshot!(line, @r#"ExecStart=/bin/echo "" "a b" "$$HOME" "100%%" "it's" "\"" "\\" ";" "a\nb""#);
    for first in ["echo", "-/bin/echo", "/bin/$SHELL"] {
        unit.command[0] = first.into();
        assert!(matches!(render(&unit), Err(Error::Refused { .. })), "{first}");
    }
}

#[test]
fn kubernetes_takes_no_other_names() {
    for release in ["", "a_b c", "-a", "a/b", &"a".repeat(64)] {
        let mut job = examples::kubernetes_job();
        job.pod.release = release.into();
        assert!(matches!(render(&job), Err(Error::Refused { .. })), "{release:?}");
    }
}
