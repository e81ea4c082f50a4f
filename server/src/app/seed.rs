//! Seeding: creates the objects of a document that do not exist yet, and never changes existing ones

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use flagstaff_analysis::check::check_document;
use flagstaff_core::{Issue, SnapshotError};
use serde_json::Value;

use crate::engine::draft::{Draft, OtherSalt};
use crate::engine::environment::{Author, Environment, InvalidFlagPolicy, WriteError, WriteResult};
use crate::engine::published::PublishedRevision;
use crate::engine::visibility::Visibility;
use crate::flags::flag;
use crate::object::{ObjectId, ObjectKind, json_schema};

/// The result of seeding
#[derive(Debug, Default)]
pub struct SeedReport {
    /// The issues of flags that were left out
    pub issues: Vec<Issue>,
    /// The number of flags created, in all environments
    pub made: usize,
}

/// Why nothing could be seeded
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// The text is not JSON
    #[error("the document cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// The document is refused as a whole
    #[error(transparent)]
    Document(#[from] SnapshotError),
    /// Writing failed
    #[error(transparent)]
    Write(#[from] WriteError<Infallible>),
}

/// Creates the flags of `document`, and its segments, groups and holdouts, in `environments`; broken flags are reported and left out
pub async fn seed(
    document: &str,
    environments: &[Arc<Environment>],
    author: Author,
) -> Result<SeedReport, SeedError> {
    let in_language = flag::with_language_weights(document);
    let document: Value = serde_json::from_str(in_language.as_deref().unwrap_or(document))?;
    let mut report = SeedReport::default();
    let mut left_out = BTreeSet::new();
    let mut issues = check_document(&document.to_string())?;
    issues.retain(|issue| !json_schema::is_member(&issue.pointer));
    report.leave_out(issues, &mut left_out);
    let objects = Arc::new(objects(&document));
    for environment in environments {
        let place = (environment, environments);
        let written = plant(place, &objects, &mut left_out, &author, &mut report).await?;
        let made = written
            .after
            .flags()
            .len()
            .saturating_sub(written.before.flags().len());
        report.made = report.made.saturating_add(made);
    }
    Ok(report)
}

impl SeedReport {
    /// Records issues and leaves out their flags; returns whether a flag was added to those left out
    fn leave_out(&mut self, issues: Vec<Issue>, left_out: &mut BTreeSet<Arc<str>>) -> bool {
        let before = left_out.len();
        left_out.extend(issues.iter().filter_map(|issue| issue.flag.clone()));
        self.issues.extend(issues);
        left_out.len() > before
    }
}

/// Seeds one environment; flags that would be broken there, or break others, are left out
async fn plant(
    (environment, project): (&Arc<Environment>, &[Arc<Environment>]),
    objects: &Arc<Vec<(ObjectId, Value)>>,
    left_out: &mut BTreeSet<Arc<str>>,
    author: &Author,
    report: &mut SeedReport,
) -> Result<WriteResult, WriteError<Infallible>> {
    loop {
        let (objects, skipped) = (Arc::clone(objects), left_out.clone());
        let project = project.to_vec();
        let edit = move |current: &PublishedRevision, draft: &mut Draft| {
            let existing = current.state().objects(Visibility::All);
            let is_wanted = |id: &ObjectId| {
                existing.get(id).is_none()
                    && !(id.kind == ObjectKind::Flag && skipped.contains(&id.key))
            };
            for (id, value) in objects.iter().filter(|(id, _)| is_wanted(id)) {
                draft.put_owner(id, value);
            }
            // Everything that is seeded is new, so no salt can differ from a stored one.
            drop(draft.settle_salts(&project, OtherSalt::Keep));
            Ok(())
        };
        match environment
            .write(author.clone(), InvalidFlagPolicy::Refuse, edit)
            .await
        {
            Err(WriteError::Invalid(issues)) => {
                // The broken flag is not one of the seed, so leaving flags out does not help.
                if !report.leave_out(issues.clone(), left_out) {
                    return Err(WriteError::Invalid(issues));
                }
            }
            other => return other,
        }
    }
}

/// The flags, segments, groups and holdouts of a document, with the server's defaults
fn objects(document: &Value) -> Vec<(ObjectId, Value)> {
    let kinds = [
        ObjectKind::Flag,
        ObjectKind::Segment,
        ObjectKind::Group,
        ObjectKind::Holdout,
    ];
    let members = |kind: ObjectKind| {
        document
            .get(kind.section())
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(move |member| (kind, member))
    };
    let object = |(kind, (key, value)): (ObjectKind, (&String, &Value))| {
        let mut value = value.clone();
        if kind == ObjectKind::Flag {
            flag::fill_server_fields(&mut value);
        }
        (ObjectId::new(kind, key.as_str()), value)
    };
    kinds.into_iter().flat_map(members).map(object).collect()
}
