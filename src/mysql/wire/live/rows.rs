use super::{Kind, server, servers, value};
use crate::mysql::error::Error;
use crate::mysql::wire::{Buffered, Connection, ValueCursor, WireType};

const TYPES: &str = "CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, a TINYINT, b SMALLINT UNSIGNED, \
    c MEDIUMINT, d INT, e FLOAT, f DOUBLE, g DECIMAL(20,5), h DATE, i DATETIME(6), j TIME(3), \
    k YEAR, l VARCHAR(20) CHARACTER SET latin1, m BLOB, n BIT(9), o ENUM('x','y'), n0 INT NULL)";

#[tokio::test]
async fn values_of_every_shape() {
    for server in servers() {
        let mut connection = server.database("wire_types").await;
        connection.execute(TYPES).await.unwrap();
        let insert = "INSERT INTO t VALUES (18446744073709551615, -128, 65535, -8388608, -5, 1.5, \
            -2.25, '123456789.12345', '2024-02-29', '2024-02-29 23:59:58.000123', \
            '-838:59:59', 2024, 'café', x'00ff00', b'100000001', 'y', NULL)";
        assert_eq!(connection.execute(insert).await.unwrap(), 1);
        let mut stream = connection.stream("SELECT * FROM t").await.unwrap();
        let types: Vec<_> = stream.columns().iter().map(|column| column.wire_type).collect();
        let count = types.len();
        assert_eq!((count, types[0], types[16]), (17, WireType::LongLong, WireType::Long));
        let unsigned = |at: usize| stream.columns()[at].flags & 0x20 != 0;
        assert!(unsigned(0) && !unsigned(1));
        assert_eq!((stream.columns()[9].decimals, stream.columns()[12].name.as_str()), (6, "l"));
        let row = stream.next().await.unwrap().unwrap();
        let mut cursor = ValueCursor::new(row, count).unwrap();
        assert_eq!(cursor.u64().unwrap(), u64::MAX);
        assert_eq!(cursor.u8().unwrap().cast_signed(), -128);
        assert_eq!(cursor.u16().unwrap(), 65535);
        assert_eq!(cursor.u32().unwrap().cast_signed(), -8_388_608);
        assert_eq!(cursor.u32().unwrap().cast_signed(), -5);
        assert_eq!(cursor.u32().unwrap(), 1.5_f32.to_bits());
        assert_eq!(cursor.u64().unwrap(), (-2.25_f64).to_bits());
        assert_eq!(cursor.bytes().unwrap(), b"123456789.12345");
        assert_eq!(cursor.temporal().unwrap(), [0xE8, 7, 2, 29]);
        assert_eq!(cursor.temporal().unwrap(), [0xE8, 7, 2, 29, 23, 59, 58, 123, 0, 0, 0]);
        assert_eq!(cursor.temporal().unwrap(), [1, 34, 0, 0, 0, 22, 59, 59]);
        assert_eq!(cursor.u16().unwrap(), 2024);
        assert_eq!(cursor.bytes().unwrap(), "café".as_bytes());
        assert_eq!(cursor.bytes().unwrap(), [0, 255, 0]);
        assert_eq!(cursor.bytes().unwrap(), [1, 1]);
        assert_eq!(cursor.bytes().unwrap(), b"y");
        assert!(cursor.is_null(16) && !cursor.is_null(15) && cursor.is_at_end());
        assert_eq!(stream.next().await.unwrap(), None);
        assert_eq!(stream.next_buffered().unwrap(), Buffered::End);
        assert_eq!(value(&mut connection, "SELECT l FROM t").await, "café");
        connection.close().await;
    }
}

