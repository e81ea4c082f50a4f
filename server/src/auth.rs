//! Who may do what: keys and tokens, and the extractors that ask for them
//!
//! A *token* is of a person or script and has a role in a project; a *key* is of a program and reads one environment. 401 means that
//! there is none or that nobody knows it, 403 that it is of the wrong kind.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use flagstaff_core::Timestamp;
use rand::distr::{Alphanumeric, SampleString as _};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::api_error::ApiError;
use crate::state::AppState;
use crate::store::{Access, KeyRow, Origin};

/// Random characters of a token: 62^32 of them, about 190 bits
const TOKEN_LENGTH: usize = 32;
/// Characters of a token that are shown afterwards
const HINT_LENGTH: usize = 4;

/// What a key may do
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// A token that reads everything in its project but who has access
    Viewer,
    /// A token that also changes flags
    Editor,
    /// A token that also says who has access
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
    pub const ALL: [Self; 6] = [
        Self::Viewer,
        Self::Editor,
        Self::Admin,
        Self::Server,
        Self::Client,
        Self::ClientLocal,
    ];

    /// The roles that a token may have, the least first
    pub const ROLES: &'static [Self] = &[Self::Viewer, Self::Editor, Self::Admin];

    /// What a key of an environment may be
    pub const KEYS: &'static [Self] = &[Self::Server, Self::Client, Self::ClientLocal];

    /// The word for it
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
            Self::Server => "server",
            Self::Client => "client",
            Self::ClientLocal => "client-local",
        }
    }

    /// What a token of this kind begins with when the server makes it
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Viewer => "fs_viewer_",
            Self::Editor => "fs_editor_",
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

/// A new token of a kind
pub(crate) fn draw_token(kind: KeyKind) -> String {
    let random = Alphanumeric.sample_string(&mut rand::rng(), TOKEN_LENGTH);
    format!("{}{random}", kind.prefix())
}

/// What is shown of a token afterwards; nothing of one that is too short to spare it
pub(crate) fn hint(token: &str) -> &str {
    let start = token.len().saturating_sub(HINT_LENGTH);
    let is_long = token.len() >= TOKEN_LENGTH;
    token.get(start..).filter(|_| is_long).unwrap_or_default()
}

/// Bytes in lower-case hexadecimal digits
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A key in service
#[derive(Debug)]
pub struct Key {
    row: KeyRow,
    id: Arc<str>,
    ended: CancellationToken,
}

impl Key {
    /// What is known of it
    pub fn row(&self) -> &KeyRow {
        &self.row
    }
}

/// All keys in service, by hash, as of one count of changes
#[derive(Debug, Default)]
pub struct Keyring {
    version: u64,
    keys: HashMap<String, Arc<Key>>,
    public: BTreeSet<i64>,
}

impl Keyring {
    /// A keyring of these keys; those that `before` has too are the same keys
    pub fn new(access: Access, before: &Self) -> Self {
        let key = |row: KeyRow| {
            let held = before.keys.get(&row.hash);
            let ended = held.map(|key| key.ended.clone()).unwrap_or_default();
            let id = row.id().into();
            (row.hash.clone(), Arc::new(Key { row, id, ended }))
        };
        Self {
            version: access.version,
            keys: access.rows.into_iter().map(key).collect(),
            public: access.public,
        }
    }

    /// The environments of which anybody may have values without a key
    pub fn public(&self) -> &BTreeSet<i64> {
        &self.public
    }

    /// How often access had been changed
    pub fn version(&self) -> u64 {
        self.version
    }

    /// All keys, those that have expired too
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.keys.values()
    }

    /// Ends what was opened by keys that `after` no longer has
    pub(crate) fn end_missing(&self, after: &Self) {
        let is_gone = |(hash, _): &(&String, &Arc<Key>)| !after.keys.contains_key(*hash);
        for (_, key) in self.keys.iter().filter(is_gone) {
            key.ended.cancel();
        }
    }

    /// Ends what was opened by keys that have expired
    pub(crate) fn end_expired(&self, now: Timestamp) {
        for key in self.iter().filter(|key| key.row.has_expired(now)) {
            key.ended.cancel();
        }
    }

    fn find(&self, token: &str, now: Timestamp) -> Option<Arc<Key>> {
        let key = self.keys.get(&hash(token))?;
        (!key.row.has_expired(now)).then(|| Arc::clone(key))
    }
}

/// The key that a request comes with, and where the request came from
#[derive(Debug, Clone)]
pub struct Grant {
    key: Arc<Key>,
    origin: Origin,
}

impl Grant {
    /// What a key grants
    pub(crate) fn of(key: Arc<Key>) -> Self {
        Self {
            key,
            origin: Origin::default(),
        }
    }

    /// The key
    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Where the request came from
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The kind of the key
    pub fn kind(&self) -> KeyKind {
        self.key.row.kind
    }

    /// What the audit calls its holder
    pub fn actor(&self) -> Arc<str> {
        self.key.row.name.as_str().into()
    }

    /// Under which name its requests are counted
    pub(crate) fn payer(&self) -> Arc<str> {
        Arc::clone(&self.key.id)
    }

    /// Counts a request that it comes with, and refuses one too many
    pub(crate) fn admit(self, parts: &Parts, state: &AppState) -> Result<Self, ApiError> {
        state.limiter().admit(&self, parts)?;
        Ok(self)
    }

    /// Refuses keys of other kinds
    pub fn require(self, kinds: &'static [KeyKind]) -> Result<Self, ApiError> {
        if kinds.contains(&self.kind()) {
            Ok(self)
        } else {
            Err(ApiError::WrongKey {
                kind: self.kind(),
                allowed: kinds,
            })
        }
    }

    /// Whether it is a key of this project
    pub fn belongs_to(&self, project: i64) -> bool {
        self.key.row.project_id.is_none_or(|own| own == project)
    }

    /// Whether it is a token for all projects
    pub fn is_for_all_projects(&self) -> bool {
        self.key.row.project_id.is_none()
    }

    /// The environment that the key is for; a token is for none
    pub fn environment(&self) -> Option<i64> {
        self.key.row.environment_id
    }

    /// Cancelled when the key is revoked or expires: what it opened ends
    pub fn ended(&self) -> &CancellationToken {
        &self.key.ended
    }
}

impl Grant {
    /// Who asks, if they are known, without counting that they do: for what comes before the route, which counts
    pub(crate) fn known(parts: &Parts, state: &AppState) -> Option<Self> {
        let key = state.keyring().find(token(parts)?, state.now())?;
        let origin = parts.extensions.get().cloned().unwrap_or_default();
        Some(Self { key, origin })
    }
}

impl FromRequestParts<AppState> for Grant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let token = token(parts).ok_or(ApiError::NoToken)?;
        let key = state.keyring().find(token, state.now());
        let origin = parts.extensions.get().cloned().unwrap_or_default();
        match key {
            Some(key) => Self { key, origin }.admit(parts, state),
            None => Err(unknown(parts, state)),
        }
    }
}

/// The answer to a token that nobody knows, which is counted
pub(crate) fn unknown(parts: &Parts, state: &AppState) -> ApiError {
    let counted = state.limiter().failure(&parts.extensions);
    counted.err().unwrap_or(ApiError::UnknownToken)
}

/// The token that a request comes with, in either header
pub(crate) fn token(parts: &Parts) -> Option<&str> {
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
