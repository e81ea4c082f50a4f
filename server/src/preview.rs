//! What a write would change, told without making it

use std::sync::Arc;

use flagstaff_core::impact::{Change, Comparison, Split};
use flagstaff_core::{Snapshot, Timestamp, object};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api_error::ApiError;
use crate::draft::Draft;
use crate::environment::Invalid;
use crate::object::{Objects, wire_object};
use crate::offload::offload;
use crate::openapi::ServeMoves;
use crate::published::Published;
use crate::view::Scope;

/// What a dry run found
#[derive(Debug)]
pub(crate) struct Preview {
    /// How the environment would differ
    pub(crate) changes: Vec<Change>,
    /// Who would get another variant
    pub(crate) moves: Vec<FlagMoves>,
}

/// The serves of a flag by which units would get another variant
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FlagMoves {
    #[schema(value_type = String)]
    flag: Arc<str>,
    /// Each serve, with the share of its units that would move
    #[schema(value_type = Vec<ServeMoves>)]
    splits: Vec<Split>,
}

/// How an environment would differ after `edit`, and which units would move at `now`; refused as the write would be
pub(crate) async fn preview(
    current: Arc<Published>,
    edit: impl Fn(&Published, &mut Draft) -> Result<(), ApiError> + Send + 'static,
    invalid: Invalid,
    now: Timestamp,
) -> Result<Preview, ApiError> {
    offload(move || preview_of(&current, edit, invalid, now)).await?
}

fn preview_of(
    current: &Published,
    edit: impl Fn(&Published, &mut Draft) -> Result<(), ApiError>,
    invalid: Invalid,
    now: Timestamp,
) -> Result<Preview, ApiError> {
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
    let comparison = compare(&document(objects), &after)?;
    let flags = comparison.flags(now).into_iter();
    let moving = flags.filter(|flag| !flag.splits.is_empty());
    Ok(Preview {
        changes: comparison.changes().to_vec(),
        moves: moving
            .map(|impact| FlagMoves {
                flag: impact.flag,
                splits: impact.splits,
            })
            .collect(),
    })
}

/// How two states of an environment, or two environments, differ
pub(crate) async fn changes(
    old: Arc<Published>,
    new: Arc<Published>,
) -> Result<Vec<Change>, ApiError> {
    let text = |published: &Published| document(published.state().objects(Scope::All));
    offload(move || Ok(compare(&text(&old), &text(&new))?.changes().to_vec())).await?
}

fn compare(old: &str, new: &str) -> Result<Comparison, ApiError> {
    Comparison::new(old, new).map_err(|error| ApiError::Internal(Box::new(error)))
}

fn document(objects: &Objects) -> String {
    let objects = objects.iter().map(|(id, object)| wire_object(id, object));
    object::join("", 0, objects).to_string()
}
