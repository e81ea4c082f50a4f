//! `flagstaff token`

use std::io::{self, Write as _};

use clap::{Args, Subcommand};
use flagstaff_core::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::api::{Api, ApiArgs, ApiRequest, Root};
use super::table::table;
use super::{CommandError, CommandOutput, Format, word};
use crate::access::credentials::{self, NAME_LENGTH, NewCredential};
use crate::store::{Author, BrowserPolicy, CredentialKind, Origin, SqlStore};

/// What to do with the tokens of a project
///
/// Each exits with 0, or with 2 if the server refuses.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// List tokens
    List(TokenListArgs),
    /// Create a token; it is shown only once
    Create(CreateOptions),
    /// Revoke a token; its open connections end
    Revoke(RevokeOptions),
}

/// Whose tokens
#[derive(Debug, Args)]
struct TokenPlace {
    /// Your personal tokens instead of those of the project; one is created with the JSON Web Token of a person
    #[arg(long, conflicts_with = "database")]
    own: bool,
}

impl TokenPlace {
    fn root(&self) -> Root {
        if self.own { Root::Api } else { Root::Project }
    }

    fn path<'p>(&self, id: &'p [&'p str]) -> Vec<&'p str> {
        let tokens: &[&str] = if self.own {
            &["me", "tokens"]
        } else {
            &["tokens"]
        };
        [tokens, id].concat()
    }
}

/// How to list
#[derive(Debug, Args)]
pub struct TokenListArgs {
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    place: TokenPlace,
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Which token to make
#[derive(Debug, Args)]
pub struct CreateOptions {
    #[command(flatten)]
    api: ApiArgs,
    /// The name of its holder in the audit
    #[arg(long, value_name = "NAME")]
    name: String,
    /// viewer, editor or admin
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: CredentialKind,
    #[command(flatten)]
    place: TokenPlace,
    /// Valid in all projects
    #[arg(long, conflicts_with = "own")]
    all_projects: bool,
    /// When it expires
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
    api: ApiArgs,
    #[command(flatten)]
    place: TokenPlace,
    /// Its id, as in `token list`
    #[arg(value_name = "ID")]
    id: String,
}

pub(super) fn run(command: &TokenCommand) -> Result<CommandOutput, CommandError> {
    let text = match command {
        TokenCommand::List(options) => list(options)?,
        TokenCommand::Create(options) => {
            create(options)?;
            String::new()
        }
        TokenCommand::Revoke(options) => {
            revoke(&options.api.open("token")?, &options.place, &options.id)?;
            String::new()
        }
    };
    Ok(CommandOutput::success(text))
}

fn list(options: &TokenListArgs) -> Result<String, CommandError> {
    let api = options.api.open("token")?;
    let (root, path) = (options.place.root(), options.place.path(&[]));
    let items = api.items_below(root, &path, &[])?;
    if options.format == Format::Json {
        return super::json(&items);
    }
    let columns = [
        "id",
        "role",
        "name",
        "hint",
        "createdAt",
        "expiresAt",
        "lastUsedAt",
    ];
    let row = |item: &Value| columns.iter().map(|name| word(item, name)).collect();
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    Ok(table(&columns, &rows))
}

fn create(options: &CreateOptions) -> Result<(), CommandError> {
    match options.api.database() {
        None => create_at_server(options),
        // Past the API, which needs flags that can be loaded: this is for an operator who has no admin token left.
        Some(database) => super::runtime()?.block_on(create_in_database(options, database)),
    }
}

fn create_at_server(options: &CreateOptions) -> Result<(), CommandError> {
    let api = options.api.open("token")?;
    let (name, role, expires_at) = (&options.name, options.role.name(), &options.expires_at);
    let wanted = if options.place.own {
        json!({"name": name, "role": role, "expiresAt": expires_at, "project": options.api.project()})
    } else {
        json!({"name": name, "role": role, "expiresAt": expires_at, "allProjects": options.all_projects})
    };
    let path = options.place.path(&[]);
    let request = ApiRequest::write(Method::POST, &path, &[], &wanted);
    let made = api.json(request.below(options.place.root()))?;
    let Err(error) = print(options.format, &made)? else {
        return Ok(());
    };
    revoke(&api, &options.place, &word(&made, "id"))?;
    Err(CommandError::Unprinted(error))
}

fn revoke(api: &Api, place: &TokenPlace, id: &str) -> Result<(), CommandError> {
    let id = [id];
    let path = place.path(&id);
    let request = ApiRequest {
        method: Method::DELETE,
        ..ApiRequest::get(&path, &[])
    };
    api.send(request.below(place.root())).map(drop)
}

async fn create_in_database(options: &CreateOptions, database: &str) -> Result<(), CommandError> {
    let now = super::now(None);
    let author = || Author {
        actor: "flagstaff token".into(),
        at: now,
        reason: None,
        origin: Origin::default(),
    };
    let new = wanted(options, now)?;
    let store = SqlStore::open_existing(database).await?;
    let project = super::project_id(&store, options.api.project()).await?;
    let (row, token) = credentials::create_in(&store, project, author(), new).await?;
    let made = json!({
        "id": row.id(), "role": row.kind.name(), "allProjects": row.project_id.is_none(), "name": row.name,
        "hint": row.hint, "createdAt": row.created_at, "expiresAt": row.expires_at, "token": token,
    });
    if let Err(error) = print(options.format, &made)? {
        credentials::drop_in(&store, project, author(), &row).await?;
        return Err(CommandError::Unprinted(error));
    }
    store.close().await;
    Ok(())
}

fn wanted(options: &CreateOptions, now: Timestamp) -> Result<NewCredential, CommandError> {
    let wrong = |option, expected: String| CommandError::Argument { option, expected };
    if !credentials::is_name(&options.name) {
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
    Ok(NewCredential {
        kind: options.role,
        name: options.name.clone(),
        expires_at,
        is_for_all_projects: options.all_projects,
        rules: BrowserPolicy::default(),
        owner: None,
    })
}

fn role(name: &str) -> Result<CredentialKind, &'static str> {
    CredentialKind::role(name).ok_or("expected `viewer`, `editor` or `admin`")
}

/// Prints a new token, which is shown only once; the caller must know whether that worked
fn print(format: Format, made: &Value) -> Result<io::Result<()>, CommandError> {
    let text = match (format, made.get("token").and_then(Value::as_str)) {
        // Alone, so that it can be put into a variable.
        (Format::Text, Some(token)) => format!("{token}\n"),
        _ => super::json(made)?,
    };
    let mut stdout = io::stdout().lock();
    let printed = stdout.write_all(text.as_bytes());
    Ok(printed.and_then(|()| stdout.flush()))
}
