//! Passwords by reference: found, or made once and kept in a file that only its owner reads.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::wanted::PasswordSource;
use crate::environment::Environment;
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::secret::{Absent, Reference, Secret};

/// Letters of a new password: none that a shell, a URL or a file of settings could misread.
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// 62 to the power of 32 is more than 2 to the power of 190.
const LENGTH: usize = 32;

/// A password and all that a plan needs of it.
#[derive(Clone, Debug)]
pub(super) struct Password {
    pub(super) secret: Secret,
    /// What its salt is made of.
    pub(super) random: [u8; 20],
    /// The file it must be written to before anything else; `None` if it has its place.
    pub(super) unwritten: Option<PathBuf>,
    /// What is written there, if more than the password.
    pub(super) text: Option<Secret>,
    /// Whether a login with it succeeded, where nobody may look at the stored hash.
    pub(super) works: Option<bool>,
}

impl Password {
    pub(super) fn of(secret: Secret) -> Result<Self, Error> {
        let mut random = [0; 20];
        getrandom::fill(&mut random).map_err(Error::Random)?;
        Ok(Self { secret, random, unwritten: None, text: None, works: None })
    }
}

/// Where references are looked up.
pub(super) struct Keeper<'a> {
    pub(super) environment: &'a Environment,
    /// What relative paths start from.
    pub(super) folder: &'a Path,
    pub(super) findings: Vec<Finding>,
    /// New passwords by their files: several users may have one file.
    made: BTreeMap<PathBuf, Secret>,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(environment: &'a Environment, folder: &'a Path) -> Self {
        Self { environment, folder, findings: Vec::new(), made: BTreeMap::new() }
    }

    /// `whose` is for messages, such as `user shop_app`.
    pub(super) fn find(&mut self, source: &PasswordSource, whose: &str) -> Result<Password, Error> {
        let PasswordSource { env, file, generate } = source;
        if [env, file, generate].iter().filter(|given| given.is_some()).count() != 1 {
            let problem = "a password is one of { env = … }, { file = … } and { generate = … }";
            return Err(Error::wanted(whose, problem));
        }
        let file = file.as_ref().or(generate.as_ref());
        let reference = Reference { env: env.clone(), file: file.cloned() };
        match reference.find(self.environment, self.folder) {
            Ok(secret) => {
                if let Some(path) = file.map(|file| self.folder.join(file)) {
                    self.look_at(&path);
                    if secret.expose().is_empty() {
                        return Err(Error::wanted(whose, format!("{} is empty", path.display())));
                    }
                }
                Password::of(secret)
            }
            Err(Absent::File { path, source })
                if source.kind() == io::ErrorKind::NotFound && generate.is_some() =>
            {
                let secret = match self.made.get(&path) {
                    Some(secret) => secret.clone(),
                    None => generated()?,
                };
                self.made.insert(path.clone(), secret.clone());
                let mut password = Password::of(secret)?;
                password.unwritten = Some(path);
                Ok(password)
            }
            Err(Absent::File { path, source }) => Err(Error::File { doing: "read", path, source }),
            Err(Absent::Unset(name)) => {
                Err(Error::wanted(whose, format!("the environment variable {name} is not set")))
            }
            Err(Absent::NotOnePlace) => Err(Error::wanted(whose, "the password has no one place")),
        }
    }

    fn look_at(&mut self, path: &Path) {
        let mode = std::fs::metadata(path).map_or(0, |file| file.permissions().mode());
        if mode & 0o077 != 0 {
            let place = Place::object(PlaceKind::File, path.display().to_string());
            let message = "others than its owner may read or write this password";
            let finding = Finding::warning(Code::SecretReadable, place, message);
            self.findings.push(finding.help(format!("chmod 600 {}", path.display())));
        }
    }
}

pub(super) fn generated() -> Result<Secret, Error> {
    let mut letters = String::with_capacity(LENGTH);
    while letters.len() < LENGTH {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes).map_err(Error::Random)?;
        // Those above the last whole round of letters would make some more likely than others.
        let fair = bytes.into_iter().filter(|byte| *byte < 248);
        let wanted = LENGTH - letters.len();
        letters.extend(fair.take(wanted).map(|byte| char::from(LETTERS[usize::from(byte % 62)])));
    }
    Ok(Secret::new(letters))
}

/// Makes a file that only its owner reads; never writes over one.
pub(super) fn write_new(path: &Path, text: &Secret) -> Result<(), Error> {
    let failed = |source| Error::File { doing: "write", path: path.to_owned(), source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = file.map_err(failed)?;
    writeln!(file, "{}", text.expose()).and_then(|()| file.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{Keeper, PasswordSource, generated, write_new};
    use crate::environment::Environment;
    use crate::secret::Secret;

    #[test]
    fn a_password_comes_from_one_place_and_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment::of(&[("PW", "from env")]);
        let mut keeper = Keeper::new(&environment, folder.path());
        let some = |name: &str| Some(name.to_owned());
        let env = PasswordSource { env: some("PW"), ..PasswordSource::default() };
        assert_eq!(keeper.find(&env, "u").unwrap().secret, Secret::new("from env"));
        let absent = PasswordSource { env: some("NO"), ..PasswordSource::default() };
        assert!(keeper.find(&absent, "u").unwrap_err().to_string().contains("NO is not set"));
        for wrong in [PasswordSource::default(), PasswordSource { file: some("x"), ..env.clone() }]
        {
            assert!(keeper.find(&wrong, "u").is_err());
        }
        let made = PasswordSource { generate: some("a/b"), ..PasswordSource::default() };
        let password = keeper.find(&made, "u").unwrap();
        let path = password.unwritten.unwrap();
        assert!(!path.exists());
        assert_eq!(keeper.find(&made, "v").unwrap().secret, password.secret);
        write_new(&path, &password.secret).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = keeper.find(&made, "u").unwrap();
        assert_eq!((again.secret, again.unwritten), (password.secret, None));
        assert!(write_new(&path, &Secret::new("other")).is_err());
        assert!(keeper.findings.is_empty());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        keeper.find(&made, "u").unwrap();
        assert_eq!(keeper.findings.len(), 1);
    }

    #[test]
    fn new_passwords_are_long_plain_and_never_the_same() {
        let (one, two) = (generated().unwrap(), generated().unwrap());
        assert_ne!(one, two);
        assert_eq!(one.expose().len(), 32);
        assert!(one.expose().chars().all(|letter| letter.is_ascii_alphanumeric()));
    }
}
