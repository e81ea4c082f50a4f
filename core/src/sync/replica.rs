//! How is a delta applied? The receiving half of the protocol, which turns events into snapshots
//!
//! `docs/spec/protocol.md` is normative. Events change a copy of the objects (`document/environment.rs` stores each one), and
//! `payload-transferred` links the copy into the next snapshot, if its hash is the expected one. A replica does no I/O: an SDK opens the
//! stream, passes each event to it and serves the snapshot of the last commit. A transfer that fails leaves that snapshot in use.

use std::borrow::Cow;
use std::sync::Arc;

use crate::document::compile::CompileSession;
use crate::document::environment::CompiledObjects;
use crate::document::schemas::{self, ObjectSchema};
use crate::error::SnapshotError;
use crate::json::names::Name;
use crate::json::{Cursor, Json, JsonError, place};
use crate::snapshot::Snapshot;

/// A copy of an environment that follows the server's
#[derive(Debug, Default)]
pub struct Replica {
    // The state after the events since the last commit; `None` between transfers.
    pending: Option<CompiledObjects>,
    // What the objects of one transfer share.
    session: CompileSession,
    snapshot: Arc<Snapshot>,
    cursor: Option<String>,
}

/// The effect of an event
#[derive(Debug, Clone, PartialEq)]
pub enum TransferProgress {
    /// The event is part of a transfer that is not complete
    Pending,
    /// The type of the event is unknown
    Ignored,
    /// The replica is up to date
    Current,
    /// A transfer is complete: serve the new snapshot
    Committed(SnapshotUpdate),
    /// The server cancelled the transfer; the state of the last commit stays in use
    Discarded {
        /// The server's reason
        reason: String,
    },
    /// The server is about to close the stream
    Goodbye {
        /// The server's reason
        reason: String,
        /// When to reconnect, in milliseconds
        retry_after_ms: Option<u64>,
    },
}

/// A new state
#[derive(Debug, Clone)]
pub struct SnapshotUpdate {
    /// The state
    pub snapshot: Arc<Snapshot>,
    /// The flags whose outcome may have changed, by key
    pub changed: Vec<Arc<str>>,
}

impl PartialEq for SnapshotUpdate {
    /// Whether both have the same snapshot, and not only equal ones
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.snapshot, &other.snapshot) && self.changed == other.changed
    }
}

