//! The attributes of the contexts that the server evaluated

use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

use super::{ENVIRONMENTS, NameArgs, NamedListArgs, TASK};
use crate::cli::api::ApiRequest;
use crate::cli::table::{table, visible};
use crate::cli::{CommandError, Format, word};

/// Values that are printed for people
const SHOWN: usize = 5;

/// What to record
#[derive(Debug, Args)]
pub struct RecordAttributesArgs {
    #[command(flatten)]
    environment: NameArgs,
    /// An attribute of which no values are recorded: a name or a JSON pointer. May be repeated, and replaces the current list; values that
    /// were recorded are deleted
    #[arg(long = "private", value_name = "ATTRIBUTE", conflicts_with = "off")]
    private: Vec<String>,
    /// Record nothing any more, and delete what was recorded
    #[arg(long)]
    off: bool,
}

pub(super) fn list(options: &NamedListArgs) -> Result<String, CommandError> {
    let path = [ENVIRONMENTS, &options.name, "attributes"];
    let items = options.list.api.open(TASK)?.items(&path, &[])?;
    if options.list.format == Format::Json {
        return crate::cli::json(&items);
    }
    let row = |item: &Value| {
        let list = |name: &str| {
            item.get(name)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
        };
        let types: Vec<&str> = list("types").filter_map(Value::as_str).collect();
        let is_private = item.get("private") == Some(&Value::Bool(true));
        let mut values: Vec<String> = list("values").take(SHOWN).map(Value::to_string).collect();
        if list("values").count() > SHOWN {
            values.push("…".to_owned());
        }
        vec![
            // Anybody with a public key can send any attribute.
            visible(&word(item, "attribute")),
            types.join(", "),
            if is_private {
                "private".to_owned()
            } else {
                visible(&values.join(", "))
            },
            word(item, "lastSeenAt"),
        ]
    };
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    Ok(table(&["attribute", "types", "values", "last seen"], &rows))
}

pub(super) fn record(options: &RecordAttributesArgs) -> Result<String, CommandError> {
    let NameArgs { name, change } = &options.environment;
    let path = [ENVIRONMENTS, name, "settings"];
    let mut body = json!({"recordAttributes": !options.off});
    if let (Some(body), false) = (body.as_object_mut(), options.private.is_empty()) {
        body.insert("privateAttributes".to_owned(), json!(options.private));
    }
    let query = change.query();
    let request = ApiRequest::write(Method::PUT, &path, &query, &body);
    change.api.open(TASK)?.json(request)?;
    Ok(if options.off {
        format!("attributes of contexts are not recorded in {name} any more\n")
    } else {
        format!("attributes of contexts are recorded in {name} now\n")
    })
}
