//! How flags are evaluated over HTTP

pub(crate) mod hints;
pub(crate) mod outcomes;
pub(crate) mod routes;
pub(crate) mod state;
pub(crate) mod summary;
pub(crate) mod visible;
