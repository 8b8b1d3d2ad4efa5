//! Settings as people really write them, which a tool easily breaks, shows or forgets: what `nirvana
//! configure` makes of each.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::configure::{configure, interpreter, report};

type Files<'a> = &'a [(&'a str, &'a str)];

const RAILS: Files = &[
    ("Gemfile", "source \"https://rubygems.org\"\ngem \"rails\"\ngem \"mysql2\"\n"),
    ("Gemfile.lock", "GEM\n  specs:\n    rails (7.0.4)\n"),
    ("config/application.rb", "module A\nend\n"),
    ("config/environment.rb", ""),
];
const LARAVEL: Files = &[
    ("composer.json", "{\"type\":\"project\",\"require\":{\"laravel/framework\":\"^10.0\"}}"),
    ("artisan", "<?php\n"),
    ("bootstrap/app.php", "<?php\n"),
    ("routes/web.php", "<?php\n"),
    (".gitignore", "/.env\n"),
];
const SYMFONY: Files = &[
    (
        "composer.json",
        "{\"type\":\"project\",\"require\":{\"symfony/framework-bundle\":\"^6.4\",\"symfony/dotenv\":\"^6\"}}",
    ),
    ("bin/console", "<?php\n"),
    ("src/Kernel.php", "<?php\n"),
    ("config/bundles.php", "<?php return [];\n"),
];

fn project(kits: &[Files], below: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    add(folder.path(), kits, below);
    folder
}

fn add(folder: &Path, kits: &[Files], below: &str) {
    for (name, text) in kits.iter().copied().flatten() {
        let path = folder.join(below).join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn text(folder: &TempDir, name: &str) -> String {
    std::fs::read_to_string(folder.path().join(name)).unwrap_or_default()
}

/// Writes, holds that a second run has nothing to do, and gives the first one's screen.
fn written(folder: &TempDir) -> String {
    let run = configure(folder.path(), &["--to", "postgres", "--write", "--verbose"]);
    assert!(run.code <= 1, "{}", run.all());
    let (_, second) = report(folder.path(), &["--to", "postgres"]);
    assert!(second.get("diff").is_none(), "{second:#}");
    run.all()
}

#[test]
fn a_second_connection_has_variables_of_its_own() {
    let database = "<?php\nreturn ['default' => 'mysql', 'connections' => [\n\
        'mysql' => ['driver' => 'mysql', 'url' => env('DATABASE_URL'), 'host' => env('DB_HOST')],\n\
        'legacy' => ['driver' => 'mysql', 'url' => 'mysql://old:pw1@legacy.db/old'],\n]];\n";
    let folder = project(&[LARAVEL, &[("config/database.php", database)]], "");
    written(&folder);
    assert_eq!(text(&folder, ".env"), "DB_LEGACY_URL=postgresql://old:pw1@legacy.db/old\n");
    assert!(text(&folder, "config/database.php").contains("env('DB_LEGACY_URL')"));

    let doctrine = "doctrine:\n  dbal:\n    connections:\n      a:\n        replicas:\n          r1:\n            url: mysql://r:pw2@r1/db\n";
    let folder = project(&[SYMFONY, &[("config/packages/doctrine.yaml", doctrine)]], "");
    written(&folder);
    assert!(text(&folder, ".env.local").starts_with("A_R1_DATABASE_URL=postgresql://r:pw2@"));

    let yml = "production:\n  adapter: mysql2\n  password: pw3\nlegacy:\n  adapter: mysql2\n  password: pw4\n\
        animals_test:\n  adapter: mysql2\n  password: pw5\nlive:\n  adapter: mysql2\n  password: pw6\n";
    let files: Files = &[("config/database.yml", yml), ("config/environments/live.rb", "")];
    let folder = project(&[RAILS, files], "");
    written(&folder);
    assert_eq!(text(&folder, ".env"), "DATABASE_PASSWORD=pw3\nLEGACY_DATABASE_PASSWORD=pw4\n");
    assert_eq!(text(&folder, ".env.live"), "DATABASE_PASSWORD=pw6\n");
    assert!(text(&folder, "config/database.yml").contains("password: pw5"));
}

#[test]
fn an_environment_that_erb_names_is_told_and_makes_no_file() {
    let yml = "<% %w[development production].each do |env| %>\n<%= env %>:\n  adapter: mysql2\n  password: pw1x2y\n<% end %>\n";
    let folder = project(&[RAILS, &[("config/database.yml", yml)]], "");
    let screen = written(&folder);
    assert!(screen.contains("ERB makes the name of this environment"), "{screen}");
    assert!(text(&folder, "config/database.yml").contains("pw1x2y"));
    let names = std::fs::read_dir(folder.path()).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().starts_with(".env")), "{names:?}");
}

