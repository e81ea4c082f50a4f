//! Seeding: makes the objects of a document where they do not exist yet, and never touches one that does

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use flagstaff_core::{Issue, SnapshotError, check_document};
use serde_json::Value;

use crate::draft::{Draft, OtherSalt};
use crate::environment::{Author, Environment, Invalid, WriteError, Written};
use crate::flag;
use crate::object::{ObjectId, ObjectKind};
use crate::published::Published;
use crate::view::Scope;

/// What seeding did
#[derive(Debug, Default)]
pub struct SeedReport {
    /// What is wrong with the flags of the document that were left out
    pub issues: Vec<Issue>,
    /// Flags made, over all environments
    pub made: usize,
}

/// Why nothing could be seeded
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// The text is no JSON
    #[error("the document cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// The document is refused whole
    #[error(transparent)]
    Document(#[from] SnapshotError),
    /// The environment did not take it
    #[error(transparent)]
    Write(#[from] WriteError<Infallible>),
}

/// Makes the flags of `document`, and the segments, groups and holdouts that it has, in `environments`; broken flags are reported
/// and left out
pub async fn seed(
    document: &str,
    environments: &[Arc<Environment>],
    author: Author,
) -> Result<SeedReport, SeedError> {
    let document: Value = serde_json::from_str(document)?;
    let mut report = SeedReport::default();
    let mut left_out = BTreeSet::new();
    report.leave_out(check_document(&document.to_string())?, &mut left_out);
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
    /// Notes issues and the flags that have them; whether there was a flag that had not been left out before
    fn leave_out(&mut self, issues: Vec<Issue>, left_out: &mut BTreeSet<Arc<str>>) -> bool {
        let before = left_out.len();
        left_out.extend(issues.iter().filter_map(|issue| issue.flag.clone()));
        self.issues.extend(issues);
        left_out.len() > before
    }
}

/// Plants in one environment; flags that would be broken there, or break others, join those left out
async fn plant(
    (environment, project): (&Arc<Environment>, &[Arc<Environment>]),
    objects: &Arc<Vec<(ObjectId, Value)>>,
    left_out: &mut BTreeSet<Arc<str>>,
    author: &Author,
    report: &mut SeedReport,
) -> Result<Written, WriteError<Infallible>> {
    loop {
        let (objects, skipped) = (Arc::clone(objects), left_out.clone());
        let project = project.to_vec();
        let edit = move |current: &Published, draft: &mut Draft| {
            let existing = current.state().objects(Scope::All);
            let is_wanted = |id: &ObjectId| {
                existing.get(id).is_none()
                    && !(id.kind == ObjectKind::Flag && skipped.contains(&id.key))
            };
            for (id, value) in objects.iter().filter(|(id, _)| is_wanted(id)) {
                draft.put_owner(id, value);
            }
            // What is seeded is new, so there is no salt that it could differ from.
            drop(draft.settle_salts(&project, OtherSalt::Keep));
            Ok(())
        };
        match environment
            .write(author.clone(), Invalid::Refuse, edit)
            .await
        {
            Err(WriteError::Invalid(issues)) => {
                // What is broken is no flag of the seed, so leaving flags out does not mend it.
                if !report.leave_out(issues.clone(), left_out) {
                    return Err(WriteError::Invalid(issues));
                }
            }
            other => return other,
        }
    }
}

/// The objects of a document that own themselves, flags completed
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
            flag::complete(&mut value);
        }
        (ObjectId::new(kind, key.as_str()), value)
    };
    kinds.into_iter().flat_map(members).map(object).collect()
}
