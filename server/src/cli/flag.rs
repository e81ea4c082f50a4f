//! `flagstaff flag`

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::api::{Api, ApiRequest, EnvironmentArgs};
use super::table::{pairs, table};
use super::{CommandError, CommandOutput, Format, number, word};
use crate::documents::notation::Notation;

mod changes;
mod shown;

use changes::{ChangeArgs, Changes, flag_path};
use shown::{count, overrides, serve, state};

/// What to do with the flags of an environment
///
/// Each exits with 0; with 1 if `--wait` ended before every instance had the change; with 2 if the server refuses.
#[derive(Debug, Subcommand)]
pub enum FlagCommand {
    /// List the flags of an environment
    List(FlagListArgs),
    /// Show a flag
    Get(GetArgs),
    /// Create a flag, or change the given fields
    ///
    /// A new flag is boolean and off, unless FILE or the options say otherwise.
    Set(SetArgs),
    /// Switch flags on
    On(SwitchArgs),
    /// Switch flags off
    Off(SwitchArgs),
    /// Set the percentage of users for whom a flag is on
    Rollout(RolloutArgs),
}

/// Which flags to list
#[derive(Debug, Args)]
pub struct FlagListArgs {
    #[command(flatten)]
    place: EnvironmentArgs,
    /// With this text in the key or the name, in upper or lower case
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Of this type: boolean, string, number or object
    #[arg(long = "type", value_name = "TYPE")]
    flag_type: Option<String>,
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Which flag to show
#[derive(Debug, Args)]
pub struct GetArgs {
    /// The key of the flag
    #[arg(value_name = "FLAG")]
    key: String,
    #[command(flatten)]
    place: EnvironmentArgs,
    /// How to print it; JSON is the whole flag
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What to make of a flag
#[derive(Debug, Args)]
pub struct SetArgs {
    /// The key of the flag
    #[arg(value_name = "FLAG")]
    key: String,
    /// The whole flag, as JSON or YAML (`.yaml`, `.yml`); `-` is stdin
    #[arg(value_name = "FILE", conflicts_with_all = ["on", "off", "rollout", "name", "description"])]
    file: Option<String>,
    #[command(flatten)]
    place: EnvironmentArgs,
    /// Switch it on
    #[arg(long, conflicts_with = "off")]
    on: bool,
    /// Switch it off
    #[arg(long)]
    off: bool,
    /// The percentage of users for whom it is on
    #[arg(long, value_name = "PERCENT", value_parser = percentage)]
    rollout: Option<f64>,
    /// Its name for people, in all environments
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Its description, in all environments
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A tag, in all environments; may be repeated, and replaces the current tags
    #[arg(long = "tag", value_name = "WORD")]
    tags: Vec<String>,
    /// The team or person that owns it, in all environments
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    #[command(flatten)]
    change: ChangeArgs,
}

/// Which flags to switch
#[derive(Debug, Args)]
pub struct SwitchArgs {
    /// The keys of the flags
    #[arg(value_name = "FLAG", required = true)]
    keys: Vec<String>,
    #[command(flatten)]
    place: EnvironmentArgs,
    /// In every environment that has the flag, one after the other
    #[arg(long)]
    all_environments: bool,
    #[command(flatten)]
    change: ChangeArgs,
}

/// Which flag to roll out, and how far
#[derive(Debug, Args)]
pub struct RolloutArgs {
    /// The key of the flag
    #[arg(value_name = "FLAG")]
    key: String,
    /// The percentage of users for whom it is on, 0 to 100
    #[arg(value_name = "PERCENT", value_parser = percentage)]
    percentage: f64,
    #[command(flatten)]
    place: EnvironmentArgs,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(super) fn run(command: &FlagCommand) -> Result<CommandOutput, CommandError> {
    match command {
        FlagCommand::List(options) => list(options),
        FlagCommand::Get(options) => get(options),
        FlagCommand::Set(options) => set(options),
        FlagCommand::On(options) => switch(options, true),
        FlagCommand::Off(options) => switch(options, false),
        FlagCommand::Rollout(options) => rollout(options),
    }
}

fn list(options: &FlagListArgs) -> Result<CommandOutput, CommandError> {
    let filters = [("search", &options.search), ("type", &options.flag_type)];
    let query: Vec<(&str, &str)> = filters
        .iter()
        .filter_map(|(name, value)| Some((*name, value.as_deref()?)))
        .collect();
    let path = ["environments", &options.place.environment, "flags"];
    let flags = options.place.api.open("flag list")?.items(&path, &query)?;
    if options.format == Format::Json {
        return Ok(CommandOutput::success(super::json(&flags)?));
    }
    let row = |flag: &Value| {
        vec![
            word(flag, "key"),
            word(flag, "type"),
            state(flag),
            serve(flag),
            count(flag, "rules"),
            overrides(flag).to_string(),
            word(flag, "updatedAt"),
            word(flag, "lastSeenAt"),
        ]
    };
    let head = [
        "key",
        "type",
        "state",
        "serves",
        "rules",
        "overrides",
        "updated",
        "last evaluated",
    ];
    let rows: Vec<Vec<String>> = flags.iter().map(row).collect();
    Ok(CommandOutput::success(table(&head, &rows)))
}

fn get(options: &GetArgs) -> Result<CommandOutput, CommandError> {
    let path = flag_path(&options.place.environment, &options.key);
    let flag = options
        .place
        .api
        .open("flag get")?
        .json(ApiRequest::get(&path, &[]))?;
    if options.format == Format::Json {
        return Ok(CommandOutput::success(super::json(&flag)?));
    }
    let text = |name: &str| word(&flag, name);
    let mut lines = vec![
        ("key", text("key")),
        ("type", text("type")),
        ("state", state(&flag)),
        ("serves", serve(&flag)),
        ("rules", count(&flag, "rules")),
        ("overrides", overrides(&flag).to_string()),
        ("name", text("name")),
        ("description", text("description")),
        ("expires", text("expiresAt")),
        ("version", number(&flag, "version")),
        ("created", text("createdAt")),
        ("updated", text("updatedAt")),
        ("last evaluated", text("lastSeenAt")),
    ];
    lines.retain(|(_, value)| !value.is_empty());
    Ok(CommandOutput::success(pairs(&lines)))
}

fn set(options: &SetArgs) -> Result<CommandOutput, CommandError> {
    let key = &*options.key;
    let document = options.file.as_deref().map(definition).transpose()?;
    let api = options.place.api.open("flag set")?;
    let changes = Changes::new(&api, &options.change);
    let environment = &*options.place.environment;
    let flag = match document {
        Some(flag) => changes.put(environment, key, &flag)?,
        None => changes.create_or_patch(environment, key, options)?,
    };
    let mut said = Map::new();
    if !options.tags.is_empty() {
        said.insert("tags".to_owned(), json!(options.tags));
    }
    if let Some(owner) = &options.owner {
        said.insert("owner".to_owned(), json!(owner));
    }
    if !said.is_empty() {
        let path = ["flags", key];
        let request = ApiRequest::write(Method::PATCH, &path, &changes.query, &said.into());
        api.send(request)?;
    }
    changes.report(vec![(environment.to_owned(), flag)])
}

fn switch(options: &SwitchArgs, is_on: bool) -> Result<CommandOutput, CommandError> {
    let api = options
        .place
        .api
        .open(if is_on { "flag on" } else { "flag off" })?;
    let changes = Changes::new(&api, &options.change);
    let mut flags = Vec::new();
    for key in &options.keys {
        let environments = if options.all_environments {
            environments(&api, key)?
        } else {
            vec![options.place.environment.clone()]
        };
        for environment in environments {
            let flag = changes.patch(&environment, key, &json!({"enabled": is_on}))?;
            flags.push((environment, flag));
        }
    }
    changes.report(flags)
}

fn rollout(options: &RolloutArgs) -> Result<CommandOutput, CommandError> {
    let api = options.place.api.open("flag rollout")?;
    let changes = Changes::new(&api, &options.change);
    let environment = options.place.environment.clone();
    let body = json!({"rolloutPercentage": options.percentage});
    let flag = changes.patch(&environment, &options.key, &body)?;
    changes.report(vec![(environment, flag)])
}

/// The environments that have a flag
fn environments(api: &Api, key: &str) -> Result<Vec<String>, CommandError> {
    let flag = api.json(ApiRequest::get(&["flags", key], &[]))?;
    let places = flag.get("environments").and_then(Value::as_array);
    let names = places.into_iter().flatten();
    Ok(names.map(|place| word(place, "name")).collect())
}

/// A flag from a file
fn definition(name: &str) -> Result<Value, CommandError> {
    let text = super::read(name)?;
    Notation::of_file(name)
        .read(&text)
        .map_err(|cause| CommandError::Notation {
            name: name.to_owned(),
            cause,
        })
}

fn percentage(text: &str) -> Result<f64, &'static str> {
    let number = text.trim_end_matches('%').trim_end().parse();
    let number: Option<f64> = number.ok();
    number
        .filter(|number| (0.0..=100.0).contains(number))
        .ok_or("expected a number from 0 to 100")
}
