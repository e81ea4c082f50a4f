//! The evaluation core of Flagstaff
//!
//! ```text
//! document ─┐                        ┌─ evaluate(flag, context, now) ─► Outcome { value, variant, reason, … }
//! events ───┴─► Replica ─► Snapshot ─┤
//!                                    └─ issues, boundaries, changes
//! ```
//!
//! Evaluation is a pure function of (snapshot, flag, context, now). This crate has no I/O, no clock, no environment, no
//! randomness and no threads; it knows none of its bindings and never panics. Everything that can be decided without a context
//! is decided when a flag is compiled; one bad flag becomes an [`Issue`] and takes nothing else down.
//!
//! ```
//! use flagstaff_core::{Context, Snapshot, Timestamp, ValueType};
//!
//! let snapshot = Snapshot::from_json(r#"{"schemaVersion": 1, "flags": {
//!     "checkout": {"type": "boolean", "enabled": true, "serve": "off",
//!                  "rules": [{"when": {"attribute": "plan", "op": "equals", "value": "pro"}, "serve": "on"}]}
//! }}"#)?;
//! let context = Context::new("user-1").with("plan", "pro");
//! let outcome = snapshot.evaluate("checkout", Some(ValueType::Boolean), &context, Timestamp::from_millis(0));
//! assert_eq!(outcome.variant, Some("on"));
//! # Ok::<(), flagstaff_core::SnapshotError>(())
//! ```

#![forbid(unsafe_code)]

mod bucket;
mod canonical;
mod case_folding;
mod check;
mod cidr;
mod compile;
mod context;
mod decimal;
mod environment;
mod error;
mod evaluate;
mod excerpt;
mod forms;
mod graph;
mod hash;
mod hashed;
mod hashing;
#[cfg(feature = "analysis")]
pub mod impact;
mod index;
mod json;
pub mod limits;
mod link;
#[cfg(feature = "analysis")]
pub mod lint;
mod list;
mod literals;
mod map;
mod merge;
mod model;
mod names;
pub mod object;
mod operator;
mod order;
mod outcome;
mod path;
mod pattern;
mod rare;
mod replica;
mod rollout;
mod semver;
mod shards;
mod shared;
mod snapshot;
mod succession;
mod summary;
mod text;
mod timestamp;
mod trace;
mod value;

pub use bucket::{TOTAL, seed, slot};
pub use check::{OverridePart, check_document};
pub use context::{Attribute, Attributes, Context, ContextError};
pub use error::{Issue, Problem, SnapshotError};
pub use excerpt::{excerpt, excerpt_pointer};
pub use hash::murmur3_x86_32;
pub use hashed::{hash_context_key, hashed_name};
pub use json::JsonError;
pub use map::Map;
pub use model::FlagType;
pub use outcome::{Detail, ErrorCode, Outcome, Reason, UnknownValueType, ValueType};
pub use path::{AttributePath, PathError};
pub use pattern::PatternError;
pub use replica::{Commit, Replica, ReplicaError, Step};
pub use snapshot::{Answer, FlagInfo, Snapshot};
pub use succession::ObjectChange;
pub use summary::FlagSummary;
pub use text::{NumberQuery, TextQuery, TextReplica};
pub use timestamp::Timestamp;
pub use value::{MAX_SAFE_INTEGER, Object, Value, safe_integer};

/// The version of the document that this build reads and writes
pub const SCHEMA_VERSION: u64 = 1;

/// The level of the language that this build evaluates; a flag that `needs` more is broken for it, and only that flag
pub const LANGUAGE_LEVEL: u32 = 1;
