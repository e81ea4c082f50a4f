//! How SDKs and OFREP clients receive the changes of an environment

pub(crate) mod routes;
pub(crate) mod state;
pub(crate) mod stream;
pub(crate) mod subscription;
pub(crate) mod token;
