//! What a person reads first.

use crate::support::{nirvana, run};

fn help(arguments: &[&str]) -> String {
    let mut command = nirvana();
    command.args(arguments);
    let run = run(command);
    assert_eq!(run.code, 0, "{}", run.all());
    run.stdout
}

#[test]
fn help_names_every_command_and_every_exit_code() {
    let text = help(&["--help"]);
    assert!(text.contains("migrate"), "{text}");
    for code in 0..=6 {
        assert!(text.contains(&format!("\n  {code}  ")), "{text}");
    }
}

#[test]
fn help_of_migrate_shows_both_ends_and_how_to_keep_passwords() {
    let text = help(&["migrate", "--help"]);
    for word in [
        "mysql://",
        "postgres://",
        "MYSQL_PWD",
        "PGPASSWORD",
        "--dry-run",
        "--jobs",
        "--data-only",
        "--accept",
        "--if-exists",
    ] {
        assert!(text.contains(word), "{word}\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn a_mistyped_flag_is_a_usage_error_that_names_the_right_one() {
    let mut command = nirvana();
    command.args(["migrate", "--dry-rum", "mysql://h/d", "postgres://h/d"]);
    let run = run(command);
    assert_eq!(run.code, 2, "{}", run.all());
    assert!(run.stderr.contains("--dry-run"), "{}", run.all());
}

#[test]
fn a_mistyped_url_is_a_usage_error_that_does_not_show_the_password() {
    for (source, target) in [
        ("mysqll://u:hunter2@h/d", "postgres://h/d"),
        ("mysql://u:hunter2@h", "postgres://h/d"),
        ("mysql://u:hunter2@h/d?ssl-mod=required", "postgres://h/d"),
        ("mysql://h/d", "postgres://u:hunter2@h/d?sslmod=require"),
        ("mysql://h/d", "postgress://u:hunter2@h/d"),
    ] {
        let mut command = nirvana();
        command.args(["migrate", source, target]);
        let run = run(command);
        assert_eq!(run.code, 2, "{source} {target}: {}", run.all());
        assert!(!run.all().contains("hunter2"), "{}", run.all());
        assert!(run.stderr.starts_with("error: "), "{}", run.all());
    }
}
