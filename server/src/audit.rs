//! Who changed what, when and why

pub(crate) mod routes;
