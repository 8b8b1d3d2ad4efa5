//! Files of statements that people write by hand, as seeds of an application: what they leave to the
//! server is as it would be there, or they are refused before anything is written.

use crate::dump::{file, migrate_dump};
use crate::support::{PAIRS, databases, migrate, nirvana, run};

const SEEDS: &str = "
    CREATE TABLE users (id int unsigned NOT NULL AUTO_INCREMENT, name varchar(20) NOT NULL, PRIMARY KEY (id))
      ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
    INSERT INTO users (name) VALUES ('ann'), ('bob');
    INSERT INTO `users` (`name`) VALUES ('cid');
    INSERT INTO users VALUES (10, 'dee');
    INSERT INTO users (name) VALUES ('eve');
    INSERT INTO users (id, name) VALUES (5, 'fay');
    INSERT INTO users VALUES (NULL, 'gus'), (NULL, 'hal');
    CREATE TABLE mixed (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(20))
      ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
    INSERT INTO mixed VALUES (4, 'ann'), (NULL, 'bob'), (DEFAULT, 'cid');
    CREATE TABLE posts (title varchar(20), id tinyint NOT NULL AUTO_INCREMENT, KEY (id))
      ENGINE=InnoDB AUTO_INCREMENT=100 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
    INSERT INTO posts VALUES ('one', NULL), ('two', NULL);
    CREATE TABLE told (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, a int, b int, UNIQUE KEY (a), UNIQUE KEY (a, b),
      KEY (a), KEY (b)) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
    INSERT INTO told VALUES (3, 1, 1), (1, NULL, 1);";

const ROWS: &str =
    "SELECT id, name FROM users ORDER BY id; SELECT id, title FROM posts ORDER BY id;
    SELECT id, name FROM mixed ORDER BY id;
    SELECT id FROM told ORDER BY id; SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1";

#[test]
fn rows_without_a_number_are_counted_as_by_the_server() {
    for pair in [PAIRS[0], PAIRS[3]] {
        let Some((source, target)) = databases(pair, "seeds") else { return };
        let (_folder, path) = file("seeds.sql", SEEDS.as_bytes());
        source.load(&path, false);
        let (live, _) = migrate(&source, &target, &[]);
        assert_eq!(live.code, 0, "{}", live.all());
        let expected = target.sql(ROWS);
        assert!(expected.contains("13\thal\n") && expected.contains("101\ttwo\n"), "{expected}");
        target.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA nirvana CASCADE");
        let (run_, report) = migrate_dump(&path, &target, &[]);
        assert_eq!(run_.code, 0, "{}", run_.all());
        assert_eq!(target.sql(ROWS), expected);
        assert!(report.unproven().is_empty(), "{}", run_.all());
        assert!(run_.all().contains("counted in the order of the rows"), "{}", run_.all());
        let next = "INSERT INTO users (name) VALUES ('ida') RETURNING id";
        assert_eq!(target.sql(next), "14\n");
        target.sql("DELETE FROM users WHERE id = 14");
        // What the server holds and what the file says are the same, whoever is asked.
        let mut verify = nirvana();
        verify.args(["verify", path.to_str().unwrap(), &target.url()]);
        let verified = run(verify);
        assert_eq!(verified.code, 0, "{}", verified.all());
    }
}

#[test]
fn what_only_a_server_can_tell_is_refused_before_anything_is_written() {
    let Some((_source, target)) = databases(PAIRS[0], "seedless") else { return };
    let text = "
        CREATE TABLE log (id int PRIMARY KEY AUTO_INCREMENT, at timestamp NOT NULL DEFAULT current_timestamp(),
          who varchar(9) NOT NULL, level int NOT NULL DEFAULT 3, note text) COLLATE=utf8mb4_bin;
        INSERT INTO log (who) VALUES ('ann');
        INSERT INTO log (at, who) VALUES ('2024-01-01', 'bob');
        INSERT INTO log (at) VALUES ('2024-01-01');";
    let (_folder, path) = file("seeds.sql", text.as_bytes());
    let (run_, report) = migrate_dump(&path, &target, &[]);
    assert_eq!(run_.code, 3, "{}", run_.all());
    let warnings = report.warnings();
    for expected in ["dump-lacks-values log.at", "dump-lacks-values log.who"] {
        assert!(warnings.contains(&expected.to_owned()), "{warnings:?}");
    }
    assert_eq!(target.sql("SELECT count(*) FROM pg_class WHERE relname = 'log'"), "0\n");
    let text = text.replace("(at, who)", "(at, nobody)");
    let (_folder, path) = file("seeds.sql", text.as_bytes());
    let (run_, report) = migrate_dump(&path, &target, &[]);
    assert_eq!(run_.code, 3, "{}", run_.all());
    let warnings = report.warnings();
    assert!(warnings.contains(&"dump-lacks-values log.nobody".to_owned()), "{warnings:?}");
    let text = text.replace("(at, nobody)", "(at, who)");
    // What lies too far behind to be seen first ends its table, with the place, and is no NULL.
    let rows = (1..20_000).map(|id| format!("({id}, 'x')")).collect::<Vec<_>>().join(", ");
    let far = format!(
        "CREATE TABLE far (id int PRIMARY KEY AUTO_INCREMENT, w varchar(9)) COLLATE=utf8mb4_bin;\n\
         INSERT INTO far VALUES {rows}, (NULL, 'y');"
    );
    let (_folder, path) = file("far.sql", far.as_bytes());
    let (run_, report) = migrate_dump(&path, &target, &[]);
    assert_eq!(run_.code, 4, "{}", run_.all());
    assert_eq!(report.warnings(), ["table-not-copied far"], "{}", run_.all());
    target.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA nirvana CASCADE");
    let text = text.replace("INSERT INTO log (who) VALUES ('ann');", "");
    let text = text.replace("INSERT INTO log (at) VALUES ('2024-01-01');", "");
    let (_folder, path) = file("seeds.sql", text.as_bytes());
    let (run_, _) = migrate_dump(&path, &target, &[]);
    assert!(run_.code <= 1, "{}", run_.all());
    assert_eq!(target.sql("SELECT id, who, level, note IS NULL FROM log"), "1\tbob\t3\tt\n");
}
