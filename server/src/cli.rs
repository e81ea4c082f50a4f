//! The command line, and the commands that answer and end: those that read files (`lint`, `diff`, `eval`), and those that use a server or a database
//!
//! Each makes a report: what to print and the status to exit with. `-` instead of a file is stdin.

mod api;
mod audit;
mod backup;
mod call;
mod config;
mod diff;
mod environment;
mod eval;
mod flag;
mod lint;
mod overrides;
mod progress;
mod project;
mod session;
mod sign_in_link;
mod table;
mod token;
mod trace;
mod transfer;

use std::borrow::Cow;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use flagstaff_analysis::impact::ComparisonError;
use flagstaff_core::{SnapshotError, Timestamp};
use flagstaff_import::ImportError;

pub use audit::AuditCommand;
pub use backup::{BackupArgs, RestoreArgs};
pub use call::CallArgs;
pub use config::ConfigCommand;
pub use diff::DiffArgs;
pub use environment::EnvironmentCommand;
pub use eval::EvalArgs;
pub use flag::FlagCommand;
pub use lint::LintArgs;
pub use overrides::OverrideCommand;
pub use project::ProjectCommand;
pub use session::SessionCommand;
pub use sign_in_link::SignInLinkArgs;
pub use token::TokenCommand;
pub use transfer::{ExportArgs, ImportArgs};

use crate::config::ServeOptions;
use crate::documents::notation::NotationError;
use crate::engine::environment::LoadError;
use crate::store::{BackupError, SqlStore, Store as _, StoreError};

/// Self-hosted feature flags
#[derive(Debug, Parser)]
#[command(name = "flagstaff", version)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What the binary can do
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server
    Serve(Box<ServeOptions>),

    /// The commands that answer and end
    #[command(flatten)]
    OneShotCommand(Box<OneShotCommand>),
}

/// The commands that answer and end
#[derive(Debug, Subcommand)]
pub enum OneShotCommand {
    /// Report errors and suspicious places in a document
    ///
    /// Exits with 0 if there is no error, 1 if there is one, 2 if the document cannot be read.
    Lint(LintArgs),
    /// Show what differs between two documents, and for which users
    ///
    /// Exits with 0 if nothing changes, 1 if something does, 2 if a document cannot be read.
    Diff(DiffArgs),
    /// Evaluate a flag, and explain the outcome
    ///
    /// Exits with 0 if there is a value, 1 if there is an error instead, 2 if the document cannot be read.
    Eval(EvalArgs),
    /// Print an environment of a server or a database as a document
    ///
    /// Exits with 0, or with 2 if the server refuses.
    Export(ExportArgs),
    /// Write a document, or flags of another vendor, to an environment of a server or a database
    ///
    /// Exits with 0; with 1 if a flag of another vendor is not taken over, so that nothing is written; with 2 if the file cannot be read
    /// or the server refuses it.
    Import(ImportArgs),
    /// The flags of an environment: list, read, set, switch
    #[command(subcommand)]
    Flag(FlagCommand),
    /// The overrides of flags: list, add, remove, load many
    #[command(subcommand)]
    Override(OverrideCommand),
    /// The environments of a project: list, create, rename, delete, protect, go back to an earlier revision, attributes of contexts
    #[command(subcommand)]
    Environment(EnvironmentCommand),
    /// Projects: list, create, rename, delete
    #[command(subcommand)]
    Project(ProjectCommand),
    /// The tokens of a project, and your own: list, create, revoke
    #[command(subcommand)]
    Token(TokenCommand),
    /// The sessions of people who are signed in to the admin UI: list, end
    #[command(subcommand)]
    Session(SessionCommand),
    /// Print a link that signs in to the admin UI once, within 15 minutes, as admin of all projects
    ///
    /// For who can write to the database. Exits with 0, or with 2 if there is no link.
    SignInLink(SignInLinkArgs),
    /// The audit of a project: verify, list, export
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Copy an SQLite database into a new file, as it is at one instant; the server may be running
    ///
    /// Exits with 0, or with 2 if there is no backup.
    Backup(BackupArgs),
    /// Replace an SQLite database that no server is using with a backup; the old one is kept beside it
    ///
    /// Every SDK receives all flags again. Exits with 0, or with 2 if nothing was restored.
    Restore(RestoreArgs),
    /// The configuration of a server: check
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Send a request to the API, for what no other command does
    ///
    /// Prints the response. Exits with 0, or with 2 if the server refuses.
    Api(CallArgs),
    /// Print a script that completes this command line in a shell
    Completion(CompletionArgs),
}

