//! `flagstaff environment`

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::api::{Api, ApiArgs, ApiRequest};
use super::table::table;
use super::{CommandError, CommandOutput, Format, number, word};

mod attributes;
mod revisions;

use attributes::RecordAttributesArgs;
use revisions::{HistoryArgs, RollbackArgs};

/// What to do with the environments of a project
///
/// Each exits with 0, or with 2 if the server refuses.
#[derive(Debug, Subcommand)]
pub enum EnvironmentCommand {
    /// List the environments of the project
    List(ListArgs),
    /// Create an empty environment
    Create(NameArgs),
    /// Rename an environment; its keys stay valid
    Rename(RenameArgs),
    /// Delete an environment with its flags and keys
    Delete(DeleteArgs),
    /// Require a reason for every change of an environment
    Protect(NameArgs),
    /// Require a reason no longer; this change needs one
    Unprotect(NameArgs),
    /// List the revisions of an environment, the newest first
    History(HistoryArgs),
    /// Restore an environment as of an earlier revision, and show what that changes
    ///
    /// Objects that were created since are deleted. Nothing is written if somebody changes the environment in between.
    Rollback(RollbackArgs),
    /// List the attributes of the contexts that the server evaluated
    Attributes(NamedListArgs),
    /// Record the attributes of contexts that the server evaluates, with up to 20 values of each
    RecordAttributes(RecordAttributesArgs),
}

/// How to list
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub(super) api: ApiArgs,
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

/// The one of which to list something
#[derive(Debug, Args)]
pub struct NamedListArgs {
    /// The name
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    list: ListArgs,
}

/// Which one
#[derive(Debug, Args)]
pub struct NameArgs {
    /// The name
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    #[command(flatten)]
    pub(super) change: NameChangeArgs,
}

/// Which one to rename
#[derive(Debug, Args)]
pub struct RenameArgs {
    /// The name
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    /// The new name
    #[arg(value_name = "NEW")]
    pub(super) new: String,
    #[command(flatten)]
    pub(super) change: NameChangeArgs,
}

/// Which one to delete
#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// The name
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    /// The name again, required if anything would be lost
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    #[command(flatten)]
    pub(super) change: NameChangeArgs,
}

/// What every change takes
#[derive(Debug, Args)]
pub(super) struct NameChangeArgs {
    #[command(flatten)]
    pub(super) api: ApiArgs,
    /// The reason, for the audit
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl NameChangeArgs {
    /// The query of the change
    pub(super) fn query(&self) -> Vec<(&str, &str)> {
        let reason = self.reason.as_deref();
        reason
            .map(|reason| ("reason", reason))
            .into_iter()
            .collect()
    }
}

impl DeleteArgs {
    /// Deletes what is at the path; returns what is printed
    pub(super) fn delete(
        &self,
        api: &Api,
        request: ApiRequest<'_>,
    ) -> Result<String, CommandError> {
        let mut query = self.change.query();
        query.extend(self.confirm.as_deref().map(|name| ("confirm", name)));
        let deleted = api.json(ApiRequest {
            method: Method::DELETE,
            query: &query,
            ..request
        })?;
        let (name, kept) = (&self.name, word(&deleted, "auditName"));
        Ok(format!("{name} is deleted; the audit has it as {kept}\n"))
    }
}

const TASK: &str = "environment";
const ENVIRONMENTS: &str = "environments";

pub(super) fn run(command: &EnvironmentCommand) -> Result<CommandOutput, CommandError> {
    let text = match command {
        EnvironmentCommand::List(options) => list(options)?,
        EnvironmentCommand::Create(options) => {
            let body = json!({"name": options.name});
            let api = options.change.api.open(TASK)?;
            let query = options.change.query();
            api.json(ApiRequest::write(
                Method::POST,
                &[ENVIRONMENTS],
                &query,
                &body,
            ))?;
            format!("{} is created\n", options.name)
        }
        EnvironmentCommand::Rename(options) => {
            let path = [ENVIRONMENTS, &options.name];
            let body = json!({"name": options.new});
            let api = options.change.api.open(TASK)?;
            let query = options.change.query();
            api.json(ApiRequest::write(Method::PATCH, &path, &query, &body))?;
            format!("{} is called {} now\n", options.name, options.new)
        }
        EnvironmentCommand::Delete(options) => {
            let path = [ENVIRONMENTS, &options.name];
            let api = options.change.api.open(TASK)?;
            options.delete(&api, ApiRequest::get(&path, &[]))?
        }
        EnvironmentCommand::Protect(options) => protect(options, true)?,
        EnvironmentCommand::Unprotect(options) => protect(options, false)?,
        EnvironmentCommand::History(options) => revisions::list(options)?,
        EnvironmentCommand::Rollback(options) => revisions::rollback(options)?,
        EnvironmentCommand::Attributes(options) => attributes::list(options)?,
        EnvironmentCommand::RecordAttributes(options) => attributes::record(options)?,
    };
    Ok(CommandOutput::success(text))
}

fn list(options: &ListArgs) -> Result<String, CommandError> {
    let items = options.api.open(TASK)?.items(&[ENVIRONMENTS], &[])?;
    if options.format == Format::Json {
        return super::json(&items);
    }
    let row = |item: &Value| {
        let is_protected = item.get("requireReason") == Some(&Value::Bool(true));
        let protected = if is_protected { "protected" } else { "" };
        vec![
            word(item, "name"),
            number(item, "revision"),
            number(item, "flags"),
            protected.to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    Ok(table(&["name", "revision", "flags", "changes"], &rows))
}

fn protect(options: &NameArgs, require_reason: bool) -> Result<String, CommandError> {
    let path = [ENVIRONMENTS, &options.name, "settings"];
    let body = json!({"requireReason": require_reason});
    let api = options.change.api.open(TASK)?;
    let query = options.change.query();
    api.json(ApiRequest::write(Method::PUT, &path, &query, &body))?;
    let need = if require_reason {
        "need a reason"
    } else {
        "need no reason"
    };
    Ok(format!("changes of {} {need} now\n", options.name))
}
