//! `flagstaff override`

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::api::{ApiRequest, EnvironmentArgs, MergeMode};
use super::table::table;
use super::{CommandError, CommandOutput, Format, word};

/// What to do with overrides
///
/// Each exits with 0, or with 2 if the server refuses.
#[derive(Debug, Subcommand)]
pub enum OverrideCommand {
    /// List the overrides of a flag, or those of a context in all flags
    List(OverrideListArgs),
    /// Add an override, or replace it
    Add(AddArgs),
    /// Remove an override
    Remove(RemoveArgs),
    /// Load many overrides of a flag from NDJSON, in one revision
    ///
    /// A line is `{"level": "user", "contextKey": "u-17", "value": "include"}`.
    Load(LoadArgs),
}

/// Which overrides to list
#[derive(Debug, Args)]
pub struct OverrideListArgs {
    /// The key of the flag
    #[arg(
        value_name = "FLAG",
        required_unless_present = "context",
        conflicts_with = "context"
    )]
    flag: Option<String>,
    /// Those of this context in all flags, as `organization:acme`
    #[arg(long, value_name = "LEVEL:KEY", value_parser = context)]
    context: Option<ContextName>,
    #[command(flatten)]
    place: EnvironmentArgs,
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Which override to add
#[derive(Debug, Args)]
pub struct AddArgs {
    /// The key of the flag
    #[arg(value_name = "FLAG")]
    flag: String,
    /// The context, as `user:u-17` or `organization:acme`
    #[arg(value_name = "LEVEL:KEY", value_parser = context)]
    context: ContextName,
    /// The effect: `include`, `exclude`, `variant=NAME`, or for an object flag `patch=JSON` or `patch=@FILE`
    #[arg(value_name = "EFFECT")]
    effect: String,
    #[command(flatten)]
    place: EnvironmentArgs,
    /// The reason
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Which override to remove
#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// The key of the flag
    #[arg(value_name = "FLAG")]
    flag: String,
    /// The context, as `user:u-17`
    #[arg(value_name = "LEVEL:KEY", value_parser = context)]
    context: ContextName,
    #[command(flatten)]
    place: EnvironmentArgs,
    /// The reason, for the audit
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// What to load
#[derive(Debug, Args)]
pub struct LoadArgs {
    /// The key of the flag
    #[arg(value_name = "FLAG")]
    flag: String,
    /// NDJSON, one override a line; `-` is stdin
    #[arg(value_name = "FILE")]
    file: String,
    #[command(flatten)]
    place: EnvironmentArgs,
    /// What happens to overrides that are not in the file
    #[arg(long, value_enum, default_value_t = MergeMode::Merge)]
    mode: MergeMode,
    /// The level of lines without `level`; `--mode replace` deletes only overrides of this level
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
    /// Only report how many would change
    #[arg(long)]
    dry_run: bool,
    /// The reason of lines without `reason`
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// A context by its level and key
#[derive(Debug, Clone)]
struct ContextName {
    level: String,
    key: String,
}

fn context(text: &str) -> Result<ContextName, &'static str> {
    let parts = text.split_once(':');
    let parts = parts.filter(|(level, key)| !level.is_empty() && !key.is_empty());
    let (level, key) = parts.ok_or("expected a level and a key, as `user:u-17`")?;
    if [".", ".."].contains(&key) {
        return Err("a URL cannot contain this key: use `flagstaff override load`");
    }
    Ok(ContextName {
        level: level.to_owned(),
        key: key.to_owned(),
    })
}

pub(super) fn run(command: &OverrideCommand) -> Result<CommandOutput, CommandError> {
    match command {
        OverrideCommand::List(options) => list(options),
        OverrideCommand::Add(options) => add(options),
        OverrideCommand::Remove(options) => remove(options),
        OverrideCommand::Load(options) => load(options),
    }
}

fn list(options: &OverrideListArgs) -> Result<CommandOutput, CommandError> {
    let environment = &*options.place.environment;
    let api = options.place.api.open("override list")?;
    let items = match (&options.flag, &options.context) {
        (Some(flag), _) => {
            let path = ["environments", environment, "flags", flag, "overrides"];
            api.items(&path, &[])?
        }
        (None, Some(ContextName { level, key })) => {
            let query = [("level", &**level), ("contextKey", &**key)];
            api.items(&["environments", environment, "overrides"], &query)?
        }
        // The arguments say that there is one of the two.
        (None, None) => Vec::new(),
    };
    if options.format == Format::Json {
        return Ok(CommandOutput::success(super::json(&items)?));
    }
    let rows: Vec<Vec<String>> = items.iter().map(cells).collect();
    let head = ["flag", "context", "effect", "by", "at", "reason"];
    Ok(CommandOutput::success(table(&head, &rows)))
}

fn cells(item: &Value) -> Vec<String> {
    let value = item.get("value").unwrap_or(&Value::Null);
    let effect = match (value, value.get("variant"), value.get("patch")) {
        (Value::String(effect), ..) => effect.clone(),
        (_, Some(Value::String(variant)), _) => format!("variant={variant}"),
        (.., Some(patch)) => format!("patch={patch}"),
        _ => value.to_string(),
    };
    vec![
        word(item, "flag"),
        format!("{}:{}", word(item, "level"), word(item, "contextKey")),
        effect,
        word(item, "updatedBy"),
        word(item, "updatedAt"),
        word(item, "reason"),
    ]
}

fn add(options: &AddArgs) -> Result<CommandOutput, CommandError> {
    let body = json!({"value": effect(&options.effect)?, "reason": options.reason});
    let ContextName { level, key } = &options.context;
    let path = path(&options.place, &options.flag, &options.context);
    let request = ApiRequest::write(Method::PUT, &path, &[], &body);
    options.place.api.open("override add")?.send(request)?;
    Ok(CommandOutput::success(format!(
        "{level}:{key} has an override of {} in {}\n",
        options.flag, options.place.environment
    )))
}

fn remove(options: &RemoveArgs) -> Result<CommandOutput, CommandError> {
    let ContextName { level, key } = &options.context;
    let path = path(&options.place, &options.flag, &options.context);
    let reason = options.reason.as_deref().map(|reason| ("reason", reason));
    let query: Vec<(&str, &str)> = reason.into_iter().collect();
    let request = ApiRequest {
        method: Method::DELETE,
        ..ApiRequest::get(&path, &query)
    };
    options.place.api.open("override remove")?.send(request)?;
    Ok(CommandOutput::success(format!(
        "{level}:{key} has no override of {} in {} any more\n",
        options.flag, options.place.environment
    )))
}

fn load(options: &LoadArgs) -> Result<CommandOutput, CommandError> {
    let lines = super::read(&options.file)?;
    let environment = &*options.place.environment;
    let path = [
        "environments",
        environment,
        "flags",
        &options.flag,
        "overrides",
        "bulk",
    ];
    let mut query = vec![("mode", options.mode.name())];
    if options.dry_run {
        query.push(("dryRun", "true"));
    }
    for (name, value) in [("level", &options.level), ("reason", &options.reason)] {
        query.extend(value.as_deref().map(|value| (name, value)));
    }
    let loaded = options.place.api.open("override load")?.json(ApiRequest {
        method: Method::POST,
        body: Some(("application/x-ndjson", lines)),
        ..ApiRequest::get(&path, &query)
    })?;
    let count = |name: &str| {
        loaded
            .get(name)
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    let verb = if options.dry_run { "would be " } else { "" };
    Ok(CommandOutput::success(format!(
        "{} {verb}added, {} {verb}changed, {} {verb}removed (revision {})\n",
        count("added"),
        count("changed"),
        count("removed"),
        count("revision")
    )))
}

fn path<'a>(
    place: &'a EnvironmentArgs,
    flag: &'a str,
    ContextName { level, key }: &'a ContextName,
) -> [&'a str; 7] {
    let environment = &place.environment;
    [
        "environments",
        environment,
        "flags",
        flag,
        "overrides",
        level,
        key,
    ]
}

/// What the API calls an effect
fn effect(text: &str) -> Result<Value, CommandError> {
    match text.split_once('=') {
        Some(("variant", name)) => Ok(json!({"variant": name})),
        Some(("patch", patch)) => {
            let patch: Value = serde_json::from_str(&super::argument(patch)?)?;
            Ok(json!({"patch": patch}))
        }
        None if ["include", "exclude"].contains(&text) => Ok(json!(text)),
        _ => Err(CommandError::Argument {
            option: "EFFECT",
            expected: "`include`, `exclude`, `variant=NAME` or `patch=JSON`".to_owned(),
        }),
    }
}
