//! The Flagstaff server
//!
//! ```text
//! request ─► routes ─► Environment::write ─► Store: one transaction (objects, audit, outbox, revision)
//!                            │
//!                            ▼
//!              Published: one immutable view per revision ─► streams, snapshots, evaluation
//! ```
//!
//! [`app`] turns an [`AppState`] into a router, so that a test needs no socket; [`serve`] puts it on one. The server answers all
//! reads but the audit from memory, and a write is answered when what it changed is published. What other nodes commit to the same
//! store is followed. TLS is the business of whatever stands in front.

#![forbid(unsafe_code)]

mod access;
mod api_error;
pub mod auth;
pub mod backing;
mod bounded;
mod budget;
mod catalogue;
mod catch_up;
pub mod chain;
pub mod cli;
mod client_address;
mod coding;
mod config;
mod connections;
pub mod contact;
pub mod copy;
mod descriptors;
mod draft;
mod encryption;
pub mod environment;
mod etag;
mod extract;
mod feed;
mod fields;
mod flag;
mod follow;
mod history;
mod idempotency;
pub mod identity;
mod instances;
mod keys;
mod list;
mod logging;
mod members;
mod metrics;
pub mod notation;
pub mod object;
mod observe;
mod offload;
mod openapi;
mod overrides;
mod preview;
mod problem;
pub mod published;
mod rate;
mod redis;
mod routes;
mod sealed;
mod secrets;
mod seed;
mod serve;
mod signing;
mod state;
pub mod store;
mod stream;
mod stream_token;
mod succession;
mod transfer;
pub mod usage;
mod view;

pub use api_error::{ApiError, FieldError, chain};
pub use client_address::{ForwardedHeader, Peer, Proxies, client_address};
pub use coding::{Coding, Shared};
pub use config::{
    Cli, Command, ConnectionOptions, IdentityError, IdentityOptions, NetworkOptions, Secret,
    ServeOptions, WeakToken,
};
pub use connections::ConnectionLimits;
pub use draft::Draft;
pub use encryption::{DecryptError, EncryptionKeys, InvalidEncryptionKeys};
pub use logging::{LogFormat, log_to_stderr};
pub use rate::Rates;
pub use redis::{Redis, keep};
pub use routes::app;
pub use secrets::{SecretsError, UnusableSecret};
pub use seed::{SeedError, SeedReport, seed};
pub use serve::{ServeError, serve, serve_apart, serve_on};
pub use state::{AppState, Clock, Limits};
pub use stream::{StreamBound, StreamLimits};
pub use transfer::Intent;
pub use view::{Scope, State};
