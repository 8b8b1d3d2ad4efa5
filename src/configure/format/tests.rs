//! Ways to write the same settings, as people commit them, and what each becomes.

use super::super::check::forms;
use super::super::draft::Draft;
use super::super::goal::{Goal, Target};
use super::super::language::Language;
use super::super::prove;

/// The text once a form has read it, the variables that were found, and what was refused.
fn configured(
    name: &str,
    nth: usize,
    text: &str,
    to: Option<Target>,
) -> (String, Vec<String>, usize) {
    let (language, form) = forms(name)[nth];
    let goal = Goal { to, dialect: None };
    let mut draft = Draft::new(name.as_bytes(), text.as_bytes());
    form(&mut draft, goal);
    let after = prove::edited(language, text.as_bytes(), &draft.edits).unwrap();
    let mut again = Draft::new(name.as_bytes(), &after);
    form(&mut again, goal);
    assert_eq!(again.edits, [], "a second run changes {}", String::from_utf8_lossy(&after));
    let settings =
        draft.settings.iter().map(|one| format!("{}={}", one.key, one.value.expose())).collect();
    let is_refused = |one: &&crate::finding::Finding| one.severity > crate::finding::Severity::Note;
    let refused = draft.findings.iter().filter(is_refused).count();
    (String::from_utf8(after).unwrap(), settings, refused)
}

fn yaml(text: &str) -> (String, Vec<String>, usize) {
    configured("database.yml", 0, text, None)
}

fn postgres(text: &str) -> String {
    configured("database.yml", 0, text, Some(Target::Postgres)).0
}

#[test]
fn passwords_of_database_yml_are_read_as_yaml_reads_them() {
    for (written, password) in [
        ("secret", "secret"),
        ("'it''s # x'", "it's # x"),
        ("\"a\\tb: \\\"c\"", "a\tb: \"c"),
        ("a#b:c", "a#b:c"),
        ("12345", "12345"),
        ("@a", "@a"),
        ("%a", "%a"),
        ("p w # why", "p w"),
        ("~", ""),
        ("", ""),
    ] {
        let text = format!("production:\n  adapter: mysql2\n  password: {written}\n");
        let (after, settings, refused) = yaml(&text);
        let comment = if written.contains("# why") { " # why" } else { "" };
        let read = format!("password: <%= ENV[\"DATABASE_PASSWORD\"].to_json %>{comment}\n");
        assert!(after.ends_with(&read), "{written}: {after}");
        assert_eq!(settings, [format!("DATABASE_PASSWORD={password}")], "{written}");
        assert_eq!(refused, 0);
    }
    for odd in ["*abc", "&abc", "!abc", "|\n    a\n    b", "a\n    b"] {
        let text = format!("production:\n  adapter: mysql2\n  password: {odd}\n");
        let (after, settings, refused) = yaml(&text);
        assert_eq!((after.as_str(), settings.len(), refused), (text.as_str(), 0, 1), "{odd}");
    }
}

#[test]
fn stanzas_of_database_yml_are_found_however_they_hang_together() {
    // Anchors named after an environment, several merged at once, three tiers, not nested at all.
    let (after, settings, _) = yaml(
        "development: &dev\n  adapter: mysql2\n  host: db\n  username: u\n  password: p\n\
         staging:\n  <<: *dev\n  password: q\nproduction:\n  <<: [*dev]\n",
    );
    assert_eq!(
        after,
        "development: &dev\n  adapter: mysql2\n  host: <%= ENV.fetch(\"DATABASE_HOST\", \"db\") %>\n  \
         username: <%= ENV.fetch(\"DATABASE_USERNAME\", \"u\") %>\n  \
         password: <%= ENV[\"DATABASE_PASSWORD\"].to_json %>\nstaging:\n  <<: *dev\n  \
         password: <%= ENV[\"DATABASE_PASSWORD\"].to_json %>\nproduction:\n  <<: [*dev]\n"
    );
    assert_eq!(settings.len(), 4, "{settings:?}");
    let (after, settings, _) = yaml(
        "production:\n  primary:\n    url: mysql2://u:p@h/d\n  animals:\n    adapter: mysql2\n    password: x\n",
    );
    assert!(after.contains("url: <%= ENV[\"DATABASE_URL\"] %>"), "{after}");
    assert!(after.contains("ENV[\"ANIMALS_DATABASE_PASSWORD\"].to_json"), "{after}");
    assert_eq!(settings, ["DATABASE_URL=mysql2://u:p@h/d", "ANIMALS_DATABASE_PASSWORD=x"]);
    let (after, ..) = yaml("production:\nadapter: mysql\npassword: x\n");
    assert!(after.ends_with("\npassword: <%= ENV[\"DATABASE_PASSWORD\"].to_json %>\n"), "{after}");
    // Nothing of this is a deploy's.
    let text =
        "test:\n  adapter: mysql2\n  password: x\nproduction:\n  url: <%= ENV['DATABASE_URL'] %>\n";
    assert_eq!(yaml(text).0, text);
}

