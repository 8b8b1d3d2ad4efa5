//! `nirvana env`: commands, real shells in a terminal of their own, and the contract with the code.

use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::{Run, nirvana, run};

/// A value with all that a shell could stumble over.
const HOSTILE: &str = "it's \"a\" \\ `b` $(c) ${D} !e #f\n%g ü; & | < > * ~";

struct Project {
    folder: TempDir,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Self { folder };
        project.write("elsewhere/file", "");
        std::fs::create_dir(project.path("app")).unwrap();
        for (name, text) in files {
            project.write(&format!("app/{name}"), text);
        }
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The program in the application's folder, with nothing of ours in its environment.
    fn nirvana(&self) -> Command {
        self.bare(nirvana().get_program())
    }

    fn bare(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).env("TERM", "dumb").env("LC_ALL", "C.UTF-8");
        command.env("HOME", self.folder.path()).env("XDG_STATE_HOME", self.path("state"));
        command.current_dir(self.path("app"));
        command
    }

    fn exec(&self, arguments: &[&str]) -> Run {
        let mut command = self.nirvana();
        command.args(["env", "exec"]).args(arguments);
        run(command)
    }
}

/// A shell of the machine; ci/tools installs those that are absent.
fn shell(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).map(|path| path.join(name)).find(|path| path.is_file());
    if found.is_none() {
        let required = std::env::var_os("NIRVANA_TEST_REQUIRE_SERVERS").is_some();
        assert!(!required, "there is no {name}: ci/tools installs it");
        eprintln!("skipped: there is no {name}");
    }
    found
}

// --- exec ----------------------------------------------------------------------------------------

#[test]
fn a_command_gets_what_its_dialect_reads() {
    let file = "A='x y' # c\nexport B=\"1\\\"2\"\nC=${A}/$B\nA=last\n";
    let project = Project::new(&[(".env", file)]);
    let print = ["--", "sh", "-c", "printf '%s|%s|%s' \"$A\" \"$B\" \"$C\""];
    for (dialect, wanted) in [
        ("ruby", "last|1\"2|x y/1\"2"),
        ("symfony", "last|1\"2|x y/1\"2"),
        ("phpdotenv", "last|1\"2|x y/$B"),
    ] {
        let run = project.exec(&[&["--dialect", dialect][..], &print].concat());
        assert_eq!((run.code, &run.stdout[..]), (0, wanted), "{dialect}: {}", run.all());
    }
    // Docker's keeps quotes, and takes no `export`.
    let run = project.exec(&[&["--dialect", "docker"][..], &print].concat());
    assert_eq!(run.stdout, "last|\"1\\\"2\"|${A}/$B", "{}", run.all());
}

#[test]
fn what_is_set_already_wins_unless_it_is_to_be_overridden() {
    let project = Project::new(&[("Gemfile", ""), (".env", "A=file\nEMPTY=file\nB=$A\n")]);
    let print = ["--", "sh", "-c", "echo \"$A,$EMPTY,$B\""];
    let run_with = |more: &[&str]| {
        let mut command = project.nirvana();
        command.env("A", "shell").env("EMPTY", "").args(["env", "exec"]).args(more).args(print);
        run(command).stdout
    };
    assert_eq!(run_with(&[]), "shell,,shell\n");
    assert_eq!(run_with(&["--override"]), "file,file,file\n");
}

#[test]
fn the_command_takes_our_place() {
    let project = Project::new(&[(".env", "A=1\n")]);
    assert_eq!(project.exec(&["--", "sh", "-c", "exit 42"]).code, 42);
    assert_eq!(project.exec(&["sh", "-c", "exit 7"]).code, 7);
    assert_eq!(project.exec(&["--", "no-such-program"]).code, 127);
    assert_eq!(project.exec(&["--", "/"]).code, 126);
    let mut command = project.nirvana();
    command.args(["env", "exec", "--", "sh", "-c", "echo $$; kill -TERM $$"]);
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    // One process from first to last, so every signal reaches the command.
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{pid}\n"));
    assert_eq!(output.status.signal(), Some(15));
}

