//! `nirvana release` to two hosts by ssh, with a PHP application behind nginx and php-fpm, asked all
//! the time, and with nirvana killed at every step.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::site::{Load, SECRET, Site};
use crate::support::{Run, nirvana, run};

/// Waits for a file that a hook or a build makes; panics if it never comes.
fn await_file(path: &Path) {
    for _ in 0..600 {
        if path.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{} never came", path.display());
}

fn ends(child: Child) -> Run {
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Every file below a folder that a text stands in.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let bytes = std::fs::read(entry.path()).unwrap_or_default();
                if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                    found.push(entry.path().display().to_string());
                }
            }
        }
    }
    found
}

#[test]
fn no_request_is_lost_by_a_switch_or_by_a_rollback() {
    let Some(site) = Site::start() else { return };
    let project = site.project("");
    project.commit("one", 200);
    let shown = project.release(&["deploy", "--dry-run"]);
    assert_eq!(shown.code, 0, "{}", shown.all());
    assert!(shown.stdout.contains("· switch web2"), "{}", shown.all());
    assert!(!site.hosts[0].root().exists(), "a dry run wrote something");
    let first = project.release(&["deploy"]);
    assert_eq!(first.code, 0, "{}", first.all());
    assert!(project.serves("one"), "{:?}", site.hosts[0].visit());

    project.commit("two", 200);
    let shown = project.release(&["deploy", "--dry-run"]);
    assert!(shown.stdout.contains("M version.php"), "{}", shown.all());
    let loads: Vec<Load> = site.hosts.iter().map(|host| Load::start(host.port)).collect();
    let second = project.release(&["deploy"]);
    assert_eq!(second.code, 0, "{}", second.all());
    assert!(second.stdout.contains("linked from 1-"), "{}", second.all());
    assert!(project.serves("two"));
    let back = project.release(&["rollback"]);
    assert_eq!(back.code, 0, "{}", back.all());
    assert!(project.serves("one"));
    for load in loads {
        let (answers, lost) = load.end();
        assert_eq!(lost, Vec::<String>::new(), "of {} requests", answers.len());
        let mut versions: Vec<&str> = answers
            .iter()
            .map(|body| if body.contains("\"two\"") { "two" } else { "one" })
            .collect();
        assert!(versions.len() > 30, "too few requests to tell: {}", versions.len());
        versions.dedup();
        assert_eq!(versions, ["one", "two", "one"]);
    }

    // What is there already is not done again, and what was rolled back from is not returned to.
    let listed = project.release(&["list"]);
    assert!(listed.stdout.contains("rolled-back: left for 1-"), "{}", listed.all());
    assert_eq!(project.release(&["rollback"]).code, 3);
    assert_eq!(project.release(&["check"]).code, 0);
    let third = project.release(&["deploy"]);
    assert!(third.code == 0 && site.hosts[0].current().starts_with("3-"), "{}", third.all());
    let again = project.release(&["deploy"]);
    assert_eq!(again.code, 0, "{}", again.all());
    assert!(again.stdout.contains("switch web1") && again.stdout.contains("it serves already"));
    assert!(site.hosts[0].current().starts_with("3-"));
    let pruned = project.release(&["prune", "--keep", "1"]);
    assert_eq!(pruned.code, 0, "{}", pruned.all());
    let left = std::fs::read_dir(site.hosts[1].root().join("releases")).unwrap().count();
    assert_eq!(left, 2, "what serves and what was good before: {}", site.hosts[1].ledger());
}

