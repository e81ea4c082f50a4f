//! Stored claims and responses of writes with an `Idempotency-Key`

use std::sync::Arc;

use async_trait::async_trait;
use flagstaff_core::Timestamp;

use super::StoreError;

/// Storage of writes with an `Idempotency-Key`
#[async_trait]
pub trait IdempotencyStore: Send + Sync + std::fmt::Debug {
    /// Claims a key for an attempt, or returns what became of an earlier attempt; deletes keys that have expired
    async fn claim(&self, claim: NewClaim) -> Result<ClaimResult, StoreError>;

    /// Renews a claim that is not applied yet; returns whether the attempt still has it
    async fn renew(&self, claim: &Claim, at: Timestamp) -> Result<bool, StoreError>;

    /// Stores the response of an attempt, unless another attempt has taken its place
    async fn store_response(&self, claim: &Claim, answer: String) -> Result<(), StoreError>;

    /// Releases a claim under which nothing was applied, so that the key is free again
    async fn release(&self, claim: &Claim) -> Result<(), StoreError>;
}

/// An attempt at a write, and its key
///
/// The transaction of the write marks the attempt as applied. It fails with [`StoreError::Superseded`] if the attempt was applied already
/// or another one has taken its place, so nothing is ever applied twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The owner of the key: the hash of a token
    pub scope: Arc<str>,
    /// The key
    pub key: Arc<str>,
    /// A random id, different for each attempt
    pub id: Arc<str>,
}

/// A claim to be made
#[derive(Debug, Clone)]
pub struct NewClaim {
    /// The attempt
    pub claim: Claim,
    /// A hash of the request
    pub fingerprint: String,
    /// The current time
    pub at: Timestamp,
    /// When the key is forgotten
    pub expires_at: Timestamp,
    /// Attempts that were begun or renewed before this time have failed, unless they are applied
    pub abandoned_before: Timestamp,
    /// The maximum number of keys of one owner
    pub most: u32,
}

/// The result of claiming a key
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimResult {
    /// The key is new, or the earlier attempt failed: continue
    Mine,
    /// The key was used for another request
    Reused,
    /// Another attempt is in progress
    UnderWay {
        /// When it was begun or last renewed
        since: Timestamp,
    },
    /// The write was applied, but its response was not stored within the lease
    Applied,
    /// The write was applied, and this is its response
    Answered(String),
    /// The owner has too many keys
    TooMany,
}