#[test]
fn adapters_of_database_yml_are_switched_with_what_only_mysql_knows() {
    for (before, after) in [
        ("adapter: mysql2", "adapter: postgresql"),
        ("adapter: 'trilogy'", "adapter: 'postgresql'"),
        ("adapter: jdbcmysql", "adapter: jdbcpostgresql"),
        ("adapter: mysql2rgeo", "adapter: postgis"),
        ("adapter: em_mysql2", "adapter: em_postgresql"),
        ("adapter: <%= ENV['A'] || \"mysql2\" %>", "adapter: <%= ENV['A'] || \"postgresql\" %>"),
        ("adapter: mysql2\n  encoding: utf8mb4", "adapter: postgresql\n  encoding: unicode"),
        ("adapter: mysql2\n  collation: x # y", "adapter: postgresql"),
        ("adapter: mysql2\n  socket: /tmp/mysql.sock", "adapter: postgresql"),
        ("adapter: mysql2\n  port: 3306", "adapter: postgresql\n  port: 5432"),
        ("adapter: mysql2\n  port: 3307", "adapter: postgresql\n  port: 3307"),
        ("adapter: mysql2\n  sslca: /a", "adapter: postgresql\n  sslrootcert: /a"),
        ("adapter: mysql2\n  ssl_mode: :required", "adapter: postgresql\n  sslmode: require"),
        (
            "adapter: mysql2\n  variables:\n    sql_mode: X\n    # why\n  pool: 5",
            "adapter: postgresql\n    # why\n  pool: 5",
        ),
        ("adapter: mysql2\n  variables: { sql_mode: X }", "adapter: postgresql"),
        ("adapter: sqlite3\n  encoding: utf8mb4", "adapter: sqlite3\n  encoding: utf8mb4"),
    ] {
        let text = |settings: &str| format!("test:\n  {settings}\n");
        assert_eq!(postgres(&text(before)), text(after), "{before}");
    }
}

#[test]
fn constants_of_wordpress_are_moved_however_they_are_written() {
    let form = |text: &str| configured("wp-config.php", 4, &format!("<?php\n{text}"), None);
    for (before, after) in [
        ("define( 'DB_NAME', 'x' );", "define( 'DB_NAME', getenv('DB_NAME') );"),
        ("DEFINE(\"DB_NAME\",\"x\",true);", "DEFINE(\"DB_NAME\",getenv('DB_NAME'),true);"),
        ("define('DB_NAME',\n\t'x'\n); // y", "define('DB_NAME',\n\tgetenv('DB_NAME')\n); // y"),
        ("define('DB_PASSWORD', 'a;b\\'c');", "define('DB_PASSWORD', getenv('DB_PASSWORD'));"),
        ("define('DB_HOST', 'localhost');", "define('DB_HOST', getenv('DB_HOST') ?: 'localhost');"),
        (
            "defined('DB_USER') or define('DB_USER', 'x');",
            "defined('DB_USER') or define('DB_USER', getenv('DB_USER'));",
        ),
        ("define('DB_PASSWORD', getenv('P') ?: 'hunter2');", "define('DB_PASSWORD', getenv('P'));"),
        (
            "define('AUTH_KEY', 'put your unique phrase here');",
            "define('AUTH_KEY', 'put your unique phrase here');",
        ),
        ("echo \"define('DB_NAME', 'x');\";", "echo \"define('DB_NAME', 'x');\";"),
        ("// define('DB_NAME', 'x');", "// define('DB_NAME', 'x');"),
        ("define('WP_DEBUG', true);", "define('WP_DEBUG', true);"),
    ] {
        assert_eq!(form(before).0, format!("<?php\n{after}"), "{before}");
    }
}

