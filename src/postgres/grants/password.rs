//! The SCRAM verifier of a password, made here, so that the server and its log never see the
//! password itself.
//!
//! Source: RFC 5802 and 7677; `PostgreSQL`'s `scram-common.c` for the form it is stored in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::secret::Secret;

/// `scram_iterations`' default.
const ITERATIONS: u32 = 4096;
const SALT: usize = 16;

/// As `pg_authid` holds it; `random` is at least 16 bytes that nobody can foresee.
pub(crate) fn verifier(password: &Secret, random: &[u8]) -> Secret {
    Secret::new(made(password, &random[..SALT.min(random.len())], ITERATIONS))
}

/// Whether all clients prepare a password alike: where SASLprep refuses letters beyond ASCII, the
/// server falls back to the text as it stands, or not, by its own reading of the standard.
pub(crate) fn is_sound(password: &Secret) -> bool {
    password.expose().is_ascii() || stringprep::saslprep(password.expose()).is_ok()
}

/// Whether a stored verifier is of this password; `None` if it cannot be told, as of MD5's.
pub(crate) fn is_of(stored: &str, password: &Secret) -> Option<bool> {
    let rest = stored.strip_prefix("SCRAM-SHA-256$")?;
    let (iterations, rest) = rest.split_once(':')?;
    let (salt, _) = rest.split_once('$')?;
    let salt = STANDARD.decode(salt).ok()?;
    Some(made(password, &salt, iterations.parse().ok()?) == stored)
}

fn made(password: &Secret, salt: &[u8], iterations: u32) -> String {
    // As the server does: what cannot be prepared is taken as it stands.
    let prepared = stringprep::saslprep(password.expose());
    let bytes = prepared.as_deref().map_or(password.expose().as_bytes(), str::as_bytes);
    let salted = salted(bytes, salt, iterations);
    let stored_key = Sha256::digest(hmac(&salted, &[b"Client Key"]));
    let server_key = hmac(&salted, &[b"Server Key"]);
    let text = |bytes: &[u8]| STANDARD.encode(bytes);
    format!("SCRAM-SHA-256${iterations}:{}${}:{}", text(salt), text(&stored_key), text(&server_key))
}

/// `Hi` of RFC 5802, which is PBKDF2.
fn salted(password: &[u8], salt: &[u8], iterations: u32) -> [u8; 32] {
    let mut last = hmac(password, &[salt, &1_u32.to_be_bytes()]);
    let mut sum = last;
    for _ in 1..iterations {
        last = hmac(password, &[&last]);
        for (sum, byte) in sum.iter_mut().zip(last) {
            *sum ^= byte;
        }
    }
    sum
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // An HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::{is_of, is_sound, made, verifier};
    use crate::secret::Secret;

    /// The exchange of RFC 7677, section 3: its proof and signature follow from these keys.
    #[test]
    fn the_verifier_is_that_of_the_standard() {
        let salt = [
            0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e, 0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36,
            0xfa, 0x81,
        ];
        assert_eq!(
            made(&Secret::new("pencil"), &salt, 4096),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
             wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
    }

    #[test]
    fn letters_that_clients_prepare_differently_are_not_sound() {
        for (password, sound) in [("a\nb", true), ("ünï", true), ("a-ℵ", false), ("ü\n", false)]
        {
            assert_eq!(is_sound(&Secret::new(password)), sound, "{password}");
        }
    }

    #[test]
    fn a_verifier_is_of_its_password_only() {
        // The last two would be stored as hashes if they were sent as they stand.
        for password in
            ["x", "o'neil\\ \"$", "md5900150983cd24fb0d6963f7d28e17f72", "SCRAM-SHA-256$x"]
        {
            let stored = verifier(&Secret::new(password), &[9; 16]);
            assert_eq!(is_of(stored.expose(), &Secret::new(password)), Some(true));
            assert_eq!(is_of(stored.expose(), &Secret::new("other")), Some(false));
        }
        assert_eq!(is_of("md5900150983cd24fb0d6963f7d28e17f72", &Secret::new("x")), None);
        assert_eq!(is_of("", &Secret::new("x")), None);
    }
}
