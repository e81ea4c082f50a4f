//! The receiving half of the protocol: turns events into snapshots
//!
//! `docs/spec/protocol.md` is normative. A replica does no I/O: an SDK opens the stream, hands over each event and serves the
//! snapshot of the last commit. What it holds is never dropped; a transfer that fails leaves it as it was.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::environment::Environment;
use crate::error::SnapshotError;
use crate::snapshot::Snapshot;
use crate::value::Value;

/// A copy of an environment that follows the server's
#[derive(Debug, Default)]
pub struct Replica {
    // What the events since the last commit make of it; `None` between transfers.
    pending: Option<Environment>,
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
        cause: serde_json::Error,
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

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Intent {
    XferFull,
    XferChanges,
    None,
}

#[derive(Deserialize)]
struct ServerIntent {
    intent: Intent,
}

#[derive(Deserialize)]
struct PutObject<'a> {
    #[serde(borrow)]
    kind: std::borrow::Cow<'a, str>,
    key: String,
    version: u64,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct DeleteObject {
    kind: String,
    key: String,
    version: u64,
}

#[derive(Deserialize)]
struct ChangeEntry {
    kind: String,
    key: String,
    version: u64,
    entry: String,
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PayloadTransferred {
    schema_version: u64,
    environment: String,
    revision: u64,
    hash: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Notice {
    reason: String,
    retry_after_ms: Option<u64>,
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
            "server-intent" => match read::<ServerIntent>(name, data)?.intent {
                Intent::None => Ok(Step::Current),
                Intent::XferFull => {
                    self.pending = Some(Environment::default());
                    Ok(Step::Pending)
                }
                Intent::XferChanges => {
                    self.pending = Some(self.snapshot.source().clone());
                    Ok(Step::Pending)
                }
            },
            "put-object" => {
                let put: PutObject<'_> = read(name, data)?;
                let result = self
                    .pending()
                    .put(&put.kind, &put.key, put.version, put.object);
                result
                    .map(|()| Step::Pending)
                    .map_err(|cause| ReplicaError::Data {
                        event: name.to_owned(),
                        cause,
                    })
            }
            "delete-object" => {
                let delete: DeleteObject = read(name, data)?;
                self.pending()
                    .delete(&delete.kind, &delete.key, delete.version);
                Ok(Step::Pending)
            }
            "put-entry" | "delete-entry" => {
                let change: ChangeEntry = read(name, data)?;
                let value = (name == "put-entry").then_some(&change.value);
                self.pending().put_entry(
                    &change.kind,
                    &change.key,
                    change.version,
                    (&change.entry, value),
                );
                Ok(Step::Pending)
            }
            "payload-transferred" => self.transferred(&read(name, data)?, id),
            "error" => {
                self.pending = None;
                Ok(Step::Discarded {
                    reason: read::<Notice>(name, data)?.reason,
                })
            }
            "goodbye" => {
                let notice: Notice = read(name, data)?;
                Ok(Step::Goodbye {
                    reason: notice.reason,
                    retry_after_ms: notice.retry_after_ms,
                })
            }
            _ => Ok(Step::Ignored),
        }
    }

    /// The state being received; changes that follow a commit need no intent of their own (PR-8)
    fn pending(&mut self) -> &mut Environment {
        self.pending
            .get_or_insert_with(|| self.snapshot.source().clone())
    }

    fn transferred(
        &mut self,
        transferred: &PayloadTransferred,
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
        let snapshot = Arc::new(environment.link());
        let changed = snapshot.changed_since(&self.snapshot);
        self.snapshot = Arc::clone(&snapshot);
        Commit { snapshot, changed }
    }
}

fn read<'a, T: Deserialize<'a>>(event: &str, data: &'a str) -> Result<T, ReplicaError> {
    serde_json::from_str(data).map_err(|cause| ReplicaError::Data {
        event: event.to_owned(),
        cause,
    })
}
