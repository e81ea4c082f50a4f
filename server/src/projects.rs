//! Projects, environments, and the metadata of flags

pub(crate) mod project_flags;
pub(crate) mod routes;
