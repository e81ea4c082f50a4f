//! Sends usage reports; counts that cannot be sent are stored, and dropped ones are counted
//!
//! A report without a response is sent again unchanged, with the same sequence number, so that a server that did receive it does not count
//! it twice.

use std::cell::RefCell;
use std::sync::Arc;

use flagstaff_core::{Timestamp, Value};
use tokio::time::sleep;

use crate::backoff::{jittered, refused_delay};
use crate::clock;
use crate::current_snapshot::CurrentSnapshot;
use crate::instance::InstanceInfo;
use crate::session::Session;
use crate::source::{Source, SourceError};
use crate::timing::{Timing, USAGE_JITTER};
use crate::usage::Usage;
use crate::usage::collector::{CounterKey, UsageCollector};

/// Flags and variants of one report; the server accepts 10,000
const MAX_REPORT_COUNTS: usize = 5_000;

/// Reports the counts of a client
pub(crate) struct Reporter<'a, S> {
    source: &'a S,
    usage: &'a Usage,
    current: &'a CurrentSnapshot,
    timing: &'a Timing,
    instance: &'a InstanceInfo,
    unreported: &'a Unreported,
}

/// The counts that have not been reported; they outlive the task that reports them
#[derive(Debug)]
pub(crate) struct Unreported {
    collector: RefCell<UsageCollector>,
    next: RefCell<NextReport>,
}

impl Default for Unreported {
    fn default() -> Self {
        Self {
            collector: RefCell::default(),
            next: RefCell::new(NextReport {
                sequence: 0,
                since: clock::now(),
                report: None,
            }),
        }
    }
}

#[derive(Debug)]
struct NextReport {
    sequence: u32,
    since: Timestamp,
    // One without a response.
    report: Option<Report>,
}

#[derive(Debug, Clone)]
struct Report {
    body: String,
    evaluations: u64,
}

impl<'a, S: Source> Reporter<'a, S> {
    pub(crate) fn new(
        source: &'a S,
        (usage, current): (&'a Usage, &'a CurrentSnapshot),
        timing: &'a Timing,
        (instance, unreported): (&'a InstanceInfo, &'a Unreported),
    ) -> Self {
        Self {
            source,
            usage,
            current,
            timing,
            instance,
            unreported,
        }
    }

    /// Runs until it is dropped
    pub(crate) async fn run(&self, session: &Session) {
        tokio::join!(self.collect_loop(session), self.report_loop(session));
    }

    /// Collects whenever a snapshot is replaced, to free its counters
    async fn collect_loop(&self, session: &Session) {
        loop {
            session.replaced().await;
            self.collect();
        }
    }

    async fn report_loop(&self, session: &Session) {
        let mut flushes = session.flushes();
        let (mut answered, mut is_refused) = (0, false);
        loop {
            let random = fastrand::f64();
            let delay = if is_refused {
                refused_delay(self.timing, random)
            } else {
                jittered(self.timing.usage_interval, USAGE_JITTER, random)
            };
            tokio::select! {
                // An error would mean that the sender was dropped, and this task with it.
                _ = flushes.wait_for(|number| *number > answered) => {}
                () = sleep(delay) => {}
            }
            answered = *flushes.borrow();
            let sent = self.report().await;
            session.mark_flushed(answered, sent.is_ok());
            is_refused = sent.as_ref().is_err_and(SourceError::is_refusal);
            if let Err(error) = sent {
                log::debug!("could not report usage: {error}");
            }
        }
    }

    /// Reports all counts
    pub(crate) async fn report(&self) -> Result<(), SourceError> {
        self.collect();
        loop {
            let Some(report) = self.next() else {
                return Ok(());
            };
            match self.source.report(report.body).await {
                Ok(()) => {}
                // The server would refuse it again.
                Err(error) if matches!(error.status(), Some(400 | 413 | 422)) => self
                    .unreported
                    .collector
                    .borrow_mut()
                    .add_dropped(report.evaluations),
                Err(error) => return Err(error),
            }
            self.unreported.next.borrow_mut().report = None;
        }
    }

    fn collect(&self) {
        let snapshot = self.current.load();
        let mut collector = self.unreported.collector.borrow_mut();
        collector.collect(self.usage, &snapshot);
    }

    /// The report without a response, or a new one, if there is something to report
    fn next(&self) -> Option<Report> {
        let mut next = self.unreported.next.borrow_mut();
        if next.report.is_none() {
            let mut collector = self.unreported.collector.borrow_mut();
            let (counts, dropped) = collector.take(MAX_REPORT_COUNTS)?;
            let until = clock::now().max(next.since);
            next.sequence = next.sequence.saturating_add(1);
            let interval = (next.since, until);
            let evaluations = counts
                .iter()
                .fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
            next.report = Some(Report {
                body: self.body(next.sequence, interval, (&counts, dropped)),
                evaluations,
            });
            next.since = until;
        }
        next.report.clone()
    }

    fn body(
        &self,
        sequence: u32,
        (from, until): (Timestamp, Timestamp),
        (counts, dropped): (&[(CounterKey, u64)], u64),
    ) -> String {
        let InstanceInfo { id, sdk } = self.instance;
        let count = |((flag, variant), count): &(CounterKey, u64)| {
            let variant = variant
                .as_ref()
                .map_or(Value::Null, |name| Arc::clone(name).into());
            Value::object([
                ("flag", Arc::clone(flag).into()),
                ("variant", variant),
                ("count", number(*count)),
            ])
        };
        let sdk = [("name", &*sdk.name), ("version", &*sdk.version)];
        Value::object([
            ("instance", Value::from(&**id)),
            ("sequence", sequence.into()),
            (
                "sdk",
                Value::object(sdk.map(|(name, text)| (name, Value::from(text)))),
            ),
            ("from", Value::from(from.to_string())),
            ("until", Value::from(until.to_string())),
            ("counts", Value::Array(counts.iter().map(count).collect())),
            ("lost", number(dropped)),
        ])
        .to_canonical()
    }
}

/// A count as a JSON number, at most the maximum that the server accepts
fn number(count: u64) -> Value {
    const MAX_COUNT: u64 = 1_000_000_000_000;
    #[expect(clippy::cast_precision_loss, reason = "it is far below 2^53")]
    let count = count.min(MAX_COUNT) as f64;
    Value::Number(count)
}
