//! `migrate --data-only`: into a schema that an application has made.

use crate::support::{
    PAIRS, Report, Run, Source, SourceDatabase, Target, TargetDatabase, databases, fixtures,
    killed_after, migrate, migrate_between, nirvana, run, unique,
};

const PAIR: (Source, Target) = (Source::MariaDb, Target::Postgres15);

/// Every foreign key and trigger, as the server describes them.
const ATTACHED: &str = "SELECT conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid)
      FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY 1, 2;
    SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2";

/// Moves with --data-only.
fn fill(source: &SourceDatabase, target: &TargetDatabase, more: &[&str]) -> (Run, Report) {
    migrate(source, target, &[&["--data-only"], more].concat())
}

fn verify(source: &SourceDatabase, target: &TargetDatabase, more: &[&str]) -> Run {
    let mut command = nirvana();
    command.args(["verify", "--data-only"]).args(more).args([source.url(), target.url()]);
    run(command)
}

fn file(target: &TargetDatabase, name: &str) {
    let path = fixtures().join("databases").join(name);
    target.sql(&std::fs::read_to_string(path).unwrap());
}

#[test]
fn a_shop_fills_the_schema_that_rails_made() {
    for pair in [PAIRS[0], PAIRS[3]] {
        let Some((source, target)) = databases(pair, "rails") else { return };
        source.load(&fixtures().join("databases/shop.sql"), false);
        file(&target, "shop-rails.sql");
        let before = target.sql(ATTACHED);
        let (run, report) = fill(&source, &target, &[]);
        assert_eq!(run.code, 0, "{pair:?}: {}", run.all());
        let moved: u64 = report.proven_rows().iter().map(|(_, rows)| rows).sum();
        assert!(moved > 20_000, "{moved}");
        // Foreign keys and triggers are as they were, and no trigger has fired.
        assert_eq!(target.sql(ATTACHED), before);
        assert_eq!(target.sql("SELECT count(*) FROM order_notices"), "0\n");
        assert_eq!(target.sql("SELECT count(*) FROM nirvana.set_aside"), "0\n");
        // What Rails keeps for itself is the target's.
        assert_eq!(target.sql("SELECT count(*) FROM schema_migrations"), "2\n");
        let defaults = "SELECT count(*) FROM users WHERE time_zone = 'UTC' AND type IS NULL";
        assert_eq!(target.sql(defaults), source.sql("SELECT count(*) FROM users"));
        // The next order is the source's next one, and it is noted.
        target.sql(
            "INSERT INTO orders (number, billing_address_id, created_at, updated_at)
             VALUES ('new', 1, now(), now())",
        );
        assert_eq!(target.sql("SELECT order_id FROM order_notices"), "1000000001\n");
        let next = "SELECT nextval('refunds_id_seq'), nextval('categories_id_seq'),
            nextval('active_storage_variant_records_id_seq')";
        assert_eq!(target.sql(next), "5000000001\t1001\t77\n");
        // The servers' own words judge what was converted.
        for (there, here) in [
            ("HEX(token), id FROM carts", "upper(replace(token::text, '-', '')), id FROM carts"),
            ("labels, id FROM products", "array_to_string(labels, ','), id FROM products"),
            (
                "weekdays, opened_in, id FROM pickup_points",
                "weekdays, opened_in, id FROM pickup_points",
            ),
            ("status, note, id FROM orders", "status, note, id FROM orders WHERE number <> 'new'"),
            (
                "barcode, compare_at_price, id FROM product_variants",
                "barcode, compare_at_price::numeric(10,2), id FROM product_variants",
            ),
            (
                "HEX(request_uuid), id FROM audit_events WHERE request_uuid IS NULL",
                "request_uuid, id FROM audit_events WHERE request_uuid IS NULL",
            ),
        ] {
            let rows = |printed: String| printed.replace("NULL", "");
            let there = rows(source.sql(&format!("SELECT {there} ORDER BY id")));
            let here = target.sql(&format!("SELECT {here} ORDER BY id"));
            assert!(there == here, "{pair:?}: {here}");
        }
        target.sql("DELETE FROM orders WHERE number = 'new'");
        let verified = verify(&source, &target, &[]);
        assert_eq!(verified.code, 0, "{}", verified.all());
    }
}

