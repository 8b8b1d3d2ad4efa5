//! Several databases of a server, moved at one instant into several schemas.

mod again;
mod ends;

use std::path::PathBuf;
use std::process::Stdio;

use crate::support::{
    Report, Run, Source, SourceDatabase, Target, TargetDatabase, killed, migrate_as, nirvana, run,
};

const PAIRS: [(Source, Target); 2] =
    [(Source::MariaDb, Target::Postgres15), (Source::MySql, Target::Postgres18)];

/// A shop, and the blog that belongs to it: both have `users` and `posts`, with rows of their own.
struct Two {
    shop: SourceDatabase,
    blog: SourceDatabase,
    target: TargetDatabase,
    folder: tempfile::TempDir,
}

const SHOP: &str = "
    CREATE TABLE users (id int PRIMARY KEY AUTO_INCREMENT, name varchar(40) NOT NULL, flag tinyint(1),
      seen datetime, kind enum('new','old'), KEY by_name (name));
    INSERT INTO users (name, flag, kind) VALUES ('ann', 1, 'new'), ('bob', 0, 'old'), ('cid', 1, 'new');
    CREATE TABLE posts (id int PRIMARY KEY, body text);
    INSERT INTO posts VALUES (1, 'a parcel');
    CREATE TABLE tmp_cart (id int PRIMARY KEY);
    CREATE TABLE other_list (id int PRIMARY KEY);";

const BLOG: &str = "
    CREATE TABLE users (id int PRIMARY KEY AUTO_INCREMENT, name varchar(40) NOT NULL, flag tinyint(1),
      touched timestamp NULL ON UPDATE CURRENT_TIMESTAMP, kind enum('guest','author'),
      KEY by_name (name));
    INSERT INTO users (name, flag, kind) VALUES ('dee', 5, 'author'), ('eve', 1, 'guest');
    CREATE TABLE posts (id int PRIMARY KEY, user_id int NOT NULL, buyer_id int,
      CONSTRAINT of_author FOREIGN KEY (user_id) REFERENCES users (id),
      CONSTRAINT of_buyer FOREIGN KEY (buyer_id) REFERENCES SHOP.users (id));
    INSERT INTO posts VALUES (1, 1, 3), (2, 2, NULL);
    CREATE TABLE tmp_draft (id int PRIMARY KEY);
    CREATE VIEW both_users AS
      SELECT b.name AS author, s.name AS buyer FROM posts p JOIN users b ON b.id = p.user_id
      JOIN SHOP.users s ON s.id = p.buyer_id;
    CREATE VIEW namesakes AS
      SELECT BLOG.users.id, SHOP.users.name FROM BLOG.users JOIN SHOP.users ON SHOP.users.id = BLOG.users.id;";

impl Two {
    fn create(pair: (Source, Target), stem: &str) -> Option<Self> {
        // Dropped in this order: the blog's keys hold the shop's tables.
        let blog = SourceDatabase::create(pair.0, &format!("{stem}b"))?;
        let shop = SourceDatabase::create(pair.0, &format!("{stem}s"))?;
        let target = TargetDatabase::create(pair.1, stem)?;
        let two = Self { shop, blog, target, folder: tempfile::tempdir().unwrap() };
        two.shop.sql(SHOP);
        two.blog.sql(&two.named(BLOG));
        Some(two)
    }

    /// With the databases' own names in the place of SHOP and BLOG.
    fn named(&self, text: &str) -> String {
        text.replace("SHOP", &self.shop.name).replace("BLOG", &self.blog.name)
    }

    /// The shop goes into `public`, the blog into `blog`, and what else is said holds.
    fn config(&self, more: &str) -> PathBuf {
        let file = self.folder.path().join("nirvana.toml");
        let databases = "[migrate.databases]\nSHOP = 'public'\nBLOG = 'blog'\n";
        std::fs::write(&file, self.named(&format!("[migrate]\n{more}\n{databases}"))).unwrap();
        file
    }

    /// The server, without a database.
    fn server(&self) -> String {
        let url = self.shop.url();
        url[..=url.rfind('/').unwrap()].to_owned()
    }

