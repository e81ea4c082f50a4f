//! How does a document become compiled objects, and why is one of them broken?

pub(crate) mod compile;
pub(crate) mod environment;
pub(crate) mod interner;
pub mod object;
pub(crate) mod schemas;