#[test]
fn differences_are_told_before_a_row_moves_and_accepted_one_by_one() {
    let Some((source, target)) = databases(PAIR, "differs") else { return };
    source.load(&fixtures().join("databases/shop.sql"), false);
    file(&target, "shop-rails.sql");
    target.sql(
        "ALTER TABLE products DROP COLUMN brand;
         ALTER TABLE refunds ALTER COLUMN reason TYPE varchar(20);",
    );
    let before = target.sql(ATTACHED);
    let differences = ["missing-in-target products.brand", "narrower refunds.reason"];
    let (brand, reason) = ("missing-column:products.brand", "narrower:refunds.reason");
    for accepted in [
        &[][..],
        &["--accept", brand],
        &["--accept", reason, "--accept", brand, "--accept", "missing-column:orders.brand"],
    ] {
        let (run, report) = fill(&source, &target, accepted);
        assert_eq!(run.code, 3, "{accepted:?}: {}", run.all());
        assert_eq!(report.warnings()[..2], differences, "{accepted:?}");
        if accepted.len() > 4 {
            let words = "--accept missing-column:orders.brand is no difference between the two; \
                         nearest: missing-column:products.brand";
            assert!(run.all().contains(words), "{}", run.all());
        }
        // Nothing was written.
        assert_eq!(target.sql("SELECT count(*) FROM users"), "0\n");
        assert_eq!(target.sql("SELECT to_regnamespace('nirvana') IS NULL"), "t\n");
        assert_eq!(target.sql(ATTACHED), before);
    }
    let (dry, _) = fill(&source, &target, &["--dry-run"]);
    assert_eq!(dry.code, 1, "{}", dry.all());
    assert!(dry.stdout.contains("DISABLE TRIGGER \"orders_are_noted\""), "{}", dry.all());
    assert_eq!(target.sql(ATTACHED), before);

    let accepted = ["--accept", brand, "--accept", reason];
    let (run, report) = fill(&source, &target, &accepted);
    assert_eq!(run.code, 1, "{}", run.all());
    let expected = [
        "left-behind products.brand",
        "missing-in-target products.brand",
        "narrower refunds.reason",
        "rows-quarantined refunds",
    ];
    assert_eq!(report.warnings(), expected);
    let branded = source.sql("SELECT COUNT(brand) FROM products");
    let words = format!("{} values that are not NULL", branded.trim());
    assert!(run.all().contains(&words), "{words}: {}", run.all());
    // What does not fit is set aside whole, and nothing is cut.
    let longer =
        source.sql("SELECT id, reason FROM refunds WHERE CHAR_LENGTH(reason) > 20 ORDER BY id");
    assert!(longer.lines().count() > 10, "{longer}");
    let kept = "SELECT row->>'id', row->>'reason' FROM nirvana.quarantined
        ORDER BY (row->>'id')::int";
    assert_eq!(target.sql(kept), longer);
    let shorter = "SELECT count(*) FROM refunds";
    let fits = "SELECT COUNT(*) FROM refunds WHERE reason IS NULL OR CHAR_LENGTH(reason) <= 20";
    assert_eq!(target.sql(shorter), source.sql(fits));
    assert_eq!(target.sql(ATTACHED), before);
    let verified = verify(&source, &target, &accepted);
    assert_eq!(verified.code, 1, "{}", verified.all());
    assert!(verified.stdout.contains("Rows equal"), "{}", verified.all());
    // Once more: rows that are there are a reason to stop, unless they are to go.
    let (run, report) = fill(&source, &target, &accepted);
    assert_eq!(run.code, 3, "{}", run.all());
    assert!(report.codes().contains(&"target-not-empty".to_owned()), "{:?}", report.codes());
    let (run, report) =
        fill(&source, &target, &[&accepted[..], &["--if-exists", "truncate"]].concat());
    assert_eq!(run.code, 1, "{}", run.all());
    assert_eq!(report.warnings(), expected);
    assert_eq!(target.sql(ATTACHED), before);
}

