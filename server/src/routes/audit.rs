//! `GET /api/v1/projects/{project}/audit`: who changed what, when, from what to what, and why

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use flagstaff_core::{Timestamp, excerpt};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api_error::{ApiError, FieldError, chain};
use crate::auth::KeyKind;
use crate::chain::Record;
use crate::extract::{Parameters, ProjectScope, page_size};
use crate::list::Page;
use crate::openapi::AuditRecord;
use crate::state::AppState;
use crate::store::{ACCESS_KINDS, Action, AuditQuery, AuditRow, StoreError};

/// Rows of an export that are read at once
const EXPORT_PAGE: u32 = 500;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    #[serde(flatten)]
    #[param(ignore)]
    filter: Filter,
    /// Items of a page
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Option<String>,
    /// The `next` of the page before
    cursor: Option<String>,
}

/// Which rows are meant; those that are named nowhere, by nobody, are all
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Of the flag of this key only
    flag: Option<String>,
    /// Of the environment of this name only
    environment: Option<String>,
    /// By who is called so only
    actor: Option<String>,
    /// `create`, `update` or `delete`
    #[param(pattern = "^(create|update|delete)$")]
    action: Option<String>,
    /// Of this kind of thing only; `key`, `token` and `member` only for admins
    kind: Option<String>,
    /// From this instant on
    #[param(format = DateTime)]
    from: Option<String>,
    /// Before this instant
    #[param(format = DateTime)]
    to: Option<String>,
    /// What concerns this context, as `organization:acme`
    context: Option<String>,
}

/// The last row of an audit
#[derive(Serialize, ToSchema)]
#[schema(as = AuditHead)]
pub(super) struct Head {
    sequence: u64,
    hash: String,
}

/// Lists what was changed, the newest first
///
/// What was changed of keys, tokens and members only admins are told.
#[utoipa::path(
    get, path = "/audit", tag = "audit", operation_id = "listAudit",
    params(Filter, ListQuery),
    responses((status = OK, description = "A page", body = Page<AuditRecord>), (status = SERVICE_UNAVAILABLE)),
)]
pub(super) async fn list(
    scope: ProjectScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Response, ApiError> {
    let limit = query.limit.map(|limit| limit.parse()).transpose();
    let limit = page_size(limit.map_err(|_| ApiError::invalid("?limit", "expected 1 to 200"))?)?;
    let cursor = query.cursor.as_deref().map(str::parse).transpose();
    let before = cursor.map_err(|_| wrong_cursor())?;
    // One more than the page tells whether there is a next one.
    let asked = u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(1);
    let query = AuditQuery {
        before,
        limit: asked,
        ..query.filter.read(&scope)?
    };
    let mut rows = state.store().audit(query).await?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| has_more);
    let next = last.map(|row| row.sequence.to_string());
    let items: Vec<Record<'_>> = rows.iter().map(Record::of).collect();
    Ok(Json(Page {
        items,
        total: None,
        next,
    })
    .into_response())
}

/// Exports all rows that match, the oldest first, one JSON object a line
///
/// It is read while it is sent, and ends with the row that is the last one when it begins. Only an admin's has the rows about keys,
/// tokens and members: another one is verified as a part (`flagstaff audit verify --partial`).
#[utoipa::path(
    get, path = "/audit/export", tag = "audit", operation_id = "exportAudit",
    params(Filter),
    responses((status = OK, description = "Newline-delimited JSON", body = String, content_type = "application/x-ndjson"), (status = SERVICE_UNAVAILABLE)),
)]
pub(super) async fn export(
    scope: ProjectScope,
    State(state): State<AppState>,
    Parameters(filter): Parameters<Filter>,
) -> Result<Response, ApiError> {
    let head = state.store().audit_head(scope.id).await?;
    let first = AuditQuery {
        before: Some(head.sequence.saturating_add(1)),
        after: Some(0),
        is_oldest_first: true,
        limit: EXPORT_PAGE,
        ..filter.read(&scope)?
    };
    let bill = scope.grant.bill().clone();
    let pages = stream::try_unfold(Some(first), move |query| {
        let (state, bill) = (state.clone(), bill.clone());
        async move {
            let Some(query) = query else { return Ok(None) };
            let page = lines(&state, query).await;
            if let Ok(Some((text, _))) = &page {
                state.limiter().add_bytes(&bill, text.len());
            }
            // The head of the answer is sent: all that can be done is to cut it short.
            page.inspect_err(|error| {
                tracing::warn!(error = chain(error), "an export was cut short");
            })
        }
    });
    let body = Body::from_stream(pages);
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

/// Reads the last row's number and hash, to be kept where nobody who can change the database can change it
#[utoipa::path(
    get, path = "/audit/head", tag = "audit", operation_id = "readAuditHead",
    responses((status = OK, description = "The last row", body = Head), (status = SERVICE_UNAVAILABLE)),
)]
pub(super) async fn head(
    scope: ProjectScope,
    State(state): State<AppState>,
) -> Result<Response, ApiError> {
    let head = state.store().audit_head(scope.id).await?;
    let (sequence, hash) = (head.sequence, head.hash);
    Ok(Json(Head { sequence, hash }).into_response())
}

