//! Keys, tokens and their rights
//!
//! A *token* belongs to a person or script and has a role in a project; a *key* belongs to a program and reads one environment. People may
//! also authenticate with a JWT and be members of projects ([`crate::access::identity`]). The caller of a request is a [`Principal`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use flagstaff_core::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::access::last_use::LastUse;
use crate::access::sessions::Session;
use crate::crypto::encryption::{DecryptError, EncryptionKeys};
pub use crate::crypto::token::hash;
pub use crate::store::CredentialKind;
use crate::store::{
    Access, AttributeSettings, BrowserPolicy, CredentialRow, MemberRow, SessionRow,
};

mod principal;

pub use principal::Principal;
pub(crate) use principal::{bearer_or_cookie, unknown};

/// A key or token and what belongs to it
pub struct Key {
    row: CredentialRow,
    id: Arc<str>,
    ended: CancellationToken,
    secrets: Vec<Result<String, DecryptError>>,
    last_use: Arc<LastUse>,
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without its secrets.
        formatter.debug_tuple("Key").field(&self.row).finish()
    }
}

impl Key {
    /// The stored row
    pub fn row(&self) -> &CredentialRow {
        &self.row
    }

    /// The secrets with which contexts are signed, or why one cannot be decrypted
    pub(crate) fn secrets(&self) -> &[Result<String, DecryptError>] {
        &self.secrets
    }

    /// When it was last used
    pub(crate) fn last_use(&self) -> &LastUse {
        &self.last_use
    }

    /// A key without a token, for an operator who has access to the database itself
    fn of_operator(name: &str, now: Timestamp) -> Self {
        let row = CredentialRow {
            hash: String::new(),
            kind: CredentialKind::Admin,
            project_id: None,
            environment_id: None,
            name: name.to_owned(),
            hint: String::new(),
            created_at: now,
            expires_at: None,
            rules: BrowserPolicy::default(),
            owner: None,
        };
        Self {
            id: row.id().into(),
            ended: CancellationToken::new(),
            secrets: Vec::new(),
            last_use: Arc::default(),
            row,
        }
    }

    /// The rights of an operator who is signed in; the audit names them `name`
    fn of_session(name: &str, session: &Session) -> Self {
        let row = session.row();
        let operator = Self::of_operator(name, row.created_at);
        let row = CredentialRow {
            hash: row.hash.clone(),
            ..operator.row
        };
        Self {
            id: row.id().into(),
            ended: session.ended().clone(),
            row,
            ..operator
        }
    }

    /// Whether streams that it opened may continue after it changed to `row`; pages that may no longer use it must reconnect
    fn opens_for(&self, row: &CredentialRow) -> bool {
        self.row.rules.origins == row.rules.origins
    }
}

/// All keys and sessions by hash, and all members, at one version of access
#[derive(Debug, Default)]
pub struct AccessIndex {
    version: u64,
    keys: HashMap<String, Arc<Key>>,
    public: BTreeSet<i64>,
    protected: BTreeSet<i64>,
    attributes: BTreeMap<i64, Arc<AttributeSettings>>,
    members: Vec<MemberRow>,
    sessions: HashMap<String, Arc<Session>>,
}

impl AccessIndex {
    /// Builds the index; streams of keys that `before` contains too stay open if the same pages may use them
    pub fn new(access: Access, before: &Self, encryption_keys: &EncryptionKeys) -> Self {
        let members = access.members;
        let key = |row: CredentialRow| {
            let row = limited(row, &members);
            let held = before.keys.get(&row.hash);
            let last_use = held.map(|key| Arc::clone(&key.last_use));
            let held = held.filter(|key| key.opens_for(&row));
            let ended = held.map(|key| key.ended.clone()).unwrap_or_default();
            let secrets = row.rules.secrets.iter();
            let key = Key {
                id: row.id().into(),
                ended,
                secrets: secrets.map(|it| it.decrypt(encryption_keys)).collect(),
                last_use: last_use.unwrap_or_default(),
                row,
            };
            (key.row.hash.clone(), Arc::new(key))
        };
        let session = |row: SessionRow| {
            let hash = row.hash.clone();
            let held = before.sessions.get(&hash);
            (hash, Arc::new(Session::new(row, held)))
        };
        Self {
            version: access.version,
            keys: access.rows.into_iter().map(key).collect(),
            public: access.public,
            protected: access.protected,
            attributes: access
                .attributes
                .into_iter()
                .map(|(environment, settings)| (environment, Arc::new(settings)))
                .collect(),
            sessions: access.sessions.into_iter().map(session).collect(),
            members,
        }
    }

