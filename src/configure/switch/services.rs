//! The database server that CI or Compose starts.

mod commands;
mod environment;
mod health;
mod volume;

use crate::finding::Code;
use crate::project::read::yaml_erb::{Kind, Pair, Yaml};
use crate::project::read::{Span, line_span};

use super::super::draft::Draft;
use super::image::image;

pub(super) fn is_one(path: &str) -> bool {
    let is_yaml = path.rsplit('.').next().is_some_and(|end| matches!(end, "yml" | "yaml"));
    let name = path.rsplit('/').next().unwrap_or(path);
    is_yaml
        && (path.starts_with(".github/workflows/")
            || path.starts_with(".circleci/")
            || matches!(name, ".gitlab-ci.yml" | ".travis.yml")
            || name.starts_with("docker-compose")
            || name.starts_with("compose")
            || path.contains("docker"))
}

pub(super) fn draft(draft: &mut Draft) {
    let yaml = Yaml::new(draft.source);
    if let Some(broken) = yaml.broken {
        draft.give_up(broken);
        return;
    }
    let postgres = yaml.pairs.iter().find(|pair| is_postgres(&yaml, pair));
    if let Some(there) = postgres {
        if servers(&yaml).is_empty() {
            return;
        }
        let message = "PostgreSQL is started here beside MySQL, so the file stays as it is";
        draft.found(Code::SettingLeft, there.key.span.start, message);
        return;
    }
    if refused(draft, &yaml) {
        return;
    }
    let is_workflow = draft.path.windows(10).any(|part| part == b"/workflows");
    for (nth, new) in servers(&yaml) {
        put(draft, yaml.pairs[nth].span, &new);
        service(draft, &yaml, nth);
        if is_workflow && let Some(parent) = yaml.pairs[nth].parent {
            rename(draft, &yaml, parent);
        }
    }
    lists(draft, &yaml);
    environment::of_jobs(draft, &yaml);
    addresses(draft, &yaml);
    commands::draft(draft, &yaml);
    commands::left(draft, &yaml);
}

/// The pairs that name an image of MySQL's, and what takes its place: `image: mysql:8`, and GitLab's
/// `- name: mysql:8`.
fn servers(yaml: &Yaml) -> Vec<(usize, String)> {
    let is_one = |nth: usize| match yaml.key(&yaml.pairs[nth]) {
        b"image" => yaml.pairs[nth].parent.is_some(),
        b"name" => yaml.path(nth).iter().rev().nth(1) == Some(&&b"services"[..]),
        _ => false,
    };
    let all = (0..yaml.pairs.len()).filter(|nth| is_one(*nth));
    all.filter_map(|nth| {
        let old = yaml.scalar(&yaml.pairs[nth])?;
        Some((nth, image(&String::from_utf8_lossy(&old.value))?))
    })
    .collect()
}

/// The other settings of what a pair stands in: of its item only, if that is one of a list.
fn siblings(yaml: &Yaml, nth: usize) -> Vec<usize> {
    let pair = &yaml.pairs[nth];
    let column = |at: usize| at - line_span(yaml.source, at).start;
    let dashes = yaml.tokens.iter().filter(|token| {
        token.kind == Kind::Dash && column(token.span.start) < pair.column && pair.parent.is_some()
    });
    let parent = pair.parent.map_or(0, |parent| yaml.pairs[parent].key.span.end);
    let dashes: Vec<usize> =
        dashes.map(|token| token.span.start).filter(|start| *start >= parent).collect();
    let start = dashes.iter().copied().filter(|start| *start < pair.key.span.start).max();
    let next = start.and_then(|start| {
        dashes.iter().copied().find(|one| *one > start && column(*one) <= column(start))
    });
    let is_here =
        |at: usize| start.is_none_or(|start| start < at) && next.is_none_or(|next| at < next);
    yaml.within(pair.parent)
        .filter(|(_, other)| is_here(other.key.span.start))
        .map(|(child, _)| child)
        .collect()
}

/// Ports that are asked of a service, and addresses of it that a command waits for.
fn addresses(draft: &mut Draft, yaml: &Yaml) {
    let whole = Span::new(0, yaml.source.len());
    tokens(draft, yaml, whole, |text| {
        let new = environment::ports(text);
        let words =
            new.split_inclusive(' ').map(|word| match word.trim_end().strip_suffix(":3306") {
                Some(host) if host.starts_with("tcp://") => word.replace(":3306", ":5432"),
                _ => word.to_owned(),
            });
        let new: String = words.collect();
        (new != text).then_some(new)
    });
}

fn is_postgres(yaml: &Yaml, pair: &Pair) -> bool {
    let scalar = yaml.scalar(pair).filter(|_| yaml.key(pair) == b"image");
    scalar.is_some_and(|scalar| {
        let name = String::from_utf8_lossy(&scalar.value).into_owned();
        let last = name
            .split([':', '@'])
            .next()
            .unwrap_or_default()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        matches!(last.as_str(), "postgres" | "postgresql" | "postgis" | "pgvector" | "timescaledb")
    })
}

/// A server whose settings stand in another file. Its own file then stays as a whole.
fn refused(draft: &mut Draft, yaml: &Yaml) -> bool {
    let elsewhere = [&b"env_file"[..], b"volumes_from", b"extends"];
    let mut is_refused = false;
    for (nth, new) in servers(yaml) {
        let is_elsewhere = |child: &usize| elsewhere.contains(&yaml.key(&yaml.pairs[*child]));
        if siblings(yaml, nth).iter().any(is_elsewhere) {
            draft.refuse(
                yaml.pairs[nth].key.span.start,
                "this server has settings in another file, so it stays MySQL's",
                format!(
                    "image: {new}, with POSTGRES_DB, POSTGRES_USER and POSTGRES_PASSWORD there"
                ),
            );
            is_refused = true;
        }
    }
    is_refused
}