#[test]
fn a_release_that_is_not_well_is_left_again_by_itself() {
    let Some(site) = Site::start() else { return };
    let project = site.project("");
    project.commit("one", 200);
    assert_eq!(project.release(&["deploy"]).code, 0);
    let good = site.hosts[0].current();
    project.configure("answers = 1\n");
    let patient = std::fs::read_to_string(project.folder.join("nirvana.toml")).unwrap();
    std::fs::write(
        project.folder.join("nirvana.toml"),
        patient.replace("within = 10", "within = 1"),
    )
    .unwrap();
    project.commit("ill", 500);
    let ill = project.release(&["deploy"]);
    assert_eq!(ill.code, 6, "{}", ill.all());
    assert!(ill.all().contains("status 500 instead of 200"), "{}", ill.all());
    assert!(ill.all().contains(&format!("{good} serves again, and answers")), "{}", ill.all());
    assert!(project.serves("one"));
    // The second host was never touched: the first is a barrier.
    assert_eq!(site.hosts[1].ledger().matches("switched").count(), 1, "{}", site.hosts[1].ledger());
    assert!(site.hosts[0].ledger().contains("\"rolled-back\",\"reason\":\"it was not well\""));

    // A release that answers, but as another one: what is served is not what was switched to.
    project.write("public/index.php", "<?php echo 'an old cache says hello';");
    project.write("version.php", "<?php // no more\n");
    let stale = commit_all(&project.folder.join("repo"));
    let stale = project.release(&["deploy", &stale]);
    assert_eq!(stale.code, 6, "{}", stale.all());
    assert!(stale.all().contains("does not have 3-"), "{}", stale.all());
    assert!(project.serves("one"));

    // A build that fails prints the secret, which is not passed on.
    project.configure_with("command = { run = 'echo \"no: $APP_SECRET\"; exit 3' }", "");
    project.commit("broken", 200);
    let broken = project.release(&["deploy"]);
    assert_eq!(broken.code, 4, "{}", broken.all());
    assert!(broken.all().contains("no: …") && !broken.all().contains(SECRET), "{}", broken.all());
    assert!(project.serves("one"));
    let check = project.release(&["check"]);
    assert!(check.stdout.starts_with("RELEASE OK - 1-"), "{}", check.all());
    std::fs::remove_file(site.hosts[1].root().join("current")).unwrap();
    let check = project.release(&["check"]);
    assert!(check.code == 2 && check.stdout.contains("unhealthy=1"), "{}", check.all());
}

fn commit_all(repo: &Path) -> String {
    let git = |arguments: &[&str]| {
        let mut git = std::process::Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-C"]).arg(repo);
        String::from_utf8(git.args(arguments).output().unwrap().stdout).unwrap()
    };
    git(&["commit", "-q", "-a", "-m", "stale"]);
    git(&["rev-parse", "HEAD"]).trim().to_owned()
}

#[test]
fn killed_at_any_step_the_old_release_serves_and_the_next_run_finishes() {
    let Some(site) = Site::start() else { return };
    let command = "[release.command]\nrun = 'echo ran >>~/commands'\n";
    let project = site.project(command);
    project.commit("0", 200);
    assert_eq!(project.release(&["deploy"]).code, 0);
    let steps = [
        "before-lock",
        "after-lock",
        "before-upload",
        "after-upload",
        "after-share",
        "after-render",
        "before-build",
        "after-build",
        "before-command",
        "after-command",
        "before-switch",
        "after-switch",
        "before-health",
        "after-health",
        "before-confirm",
    ];
    for (at, step) in steps.iter().enumerate() {
        let (old, new) = (at.to_string(), (at + 1).to_string());
        project.configure_with(&format!("hooks.{step} = 'kill -9 $PPID'"), command);
        project.commit(&new, 200);
        let killed = project.release(&["deploy"]);
        assert_eq!(killed.code, -1, "{step}: {}", killed.all());
        assert!(project.comes_to_serve(&old), "{step}: {}", site.hosts[0].ledger());
        project.configure(command);
        let finished = project.release(&["deploy", "--wait"]);
        assert_eq!(finished.code, 0, "{step}: {}", finished.all());
        assert!(project.serves(&new), "{step}");
        // The same release, gone on with: the numbers have no gap.
        let wanted = format!("{}-", at + 2);
        assert!(site.hosts[1].current().starts_with(&wanted), "{step}: {}", site.hosts[1].ledger());
    }
    let commands = std::fs::read_to_string(site.hosts[0].home.join("commands")).unwrap();
    // Once each, but where it was killed between the command and the ledger.
    assert_eq!(commands.lines().count(), steps.len() + 1, "{commands}");
    assert!(!site.hosts[1].home.join("commands").exists(), "the command is for the first host");
}

