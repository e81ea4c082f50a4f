//! `flagstaff session`

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

use super::api::{ApiArgs, ApiRequest, Root};
use super::table::table;
use super::{CommandError, CommandOutput, Format, number, word};

/// What to do with the sessions of people who are signed in to the admin UI
///
/// For an admin of all projects; with `--own`, for everybody. Each exits with 0, or with 2 if the server refuses.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// List sessions, the oldest first
    List(SessionListArgs),
    /// End a session, or all sessions of a person; the person can sign in again
    End(EndArgs),
}

/// Whose sessions to list
#[derive(Debug, Args)]
pub struct SessionListArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// Only those of the person with this name in the audit
    #[arg(long, value_name = "NAME", conflicts_with = "own")]
    name: Option<String>,
    /// Only your own
    #[arg(long, conflicts_with = "database")]
    own: bool,
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Which sessions to end
#[derive(Debug, Args)]
#[group(id = "which", required = true, multiple = true)]
struct WhichSessions {
    /// The id of one session, as in `session list`
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// All those of the person with this name in the audit
    #[arg(long, value_name = "NAME", conflicts_with_all = ["id", "own"])]
    name: Option<String>,
    /// Your own: the one with this id, or all
    #[arg(long, conflicts_with = "database")]
    own: bool,
}

/// Which sessions to end, and why
#[derive(Debug, Args)]
pub struct EndArgs {
    #[command(flatten)]
    which: WhichSessions,
    #[command(flatten)]
    api: ApiArgs,
    /// The reason, for the audit
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

const TASK: &str = "session";

/// The path of sessions below `/api/v1`
fn path(is_own: bool) -> &'static [&'static str] {
    if is_own {
        &["me", "sessions"]
    } else {
        &["sessions"]
    }
}

pub(super) fn run(command: &SessionCommand) -> Result<CommandOutput, CommandError> {
    let text = match command {
        SessionCommand::List(options) => list(options)?,
        SessionCommand::End(options) => end(options)?,
    };
    Ok(CommandOutput::success(text))
}

fn list(options: &SessionListArgs) -> Result<String, CommandError> {
    let name = options.name.as_deref();
    let query: Vec<(&str, &str)> = name.map(|name| ("name", name)).into_iter().collect();
    let api = options.api.open(TASK)?;
    let items = api.items_below(Root::Api, path(options.own), &query)?;
    if options.format == Format::Json {
        return super::json(&items);
    }
    let columns = [
        "id",
        "name",
        "signedInBy",
        "createdAt",
        "lastUsedAt",
        "expiresAt",
        "userAgent",
    ];
    let row = |item: &Value| columns.iter().map(|name| word(item, name)).collect();
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    Ok(table(&columns, &rows))
}

fn end(options: &EndArgs) -> Result<String, CommandError> {
    let WhichSessions { id, name, own } = &options.which;
    let api = options.api.open(TASK)?;
    let given = [("name", name), ("reason", &options.reason)].into_iter();
    let query: Vec<(&str, &str)> = given
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
        .collect();
    let path = [path(*own), id.as_deref().as_slice()].concat();
    let request = ApiRequest {
        method: Method::DELETE,
        ..ApiRequest::get(&path, &query)
    };
    let request = request.below(Root::Api);
    if let Some(id) = id {
        api.send(request)?;
        return Ok(format!("the session {id} has ended\n"));
    }
    Ok(format!(
        "sessions that ended: {}\n",
        number(&api.json(request)?, "ended")
    ))
}
