//! The hash of a password, made here, so that no server's log ever sees the password itself.
//!
//! Which plugin: `MySQL` has had caching_sha2_password since 8.0 and nothing else since 9.0.
//! `MariaDB` has ed25519, where it is loaded, and mysql_native_password everywhere: its hash, an
//! unsalted double SHA-1, is weak, but the plugin that is not loaded is no plugin.
//!
//! Sources: `MySQL` manual 8.4.1.2 "Caching SHA-2 Pluggable Authentication"; U. Drepper, "Unix crypt
//! using SHA-256 and SHA-512"; `MariaDB` Knowledge Base "Authentication Plugin - ed25519".

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use curve25519_dalek::edwards::EdwardsPoint;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::mysql::server::Flavour;
use crate::secret::Secret;

/// How an account proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plugin {
    CachingSha2,
    Ed25519,
    Native,
}

/// Thousands of rounds, as `caching_sha2_password_digest_rounds` has by default.
const ROUNDS: usize = 5000;
const SALT: usize = 20;
const SALT_LETTERS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Plugin {
    /// The best that the server has; `loaded` are its authentication plugins.
    pub(crate) fn best(flavour: Flavour, loaded: &[String]) -> Self {
        let has = |name: &str| loaded.iter().any(|loaded| loaded.eq_ignore_ascii_case(name));
        match flavour {
            Flavour::MySql => Self::CachingSha2,
            Flavour::MariaDb if has("ed25519") => Self::Ed25519,
            Flavour::MariaDb => Self::Native,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::CachingSha2 => "caching_sha2_password",
            Self::Ed25519 => "ed25519",
            Self::Native => "mysql_native_password",
        }
    }

    fn of(word: &str) -> Option<Self> {
        [Self::CachingSha2, Self::Ed25519, Self::Native]
            .into_iter()
            .find(|plugin| plugin.word() == word)
    }

    /// What stands behind `CREATE USER …`, up to the literal of the hash.
    pub(crate) fn clause(self, flavour: Flavour) -> String {
        match flavour {
            Flavour::MySql => format!(" IDENTIFIED WITH {} AS ", self.word()),
            Flavour::MariaDb => format!(" IDENTIFIED VIA {} USING ", self.word()),
        }
    }

    /// The hash as the server stores it; `random` is at least 20 bytes that nobody can foresee.
    pub(crate) fn hash(self, password: &Secret, random: &[u8]) -> Secret {
        let password = password.expose().as_bytes();
        Secret::new(match self {
            Self::CachingSha2 => {
                let letter = |byte: &u8| SALT_LETTERS[usize::from(byte & 63)];
                let salt: Vec<u8> = random.iter().take(SALT).map(letter).collect();
                caching_sha2(password, &salt, ROUNDS)
            }
            Self::Ed25519 => ed25519(password),
            Self::Native => native(password),
        })
    }
}

/// Whether a stored hash is of this password; `None` if it cannot be told.
pub(crate) fn is_of(plugin: &str, stored: &[u8], password: &Secret) -> Option<bool> {
    let bytes = password.expose().as_bytes();
    let made = match Plugin::of(plugin)? {
        Plugin::Native => native(bytes).into_bytes(),
        Plugin::Ed25519 => ed25519(bytes).into_bytes(),
        Plugin::CachingSha2 => {
            let rest = stored.strip_prefix(b"$A$")?;
            let (rounds, rest) = (rest.get(..3)?, rest.get(4..)?);
            let rounds = usize::from_str_radix(std::str::from_utf8(rounds).ok()?, 16).ok()?;
            return Some(digest(bytes, rest.get(..SALT)?, rounds * 1000) == rest.get(SALT..)?);
        }
    };
    Some(made == stored)
}

/// `*` and the SHA-1 of the SHA-1, in hexadecimal.
fn native(password: &[u8]) -> String {
    let twice = Sha1::digest(Sha1::digest(password));
    let mut hash = String::from("*");
    for byte in twice {
        let _ = write!(hash, "{byte:02X}");
    }
    hash
}

/// The public key whose secret is the SHA-512 of the password.
fn ed25519(password: &[u8]) -> String {
    let mut secret = [0; 32];
    secret.copy_from_slice(&Sha512::digest(password)[..32]);
    STANDARD_NO_PAD.encode(EdwardsPoint::mul_base_clamped(secret).compress().as_bytes())
}

fn caching_sha2(password: &[u8], salt: &[u8], rounds: usize) -> String {
    let mut hash = format!("$A${:03X}$", rounds / 1000);
    hash.extend(salt.iter().chain(&digest(password, salt, rounds)).map(|&byte| char::from(byte)));
    hash
}

