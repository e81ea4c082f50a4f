//! What the server says of its own API

use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use crate::api_error::ApiError;
use crate::coding::{self, Coding};
use crate::openapi;

/// Made when it is first asked for, and the same until the process ends
static DOCUMENT: LazyLock<Result<Bytes, serde_json::Error>> = LazyLock::new(|| {
    let document = openapi::document(super::described())?;
    Ok(serde_json::to_vec(&document)?.into())
});

/// Reads this document
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "operation", operation_id = "readOpenApi",
    responses((status = OK, description = "An OpenAPI 3.1 document", body = serde_json::Value)),
)]
pub(super) async fn document(headers: HeaderMap) -> Result<Response, ApiError> {
    let document = DOCUMENT.as_ref();
    let document = document.map_err(|error| ApiError::Internal(error.to_string().into()))?;
    let (coding, body) = coding::answer(document.to_vec(), Coding::accepted(&headers));
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-cache"),
        (VARY, "Accept-Encoding"),
    ];
    Ok((headers, coding.header(), body).into_response())
}