/// The lines of a page, and what asks for the next one, if there may be one
async fn lines(
    state: &AppState,
    query: AuditQuery,
) -> Result<Option<(Bytes, Option<AuditQuery>)>, StoreError> {
    let rows = state.store().audit(query.clone()).await?;
    let Some(last) = rows.last().map(|row| row.sequence) else {
        return Ok(None);
    };
    let is_full = rows.len() >= EXPORT_PAGE as usize;
    let next = is_full.then_some(AuditQuery {
        after: Some(last),
        ..query
    });
    Ok(Some((text(&rows)?.into(), next)))
}

fn text(rows: &[AuditRow]) -> Result<Vec<u8>, StoreError> {
    let mut text = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut text, &Record::of(row)).map_err(|_| StoreError::Corrupt {
            what: "an audit row",
        })?;
        text.push(b'\n');
    }
    Ok(text)
}

impl Filter {
    /// What the store is asked
    fn read(self, scope: &ProjectScope) -> Result<AuditQuery, ApiError> {
        let is_without_access = scope.grant.kind() != KeyKind::Admin;
        let is_of_access = |kind: &str| ACCESS_KINDS.contains(&kind);
        if is_without_access && self.kind.as_deref().is_some_and(is_of_access) {
            return Err(ApiError::Forbidden(
                "only admins read what was changed of keys, tokens and members",
            ));
        }
        let mut errors = Vec::new();
        let mut wrong = |name: &str, message: String| errors.push(FieldError::new(name, message));
        let names = Action::ALL.map(Action::name);
        if let Some(other) = self
            .action
            .as_deref()
            .filter(|action| !names.contains(action))
        {
            wrong(
                "?action",
                format!(
                    "expected one of {}, got `{}`",
                    names.join(", "),
                    excerpt(other)
                ),
            );
        }
        let mut instant = |name: &str, text: Option<String>| {
            let at = text.as_deref().map(Timestamp::parse);
            if at == Some(None) {
                let message = "expected a date and time with a zone, as `2026-12-01T00:00:00Z`";
                wrong(name, message.to_owned());
            }
            at.flatten()
        };
        let (from, to) = (instant("?from", self.from), instant("?to", self.to));
        let context = self
            .context
            .as_deref()
            .map(|context| context.split_once(':'));
        if context == Some(None) {
            let message = "expected a kind of context, a colon and a key, as `organization:acme`";
            wrong("?context", message.to_owned());
        }
        if !errors.is_empty() {
            return Err(ApiError::Invalid { errors });
        }
        let owned = |(kind, key): (&str, &str)| (kind.to_owned(), key.to_owned());
        Ok(AuditQuery {
            project_id: scope.id,
            environment: self.environment,
            flag: self.flag,
            actor: self.actor,
            kind: self.kind,
            is_without_access,
            from,
            to,
            context: context.flatten().map(owned),
            action: self.action,
            ..AuditQuery::default()
        })
    }
}

fn wrong_cursor() -> ApiError {
    ApiError::invalid("?cursor", "expected the `next` of an earlier page")
}
