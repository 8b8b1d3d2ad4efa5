//! Files that are taken for dumps, and are none that can be read.

/// What begins like that is known, and is no dump: what it is, and what to do.
pub(super) fn foreign(start: &[u8]) -> Option<(&'static str, &'static str)> {
    const WRITE: &str = "dump it as SQL: mysqldump without --xml";
    const UNPACK: &str = "decompress it first; gzip, zstd, bzip2 and xz are read as they are";
    const PLAIN: &str = "SOURCE is a dump of MySQL or MariaDB";
    const LOGS: &str = "what a binary log holds are changes: dump the database with mysqldump, or follow the server";
    // A tar archive tells its name behind the first file's.
    if start.get(257..262) == Some(b"ustar") {
        return Some(("a tar archive", "unpack it first, and name the folder or file in it"));
    }
    let known: [(&[u8], _, _); 19] = [
        (b"<?xml", "XML", WRITE),
        (
            b"\xff\xfe",
            "text in UTF-16",
            "PowerShell's > has written it so, and may have changed what is in it: dump it again with \
             mysqldump --result-file",
        ),
        (b"\xfe\xff", "text in UTF-16", "dump it again, in UTF-8"),
        (b"PGDMP", "an archive of pg_dump", PLAIN),
        (b"--\n-- PostgreSQL database dump", "a dump of PostgreSQL", PLAIN),
        (b"--\n-- PostgreSQL database cluster dump", "a dump of PostgreSQL", PLAIN),
        (b"\xfebin", "a binary log", LOGS),
        (b"/*!50530 SET @@SESSION.PSEUDO_SLAVE_MODE=1*/", "text of mysqlbinlog", LOGS),
        (b"# The proper term is pseudo_replica_mode", "text of mysqlbinlog", LOGS),
        (b"-----BEGIN PGP MESSAGE", "encrypted", "decrypt it first"),
        (b"age-encryption.org/", "encrypted", "decrypt it first"),
        (b"Salted__", "encrypted", "decrypt it first"),
        (b"<!DOCTYPE", "a page of HTML", PLAIN),
        (b"SQLite format 3\0", "a database of SQLite", PLAIN),
        (b"PRAGMA foreign_keys", "a dump of SQLite", PLAIN),
        (b"PK\x03\x04", "a ZIP archive", UNPACK),
        (b"\x04\x22\x4d\x18", "compressed with LZ4", UNPACK),
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
        (
            b"XBSTCK01",
            "a backup of XtraBackup or mariadb-backup",
            "those are the server's own files: dump it with mysqldump",
        ),
    ];
    let found = known.into_iter().find(|(mark, _, _)| start.starts_with(mark));
    found.map(|(_, what, hint)| (what, hint))
}

#[cfg(test)]
mod tests {
    use super::foreign;

    #[test]
    fn what_is_no_dump_is_named() {
        for (start, what) in [
            (b"<?xml version=\"1.0\"?>\n<mysqldump".as_slice(), "XML"),
            (b"\xff\xfe-\0-\0", "text in UTF-16"),
            (b"--\n-- PostgreSQL database dump\n--", "a dump of PostgreSQL"),
            (b"PGDMP\x01\x0e", "an archive of pg_dump"),
            (b"PK\x03\x04\x14", "a ZIP archive"),
            (b"\xfebin\x01\x02", "a binary log"),
            (b"# The proper term is pseudo_replica_mode, but", "text of mysqlbinlog"),
            (&[&b"shop.sql"[..], &[0; 249], b"ustar\0"].concat(), "a tar archive"),
        ] {
            assert_eq!(foreign(start).map(|(found, _)| found), Some(what));
        }
        assert_eq!(foreign(b"-- MySQL dump 10.13"), None);
        assert_eq!(foreign(b""), None);
    }
}
