//! The delays of a client

use std::time::Duration;

/// Polls are up to this share earlier or later than their interval
pub(crate) const POLL_JITTER: f64 = 0.25;
/// The document for the cache is fetched within this time after a change
pub(crate) const CACHE_SPREAD: Duration = Duration::from_secs(10);
/// Usage reports, likewise
pub(crate) const USAGE_JITTER: f64 = 0.5;
/// After a refusal the delay is up to this share longer
pub(crate) const REFUSED_JITTER: f64 = 0.1;
/// The first acknowledgement is sent within this time; the server's response says how long the next may take
pub(crate) const FIRST_ACKNOWLEDGE_SPREAD: Duration = Duration::from_secs(1);
/// The longest time that the server can ask for
pub(crate) const MAX_ACKNOWLEDGE_SPREAD: Duration = Duration::from_secs(10);
/// How often one state is acknowledged before the client gives up
pub(crate) const MAX_ACKNOWLEDGE_ATTEMPTS: u32 = 3;
/// The mean delay between two attempts
pub(crate) const ACKNOWLEDGE_RETRY: Duration = Duration::from_secs(5);
/// These are up to this share earlier or later
pub(crate) const ACKNOWLEDGE_JITTER: f64 = 0.5;
/// The total timeout of acknowledgements and usage reports
pub(crate) const POST_TIMEOUT: Duration = Duration::from_secs(10);

/// The delays of a client; the defaults are those of every SDK (`docs/sdk.md`)
#[derive(Debug, Clone)]
pub struct Timing {
    /// The maximum of the first delay before a reconnection; it doubles with each further attempt
    pub reconnect_base: Duration,
    /// The maximum of all delays before a reconnection
    pub reconnect_max: Duration,
    /// A stream that lasted this long makes the delays short again
    pub healthy_after: Duration,
    /// The mean delay after 401, 403 and 404, and the longest that a server can ask for
    pub refused_retry: Duration,
    /// Consecutive failures after which the client polls as well
    pub poll_after_failures: u32,
    /// The mean delay between polls
    pub poll_interval: Duration,
    /// A connection that is silent for this long is closed
    pub read_timeout: Duration,
    /// How long connecting may take
    pub connect_timeout: Duration,
    /// The mean delay between usage reports
    pub usage_interval: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            reconnect_base: Duration::from_secs(1),
            reconnect_max: Duration::from_mins(1),
            healthy_after: Duration::from_mins(1),
            refused_retry: Duration::from_mins(5),
            poll_after_failures: 3,
            poll_interval: Duration::from_secs(30),
            read_timeout: Duration::from_secs(45),
            connect_timeout: Duration::from_secs(10),
            usage_interval: Duration::from_mins(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::status::{Readiness, Status};

    const PAGE: &str = include_str!("../../docs/sdk.md");

    /// The rows of the page that begin with a name in backticks: the name and the second cell
    fn rows() -> BTreeMap<&'static str, &'static str> {
        let cells = |line: &'static str| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            Some((cells.next()?.strip_suffix('`')?, cells.next()?))
        };
        PAGE.lines().filter_map(cells).collect()
    }

    fn seconds(duration: Duration) -> String {
        format!("{} s", duration.as_secs_f64())
    }

    fn percent(share: f64) -> String {
        format!("{} %", share * 100.0)
    }

    #[test]
    fn the_delays_are_those_of_the_page() {
        let timing = Timing::default();
        let rows = rows();
        for (name, expected) in [
            ("reconnect base", seconds(timing.reconnect_base)),
            ("reconnect max", seconds(timing.reconnect_max)),
            ("healthy after", seconds(timing.healthy_after)),
            ("refused retry", seconds(timing.refused_retry)),
            ("refused jitter", percent(REFUSED_JITTER)),
            (
                "poll after failures",
                timing.poll_after_failures.to_string(),
            ),
            ("poll interval", seconds(timing.poll_interval)),
            ("poll jitter", percent(POLL_JITTER)),
            ("cache spread", seconds(CACHE_SPREAD)),
            ("read timeout", seconds(timing.read_timeout)),
            ("connect timeout", seconds(timing.connect_timeout)),
            ("post timeout", seconds(POST_TIMEOUT)),
            ("usage interval", seconds(timing.usage_interval)),
            ("usage jitter", percent(USAGE_JITTER)),
            ("acknowledge spread", seconds(FIRST_ACKNOWLEDGE_SPREAD)),
            ("acknowledge max spread", seconds(MAX_ACKNOWLEDGE_SPREAD)),
            ("acknowledge attempts", MAX_ACKNOWLEDGE_ATTEMPTS.to_string()),
            ("acknowledge retry", seconds(ACKNOWLEDGE_RETRY)),
            ("acknowledge jitter", percent(ACKNOWLEDGE_JITTER)),
        ] {
            assert_eq!(rows.get(name), Some(&&*expected), "{name}");
        }
    }

    #[test]
    fn the_states_are_those_of_the_page() {
        let rows = rows();
        let statuses = [
            Status::NotReady,
            Status::Ready,
            Status::Stale,
            Status::Failed,
        ];
        let readiness = [
            Readiness::Ready,
            Readiness::Stale,
            Readiness::TimedOut,
            Readiness::Failed,
        ];
        let names = statuses.map(Status::as_str).into_iter();
        let mut names: Vec<_> = names.chain(readiness.map(Readiness::as_str)).collect();
        names.sort_unstable();
        names.dedup();
        let is_state = |name: &&&str| name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        assert_eq!(
            rows.keys().filter(is_state).collect::<Vec<_>>(),
            names.iter().collect::<Vec<_>>()
        );
    }
}