/// As Laravel makes it, and as its owner, who is no superuser.
#[test]
fn a_schema_of_laravel_is_filled_by_its_owner() {
    for pair in [PAIRS[1], PAIRS[2]] {
        let Some((source, target)) = databases(pair, "laravel") else { return };
        source.sql(LARAVEL_MYSQL);
        let owner = Role::create(&target);
        target.sql(&format!("SET ROLE {}; {LARAVEL_POSTGRES}", owner.name));
        let before = target.sql(ATTACHED);
        let url = target.url().replace("nirvana_admin", &owner.name);
        let fill = |more: &[&str]| {
            migrate_between(&source.url(), &url, &[&["--data-only"], more].concat())
        };
        let (run, report) = fill(&[]);
        assert_eq!(run.code, 3, "{}", run.all());
        let differences = [
            "extra-column posts.slug",
            "missing-in-target cache",
            "narrower posts.views",
            "narrower users.created_at",
        ];
        assert_eq!(report.warnings(), differences, "{}", run.all());
        target.sql("ALTER TABLE posts ALTER COLUMN slug SET DEFAULT ''");
        let (run, report) = fill(&[
            "--accept",
            "missing-table:cache",
            "--accept",
            "narrower:posts.views",
            "--accept",
            "narrower:users.created_at",
        ]);
        assert_eq!(run.code, 1, "{}", run.all());
        let rows = report.proven_rows();
        assert_eq!(rows, [("posts".to_owned(), 3), ("users".to_owned(), 3)]);
        // Too many views, a status that the target's check refuses, a fraction of a second.
        let kept =
            "SELECT source_table, row->>'id', coalesce(column_name, '') FROM nirvana.quarantined
            ORDER BY 1, 2";
        assert_eq!(target.sql(kept), "posts\t3\tviews\nposts\t4\t\nusers\t4\tcreated_at\n");
        let posts = "SELECT id, user_id, status, published, views FROM posts ORDER BY id";
        let expected = "1\t1\tdraft\tt\t0\n2\t2\tpublished\tf\t7\n5\t9\tdraft\tt\t1\n";
        assert_eq!(target.sql(posts), expected);
        assert_eq!(
            target.sql("SELECT created_at FROM users WHERE id = 1"),
            "2024-02-29 12:00:00\n"
        );
        // A post of nobody's: its key stays, for those to come.
        let after =
            before.replace("posts\tposts_user_id_foreign\tt", "posts\tposts_user_id_foreign\tf");
        let after = after.replace("ON DELETE CASCADE", "ON DELETE CASCADE NOT VALID");
        assert_eq!(target.sql(ATTACHED), after);
        assert!(report.warnings().contains(&"orphans posts.posts_user_id_foreign".to_owned()));
        assert_eq!(
            target.sql("SELECT nextval('posts_id_seq'), nextval('users_id_seq')"),
            "6\t1001\n"
        );
        assert!(
            target.attempt("INSERT INTO posts (user_id, status) VALUES (99, 'draft')").is_err()
        );
        assert_eq!(target.sql("SELECT count(*) FROM migrations"), "1\n");
    }
}

