//! The commands that answer and end: those that read files (`lint`, `diff`, `eval`), and those that ask a server or a database
//!
//! Each makes a report: what to print and the status to exit with. `-` instead of a file is stdin.

mod audit;
mod backup;
mod diff;
mod eval;
mod lint;
mod remote;
mod table;
mod token;
mod trace;
mod transfer;

use std::borrow::Cow;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, CommandFactory as _, Subcommand, ValueEnum};
use flagstaff_core::impact::ComparisonError;
use flagstaff_core::{SnapshotError, Timestamp};

pub use audit::AuditCommand;
pub use backup::{BackupArgs, RestoreArgs};
pub use diff::DiffOptions;
pub use eval::EvalOptions;
pub use lint::LintOptions;
pub use token::TokenCommand;
pub use transfer::{ExportOptions, ImportOptions};

use crate::config::Cli;
use crate::store::{BackupError, SqlStore, Store as _, StoreError};

/// The commands that answer and end
#[derive(Debug, Subcommand)]
pub enum Tool {
    /// Find what is wrong or odd in a document
    ///
    /// Exits with 0 if there is no error, 1 if there is one, 2 if the document cannot be read.
    Lint(LintOptions),
    /// Tell what a change of a document changes, and for whom
    ///
    /// Exits with 0 if nothing changes, 1 if something does, 2 if a document cannot be read.
    Diff(DiffOptions),
    /// Evaluate a flag, and tell why it answers so
    ///
    /// Exits with 0 if there is a value, 1 if there is an error instead, 2 if the document cannot be read.
    Eval(EvalOptions),
    /// Print an environment of a server as a document
    ///
    /// Exits with 0, or with 2 if the server refuses.
    Export(ExportOptions),
    /// Take a document into an environment of a server
    ///
    /// Exits with 0, or with 2 if the document cannot be read or the server refuses it.
    Import(ImportOptions),
    /// The tokens of a project: list, make, end; with `create --database` also without a server
    #[command(subcommand)]
    Token(TokenCommand),
    /// The audit of a project: verify, list, export
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Copy an SQLite database into a new file, as it is at one instant; the server may be running
    ///
    /// Exits with 0, or with 2 if there is no backup.
    Backup(BackupArgs),
    /// Put a backup in the place of an SQLite database that no server is using, and keep the old one beside it
    ///
    /// Every SDK is sent everything anew. Exits with 0, or with 2 if nothing was restored.
    Restore(RestoreArgs),
    /// Print a script that completes this command line in a shell
    Completion(CompletionOptions),
}

/// For which shell
#[derive(Debug, Args)]
pub struct CompletionOptions {
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
struct Report {
    text: String,
    is_good: bool,
}

/// Why a command could not do its work
#[derive(Debug, thiserror::Error)]
enum ToolError {
    #[error("cannot read `{name}`: {cause}")]
    Unreadable { name: String, cause: io::Error },
    #[error("`{name}`: {cause}")]
    Document { name: String, cause: SnapshotError },
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
    #[error("the address of the server is none of HTTP")]
    Address,
    #[error("cannot ask the server: {}", crate::chain(.0))]
    Http(#[from] reqwest::Error),
    #[error("the server refuses: {0}")]
    Refused(String),
    #[error("cannot use the database: {}", crate::chain(.0))]
    Store(#[from] StoreError),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error("which token asks the server? Give `--token` or FLAGSTAFF_TOKEN")]
    NoToken,
    #[error("{option}: expected {expected}")]
    Argument {
        option: &'static str,
        expected: String,
    },
    #[error("the token could not be printed, so it was revoked again: {0}")]
    Unprinted(#[source] io::Error),
    #[error("there is no project `{0}`")]
    NoProject(String),
    #[error("cannot begin: {0}")]
    Runtime(#[source] io::Error),
}

/// Runs a command; prints its report to stdout, and to stderr why there is none
pub fn run(tool: &Tool) -> ExitCode {
    let report = match tool {
        Tool::Lint(options) => lint::run(options),
        Tool::Diff(options) => diff::run(options),
        Tool::Eval(options) => eval::run(options),
        Tool::Export(options) => transfer::export(options),
        Tool::Import(options) => transfer::import(options),
        Tool::Token(command) => token::run(command),
        Tool::Audit(command) => audit::run(command),
        Tool::Backup(args) => backup::run_backup(args),
        Tool::Restore(args) => backup::run_restore(args),
        Tool::Completion(options) => Ok(complete(options.shell)),
    };
    match report {
        Ok(report) => match io::stdout().write_all(report.text.as_bytes()) {
            // Who reads only the beginning, as `head` does, has read what they wanted.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => failed(&error),
            _ if report.is_good => ExitCode::SUCCESS,
            _ => ExitCode::from(1),
        },
        Err(error) => failed(&error),
    }
}

fn complete(shell: clap_complete::Shell) -> Report {
    let mut script = Vec::new();
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    Report {
        text: String::from_utf8_lossy(&script).into_owned(),
        is_good: true,
    }
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    // Nothing is left to do if stderr is gone too.
    let _ = writeln!(io::stderr(), "flagstaff: {error}");
    ExitCode::from(2)
}

fn runtime() -> Result<tokio::runtime::Runtime, ToolError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ToolError::Runtime)
}

/// The id of the project of a name, in a database
async fn project_id(store: &SqlStore, name: &str) -> Result<i64, ToolError> {
    let environments = store.environments().await?;
    let found = environments.iter().find(|row| *row.project == *name);
    found
        .map(|row| row.project_id)
        .ok_or_else(|| ToolError::NoProject(name.to_owned()))
}

/// The text of a file, or of stdin where its name is `-`
fn read(name: &str) -> Result<String, ToolError> {
    let text = if name == "-" {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(name)
    };
    text.map_err(|cause| ToolError::Unreadable {
        name: name.to_owned(),
        cause,
    })
}

/// The text of an argument that is itself, or `@` and the name of a file
fn argument(text: &str) -> Result<Cow<'_, str>, ToolError> {
    match text.strip_prefix('@') {
        Some(name) => read(name).map(Cow::Owned),
        None => Ok(Cow::Borrowed(text)),
    }
}

/// Refuses to read stdin for two things
fn check_stdin<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<(), ToolError> {
    if names.into_iter().filter(|name| *name == "-").count() > 1 {
        return Err(ToolError::StdinTwice);
    }
    Ok(())
}

fn json(value: &impl serde::Serialize) -> Result<String, ToolError> {
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
