//! The format of the log and where it goes

use std::collections::HashMap;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use clap::ValueEnum;
use tokio::time::Instant;
use tracing_subscriber::EnvFilter;

/// The minimum interval between two lines of the same kind, where callers can cause any number of them
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// The format of a log line
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Text for people
    #[default]
    Text,
    /// One JSON object per line
    Json,
}

/// Logs to stderr from now on; `FLAGSTAFF_LOG` sets the levels
pub fn log_to_stderr(format: LogFormat) {
    let filter =
        EnvFilter::try_from_env("FLAGSTAFF_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    match format {
        LogFormat::Text => log.init(),
        // A flat object: the fields of the request beside those of the event.
        LogFormat::Json => log
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .init(),
    }
}

/// Admits one line of each kind per [`LOG_INTERVAL`]
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

/// An error and its causes, in one line
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut texts: Vec<String> = causes.map(ToString::to_string).collect();
    // Some errors already contain their cause's text.
    texts.dedup();
    texts.join(": ")
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
