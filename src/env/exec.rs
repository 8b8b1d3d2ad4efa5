//! A command with the project's variables: it takes this process's place, so that its exit code, its
//! signals and its terminal are its own.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use super::load::File;
use super::{Error, Settings, Variables};
use crate::project::read::dotenv::Dialect;

/// What is to be run, and with what.
#[derive(Clone, Debug)]
pub(crate) struct ExecRequest {
    pub(crate) command: Vec<OsString>,
    pub(crate) file: Option<PathBuf>,
    pub(crate) dialect: Option<Dialect>,
    /// Whether the file wins over what is set already.
    pub(crate) overrides: bool,
    pub(crate) folder: PathBuf,
    /// `[env]` of nirvana.toml, and the folder that it is in.
    pub(crate) settings: Settings,
    pub(crate) root: Option<PathBuf>,
}

/// Does not return if all goes well.
pub(crate) fn exec(request: &ExecRequest, variables: &Variables) -> Error {
    match command(request, variables) {
        Ok(mut command) => {
            let program = PathBuf::from(command.get_program());
            Error::Command(program, command.exec())
        }
        Err(error) => error,
    }
}

fn command(request: &ExecRequest, variables: &Variables) -> Result<Command, Error> {
    let ExecRequest { settings, root, folder, .. } = request;
    let path = settings.path(request.file.as_deref(), root.as_deref(), folder);
    let path = path.ok_or_else(|| Error::NoFile(folder.clone()))?;
    let dialect = request.dialect.or_else(|| settings.dialect.map(super::settings::Word::dialect));
    let file = File::read(&path, dialect)?;
    // What the file itself overrides must not be what its values refer to.
    let own: Vec<String> = file.entries().iter().map(|entry| file.key(entry)).collect();
    let is_kept =
        |name: &OsString| !request.overrides || !own.iter().any(|own| name == own.as_str());
    let before: Variables = variables
        .iter()
        .filter(|(name, _)| is_kept(name))
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    let (program, arguments) = request.command.split_first().unzip();
    let mut command = Command::new(program.cloned().unwrap_or_default());
    command.args(arguments.unwrap_or_default());
    for (name, value) in file.values(&before)? {
        if !before.contains_key(std::ffi::OsStr::new(&name)) {
            command.env(name, value.expose());
        }
    }
    Ok(command)
}
