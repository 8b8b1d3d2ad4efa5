//! The other ends: a dump of several databases, a directory of them, and schemas that stand.

use std::path::Path;

use super::{PAIRS, Two, rows};
use crate::support::{PASSWORD, Source, client, migrate_between, nirvana, run};

/// What the source's own tool writes of both.
fn dumped(two: &Two, path: &Path) {
    let (program, own): (_, &[&str]) = match two.shop.server {
        Source::MariaDb => ("mariadb-dump", &[]),
        Source::MySql => ("mysqldump", &["--set-gtid-purged=OFF"]),
    };
    let mut command = client(program);
    command.args(two.shop.address_options()).args(own).env("MYSQL_PWD", PASSWORD);
    command.args(["--databases", &two.shop.name, &two.blog.name]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::write(path, output.stdout).unwrap();
}

#[test]
fn a_dump_of_both_is_as_good_as_the_server() {
    for pair in PAIRS {
        let Some(two) = Two::create(pair, "sevm") else { return };
        let path = two.folder.path().join("both.sql");
        dumped(&two, &path);
        let dump = path.to_str().unwrap();
        let (run, _) = migrate_between(dump, &two.target.url(), &[]);
        assert_eq!(run.code, 3, "{}", run.all());
        assert!(run.all().contains("[migrate.databases]"), "{}", run.all());
        let file = two.config("exclude = ['tmp_*']");
        let config = ["--config", file.to_str().unwrap()];
        let (run, report) = migrate_between(dump, &two.target.url(), &config);
        assert!(run.code <= 1, "{}", run.all());
        let expected =
            ["blog.posts 2", "blog.users 2", "shop.other_list 0", "shop.posts 1", "shop.users 3"];
        assert_eq!(rows(&two, &report), expected);
        assert_eq!(two.target.sql("SELECT * FROM blog.both_users"), "dee\tcid\n");
        assert_eq!(two.target.sql("SELECT * FROM blog.namesakes ORDER BY 1"), "1\tann\n2\tbob\n");
        let key = "SELECT confrelid::regclass, convalidated FROM pg_constraint WHERE conname = 'of_buyer'";
        assert_eq!(two.target.sql(key), "users\tt\n");
        // And the server's databases are what became of the dump.
        let (run, _) = two.verify("exclude = ['tmp_*']", &[]);
        assert!(
            run.code <= 1 && run.all().contains("every row compared and equal"),
            "{}",
            run.all()
        );
    }
}

#[test]
fn a_directory_takes_both() {
    let Some(two) = Two::create(PAIRS[0], "sevf") else { return };
    let (file, directory) = (two.config(""), two.folder.path().join("packed"));
    let config = ["--config", file.to_str().unwrap()];
    let (run_, report) = migrate_between(&two.server(), directory.to_str().unwrap(), &config);
    assert!(run_.code <= 1, "{}", run_.all());
    assert_eq!(report.0["tables"].as_array().unwrap().len(), 7);
    let (host, port) = crate::support::address(&two.target.url());
    let mut load = client("psql");
    load.args(["-X", "-h", &host, "-p", &port, "-U", "nirvana_admin", "-d", &two.target.name]);
    load.args(["-f", "load.sql"]).current_dir(&directory).env("PGPASSWORD", PASSWORD);
    let loaded = load.output().unwrap();
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    let mut verify = nirvana();
    verify.arg("verify").arg(&directory).arg(two.target.url());
    let verified = run(verify);
    assert!(verified.code <= 1, "{}", verified.all());
    assert_eq!(two.target.sql("SELECT * FROM blog.both_users"), "dee\tcid\n");
}

/// Schemas that stand are filled, each by its own database.
#[test]
fn data_only_into_two_schemas() {
    for pair in PAIRS {
        let Some(two) = Two::create(pair, "seva") else { return };
        two.target.sql(
            "CREATE TABLE users (id serial PRIMARY KEY, name text, flag boolean, seen timestamp, kind text);
             CREATE TABLE posts (id int PRIMARY KEY, body text);
             CREATE SCHEMA blog;
             CREATE TABLE blog.users (id serial PRIMARY KEY, name text, flag smallint, touched timestamptz);
             CREATE TABLE blog.posts (id int PRIMARY KEY, user_id int REFERENCES blog.users,
               buyer_id int REFERENCES public.users)",
        );
        let config = "exclude = ['tmp_*', 'other_*']";
        let (run, _) = two.migrate(config, &["--data-only"]);
        assert_eq!(run.code, 3, "{}", run.all());
        let accept = two.named("missing-column:BLOG.users.kind");
        assert!(run.all().contains(&format!("--accept {accept}")), "{}", run.all());
        let (run, report) = two.migrate(config, &["--data-only", "--accept", &accept]);
        assert!(run.code <= 1, "{}", run.all());
        assert_eq!(
            rows(&two, &report),
            ["blog.posts 2", "blog.users 2", "shop.posts 1", "shop.users 3"]
        );
        assert_eq!(
            two.target.sql("SELECT string_agg(name, ' ' ORDER BY id) FROM blog.users"),
            "dee eve\n"
        );
        assert_eq!(two.target.sql("INSERT INTO users (name) VALUES ('x') RETURNING id"), "4\n");
        let keys = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated
            AND connamespace = 'blog'::regnamespace";
        assert_eq!(two.target.sql(keys), "2\n");
    }
}
