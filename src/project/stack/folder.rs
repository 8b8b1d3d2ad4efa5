//! What a folder's path alone tells.

use crate::project::stack::rules::{DOCUMENT_ROOTS, REHEARSALS, VENDORED};

/// Whether other people's code lies there.
pub(super) fn is_vendored(path: &[u8]) -> bool {
    parts(path).any(|part| VENDORED.iter().any(|name| name.as_bytes() == part))
}

/// The folder of tests or examples that a folder lies in, if any.
pub(super) fn rehearsal(path: &[u8]) -> Option<&'static str> {
    parts(path).find_map(|part| REHEARSALS.into_iter().find(|name| name.as_bytes() == part))
}

/// The names that a path is made of.
pub(super) fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/')
}

/// The folder's own name, empty at the root.
pub(super) fn name(folder: &[u8]) -> &[u8] {
    folder.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

/// Whether `folder` is `above` or lies below it.
pub(super) fn lies_in(folder: &[u8], above: &[u8]) -> bool {
    above.is_empty()
        || folder.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

/// Whether a path is just that one below some folder.
pub(super) fn lies_at(path: &[u8], below: &[u8]) -> bool {
    path.strip_suffix(below).is_some_and(|above| above.is_empty() || above.ends_with(b"/"))
}

/// Whether a folder's name is one that servers are pointed at.
pub(super) fn is_document_root(folder: &[u8]) -> bool {
    DOCUMENT_ROOTS.iter().any(|wanted| wanted.as_bytes() == name(folder))
}
