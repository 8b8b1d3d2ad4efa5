//! What `nirvana audit` finds, and what it does not.
//!
//! Of every folder of `fixtures/audit` all findings stand in `fixtures/audited`; write them anew with
//! `INSTA_UPDATE=always`, and read what has changed. What a folder cannot hold is built here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Run, nirvana, run};

fn audit(path: &Path, more: &[&str]) -> Run {
    let mut command = nirvana();
    // What a job of GitHub's sets must not change what is tested.
    command.env_remove("GITHUB_ACTIONS").arg("audit").arg(path).args(more);
    run(command)
}

/// The report of `--format json`, its last line.
fn report(path: &Path, more: &[&str]) -> (i32, Value) {
    let run = audit(path, &[&["--format", "json"], more].concat());
    let last = run.stdout.lines().last().unwrap_or_else(|| panic!("{}", run.all()));
    (run.code, serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {}", run.all())))
}

/// `III-001 error config/database.yml:7 message`, a line each; what does not count says so.
fn hits(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    report["audited"]["hits"]
        .as_array()
        .unwrap_or_else(|| panic!("{report}"))
        .iter()
        .map(|hit| {
            let state = if hit["state"] == "open" {
                String::new()
            } else {
                format!("  [{}]", hit["state"])
            };
            let (rule, level) = (text(&hit["rule"]), text(&hit["level"]));
            format!(
                "{rule} {level} {}:{} {}{state}",
                text(&hit["path"]),
                hit["line"],
                text(&hit["message"])
            )
        })
        .collect()
}

fn rules(report: &Value) -> Vec<String> {
    hits(report).iter().map(|hit| hit.split(' ').next().unwrap().to_owned()).collect()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// A copy of a fixture in a folder of its own, so that no repository is around it.
fn copied(name: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let mut copy = Command::new("cp");
    copy.arg("-R").arg(fixtures().join("audit").join(name).join(".")).arg(folder.path());
    assert!(copy.status().unwrap().success());
    folder
}

fn folders() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(fixtures().join("audit"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 15, "{names:?}");
    names
}

/// Rules whose findings no folder can hold: they are tried below.
const BUILT_HERE: [&str; 4] = ["I-002", "I-004", "III-016", "III-025"];

#[test]
fn every_finding_is_expected_and_every_rule_finds_something() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(fixtures().join("audited"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for name in folders() {
        let folder = copied(&name);
        let config = folder.path().join("nirvana.toml");
        let config = config.to_str().unwrap();
        let more: &[&str] = if Path::new(config).is_file() { &["--config", config] } else { &[] };
        let (code, report) = report(folder.path(), more);
        let counts = hits(&report).iter().any(|hit| !hit.ends_with(']') && !hit.contains(" note "));
        assert_eq!(code, i32::from(counts), "{name}: {report}");
        found.extend(rules(&report));
        let all = report["audited"]["rules"].as_array().unwrap();
        known.extend(all.iter().map(|one| one["rule"].as_str().unwrap().to_owned()));
        settings.bind(|| insta::assert_snapshot!(name, hits(&report).join("\n")));
    }
    let missing: Vec<&String> = known
        .iter()
        .filter(|rule| !found.contains(*rule) && !BUILT_HERE.contains(&rule.as_str()))
        .collect();
    assert!(missing.is_empty(), "no fixture has a finding of {missing:?}");
    assert!(known.len() >= 80, "{}", known.len());
}

#[test]
fn no_secret_is_shown_in_any_format() {
    let mut secrets = 0;
    for name in folders() {
        let folder = copied(&name);
        for format in ["human", "json", "sarif", "github", "html"] {
            let run = audit(folder.path(), &["--verbose", "--format", format]);
            assert!(!run.all().to_lowercase().contains("s3cr3t"), "{name} {format}");
        }
        let grep =
            Command::new("grep").args(["-rho", "s3cr3t"]).arg(folder.path()).output().unwrap();
        secrets += String::from_utf8(grep.stdout).unwrap().lines().count();
    }
    assert!(secrets > 30, "the fixtures have {secrets} secrets");
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.current_dir(folder).args([
        "-c",
        "user.name=Ada",
        "-c",
        "user.email=ada@example.org",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "init.defaultBranch=main",
    ]);
    let output = git.args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn commit(folder: &Path) {
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", "change"]);
}

fn repository() -> TempDir {
    let folder = TempDir::new().unwrap();
    git(folder.path(), &["init", "-q"]);
    folder
}

const PDO: &str = "<?php\n$pdo = new PDO('mysql:host=db', 'shop', 's3cr3t-pdo');\n";

#[test]
fn keys_are_told_by_their_makers_form() {
    let folder = TempDir::new().unwrap();
    // Put together here, so that no scanner takes this file for a leak.
    let live = ["sk_", "live_", "4eC39HqLyjWDarjtT1zdp7dc"].concat();
    let test = ["sk_", "test_", "4eC39HqLyjWDarjtT1zdp7dc"].concat();
    let shown = ["AKIA", "IOSFODNN7EXAMPLE"].concat();
    let pem = format!(
        "-----BEGIN {}-----\n{}-----END RSA PRIVATE KEY-----\n",
        "RSA PRIVATE KEY",
        "MIIEowZq8Wn4TbLpZtR4vW8nB3cD5eF6gH7iJ8kL\n".repeat(8)
    );
    write(
        folder.path(),
        "index.php",
        &format!("<?php\n$a = '{live}';\n$b = '{test}';\n$c = '{shown}';\n"),
    );
    write(folder.path(), "key.pem", &pem);
    write(folder.path(), "tests/key.php", &format!("<?php\n$a = '{live}';\n"));
    let (code, report) = report(folder.path(), &[]);
    assert_eq!(code, 1);
    let found = hits(&report);
    let keys: Vec<&str> =
        found.iter().filter(|hit| hit.starts_with("III-016")).map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "III-016 error index.php:2 a key of Stripe is here",
            "III-016 error key.pem:1 a private key is here",
            "III-016 note tests/key.php:2 a key of Stripe is here",
        ]
    );
    for format in ["human", "json", "sarif", "github", "html"] {
        let run = audit(folder.path(), &["--verbose", "--format", format]);
        assert!(!run.all().contains("4eC39Hq") && !run.all().contains("Zq8Wn4Tb"), "{format}");
    }
}

#[test]
fn the_history_has_what_the_files_have_no_more_each_blob_once() {
    let folder = repository();
    let path = folder.path();
    write(path, "index.php", PDO);
    write(path, "copy/index.php", PDO);
    commit(path);
    write(path, "index.php", "<?php\n$pdo = new PDO(getenv('DSN'), getenv('U'), getenv('P'));\n");
    std::fs::remove_dir_all(path.join("copy")).unwrap();
    commit(path);
    let (_, without) = report(path, &[]);
    assert!(!rules(&without).contains(&"III-007".to_owned()), "{without}");
    let (code, with) = report(path, &["--history"]);
    let found: Vec<String> =
        hits(&with).into_iter().filter(|hit| hit.starts_with("III-025")).collect();
    assert_eq!((code, found.len()), (1, 1), "{found:?}");
    assert!(found[0].contains("III-007") && found[0].contains("since commit"), "{found:?}");
    assert_eq!(with["audited"]["looked"]["history"], 2);
    assert!(!with.to_string().contains("s3cr3t"));

    // A blob that is not there is told and never passed over.
    let id = Command::new("git")
        .current_dir(path)
        .args(["rev-parse", "HEAD~1:index.php"])
        .output()
        .unwrap();
    let id = String::from_utf8(id.stdout).unwrap().trim().to_owned();
    std::fs::remove_file(path.join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
    let (code, gap) = report(path, &["--history"]);
    let findings = gap["findings"].as_array().unwrap();
    assert_eq!((code, findings.len()), (1, 1), "{gap}");
    assert_eq!(findings[0]["code"], "unreadable");
}

#[test]
fn only_what_a_change_brought_is_told() {
    let folder = repository();
    let path = folder.path();
    write(path, "index.php", PDO);
    write(path, "old.php", "<?php\nset_time_limit(0);\n");
    commit(path);
    git(path, &["branch", "base"]);
    // Lines move, a file is renamed, and something is new.
    write(path, "index.php", &PDO.replacen("<?php\n", "<?php\n\n\n$a = 1;\n", 1));
    git(path, &["mv", "old.php", "new.php"]);
    write(path, "more.php", "<?php\nphpinfo();\n");
    commit(path);
    let (code, whole) = report(path, &[]);
    assert_eq!(code, 1);
    assert!(rules(&whole).contains(&"III-007".to_owned()));
    let (code, change) = report(path, &["--base", "base"]);
    assert_eq!((code, rules(&change)), (1, vec!["XII-002".to_owned()]), "{:?}", hits(&change));
    // The same of a bare repository.
    let bare = TempDir::new().unwrap();
    git(path, &["clone", "-q", "--bare", ".", bare.path().to_str().unwrap()]);
    let (code, bare) = report(bare.path(), &["--base", "base", "--rev", "main"]);
    assert_eq!((code, rules(&bare)), (1, vec!["XII-002".to_owned()]));
    let run = audit(path, &["--base", "nowhere"]);
    assert_eq!(run.code, 2, "{}", run.all());
}

#[test]
fn a_baseline_knows_lines_wherever_they_stand() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    write(path, "index.php", PDO);
    let file = path.join("known.json");
    let file = file.to_str().unwrap();
    assert_eq!(audit(path, &[]).code, 1);
    let run = audit(path, &["--write-baseline", file]);
    assert_eq!(run.code, 0, "{}", run.all());
    assert!(!std::fs::read_to_string(file).unwrap().contains("s3cr3t"));
    write(path, "index.php", &PDO.replacen("<?php\n", "<?php\n\n$a = 1;\n", 1));
    assert_eq!(audit(path, &["--baseline", file]).code, 0);
    write(path, "more.php", "<?php\nphpinfo();\n");
    let (code, report) = report(path, &["--baseline", file]);
    let open: Vec<String> = hits(&report).into_iter().filter(|hit| !hit.ends_with(']')).collect();
    assert_eq!(code, 1);
    assert_eq!(open.len(), 1, "{open:?}");
    let nowhere = audit(path, &["--write-baseline", "/no/such/folder/known.json"]);
    let says = "cannot write the baseline /no/such/folder/known.json";
    assert!(nowhere.code == 2 && nowhere.stderr.contains(says), "{}", nowhere.all());
    std::fs::write(file, "{}").unwrap();
    let run = audit(path, &["--baseline", file]);
    assert!(run.code == 2 && run.stderr.contains("no baseline"), "{}", run.all());
}

#[test]
fn branches_and_submodules_are_looked_at() {
    let folder = repository();
    let path = folder.path();
    write(path, "index.html", "<p>1</p>\n");
    commit(path);
    git(path, &["branch", "staging"]);
    git(path, &["checkout", "-q", "-b", "production"]);
    write(path, "index.html", "<p>2</p>\n");
    commit(path);
    git(path, &["checkout", "-q", "main"]);
    git(
        path,
        &[
            "update-index",
            "--add",
            "--cacheinfo",
            "160000,2222222222222222222222222222222222222222,theme",
        ],
    );
    git(path, &["commit", "-q", "-m", "module"]);
    let (_, report) = report(path, &["--rev", "main"]);
    assert_eq!(
        hits(&report),
        [
            "I-004 error theme:1 .gitmodules does not say where the commit of theme is",
            "I-002 warning .:1 production has 1 commit that HEAD does not have",
        ]
    );
}

#[test]
fn a_folder_of_a_repository_is_under_the_rules_of_those_above_it() {
    let folder = repository();
    let path = folder.path();
    write(path, "shop/composer.json", "{\"require\": {\"vlucas/phpdotenv\": \"^5\"}}\n");
    write(path, "shop/index.php", "<?php\necho 1;\n");
    write(path, ".gitignore", "log/\n");
    let absent = "III-009 warning composer.json:1 no rule of .gitignore matches .env".to_owned();
    for (rules, is_told) in [("log/\n", true), (".env\n", false), ("/shop/.env\n", false)] {
        write(path, ".gitignore", rules);
        commit(path);
        for more in [&[][..], &["--rev", "HEAD"]] {
            let (_, report) = report(&path.join("shop"), more);
            assert_eq!(hits(&report).contains(&absent), is_told, "{rules} {:?}", hits(&report));
        }
    }
}

#[test]
fn an_empty_folder_has_no_score() {
    let folder = TempDir::new().unwrap();
    let (code, report) = report(folder.path(), &[]);
    assert_eq!((code, hits(&report).len()), (0, 0));
    for score in report["audited"]["scores"].as_array().unwrap() {
        assert_eq!(score["applicable"], 0, "{score}");
    }
}

#[test]
fn the_level_to_fail_on_is_chosen() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "index.php", "<?php\nset_time_limit(0);\n");
    for (level, code) in [("note", 1), ("warning", 1), ("error", 0)] {
        assert_eq!(audit(folder.path(), &["--fail-on", level]).code, code, "{level}");
    }
    write(folder.path(), "nirvana.toml", "[audit]\nfail-on = \"error\"\n");
    assert_eq!(audit(folder.path(), &[]).code, 0);
    write(folder.path(), "nirvana.toml", "[[audit.allow]]\npath = \"*\"\nreason = \" \"\n");
    let run = audit(folder.path(), &[]);
    assert!(run.code == 2 && run.stderr.contains("has no reason"), "{}", run.all());
}

