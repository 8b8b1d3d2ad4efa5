//! What can go wrong between us and the files of a project.

use std::io;
use std::path::PathBuf;

use crate::fault::{Blame, Fault};

/// Why a tree cannot be opened, or one of its files cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no folder {}", .0.display())]
    NoFolder(PathBuf),
    #[error("{} is a file, where a folder or a repository is expected", .0.display())]
    NotAFolder(PathBuf),
    #[error("cannot list the folder {}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    /// A revision was asked for, and there is no repository it could be of.
    #[error("{} is in no git repository, so it has no revision '{rev}'", path.display())]
    NoRepository { path: PathBuf, rev: String },
    #[error("cannot open the git repository of {}", path.display())]
    Repository { path: PathBuf, source: git2::Error },
    #[error("the repository has no revision '{rev}'")]
    UnknownRevision { rev: String, source: git2::Error },
    #[error("HEAD of the repository has no commit yet")]
    UnbornHead,
    /// The revision does not have the folder that was named.
    #[error("revision '{rev}' has no folder {folder}")]
    NoFolderAtRevision { rev: String, folder: String },
    /// A partial clone leaves blobs out, and a broken one may lack anything.
    #[error("the repository does not have the {what} of {path}")]
    MissingObject { what: &'static str, path: String, source: git2::Error },
    #[error("cannot read {path}")]
    Object { path: String, source: git2::Error },
    #[error("cannot read {path}")]
    Read { path: String, source: io::Error },
    /// The repository has only the pointer; the contents are on a Git LFS server.
    #[error("{path} is kept in Git LFS, and only its pointer is here")]
    LfsPointer { path: String },
    #[error("{path} is a submodule, a commit of another repository")]
    Submodule { path: String },
}

impl Blame for Error {
    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoRepository { .. } => "leave --rev out to read the folder as it is".to_owned(),
            Self::Repository { path, source } if source.code() == git2::ErrorCode::Owner => {
                let path = path.display();
                format!("git config --global --add safe.directory {path}")
            }
            Self::Repository { source, .. } if source.message().contains("partialclone") => {
                "a partial clone: without --rev its folder is read, or clone without --filter"
                    .to_owned()
            }
            Self::UnknownRevision { .. } => {
                "`git fetch --unshallow --tags` gets what a shallow clone leaves out".to_owned()
            }
            Self::UnbornHead => "name a branch or a commit with --rev".to_owned(),
            Self::MissingObject { .. } => {
                "clone without --filter, or `git fetch --refetch`".to_owned()
            }
            Self::LfsPointer { .. } => "`git lfs pull` gets it into the working folder".to_owned(),
            Self::Submodule { .. } => "run nirvana in the submodule itself".to_owned(),
            _ => return None,
        })
    }
}
