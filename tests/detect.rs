//! What `nirvana detect` says of a codebase, and on what it stands.
//!
//! Of every folder of `fixtures/projects` the whole screen stands in `fixtures/detected`; write it
//! anew with `INSTA_UPDATE=always`, and read what has changed. What a folder cannot hold (other
//! modes, other bytes, other states of a repository) is built here.

use std::path::{Path, PathBuf};

use git2::{IndexEntry, IndexTime, Oid, Repository, RepositoryInitOptions, Signature};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Run, nirvana, run};

fn detect(path: &Path, more: &[&str]) -> Run {
    let mut command = nirvana();
    command.arg("detect").arg(path).args(more);
    run(command)
}

/// The report of `--format json`, its last line.
fn report(path: &Path, more: &[&str]) -> (i32, Value) {
    let run = detect(path, &[&["--format", "json"], more].concat());
    let last = run.stdout.lines().last().unwrap_or_else(|| panic!("{}", run.all()));
    (run.code, serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {}", run.all())))
}

/// `root framework`, a line each; then components.
fn found(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = |part: &str, what: &str| -> Vec<String> {
        let all = report["detected"][part].as_array().unwrap();
        all.iter().map(|one| format!("{} {}", text(&one["root"]), text(&one[what]))).collect()
    };
    [list("applications", "framework"), list("components", "kind")].concat()
}

fn codes(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
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

#[test]
fn every_project_is_what_it_is_said_to_be() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(fixtures().join("detected"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for project in projects() {
        let run = detect(&project, &["--verbose"]);
        assert!(run.stderr.is_empty() && run.code <= 1, "{}", run.all());
        let name = project.file_name().unwrap().to_str().unwrap();
        // All but how long it took.
        let (screen, end) = run.stdout.rsplit_once(", in ").unwrap();
        let rest = end.split_once("ms").unwrap().1;
        settings.bind(|| insta::assert_snapshot!(name, format!("{screen}{rest}")));
    }
}

#[test]
fn no_secret_of_a_configuration_is_told() {
    let mut secrets = 0;
    for project in projects() {
        for more in [&["--verbose"][..], &["--format", "json"]] {
            let run = detect(&project, more);
            assert!(!run.all().contains("s3cr3t"), "{}", run.all());
        }
        let mut grep = std::process::Command::new("grep");
        let output = grep.args(["-rl", "s3cr3t"]).arg(&project).output().unwrap();
        secrets += String::from_utf8(output.stdout).unwrap().lines().count();
    }
    assert!(secrets > 20, "the fixtures have {secrets} files with secrets");
}

#[test]
fn the_report_has_the_evidence_and_the_exit_code_tells_of_findings() {
    let (code, rails) = report(&fixtures().join("projects/rails5"), &[]);
    assert_eq!((code, &rails["outcome"]), (0, &Value::from("done")));
    let application = &rails["detected"]["applications"][0];
    assert_eq!(application["version"]["value"], "5.2.8.1");
    assert_eq!(application["databases"][1]["evidence"]["path"], "config/database.yml");
    assert_eq!(application["databases"][1]["evidence"]["line"], 15);
    assert_eq!(application["databases"][1]["server"], "sqlite");
    assert!(rails["detected"].get("commit").is_none());

    let (code, nothing) = report(&fixtures().join("projects/nothing"), &[]);
    assert_eq!((code, codes(&nothing)), (1, vec!["nothing-detected"]));
}

#[test]
fn what_cannot_be_meant_is_a_usage_error() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for (path, more, wanted) in [
        (folder.path().join("gone"), &[][..], "there is no folder"),
        (file, &[], "is a file"),
        (folder.path().to_owned(), &["--rev", "HEAD"], "is in no git repository"),
    ] {
        let run = detect(&path, more);
        assert_eq!(run.code, 2, "{}", run.all());
        assert!(run.stderr.contains(wanted) && run.stdout.is_empty(), "{}", run.all());
    }
}

const FILE: u32 = 0o100_644;
const LINK: u32 = 0o120_000;
const SUBMODULE: u32 = 0o160_000;

fn bare() -> (TempDir, Repository) {
    let folder = TempDir::new().unwrap();
    let mut options = RepositoryInitOptions::new();
    options.bare(true).external_template(false);
    let repository = Repository::init_opts(folder.path(), &options).unwrap();
    repository.set_head("refs/heads/main").unwrap();
    (folder, repository)
}

fn commit(repository: &Repository, files: &[(&[u8], u32, &str)]) -> Oid {
    let mut index = git2::Index::new().unwrap();
    for (path, mode, contents) in files {
        let id = match *mode {
            SUBMODULE => Oid::from_str("2222222222222222222222222222222222222222").unwrap(),
            _ => repository.blob(contents.as_bytes()).unwrap(),
        };
        let (ctime, mtime) = (IndexTime::new(0, 0), IndexTime::new(0, 0));
        let (path, mode, file_size) = (path.to_vec(), *mode, 0);
        let (dev, ino, uid, gid, flags, flags_extended) = (0, 0, 0, 0, 0, 0);
        #[rustfmt::skip]
        let entry = IndexEntry { ctime, mtime, dev, ino, mode, uid, gid, file_size, id, flags, flags_extended, path };
        index.add(&entry).unwrap();
    }
    let tree = repository.find_tree(index.write_tree_to(repository).unwrap()).unwrap();
    let who = Signature::now("Ada", "ada@example.org").unwrap();
    let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    let parents: Vec<&git2::Commit> = parent.iter().collect();
    repository.commit(Some("refs/heads/main"), &who, &who, "files", &tree, &parents).unwrap()
}

const GEMS: &str = "GEM\n  specs:\n    mysql2 (0.5.6)\n    rails (7.1.3)\n";

#[test]
fn a_bare_repository_is_read_at_any_commit() {
    let (folder, repository) = bare();
    let run = detect(folder.path(), &[]);
    assert_eq!(run.code, 2, "{}", run.all());
    assert!(run.stderr.contains("no commit yet"), "{}", run.all());

    let first = commit(&repository, &[(b"index.php", FILE, "<?php\n")]);
    commit(
        &repository,
        &[
            (b"Gemfile.lock", FILE, GEMS),
            (b"config/application.rb", FILE, "module A\nend\n"),
            (b"config/environment.rb", FILE, ""),
            (b"config/database.yml", LINK, "../shared/database.yml"),
            (b"shared/database.yml", FILE, "production:\n  adapter: mysql2\n"),
            (b"config/secrets.yml", LINK, "/etc/shop/secrets.yml"),
            (b"vendor/theme", SUBMODULE, ""),
            (b"caf\xe9/index.php", FILE, "<?php mysql_connect('h');\n"),
            (b".gitattributes", FILE, "*.rb linguist-vendored\n"),
        ],
    );
    let (code, now) = report(folder.path(), &[]);
    assert_eq!(found(&now), [". rails", "caf\\xE9 php", "vendor/theme submodule"]);
    assert_eq!((code, codes(&now)), (0, vec!["submodule-not-read"]));
    let database = &now["detected"]["applications"][0]["databases"][0];
    assert_eq!(
        (&database["adapter"], &database["environment"]),
        (&"mysql2".into(), &"production".into())
    );

    let (code, then) = report(folder.path(), &["--rev", &first.to_string()]);
    assert_eq!((code, found(&then)), (0, vec![". php".to_owned()]));
    assert_eq!(then["detected"]["commit"], first.to_string());
    let run = detect(folder.path(), &["--rev", "nowhere"]);
    assert_eq!(run.code, 2, "{}", run.all());
}

#[test]
fn what_is_not_in_the_repository_is_a_finding() {
    const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n";
    let (folder, repository) = bare();
    let rest: [(&[u8], u32, &str); 3] = [
        (b"config/application.rb", FILE, "x"),
        (b"config/environment.rb", FILE, "y"),
        (b"Gemfile.lock", FILE, GEMS),
    ];
    let with = |third: (&'static [u8], u32, &'static str)| [&rest[..], &[third]].concat();
    commit(&repository, &with((b"config/database.yml", FILE, POINTER)));
    let (code, lfs) = report(folder.path(), &[]);
    assert_eq!((code, codes(&lfs)), (1, vec!["lfs-pointer"]));
    assert_eq!(lfs["findings"][0]["place"]["name"], "config/database.yml");

    commit(&repository, &with((b"config/database.yml", LINK, "/etc/database.yml")));
    let (code, link) = report(folder.path(), &[]);
    assert_eq!((code, codes(&link)), (0, vec!["link-not-followed"]));

    commit(&repository, &with((b"config/database.yml", FILE, "gone: 1\n")));
    let gone = repository.blob(b"gone: 1\n").unwrap().to_string();
    std::fs::remove_file(folder.path().join("objects").join(&gone[..2]).join(&gone[2..])).unwrap();
    let (code, missing) = report(folder.path(), &[]);
    assert_eq!((code, codes(&missing)), (1, vec!["unreadable"]));
    assert_eq!(found(&missing), [". rails"]);

    let head = repository.head().unwrap().target().unwrap().to_string();
    std::fs::write(folder.path().join("shallow"), format!("{head}\n")).unwrap();
    let (_, shallow) = report(folder.path(), &[]);
    assert_eq!(codes(&shallow), ["shallow-clone", "unreadable"]);
}

#[test]
fn a_large_tree_is_read_at_once() {
    let (folder, repository) = bare();
    let files: Vec<(Vec<u8>, String)> = (0..20_000)
        .map(|number| {
            let path = format!("app/part{}/file{number}.php", number % 200);
            (path.into_bytes(), format!("<?php // {}\n", number % 50))
        })
        .chain([(b"index.php".to_vec(), "<?php pg_connect('');\n".to_owned())])
        .collect();
    let entries: Vec<(&[u8], u32, &str)> =
        files.iter().map(|(path, text)| (path.as_slice(), FILE, text.as_str())).collect();
    commit(&repository, &entries);
    let (code, report) = report(folder.path(), &[]);
    assert_eq!((code, found(&report)), (0, vec![". php".to_owned()]));
    assert_eq!(report["detected"]["files"], 20_001);
    let database = &report["detected"]["applications"][0]["databases"][0];
    assert_eq!(database["server"], "postgresql");
}
