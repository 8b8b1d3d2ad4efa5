//! `nirvana provision` on real servers: what it plans, runs, tells and refuses.
//!
//! Whatever alters roles that a test did not make itself runs on a server of its own.

use std::fmt::Write as _;

use crate::grants::{LONG, PASSWORDS, Project, mysql_as, psql, psql_as, server, toml};
use crate::support::{PASSWORD, Source, TargetDatabase, Victim, nirvana, run, setting, unique};

/// On the shared servers: a grant that somebody wrote without knowing of wildcards.
#[test]
fn a_grant_with_wildcards_becomes_an_exact_one_without_losing_anything() {
    for kind in [Source::MariaDb, Source::MySql] {
        let variable = if kind == Source::MariaDb { "MARIADB" } else { "MYSQL" };
        let Some(url) = setting(&format!("NIRVANA_TEST_{variable}")) else { return };
        let admin = |sql: &str| mysql_as(kind, &url, ("nirvana_admin", PASSWORD), sql).unwrap();
        let name = unique("wild");
        let other = name.replace('_', "x");
        admin(&format!(
            "CREATE DATABASE `{name}`; CREATE DATABASE `{other}`; \
             CREATE TABLE `{name}`.t (a int); CREATE TABLE `{other}`.t (a int); \
             CREATE USER `{name}` IDENTIFIED BY 'old'; \
             GRANT SELECT, INSERT ON `{name}`.* TO `{name}`"
        ));
        let project = Project::new(&format!(
            "{}[[provision.servers.main.databases]]\nname = \"{name}\"\nread-only = [\"{name}\"]\n\
             [[provision.servers.main.users]]\nname = \"{name}\"\npassword = {{ env = \"PW0\" }}\n",
            server(&url)
        ));
        let shown = project.provision(&["--check"]);
        assert_eq!(shown.code, 1, "{}", shown.all());
        let exact = name.replace('_', "\\_");
        let grant = format!("GRANT INSERT, SELECT, SHOW VIEW ON `{exact}`.* TO `{name}`@`%`;");
        let revoke = format!("REVOKE INSERT, SELECT ON `{name}`.* FROM `{name}`@`%`;");
        let at = |text: &str| shown.stdout.find(text).unwrap_or_else(|| panic!("{}", shown.all()));
        assert!(at(&grant) < at(&revoke), "{}", shown.all());
        let applied = project.provision(&["--apply"]);
        let lost = format!("it also reached {other}");
        assert!(applied.all().contains(&lost), "{}", applied.all());
        // INSERT came from elsewhere than the file, which a run names until it is pruned.
        let again = project.provision(&["--check"]);
        assert_eq!((again.code, again.stdout.contains("GRANT")), (1, false), "{}", again.all());
        let attempt = |sql: &str| mysql_as(kind, &url, (&name, PASSWORDS[0]), sql);
        attempt(&format!("INSERT INTO `{name}`.t VALUES (1)")).unwrap();
        assert!(attempt(&format!("SELECT * FROM `{other}`.t")).is_err());
        project.settle(&["--prune"]);
        assert!(attempt(&format!("INSERT INTO `{name}`.t VALUES (1)")).is_err());
        attempt(&format!("SELECT * FROM `{name}`.t")).unwrap();
        admin(&format!("DROP USER `{name}`; DROP DATABASE `{name}`; DROP DATABASE `{other}`"));
    }
}

