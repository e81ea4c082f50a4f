//! The routes of whole environments

pub(crate) mod compare;
pub(crate) mod document;
pub(crate) mod revisions;
