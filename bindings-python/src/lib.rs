//! The Python binding of Flagstaff: `flagstaff._native`
//!
//! A thin layer over the Rust SDK. Getters read the caller's dict in place, attribute by attribute. No background thread of Rust attaches
//! to the interpreter: changes and log records go through the queue in `events`.

#![forbid(unsafe_code)]

use pyo3::prelude::*;

mod client;
mod context;
mod convert;
mod details;
mod error;
mod events;
mod names;
mod overrides;
mod problem;
mod snapshot;
mod step;

#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use crate::client::Client;
    #[pymodule_export]
    use crate::client::careful::{deliver_in_getters, use_scopes};
    #[pymodule_export]
    use crate::client::flags::Flags;
    #[pymodule_export]
    use crate::context::PreparedContext;
    #[pymodule_export]
    use crate::details::EvaluationDetails;
    #[pymodule_export]
    use crate::error::{ConfigurationError, DocumentError, FlagstaffError, InvalidContextError};
    #[pymodule_export]
    use crate::events::{close_events, next_events, reset_events};
    #[pymodule_export]
    use crate::snapshot::Snapshot;

    use super::{Bound, PyModule, PyModuleMethods as _, PyResult, events, names};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        names::targeting_key(module.py());
        events::forward_log();
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
