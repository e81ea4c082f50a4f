//! The format of the log and where it goes
//!
//! A thread of its own writes the lines to stderr, from a queue. So whoever reads stderr can stop that thread, but nothing else; see
//! docs/adr/0072.

use std::collections::HashMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::OnceLock;
use std::time::Duration;

use clap::ValueEnum;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
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

/// The lines that wait until they are written; further lines are dropped
const QUEUE: usize = 10_000;
/// How often dropped lines are reported
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Counts the lines that were dropped; like the log itself, there is one for the process
static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// Writes the lines that still wait when it is dropped, for at most a second
#[derive(Debug)]
#[must_use = "nothing is logged after it is dropped"]
pub struct Log {
    writer: NonBlocking,
    _guard: WorkerGuard,
}

impl Log {
    /// Writes a line as it is, after those that still wait
    pub fn print(&mut self, line: &str) -> io::Result<()> {
        self.writer.write_all(format!("{line}\n").as_bytes())
    }
}

/// Logs to stderr from now on; `FLAGSTAFF_LOG` sets the levels
pub fn log_to_stderr(format: LogFormat) -> Log {
    let filter =
        EnvFilter::try_from_env("FLAGSTAFF_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let queue = NonBlockingBuilder::default().buffered_lines_limit(QUEUE);
    let (writer, guard) = queue.thread_name("log").finish(io::stderr());
    DROPPED.get_or_init(|| writer.error_counter());
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(writer.clone());
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
    Log {
        writer,
        _guard: guard,
    }
}

/// The number of lines that were dropped since the start, because nobody read stderr
pub(crate) fn dropped_lines() -> usize {
    DROPPED.get().map_or(0, ErrorCounter::dropped_lines)
}

/// Logs that lines were dropped, as soon as there is room for that line, until `stopping` is cancelled and once more then
pub(crate) async fn report_dropped_lines(stopping: CancellationToken) {
    let mut tick = tokio::time::interval(REPORT_INTERVAL);
    let mut reported = 0;
    loop {
        let is_last = tokio::select! {
            _ = tick.tick() => false,
            () = stopping.cancelled() => true,
        };
        let dropped = dropped_lines();
        if dropped > reported {
            tracing::warn!(
                dropped,
                "log lines were dropped since the start: stderr was not read in time"
            );
            // This line may have been dropped too.
            if dropped_lines() == dropped {
                reported = dropped;
            }
        }
        if is_last {
            return;
        }
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
