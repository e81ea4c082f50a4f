//! Reports what was counted, now and then; what cannot be reported is kept, and what cannot be kept is counted
//!
//! A report that was not answered is sent again as it was, under the same number, so that a server which did take it does not count it twice.

use std::cell::RefCell;
use std::sync::Arc;

use flagstaff_core::{Timestamp, Value};
use tokio::time::sleep;

use super::Usage;
use super::harvest::{Harvest, Key};
use crate::backoff::jittered;
use crate::config::{Sdk, Timing};
use crate::source::Failure;
use crate::source::http::HttpSource;
use crate::store::Store;

/// Flags and variants of one report; the server takes 10,000
const COUNTS: usize = 5_000;

/// Who reports
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    pub(crate) instance: String,
    pub(crate) sdk: Sdk,
}

/// Reports what a client counts
pub(crate) struct Reporter<'a> {
    usage: &'a Usage,
    store: &'a Store,
    source: &'a HttpSource,
    timing: &'a Timing,
    sender: &'a Sender,
    now: fn() -> Timestamp,
    harvest: &'a RefCell<Harvest>,
    open: &'a RefCell<Open>,
}

/// What was counted and is not reported yet; it outlives the task that reports it
#[derive(Debug)]
pub(crate) struct Counts {
    harvest: RefCell<Harvest>,
    open: RefCell<Open>,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            harvest: RefCell::default(),
            open: RefCell::new(Open {
                sequence: 0,
                since: crate::clock::now(),
                report: None,
            }),
        }
    }
}

/// What is to be sent next
#[derive(Debug)]
struct Open {
    sequence: u32,
    since: Timestamp,
    report: Option<Report>,
}

#[derive(Debug, Clone)]
struct Report {
    body: String,
    evaluations: u64,
}

impl<'a> Reporter<'a> {
    pub(crate) fn new(
        (usage, store): (&'a Usage, &'a Store),
        source: &'a HttpSource,
        timing: &'a Timing,
        (sender, counts): (&'a Sender, &'a Counts),
    ) -> Self {
        Self {
            usage,
            store,
            source,
            timing,
            sender,
            now: crate::clock::now,
            harvest: &counts.harvest,
            open: &counts.open,
        }
    }

    /// Runs until it is dropped
    pub(crate) async fn run(&self) {
        tokio::join!(self.collect_again(), self.report_again());
    }

    /// Collects whenever a snapshot is replaced: its tallies would be kept until the next report
    async fn collect_again(&self) {
        loop {
            self.usage.replaced.notified().await;
            self.collect();
        }
    }

    async fn report_again(&self) {
        loop {
            sleep(jittered(self.timing.usage_interval, fastrand::f64())).await;
            if let Err(failure) = self.report().await {
                log::debug!("what was evaluated could not be reported: {failure}");
                if failure.is_refusal() {
                    sleep(self.timing.refused_retry).await;
                }
            }
        }
    }

    /// Reports everything that has been counted
    pub(crate) async fn report(&self) -> Result<(), Failure> {
        self.collect();
        loop {
            let Some(report) = self.next() else {
                return Ok(());
            };
            let sent = self.source.report(report.body).await;
            match sent {
                Ok(()) => {}
                // What it does not take today it does not take tomorrow.
                Err(Failure::Status {
                    status: 400 | 413 | 422,
                    ..
                }) => self.harvest.borrow_mut().lose(report.evaluations),
                Err(failure) => return Err(failure),
            }
            self.open.borrow_mut().report = None;
        }
    }

    fn collect(&self) {
        let current = self.store.snapshot();
        self.harvest.borrow_mut().collect(self.usage, &current);
    }

    /// The report that was not answered, or a new one, if there is something to report
    fn next(&self) -> Option<Report> {
        let mut open = self.open.borrow_mut();
        if open.report.is_none() {
            let (counts, lost) = self.harvest.borrow_mut().take(COUNTS)?;
            let until = (self.now)().max(open.since);
            open.sequence = open.sequence.saturating_add(1);
            let window = (open.since, until);
            let evaluations = counts
                .iter()
                .fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
            open.report = Some(Report {
                body: self.body(open.sequence, window, (&counts, lost)),
                evaluations,
            });
            open.since = until;
        }
        open.report.clone()
    }

    fn body(
        &self,
        sequence: u32,
        (from, until): (Timestamp, Timestamp),
        (counts, lost): (&[(Key, u64)], u64),
    ) -> String {
        let Sender { instance, sdk } = self.sender;
        let count = |((flag, variant), count): &(Key, u64)| {
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
            ("instance", Value::from(&**instance)),
            ("sequence", sequence.into()),
            (
                "sdk",
                Value::object(sdk.map(|(name, text)| (name, Value::from(text)))),
            ),
            ("from", Value::from(from.to_string())),
            ("until", Value::from(until.to_string())),
            ("counts", Value::Array(counts.iter().map(count).collect())),
            ("lost", number(lost)),
        ])
        .to_canonical()
    }
}

/// A count as JSON has it; more than the server takes at a time is not counted within any interval
fn number(count: u64) -> Value {
    const MOST: u64 = 1_000_000_000_000;
    #[expect(clippy::cast_precision_loss, reason = "it is far below 2^53")]
    let count = count.min(MOST) as f64;
    Value::Number(count)
}