#[test]
fn php_compiles_wherever_a_literal_stood() {
    let Some(_) = interpreter("php") else { return };
    for source in [
        "function c($dbhost = 'db.example.com', $dbpass = 'pw1x2y') { return 1; }",
        "function a() { static $db_pass = 'pw1x2y'; return $db_pass; }",
        "class C { function __construct(private string $db_pass = 'pw1x2y') {} }",
        "$f = fn($db_pass = 'pw1x2y') => 1;",
        "class C { const DB_PASS = 'pw1x2y'; public $db_user = 'u'; }",
        "$db_pass = $_ENV['P'] ?? 'pw1x2y';",
        "define('DB_PASS', getenv('P') ?: 'pw1x2y');",
        "function g($f) { $f(fn() => $db_pass = 'pw1x2y'); }",
    ] {
        let source = format!("<?php\n{source}\n");
        let folder = project(&[&[("index.php", &source)]], "");
        let screen = written(&folder);
        let run = Command::new("php").arg("-l").arg(folder.path().join("index.php")).output();
        assert!(run.unwrap().status.success(), "{}", text(&folder, "index.php"));
        let is_told = screen.contains("PHP allows no call here");
        let is_moved = text(&folder, ".env").contains("pw1x2y");
        assert!(is_told || is_moved, "{source}: {screen}");
    }
}

#[test]
fn an_application_within_another_is_configured_once() {
    let root = project(&[&[("index.php", "<?php\n$db_pass = 'pw1x2y';\n")]], "");
    let tenancy =
        ("config/tenancy.php", "<?php\n$db_name = 'x';\nreturn ['password' => 'pw3x4y5z'];\n");
    let database = (
        "config/database.php",
        "<?php\nreturn ['default' => 'mysql', 'connections' => ['mysql' => ['driver' => 'mysql', 'host' => 'h1', 'password' => 'pw2']]];\n",
    );
    add(root.path(), &[LARAVEL, &[tenancy, database]], "api");
    add(
        root.path(),
        &[
            SYMFONY,
            &[(
                "Dockerfile",
                "FROM php:8\nRUN apt-get install -y zip && docker-php-ext-install pdo_mysql\n",
            )],
        ],
        "pay",
    );
    written(&root);
    assert_eq!(text(&root, ".env"), "DB_PASSWORD=pw1x2y\n");
    assert!(text(&root, "api/.env").contains("DB_PASSWORD=pw2"), "{}", text(&root, "api/.env"));
    assert!(text(&root, "pay/Dockerfile").contains("docker-php-ext-install pdo_pgsql"));
}

#[test]
fn nothing_is_switched_by_half() {
    let docker = ("Dockerfile", "FROM ruby:3\nRUN apt-get install -y default-libmysqlclient-dev\n");
    for yml in [
        // The file of variables cannot hold it, the end is missing, nobody knows such an adapter.
        "production:\n  adapter: mysql2\n  host: db1\n  password: \"a\\\\b\"\n",
        "production:\n  adapter: mysql2\n  password: \"a\n",
        "production:\n  adapter: mysql2_special\n",
    ] {
        let folder = project(&[RAILS, &[("config/database.yml", yml), docker]], "");
        let screen = written(&folder);
        assert!(screen.contains("adapter-not-switched"), "{screen}");
        assert_eq!(text(&folder, "config/database.yml"), yml);
        assert!(text(&folder, "Gemfile").contains("mysql2"), "{screen}");
        assert!(text(&folder, "Dockerfile").contains("default-libmysqlclient-dev"));
    }
}

#[test]
fn the_doctrine_of_the_recipe_is_switched() {
    let yaml = "doctrine:\n    dbal:\n        driver: 'pdo_mysql'\n        server_version: '5.7'\n        charset: utf8mb4\n        \
        default_table_options:\n            charset: utf8mb4\n            collate: utf8mb4_unicode_ci\n\n        url: '%env(resolve:DATABASE_URL)%'\n\
        when@dev:\n    doctrine:\n        dbal:\n            password: devpw11\n";
    let folder = project(&[SYMFONY, &[("config/packages/doctrine.yaml", yaml)]], "");
    written(&folder);
    assert_eq!(
        text(&folder, "config/packages/doctrine.yaml"),
        "doctrine:\n    dbal:\n        driver: 'pdo_pgsql'\n        server_version: '16'\n        charset: utf8\n\n        url: '%env(resolve:DATABASE_URL)%'\n\
        when@dev:\n    doctrine:\n        dbal:\n            password: devpw11\n"
    );
}

