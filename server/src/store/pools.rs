//! What is measured of the connections to the database

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

/// Seconds, from a read of a local file up to the limit of a long write
const DURATIONS: [f64; 12] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0,
];

/// The kind of work that connections are for: `write`, `read`, `follow` (what a node needs to serve) or `poll`
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PoolLabels {
    /// The kind
    pub pool: &'static str,
}

/// How long work took, with the time that it waited for a connection
pub type PoolDurations = Family<PoolLabels, Histogram, fn() -> Histogram>;

/// No work yet
pub(crate) fn durations() -> PoolDurations {
    Family::new_with_constructor(|| Histogram::new(DURATIONS))
}

/// The connections for one kind of work
#[derive(Debug, Clone, Copy)]
pub struct PoolUse {
    /// The kind
    pub pool: &'static str,
    /// How many are in use
    pub in_use: usize,
    /// How many there may be
    pub limit: usize,
}
