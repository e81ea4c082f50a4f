//! The state that a client and its background thread share within one process
//!
//! A fork copies a client but not its threads. A lock that another thread held at that moment stays locked in the child for ever, so the
//! child makes a new session and never touches the inherited one again.

use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, broadcast, watch};

use crate::change::{ChangeCallback, ChangeReceiver, ClientChange, MAX_BACKLOG};
use crate::status::{ConnectionState, Status};

/// The channels between a client and its background thread
pub(crate) struct Session {
    process: u32,
    is_started: AtomicBool,
    closing: watch::Sender<bool>,
    // The number of calls of `flush`, and of those that have been answered.
    flushes: watch::Sender<u64>,
    flushed: watch::Sender<Flushed>,
    ended: Ended,
    state: watch::Sender<ConnectionState>,
    // The status of the state, for the child process of a fork: a thread of the parent may have held the lock of the state.
    last_status: AtomicU8,
    changes: broadcast::Sender<ClientChange>,
    // Here, and not beside the snapshot: a list of waiters that a fork copies names the stacks of threads that do not exist.
    replaced: Notify,
    on_change: Option<ChangeCallback>,
}

/// The last flush that was answered
#[derive(Debug, Clone, Copy, Default)]
struct Flushed {
    number: u64,
    is_sent: bool,
}

/// Whether the background thread has ended, and whether all counts were sent before
///
/// Not a channel of tokio's: waiting for one uses thread-local variables, which do not exist any more when a process ends by `exit` and
/// closes its clients in a handler of `atexit`.
#[derive(Debug, Default)]
struct Ended {
    is_sent: Mutex<Option<bool>>,
    changed: Condvar,
}

impl Ended {
    fn lock(&self) -> MutexGuard<'_, Option<bool>> {
        // Nothing panics while it holds the lock.
        self.is_sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    pub(crate) fn new(status: Status, on_change: Option<ChangeCallback>) -> Self {
        Self {
            process: process::id(),
            is_started: AtomicBool::new(false),
            closing: watch::Sender::new(false),
            flushes: watch::Sender::new(0),
            flushed: watch::Sender::new(Flushed::default()),
            ended: Ended::default(),
            state: watch::Sender::new(ConnectionState::new(status)),
            last_status: AtomicU8::new(status as u8),
            changes: broadcast::Sender::new(MAX_BACKLOG),
            replaced: Notify::new(),
            on_change,
        }
    }

    /// Whether this session was made by this process and not inherited by a fork
    pub(crate) fn is_own(&self) -> bool {
        self.process == process::id()
    }

    /// Allows another start, since the background thread could not be started
    pub(crate) fn reset_start(&self) {
        self.is_started.store(false, Ordering::Release);
    }

    /// Marks the session as started; `false` if it was already
    pub(crate) fn try_start(&self) -> bool {
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
        // Cannot fail: the sender is borrowed here, so the channel is open.
        drop(
            self.closing
                .subscribe()
                .wait_for(|is_closing| *is_closing)
                .await,
        );
    }

    /// Asks the background thread to send all counts; ends when it has tried, and tells whether it did
    pub(crate) async fn flush(&self) -> bool {
        let mut number = 0;
        self.flushes.send_modify(|flushes| {
            *flushes = flushes.wrapping_add(1);
            number = *flushes;
        });
        let mut flushed = self.flushed.subscribe();
        // Cannot fail: the sender is borrowed here.
        let answered = flushed.wait_for(|flushed| flushed.number >= number).await;
        answered.is_ok_and(|flushed| flushed.is_sent)
    }

    /// Changes with each call of [`Session::flush`]
    pub(crate) fn flushes(&self) -> watch::Receiver<u64> {
        self.flushes.subscribe()
    }

    /// Answers the calls of [`Session::flush`] up to this number
    pub(crate) fn mark_flushed(&self, number: u64, is_sent: bool) {
        self.flushed.send_replace(Flushed { number, is_sent });
    }

    /// The background thread ends; `is_sent` tells whether all counts were sent
    pub(crate) fn mark_ended(&self, is_sent: bool) {
        *self.ended.lock() = Some(is_sent);
        self.ended.changed.notify_all();
    }

