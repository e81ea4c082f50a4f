//! Authentication and authorisation: keys, tokens, members, JSON Web Tokens, signing in, signed contexts

pub mod auth;
pub(crate) mod context_signature;
pub(crate) mod credentials;
pub(crate) mod guards;
pub mod identity;
pub(crate) mod last_use;
pub(crate) mod members;
pub(crate) mod routes;
pub(crate) mod sessions;
pub mod sign_in;
pub(crate) mod signing_secrets;
pub(crate) mod state;
