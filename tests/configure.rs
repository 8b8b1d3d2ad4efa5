//! What `nirvana configure` makes of a codebase, and that it makes it once.
//!
//! Of every folder of `fixtures/projects` the whole diff stands in `fixtures/configured`; write it
//! anew with `INSTA_UPDATE=always`, and read what has changed. What the real interpreters make of a
//! file that was configured is asked of Debian's Ruby and PHP.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Run, fixtures, nirvana, run};

pub(crate) fn configure(path: &Path, more: &[&str]) -> Run {
    let mut command = nirvana();
    command.arg("configure").arg(path).args(more);
    run(command)
}

pub(crate) fn report(path: &Path, more: &[&str]) -> (i32, Value) {
    let run = configure(path, &[&["--format", "json"], more].concat());
    let last = run.stdout.lines().last().unwrap_or_else(|| panic!("{}", run.all()));
    (run.code, serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {}", run.all())))
}

fn projects() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(fixtures().join("projects"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    all.sort();
    assert!(all.len() >= 40, "{all:?}");
    all
}

fn name(project: &Path) -> String {
    project.file_name().unwrap().to_str().unwrap().to_owned()
}

/// A copy of a project, which may be written to.
fn copy(project: &Path) -> TempDir {
    let folder = TempDir::new().unwrap();
    let status = Command::new("cp").arg("-R").arg(project.join(".")).arg(folder.path()).status();
    assert!(status.unwrap().success());
    folder
}

/// All files below a folder with their contents.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else {
                let within = path.strip_prefix(folder).unwrap().to_owned();
                files.insert(within, std::fs::read(&path).unwrap_or_default());
            }
        }
    }
    files
}

/// The screen without how long it took and where the project lies.
fn screen(run: &Run, folder: &Path) -> String {
    let all = format!("{}{}", run.stdout, run.stderr);
    let all = all.replace(folder.to_str().unwrap(), "PROJECT");
    let (start, end) = all.rsplit_once(" seen in ").unwrap_or_else(|| panic!("{all}"));
    format!("{start} seen{}", end.split_once("ms").unwrap().1)
}

#[test]
fn every_project_becomes_what_it_is_said_to_become() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(fixtures().join("configured"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for project in projects() {
        let folder = copy(&project);
        let run = configure(folder.path(), &["--to", "postgres", "--verbose"]);
        assert!(run.code <= 1, "{}", run.all());
        let screen = screen(&run, folder.path());
        settings.bind(|| insta::assert_snapshot!(name(&project), screen));
        assert_eq!(files(folder.path()), files(&project), "{} was written to", name(&project));
    }
}

#[test]
fn a_second_run_changes_nothing() {
    let mut changed = 0;
    for project in projects() {
        for more in [&[][..], &["--to", "postgres"]] {
            let folder = copy(&project);
            let (code, first) = report(folder.path(), &[&["--write"], more].concat());
            assert!(code <= 1, "{first:#}");
            changed += first["changes"].as_array().unwrap().len();
            let written = files(folder.path());
            let (_, second) = report(folder.path(), &[&["--write"], more].concat());
            assert_eq!(
                second["changes"].as_array().unwrap().len(),
                0,
                "{}: {second:#}",
                name(&project)
            );
            assert_eq!(files(folder.path()), written, "{}", name(&project));
            let check = configure(folder.path(), &[&["--check"], more].concat());
            assert!(!check.all().contains("would be"), "{}", check.all());
        }
    }
    assert!(changed > 100, "{changed} files were changed");
}

#[test]
fn no_secret_is_told_and_each_is_kept() {
    for project in projects() {
        for more in [&["--verbose"][..], &["--format", "json"], &["--write", "--verbose"]] {
            let folder = copy(&project);
            let before = count(&files(folder.path()));
            let run = configure(folder.path(), &[&["--to", "postgres"], more].concat());
            assert!(!run.all().contains("s3cr3t"), "{}: {}", name(&project), run.all());
            assert!(count(&files(folder.path())) >= before, "{}: a secret is lost", name(&project));
        }
    }
}

/// How many files have the word that all secrets of the fixtures have.
fn count(files: &BTreeMap<PathBuf, Vec<u8>>) -> usize {
    let text: Vec<u8> = files.values().flatten().copied().collect();
    let text = String::from_utf8_lossy(&text).into_owned();
    let words = text.split(|letter: char| letter.is_whitespace() || "'\"@:;,#=/".contains(letter));
    let secrets: std::collections::BTreeSet<&str> =
        words.filter(|word| word.contains("s3cr3t")).collect();
    secrets.len()
}

#[test]
fn files_keep_their_mode_and_a_secret_file_is_its_owners() {
    let folder = copy(&fixtures().join("projects/rails5"));
    let yml = folder.path().join("config/database.yml");
    std::fs::set_permissions(&yml, std::fs::Permissions::from_mode(0o640)).unwrap();
    let run = configure(folder.path(), &["--write"]);
    assert_eq!(run.code, 0, "{}", run.all());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&yml), 0o640);
    assert_eq!(mode(&folder.path().join(".env")), 0o600);
    let env = std::fs::read_to_string(folder.path().join(".env")).unwrap();
    assert!(env.contains("DATABASE_PASSWORD=") && env.contains("s3cr3t*clinic"), "{env}");
    let example = std::fs::read_to_string(folder.path().join(".env.example")).unwrap();
    assert!(example.contains("DATABASE_PASSWORD=\n") && !example.contains("s3cr3t"), "{example}");
    assert!(std::fs::read_to_string(folder.path().join(".gitignore")).unwrap().contains("/.env"));
}

