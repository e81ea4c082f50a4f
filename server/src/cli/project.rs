//! `flagstaff project`

use clap::Subcommand;
use reqwest::Method;
use serde_json::{Value, json};

use super::api::{ApiRequest, Root};
use super::environment::{DeleteArgs, ListArgs, NameArgs, RenameArgs};
use super::table::table;
use super::{CommandError, CommandOutput, Format, word};

/// What to do with projects
///
/// Each exits with 0, or with 2 if the server refuses.
#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// List the projects in which the token has a role
    List(ListArgs),
    /// Create a project with the environments production, staging and development
    Create(NameArgs),
    /// Rename a project; its keys and tokens stay valid
    Rename(RenameArgs),
    /// Delete a project with its environments, flags, keys, tokens and members
    Delete(DeleteArgs),
}

const TASK: &str = "project";
const PROJECTS: &str = "projects";

pub(super) fn run(command: &ProjectCommand) -> Result<CommandOutput, CommandError> {
    let text = match command {
        ProjectCommand::List(options) => list(options)?,
        ProjectCommand::Create(options) => {
            let api = options.change.api.open(TASK)?;
            let query = options.change.query();
            let body = json!({"name": options.name});
            let request = ApiRequest::write(Method::POST, &[PROJECTS], &query, &body);
            api.json(request.below(Root::Api))?;
            format!("{} is created\n", options.name)
        }
        ProjectCommand::Rename(options) => {
            let api = options.change.api.open(TASK)?;
            let query = options.change.query();
            let path = [PROJECTS, &options.name];
            let body = json!({"name": options.new});
            let request = ApiRequest::write(Method::PATCH, &path, &query, &body);
            api.json(request.below(Root::Api))?;
            format!("{} is called {} now\n", options.name, options.new)
        }
        ProjectCommand::Delete(options) => {
            let api = options.change.api.open(TASK)?;
            let path = [PROJECTS, &options.name];
            options.delete(&api, ApiRequest::get(&path, &[]).below(Root::Api))?
        }
    };
    Ok(CommandOutput::success(text))
}

fn list(options: &ListArgs) -> Result<String, CommandError> {
    let api = options.api.open(TASK)?;
    let items = api.items_below(Root::Api, &[PROJECTS], &[])?;
    if options.format == Format::Json {
        return super::json(&items);
    }
    let row = |item: &Value| {
        let environments = item.get("environments").and_then(Value::as_array);
        let names = environments.into_iter().flatten();
        let names: Vec<&str> = names.filter_map(Value::as_str).collect();
        vec![word(item, "name"), names.join(", ")]
    };
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    Ok(table(&["name", "environments"], &rows))
}
