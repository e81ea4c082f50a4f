//! `flagstaff audit`

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::remote::{Question, RemoteOptions};
use super::table::table;
use super::{Format, Report, ToolError};
use crate::chain::{self, Anchor, Broken, Fault, Verifier};
use crate::config::{Secret, SecretParser};
use crate::store::{AuditQuery, SqlStore, Store, StoreError};

/// Rows that are read at once
const PAGE: u32 = 500;

/// What to do with the audit
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Find out whether somebody has changed the audit
    ///
    /// Exits with 0 if the chain holds, 1 if it is broken, 2 if it cannot be read.
    Verify(VerifyOptions),
    /// Tell who changed what, the newest first
    ///
    /// Exits with 0, or with 2 if the server refuses.
    List(ListOptions),
    /// Print rows as NDJSON, the oldest first, as `verify` takes them
    ///
    /// Exits with 0, or with 2 if the server refuses.
    Export(ExportOptions),
}

/// What to verify
#[derive(Debug, Args)]
pub struct VerifyOptions {
    /// An export; `-` is stdin
    #[arg(value_name = "FILE", required_unless_present = "database")]
    file: Option<String>,

    /// The database itself, with what it keeps beside the rows
    #[arg(
        long,
        value_parser = SecretParser::ADDRESS,
        value_name = "URL",
        conflicts_with = "file"
    )]
    database: Option<Secret>,

    /// Project, with a database
    #[arg(long, default_value = "default", value_name = "NAME")]
    project: String,

    /// A row that is known to have been in the audit, as this command printed it; may be given several times
    #[arg(long, value_name = "SEQUENCE:HASH")]
    expect: Vec<Anchor>,

    /// The export was made with a filter, or without the role admin: rows that are not there are not missing
    #[arg(long, conflicts_with = "database")]
    partial: bool,

    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Which rows
#[derive(Debug, Args)]
struct Filter {
    /// Of this flag
    #[arg(long, value_name = "KEY")]
    flag: Option<String>,
    /// In this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// By this actor
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Of this action
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// At this instant or later
    #[arg(long, value_name = "INSTANT")]
    from: Option<String>,
    /// Before this instant
    #[arg(long, value_name = "INSTANT")]
    to: Option<String>,
    /// That concern this customer, as `organization:acme`
    #[arg(long, value_name = "KIND:KEY")]
    context: Option<String>,
}