    fn migrate(&self, config: &str, more: &[&str]) -> (Run, Report) {
        let file = self.config(config);
        let config = ["--config", file.to_str().unwrap()];
        migrate_as(&self.server(), &self.target, &[&config, more].concat())
    }

    fn verify(&self, config: &str, more: &[&str]) -> (Run, serde_json::Value) {
        let (file, report) = (self.config(config), self.folder.path().join("verified.json"));
        let mut command = nirvana();
        command.args(["verify", "--config", file.to_str().unwrap(), "--report"]).arg(&report);
        command.args(more).args([self.server(), self.target.url()]);
        let run = run(command);
        let text = std::fs::read_to_string(&report).unwrap_or_else(|_| panic!("{}", run.all()));
        (run, serde_json::from_str(&text).unwrap())
    }
}

impl Drop for Two {
    fn drop(&mut self) {
        // A database whose tables others refer to cannot go first.
        self.blog.sql("DROP TABLE IF EXISTS posts");
    }
}

/// `shop.users 3`, each table with its database, sorted.
fn rows(two: &Two, report: &Report) -> Vec<String> {
    let tables = report.0["tables"].as_array().unwrap().iter();
    let mut rows: Vec<String> = tables
        .map(|table| {
            assert_eq!(table["verified"], "equal", "{table}");
            let source = &table["source"];
            let schema = source["schema"].as_str().unwrap();
            let schema = schema.replace(&two.shop.name, "shop").replace(&two.blog.name, "blog");
            format!("{schema}.{} {}", source["name"].as_str().unwrap(), table["rows"])
        })
        .collect();
    rows.sort();
    rows
}

#[test]
fn tables_of_the_same_name_do_not_meet() {
    for pair in PAIRS {
        let Some(two) = Two::create(pair, "sev") else { return };
        let (run, report) = two.migrate("exclude = ['tmp_*']", &[]);
        assert_eq!(run.code, 0, "{}", run.all());
        let expected =
            ["blog.posts 2", "blog.users 2", "shop.other_list 0", "shop.posts 1", "shop.users 3"];
        assert_eq!(rows(&two, &report), expected);
        assert!(report.0["source"].as_str().unwrap().ends_with(&two.named("/BLOG,SHOP")));
        let target = &two.target;
        assert_eq!(
            target.sql("SELECT string_agg(name, ' ' ORDER BY id) FROM users"),
            "ann bob cid\n"
        );
        assert_eq!(
            target.sql("SELECT string_agg(name, ' ' ORDER BY id) FROM blog.users"),
            "dee eve\n"
        );
        // Each column's type is what its own database's values ask for.
        let types = "SELECT attrelid::regclass, format_type(atttypid, atttypmod) FROM pg_attribute
            WHERE attrelid IN ('users'::regclass, 'blog.users'::regclass)
            AND attname IN ('flag', 'kind') ORDER BY attrelid::regclass::text, attname";
        let expected = "blog.users\tsmallint\nblog.users\tblog.users_kind\nusers\tboolean\nusers\tusers_kind\n";
        assert_eq!(target.sql(types), expected);
        // Names are unique within a schema only, and nobody asked for more.
        let indexes = "SELECT schemaname FROM pg_indexes WHERE indexname = 'by_name' ORDER BY 1";
        assert_eq!(target.sql(indexes), "blog\npublic\n");
        let keys = "SELECT conname, confrelid::regclass, convalidated FROM pg_constraint
            WHERE contype = 'f' AND connamespace = 'blog'::regnamespace ORDER BY 1";
        assert_eq!(target.sql(keys), "of_author\tblog.users\tt\nof_buyer\tusers\tt\n");
        assert_eq!(target.sql("SELECT * FROM blog.both_users"), "dee\tcid\n");
        assert_eq!(target.sql("SELECT * FROM blog.namesakes ORDER BY 1"), "1\tann\n2\tbob\n");
        assert_eq!(target.sql("INSERT INTO users (name) VALUES ('x') RETURNING id"), "4\n");
        target.sql("DELETE FROM users WHERE id = 4");
        target.sql("INSERT INTO blog.users (name) VALUES ('y'); UPDATE blog.users SET name = 'z' WHERE id = 3");
        assert_eq!(target.sql("SELECT touched IS NOT NULL FROM blog.users WHERE id = 3"), "t\n");
        target.sql("DELETE FROM blog.users WHERE id = 3");
        // The screen names the database, as the name alone would not do.
        for name in ["SHOP.users", "BLOG.users"] {
            assert!(run.all().contains(&two.named(name)), "{name}: {}", run.all());
        }
        let chunks =
            "SELECT count(*), count(DISTINCT run) FROM nirvana.chunk WHERE source_table = 'users'";
        assert_eq!(target.sql(chunks), "2\t1\n");
    }
}

