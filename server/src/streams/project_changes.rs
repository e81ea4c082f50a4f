//! The latest changes of each project, which all streams of the project share: each is read from the store once
//!
//! They are the rows of the project's audit, whose numbers have no gaps and follow the order of commits. So a number identifies what a
//! client has seen, at every node.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use crate::engine::state::EngineState;
use crate::store::{AuditEvent, StoreError, StoreRevisions};

/// The number of changes that are kept; a stream that is further behind gets the event `reload`
const KEPT: usize = 128;
/// The maximum time that a change waits until this node serves its revision
const PUBLICATION: Duration = Duration::from_secs(2);

/// The latest changes of the projects that have streams
#[derive(Debug, Default)]
pub(crate) struct ProjectChanges(Mutex<HashMap<i64, Arc<tokio::sync::Mutex<Latest>>>>);

/// The latest changes of a project
#[derive(Debug, Default)]
struct Latest {
    epoch: Arc<str>,
    /// The number of the last one
    last: u64,
    changes: VecDeque<Arc<AuditEvent>>,
}

/// The changes after a number
#[derive(Debug)]
pub(crate) enum Following {
    /// These changes
    Changes(Vec<Arc<AuditEvent>>),
    /// More changes than are kept; the last one has this number
    TooMany(u64),
}

impl ProjectChanges {
    /// The changes of a project after a number, up to where the store was
    pub(crate) async fn after(
        &self,
        engine: &EngineState,
        store: &StoreRevisions,
        (project, number): (i64, u64),
    ) -> Result<Following, StoreError> {
        let latest = {
            let mut projects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            projects.retain(|id, _| *id == project || store.audited.contains_key(id));
            Arc::clone(projects.entry(project).or_default())
        };
        let mut latest = latest.lock().await;
        latest.read(engine, store, project).await?;
        Ok(latest.after(number))
    }
}

impl Latest {
    /// Reads new changes from the store
    async fn read(
        &mut self,
        engine: &EngineState,
        store: &StoreRevisions,
        project: i64,
    ) -> Result<(), StoreError> {
        if self.epoch != store.epoch {
            *self = Self {
                epoch: Arc::clone(&store.epoch),
                ..Self::default()
            };
        }
        let head = store.audited.get(&project).copied().unwrap_or_default();
        if head <= self.last {
            return Ok(());
        }
        let from = head.saturating_sub(KEPT as u64).max(self.last);
        let limit = u32::try_from(KEPT).unwrap_or(u32::MAX);
        let rows = engine.store().audit_events(project, from, limit).await?;
        wait_for_publication(engine, &rows).await;
        if from > self.last {
            self.changes.clear();
        }
        self.last = rows.last().map_or(head, |row| row.sequence);
        self.changes.extend(rows.into_iter().map(Arc::new));
        let surplus = self.changes.len().saturating_sub(KEPT);
        self.changes.drain(..surplus);
        Ok(())
    }

    fn after(&self, number: u64) -> Following {
        let following = self.changes.iter().filter(|it| it.sequence > number);
        let following: Vec<_> = following.cloned().collect();
        if following.len() as u64 == self.last.saturating_sub(number) {
            Following::Changes(following)
        } else {
            Following::TooMany(self.last)
        }
    }
}

/// Waits until this node serves the changes, so that clients that are notified of them can read them
async fn wait_for_publication(engine: &EngineState, rows: &[AuditEvent]) {
    let published = async {
        for row in rows {
            let environment = row.environment_id.and_then(|id| engine.environment(id));
            let Some((environment, revision)) = environment.zip(row.revision) else {
                continue;
            };
            let mut current = environment.subscribe();
            // An error means that the environment was deleted.
            let _ = current.wait_for(|it| it.revision() >= revision).await;
        }
    };
    // Otherwise the polls of the clients find it.
    let _ = timeout(PUBLICATION, published).await;
}
