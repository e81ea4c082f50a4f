//! How does a snapshot follow the events of a server?

pub(crate) mod replica;
pub(crate) mod succession;