#[test]
fn what_differs_is_told_of_the_right_one() {
    for pair in PAIRS {
        let Some(two) = Two::create(pair, "sevd") else { return };
        let (run, _) = two.migrate("", &[]);
        assert_eq!(run.code, 0, "{}", run.all());
        let (run, report) = two.verify("", &["--independent"]);
        assert_eq!(run.code, 0, "{}", run.all());
        assert_eq!(report["tables"].as_array().unwrap().len(), 7, "{}", run.all());
        two.target.sql("UPDATE blog.users SET name = 'mallory' WHERE id = 2");
        let (run, report) = two.verify("", &[]);
        assert_eq!(run.code, 1, "{}", run.all());
        let differing = report["differing"].as_array().unwrap();
        assert_eq!(differing.len(), 1, "{}", run.all());
        assert_eq!(differing[0]["table"]["schema"], two.blog.name.as_str(), "{}", run.all());
        assert!(run.all().contains(&two.named("BLOG.users")), "{}", run.all());
        // Only the other one is asked for: nothing differs there.
        let only = two.named("SHOP.users");
        let (run, report) = two.verify("", &["--only", &only]);
        assert_eq!(report["tables"].as_array().unwrap().len(), 1, "{}", run.all());
        assert!(report["differing"].is_null(), "{}", run.all());
        let (run, _) = two.verify("", &["--repair"]);
        assert_eq!(run.code, 1, "{}", run.all());
        assert_eq!(two.target.sql("SELECT name FROM blog.users WHERE id = 2"), "eve\n");
        assert_eq!(two.target.sql("SELECT name FROM public.users WHERE id = 2"), "bob\n");
    }
}

#[test]
fn a_database_or_a_table_of_it_is_chosen_by_name() {
    for pair in PAIRS {
        let Some(two) = Two::create(pair, "sevc") else { return };
        let config = two.named(
            r#"
            exclude = ["BLOG.tmp_*", "SHOP.other_*", "SHOP.posts"]
            rename = { "BLOG.users" = "authors", users = "people" }
            where = { "SHOP.users" = "id > 1" }
            columns = { "SHOP.users.flag" = { type = "smallint" }, "*.flag" = { type = "integer" } }
            "#,
        );
        let (run, report) = two.migrate(&config, &[]);
        assert!(run.code <= 1, "{}", run.all());
        let expected = ["blog.posts 2", "blog.users 2", "shop.tmp_cart 0", "shop.users 2"];
        assert_eq!(rows(&two, &report), expected);
        let types = "SELECT attrelid::regclass, format_type(atttypid, atttypmod) FROM pg_attribute
            WHERE attname = 'flag' AND attnum > 0 ORDER BY attrelid::regclass::text";
        assert_eq!(two.target.sql(types), "blog.authors\tinteger\npeople\tsmallint\n");
        let key = "SELECT confrelid::regclass FROM pg_constraint WHERE conname = 'of_buyer'";
        // Not every row that is referred to was to come.
        assert_eq!(two.target.sql(key), "people\n");
        for (unknown, words) in [
            ("rename = { 'BLOG.userz' = 'x' }", "no BLOG.userz in BLOG, SHOP"),
            ("where = { tmp = 'id > 1' }", "no tmp in BLOG, SHOP"),
            ("types = { 'BLOG.users.flaf' = 'integer' }", "no BLOG.users.flaf"),
        ] {
            let (run, _) = two.migrate(&two.named(unknown), &["--dry-run"]);
            assert_eq!(run.code, 3, "{}", run.all());
            assert!(run.all().contains(&two.named(words)), "{words}: {}", run.all());
        }
    }
}

