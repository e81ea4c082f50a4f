//! The receiving half of the protocol: turns events into snapshots
//!
//! `docs/spec/protocol.md` is normative. A replica does no I/O: an SDK opens the stream, hands over each event and serves the
//! snapshot of the last commit. What it holds is never dropped; a transfer that fails leaves it as it was.

use std::sync::Arc;

use crate::compile::Workshop;
use crate::environment::Environment;
use crate::error::SnapshotError;
use crate::forms::{self, Form};
use crate::json::{DEPTH, Json, JsonError, Source};
use crate::names::Name;
use crate::snapshot::Snapshot;

/// A copy of an environment that follows the server's
#[derive(Debug, Default)]
pub struct Replica {
    // What the events since the last commit make of it; `None` between transfers.
    pending: Option<Environment>,
    // What the objects of a transfer share while it lasts.
    workshop: Workshop,
    snapshot: Arc<Snapshot>,
    cursor: Option<String>,
}

/// What an event did
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// It is part of a transfer that is not complete
    Pending,
    /// It means nothing to this reader
    Ignored,
    /// The server has nothing newer than what is held
    Current,
    /// A transfer is complete: serve the new snapshot
    Committed(Commit),
    /// The server gave the transfer up; what was held stays
    Discarded {
        /// The server's reason
        reason: String,
    },
    /// The server is about to close the stream
    Goodbye {
        /// The server's reason
        reason: String,
        /// When to come back, in milliseconds
        retry_after_ms: Option<u64>,
    },
}

/// A new state
#[derive(Debug, Clone)]
pub struct Commit {
    /// The state
    pub snapshot: Arc<Snapshot>,
    /// The flags whose outcome may have changed, by key
    pub changed: Vec<Arc<str>>,
}

impl PartialEq for Commit {
    /// Of the same snapshot, not only of an equal one
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.snapshot, &other.snapshot) && self.changed == other.changed
    }
}

