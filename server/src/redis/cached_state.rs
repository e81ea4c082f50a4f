//! A copy of what a node serves, as text: everything that another node needs to serve the same without the database
//!
//! It has no history, so a client that reconnects to such a node gets a full transfer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::auth::AccessIndex;
use crate::engine::published::{EnvironmentIdentity, PublishedRevision};
use crate::engine::visibility::Visibility;
use crate::object::{Body, ObjectId};
use crate::store::{
    Access, AttributeSettings, BrowserPolicy, CredentialRow, EnvironmentContent, EnvironmentRow,
    FlagRow, KnownBy, MemberRow, Owner, Stored,
};

/// Everything that a node needs
#[derive(Debug)]
pub struct ServerCache {
    /// When the node that wrote it was last known to be up to date
    pub current_at: Timestamp,
    /// All environments
    pub environments: Vec<EnvironmentCache>,
    /// All keys
    pub access: Access,
}

/// One environment of the copy
#[derive(Debug)]
pub struct EnvironmentCache {
    /// The environment and its epoch
    pub identity: EnvironmentIdentity,
    /// Its content
    pub content: EnvironmentContent,
}

/// A text that is not a copy, or has another format version
#[derive(Debug, thiserror::Error)]
#[error("the copy cannot be read")]
pub struct Unreadable;

/// The format version of an environment; a node with another version writes its own copy
const FORM: u32 = 1;
/// The format version of keys and members
const ACCESS_FORM: u32 = 2;

#[derive(Serialize, Deserialize)]
struct EnvironmentText {
    form: u32,
    epoch: Arc<str>,
    id: i64,
    project_id: i64,
    project: Arc<str>,
    name: Arc<str>,
    revision: u64,
    objects: Vec<ObjectText>,
    entries: Vec<EntryText>,
    flags: Vec<FlagText>,
}

/// Kind, key, version, value
type ObjectText = (String, Arc<str>, u64, Option<Arc<str>>);
/// Kind, key, entry, value
type EntryText = (String, Arc<str>, Arc<str>, Arc<str>);
/// Key, type, version, creation and change time
type FlagText = (Arc<str>, Arc<str>, u64, i64, i64);

#[derive(Serialize, Deserialize)]
struct AccessText {
    form: u32,
    version: u64,
    keys: Vec<KeyText>,
    public: BTreeSet<i64>,
    // Added later: a copy of the release before has none.
    #[serde(default)]
    protected: BTreeSet<i64>,
    #[serde(default)]
    attributes: BTreeMap<i64, AttributeSettings>,
    members: Vec<MemberText>,
}

/// Project, identifier, name, role, time when added
type MemberText = (i64, String, String, String, i64);

#[derive(Serialize, Deserialize)]
struct KeyText {
    hash: String,
    kind: String,
    project_id: Option<i64>,
    environment_id: Option<i64>,
    name: String,
    hint: String,
    created_at: i64,
    expires_at: Option<i64>,
    rules: BrowserPolicy,
    owner: Option<Owner>,
}

/// Writes the copy of an environment
pub(crate) fn write_environment(published: &PublishedRevision) -> Result<String, Unreadable> {
    let identity = published.identity();
    let objects = published.state().objects(Visibility::All);
    let mut text = EnvironmentText {
        form: FORM,
        epoch: Arc::clone(&identity.epoch),
        id: identity.row.id,
        project_id: identity.row.project_id,
        project: Arc::clone(&identity.row.project),
        name: Arc::clone(&identity.row.name),
        revision: published.revision(),
        objects: Vec::with_capacity(objects.len()),
        entries: Vec::new(),
        flags: Vec::with_capacity(published.flags().len()),
    };
    for (id, object) in objects.iter() {
        let kind = || id.kind.as_str().to_owned();
        let key = || Arc::clone(&id.key);
        let value = match &object.body {
            Body::Whole(whole) => Some(Arc::clone(whole.text())),
            Body::List(list) => {
                let entries = list.iter();
                let entries = entries
                    .map(|(entry, value)| (kind(), key(), Arc::clone(entry), Arc::clone(value)));
                text.entries.extend(entries);
                None
            }
        };
        text.objects.push((kind(), key(), object.version, value));
    }
    for row in published.flags().values() {
        let (made, changed) = (row.created_at.as_millis(), row.updated_at.as_millis());
        let (key, value_type) = (Arc::clone(&row.key), Arc::clone(&row.value_type));
        text.flags
            .push((key, value_type, row.version, made, changed));
    }
    serde_json::to_string(&text).map_err(|_| Unreadable)
}

