//! Dumps that are folders: mydumper's, `MySQL` Shell's, and mysqldump's with `--tab`.

use std::path::Path;

use super::error::Error;
use super::file::File;
use super::index::Index;

/// Looks at all files of a folder.
pub(super) fn read(path: &Path, _index: &mut Index) -> Result<Vec<File>, Error> {
    Err(Error::NoDump { path: path.display().to_string() })
}
