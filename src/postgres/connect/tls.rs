//! Encryption, and how much of the server's certificate is believed.
//!
//! Source: `PostgreSQL` manual 32.19 "SSL Support". As there, a certificate proves nothing below
//! `verify-ca`; `require` with a root file proves as much as `verify-ca`; and a root file that is
//! the server's own certificate, self-signed, makes that certificate trusted.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::passfile::is_absent;
use super::url::Settings;
use super::value::wrong;
use crate::postgres::error::OptionsError;

/// How hard a session tries to be encrypted, and to be with the right server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SslMode {
    Disable,
    /// Without encryption first, then with.
    Allow,
    /// With encryption first, then without.
    Prefer,
    Require,
    /// The certificate leads up to an authority in the root file.
    VerifyCa,
    /// It is also made out to the host.
    VerifyFull,
}

impl SslMode {
    const ALL: [Self; 6] =
        [Self::Disable, Self::Allow, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull];

    pub(super) fn demands_tls(self) -> bool {
        self >= Self::Require
    }

    fn word(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Allow => "allow",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    fn from_settings(settings: &Settings) -> Result<Self, OptionsError> {
        const NAME: &str = "sslmode";
        const WORDS: &str = "disable, allow, prefer, require, verify-ca or verify-full";
        let system = settings.get("sslrootcert") == Some("system");
        let mode = match settings.get(NAME) {
            None if system => Self::VerifyFull,
            None => Self::Prefer,
            Some(word) => {
                let mode = Self::ALL.into_iter().find(|mode| mode.word() == word);
                mode.ok_or_else(|| wrong(NAME, word, WORDS))?
            }
        };
        // Anyone can get a certificate from some authority of the system's: only the name proves.
        if system && mode != Self::VerifyFull {
            return Err(wrong(NAME, mode.word(), "verify-full where sslrootcert=system"));
        }
        Ok(mode)
    }
}

/// Reads `sslmode` and the files it needs.
pub(super) fn from_settings(
    settings: &Settings,
    home: Option<&Path>,
) -> Result<(SslMode, MakeRustlsConnect), OptionsError> {
    let folder = home.map(|home| home.join(".postgresql"));
    let mode = SslMode::from_settings(settings)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = verifier(settings, mode, folder.as_deref(), &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(OptionsError::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let identity = match mode {
        SslMode::Disable => None,
        _ => Identity::read(settings, &folder.unwrap_or_default())?,
    };
    let mut config = match identity {
        Some(Identity { chain, key }) => {
            builder.with_client_auth_cert(chain, key).map_err(OptionsError::Tls)?
        }
        None => builder.with_no_client_auth(),
    };
    // The protocol's registered name, which a server asks for when TLS comes without a question.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok((mode, MakeRustlsConnect::new(config)))
}

fn verifier(
    settings: &Settings,
    mode: SslMode,
    folder: Option<&Path>,
    provider: &CryptoProvider,
) -> Result<Verifier, OptionsError> {
    let mut verifier = Verifier {
        checks: Checks::Nothing,
        roots: RootCertStore::empty(),
        trusted: Vec::new(),
        algorithms: provider.signature_verification_algorithms,
    };
    if !mode.demands_tls() {
        return Ok(verifier);
    }
    let named = settings.get("sslrootcert");
    if named == Some("system") {
        verifier.trust_system()?;
    } else {
        let path = named.map(PathBuf::from).or_else(|| folder.map(|at| at.join("root.crt")));
        let Some(path) = path else {
            return match mode {
                SslMode::Require => Ok(verifier),
                _ => Err(OptionsError::NoRootFile { mode: mode.word() }),
            };
        };
        match std::fs::read(&path) {
            Ok(pem) => verifier.trust_file(&path, &pem)?,
            Err(error) if is_absent(&error) && mode == SslMode::Require => return Ok(verifier),
            Err(source) => {
                return Err(OptionsError::RootFile { path, mode: mode.word(), source });
            }
        }
    }
    verifier.checks = match mode {
        SslMode::VerifyFull => Checks::ChainAndName,
        _ => Checks::Chain,
    };
    Ok(verifier)
}

/// The client's certificate and its key.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// From the files named, else from those at home if they are there.
    fn read(settings: &Settings, folder: &Path) -> Result<Option<Self>, OptionsError> {
        let file = |name: &str, default: &str| {
            settings.get(name).map_or_else(|| folder.join(default), PathBuf::from)
        };
        let (path, key_path) =
            (file("sslcert", "postgresql.crt"), file("sslkey", "postgresql.key"));
        let pem = match std::fs::read(&path) {
            Ok(pem) => pem,
            Err(error) if is_absent(&error) && settings.get("sslcert").is_none() => {
                return Ok(None);
            }
            Err(source) => return Err(OptionsError::File { path, source }),
        };
        let chain = certificates(&path, &pem)?;
        Ok(Some(Self { chain, key: read_key(&key_path)? }))
    }
}

/// The administrator may share a key with a group, everyone else keeps it to himself.
fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, OptionsError> {
    let unreadable = |source| OptionsError::File { path: path.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & forbidden != 0 {
        return Err(OptionsError::OpenKey { path: path.to_owned(), mode });
    }
    let pem = std::fs::read(path).map_err(unreadable)?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| pem_error(path, &error))
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, OptionsError> {
    let found: Result<Vec<_>, PemError> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| pem_error(path, &error))?;
    if found.is_empty() {
        return Err(pem_error(path, &PemError::NoItemsFound));
    }
    Ok(found)
}

fn pem_error(path: &Path, error: &PemError) -> OptionsError {
    OptionsError::Pem { path: path.to_owned(), reason: error.to_string() }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Checks {
    Nothing,
    Chain,
    ChainAndName,
}

/// What we make of the server's certificate.
#[derive(Debug)]
struct Verifier {
    checks: Checks,
    roots: RootCertStore,
    /// The root file's certificates, of which the server's own may be one.
    trusted: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn trust_file(&mut self, path: &Path, pem: &[u8]) -> Result<(), OptionsError> {
        self.trusted = certificates(path, pem)?;
        for certificate in &self.trusted {
            self.roots.add(certificate.clone()).map_err(OptionsError::Tls)?;
        }
        Ok(())
    }

    /// One unreadable file among the system's hundreds is no reason to stop; none readable is.
    fn trust_system(&mut self) -> Result<(), OptionsError> {
        let found = rustls_native_certs::load_native_certs();
        let (added, _) = self.roots.add_parsable_certificates(found.certs);
        if added == 0 {
            let reasons: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
            return Err(OptionsError::NoSystemRoots { reasons: reasons.join("; ") });
        }
        Ok(())
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.checks == Checks::Nothing {
            return Ok(ServerCertVerified::assertion());
        }
        let certificate = ParsedCertificate::try_from(end_entity)?;
        if !self.trusted.contains(end_entity) {
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                &self.roots,
                intermediates,
                now,
                self.algorithms.all,
            )?;
        }
        if self.checks == Checks::ChainAndName {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        // A signature proves nothing where any certificate will do, and checking it would refuse
        // the old kinds of certificate that many servers still have.
        if self.checks == Checks::Nothing {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if self.checks == Checks::Nothing {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::{SslMode, from_settings};
    use crate::environment::Environment;
    use crate::postgres::connect::url::Settings;
    use crate::postgres::error::OptionsError;

    /// PEM in form; what is inside is looked at when it is used.
    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    fn read(rest: &str, home: Option<&Path>) -> Result<SslMode, OptionsError> {
        let url = format!("postgres://h?{rest}");
        let settings = Settings::read(&url, &Environment::of(&[])).unwrap();
        from_settings(&settings, home).map(|(mode, _)| mode)
    }

    #[test]
    fn modes() {
        let cases = [
            ("", SslMode::Prefer),
            ("sslmode=disable", SslMode::Disable),
            ("sslmode=allow", SslMode::Allow),
            ("sslmode=require", SslMode::Require),
        ];
        for (rest, mode) in cases {
            assert_eq!(read(rest, None).unwrap(), mode, "{rest}");
        }
        let weak = read("sslmode=require&sslrootcert=system", None).unwrap_err().to_string();
        assert!(weak.contains("verify-full where sslrootcert=system"), "{weak}");
    }

    #[test]
    fn a_mode_that_verifies_needs_a_root_file() {
        let home = tempfile::tempdir().unwrap();
        let missing = read("sslmode=verify-ca", None).unwrap_err();
        assert!(matches!(missing, OptionsError::NoRootFile { .. }), "{missing:?}");
        let missing = read("sslmode=verify-full", Some(home.path())).unwrap_err();
        assert!(missing.to_string().contains(".postgresql/root.crt"), "{missing}");
        assert!(read("sslmode=require", Some(home.path())).is_ok());
        std::fs::create_dir(home.path().join(".postgresql")).unwrap();
        std::fs::write(home.path().join(".postgresql/root.crt"), "not PEM").unwrap();
        let garbage = read("sslmode=require", Some(home.path())).unwrap_err();
        assert!(matches!(garbage, OptionsError::Pem { .. }), "{garbage:?}");
        assert!(read("sslmode=prefer", Some(home.path())).is_ok(), "prefer believes anyone");
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".postgresql");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("postgresql.crt"), CERTIFICATE).unwrap();
        let missing = read("", Some(home.path())).unwrap_err();
        assert!(missing.to_string().contains("postgresql.key"), "{missing}");
        std::fs::write(folder.join("postgresql.key"), "secret").unwrap();
        let mode = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(folder.join("postgresql.key"), mode).unwrap();
        let open = read("", Some(home.path())).unwrap_err();
        assert!(matches!(open, OptionsError::OpenKey { mode: 0o644, .. }), "{open:?}");
        assert!(read("sslmode=disable", Some(home.path())).is_ok(), "nothing is read for nothing");
    }
}
