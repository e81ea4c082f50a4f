//! What a client and its background task share for as long as one process lives
//!
//! A fork copies a client but not its threads. Locks that a thread held at that moment stay locked in the child for ever, so the child
//! makes a session of its own and never touches the inherited one again.

use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{broadcast, watch};

use crate::change::{BACKLOG, Change, Changes};
use crate::config::Observer;
use crate::status::{State, Status};

/// The channels between a client and its background task
pub(crate) struct Session {
    process: u32,
    is_started: AtomicBool,
    closing: watch::Sender<bool>,
    state: watch::Sender<State>,
    changes: broadcast::Sender<Change>,
    observer: Option<Observer>,
}

impl Session {
    pub(crate) fn new(status: Status, observer: Option<Observer>) -> Self {
        Self {
            process: process::id(),
            is_started: AtomicBool::new(false),
            closing: watch::Sender::new(false),
            state: watch::Sender::new(State::new(status)),
            changes: broadcast::Sender::new(BACKLOG),
            observer,
        }
    }

    /// Whether this session was made by this process, rather than inherited by a fork
    pub(crate) fn is_own(&self) -> bool {
        self.process == process::id()
    }

    /// The background task could not be started: whoever starts the session next tries again
    pub(crate) fn has_not_started(&self) {
        self.is_started.store(false, Ordering::Release);
    }

    /// Whether the caller is the first to start this session
    pub(crate) fn start(&self) -> bool {
        !self.is_started.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn is_started(&self) -> bool {
        self.is_started.load(Ordering::Acquire)
    }

    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    pub(crate) fn is_closed(&self) -> bool {
        *self.closing.borrow()
    }

    /// Ends when the session is closed
    pub(crate) async fn closed(&self) {
        // The sender is borrowed here, so the channel is open: the only end is the value.
        drop(
            self.closing
                .subscribe()
                .wait_for(|is_closing| *is_closing)
                .await,
        );
    }

    pub(crate) fn state(&self) -> State {
        *self.state.borrow()
    }

    pub(crate) fn states(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    pub(crate) fn changes(&self) -> Changes {
        Changes::new(self.changes.subscribe(), self.closing.subscribe())
    }

    /// The server has been heard: what it said is in use
    pub(crate) fn is_fresh(&self) {
        self.transition(|_| State::new(Status::Ready));
    }

    /// The server is out of reach, or refuses
    pub(crate) fn is_lost(&self, is_refused: bool) {
        self.transition(|state| {
            let status = match state.status {
                Status::Ready | Status::Stale => Status::Stale,
                Status::NotReady | Status::Failed if is_refused => Status::Failed,
                Status::NotReady | Status::Failed => Status::NotReady,
            };
            State { status, is_refused }
        });
    }

    /// These flags may answer otherwise
    pub(crate) fn flags_changed(&self, flags: Arc<[Arc<str>]>) {
        if !flags.is_empty() {
            let change = Change::Flags(flags);
            self.observe(&change);
            self.send(change);
        }
    }

    fn transition(&self, next: impl FnOnce(State) -> State) {
        let mut told = None;
        self.state.send_modify(|state| {
            let before = std::mem::replace(state, next(*state));
            if state.status != before.status {
                let change = Change::Status(state.status);
                // Under the state's lock: whoever reads the new status has been told of it, and whoever is told reads the new status.
                self.send(change.clone());
                told = Some(change);
            }
        });
        // Outside of it, since an observer may ask for the status.
        if let Some(change) = told {
            self.observe(&change);
        }
    }

    fn send(&self, change: Change) {
        // An error means that nobody listens.
        drop(self.changes.send(change));
    }

    fn observe(&self, change: &Change) {
        let Some(observer) = &self.observer else {
            return;
        };
        // It is the program's: what it does wrong must not keep flags from being received.
        if panic::catch_unwind(AssertUnwindSafe(|| observer(change))).is_err() {
            log::error!("the observer of changes panicked; flags are received nonetheless");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NO_TIME: Duration = Duration::ZERO;

    #[test]
    fn a_refusal_fails_a_client_that_knows_nothing_and_makes_another_stale() {
        for (before, after) in [
            (Status::NotReady, Status::Failed),
            (Status::Stale, Status::Stale),
            (Status::Ready, Status::Stale),
        ] {
            let session = Session::new(before, None);
            session.is_lost(true);
            assert_eq!(session.state().status, after);
        }
    }

    #[test]
    fn a_failed_client_recovers() {
        let session = Session::new(Status::NotReady, None);
        session.is_lost(true);
        session.is_lost(false);
        assert_eq!(session.state().status, Status::NotReady);
        session.is_fresh();
        assert_eq!(session.state().status, Status::Ready);
    }

    #[test]
    fn a_status_is_told_once() {
        let session = Session::new(Status::NotReady, None);
        let mut changes = session.changes();
        session.is_fresh();
        session.is_fresh();
        assert_eq!(
            changes.next_timeout(NO_TIME),
            Some(Change::Status(Status::Ready))
        );
        assert_eq!(changes.next_timeout(NO_TIME), None);
    }

    #[test]
    fn a_receiver_that_lags_is_told_how_much_it_missed() {
        let session = Session::new(Status::NotReady, None);
        let mut changes = session.changes();
        (0..BACKLOG + 3).for_each(|_| session.flags_changed(Arc::new(["a".into()])));
        assert_eq!(changes.next_timeout(NO_TIME), Some(Change::Missed(3)));
        assert_eq!(
            changes.next_timeout(NO_TIME),
            Some(Change::Flags(Arc::new(["a".into()])))
        );
    }

    #[test]
    fn changes_end_when_the_session_is_closed_but_not_before_the_last_one() {
        let session = Session::new(Status::NotReady, None);
        let mut changes = session.changes();
        session.is_fresh();
        session.close();
        assert_eq!(
            changes.next_timeout(Duration::MAX),
            Some(Change::Status(Status::Ready))
        );
        assert_eq!(changes.next_timeout(Duration::MAX), None);
    }
}
