//! The audit: who changed what, when and why

pub(crate) mod routes;
