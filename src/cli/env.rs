//! `nirvana env`

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand, ValueEnum};

use crate::cli::SECTIONS;
use crate::cli::perform::{Output, boxed, perform};
use crate::env::{
    Answer, CheckRequest, Decision, Error, ExecRequest, HookRequest, Settings, Shell, Told,
    Variables, check, decide, dialect_named, enter, exec, hook,
};
use crate::environment::Environment;
use crate::fault::Blame;
use crate::project::read::dotenv::{DIALECTS, Dialect};
use crate::settings::Settings as File;
use crate::ui::{Detail, Format, Ui};

/// The variables of a project's .env: for a command, for a shell, and held against the code.
///
/// The same line of a .env means different things to different programs, so a file is read in one
/// dialect: phpdotenv, symfony, ruby, docker, systemd or codeigniter. Without --dialect and without
/// `dialect` in [env] of nirvana.toml, the files beside it tell; if they do not, a value is taken only
/// if phpdotenv, symfony and ruby read it alike. No command in a file is run, no value is printed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Exec(Exec),
    Hook(Hook),
    Allow(Decided),
    Deny(Decided),
    Check(Check),
    #[command(hide = true)]
    Changes(Hook),
}

/// Run a command with the variables of the project's .env.
///
/// The command takes nirvana's place: its exit code, its signals and its terminal are its own. What is
/// set already wins, unless --override is given. It ends with 127 if there is no such command, with
/// 126 if it cannot be started, and with 2 if the file cannot be read.
#[derive(Debug, Args)]
struct Exec {
    /// The file [default: the nearest .env upward]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    reader: Reader,
    /// The file wins over what is set already
    #[arg(long = "override")]
    overrides: bool,
    #[arg(
        value_name = "CMD",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    command: Vec<OsString>,
}

#[derive(Debug, Args)]
struct Reader {
    /// Who reads the file: phpdotenv, symfony, ruby, docker, systemd or codeigniter
    #[arg(long, value_name = "NAME", value_parser = dialects(), hide_possible_values = true)]
    dialect: Option<Dialect>,
}

/// Print what makes a shell load a project's .env on entering its folder, and take it back on leaving.
///
/// A file is loaded only once somebody has allowed its contents: the shell asks, and what was answered
/// is remembered for just these contents, below $XDG_STATE_HOME/nirvana.
#[derive(Debug, Args)]
struct Hook {
    #[arg(value_enum, value_name = "SHELL")]
    shell: ShellWord,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ShellWord {
    Bash,
    Zsh,
    Fish,
}

/// Answer beforehand, for a .env as it is now.
#[derive(Debug, Args)]
struct Decided {
    /// The file [default: the nearest .env upward]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Hold .env and .env.example against the keys that the code reads; exit 1 if they do not match.
///
/// Found are keys that the code wants and that are missing or empty, keys that nothing reads, keys that
/// the example lacks, and lines that the file's program cannot read.
#[derive(Debug, Args)]
struct Check {
    /// The application's folder
    #[arg(value_name = "REPO", default_value = ".")]
    repo: PathBuf,
    /// The file, from REPO [default: .env, if it is there]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The file that names all keys, from REPO [default: .env.example, .dist, .sample or .template]
    #[arg(long, value_name = "FILE")]
    example: Option<PathBuf>,
    /// Check the variables of this process in the file's place, as in a container
    #[arg(long, conflicts_with = "file")]
    process: bool,
    #[command(flatten)]
    reader: Reader,
    #[command(flatten)]
    output: Output,
}

const EXAMPLES: &str = "\
Examples:
  nirvana env exec -- bin/rails server
  nirvana env exec --file .env.production --dialect systemd -- printenv DATABASE_URL
  eval \"$(nirvana env hook zsh)\"        in ~/.zshrc; `hook bash` in ~/.bashrc
  nirvana env hook fish | source        in ~/.config/fish/config.fish
  nirvana env check
  nirvana env check --process           in the container, before it serves";

fn dialects() -> impl clap::builder::TypedValueParser<Value = Dialect> {
    PossibleValuesParser::new(DIALECTS.map(Dialect::name))
        .map(|name| dialect_named(&name).unwrap_or(Dialect::Ruby))
}

pub(super) fn run(arguments: Arguments) -> ExitCode {
    match arguments.command {
        Command::Exec(arguments) => run_exec(arguments),
        Command::Hook(Hook { shell }) => run_hook(shell.shell()),
        Command::Changes(Hook { shell }) => run_changes(shell.shell()),
        Command::Allow(Decided { file }) => run_decided(Decision::Allow, file.as_deref()),
        Command::Deny(Decided { file }) => run_decided(Decision::Deny, file.as_deref()),
        Command::Check(arguments) => run_check(arguments),
    }
}

impl ShellWord {
    fn shell(self) -> Shell {
        match self {
            Self::Bash => Shell::Bash,
            Self::Zsh => Shell::Zsh,
            Self::Fish => Shell::Fish,
        }
    }
}

fn ui() -> Ui {
    Ui::new(Format::Human, Detail::Brief, &Environment::of_process())
}

fn variables() -> Variables {
    std::env::vars_os().collect()
}

/// Where we are, as the system has it.
fn here() -> PathBuf {
    std::env::current_dir().unwrap_or_default()
}

/// `[env]` of the nearest nirvana.toml, and the folder that its paths start from.
fn settings(folder: &Path) -> Result<(Settings, Option<PathBuf>), Box<dyn Blame>> {
    let Some(file) = File::find(None, folder, &SECTIONS).map_err(boxed)? else {
        return Ok((Settings::default(), None));
    };
    let section = file.section("env").map_err(boxed)?;
    Ok((section.unwrap_or_default(), Some(file.folder().to_owned())))
}

fn run_exec(arguments: Exec) -> ExitCode {
    let Exec { file, reader, overrides, command } = arguments;
    let folder = here();
    let (settings, root) = match settings(&folder) {
        Ok(found) => found,
        Err(error) => return failed(&*error, 2),
    };
    let dialect = reader.dialect;
    let request = ExecRequest { command, file, dialect, overrides, folder, settings, root };
    let error = exec(&request, &variables());
    let code = error.exit_code();
    failed(&error, code)
}

fn failed(error: &dyn Blame, code: u8) -> ExitCode {
    ui().error(error);
    ExitCode::from(code)
}

fn run_hook(shell: Shell) -> ExitCode {
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("nirvana"));
    written(&hook(shell, &program))
}

fn written(bytes: &[u8]) -> ExitCode {
    match Ui::data(bytes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error, 3),
    }
}

