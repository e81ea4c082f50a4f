//! Writing outcomes one after the other, and counting them

use std::collections::BTreeMap;

use flagstaff_core::{Attributes, Outcome, Reason, Snapshot, Timestamp, Value};

use crate::engine::environment::Environment;
use crate::engine::published::PublishedRevision;
use crate::evaluation::state::EvaluationState;
use crate::evaluation::visible::VisibleFlags;
use crate::http::api_error::ApiError;
use crate::http::bounded::BoundedBody;

/// What to count when the outcomes have been written
#[derive(Debug, Default)]
pub(crate) struct Counts {
    reasons: Vec<Reason>,
    slots: Vec<usize>,
    // With counts, since one request may evaluate a flag for a thousand contexts.
    unknown: BTreeMap<String, u64>,
}

impl Counts {
    /// Adds an outcome that is not counted as use of its flag, since it was requested with an explanation
    pub(crate) fn add_explained(&mut self, outcome: &Outcome<'_>) {
        self.reasons.push(outcome.reason);
    }

    /// Adds the outcome of a flag that was asked for
    pub(crate) fn add(&mut self, snapshot: &Snapshot, key: &str, outcome: &Outcome<'_>) {
        self.reasons.push(outcome.reason);
        match snapshot.counter_of(key, outcome) {
            Some(slot) => self.slots.push(slot),
            None => self.add_unknown(key),
        }
    }

    fn add_unknown(&mut self, key: &str) {
        match self.unknown.get_mut(key) {
            Some(times) => *times = times.saturating_add(1),
            None => {
                self.unknown.insert(key.to_owned(), 1);
            }
        }
    }

    /// Evaluates every flag that the caller sees, adds each outcome and passes it to `write`
    pub(crate) fn add_all(
        &mut self,
        (published, visible): (&PublishedRevision, VisibleFlags),
        (context, now): (&impl Attributes, Timestamp),
        mut write: impl FnMut(&str, &Outcome<'_>) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let snapshot = published.snapshot();
        let mut add = |position: usize, key: &str, outcome: Outcome<'_>| {
            write(key, &outcome)?;
            self.reasons.push(outcome.reason);
            self.slots.extend(snapshot.counter_at(position, &outcome));
            Ok(())
        };
        match visible {
            VisibleFlags::All => {
                let mut outcomes = snapshot.outcomes(context, now).enumerate();
                outcomes.try_for_each(|(position, (key, outcome))| add(position, key, outcome))
            }
            VisibleFlags::ClientSide => {
                let mut flags = published.client_side_flags().iter();
                flags.try_for_each(|(position, key)| {
                    add(*position, key, snapshot.evaluate(key, None, context, now))
                })
            }
        }
    }

    /// Counts them; `protocol` names the caller in the list of unknown flags
    pub(crate) fn record(
        self,
        (state, environment, published): (&EvaluationState, &Environment, &PublishedRevision),
        protocol: &str,
    ) {
        let row = environment.row();
        state
            .access
            .http
            .metrics
            .record_evaluations(row, self.reasons.into_iter());
        let usage = state.usage.of(row.id);
        let now = state.now();
        usage.answered_all(published.snapshot(), self.slots.into_iter(), now);
        let unknown = self.unknown.iter();
        usage.answered_unknown(
            unknown.map(|(key, times)| (&**key, *times)),
            (protocol, now),
        );
    }
}

/// Writes the members of a JSON object one by one; canonical if they come in the order of their names
#[derive(Debug)]
pub(crate) struct Members<'a> {
    body: &'a mut BoundedBody,
    is_first: bool,
}

impl<'a> Members<'a> {
    /// Begins an object
    pub(crate) fn begin(body: &'a mut BoundedBody) -> Result<Self, ApiError> {
        body.push("{")?;
        Ok(Self {
            body,
            is_first: true,
        })
    }

    /// Adds a member
    pub(crate) fn add(&mut self, name: &str, value: &Value) -> Result<(), ApiError> {
        if !std::mem::take(&mut self.is_first) {
            self.body.push(",")?;
        }
        self.body.push(&Value::from(name).to_canonical())?;
        self.body.push(":")?;
        self.body.push(&value.to_canonical())
    }

    /// Ends it
    pub(crate) fn end(self) -> Result<(), ApiError> {
        self.body.push("}")
    }
}