#[test]
fn sarif_is_valid_by_the_official_schema() {
    let schema = std::fs::read_to_string(fixtures().join("sarif/sarif-schema-2.1.0.json")).unwrap();
    // One pattern of it has a bracket too many, which not every engine takes.
    let schema = schema.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    for name in folders() {
        let folder = copied(&name);
        let config = folder.path().join("nirvana.toml");
        let config = config.to_str().unwrap();
        let more: &[&str] = if Path::new(config).is_file() { &["--config", config] } else { &[] };
        let run = audit(folder.path(), &[&["--format", "sarif"], more].concat());
        let log: Value = serde_json::from_str(&run.stdout).unwrap();
        let wrong: Vec<String> = schema.iter_errors(&log).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{name}: {wrong:?}");
        let (rules, results) =
            (&log["runs"][0]["tool"]["driver"]["rules"], &log["runs"][0]["results"]);
        let ids: BTreeSet<&str> =
            rules.as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), rules.as_array().unwrap().len());
        for result in results.as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert!(
                result["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64()
                    >= Some(1)
            );
        }
    }
    // The schema does see what is wrong.
    assert!(!schema.is_valid(&serde_json::json!({ "version": "2.1.0", "runs": [{ "tool": {} }] })));
}

#[test]
fn a_path_that_is_no_utf8_and_a_file_that_is_no_text_are_no_stumbling_block() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = TempDir::new().unwrap();
    let name = folder.path().join(OsStr::from_bytes(b"caf\xe9, a:b%.php"));
    std::fs::write(name, "<?php\nset_time_limit(0); // \u{1b}[31m\n").unwrap();
    std::fs::write(
        folder.path().join("a.php"),
        [&b"<?php \xff\xfe $a = 'x"[..], &[0x80; 20]].concat(),
    )
    .unwrap();
    std::fs::write(folder.path().join("b.php"), b"\x00\x01<?php phpinfo();").unwrap();
    let (_, report) = report(folder.path(), &[]);
    assert_eq!(report["audited"]["looked"]["binary"], 1);
    let github = audit(folder.path(), &["--format", "github"]).stdout;
    assert!(github.contains("file=caf\\xE9%2C a%3Ab%25.php,line=2"), "{github}");
    let sarif = audit(folder.path(), &["--format", "sarif"]).stdout;
    assert!(sarif.contains("caf%5CxE9%2C%20a%3Ab%25.php"), "{sarif}");
    for format in ["human", "html"] {
        let run = audit(folder.path(), &["--format", format]);
        assert!(!run.stdout.contains('\u{1b}'), "{}", run.stdout);
    }
}

#[test]
fn github_sees_what_is_found_beside_what_was_asked_for() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("a.php"), "<?php\nset_time_limit(0);\n").unwrap();
    for (format, annotates) in
        [("human", true), ("json", true), ("html", true), ("sarif", false), ("github", false)]
    {
        let mut command = nirvana();
        command.env("GITHUB_ACTIONS", "true").arg("audit").arg(folder.path());
        let run = run({
            command.args(["--format", format]);
            command
        });
        let is_there = run.stderr.contains("::warning file=a.php,line=2,title=IX-001");
        assert_eq!(is_there, annotates, "{format}: {}", run.all());
        // What was asked for is the same as anywhere else.
        let elsewhere = audit(folder.path(), &["--format", format]);
        let without_time = |text: &str| {
            text.lines().filter(|line| !line.contains(" ms")).collect::<Vec<_>>().join("\n")
        };
        if format != "json" {
            assert_eq!(without_time(&run.stdout), without_time(&elsewhere.stdout), "{format}");
        }
        assert!(!elsewhere.stderr.contains("::warning"), "{format}");
    }
}
