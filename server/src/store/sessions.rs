//! Sessions of people who are signed in to the admin UI, and the one-time links that begin one

use std::collections::BTreeMap;

use async_trait::async_trait;
use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AuditEntry, Author, CredentialKind, Owner, StoreError};

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

    /// Ends several sessions, and records each in the audits of its projects; returns how many there were
    ///
    /// `None` if the logout token was used before; nothing is changed then.
    async fn end_sessions(&self, end: SessionsEnd) -> Result<Option<usize>, StoreError>;

    /// When the sessions were last used, by their hashes
    async fn session_uses(&self) -> Result<Vec<(String, Timestamp)>, StoreError>;

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
    /// The browser that began it, as it names itself
    pub user_agent: Option<String>,
}

impl SessionRow {
    /// Hexadecimal digits of an id
    const ID_LENGTH: usize = 16;

    /// The id by which it is named, so that its hash is not shown
    pub fn id(&self) -> &str {
        self.hash.get(..Self::ID_LENGTH).unwrap_or(&self.hash)
    }
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
        /// The identity provider's id of its own session, if it says one
        #[serde(skip_serializing_if = "Option::is_none")]
        sid: Option<String>,
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

    /// How the session began, as the API and the audit say it
    pub(crate) fn signed_in_by(&self) -> &'static str {
        match self {
            Self::Person { .. } => "identityProvider",
            Self::Operator { .. } => "oneTimeLink",
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
    /// The browser that begins it, as it names itself
    pub user_agent: Option<String>,
}

/// The end of several sessions
#[derive(Debug)]
pub struct SessionsEnd {
    /// The sessions
    pub sessions: Vec<EndedSession>,
    /// Who ends them
    pub author: Author,
    /// The logout token of the identity provider that demands it, which can be used once
    pub logout_token: Option<UsedLogoutToken>,
}

/// A session that is ended, and where that is recorded
#[derive(Debug)]
pub struct EndedSession {
    /// The hash of its cookie
    pub hash: String,
    /// The projects in whose audits it is recorded: those in which the session had a role
    pub projects: Vec<i64>,
    /// The audit entry
    pub audit: AuditEntry,
}

/// A logout token that was used
#[derive(Debug)]
pub struct UsedLogoutToken {
    /// The hash of its id
    pub hash: String,
    /// When the token is too old, so that its id need not be remembered
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