    /// The environments whose evaluated values are public
    pub fn public_environments(&self) -> &BTreeSet<i64> {
        &self.public
    }

    /// The environments of which every change must state a reason
    pub fn protected_environments(&self) -> &BTreeSet<i64> {
        &self.protected
    }

    /// Which attributes of contexts are recorded in an environment; `None` if that was never set
    pub fn attributes(&self, environment: i64) -> Option<&Arc<AttributeSettings>> {
        self.attributes.get(&environment)
    }

    /// [`Self::attributes`] of all environments
    pub(crate) fn all_attributes(&self) -> &BTreeMap<i64, Arc<AttributeSettings>> {
        &self.attributes
    }

    /// The version of access
    pub fn version(&self) -> u64 {
        self.version
    }

    /// All keys, including expired ones
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.keys.values()
    }

    /// The key with this hash
    pub(crate) fn get(&self, hash: &str) -> Option<&Arc<Key>> {
        self.keys.get(hash)
    }

    /// Whether there is a key with this hash
    pub(crate) fn has(&self, hash: &str) -> bool {
        self.keys.contains_key(hash)
    }

    /// The members of all projects, oldest first in each
    pub fn members(&self) -> &[MemberRow] {
        &self.members
    }

    /// The session with this hash
    pub(crate) fn session(&self, hash: &str) -> Option<&Arc<Session>> {
        self.sessions.get(hash)
    }

    /// All sessions, including expired ones
    pub(crate) fn sessions(&self) -> impl Iterator<Item = &Arc<Session>> {
        self.sessions.values()
    }

    /// Closes what was opened by keys and sessions that `after` does not contain, and by keys that it allows for other pages
    pub(crate) fn close_revoked(&self, after: &Self) {
        let goes_on = |hash: &String, key: &Key| {
            let held = after.keys.get(hash);
            held.is_some_and(|held| key.opens_for(&held.row))
        };
        for (_, key) in self.keys.iter().filter(|(hash, key)| !goes_on(hash, key)) {
            key.ended.cancel();
        }
        let sessions = self.sessions.iter();
        for (_, session) in sessions.filter(|(hash, _)| !after.sessions.contains_key(*hash)) {
            session.ended().cancel();
        }
    }

    /// Closes what was opened by keys and sessions that have expired
    pub(crate) fn end_expired(&self, now: Timestamp) {
        for key in self.iter().filter(|key| key.row.has_expired(now)) {
            key.ended.cancel();
        }
        for session in self.sessions().filter(|it| it.row().expires_at <= now) {
            session.ended().cancel();
        }
    }

    fn find(&self, token: &str, now: Timestamp) -> Option<Arc<Key>> {
        let key = self.keys.get(&hash(token))?;
        (!key.row.has_expired(now)).then(|| Arc::clone(key))
    }
}

/// A personal token with at most the role that its owner has as a member; the address decides only if the issuer's id does not
fn limited(mut row: CredentialRow, members: &[MemberRow]) -> CredentialRow {
    let own = |member: &&MemberRow| {
        let owner = row.owner.as_ref();
        Some(member.project_id) == row.project_id && owner.is_some_and(|owner| owner.is(member))
    };
    let member = members
        .iter()
        .filter(own)
        .min_by_key(|member| member.known_by);
    if let Some(role) = member.map(|member| member.role) {
        row.kind = row.kind.min(role);
    }
    row
}