/// Why an event could not be applied: reconnect; the cursor has been deleted, so that the next transfer is a full one
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplicaError {
    /// An event that the replica knows has data that it cannot read
    #[error("the event `{event}` cannot be read: {cause}")]
    Data {
        /// The event's name
        event: String,
        /// What is wrong with it; the message contains it, so it is not the `source`
        cause: JsonError,
    },
    /// The state after the events is not the server's
    #[error("the state hash is {found}, but the server has {expected}")]
    Hash {
        /// The server's hash
        expected: String,
        /// The hash of the objects received
        found: String,
    },
    /// A newer version of the protocol than this build knows
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

impl Replica {
    /// An empty replica
    pub fn new() -> Self {
        Self::default()
    }

    /// The state of the last commit
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot)
    }

    /// The state of the last commit, borrowed
    pub fn current(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Names the last commit to the server; send it as `Last-Event-ID`
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Begins a new connection: discards the incomplete transfer of the last one
    pub fn begin_connection(&mut self) {
        self.pending = None;
    }

    /// Replaces everything by a document: a file, or the response of the snapshot endpoint
    ///
    /// A document that is refused changes nothing. The next stream begins with a full transfer.
    pub fn load_document(&mut self, document: &str) -> Result<SnapshotUpdate, SnapshotError> {
        let environment = CompiledObjects::from_json(document)?;
        self.pending = None;
        self.cursor = None;
        Ok(self.commit(environment))
    }

    /// Applies one event of the stream; `id` is the event's own, not the stream's last one
    pub fn apply_event(
        &mut self,
        name: &str,
        data: &str,
        id: Option<&str>,
    ) -> Result<TransferProgress, ReplicaError> {
        let result = self.apply(name, data, id);
        if result.is_err() {
            self.pending = None;
            self.cursor = None;
        }
        result
    }

    fn apply(
        &mut self,
        name: &str,
        data: &str,
        id: Option<&str>,
    ) -> Result<TransferProgress, ReplicaError> {
        match name {
            "server-intent" => {
                let intent = self.read(name, data, &schemas::SERVER_INTENT)?;
                match &*intent.text(Name::Intent) {
                    "none" => return Ok(TransferProgress::Current),
                    "xfer-full" => self.pending = Some(CompiledObjects::default()),
                    _ => self.pending = Some(self.snapshot.source().clone()),
                }
                Ok(TransferProgress::Pending)
            }
            "put-object" => {
                let mut session = std::mem::take(&mut self.session);
                let result = self.put_object(data, &mut session);
                self.session = session;
                result
                    .map(|()| TransferProgress::Pending)
                    .map_err(|cause| unreadable(name, cause))
            }
            "delete-object" => {
                let (kind, key, version) = self.read(name, data, &schemas::DELETE_OBJECT)?.object();
                self.pending().delete(&kind, &key, version);
                Ok(TransferProgress::Pending)
            }
            "put-entry" | "delete-entry" => {
                let change = self.read(name, data, &schemas::CHANGE_ENTRY)?;
                let (kind, key, version) = change.object();
                let entry = change.text(Name::Entry);
                let value = change.0.present(Name::Value);
                let value = value.map(Json::value).unwrap_or_default();
                let value = (name == "put-entry").then_some(&value);
                self.pending()
                    .put_entry(&kind, &key, version, (&entry, value));
                Ok(TransferProgress::Pending)
            }
            "payload-transferred" => {
                let transferred = self.read(name, data, &schemas::PAYLOAD_TRANSFERRED)?;
                let transferred = Transferred {
                    schema_version: transferred.whole(Name::SchemaVersion).unwrap_or_default(),
                    environment: transferred.text(Name::Environment),
                    revision: transferred.whole(Name::Revision).unwrap_or_default(),
                    hash: transferred.text(Name::Hash),
                };
                self.transferred(&transferred, id)
            }
            "error" => {
                let reason = self.read(name, data, &schemas::NOTICE)?.text(Name::Reason);
                self.pending = None;
                Ok(TransferProgress::Discarded { reason })
            }
            "goodbye" => {
                let notice = self.read(name, data, &schemas::NOTICE)?;
                Ok(TransferProgress::Goodbye {
                    reason: notice.text(Name::Reason),
                    retry_after_ms: notice.whole(Name::RetryAfterMs),
                })
            }
            _ => Ok(TransferProgress::Ignored),
        }
    }

    fn put_object(&mut self, data: &str, session: &mut CompileSession) -> Result<(), JsonError> {
        // The object is read where it lies, and the rest of the event without it: something unreadable inside the object breaks the
        // object, not the event.
        let (mut cursor, mut object) = (Cursor::new(data)?, None);
        cursor.fields(|cursor, key| {
            if &*key == Name::Object.as_str() {
                object = Some(session.read_next(cursor)?);
            } else {
                cursor.skip()?;
            }
            Ok(())
        })?;
        cursor.end()?;
        let rest = object.map_or_else(|| data.into(), |object| without(object.own, data));
        let mut reader = CompileSession::default();
        let put = Data(reader.read_whole(&rest, &schemas::PUT_OBJECT)?);
        let (kind, key, version) = put.object();
        match object {
            Some(object) => self.pending().put(&kind, &key, version, (object, session)),
            None => Ok(()),
        }
    }

    /// The data of an event that the replica knows
    fn read<'e>(
        &'e mut self,
        event: &str,
        data: &'e str,
        schema: &'static ObjectSchema,
    ) -> Result<Data<'e>, ReplicaError> {
        let data = self.session.read_whole(data, schema);
        data.map(Data).map_err(|cause| unreadable(event, cause))
    }

    /// The state that is being received; changes after a commit have no intent of their own (PR-8)
    fn pending(&mut self) -> &mut CompiledObjects {
        self.pending
            .get_or_insert_with(|| self.snapshot.source().clone())
    }

    fn transferred(
        &mut self,
        transferred: &Transferred,
        id: Option<&str>,
    ) -> Result<TransferProgress, ReplicaError> {
        if transferred.schema_version != crate::SCHEMA_VERSION {
            return Err(SnapshotError::SchemaVersion {
                found: transferred.schema_version,
            }
            .into());
        }
        let mut environment = self
            .pending
            .take()
            .unwrap_or_else(|| self.snapshot.source().clone());
        let found = format!("{:016x}", environment.hash());
        if found != transferred.hash {
            return Err(ReplicaError::Hash {
                expected: transferred.hash.clone(),
                found,
            });
        }
        environment.describe(&transferred.environment, transferred.revision);
        self.cursor = id.map(ToOwned::to_owned);
        Ok(TransferProgress::Committed(self.commit(environment)))
    }

    fn commit(&mut self, environment: CompiledObjects) -> SnapshotUpdate {
        self.session = CompileSession::default();
        let snapshot = Arc::new(Snapshot::link(environment));
        let changed = snapshot.changed_since(&self.snapshot);
        self.snapshot = Arc::clone(&snapshot);
        SnapshotUpdate { snapshot, changed }
    }
}

/// A text with `null` in place of a value that is a part of it
fn without<'t>(value: &str, text: &'t str) -> Cow<'t, str> {
    let start = place(text, value);
    let before = text.get(..start).unwrap_or_default();
    let after = text.get(start.saturating_add(value.len())..);
    [before, "null", after.unwrap_or_default()].concat().into()
}

/// The data of an event, with all fields that its schema requires
struct Data<'e>(Json<'e>);

impl Data<'_> {
    fn text(&self, name: Name) -> String {
        let text = self.0.get(name).and_then(Json::text);
        text.unwrap_or_default().to_owned()
    }

    fn whole(&self, name: Name) -> Option<u64> {
        self.0.get(name).and_then(Json::whole)
    }

    /// The kind, key and version of the object of the event
    fn object(&self) -> (String, String, u64) {
        let version = self.whole(Name::Version).unwrap_or_default();
        (self.text(Name::Kind), self.text(Name::Key), version)
    }
}

/// The state that a transfer ends with
struct Transferred {
    schema_version: u64,
    environment: String,
    revision: u64,
    hash: String,
}

fn unreadable(event: &str, cause: JsonError) -> ReplicaError {
    ReplicaError::Data {
        event: event.to_owned(),
        cause,
    }
}
