//! The file of `--report`.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::report::Report;
use crate::ui::UiError;

/// Opened before the work, so that a wrong path is known at once and not after five hours; what
/// stood in it stays until there is a new report.
#[derive(Debug)]
pub(crate) struct ReportFile {
    path: PathBuf,
    file: File,
}

impl ReportFile {
    pub(crate) fn open(path: &Path) -> Result<Self, UiError> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let path = path.to_owned();
        match file {
            Ok(file) => Ok(Self { path, file }),
            Err(source) => Err(UiError::ReportFile { path, source }),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn write(mut self, report: &Report) -> Result<(), UiError> {
        let mut json = serde_json::to_string_pretty(report)?;
        json.push('\n');
        match self.replace(json.as_bytes()) {
            Ok(()) => Ok(()),
            Err(source) => Err(UiError::ReportFile { path: self.path, source }),
        }
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        // A pipe or a terminal can be named too; it has no length to cut and no disk to reach.
        let on_disk = self.file.metadata()?.is_file();
        if on_disk {
            self.file.set_len(0)?;
        }
        self.file.write_all(bytes)?;
        if on_disk { self.file.sync_all() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::ReportFile;
    use crate::report::{Report, Verb};

    #[test]
    fn the_old_report_stays_until_there_is_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        std::fs::write(&path, "x".repeat(10_000)).unwrap();
        let file = ReportFile::open(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap().len(), 10_000);
        file.write(&Report::new(Verb::Migrate, "postgres://db/shop")).unwrap();
        let json: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(json["schema"], "nirvana-report/1");
        assert!(ReportFile::open(&folder.path().join("no/such/folder")).is_err());
    }
}
