//! Packages by name, in a `Dockerfile` or a line of a shell.

use crate::finding::Code;
use crate::project::read::Span;
use crate::project::read::edit::Edit;

use super::super::draft::Draft;
use super::image::image;

/// What Debian, Alpine and the image of PHP call the same thing for the two servers.
fn equal(word: &str) -> Option<String> {
    let new = match word {
        "default-libmysqlclient-dev"
        | "libmysqlclient-dev"
        | "libmariadb-dev"
        | "libmariadb-dev-compat"
        | "libmariadbclient-dev"
        | "mariadb-connector-c-dev"
        | "mariadb-dev"
        | "mysql-dev" => "libpq-dev",
        "default-mysql-client"
        | "default-mysql-client-core"
        | "mysql-client"
        | "mariadb-client"
        | "mariadb-client-core"
        | "mysql-client-8.0" => "postgresql-client",
        "libmariadb3" | "libmysqlclient18" | "libmysqlclient20" | "libmysqlclient21" => "libpq5",
        "mariadb-connector-c" => "libpq",
        "pdo_mysql" => "pdo_pgsql",
        "mysqli" => "pgsql",
        _ => return packaged(word),
    };
    Some(new.to_owned())
}

/// `php8.2-mysql`, `php82-pdo_mysql`
fn packaged(word: &str) -> Option<String> {
    let (php, extension) = word.split_once('-').filter(|(php, _)| php.starts_with("php"))?;
    let new = match extension {
        "mysql" | "mysqli" | "mysqlnd" => "pgsql",
        "pdo_mysql" => "pdo_pgsql",
        _ => return None,
    };
    Some(format!("{php}-{new}"))
}

/// Replaces words in the commands of an image; a line that goes on is one with the next. What other
/// instructions say of MySQL is told.
pub(super) fn draft(draft: &mut Draft) {
    let source = draft.source;
    let is_list = draft.path.ends_with(b"Aptfile");
    let mut instruction: Vec<Span> = Vec::new();
    let mut start = 0;
    for line in source.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_end();
        let is_comment = line.trim_ascii_start().starts_with(b"#");
        if !is_comment {
            instruction.push(Span::new(start, start + line.len()));
        }
        start += line.len();
        if !text.ends_with(b"\\") && !is_comment {
            whole(draft, &instruction, is_list);
            instruction.clear();
        }
    }
    whole(draft, &instruction, is_list);
}

fn whole(draft: &mut Draft, instruction: &[Span], is_list: bool) {
    let words: Vec<Span> = instruction.iter().flat_map(|line| words(draft.source, *line)).collect();
    let Some(first) = words.first() else { return };
    let is_run = first.of(draft.source).eq_ignore_ascii_case(b"RUN");
    if is_run || is_list {
        replace(draft, instruction);
        library(draft, instruction);
    }
    left(draft, &words, is_run || is_list);
}

/// What stays in an instruction though it speaks of MySQL: a client, a file of settings, an image.
fn left(draft: &mut Draft, words: &[Span], is_run: bool) {
    let is_client = |text: &str| {
        let name = text.rsplit('/').next().unwrap_or(text);
        ["mysql", "mariadb", "mysqladmin", "mysqldump", "mysqld", "mysql_config"].contains(&name)
    };
    let found = words.iter().skip(1).find_map(|span| {
        let text = String::from_utf8_lossy(span.of(draft.source)).into_owned();
        let pinned = text.split_once('=').is_some_and(|(name, _)| equal(name).is_some());
        let what = if is_client(&text) && (is_run || !text.contains('/')) {
            "a command that speaks to MySQL"
        } else if text.ends_with("my.cnf") {
            "a file of MySQL's settings"
        } else if !is_run && image(&text).is_some() {
            "an image of MySQL"
        } else if is_run && pinned {
            "a version of a package of MySQL"
        } else if text.starts_with("--with-") && text.contains("mysql") {
            "an option of MySQL's extension"
        } else {
            return None;
        };
        draft.is_free(*span).then_some((*span, what))
    });
    if let Some((span, what)) = found {
        let help = "take it out, or write what PostgreSQL has for it, by hand";
        draft.refuse(span.start, format!("{what}, which stays here"), help);
    }
}

