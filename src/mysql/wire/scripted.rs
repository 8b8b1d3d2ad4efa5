//! Conversations with a server of our own making, for what no real one says.

use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

use super::inbox::put_packet;
use super::link::{Link, LinkOptions, Patience};
use super::{Buffered, Connection, Greeting};
use crate::mysql::error::Error;

const EOF: &[u8] = &[0xFE, 0, 0, 2, 0];
const OK_AS_EOF: &[u8] = &[0xFE, 0, 0, 2, 0, 0, 0];
const PREPARED: &[u8] = &[0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];

/// A connection past its login, whose server has already said all it will ever say.
async fn hears(deprecate_eof: bool, bytes: &[u8]) -> (Connection, DuplexStream) {
    let (ours, mut theirs) = duplex(1 << 20);
    theirs.write_all(bytes).await.unwrap();
    let options = LinkOptions {
        address: "script".to_owned(),
        patience: Patience::Each(Duration::from_millis(100)),
        max_row_bytes: 1 << 30,
    };
    let link = Link::new(Box::new(ours), options);
    (Connection::new(link, Greeting::default(), deprecate_eof), theirs)
}

/// One answer: packets numbered from 1.
fn answer(payloads: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut sequence = 1;
    for payload in payloads {
        put_packet(&mut bytes, payload, &mut sequence);
    }
    bytes
}

/// The definition of an INT column `c`.
fn column() -> Vec<u8> {
    let mut payload = b"\x03def\0\0\0\x01c\0\x0C".to_vec();
    payload.extend_from_slice(&[45, 0, 11, 0, 0, 0, 3, 0, 0, 0, 0, 0]);
    payload
}

#[tokio::test]
async fn servers_of_old_end_every_part_with_eof() {
    let column = column();
    let text = answer(&[&[1], &column, EOF, b"\x0242", b"\xFB", EOF]);
    let (mut connection, _server) = hears(false, &text).await;
    let rows = connection.rows("SELECT c FROM t").await.unwrap();
    assert_eq!((rows[0].text(0), rows[1].text(0)), (Some("42"), None));

    let mut binary = answer(&[PREPARED, &column, EOF]);
    binary.extend(answer(&[&[1], &column, EOF, &[0, 0, 5, 0, 0, 0], EOF]));
    let (mut connection, _server) = hears(false, &binary).await;
    let mut stream = connection.stream("SELECT c FROM t").await.unwrap();
    assert_eq!(stream.next().await.unwrap(), Some(&[0, 5, 0, 0, 0][..]));
    assert_eq!(stream.next().await.unwrap(), None);
}

#[tokio::test]
async fn a_request_for_a_local_file_is_refused() {
    let (mut connection, _server) = hears(true, &answer(&[b"\xFB/etc/passwd"])).await;
    let error = connection.execute("SELECT 1").await.unwrap_err();
    assert!(matches!(error, Error::LocalFile), "{error}");
    assert!(matches!(connection.execute("SELECT 1").await, Err(Error::Unusable { .. })));
}

#[tokio::test]
async fn results_nobody_asked_for_are_a_violation() {
    // The status says that more results follow.
    let more = [0xFE, 0, 0, 0x0A, 0, 0, 0];
    let column = column();
    let (mut connection, _server) = hears(true, &answer(&[&[1], &column, &more])).await;
    let error = connection.rows("SELECT 1").await.unwrap_err();
    assert!(error.to_string().contains("second result set"), "{error}");
    let (mut connection, _server) = hears(true, &answer(&[&[0, 0, 0, 0x0A, 0, 0, 0]])).await;
    assert!(matches!(connection.execute("DO 1").await, Err(Error::Protocol { .. })));
}