#[test]
fn what_cannot_be_told_is_refused_by_name_and_never_by_value() {
    let table = [
        ("A=hunter2 \\n two\n", vec![], "phpdotenv"),
        ("\n\nA=\"hunter2\\n\"\n", vec![], "line 3: A means different things"),
        ("A=$(hunter2)\n", vec!["--dialect", "ruby"], "a command is to be run"),
        ("A=hunter2$NONE\n", vec!["--dialect", "ruby"], "A refers to NONE, which is not set"),
        ("hunter2\n", vec!["--dialect", "ruby"], "line 1: this is no KEY=value"),
        ("A=\"hunter2\n", vec!["--dialect", "ruby"], "a quote has no end"),
        ("A-B=hunter2\n", vec!["--dialect", "ruby"], "is no name of a variable"),
    ];
    for (file, more, reason) in table {
        let project = Project::new(&[(".env", file)]);
        let run = project.exec(&[&more[..], &["--", "echo", "ran"]].concat());
        assert_eq!(run.code, 2, "{file}: {}", run.all());
        assert!(run.stderr.contains(reason), "{file}: {}", run.all());
        assert!(!run.all().contains("hunter2"), "{file}: {}", run.all());
        assert!(!run.stdout.contains("ran"));
    }
    let project = Project::new(&[]);
    assert!(project.exec(&["--", "true"]).stderr.contains("there is no .env"));
}

#[test]
fn nirvana_toml_names_file_and_dialect() {
    let settings = "[env]\ndialect = \"docker\"\nfile = \"config/vars\"\n";
    let project = Project::new(&[("nirvana.toml", settings), ("config/vars", "A='x'\n")]);
    assert_eq!(project.exec(&["--", "printenv", "A"]).stdout, "'x'\n");
}

// --- hook ----------------------------------------------------------------------------------------

fn hostile_file() -> String {
    let escaped =
        HOSTILE.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('\n', "\\n");
    format!("OLD=new\nHOSTILE=\"{escaped}\"\nUID=0\nEMPTY=\n")
}

