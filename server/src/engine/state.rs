//! All environments that this node serves, and the store that they are written to

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use flagstaff_core::{SnapshotError, Timestamp};
use tokio::sync::{Mutex, watch};

use crate::engine::environment::{Environment, LoadError};
use crate::engine::published::EnvironmentIdentity;
use crate::engine::store_handle::StoreHandle;
use crate::engine::store_health::StoreHealth;
use crate::runtime::clock::Clock;
use crate::runtime::offload::discard;
use crate::store::{EnvironmentContent, Store, StoreRevisions};

/// All environments that this node serves, and the store that they are written to
#[derive(Debug)]
pub(crate) struct EngineState {
    store_handle: Arc<StoreHandle>,
    environments: ArcSwap<BTreeMap<i64, Arc<Environment>>>,
    followed: watch::Sender<Arc<StoreRevisions>>,
    loading: Mutex<()>,
    clock: Clock,
}

impl EngineState {
    /// Loads all environments from the store
    pub(crate) async fn load(store_handle: StoreHandle, clock: Clock) -> Result<Self, LoadError> {
        let state = Self::new(Arc::new(store_handle), BTreeMap::new(), clock);
        state.refresh().await?;
        Ok(state)
    }

    /// Takes all environments from the copy in Redis while the store is unreachable
    pub(crate) fn restore(
        store_handle: StoreHandle,
        contents: Vec<(EnvironmentIdentity, EnvironmentContent)>,
        clock: Clock,
    ) -> Result<Self, SnapshotError> {
        let store_handle = Arc::new(store_handle);
        let mut environments = BTreeMap::new();
        for (identity, content) in contents {
            let id = identity.row.id;
            let environment = Environment::restore(identity, &content, Arc::clone(&store_handle))?;
            environments.insert(id, Arc::new(environment));
        }
        Ok(Self::new(store_handle, environments, clock))
    }

    fn new(
        store_handle: Arc<StoreHandle>,
        environments: BTreeMap<i64, Arc<Environment>>,
        clock: Clock,
    ) -> Self {
        Self {
            store_handle,
            environments: ArcSwap::from_pointee(environments),
            followed: watch::Sender::default(),
            loading: Mutex::new(()),
            clock,
        }
    }

    /// All environments, by id
    pub(crate) fn environments(&self) -> Vec<Arc<Environment>> {
        self.environments.load().values().cloned().collect()
    }

    /// The environment with this id
    pub(crate) fn environment(&self, id: i64) -> Option<Arc<Environment>> {
        self.environments.load().get(&id).cloned()
    }

    /// All environments of a project, by id
    pub(crate) fn project(&self, project: &str) -> Vec<Arc<Environment>> {
        let environments = self.environments.load();
        environments
            .values()
            .filter(|environment| *environment.row().project == *project)
            .cloned()
            .collect()
    }

    /// Serves the environments that the store has: loads new and renamed ones, and drops deleted ones, which ends their streams
    pub(crate) async fn refresh(&self) -> Result<(), LoadError> {
        // One refresh at a time: otherwise an environment could be loaded twice, and its streams would follow the copy that is dropped.
        let _turn = self.loading.lock().await;
        let epoch = self.store().heads().await?.epoch;
        let rows = self.store().environments().await?;
        let ids: BTreeSet<i64> = rows.iter().map(|row| row.id).collect();
        for row in rows {
            let served = self.environment(row.id);
            if served.is_some_and(|served| *served.row() == row) {
                continue;
            }
            let epoch = Arc::clone(&epoch);
            let (id, identity) = (row.id, EnvironmentIdentity { epoch, row });
            let opened = Environment::open(identity, Arc::clone(&self.store_handle)).await?;
            let mut environments = BTreeMap::clone(&self.environments.load());
            environments.insert(id, Arc::new(opened));
            self.environments.store(Arc::new(environments));
        }
        let (kept, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
            BTreeMap::clone(&self.environments.load())
                .into_iter()
                .partition(|(id, _)| ids.contains(id));
        if !gone.is_empty() {
            self.environments.store(Arc::new(kept));
            discard(gone);
        }
        Ok(())
    }

    /// The revisions of the store up to which this node is up to date; empty before the first time
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<StoreRevisions>> {
        self.followed.subscribe()
    }

    /// Records that this node is up to date with these revisions of the store
    pub(crate) fn set_followed(&self, revisions: StoreRevisions) {
        self.followed.send_if_modified(|followed| {
            let is_other = **followed != revisions;
            if is_other {
                *followed = Arc::new(revisions);
            }
            is_other
        });
    }

    /// The store
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store_handle.store
    }

    /// The store and what belongs to it
    pub(crate) fn store_handle(&self) -> &StoreHandle {
        &self.store_handle
    }

    /// Whether the store is reachable
    pub(crate) fn store_health(&self) -> &StoreHealth {
        &self.store_handle.store_health
    }

    /// The time now
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
