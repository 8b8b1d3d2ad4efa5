use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::{Kind, server, servers, value};
use crate::environment::Environment;
use crate::fault::{Blame, Fault};
use crate::mysql::connect::Options;
use crate::mysql::error::{Error, Wait};
use crate::mysql::wire::{Buffered, Connection, RowStream};

/// More rows than any buffer on the way holds.
const ENDLESS: &str = "SELECT a.id, REPEAT('x', 200) FROM information_schema.collations a, \
    information_schema.collations b, information_schema.collations c";

async fn drain(stream: &mut RowStream<'_>) -> Result<u64, Error> {
    let mut rows = 0;
    loop {
        match stream.next_buffered()? {
            Buffered::Row(_) => rows += 1,
            Buffered::Incomplete => stream.fill().await?,
            Buffered::End => return Ok(rows),
        }
    }
}

/// A source that can be connected to; nobody ever answers unless the test does.
async fn mute() -> (TcpListener, Options) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("mysql://u:hunter2@127.0.0.1:{port}/d");
    let options =
        Options::from_url(&url, &Environment::default(), Duration::from_millis(300)).unwrap();
    (listener, options)
}

#[tokio::test]
async fn a_query_that_is_killed_ends_in_an_error_and_the_connection_lives() {
    for server in servers() {
        let mut connection = server.admin().await;
        let id = connection.greeting().connection_id;
        let mut stream = connection.stream(ENDLESS).await.unwrap();
        assert!(stream.next().await.unwrap().is_some());
        let mut killer = server.admin().await;
        killer.execute(&format!("KILL QUERY {id}")).await.unwrap();
        killer.close().await;
        let error = drain(&mut stream).await.unwrap_err();
        assert_eq!((error.code(), error.fault()), (Some(1317), Fault::Transient), "{error}");
        assert!(matches!(stream.next_buffered(), Err(Error::Unusable { .. })));
        assert_eq!(value(&mut connection, "SELECT 1").await, "1");
        connection.close().await;
    }
}

#[tokio::test]
async fn a_connection_that_is_killed_is_lost() {
    for server in servers() {
        let mut connection = server.admin().await;
        let id = connection.greeting().connection_id;
        let mut killer = server.admin().await;
        killer.execute(&format!("KILL {id}")).await.unwrap();
        killer.close().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let error = connection.execute("DO 1").await.unwrap_err();
        assert_eq!(error.fault(), Fault::Transient, "{error:?}");
        let code = error.code();
        assert!(matches!(error, Error::Lost { .. }) || code == Some(1927), "{error:?}");
    }
}

#[tokio::test]
async fn a_stream_that_is_dropped_spoils_the_connection() {
    for server in servers() {
        let mut connection = server.admin().await;
        let mut stream = connection.stream("SELECT 1 UNION ALL SELECT 2").await.unwrap();
        assert!(stream.next().await.unwrap().is_some());
        drop(stream);
        let error = connection.execute("DO 1").await.unwrap_err();
        assert!(matches!(error, Error::Unusable { .. }), "{error}");
        connection.close().await;
    }
}

#[tokio::test]
async fn a_wait_that_is_given_up_spoils_the_connection() {
    let Some(server) = server(Kind::MariaDb) else {
        return;
    };
    let mut connection = server.admin().await;
    let nap = connection.execute("DO SLEEP(1)");
    assert!(tokio::time::timeout(Duration::from_millis(50), nap).await.is_err());
    assert!(matches!(connection.execute("DO 1").await, Err(Error::Unusable { .. })));
}

#[tokio::test]
async fn silence_in_the_middle_ends_in_time() {
    for server in servers() {
        let mut options = server.admin_options("");
        options.read_timeout = Duration::from_millis(400);
        let mut connection = Connection::open(&options).await.unwrap();
        let begun = Instant::now();
        let error = connection.execute("DO SLEEP(5)").await.unwrap_err();
        assert!(matches!(error, Error::TimedOut { wait: Wait::Answer, .. }), "{error}");
        let mut connection = Connection::open(&options).await.unwrap();
        let slow = "SELECT SLEEP(0.1 * a.id), REPEAT('x', 20000) FROM \
                    information_schema.collations a WHERE a.id BETWEEN 1 AND 64 ORDER BY a.id";
        let mut stream = connection.stream(slow).await;
        let error = match &mut stream {
            Ok(stream) => drain(stream).await.unwrap_err(),
            Err(_) => stream.err().unwrap(),
        };
        assert!(matches!(error, Error::TimedOut { .. }), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
        assert_eq!(error.fault(), Fault::Transient);
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_in_time() {
    let (_listener, options) = mute().await;
    let begun = Instant::now();
    let error = Connection::open(&options).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert!(error.to_string().contains("within 0.3 s while waiting for its greeting"), "{error}");
}

#[tokio::test]
async fn what_is_no_mysql_server_is_told_apart() {
    for (words, wanted) in [
        (&b"SSH-2.0-OpenSSH_9.2\r\n"[..], "no answer"),
        (b"\x05\0\0\0Hello", "does not speak the MySQL protocol"),
        (b"\x05\0\0\x07Hello", "does not speak the MySQL protocol"),
        (b"\x03\0\0\0\x0A8.", "ends early"),
        (b"\x17\0\0\0\xFF\x10\x04Too many connections", "cannot log in"),
        (b"", "lost the connection"),
    ] {
        let (listener, options) = mute().await;
        let serve = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            socket.write_all(words).await.unwrap();
            if !words.is_empty() {
                // Silent, but there, until we have given up.
                tokio::time::sleep(Duration::from_millis(900)).await;
            }
        };
        let (error, ()) = tokio::join!(Connection::open(&options), serve);
        let error = error.unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn tls_that_is_demanded_and_not_offered_is_an_error() {
    let (listener, mut options) = mute().await;
    options.tls.mode = crate::mysql::connect::TlsMode::Required;
    let serve = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut greeting =
            b"\x0A8.0.0\0\x01\0\0\0abcdefgh\0\xFF\xF7\x2D\x02\0\xFF\x81\x15".to_vec();
        greeting.extend_from_slice(&[0; 10]);
        greeting.extend_from_slice(b"ijklmnopqrst\0caching_sha2_password\0");
        let mut packet = vec![greeting.len() as u8, 0, 0, 0];
        packet.extend_from_slice(&greeting);
        socket.write_all(&packet).await.unwrap();
        socket
    };
    let (error, _socket) = tokio::join!(Connection::open(&options), serve);
    let error = error.unwrap_err();
    assert!(matches!(error, Error::TlsNotOffered { .. }), "{error}");
    assert_eq!(error.fault(), Fault::Operator);
}
