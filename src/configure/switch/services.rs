//! The database server that CI or Compose starts.

mod health;
mod volume;

use crate::finding::Code;
use crate::project::read::Span;
use crate::project::read::yaml_erb::{Kind, Pair, Yaml};

use super::super::draft::Draft;
use super::super::url::to_postgres;
use super::words;

/// The image of PostgreSQL that takes the place of one of MySQL's.
const IMAGE: &str = "postgres:16";

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
    if let Some(there) = yaml.pairs.iter().find(|pair| is_postgres(&yaml, pair)) {
        let message = "PostgreSQL is started here beside MySQL, so the file stays as it is";
        draft.found(Code::SettingLeft, there.key.span.start, message);
        return;
    }
    if refused(draft, &yaml) {
        return;
    }
    let is_workflow = draft.path.windows(10).any(|part| part == b"/workflows");
    for nth in 0..yaml.pairs.len() {
        let pair = &yaml.pairs[nth];
        if yaml.key(pair) == b"image"
            && let Some(parent) = pair.parent
            && let Some(old) = yaml.scalar(pair)
            && let Some(new) = image(&String::from_utf8_lossy(&old.value))
        {
            put(draft, pair.span, &new);
            service(draft, &yaml, parent);
            if is_workflow {
                rename(draft, &yaml, parent);
            }
        }
    }
    lists(draft, &yaml);
    variables(draft, &yaml);
    commands(draft, &yaml);
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
    for pair in yaml.pairs.iter().filter(|pair| yaml.key(pair) == b"image") {
        let old = yaml.scalar(pair).map(|old| String::from_utf8_lossy(&old.value).into_owned());
        let Some(new) = old.and_then(|old| image(&old)) else { continue };
        if yaml.within(pair.parent).any(|(_, pair)| elsewhere.contains(&yaml.key(pair))) {
            draft.refuse(
                pair.key.span.start,
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

/// The image for PostgreSQL; none if it is no image of MySQL's.
fn image(old: &str) -> Option<String> {
    let name = old.split([':', '@', '$']).next()?;
    let last = name.rsplit('/').next()?;
    let is_mysql =
        matches!(last, "mysql" | "mariadb" | "percona" | "mysql-server" | "percona-server");
    is_mysql.then(|| match name.split_once('/') {
        Some(("bitnami", _)) => "bitnami/postgresql:16".to_owned(),
        Some(("cimg" | "circleci", _)) => "cimg/postgres:16.0".to_owned(),
        _ => IMAGE.to_owned(),
    })
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
fn service(draft: &mut Draft, yaml: &Yaml, parent: usize) {
    let children: Vec<usize> = yaml.within(Some(parent)).map(|(child, _)| child).collect();
    for nth in children {
        let pair = &yaml.pairs[nth];
        let span = whole(yaml, nth);
        match yaml.key(pair) {
            b"env" | b"environment" => environment(draft, yaml, nth, span),
            b"ports" | b"expose" => tokens(draft, yaml, span, |text| {
                text.contains("3306").then(|| text.replace("3306", "5432"))
            }),
            b"volumes" => volume::draft(draft, yaml, span, pair.key.span.start),
            b"options" => health::draft(draft, yaml, span),
            b"healthcheck" => health::draft(draft, yaml, span),
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

/// Variables of MySQL's images that PostgreSQL's has no use for.
const ONLY_MYSQL: [&str; 5] = [
    "MYSQL_ROOT_HOST",
    "MARIADB_ROOT_HOST",
    "MARIADB_AUTO_UPGRADE",
    "MARIADB_MYSQL_LOCALHOST_USER",
    "MARIADB_MYSQL_LOCALHOST_GRANTS",
];

/// The variable of PostgreSQL's image that does what this one did.
fn variable(name: &str) -> Option<&'static str> {
    let rest = name.strip_prefix("MYSQL_").or_else(|| name.strip_prefix("MARIADB_"))?;
    Some(match rest {
        "DATABASE" => "POSTGRES_DB",
        "USER" => "POSTGRES_USER",
        "PASSWORD" => "POSTGRES_PASSWORD",
        "ROOT_PASSWORD" => "POSTGRES_PASSWORD",
        "ALLOW_EMPTY_PASSWORD" | "ALLOW_EMPTY_ROOT_PASSWORD" | "RANDOM_ROOT_PASSWORD" => {
            "POSTGRES_HOST_AUTH_METHOD"
        }
        _ => return None,
    })
}

/// Variables as a mapping, and as a list of `KEY=value`.
fn environment(draft: &mut Draft, yaml: &Yaml, nth: usize, span: Span) {
    let text = span.of(draft.source);
    let has = |word: &str| memchr::memmem::find(text, word.as_bytes()).is_some();
    let has_user = has("MYSQL_PASSWORD") || has("MARIADB_PASSWORD");
    let has_root = has("ROOT_PASSWORD") && !has("ALLOW_EMPTY_ROOT") && !has("RANDOM_ROOT");
    let keeps = |name: &str| match name.split_once('_').map(|(_, rest)| rest) {
        Some("ROOT_PASSWORD") => !has_user,
        Some("ALLOW_EMPTY_PASSWORD" | "ALLOW_EMPTY_ROOT_PASSWORD" | "RANDOM_ROOT_PASSWORD") => {
            !has_user && !has_root
        }
        _ => true,
    };
    for (child, pair) in yaml.within(Some(nth)) {
        let name = String::from_utf8_lossy(yaml.key(pair)).into_owned();
        if ONLY_MYSQL.contains(&name.as_str()) {
            draft.remove(Span::new(pair.key.span.start, end(yaml, child)));
        }
        let Some(new) = variable(&name) else { continue };
        if !keeps(&name) {
            draft.remove(Span::new(pair.key.span.start, end(yaml, child)));
            continue;
        }
        put(draft, pair.key.span, new);
        if new == "POSTGRES_HOST_AUTH_METHOD" {
            draft.replace(pair.span, "trust");
        }
    }
    for token in yaml
        .tokens
        .iter()
        .filter(|token| matches!(token.kind, Kind::Plain | Kind::SingleQuoted | Kind::DoubleQuoted))
    {
        if token.span.start < span.start || token.span.end > span.end {
            continue;
        }
        let text = String::from_utf8_lossy(token.text(yaml.source)).into_owned();
        let quote = usize::from(text.starts_with(['"', '\'']));
        let Some((name, _)) = text[quote..].split_once('=') else { continue };
        let Some(new) = variable(name) else { continue };
        let place = Span::new(token.span.start + quote, token.span.start + quote + name.len());
        if !keeps(name) {
            let dash = memchr::memrchr(b'-', &draft.source[..token.span.start])
                .unwrap_or(token.span.start);
            draft.remove(Span::new(dash, token.span.end));
        } else if new == "POSTGRES_HOST_AUTH_METHOD" {
            draft.replace(
                Span::new(place.start, token.span.end - quote),
                "POSTGRES_HOST_AUTH_METHOD=trust",
            );
        } else {
            draft.replace(place, new);
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

/// Variables of jobs that name the server.
fn variables(draft: &mut Draft, yaml: &Yaml) {
    let is_gitlab = draft.path.ends_with(b".gitlab-ci.yml");
    for (nth, pair) in yaml.pairs.iter().enumerate() {
        let key = String::from_utf8_lossy(yaml.key(pair)).into_owned();
        let Some(scalar) = yaml.scalar(pair).filter(|_| draft.is_free(pair.span)) else { continue };
        let value = String::from_utf8_lossy(&scalar.value).into_owned();
        let is_env = is_environment(yaml, nth);
        match key.as_str() {
            "DB_CONNECTION" if matches!(value.as_str(), "mysql" | "mariadb") => {
                put(draft, pair.span, "pgsql");
            }
            "DB_PORT" | "DATABASE_PORT" if value == "3306" => put(draft, pair.span, "5432"),
            "DB_ADAPTER" | "DATABASE_ADAPTER" if matches!(value.as_str(), "mysql2" | "trilogy") => {
                put(draft, pair.span, "postgresql");
            }
            _ => {
                let is_user = key.ends_with("_USER") || key.ends_with("_USERNAME");
                if let Some(url) = to_postgres(&value, "postgresql") {
                    // Who may do all is called otherwise.
                    let url =
                        url.replace("//root@", "//postgres@").replace("//root:", "//postgres:");
                    put(draft, pair.span, &url);
                } else if is_env && is_user && value == "root" {
                    put(draft, pair.span, "postgres");
                } else if is_gitlab
                    && key.ends_with("HOST")
                    && matches!(value.as_str(), "mysql" | "mariadb")
                {
                    // There a service is called as its image is.
                    put(draft, pair.span, "postgres");
                } else if let Some(new) =
                    variable(&key).filter(|_| is_env && draft.is_free(pair.key.span))
                {
                    // GitLab tells its services by the variables of the job.
                    let is_named = yaml.pairs.iter().any(|other| {
                        matches!(yaml.key(other), b"MYSQL_PASSWORD" | b"MARIADB_PASSWORD")
                    });
                    if is_gitlab && !(is_named && key.contains("ROOT")) {
                        put(draft, pair.key.span, new);
                        if new == "POSTGRES_HOST_AUTH_METHOD" {
                            draft.replace(pair.span, "trust");
                        }
                    }
                }
            }
        }
    }
}

fn is_environment(yaml: &Yaml, nth: usize) -> bool {
    let path = yaml.path(nth);
    path.iter().any(|key| matches!(*key, b"variables" | b"env" | b"environment"))
}

/// Packages in commands, and commands that speak to MySQL.
fn commands(draft: &mut Draft, yaml: &Yaml) {
    const COMMANDS: [&str; 6] = [
        "mysql ",
        "mysqladmin ",
        "sudo service mysql",
        "sudo systemctl start mysql",
        "sudo /etc/init.d/mysql",
        "mariadb ",
    ];
    let mut starts = false;
    for (span, text) in scalars(yaml, Span::new(0, yaml.source.len())) {
        if !text.contains("mysql") && !text.contains("mariadb") {
            continue;
        }
        words::replace(draft, &[span]);
        if !draft.is_free(span) {
            continue;
        }
        let command = text.trim_start_matches([' ', '-']);
        if COMMANDS.iter().any(|word| command.starts_with(word)) {
            draft.refuse(
                span.start,
                "a command that speaks to MySQL",
                "psql, createdb and pg_isready do the same for PostgreSQL",
            );
        }
        // `docker run … mariadb:10.5`, over several lines.
        let mut words = text.split_ascii_whitespace();
        let is_image = words.any(|word| word.contains(':') && image(word).is_some());
        if is_image && !starts && memchr::memmem::find(yaml.source, b"docker run").is_some() {
            starts = true;
            draft.refuse(
                span.start,
                "a command that starts a MySQL server",
                format!(
                    "{IMAGE}, with POSTGRES_DB, POSTGRES_USER, POSTGRES_PASSWORD and port 5432"
                ),
            );
        }
    }
}
