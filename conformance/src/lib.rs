//! The conformance suite of Flagstaff
//!
//! ```text
//! cases/<area>/<topic>.json ─► Case ─► Script (requests and expectations) ─► Engine ─► the same bytes everywhere
//! ```
//!
//! A case describes the meaning of a document independently of a programming language. An [`Engine`] responds to requests; there is one
//! in this process ([`Core`]) and one for every binding ([`Testee`], a process that reads and writes lines of JSON). A response must be
//! what the case expects and, byte for byte, the response of the core.

#![forbid(unsafe_code)]

pub mod answers;
mod case;
mod engine;
pub mod imports;
mod in_process;
mod judgement;
mod request;
mod script;
mod testee;
pub mod vectors;
pub mod vendor_suites;

pub use case::{Case, CaseFile, DiscoveryError, ExpectedIssue, cases_directory, discover};
pub use engine::{Engine, EngineError};
pub use in_process::Core;
pub use request::{Evaluation, Request, RequestError};
pub use script::{Failure, run};
pub use testee::{Binding, Testee};

/// The minimum number of cases; if there are fewer, their discovery is broken
pub const AT_LEAST: usize = 1_300;
