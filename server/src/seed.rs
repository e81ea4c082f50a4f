//! Seeding: makes the flags of a document where they do not exist yet, and never touches one that does

use std::sync::Arc;

use flagstaff_core::{Issue, SnapshotError, check_flag};
use serde_json::Value;

use crate::draft::Draft;
use crate::environment::{Author, Environment, Invalid, WriteError};
use crate::flag;
use crate::object::{ObjectId, ObjectKind};
use crate::published::Published;
use crate::view::Scope;

/// What seeding did
#[derive(Debug)]
pub struct SeedReport {
    /// Flags of the document that were left out, and why
    pub issues: Vec<Issue>,
    /// Flags made, over all environments
    pub made: usize,
}

/// Why nothing could be seeded
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// The document is refused whole
    #[error(transparent)]
    Document(#[from] SnapshotError),
    /// The environment did not take it
    #[error(transparent)]
    Write(#[from] WriteError<std::convert::Infallible>),
}

impl From<serde_json::Error> for SeedError {
    fn from(error: serde_json::Error) -> Self {
        Self::Document(error.into())
    }
}

/// Makes the flags of `document` in `environments`; broken ones are reported and left out
pub async fn seed(
    document: &str,
    environments: &[Arc<Environment>],
    author: Author,
) -> Result<SeedReport, SeedError> {
    // Refuses what is no document at all.
    flagstaff_core::Snapshot::from_json(document)?;
    let document: Value = serde_json::from_str(document)?;
    let mut report = SeedReport {
        issues: Vec::new(),
        made: 0,
    };
    let mut flags = Vec::new();
    for (key, flag) in document
        .get("flags")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let mut flag = flag.clone();
        flag::complete(&mut flag, || key.clone());
        match check_flag(key, &flag) {
            Ok(()) => flags.push((key.clone(), flag)),
            Err(issues) => report.issues.extend(issues),
        }
    }
    let flags = Arc::new(flags);
    for environment in environments {
        let flags = Arc::clone(&flags);
        let edit = move |current: &Published, draft: &mut Draft| {
            for (key, flag) in flags.iter().filter(|(key, _)| !exists(current, key)) {
                draft.put_flag(key, flag);
            }
            Ok(())
        };
        let written = environment
            .write(author.clone(), Invalid::Refuse, edit)
            .await?;
        report.made = report.made.saturating_add(
            written
                .after
                .flags()
                .len()
                .saturating_sub(written.before.flags().len()),
        );
    }
    Ok(report)
}

fn exists(current: &Published, key: &str) -> bool {
    current
        .state()
        .objects(Scope::All)
        .get(&ObjectId::new(ObjectKind::Flag, key))
        .is_some()
}
