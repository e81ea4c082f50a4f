//! Analysis of documents without evaluating them for a context
//!
//! - [`check`]: may a document, a flag or an override be written?
//! - [`lint`]: what is wrong or suspicious in one document?
//! - [`impact`]: what changes between two documents, and for how many units?
//! - [`wire`]: which objects does a document consist of in the protocol?
//!
//! The first three read the compiled objects that [`flagstaff_core::inspect`] gives access to, and do not parse flags a second time.

#![forbid(unsafe_code)]

pub mod check;
pub mod impact;
pub mod lint;
pub mod wire;