/// For which shell
#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// How to print
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// What a command has to say
#[derive(Debug)]
struct CommandOutput {
    text: String,
    is_success: bool,
}

impl CommandOutput {
    fn success(text: String) -> Self {
        Self {
            text,
            is_success: true,
        }
    }
}

/// Why a command could not do its work
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error("cannot read `{name}`: {cause}")]
    Unreadable { name: String, cause: io::Error },
    #[error("cannot write `{name}`: {cause}")]
    Unwritable { name: String, cause: io::Error },
    #[error("cannot print: {0}")]
    Print(#[source] io::Error),
    #[error("`{name}`: {cause}")]
    Document { name: String, cause: SnapshotError },
    #[error("`{name}`: {}", vendor_problem(cause))]
    Vendor { name: String, cause: ImportError },
    #[error(transparent)]
    Comparison(#[from] ComparisonError),
    #[error("`{name}`, line {line}: {cause}")]
    Context {
        name: String,
        line: usize,
        cause: flagstaff_core::ContextError,
    },
    #[error("--context: {0}")]
    Declared(#[source] flagstaff_core::ContextError),
    #[error("stdin can be read only once")]
    StdinTwice,
    #[error("not the JSON that was expected: {0}")]
    Json(#[from] serde_json::Error),
    #[error("`{name}`, line {line}: {cause}")]
    Line {
        name: String,
        line: usize,
        cause: serde_json::Error,
    },
    #[error("`--server` must be an `http://` or `https://` URL")]
    Address,
    #[error("the request to the server failed: {}", crate::runtime::logging::error_chain(.0))]
    Http(#[from] reqwest::Error),
    #[error("the server refuses: {0}")]
    Refused(String),
    /// What was to be changed is not what it was
    #[error("the server refuses: {0}")]
    Stale(String),
    #[error(
        "nothing is written: the environment has changed since the differences were found. {0} again to see them as they are now"
    )]
    ChangedSince(&'static str),
    #[error("cannot use the database: {}", crate::runtime::logging::error_chain(.0))]
    Store(#[from] StoreError),
    #[error("cannot use the database: {}", crate::runtime::logging::error_chain(.0))]
    Load(#[from] LoadError),
    #[error("the response broke off: {}", crate::runtime::logging::error_chain(.0))]
    Response(#[source] axum::Error),
    #[error("`{name}`: {cause}")]
    Notation { name: String, cause: NotationError },
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error("no token: give `--token` or FLAGSTAFF_TOKEN")]
    NoToken,
    #[error("{option}: expected {expected}")]
    Argument {
        option: &'static str,
        expected: String,
    },
    #[error("the token could not be printed, so it was revoked again: {0}")]
    Unprinted(#[source] io::Error),
    #[error("{0}")]
    Configuration(String),
    #[error("there is no project `{0}`")]
    NoProject(String),
    #[error("cannot begin: {0}")]
    Runtime(#[source] io::Error),
}

/// What is wrong in a vendor's file, without the place if it is the whole file
fn vendor_problem(error: &ImportError) -> String {
    table::visible(error.to_string().trim_start_matches(": "))
}

/// Runs a command; prints its output to stdout, or its error to stderr
pub fn run(tool: &OneShotCommand) -> ExitCode {
    let report = match tool {
        OneShotCommand::Lint(options) => lint::run(options),
        OneShotCommand::Diff(options) => diff::run(options),
        OneShotCommand::Eval(options) => eval::run(options),
        OneShotCommand::Export(options) => transfer::export(options),
        OneShotCommand::Import(options) => transfer::import(options),
        OneShotCommand::Flag(command) => flag::run(command),
        OneShotCommand::Override(command) => overrides::run(command),
        OneShotCommand::Environment(command) => environment::run(command),
        OneShotCommand::Project(command) => project::run(command),
        OneShotCommand::Token(command) => token::run(command),
        OneShotCommand::Session(command) => session::run(command),
        OneShotCommand::SignInLink(args) => sign_in_link::run(args),
        OneShotCommand::Audit(command) => audit::run(command),
        OneShotCommand::Backup(args) => backup::run_backup(args),
        OneShotCommand::Restore(args) => backup::run_restore(args),
        OneShotCommand::Api(options) => call::run(options),
        OneShotCommand::Config(command) => config::run(command),
        OneShotCommand::Completion(options) => Ok(complete(options.shell)),
    };
    match report {
        // Without its colours where stdout is no terminal.
        Ok(report) => match anstream::stdout().write_all(report.text.as_bytes()) {
            // Who reads only the beginning, as `head` does, has read what they wanted.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => failed(&error),
            _ if report.is_success => ExitCode::SUCCESS,
            _ => ExitCode::from(1),
        },
        Err(error) => failed(&error),
    }
}

fn complete(shell: clap_complete::Shell) -> CommandOutput {
    let mut script = Vec::new();
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    CommandOutput {
        text: String::from_utf8_lossy(&script).into_owned(),
        is_success: true,
    }
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    // Nothing is left to do if stderr is gone too.
    let _ = writeln!(anstream::stderr(), "{}: {error}", table::bad("flagstaff"));
    ExitCode::from(2)
}

fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CommandError::Runtime)
}

/// The id of the project of a name, in a database
async fn project_id(store: &SqlStore, name: &str) -> Result<i64, CommandError> {
    let found = store.project_id(name).await?;
    found.ok_or_else(|| CommandError::NoProject(name.to_owned()))
}

/// The text of a file, or of stdin where its name is `-`
fn read(name: &str) -> Result<String, CommandError> {
    let text = if name == "-" {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(name)
    };
    text.map_err(|cause| CommandError::Unreadable {
        name: name.to_owned(),
        cause,
    })
}

/// The text of an argument that is itself, or `@` and the name of a file
fn argument(text: &str) -> Result<Cow<'_, str>, CommandError> {
    match text.strip_prefix('@') {
        Some(name) => read(name).map(Cow::Owned),
        None => Ok(Cow::Borrowed(text)),
    }
}

/// Refuses to read stdin for two things
fn check_stdin<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<(), CommandError> {
    if names.into_iter().filter(|name| *name == "-").count() > 1 {
        return Err(CommandError::StdinTwice);
    }
    Ok(())
}

/// The text of a field; empty if there is none
fn word(item: &serde_json::Value, name: &str) -> String {
    let word = item.get(name).and_then(serde_json::Value::as_str);
    word.unwrap_or_default().to_owned()
}

/// A number of a field as text; empty if there is none
fn number(item: &serde_json::Value, name: &str) -> String {
    item.get(name).map(ToString::to_string).unwrap_or_default()
}

fn json(value: &impl serde::Serialize) -> Result<String, CommandError> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(text)
}

/// A share, from 0 to 1, for people
fn percent(share: f64) -> String {
    let text = format!("{:.6}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Reads the instant of `--now`: RFC 3339 with a zone, or milliseconds since 1970
fn parse_now(text: &str) -> Result<Timestamp, String> {
    let millis = text.parse().ok().map(Timestamp::from_millis);
    millis.or_else(|| Timestamp::parse(text)).ok_or_else(|| {
        "expected a date and time with a zone, as `2026-12-01T00:00:00Z`, or milliseconds since 1970".to_owned()
    })
}

/// The instant asked for, or the clock's
fn now(asked: Option<Timestamp>) -> Timestamp {
    asked.unwrap_or_else(|| {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    })
}
