//! Renders the files of `release-templates/`.
//!
//! Each template is written in one language, and that language's [`Context`] writes every value: a
//! hole is a whole word of it, quoted if it must be. What the language has no way to say is refused,
//! never altered. A name that has no value is an error, not an empty string.

mod escape;
#[cfg(test)]
mod values;

use std::collections::{BTreeMap, BTreeSet};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde::Serialize;

use crate::fault::{Blame, Fault};

pub(crate) use escape::Context;
#[cfg(test)]
pub(crate) use values::{
    Build, CollectdConf, ComposeFile, Endpoint, Image, ImageKind, Job, KubernetesJob, LogShipping,
    Matched, NginxStatus, Pair, PhpPool, Pod, Process, Procfile, PrometheusConf, PrometheusRules,
    ReleasePage, Rollout, ServiceUnit, ServiceYaml, SocketUnit, TimerUnit, Tls, UnitKind, Vhost,
    VhostKind,
};

/// Every file of `release-templates/`, with the language it is in.
const FILES: [(&str, Context, &str); 30] = {
    macro_rules! file {
        ($context:ident, $name:literal) => {
            ($name, Context::$context, include_str!(concat!("../release-templates/", $name)))
        };
    }
    [
        file!(Nginx, "nginx/access-log.conf"),
        file!(Nginx, "nginx/head.conf"),
        file!(Nginx, "nginx/redirect.conf"),
        file!(Nginx, "nginx/rails.conf"),
        file!(Nginx, "nginx/php.conf"),
        file!(Nginx, "nginx/static.conf"),
        file!(Nginx, "nginx/status.conf"),
        file!(PhpFpm, "php/pool.conf"),
        file!(Systemd, "systemd/hardening.conf"),
        file!(Systemd, "systemd/puma.service"),
        file!(Systemd, "systemd/puma.socket"),
        file!(Systemd, "systemd/php-fpm.service"),
        file!(Systemd, "systemd/worker.service"),
        file!(Systemd, "systemd/job.service"),
        file!(Systemd, "systemd/job.timer"),
        file!(Procfile, "Procfile"),
        file!(Dockerfile, "docker/rails.Dockerfile"),
        file!(Dockerfile, "docker/php.Dockerfile"),
        file!(Dockerfile, "docker/static.Dockerfile"),
        file!(Compose, "docker/compose.yaml"),
        file!(Yaml, "kubernetes/container.yaml"),
        file!(Yaml, "kubernetes/deployment.yaml"),
        file!(Yaml, "kubernetes/job.yaml"),
        file!(Yaml, "kubernetes/service.yaml"),
        file!(Vector, "logs/sources.yaml"),
        file!(Vector, "logs/elasticsearch.yaml"),
        file!(Vector, "logs/otlp.yaml"),
        file!(Collectd, "metrics/collectd.conf"),
        file!(Yaml, "metrics/prometheus.yaml"),
        file!(Yaml, "metrics/rules.yaml"),
    ]
};

/// Values that a template of ours takes, as a type.
#[cfg(test)]
pub(crate) trait Values: Serialize {
    /// The file of `release-templates/` that they are for.
    fn template(&self) -> &'static str;
}

/// Why a file could not be rendered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// `reason` names the value by its hole and not by what it holds.
    #[error("{template}, line {line}: {reason}")]
    Refused {
        template: String,
        line: usize,
        reason: String,
        /// The line of the template.
        text: String,
    },
    #[error("{template}, line {line}: {reason}")]
    Undefined { template: String, line: usize, reason: String, text: String },
    /// A value that nothing asks for: a typing error would else be an omission that nobody sees.
    #[error("{template} asks for no {name}")]
    Unknown { template: String, name: String, known: Vec<String> },
    #[error("{template}, line {line}: it is no template: {reason}")]
    Malformed { template: String, line: usize, reason: String },
}

impl Blame for Error {
    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Refused { text, .. } | Self::Undefined { text, .. } => {
                Some(format!("the template says: {text}"))
            }
            Self::Unknown { known, .. } => Some(format!("it asks for: {}", known.join(", "))),
            Self::Malformed { .. } => None,
        }
    }
}

/// Renders the template of ours that the values are for.
#[cfg(test)]
pub(crate) fn render<V: Values>(values: &V) -> Result<String, Error> {
    let mut environment = environment();
    for (name, _, source) in FILES {
        environment.add_template(name, source).map_err(|error| failed(&error, name, source))?;
    }
    let name = values.template();
    finish(&environment, name, values)
}

