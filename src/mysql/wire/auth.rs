//! Proves to the server who we are. The scrambles and the RSA exchange are `mysql_common`'s.
//!
//! Source: `MySQL` internals manual, "Authentication Phase".

use mysql_common::auth::plugins::{
    AuthProc, ChallengeResponsePlugin, Context, Error as PluginError, Response,
};
use mysql_common::packets::AuthPlugin;

use super::answer::{EOF, ERR, OK, server_error};
use super::link::Link;
use super::payload::PayloadReader;
use super::public_key;
use crate::mysql::error::{Error, Truncated, Wait};

/// A packet that carries data for the plugin, where its first byte could be mistaken.
const MORE_DATA: u8 = 0x01;
/// Plugins that look at who we are on this machine, and want nothing from us.
const PEER_PLUGINS: [&str; 2] = ["unix_socket", "auth_socket"];
/// Plugins that can answer the greeting's scramble at once.
const FIRST_PLUGINS: [&str; 3] =
    ["mysql_native_password", "caching_sha2_password", "sha256_password"];
const CLEAR: &str = "mysql_clear_password";
const OLD: &str = "mysql_old_password";

/// What a plugin may know of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// Others may read along.
    Open,
    Tls,
    Unix,
}

/// One attempt to log in.
pub(super) struct Authentication<'a> {
    password: &'a str,
    transport: Transport,
    plugin: String,
    procedure: Procedure,
    scramble: Vec<u8>,
}

enum Procedure {
    /// Boxed, as parsec's state is large.
    Plugin(Box<AuthProc>),
    /// The server looks at the peer of the unix socket.
    Peer,
}

struct PluginContext<'a> {
    password: &'a str,
    transport: Transport,
    scramble: &'a [u8],
}

impl Context for PluginContext<'_> {
    fn pass(&self) -> &[u8] {
        self.password.as_bytes()
    }

    fn is_ipc_transport(&self) -> bool {
        self.transport == Transport::Unix
    }

    fn is_tls_transport(&self) -> bool {
        self.transport == Transport::Tls
    }

    fn scramble(&self) -> &[u8] {
        self.scramble
    }

    fn server_key_pem(&self) -> Option<&[u8]> {
        None
    }
}

impl<'a> Authentication<'a> {
    /// The plugin the greeting names, and our first answer to it. Where it names another than
    /// the usual ones we answer with the oldest of those, and the server asks us to switch.
    pub(super) fn begin(
        password: &'a str,
        transport: Transport,
        (plugin, scramble): (&str, &[u8]),
    ) -> Result<(Self, Vec<u8>), Error> {
        let plugin = if FIRST_PLUGINS.contains(&plugin) { plugin } else { FIRST_PLUGINS[0] };
        let mut this = Self {
            password,
            transport,
            plugin: plugin.to_owned(),
            procedure: Procedure::of(plugin)?,
            scramble: scramble.to_vec(),
        };
        let first = this.step(scramble)?.unwrap_or_default();
        Ok((this, first))
    }

    pub(super) fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Talks until the server lets us in.
    pub(super) async fn finish(mut self, link: &mut Link) -> Result<String, Error> {
        loop {
            let payload = link.packet(Wait::Login).await?;
            let reply = match payload.first() {
                Some(&OK) => return Ok(self.plugin),
                Some(&ERR) => return Err(server_error(payload)),
                Some(&EOF) => {
                    let (plugin, challenge) = parse_switch(payload)?;
                    self.switch(&plugin, &challenge)?
                }
                // The server adds the byte only where it must; MariaDB's parsec sends a bare 'P'.
                Some(&MORE_DATA) => self.step(&payload[1..])?,
                Some(_) => self.step(payload)?,
                None => return Err(link.violation("an empty packet while logging in")),
            };
            if let Some(reply) = reply {
                link.put(&reply);
                link.flush().await?;
            }
        }
    }

    /// The account wants another plugin than the server's usual one.
    fn switch(&mut self, plugin: &str, challenge: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        if plugin == CLEAR && self.transport == Transport::Open {
            return Err(Error::PluginInsecure { plugin: CLEAR });
        }
        self.procedure = Procedure::of(plugin)?;
        plugin.clone_into(&mut self.plugin);
        challenge.clone_into(&mut self.scramble);
        self.step(challenge)
    }

