//! The store, its health, and the notifications about commits

use std::sync::Arc;

use tokio::sync::Notify;

use crate::engine::store_health::StoreHealth;
use crate::store::Store;

/// The store of a node and what belongs to it
#[derive(Debug)]
pub struct StoreHandle {
    /// The store
    pub store: Arc<dyn Store>,
    /// Whether the store is reachable
    pub store_health: StoreHealth,
    /// How many changes of overrides a flag may take in an hour; 0 for no limit
    pub override_changes: u32,
    /// Notified after a commit of this node; the waiting task tells the other nodes
    pub local_commit: Notify,
    /// Notified when any node has committed; the waiting task reads the store
    pub remote_commit: Notify,
}

impl StoreHandle {
    /// For a store that has just been read successfully
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self::with(store, StoreHealth::new())
    }

    /// With this knowledge of the store's health
    pub fn with(store: Arc<dyn Store>, store_health: StoreHealth) -> Self {
        Self {
            store,
            store_health,
            override_changes: 0,
            local_commit: Notify::new(),
            remote_commit: Notify::new(),
        }
    }
}