fn run_changes(shell: Shell) -> ExitCode {
    let ui = ui();
    let folder = here();
    let (settings, root) = match settings(&folder) {
        Ok(found) => found,
        Err(error) => return failed(&*error, 2),
    };
    let environment = Environment::of_process();
    let request =
        HookRequest { shell, folder, environment, variables: variables(), settings, root };
    let ask = |file: &Path, names: &[String]| {
        let question = format!("{} sets {}. Load it here?", file.display(), names.join(", "));
        match ui.ask(&question) {
            Some(true) => Answer::Yes,
            Some(false) => Answer::No,
            None => Answer::Nobody,
        }
    };
    let step = match enter(&request, ask) {
        Ok(step) => step,
        Err(error) => return failed(&error, 2),
    };
    for told in &step.told {
        ui.say(&sentence(told));
    }
    if let Some(error) = &step.error {
        ui.error(error);
    }
    written(&step.script)
}

fn sentence(told: &Told) -> String {
    match told {
        Told::Loaded { file, names } => {
            format!("loaded {} of {}", names.join(", "), file.display())
        }
        Told::TakenBack { names } => format!("took back {}", names.join(", ")),
        Told::NotTaken { names } => {
            format!(
                "not loaded, as the shell has no such variable or needs it: {}",
                names.join(", ")
            )
        }
        Told::NotAllowed { file } => {
            let file = file.display();
            format!("{file} is not loaded: nobody has allowed it; `nirvana env allow` does")
        }
    }
}

fn run_decided(decision: Decision, file: Option<&Path>) -> ExitCode {
    let ui = ui();
    let word = match decision {
        Decision::Allow => "allowed",
        Decision::Deny => "denied",
    };
    match decide(decision, file, &here(), &Environment::of_process()) {
        Ok(path) => {
            ui.say(&format!("{} is {word}, as it is now", path.display()));
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error, 2),
    }
}

fn run_check(arguments: Check) -> ExitCode {
    let Check { repo, file, example, process, reader, output } = arguments;
    let request = |_environment: &Environment| {
        let folder =
            repo.canonicalize().map_err(|source| boxed(Error::File { path: repo, source }))?;
        let (settings, root) = settings(&folder)?;
        let variables = process.then(variables);
        let dialect = reader.dialect;
        Ok(CheckRequest { folder, file, example, dialect, variables, settings, root })
    };
    perform(&output, request, async |request, _events, _shutdown| check(&request))
}
