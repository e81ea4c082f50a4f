//! The admin UI: the files that `admin/` builds, embedded in the binary, and the page for every address of the UI
//!
//! A program that reads `/`, such as curl, gets the addresses of what is here instead.
//!
//! The files are stored and sent compressed. Their names change with their content, so browsers cache them for ever; the page itself is
//! never cached, since each response has its own nonce.

use std::io::Read as _;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::read::GzDecoder;
use rust_embed::RustEmbed;
use serde_json::json;

use crate::engine::coding::ContentCoding;
use crate::http::api_error::ApiError;
use crate::http::state::HttpState;

/// `server/admin/`, which `npm run build --workspace admin` writes
#[derive(RustEmbed)]
#[folder = "admin/"]
#[allow_missing = true]
struct Files;

/// The placeholder of the nonce in the page
const NONCE: &str = "__NONCE__";
/// The placeholder of the base path, before the addresses of files and for the scripts
const BASE_PATH: &str = "__BASE_PATH__";
/// Prefixes of paths that never get the page: an unknown path there is an error
const NO_PAGES: [&str; 4] = ["/api/", "/ofrep/", "/assets/", "/example/"];

/// `GET /assets/{path}`: a file of the build
pub(crate) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let cache = "public, max-age=31536000, immutable";
    let Some(compressed) = file(&format!("assets/{path}")) else {
        // Not the page: a browser would take it for a script of an earlier build.
        return ([(CACHE_CONTROL, "no-store")], ApiError::NoRoute).into_response();
    };
    let coding = ContentCoding::accepted(&headers);
    let body = match coding {
        ContentCoding::Gzip => compressed,
        ContentCoding::Identity => match decompress(&compressed) {
            Ok(plain) => plain,
            Err(error) => return ApiError::Internal(Box::new(error)).into_response(),
        },
    };
    let headers = [
        (CONTENT_TYPE, content_type(&path)),
        (CACHE_CONTROL, cache),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (VARY, "Accept-Encoding"),
    ];
    (headers, coding.header(), body).into_response()
}

/// The response if no route matches: the page, for a browser that opens an address of the UI, otherwise an error
pub(crate) async fn page(
    State(state): State<Arc<HttpState>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let base_path = state.base_path.as_str();
    let path = format!("{}/", uri.path().trim_end_matches('/'));
    let is_page = method == Method::GET
        && accepts_html(&headers)
        && !NO_PAGES.iter().any(|below| path.starts_with(below));
    if uri.path() == "/" && method.is_safe() && !is_page {
        return index(base_path);
    }
    match file("index.html").filter(|_| is_page) {
        Some(compressed) => match decompress(&compressed) {
            Ok(page) => render(&page, base_path),
            Err(error) => ApiError::Internal(Box::new(error)).into_response(),
        },
        None => ApiError::NoRoute.into_response(),
    }
}

/// The response to a program at `/`
fn index(base_path: &str) -> Response {
    let path = |below: &str| format!("{base_path}{below}");
    let index = json!({
        "name": "Flagstaff",
        "version": env!("CARGO_PKG_VERSION"),
        "adminUi": "open this address in a browser",
        "api": path("/api/v1"),
        "apiDescription": path("/api/v1/openapi.json"),
        "apiDocs": path("/api/v1/docs"),
        "health": path("/readyz"),
    });
    let headers = [(CONTENT_TYPE, "application/json"), (VARY, "Accept")];
    (headers, format!("{index:#}\n")).into_response()
}

fn render(page: &[u8], base_path: &str) -> Response {
    let nonce = hex::encode(rand::random::<[u8; 16]>());
    let policy = format!(
        // The playground evaluates in the page; WebAssembly needs no `unsafe-eval` of scripts.
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        // A cached page would be shown with the nonce of another response.
        (CACHE_CONTROL, "no-store".to_owned()),
        (CONTENT_SECURITY_POLICY, policy),
        (REFERRER_POLICY, "same-origin".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    let page = String::from_utf8_lossy(page);
    let page = page.replace(NONCE, &nonce).replace(BASE_PATH, base_path);
    (headers, page).into_response()
}

fn file(path: &str) -> Option<Bytes> {
    let file = Files::get(&format!("{path}.gz"))?;
    Some(match file.data {
        std::borrow::Cow::Borrowed(data) => Bytes::from_static(data),
        std::borrow::Cow::Owned(data) => data.into(),
    })
}

/// Decompresses a file for clients that do not accept gzip; browsers do
fn decompress(compressed: &[u8]) -> std::io::Result<Bytes> {
    let mut plain = Vec::new();
    GzDecoder::new(compressed).read_to_end(&mut plain)?;
    Ok(plain.into())
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}

fn accepts_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}
