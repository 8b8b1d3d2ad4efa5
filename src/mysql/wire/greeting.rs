//! The first words of a server, and our answer to them.
//!
//! Source: `MySQL` internals manual, "Initial Handshake"; `MariaDB`'s "Connection" page for what
//! differs there.

use mysql_common::constants::CapabilityFlags;

use super::payload::{PayloadReader, put_bytes, put_length};
use crate::mysql::error::{Error, Truncated};

/// What the server said of itself, and how we came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Greeting {
    /// `8.4.3` or `10.11.6-MariaDB-0+deb12u1`, as `SELECT VERSION()` shows it.
    pub(crate) server_version: String,
    /// What SHOW PROCESSLIST and KILL call this connection.
    pub(crate) connection_id: u32,
    /// `TLSv1_3`; `None` where the connection is not encrypted.
    pub(crate) tls_protocol: Option<String>,
    /// The plugin that authenticated us.
    pub(crate) auth_plugin: String,
}

/// A greeting with the parts that only the handshake needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) server_version: String,
    pub(super) connection_id: u32,
    pub(super) capabilities: CapabilityFlags,
    pub(super) scramble: Vec<u8>,
    pub(super) plugin: String,
}

/// `MariaDB` up to 10.x calls itself 5.5.5 first, for the sake of old replicas.
const MARIADB_PREFIX: &str = "5.5.5-";

impl Offer {
    pub(super) fn parse(payload: &[u8]) -> Result<Self, Truncated> {
        let mut reader = PayloadReader::new(payload);
        // The protocol's version, 10, which the caller has looked at.
        reader.u8()?;
        let version = String::from_utf8_lossy(reader.until_nul()?).into_owned();
        let server_version = match version.strip_prefix(MARIADB_PREFIX) {
            Some(rest) if rest.contains("MariaDB") => rest.to_owned(),
            _ => version,
        };
        let connection_id = reader.u32()?;
        let mut scramble = reader.take(8)?.to_vec();
        reader.u8()?;
        let low = reader.u16()?;
        // Collation and status of the session.
        reader.take(3)?;
        let high = reader.u16()?;
        let capabilities =
            CapabilityFlags::from_bits_retain(u32::from(low) | u32::from(high) << 16);
        let scramble_length = usize::from(reader.u8()?);
        reader.take(10)?;
        let second =
            reader.take(scramble_length.saturating_sub(8).max(13).min(reader.rest().len()))?;
        scramble.extend_from_slice(second);
        if scramble.last() == Some(&0) {
            scramble.pop();
        }
        let mut plugin = String::from("mysql_native_password");
        if capabilities.contains(CapabilityFlags::CLIENT_PLUGIN_AUTH) {
            // Some versions forget the NUL at the end (MySQL bug 59453).
            let name = reader.rest();
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
            plugin = String::from_utf8_lossy(&name[..end]).into_owned();
        }
        Ok(Self { server_version, connection_id, capabilities, scramble, plugin })
    }
}

/// `utf8mb4_general_ci`: every server since `MySQL` 5.5 knows it, and SET NAMES follows anyway.
const COLLATION: u8 = 45;
/// The largest packet we announce to take.
const MAX_PACKET: u32 = 1 << 30;

/// What we can do; compression, several statements in one and local files are left out.
const WANTED: CapabilityFlags = CapabilityFlags::CLIENT_LONG_PASSWORD
    .union(CapabilityFlags::CLIENT_LONG_FLAG)
    .union(CapabilityFlags::CLIENT_PROTOCOL_41)
    .union(CapabilityFlags::CLIENT_TRANSACTIONS)
    .union(CapabilityFlags::CLIENT_SECURE_CONNECTION)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA)
    .union(CapabilityFlags::CLIENT_CONNECT_ATTRS)
    .union(CapabilityFlags::CLIENT_DEPRECATE_EOF);

/// What both sides can do. `LONG_PASSWORD` is ours to set whatever a server offers: to `MariaDB` it
/// says that we do not speak its extensions.
pub(super) fn agreed(offered: CapabilityFlags, database: bool, tls: bool) -> CapabilityFlags {
    let mut agreed = (WANTED & offered) | CapabilityFlags::CLIENT_LONG_PASSWORD;
    agreed.set(CapabilityFlags::CLIENT_CONNECT_WITH_DB, database);
    agreed.set(CapabilityFlags::CLIENT_SSL, tls);
    agreed
}

