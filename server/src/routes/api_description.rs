//! What the server says of its own API: for programs, and for people

use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};

use crate::api_error::ApiError;
use crate::coding::{self, Coding};
use crate::openapi;

/// A page that is all there is to it
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Made when one of them is first asked for, and the same until the process ends
static DESCRIPTION: LazyLock<Result<Description, serde_json::Error>> = LazyLock::new(|| {
    let document = openapi::document(super::described())?;
    Ok(Description {
        page: openapi::page(&document),
        json: serde_json::to_string(&document)?,
    })
});

struct Description {
    json: String,
    page: String,
}

/// Reads this document
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "operation", operation_id = "readOpenApi",
    responses((status = OK, description = "An OpenAPI 3.1 document", body = serde_json::Value)),
)]
pub(super) async fn document(headers: HeaderMap) -> Result<Response, ApiError> {
    let json = [(CONTENT_TYPE, "application/json")];
    let answer = answer(&headers, |description| &description.json)?;
    Ok((json, answer).into_response())
}

/// Reads this document as a page
#[utoipa::path(
    get, path = "/api/v1/docs", tag = "operation", operation_id = "readDocs",
    responses((status = OK, description = "A page without scripts", body = String, content_type = "text/html")),
)]
pub(super) async fn page(headers: HeaderMap) -> Result<Response, ApiError> {
    let html = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let answer = answer(&headers, |description| &description.page)?;
    Ok((html, answer).into_response())
}

fn answer(
    headers: &HeaderMap,
    part: fn(&Description) -> &String,
) -> Result<impl IntoResponse + use<>, ApiError> {
    let description = DESCRIPTION.as_ref();
    let description = description.map_err(|error| ApiError::Internal(error.to_string().into()))?;
    let text = part(description).clone().into_bytes();
    let (coding, body) = coding::answer(text, Coding::accepted(headers));
    let cache = [(CACHE_CONTROL, "no-cache"), (VARY, "Accept-Encoding")];
    Ok((cache, coding.header(), body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_can_be_made() {
        // The answer to a request would not say why it cannot.
        let description = DESCRIPTION.as_ref().unwrap();
        assert!(description.json.starts_with('{') && description.page.starts_with('<'));
    }
}
