//! `…/flags/{key}/history` and `…/rollback`: earlier states of a flag, and restoring one

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use flagstaff_analysis::impact::{Change, ChangeKind};
use flagstaff_core::{Timestamp, Value};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::guards::{EnvironmentAccess, WriteQuery};
use crate::engine::draft::OtherSalt;
use crate::flags::edit::{Edit, EditKind};
use crate::flags::routes::flags;
use crate::flags::state::FlagState;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::etag::{IfMatch, Precondition};
use crate::http::fields::Fields;
use crate::http::paging::{Page, PageQuery, cursor_of, page_size, read_cursor};
use crate::openapi::{Difference, Flag};
use crate::store::{AuditQuery, AuditRow, Difference as AuditedDifference};

#[derive(Serialize, ToSchema)]
#[schema(as = FlagChange)]
pub(crate) struct FlagRevision {
    /// The revision of the environment
    #[schema(required = true)]
    revision: Option<u64>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The author: the name of their token
    actor: String,
    /// `create`, `update` or `delete`
    action: String,
    /// The reason, if one was given
    #[schema(required = true)]
    reason: Option<String>,
    /// The differences; pointers are into the flag
    #[schema(value_type = Vec<Difference>)]
    changes: Vec<Change>,
    /// How many entries of lists changed; of very many only the first are in `changes`
    #[schema(value_type = Value, required = true)]
    entries: Option<Value>,
}

/// Lists the changes of a flag, newest first
///
/// Also for a flag that has been deleted.
#[utoipa::path(
    get, path = "/flags/{key}/history", tag = "history", operation_id = "listFlagHistory",
    params(PageQuery),
    responses((status = OK, description = "A page", body = Page<FlagRevision>), (status = SERVICE_UNAVAILABLE)),
)]
pub(crate) async fn list(
    scope: EnvironmentAccess,
    State(state): State<Arc<FlagState>>,
    QueryParams(query): QueryParams<PageQuery>,
) -> Result<Response, ApiError> {
    let limit = page_size(query.limit)?;
    // One more row than the page has shows whether there is a next page.
    let asked = u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(1);
    let query = AuditQuery {
        before: read_cursor(query.cursor.as_deref())?,
        limit: asked,
        ..of_flag(&scope)
    };
    let rows = state.access.engine.store().audit(query).await?;
    let page = Page::of_more(rows, limit, |row| cursor_of(&row.sequence), item);
    Ok(Json(page.transpose()?).into_response())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RollbackQuery {
    /// Also restore the salt that the flag had, which moves users to other variants
    #[serde(default)]
    rehash: bool,
    /// The reason, for the audit: at most 500 characters
    #[param(max_length = 500)]
    reason: Option<String>,
}

/// The state to restore
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(crate) struct Rollback {
    /// A revision of the environment
    revision: u64,
}

/// Restores a flag as it was at a revision of its environment, also if it has been deleted since
///
/// If its salt has changed since then, the old salt is restored only with `rehash`, since that moves users.
#[utoipa::path(
    post, path = "/flags/{key}/rollback", tag = "history", operation_id = "rollbackFlag",
    params(RollbackQuery, IfMatch),
    request_body(content = Rollback, example = json!({"revision": 1})),
    responses(
        (status = OK, description = "The flag as it is now", body = Flag, headers(("ETag" = String))),
        (status = CREATED, description = "It had been deleted, and is there again", body = Flag, headers(("ETag" = String))),
        (status = CONFLICT), (status = PRECONDITION_FAILED),
    ),
)]
pub(crate) async fn rollback(
    scope: EnvironmentAccess,
    State(state): State<Arc<FlagState>>,
    QueryParams(query): QueryParams<RollbackQuery>,
    headers: HeaderMap,
    Body(body): Body<serde_json::Value>,
) -> Result<Response, ApiError> {
    let mut fields = Fields::of(body)?;
    let revision = fields.required(
        "revision",
        "a revision of the environment",
        serde_json::Value::as_u64,
    );
    let revision = fields.finish(revision)?;
    let environment = scope.environment.row().id;
    // No environment can be at a higher revision.
    let revision = revision.min(i64::MAX.unsigned_abs());
    let was = state
        .access
        .engine
        .store()
        .flag_at_revision(environment, &scope.key, revision)
        .await?;
    let Some(was) = was else {
        let message = format!("the flag did not exist at revision {revision}");
        return Err(ApiError::invalid("/revision", message));
    };
    let edit = Edit {
        precondition: Precondition::of(&headers),
        body: was,
        kind: EditKind::Restore,
    };
    let other_salt = OtherSalt::of_query(query.rehash);
    let query = WriteQuery::because(query.reason);
    flags::write(&scope, &state, query, edit, other_salt).await
}

fn of_flag(scope: &EnvironmentAccess) -> AuditQuery {
    AuditQuery {
        project_id: scope.environment.row().project_id,
        environment: Some(scope.name().to_owned()),
        flag: Some(scope.key.clone()),
        ..AuditQuery::default()
    }
}

fn item(row: AuditRow) -> Result<FlagRevision, ApiError> {
    let internal = |error| ApiError::Internal(Box::new(error));
    let changes = row.differences()?;
    let entries: Option<&str> = row.entries.as_deref();
    let entries = entries.map(serde_json::from_str).transpose();
    Ok(FlagRevision {
        revision: row.revision,
        at: row.at,
        actor: row.actor,
        action: row.action,
        reason: row.reason,
        changes: changes.into_iter().map(change).collect(),
        entries: entries.map_err(internal)?,
    })
}

/// A difference in the audit as a difference of a comparison
fn change(audited: AuditedDifference) -> Change {
    let AuditedDifference {
        pointer,
        before,
        after,
    } = audited;
    let kind = match (&before, &after) {
        (None, _) => ChangeKind::Added,
        (Some(_), None) => ChangeKind::Removed,
        (Some(_), Some(_)) => ChangeKind::Changed,
    };
    Change {
        pointer,
        kind,
        before,
        after,
    }
}
