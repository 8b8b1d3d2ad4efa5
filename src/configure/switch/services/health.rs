//! How it is asked whether a server is there.

use crate::project::read::Span;
use crate::project::read::yaml_erb::Yaml;

use super::super::super::draft::Draft;

/// `mysqladmin ping …` asks whether the server is there; so does `pg_isready`.
pub(super) fn draft(draft: &mut Draft, yaml: &Yaml, span: Span) {
    let text = span.of(yaml.source);
    let mut at = 0;
    while let Some(found) = ["mysqladmin", "mariadb-admin", "healthcheck.sh"]
        .iter()
        .filter_map(|word| memchr::memmem::find(&text[at..], word.as_bytes()))
        .min()
    {
        let start = at + found;
        let line_end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |end| start + end);
        let line = &text[start..line_end];
        let before = text[..start].last().copied().unwrap_or(b' ');
        let is_list = matches!(before, b'"' | b'\'') && memchr::memmem::find(line, b"]").is_some();
        let length = if is_list {
            // `"mysqladmin", "ping", "-h", "localhost"]`, or the string that holds all of it.
            memchr::memchr(b']', line).map_or(line.len(), |end| {
                line[..end].iter().rposition(|byte| *byte == before).unwrap_or(end)
            })
        } else if matches!(before, b'"' | b'\'') {
            memchr::memchr(before, line).unwrap_or(line.len())
        } else {
            // Behind `--health-cmd=` only the command's own words are its.
            let end = memchr::memmem::find(line, b" --health").unwrap_or(line.len());
            line[..end].trim_ascii_end().len()
        };
        let place = Span::new(span.start + start, span.start + start + length.max(1));
        if draft.is_free(place) {
            draft.replace(place, "pg_isready");
        }
        at = start + length.max(1);
        let more = items_after(text, start, line_end);
        if more > line_end {
            draft.replace(Span::new(span.start + line_end, span.start + more), "");
            at = more;
        }
    }
}

/// Where the items of a list end that follow the one at `at`, whose line ends at `end`: each has a line
/// of its own, and they are what the command is told.
fn items_after(text: &[u8], at: usize, end: usize) -> usize {
    let start = memchr::memrchr(b'\n', &text[..at]).map_or(0, |at| at + 1);
    let Some(indent) = text[start..at].strip_suffix(b"- ") else { return end };
    if !indent.iter().all(|byte| *byte == b' ') {
        return end;
    }
    let mut last = end;
    for line in text.get(end + 1..).unwrap_or_default().split(|byte| *byte == b'\n') {
        let is_item = line.strip_prefix(indent).is_some_and(|rest| rest.starts_with(b"- "));
        if !is_item {
            break;
        }
        last += 1 + line.len();
    }
    last
}

#[cfg(test)]
mod tests {
    use crate::configure::draft::Draft;
    use crate::project::read::Span;
    use crate::project::read::edit::apply;
    use crate::project::read::yaml_erb::Yaml;

    #[test]
    fn a_server_is_asked_by_its_own_program() {
        for (before, after) in [
            ("test: mysqladmin ping -h db", "test: pg_isready"),
            (
                "test: [\"CMD\", \"mysqladmin\", \"ping\", \"-h\", \"db\"]",
                "test: [\"CMD\", \"pg_isready\"]",
            ),
            (
                "test:\n  - CMD\n  - mysqladmin\n  - ping\n  - '-p${P}'\nretries: 3",
                "test:\n  - CMD\n  - pg_isready\nretries: 3",
            ),
            (
                "options: --health-cmd=\"healthcheck.sh --connect\" --health-retries=3",
                "options: --health-cmd=\"pg_isready\" --health-retries=3",
            ),
        ] {
            let mut draft = Draft::new(b"x.yml", before.as_bytes());
            let yaml = Yaml::new(before.as_bytes());
            super::draft(&mut draft, &yaml, Span::new(0, before.len()));
            let text = apply(before.as_bytes(), &draft.edits).unwrap();
            assert_eq!(String::from_utf8(text).unwrap(), after);
        }
    }
}