/// A text in the quotes of what it replaces.
fn put(draft: &mut Draft, span: Span, new: &str) {
    let quote = span.of(draft.source).first().filter(|byte| matches!(byte, b'"' | b'\''));
    let quote = quote.map_or(String::new(), |byte| char::from(*byte).to_string());
    if draft.is_free(span) {
        draft.replace(span, format!("{quote}{new}{quote}"));
    }
}

fn end(yaml: &Yaml, nth: usize) -> usize {
    let below = yaml.within(Some(nth)).map(|(child, _)| end(yaml, child)).max();
    below.unwrap_or(0).max(yaml.pairs[nth].span.end)
}

/// What else an image is told.
fn service(draft: &mut Draft, yaml: &Yaml, image: usize) {
    for nth in siblings(yaml, image) {
        let pair = &yaml.pairs[nth];
        let span = whole(yaml, nth);
        match yaml.key(pair) {
            b"env" | b"environment" => environment::of_service(draft, yaml, nth, span),
            b"ports" | b"expose" => tokens(draft, yaml, span, |text| {
                text.contains("3306").then(|| text.replace("3306", "5432"))
            }),
            b"volumes" => volume::draft(draft, yaml, span, pair.key.span.start),
            b"options" | b"healthcheck" => health::draft(draft, yaml, span),
            b"command" if memchr::memmem::find(span.of(draft.source), b"--").is_some() => {
                draft.found(
                    Code::MysqlSettingRemoved,
                    pair.key.span.start,
                    "command is MySQL's own",
                );
                draft.remove(Span::new(
                    pair.key.span.start,
                    end(yaml, nth).max(list_end(yaml, nth)),
                ));
            }
            _ => {}
        }
    }
}

/// A pair's value with all that stands deeper, lists among it.
fn whole(yaml: &Yaml, nth: usize) -> Span {
    let pair = &yaml.pairs[nth];
    Span::new(pair.key.span.end, end(yaml, nth).max(list_end(yaml, nth)))
}

/// Where the list ends that is a pair's value.
fn list_end(yaml: &Yaml, nth: usize) -> usize {
    let pair = &yaml.pairs[nth];
    let next =
        yaml.pairs.iter().skip(nth + 1).find(|next| next.column <= pair.column && !next.is_flow);
    let limit = next.map_or(yaml.source.len(), |next| next.key.span.start);
    let is_value = |kind: Kind| {
        matches!(kind, Kind::Plain | Kind::SingleQuoted | Kind::DoubleQuoted | Kind::BlockText)
    };
    let tokens = yaml.tokens.iter().filter(|token| is_value(token.kind));
    let within =
        tokens.filter(|token| pair.key.span.end <= token.span.start && token.span.start < limit);
    within.map(|token| token.span.end).max().unwrap_or(pair.span.end)
}

/// The scalars of a part, without their quotes.
fn scalars<'a>(yaml: &'a Yaml, part: Span) -> impl Iterator<Item = (Span, String)> + 'a {
    let is_scalar = |kind| {
        matches!(kind, Kind::Plain | Kind::SingleQuoted | Kind::DoubleQuoted | Kind::BlockText)
    };
    let within = yaml.tokens.iter().filter(move |token| {
        is_scalar(token.kind) && part.start <= token.span.start && token.span.end <= part.end
    });
    within.map(|token| {
        let text = String::from_utf8_lossy(token.text(yaml.source));
        (token.span, text.trim_matches(['"', '\'']).to_owned())
    })
}

/// Changes scalars of a part; `change` sees them without their quotes.
fn tokens(draft: &mut Draft, yaml: &Yaml, part: Span, change: impl Fn(&str) -> Option<String>) {
    for (span, bare) in scalars(yaml, part) {
        if let Some(new) = change(&bare)
            && draft.is_free(span)
        {
            let text = String::from_utf8_lossy(span.of(yaml.source)).into_owned();
            draft.replace(span, text.replace(&bare, &new));
        }
    }
}

/// In a workflow a service's name is a name only: its port is reached on the runner.
fn rename(draft: &mut Draft, yaml: &Yaml, nth: usize) {
    let pair = &yaml.pairs[nth];
    let name = yaml.key(pair);
    let is_service = yaml.path(nth).iter().rev().nth(1) == Some(&&b"services"[..]);
    let has_container = yaml.pairs.iter().any(|pair| yaml.key(pair) == b"container");
    let uses =
        memchr::memmem::find_iter(draft.source, [b"services.", name].concat().as_slice()).count();
    if is_service && !has_container && uses == 0 && matches!(name, b"mysql" | b"mariadb") {
        put(draft, pair.key.span, "postgres");
    }
}

/// `services: [mysql]` of Travis and GitLab.
fn lists(draft: &mut Draft, yaml: &Yaml) {
    for (nth, pair) in yaml.pairs.iter().enumerate() {
        if yaml.key(pair) != b"services" || pair.has_pairs {
            continue;
        }
        let is_travis = draft.path.ends_with(b".travis.yml");
        let part = whole(yaml, nth);
        tokens(draft, yaml, part, |text| {
            if is_travis {
                return matches!(text, "mysql" | "mariadb").then(|| "postgresql".to_owned());
            }
            image(text)
        });
    }
}
