//! Dumps that somebody wrote to do harm: memory stays bounded, and what is too much is said with its
//! place.

use super::file::File;
use super::found::Index;
use super::remark::Remark;
use super::scanner::{DELIMITER, KEPT};
use super::session::Session;
use super::{Dump, Error};
use crate::mysql::wire::Buffered;

fn index(text: &[u8]) -> Result<(Index, File), Error> {
    let file = File::of_bytes(text)?;
    let mut index = Index::default();
    index.read((0, &file), "dump", Session::new(), DELIMITER)?;
    Ok((index, file))
}

fn refused(text: &[u8]) -> String {
    index(text).err().map(|error| error.to_string()).unwrap_or_default()
}

/// Reads all rows of `t`; how many there are.
fn rows(text: &[u8]) -> Result<u64, Error> {
    let (index, file) = index(text)?;
    let dump = Dump::of(vec![file], (index, &["dump".to_owned()]), "dump")?;
    let table = &dump.schema.tables[0];
    let columns: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
    let mut rows = dump.rows(&table.name, &columns, (None, None))?;
    let mut count = 0;
    loop {
        match rows.next_buffered()? {
            Buffered::Row(_) => count += 1,
            Buffered::Incomplete => rows.fill_now()?,
            Buffered::End => return Ok(count),
        }
    }
}

const TABLE: &str = "CREATE TABLE `t` (`a` text, `b` text);\n";

fn with_table(rest: &str) -> Vec<u8> {
    format!("{TABLE}{rest}").into_bytes()
}

#[test]
fn a_statement_without_end() {
    let long = "x".repeat(KEPT + 1);
    let error = refused(&with_table(&format!("CREATE TABLE `u` (`a` int COMMENT '{long}');")));
    assert!(error.contains("byte 39: a statement of more than 16 MiB"), "{error}");
    let (index, _file) = index(&with_table("CREATE TABLE `u` (`a` int COMMENT 'x")).unwrap();
    assert!(matches!(&index.remarks[..], [Remark::CutOff { at: 39, .. }]), "{:?}", index.remarks);
}

#[test]
fn a_row_without_end() {
    let long = "x".repeat(9 * 1024 * 1024);
    let error = rows(&with_table(&format!("INSERT INTO `t` VALUES ('a','b'),('{long}','c');")));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("a row that is longer than any"), "{error}");
    assert!(error.contains("byte 70:") || error.contains("byte 7"), "{error}");
}

#[test]
fn more_values_than_a_table_can_have() {
    let many = "1,".repeat(1_000_000);
    let error = rows(&with_table(&format!("INSERT INTO `t` VALUES ({many}1);")));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("more values than a table can have columns"), "{error}");
    let names = "`a`,".repeat(100_000);
    let error = refused(&with_table(&format!("INSERT INTO `t` ({names}`b`) VALUES (1);")));
    assert!(error.contains("byte 39"), "{error}");
}

#[test]
fn calls_within_calls() {
    let deep = "CONVERT(".repeat(1_000_000);
    let error = rows(&with_table(&format!("INSERT INTO `t` VALUES ({deep}'x' USING utf8mb4,1);")));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("CONVERT of what is no text"), "{error}");
    let deep = "(".repeat(1_000_000);
    let error = rows(&with_table(&format!("INSERT INTO `t` VALUES {deep}1);")));
    assert!(matches!(error, Ok(0) | Err(_)));
    let table = format!("CREATE TABLE `t` (`a` int CHECK ({deep}1{}));", ")".repeat(1_000_000));
    assert!(index(table.as_bytes()).is_ok());
}

#[test]
fn comments_within_comments() {
    let deep = "/*!50000 ".repeat(100_000);
    let text = with_table(&format!("{deep} SET NAMES utf8; */\nINSERT INTO `t` VALUES ('a','b');"));
    assert!(rows(&text).is_ok_and(|rows| rows <= 1));
    let open = "/* /* ".repeat(100_000);
    let text = with_table(&format!("{open} */ INSERT INTO `t` VALUES ('a','b');"));
    assert_eq!(rows(&text).unwrap(), 1);
    let text = with_table(&format!(
        "DELIMITER {}\nINSERT INTO `t` VALUES ('a','b');",
        "x".repeat(100_000)
    ));
    assert!(index(&text).is_ok());
}

#[test]
fn what_adds_up_is_counted_and_not_kept() {
    let (found, _file) = index(&with_table(&"UPDATE `t` SET `a` = 1;\n".repeat(10_000))).unwrap();
    assert_eq!(found.remarks.len(), 101);
    assert_eq!(found.remarks.last(), Some(&Remark::MoreNotRead { statements: 9900 }));
    let lists = (0..2000).map(|at| format!("INSERT INTO `t` (`a`,`x{at}`) VALUES (1,2);\n"));
    let error = refused(&with_table(&lists.collect::<Vec<_>>().concat()));
    assert!(error.contains("more than 1024 different lists of columns"), "{error}");
    let kept = (0..5000).map(|at| format!("SET @v{at} = 'x';\n"));
    assert!(index(&with_table(&kept.collect::<Vec<_>>().concat())).is_ok());
}

#[test]
fn a_compressed_file_asks_for_no_more_memory_than_it_needs() {
    let mut out = liblzma::write::XzEncoder::new(Vec::new(), 1);
    std::io::Write::write_all(&mut out, b"x").unwrap();
    let mut stream = out.finish().unwrap();
    // Behind the stream's header: the block's, whose size is told in words of four bytes, with the
    // filter's number, the size of its properties, and the code of a dictionary of 4 GiB.
    let header = 12..12 + (usize::from(stream[12]) + 1) * 4 - 4;
    assert_eq!(stream[14..16], [0x21, 1]);
    stream[16] = 40;
    let mut sum = flate2::Crc::new();
    sum.update(&stream[header.clone()]);
    stream[header.end..header.end + 4].copy_from_slice(&sum.sum().to_le_bytes());
    let error = File::of_bytes(&stream).unwrap_err();
    assert!(matches!(&error, Error::Damaged { at: 0, .. }), "{error}");
}
