//! What JavaScript sees thrown

use wasm_bindgen::JsError;

/// An `Error` whose message is that of `cause`
pub(crate) fn to_js(cause: impl std::error::Error) -> JsError {
    JsError::new(&cause.to_string())
}