/// The first 32 bytes of our answer; alone, they ask for TLS.
pub(super) fn answer_head(capabilities: CapabilityFlags) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(&capabilities.bits().to_le_bytes());
    out.extend_from_slice(&MAX_PACKET.to_le_bytes());
    out.push(COLLATION);
    out.extend_from_slice(&[0; 23]);
    out
}

/// Who logs in, and with what.
pub(super) struct Login<'a> {
    pub(super) user: &'a str,
    pub(super) database: Option<&'a str>,
    pub(super) plugin: &'a str,
    /// The plugin's first answer: a scramble, or nothing.
    pub(super) proof: &'a [u8],
}

pub(super) fn answer(capabilities: CapabilityFlags, login: &Login<'_>) -> Result<Vec<u8>, Error> {
    let mut out = answer_head(capabilities);
    put_text(&mut out, login.user);
    if capabilities.contains(CapabilityFlags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA) {
        put_bytes(&mut out, login.proof);
    } else {
        let length = u8::try_from(login.proof.len())
            .map_err(|_too_long| Error::PluginUnknown { plugin: login.plugin.to_owned() })?;
        out.push(length);
        out.extend_from_slice(login.proof);
    }
    if let Some(database) = login.database {
        put_text(&mut out, database);
    }
    if capabilities.contains(CapabilityFlags::CLIENT_PLUGIN_AUTH) {
        put_text(&mut out, login.plugin);
    }
    if capabilities.contains(CapabilityFlags::CLIENT_CONNECT_ATTRS) {
        let mut attributes = Vec::new();
        for (name, value) in [
            ("_client_name", "nirvana"),
            ("_client_version", env!("CARGO_PKG_VERSION")),
            ("program_name", "nirvana"),
        ] {
            put_bytes(&mut attributes, name.as_bytes());
            put_bytes(&mut attributes, value.as_bytes());
        }
        put_length(&mut out, attributes.len() as u64);
        out.extend_from_slice(&attributes);
    }
    Ok(out)
}

/// A string that a NUL ends. `Options` has no NULs in it.
fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
    out.push(0);
}

#[cfg(test)]
mod tests {
    use mysql_common::constants::CapabilityFlags;

    use super::{Login, Offer, agreed, answer};

    fn greeting(version: &[u8], plugin: &[u8]) -> Vec<u8> {
        let mut payload = vec![10];
        payload.extend_from_slice(version);
        payload.extend_from_slice(&[0, 42, 0, 0, 0]);
        payload.extend_from_slice(b"12345678");
        payload.extend_from_slice(&[0, 0xFF, 0xF7, 8, 2, 0, 0xFF, 0x81, 21]);
        payload.extend_from_slice(&[0; 10]);
        payload.extend_from_slice(b"abcdefghijkl\0");
        payload.extend_from_slice(plugin);
        payload
    }

    #[test]
    fn a_greeting_is_read_and_no_cut_panics() {
        let payload = greeting(b"5.5.5-10.11.6-MariaDB", b"mysql_native_password\0");
        let offer = Offer::parse(&payload).unwrap();
        assert_eq!(offer.server_version, "10.11.6-MariaDB");
        assert_eq!(offer.connection_id, 42);
        assert_eq!(offer.scramble, b"12345678abcdefghijkl");
        assert_eq!(offer.plugin, "mysql_native_password");
        for cut in 0..payload.len() {
            let _ = Offer::parse(&payload[..cut]);
        }
    }

    #[test]
    fn a_real_5_5_5_keeps_its_name_and_a_plugin_without_nul_is_whole() {
        let offer = Offer::parse(&greeting(b"5.5.5-log", b"caching_sha2_password")).unwrap();
        assert_eq!(offer.server_version, "5.5.5-log");
        assert_eq!(offer.plugin, "caching_sha2_password");
    }

    #[test]
    fn nothing_dangerous_is_ever_agreed() {
        let all = agreed(CapabilityFlags::all(), true, true);
        for refused in [
            CapabilityFlags::CLIENT_LOCAL_FILES,
            CapabilityFlags::CLIENT_MULTI_STATEMENTS,
            CapabilityFlags::CLIENT_COMPRESS,
            CapabilityFlags::CLIENT_ZSTD_COMPRESSION_ALGORITHM,
        ] {
            assert!(!all.contains(refused), "{refused:?}");
        }
    }

    #[test]
    fn an_old_server_gets_a_short_answer() {
        let capabilities = agreed(CapabilityFlags::CLIENT_PROTOCOL_41, true, false);
        let login = Login { user: "u", database: Some("d"), plugin: "p", proof: b"xy" };
        let out = answer(capabilities, &login).unwrap();
        assert_eq!(&out[32..], b"u\0\x02xyd\0");
    }
}