/// Renders a template of ours by its name, with values that somebody has written down: what is not
/// among them may be asked for by the template, and is then not there.
pub(crate) fn render_named(
    name: &str,
    values: &BTreeMap<String, serde_json::Value>,
) -> Result<String, Error> {
    let mut environment = environment();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    for (name, _, source) in FILES {
        environment.add_template(name, source).map_err(|error| failed(&error, name, source))?;
    }
    let known = holes(&environment, name);
    // Who renders for a release always says which; few templates ask.
    let unknown = values.keys().find(|key| !known.contains(*key) && *key != "release");
    if let Some(unknown) = unknown {
        let known = known.into_iter().collect();
        return Err(Error::Unknown { template: name.to_owned(), name: unknown.clone(), known });
    }
    finish(&environment, name, values)
}

/// What a template and those that it includes ask for.
fn holes(environment: &Environment<'_>, name: &str) -> BTreeSet<String> {
    let Ok(template) = environment.get_template(name) else { return BTreeSet::new() };
    let mut found: BTreeSet<String> = template.undeclared_variables(false).into_iter().collect();
    for include in template.source().split("{% include \"").skip(1) {
        let included = include.split('"').next().unwrap_or_default();
        found.extend(holes(environment, included));
    }
    found
}

/// The names of all templates of ours.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, ..)| *name)
}

/// Renders a template of the user's own, which may include ours. `name` is its path, for errors.
pub(crate) fn render_own<V: Serialize>(
    name: &str,
    source: &str,
    context: Context,
    values: &V,
) -> Result<String, Error> {
    let mut environment = environment();
    for (name, _, source) in FILES {
        environment.add_template(name, source).map_err(|error| failed(&error, name, source))?;
    }
    // The language is told by the name alone, so that an include has its own.
    let inner = format!("own:{}", context.word());
    let own = environment.add_template(&inner, source);
    own.map_err(|error| failed(&error, name, source))
        .and_then(|()| finish(&environment, &inner, values))
        .map_err(|error| error.in_place_of(&inner, name))
}

fn finish<V: Serialize>(
    environment: &Environment<'_>,
    name: &str,
    values: &V,
) -> Result<String, Error> {
    let rendered = environment
        .get_template(name)
        .and_then(|template| template.render(Value::from(Serde(values))));
    rendered.map_err(|error| {
        let name = error.name().unwrap_or(name).to_owned();
        let source = environment.get_template(&name).map(|template| template.source().to_owned());
        failed(&error, &name, source.as_deref().unwrap_or_default())
    })
}

fn environment<'source>() -> Environment<'source> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build();
    // The delimiters are the usual ones, which cannot clash.
    if let Ok(syntax) = syntax {
        environment.set_syntax(syntax);
    }
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| AutoEscape::Custom(context(name).word().into()));
    environment.set_formatter(|out, state, value| {
        let context = match state.auto_escape() {
            AutoEscape::Custom(word) => Context::of(word),
            _ => None,
        };
        let context = context.ok_or_else(|| escape::refusal("the template has no language"))?;
        Ok(out.write_str(&escape::written(context, value)?)?)
    });
    escape::add_filters(&mut environment);
    environment
}

fn context(name: &str) -> Context {
    let own = name.strip_prefix("own:").and_then(Context::of);
    let ours = || FILES.iter().find(|(file, ..)| *file == name).map(|(_, context, _)| *context);
    // A template is found by its name before anything of it is rendered.
    own.or_else(ours).unwrap_or(Context::Yaml)
}

fn failed(error: &minijinja::Error, template: &str, source: &str) -> Error {
    let template = error.name().unwrap_or(template).to_owned();
    let line = error.line().unwrap_or_default();
    let text = source.lines().nth(line.saturating_sub(1)).unwrap_or_default().trim().to_owned();
    let reason = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    // Of an include, the innermost error has the place.
    let inner = std::error::Error::source(error).and_then(|inner| inner.downcast_ref());
    if let (ErrorKind::BadInclude, Some(inner)) = (error.kind(), inner) {
        let file = FILES.iter().find(|(name, ..)| Some(*name) == minijinja::Error::name(inner));
        return failed(inner, &template, file.map_or("", |(_, _, source)| source));
    }
    match error.kind() {
        ErrorKind::UndefinedError => Error::Undefined { template, line, reason, text },
        ErrorKind::InvalidOperation => Error::Refused { template, line, reason, text },
        _ => Error::Malformed { template, line, reason },
    }
}

impl Error {
    /// The name that the user knows the template by.
    fn in_place_of(mut self, inner: &str, name: &str) -> Self {
        let (Self::Refused { template, .. }
        | Self::Undefined { template, .. }
        | Self::Unknown { template, .. }
        | Self::Malformed { template, .. }) = &mut self;
        if template == inner {
            name.clone_into(template);
        }
        self
    }
}

#[cfg(test)]
mod tests;
