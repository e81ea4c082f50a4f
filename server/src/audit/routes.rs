//! `GET /api/v1/projects/{project}/audit`: who changed what, when, from what to what, and why

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use flagstaff_core::{Timestamp, excerpt};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::guards::{AuditAccess, ProjectAccess};
use crate::access::state::AccessState;
use crate::engine::field_error::FieldError;
use crate::http::api_error::ApiError;
use crate::http::body::QueryParams;
use crate::http::paging::{Page, PageQuery, cursor_of, page_size, read_cursor};
use crate::openapi::AuditRecord;
use crate::runtime::logging::error_chain;
use crate::store::chain::Record;
use crate::store::{
    ACCESS_KINDS, Action, AuditQuery, AuditRow, CredentialKind, StoreError, canonical_changes,
};

/// The number of rows that an export reads at a time
const EXPORT_PAGE: u32 = 500;

/// Filters for audit rows
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only of this flag
    flag: Option<String>,
    /// Only of this environment, by its name now; a deleted one by the name that its deletion answered
    environment: Option<String>,
    /// Only by this author
    actor: Option<String>,
    /// `create`, `update` or `delete`
    #[param(pattern = "^(create|update|delete)$")]
    action: Option<String>,
    /// Only about things of this kind; `key`, `token` and `member` only for admins
    kind: Option<String>,
    /// From this instant on, inclusive
    #[param(format = DateTime)]
    from: Option<String>,
    /// Before this instant
    #[param(format = DateTime)]
    until: Option<String>,
    /// Only rows about this context, as `organization:acme`
    context: Option<String>,
    /// Only rows with a change at or below this JSON pointer, as `/serve/rollout`; for object flags also inside their values, as
    /// `/phase2/storage`
    pointer: Option<String>,
}

/// The last row of an audit
#[derive(Serialize, ToSchema)]
#[schema(as = AuditHead)]
pub(crate) struct Head {
    sequence: u64,
    hash: String,
}

/// Lists the changes, newest first
///
/// Changes of keys, tokens, members and sessions are shown only to admins.
#[utoipa::path(
    get, path = "/audit", tag = "audit", operation_id = "listAudit",
    params(Filter, PageQuery),
    responses((status = OK, description = "A page", body = Page<AuditRecord>), (status = SERVICE_UNAVAILABLE)),
)]
pub(crate) async fn list(
    scope: AuditAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(filter): QueryParams<Filter>,
) -> Result<Response, ApiError> {
    let limit = page_size(page.limit)?;
    let before = read_cursor(page.cursor.as_deref())?;
    // One more row than the page has shows whether there is a next page.
    let asked = u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(1);
    let query = AuditQuery {
        before,
        limit: asked,
        ..filter.read(&scope)?
    };
    let mut rows = state.engine.store().audit(query).await?;
    for row in &mut rows {
        row.changes = canonical_changes(&row.differences()?).to_string();
    }
    let cursor = |row: &&AuditRow| cursor_of(&row.sequence);
    let page = Page::of_more(rows.iter().collect(), limit, cursor, Record::of);
    Ok(Json(page).into_response())
}

/// Exports all matching rows, oldest first, one JSON object per line
///
/// It is read while it is sent, and ends with the row that is the last one when it begins. Only an admin's export has the rows about keys,
/// tokens and members; another one is verified as a part (`flagstaff audit verify --partial`).
#[utoipa::path(
    get, path = "/audit/export", tag = "audit", operation_id = "exportAudit",
    params(Filter),
    responses((status = OK, description = "Newline-delimited JSON", body = String, content_type = "application/x-ndjson"), (status = SERVICE_UNAVAILABLE)),
)]
pub(crate) async fn export(
    scope: AuditAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(filter): QueryParams<Filter>,
) -> Result<Response, ApiError> {
    let head = state.engine.store().audit_head(scope.id).await?;
    let first = AuditQuery {
        before: Some(head.sequence.saturating_add(1)),
        after: Some(0),
        is_oldest_first: true,
        limit: EXPORT_PAGE,
        ..filter.read(&scope)?
    };
    let rate_limit_keys = scope.principal.rate_limit_keys().clone();
    let pages = stream::try_unfold(Some(first), move |query| {
        let (state, rate_limit_keys) = (state.clone(), rate_limit_keys.clone());
        async move {
            let Some(query) = query else { return Ok(None) };
            let page = lines(&state, query).await;
            if let Ok(Some((text, _))) = &page {
                state.http.limiter.add_bytes(&rate_limit_keys, text.len());
            }
            // The head of the response has been sent: the response can only be cut short.
            page.inspect_err(|error| {
                tracing::warn!(error = error_chain(error), "an export was cut short");
            })
        }
    });
    let body = Body::from_stream(pages);
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

/// Reads the number and hash of the last row; store them where those who can change the database cannot change them
#[utoipa::path(
    get, path = "/audit/head", tag = "audit", operation_id = "readAuditHead",
    responses((status = OK, description = "The last row", body = Head), (status = SERVICE_UNAVAILABLE)),
)]
pub(crate) async fn head(
    scope: AuditAccess,
    State(state): State<Arc<AccessState>>,
) -> Result<Response, ApiError> {
    let head = state.engine.store().audit_head(scope.id).await?;
    let (sequence, hash) = (head.sequence, head.hash);
    Ok(Json(Head { sequence, hash }).into_response())
}

/// The lines of a page, and the query for the next one, if there may be one
async fn lines(
    state: &AccessState,
    query: AuditQuery,
) -> Result<Option<(Bytes, Option<AuditQuery>)>, StoreError> {
    let rows = state.engine.store().audit(query.clone()).await?;
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
    /// The error of an action that does not exist
    fn wrong_action(&self) -> Option<FieldError> {
        let names = Action::ALL.map(Action::name);
        let action = self.action.as_deref()?;
        let message = || {
            let given = excerpt(action);
            format!("expected one of {}, got `{given}`", names.join(", "))
        };
        (!names.contains(&action)).then(|| FieldError::new("?action", message()))
    }

    /// The query for the store
    fn read(self, scope: &ProjectAccess) -> Result<AuditQuery, ApiError> {
        let is_without_access = scope.principal.kind() != CredentialKind::Admin;
        let is_of_access = |kind: &str| ACCESS_KINDS.contains(&kind);
        if is_without_access && self.kind.as_deref().is_some_and(is_of_access) {
            return Err(ApiError::Forbidden(
                "only admins read what was changed of keys, tokens, members and sessions",
            ));
        }
        let mut errors: Vec<FieldError> = self.wrong_action().into_iter().collect();
        let mut wrong = |name: &str, message: String| errors.push(FieldError::new(name, message));
        let mut instant = |name: &str, text: Option<String>| {
            let at = text.as_deref().map(Timestamp::parse);
            if at == Some(None) {
                let message = "expected a date and time with a zone, as `2026-12-01T00:00:00Z`";
                wrong(name, message.to_owned());
            }
            at.flatten()
        };
        let (from, until) = (instant("?from", self.from), instant("?until", self.until));
        let context = self
            .context
            .as_deref()
            .map(|context| context.split_once(':'));
        if context == Some(None) {
            let message = "expected a kind of context, a colon and a key, as `organization:acme`";
            wrong("?context", message.to_owned());
        }
        if self
            .pointer
            .as_deref()
            .is_some_and(|pointer| !pointer.starts_with('/'))
        {
            let message = "expected a JSON pointer, as `/serve/rollout`";
            wrong("?pointer", message.to_owned());
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
            until,
            context: context.flatten().map(owned),
            pointer: self.pointer,
            action: self.action,
            ..AuditQuery::default()
        })
    }
}
