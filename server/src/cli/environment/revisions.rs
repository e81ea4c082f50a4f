//! The revisions of an environment, and rolling back to one

use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

use super::{ENVIRONMENTS, ListArgs, NameChangeArgs, TASK};
use crate::cli::api::ApiRequest;
use crate::cli::table::table;
use crate::cli::transfer::report;
use crate::cli::{CommandError, Format, number, word};

/// The environment whose revisions to list
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The name
    #[arg(value_name = "NAME")]
    name: String,
    /// Maximum number of revisions, 1 to 200
    #[arg(long, default_value_t = 50, value_name = "COUNT")]
    limit: u32,
    #[command(flatten)]
    list: ListArgs,
}

/// The environment to roll back, and the revision
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The name
    #[arg(value_name = "NAME")]
    name: String,
    /// The revision, as in `environment history`
    #[arg(long, value_name = "REVISION")]
    to: u64,
    /// Only show what would change, and for which share of users
    #[arg(long)]
    dry_run: bool,
    /// Accept salts that differ from the current ones, which moves users to other variants
    #[arg(long)]
    rehash: bool,
    #[command(flatten)]
    change: NameChangeArgs,
    /// How to print what changes
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn list(options: &HistoryArgs) -> Result<String, CommandError> {
    let limit = options.limit.to_string();
    let path = [ENVIRONMENTS, &options.name, "revisions"];
    let query = [("limit", &*limit)];
    let api = options.list.api.open(TASK)?;
    let mut page = api.json(ApiRequest::get(&path, &query))?;
    let items = page.get_mut("items").map(Value::take).unwrap_or_default();
    if options.list.format == Format::Json {
        return crate::cli::json(&items);
    }
    let rows: Vec<Vec<String>> = items.as_array().into_iter().flatten().map(cells).collect();
    let head = ["revision", "at", "actor", "changed", "reason"];
    Ok(table(&head, &rows))
}

/// The cells of a revision; of its changes the first ones, and the number of the others
fn cells(item: &Value) -> Vec<String> {
    const SHOWN: usize = 3;
    let objects = item.get("objects").and_then(Value::as_array);
    let objects = objects.into_iter().flatten().take(SHOWN);
    let what = |object: &Value| {
        let [action, kind, key] = ["action", "kind", "key"].map(|name| word(object, name));
        format!("{action} {kind} {key}")
    };
    let mut changed: Vec<String> = objects.map(what).collect();
    let count = item.get("objectCount").and_then(Value::as_u64);
    let shown = u64::try_from(changed.len()).unwrap_or_default();
    let others = count.unwrap_or_default().saturating_sub(shown);
    if others > 0 {
        changed.push(format!("{others} more"));
    }
    vec![
        number(item, "revision"),
        word(item, "at"),
        word(item, "actor"),
        changed.join(", "),
        word(item, "reason"),
    ]
}

pub(super) fn rollback(options: &RollbackArgs) -> Result<String, CommandError> {
    let api = options.change.api.open(TASK)?;
    let path = [ENVIRONMENTS, &options.name, "document"];
    let revision = options.to.to_string();
    let earlier = api.send(ApiRequest::get(&path, &[("revision", &revision)]))?;
    // As it was, also flags that did not compile.
    let mut query = options.change.query();
    query.extend([("mode", "replace"), ("invalid", "keep")]);
    if options.rehash {
        query.push(("rehash", "true"));
    }
    let preview = [&query[..], &[("dryRun", "true")]].concat();
    let write = |query, if_match| {
        api.tagged(ApiRequest {
            method: Method::PUT,
            body: Some(("application/json", earlier.clone())),
            if_match,
            ..ApiRequest::get(&path, query)
        })
    };
    let (mut answer, tag) = write(&preview, None)?;
    let changes = answer.get("changes").and_then(Value::as_array);
    let has_changes = changes.is_some_and(|changes| !changes.is_empty());
    let is_written = has_changes && !options.dry_run;
    let mut text = report(&answer);
    if is_written {
        // Only what was shown is written.
        let (written, _) = write(&query, tag).map_err(|error| match error {
            CommandError::Stale(_) => CommandError::ChangedSince("Roll back"),
            other => other,
        })?;
        text.push_str(&report(&written));
        if let (Some(old), Some(new)) = (answer.get_mut("revision"), written.get("revision")) {
            new.clone_into(old);
        }
    }
    if options.format == Format::Text {
        return Ok(text);
    }
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("written".to_owned(), json!(is_written));
    }
    crate::cli::json(&answer)
}
