//! `…/environments/{environment}/revisions`: who changed what in the whole environment, revision by revision

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use flagstaff_core::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::guards::EnvironmentAccess;
use crate::access::state::AccessState;
use crate::http::api_error::ApiError;
use crate::http::body::QueryParams;
use crate::http::paging::{Page, PageQuery, cursor_of, page_size, read_cursor};
use crate::store::RevisionRow;

/// A revision of an environment
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Revision)]
pub(crate) struct EnvironmentRevision {
    revision: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The author: the name of their token
    actor: String,
    /// The reason, if one was given
    #[schema(required = true)]
    reason: Option<String>,
    /// The number of flags, segments, groups and holdouts that changed
    object_count: u64,
    /// The first 10 of them
    objects: Vec<ChangedObject>,
}

/// What a revision changed
#[derive(Serialize, ToSchema)]
struct ChangedObject {
    /// `flag`, `segment`, `group` or `holdout`
    kind: String,
    key: String,
    /// `create`, `update` or `delete`
    action: String,
}

/// Lists the revisions of an environment, newest first
///
/// Those whose rows in the audit were deleted are left out. `GET …/document` has the state at each.
#[utoipa::path(
    get, path = "/revisions", tag = "history", operation_id = "listRevisions",
    params(PageQuery),
    responses((status = OK, description = "A page", body = Page<EnvironmentRevision>), (status = SERVICE_UNAVAILABLE)),
)]
pub(crate) async fn list(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<PageQuery>,
) -> Result<Json<Page<EnvironmentRevision>>, ApiError> {
    let limit = page_size(query.limit)?;
    // One more row than the page has shows whether there is a next page.
    let asked = u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(1);
    let before: u64 = read_cursor(query.cursor.as_deref())?.unwrap_or(u64::MAX);
    // No environment can be at a higher revision.
    let before = before.min(i64::MAX.unsigned_abs());
    let environment = scope.environment.row().id;
    let store = state.engine.store();
    let rows = store.revisions(environment, before, asked).await?;
    let cursor = |row: &RevisionRow| cursor_of(&row.revision);
    Ok(Json(Page::of_more(rows, limit, cursor, item)))
}

fn item(row: RevisionRow) -> EnvironmentRevision {
    let objects = row.objects.into_iter();
    EnvironmentRevision {
        revision: row.revision,
        at: row.at,
        actor: row.actor,
        reason: row.reason,
        object_count: row.object_count,
        objects: objects
            .map(|(kind, key, action)| ChangedObject { kind, key, action })
            .collect(),
    }
}