/// PHP's image compiles its extension against a library that MySQL's own does not need: it joins the
/// packages of the same instruction, or a person is told to install it.
fn library(draft: &mut Draft, instruction: &[Span]) {
    let (Some(first), Some(last)) = (instruction.first(), instruction.last()) else { return };
    let whole = first.to(*last);
    let text = whole.of(draft.source);
    let Some(builds) = memchr::memmem::find(text, b"docker-php-ext-install") else { return };
    let is_put = |edit: &Edit| {
        matches!(&edit.text[..], b"pdo_pgsql" | b"pgsql")
            && whole.start <= edit.span.start
            && edit.span.end <= whole.end
    };
    let has_library = |text: &[u8]| {
        [&b"libpq-dev"[..], b"postgresql-dev"]
            .iter()
            .any(|word| memchr::memmem::find(text, word).is_some())
    };
    let is_there =
        has_library(draft.source) || draft.edits.iter().any(|edit| has_library(&edit.text));
    if !draft.edits.iter().any(is_put) || is_there {
        return;
    }
    let words: Vec<Span> = instruction.iter().flat_map(|line| words(draft.source, *line)).collect();
    let Some((at, text)) = packages(draft.source, &words) else {
        draft.refuse(
            whole.start + builds,
            "docker-php-ext-install needs the library of PostgreSQL for this",
            "install libpq-dev before it (Alpine: postgresql-dev)",
        );
        return;
    };
    draft.insert(at, text);
}

/// Where the packages of an instruction begin, and the library with what parts two of them there.
fn packages(source: &[u8], words: &[Span]) -> Option<(usize, Vec<u8>)> {
    let is = |at: usize, word: &[u8]| words.get(at).is_some_and(|span| span.of(source) == word);
    let (from, library) = (0..words.len()).find_map(|at| {
        if is(at, b"apt-get") || is(at, b"apt") {
            let verb = (at + 1..words.len()).take(4).find(|at| is(*at, b"install"))?;
            return Some((verb + 1, &b"libpq-dev"[..]));
        }
        (is(at, b"apk") && is(at + 1, b"add")).then_some((at + 2, &b"postgresql-dev"[..]))
    })?;
    let is_option = |at: &usize| words[*at].of(source).starts_with(b"-");
    let first = (from..words.len()).find(|at| !is_option(at))?;
    // `--virtual .deps` has a word of its own.
    if first > from && [&b"--virtual"[..], b"-t"].contains(&words[first - 1].of(source)) {
        return None;
    }
    let end = words[first].end;
    let next = words.get(first + 1).map(|next| Span::new(end, next.start).of(source));
    let parts =
        next.filter(|gap| gap.iter().all(|byte| byte.is_ascii_whitespace() || *byte == b'\\'));
    Some((words[first].start, [library, parts.unwrap_or(b" ")].concat()))
}

/// Words of each command in some lines. Where PostgreSQL's stand beside MySQL's already, both are
/// wanted; one that would be there twice in a command is taken out.
pub(super) fn replace(draft: &mut Draft, lines: &[Span]) {
    let all: Vec<Span> = lines.iter().flat_map(|line| words(draft.source, *line)).collect();
    let ends = |pair: &[Span]| {
        let between = Span::new(pair[0].end, pair[1].start);
        between.of(draft.source).iter().any(|byte| b"&;|".contains(byte))
    };
    let mut commands: Vec<&[Span]> = Vec::new();
    let mut start = 0;
    for at in 1..=all.len() {
        if at == all.len() || ends(&all[at - 1..=at]) {
            commands.push(&all[start..at]);
            start = at;
        }
    }
    for command in commands {
        replace_in(draft, command);
    }
}

fn replace_in(draft: &mut Draft, words: &[Span]) {
    let source = draft.source;
    let text = |span: &Span| String::from_utf8_lossy(span.of(source)).into_owned();
    let there: Vec<String> = words.iter().map(text).collect();
    let both = words.iter().find(|span| equal(&text(span)).is_some_and(|new| there.contains(&new)));
    if let Some(span) = both {
        let message = "what PostgreSQL needs stands here beside what MySQL needs, so this stays";
        draft.found(Code::SettingLeft, span.start, message);
        return;
    }
    let mut put: Vec<String> = Vec::new();
    for span in words {
        let Some(new) = equal(&text(span)).filter(|_| draft.is_free(*span)) else { continue };
        if put.contains(&new) {
            remove(draft, *span);
        } else {
            put.push(new.clone());
            draft.replace(*span, new);
        }
    }
}

/// Takes a word out with the space before it, with its comma, or with all of its line if it stands
/// there alone.
fn remove(draft: &mut Draft, span: Span) {
    let source = draft.source;
    let Span { mut start, mut end } = span;
    if is_alone(source, span) {
        let rest = &source[end..];
        end += memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
    }
    while start > 0 && matches!(source[start - 1], b' ' | b'\t') {
        start -= 1;
    }
    if start > 0 && source[start - 1] == b',' {
        start -= 1;
    }
    draft.replace(Span::new(start, end), "");
}

/// Whether a word is all that a line of an instruction has, but for the `\` at its end.
fn is_alone(source: &[u8], span: Span) -> bool {
    let start = memchr::memrchr(b'\n', &source[..span.start]).map_or(0, |at| at + 1);
    let rest = &source[span.end..];
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    source[start..span.start].trim_ascii().is_empty() && rest[..end].trim_ascii() == b"\\"
}

