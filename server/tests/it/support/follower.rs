//! A client of the stream: core's replica, and beside it a plain copy of the objects as the events tell them

use std::collections::BTreeMap;

use flagstaff_analysis::wire::{WireObject, join};
use flagstaff_core::object::ObjectKind;
use flagstaff_core::{Replica, ReplicaError, SnapshotUpdate, TransferProgress};
use serde_json::{Map, Value, json};

/// An event off the wire
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) data: String,
    pub(crate) id: Option<String>,
}

impl Event {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

/// The events of a piece of a stream; for bytes that are known to end with an event
pub(crate) fn events(bytes: &[u8]) -> Vec<Event> {
    let text = std::str::from_utf8(bytes).unwrap();
    let event = |block: &str| {
        let field = |name: &str| {
            block
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .map(str::to_owned)
        };
        Some(Event {
            name: field("event: ")?,
            data: field("data: ")?,
            id: field("id: "),
        })
    };
    text.split("\n\n").filter_map(event).collect()
}

/// Follows one scope of one environment
#[derive(Debug, Default)]
pub(crate) struct Follower {
    pub(crate) replica: Replica,
    pub(crate) intents: Vec<String>,
    committed: BTreeMap<(String, String), Value>,
    pending: BTreeMap<(String, String), Value>,
}

impl Follower {
    pub(crate) fn cursor(&self) -> Option<String> {
        self.replica.cursor().map(str::to_owned)
    }

    /// Begins a connection: what was half received is dropped
    pub(crate) fn connected(&mut self) {
        self.replica.begin_connection();
        self.pending = self.committed.clone();
    }

    /// Takes one event, in both copies
    pub(crate) fn take(&mut self, event: &Event) -> Result<Option<SnapshotUpdate>, ReplicaError> {
        self.copy(event);
        match self
            .replica
            .apply_event(&event.name, &event.data, event.id.as_deref())?
        {
            TransferProgress::Committed(commit) => Ok(Some(commit)),
            _ => Ok(None),
        }
    }

    /// Takes a whole transfer
    pub(crate) fn take_all(&mut self, bytes: &[u8]) -> Result<(), ReplicaError> {
        events(bytes)
            .iter()
            .try_for_each(|event| self.take(event).map(drop))
    }

    fn copy(&mut self, event: &Event) {
        let data = event.json();
        let id = (
            data["kind"].as_str().unwrap_or_default().to_owned(),
            data["key"].as_str().unwrap_or_default().to_owned(),
        );
        let entry = data["entry"].as_str().unwrap_or_default().to_owned();
        match event.name.as_str() {
            "server-intent" => {
                self.intents
                    .push(data["intent"].as_str().unwrap().to_owned());
                let is_full = data["intent"] == "xfer-full";
                self.pending = if is_full {
                    BTreeMap::new()
                } else {
                    self.committed.clone()
                };
            }
            "put-object" => drop(self.pending.insert(id, data["object"].clone())),
            "delete-object" => drop(self.pending.remove(&id)),
            "put-entry" => {
                let list = self.pending.entry(id).or_insert_with(|| json!({}));
                list.as_object_mut()
                    .unwrap()
                    .insert(entry, data["value"].clone());
            }
            "delete-entry" => {
                self.pending
                    .get_mut(&id)
                    .and_then(Value::as_object_mut)
                    .and_then(|list| list.remove(&entry))
                    .unwrap();
            }
            "payload-transferred" => self.committed = self.pending.clone(),
            _ => {}
        }
    }

    /// The document that the objects received make
    pub(crate) fn document(&self) -> Value {
        let objects = self.committed.iter().map(|((kind, key), value)| {
            let kind: ObjectKind = kind.parse().unwrap();
            WireObject {
                kind,
                key: key.clone(),
                value: value.clone(),
            }
        });
        let snapshot = self.replica.snapshot();
        join(snapshot.environment(), snapshot.revision(), objects)
    }

    /// The flags received
    pub(crate) fn flags(&self) -> Vec<String> {
        let flags = self.document()["flags"]
            .as_object()
            .cloned()
            .unwrap_or_else(Map::new);
        flags.keys().cloned().collect()
    }
}