/// Owner, application and reader, on tables that are there and on those that come later.
pub(crate) fn roles_do_what_they_should(url: &str, admin: &str, database: &str) {
    let text = server(url).replace("nirvana_admin", admin);
    let mut text = format!(
        "{text}[[provision.servers.main.databases]]\nname = \"{database}\"\n\
         owner = \"{database}_owner\"\napp = [\"{database}_app\"]\n\
         read-only = [\"{database}_reader\"]\nschemas = [\"public\", \"more\"]\n"
    );
    for (at, role) in ["owner", "app", "reader", "other"].into_iter().enumerate() {
        writeln!(
            text,
            "[[provision.servers.main.users]]\nname = \"{database}_{role}\"\n\
             password = {{ env = \"PW{at}\" }}"
        )
        .unwrap();
    }
    let project = Project::new(&text);
    let applied = project.settle(&[]);
    let attempt = |role: &str, at: usize, sql: &str| {
        psql_as(url, database, (&format!("{database}_{role}"), PASSWORDS[at]), sql)
    };
    let (owner, app, reader) = (0, 1, 2);
    let make = "CREATE TABLE t (id serial PRIMARY KEY, a int); CREATE TABLE more.t (a int)";
    attempt("owner", owner, make).unwrap_or_else(|error| panic!("{error}{}", applied.all()));
    attempt("app", app, "INSERT INTO t (a) VALUES (1); UPDATE t SET a = 2; DELETE FROM t").unwrap();
    attempt("app", app, "INSERT INTO more.t VALUES (1)").unwrap();
    assert!(attempt("app", app, "CREATE TABLE u (a int)").is_err());
    attempt("reader", reader, "SELECT * FROM t, more.t").unwrap();
    assert!(attempt("reader", reader, "INSERT INTO t (a) VALUES (1)").is_err());
    assert!(attempt("other", 3, "SELECT 1").is_err());
    // A table that was there before its reader was: the grant is made good.
    attempt("owner", owner, &format!("REVOKE SELECT ON t FROM {database}_reader")).unwrap();
    let shown = project.provision(&["--check"]);
    assert!(
        shown.stdout.contains("GRANT SELECT ON ALL TABLES IN SCHEMA \"public\""),
        "{}",
        shown.all()
    );
    project.settle(&[]);
    attempt("reader", reader, "SELECT * FROM t").unwrap();
    // A password that somebody else set is set right again, and only then.
    psql(url, "postgres", &format!("ALTER ROLE {database}_app PASSWORD 'other'"));
    let shown = project.provision(&["--check"]);
    assert!(
        shown.stdout.contains(&format!("ALTER ROLE \"{database}_app\" PASSWORD '…'")),
        "{}",
        shown.all()
    );
    project.settle(&[]);
    attempt("app", app, "SELECT * FROM t").unwrap();
}

#[test]
fn a_person_has_access_for_a_time_and_a_file_that_tells_how() {
    let Some(victim) = Victim::spawn("postgres18") else { return };
    let url = victim.url.clone();
    let database = TargetDatabase::on(&url, "people");
    database.sql("CREATE TABLE t (a int)");
    let person = unique("alice");
    let project = Project::new(&format!(
        "{}[[provision.servers.main.databases]]\nname = \"{}\"\n",
        server(&url),
        database.name
    ));
    let access = |more: &[&str]| project.provision(&[&["access", &person], more].concat());
    let shown = access(&["--until", "30d"]);
    assert!(shown.stdout.contains("VALID UNTIL '20"), "{}", shown.all());
    assert!(!project.path().join(format!("{person}.env")).exists());
    let applied = access(&["--until", "30d", "--apply"]);
    assert_eq!(applied.code, 0, "{}", applied.all());
    let file = std::fs::read_to_string(project.path().join(format!("{person}.env"))).unwrap();
    let password = file.split_once(&format!("{}:", person.replace('_', "%5F"))).unwrap().1;
    let password = password.split_once('@').unwrap().0;
    assert!(!applied.all().contains(password), "{}", applied.all());
    psql_as(&url, &database.name, (&person, password), "SELECT * FROM t").unwrap();
    let again = access(&["--until", "30d", "--apply"]);
    assert!(again.stderr.contains("Nothing to do") || again.stdout.contains("Nothing to do"));
    let longer = access(&["--until", "6w", "--apply"]);
    assert!(longer.stdout.contains("ALTER ROLE"), "{}", longer.all());
    let revoked = access(&["--revoke", "--apply"]);
    assert_eq!(revoked.code, 0, "{}", revoked.all());
    assert!(psql_as(&url, &database.name, (&person, password), "SELECT 1").is_err());
    // Nobody whom this command has not let in.
    for other in ["nirvana_admin", "nirvana_client", "postgres"] {
        for arguments in [&["--until", "1d"][..], &["--revoke"]] {
            let all = [&["access", other, "--apply"], arguments].concat();
            let refused = project.provision(&all);
            assert_eq!(refused.code, 2, "{other} {arguments:?} {}", refused.all());
        }
    }
    let gone = access(&["--revoke"]);
    assert!(!gone.stdout.contains("DROP"), "{}", gone.all());
    // Nor one that is in all things like those that it made, but for the mark.
    let alike = format!("CREATE ROLE {person} LOGIN VALID UNTIL '2040-01-01'");
    psql(&url, "postgres", &alike);
    for arguments in [&["--until", "1d", "--apply"][..], &["--revoke", "--apply"]] {
        let refused = access(arguments);
        assert_eq!(refused.code, 2, "{}", refused.all());
        assert!(refused.all().contains("this command did not make it"), "{}", refused.all());
    }
    let count = format!("SELECT count(*) FROM pg_roles WHERE rolname = '{person}'");
    assert_eq!(psql(&url, "postgres", &count).trim(), "1");
}

