//! Outcomes that are written one after the other, and what is counted of them

use std::collections::BTreeMap;

use flagstaff_core::{Attributes, Outcome, Reason, Snapshot, Timestamp, Value};

use crate::api_error::ApiError;
use crate::bounded::BoundedBody;
use crate::environment::Environment;
use crate::published::Published;
use crate::state::AppState;

/// What is counted of outcomes when they have been written
#[derive(Debug, Default)]
pub(super) struct Counts {
    reasons: Vec<Reason>,
    slots: Vec<usize>,
    // How often each was asked for: a request may ask for one with a thousand contexts.
    unknown: BTreeMap<String, u64>,
}

impl Counts {
    /// Adds an outcome that is no use of its flag, since somebody asks why
    pub(super) fn add_explained(&mut self, outcome: &Outcome<'_>) {
        self.reasons.push(outcome.reason);
    }

    /// Adds the outcome of a flag that was asked for
    pub(super) fn add(&mut self, snapshot: &Snapshot, key: &str, outcome: &Outcome<'_>) {
        self.reasons.push(outcome.reason);
        match snapshot.slot_of(key, outcome) {
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

    /// Evaluates every flag, adds each outcome and hands it to `write`
    pub(super) fn add_all(
        &mut self,
        snapshot: &Snapshot,
        (context, now): (&impl Attributes, Timestamp),
        mut write: impl FnMut(&str, &Outcome<'_>) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        for (position, (key, outcome)) in snapshot.outcomes(context, now).enumerate() {
            write(key, &outcome)?;
            self.reasons.push(outcome.reason);
            self.slots.extend(snapshot.slot_at(position, &outcome));
        }
        Ok(())
    }

    /// Counts them; `protocol` is what the list of unknown flags says of who asked
    pub(super) fn record(
        self,
        (state, environment, published): (&AppState, &Environment, &Published),
        protocol: &str,
    ) {
        let row = environment.row();
        state.metrics().evaluated(row, self.reasons.into_iter());
        let usage = state.usage().of(row.id);
        let now = state.now();
        usage.answered_all(published.snapshot(), self.slots.into_iter(), now);
        let unknown = self.unknown.iter();
        usage.answered_unknown(
            unknown.map(|(key, times)| (&**key, *times)),
            (protocol, now),
        );
    }
}

/// The members of a JSON object, each written when it is known; canonical if they come in the order of their names
#[derive(Debug)]
pub(super) struct Members<'a> {
    body: &'a mut BoundedBody,
    is_first: bool,
}

impl<'a> Members<'a> {
    /// Begins an object
    pub(super) fn begin(body: &'a mut BoundedBody) -> Result<Self, ApiError> {
        body.push("{")?;
        Ok(Self {
            body,
            is_first: true,
        })
    }

    /// Adds a member
    pub(super) fn add(&mut self, name: &str, value: &Value) -> Result<(), ApiError> {
        if !std::mem::take(&mut self.is_first) {
            self.body.push(",")?;
        }
        self.body.push(&Value::from(name).to_canonical())?;
        self.body.push(":")?;
        self.body.push(&value.to_canonical())
    }

    /// Ends it
    pub(super) fn end(self) -> Result<(), ApiError> {
        self.body.push("}")
    }
}
