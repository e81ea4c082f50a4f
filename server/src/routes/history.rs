//! `…/flags/{key}/history` and `…/rollback`: what a flag has been, and making it that again

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use flagstaff_core::Timestamp;
use flagstaff_core::impact::{Change, Comparison};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::etag::Precondition;
use crate::extract::{AdminScope, Body, Parameters, WriteQuery, page_size};
use crate::fields::Fields;
use crate::routes::flags::{self, Edit, EditKind};
use crate::state::AppState;
use crate::store::{AuditQuery, AuditRow};

#[derive(Deserialize)]
pub(super) struct ListQuery {
    limit: Option<u32>,
    cursor: Option<String>,
}

#[derive(Serialize)]
struct Page {
    items: Vec<Item>,
    next: Option<String>,
}

#[derive(Serialize)]
struct Item {
    revision: Option<u64>,
    at: Timestamp,
    actor: String,
    action: String,
    reason: Option<String>,
    changes: Vec<Change>,
}

/// `GET …/history?limit=&cursor=`: what changed the flag, the newest first; pointers are into the flag
pub(super) async fn list(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Response, ApiError> {
    let limit = page_size(query.limit)?;
    let wrong = |_| ApiError::invalid("?cursor", "expected the `next` of an earlier page");
    let before = query.cursor.as_deref().map(str::parse).transpose();
    // One more than the page tells whether there is a next one.
    let asked = u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(1);
    let query = AuditQuery {
        before: before.map_err(wrong)?,
        limit: asked,
        ..of_flag(&scope)
    };
    let mut rows = state.store().audit(query).await?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| has_more);
    let next = last.map(|row| row.sequence.to_string());
    let items = rows.into_iter().map(|row| item(row, &scope.key));
    let items = items.collect::<Result<_, _>>()?;
    Ok(Json(Page { items, next }).into_response())
}

/// `POST …/rollback`: `{"revision"}`: the flag as it was at a revision of its environment, also where it has been deleted since
pub(super) async fn rollback(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let mut fields = Fields::of(body)?;
    let revision = fields.required("revision", "a revision of the environment", Value::as_u64);
    let revision = fields.finish(revision)?;
    let asked = AuditQuery {
        revision: Some(revision.min(i64::MAX.unsigned_abs())),
        limit: 1,
        ..of_flag(&scope)
    };
    let rows = state.store().audit(asked).await?;
    let was = rows.into_iter().next().and_then(|row| row.after);
    let Some(was) = was else {
        let message = format!("the flag did not exist at revision {revision}");
        return Err(ApiError::invalid("/revision", message));
    };
    let edit = Edit {
        precondition: Precondition::of(&headers),
        body: parse(&was)?,
        kind: EditKind::Restore,
    };
    flags::write(&scope, &state, query, edit).await
}

fn of_flag(scope: &AdminScope) -> AuditQuery {
    AuditQuery {
        project_id: scope.environment.row().project_id,
        environment: Some(scope.name().to_owned()),
        flag: Some(scope.key.clone()),
        ..AuditQuery::default()
    }
}

fn item(row: AuditRow, key: &str) -> Result<Item, ApiError> {
    let old = document(row.before.as_deref(), key)?;
    let new = document(row.after.as_deref(), key)?;
    let comparison =
        Comparison::new(&old, &new).map_err(|error| ApiError::Internal(Box::new(error)))?;
    let root = format!("/flags/{key}");
    let changes = comparison.changes().iter().cloned().map(|mut change| {
        if let Some(inside) = change.pointer.strip_prefix(&root) {
            change.pointer = inside.to_owned();
        }
        change
    });
    Ok(Item {
        revision: row.revision,
        at: row.at,
        actor: row.actor,
        action: row.action,
        reason: row.reason,
        changes: changes.collect(),
    })
}

/// A document of one flag, or of none
fn document(flag: Option<&str>, key: &str) -> Result<String, ApiError> {
    let mut flags = Map::new();
    if let Some(flag) = flag {
        flags.insert(key.to_owned(), parse(flag)?);
    }
    Ok(json!({"schemaVersion": 1, "flags": flags}).to_string())
}

fn parse(text: &str) -> Result<Value, ApiError> {
    serde_json::from_str(text).map_err(|error| ApiError::Internal(Box::new(error)))
}
