//! Writes that are sent again: what is remembered of them

use std::sync::Arc;

use async_trait::async_trait;
use flagstaff_core::Timestamp;

use super::StoreError;

/// The part of the store that remembers writes by their `Idempotency-Key`
#[async_trait]
pub trait IdempotencyStore: Send + Sync + std::fmt::Debug {
    /// Claims a key for an attempt, or tells what became of the one before; forgets keys that have ended
    async fn claim(&self, claim: NewClaim) -> Result<Claimed, StoreError>;

    /// Renews a claim that is not applied yet; whether it still is the attempt's
    async fn renew(&self, claim: &Claim, at: Timestamp) -> Result<bool, StoreError>;

    /// Keeps the answer of an attempt, unless another one has taken its place
    async fn keep_answer(&self, claim: &Claim, answer: String) -> Result<(), StoreError>;

    /// Gives up a claim of which nothing was applied, so that the key is free again
    async fn release(&self, claim: &Claim) -> Result<(), StoreError>;
}

/// An attempt at a write: which one, and of which key
///
/// A transaction that writes for it marks it as applied, and fails with [`StoreError::Superseded`] if that has been done or if another
/// attempt has taken its place. So nothing is applied twice, whatever happens in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose key it is: the hash of a token
    pub scope: Arc<str>,
    /// The key
    pub key: Arc<str>,
    /// Random, and another one for each attempt
    pub id: Arc<str>,
}

/// A claim that is to be made
#[derive(Debug, Clone)]
pub struct NewClaim {
    /// The attempt
    pub claim: Claim,
    /// What is asked, as a hash
    pub fingerprint: String,
    /// Now
    pub at: Timestamp,
    /// When the key is forgotten
    pub expires_at: Timestamp,
    /// An attempt that was begun, and not renewed since, before this has come to nothing unless it is applied
    pub abandoned_before: Timestamp,
    /// Keys that one scope may have at a time
    pub most: u32,
}

/// What a claim met
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// Nothing, or an attempt that came to nothing: go on
    Mine,
    /// The key was used for something else
    Reused,
    /// Another attempt is under way
    UnderWay {
        /// When it was begun or last renewed
        since: Timestamp,
    },
    /// The write was applied, and its response has not been stored within the lease
    Applied,
    /// The write was answered, with this
    Answered(String),
    /// There are as many keys in this scope as there may be
    TooMany,
}
