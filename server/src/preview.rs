//! What a write would change, told without making it

use std::sync::Arc;

use flagstaff_core::impact::{Change, Comparison};
use flagstaff_core::{Snapshot, object};

use crate::api_error::ApiError;
use crate::draft::Draft;
use crate::environment::Invalid;
use crate::object::{Objects, wire_object};
use crate::offload::offload;
use crate::published::Published;
use crate::view::Scope;

/// How an environment would differ after `edit`; refused as the write would be
pub(crate) async fn preview(
    current: Arc<Published>,
    edit: impl Fn(&Published, &mut Draft) -> Result<(), ApiError> + Send + 'static,
    invalid: Invalid,
) -> Result<Vec<Change>, ApiError> {
    offload(move || changes_of(&current, edit, invalid)).await?
}

fn changes_of(
    current: &Published,
    edit: impl Fn(&Published, &mut Draft) -> Result<(), ApiError>,
    invalid: Invalid,
) -> Result<Vec<Change>, ApiError> {
    let objects = current.state().objects(Scope::All);
    let mut draft = Draft::new(current.revision(), objects);
    edit(current, &mut draft)?;
    let after = document(draft.objects());
    let internal = |error| ApiError::Internal(Box::new(error));
    let snapshot = Snapshot::from_json(&after).map_err(internal)?;
    let known = current.snapshot().issues();
    let issues = snapshot.issues().iter();
    let broken: Vec<_> = issues
        .filter(|issue| !known.contains(issue))
        .cloned()
        .collect();
    if !broken.is_empty() && invalid == Invalid::Refuse {
        return Err(ApiError::issues(&broken, ""));
    }
    differences(&document(objects), &after)
}

/// How two states of an environment, or two environments, differ
pub(crate) async fn changes(
    old: Arc<Published>,
    new: Arc<Published>,
) -> Result<Vec<Change>, ApiError> {
    let text = |published: &Published| document(published.state().objects(Scope::All));
    offload(move || differences(&text(&old), &text(&new))).await?
}

fn differences(old: &str, new: &str) -> Result<Vec<Change>, ApiError> {
    Comparison::new(old, new)
        .map(|comparison| comparison.changes().to_vec())
        .map_err(|error| ApiError::Internal(Box::new(error)))
}

fn document(objects: &Objects) -> String {
    let objects = objects.iter().map(|(id, object)| wire_object(id, object));
    object::join("", 0, objects).to_string()
}
