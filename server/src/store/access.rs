//! Who has access

use std::collections::BTreeSet;

use flagstaff_core::Timestamp;

use super::{AuditEntry, Author};
use crate::auth::KeyKind;

/// A key or token as stored: without the token itself
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// SHA-256 of the token, in lower-case hexadecimal digits
    pub hash: String,
    /// What it may do
    pub kind: KeyKind,
    /// Its project; `None` for all of them
    pub project_id: Option<i64>,
    /// Its environment; `None` for all of its project
    pub environment_id: Option<i64>,
    /// What the audit calls its holder
    pub name: String,
    /// The last characters of the token
    pub hint: String,
    /// When it was made
    pub created_at: Timestamp,
    /// When it ends by itself
    pub expires_at: Option<Timestamp>,
}

impl KeyRow {
    /// Hexadecimal digits of an id
    const ID_LENGTH: usize = 16;

    /// What it is called where its hash is nobody's business
    pub fn id(&self) -> &str {
        self.hash.get(..Self::ID_LENGTH).unwrap_or(&self.hash)
    }

    /// Whether it has ended by itself
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// All keys and tokens
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// How often they have been changed
    pub version: u64,
    /// The keys and tokens, the oldest first
    pub rows: Vec<KeyRow>,
    /// The environments of which anybody may have values without a key
    pub public: BTreeSet<i64>,
}

/// A change of who has access: all of it or nothing
#[derive(Debug)]
pub struct AccessChange {
    /// The project that it is audited in
    pub project_id: i64,
    /// The environment that it concerns, if it is one
    pub environment_id: Option<i64>,
    /// Who makes it
    pub author: Author,
    /// The key that is made
    pub made: Option<KeyRow>,
    /// The key that ends, by its hash
    pub ended: Option<(String, End)>,
    /// What the audit says of it
    pub audit: Vec<AuditEntry>,
}

/// How a key ends
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It is gone
    Now,
    /// It still works until then
    At(Timestamp),
}
