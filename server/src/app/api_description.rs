//! The description of the API: an `OpenAPI` document for programs, and a page for people

use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::engine::coding::{self, ContentCoding};
use crate::http::api_error::ApiError;
use crate::http::base_path::BasePath;
use crate::http::state::HttpState;
use crate::openapi;
use crate::runtime::offload::offload;

const PAGE: &str = include_str!("../../api-page/index.html");
const START: &str = include_str!("../../api-page/start.js");
/// Only the page's own scripts and the document, and nothing from other servers
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; \
     font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Generated on first use
static DOCUMENT: LazyLock<Result<String, serde_json::Error>> = LazyLock::new(|| {
    let document = openapi::document(crate::app::router::described())?;
    serde_json::to_string(&document)
});

/// Scalar, which renders the page; embedded, uncompressed and in gzip
static SCALAR: LazyLock<(Bytes, Bytes)> = LazyLock::new(|| {
    let script = scalar_api_reference::get_asset("scalar.js").unwrap_or_default();
    let gzip = coding::gzip(&script);
    (script.into(), gzip)
});

/// The document, if it could be made
pub(super) fn parsed() -> Option<Value> {
    serde_json::from_str(DOCUMENT.as_ref().ok()?).ok()
}

/// Reads this document
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "operation", operation_id = "readOpenApi",
    responses((status = OK, description = "An OpenAPI 3.1 document", body = serde_json::Value)),
)]
pub(crate) async fn document(
    State(state): State<Arc<HttpState>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let document = DOCUMENT.as_ref();
    let document = document.map_err(|error| ApiError::Internal(error.to_string().into()))?;
    let text = at(document, &state.base_path);
    let text = text.map_err(|error| ApiError::Internal(Box::new(error)))?;
    let (coding, body) = coding::encode(text, ContentCoding::accepted(&headers));
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-cache"),
        (VARY, "Accept-Encoding"),
    ];
    Ok((headers, coding.header(), body).into_response())
}

/// The document of a server that is reached below this path, as text
fn at(document: &str, base_path: &BasePath) -> Result<Vec<u8>, serde_json::Error> {
    if base_path.is_empty() {
        return Ok(document.into());
    }
    let mut document: Map<String, Value> = serde_json::from_str(document)?;
    document.insert("servers".to_owned(), json!([{"url": base_path.as_str()}]));
    serde_json::to_vec(&document)
}

/// Reads this document as a page
#[utoipa::path(
    get, path = "/api/v1/docs", tag = "operation", operation_id = "readDocs",
    responses((status = OK, description = "A page that asks no other server", body = String, content_type = "text/html")),
)]
pub(crate) async fn page() -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, PAGE)
}

/// `GET /api/v1/docs/start.js`
pub(crate) async fn start() -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-cache")], script(START))
}

/// `GET /api/v1/docs/scalar.js`
pub(crate) async fn scalar(headers: HeaderMap) -> Result<impl IntoResponse, ApiError> {
    let (plain, gzip) = offload(|| SCALAR.clone()).await?;
    let coding = ContentCoding::accepted(&headers);
    let body = match coding {
        ContentCoding::Identity => plain,
        ContentCoding::Gzip => gzip,
    };
    let cache = [(CACHE_CONTROL, "max-age=86400"), (VARY, "Accept-Encoding")];
    Ok((cache, coding.header(), script(body)))
}

fn script(body: impl IntoResponse) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_can_be_made() {
        // The response to a request would not say why it failed.
        assert!(DOCUMENT.as_ref().unwrap().starts_with('{'));
        let (plain, gzip) = &*SCALAR;
        assert!(gzip.len() > 100_000 && gzip.len() < plain.len());
    }
}