#[test]
fn plain_connections_are_moved_and_what_is_code_is_told() {
    let form =
        |text: &str| configured("db.php", 3, &format!("<?php {text}"), Some(Target::Postgres));
    for (before, after, refused) in [
        (
            "$p = new PDO(\"mysql:host=$h; dbname=$d;charset=utf8\", $u, 'x');",
            "$p = new PDO(\"pgsql:host=$h; dbname=$d\", $u, getenv('DB_PASSWORD'));",
            0,
        ),
        (
            "new PDO('mysql:host=' . $h . ';dbname=d;charset=utf8mb4', 'u', 'x');",
            "new PDO('pgsql:host=' . $h . ';dbname=d', getenv('DB_USER'), getenv('DB_PASSWORD'));",
            0,
        ),
        ("new PDO('sqlite:a.db');", "new PDO('sqlite:a.db');", 0),
        (
            "$dsn = 'mysql:host=h;dbname=d;charset=utf8'; new PDO($dsn, $u, $p);",
            "$dsn = getenv('DB_DSN'); new PDO($dsn, $u, $p);",
            0,
        ),
        (
            "$dsn = \"mysql:host={$h};port=3306;dbname=$d;charset=$c\";",
            "$dsn = \"pgsql:host={$h};port=5432;dbname=$d\";",
            0,
        ),
        (
            "$dsn = sprintf('mysql:host=%s;charset=%s', $h, $c);",
            "$dsn = sprintf('pgsql:host=%s', $h, $c);",
            0,
        ),
        (
            "$dsn = sprintf('mysql:charset=%s;host=%s', $c, $h);",
            "$dsn = sprintf('mysql:charset=%s;host=%s', $c, $h);",
            1,
        ),
        (
            "$dsn = 'mysql:host=' . $h . ';charset=' . $c;",
            "$dsn = 'mysql:host=' . $h . ';charset=' . $c;",
            1,
        ),
        ("class A { const DSN = 'mysql:host=h'; }", "class A { const DSN = 'pgsql:host=h'; }", 0),
        ("$db->mysql_version(); // 'mysql:host=h'", "$db->mysql_version(); // 'mysql:host=h'", 0),
        (
            "new PDO($d, $u, $p, [PDO::MYSQL_ATTR_INIT_COMMAND => 'x']);",
            "new PDO($d, $u, $p, [PDO::MYSQL_ATTR_INIT_COMMAND => 'x']);",
            1,
        ),
        (
            "mysqli_connect(\"h\", 'u', 'p', 'd', 3306);",
            "mysqli_connect(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'), getenv('DB_PORT') ?: 5432);",
            1,
        ),
        (
            "$dbhost = 'h'; $db['pass'] = 'x';",
            "$dbhost = getenv('DB_HOST'); $db['pass'] = getenv('DB_PASSWORD');",
            0,
        ),
        ("class A { const DB_PASS = 'x'; }", "class A { const DB_PASS = 'x'; }", 1),
        ("class A { public $db_password = 'x'; }", "class A { public $db_password = 'x'; }", 1),
    ] {
        let (text, _, found) = form(before);
        assert_eq!(
            (text.as_str(), found),
            (format!("<?php {after}").as_str(), refused),
            "{before}"
        );
    }
}

#[test]
fn secrets_that_stand_in_for_a_variable_go_in_ruby_and_in_erb() {
    let ruby = |text: &str| configured("a.rb", 0, text, None);
    for (before, after, moved) in [
        (
            "A.config.secret_token = ENV['T'] || 'h9z1'\n",
            "A.config.secret_token = ENV['T']\n",
            true,
        ),
        (
            "A.config.secret_token = ENV.fetch('T') { 'h9z1' }\n",
            "A.config.secret_token = ENV['T']\n",
            true,
        ),
        (
            "A.config.secret_token = ENV['T'] || 'your-token-here'\n",
            "A.config.secret_token = ENV['T'] || 'your-token-here'\n",
            false,
        ),
        (
            "A.config.secret_key = 'YourKeyHere_xxxx'\n",
            "A.config.secret_key = 'YourKeyHere_xxxx'\n",
            false,
        ),
    ] {
        let (text, settings, refused) = ruby(before);
        assert_eq!((text.as_str(), refused), (after, 0), "{before}");
        assert_eq!(settings, if moved { vec!["T=h9z1".to_owned()] } else { Vec::new() });
    }
    let (text, settings, refused) =
        yaml("production:\n  adapter: mysql2\n  password: <%= ENV['P'].presence || \"h9z1\" %>\n");
    assert!(text.ends_with("password: <%= ENV['P'].presence %>\n"), "{text}");
    assert_eq!((settings, refused), (vec!["P=h9z1".to_owned()], 0));
    // Of a form that is not known it is told.
    let (_, settings, refused) =
        yaml("production:\n  adapter: mysql2\n  password: <%= pick(ENV['P']) || \"h9z1\" %>\n");
    assert_eq!((settings.len(), refused), (0, 1));
}

#[test]
fn a_language_is_that_of_the_files_name() {
    assert!(forms("a.php").iter().all(|(language, _)| *language == Language::Php));
    assert!(forms("a.rb").iter().all(|(language, _)| *language == Language::Ruby));
}
