use super::{Kind, Server, Spawned, servers, value, variable};
use crate::mysql::connect::{Host, Options};
use crate::mysql::error::Error;
use crate::mysql::wire::Connection;

/// Queries are appended to URLs, so `{ca}` and the like stand for paths.
fn query(folder: &str, text: &str) -> String {
    text.replace("{ca}", &format!("{folder}/ca.pem"))
        .replace("{other}", &format!("{folder}/client-cert.pem"))
        .replace("{cert}", &format!("{folder}/client-cert.pem"))
        .replace("{key}", &format!("{folder}/client-key.pem"))
}

async fn cipher(options: &Options) -> Result<String, Error> {
    let mut connection = Connection::open(options).await?;
    let row = connection.rows("SHOW STATUS LIKE 'Ssl_cipher'").await?;
    let encrypted = connection.greeting().tls_protocol.is_some();
    let cipher = row[0].required(1)?.to_owned();
    assert_eq!(encrypted, !cipher.is_empty());
    connection.close().await;
    Ok(cipher)
}

fn with_host(server: &Server, query: &str, name: &str) -> Options {
    let mut options = server.admin_options(query);
    let Host::Tcp { port, .. } = options.host else { panic!("{:?}", options.host) };
    options.host = Host::Tcp { name: name.to_owned(), port };
    options
}

#[tokio::test]
async fn every_mode_encrypts_or_not() {
    let Some(folder) = variable("NIRVANA_TEST_TLS_DIR") else {
        return;
    };
    for server in servers() {
        for (text, encrypted) in [
            ("ssl-mode=disabled", false),
            ("ssl-mode=preferred", true),
            ("ssl-mode=required", true),
            ("ssl-mode=verify-ca&ssl-ca={ca}", true),
            ("ssl-mode=verify-full&ssl-ca={ca}", true),
        ] {
            let options = server.admin_options(&query(&folder, text));
            let cipher = cipher(&options).await.unwrap();
            assert_eq!(!cipher.is_empty(), encrypted, "{text} on {:?}", server.kind);
        }
        let full = query(&folder, "ssl-mode=verify-full&ssl-ca={ca}");
        assert!(!cipher(&with_host(&server, &full, "localhost")).await.unwrap().is_empty());
        let socket = |text| server.socket_options("nirvana_admin", "admin", text);
        assert!(cipher(&socket("ssl-mode=preferred")).await.unwrap().is_empty());
        assert!(!cipher(&socket("ssl-mode=required")).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_stranger_is_refused() {
    let Some(folder) = variable("NIRVANA_TEST_TLS_DIR") else {
        return;
    };
    // The loopback address in another dress, which the certificate does not name.
    let stranger = "::ffff:127.0.0.1";
    for server in servers() {
        for mode in ["verify-ca", "verify-full"] {
            let text = query(&folder, &format!("ssl-mode={mode}&ssl-ca={{other}}"));
            let error = cipher(&server.admin_options(&text)).await.unwrap_err();
            assert!(matches!(error, Error::Tls { .. }), "{error:?}");
            assert!(hint(&error).contains("ssl-ca=FILE"), "{}", hint(&error));
        }
        let text = query(&folder, "ssl-mode=verify-full&ssl-ca={ca}");
        let error = cipher(&with_host(&server, &text, stranger)).await.unwrap_err();
        assert!(matches!(error, Error::Tls { .. }), "{error:?}");
        assert!(hint(&error).contains("ssl-mode=verify-ca"), "{}", hint(&error));
        let text = query(&folder, "ssl-mode=verify-ca&ssl-ca={ca}");
        assert!(!cipher(&with_host(&server, &text, stranger)).await.unwrap().is_empty());
    }
}

fn hint(error: &Error) -> String {
    crate::fault::Blame::hint(error).unwrap_or_default()
}

#[tokio::test]
async fn a_certificate_of_ours_opens_the_door() {
    let Some(folder) = variable("NIRVANA_TEST_TLS_DIR") else {
        return;
    };
    for server in servers() {
        let text = query(&folder, "ssl-ca={ca}&ssl-cert={cert}&ssl-key={key}");
        let options = server.options("nirvana_client", "client", &text);
        let mut connection = Connection::open(&options).await.unwrap();
        assert_eq!(value(&mut connection, "SELECT 1").await, "1");
        connection.close().await;
        let options = server.options("nirvana_client", "client", "ssl-mode=required");
        let error = Connection::open(&options).await.unwrap_err();
        assert_eq!(error.code(), Some(1045));
    }
}

#[tokio::test]
async fn files_that_are_no_certificates_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    let Some(server) = servers().pop() else {
        return;
    };
    for (text, wanted) in [
        (format!("ssl-ca={}", empty.display()), format!("cannot use {} for TLS", empty.display())),
        ("ssl-ca=/gone.pem".to_owned(), "cannot use /gone.pem for TLS".to_owned()),
        ("ssl-cert=/gone.pem".to_owned(), "cannot use /gone.pem for TLS".to_owned()),
    ] {
        let error = cipher(&server.admin_options(&text)).await.unwrap_err();
        assert_eq!(error.to_string(), wanted);
    }
}

/// The certificates that `MySQL` makes for itself name nobody: `verify-ca` is what they are for.
#[tokio::test]
async fn a_certificate_without_names_can_be_verified_up_to_its_authority() {
    let own = ["--ssl-ca=ca.pem", "--ssl-cert=server-cert.pem", "--ssl-key=server-key.pem"];
    let Some(spawned) = Spawned::new("mysql", &own) else {
        return;
    };
    let ca = spawned.data().join("ca.pem");
    let server =
        Server { kind: Kind::MySql, url: spawned.url.clone(), socket: spawned.socket.clone() };
    let with = |mode: &str| format!("ssl-mode={mode}&ssl-ca={}", ca.display());
    assert!(!cipher(&server.admin_options(&with("verify-ca"))).await.unwrap().is_empty());
    let error = cipher(&server.admin_options(&with("verify-full"))).await.unwrap_err();
    assert!(hint(&error).contains("ssl-mode=verify-ca"), "{error:?}");
}
