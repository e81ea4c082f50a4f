//! The events of the stream (protocol.md, §2) as bytes, rendered once per state and shared by all connections

use std::sync::Arc;

use bytes::Bytes;
use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::object::{Body, Object, ObjectId, Objects};

/// Up to this number, changes of a list are sent one by one, however short the list is
const SINGLE: usize = 64;

/// The kind of transfer, sent in the first event of a connection
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// A full transfer, and its reason
    Full(&'static str),
    /// The changes since the cursor
    Changes,
    /// Nothing: the cursor is current
    Nothing,
}

/// The state at the end of a transfer
#[derive(Debug, Clone, Copy)]
pub(crate) struct Commit<'a> {
    pub(crate) cursor: &'a str,
    pub(crate) environment: &'a str,
    pub(crate) revision: u64,
    pub(crate) hash: u64,
}

/// The event `server-intent`
pub(crate) fn intent(intent: Intent) -> Bytes {
    let (intent, reason) = match intent {
        Intent::Full(reason) => ("xfer-full", reason),
        Intent::Changes => ("xfer-changes", "the cursor is known"),
        Intent::Nothing => ("none", "the cursor is current"),
    };
    let mut events = Events::default();
    events.write("server-intent", &IntentData { intent, reason });
    events.0.into()
}

/// The event `goodbye`
pub(crate) fn goodbye(reason: &str, retry_after_ms: u64) -> Bytes {
    let mut events = Events::default();
    events.write(
        "goodbye",
        &GoodbyeData {
            reason,
            retry_after_ms,
        },
    );
    events.0.into()
}

/// OFREP's event `message`, which says that values may have changed
pub(crate) fn notice(cursor: &str) -> Bytes {
    let mut events = Events::default();
    events.id(cursor);
    events.write(
        "message",
        &NoticeData {
            r#type: "refetchEvaluation",
            etag: cursor,
        },
    );
    events.0.into()
}

/// Every object, then the commit
pub(crate) fn full(objects: &Objects, commit: Commit<'_>) -> Bytes {
    let mut events = Events::default();
    for (id, object) in objects.iter() {
        events.put_object(id, object);
    }
    events.commit(commit);
    events.0.into()
}

/// The changes from `from` to `to`, then the commit
pub(crate) fn delta(from: &Objects, to: &Objects, commit: Commit<'_>) -> Bytes {
    let mut events = Events::default();
    for item in from.map().diff(to.map()) {
        match item {
            DiffItem::Add(id, object) => events.put_object(id, object),
            // Deleted, or no longer visible to this key: the version only has to be greater than the client's.
            DiffItem::Remove(id, _) => events.delete_object(id, commit.revision),
            DiffItem::Update {
                old: (_, old),
                new: (id, new),
            } => match (&old.body, &new.body) {
                (Body::List(old), Body::List(entries)) => {
                    events.change_list(id, new.version, old, entries);
                }
                _ => events.put_object(id, new),
            },
        }
    }
    events.commit(commit);
    events.0.into()
}

#[derive(Serialize)]
struct NoticeData<'a> {
    r#type: &'a str,
    etag: &'a str,
}

#[derive(Serialize)]
struct IntentData<'a> {
    intent: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GoodbyeData<'a> {
    reason: &'a str,
    retry_after_ms: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CommitData<'a> {
    schema_version: u64,
    environment: &'a str,
    revision: u64,
    hash: String,
}

#[derive(Serialize)]
struct ObjectData<'a> {
    kind: &'a str,
    key: &'a str,
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct EntryData<'a> {
    kind: &'a str,
    key: &'a str,
    version: u64,
    entry: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a RawValue>,
}

/// A list as a JSON object whose values are JSON texts
struct ListData<'a>(&'a OrdMap<Arc<str>, Arc<str>>);

impl Serialize for ListData<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(entry, value)| (entry, raw(value))))
    }
}

/// A sequence of events
#[derive(Default)]
struct Events(Vec<u8>);

impl Events {
    fn put_object(&mut self, id: &ObjectId, object: &Object) {
        let list;
        let text: &str = match &object.body {
            Body::Whole(whole) => whole.text(),
            Body::List(entries) => {
                list = serde_json::to_string(&ListData(entries)).unwrap_or_default();
                &list
            }
        };
        let data = ObjectData {
            kind: id.kind.as_str(),
            key: &id.key,
            version: object.version,
            object: raw(text),
        };
        self.write("put-object", &data);
    }

    fn delete_object(&mut self, id: &ObjectId, version: u64) {
        self.write(
            "delete-object",
            &ObjectData {
                kind: id.kind.as_str(),
                key: &id.key,
                version,
                object: None,
            },
        );
    }

    fn change_list(
        &mut self,
        id: &ObjectId,
        version: u64,
        old: &OrdMap<Arc<str>, Arc<str>>,
        new: &OrdMap<Arc<str>, Arc<str>>,
    ) {
        // One event is about as long as four entries of a list.
        let most = SINGLE.max(new.len() / 4);
        if old.diff(new).nth(most).is_some() {
            let body = Body::List(new.clone());
            return self.put_object(id, &Object { version, body });
        }
        let mut is_told = false;
        for item in old.diff(new) {
            is_told = true;
            match item {
                DiffItem::Add(entry, value)
                | DiffItem::Update {
                    new: (entry, value),
                    ..
                } => self.entry(id, version, entry, Some(value)),
                DiffItem::Remove(entry, _) => self.entry(id, version, entry, None),
            }
        }
        if is_told {
            return;
        }
        // Changed and changed back: the client still needs the new version, and any entry carries it.
        match new.get_min() {
            Some((entry, value)) => self.entry(id, version, entry, Some(value)),
            None => self.put_object(
                id,
                &Object {
                    version,
                    body: Body::List(OrdMap::new()),
                },
            ),
        }
    }

    fn entry(&mut self, id: &ObjectId, version: u64, entry: &str, value: Option<&Arc<str>>) {
        let event = if value.is_some() {
            "put-entry"
        } else {
            "delete-entry"
        };
        let value = value.and_then(|value| raw(value));
        self.write(
            event,
            &EntryData {
                kind: id.kind.as_str(),
                key: &id.key,
                version,
                entry,
                value,
            },
        );
    }

    fn commit(&mut self, commit: Commit<'_>) {
        // The only event with an id: after an interruption the client resumes from the last commit (PR-7).
        self.id(commit.cursor);
        let data = CommitData {
            schema_version: flagstaff_core::SCHEMA_VERSION,
            environment: commit.environment,
            revision: commit.revision,
            hash: format!("{:016x}", commit.hash),
        };
        self.write("payload-transferred", &data);
    }

    fn id(&mut self, cursor: &str) {
        self.0.extend_from_slice(b"id: ");
        self.0.extend_from_slice(cursor.as_bytes());
        self.0.push(b'\n');
    }

    /// Writes one event; JSON text has no line breaks, so its data is one line
    fn write(&mut self, event: &str, data: &impl Serialize) {
        self.0.extend_from_slice(b"event: ");
        self.0.extend_from_slice(event.as_bytes());
        self.0.extend_from_slice(b"\ndata: ");
        // Writing to a vector cannot fail, and serialising these types cannot either.
        let _ = serde_json::to_writer(&mut self.0, data);
        self.0.extend_from_slice(b"\n\n");
    }
}

/// Canonical JSON text as a raw value
fn raw(text: &str) -> Option<&RawValue> {
    serde_json::from_str(text).ok()
}
