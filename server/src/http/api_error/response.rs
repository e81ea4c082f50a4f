//! The response to an error: `application/problem+json` (RFC 9457)

use axum::http::HeaderValue;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use flagstaff_core::excerpt_pointer;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ApiError, shortened};
use crate::engine::field_error::FieldError;
use crate::runtime::logging::error_chain;

/// Marks a response that the calling page must not be able to read
#[derive(Debug, Clone, Copy)]
pub(crate) struct NotForOrigin;

/// Why a request was refused (RFC 9457)
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProblemDetails<'a> {
    /// The kind of problem, for programs
    #[serde(rename = "type")]
    kind: String,
    /// The title of the status
    title: &'a str,
    /// The status
    status: u16,
    /// The explanation for people
    detail: String,
    /// The errors and their places
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    /// The version in `If-Match`, if it is one
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expected_version: Option<u64>,
    /// The current version
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    current_version: Option<u64>,
}

impl FieldError {
    fn shortened(&self) -> Self {
        Self {
            pointer: excerpt_pointer(&self.pointer).into_owned(),
            message: shortened(&self.message).into_owned(),
            line: self.line,
        }
    }
}

impl ApiError {
    /// The version that the request expected, and the one that there is
    fn versions(&self) -> (Option<u64>, Option<u64>) {
        match self {
            Self::Operation { error, .. } => error.versions(),
            Self::Stale { expected, current } => (*expected, *current),
            Self::NoPrecondition { current } => (None, Some(*current)),
            Self::StaleDocument { revision } => (None, Some(*revision)),
            _ => (None, None),
        }
    }

    fn field_errors(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid { errors } | Self::InUse { errors, .. } => {
                errors.iter().map(FieldError::shortened).collect()
            }
            Self::ReasonRequired { .. } => {
                vec![FieldError::new(
                    "?reason",
                    "expected the reason of the change",
                )]
            }
            _ => Vec::new(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Self::Internal(cause) = &self {
            tracing::error!(error = error_chain(&**cause), "a request failed");
        }
        let kind = self.kind();
        let status = kind.status();
        let (expected_version, current_version) = self.versions();
        let problem = ProblemDetails {
            kind: kind.urn(),
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: shortened(&self.to_string()).into_owned(),
            errors: self.field_errors(),
            expected_version,
            current_version,
        };
        let mut response = (status, axum::Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        match self {
            Self::WrongOrigin => {
                response.extensions_mut().insert(NotForOrigin);
            }
            Self::NoToken
            | Self::UnknownToken
            | Self::InvalidJwt(_)
            | Self::SessionEnded
            | Self::UsedLink => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::TooManyRequests { retry_after }
            | Self::UnderWay { retry_after }
            | Self::TooManyStreams { retry_after, .. }
            | Self::TooManyConnections { retry_after }
            | Self::TooManyChanges { retry_after, .. }
            | Self::Unavailable { retry_after, .. } => {
                headers.insert(RETRY_AFTER, retry_after.into());
            }
            Self::TooManyIdempotencyKeys { .. } => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("3600"));
            }
            _ => {}
        }
        response
    }
}
