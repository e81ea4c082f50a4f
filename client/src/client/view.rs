//! Evaluations that agree with one another: all of one snapshot and of one instant

use std::sync::Arc;

use flagstaff_core::{Attributes, ExpectedType, Outcome, Snapshot, Timestamp, WithUserKey};

use crate::client::Client;
use crate::client::getters::finish;
use crate::clock;

/// A client's flags as they are at one instant; see [`Client::view`]
///
/// Evaluations are counted as those of the getters are.
#[derive(Debug, Clone)]
pub struct ClientView {
    client: Client,
    // Whether there had been a snapshot; if not, this is the empty one.
    is_known: bool,
    snapshot: Arc<Snapshot>,
    now: Timestamp,
}

impl Client {
    /// The flags as they are now, for code whose evaluations must agree, such as that of one request
    pub fn view(&self) -> ClientView {
        self.inner.restart_after_fork();
        ClientView {
            client: self.clone(),
            is_known: self.inner.current.is_known(),
            snapshot: self.inner.current.load(),
            now: clock::now(),
        }
    }
}

impl ClientView {
    /// The snapshot that is evaluated
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Evaluates one flag and reads its outcome in place, without a copy; `None` for `expected` takes any type
    pub fn with_outcome<A: Attributes + ?Sized, T>(
        &self,
        flag: &str,
        expected: Option<ExpectedType>,
        context: &A,
        read: impl FnOnce(&Outcome<'_>) -> T,
    ) -> T {
        let mut outcome = self.uncounted_outcome(flag, expected, context);
        let inner = &self.client.inner;
        let mut guard = inner.current.guard();
        guard.count_in(inner.current.usage(), &self.snapshot, |recorder| {
            finish(flag, &mut outcome, recorder, || self.is_known);
        });
        guard.release();
        read(&outcome)
    }

    /// Evaluates one flag without counting it: for a caller that has read it with [`ClientView::with_outcome`] before
    pub fn uncounted_outcome<A: Attributes + ?Sized>(
        &self,
        flag: &str,
        expected: Option<ExpectedType>,
        context: &A,
    ) -> Outcome<'_> {
        match self.client.inner.prepare(context) {
            Some(key) => {
                let context = WithUserKey::new(context, key);
                self.snapshot.evaluate(flag, expected, &context, self.now)
            }
            None => self.snapshot.evaluate(flag, expected, context, self.now),
        }
    }
}
