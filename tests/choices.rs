//! What nirvana.toml chooses for `migrate` and `verify`.

use crate::support::{PAIRS, Source, Target, databases, migrate, migrate_with, nirvana, run};

const SHOP: &str = "
    CREATE TABLE orders (id int PRIMARY KEY, paid tinyint(1) NOT NULL, flags tinyint(1),
      big bigint unsigned, doc json, at datetime);
    INSERT INTO orders VALUES (1, 1, 1, 5, '{\"b\": 1}', '2020-01-01'),
      (2, 0, 0, 6, '{}', '2021-01-01'), (3, 1, NULL, 7, NULL, '2022-01-01');
    CREATE TABLE order_items (id int PRIMARY KEY, order_id int,
      CONSTRAINT of_order FOREIGN KEY (order_id) REFERENCES orders (id));
    INSERT INTO order_items VALUES (1, 2), (2, 3);
    CREATE TABLE tmp_old (id int); CREATE TABLE sessions (id int);";

#[test]
fn tables_rows_names_and_types_are_chosen() {
    for pair in PAIRS {
        let Some((source, target)) = databases(pair, "choices") else { return };
        source.sql(SHOP);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("nirvana.toml");
        std::fs::write(
            &file,
            r#"
            [migrate]
            include = ["order*", "tmp_*"]
            exclude = ["tmp_*"]
            schema = "shop"
            before = ["CREATE TABLE public.noted (what text)"]
            after = ["INSERT INTO public.noted SELECT 'orders: ' || count(*) FROM shop.purchases"]
            rename = { orders = "purchases" }
            where = { orders = "at >= '2021-01-01' OR paid = 5" }
            [migrate.types]
            "tinyint(1)" = "smallint"
            "orders.paid" = "boolean"
            "bigint unsigned" = "numeric(20,0)"
            json = "json"
            "#,
        )
        .unwrap();
        let config = file.to_str().unwrap();
        let (run_, report) = migrate(&source, &target, &["--config", config]);
        assert_eq!(run_.code, 0, "{}", run_.all());
        let rows = report.proven_rows();
        assert_eq!(rows, [("order_items".to_owned(), 2), ("orders".to_owned(), 2)]);
        let types = "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
            WHERE attrelid = 'shop.purchases'::regclass AND attnum BETWEEN 2 AND 5 ORDER BY 1";
        let expected = "big\tnumeric(20,0)\ndoc\tjson\nflags\tsmallint\npaid\tboolean\n";
        assert_eq!(target.sql(types), expected);
        assert_eq!(target.sql("SELECT what FROM noted"), "orders: 2\n");
        let key = "SELECT confrelid::regclass, convalidated FROM pg_constraint WHERE contype = 'f'
            AND connamespace = 'shop'::regnamespace";
        assert_eq!(target.sql(key), "shop.purchases\tt\n");
        // The same file tells `verify` what to compare.
        let mut verify = nirvana();
        verify.args(["verify", "--independent", "--config", config]);
        verify.args([source.url(), target.url()]);
        let verified = run(verify);
        assert_eq!(verified.code, 0, "{}", verified.all());
    }
}

#[test]
fn what_cannot_be_chosen_is_said_before_anything_is_tried() {
    let pair = (Source::MariaDb, Target::Postgres15);
    let Some((source, target)) = databases(pair, "choices") else { return };
    source.sql(SHOP);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nirvana.toml");
    let cases = [
        ("[migrate]\nexlude = ['a']", 2, "exclude"),
        ("[migrat]\nexclude = ['a']", 2, "migrate"),
        ("[migrate.types]\n'orders.paid' = 'bool'", 2, "boolean"),
        ("[migrate]\nrename = { ordres = 'x' }", 3, "no ordres"),
        ("[migrate.types]\n'orders.payd' = 'boolean'", 3, "no orders.payd"),
        ("[migrate.types]\n'orders.doc' = 'uuid'", 1, "no exact way"),
        ("[migrate]\nwhere = { orders = 'nonsense(' }", 4, "not copied"),
    ];
    for (text, code, words) in cases {
        std::fs::write(&file, text).unwrap();
        // The file is found where one stands.
        let mut command = nirvana();
        command.current_dir(folder.path()).args(["migrate", "--schema", &format!("s{code}")]);
        let run = run({
            command.args([source.url(), target.url()]);
            command
        });
        assert_eq!(run.code, code, "{text}: {}", run.all());
        assert!(run.all().contains(words), "{text}: {}", run.all());
    }
    // What somebody's own SQL has made is there, whatever comes after it.
    let text = "[migrate]\nbefore = ['CREATE TABLE mine (a int)', 'CREATE TABLE orders (x int)']";
    let (run, _) = migrate_with(&source, &target, (text, &[]));
    assert_eq!(run.code, 4, "{}", run.all());
    assert_eq!(target.sql("SELECT to_regclass('mine') IS NOT NULL"), "t\n");
}
