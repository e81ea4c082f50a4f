//! Reports that nodes exchange about their connected instances

use async_trait::async_trait;

use super::StoreError;

/// Storage of the nodes' reports; every method is one transaction
#[async_trait]
pub trait InstanceStore: Send + Sync + std::fmt::Debug {
    /// Whether other nodes may use this store; if not, reports are not needed
    fn is_shared(&self) -> bool;

    /// Replaces the reports of a node about these environments
    async fn put_node_reports(&self, reports: Vec<NodeInstances>) -> Result<(), StoreError>;

    /// The reports of all nodes except `but`
    async fn node_reports(&self, but: &str) -> Result<Vec<NodeInstances>, StoreError>;

    /// Deletes the reports of a node, if it has written nothing since this beat
    async fn forget_instances(&self, node: &str, beat: u64) -> Result<(), StoreError>;
}

/// The report of a node about one environment
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeInstances {
    /// The node
    pub node: String,
    /// The environment
    pub environment: i64,
    /// Increases while the node runs
    pub beat: u64,
    /// The report, in the server's own format
    pub body: String,
}
