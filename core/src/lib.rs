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
//! is decided when a flag is compiled; one bad flag becomes an [`Issue`] and does not affect the others.
//!
//! The modules, in the order in which data flows; each is a file with a folder of the same name:
//!
//! | module | question |
//! |---|---|
//! | `json` | How is JSON text read, and where in the text is a value? |
//! | `value` | What is a JSON value, and how is it compared, written and merged? |
//! | `document` | How does a document become compiled objects, and why is one of them broken? |
//! | `lists` | How are long lists stored: the overrides of a flag, the ids of a segment? |
//! | `model` | What is left of a flag, a segment or a serve once it is compiled? |
//! | `link` | How do compiled objects find each other, and what happens to references that cannot be resolved? |
//! | `snapshot` | Which outcomes does an environment have at one revision, and which flags differ between two revisions? |
//! | `context` | Who is evaluated, and how is an attribute found by its path? |
//! | `evaluate` | In which order is a flag evaluated? |
//! | `operator` | What does an operator mean? |
//! | `dialect` | How do the flags of other vendors decide? |
//! | `bucket` | How is a unit put into a slot? |
//! | `sync` | How does a snapshot follow the events of a server? |
//!
//! Besides, [`inspect`] gives tools that analyse documents access to the compiled objects, `error` lists every error of a document, `limits` every bound of the language, and `table` finds entries by key.
//!
//! ```
//! use flagstaff_core::{Context, Snapshot, Timestamp, ExpectedType};
//!
//! let snapshot = Snapshot::from_json(r#"{"schemaVersion": 1, "flags": {
//!     "checkout": {"type": "boolean", "enabled": true, "serve": "off",
//!                  "rules": [{"when": {"attribute": "plan", "op": "equals", "value": "pro"}, "serve": "on"}]}
//! }}"#)?;
//! let context = Context::new("user-1").with("plan", "pro");
//! let outcome = snapshot.evaluate("checkout", Some(ExpectedType::Boolean), &context, Timestamp::from_millis(0));
//! assert_eq!(outcome.variant, Some("on"));
//! # Ok::<(), flagstaff_core::SnapshotError>(())
//! ```

#![forbid(unsafe_code)]

mod bucket;
mod context;
pub mod dialect;
mod document;
mod error;
mod evaluate;
pub mod inspect;
mod json;
pub mod limits;
mod link;
mod lists;
mod model;
mod operator;
mod snapshot;
mod sync;
mod table;
mod value;

pub use bucket::murmur3::murmur3_x86_32;
pub use bucket::{SLOT_COUNT, seed, slot};
pub use context::path::{AttributePath, PathError};
pub use context::user_key::{WithUserKey, user_key_hint};
pub use context::{Attribute, Attributes, Context, ContextError};
pub use document::object;
pub use error::{Issue, IssueKind, SnapshotError};
pub use evaluate::OutcomeId;
pub use evaluate::outcome::{
    DecidingStep, ErrorCode, ExpectedType, Outcome, Reason, UnknownExpectedType,
};
pub use json::JsonError;
pub use lists::hashed::{hash_context_key, hashed_name};
pub use model::FlagType;
pub use operator::pattern::PatternError;
pub use snapshot::{EvaluatedValue, FlagDescriptor, FlagInfo, Snapshot};
pub use sync::replica::{Replica, ReplicaError, SnapshotUpdate, TransferProgress};
pub use sync::succession::ObjectUpdate;
pub use value::excerpt::{excerpt, excerpt_pointer};
pub use value::timestamp::Timestamp;
pub use value::{JsonObject, MAX_SAFE_INTEGER, Value, safe_integer};

/// The version of the document that this build reads and writes
pub const SCHEMA_VERSION: u64 = 1;

/// The version of the language that this build evaluates; a flag that `needs` a later one is broken, and only that flag
pub const LANGUAGE_VERSION: u32 = 2;
