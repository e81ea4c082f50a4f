//! `flagstaff token`

use std::io::{self, Write as _};

use clap::{Args, Subcommand};
use flagstaff_core::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::remote::{Question, RemoteOptions};
use super::table::table;
use super::{Format, Report, ToolError};
use crate::access::{self, NAME_LENGTH, NewKey};
use crate::auth::KeyKind;
use crate::config::{Secret, SecretParser};
use crate::store::{Author, KeyRules, Origin, SqlStore};

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
    /// Make it in this database and ask no server: for an operator who has no admin token left
    #[arg(long, value_parser = SecretParser::ADDRESS, value_name = "URL")]
    database: Option<Secret>,
    /// Whose it is: what the audit calls them
    #[arg(long, value_name = "NAME")]
    name: String,
    /// viewer, editor or admin
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: KeyKind,
    /// For all projects, and not only for one
    #[arg(long)]
    all_projects: bool,
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
        TokenCommand::Create(options) => {
            create(options)?;
            String::new()
        }
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

fn create(options: &CreateOptions) -> Result<(), ToolError> {
    match &options.database {
        None => create_at_server(options),
        Some(database) => {
            super::runtime()?.block_on(create_in_database(options, database.reveal()))
        }
    }
}

fn create_at_server(options: &CreateOptions) -> Result<(), ToolError> {
    let wanted = json!({
        "name": options.name, "role": options.role.name(), "expiresAt": options.expires_at,
        "allProjects": options.all_projects,
    });
    let answer = options.remote.ask(Question {
        method: Method::POST,
        body: Some(("application/json", wanted.to_string())),
        ..Question::get(&["tokens"], &[])
    })?;
    let made: Value = serde_json::from_str(&answer)?;
    let Err(error) = print(options.format, &made)? else {
        return Ok(());
    };
    let id = made.get("id").and_then(Value::as_str).unwrap_or_default();
    options.remote.ask(Question {
        method: Method::DELETE,
        ..Question::get(&["tokens", id], &[])
    })?;
    Err(ToolError::Unprinted(error))
}

async fn create_in_database(options: &CreateOptions, database: &str) -> Result<(), ToolError> {
    let now = super::now(None);
    let author = || Author {
        actor: "flagstaff token".into(),
        at: now,
        reason: None,
        origin: Origin::default(),
    };
    let new = wanted(options, now)?;
    let store = SqlStore::open_existing(database).await?;
    let project = super::project_id(&store, options.remote.project()).await?;
    let (row, token) = access::create_in(&store, project, author(), new).await?;
    let made = json!({
        "id": row.id(), "role": row.kind.name(), "allProjects": row.project_id.is_none(), "name": row.name,
        "hint": row.hint, "createdAt": row.created_at, "expiresAt": row.expires_at, "token": token,
    });
    if let Err(error) = print(options.format, &made)? {
        access::drop_in(&store, project, author(), &row).await?;
        return Err(ToolError::Unprinted(error));
    }
    store.close().await;
    Ok(())
}

fn wanted(options: &CreateOptions, now: Timestamp) -> Result<NewKey, ToolError> {
    let wrong = |option, expected: String| ToolError::Argument { option, expected };
    if !access::is_name(&options.name) {
        let expected = format!("1 to {NAME_LENGTH} characters");
        return Err(wrong("--name", expected));
    }
    let expires_at = match &options.expires_at {
        None => None,
        Some(text) => {
            let end = Timestamp::parse(text).filter(|end| *end > now);
            let expected = || {
                "a date and time with a zone in the future, as `2027-12-01T00:00:00Z`".to_owned()
            };
            Some(end.ok_or_else(|| wrong("--expires-at", expected()))?)
        }
    };
    Ok(NewKey {
        kind: options.role,
        name: options.name.clone(),
        expires_at,
        is_for_all_projects: options.all_projects,
        rules: KeyRules::default(),
    })
}

fn role(name: &str) -> Result<KeyKind, &'static str> {
    KeyKind::role(name).ok_or("expected `viewer`, `editor` or `admin`")
}

/// Prints a token that is told this once: who makes it has to know whether it was
fn print(format: Format, made: &Value) -> Result<io::Result<()>, ToolError> {
    let text = match (format, made.get("token").and_then(Value::as_str)) {
        // Alone, so that it can be put into a variable.
        (Format::Text, Some(token)) => format!("{token}\n"),
        _ => super::json(made)?,
    };
    let mut stdout = io::stdout().lock();
    let printed = stdout.write_all(text.as_bytes());
    Ok(printed.and_then(|()| stdout.flush()))
}
