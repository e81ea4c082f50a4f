//! The Rust SDK of Flagstaff, a self-hosted feature-flag system
//!
//! A [`Client`] follows one environment of a server and evaluates its flags in this process, with the same core as every other SDK. It needs
//! no async runtime, keeps the last known flags while the server is unreachable, and reconnects by itself.
//!
//! ```
//! use std::time::Duration;
//! use flagstaff::{Client, Context};
//!
//! # fn main() -> Result<(), flagstaff::ClientError> {
//! let client = Client::from_document(r#"{"schemaVersion": 1, "flags": {"new-nav": {"type": "boolean", "enabled": true, "salt": "s", "serve": "on"}}}"#)?;
//! # let _ = || -> Result<(), flagstaff::ClientError> {
//! // Or, with a server:
//! let client = Client::builder("http://127.0.0.1:8080", "fs_server_…").build()?;
//! let readiness = client.ready(Duration::from_secs(5));
//! # Ok(()) };
//! let context = Context::new("user-1").with("plan", "pro");
//! assert!(client.get_boolean_value("new-nav", false, &context));
//! # Ok(())
//! # }
//! ```
//!
//! How data flows: `source` (SSE and polls) → `sync` (the background task: protocol and delays) → `current_snapshot` → the getters of
//! [`Client`], which count in `usage`; `report` sends the counts to `source`. `session` carries status and changes to [`Client::status`]
//! and [`Client::changes`].

#![forbid(unsafe_code)]

// The Rust code of a guide is tested like that of this crate.
#[cfg(doctest)]
#[doc = include_str!("../../docs/signed-contexts.md")]
struct SignedContexts;

mod acknowledge;
mod backoff;
mod blocking;
mod builder;
mod cache;
mod care;
mod change;
mod client;
mod clock;
mod config;
mod current_snapshot;
mod details;
mod error;
mod flag_string;
mod instance;
mod report;
mod runtime;
mod session;
mod sign;
mod source;
mod status;
mod sync;
mod timing;
mod usage;
mod watch;

pub use builder::ClientBuilder;
pub use change::{ChangeReceiver, ClientChange};
pub use client::Client;
pub use client::view::ClientView;
pub use config::UpdateMode;
pub use details::EvaluationDetails;
pub use error::ClientError;
pub use flag_string::FlagString;
pub use sign::sign_context;
pub use status::{Readiness, Status};
pub use timing::Timing;

pub use flagstaff_core::{
    Attribute, AttributePath, Attributes, Context, ContextError, ErrorCode, ExpectedType, Issue,
    JsonObject, Outcome, Reason, Snapshot, SnapshotError, Timestamp, Value,
};
