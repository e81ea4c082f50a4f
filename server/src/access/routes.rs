//! The routes for keys, tokens, members and signing in

pub(crate) mod keys;
pub(crate) mod me;
pub(crate) mod members;
pub(crate) mod provider_logout;
pub(crate) mod sessions;
pub(crate) mod sign_in;
