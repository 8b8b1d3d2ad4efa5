//! TLS with rustls: what is checked of the server's certificate follows from `TlsMode`.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio::io::BufReader;
use tokio_rustls::TlsConnector;

use super::link::Socket;
use crate::mysql::connect::{Host, Tls, TlsMode};
use crate::mysql::error::Error;

/// rustls reads 4 KiB at a time; under this buffer that is no system call each.
const READ_BUFFER: usize = 128 * 1024;

/// The mode's demands as a configuration of rustls. Reads files, so it comes before the first
/// packet: a missing file is not the server's fault.
pub(super) fn client_config(tls: &Tls) -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match tls.mode {
        TlsMode::Disabled | TlsMode::Preferred | TlsMode::Required => {
            Arc::new(Encrypt { provider: Arc::clone(&provider) })
        }
        TlsMode::VerifyCa => Arc::new(AnyName(chain_verifier(tls, &provider)?)),
        TlsMode::VerifyFull => chain_verifier(tls, &provider)?,
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| file_error(Path::new("rustls"), error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let config = match &tls.cert {
        None => builder.with_no_client_auth(),
        Some(cert) => {
            // As with the server's own ssl_cert and ssl_key, one file may hold both.
            let key = tls.key.as_ref().unwrap_or(cert);
            builder
                .with_client_auth_cert(certificates(cert)?, private_key(key)?)
                .map_err(|error| file_error(cert, error))?
        }
    };
    Ok(Arc::new(config))
}

/// Shakes hands over `plain`; the second value is the protocol that was agreed on.
pub(super) async fn encrypt(
    config: Arc<ClientConfig>,
    host: &Host,
    plain: Box<dyn Socket>,
) -> io::Result<(Box<dyn Socket>, String)> {
    let name = match host {
        Host::Tcp { name, .. } => ServerName::try_from(name.clone()).map_err(io::Error::other)?,
        Host::Socket(_) => ServerName::try_from("localhost").map_err(io::Error::other)?,
    };
    let buffered = BufReader::with_capacity(READ_BUFFER, plain);
    let stream = TlsConnector::from(config).connect(name, buffered).await?;
    let protocol = stream.get_ref().1.protocol_version();
    let protocol = protocol.map_or_else(String::new, |version| format!("{version:?}"));
    Ok((Box::new(stream), protocol))
}

fn chain_verifier(
    tls: &Tls,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, Error> {
    let mut roots = RootCertStore::empty();
    let blamed = tls.ca.as_deref().unwrap_or(Path::new("the system's certificates"));
    if let Some(ca) = &tls.ca {
        for certificate in certificates(ca)? {
            roots.add(certificate).map_err(|error| file_error(ca, error))?;
        }
    } else {
        // Some of a system's certificates may be broken; those that are not suffice.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(Error::NoSystemRoots);
        }
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| file_error(blamed, error))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| file_error(path, error))?;
    if certificates.is_empty() {
        return Err(file_error(path, "there is no certificate in it"));
    }
    Ok(certificates)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| file_error(path, error))
}

fn file_error(path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::TlsFile { path: path.to_owned(), source: source.into() }
}

/// Checks the chain up to a trusted authority, but not whom the certificate is made out to:
/// what `MySQL` calls `VERIFY_CA`.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let result =
            self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match result {
            // webpki looks at the name last, when the chain has already been found good.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Takes any certificate, as `MySQL` does with PREFERRED and REQUIRED: who listens cannot read,
/// but nobody knows who it is that we talk to.
#[derive(Debug)]
struct Encrypt {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Encrypt {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