const LARAVEL_MYSQL: &str = "
    CREATE TABLE migrations (id int unsigned PRIMARY KEY AUTO_INCREMENT, migration varchar(255) NOT NULL, batch int NOT NULL);
    INSERT INTO migrations VALUES (1, 'of_mysql', 1), (2, 'of_mysql_too', 1);
    CREATE TABLE cache (`key` varchar(255) PRIMARY KEY, value mediumtext NOT NULL, expiration int NOT NULL);
    CREATE TABLE users (id bigint unsigned PRIMARY KEY AUTO_INCREMENT, name varchar(255) NOT NULL,
      email_verified_at timestamp NULL, created_at datetime(6) NULL) AUTO_INCREMENT = 1001;
    INSERT INTO users VALUES (1, 'a', NULL, '2024-02-29 12:00:00'), (2, 'b', '2024-01-01 00:00:00', NULL),
      (3, 'c', NULL, NULL), (4, 'd', NULL, '2024-01-01 00:00:00.5');
    CREATE TABLE posts (id bigint unsigned PRIMARY KEY AUTO_INCREMENT, user_id bigint unsigned NOT NULL,
      status enum('draft', 'published', 'gone') NOT NULL, published tinyint(1) NOT NULL DEFAULT 0,
      views int unsigned NOT NULL DEFAULT 0, meta json,
      CONSTRAINT posts_user_id_foreign FOREIGN KEY (user_id) REFERENCES users (id));
    SET foreign_key_checks = 0;
    INSERT INTO posts VALUES (1, 1, 'draft', 1, 0, '{\"a\": 1}'), (2, 2, 'published', 0, 7, NULL),
      (3, 1, 'draft', 1, 4000000000, NULL), (4, 1, 'gone', 1, 1, NULL), (5, 9, 'draft', 1, 1, NULL);";

const LARAVEL_POSTGRES: &str = "
    CREATE TABLE migrations (id serial PRIMARY KEY, migration varchar(255) NOT NULL, batch integer NOT NULL);
    INSERT INTO migrations (migration, batch) VALUES ('of_postgres', 1);
    CREATE TABLE users (id bigserial PRIMARY KEY, name varchar(255) NOT NULL,
      email_verified_at timestamp(0), created_at timestamp(0));
    CREATE TABLE posts (id bigserial PRIMARY KEY, user_id bigint NOT NULL,
      status varchar(255) NOT NULL CHECK (status IN ('draft', 'published')),
      published boolean NOT NULL DEFAULT false, views integer NOT NULL DEFAULT 0, meta json,
      slug varchar(255) NOT NULL,
      CONSTRAINT posts_user_id_foreign FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE);
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
    CREATE TRIGGER never BEFORE DELETE ON users FOR EACH ROW EXECUTE FUNCTION refuse();
    CREATE TRIGGER once AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION refuse();
    ALTER TABLE users DISABLE TRIGGER once;";

/// Django knows instants only, and fills tables of its own; names are those of Prisma.
#[test]
fn a_schema_of_django_is_emptied_and_filled() {
    for pair in [PAIRS[0], PAIRS[3]] {
        let Some((source, target)) = databases(pair, "django") else { return };
        source.sql(
            "CREATE TABLE django_migrations (id bigint PRIMARY KEY AUTO_INCREMENT, app varchar(255) NOT NULL,
               name varchar(255) NOT NULL, applied datetime(6) NOT NULL);
             CREATE TABLE django_content_type (id int PRIMARY KEY AUTO_INCREMENT, model varchar(100) NOT NULL UNIQUE);
             INSERT INTO django_content_type VALUES (5, 'user'), (6, 'order');
             CREATE TABLE shop_order (id bigint PRIMARY KEY AUTO_INCREMENT, token char(32) NOT NULL,
               at datetime(6) NOT NULL, content_type_id int NOT NULL);
             INSERT INTO shop_order VALUES (1, '00112233445566778899aabbccddeeff', '2024-06-01 12:00:00.123456', 5),
               (2, 'not hexadecimal, thirty-two long', '2024-06-01', 6);
             CREATE TABLE `OrderItem` (`Id` int PRIMARY KEY AUTO_INCREMENT, `orderId` bigint NOT NULL);
             INSERT INTO `OrderItem` VALUES (7, 1);",
        );
        target.sql(
            "CREATE TABLE django_migrations (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
               app varchar(255) NOT NULL, name varchar(255) NOT NULL, applied timestamptz NOT NULL);
             INSERT INTO django_migrations (app, name, applied) VALUES ('shop', '0001_initial', now());
             CREATE TABLE django_content_type (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
               model varchar(100) NOT NULL UNIQUE);
             INSERT INTO django_content_type (model) VALUES ('order'), ('user');
             CREATE TABLE shop_order (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, token uuid NOT NULL,
               at timestamptz NOT NULL, content_type_id integer NOT NULL,
               CONSTRAINT shop_order_type FOREIGN KEY (content_type_id) REFERENCES django_content_type (id)
                 DEFERRABLE INITIALLY DEFERRED);
             CREATE TABLE order_item (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id bigint NOT NULL);",
        );
        let before = target.sql(ATTACHED);
        let (run, report) = fill(&source, &target, &[]);
        assert_eq!(run.code, 3, "{}", run.all());
        let differences =
            ["target-not-empty django_content_type", "time-zone-chosen shop_order.at"];
        assert_eq!(report.warnings(), differences, "{}", run.all());
        let more = ["--if-exists", "truncate", "--accept", "datetime-as-utc:*"];
        let (run, report) = fill(&source, &target, &more);
        assert_eq!(run.code, 1, "{}", run.all());
        assert_eq!(
            report.warnings(),
            ["rows-quarantined shop_order", "time-zone-chosen shop_order.at"]
        );
        let rows = "SELECT token, at, content_type_id FROM shop_order; SELECT * FROM order_item;
            SELECT * FROM django_content_type ORDER BY id; SELECT count(*) FROM django_migrations";
        let expected = "00112233-4455-6677-8899-aabbccddeeff\t2024-06-01 12:00:00.123456+00\t5\n\
            7\t1\n5\tuser\n6\torder\n1\n";
        assert_eq!(target.sql(rows), expected);
        assert_eq!(target.sql(ATTACHED), before);
        let next = "INSERT INTO order_item (order_id) VALUES (1) RETURNING id";
        assert_eq!(target.sql(next), "8\n");
    }
}

