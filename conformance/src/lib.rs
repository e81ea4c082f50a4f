//! The conformance suite of Flagstaff
//!
//! ```text
//! cases/<area>/<topic>.json ─► Case ─► Script (questions and what is expected) ─► Engine ─► the same bytes everywhere
//! ```
//!
//! A case says what a document means, in no language in particular. An [`Engine`] answers questions; there is one in this process
//! ([`Core`]) and one for every binding ([`Testee`], a process that speaks JSON lines). An answer has to be what the case expects and,
//! byte for byte, what the core answers.

#![forbid(unsafe_code)]

pub mod answers;
mod case;
mod engine;
mod in_process;
mod judgement;
mod request;
mod script;
mod testee;
pub mod vectors;

pub use case::{Case, CaseFile, DiscoveryError, ExpectedIssue, cases_directory, discover};
pub use engine::{Engine, EngineError};
pub use in_process::Core;
pub use request::{Evaluation, Request, RequestError};
pub use script::{Failure, run};
pub use testee::{Binding, Testee};

/// The number of cases below which something is wrong with their discovery
pub const AT_LEAST: usize = 1_300;