/// Two hundred thousand rows and none is lost, doubled or out of order, over each transport.
#[tokio::test]
async fn many_rows_in_order() {
    for server in servers() {
        for query in ["ssl-mode=disabled", "ssl-mode=required"] {
            let options = server.admin_options(query);
            let mut connection = Connection::open(&options).await.unwrap();
            let ten = "(SELECT 0 v UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION \
                       ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION \
                       ALL SELECT 8 UNION ALL SELECT 9)";
            let sql = format!(
                "SELECT CAST(n AS SIGNED), REPEAT('x', n % 700) FROM (SELECT a.v + 10*b.v + \
                 100*c.v + 1000*d.v + 10000*e.v AS n FROM {ten} a, {ten} b, {ten} c, {ten} d, \
                 {ten} e) q ORDER BY n"
            );
            for _again_on_the_same_connection in 0..2 {
                let mut stream = connection.stream(&sql).await.unwrap();
                let mut due = 0;
                loop {
                    match stream.next_buffered().unwrap() {
                        Buffered::Row(row) => {
                            let mut cursor = ValueCursor::new(row, 2).unwrap();
                            assert_eq!(cursor.u64().unwrap(), due);
                            assert_eq!(cursor.bytes().unwrap().len() as u64, due % 700);
                            assert!(cursor.is_at_end());
                            due += 1;
                        }
                        Buffered::Incomplete => stream.fill().await.unwrap(),
                        Buffered::End => break,
                    }
                }
                assert_eq!(due, 100_000);
            }
            connection.close().await;
        }
    }
}

#[tokio::test]
async fn rows_larger_than_one_frame() {
    for server in servers() {
        let mut connection = server.admin().await;
        let letters = "'0123456789abcdef'";
        // Ten MiB each, as a server may build no longer strings than its max_allowed_packet.
        let ten = format!("REPEAT({letters}, 655360)");
        for count in [2, 4] {
            let columns = vec![ten.clone(); count].join(", ");
            let sql = format!("SELECT 'one', {columns} UNION ALL SELECT 'two', {columns}");
            let mut stream = connection.stream(&sql).await.unwrap();
            for first in [b"one", b"two"] {
                let row = stream.next().await.unwrap().unwrap();
                let mut cursor = ValueCursor::new(row, count + 1).unwrap();
                assert_eq!(cursor.bytes().unwrap(), first);
                for _ in 0..count {
                    let bytes = cursor.bytes().unwrap();
                    assert_eq!(bytes.len(), 10 * 1024 * 1024);
                    assert!(bytes.chunks(16).all(|chunk| chunk == b"0123456789abcdef"));
                }
                assert!(cursor.is_at_end());
            }
            assert_eq!(stream.next().await.unwrap(), None);
        }
        connection.close().await;
    }
}

/// One value of 40 MiB, sent in an INSERT of several frames and read back.
#[tokio::test]
async fn a_blob_of_forty_mebibytes_there_and_back() {
    let Some(server) = server(Kind::MySql) else {
        return;
    };
    let mut connection = server.database("wire_blob").await;
    connection.execute("CREATE TABLE b (id INT PRIMARY KEY, v LONGBLOB)").await.unwrap();
    for (id, mebibytes) in [(1, 20), (2, 40)] {
        let text = "0123456789abcdef".repeat(mebibytes * 65536);
        let sql = format!("INSERT INTO b VALUES ({id}, '{text}')");
        assert_eq!(connection.execute(&sql).await.unwrap(), 1);
        let select = format!("SELECT v FROM b WHERE id = {id}");
        let mut stream = connection.stream(&select).await.unwrap();
        let row = stream.next().await.unwrap().unwrap();
        let bytes = ValueCursor::new(row, 1).unwrap().bytes().unwrap();
        assert!(bytes == text.as_bytes(), "{mebibytes} MiB are not what they were");
        assert_eq!(stream.next().await.unwrap(), None);
        let rows = connection.rows(&select).await.unwrap();
        assert!(rows[0].bytes(0) == Some(text.as_bytes()));
    }
    let mut options = server.admin_options("");
    options.max_row_bytes = 30 << 20;
    let mut small = Connection::open(&options).await.unwrap();
    let mut stream = small.stream("SELECT v FROM wire_blob.b ORDER BY id").await.unwrap();
    assert!(stream.next().await.unwrap().is_some());
    let error = stream.next().await.unwrap_err();
    assert!(matches!(error, Error::RowTooLarge { limit: 31_457_280, .. }), "{error}");
    assert!(matches!(small.execute("DO 1").await, Err(Error::Unusable { .. })));
    // Its transaction still holds the table.
    small.close().await;
    connection.execute("DROP DATABASE wire_blob").await.unwrap();
}

