//! `flagstaff export` and `flagstaff import`

use clap::{Args, ValueEnum};
use reqwest::Method;
use serde_json::Value;

use super::api::{Api, ApiRequest, EnvironmentArgs, MergeMode};
use super::{CommandError, CommandOutput, Format, percent};
use crate::documents::notation::Notation;

mod download;
mod rehash;
mod vendor;
mod verify;

/// Which environment to print
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    place: EnvironmentArgs,

    /// How to write the document
    #[arg(long, value_enum, default_value_t = Notation::Json)]
    format: Notation,
}

/// What to take in, and where
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The document, as JSON or YAML (`.yaml`, `.yml`); `-` is stdin. With `--from`, a vendor's file or its URL
    #[arg(value_name = "FILE|URL")]
    file: String,

    #[command(flatten)]
    place: EnvironmentArgs,

    /// What happens to objects that are not in the document
    #[arg(long, value_enum, default_value_t = MergeMode::Merge)]
    mode: MergeMode,

    /// Accept salts that differ from the stored ones, which moves users to other variants. With `--from`, `--rehash plan` only reports what
    /// would change if the vendor's hashes became our own
    #[arg(long, value_enum, value_name = "plan", num_args = 0..=1, default_missing_value = "salts", hide_possible_values = true)]
    rehash: Option<Rehash>,

    /// Only report what would change, and for which share of users
    #[arg(long)]
    dry_run: bool,

    /// The reason, for the audit
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// How to print what changed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    #[command(flatten, next_help_heading = "Flags of other vendors")]
    vendor: vendor::VendorArgs,
}

/// What to do about hashes that are others than before
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Rehash {
    /// Accept other salts, which is `--rehash` alone
    Salts,
    /// Only report what another hash would change
    Plan,
}

pub(super) fn export(options: &ExportArgs) -> Result<CommandOutput, CommandError> {
    let path = ["environments", &options.place.environment, "document"];
    let request = ApiRequest {
        accept: options.format.media_type(),
        ..ApiRequest::get(&path, &[])
    };
    let mut text = options.place.api.open("export")?.send(request)?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(CommandOutput::success(text))
}

pub(super) fn import(options: &ImportArgs) -> Result<CommandOutput, CommandError> {
    if let Some(vendor) = options.vendor.from {
        return vendor::import(options, vendor);
    }
    if options.rehash == Some(Rehash::Plan) {
        return Err(CommandError::Argument {
            option: "--rehash plan",
            expected: "`--from VENDOR`: only another vendor's hashes are planned for".to_owned(),
        });
    }
    let document = super::read(&options.file)?;
    let media = Notation::of_file(&options.file).media_type();
    let api = options.place.api.open("import")?;
    let write = Write {
        is_dry_run: options.dry_run,
        if_match: None,
    };
    let (response, _) = put(options, &api, (media, document), write)?;
    Ok(CommandOutput::success(match options.format {
        Format::Json => super::json(&response)?,
        Format::Text => report(&response),
    }))
}

/// How to write
struct Write {
    is_dry_run: bool,
    /// The tag that the environment must still have
    if_match: Option<String>,
}

/// Sends a document, of a media type, to the environment; returns the answer, and the tag of what a dry run compared with
fn put(
    options: &ImportArgs,
    api: &Api,
    body: (&'static str, String),
    write: Write,
) -> Result<(Value, Option<String>), CommandError> {
    let path = ["environments", &options.place.environment, "document"];
    let mut query = vec![("mode", options.mode.name())];
    if write.is_dry_run {
        query.push(("dryRun", "true"));
    }
    if options.rehash.is_some() {
        query.push(("rehash", "true"));
    }
    if let Some(reason) = &options.reason {
        query.push(("reason", reason));
    }
    api.tagged(ApiRequest {
        method: Method::PUT,
        body: Some(body),
        if_match: write.if_match,
        ..ApiRequest::get(&path, &query)
    })
}

/// A line for each thing that would change, or the revision that the environment is at
pub(super) fn report(answer: &Value) -> String {
    let revision = answer.get("revision").cloned().unwrap_or_default();
    let Some(changes) = answer.get("changes").and_then(Value::as_array) else {
        return format!("the environment is at revision {revision}\n");
    };
    let word = |change: &Value, name: &str| {
        change
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let lines = changes.iter().map(|change| {
        let value = |name: &str| change.get(name).map(ToString::to_string);
        let values: Vec<String> = [value("before"), value("after")]
            .into_iter()
            .flatten()
            .collect();
        format!(
            "{:8} {}  {}\n",
            word(change, "kind"),
            word(change, "pointer"),
            values.join(" -> ")
        )
    });
    let moves = answer.get("moves").and_then(Value::as_array);
    let lines: String = lines
        .chain(moves.into_iter().flatten().map(moved))
        .collect();
    if lines.is_empty() {
        "nothing would change\n".to_owned()
    } else {
        lines
    }
}

/// A line for each serve of a flag by which users would get another variant
fn moved(flag: &Value) -> String {
    let splits = flag.get("splits").and_then(Value::as_array);
    let line = |split: &Value| {
        let place = ["after", "before"]
            .into_iter()
            .find_map(|name| split.get(name).and_then(Value::as_str));
        let share = split.get("moved").and_then(Value::as_f64);
        format!(
            "moved    {}  {} of users get another variant\n",
            place.unwrap_or_default(),
            percent(share.unwrap_or_default())
        )
    };
    splits.into_iter().flatten().map(line).collect()
}
