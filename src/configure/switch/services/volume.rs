//! Where a server's container keeps its data.

use crate::project::read::Span;
use crate::project::read::yaml_erb::Yaml;

use super::super::super::draft::Draft;
use super::{put, scalars, tokens};

/// The folder of the data, and a new name for the volume: PostgreSQL cannot begin in one that has
/// MySQL's files.
pub(super) fn draft(draft: &mut Draft, yaml: &Yaml, part: Span, at: usize) {
    const OLD: &str = "/var/lib/mysql";
    if memchr::memmem::find(part.of(draft.source), OLD.as_bytes()).is_none() {
        return;
    }
    let renamed = scalars(yaml, part).find_map(|(_, bare)| {
        let name = bare.split(':').next().filter(|_| bare.contains(OLD))?;
        Some((name.to_owned(), new_volume(yaml, name)?))
    });
    tokens(draft, yaml, part, |text| {
        // Laravel's Sail brings the same script for both.
        if text.contains("sail/database/mysql/") {
            return Some(text.replace("/mysql/", "/pgsql/").replace(".sh", ".sql"));
        }
        let text = text.contains(OLD).then(|| text.replace(OLD, "/var/lib/postgresql/data"))?;
        Some(match (&renamed, text.split_once(':')) {
            (Some((old, (_, new))), Some((name, rest))) if old == name => format!("{new}:{rest}"),
            _ => text,
        })
    });
    if let Some((_, (declared, new))) = renamed {
        put(draft, yaml.pairs[declared].key.span, &new);
    } else {
        draft.refuse(
            at,
            "the volume has MySQL's files; PostgreSQL needs an empty one of another name",
            "rename the volume, here and under volumes:",
        );
    }
}

/// Where a volume is declared, and another name for it; none if it is a folder of the machine, or
/// more than this service has it.
fn new_volume(yaml: &Yaml, name: &str) -> Option<(usize, String)> {
    let declared = |name: &str| {
        let path = [&b"volumes"[..], name.as_bytes()];
        (0..yaml.pairs.len()).find(|nth| yaml.path(*nth).as_slice() == path)
    };
    let all = Span::new(0, yaml.source.len());
    let is_use = |bare: &str| bare.strip_prefix(name).is_some_and(|rest| rest.starts_with(":/"));
    let uses = scalars(yaml, all).filter(|(_, bare)| is_use(bare)).count();
    let new = ["mysql", "mariadb"]
        .iter()
        .find(|word| name.contains(*word))
        .map_or_else(|| format!("{name}_postgres"), |word| name.replace(word, "postgres"));
    let there = declared(name).filter(|_| uses == 1 && declared(&new).is_none())?;
    Some((there, new))
}
