//! How a flag of an environment is written, read, and brought back to an earlier state

pub(crate) mod dry_run;
pub(crate) mod edit;
pub(crate) mod flag;
pub(crate) mod note;
pub(crate) mod routes;
pub(crate) mod state;
