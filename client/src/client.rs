//! The client: its life cycle and its state

use std::fmt;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use flagstaff_core::{AttributePath, Attributes, Issue, Snapshot};

use crate::blocking::block_on;
use crate::care::Care;
use crate::change::{ChangeCallback, ChangeReceiver, ClientChange};
use crate::config::{Config, UpdateMode};
use crate::current_snapshot::CurrentSnapshot;
use crate::error::ClientError;
use crate::runtime;
use crate::session::Session;
use crate::status::{Readiness, Status};
use crate::usage::Usage;
use crate::watch;

mod getters;
pub(crate) mod view;

/// Evaluates flags in this process, and keeps them up to date
///
/// Cheap to clone; all clones are one client, which is closed when the last of them is dropped. Getters never block, never fail and take
/// no lock: they read the current snapshot.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    origin: Origin,
    current: Arc<CurrentSnapshot>,
    session: ArcSwap<Session>,
    care: Care,
    is_closed: AtomicBool,
}

/// Where flags come from
enum Origin {
    /// A document that never changes
    Document,
    /// A file that is watched
    File(PathBuf, ChangeCallback),
    Server(Box<Config>),
}

impl Origin {
    fn on_change(&self) -> Option<&ChangeCallback> {
        match self {
            Self::Document => None,
            Self::File(_, on_change) => Some(on_change),
            Self::Server(config) => config.on_change.as_ref(),
        }
    }
}

impl fmt::Debug for Origin {
    /// Without the key
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document => formatter.write_str("Document"),
            Self::File(path, _) => formatter.debug_tuple("File").field(path).finish(),
            Self::Server(config) => formatter.debug_tuple("Server").field(config).finish(),
        }
    }
}

impl Client {
    /// An offline client of the document in a file; [`Client::issues`] lists broken flags, and the other flags work
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ClientError> {
        let snapshot = watch::read(path.as_ref())?;
        Ok(Self::new(Origin::Document, Some(snapshot), None, None))
    }

    /// A client of the document in a file that is read again, after [`Client::start`], whenever it changes; `on_change` is called with
    /// every change, on the client's background thread
    ///
    /// While the file cannot be read or is not a document, the flags keep their last values, and the client is
    /// [`Stale`](crate::Status::Stale).
    pub fn watch_file(
        path: impl AsRef<Path>,
        on_change: impl Fn(&ClientChange) + Send + Sync + 'static,
    ) -> Result<Self, ClientError> {
        let path = path.as_ref();
        let snapshot = watch::read(path)?;
        let origin = Origin::File(path.to_owned(), Arc::new(on_change));
        Ok(Self::new(origin, Some(snapshot), None, None))
    }

    /// An offline client of a document, which is JSON text
    pub fn from_document(document: &str) -> Result<Self, ClientError> {
        let snapshot = Snapshot::from_json(document)?;
        Ok(Self::new(Origin::Document, Some(snapshot), None, None))
    }

    pub(crate) fn remote(
        config: Config,
        bootstrap: Option<Snapshot>,
        usage: Option<Usage>,
        user_key: Option<AttributePath>,
    ) -> Self {
        Self::new(Origin::Server(config.into()), bootstrap, usage, user_key)
    }

    fn new(
        origin: Origin,
        snapshot: Option<Snapshot>,
        usage: Option<Usage>,
        user_key: Option<AttributePath>,
    ) -> Self {
        let care = Care::new(user_key);
        let current = CurrentSnapshot::new(snapshot, usage);
        let inner = Inner {
            session: ArcSwap::from_pointee(new_session(&origin, &current)),
            origin,
            current: Arc::new(current),
            care,
            is_closed: AtomicBool::new(false),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Starts the background thread, which receives flags; does nothing if it was started, or the client is offline or closed
    pub fn start(&self) {
        self.inner.start();
    }

    /// Blocks this thread until the client is ready, at most for `timeout`; starts the client first if necessary
    ///
    /// In async code use [`Client::ready_async`].
    pub fn ready(&self, timeout: Duration) -> Readiness {
        self.start();
        let session = self.inner.session();
        block_on(wait_until_settled(&session), timeout)
            .unwrap_or_else(|| session.state().timed_out())
    }

    /// Waits until the client is ready, at most for `timeout`; starts the client first if necessary
    ///
    /// Must be awaited inside a tokio runtime, whose timer it uses.
    pub async fn ready_async(&self, timeout: Duration) -> Readiness {
        self.start();
        let session = self.inner.session();
        tokio::time::timeout(timeout, wait_until_settled(&session))
            .await
            .unwrap_or_else(|_| session.state().timed_out())
    }

    /// What [`Client::ready`] would return without waiting; `None` if it would wait. It does not wait for a closed client
    pub fn readiness(&self) -> Option<Readiness> {
        let state = self.inner.session().state();
        let at_once = || self.is_closed().then(|| state.timed_out());
        state.settled().or_else(at_once)
    }

    /// The client's status
    pub fn status(&self) -> Status {
        self.inner.session().state().status
    }

    /// Receives changes from now on
    ///
    /// The backlog is bounded: a receiver that falls behind learns how many changes it [missed](crate::ClientChange::Lagged). A receiver that
    /// a child process inherits by a fork receives nothing; the child needs a new one.
    pub fn changes(&self) -> ChangeReceiver {
        self.inner.session().changes()
    }

    /// The current snapshot
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.inner.restart_after_fork();
        self.inner.current.load()
    }

    /// Why flags are broken
    pub fn issues(&self) -> Vec<Issue> {
        self.snapshot().issues().to_vec()
    }

    /// Stops the background thread for good; flags keep their last values. Does not block, and may be called again
    ///
    /// Counts that have not been reported are sent in the background, if the process lives long enough; [`Client::close_within`] waits for
    /// that.
    pub fn close(&self) {
        self.inner.is_closed.store(true, Ordering::Release);
        self.inner.close();
    }

    /// Sends the counts of evaluations now, and waits until the server has them, at most for `timeout`; returns whether it has
    ///
    /// `true` also for a client that counts nothing. A client that was not started, or is closed, sends nothing.
    pub fn flush(&self, timeout: Duration) -> bool {
        if self.inner.current.usage().is_none() {
            return true;
        }
        let session = self.inner.session();
        if !session.is_started() || session.is_closed() {
            return false;
        }
        block_on(session.flush(), timeout).unwrap_or_default()
    }

    /// Closes the client as [`Client::close`] does, and waits until the last counts are sent, at most for `timeout`; returns whether they are
    pub fn close_within(&self, timeout: Duration) -> bool {
        self.close();
        let session = self.inner.session.load_full();
        if !session.is_own() {
            // A session of the parent process: see `Inner::replace`.
            mem::forget(session);
            return true;
        }
        !session.is_started() || session.wait_until_ended(timeout).unwrap_or_default()
    }

    /// Whether [`Client::close`] was called
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed.load(Ordering::Acquire)
    }

