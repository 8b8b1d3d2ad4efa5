//! `ci/examples`: files that people copy must be what their services read, and name commands that
//! there are.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{nirvana, run, setting};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ci/examples")
}

/// The published schema of a service, as check-jsonschema brings it.
fn judged(schema: &[&str], file: &Path) -> Option<bool> {
    let folder = setting("NIRVANA_TEST_CLIENTS")?;
    let judge = Path::new(&folder).join("check-jsonschema");
    if !judge.is_file() {
        let required = std::env::var_os("NIRVANA_TEST_REQUIRE_SERVERS").is_some();
        assert!(!required, "there is no check-jsonschema: ci/tools fetches it");
        eprintln!("skipped: there is no check-jsonschema");
        return None;
    }
    let mut command = Command::new(judge);
    command.arg("--builtin-schema").args(schema).arg(file);
    let output = command.output().unwrap();
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stdout));
    }
    Some(output.status.success())
}

const GITHUB: [&str; 1] = ["vendor.github-workflows"];
const GITLAB: [&str; 3] = ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"];

#[test]
fn both_services_read_their_example() {
    let table: [(&[&str], &str, &str, &str); 2] = [
        (&GITHUB, "github-actions.yml", "runs-on:", "runs_on:"),
        (&GITLAB, "gitlab-ci.yml", "interruptible: false", "interruptible: 3"),
    ];
    for (schema, name, right, wrong) in table {
        let file = examples().join(name);
        let Some(taken) = judged(schema, &file) else { return };
        assert!(taken, "{name}");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(right), "{name}");
        let folder = tempfile::tempdir().unwrap();
        let broken = folder.path().join(name);
        std::fs::write(&broken, text.replace(right, wrong)).unwrap();
        assert_eq!(judged(schema, &broken), Some(false), "the schema takes anything: {name}");
    }
}

/// Every line of an example that calls us, without what a shell does with it.
fn commands(text: &str) -> Vec<Vec<String>> {
    let calls = text.lines().filter_map(|line| {
        let line = line.trim().trim_start_matches("- ").trim_start_matches("run: ");
        let call = line.strip_prefix("nirvana ")?;
        Some(call.split(" > ").next().unwrap().split(' ').map(str::to_owned).collect())
    });
    calls.collect()
}

#[test]
fn the_examples_call_commands_that_there_are() {
    for name in ["github-actions.yml", "gitlab-ci.yml"] {
        let commands = commands(&std::fs::read_to_string(examples().join(name)).unwrap());
        for verb in ["audit", "env", "provision", "release"] {
            assert!(commands.iter().any(|words| words[0] == verb), "{name} does not call {verb}");
        }
        for words in commands {
            // Help is only given once all before it is understood.
            let mut command = nirvana();
            command.args(&words).arg("--help");
            let run = run(command);
            assert_eq!(run.code, 0, "{name}: nirvana {}: {}", words.join(" "), run.all());
        }
    }
    let mut command = nirvana();
    command.args(["audit", "--no-such-flag", "--help"]);
    assert_eq!(run(command).code, 2);
}