/// Which rows to list
#[derive(Debug, Args)]
pub struct ListOptions {
    #[command(flatten)]
    remote: RemoteOptions,
    #[command(flatten)]
    filter: Filter,
    /// How many at most, 1 to 200
    #[arg(long, default_value_t = 50, value_name = "COUNT")]
    limit: u32,
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Which rows to export
#[derive(Debug, Args)]
pub struct ExportOptions {
    #[command(flatten)]
    remote: RemoteOptions,
    #[command(flatten)]
    filter: Filter,
}

pub(super) fn run(command: &AuditCommand) -> Result<Report, ToolError> {
    match command {
        AuditCommand::Verify(options) => verify(options),
        AuditCommand::List(options) => list(options),
        AuditCommand::Export(options) => {
            let query = options.filter.query();
            let question = Question::get(&["audit", "export"], &query);
            let text = options.remote.ask(question)?;
            Ok(Report {
                text,
                is_good: true,
            })
        }
    }
}

impl Filter {
    fn query(&self) -> Vec<(&str, &str)> {
        let named = [
            ("flag", &self.flag),
            ("environment", &self.environment),
            ("actor", &self.actor),
            ("action", &self.action),
            ("from", &self.from),
            ("to", &self.to),
            ("context", &self.context),
        ];
        let given = named.into_iter();
        given
            .filter_map(|(name, value)| Some((name, value.as_deref()?)))
            .collect()
    }
}

fn list(options: &ListOptions) -> Result<Report, ToolError> {
    let limit = options.limit.to_string();
    let mut query = options.filter.query();
    query.push(("limit", &limit));
    let text = options.remote.ask(Question::get(&["audit"], &query))?;
    let page: Value = serde_json::from_str(&text)?;
    if options.format == Format::Json {
        let text = super::json(&page)?;
        return Ok(Report {
            text,
            is_good: true,
        });
    }
    let items = page.get("items").and_then(Value::as_array);
    let rows: Vec<Vec<String>> = items.into_iter().flatten().map(cells).collect();
    let head = [
        "no",
        "at",
        "actor",
        "action",
        "what",
        "environment",
        "paths",
        "reason",
    ];
    let text = table(&head, &rows);
    Ok(Report {
        text,
        is_good: true,
    })
}

/// A row of the audit for people; of the paths the first ones
fn cells(item: &Value) -> Vec<String> {
    let word = |item: &Value, name: &str| {
        let word = item.get(name).and_then(Value::as_str);
        word.unwrap_or_default().to_owned()
    };
    let changes = item.get("changes").and_then(Value::as_array);
    let paths = changes
        .into_iter()
        .flatten()
        .map(|change| word(change, "path"));
    let paths: Vec<String> = paths.filter(|path| !path.is_empty()).take(3).collect();
    let sequence = item.get("sequence").map(ToString::to_string);
    vec![
        sequence.unwrap_or_default(),
        word(item, "at"),
        word(item, "actor"),
        word(item, "action"),
        format!("{} {}", word(item, "kind"), word(item, "key")),
        word(item, "environment"),
        paths.join(" "),
        word(item, "reason"),
    ]
}

fn verify(options: &VerifyOptions) -> Result<Report, ToolError> {
    let found = match (&options.file, &options.database) {
        (Some(file), _) => {
            verify_file(file, Verifier::new(options.expect.clone(), options.partial))?
        }
        (None, Some(database)) => super::runtime()?.block_on(verify_database(
            database.reveal(),
            &options.project,
            options.expect.clone(),
        ))?,
        // The arguments say that there is one of the two.
        (None, None) => Verifier::default().finish(),
    };
    Ok(Report {
        text: told(&found, options.format)?,
        is_good: found.is_ok(),
    })
}

/// How many rows there are and the last of them, or where the chain is broken
type Found = Result<(u64, Option<Anchor>), Broken>;

fn verify_file(name: &str, mut verifier: Verifier) -> Result<Found, ToolError> {
    for (line, text) in (1..).zip(super::read(name)?.lines()) {
        let name = || name.to_owned();
        let row = serde_json::from_str(text).map_err(|cause| ToolError::Line {
            name: name(),
            line,
            cause,
        })?;
        if let Err(broken) = verifier.read(row) {
            return Ok(Err(broken));
        }
    }
    Ok(verifier.finish())
}

async fn verify_database(
    address: &str,
    project: &str,
    mut expected: Vec<Anchor>,
) -> Result<Found, ToolError> {
    let store = SqlStore::open_existing(address).await?;
    let project = super::project_id(&store, project).await?;
    let head = store.audit_head(project).await?;
    // The store remembers where its chain ends, so that a cut end shows without an anchor unless that was changed too.
    if head.sequence > 0 {
        expected.push(Anchor {
            sequence: head.sequence,
            hash: head.hash,
        });
    }
    let verified = read_database(&store, project, Verifier::new(expected, false)).await?;
    store.close().await;
    Ok(verified)
}

async fn read_database(
    store: &SqlStore,
    project: i64,
    mut verifier: Verifier,
) -> Result<Found, StoreError> {
    let mut query = AuditQuery {
        project_id: project,
        after: Some(0),
        is_oldest_first: true,
        limit: PAGE,
        ..AuditQuery::default()
    };
    loop {
        let rows = store.audit(query.clone()).await?;
        for row in &rows {
            if let Err(broken) = verifier.read(chain::record(row)) {
                return Ok(Err(broken));
            }
            let details = store.audit_details(project, row.sequence).await?;
            if chain::digest(&details) != row.digest {
                let (sequence, fault) = (row.sequence, Fault::Details);
                return Ok(Err(Broken { sequence, fault }));
            }
        }
        match rows.last() {
            Some(last) => query.after = Some(last.sequence),
            None => return Ok(verifier.finish()),
        }
    }
}

fn told(found: &Found, format: Format) -> Result<String, ToolError> {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = match (found, format) {
        (Ok((rows, head)), Format::Json) => {
            let head = head.as_ref().map(ToString::to_string);
            return super::json(&json!({"rows": rows, "head": head, "broken": null}));
        }
        (Err(broken), Format::Json) => {
            let fault = json!({"sequence": broken.sequence, "message": broken.fault.to_string()});
            return super::json(&json!({"broken": fault}));
        }
        (Ok((rows, Some(head))), Format::Text) => {
            writeln!(
                text,
                "{rows} rows, and none was changed\nhead {head}\nkeep it elsewhere: --expect {head} tells whether it is still there"
            )
        }
        (Ok((_, None)), Format::Text) => writeln!(text, "no rows"),
        (Err(broken), Format::Text) => writeln!(text, "broken: {broken}"),
    };
    Ok(text)
}
