//! Looks at the RSA key a server sends before `mysql_common` does, which panics at a broken one.
//!
//! Source: RFC 5280 `SubjectPublicKeyInfo`, RFC 8017 `RSAPublicKey`, X.690 for DER.

use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
const INTEGER: u8 = 0x02;
/// Bytes of a modulus, from the least that anybody uses to more than that.
const MODULUS: std::ops::RangeInclusive<usize> = 64..=2048;
/// Longer than any key; the rest is not worth decoding.
const PEM_MAX: usize = 16 * 1024;

/// Whether a plugin's data is meant as a key.
pub(super) fn looks_like_one(data: &[u8]) -> bool {
    const BEGIN: &[u8] = b"-----BEGIN";
    data.windows(BEGIN.len()).any(|window| window == BEGIN)
}

/// Whether it is one that can be encrypted with.
pub(super) fn is_sound(pem: &[u8]) -> bool {
    if pem.len() > PEM_MAX {
        return false;
    }
    let Ok(info) = SubjectPublicKeyInfoDer::from_pem_slice(pem) else {
        return false;
    };
    modulus_and_exponent(&info).is_some_and(|(modulus, exponent)| {
        let modulus = unsigned(modulus);
        MODULUS.contains(&modulus.len())
            && modulus.last().is_some_and(|byte| byte % 2 == 1)
            && !unsigned(exponent).is_empty()
    })
}

fn modulus_and_exponent(info: &[u8]) -> Option<(&[u8], &[u8])> {
    let (info, _) = element(info, SEQUENCE)?;
    let (_algorithm, rest) = element(info, SEQUENCE)?;
    let (bits, _) = element(rest, BIT_STRING)?;
    let (unused, key) = bits.split_first()?;
    if *unused != 0 {
        return None;
    }
    let (key, _) = element(key, SEQUENCE)?;
    let (modulus, rest) = element(key, INTEGER)?;
    let (exponent, _) = element(rest, INTEGER)?;
    Some((modulus, exponent))
}

/// The content of the element that `der` begins with, if it is of that kind, and what follows.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != tag {
        return None;
    }
    // Up to 127 the byte is the length; above, it counts the bytes of the length.
    let (length, rest) = match length {
        0..=0x7F => (usize::from(*length), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => {
            let (bytes, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*bytes)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// A number's bytes without leading zeros.
fn unsigned(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    &bytes[start..]
}

#[cfg(test)]
mod tests {
    use super::{element, is_sound, looks_like_one};

    const KEY: &str = "-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALQudOTOYhTEGkkAn+/wSbRDt8J7TwXw
7AHylYiA/Fxi8Ph/TMxQ8FpmuMVrRWkWSiUiulwmeeVu/ttXxFiyt6ECAwEAAQ==
-----END PUBLIC KEY-----
";

    #[test]
    fn a_key_is_told_from_a_broken_one() {
        assert!(looks_like_one(KEY.as_bytes()) && is_sound(KEY.as_bytes()));
        assert!(is_sound(format!("{KEY}\0").as_bytes()));
        assert!(!looks_like_one(b"\x04"));
        for broken in [
            "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
            "-----BEGIN PUBLIC KEY-----\nMFww\n-----END PUBLIC KEY-----\n",
            "-----BEGIN RSA PUBLIC KEY-----\nMAYCAQACAQM=\n-----END RSA PUBLIC KEY-----\n",
            "-----BEGIN PUBLIC KEY-----",
        ] {
            assert!(looks_like_one(broken.as_bytes()) && !is_sound(broken.as_bytes()), "{broken}");
        }
    }

    #[test]
    fn lengths_of_every_form() {
        assert_eq!(element(&[2, 1, 7, 9], 2), Some((&[7][..], &[9][..])));
        assert_eq!(element(&[2, 0x81, 1, 7], 2), Some((&[7][..], &[][..])));
        assert_eq!(element(&[2, 0x82, 0, 1, 7], 2), Some((&[7][..], &[][..])));
        for broken in [&[][..], &[2], &[2, 2, 7], &[2, 0x84, 0, 0, 0, 1, 7], &[3, 1, 7], &[2, 0x81]]
        {
            assert_eq!(element(broken, 2), None, "{broken:?}");
        }
    }
}
