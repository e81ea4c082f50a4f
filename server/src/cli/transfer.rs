//! `flagstaff export` and `flagstaff import`

use clap::{Args, ValueEnum};
use reqwest::Method;
use serde_json::Value;

use super::remote::{Question, RemoteOptions};
use super::{Format, Report, ToolError, percent};
use crate::notation::Notation;

/// Which environment to print
#[derive(Debug, Args)]
pub struct ExportOptions {
    #[command(flatten)]
    remote: RemoteOptions,

    /// Environment
    #[arg(
        long,
        env = "FLAGSTAFF_ENVIRONMENT",
        default_value = "production",
        value_name = "NAME"
    )]
    environment: String,

    /// How to write the document
    #[arg(long, value_enum, default_value_t = Notation::Json)]
    format: Notation,
}

/// What to take in, and where
#[derive(Debug, Args)]
pub struct ImportOptions {
    /// The document, YAML where its name says so; `-` is stdin
    #[arg(value_name = "FILE")]
    file: String,

    #[command(flatten)]
    remote: RemoteOptions,

    /// Environment
    #[arg(
        long,
        env = "FLAGSTAFF_ENVIRONMENT",
        default_value = "production",
        value_name = "NAME"
    )]
    environment: String,

    /// What becomes of what the document does not have
    #[arg(long, value_enum, default_value_t = Mode::Merge)]
    mode: Mode,

    /// Take also salts that differ from the stored ones, which moves users to other variants
    #[arg(long)]
    rehash: bool,

    /// Only tell what would change, and for which share of users
    #[arg(long)]
    dry_run: bool,

    /// Why, for the audit
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// How to print what changed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// It stays
    Merge,
    /// It goes
    Replace,
}

pub(super) fn export(options: &ExportOptions) -> Result<Report, ToolError> {
    let path = ["environments", &options.environment, "document"];
    let question = Question {
        accept: options.format.media_type(),
        ..Question::get(&path, &[])
    };
    let mut text = options.remote.ask(question)?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(Report {
        text,
        is_good: true,
    })
}

pub(super) fn import(options: &ImportOptions) -> Result<Report, ToolError> {
    let document = super::read(&options.file)?;
    let media = Notation::of_file(&options.file).media_type();
    let path = ["environments", &options.environment, "document"];
    let mode = match options.mode {
        Mode::Merge => "merge",
        Mode::Replace => "replace",
    };
    let put = |is_dry_run: bool| {
        let mut query = vec![("mode", mode)];
        if is_dry_run {
            query.push(("dryRun", "true"));
        }
        if options.rehash {
            query.push(("rehash", "true"));
        }
        if let Some(reason) = &options.reason {
            query.push(("reason", reason));
        }
        let answer = options.remote.ask(Question {
            method: Method::PUT,
            body: Some((media, document.clone())),
            ..Question::get(&path, &query)
        })?;
        Ok::<Value, ToolError>(serde_json::from_str(&answer)?)
    };
    let answer = put(options.dry_run)?;
    let text = match options.format {
        Format::Json => super::json(&answer)?,
        Format::Text => told(&answer),
    };
    Ok(Report {
        text,
        is_good: true,
    })
}

/// A line for each thing that would change, or the revision that the environment is at
fn told(answer: &Value) -> String {
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
        let values: Vec<String> = [value("old"), value("new")].into_iter().flatten().collect();
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
        let place = ["new", "old"]
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