#[test]
fn what_a_user_reaches_is_told_grant_by_grant() {
    let Some(url) = setting("NIRVANA_TEST_MARIADB") else { return };
    let admin =
        |sql: &str| mysql_as(Source::MariaDb, &url, ("nirvana_admin", PASSWORD), sql).unwrap();
    let name = unique("reach");
    let other = name.replace('_', "x");
    admin(&format!(
        "CREATE DATABASE `{name}`; CREATE DATABASE `{other}`; CREATE USER `{name}`@`10.%`; \
         GRANT SELECT ON `{name}`.* TO `{name}`@`10.%`; \
         GRANT INSERT ON `{}`.* TO `{name}`@`10.%`",
        name.replace('_', "\\_")
    ));
    let project = Project::new(&server(&url));
    let reach = project.provision(&["reach", &name, "--format", "json"]);
    admin(&format!("DROP USER `{name}`@`10.%`; DROP DATABASE `{name}`; DROP DATABASE `{other}`"));
    let report: serde_json::Value =
        serde_json::from_str(reach.stdout.lines().last().unwrap()).unwrap();
    let reached: Vec<(&str, usize)> = report["reach"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let databases = entry["databases"].as_array().unwrap().len();
            (entry["grant"].as_str().unwrap().split(' ').next().unwrap(), databases)
        })
        .collect();
    assert_eq!(reached, [("INSERT", 1), ("SELECT", 2)], "{}", reach.all());
    let codes: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"grant-hidden") && codes.contains(&"grant-reaches-further"));
    assert_eq!(reach.code, 1, "{}", reach.all());
}