/// What a shell does without a terminal: `go FOLDER` changes it, `show` writes what is set.
fn scripted(name: &str, script: &str) {
    let Some(program) = shell(name) else { return };
    let files = [("symfony.lock", ""), (".env", &hostile_file()[..]), ("sub/file", "")];
    let project = Project::new(&files);
    let allow = run({
        let mut command = project.nirvana();
        command.args(["env", "allow"]);
        command
    });
    assert_eq!(allow.code, 0, "{}", allow.all());
    let mut command = project.bare(&program);
    let own = nirvana().get_program().to_owned();
    command.current_dir(project.path("elsewhere"));
    command.env("N", own).env("P", project.path("")).env("OLD", "was'\n$x");
    if name == "zsh" {
        command.arg("-f");
    } else if name == "fish" {
        command.arg("--no-config");
    }
    let run = run({
        command.args(["-c", script]);
        command
    });
    let seen = |name: &str| {
        let path = project.path(name);
        let bytes =
            std::fs::read(path).unwrap_or_else(|error| panic!("{name}: {error}: {}", run.all()));
        let text = String::from_utf8(bytes).unwrap();
        let variables = text.split('\0').filter_map(|pair| pair.split_once('='));
        let mut found: Vec<(String, String)> = variables
            .filter(|(name, _)| ["OLD", "HOSTILE", "EMPTY", "UID"].contains(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        found.sort();
        found
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let outside = vec![pair("OLD", "was'\n$x")];
    let inside = vec![pair("EMPTY", ""), pair("HOSTILE", HOSTILE), pair("OLD", "new")];
    assert_eq!(seen("1"), outside, "{}", run.all());
    assert_eq!(seen("2"), inside, "{}", run.all());
    assert_eq!(seen("3"), inside, "in a folder below it: {}", run.all());
    assert_eq!(seen("4"), outside, "after leaving: {}", run.all());
    // What somebody has set meanwhile stays.
    assert_eq!(seen("5"), vec![pair("OLD", "mine")], "{}", run.all());
    assert!(!run.all().contains("${D}"), "a value was printed: {}", run.all());
    assert!(run.stderr.contains("loaded EMPTY, HOSTILE, OLD of"), "{}", run.all());
    assert!(run.stderr.contains("took back"), "{}", run.all());
    assert!(run.stderr.contains("needs it: UID"), "{}", run.all());
}

#[test]
fn bash_loads_and_takes_back() {
    let script = r#"
        eval "$("$N" env hook bash)"
        go() { cd "$1" && _nirvana_env; }
        show() { env -0 >"$P/$1"; }
        show 1; go "$P/app"; show 2; go sub; show 3; go "$P/elsewhere"; show 4
        go "$P/app"; export OLD=mine; go "$P/elsewhere"; show 5
    "#;
    scripted("bash", script);
}

#[test]
fn zsh_loads_and_takes_back() {
    let script = r#"
        eval "$("$N" env hook zsh)"
        show() { env -0 >"$P/$1"; }
        show 1; cd "$P/app"; show 2; cd sub; show 3; cd "$P/elsewhere"; show 4
        cd "$P/app"; export OLD=mine; cd "$P/elsewhere"; show 5
    "#;
    scripted("zsh", script);
}

#[test]
fn fish_loads_and_takes_back() {
    let script = r#"
        $N env hook fish | source
        function show; env -0 >"$P/$argv[1]"; end
        show 1; cd "$P/app"; show 2; cd sub; show 3; cd "$P/elsewhere"; show 4
        cd "$P/app"; set -gx OLD mine; cd "$P/elsewhere"; show 5
    "#;
    scripted("fish", script);
}

/// A shell in a terminal, as a person has it.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<Vec<u8>>>,
    /// What was looked at already.
    seen: usize,
}

impl Terminal {
    fn open(project: &Project, command_line: &str) -> Self {
        let mut command = project.bare("script");
        command.args(["--quiet", "--flush", "--return", "--command", command_line, "/dev/null"]);
        command.env("N", nirvana().get_program()).env("P", project.path(""));
        command.current_dir(project.path("elsewhere"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let keys = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let screen = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = stdout.read(&mut buffer) {
                written.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        Self { child, keys, screen, seen: 0 }
    }

    fn type_line(&mut self, line: &str) {
        self.keys.write_all(line.as_bytes()).unwrap();
        self.keys.write_all(b"\n").unwrap();
    }

    /// Waits until the screen shows it; gives all that came before.
    fn wait_for(&mut self, text: &str) -> String {
        let limit = Instant::now() + Duration::from_mins(1);
        loop {
            let screen = self.screen.lock().unwrap();
            let new = String::from_utf8_lossy(&screen[self.seen..]).into_owned();
            drop(screen);
            if let Some(at) = new.find(text) {
                // Lossy text may be longer than its bytes; a terminal of ASCII has no such.
                self.seen += at + text.len();
                return new[..at].to_owned();
            }
            assert!(Instant::now() < limit, "{text:?} did not come: {new}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The value of A, as the shell has it; what was on the screen before.
    fn a(&mut self, mark: &str) -> (String, String) {
        self.type_line(&format!("printf '<%s{mark}[%s]>\\n' is \"$A\""));
        let before = self.wait_for(&format!("<is{mark}["));
        (self.wait_for("]>"), before)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In each shell: asked once for each contents, and never again for what was answered.
fn asked(name: &str, command_line: &str, hook: &str) {
    if shell(name).is_none() || shell("script").is_none() {
        return;
    }
    let project = Project::new(&[(".env", "A=hunter2\n")]);
    let mut terminal = Terminal::open(&project, command_line);
    terminal.type_line(hook);
    assert_eq!(terminal.a("0").0, "");
    terminal.type_line("cd $P/app");
    let question = terminal.wait_for("[y/N]");
    assert!(question.contains("app/.env sets A. Load it here?"), "{question}");
    assert!(!question.contains("hunter2"), "{question}");
    terminal.type_line("y");
    terminal.wait_for("loaded A of");
    assert_eq!(terminal.a("1").0, "hunter2");
    terminal.type_line("cd $P/elsewhere");
    assert_eq!(terminal.a("2").0, "");
    terminal.type_line("cd $P/app");
    let (value, screen) = terminal.a("3");
    assert_eq!(value, "hunter2");
    assert!(!screen.contains("[y/N]"), "it asks again: {screen}");
    // Other contents, another question.
    terminal.type_line("echo B=2 >>.env");
    let question = terminal.wait_for("[y/N]");
    assert!(question.contains("sets A, B."), "{question}");
    terminal.type_line("n");
    terminal.wait_for("took back A");
    assert_eq!(terminal.a("4").0, "");
    let (value, screen) = terminal.a("5");
    assert_eq!(value, "");
    assert!(!screen.contains("[y/N]"), "it asks again: {screen}");
    let all = terminal.screen.lock().unwrap().clone();
    // The only place of the value is where the test itself printed it.
    let shown = String::from_utf8_lossy(&all).matches("hunter2").count();
    assert_eq!(shown, 2);
}

#[test]
fn bash_asks_once() {
    asked("bash", "bash --norc --noprofile -i", "eval \"$(\"$N\" env hook bash)\"");
}

#[test]
fn zsh_asks_once() {
    asked("zsh", "zsh -f -i", "eval \"$(\"$N\" env hook zsh)\"");
}

#[test]
fn fish_asks_once() {
    asked("fish", "fish --no-config -i", "$N env hook fish | source");
}

#[test]
fn where_nobody_can_be_asked_nothing_is_loaded() {
    let project = Project::new(&[(".env", "A=hunter2\n")]);
    let changes = || {
        let mut command = project.nirvana();
        command.args(["env", "changes", "bash"]);
        run(command)
    };
    let first = changes();
    assert_eq!(first.code, 0, "{}", first.all());
    assert!(first.stderr.contains("nobody has allowed it"), "{}", first.all());
    assert!(!first.all().contains("hunter2"), "{}", first.all());
    assert!(!first.stdout.contains("export A"), "{}", first.all());
    // The answer is kept where only its owner can look.
    let mut command = project.nirvana();
    command.args(["env", "deny"]);
    assert_eq!(run(command).code, 0);
    let kept = project.path("state/nirvana/env/denied");
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(std::fs::read_dir(&kept).unwrap().count(), 1);
    let denied = changes();
    assert_eq!(denied.stderr, "", "{}", denied.all());
}

// --- check ---------------------------------------------------------------------------------------

fn check(folder: &Path, more: &[&str]) -> Run {
    let mut command = nirvana();
    command.args(["env", "check"]).arg(folder).args(more);
    run(command)
}

#[test]
fn the_contract_is_held_against_file_and_example() {
    let code = "Key.new(ENV.fetch('STRIPE_KEY'))\nHost.new(ENV['MAIL_HOST'])\n\
                Port.new(ENV.fetch('MAIL_PORT', '25'))\nQueue.new(ENV.fetch('QUEUE'))\n";
    let project = Project::new(&[
        ("Gemfile", "gem 'rails'\n"),
        ("app/models/pay.rb", code),
        (".env", "STRIPE_KEY=hunter2\nQUEUE=\nOLD_KEY=hunter2\nQUEUE=\nbroken\nRAILS_ENV=x\n"),
        (".env.example", "STRIPE_KEY=\nQUEUE=\nMAIL_HOST=\n"),
    ]);
    let run = check(&project.path("app"), &[]);
    assert_eq!(run.code, 1, "{}", run.all());
    assert!(!run.all().contains("hunter2"), "{}", run.all());
    insta::assert_snapshot!(run.stdout, @r"
    error[env-empty] .env:4: QUEUE is empty in .env; app/models/pay.rb:4 reads it, which stops without it
    warning[env-missing] .env: MAIL_HOST is not in .env; app/models/pay.rb:2 reads it
    warning[env-unread] .env:3: OLD_KEY is in .env, and no code reads it
    warning[env-drift] .env:3: OLD_KEY is in .env and not in .env.example
        help: add the key, without its value
    warning[env-file-syntax] 2 places in 1 file
        .env:5: this is no KEY=value
        .env:4: QUEUE is set already in line 2

    Checked: the contract with the environment; 1 error, 5 warnings (exit 1).
    ");
    let json = check(&project.path("app"), &["--format", "json"]);
    let last: serde_json::Value =
        serde_json::from_str(json.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["verb"], "env");
    assert!(!json.all().contains("hunter2"), "{}", json.all());
}

#[test]
fn a_contract_that_is_kept_is_silent() {
    let project = Project::new(&[
        ("Gemfile", "gem 'rails'\n"),
        ("app/models/pay.rb", "Key.new(ENV.fetch('STRIPE_KEY'))\n"),
        (".env", "STRIPE_KEY=x\nDATABASE_URL=postgres://db/shop\n"),
        (".env.example", "STRIPE_KEY=\nDATABASE_URL=\n"),
    ]);
    let run = check(&project.path("app"), &[]);
    assert_eq!(run.code, 0, "{}", run.all());
    insta::assert_snapshot!(run.stdout, @"Kept: the contract with the environment.");
}

#[test]
fn the_environment_of_a_container_can_be_checked() {
    let project =
        Project::new(&[("pay.php", "<?php $key = getenv('STRIPE_KEY'); charge($key);\n")]);
    let with = |value: Option<&str>| {
        let mut command = project.nirvana();
        command.args(["env", "check", "--process"]);
        if let Some(value) = value {
            command.env("STRIPE_KEY", value);
        }
        run(command)
    };
    assert_eq!(with(Some("hunter2")).code, 0);
    let absent = with(None);
    assert_eq!(absent.code, 1, "{}", absent.all());
    assert!(absent.stdout.contains("STRIPE_KEY is not in the environment"), "{}", absent.all());
    assert!(with(Some("")).stdout.contains("STRIPE_KEY is empty in the environment"));
}

#[test]
fn without_any_file_there_is_nothing_to_check() {
    let project = Project::new(&[("pay.php", "<?php getenv('A');\n")]);
    let run = check(&project.path("app"), &[]);
    assert_eq!(run.code, 2, "{}", run.all());
    assert!(run.stderr.contains("--file"), "{}", run.all());
    assert!(!project.path("app").as_os_str().as_bytes().is_empty());
}
