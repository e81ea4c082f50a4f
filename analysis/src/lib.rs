//! What documents say without being evaluated for anybody
//!
//! - [`lint`]: what is wrong or odd about one document?
//! - [`impact`]: what does the change from one document to another change, and for how many units?
//! - [`wire`]: which objects does a document consist of in the protocol?
//!
//! The first two read the compiled objects that [`flagstaff_core::inspect`] shows, and no text of a flag a second time.

#![forbid(unsafe_code)]

pub mod impact;
pub mod lint;
pub mod wire;