    /// Waits until the background thread has ended; `None` if it has not in time, otherwise whether all counts were sent
    pub(crate) fn wait_until_ended(&self, timeout: Duration) -> Option<bool> {
        let ended = self.ended.lock();
        let waited = self
            .ended
            .changed
            .wait_timeout_while(ended, timeout, |ended| ended.is_none());
        let (ended, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *ended
    }

    pub(crate) fn state(&self) -> ConnectionState {
        *self.state.borrow()
    }

    /// The status, read without a lock
    pub(crate) fn last_status(&self) -> Status {
        let last = self.last_status.load(Ordering::Acquire);
        let is_last = |status: &Status| *status as u8 == last;
        Status::ALL
            .into_iter()
            .find(is_last)
            .unwrap_or(Status::NotReady)
    }

    pub(crate) fn states(&self) -> watch::Receiver<ConnectionState> {
        self.state.subscribe()
    }

    pub(crate) fn changes(&self) -> ChangeReceiver {
        ChangeReceiver::new(self.changes.subscribe(), self.closing.subscribe())
    }

    /// The flags are up to date
    pub(crate) fn mark_fresh(&self) {
        self.transition(|_| ConnectionState::new(Status::Ready));
    }

    /// The server is unreachable, or refuses the client
    pub(crate) fn mark_unreachable(&self, is_refused: bool) {
        self.transition(|state| {
            let status = match state.status {
                Status::Ready | Status::Stale => Status::Stale,
                Status::NotReady | Status::Failed if is_refused => Status::Failed,
                Status::NotReady | Status::Failed => Status::NotReady,
            };
            ConnectionState {
                status,
                is_unreachable: true,
            }
        });
    }

    /// The snapshot was replaced
    pub(crate) fn mark_replaced(&self) {
        self.replaced.notify_one();
    }

    /// Ends when the snapshot was replaced since the last call
    pub(crate) async fn replaced(&self) {
        self.replaced.notified().await;
    }

    /// Notifies that these flags may have other values
    pub(crate) fn notify_flags(&self, flags: Arc<[Arc<str>]>) {
        if !flags.is_empty() {
            let change = ClientChange::Flags(flags);
            self.call_back(&change);
            self.send(change);
        }
    }

    fn transition(&self, next: impl FnOnce(ConnectionState) -> ConnectionState) {
        let mut sent = None;
        self.state.send_modify(|state| {
            let before = std::mem::replace(state, next(*state));
            if state.status != before.status {
                self.last_status
                    .store(state.status as u8, Ordering::Release);
                let change = ClientChange::Status(state.status);
                // Under the state's lock, so that the change and the new status become visible together.
                self.send(change.clone());
                sent = Some(change);
            }
        });
        // Without the lock, since the callback may read the status.
        if let Some(change) = sent {
            self.call_back(&change);
        }
    }

    fn send(&self, change: ClientChange) {
        // An error means that there is no receiver.
        drop(self.changes.send(change));
    }

    fn call_back(&self, change: &ClientChange) {
        let Some(on_change) = &self.on_change else {
            return;
        };
        // A panic of the application's callback must not stop the background thread.
        if panic::catch_unwind(AssertUnwindSafe(|| on_change(change))).is_err() {
            log::error!("the `on_change` callback panicked; the client keeps receiving flags");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_TIME: Duration = Duration::ZERO;

    #[test]
    fn a_refusal_fails_a_client_without_flags_and_makes_another_stale() {
        for (before, after) in [
            (Status::NotReady, Status::Failed),
            (Status::Stale, Status::Stale),
            (Status::Ready, Status::Stale),
        ] {
            let session = Session::new(before, None);
            session.mark_unreachable(true);
            assert_eq!(session.state().status, after);
        }
    }

    #[test]
    fn a_failed_client_recovers() {
        let session = Session::new(Status::NotReady, None);
        session.mark_unreachable(true);
        session.mark_unreachable(false);
        assert_eq!(session.state().status, Status::NotReady);
        session.mark_fresh();
        assert_eq!(session.state().status, Status::Ready);
    }

    #[test]
    fn a_status_is_sent_once() {
        let session = Session::new(Status::NotReady, None);
        let mut changes = session.changes();
        session.mark_fresh();
        session.mark_fresh();
        assert_eq!(
            changes.next_timeout(NO_TIME),
            Some(ClientChange::Status(Status::Ready))
        );
        assert_eq!(changes.next_timeout(NO_TIME), None);
    }

    #[test]
    fn a_receiver_that_lags_learns_how_much_it_missed() {
        let session = Session::new(Status::NotReady, None);
        let mut changes = session.changes();
        (0..MAX_BACKLOG + 3).for_each(|_| session.notify_flags(Arc::new(["a".into()])));
        assert_eq!(changes.next_timeout(NO_TIME), Some(ClientChange::Lagged(3)));
        assert_eq!(
            changes.next_timeout(NO_TIME),
            Some(ClientChange::Flags(Arc::new(["a".into()])))
        );
    }

    #[test]
    fn changes_end_when_the_session_is_closed_but_not_before_the_last_one() {
        let session = Session::new(Status::NotReady, None);
        let mut changes = session.changes();
        session.mark_fresh();
        session.close();
        assert_eq!(
            changes.next_timeout(Duration::MAX),
            Some(ClientChange::Status(Status::Ready))
        );
        assert_eq!(changes.next_timeout(Duration::MAX), None);
    }
}
