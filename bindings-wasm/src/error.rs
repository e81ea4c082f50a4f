//! Errors that JavaScript receives

use wasm_bindgen::JsError;

/// An `Error` with the message of `cause`
pub(crate) fn to_js(cause: impl std::error::Error) -> JsError {
    JsError::new(&cause.to_string())
}