/// Reads the copy of an environment
pub(crate) fn read_environment(text: &str) -> Result<EnvironmentCache, Unreadable> {
    let text: EnvironmentText = serde_json::from_str(text).map_err(|_| Unreadable)?;
    if text.form != FORM {
        return Err(Unreadable);
    }
    let id = |kind: &str, key| {
        let kind = kind.parse().map_err(|_| Unreadable)?;
        Ok::<_, Unreadable>(ObjectId::new(kind, key))
    };
    let mut content = EnvironmentContent {
        revision: text.revision,
        ..EnvironmentContent::default()
    };
    for (kind, key, version, value) in text.objects {
        content
            .objects
            .push((id(&kind, key)?, Stored { version, value }));
    }
    for (kind, key, entry, value) in text.entries {
        content.entries.push((id(&kind, key)?, entry, value));
    }
    let flag = |(key, value_type, version, made, changed)| FlagRow {
        key,
        value_type,
        version,
        created_at: Timestamp::from_millis(made),
        updated_at: Timestamp::from_millis(changed),
    };
    content.flags = text.flags.into_iter().map(flag).collect();
    let row = EnvironmentRow {
        id: text.id,
        project_id: text.project_id,
        project: text.project,
        name: text.name,
    };
    let identity = EnvironmentIdentity {
        epoch: text.epoch,
        row,
    };
    Ok(EnvironmentCache { identity, content })
}

/// Writes the copy of all keys and members
pub(crate) fn write_access(access_index: &AccessIndex) -> Result<String, Unreadable> {
    let key = |row: &CredentialRow| KeyText {
        hash: row.hash.clone(),
        kind: row.kind.name().to_owned(),
        project_id: row.project_id,
        environment_id: row.environment_id,
        name: row.name.clone(),
        hint: row.hint.clone(),
        created_at: row.created_at.as_millis(),
        expires_at: row.expires_at.map(Timestamp::as_millis),
        rules: row.rules.clone(),
        owner: row.owner.clone(),
    };
    let member = |row: &MemberRow| {
        let (known_by, role) = (row.known_by.as_str().to_owned(), row.role.name().to_owned());
        let made = row.created_at.as_millis();
        (row.project_id, known_by, row.name.clone(), role, made)
    };
    let text = AccessText {
        form: ACCESS_FORM,
        version: access_index.version(),
        keys: access_index.iter().map(|held| key(held.row())).collect(),
        public: access_index.public_environments().clone(),
        protected: access_index.protected_environments().clone(),
        attributes: access_index
            .all_attributes()
            .iter()
            .map(|(environment, settings)| (*environment, AttributeSettings::clone(settings)))
            .collect(),
        members: access_index.members().iter().map(member).collect(),
    };
    serde_json::to_string(&text).map_err(|_| Unreadable)
}

/// Reads the copy of all keys and members
pub(crate) fn read_access(text: &str) -> Result<Access, Unreadable> {
    let text: AccessText = serde_json::from_str(text).map_err(|_| Unreadable)?;
    if text.form != ACCESS_FORM {
        return Err(Unreadable);
    }
    let row = |key: KeyText| {
        Ok(CredentialRow {
            hash: key.hash,
            kind: key.kind.parse().map_err(|_| Unreadable)?,
            project_id: key.project_id,
            environment_id: key.environment_id,
            name: key.name,
            hint: key.hint,
            created_at: Timestamp::from_millis(key.created_at),
            expires_at: key.expires_at.map(Timestamp::from_millis),
            rules: key.rules,
            owner: key.owner,
        })
    };
    let member = |(project_id, known_by, name, role, made): MemberText| {
        let is_it = |by: &KnownBy| by.as_str() == known_by;
        Ok(MemberRow {
            project_id,
            known_by: KnownBy::ALL.into_iter().find(is_it).ok_or(Unreadable)?,
            name,
            role: role.parse().map_err(|_| Unreadable)?,
            created_at: Timestamp::from_millis(made),
        })
    };
    Ok(Access {
        version: text.version,
        rows: text.keys.into_iter().map(row).collect::<Result<_, _>>()?,
        public: text.public,
        protected: text.protected,
        attributes: text.attributes,
        members: text
            .members
            .into_iter()
            .map(member)
            .collect::<Result<_, _>>()?,
        // They are looked up in the store when somebody comes with one.
        sessions: Vec::new(),
    })
}