/// Why an event could not be applied: reconnect; the cursor is forgotten already, so that the next transfer is a full one
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplicaError {
    /// An event that the replica knows has data that it cannot read
    #[error("the event `{event}` cannot be read: {cause}")]
    Data {
        /// The event's name
        event: String,
        /// What is wrong with it, told in the message and so no source
        cause: JsonError,
    },
    /// The state that the events make is not the one that the server has
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
    /// A replica that holds nothing yet
    pub fn new() -> Self {
        Self::default()
    }

    /// The state of the last commit
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot)
    }

    pub(crate) fn current(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Names the last commit to the server; send it as `Last-Event-ID`
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Says that a new connection begins: a transfer cut off on the last one is dropped
    pub fn connected(&mut self) {
        self.pending = None;
    }

    /// Replaces everything by a document: a file, or the snapshot endpoint's answer
    ///
    /// A document that is refused changes nothing. The next stream begins with a full transfer.
    pub fn load(&mut self, document: &str) -> Result<Commit, SnapshotError> {
        let environment = Environment::from_json(document)?;
        self.pending = None;
        self.cursor = None;
        Ok(self.commit(environment))
    }

    /// Applies one event of the stream; `id` is the event's own, not the stream's last one
    pub fn event(
        &mut self,
        name: &str,
        data: &str,
        id: Option<&str>,
    ) -> Result<Step, ReplicaError> {
        let result = self.apply(name, data, id);
        if result.is_err() {
            self.pending = None;
            self.cursor = None;
        }
        result
    }

    fn apply(&mut self, name: &str, data: &str, id: Option<&str>) -> Result<Step, ReplicaError> {
        match name {
            "server-intent" => {
                let intent = self.read(name, data, &forms::SERVER_INTENT)?;
                match &*intent.text(Name::Intent) {
                    "none" => return Ok(Step::Current),
                    "xfer-full" => self.pending = Some(Environment::default()),
                    _ => self.pending = Some(self.snapshot.source().clone()),
                }
                Ok(Step::Pending)
            }
            "put-object" => {
                let mut workshop = std::mem::take(&mut self.workshop);
                let result = self.put_object(data, &mut workshop);
                self.workshop = workshop;
                result
                    .map(|()| Step::Pending)
                    .map_err(|cause| unreadable(name, cause))
            }
            "delete-object" => {
                let (kind, key, version) = self.read(name, data, &forms::DELETE_OBJECT)?.object();
                self.pending().delete(&kind, &key, version);
                Ok(Step::Pending)
            }
            "put-entry" | "delete-entry" => {
                let change = self.read(name, data, &forms::CHANGE_ENTRY)?;
                let (kind, key, version) = change.object();
                let entry = change.text(Name::Entry);
                let value = change.0.present(Name::Value);
                let value = value.map(|value| value.value(DEPTH)).unwrap_or_default();
                let value = (name == "put-entry").then_some(&value);
                self.pending()
                    .put_entry(&kind, &key, version, (&entry, value));
                Ok(Step::Pending)
            }
            "payload-transferred" => {
                let transferred = self.read(name, data, &forms::PAYLOAD_TRANSFERRED)?;
                let transferred = Transferred {
                    schema_version: transferred.whole(Name::SchemaVersion).unwrap_or_default(),
                    environment: transferred.text(Name::Environment),
                    revision: transferred.whole(Name::Revision).unwrap_or_default(),
                    hash: transferred.text(Name::Hash),
                };
                self.transferred(&transferred, id)
            }
            "error" => {
                let reason = self.read(name, data, &forms::NOTICE)?.text(Name::Reason);
                self.pending = None;
                Ok(Step::Discarded { reason })
            }
            "goodbye" => {
                let notice = self.read(name, data, &forms::NOTICE)?;
                Ok(Step::Goodbye {
                    reason: notice.text(Name::Reason),
                    retry_after_ms: notice.whole(Name::RetryAfterMs),
                })
            }
            _ => Ok(Step::Ignored),
        }
    }

    fn put_object(&mut self, data: &str, workshop: &mut Workshop) -> Result<(), JsonError> {
        let put = Data(workshop.read_whole(data, &forms::PUT_OBJECT)?);
        let (kind, key, version) = put.object();
        let object = Source {
            text: data,
            position: put.0.present(Name::Object).unwrap_or(put.0).position(),
        };
        self.pending().put(&kind, &key, version, (object, workshop))
    }

    /// The data of an event that the replica knows
    fn read<'e>(
        &'e mut self,
        event: &str,
        data: &'e str,
        form: &'static Form,
    ) -> Result<Data<'e>, ReplicaError> {
        let data = self.workshop.read_whole(data, form);
        data.map(Data).map_err(|cause| unreadable(event, cause))
    }

    /// The state being received; changes that follow a commit need no intent of their own (PR-8)
    fn pending(&mut self) -> &mut Environment {
        self.pending
            .get_or_insert_with(|| self.snapshot.source().clone())
    }

    fn transferred(
        &mut self,
        transferred: &Transferred,
        id: Option<&str>,
    ) -> Result<Step, ReplicaError> {
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
        Ok(Step::Committed(self.commit(environment)))
    }

    fn commit(&mut self, environment: Environment) -> Commit {
        self.workshop = Workshop::default();
        let snapshot = Arc::new(environment.link());
        let changed = snapshot.changed_since(&self.snapshot);
        self.snapshot = Arc::clone(&snapshot);
        Commit { snapshot, changed }
    }
}

/// The data of an event, of which everything that its form requires is there
struct Data<'e>(Json<'e>);

impl Data<'_> {
    fn text(&self, name: Name) -> String {
        let text = self.0.get(name).and_then(Json::text);
        text.unwrap_or_default().into_owned()
    }

    fn whole(&self, name: Name) -> Option<u64> {
        self.0.get(name).and_then(Json::whole)
    }

    /// The kind, key and version of the object that it is about
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
