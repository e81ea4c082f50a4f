//! How often flags were evaluated, when each was last evaluated, and which unknown flags were asked for

use std::sync::Arc;

use async_trait::async_trait;
use flagstaff_core::Timestamp;

use super::StoreError;

/// The maximum number of unknown flags stored per environment
pub const KEPT_UNKNOWN: usize = 200;
/// The maximum number of attributes stored per environment
pub const KEPT_ATTRIBUTES: usize = 200;
/// The maximum number of values stored per attribute
pub const KEPT_VALUES: usize = 20;
/// The maximum length of a stored value of an attribute as JSON, in characters
pub const ATTRIBUTE_VALUE_LENGTH: usize = 100;
/// The maximum count of one row: an integer that every JSON reader represents exactly, and small enough that the sum over the rows of a
/// response fits into 64 bits
pub const MAX_EVALUATIONS: u64 = 1 << 53;

/// Storage of usage; every method is one transaction
///
/// The counts come from outside, also with public keys. A row that the database refuses is left out and logged, and the others are stored.
#[async_trait]
pub trait UsageStore: Send + Sync + std::fmt::Debug {
    /// Adds the evaluations that one node has counted, up to [`MAX_EVALUATIONS`] per row
    async fn add_evaluations(&self, rows: Vec<UsageRow>) -> Result<(), StoreError>;

    /// Stores when flags were last evaluated, where that is later than what is stored
    async fn add_seen(&self, rows: Vec<SeenFlag>) -> Result<(), StoreError>;

    /// Adds unknown flags; the [`KEPT_UNKNOWN`] most frequent ones of each environment are kept
    async fn add_unknown(&self, rows: Vec<UnknownFlag>) -> Result<(), StoreError>;

    /// The evaluations of one flag by step and variant, earliest first; steps without evaluations are left out
    async fn usage(&self, query: UsageQuery) -> Result<Vec<UsagePoint>, StoreError>;

    /// The evaluations of all flags of an environment by step, in no order; steps without evaluations are left out
    async fn usage_of_flags(
        &self,
        query: FlagsUsageQuery,
    ) -> Result<Vec<FlagUsagePoint>, StoreError>;

    /// When flags of all environments were last evaluated, for those that were at or after `since`
    async fn seen_flags(&self, since: Timestamp) -> Result<Vec<SeenFlag>, StoreError>;

    /// The unknown flags of an environment, most frequent first, then by key
    async fn unknown_flags(&self, environment: i64) -> Result<Vec<UnknownFlag>, StoreError>;

    /// Adds attributes of contexts, except where the settings of their environment say otherwise; those that came first are kept, up to
    /// [`KEPT_ATTRIBUTES`] of an environment and [`KEPT_VALUES`] of an attribute
    async fn add_attributes(&self, rows: Vec<SeenAttribute>) -> Result<(), StoreError>;

    /// The attributes of contexts in an environment, by name
    async fn attributes(&self, environment: i64) -> Result<Vec<KnownAttribute>, StoreError>;

    /// Deletes the counts of hours before an instant, and unknown flags and attributes that were not seen since
    async fn forget_usage(&self, before: Timestamp) -> Result<(), StoreError>;
}

/// The counts of a node
#[derive(Debug, Default)]
pub struct UsageCounts {
    /// Evaluations
    pub evaluations: Vec<UsageRow>,
    /// When flags were last evaluated
    pub seen: Vec<SeenFlag>,
    /// Unknown flags that were asked for
    pub unknown: Vec<UnknownFlag>,
    /// Attributes that contexts had
    pub attributes: Vec<SeenAttribute>,
}

/// Evaluations of one flag with one variant in one hour
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// The environment
    pub environment: i64,
    /// The flag's key
    pub flag: Arc<str>,
    /// The variant; `None` if none was served
    pub variant: Option<Arc<str>>,
    /// The begin of the hour
    pub began_at: Timestamp,
    /// The number of evaluations
    pub evaluations: u64,
}

/// When a flag was last evaluated
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenFlag {
    /// The environment
    pub environment: i64,
    /// The flag's key
    pub flag: Arc<str>,
    /// The time
    pub seen_at: Timestamp,
}

/// A flag that was asked for and does not exist
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFlag {
    /// The environment
    pub environment: i64,
    /// The key that was asked for
    pub flag: Arc<str>,
    /// A lower bound of the number of times
    pub evaluations: u64,
    /// The first time
    pub first_seen_at: Timestamp,
    /// The last time
    pub last_seen_at: Timestamp,
    /// The SDK that asked last, as `flagstaff-rust/0.1.0`
    pub sdk: Arc<str>,
}

/// A query for usage
#[derive(Debug, Clone)]
pub struct UsageQuery {
    /// The environment
    pub environment: i64,
    /// The flag's key
    pub flag: String,
    /// The begin, inclusive
    pub from: Timestamp,
    /// The end, exclusive
    pub until: Timestamp,
    /// Milliseconds of a step, which is a whole number of hours; steps begin at multiples of it since 1970
    pub step: i64,
}

/// A query for the usage of all flags
#[derive(Debug, Clone, Copy)]
pub struct FlagsUsageQuery {
    /// The environment
    pub environment: i64,
    /// The begin, inclusive
    pub from: Timestamp,
    /// Milliseconds of a step, as in [`UsageQuery`]
    pub step: i64,
}

/// Evaluations of a flag in one step
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagUsagePoint {
    /// The flag's key
    pub flag: String,
    /// The begin of the step
    pub began_at: Timestamp,
    /// The number of evaluations
    pub evaluations: u64,
}

/// Evaluations of a flag with one variant in one step
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsagePoint {
    /// The begin of the step
    pub began_at: Timestamp,
    /// The variant; `None` if none was served
    pub variant: Option<String>,
    /// The number of evaluations
    pub evaluations: u64,
}

/// A type of an attribute in a context, or a value of it
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenAttribute {
    /// The environment
    pub environment: i64,
    /// The attribute as conditions name it: a name, or a JSON pointer
    pub attribute: Arc<str>,
    /// The name of its type
    pub value_type: &'static str,
    /// A value as canonical JSON, of which an array has one for each element; `None` in the row about the type
    pub value: Option<Arc<str>>,
    /// The time
    pub seen_at: Timestamp,
}

/// What is stored about an attribute
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAttribute {
    /// The attribute, as in [`SeenAttribute`]
    pub attribute: String,
    /// The names of its types, in order
    pub types: Vec<String>,
    /// The sample of its values as canonical JSON, in order
    pub values: Vec<String>,
    /// The first time
    pub first_seen_at: Timestamp,
    /// The last time, no more precise than an hour
    pub last_seen_at: Timestamp,
}