#[test]
fn servers_of_ci_are_switched_with_all_that_speaks_of_them() {
    let gitlab = "services:\n  - name: mysql:8.0\n    alias: db\n    command: [\"--a\"]\n  - name: redis:7\n    command: [\"--b\"]\n\
        variables:\n  MYSQL_DATABASE: x\n  DB_URL: \"mysql2://root:pw@db:3306/x\"\n";
    let workflow = "jobs:\n  test:\n    services:\n      mysql:\n        image: mysql:8.0\n        ports:\n          - 3306\n    env:\n      \
        DB_PORT: ${{ job.services.mysql.ports[3306] }}\n    steps:\n      - run: dockerize -wait tcp://localhost:3306 -timeout 1m\n      \
        - run: while ! mysqladmin ping -hdb; do sleep 1; done\n";
    let compose = "services:\n  db:\n    image: mysql:8.0\n    environment:\n      MYSQL_ROOT_PASSWORD_FILE: /run/secrets/root\n      MYSQL_TCP_PORT: 1\n    \
        volumes:\n      - ./init.sql:/docker-entrypoint-initdb.d/init.sql\n  pma:\n    image: phpmyadmin/phpmyadmin\n";
    let travis = "services:\n  - mysql\nenv:\n  - DB=mysql A=1\naddons:\n  mariadb: '10.5'\n";
    let own: Files = &[
        ("config/database.yml", "production:\n  adapter: mysql2\n"),
        (".gitlab-ci.yml", gitlab),
        (".github/workflows/ci.yml", workflow),
        ("docker-compose.yml", compose),
        (".travis.yml", travis),
        ("compose.other.yml", "services:\n  db:\n    image: postgres:16\n"),
    ];
    let folder = project(&[RAILS, own], "");
    let screen = written(&folder);
    let gitlab = text(&folder, ".gitlab-ci.yml");
    assert!(
        gitlab.contains("- name: postgres:16\n    alias: db\n  - name: redis:7\n    command"),
        "{gitlab}"
    );
    assert!(gitlab.contains("\"postgresql://postgres:pw@db:5432/x\""), "{gitlab}");
    let workflow = text(&folder, ".github/workflows/ci.yml");
    assert!(
        workflow.contains("ports[5432]") && workflow.contains("tcp://localhost:5432"),
        "{workflow}"
    );
    assert!(
        text(&folder, "docker-compose.yml").contains("POSTGRES_PASSWORD_FILE: /run/secrets/root")
    );
    for told in [
        "ci.yml:12: a command that speaks to MySQL",
        "docker-compose.yml:6: MYSQL_TCP_PORT is known to MySQL's image only",
        "docker-compose.yml:8: a file for MySQL's server",
        "docker-compose.yml:10: a program that speaks to MySQL only",
        ".travis.yml:4: a variable that names MySQL",
        ".travis.yml:6: an addon that installs a MySQL server",
    ] {
        assert!(screen.contains(told), "{told}: {screen}");
    }
    assert!(!screen.contains("PostgreSQL is started here beside"), "{screen}");
}

#[test]
fn names_that_only_sound_secret_stay() {
    let permission = "<?php\nreturn ['cache' => ['key' => 'spatie.permission.cache'], 'hash' => ['token' => 'X-Auth-Header'],\n\
        'csrf_token' => '_csrf_token_name', 'api_token' => 'k9Fz2mQx7LpZ'];\n";
    let folder = project(&[LARAVEL, &[("config/permission.php", permission)]], "");
    written(&folder);
    assert_eq!(text(&folder, ".env"), "PERMISSION_API_TOKEN=k9Fz2mQx7LpZ\n");
    assert!(text(&folder, "config/permission.php").contains("'token' => 'X-Auth-Header'"));
}

#[test]
fn an_address_that_stands_in_for_a_variable_moves_as_postgresqls() {
    let php = "<?php\nreturn ['default' => 'mysql', 'connections' => ['mysql' => ['driver' => 'mysql', 'url' => env('DATABASE_URL', 'mysql://u:pw1@h/d')]]];\n";
    let folder = project(&[LARAVEL, &[("config/database.php", php)]], "");
    written(&folder);
    assert_eq!(text(&folder, ".env"), "DATABASE_URL=postgresql://u:pw1@h/d\n");
    for read in
        ["ENV[\"U\"] || \"mysql2://u:pw1@h/d\"", "ENV.fetch(\"U\") { \"mysql2://u:pw1@h/d\" }"]
    {
        let yml = format!("production:\n  url: <%= {read} %>\n");
        let folder = project(&[RAILS, &[("config/database.yml", &yml)]], "");
        written(&folder);
        assert_eq!(text(&folder, ".env"), "U=postgresql://u:pw1@h/d\n");
        assert!(text(&folder, "config/database.yml").ends_with("url: <%= ENV[\"U\"] %>\n"));
    }
}

