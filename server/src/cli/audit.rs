//! `flagstaff audit`

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::api::{ApiArgs, ApiRequest};
use super::progress::Progress;
use super::table::table;
use super::{CommandError, CommandOutput, Format, word};
use crate::config::{Secret, SecretParser};
use crate::store::chain::{self, ChainError, ChainVerifier, Checkpoint, Fault};
use crate::store::{AuditQuery, SqlStore, Store, StoreError};

/// Rows that are read at once
const PAGE: u32 = 500;

/// What to do with the audit
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Check the chain of hashes of the audit
    ///
    /// Exits with 0 if the chain is intact, 1 if it is broken, 2 if it cannot be read.
    Verify(VerifyOptions),
    /// List rows, the newest first
    ///
    /// Exits with 0, or with 2 if the server refuses.
    List(AuditListArgs),
    /// Print rows as NDJSON, the oldest first, for `verify`
    ///
    /// Exits with 0, or with 2 if the server refuses.
    Export(AuditExportArgs),
}

/// What to verify
#[derive(Debug, Args)]
pub struct VerifyOptions {
    /// An export; `-` is stdin
    #[arg(value_name = "FILE", required_unless_present = "database")]
    file: Option<String>,

    /// The database itself, including the details of each row
    #[arg(
        long,
        value_parser = SecretParser::ADDRESS,
        value_name = "URL",
        conflicts_with = "file"
    )]
    database: Option<Secret>,

    /// Project, with `--database`
    #[arg(long, default_value = "default", value_name = "NAME")]
    project: String,

    /// A row that must be in the audit, as an earlier run printed it; may be repeated
    #[arg(long, value_name = "SEQUENCE:HASH")]
    expect: Vec<Checkpoint>,

    /// The export is filtered, or was made without the role admin: allow gaps
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
    until: Option<String>,
    /// About this context, as `organization:acme`
    #[arg(long, value_name = "KIND:KEY")]
    context: Option<String>,
}

/// Which rows to list
#[derive(Debug, Args)]
pub struct AuditListArgs {
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    filter: Filter,
    /// Maximum number of rows, 1 to 200
    #[arg(long, default_value_t = 50, value_name = "COUNT")]
    limit: u32,
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Which rows to export
#[derive(Debug, Args)]
pub struct AuditExportArgs {
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    filter: Filter,
}

pub(super) fn run(command: &AuditCommand) -> Result<CommandOutput, CommandError> {
    match command {
        AuditCommand::Verify(options) => verify(options),
        AuditCommand::List(options) => list(options),
        AuditCommand::Export(options) => {
            let query = options.filter.query();
            let request = ApiRequest::get(&["audit", "export"], &query);
            let text = options.api.open("audit")?.send(request)?;
            Ok(CommandOutput::success(text))
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
            ("until", &self.until),
            ("context", &self.context),
        ];
        let given = named.into_iter();
        given
            .filter_map(|(name, value)| Some((name, value.as_deref()?)))
            .collect()
    }
}

fn list(options: &AuditListArgs) -> Result<CommandOutput, CommandError> {
    let limit = options.limit.to_string();
    let mut query = options.filter.query();
    query.push(("limit", &limit));
    let page = options
        .api
        .open("audit")?
        .json(ApiRequest::get(&["audit"], &query))?;
    if options.format == Format::Json {
        return Ok(CommandOutput::success(super::json(&page)?));
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
        "pointers",
        "reason",
    ];
    Ok(CommandOutput::success(table(&head, &rows)))
}

/// A row of the audit for people; of the pointers the first ones
fn cells(item: &Value) -> Vec<String> {
    let changes = item.get("changes").and_then(Value::as_array);
    let pointers = changes
        .into_iter()
        .flatten()
        .map(|change| word(change, "pointer"));
    let pointers = pointers.filter(|pointer| !pointer.is_empty());
    let pointers: Vec<String> = pointers.take(3).collect();
    let sequence = item.get("sequence").map(ToString::to_string);
    vec![
        sequence.unwrap_or_default(),
        word(item, "at"),
        word(item, "actor"),
        word(item, "action"),
        format!("{} {}", word(item, "kind"), word(item, "key")),
        word(item, "environment"),
        pointers.join(" "),
        word(item, "reason"),
    ]
}

fn verify(options: &VerifyOptions) -> Result<CommandOutput, CommandError> {
    let found = match (&options.file, &options.database) {
        (Some(file), _) => super::runtime()?.block_on(verify_file(
            file,
            ChainVerifier::new(options.expect.clone(), options.partial),
        ))?,
        (None, Some(database)) => super::runtime()?.block_on(verify_database(
            database.reveal(),
            &options.project,
            options.expect.clone(),
        ))?,
        // The arguments say that there is one of the two.
        (None, None) => ChainVerifier::default().finish(),
    };
    Ok(CommandOutput {
        text: report(&found, options.format)?,
        is_success: found.is_ok(),
    })
}

/// How many rows there are and the last of them, or where the chain is broken
type Found = Result<(u64, Option<Checkpoint>), ChainError>;

async fn verify_file(name: &str, mut verifier: ChainVerifier) -> Result<Found, CommandError> {
    let text = super::read(name)?;
    let progress = Progress::of_rows("verify", count(text.lines().count()));
    let reading = async {
        for (line, text) in (1..).zip(text.lines()) {
            let row = serde_json::from_str(text).map_err(|cause| CommandError::Line {
                name: name.to_owned(),
                line,
                cause,
            })?;
            if let Err(broken) = verifier.read(row) {
                return Ok(Err(broken));
            }
            progress.advance(1);
            // Lets the bar be drawn.
            tokio::task::coop::consume_budget().await;
        }
        Ok(verifier.finish())
    };
    progress.during(reading).await
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

async fn verify_database(
    address: &str,
    project: &str,
    mut expected: Vec<Checkpoint>,
) -> Result<Found, CommandError> {
    let store = SqlStore::open_existing(address).await?;
    let project = super::project_id(&store, project).await?;
    let head = store.audit_head(project).await?;
    // The store remembers where its chain ends, so that a cut end shows without an anchor unless that was changed too.
    if head.sequence > 0 {
        expected.push(Checkpoint {
            sequence: head.sequence,
            hash: head.hash,
        });
    }
    let progress = Progress::of_rows("verify", head.sequence);
    let verifier = ChainVerifier::new(expected, false);
    let reading = read_database((&store, project), verifier, &progress);
    let found = progress.during(reading).await?;
    store.close().await;
    Ok(found)
}

async fn read_database(
    (store, project): (&SqlStore, i64),
    mut verifier: ChainVerifier,
    progress: &Progress,
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
                return Ok(Err(ChainError { sequence, fault }));
            }
            progress.advance(1);
        }
        match rows.last() {
            Some(last) => query.after = Some(last.sequence),
            None => return Ok(verifier.finish()),
        }
    }
}

fn report(found: &Found, format: Format) -> Result<String, CommandError> {
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
