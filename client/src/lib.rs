//! The Rust SDK of Flagstaff, a self-hosted feature-flag system
//!
//! A [`Client`] follows one environment of a server and evaluates its flags in this process, with the same core as every other SDK. It
//! works without an async runtime, keeps the last known flags when the server is away, and comes back by itself.
//!
//! ```
//! use std::time::Duration;
//! use flagstaff::{Client, Context};
//!
//! # fn main() -> Result<(), flagstaff::ClientError> {
//! let client = Client::from_document(r#"{"schemaVersion": 1, "flags": {"new-nav": {"type": "boolean", "enabled": true, "salt": "s", "serve": "on"}}}"#)?;
//! # let _ = || -> Result<(), flagstaff::ClientError> {
//! // Or, of a server:
//! let client = Client::builder("http://127.0.0.1:8080", "fs_server_…").build()?;
//! let readiness = client.ready(Duration::from_secs(5));
//! # Ok(()) };
//! let context = Context::new("user-1").with("plan", "pro");
//! assert!(client.get_boolean_value("new-nav", false, &context));
//! # Ok(())
//! # }
//! ```
//!
//! The way of the data: `source` (SSE and polls) → `sync` (the background task; protocol, delays) → `store` (the snapshot in use) →
//! [`Client`]'s getters. `session` carries status and changes to [`Client::status`] and [`Client::changes`].

#![forbid(unsafe_code)]

mod acknowledge;
mod backoff;
mod blocking;
mod change;
mod client;
mod clock;
mod config;
mod details;
mod error;
mod runtime;
mod session;
mod source;
mod status;
mod store;
mod sync;
mod text;
mod usage;

pub use change::{Change, Changes};
pub use client::Client;
pub use config::{ClientBuilder, Timing};
pub use details::Details;
pub use error::ClientError;
pub use status::{Readiness, Status};
pub use text::Text;

pub use flagstaff_core::{
    Attribute, AttributePath, Attributes, Context, ContextError, ErrorCode, Issue, Object, Outcome,
    Reason, Snapshot, SnapshotError, Timestamp, Value, ValueType,
};
