//! Several databases into what stands already, and with other names.

use super::{PAIRS, Two, rows};

/// What was granted and made by hand in both schemas, and what is in them.
const KEPT: &str =
    "SELECT has_table_privilege('pg_monitor', 'blog.users', 'SELECT'), to_regclass('blog.own');
    SELECT string_agg(name, ' ' ORDER BY id) FROM users; SELECT string_agg(name, ' ' ORDER BY id) FROM blog.users;
    SELECT conname, confrelid::regclass, convalidated FROM pg_constraint WHERE contype = 'f'
      AND conname LIKE 'of_%' ORDER BY 1";

const OWN: &str = "GRANT SELECT ON blog.users TO pg_monitor; CREATE INDEX own ON blog.users (kind)";

const KEYS: &str = "of_author\tblog.users\tt\nof_buyer\tusers\tt\n";

#[test]
fn each_is_emptied_and_filled_anew() {
    for pair in PAIRS {
        let Some(two) = Two::create(pair, "sevt") else { return };
        let (run, _) = two.migrate("", &[]);
        assert_eq!(run.code, 0, "{}", run.all());
        two.target.sql(OWN);
        two.shop.sql("INSERT INTO users (name, flag) VALUES ('fay', 1)");
        two.blog.sql("UPDATE users SET name = 'gus' WHERE id = 2");
        let (run, report) = two.migrate("", &["--if-exists", "truncate"]);
        assert_eq!(run.code, 0, "{}", run.all());
        assert_eq!(rows(&two, &report).len(), 7, "{}", run.all());
        let expected = format!("t\tblog.own\nann bob cid fay\ndee gus\n{KEYS}");
        assert_eq!(two.target.sql(KEPT), expected);
        // One that is not as planned keeps both from being touched.
        two.target.sql("ALTER TABLE blog.users ALTER touched TYPE timestamptz(3)");
        let (run, report) = two.migrate("", &["--if-exists", "truncate"]);
        assert_eq!(run.code, 3, "{}", run.all());
        assert_eq!(report.warnings(), ["catalog-differs users.touched"], "{}", run.all());
        assert!(run.all().contains(&two.named("BLOG.users.touched")), "{}", run.all());
        assert_eq!(two.target.sql(KEPT), expected);
    }
}

#[test]
fn each_gets_its_own_rows_added() {
    for pair in PAIRS {
        let Some(two) = Two::create(pair, "seva") else { return };
        let (run, _) = two.migrate("", &[]);
        assert_eq!(run.code, 0, "{}", run.all());
        two.target.sql(OWN);
        // The same number in both databases is there already in one of them only.
        two.blog.sql(
            "DELETE FROM posts; DELETE FROM users; INSERT INTO users (id, name) VALUES (3, 'hal')",
        );
        two.shop.sql("DELETE FROM posts; DELETE FROM users; INSERT INTO users (id, name) VALUES (3, 'ian'), (4, 'joy')");
        let (run, report) = two.migrate("", &["--if-exists", "append"]);
        assert_eq!(run.code, 1, "{}", run.all());
        assert_eq!(report.warnings(), ["rows-quarantined users"], "{}", run.all());
        assert!(run.all().contains(&two.named("SHOP.users")), "{}", run.all());
        let moved = rows(&two, &report);
        assert!(moved.contains(&"blog.users 1".to_owned()), "{moved:?}");
        assert!(moved.contains(&"shop.users 1".to_owned()), "{moved:?}");
        let expected = format!("t\tblog.own\nann bob cid joy\ndee eve hal\n{KEYS}");
        assert_eq!(two.target.sql(KEPT), expected);
        let aside = "SELECT source_database, source_table, row->>'name' FROM nirvana.quarantined";
        assert_eq!(two.target.sql(aside), two.named("SHOP\tusers\tian\n"));
        let (run, _) = two.migrate("", &["--resume"]);
        assert_eq!(run.code, 1, "{}", run.all());
        assert_eq!(two.target.sql(KEPT), expected);
    }
}

#[test]
fn one_file_has_the_names_of_both() {
    for pair in PAIRS {
        let Some(two) = Two::create(pair, "sevf") else { return };
        two.blog.sql("CREATE TABLE `BigThings` (`thingId` int PRIMARY KEY); INSERT INTO `BigThings` VALUES (7)");
        two.shop.sql("CREATE TABLE `BigThings` (`thingId` int PRIMARY KEY); INSERT INTO `BigThings` VALUES (8)");
        let file = two.folder.path().join("names.toml");
        let names = ["--names", file.to_str().unwrap()];
        let (run, _) =
            two.migrate("", &[&names[..], &["--identifiers", "snake", "--dry-run"]].concat());
        assert_eq!(run.code, 0, "{}", run.all());
        let text = std::fs::read_to_string(&file).unwrap();
        for name in ["SHOP.BigThings", "BLOG.BigThings"] {
            assert!(text.contains(&two.named(name)), "{name}: {text}");
        }
        // Somebody calls the blog's by another name.
        let (before, blog) = text.split_once(&two.named("BLOG.BigThings")).unwrap();
        let blog = blog.replacen("big_things", "essays", 1);
        std::fs::write(&file, format!("{before}{}{blog}", two.named("BLOG.BigThings"))).unwrap();
        let (run, report) = two.migrate("", &names);
        assert_eq!(run.code, 0, "{}", run.all());
        assert_eq!(rows(&two, &report).len(), 9, "{}", run.all());
        assert_eq!(two.target.sql("TABLE blog.essays; TABLE big_things"), "7\n8\n");
        let (run, _) = two.verify("", &names);
        assert_eq!(run.code, 0, "{}", run.all());
    }
}
