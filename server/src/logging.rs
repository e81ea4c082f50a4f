//! Where the server's log goes, and how it is written

use std::collections::HashMap;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use clap::ValueEnum;
use tokio::time::Instant;
use tracing_subscriber::EnvFilter;

/// How often the log says the same of what anybody can cause again and again
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// How a line of the log is written
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object a line, for programs
    Json,
}

/// Logs to stderr from now on; `FLAGSTAFF_LOG` says what
pub fn log_to_stderr(format: LogFormat) {
    let filter =
        EnvFilter::try_from_env("FLAGSTAFF_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    match format {
        LogFormat::Text => log.init(),
        // One level deep, with the fields of the request beside those of the event.
        LogFormat::Json => log
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .init(),
    }
}

/// Lets one line of a kind into the log each [`LOG_INTERVAL`]; those of one kind keep no other out
#[derive(Debug, Default)]
pub(crate) struct LogLimiter(HashMap<&'static str, Instant>);

impl LogLimiter {
    /// Whether a line of this kind may be logged now
    pub(crate) fn admit(&mut self, kind: &'static str) -> bool {
        let now = Instant::now();
        let last = self.0.get(kind);
        if last.is_some_and(|last| now.duration_since(*last) < LOG_INTERVAL) {
            return false;
        }
        self.0.insert(kind, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_line_of_a_kind_is_logged_once_a_minute_and_hides_no_other() {
        let mut limiter = LogLimiter::default();
        assert!(limiter.admit("address") && !limiter.admit("address"));
        assert!(limiter.admit("all") && !limiter.admit("all"));
        tokio::time::advance(LOG_INTERVAL / 2).await;
        assert!(!limiter.admit("address"));
        tokio::time::advance(LOG_INTERVAL / 2).await;
        assert!(limiter.admit("address") && !limiter.admit("address"));
    }
}
