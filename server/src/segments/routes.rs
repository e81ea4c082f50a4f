//! The routes: the same for all three kinds, except for the lists, which only segments have

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
use crate::openapi::{
    Group, GroupBody, Holdout, HoldoutBody, NewGroup, NewHoldout, NewSegment, Segment, SegmentBody,
};
use crate::segments::object::{self, ObjectEdit, ObjectFilter, Verb};

pub(crate) mod ids;

/// The routes of one kind at `…/environments/{environment}/{name}s`, whose descriptions differ in names and examples
macro_rules! routes_of {
    (
        $module:ident: $Kind:ident, $name:tt, $New:ident, $Body:ident;
        create: $new:tt;
        put: $put_note:tt, $put:tt;
        patch: $patch:tt
    ) => {
        pub(crate) mod $module {
            use super::*;

            #[utoipa::path(
                get, path = concat!("/", $name, "s"), tag = "segments",
                operation_id = concat!("list", stringify!($Kind), "s"), summary = concat!("Lists the ", $name, "s of an environment"),
                params(ObjectFilter, ListQuery),
                responses((status = OK, description = "A page", body = Page<$Kind>)),
            )]
            pub(crate) async fn list(
                scope: EnvironmentAccess,
                QueryParams(query): QueryParams<ListQuery>,
                QueryParams(filter): QueryParams<ObjectFilter>,
            ) -> Result<Response, ApiError> {
                object::list(&scope, ObjectKind::$Kind, (&query, &filter))
            }

            #[utoipa::path(
                get, path = concat!("/", $name, "s/{key}"), tag = "segments",
                operation_id = concat!("read", stringify!($Kind)), summary = concat!("Reads a ", $name),
                responses((status = OK, description = concat!("The ", $name), body = $Kind, headers(("ETag" = String)))),
            )]
            pub(crate) async fn read(scope: EnvironmentAccess) -> Result<Response, ApiError> {
                object::read(&scope, ObjectKind::$Kind)
            }

            #[utoipa::path(
                post, path = concat!("/", $name, "s"), tag = "segments",
                operation_id = concat!("create", stringify!($Kind)), summary = concat!("Creates a ", $name),
                params(WriteQuery),
                request_body(content = $New, example = json!($new)),
                responses(
                    (status = CREATED, description = concat!("The ", $name), body = $Kind, headers(("ETag" = String), ("Location" = String))),
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
                let edit = ObjectEdit { kind: ObjectKind::$Kind, verb: Verb::Create, body };
                object::write(&scope, &state, (query, &headers), edit).await
            }

            #[utoipa::path(
                put, path = concat!("/", $name, "s/{key}"), tag = "segments",
                operation_id = concat!("put", stringify!($Kind)), summary = concat!("Creates or replaces a ", $name), description = $put_note,
                params(WriteQuery, IfMatch),
                request_body(content = $Body, example = json!($put)),
                responses(
                    (status = OK, description = concat!("The ", $name, " as it is now"), body = $Kind, headers(("ETag" = String))),
                    (status = CREATED, description = "There was none", body = $Kind, headers(("ETag" = String))),
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
                let edit = ObjectEdit { kind: ObjectKind::$Kind, verb: Verb::Put, body };
                object::write(&scope, &state, (query, &headers), edit).await
            }

            #[utoipa::path(
                patch, path = concat!("/", $name, "s/{key}"), tag = "segments",
                operation_id = concat!("patch", stringify!($Kind)), summary = concat!("Changes a ", $name, " by a merge patch"),
                params(WriteQuery, IfMatch),
                request_body(content = $Body, example = json!($patch)),
                responses(
                    (status = OK, description = concat!("The ", $name, " as it is now"), body = $Kind, headers(("ETag" = String))),
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
                let edit = ObjectEdit { kind: ObjectKind::$Kind, verb: Verb::Patch, body };
                object::write(&scope, &state, (query, &headers), edit).await
            }

            #[utoipa::path(
                delete, path = concat!("/", $name, "s/{key}"), tag = "segments",
                operation_id = concat!("delete", stringify!($Kind)), summary = concat!("Deletes a ", $name, " that nothing refers to"),
                params(WriteQuery, IfMatch),
                responses((status = NO_CONTENT, description = "It is deleted"), (status = CONFLICT), (status = PRECONDITION_FAILED)),
            )]
            pub(crate) async fn delete(
                scope: EnvironmentAccess,
                State(state): State<Arc<AccessState>>,
                QueryParams(query): QueryParams<WriteQuery>,
                headers: HeaderMap,
            ) -> Result<StatusCode, ApiError> {
                object::delete(&scope, &state, (query, &headers), ObjectKind::$Kind).await
            }
        }
    };
}

routes_of! {
    segments: Segment, "segment", NewSegment, SegmentBody;
    create: {"key": "beta", "when": {"attribute": "email", "op": "endsWith", "value": "@example.com"}, "include": {"user": ["u-1"]}};
    put: "The lists of ids stay, unless the body has `include` or `exclude`.",
        {"when": {"attribute": "country", "op": "in", "values": ["se", "dk"]}};
    patch: {"description": "People who try new things"}
}

routes_of! {
    groups: Group, "group", NewGroup, GroupBody;
    create: {"key": "checkout"};
    put: "Its salt stays: another one would move users to other variants.", {"unit": "user"};
    patch: {"unit": "organization"}
}

routes_of! {
    holdouts: Holdout, "holdout", NewHoldout, HoldoutBody;
    create: {"key": "q4", "percent": 5};
    put: "Its salt stays: another one would move users to other variants.", {"percent": 5};
    patch: {"percent": 10}
}
