//! Processes that a Procfile or a crontab names.

use crate::application::Process;
use crate::project::stack::view::{View, evidence};
use crate::project::tree::join;

/// What is longer is cut: it is told to a person.
const LONGEST: usize = 100;

/// Processes of a Procfile come before what other rules guess; one of the same command is told once.
pub(super) fn read(view: &View, folder: &[u8], processes: &mut Vec<Process>) {
    let mut found = Vec::new();
    for (file, rule) in
        [("Procfile", "procfile"), ("config/crontab", "crontab"), ("crontab", "crontab")]
    {
        let path = join(folder, file.as_bytes());
        let Some(text) = view.text(&path) else { continue };
        for (at, line) in text.lines().enumerate() {
            let told = if rule == "procfile" { procfile(line) } else { crontab(line) };
            let Some((name, command)) = told else { continue };
            let command = masked(command);
            let evidence = evidence(&path, Some(at + 1), rule, format!("{name}: {command}"));
            found.push(Process { name: name.to_owned(), command, evidence });
        }
    }
    processes.retain(|known| !found.iter().any(|told| told.command.contains(&known.command)));
    found.append(processes);
    *processes = found;
}

fn procfile(line: &str) -> Option<(&str, &str)> {
    let (name, command) = line.split_once(':')?;
    let is_name = |one: char| one.is_ascii_alphanumeric() || one == '_' || one == '-';
    let fits = !name.is_empty() && name.chars().all(is_name);
    fits.then(|| (name, command.trim()))
}

/// Five times and a command.
fn crontab(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let is_time = |part: &str| part.chars().all(|one| one.is_ascii_digit() || "*/,-".contains(one));
    let times = line.split_whitespace().take(5).filter(|part| is_time(part)).count();
    if times < 5 {
        return None;
    }
    let mut rest = line;
    for _ in 0..5 {
        rest = rest.split_once(char::is_whitespace)?.1.trim_start();
    }
    Some(("cron", rest))
}

/// A command without what could be secret: values of variables and options, and addresses.
fn masked(command: &str) -> String {
    let mut hidden = false;
    // What is quoted may be anything, such as a header with a token in it.
    let quoted = command.find(['"', '\'', '`']);
    let plain = &command[..quoted.unwrap_or(command.len())];
    let words = plain.split_whitespace().map(|word| {
        if std::mem::take(&mut hidden) {
            return "…".to_owned();
        }
        let secret = ["pass", "token", "secret", "key", "auth", "user"];
        hidden = word.starts_with("--") && secret.iter().any(|part| word.contains(part));
        hidden |= ["-p", "-u"].contains(&word);
        if word.contains("://") || word.contains('@') {
            return "…".to_owned();
        }
        match word.split_once('=') {
            Some((name, _)) => {
                hidden = false;
                format!("{name}=…")
            }
            None if word.starts_with("-p") && word.len() > 2 => "-p…".to_owned(),
            None => word.to_owned(),
        }
    });
    let mut text = words.collect::<Vec<_>>().join(" ");
    if quoted.is_some() {
        text.push_str(" …");
    }
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{crontab, masked, procfile};

    #[test]
    fn a_command_is_told_without_its_secrets() {
        for (command, wanted) in [
            ("bundle exec puma -C config/puma.rb", "bundle exec puma -C config/puma.rb"),
            ("DB_PASS=x php run.php --token abc", "DB_PASS=… php run.php --token …"),
            ("mysqldump -phunter2 -u root shop", "mysqldump -p… -u … shop"),
            ("curl -H k https://u:p@h/x", "curl -H k …"),
            ("curl -H 'Authorization: Bearer k' h", "curl -H …"),
            ("run --password=x --queue=high", "run --password=… --queue=…"),
        ] {
            assert_eq!(masked(command), wanted);
        }
    }

    #[test]
    fn lines_of_both_files() {
        assert_eq!(procfile("web: puma -p 1"), Some(("web", "puma -p 1")));
        assert_eq!(procfile("# web: puma"), None);
        assert_eq!(crontab("*/5 * * * * php cron.php"), Some(("cron", "php cron.php")));
        assert_eq!(crontab("# five past"), None);
        assert_eq!(crontab("MAILTO=x"), None);
    }
}
