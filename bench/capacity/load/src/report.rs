//! The figures of a run

use std::time::Duration;

use serde::Serialize;

/// One request
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// From the instant at which it was due to the last byte of the response
    pub(crate) latency: Duration,
    /// Delay of this program itself
    pub(crate) lateness: Duration,
    /// Bytes of the response, head and body
    pub(crate) bytes_in: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    requests: usize,
    mean_bytes: f64,
    latency: Percentiles,
    lateness: Percentiles,
}

/// In microseconds
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Percentiles {
    p50: f64,
    p99: f64,
    p999: f64,
    max: f64,
}

impl Report {
    /// `None` without values
    #[expect(clippy::cast_precision_loss, reason = "figures, not money")]
    pub(crate) fn of(samples: &[Sample]) -> Option<Self> {
        let requests = samples.len();
        let bytes: usize = samples.iter().map(|sample| sample.bytes_in).sum();
        Some(Self {
            requests,
            mean_bytes: bytes as f64 / requests as f64,
            latency: percentiles(samples.iter().map(|sample| sample.latency).collect())?,
            lateness: percentiles(samples.iter().map(|sample| sample.lateness).collect())?,
        })
    }
}

/// Nearest rank over all values, without bins
pub(crate) fn percentiles(mut values: Vec<Duration>) -> Option<Percentiles> {
    values.sort_unstable();
    let at = |per_mille: usize| {
        let rank = (values.len() * per_mille).div_ceil(1_000);
        values
            .get(rank.saturating_sub(1))
            .map(|value| value.as_secs_f64() * 1e6)
    };
    Some(Percentiles {
        p50: at(500)?,
        p99: at(990)?,
        p999: at(999)?,
        max: at(1_000)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let values = (1..=1_000).rev().map(Duration::from_micros).collect();
        let expected = Percentiles {
            p50: 500.0,
            p99: 990.0,
            p999: 999.0,
            max: 1_000.0,
        };
        assert_eq!(percentiles(values).map(|of| round(&of)), Some(expected));
        assert_eq!(percentiles(Vec::new()), None);
    }

    fn round(of: &Percentiles) -> Percentiles {
        Percentiles {
            p50: of.p50.round(),
            p99: of.p99.round(),
            p999: of.p999.round(),
            max: of.max.round(),
        }
    }
}
