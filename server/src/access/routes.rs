//! The routes for keys, tokens and members

pub(crate) mod keys;
pub(crate) mod me;
pub(crate) mod members;
