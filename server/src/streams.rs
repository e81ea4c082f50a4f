//! Streams: SDKs and OFREP clients receive the changes of an environment, and people receive those of a project

pub(crate) mod project_changes;
pub(crate) mod routes;
pub(crate) mod state;
pub(crate) mod stream;
pub(crate) mod subscription;
pub(crate) mod token;