    fn step(&mut self, challenge: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let Procedure::Plugin(procedure) = &mut self.procedure else {
            return Ok(Some(Vec::new()));
        };
        if public_key::looks_like_one(challenge) && !public_key::is_sound(challenge) {
            return Err(Error::Plugin {
                plugin: self.plugin.clone(),
                source: PluginError::Challenge,
            });
        }
        let context = PluginContext {
            password: self.password,
            transport: self.transport,
            scramble: &self.scramble,
        };
        match procedure.run(context, challenge) {
            Ok(Response::Next { packet } | Response::Last { packet }) => Ok(packet),
            Err(source) => Err(Error::Plugin { plugin: self.plugin.clone(), source }),
        }
    }
}

impl Procedure {
    fn of(plugin: &str) -> Result<Self, Error> {
        if PEER_PLUGINS.contains(&plugin) {
            return Ok(Self::Peer);
        }
        // The oldest plugin's scramble is as good as none.
        if plugin == OLD {
            return Err(Error::PluginUnknown { plugin: plugin.to_owned() });
        }
        AuthProc::init(&AuthPlugin::from_bytes(plugin.as_bytes()))
            .map(|procedure| Self::Plugin(Box::new(procedure)))
            .map_err(|_unsupported| Error::PluginUnknown { plugin: plugin.to_owned() })
    }
}

/// The name and the challenge of an `AuthSwitchRequest`. A single 0xFE is the request of servers
/// before 4.1 for the oldest plugin.
fn parse_switch(payload: &[u8]) -> Result<(String, Vec<u8>), Truncated> {
    let mut reader = PayloadReader::new(payload);
    reader.u8()?;
    if reader.rest().is_empty() {
        return Ok((OLD.to_owned(), Vec::new()));
    }
    let plugin = String::from_utf8_lossy(reader.until_nul()?).into_owned();
    let mut challenge = reader.rest();
    // The 20 bytes of the password plugins end in a NUL that is not part of them; the 32 of
    // ed25519 and parsec may end in a zero of their own.
    if challenge.len() == 21 && challenge.last() == Some(&0) {
        challenge = &challenge[..20];
    }
    Ok((plugin, challenge.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::{Authentication, Transport, parse_switch};
    use crate::mysql::error::Error;

    #[test]
    fn a_switch_names_plugin_and_challenge() {
        let mut payload = b"\xFEclient_ed25519\0".to_vec();
        payload.extend_from_slice(&[0; 32]);
        let (plugin, challenge) = parse_switch(&payload).unwrap();
        assert_eq!((plugin.as_str(), challenge.len()), ("client_ed25519", 32));
        let (_, challenge) = parse_switch(b"\xFEx\x00abcdefghijabcdefghij\0").unwrap();
        assert_eq!(challenge.len(), 20);
        assert_eq!(parse_switch(b"\xFE").unwrap().0, "mysql_old_password");
        assert!(parse_switch(b"\xFEno nul").is_err());
    }

    #[test]
    fn the_password_is_never_sent_in_clear_over_an_open_connection() {
        let offer = ("mysql_clear_password", [7_u8; 20].as_slice());
        let (mut attempt, first) =
            Authentication::begin("hunter2", Transport::Open, offer).unwrap();
        assert!(!first.windows(7).any(|window| window == b"hunter2"));
        let switched = attempt.switch("mysql_clear_password", b"");
        assert!(matches!(switched, Err(Error::PluginInsecure { .. })));
        let (mut attempt, _) = Authentication::begin("hunter2", Transport::Tls, offer).unwrap();
        let sent = attempt.switch("mysql_clear_password", b"").unwrap();
        assert_eq!(sent.as_deref(), Some(&b"hunter2\0"[..]));
    }

    #[test]
    fn plugins_we_do_not_speak_are_named() {
        let offer = ("mysql_native_password", [7_u8; 20].as_slice());
        let (mut attempt, _) = Authentication::begin("x", Transport::Tls, offer).unwrap();
        for plugin in ["auth_gssapi_client", "mysql_old_password", "dialog"] {
            let error = attempt.switch(plugin, b"").unwrap_err();
            assert!(error.to_string().contains(plugin), "{error}");
        }
    }
}
