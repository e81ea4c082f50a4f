//! Encryption of secrets that are stored outside this process

pub(crate) mod encryption;
pub(crate) mod token;
pub(crate) mod token_encryption;
