//! `…/flags/{key}/history` and `…/rollback`: what a flag has been, and making it that again

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use flagstaff_core::impact::{Change, ChangeKind, differences};
use flagstaff_core::{Timestamp, Value};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api_error::ApiError;
use crate::draft::OtherSalt;
use crate::etag::{IfMatch, Precondition};
use crate::extract::{AdminScope, Body, Parameters, WriteQuery, page_size};
use crate::fields::Fields;
use crate::list::{Page, PageQuery};
use crate::openapi::{Difference, Flag};
use crate::routes::flags::{self, Edit, EditKind};
use crate::state::AppState;
use crate::store::{AuditQuery, AuditRow};

#[derive(Serialize, ToSchema)]
#[schema(as = FlagChange)]
pub(super) struct Item {
    /// The revision of the environment that made it
    #[schema(required = true)]
    revision: Option<u64>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who, by the name of their token
    actor: String,
    /// `create`, `update` or `delete`
    action: String,
    /// Why, if they said so
    #[schema(required = true)]
    reason: Option<String>,
    /// What changed; pointers are into the flag
    #[schema(value_type = Vec<Difference>)]
    changes: Vec<Change>,
    /// How many entries of lists changed: a change of very many tells the first ones
    #[schema(value_type = Value, required = true)]
    entries: Option<Value>,
}

/// Lists what changed a flag, the newest first
///
/// A flag that has been deleted has a history too.
#[utoipa::path(
    get, path = "/flags/{key}/history", tag = "history", operation_id = "listFlagHistory",
    params(PageQuery),
    responses((status = OK, description = "A page", body = Page<Item>), (status = SERVICE_UNAVAILABLE)),
)]
pub(super) async fn list(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<PageQuery>,
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
    let items = rows
        .into_iter()
        .map(item)
        .collect::<Result<Vec<Item>, _>>()?;
    Ok(Json(Page {
        items,
        total: None,
        next,
    })
    .into_response())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RollbackQuery {
    /// Restore also the salt that the flag had, which moves users to other variants
    #[serde(default)]
    rehash: bool,
    /// Why, for the audit: at most 500 characters
    #[param(max_length = 500)]
    reason: Option<String>,
}

/// What a flag is to be again
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(super) struct Rollback {
    /// A revision of the environment
    revision: u64,
}

/// Makes a flag what it was at a revision of its environment, also where it has been deleted since
///
/// If it has got another salt since then, the salt it had is restored only with `rehash`, since that moves users.
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
pub(super) async fn rollback(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<RollbackQuery>,
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
    // No environment has ever been at a higher one.
    let revision = revision.min(i64::MAX.unsigned_abs());
    let was = state
        .store()
        .flag_then(environment, &scope.key, revision)
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

fn of_flag(scope: &AdminScope) -> AuditQuery {
    AuditQuery {
        project_id: scope.environment.row().project_id,
        environment: Some(scope.name().to_owned()),
        flag: Some(scope.key.clone()),
        ..AuditQuery::default()
    }
}

fn item(row: AuditRow) -> Result<Item, ApiError> {
    let internal = |error| ApiError::Internal(Box::new(error));
    let changes: Vec<Told> = serde_json::from_str(&row.changes).map_err(internal)?;
    let entries: Option<&str> = row.entries.as_deref();
    let entries = entries.map(serde_json::from_str).transpose();
    Ok(Item {
        revision: row.revision,
        at: row.at,
        actor: row.actor,
        action: row.action,
        reason: row.reason,
        changes: changes.into_iter().flat_map(Told::changes).collect(),
        entries: entries.map_err(internal)?,
    })
}

/// A change as the audit has it
#[derive(Deserialize)]
struct Told {
    path: String,
    #[serde(default, deserialize_with = "present")]
    before: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    after: Option<Value>,
}

/// A member that is `null` is there, other than one that is missing
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Told {
    /// As a comparison tells it
    fn changes(self) -> Vec<Change> {
        let (old, new) = (self.before, self.after);
        let kind = match (&old, &new) {
            // A row of an earlier release tells the whole flag.
            (Some(old), Some(new)) if self.path.is_empty() => return differences(old, new),
            (None, _) => ChangeKind::Added,
            (Some(_), None) => ChangeKind::Removed,
            (Some(_), Some(_)) => ChangeKind::Changed,
        };
        vec![Change {
            pointer: self.path,
            kind,
            old,
            new,
        }]
    }
}
