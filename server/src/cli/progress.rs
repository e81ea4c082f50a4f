//! A progress bar on stderr for what takes longer than a second, if stderr is a terminal

use std::pin::pin;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::timeout;

/// What ends sooner needs no bar
const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);

const BYTES: &str = "{spinner} {msg}  {elapsed}  [{wide_bar}] {bytes}/{total_bytes}";
const ROWS: &str = "{spinner} {msg}  {elapsed}  [{wide_bar}] {human_pos}/{human_len} rows";
const UNKNOWN: &str = "{spinner} {msg}  {elapsed}";

/// How far a task has got; its clones are the same bar
#[derive(Debug, Clone)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Of a task that sends or receives so many bytes
    pub(super) fn of_bytes(task: &'static str, total: Option<usize>) -> Self {
        let total = total.and_then(|total| u64::try_from(total).ok());
        let template = if total.is_some() { BYTES } else { UNKNOWN };
        Self::new(task, total, template)
    }

    /// Of a task that reads so many rows
    pub(super) fn of_rows(task: &'static str, total: u64) -> Self {
        Self::new(task, Some(total), ROWS)
    }

    /// Of a task of which only the time is known
    pub(super) fn of_unknown_length(task: &'static str) -> Self {
        Self::new(task, None, UNKNOWN)
    }

    fn new(task: &'static str, total: Option<u64>, template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        bar.set_style(style(template));
        bar.set_message(task);
        Self(bar)
    }

    /// Goes on by so many bytes or rows
    pub(super) fn advance(&self, count: usize) {
        self.0.inc(u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// Begins again, with what comes after the first part
    pub(super) fn restart(&self, total: Option<u64>) {
        self.0.set_position(0);
        match total {
            Some(total) => {
                self.0.set_style(style(BYTES));
                self.0.set_length(total);
            }
            None => self.0.set_style(style(UNKNOWN)),
        }
    }

    /// Does the work, and shows the bar while it takes longer than a second
    pub(super) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        if let Ok(done) = timeout(PATIENCE, &mut work).await {
            return done;
        }
        // Draws nothing where stderr is no terminal.
        self.0.set_draw_target(ProgressDrawTarget::stderr());
        self.0.enable_steady_tick(TICK);
        let done = work.await;
        self.0.finish_and_clear();
        done
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
