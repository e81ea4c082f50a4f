//! `GET /example/`: the page of bindings-wasm, compiled into the server if it was built before it

use axum::extract::Path;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Redirect, Response};

use crate::api_error::ApiError;

include!(concat!(env!("OUT_DIR"), "/example.rs"));

/// The page's own script and WebAssembly and nothing else: it has a key in its address
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

/// A file of the page
struct File {
    path: &'static str,
    content_type: &'static str,
    content: &'static [u8],
}

/// `GET /example`: the page's own links are relative to the slash
pub(super) async fn redirect() -> Redirect {
    Redirect::permanent("/example/")
}

/// `GET /example/`
pub(super) async fn index() -> Result<Response, ApiError> {
    find("index.html").ok_or(ApiError::NoExample)
}

/// `GET /example/{path}`
pub(super) async fn file(Path(path): Path<String>) -> Result<Response, ApiError> {
    find(&path).ok_or(if FILES.is_empty() {
        ApiError::NoExample
    } else {
        ApiError::NoRoute
    })
}

fn find(path: &str) -> Option<Response> {
    let file = FILES.iter().find(|file| file.path == path)?;
    let headers = [
        (CONTENT_TYPE, file.content_type),
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    Some((headers, file.content).into_response())
}
