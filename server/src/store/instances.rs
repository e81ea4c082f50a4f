//! What nodes tell one another of the instances that follow them

use async_trait::async_trait;

use super::StoreError;

/// The part of the port by which nodes tell one another of their instances; every method is one transaction
#[async_trait]
pub trait InstanceStore: Send + Sync + std::fmt::Debug {
    /// Whether other nodes may share this store: else there is nobody to tell
    fn is_shared(&self) -> bool;

    /// Puts what a node tells in place of what it told before of the same environments
    async fn tell_instances(&self, told: Vec<NodeInstances>) -> Result<(), StoreError>;

    /// What all nodes but this one have told
    async fn told_instances(&self, but: &str) -> Result<Vec<NodeInstances>, StoreError>;

    /// Removes what a node has told, if it has told nothing since this beat
    async fn forget_instances(&self, node: &str, beat: u64) -> Result<(), StoreError>;
}

/// What a node tells of one environment
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeInstances {
    /// The node
    pub node: String,
    /// The environment
    pub environment: i64,
    /// Grows as long as the node lives
    pub beat: u64,
    /// What it tells, in words of the server
    pub body: String,
}