#[test]
fn users_and_grants_are_carried_to_postgres_and_what_has_no_equal_is_named() {
    let Some(source) = setting("NIRVANA_TEST_MYSQL") else { return };
    let Some(victim) = Victim::spawn("postgres18") else { return };
    let target = victim.url.clone();
    let admin =
        |sql: &str| mysql_as(Source::MySql, &source, ("nirvana_admin", PASSWORD), sql).unwrap();
    let name = unique("carry");
    let exact = name.replace('_', "\\_");
    admin(&format!(
        "CREATE DATABASE `{name}`; CREATE TABLE `{name}`.t (id int, b int); \
         CREATE USER `{name}_app`@`10.0.0.%` IDENTIFIED BY 'x'; CREATE USER `{name}_col`; \
         GRANT SELECT, INSERT, EVENT ON `{exact}`.* TO `{name}_app`@`10.0.0.%`; \
         GRANT SELECT (id) ON `{name}`.t TO `{name}_col`; \
         CREATE USER `{name}_old`; GRANT SELECT ON `{exact}`.* TO `{name}_old`"
    ));
    let database = TargetDatabase::on(&target, "carry");
    database.sql("CREATE TABLE t (id int, b int)");
    let project = Project::new("");
    let from = format!("{}/{name}", source.replace(":admin@", "@"));
    let to = database.url();
    let carry = |more: &[&str]| {
        project.provision(&[&["from", &from, "to", &to, "--secrets", "kept"], more].concat())
    };
    // Somebody who is there already and has the same name is not the same.
    let same = "SELECT rolpassword FROM pg_authid WHERE rolname = 'nirvana_admin'";
    let before = psql(&target, "postgres", same);
    psql(&target, "postgres", &format!("CREATE ROLE {name}_old LOGIN"));
    let carried = carry(&["--apply", "--verbose"]);
    let after = psql(&target, "postgres", same);
    let kept = "SELECT rolpassword IS NULL FROM pg_authid WHERE rolname LIKE '%_old'";
    admin(&format!("DROP USER `{name}_app`@`10.0.0.%`"));
    let again_without = carry(&["--format", "json"]);
    admin(&format!("DROP USER `{name}_col`, `{name}_old`; DROP DATABASE `{name}`"));
    assert_eq!(after, before);
    assert_eq!(psql(&target, "postgres", kept).trim(), "t", "{}", carried.all());
    let text = carried.all();
    assert_eq!(carried.code, 1, "{text}");
    for word in ["EVENT", "pg_hba.conf", "password-not-carried", "10.0.0.%"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let password = |user: &str| {
        std::fs::read_to_string(project.path().join("kept").join(user)).unwrap().trim().to_owned()
    };
    let (app, col) = (format!("{name}_app"), format!("{name}_col"));
    let attempt =
        |user: &str, sql: &str| psql_as(&target, &database.name, (user, &password(user)), sql);
    let outcome = (
        attempt(&app, "INSERT INTO t VALUES (1, 2)").is_ok(),
        attempt(&app, "DELETE FROM t").is_ok(),
        attempt(&col, "SELECT id FROM t").is_ok(),
        attempt(&col, "SELECT b FROM t").is_ok(),
    );
    assert_eq!(outcome, (true, false, true, false), "{text}");
    assert!(!again_without.stdout.contains("\"GRANT"), "{}", again_without.all());
}

/// Names, files and settings that no server is asked about, or that it would misread.
#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_sent() {
    let Some(mysql) = setting("NIRVANA_TEST_MARIADB") else { return };
    let Some(postgres) = setting("NIRVANA_TEST_POSTGRES15") else { return };
    let database =
        |name: &str| format!("[[provision.servers.main.databases]]\nname = {}\n", toml(name));
    let user = |rest: &str| format!("[[provision.servers.main.users]]\n{rest}\n");
    let wide = "ü".repeat(32);
    for (url, text, word) in [
        (&mysql, database(""), "it is empty"),
        (&mysql, database("mysql"), "belongs to the server"),
        (&mysql, database("information_schema"), "belongs to the server"),
        (&mysql, database("trailing "), "ends with a space"),
        (&mysql, database("🐬"), "cannot hold"),
        (&mysql, database(&format!("{LONG}5")), "more than 64"),
        (
            &mysql,
            format!(
                "{}owner = \"u\"\n{}",
                database(&LONG.replace("g2", "g_")),
                user("name = \"u\"")
            ),
            "that has 65 characters",
        ),
        (&mysql, user("name = \"\""), "it is empty"),
        (&mysql, user(&format!("name = \"{}\"", "u".repeat(129))), "more than 128"),
        (&mysql, user("name = \"u\"\npassword = { env = \"NOT_SET\" }"), "NOT_SET is not set"),
        (&mysql, user("name = \"u\"\npassword = { file = \"no\" }"), "cannot read"),
        (&mysql, user("name = \"u\"\npassword = { fiel = \"no\" }"), "did you mean 'file'"),
        (&mysql, user("name = \"u\"\npassword = \"hunter2\""), "a table is wanted"),
        (&mysql, format!("{}app = [\"nobody\"]\n", database("d")), "not among the users"),
        (&postgres, database(""), "it is empty"),
        (&postgres, database("template0"), "keeps that name"),
        (&postgres, database(&wide), "it has 64 bytes"),
        (&postgres, user("name = \"pg_me\""), "keeps that name"),
        (&postgres, user("name = \"nirvana_admin\""), "logs in as that user"),
        (&mysql, user("name = \"nirvana_admin\""), "logs in as that user"),
        (&postgres, user("name = \"u\"\nhost = \"%\""), "pg_hba.conf"),
    ] {
        let project = Project::new(&format!("{}{text}", server(url)));
        let run = project.provision(&["--apply"]);
        assert!(run.code == 2 && run.all().contains(word), "{text}: {word}\n{}", run.all());
        assert!(!run.all().contains("hunter2"), "{}", run.all());
    }
}

