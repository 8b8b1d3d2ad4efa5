//! A real server as the oracle of unit tests, through `psql`.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::environment::Environment;

/// A server that tests may use, or `None` where this desk has none. Where servers are required,
/// as in CI, its absence fails the test.
pub(crate) fn server(variable: &str, test: &str) -> Option<String> {
    let environment = Environment::of_process();
    let url = environment.get(variable).map(str::to_owned);
    if url.is_none() {
        assert!(
            environment.get("NIRVANA_TEST_REQUIRE_SERVERS").is_none(),
            "{test} needs {variable}"
        );
        eprintln!("skipped {test}: {variable} is not set");
    }
    url
}

/// A command-line client: from `NIRVANA_TEST_CLIENTS`, or whichever the machine has.
pub(crate) fn client(name: &str) -> PathBuf {
    match Environment::of_process().get("NIRVANA_TEST_CLIENTS") {
        Some(folder) => PathBuf::from(folder).join(name),
        None => PathBuf::from(name),
    }
}

/// Runs a command with `script` as its input: what it printed, and what it complained about.
pub(crate) fn run(command: &mut Command, script: &str) -> (String, String) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a command-line client");
    let mut input = child.stdin.take().expect("its input");
    let script = script.to_owned();
    let writer = std::thread::spawn(move || input.write_all(script.as_bytes()));
    let output = child.wait_with_output().expect("its output");
    writer.join().expect("the writer").expect("its input");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (text(output.stdout), text(output.stderr))
}

/// Runs `script` in a session with the time zone UTC; errors do not stop it.
pub(crate) fn psql(url: &str, script: &str) -> (String, String) {
    let mut command = Command::new(client("psql"));
    command.env("PGOPTIONS", "-c timezone=UTC -c client_min_messages=warning");
    command.args(["-X", "-q", "-A", "-t", "-d", url]);
    run(&mut command, script)
}