/// `SHA-crypt` with `SHA-256`: both sums, then so many rounds over key, salt and the last one.
fn digest(key: &[u8], salt: &[u8], rounds: usize) -> Vec<u8> {
    let inner = Sha256::new().chain_update(key).chain_update(salt).chain_update(key).finalize();
    let mut outer = Sha256::new().chain_update(key).chain_update(salt);
    outer.update(cycle(&inner, key.len()));
    let mut length = key.len();
    while length > 0 {
        outer.update(if length & 1 == 1 { inner.as_slice() } else { key });
        length >>= 1;
    }
    let mut last = outer.finalize();
    let keys = cycle(&Sha256::digest(key.repeat(key.len())), key.len());
    let salts = cycle(&Sha256::digest(salt.repeat(16 + usize::from(last[0]))), salt.len());
    for round in 0..rounds {
        let is_odd = round % 2 == 1;
        let mut next = Sha256::new();
        next.update(if is_odd { keys.as_slice() } else { last.as_slice() });
        if round % 3 != 0 {
            next.update(&salts);
        }
        if round % 7 != 0 {
            next.update(&keys);
        }
        next.update(if is_odd { last.as_slice() } else { keys.as_slice() });
        last = next.finalize();
    }
    letters(&last)
}

/// So many bytes of a digest that is repeated without end.
fn cycle(digest: &[u8], length: usize) -> Vec<u8> {
    digest.iter().copied().cycle().take(length).collect()
}

/// The bytes of each four letters.
const ORDER: [[usize; 3]; 10] = [
    [0, 10, 20],
    [21, 1, 11],
    [12, 22, 2],
    [3, 13, 23],
    [24, 4, 14],
    [15, 25, 5],
    [6, 16, 26],
    [27, 7, 17],
    [18, 28, 8],
    [9, 19, 29],
];

/// 32 bytes in crypt's order and crypt's 64 letters: 43 of them.
fn letters(bytes: &[u8]) -> Vec<u8> {
    let mut letters = Vec::with_capacity(43);
    let mut put = |group: [u8; 3], count: usize| {
        let mut bits = group.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte));
        for _ in 0..count {
            letters.push(SALT_LETTERS[(bits & 63) as usize]);
            bits >>= 6;
        }
    };
    for group in ORDER {
        put(group.map(|at| bytes[at]), 4);
    }
    put([0, bytes[31], bytes[30]], 3);
    letters
}

#[cfg(test)]
mod tests {
    use super::{Plugin, digest, is_of};
    use crate::mysql::server::Flavour;
    use crate::secret::Secret;

    /// From Drepper's own test vectors, whose salts are short.
    #[test]
    fn the_digest_is_that_of_sha_crypt() {
        let text = |key: &str, salt: &str, rounds| {
            String::from_utf8(digest(key.as_bytes(), salt.as_bytes(), rounds)).unwrap()
        };
        assert_eq!(
            text("Hello world!", "saltstring", 5000),
            "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"
        );
        assert_eq!(
            text("Hello world!", "saltstringsaltst", 10000),
            "3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA"
        );
    }

    #[test]
    fn a_hash_is_of_its_password_only() {
        let password = Secret::new("o'neil\\ \"$%\n");
        for plugin in [Plugin::CachingSha2, Plugin::Ed25519, Plugin::Native] {
            let hash = plugin.hash(&password, &[7; 20]);
            let is = |password: &str| {
                is_of(plugin.word(), hash.expose().as_bytes(), &Secret::new(password))
            };
            assert_eq!((is(password.expose()), is("other")), (Some(true), Some(false)));
            assert!(!hash.expose().contains(['\'', '\\']), "{}", hash.expose());
        }
        assert_eq!(is_of("unix_socket", b"", &password), None);
        assert_eq!(is_of("caching_sha2_password", b"", &password), None);
    }

    #[test]
    fn known_hashes() {
        let password = Secret::new("password");
        let native = Plugin::Native.hash(&password, &[]);
        assert_eq!(native.expose(), "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
        let ed25519 = Plugin::Ed25519.hash(&Secret::new("secret"), &[]);
        assert_eq!(ed25519.expose(), "ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY");
    }

    #[test]
    fn the_best_that_is_there() {
        let loaded = ["mysql_native_password".to_owned(), "ed25519".to_owned()];
        assert_eq!(Plugin::best(Flavour::MySql, &loaded), Plugin::CachingSha2);
        assert_eq!(Plugin::best(Flavour::MariaDb, &loaded), Plugin::Ed25519);
        assert_eq!(Plugin::best(Flavour::MariaDb, &loaded[..1]), Plugin::Native);
    }
}
