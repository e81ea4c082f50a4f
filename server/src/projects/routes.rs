//! The routes of projects

pub(crate) mod environments;
pub(crate) mod names;
pub(crate) mod project_flags;
pub(crate) mod settings;
