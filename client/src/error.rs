//! What can go wrong before a client exists
//!
//! Evaluation never fails, and what goes wrong on the network later is not an error but a [`Status`](crate::Status).

use std::path::PathBuf;

use flagstaff_core::SnapshotError;

/// Why a client could not be made
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The address of the server is no URL
    #[error("`{url}` is no URL")]
    Url {
        /// What was given
        url: String,
        /// What is wrong with it
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The address of the server is not one of HTTP
    #[error("expected an `http` or `https` URL with a host, got `{url}`")]
    Scheme {
        /// What was given
        url: String,
    },
    /// The key is empty or has characters that no header can carry; it is not repeated here
    #[error("the key is empty or has characters that no HTTP header can carry")]
    Key,
    /// A file that cannot be read
    #[error("cannot read `{}`", path.display())]
    File {
        /// Which one
        path: PathBuf,
        /// Why
        source: std::io::Error,
    },
    /// A document that is refused whole
    #[error(transparent)]
    Document(#[from] SnapshotError),
}