/// What an application is, a file of it, and what stands there.
const SECRETS: &[(Files, &str, &str)] = &[
    (
        RAILS,
        "config/secrets.yml",
        "production:\n  secret_key_base: <%= ENV[\"X\"] || \"SECRET\" %>\n",
    ),
    (RAILS, "config/secrets.yml", "production:\n  secret: |\n    SECRET\n"),
    (RAILS, "config/secrets.yml", "production:\n  tokens: [SECRET, b]\n"),
    (RAILS, "config/secrets.yml", "production:\n  api_token: \"<%= ENV['T'] %>-SECRET\"\n"),
    (
        RAILS,
        "config/environments/production.rb",
        "A.configure do\n  config.secret_key_base = 'SECRET' unless ENV['S']\nend\n",
    ),
    (
        RAILS,
        "config/initializers/a.rb",
        "config.action_mailer.smtp_settings = { password: 'SECRET'.freeze }\n",
    ),
    (
        RAILS,
        "config/initializers/a.rb",
        "Devise.setup do |config|\n  config.pepper = 'SECRET'\nend\n",
    ),
    (LARAVEL, "config/services.php", "<?php\nreturn ['a' => ['token' => env('X') ?: 'SECRET']];\n"),
    (
        LARAVEL,
        "config/services.php",
        "<?php\nreturn ['a' => ['token' => $_ENV['X'] ?? 'SECRET']];\n",
    ),
    (LARAVEL, "config/services.php", "<?php\nreturn ['a' => ['token' => f('SECRET')]];\n"),
    (
        SYMFONY,
        "config/packages/doctrine.yaml",
        "doctrine:\n  dbal:\n    url: >-\n      mysql://u:SECRET@db/x\n",
    ),
    (
        &[
            ("wp-settings.php", "<?php\n"),
            ("wp-includes/version.php", "<?php $wp_version = '6.5';\n"),
        ],
        "wp-config.php",
        "<?php\nconst NONCE_SALT = 'SECRET';\n",
    ),
    (
        &[
            ("wp-settings.php", "<?php\n"),
            ("wp-includes/version.php", "<?php $wp_version = '6.5';\n"),
        ],
        "wp-config.php",
        "<?php\ndefine('AUTH_KEY', getenv_docker('X', 'SECRET'));\n",
    ),
    (&[], "index.php", "<?php\n$db = 1;\nreturn ['password' => 'SECRET'];\n"),
    (&[], "index.php", "<?php\nnew PDO('mysql:host=h;password=SECRET');\n"),
    (&[("index.php", "<?php\n")], "config.ini", "[db]\npassword=SECRET\n"),
    (&[("index.php", "<?php\n")], "config.json", "{\"db\": {\"password\": \"SECRET\"}}\n"),
    (&[("index.php", "<?php\n")], "config.xml", "<c><password>SECRET</password></c>\n"),
];

#[test]
fn no_secret_is_silent_wherever_it_stands() {
    const SECRET: &str = "k9Fz2mQx7LpZ";
    for (kit, name, source) in SECRETS {
        let source = source.replace("SECRET", SECRET);
        let folder = project(&[kit, &[(name, &source)]], "");
        let shown = configure(folder.path(), &["--verbose"]);
        assert!(!shown.all().contains(SECRET), "{source}: {}", shown.all());
        let run = configure(folder.path(), &["--write", "--verbose"]);
        let values = [".env", ".env.local"].map(|name| text(&folder, name)).concat();
        let is_moved = values.contains(SECRET) && !text(&folder, name).contains(SECRET);
        let is_told = run.all().contains(&format!("{name}:"));
        assert!(is_moved || is_told, "{source}: {}", run.all());
        let check = configure(folder.path(), &["--check"]);
        assert!(!check.all().contains("would be"), "{source}: {}", check.all());
    }
}

#[test]
fn what_asks_for_mysql_by_name_is_told() {
    let own: Files = &[
        (
            "config/database.php",
            "<?php\nreturn ['default' => env('DB_CONNECTION', 'mysql'), 'connections' => ['mysql' => ['driver' => 'mysql', 'host' => env('DB_HOST')]]];\n",
        ),
        (
            "config/queue.php",
            "<?php\nreturn ['failed' => ['database' => env('DB_CONNECTION', 'mysql')]];\n",
        ),
        (
            "app/Old.php",
            "<?php\nclass Old { protected $connection = 'mysql'; }\nDB::connection('mysql')->table('x');\n",
        ),
        ("phpunit.xml", "<php>\n<env name=\"DB_CONNECTION\" value=\"mysql\"/>\n</php>\n"),
        (".env.example", "DB_PASSWORD=\nDATABASE_URL=mysql://a:${DB_PASSWORD}@h:3306/x\n"),
    ];
    let folder = project(&[LARAVEL, own], "");
    let screen = written(&folder);
    assert!(text(&folder, "config/queue.php").contains("env('DB_CONNECTION', 'pgsql')"));
    for told in ["app/Old.php:2:", "app/Old.php:3:", "phpunit.xml:2:", ".env.example:2:"] {
        assert!(screen.contains(told), "{told}: {screen}");
    }
}