/// Money moves from one database to the other; whoever reads them at two instants sees other sums.
#[test]
fn both_are_of_one_instant() {
    const LEDGER: &str = "CREATE TABLE account (id int PRIMARY KEY, money bigint NOT NULL);
        INSERT INTO account VALUES (0, 500), (1, 500);
        CREATE TABLE filler (id int PRIMARY KEY AUTO_INCREMENT, t varchar(200));";
    const HAMMER: &str = "CREATE TABLE stop (id int PRIMARY KEY);
        DELIMITER //
        CREATE PROCEDURE hammer(who int) BEGIN
          DECLARE i int DEFAULT 0;
          WHILE i < 1000000 AND NOT EXISTS (SELECT 1 FROM stop) DO
            SET i = i + 1;
            START TRANSACTION;
            UPDATE account SET money = money - i % 50 WHERE id = who;
            INSERT INTO filler (t) VALUES (REPEAT('x', 200));
            UPDATE BLOG.account SET money = money + i % 50 WHERE id = who;
            COMMIT;
          END WHILE;
        END //
        DELIMITER ;";
    for pair in PAIRS {
        let Some(two) = Two::create(pair, "sevi") else { return };
        two.shop.sql(LEDGER);
        two.blog.sql(LEDGER);
        two.shop.sql(&two.named(HAMMER));
        let hammer = |who| {
            let mut command = two.shop.client();
            command.args([&two.shop.name, "-e", &format!("CALL hammer({who})")]);
            command.stdin(Stdio::null()).spawn().unwrap()
        };
        // A writer that meets locked tables in a deadlock is given up: others take its place.
        let while_written = |work: &dyn Fn()| {
            let mut hammers = [hammer(0), hammer(1)];
            work();
            two.shop.sql("INSERT INTO stop VALUES (1)");
            for hammer in &mut hammers {
                hammer.wait().unwrap();
            }
            two.shop.sql("DELETE FROM stop");
        };
        for way in ["auto", "lock-tables"] {
            while_written(&|| {
                let more = ["--jobs", "3", "--if-exists", "drop", "--snapshot", way];
                let (run, report) = two.migrate("", &more);
                assert!(run.code <= 1, "{}", run.all());
                assert_eq!(report.unproven(), Vec::<String>::new(), "{}", run.all());
            });
            let sum = "SELECT sum(money) FROM
                (SELECT money FROM account UNION ALL SELECT money FROM blog.account) both_of_them";
            assert_eq!(two.target.sql(sum), "2000\n", "{way}");
        }
        // One after the other is not the same: what went over meanwhile is in both.
        while_written(&|| {
            for (database, schema) in [(&two.shop, "first"), (&two.blog, "second")] {
                let (run, _) = migrate_as(&database.url(), &two.target, &["--schema", schema]);
                assert!(run.code <= 1, "{}", run.all());
            }
        });
        let sum = "SELECT sum(money) > 2000 FROM
            (SELECT money FROM first.account UNION ALL SELECT money FROM second.account) apart";
        assert_eq!(two.target.sql(sum), "t\n", "nobody has written meanwhile");
    }
}