#[tokio::test]
async fn a_row_that_never_ends_is_not_the_end_of_the_rows() {
    let column = column();
    let mut bytes = answer(&[PREPARED, &column]);
    bytes.extend(answer(&[&[1], &column, &[0, 0, 5, 0, 0, 0]]));
    for (cut, wanted) in [(0, "reading rows"), (3, "reading rows")] {
        let (mut connection, server) = hears(true, &bytes[..bytes.len() - cut]).await;
        let mut stream = connection.stream("SELECT c FROM t").await.unwrap();
        let error = loop {
            match stream.next_buffered() {
                Ok(Buffered::Row(row)) => assert_eq!(row, [0, 5, 0, 0, 0]),
                Ok(Buffered::Incomplete) => {
                    if let Err(error) = stream.fill().await {
                        break error;
                    }
                }
                Ok(Buffered::End) => panic!("the server never said so"),
                Err(error) => panic!("{error}"),
            }
        };
        assert!(error.to_string().contains(wanted), "{error}");
        assert!(matches!(stream.next_buffered(), Err(Error::Unusable { .. })));
        drop(server);
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_among_the_rows_is_lost() {
    let column = column();
    let mut bytes = answer(&[PREPARED, &column]);
    bytes.extend(answer(&[&[1], &column]));
    let (mut connection, server) = hears(true, &bytes).await;
    let mut stream = connection.stream("SELECT c FROM t").await.unwrap();
    drop(server);
    let error = stream.next().await.unwrap_err();
    assert!(matches!(error, Error::Lost { .. }), "{error}");
}

#[tokio::test]
async fn a_packet_that_is_missing_is_noticed() {
    let column = column();
    let mut bytes = answer(&[PREPARED, &column]);
    let mut rows = answer(&[&[1], &column, &[0, 0, 5, 0, 0, 0], OK_AS_EOF]);
    let last = rows.len() - OK_AS_EOF.len() - 1;
    rows[last] += 1;
    bytes.extend(rows);
    let (mut connection, _server) = hears(true, &bytes).await;
    let mut stream = connection.stream("SELECT c FROM t").await.unwrap();
    assert!(stream.next().await.unwrap().is_some());
    let error = stream.next().await.unwrap_err();
    assert!(error.to_string().contains("packet 5 came where packet 4 was due"), "{error}");
}

#[tokio::test]
async fn what_a_server_says_on_leaving_is_heard() {
    // Numbered from zero, as nothing had been asked (MySQL 8.0.24 and later).
    let mut bytes = Vec::new();
    put_packet(&mut bytes, b"\xFF\xBF\x0F#HY000The client was disconnected", &mut 0);
    let (mut connection, _server) = hears(true, &bytes).await;
    assert_eq!(connection.execute("DO 1").await.unwrap_err().code(), Some(4031));
}

#[test]
fn all_futures_may_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let environment = crate::environment::Environment::default();
    let url = "mysql://u@h/d";
    let options =
        crate::mysql::connect::Options::from_url(url, &environment, Duration::from_secs(1))
            .unwrap();
    is_send(&Connection::open(&options));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (mut connection, _server) = runtime.block_on(hears(true, &[]));
    is_send(&connection.rows(""));
    is_send(&connection.execute(""));
    is_send(&connection.stream(""));
    is_send(&connection.close());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_babble_makes_us_panic(
        payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..6),
        tail in proptest::collection::vec(any::<u8>(), 0..9),
        deprecate_eof in any::<bool>(),
    ) {
        let column = column();
        let payloads: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            for head in [&[][..], &[&[1][..], &column]] {
                let mut bytes = answer(&[head, &payloads].concat());
                bytes.extend_from_slice(&tail);
                let (mut connection, server) = hears(deprecate_eof, &bytes).await;
                drop(server);
                // Whether these are errors is not the question.
                let _ = connection.rows("SELECT 1").await;
                let prepared = answer(&[&[PREPARED, &column], payloads.as_slice()].concat());
                let (mut connection, server) = hears(deprecate_eof, &prepared).await;
                drop(server);
                if let Ok(mut stream) = connection.stream("SELECT 1").await {
                    while let Ok(Some(_)) = stream.next().await {}
                }
            }
        });
    }
}