#[test]
fn where_nothing_is_written_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = nirvana();
    command.arg("provision").current_dir(folder.path());
    let without = run(command);
    assert_eq!(without.code, 2, "{}", without.all());
    assert!(without.stderr.contains("there is no nirvana.toml"), "{}", without.all());
}

/// New passwords are kept before they are used, by one user or two, and shown nowhere.
#[test]
fn a_new_password_is_in_its_file_and_nowhere_else() {
    let Some(url) = setting("NIRVANA_TEST_MARIADB") else { return };
    let name = unique("made");
    let mut text = server(&url);
    for host in ["%", "localhost"] {
        writeln!(
            text,
            "[[provision.servers.main.users]]\nname = \"{name}\"\nhost = \"{host}\"\n\
             password = {{ generate = \"secrets/{name}\" }}"
        )
        .unwrap();
    }
    let project = Project::new(&text);
    let report = project.path().join("report.json");
    let shown = project.provision(&[]);
    assert!(!project.path().join("secrets").exists());
    let applied = project.provision(&["--apply", "--report", report.to_str().unwrap()]);
    let password = std::fs::read_to_string(project.path().join("secrets").join(&name)).unwrap();
    let password = password.trim();
    let login = mysql_as(Source::MariaDb, &url, (&name, password), "SELECT 1");
    let again = project.provision(&["--check", "--format", "json", "--verbose"]);
    mysql_as(
        Source::MariaDb,
        &url,
        ("nirvana_admin", PASSWORD),
        &format!("DROP USER `{name}`@`%`, `{name}`@localhost"),
    )
    .unwrap();
    login.unwrap();
    assert_eq!((applied.code, again.code), (0, 0), "{}{}", applied.all(), again.all());
    let report = std::fs::read_to_string(report).unwrap();
    for text in [shown.all(), applied.all(), again.all(), report] {
        assert!(!text.contains(password), "{text}");
    }
}

#[test]
fn a_person_has_access_to_mysql_and_mariadb_too() {
    for (kind, word) in [(Source::MariaDb, "mariadb"), (Source::MySql, "mysql")] {
        let Some(victim) = Victim::spawn(word) else { return };
        let url = victim.url.as_str();
        let admin = |sql: &str| mysql_as(kind, url, ("nirvana_admin", PASSWORD), sql).unwrap();
        admin("CREATE DATABASE my_shop; CREATE TABLE my_shop.t (a int); CREATE DATABASE myxshop");
        let text = format!("{}databases = [{{ name = \"my_shop\" }}]\n", server(url));
        let project = Project::new(&text);
        let access = |more: &[&str]| project.provision(&[&["access", "alice"], more].concat());
        let applied = access(&["--until", "2w", "--role", "app", "--apply"]);
        assert_eq!(applied.code, 0, "{}", applied.all());
        assert!(applied.all().contains("PASSWORD EXPIRE INTERVAL 15 DAY"), "{}", applied.all());
        let file = std::fs::read_to_string(project.path().join("alice.env")).unwrap();
        let password = file.split_once("alice:").unwrap().1.split_once('@').unwrap().0;
        assert!(!applied.all().contains(password), "{}", applied.all());
        let attempt = |sql: &str| mysql_as(kind, url, ("alice", password), sql);
        attempt("INSERT INTO my_shop.t VALUES (1)").unwrap();
        assert!(attempt("CREATE TABLE myxshop.t (a int)").is_err());
        let again = access(&["--until", "2w", "--role", "app", "--apply"]);
        assert!(again.all().contains("Nothing to do"), "{}", again.all());
        let other = project.provision(&["access", "nirvana_client", "--revoke", "--apply"]);
        assert_eq!(other.code, 2, "{}", other.all());
        let revoked = access(&["--revoke", "--apply"]);
        assert_eq!(revoked.code, 0, "{}", revoked.all());
        assert!(attempt("SELECT 1").is_err());
        // One that is in all things like those that it made, but for the mark.
        admin("CREATE USER alice IDENTIFIED BY 'x'; GRANT SELECT ON `my\\_shop`.* TO alice");
        for arguments in [&["--until", "1d", "--apply"][..], &["--revoke", "--apply"]] {
            let refused = access(arguments);
            assert_eq!(refused.code, 2, "{}", refused.all());
            assert!(refused.all().contains("this command did not make it"), "{}", refused.all());
        }
        assert_eq!(admin("SELECT count(*) FROM mysql.user WHERE User = 'alice'").trim(), "1");
    }
}

