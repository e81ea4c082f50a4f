//! How an environment is exported, replaced, compared and copied as a whole

pub mod notation;
pub(crate) mod routes;
