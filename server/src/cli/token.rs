//! `flagstaff token`

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::remote::{Question, RemoteOptions};
use super::table::table;
use super::{Format, Report, ToolError};

/// What to do with the tokens of a project
///
/// Each exits with 0, or with 2 if the server refuses.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Tell what tokens there are
    List(ListOptions),
    /// Make a token, which is shown this once
    Create(CreateOptions),
    /// End a token, and what it has opened
    Revoke(RevokeOptions),
}

/// How to list
#[derive(Debug, Args)]
pub struct ListOptions {
    #[command(flatten)]
    remote: RemoteOptions,
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Which token to make
#[derive(Debug, Args)]
pub struct CreateOptions {
    #[command(flatten)]
    remote: RemoteOptions,
    /// Whose it is: what the audit calls them
    #[arg(long, value_name = "NAME")]
    name: String,
    /// viewer, editor or admin
    #[arg(long, value_name = "ROLE")]
    role: String,
    /// When it ends by itself
    #[arg(long, value_name = "INSTANT")]
    expires_at: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Which token to end
#[derive(Debug, Args)]
pub struct RevokeOptions {
    #[command(flatten)]
    remote: RemoteOptions,
    /// Its id, as `list` tells it
    #[arg(value_name = "ID")]
    id: String,
}

pub(super) fn run(command: &TokenCommand) -> Result<Report, ToolError> {
    let text = match command {
        TokenCommand::List(options) => list(options)?,
        TokenCommand::Create(options) => create(options)?,
        TokenCommand::Revoke(options) => {
            let path = ["tokens", &options.id];
            options.remote.ask(Question {
                method: Method::DELETE,
                ..Question::get(&path, &[])
            })?
        }
    };
    Ok(Report {
        text,
        is_good: true,
    })
}

fn list(options: &ListOptions) -> Result<String, ToolError> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let query = [("limit", "200"), ("cursor", &*cursor)];
        let query = if cursor.is_empty() {
            query.get(..1)
        } else {
            Some(&query[..])
        };
        let question = Question::get(&["tokens"], query.unwrap_or_default());
        let mut page: Value = serde_json::from_str(&options.remote.ask(question)?)?;
        if let Some(Value::Array(more)) = page.get_mut("items") {
            items.append(more);
        }
        match page.get("next").and_then(Value::as_str) {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    if options.format == Format::Json {
        return super::json(&items);
    }
    let columns = ["id", "role", "name", "hint", "createdAt", "expiresAt"];
    let cell = |item: &Value, name: &str| {
        let word = item.get(name).and_then(Value::as_str);
        word.unwrap_or_default().to_owned()
    };
    let row = |item: &Value| columns.iter().map(|name| cell(item, name)).collect();
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    Ok(table(&columns, &rows))
}

fn create(options: &CreateOptions) -> Result<String, ToolError> {
    let wanted =
        json!({"name": options.name, "role": options.role, "expiresAt": options.expires_at});
    let answer = options.remote.ask(Question {
        method: Method::POST,
        body: Some(("application/json", wanted.to_string())),
        ..Question::get(&["tokens"], &[])
    })?;
    let made: Value = serde_json::from_str(&answer)?;
    match (options.format, made.get("token").and_then(Value::as_str)) {
        // Alone, so that it can be put into a variable.
        (Format::Text, Some(token)) => Ok(format!("{token}\n")),
        _ => super::json(&made),
    }
}