#[test]
fn of_two_runs_one_waits_or_names_the_other() {
    let Some(site) = Site::start() else { return };
    let go = site.path().join("go");
    let held = site.path().join("held");
    let hook = format!(
        "hooks.before-build = 'touch {}; for i in $(seq 600); do [ -e {} ] && exit 0; sleep 0.1; done; exit 1'",
        held.display(),
        go.display()
    );
    let project = site.project("");
    project.configure_with(&hook, "");
    project.commit("one", 200);
    let mut one = project.command(&["deploy"]);
    let one = one.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    await_file(&held);
    let mut other = project.command(&["deploy"]);
    other.env("USER", "bob");
    let other = run(other);
    assert_eq!(other.code, 5, "{}", other.all());
    assert!(other.stderr.contains("locked by alice@"), "{}", other.all());
    let unlock = project.release(&["unlock"]);
    assert!(unlock.code == 5 && unlock.stderr.contains("alice@"), "{}", unlock.all());
    let mut waiting = project.command(&["deploy", "--wait", "60"]);
    let waiting = waiting.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::fs::write(&go, "").unwrap();
    let (one, waiting) = (ends(one), ends(waiting));
    assert_eq!((one.code, waiting.code), (0, 0), "{}\n{}", one.all(), waiting.all());
    assert!(project.serves("one") && site.hosts[0].current().starts_with("1-"));
    assert_eq!(project.release(&["unlock"]).code, 0);

    // A run that died, of which a command still runs on the host, still has the host.
    for file in [&go, &held] {
        std::fs::remove_file(file).unwrap();
    }
    let build =
        "touch ~/held; for i in $(seq 600); do [ -e ~/go ] && exit 0; sleep 0.1; done; exit 1";
    let text = std::fs::read_to_string(project.folder.join("nirvana.toml")).unwrap();
    let text = text.replace(&hook, "").replace("echo built >built", build);
    std::fs::write(project.folder.join("nirvana.toml"), text).unwrap();
    project.commit("two", 200);
    let mut killed = project.command(&["deploy"]);
    let mut killed = killed.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    await_file(&site.hosts[0].home.join("held"));
    killed.kill().unwrap();
    killed.wait().unwrap();
    let refused = project.release(&["deploy"]);
    assert_eq!(refused.code, 5, "{}", refused.all());
    assert!(refused.stderr.contains("that run has died"), "{}", refused.all());
    for host in &site.hosts {
        std::fs::write(host.home.join("go"), "").unwrap();
    }
    let finished = project.release(&["deploy", "--wait"]);
    assert!(finished.code == 0 && project.serves("two"), "{}", finished.all());
}

#[test]
fn no_secret_is_in_an_argument_an_output_a_ledger_or_a_notice() {
    let Some(site) = Site::start() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut text = Vec::new();
        let mut buffer = [0; 4096];
        while !text.windows(5).any(|window| window == b"serve") {
            let count = stream.read(&mut buffer).unwrap();
            assert!(count > 0, "{}", String::from_utf8_lossy(&text));
            text.extend_from_slice(&buffer[..count]);
        }
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        String::from_utf8(text).unwrap()
    });
    let notices = "[[release.notices]]\nkind = \"slack\"\nurl = { env = \"HOOK\" }\n\
        [[release.notices]]\nkind = \"webhook\"\nurl = { env = \"DEAF\" }\n";
    let project = site.project("");
    // Every process of the machine is looked at while the build and the switch are under way.
    let look = "for f in /proc/[0-9]*/cmdline; do tr '\\\\0' ' ' <$f; echo; done 2>/dev/null";
    let keys = format!(
        "hooks.after-render = \"{look} >>../seen\"\nhooks.before-health = \"{look} >>../seen\"\n\
         command = {{ run = 'test \"$APP_SECRET\" = {SECRET_HALVES}' }}"
    );
    project.configure_with(&keys, notices);
    project.commit("one", 200);
    let mut command =
        project.command(&["deploy", "--format", "json", "--report", "../report.json"]);
    command.env("HOOK", format!("http://127.0.0.1:{port}/services/{SECRET}"));
    command.env("DEAF", format!("http://127.0.0.1:1/{SECRET}"));
    let done = run(command);
    assert_eq!(done.code, 1, "{}", done.all());
    assert!(done.stdout.contains("notice-not-heard"), "{}", done.all());
    assert!(!done.all().contains(SECRET), "{}", done.all());
    let heard = heard.join().unwrap();
    assert!(heard.contains(&format!("POST /services/{SECRET}")), "{heard}");
    assert!(heard.contains("release 1-"), "{heard}");
    let seen = std::fs::read_to_string(site.path().join("seen")).unwrap();
    assert!(seen.contains("flock") || seen.contains("ssh"), "nothing was seen: {seen}");
    assert!(!seen.contains(SECRET));
    let shown = project.release(&["deploy", "--dry-run", "--anew"]);
    assert!(shown.stdout.contains("APP_SECRET=…"), "{}", shown.all());
    assert!(!shown.all().contains(SECRET), "{}", shown.all());
    // It stands in the one file that is for it, on each host.
    let mut files = files_with(site.path(), SECRET);
    files.retain(|file| !file.contains("/releases/1-") || !file.ends_with("/.env"));
    assert_eq!(files, Vec::<String>::new());
}

