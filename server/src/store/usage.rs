//! How often flags were evaluated, when each was last asked for, and what was asked for and does not exist

use std::sync::Arc;

use async_trait::async_trait;
use flagstaff_core::Timestamp;

use super::StoreError;

/// Unknown flags that are kept for an environment
pub const KEPT_UNKNOWN: usize = 200;
/// Evaluations of one row, which stays there when more are added: every reader of JSON holds it exactly, and the sum over the rows
/// of an answer fits into 64 bits
pub const MAX_EVALUATIONS: u64 = 1 << 53;

/// The part of the port that keeps usage; every method is one transaction
///
/// What is counted comes from outside, also with keys that anybody can read. So a row that the database does not take is left out
/// and logged, and the others are stored.
#[async_trait]
pub trait UsageStore: Send + Sync + std::fmt::Debug {
    /// Adds evaluations that one node has counted to what is there, up to [`MAX_EVALUATIONS`]
    async fn add_evaluations(&self, rows: Vec<UsageRow>) -> Result<(), StoreError>;

    /// Stores when flags were last asked for, where that is later than what is there
    async fn add_seen(&self, rows: Vec<SeenFlag>) -> Result<(), StoreError>;

    /// Adds unknown flags to what is there; [`KEPT_UNKNOWN`] of each environment stay, those asked for most
    async fn add_unknown(&self, rows: Vec<UnknownFlag>) -> Result<(), StoreError>;

    /// Evaluations of one flag by step and variant, the earliest first; only where there were some
    async fn usage(&self, query: UsageQuery) -> Result<Vec<UsageStep>, StoreError>;

    /// When flags of all environments were last asked for, of those that were at `since` or after it
    async fn seen_flags(&self, since: Timestamp) -> Result<Vec<SeenFlag>, StoreError>;

    /// Unknown flags of an environment, those asked for most first, then by key
    async fn unknown_flags(&self, environment: i64) -> Result<Vec<UnknownFlag>, StoreError>;

    /// Removes the counts of hours before an instant, and unknown flags that have not been asked for since
    async fn forget_usage(&self, before: Timestamp) -> Result<(), StoreError>;
}

/// What a node has counted
#[derive(Debug, Default)]
pub struct UsageCounts {
    /// Evaluations
    pub evaluations: Vec<UsageRow>,
    /// When flags were last asked for
    pub seen: Vec<SeenFlag>,
    /// What was asked for and does not exist
    pub unknown: Vec<UnknownFlag>,
}

/// Evaluations of one flag with one variant in one hour
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// The environment
    pub environment: i64,
    /// The flag's key
    pub flag: Arc<str>,
    /// The variant; `None` where none was served
    pub variant: Option<Arc<str>>,
    /// When the hour began
    pub began_at: Timestamp,
    /// How many
    pub evaluations: u64,
}

/// When a flag was last asked for
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenFlag {
    /// The environment
    pub environment: i64,
    /// The flag's key
    pub flag: Arc<str>,
    /// When
    pub seen_at: Timestamp,
}

/// A flag that was asked for and does not exist
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFlag {
    /// The environment
    pub environment: i64,
    /// The key that was asked for
    pub flag: Arc<str>,
    /// How often, at least
    pub evaluations: u64,
    /// When for the first time
    pub first_seen_at: Timestamp,
    /// When last
    pub last_seen_at: Timestamp,
    /// By whom last, as `flagstaff-rust/0.1.0`
    pub sdk: Arc<str>,
}

/// Which usage is asked for
#[derive(Debug, Clone)]
pub struct UsageQuery {
    /// The environment
    pub environment: i64,
    /// The flag's key
    pub flag: String,
    /// The first instant
    pub from: Timestamp,
    /// The first instant that is not asked for any more
    pub until: Timestamp,
    /// Milliseconds of a step, which is a whole number of hours; steps begin at multiples of it since 1970
    pub step: i64,
}

/// Evaluations of a flag with one variant in one step
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageStep {
    /// When the step began
    pub began_at: Timestamp,
    /// The variant; `None` where none was served
    pub variant: Option<String>,
    /// How many
    pub evaluations: u64,
}
