//! Sessions of people who are signed in to the admin UI, and the one-time links that begin one

use std::collections::BTreeMap;

use async_trait::async_trait;
use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CredentialKind, Owner, StoreError};

/// The maximum number of sessions of one person; a further one ends the oldest
pub const MAX_SESSIONS: i64 = 20;

/// Persistence of sessions
#[async_trait]
pub trait SessionStore {
    /// Stores a new session, and deletes those that have expired and the oldest of its person beyond [`MAX_SESSIONS`]
    async fn begin_session(&self, session: SessionRow) -> Result<(), StoreError>;

    /// Deletes a link and begins a session of its name; `None` if there is no such link, or it has expired
    async fn exchange_link(
        &self,
        hash: String,
        session: NewLinkSession,
    ) -> Result<Option<SessionRow>, StoreError>;

    /// The session with this hash, if it was not ended
    async fn session(&self, hash: &str) -> Result<Option<SessionRow>, StoreError>;

    /// Deletes a session; returns whether there was one
    async fn end_session(&self, hash: &str) -> Result<bool, StoreError>;

    /// Stores when sessions were last used
    async fn put_session_uses(&self, uses: Vec<(String, Timestamp)>) -> Result<(), StoreError>;

    /// Stores a link, and deletes those that have expired
    async fn create_link(&self, link: LinkRow, now: Timestamp) -> Result<(), StoreError>;
}

/// A session as stored: without the cookie itself
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// SHA-256 of the cookie's value, in lower-case hexadecimal digits
    pub hash: String,
    /// Whose session it is
    pub holder: SessionHolder,
    /// When the person signed in
    pub created_at: Timestamp,
    /// When it was last used, up to about a minute late
    pub used_at: Timestamp,
    /// When it ends however much it is used
    pub expires_at: Timestamp,
    /// The identity provider's ID token, encrypted with the cookie's value
    pub id_token: Option<String>,
}

/// Whose session it is
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SessionHolder {
    /// A person whom the identity provider knows, with the roles that it claimed when they signed in
    Person {
        /// The person
        owner: Owner,
        /// The role in all projects
        everywhere: Option<CredentialKind>,
        /// Roles in single projects, by name
        projects: BTreeMap<String, CredentialKind>,
    },
    /// An operator of the server, who is admin in all projects
    Operator {
        /// The name in the audit
        name: String,
    },
}

impl SessionHolder {
    /// The name in the audit
    pub fn actor(&self) -> &str {
        match self {
            Self::Person { owner, .. } => owner.actor(),
            Self::Operator { name } => name,
        }
    }
}

/// The session that a link begins
#[derive(Debug, Clone)]
pub struct NewLinkSession {
    /// The hash of its cookie
    pub hash: String,
    /// When it begins
    pub created_at: Timestamp,
    /// When it ends
    pub expires_at: Timestamp,
}

/// A one-time link as stored: without its code
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    /// SHA-256 of the code, in lower-case hexadecimal digits
    pub hash: String,
    /// The name of its operator in the audit
    pub name: String,
    /// When it expires
    pub expires_at: Timestamp,
}