    /// To be called in the child process after a fork, which does not copy the background thread; the flags stay
    ///
    /// The next use of the client starts the background thread again, if it was started. Without this call the first [`Client::start`],
    /// [`Client::ready`], [`Client::status`] or [`Client::changes`] detects the fork by itself; getters do not, since that would cost more
    /// than an evaluation.
    pub fn after_fork(&self) {
        self.inner.care.mark_inherited();
    }
}

impl fmt::Debug for Client {
    /// Without the key
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("origin", &self.inner.origin)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn start(&self) {
        let is_static = match &self.origin {
            Origin::Document => true,
            Origin::File(..) => false,
            Origin::Server(config) => config.mode == UpdateMode::Offline,
        };
        let session = self.session();
        if is_static || self.is_closed.load(Ordering::Acquire) || !session.try_start() {
            return;
        }
        let current = Arc::clone(&self.current);
        match &self.origin {
            Origin::Document => {}
            Origin::File(path, _) => watch::spawn(path.clone(), current, session),
            Origin::Server(config) => runtime::spawn(Config::clone(config), current, session),
        }
    }

    /// Restarts the background thread that a fork has ended; one relaxed load if there was no fork
    #[inline]
    fn restart_after_fork(&self) {
        if self.care.is_needed() && self.care.take_inherited() {
            drop(self.session());
        }
    }

    /// What precedes an evaluation: the restart after a fork, and a hint if the context seems to name its user by another word
    ///
    /// Returns the attribute that is the key of users without a `targetingKey`.
    #[inline]
    fn prepare<A: Attributes + ?Sized>(&self, context: &A) -> Option<&AttributePath> {
        if self.care.is_needed() {
            self.prepare_with_care(context)
        } else {
            None
        }
    }

    #[cold]
    fn prepare_with_care<A: Attributes + ?Sized>(&self, context: &A) -> Option<&AttributePath> {
        self.restart_after_fork();
        self.care.check(context);
        self.care.user_key()
    }

    /// The session of this process
    fn session(&self) -> Arc<Session> {
        let current = self.session.load_full();
        if current.is_own() {
            current
        } else {
            self.replace(current)
        }
    }

    /// Replaces an inherited session by a new one of this process
    fn replace(&self, inherited: Arc<Session>) -> Arc<Session> {
        let was_started = inherited.is_started();
        let status = inherited.last_status();
        let on_change = self.origin.on_change().cloned();
        let fresh = Arc::new(Session::new(status, on_change));
        let previous = self
            .session
            .compare_and_swap(&inherited, Arc::clone(&fresh));
        let is_first = Arc::ptr_eq(&previous, &inherited);
        if is_first {
            self.current.reset_counts();
        }
        // Dropping the last reference would run wakers of a runtime whose thread does not exist in this process.
        mem::forget(inherited);
        if is_first && was_started {
            self.start();
        }
        self.session.load_full()
    }

    fn close(&self) {
        let session = self.session.load_full();
        if session.is_own() {
            session.close();
        } else {
            mem::forget(session);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// A session that has received nothing yet
fn new_session(origin: &Origin, current: &CurrentSnapshot) -> Session {
    let status = match origin {
        Origin::Document | Origin::File(..) => Status::Ready,
        Origin::Server(_) if !current.is_known() => Status::NotReady,
        Origin::Server(config) if config.mode == UpdateMode::Offline => Status::Ready,
        Origin::Server(_) => Status::Stale,
    };
    Session::new(status, origin.on_change().cloned())
}

/// Ends when the session is ready, refused or closed
async fn wait_until_settled(session: &Session) -> Readiness {
    let mut states = session.states();
    tokio::select! {
        biased;
        _ = states.wait_for(|state| state.settled().is_some()) => {}
        () = session.closed() => {}
    }
    session.state().timed_out()
}
