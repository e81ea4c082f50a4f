//! `…/environments/{environment}/segments`

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::Value;

use crate::access::guards::{EnvironmentAccess, WriteQuery};
use crate::access::state::AccessState;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::etag::IfMatch;
use crate::http::paging::{ListQuery, Page};
use crate::object::ObjectKind;
use crate::openapi::{NewSegment, Segment, SegmentBody};
use crate::segments::object::{self, ObjectEdit, ObjectFilter, Verb};

/// Lists the segments of an environment
#[utoipa::path(
    get, path = "/segments", tag = "segments", operation_id = "listSegments",
    params(ObjectFilter, ListQuery),
    responses((status = OK, description = "A page", body = Page<Segment>)),
)]
pub(crate) async fn list(
    scope: EnvironmentAccess,
    QueryParams(query): QueryParams<ListQuery>,
    QueryParams(filter): QueryParams<ObjectFilter>,
) -> Result<Response, ApiError> {
    object::list(&scope, ObjectKind::Segment, (&query, &filter))
}

/// Reads a segment
#[utoipa::path(
    get, path = "/segments/{key}", tag = "segments", operation_id = "readSegment",
    responses((status = OK, description = "The segment", body = Segment, headers(("ETag" = String)))),
)]
pub(crate) async fn read(scope: EnvironmentAccess) -> Result<Response, ApiError> {
    object::read(&scope, ObjectKind::Segment)
}

/// Creates a segment
#[utoipa::path(
    post, path = "/segments", tag = "segments", operation_id = "createSegment",
    params(WriteQuery),
    request_body(content = NewSegment, example = json!({"key": "beta", "when": {"attribute": "email", "op": "endsWith", "value": "@example.com"}, "include": {"user": ["u-1"]}})),
    responses(
        (status = CREATED, description = "The segment", body = Segment, headers(("ETag" = String), ("Location" = String))),
        (status = CONFLICT),
    ),
)]
pub(crate) async fn create(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let edit = edit(Verb::Create, body);
    object::write(&scope, &state, (query, &headers), edit).await
}

/// Creates or replaces a segment
///
/// The lists of ids stay, unless the body has `include` or `exclude`.
#[utoipa::path(
    put, path = "/segments/{key}", tag = "segments", operation_id = "putSegment",
    params(WriteQuery, IfMatch),
    request_body(content = SegmentBody, example = json!({"when": {"attribute": "country", "op": "in", "values": ["se", "dk"]}})),
    responses(
        (status = OK, description = "The segment as it is now", body = Segment, headers(("ETag" = String))),
        (status = CREATED, description = "There was none", body = Segment, headers(("ETag" = String))),
        (status = CONFLICT), (status = PRECONDITION_FAILED),
    ),
)]
pub(crate) async fn put(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let edit = edit(Verb::Put, body);
    object::write(&scope, &state, (query, &headers), edit).await
}

/// Changes a segment by a merge patch
#[utoipa::path(
    patch, path = "/segments/{key}", tag = "segments", operation_id = "patchSegment",
    params(WriteQuery, IfMatch),
    request_body(content = SegmentBody, example = json!({"description": "People who try new things"})),
    responses(
        (status = OK, description = "The segment as it is now", body = Segment, headers(("ETag" = String))),
        (status = CONFLICT), (status = PRECONDITION_FAILED),
    ),
)]
pub(crate) async fn patch(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let edit = edit(Verb::Patch, body);
    object::write(&scope, &state, (query, &headers), edit).await
}

/// Deletes a segment that nothing refers to
#[utoipa::path(
    delete, path = "/segments/{key}", tag = "segments", operation_id = "deleteSegment",
    params(WriteQuery, IfMatch),
    responses((status = NO_CONTENT, description = "It is deleted"), (status = CONFLICT), (status = PRECONDITION_FAILED)),
)]
pub(crate) async fn delete(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    object::delete(&scope, &state, (query, &headers), ObjectKind::Segment).await
}

fn edit(verb: Verb, body: Value) -> ObjectEdit {
    ObjectEdit {
        kind: ObjectKind::Segment,
        verb,
        body,
    }
}