#[tokio::test]
async fn text_rows_and_statements() {
    for server in servers() {
        let mut connection = server.database("wire_text").await;
        connection.execute("CREATE TABLE t (id INT PRIMARY KEY, v TEXT)").await.unwrap();
        let insert = "INSERT INTO t VALUES (1, NULL), (2, ''), (3, 'naïve 🦀')";
        assert_eq!(connection.execute(insert).await.unwrap(), 3);
        let rows = connection.rows("SELECT id, v FROM t ORDER BY id").await.unwrap();
        let values: Vec<_> = rows.iter().map(|row| (row.number(0).unwrap(), row.text(1))).collect();
        assert_eq!(values, [(Some(1), None), (Some(2), Some("")), (Some(3), Some("naïve 🦀"))]);
        assert_eq!(connection.execute("SELECT * FROM t").await.unwrap(), 0);
        assert!(matches!(connection.rows("DO 1").await, Err(Error::NoRows { .. })));
        assert!(matches!(connection.stream("DO 1").await, Err(Error::NoRows { .. })));
        let error = connection.stream("SELECT ?").await.unwrap_err();
        assert!(matches!(error, Error::Parameters { count: 1, .. }), "{error}");
        assert_eq!(connection.execute("SELEC 1").await.unwrap_err().code(), Some(1064));
        assert_eq!(connection.stream("SELECT * FROM gone").await.unwrap_err().code(), Some(1146));
        let two = connection.execute("DO 1; DO 2").await.unwrap_err();
        assert_eq!(two.code(), Some(1064));
        let load = "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE t";
        assert!(connection.execute(load).await.is_err());
        assert_eq!(value(&mut connection, "SELECT COUNT(*) FROM t").await, "3");
        if server.kind == Kind::MySql {
            // Statements of earlier streams were closed on the way.
            let open = "SELECT COUNT(*) FROM performance_schema.prepared_statements_instances \
                        WHERE owner_thread_id = PS_CURRENT_THREAD_ID()";
            assert_eq!(value(&mut connection, open).await, "0");
        }
        connection.close().await;
    }
}

#[tokio::test]
async fn wide_tables_and_new_collations() {
    for server in servers() {
        let mut connection = server.database("wire_wide").await;
        let columns: Vec<String> = (0..900).map(|at| format!("c{at} INT")).collect();
        let create = format!("CREATE TABLE w ({})", columns.join(", "));
        connection.execute(&create).await.unwrap();
        connection.execute("INSERT INTO w (c0, c899) VALUES (1, 2)").await.unwrap();
        let mut stream = connection.stream("SELECT * FROM w").await.unwrap();
        let count = stream.columns().len();
        let row = stream.next().await.unwrap().unwrap();
        let mut cursor = ValueCursor::new(row, count).unwrap();
        assert_eq!((cursor.u32().unwrap(), cursor.u32().unwrap()), (1, 2));
        assert!(!cursor.is_null(0) && cursor.is_null(1) && cursor.is_null(898));
        assert!(!cursor.is_null(899) && cursor.is_at_end());
        assert_eq!(stream.next().await.unwrap(), None);
        // The newest collation each server has; all have ids, many beyond 255.
        let newest = value(
            &mut connection,
            "SELECT collation_name FROM information_schema.collations WHERE character_set_name = \
             'utf8mb4' ORDER BY id DESC LIMIT 1",
        )
        .await;
        let create = format!("CREATE TABLE n (v VARCHAR(9) COLLATE {newest})");
        connection.execute(&create).await.unwrap();
        connection.execute("INSERT INTO n VALUES ('ß')").await.unwrap();
        assert_eq!(value(&mut connection, "SELECT v FROM n").await, "ß");
        connection.close().await;
    }
}