#[test]
fn exit_codes_tell_whether_there_is_something_to_do() {
    let folder = copy(&fixtures().join("projects/rails5"));
    assert_eq!(configure(folder.path(), &["--check"]).code, 1);
    assert_eq!(configure(folder.path(), &["--write"]).code, 0);
    assert_eq!(configure(folder.path(), &["--check"]).code, 0);
    assert_eq!(configure(&folder.path().join("nowhere"), &[]).code, 2);
    assert_eq!(configure(folder.path(), &["--check", "--write"]).code, 2);
}

#[test]
fn what_cannot_be_written_leaves_all_as_it_was() {
    let folder = copy(&fixtures().join("projects/laravel5"));
    // A folder stands where a file is to be made.
    std::fs::create_dir(folder.path().join(".gitignore")).unwrap();
    let before = files(folder.path());
    let (code, report) = report(folder.path(), &["--write"]);
    assert_eq!(code, 3, "{report:#}");
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_file_of_variables_that_is_elsewhere_stays_there() {
    let (folder, shared) = (copy(&fixtures().join("projects/rails5")), TempDir::new().unwrap());
    std::fs::write(shared.path().join("env"), "A=1\n").unwrap();
    std::os::unix::fs::symlink(shared.path().join("env"), folder.path().join(".env")).unwrap();
    let before = files(folder.path());
    let (code, report) = report(folder.path(), &["--write"]);
    assert_eq!(code, 1, "{report:#}");
    assert_eq!(files(folder.path()), before, "{report:#}");
}

#[test]
fn odd_bytes_survive() {
    let folder = TempDir::new().unwrap();
    let put = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put("Gemfile.lock", b"GEM\n  specs:\n    mysql2 (0.5.6)\n    rails (7.1.3)\n");
    put("config/application.rb", b"module A\nend\n");
    put("config/environment.rb", b"");
    put(
        "config/database.yml",
        b"\xef\xbb\xbf# caf\xe9\r\nproduction:\r\n\tadapter: mysql2 \t# why\r\n\tdatabase:  shop\r\n\
          \tpassword: 'it''s # s3cr3t'   # \xff\r\n\tpool: 5",
    );
    let run = configure(folder.path(), &["--to", "postgres", "--write"]);
    assert!(run.code <= 1, "{}", run.all());
    let text = std::fs::read(folder.path().join("config/database.yml")).unwrap();
    assert_eq!(
        String::from_utf8_lossy(&text),
        String::from_utf8_lossy(
            b"\xef\xbb\xbf# caf\xe9\r\nproduction:\r\n\tadapter: postgresql \t# why\r\n\
              \tdatabase:  <%= ENV[\"DATABASE_NAME\"] %>\r\n\
              \tpassword: <%= ENV[\"DATABASE_PASSWORD\"].to_json %>   # \xff\r\n\tpool: 5"
        )
    );
    let env = std::fs::read_to_string(folder.path().join(".env")).unwrap();
    assert_eq!(env, "DATABASE_NAME=shop\nDATABASE_PASSWORD=\"it's # s3cr3t\"\n");
}

const COMPOSE: &str = r#"services:
  db:
    image: "mysql:8.0"
    command: --default-authentication-plugin=mysql_native_password
    environment:
      - MYSQL_ROOT_PASSWORD=s3cr3t
      - MYSQL_DATABASE=shop
    ports:
      - "${FORWARD_DB_PORT:-3306}:3306"
    volumes:
      - db-data:/var/lib/mysql
    healthcheck:
      test: ["CMD", "mysqladmin", "ping", "-h", "localhost"]
      retries: 5
  web:
    build: .
    environment:
      DATABASE_URL: mysql2://root:s3cr3t@db:3306/shop
    depends_on: [db]
volumes:
  db-data:
"#;

const GITLAB: &str = "services:
  - mysql:8.0
  - redis:7
variables:
  MYSQL_DATABASE: shop_test
  MYSQL_ROOT_PASSWORD: s3cr3t
  DB_HOST: mysql
test:
  script:
    - apt-get install -y default-libmysqlclient-dev
    - mysql -u root -e 'CREATE DATABASE x'
    - bin/rails test
";

const WORKFLOW: &str = "jobs:
  test:
    services:
      mysql:
        image: mysql:8
        env:
          MYSQL_ALLOW_EMPTY_PASSWORD: true
          MYSQL_DATABASE: shop_test
        ports:
          - 3306:3306
        options: --health-cmd=\"mysqladmin ping\" --health-interval=10s
    env:
      DATABASE_URL: mysql2://root@127.0.0.1:3306/shop_test
      DB_PORT: 3306
    steps:
      - run: sudo apt-get install -y libmysqlclient-dev
      - run: |
          mysql -e 'create database x'
          bin/rails test
";

const GEMFILE: &str = "source 'https://rubygems.org'
gem \"mysql2\", '~> 0.5', platforms: [:ruby] # the driver
gem 'activerecord-jdbcmysql-adapter', platforms: :jruby
group :test do
  gem('trilogy')
end
";

#[test]
fn gems_and_the_servers_of_ci_change_along() {
    let folder = TempDir::new().unwrap();
    for (name, text) in [
        ("Gemfile.lock", "GEM\n  specs:\n    mysql2 (0.5.6)\n    rails (7.1.3)\n"),
        ("Gemfile", GEMFILE),
        ("config/application.rb", "module A\nend\n"),
        ("config/environment.rb", ""),
        ("docker-compose.yml", COMPOSE),
        (".gitlab-ci.yml", GITLAB),
        (".github/workflows/ci.yml", WORKFLOW),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let run = configure(folder.path(), &["--to", "postgres", "--verbose"]);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(fixtures().join("configured"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("ci-services", screen(&run, folder.path())));
    let written = configure(folder.path(), &["--to", "postgres", "--write"]);
    assert_eq!(written.code, 1, "{}", written.all());
    let (_, second) = report(folder.path(), &["--to", "postgres"]);
    assert!(second.get("diff").is_none(), "{second:#}");
}

/// An interpreter of this machine; without one the test is skipped by name, and in CI it fails.
pub(crate) fn interpreter(name: &str) -> Option<Command> {
    let is_there =
        Command::new(name).arg("--version").output().is_ok_and(|run| run.status.success());
    if is_there {
        return Some(Command::new(name));
    }
    assert!(
        std::env::var_os("NIRVANA_TEST_REQUIRE_SERVERS").is_none(),
        "{name} is not installed, and it is required: run ci/test"
    );
    eprintln!("skipped: {name} is not installed; run ci/test");
    None
}

/// A password that YAML, ERB, PHP and shells would each read as something else.
const NASTY: &str = "a: b #c '\"{{ %> *x & \\n 0123 ü";

#[test]
fn ruby_reads_what_the_environment_says() {
    let Some(mut ruby) = interpreter("ruby") else { return };
    let folder = copy(&fixtures().join("projects/rails8"));
    let run = configure(folder.path(), &["--to", "postgres", "--write"]);
    assert!(run.code <= 1, "{}", run.all());
    ruby.args(["-r", "erb", "-r", "yaml", "-r", "json", "-e"]);
    ruby.arg(
        "text = ERB.new(File.read(ARGV[0])).result\n\
         puts JSON.generate(YAML.load(text, aliases: true))",
    );
    ruby.arg(folder.path().join("config/database.yml"));
    ruby.env("DATABASE_NAME", "shop")
        .env("DATABASE_USERNAME", "ada")
        .env("DATABASE_PASSWORD", NASTY);
    ruby.env("CACHE_DATABASE_NAME", "shop_cache").env("LC_ALL", "C.UTF-8");
    let output = ruby.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    let primary = &read["production"]["primary"];
    assert_eq!(primary["adapter"], "postgresql");
    assert_eq!(primary["encoding"], "unicode");
    assert_eq!(primary["database"], "shop");
    assert_eq!(primary["username"], "ada");
    assert_eq!(primary["password"], NASTY);
    assert_eq!(read["production"]["cache"]["database"], "shop_cache");
    assert_eq!(read["production"]["queue"]["database"], Value::Null);
    assert_eq!(read["development"]["database"], "harbour_development");
}

#[test]
fn ruby_still_reads_every_file_that_was_configured() {
    let Some(_) = interpreter("ruby") else { return };
    for project in ["rails2", "rails3", "rails5", "rails8"] {
        let folder = copy(&fixtures().join("projects").join(project));
        configure(folder.path(), &["--to", "postgres", "--write"]);
        for (file, _) in files(folder.path()) {
            let text = file.to_string_lossy().into_owned();
            let is_ruby = file.extension().is_some_and(|ending| ending == "rb");
            if is_ruby || text == "Gemfile" {
                let run =
                    Command::new("ruby").arg("-c").arg(folder.path().join(&file)).output().unwrap();
                assert!(run.status.success(), "{project}/{text}: {run:?}");
            }
        }
    }
}

/// Loads a file of settings and prints as JSON what it returns or sets.
fn php(file: &Path, prelude: &str, result: &str, variables: &[(&str, &str)]) -> Option<Value> {
    let mut php = interpreter("php")?;
    let code = format!("{prelude} $returned = require $argv[1]; echo json_encode({result});");
    php.args(["-d", "variables_order=EGPCS", "-r", &code, "--"]).arg(file);
    php.envs(variables.iter().copied());
    let output = php.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text} {}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

const ENV: &str = "function env($key, $default = null) { $value = getenv($key); \
    return $value === false ? $default : $value; } \
    function database_path($path = '') { return $path; }";

#[test]
fn php_reads_what_the_environment_says() {
    let variables = [
        ("DB_HOST", "db.example"),
        ("DB_DATABASE", "shop"),
        ("DB_NAME", "shop"),
        ("DB_USERNAME", "ada"),
        ("DB_USER", "ada"),
        ("DB_PASSWORD", NASTY),
    ];
    let written = |project: &str, file: &str| {
        let folder = copy(&fixtures().join("projects").join(project));
        let run = configure(folder.path(), &["--to", "postgres", "--write"]);
        assert!(run.code <= 1, "{}", run.all());
        let path = folder.path().join(file);
        (folder, path)
    };
    let (_laravel, path) = written("laravel11", "config/database.php");
    let Some(read) = php(&path, ENV, "$returned", &variables) else { return };
    assert_eq!(read["default"], "pgsql");
    let pgsql = &read["connections"]["pgsql"];
    for (key, value) in
        [("driver", "pgsql"), ("host", "db.example"), ("port", "5432"), ("database", "shop")]
    {
        assert_eq!(pgsql[key], value);
    }
    assert_eq!((&pgsql["username"], &pgsql["password"]), (&"ada".into(), &NASTY.into()));

    let (_laravel, path) = written("laravel5", "config/database.php");
    let read = php(&path, ENV, "$returned", &variables).unwrap();
    let members = &read["connections"]["members"];
    assert_eq!((&members["driver"], &members["password"]), (&"pgsql".into(), &NASTY.into()));

    let (_drupal, path) = written("drupal11", "web/sites/default/settings.php");
    let read = php(&path, "", "$databases", &variables).unwrap();
    let database = &read["default"]["default"];
    assert_eq!((&database["driver"], &database["password"]), (&"pgsql".into(), &NASTY.into()));
    assert_eq!(database["namespace"], "Drupal\\pgsql\\Driver\\Database\\pgsql");
    assert_eq!(database["port"], "5432");
}

#[test]
fn php_still_reads_every_file_that_was_configured() {
    let Some(_) = interpreter("php") else { return };
    for project in projects() {
        let folder = copy(&project);
        let before = files(folder.path());
        configure(folder.path(), &["--to", "postgres", "--write"]);
        for (file, text) in files(folder.path()) {
            let is_php = file.extension().is_some_and(|ending| ending == "php");
            if is_php && before.get(&file) != Some(&text) {
                let run =
                    Command::new("php").arg("-l").arg(folder.path().join(&file)).output().unwrap();
                assert!(run.status.success(), "{}/{}: {run:?}", name(&project), file.display());
            }
        }
    }
}
