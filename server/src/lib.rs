//! The Flagstaff server
//!
//! ```text
//! request ─► routes ─► Environment::write ─► Store: one transaction (objects, audit, changes, revision)
//!                            │
//!                            ▼
//!              PublishedRevision: one immutable view per revision ─► streams, snapshots, evaluation
//! ```
//!
//! The documentation of each folder says what it is for. A folder on one line imports only from the lines below:
//!
//! ```text
//! cli
//! app
//! admin_ui · config · documents · overrides · segments · projects · evaluation · audit · idempotency · redis
//! flags · streams
//! usage · instances
//! access · openapi
//! http
//! engine · metrics
//! store
//! object · crypto · runtime
//! ```
//!
//! [`app()`] turns an [`AppState`] into a router, so that a test needs no socket; [`serve`] serves it on a socket. Flags are evaluated and
//! read from memory; the audit, usage and metadata are read from the store. A write gets its response when its changes are published. The
//! server also publishes what other nodes commit to the same store.

#![forbid(unsafe_code)]

mod access;
mod admin_ui;
mod app;
mod audit;
pub mod cli;
mod config;
mod crypto;
mod documents;
mod engine;
mod evaluation;
mod flags;
mod http;
mod idempotency;
mod instances;
mod metrics;
pub mod object;
mod openapi;
mod overrides;
mod projects;
mod redis;
mod runtime;
mod segments;
pub mod store;
mod streams;
pub mod usage;

pub use access::signing_secrets::{SecretsError, UnusableSecret};
pub use access::{auth, identity, sign_in};
pub use app::router::app;
pub use app::seed::{SeedError, SeedReport, seed};
pub use app::serve::{ServeError, keep, serve, serve_on};
pub use app::{AppState, RuntimeConfig};
pub use cli::{Cli, Command};
pub use config::{
    ConnectionOptions, DatabaseOptions, IdentityError, IdentityOptions, NetworkOptions, Secret,
    ServeOptions, SignInOptions, SignInOptionsError, TlsOptions, WeakToken,
};
pub use crypto::encryption::{DecryptError, EncryptionKeys, InvalidEncryptionKeys};
pub use documents::notation;
pub use engine::coding::{ContentCoding, SharedBytes};
pub use engine::draft::Draft;
pub use engine::field_error::FieldError;
pub use engine::transfer::Intent;
pub use engine::visibility::{State, Visibility};
pub use engine::{environment, published, store_handle, store_health};
pub use http::api_error::ApiError;
pub use http::client_address::{ForwardedHeader, Peer, Proxies, client_address};
pub use http::connections::ConnectionLimits;
pub use http::rate::Rates;
pub use http::tls::TlsError;
pub use redis::{Redis, cached_state};
pub use runtime::clock::Clock;
pub use runtime::logging::{Log, LogFormat, error_chain, log_to_stderr};
pub use store::chain;
pub use streams::stream::{StreamBound, StreamLimits};
