//! What documents say without being evaluated for anybody
//!
//! - [`check`]: may a document, a flag or an override be written?
//! - [`lint`]: what is wrong or odd about one document?
//! - [`impact`]: what does the change from one document to another change, and for how many units?
//! - [`wire`]: which objects does a document consist of in the protocol?
//!
//! The first three read the compiled objects that [`flagstaff_core::inspect`] shows, and no text of a flag a second time.

#![forbid(unsafe_code)]

pub mod check;
pub mod impact;
pub mod lint;
pub mod wire;
