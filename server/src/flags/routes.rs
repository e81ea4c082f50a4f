//! The routes of flags

pub(crate) mod changesets;
pub(crate) mod flags;
pub(crate) mod history;
