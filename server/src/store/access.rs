//! Keys, tokens and members as stored, and changes to them

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AttributeSettings, AuditEntry, Author, KnownBy, MemberChange, MemberRow, SessionRow};
use crate::crypto::encryption::{DecryptError, EncryptionKeys};
use crate::store::CredentialKind;

/// A key or token as stored: without the token itself
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRow {
    /// SHA-256 of the token, in lower-case hexadecimal digits
    pub hash: String,
    /// Its kind, which decides what it may do
    pub kind: CredentialKind,
    /// Its project; `None` for all of them
    pub project_id: Option<i64>,
    /// Its environment; `None` for all of its project
    pub environment_id: Option<i64>,
    /// The name of its holder in the audit
    pub name: String,
    /// The last characters of the token
    pub hint: String,
    /// When it was created
    pub created_at: Timestamp,
    /// When it expires
    pub expires_at: Option<Timestamp>,
    /// Restrictions for a key that is public
    pub rules: BrowserPolicy,
    /// The person whose personal token it is
    pub owner: Option<Owner>,
}

/// A person who has personal tokens
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The issuer's id: `sub`
    pub subject: String,
    /// The e-mail address that the issuer has verified, in lower case
    pub email: Option<String>,
}

impl Owner {
    /// The name in the audit
    pub(crate) fn actor(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.subject)
    }

    /// Whether a member of a project is this person
    pub(crate) fn is(&self, member: &MemberRow) -> bool {
        match member.known_by {
            KnownBy::Subject => member.name == self.subject,
            KnownBy::Email => Some(&member.name) == self.email.as_ref(),
        }
    }
}

/// What a key that is visible to everybody in a page may be used for
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BrowserPolicy {
    /// The origins of the pages that may use it; `None` for all
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origins: Option<Vec<String>>,
    /// Whether it evaluates only contexts that are signed with one of the secrets
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub signed_contexts: bool,
    /// The secrets with which contexts are signed
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SigningSecret>,
}

/// A secret with which contexts are signed; stored itself and not as a hash, because checking a signature needs it
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningSecret {
    /// The id by which it is named
    pub id: String,
    #[serde(flatten)]
    stored: StoredSecret,
    /// When it was created, in milliseconds since 1970
    pub created_at: i64,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
enum StoredSecret {
    #[serde(rename = "secret")]
    Plain(String),
    #[serde(rename = "encrypted")]
    Encrypted(String),
}

impl SigningSecret {
    /// A secret as a server without encryption keys stores it
    pub fn new(id: String, secret: String, created_at: i64) -> Self {
        Self {
            id,
            stored: StoredSecret::Plain(secret),
            created_at,
        }
    }

    /// The decrypted secret
    pub(crate) fn decrypt(&self, keys: &EncryptionKeys) -> Result<String, DecryptError> {
        match &self.stored {
            StoredSecret::Plain(secret) => Ok(secret.clone()),
            StoredSecret::Encrypted(text) => keys.decrypt_text(&self.purpose(), text),
        }
    }

    /// The same secret, encrypted with the first of the keys; unchanged if it is already, or if there is no key
    pub(crate) fn encrypted(&self, keys: &EncryptionKeys) -> Result<Self, DecryptError> {
        if let StoredSecret::Encrypted(text) = &self.stored
            && keys.is_current(text)
        {
            return Ok(self.clone());
        }
        let encrypted = keys.encrypt_text(&self.purpose(), &self.decrypt(keys)?);
        let stored = encrypted.map_or_else(|| self.stored.clone(), StoredSecret::Encrypted);
        Ok(Self {
            stored,
            ..self.clone()
        })
    }

    fn purpose(&self) -> String {
        format!("signing secret {}", self.id)
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningSecret({})", self.id)
    }
}

impl CredentialRow {
    /// Hexadecimal digits of an id
    const ID_LENGTH: usize = 16;

    /// The id by which it is named, so that its hash is not shown
    pub fn id(&self) -> &str {
        self.hash.get(..Self::ID_LENGTH).unwrap_or(&self.hash)
    }

    /// Whether it has expired
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// All keys, tokens, members and sessions
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Increases with every change
    pub version: u64,
    /// The keys and tokens, oldest first
    pub rows: Vec<CredentialRow>,
    /// The environments whose evaluated values are public, without a key
    pub public: BTreeSet<i64>,
    /// The environments of which every change must state a reason
    pub protected: BTreeSet<i64>,
    /// Which attributes of contexts are recorded in which environment; those that are left out have the default
    pub attributes: BTreeMap<i64, AttributeSettings>,
    /// The members of all projects, oldest first in each
    pub members: Vec<MemberRow>,
    /// The sessions, oldest first
    pub sessions: Vec<SessionRow>,
}

/// A change of keys, tokens or members, all of it or nothing
#[derive(Debug)]
pub struct AccessChange {
    /// The project in whose audit it is recorded
    pub project_id: i64,
    /// The environment that it concerns, if it concerns one
    pub environment_id: Option<i64>,
    /// The author of the change
    pub author: Author,
    /// A key that is created
    pub made: Option<CredentialRow>,
    /// A key that is ended
    pub ended: Option<EndedKey>,
    /// New restrictions of a key
    pub rules: Option<RulesChange>,
    /// A change of a member
    pub member: Option<MemberChange>,
    /// The audit entries
    pub audit: Vec<AuditEntry>,
}

impl AccessChange {
    /// A change of a project's tokens: only the audit entry, to be filled in
    pub(crate) fn of_tokens(project_id: i64, author: Author, audit: AuditEntry) -> Self {
        Self {
            project_id,
            environment_id: None,
            author,
            made: None,
            ended: None,
            rules: None,
            member: None,
            audit: vec![audit],
        }
    }
}

/// The end of a key
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedKey {
    /// The key on which the change was decided. If a key is created in its place, it must be unchanged, since the successor is a copy of
    /// it: otherwise [`StoreError::EndsAlready`](super::StoreError::EndsAlready) or [`StoreError::Changed`](super::StoreError::Changed)
    pub key: CredentialRow,
    /// When it ends
    pub end: End,
}

/// New restrictions of a key
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesChange {
    /// The key's hash
    pub hash: String,
    /// The restrictions before; [`StoreError::Changed`](super::StoreError::Changed) if they differ by now
    pub before: BrowserPolicy,
    /// The restrictions after
    pub after: BrowserPolicy,
}

/// When a key ends
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// At once
    Now,
    /// At this time; until then it works
    At(Timestamp),
}