/// About a second's work, so that a run can be cut off in the middle.
const ROWS: &str = "
    CREATE TABLE numbers (id bigint PRIMARY KEY AUTO_INCREMENT, t varchar(120));
    INSERT INTO numbers (t) SELECT REPEAT(MD5(seq), 3) FROM seq_1_to_40000;
    CREATE TABLE child (id int PRIMARY KEY, number_id bigint NOT NULL);
    INSERT INTO child SELECT seq, seq * 3 FROM seq_1_to_5000;
    ANALYZE TABLE numbers, child;";

const TABLES: &str = "
    CREATE TABLE numbers (id bigserial PRIMARY KEY, t text);
    CREATE TABLE child (id integer PRIMARY KEY,
      number_id bigint NOT NULL CONSTRAINT child_number REFERENCES numbers ON DELETE CASCADE);
    CREATE TABLE fired (what text);
    CREATE TABLE other (number_id bigint CONSTRAINT other_number REFERENCES numbers DEFERRABLE);
    CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO fired VALUES (TG_NAME); RETURN NEW; END $$;
    CREATE TRIGGER plain AFTER INSERT ON numbers FOR EACH ROW EXECUTE FUNCTION fire();
    CREATE TRIGGER always AFTER INSERT OR DELETE ON child FOR EACH STATEMENT EXECUTE FUNCTION fire();
    ALTER TABLE child ENABLE ALWAYS TRIGGER always;";

