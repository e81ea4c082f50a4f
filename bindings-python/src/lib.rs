//! The Python binding of Flagstaff: `flagstaff._native`
//!
//! A thin layer over the Rust SDK. It reads the caller's own dicts, attribute by attribute, and never converts a whole one; no thread of
//! Rust's ever attaches to the interpreter: what Python must hear of goes through the queue in `news`, which Python empties.

#![forbid(unsafe_code)]

use pyo3::prelude::*;

mod client;
mod context;
mod convert;
mod details;
mod error;
mod names;
mod news;
mod snapshot;

#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use crate::client::Client;
    #[pymodule_export]
    use crate::context::EvaluationContext;
    #[pymodule_export]
    use crate::details::FlagDetails;
    #[pymodule_export]
    use crate::error::{ConfigurationError, DocumentError, FlagstaffError};
    #[pymodule_export]
    use crate::news::{close_news, next_news, reset_news};
    #[pymodule_export]
    use crate::snapshot::Snapshot;

    use super::{Bound, PyModule, names, news};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) {
        names::targeting_key(module.py());
        news::listen_to_log();
    }
}
