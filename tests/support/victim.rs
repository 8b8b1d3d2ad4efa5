//! Servers of a test's own.

use std::path::Path;
use std::process::Command;

use super::setting;

/// A server of its own, which a test may ill-treat.
pub(crate) struct Victim {
    kind: String,
    options: Vec<String>,
    folder: tempfile::TempDir,
    pub(crate) url: String,
}

impl Victim {
    pub(crate) fn spawn(kind: &str) -> Option<Self> {
        Self::spawn_with(kind, &[])
    }

    /// With options of the server's own.
    pub(crate) fn spawn_with(kind: &str, options: &[&str]) -> Option<Self> {
        setting("NIRVANA_TEST_SERVERS")?;
        let folder = tempfile::tempdir().unwrap();
        open_to_all(folder.path());
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let mut victim = Self { kind: kind.to_owned(), options, folder, url: String::new() };
        victim.url = victim.start();
        Some(victim)
    }

    /// Starts it, again if it was killed: on the same port, with the same data. Gives its URL.
    pub(crate) fn start(&self) -> String {
        let servers = setting("NIRVANA_TEST_SERVERS").unwrap();
        let data = self.folder.path().join("server");
        let mut command = Command::new(servers);
        command.arg("spawn").arg(&self.kind).arg(&data).arg("--").args(&self.options);
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let Some((scheme, rest)) = text.lines().find_map(|line| line.split_once("://")) else {
            panic!("no URL in {text}");
        };
        let scheme = scheme.rsplit(['=', '\'', '"']).next().unwrap();
        format!("{scheme}://{}", rest.trim_end_matches(['\'', '"']))
    }

    /// PostgreSQL's first process.
    pub(crate) fn postmaster(&self) -> u32 {
        let file = self.folder.path().join("server/data/postmaster.pid");
        std::fs::read_to_string(file).unwrap().lines().next().unwrap().trim().parse().unwrap()
    }

    /// kill −9.
    pub(crate) fn kill(&self) {
        let servers = setting("NIRVANA_TEST_SERVERS").unwrap();
        let data = self.folder.path().join("server");
        let killed = Command::new(servers).arg("kill").arg(data).status().unwrap();
        assert!(killed.success());
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Servers may run as another user, who must reach the folder.
fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}
