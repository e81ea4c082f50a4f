//! Why a client could not be made
//!
//! Evaluation never fails, and network failures are not errors but a [`Status`](crate::Status).

use std::path::PathBuf;

use flagstaff_core::{PathError, SnapshotError};

/// Why a client could not be made
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server's address is not a valid URL
    #[error("`{url}` is not a valid URL: expected one like `https://flags.example.com`")]
    InvalidUrl {
        /// The address
        url: String,
        /// Why it cannot be parsed
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server's URL has another scheme than `http` and `https`, or no host
    #[error("expected an `http://` or `https://` URL with a host, got `{url}`")]
    UnsupportedScheme {
        /// The URL
        url: String,
    },
    /// The SDK key is empty or has characters that are not allowed in an HTTP header; the message does not repeat it
    #[error("the SDK key is empty or has characters that are not allowed in an HTTP header")]
    InvalidKey,
    /// The attribute that is to be the key of users is neither a name nor a JSON pointer
    #[error("the targeting key attribute `{attribute}` is not a name or a JSON pointer")]
    InvalidTargetingKeyAttribute {
        /// The attribute
        attribute: String,
        /// What was expected
        source: PathError,
    },
    /// The file of certificate authorities has no certificate, or one that cannot be read
    #[error("expected certificates in PEM in `{}`", path.display())]
    InvalidCaBundle {
        /// Its path
        path: PathBuf,
    },
    /// The file cannot be read
    #[error("cannot read `{}`", path.display())]
    File {
        /// Its path
        path: PathBuf,
        /// Why it cannot be read
        source: std::io::Error,
    },
    /// The document is refused as a whole
    #[error(transparent)]
    Document(#[from] SnapshotError),
}

/// An error with its causes, on one line
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
