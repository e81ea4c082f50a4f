//! A copy of what a node serves, as text: what another node needs to serve the same without the database
//!
//! It tells no history, so whoever comes back to such a node is sent everything.

use std::collections::BTreeSet;
use std::sync::Arc;

use flagstaff_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::auth::Keyring;
use crate::object::{Body, ObjectId};
use crate::published::{Identity, Published};
use crate::store::{
    Access, EnvironmentContent, EnvironmentRow, FlagRow, KeyRow, KeyRules, KnownBy, MemberRow,
    Stored,
};
use crate::view::Scope;

/// Everything that a node needs
#[derive(Debug)]
pub struct ServerCopy {
    /// When a node last knew that it had everything
    pub current_at: Timestamp,
    /// All environments
    pub environments: Vec<EnvironmentCopy>,
    /// All keys
    pub access: Access,
}

/// One environment of a copy
#[derive(Debug)]
pub struct EnvironmentCopy {
    /// Which one, of which lineage
    pub identity: Identity,
    /// What is in it
    pub content: EnvironmentContent,
}

/// Text that is no copy, or one of another form
#[derive(Debug, thiserror::Error)]
#[error("the copy cannot be read")]
pub struct Unreadable;

/// Of the form below; a node that has another one makes its own copy
const FORM: u32 = 1;
/// The same of keys and members
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
/// Key, type, version, when it was made and changed
type FlagText = (Arc<str>, Arc<str>, u64, i64, i64);

#[derive(Serialize, Deserialize)]
struct AccessText {
    form: u32,
    version: u64,
    keys: Vec<KeyText>,
    // A node of the release before does not write it.
    #[serde(default)]
    public: BTreeSet<i64>,
    members: Vec<MemberText>,
}

/// Project, what they are known by, name, role, when they were added
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
    rules: KeyRules,
}

/// The copy of an environment
pub(crate) fn write_environment(published: &Published) -> Result<String, Unreadable> {
    let identity = published.identity();
    let objects = published.state().objects(Scope::All);
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
pub(crate) fn read_environment(text: &str) -> Result<EnvironmentCopy, Unreadable> {
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
    let identity = Identity {
        epoch: text.epoch,
        row,
    };
    Ok(EnvironmentCopy { identity, content })
}

/// The copy of all keys
pub(crate) fn write_access(keyring: &Keyring) -> Result<String, Unreadable> {
    let key = |row: &KeyRow| KeyText {
        hash: row.hash.clone(),
        kind: row.kind.name().to_owned(),
        project_id: row.project_id,
        environment_id: row.environment_id,
        name: row.name.clone(),
        hint: row.hint.clone(),
        created_at: row.created_at.as_millis(),
        expires_at: row.expires_at.map(Timestamp::as_millis),
        rules: row.rules.clone(),
    };
    let member = |row: &MemberRow| {
        let (known_by, role) = (row.known_by.as_str().to_owned(), row.role.name().to_owned());
        let made = row.created_at.as_millis();
        (row.project_id, known_by, row.name.clone(), role, made)
    };
    let text = AccessText {
        form: ACCESS_FORM,
        version: keyring.version(),
        keys: keyring.iter().map(|held| key(held.row())).collect(),
        public: keyring.public().clone(),
        members: keyring.members().iter().map(member).collect(),
    };
    serde_json::to_string(&text).map_err(|_| Unreadable)
}

/// Reads the copy of all keys
pub(crate) fn read_access(text: &str) -> Result<Access, Unreadable> {
    let text: AccessText = serde_json::from_str(text).map_err(|_| Unreadable)?;
    if text.form != ACCESS_FORM {
        return Err(Unreadable);
    }
    let row = |key: KeyText| {
        Ok(KeyRow {
            hash: key.hash,
            kind: key.kind.parse().map_err(|_| Unreadable)?,
            project_id: key.project_id,
            environment_id: key.environment_id,
            name: key.name,
            hint: key.hint,
            created_at: Timestamp::from_millis(key.created_at),
            expires_at: key.expires_at.map(Timestamp::from_millis),
            rules: key.rules,
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
        members: text
            .members
            .into_iter()
            .map(member)
            .collect::<Result<_, _>>()?,
    })
}