/// Grants on every level, and what other tools' tests ask for: nothing is left after the first run.
#[test]
fn every_level_is_settled_at_once() {
    for (kind, word) in [(Source::MariaDb, "mariadb"), (Source::MySql, "mysql")] {
        let Some(victim) = Victim::spawn(word) else { return };
        let url = victim.url.as_str();
        let admin = |sql: &str| mysql_as(kind, url, ("nirvana_admin", PASSWORD), sql).unwrap();
        admin(
            "SET GLOBAL log_bin_trust_function_creators = 1; CREATE DATABASE d_1; USE d_1; \
             CREATE TABLE `order` (`id` int, `key` int, `a,b` int, `c)d` int); \
             CREATE TABLE `or_der` (id int); \
             CREATE FUNCTION `function` () RETURNS int DETERMINISTIC RETURN 1; \
             CREATE PROCEDURE `procedure` () SELECT 1",
        );
        let longest = "u".repeat(32);
        let users = ["o'brien", "a@b", "u\\", longest.as_str(), "UPPER", "-dash"];
        let hosts =
            ["%", "localhost", "127.0.0.%", "127.0.0.0/255.255.255.0", "::1", "web1.example.com"];
        let dynamic = if kind == Source::MySql { "CONNECTION_ADMIN" } else { "CONNECTION ADMIN" };
        let grants = format!(
            "grants = [\n\
             {{ privileges = ['SELECT', 'INSERT'], database = 'd_1', table = 'order', \
                columns = ['key', 'id', 'a,b', 'c)d'] }},\n\
             {{ privileges = ['SELECT'], database = 'd_1', table = 'order', columns = ['id'] }},\n\
             {{ privileges = ['UPDATE', 'GRANT OPTION'], database = 'd_1', table = 'order' }},\n\
             {{ privileges = ['ALL', 'GRANT OPTION'], database = 'd_1' }},\n\
             {{ privileges = ['EXECUTE'], database = 'd_1', function = 'function' }},\n\
             {{ privileges = ['EXECUTE', 'ALTER ROUTINE'], database = 'd_1', procedure = 'procedure' }},\n\
             {{ privileges = ['SELECT', 'SHOW DATABASES', 'REPLICATION CLIENT', '{dynamic}'] }},\n]\n"
        );
        let mut text = server(url);
        for user in users {
            for host in hosts {
                writeln!(
                    text,
                    "[[provision.servers.main.users]]\nname = {}\nhost = \"{host}\"\n\
                     password = {{ env = \"PW0\" }}\n{grants}",
                    toml(user)
                )
                .unwrap();
            }
        }
        let project = Project::new(&text);
        project.settle(&[]);
        for user in users {
            let attempt = |sql: &str| mysql_as(kind, url, (user, PASSWORDS[0]), sql);
            attempt("SELECT id, `c)d` FROM d_1.`order`; SELECT d_1.`function`(); CALL d_1.`procedure`()")
                .unwrap_or_else(|error| panic!("{user}: {error}"));
        }
        // Taken away again, down to nothing.
        let bare: String = text.lines().filter(|line| !line.contains("privileges")).fold(
            String::new(),
            |mut bare, line| {
                bare.push_str(line);
                bare.push('\n');
                bare
            },
        );
        project.write(&bare);
        project.settle(&["--prune"]);
        for user in users {
            let attempt = mysql_as(kind, url, (user, PASSWORDS[0]), "SELECT id FROM d_1.`order`");
            assert!(attempt.is_err(), "{user} still reads");
        }
    }
}