/// As the release command writes it, so that the file of settings does not have it whole.
const SECRET_HALVES: &str = "correct-horse\"-7731\"";

#[test]
fn what_cannot_go_well_is_refused_before_anything_is_touched() {
    let Some(site) = Site::start() else { return };
    let project = site.project("");
    project.commit("one", 200);
    project.write("app.php", "<?php\n$key = $_ENV['PAYMENT_KEY'];\n");
    project.commit("two", 200);
    let refused = project.release(&["deploy"]);
    assert_eq!(refused.code, 2, "{}", refused.all());
    assert!(refused.stderr.contains("PAYMENT_KEY (app.php:2)"), "{}", refused.all());
    assert!(!site.hosts[0].root().exists());
    let optional = "[[release.files]]\nto = \"config/nginx.conf\"\ntemplate = \"nginx/php.conf\"\n\
        validate = '''printf 'pid /dev/null; error_log stderr; events {} http { include %s; }' \"$FILE\" >../t.conf\n\
        nginx=$(command -v nginx || echo /usr/sbin/nginx); \"$nginx\" -t -q -e stderr -p ../ -c \"$(dirname \"$PWD\")/t.conf\"'''\n\
        [release.files.values]\napp = \"shop\"\nlisten = [\"127.0.0.1:18099\"]\n\
        server_names = [\"shop.example\"]\nredirect_from = []\npublic = \"/srv/shop/current/public\"\n\
        upstream = \"unix:/run/shop.sock\"\naccess_log = \"/dev/null\"\nerror_log = \"stderr\"\n\
        body_limit = \"20m\"\ntimeout_seconds = 30\nfront_controller_only = true\n";
    let text = |files: &str| {
        project.configure(files);
        let path = project.folder.join("nirvana.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace("[release.env]\n", "[release.env]\noptional = [\"PAYMENT_KEY\"]\n");
        std::fs::write(path, text).unwrap();
    };
    // A file that its program refuses never serves.
    text(&optional.replace("body_limit = \"20m\"", "body_limit = \"lots\""));
    let invalid = project.release(&["deploy"]);
    assert_eq!(invalid.code, 4, "{}", invalid.all());
    assert!(invalid.stderr.contains("validate failed on web"), "{}", invalid.all());
    assert!(invalid.stderr.contains("client_max_body_size"), "{}", invalid.all());
    assert_eq!(site.hosts[0].current(), "");
    text(optional);
    let done = project.release(&["deploy"]);
    assert_eq!(done.code, 0, "{}", done.all());
    let vhost = site.hosts[1].root().join("current/config/nginx.conf");
    assert!(std::fs::read_to_string(vhost).unwrap().contains("$realpath_root"));

    // A folder in the place of the link is somebody's, and is not removed.
    let current = site.hosts[1].root().join("current");
    std::fs::remove_file(&current).unwrap();
    std::fs::create_dir(&current).unwrap();
    project.commit("three", 200);
    let occupied = project.release(&["deploy"]);
    assert_eq!(occupied.code, 3, "{}", occupied.all());
    assert!(occupied.stderr.contains("is there and is no link"), "{}", occupied.all());
    let mut nowhere = nirvana();
    nowhere.args(["release", "check"]).current_dir(site.path());
    let nowhere = run(nowhere);
    assert!(
        nowhere.code == 3 && nowhere.stdout.starts_with("RELEASE UNKNOWN"),
        "{}",
        nowhere.all()
    );
}
