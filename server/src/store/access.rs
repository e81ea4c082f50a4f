//! Who has access

use std::collections::BTreeSet;
use std::fmt;

use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AuditEntry, Author, MemberChange, MemberRow};
use crate::auth::KeyKind;
use crate::encryption::{DecryptError, EncryptionKeys};

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
    /// What it may be used for where anybody can read it
    pub rules: KeyRules,
}

/// What a key that anybody can read out of a page may be used for
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyRules {
    /// The pages that may use it, by their origins; `None` for all
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origins: Option<Vec<String>>,
    /// Whether it evaluates only contexts that are signed with one of the secrets
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub signed_contexts: bool,
    /// What contexts are signed with
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SigningSecret>,
}

/// What contexts are signed with; not hashed, since a signature can be checked with nothing less
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningSecret {
    /// What it is called where it is not shown
    pub id: String,
    #[serde(flatten)]
    stored: StoredSecret,
    /// When it was made, in milliseconds since 1970
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
    /// A secret of this id, made then, as it is stored by a server without encryption keys
    pub fn new(id: String, secret: String, created_at: i64) -> Self {
        Self {
            id,
            stored: StoredSecret::Plain(secret),
            created_at,
        }
    }

    /// The secret itself
    pub(crate) fn decrypt(&self, keys: &EncryptionKeys) -> Result<String, DecryptError> {
        match &self.stored {
            StoredSecret::Plain(secret) => Ok(secret.clone()),
            StoredSecret::Encrypted(text) => keys.decrypt_text(&self.purpose(), text),
        }
    }

    /// The same secret encrypted with the first of the keys; as it is, if it is that already or there is none
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

/// All keys, tokens and members
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// How often they have been changed
    pub version: u64,
    /// The keys and tokens, the oldest first
    pub rows: Vec<KeyRow>,
    /// The environments of which anybody may have values without a key
    pub public: BTreeSet<i64>,
    /// The members of all projects, the oldest of each first
    pub members: Vec<MemberRow>,
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
    /// The key that ends
    pub ended: Option<EndedKey>,
    /// Other rules for a key
    pub rules: Option<RulesChange>,
    /// Who is a member from now on, or no longer
    pub member: Option<MemberChange>,
    /// What the audit says of it
    pub audit: Vec<AuditEntry>,
}

impl AccessChange {
    /// Of the tokens of a project: nothing yet, and what the audit says of it
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
    /// The key as the change was decided on. With a key that is made in its place it must still be so, or the heir would not be like
    /// it: [`StoreError::EndsAlready`](super::StoreError::EndsAlready) or [`StoreError::Changed`](super::StoreError::Changed) if it is not
    pub key: KeyRow,
    /// How it ends
    pub end: End,
}

/// Other rules for a key
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesChange {
    /// The key's hash
    pub hash: String,
    /// What they are; [`StoreError::Changed`](super::StoreError::Changed) if they are not
    pub before: KeyRules,
    /// What they will be
    pub after: KeyRules,
}

/// How a key ends
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It is gone
    Now,
    /// It still works until then
    At(Timestamp),
}
