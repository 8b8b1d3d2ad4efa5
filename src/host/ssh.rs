//! How the system's `ssh` is called: one connection a host, on which every command is a session.
//!
//! The connection's socket is in a folder that only we may enter, with our process in its name: two
//! runs never share one. It ends with the run; of a run that was killed it ends by itself after
//! [`IDLE`]. Source: `ssh_config(5)`, ControlMaster, ControlPath, ControlPersist.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::PathBuf;

use crate::host::error::Error;

/// Seconds that an idle connection outlives a run that could not end it.
const IDLE: u32 = 30;

/// Where a host is, and how to call for it.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) destination: String,
    config: Option<String>,
}

/// Whether a call makes the connection or uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// May ask a person, at the terminal, for a passphrase or a host's key.
    First,
    /// Never asks.
    Further,
}

impl Link {
    pub(super) fn parse(name: &str, config: Option<&str>) -> Result<Self, Error> {
        let bare = name.strip_prefix("ssh://").unwrap_or(name);
        // A name that begins with a hyphen would be an option to ssh.
        let host = bare.rsplit('@').next().unwrap_or(bare);
        let is_word = |letter: char| !letter.is_whitespace() && !letter.is_control();
        if bare.is_empty() || bare.starts_with('-') || host.starts_with('-') || host.is_empty() {
            return Err(Error::Name(name.to_owned()));
        }
        if !bare.chars().all(is_word) || bare.contains('/') {
            return Err(Error::Name(name.to_owned()));
        }
        Ok(Self { destination: name.to_owned(), config: config.map(str::to_owned) })
    }

    /// All but the program itself and the command.
    pub(super) fn options(&self, sockets: &str, role: Role) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        if let Some(config) = &self.config {
            words.extend(["-F".to_owned(), config.clone()]);
        }
        let control = format!("ControlPath={sockets}/{}-%C", std::process::id());
        let persist = format!("ControlPersist={IDLE}");
        let batch = match role {
            Role::First => "BatchMode=no",
            Role::Further => "BatchMode=yes",
        };
        for option in [
            "ControlMaster=auto",
            &control,
            &persist,
            batch,
            "ServerAliveInterval=10",
            "ServerAliveCountMax=6",
            "ConnectTimeout=15",
            "ForwardAgent=no",
            "ForwardX11=no",
            "ClearAllForwardings=yes",
            "PermitLocalCommand=no",
            "RequestTTY=no",
            "LogLevel=ERROR",
        ] {
            words.extend(["-o".to_owned(), option.to_owned()]);
        }
        words
    }
}

/// A folder for sockets that belongs to us and to nobody else. Its path is short: a socket's may
/// have no more than a hundred bytes.
pub(super) fn sockets() -> Result<String, Error> {
    let mine = std::fs::metadata("/proc/self").map(|process| process.uid());
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let runtime = runtime.filter(|folder| folder.is_dir() && folder.as_os_str().len() < 32);
    let path = match (&mine, runtime) {
        (_, Some(folder)) => folder.join("nirvana"),
        (Ok(user), None) => PathBuf::from(format!("/tmp/nirvana-{user}")),
        (Err(_), None) => PathBuf::from("/tmp/nirvana"),
    };
    let made = DirBuilder::new().mode(0o700).create(&path);
    let shown = path.display().to_string();
    match made {
        Ok(()) => return Ok(shown),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(source) => return Err(Error::Sockets { path: shown, source }),
    }
    let folder = std::fs::symlink_metadata(&path);
    let folder = folder.map_err(|source| Error::Sockets { path: shown.clone(), source })?;
    let is_ours = folder.is_dir() && mine.is_ok_and(|user| user == folder.uid());
    if !is_ours || folder.mode() & 0o077 != 0 {
        let source = io::Error::other("it is not a folder of ours alone (mode 0700)");
        return Err(Error::Sockets { path: shown, source });
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::{Link, Role};

    #[test]
    fn a_host_is_a_name_and_never_an_option() {
        for good in ["web1", "deploy@web1", "ssh://deploy@web1:2222", "10.0.0.1", "a.b-c"] {
            assert!(Link::parse(good, None).is_ok(), "{good}");
        }
        for bad in ["", "-oProxyCommand=id", "a@-x", "a b", "ssh://", "a@", "a/b", "a\nb"] {
            assert!(Link::parse(bad, None).is_err(), "{bad}");
        }
        let link = Link::parse("web1", Some("deploy/ssh")).unwrap();
        let words = link.options("/run/nirvana", Role::Further).join(" ");
        assert!(words.starts_with("-F deploy/ssh -o ControlMaster=auto"), "{words}");
        assert!(words.contains("BatchMode=yes"), "{words}");
    }
}