/// What stands between spaces, commas, quotes, brackets and the signs that part commands: a path, a
/// `name=value` and a `name:tag` are one word.
fn words(source: &[u8], line: Span) -> Vec<Span> {
    let is_word = |byte: u8| !byte.is_ascii_whitespace() && !b",;&|()[]'\"\\`".contains(&byte);
    let mut found = Vec::new();
    let mut start = None;
    for at in line.start..=line.end {
        let inside = at < line.end && source.get(at).is_some_and(|byte| is_word(*byte));
        match (inside, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                found.push(Span::new(from, at));
                start = None;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::draft as words;
    use crate::configure::draft::Draft;
    use crate::project::read::edit::apply;

    #[test]
    fn the_library_of_an_extension_joins_the_packages_of_its_instruction() {
        for (source, wanted, refused) in [
            (
                "RUN apt-get update && apt-get install -y \\\n    libgd-dev \\\n    zip && docker-php-ext-install mysqli\n",
                "RUN apt-get update && apt-get install -y \\\n    libpq-dev \\\n    libgd-dev \\\n    zip && docker-php-ext-install pgsql\n",
                0,
            ),
            (
                "RUN apk add --no-cache zip && docker-php-ext-install pdo_mysql\n",
                "RUN apk add --no-cache postgresql-dev zip && docker-php-ext-install pdo_pgsql\n",
                0,
            ),
            ("RUN docker-php-ext-install pdo_mysql\n", "RUN docker-php-ext-install pdo_pgsql\n", 1),
        ] {
            let mut draft = Draft::new(b"Dockerfile", source.as_bytes());
            words(&mut draft);
            let text = apply(source.as_bytes(), &draft.edits).unwrap();
            assert_eq!(String::from_utf8(text).unwrap(), wanted);
            assert_eq!(draft.findings.len(), refused, "{source}");
        }
    }

    #[test]
    fn commands_are_switched_one_by_one_and_what_else_speaks_of_mysql_is_told() {
        for (source, wanted, refused) in [
            (
                "RUN apt-get install -y libpq-dev\nRUN docker-php-ext-configure pdo_mysql && docker-php-ext-install pdo_mysql\n",
                "RUN apt-get install -y libpq-dev\nRUN docker-php-ext-configure pdo_pgsql && docker-php-ext-install pdo_pgsql\n",
                0,
            ),
            (
                "RUN apt-get install -y default-mysql-client; apt-get purge -y default-mysql-client\n",
                "RUN apt-get install -y postgresql-client; apt-get purge -y postgresql-client\n",
                0,
            ),
            ("COPY ./mysql-client/my.cnf /etc/\n", "COPY ./mysql-client/my.cnf /etc/\n", 1),
            ("ENV PATH=/opt/mysqli/bin:$PATH\n", "ENV PATH=/opt/mysqli/bin:$PATH\n", 0),
            ("LABEL note=\"mysql-client inside\"\n", "LABEL note=\"mysql-client inside\"\n", 0),
            ("HEALTHCHECK CMD mysqladmin ping\n", "HEALTHCHECK CMD mysqladmin ping\n", 1),
            ("FROM mysql:8\n", "FROM mysql:8\n", 1),
            (
                "RUN apt-get install libmariadb-dev=1.2\n",
                "RUN apt-get install libmariadb-dev=1.2\n",
                1,
            ),
        ] {
            let mut draft = Draft::new(b"Dockerfile", source.as_bytes());
            words(&mut draft);
            let text = apply(source.as_bytes(), &draft.edits).unwrap();
            assert_eq!(String::from_utf8(text).unwrap(), wanted);
            assert_eq!(draft.findings.len(), refused, "{source}");
        }
    }

    #[test]
    fn packages_have_their_equals_and_none_is_there_twice() {
        let source = "# default-libmysqlclient-dev\nRUN apt-get install -y \\\n    libmariadb-dev \\\n    \
            default-mysql-client \\\n    # why\n    default-libmysqlclient-dev \\\n    curl\n\
            RUN docker-php-ext-install pdo_mysql mysqli pdo_pgsql\n\
            RUN apt-get install php8.2-mysql php8.2-mysqlnd\nRUN a mysql-client, mariadb-client, zip\n";
        let mut draft = Draft::new(b"Dockerfile", source.as_bytes());
        words(&mut draft);
        let text = apply(source.as_bytes(), &draft.edits).unwrap();
        insta::assert_snapshot!(String::from_utf8(text).unwrap(), @r"
        # default-libmysqlclient-dev
        RUN apt-get install -y \
            libpq-dev \
            postgresql-client \
            # why
            curl
        RUN docker-php-ext-install pdo_mysql mysqli pdo_pgsql
        RUN apt-get install php8.2-pgsql
        RUN a postgresql-client, zip
        ");
    }
}
