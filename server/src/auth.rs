//! Who may do what: keys and tokens
//!
//! A *token* is of a person or script and has a role in a project; a *key* is of a program and reads one environment. People may also
//! come with a JWT and be members of projects ([`crate::identity`]). What a request comes with is its [`Grant`].

use std::collections::{BTreeSet, HashMap};
use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::sync::Arc;

use flagstaff_core::Timestamp;
use rand::distr::{Alphanumeric, SampleString as _};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::encryption::{DecryptError, EncryptionKeys};
use crate::store::{Access, KeyRow, MemberRow};

mod grant;

pub use grant::Grant;
pub(crate) use grant::{token, unknown};

/// Random characters of a token: 62^32 of them, about 190 bits
const TOKEN_LENGTH: usize = 32;
/// Characters of a token that are shown afterwards
const HINT_LENGTH: usize = 4;

/// What a key may do
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

    /// Whether its keys are no secret: anybody can read them out of a page
    pub(crate) const fn is_public(self) -> bool {
        matches!(self, Self::Client | Self::ClientLocal)
    }

    /// The role of a name
    pub(crate) fn role(name: &str) -> Option<Self> {
        let roles = Self::ROLES.iter();
        roles.copied().find(|role| role.name() == name)
    }

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

/// Bytes of hexadecimal digits
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: &u8| char::from(*digit).to_digit(16);
    let pairs = text.as_bytes().chunks(2).map(|pair| {
        let [high, low] = pair else { return None };
        u8::try_from((digit(high)? << 4) | digit(low)?).ok()
    });
    pairs.collect()
}

/// A key in service
pub struct Key {
    row: KeyRow,
    id: Arc<str>,
    ended: CancellationToken,
    secrets: Vec<Result<String, DecryptError>>,
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its secrets are nobody's business.
        formatter.debug_tuple("Key").field(&self.row).finish()
    }
}

impl Key {
    /// What is known of it
    pub fn row(&self) -> &KeyRow {
        &self.row
    }

    /// What contexts are signed with, or why it is not known
    pub(crate) fn secrets(&self) -> &[Result<String, DecryptError>] {
        &self.secrets
    }

    /// Whether what it opened may go on now that this is known of it: pages that may no longer use it must ask again
    fn opens_for(&self, row: &KeyRow) -> bool {
        self.row.rules.origins == row.rules.origins
    }
}

/// All keys in service, by hash, and all members, as of one count of changes
#[derive(Debug, Default)]
pub struct Keyring {
    version: u64,
    keys: HashMap<String, Arc<Key>>,
    public: BTreeSet<i64>,
    members: Vec<MemberRow>,
}

impl Keyring {
    /// A keyring of these keys; what was opened by those that `before` has too goes on, where the same pages may use them
    pub fn new(access: Access, before: &Self, encryption_keys: &EncryptionKeys) -> Self {
        let key = |row: KeyRow| {
            let held = before.keys.get(&row.hash);
            let held = held.filter(|key| key.opens_for(&row));
            let ended = held.map(|key| key.ended.clone()).unwrap_or_default();
            let secrets = row.rules.secrets.iter();
            let key = Key {
                id: row.id().into(),
                ended,
                secrets: secrets.map(|it| it.decrypt(encryption_keys)).collect(),
                row,
            };
            (key.row.hash.clone(), Arc::new(key))
        };
        Self {
            version: access.version,
            keys: access.rows.into_iter().map(key).collect(),
            public: access.public,
            members: access.members,
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

    /// Whether there is a key of this hash
    pub(crate) fn has(&self, hash: &str) -> bool {
        self.keys.contains_key(hash)
    }

    /// The members of all projects, the oldest of each first
    pub fn members(&self) -> &[MemberRow] {
        &self.members
    }

    /// Ends what was opened by keys that `after` no longer has, or has for other pages
    pub(crate) fn end_missing(&self, after: &Self) {
        let goes_on = |hash: &String, key: &Key| {
            let held = after.keys.get(hash);
            held.is_some_and(|held| key.opens_for(&held.row))
        };
        for (_, key) in self.keys.iter().filter(|(hash, key)| !goes_on(hash, key)) {
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