#[test]
fn a_run_that_was_killed_goes_on_with_the_same_databases_only() {
    let Some(two) = Two::create(PAIRS[0], "sevk") else { return };
    for database in [&two.shop, &two.blog] {
        database.sql(
            "CREATE TABLE large (id bigint PRIMARY KEY, t varchar(120));
             INSERT INTO large SELECT seq, REPEAT(MD5(seq), 3) FROM seq_1_to_40000; ANALYZE TABLE large",
        );
    }
    two.blog.sql("UPDATE large SET t = CONCAT('blog ', id)");
    let file = two.config("");
    let command = |lines: &[&str]| {
        let mut command = nirvana();
        command.args(["migrate", "--format", "json", "--chunk-mib", "1", "--resume"]);
        command.args(["--config", file.to_str().unwrap()]).args(lines);
        command.args([two.server(), two.target.url()]);
        command
    };
    let mut times = 0;
    for lines in [30, 45, 60, 75] {
        times += u32::from(killed(command(&[]), lines));
    }
    assert!(times > 0, "it was never at work when it was killed");
    let alone = run(command(&["--database", &two.blog.name]));
    assert!((3..=4).contains(&alone.code), "{}", alone.all());
    for words in ["moves mysql://", "/BLOG,SHOP, not mysql://"] {
        assert!(alone.all().contains(&two.named(words)), "{words}: {}", alone.all());
    }
    let (run, report) = two.migrate("", &["--resume"]);
    assert!(run.code <= 1, "{}", run.all());
    assert_eq!(report.unproven(), Vec::<String>::new(), "{}", run.all());
    // What the run has kept of the shop is not forgotten for the sake of the blog.
    let anew = ["--database", two.blog.name.as_str(), "--if-exists", "drop"];
    let (run, _) = two.migrate("", &anew);
    assert_eq!(run.code, 3, "{}", run.all());
    assert!(run.all().contains("writes to the schemas blog, public, not to blog"), "{}", run.all());
    let sums = "SELECT count(*), min(t), max(t) FROM";
    assert_eq!(two.target.sql(&format!("{sums} large")), two.shop.sql(&format!("{sums} large")));
    assert_eq!(
        two.target.sql(&format!("{sums} blog.large")),
        two.blog.sql(&format!("{sums} large"))
    );
}

#[test]
fn rows_that_are_set_aside_are_known_by_their_database() {
    let Some(two) = Two::create(PAIRS[0], "sevq") else { return };
    two.shop.sql(
        "CREATE TABLE wide (id int PRIMARY KEY, n bigint unsigned); INSERT INTO wide VALUES (1, 5)",
    );
    two.blog.sql(
        "CREATE TABLE wide (id int PRIMARY KEY, n bigint unsigned, at datetime);
         INSERT INTO wide VALUES (1, 18446744073709551615, NULL), (2, 7, '0000-00-00')",
    );
    let (run, report) = two.migrate("types = { 'wide.n' = 'bigint' }", &[]);
    assert_eq!(run.code, 1, "{}", run.all());
    let kept = "SELECT source_database, source_table, key->>'id' FROM nirvana.quarantined";
    assert_eq!(two.target.sql(kept), format!("{}\twide\t1\n", two.blog.name));
    assert_eq!(two.target.sql("SELECT id FROM wide"), "1\n");
    // The statement that is told gives these rows and no others.
    let finding = report.0["findings"].as_array().unwrap().iter();
    let mut finding = finding.filter(|one| one["code"] == "rows-quarantined");
    let finding = finding.next().unwrap();
    assert_eq!(finding["place"]["table"]["schema"], two.blog.name.as_str());
    let help = finding["help"].as_str().unwrap();
    let sql = help.split_once(';').unwrap().0;
    assert_eq!(two.target.sql(sql).lines().count(), 1, "{sql}");
    let altered = "SELECT source_database FROM nirvana.altered WHERE column_name = 'at'";
    assert_eq!(two.target.sql(altered), format!("{}\n", two.blog.name));
}

#[test]
fn which_databases_are_meant_is_never_guessed() {
    let Some(two) = Two::create(PAIRS[0], "sevw") else { return };
    let file = two.config("");
    let config = file.to_str().unwrap();
    let url = two.shop.url();
    let (shop, blog) = (two.shop.name.as_str(), two.blog.name.as_str());
    for (source, more, code, words) in [
        (url.as_str(), &[][..], 2, format!("names the database {shop}, and [migrate.databases]")),
        (
            &url,
            &["--database", blog],
            2,
            format!("names the database {shop}, and --database {blog}"),
        ),
        (&two.server(), &["--schema", "all"], 2, "--schema names one schema".to_owned()),
        (&two.server(), &["--database", "nv_absent"], 3, "nv_absent".to_owned()),
    ] {
        let arguments = [&["--dry-run", "--config", config], more].concat();
        let mut command = nirvana();
        command.arg("migrate").args(arguments).args([source, &two.target.url()]);
        let run = run(command);
        assert_eq!(run.code, code, "{}", run.all());
        assert!(run.all().contains(&words), "{words}: {}", run.all());
    }
    // One of them alone, into the schema that the file gives it.
    let (run, report) =
        migrate_as(&two.blog.url(), &two.target, &["--database", blog, "--config", config]);
    assert!(run.code <= 1, "{}", run.all());
    assert_eq!(rows(&two, &report), ["blog.posts 2", "blog.tmp_draft 0", "blog.users 2"]);
    // What leads into the other one is not made, and named.
    let warnings = report.warnings();
    for lost in ["foreign-key-changed posts.of_buyer", "not-carried both_users"] {
        assert!(warnings.iter().any(|one| one == lost), "{lost}: {warnings:?}");
    }
    let not_moved = format!("of the database {shop}, which is not moved");
    assert!(report.0["findings"].to_string().contains(&not_moved), "{}", run.all());
}

