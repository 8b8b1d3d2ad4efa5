//! Moving as a test wants it: by a nirvana.toml of its own, or cut off.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{Report, Run, SourceDatabase, TargetDatabase, migrate, nirvana};

/// A nirvana.toml with this text, as long as the folder is held, and its path.
pub(crate) fn settings(text: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nirvana.toml");
    std::fs::write(&file, text).unwrap();
    let path = file.to_str().unwrap().to_owned();
    (folder, path)
}

/// Migrates with such a nirvana.toml.
pub(crate) fn migrate_with(
    source: &SourceDatabase,
    target: &TargetDatabase,
    (text, more): (&str, &[&str]),
) -> (Run, Report) {
    let (_folder, path) = settings(text);
    migrate(source, target, &[&["--config", &path], more].concat())
}

/// Migrates in chunks of a MiB, and kills the run once it has told so many events; whether that was
/// before its end.
pub(crate) fn killed_after(
    source: &SourceDatabase,
    target: &TargetDatabase,
    (events, more): (usize, &[&str]),
) -> bool {
    let mut command = nirvana();
    command.args(["migrate", "--format", "json", "--chunk-mib", "1"]).args(more);
    command.args([source.url(), target.url()]);
    killed(command, events)
}

/// Kills a run once it has told so many events; whether that was before its end.
pub(crate) fn killed(mut command: Command, events: usize) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    for _ in 0..events {
        if reader.read_line(&mut line).unwrap() == 0 {
            break;
        }
    }
    // It may have ended before.
    let _ = child.kill();
    reader.read_to_string(&mut line).unwrap();
    let code = child.wait().unwrap().code();
    assert!(code.is_none_or(|code| code <= 1), "{code:?}: {line}");
    code.is_none()
}
