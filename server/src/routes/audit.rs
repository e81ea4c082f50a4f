//! `GET /api/v1/projects/{project}/audit`: who changed what, when, from what to what, and why; the newest first

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::api_error::ApiError;
use crate::extract::{Parameters, ProjectScope, page_size};
use crate::state::AppState;
use crate::store::{AuditQuery, AuditRow};

#[derive(Deserialize)]
pub(super) struct ListQuery {
    flag: Option<String>,
    environment: Option<String>,
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
    sequence: u64,
    at: Timestamp,
    actor: String,
    action: String,
    environment: Option<String>,
    revision: Option<u64>,
    kind: String,
    key: String,
    before: Option<Box<RawValue>>,
    after: Option<Box<RawValue>>,
    reason: Option<String>,
}

/// `GET …/audit?flag=&environment=&limit=&cursor=`
pub(super) async fn list(
    scope: ProjectScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Response, ApiError> {
    let limit = page_size(query.limit)?;
    let before = query
        .cursor
        .as_deref()
        .map(|cursor| cursor.parse().map_err(|_| wrong_cursor()))
        .transpose()?;
    // One more than the page tells whether there is a next one.
    let asked = u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(1);
    let query = AuditQuery {
        project_id: scope.id,
        environment: query.environment,
        flag: query.flag,
        revision: None,
        before,
        limit: asked,
    };
    let mut rows = state.store().audit(query).await?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows
        .last()
        .filter(|_| has_more)
        .map(|row| row.sequence.to_string());
    Ok(Json(Page {
        items: rows.into_iter().map(item).collect(),
        next,
    })
    .into_response())
}

fn item(row: AuditRow) -> Item {
    let raw = |text: Option<String>| text.and_then(|text| RawValue::from_string(text).ok());
    Item {
        sequence: row.sequence,
        at: row.at,
        actor: row.actor,
        action: row.action,
        environment: row.environment,
        revision: row.revision,
        kind: row.kind,
        key: row.name,
        before: raw(row.before),
        after: raw(row.after),
        reason: row.reason,
    }
}

fn wrong_cursor() -> ApiError {
    ApiError::invalid("?cursor", "expected the `next` of an earlier page")
}
