//! What everything in memory leans on: the store, what is known of it, and who is told when something changes

use std::sync::Arc;

use tokio::sync::Notify;

use crate::contact::Contact;
use crate::store::Store;

/// The store of a node and what goes with it
#[derive(Debug)]
pub struct Backing {
    /// The store
    pub store: Arc<dyn Store>,
    /// What is known of its being there
    pub contact: Contact,
    /// Changes of overrides that a flag takes in an hour; 0 for any number
    pub override_changes: u32,
    /// Wakes who tells the other nodes: this one has committed something
    pub committed: Notify,
    /// Wakes who looks where the store is: somebody has committed something
    pub announced: Notify,
}

impl Backing {
    /// A store that is known to be as it was just asked
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self::with(store, Contact::new())
    }

    /// A store of which so much is known
    pub fn with(store: Arc<dyn Store>, contact: Contact) -> Self {
        Self {
            store,
            contact,
            override_changes: 0,
            committed: Notify::new(),
            announced: Notify::new(),
        }
    }
}
