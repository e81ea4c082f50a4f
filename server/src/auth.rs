//! Who may do what: keys, and the extractors that ask for them
//!
//! 401 means that there is no token or that nobody knows it, 403 that it is a key of the wrong kind.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use sha2::{Digest as _, Sha256};

use crate::api_error::ApiError;
use crate::state::AppState;
use crate::store::KeyRow;

/// What a key may do
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Changes everything in its project
    Admin,
    /// Reads snapshots of one environment, evaluates
    Server,
    /// Gets evaluated values only; safe in a browser
    Client,
    /// Reads snapshots of the flags marked `clientSide`; safe in a browser
    ClientLocal,
}

impl KeyKind {
    /// Every kind
    pub const ALL: [Self; 4] = [Self::Admin, Self::Server, Self::Client, Self::ClientLocal];

    /// The word for it
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Server => "server",
            Self::Client => "client",
            Self::ClientLocal => "client-local",
        }
    }

    /// What a token of this kind begins with when the server makes it
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Admin => "fs_admin_",
            Self::Server => "fs_server_",
            Self::Client => "fs_client_",
            Self::ClientLocal => "fs_local_",
        }
    }
}

/// A text that names no kind of key
#[derive(Debug, thiserror::Error)]
#[error("unknown kind of key")]
pub struct UnknownKeyKind;

impl FromStr for KeyKind {
    type Err = UnknownKeyKind;

    fn from_str(name: &str) -> Result<Self, UnknownKeyKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or(UnknownKeyKind)
    }
}

/// The hash under which a token is known
///
/// Tokens are random and long, so one round without salt is enough; looking the hash up tells nothing of the token by its time.
pub fn hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// Bytes in lower-case hexadecimal digits
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// All keys, by hash
#[derive(Debug, Default)]
pub struct Keyring(HashMap<String, Arc<KeyRow>>);

impl Keyring {
    /// A keyring of these keys
    pub fn new(rows: impl IntoIterator<Item = KeyRow>) -> Self {
        Self(
            rows.into_iter()
                .map(|row| (row.hash.clone(), Arc::new(row)))
                .collect(),
        )
    }

    /// Whether there is a key of this kind
    pub fn has(&self, kind: KeyKind) -> bool {
        self.0.values().any(|row| row.kind == kind)
    }

    fn find(&self, token: &str) -> Option<Arc<KeyRow>> {
        self.0.get(&hash(token)).cloned()
    }
}

/// The key that a request comes with
#[derive(Debug, Clone)]
pub struct Grant(Arc<KeyRow>);

impl Grant {
    /// The kind of the key
    pub fn kind(&self) -> KeyKind {
        self.0.kind
    }

    /// What the audit calls its holder
    pub fn actor(&self) -> Arc<str> {
        self.0.name.as_str().into()
    }

    /// Refuses keys of other kinds
    pub fn require(self, kinds: &'static [KeyKind]) -> Result<Self, ApiError> {
        if kinds.contains(&self.0.kind) {
            Ok(self)
        } else {
            Err(ApiError::WrongKey {
                kind: self.0.kind,
                allowed: kinds,
            })
        }
    }

    /// Whether it is a key of this project
    pub fn belongs_to(&self, project: i64) -> bool {
        self.0.project_id == project
    }

    /// The environment that the key is for; an admin's is for none
    pub fn environment(&self) -> Option<i64> {
        self.0.environment_id
    }
}

impl FromRequestParts<AppState> for Grant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let token = token(parts).ok_or(ApiError::NoToken)?;
        state
            .keyring()
            .find(token)
            .map(Self)
            .ok_or(ApiError::UnknownToken)
    }
}

fn token(parts: &Parts) -> Option<&str> {
    let header = |name| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    match header(AUTHORIZATION.as_str()) {
        Some(value) => {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        }
        None => header("x-api-key"),
    }
}
