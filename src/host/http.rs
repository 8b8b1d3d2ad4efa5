//! Asks a URL over HTTP, as a host sees it: from here, or through its ssh connection, so that the
//! host needs no program for it and a port of its loopback can be asked.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Request;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::Host;
use super::error::Error;
use crate::secret::Secret;

/// Bytes of an answer that are read; a longer one is an error.
const LONGEST: usize = 1 << 20;

/// An `http` or `https` URL. It may be a secret, so only its host and port are ever shown.
#[derive(Clone, Debug)]
pub(crate) struct Url {
    is_tls: bool,
    host: String,
    port: u16,
    /// Path and query.
    target: Secret,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Url {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |problem| Error::Url { url: shown(text), problem };
        let uri: hyper::Uri =
            text.parse().map_err(|_: hyper::http::uri::InvalidUri| wrong("it is no URL"))?;
        let is_tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong("http:// or https:// is wanted")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("it has a user, which nothing here would send"));
        }
        let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        Ok(Self {
            is_tls,
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port,
            target: Secret::new(target),
        })
    }

    /// Host and port: a webhook's path is what makes it a secret.
    pub(crate) fn address(&self) -> String {
        if self.host.contains(':') {
            return format!("[{}]:{}", self.host, self.port);
        }
        format!("{}:{}", self.host, self.port)
    }
}

fn shown(text: &str) -> String {
    let scheme = text.split("://").next().filter(|scheme| *scheme != text);
    scheme.map_or("a URL".to_owned(), |scheme| format!("{scheme}://…"))
}

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    Get,
    /// A body of JSON.
    Post(Secret),
}

impl Host {
    /// One question on a connection of its own. `name` is for the Host header, if not the URL's.
    pub(crate) async fn ask(
        &self,
        url: &Url,
        name: Option<&str>,
        question: &Question,
        patience: Duration,
    ) -> Result<Answer, Error> {
        let asked = tokio::time::timeout(patience, self.ask_for_ever(url, name, question)).await;
        let seconds = patience.as_secs();
        asked.unwrap_or_else(|_elapsed| Err(Error::Silent { host: url.address(), seconds }))
    }

    async fn ask_for_ever(
        &self,
        url: &Url,
        name: Option<&str>,
        question: &Question,
    ) -> Result<Answer, Error> {
        let to = url.address();
        let refused =
            |source| Error::Connect { host: self.name().to_owned(), to: to.clone(), source };
        // Kept until the answer is here: dropped, its connection ends.
        let mut tunnel = self.tunnel(&to)?;
        let stream: Box<dyn Stream> = match &mut tunnel {
            Some(child) => match (child.stdout.take(), child.stdin.take()) {
                (Some(stdout), Some(stdin)) => Box::new(tokio::io::join(stdout, stdin)),
                _ => return Err(refused(io::Error::other("ssh has no pipes"))),
            },
            None => Box::new(TcpStream::connect(&to).await.map_err(refused)?),
        };
        let stream =
            if url.is_tls { secured(stream, &url.host).await.map_err(refused)? } else { stream };
        let host = name.map_or_else(|| to.clone(), str::to_owned);
        spoken(stream, &host, url, question)
            .await
            .map_err(|source| Error::Http { to: to.clone(), source })
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn secured(stream: Box<dyn Stream>, host: &str) -> io::Result<Box<dyn Stream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    Ok(Box::new(connector.connect(name, stream).await?))
}

async fn spoken(
    stream: Box<dyn Stream>,
    host: &str,
    url: &Url,
    question: &Question,
) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::builder().uri(url.target.expose());
    let request = request.header("host", host).header("connection", "close");
    let request = request.header("user-agent", concat!("nirvana/", env!("CARGO_PKG_VERSION")));
    let request = match question {
        Question::Get => request.method("GET").body(Full::<Bytes>::default())?,
        Question::Post(text) => request
            .method("POST")
            .header("content-type", "application/json")
            .body(Full::from(text.expose().to_owned()))?,
    };
    let speak = async {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let headers = headers.collect();
        let body = Limited::new(response.into_body(), LONGEST).collect().await?.to_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Answer { status, headers, body })
    };
    tokio::pin!(speak, connection);
    tokio::select! {
        answer = &mut speak => answer,
        ended = &mut connection => {
            ended?;
            speak.await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Url;

    #[test]
    fn a_url_shows_no_more_than_its_host() {
        let url = Url::parse("https://hooks.example.com/services/T0/hunter2?key=hunter2").unwrap();
        assert_eq!(url.address(), "hooks.example.com:443");
        assert!(!format!("{url:?}").contains("hunter2"));
        assert_eq!(Url::parse("http://[::1]:8080").unwrap().address(), "[::1]:8080");
        for bad in [
            "hooks.example.com/hunter2",
            "ftp://h/hunter2",
            "https:///hunter2",
            "http://u:hunter2@h/",
        ] {
            let error = Url::parse(bad).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