/// Into one schema, as long as no two names are the same.
#[test]
fn two_may_become_one_schema_unless_names_collide() {
    let Some(two) = Two::create(PAIRS[1], "sevo") else { return };
    let names = two.named("SHOP,BLOG");
    let together = ["--schema", "all", "--database", names.as_str()];
    let (run, report) = migrate_as(&two.server(), &two.target, &together);
    assert_eq!(run.code, 3, "{}", run.all());
    assert_eq!(report.warnings().len(), 2, "{:?}", report.warnings());
    let both = two.named("BLOG.users and SHOP.users would both be named users");
    assert!(run.all().contains(&both), "{}", run.all());
    let file = two.folder.path().join("one.toml");
    let rename = r#"rename = { "BLOG.users" = "authors", "BLOG.posts" = "articles" }"#;
    std::fs::write(&file, two.named(&format!("[migrate]\n{rename}"))).unwrap();
    let config = ["--config", file.to_str().unwrap()];
    let (run, _) = migrate_as(&two.server(), &two.target, &[&together[..], &config].concat());
    assert!(run.code <= 1, "{}", run.all());
    let keys =
        "SELECT conrelid::regclass, confrelid::regclass FROM pg_constraint WHERE contype = 'f'
        AND connamespace = '\"all\"'::regnamespace ORDER BY conname";
    assert_eq!(
        two.target.sql(keys),
        "\"all\".articles\t\"all\".authors\n\"all\".articles\t\"all\".users\n"
    );
    // Index names that clash between the two get their table's in front.
    let indexes = "SELECT indexname FROM pg_indexes WHERE indexname LIKE '%by_name%' ORDER BY 1";
    assert_eq!(two.target.sql(indexes), "users_by_name\nusers_by_name_2\n");
}

#[test]
fn a_dry_run_tells_all_of_it_and_an_old_journal_is_refused() {
    let Some(two) = Two::create(PAIRS[0], "sevy") else { return };
    let (run, report) = two.migrate("", &["--dry-run"]);
    assert!(run.code <= 1, "{}", run.all());
    let plan = report.0["plan"].as_array().unwrap();
    let users = plan.iter().filter(|table| table["source"]["name"] == "users");
    let mut schemas: Vec<&str> =
        users.map(|one| one["target"]["schema"].as_str().unwrap()).collect();
    schemas.sort_unstable();
    assert_eq!(schemas, ["blog", "public"]);
    for statement in [
        r#"CREATE SCHEMA IF NOT EXISTS "blog""#,
        r#"CREATE TABLE "blog"."users""#,
        r#"REFERENCES "public"."users""#,
    ] {
        assert!(run.stdout.contains(statement), "{statement}: {}", run.all());
    }
    assert!(run.stderr.contains(&two.named("BLOG.users")), "{}", run.all());
    two.target
        .sql("CREATE SCHEMA nirvana; CREATE TABLE nirvana.chunk (run bigint, source_table text)");
    let (run, _) = two.migrate("", &[]);
    assert_eq!(run.code, 3, "{}", run.all());
    assert!(run.all().contains("of an older nirvana"), "{}", run.all());
    assert_eq!(two.target.sql("SELECT count(*) FROM pg_class WHERE relname = 'users'"), "0\n");
}