#[test]
fn killed_and_resumed_foreign_keys_and_triggers_are_as_before() {
    let Some((source, target)) = databases(PAIR, "killed") else { return };
    source.sql(ROWS);
    let make = || {
        target.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA IF EXISTS nirvana CASCADE");
        target.sql(TABLES);
    };
    make();
    let before = target.sql(ATTACHED);
    let mut aside = 0;
    for lines in [8, 10, 11, 12, 14, 20, 26] {
        make();
        let mut killed = killed_after(&source, &target, (lines, &["--data-only"]));
        if target.sql("SELECT to_regclass('nirvana.set_aside') IS NOT NULL") == "t\n" {
            aside += usize::from(target.sql("SELECT count(*) FROM nirvana.set_aside") != "0\n");
        }
        for again in [lines - 4, lines] {
            killed =
                killed && killed_after(&source, &target, (again, &["--data-only", "--resume"]));
        }
        let (run, report) = fill(&source, &target, &["--resume"]);
        assert_eq!(run.code, 0, "after {lines}: {}", run.all());
        assert!(report.unproven().is_empty(), "{}", run.all());
        assert_eq!(target.sql(ATTACHED), before, "after {lines}");
        let sums = "SELECT COUNT(*), MIN(t), MAX(t) FROM numbers; SELECT COUNT(*), SUM(number_id) FROM child";
        assert_eq!(target.sql(sums), source.sql(sums), "after {lines}");
        assert_eq!(
            target.sql("SELECT count(*) FROM fired; SELECT count(*) FROM nirvana.set_aside"),
            "0\n0\n"
        );
        // The server's counter stands beyond the greatest number.
        let next = "SELECT auto_increment FROM information_schema.tables
            WHERE table_schema = DATABASE() AND table_name = 'numbers'";
        assert_eq!(target.sql("SELECT nextval('numbers_id_seq')"), source.sql(next));
    }
    assert!(aside > 1, "hardly a run was killed while something was set aside");
}

#[test]
fn a_run_that_begins_anew_brings_back_what_a_killed_one_took_away() {
    let Some((source, target)) = databases(PAIR, "anew") else { return };
    source.sql(ROWS);
    target.sql(TABLES);
    let before = target.sql(ATTACHED);
    let away = "SELECT count(*) FROM nirvana.set_aside";
    // By hand, as the journal says.
    for lines in 11.. {
        assert!(
            killed_after(&source, &target, (lines, &["--data-only", "--if-exists", "truncate"])),
            "it was never cut off in time"
        );
        let there = target.sql("SELECT to_regclass('nirvana.set_aside') IS NOT NULL");
        if there == "t\n" && target.sql(away) == "4\n" {
            break;
        }
    }
    let by_hand = target.sql("SELECT restore || ';' FROM nirvana.set_aside");
    target.sql(&format!("BEGIN; TRUNCATE numbers, child; {by_hand} ROLLBACK"));
    let (run, _) = fill(&source, &target, &["--if-exists", "truncate"]);
    assert_eq!(run.code, 0, "{}", run.all());
    assert_eq!(target.sql(ATTACHED), before);
    assert_eq!(target.sql(away), "0\n");
}

#[test]
fn what_is_mistyped_is_a_usage_error() {
    for (more, words) in [
        (["--accept", "mising-column:a.b"], "missing-column"),
        (["--accept", "narrower:orders"], "narrower:table.column"),
        (["--if-exists", "drop"], "truncate"),
    ] {
        let mut command = nirvana();
        command.args(["migrate", "--data-only"]).args(more).args(["mysql://h/d", "postgres://h/d"]);
        let run = run(command);
        assert_eq!(run.code, 2, "{}", run.all());
        assert!(run.stderr.contains(words), "{}", run.all());
    }
    let mut command = nirvana();
    command.args(["migrate", "--accept", "narrower:a.b", "mysql://h/d", "postgres://h/d"]);
    let run = run(command);
    assert_eq!(run.code, 2, "{}", run.all());
    assert!(run.stderr.contains("--data-only"), "{}", run.all());
}

/// Somebody who owns tables and is no superuser.
pub(crate) struct Role<'a> {
    pub(crate) name: String,
    target: &'a TargetDatabase,
}

impl<'a> Role<'a> {
    pub(crate) fn create(target: &'a TargetDatabase) -> Self {
        let name = unique("owner");
        target.sql(&format!(
            "CREATE ROLE {name} LOGIN PASSWORD 'admin'; GRANT CREATE ON DATABASE {} TO {name};
             GRANT CREATE, USAGE ON SCHEMA public TO {name}",
            target.name
        ));
        Self { name, target }
    }
}

impl Drop for Role<'_> {
    fn drop(&mut self) {
        self.target.sql(&format!("DROP OWNED BY {0} CASCADE; DROP ROLE {0}", self.name));
    }
}
