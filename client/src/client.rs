//! The client: its life, and what it knows

use std::fmt;
use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use flagstaff_core::{Issue, Snapshot};

use crate::blocking::block_on;
use crate::change::Changes;
use crate::config::{ClientBuilder, Config};
use crate::error::ClientError;
use crate::runtime;
use crate::session::Session;
use crate::status::{Readiness, Status};
use crate::store::Store;
use crate::usage::Usage;

mod getters;

/// Evaluates flags locally, and keeps them fresh
///
/// Cheap to clone; all clones are one client, which is closed when the last of them is dropped. Getters never block, never fail and take
/// no lock: they read the snapshot in use, whatever goes on in the background.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    // `None`: offline, with a document that never changes.
    config: Option<Config>,
    store: Arc<Store>,
    session: ArcSwap<Session>,
    // Set by `after_fork`, so that getters need not ask the kernel which process they are in.
    is_inherited: AtomicBool,
    is_closed: AtomicBool,
}

impl Client {
    /// Settings of a client of the server at `url`, which authenticates with `key` (one that reads snapshots: `fs_server_…` or `fs_local_…`)
    pub fn builder(url: impl Into<String>, key: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(url, key)
    }

    /// An offline client of the document in a file; broken flags are in [`Client::issues`] and take no other down
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ClientError> {
        let path = path.as_ref();
        let document = std::fs::read_to_string(path).map_err(|source| ClientError::File {
            path: path.to_owned(),
            source,
        })?;
        Self::from_document(&document)
    }

    /// An offline client of a document's text
    pub fn from_document(document: &str) -> Result<Self, ClientError> {
        let snapshot = Snapshot::from_json(document)?;
        Ok(Self::new(None, Some(snapshot), None))
    }

    pub(crate) fn remote(
        config: Config,
        bootstrap: Option<Snapshot>,
        usage: Option<Usage>,
    ) -> Self {
        Self::new(Some(config), bootstrap, usage)
    }

    fn new(config: Option<Config>, snapshot: Option<Snapshot>, usage: Option<Usage>) -> Self {
        let store = Store::new(snapshot, usage);
        let inner = Inner {
            session: ArcSwap::from_pointee(new_session(config.as_ref(), &store)),
            config,
            store: Arc::new(store),
            is_inherited: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Begins to receive flags, on a thread of the client's own; does nothing if that has begun, or the client is offline or closed
    pub fn start(&self) {
        self.inner.start();
    }

    /// Blocks this thread until the client is ready, at most for `timeout`; starts it if need be
    ///
    /// In async code use [`Client::ready_async`].
    pub fn ready(&self, timeout: Duration) -> Readiness {
        self.start();
        let session = self.inner.session();
        block_on(settled(&session), timeout).unwrap_or_else(|| session.state().timed_out())
    }

    /// Waits until the client is ready, at most for `timeout`; starts it if need be
    ///
    /// Must be awaited inside a tokio runtime, whose timer it uses.
    pub async fn ready_async(&self, timeout: Duration) -> Readiness {
        self.start();
        let session = self.inner.session();
        tokio::time::timeout(timeout, settled(&session))
            .await
            .unwrap_or_else(|_| session.state().timed_out())
    }

    /// How waiting would end at once; `None` while it would go on. A closed client is not worth waiting for
    pub fn readiness(&self) -> Option<Readiness> {
        let state = self.inner.session().state();
        let is_closed = self.inner.is_closed.load(Ordering::Acquire);
        let at_once = || is_closed.then(|| state.timed_out());
        state.settled().or_else(at_once)
    }

    /// How fresh the flags are
    pub fn status(&self) -> Status {
        self.inner.session().state().status
    }

    /// Receives what changes from now on
    ///
    /// The backlog is bounded: a receiver that falls behind is told how much it has [missed](crate::Change::Missed). A receiver that a
    /// fork's child has inherited is dead; the child asks for another.
    pub fn changes(&self) -> Changes {
        self.inner.session().changes()
    }

    /// The snapshot in use
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.inner.revive();
        self.inner.store.snapshot()
    }

    /// What is wrong with the flags that are broken
    pub fn issues(&self) -> Vec<Issue> {
        self.snapshot().issues().to_vec()
    }

    /// Ends the background work for good; flags keep their last values. Does not block, and may be repeated
    ///
    /// What was counted and not reported yet is sent in the background, if the process lives for that long.
    pub fn close(&self) {
        self.inner.is_closed.store(true, Ordering::Release);
        self.inner.close();
    }

    /// To be called in the child after a fork: forgets the threads that the child did not inherit and keeps the flags
    ///
    /// The next use of the client starts its background work anew, if it was started. Without this call the first [`Client::start`],
    /// [`Client::ready`], [`Client::status`] or [`Client::changes`] finds out by itself; getters do not, since asking would cost more
    /// than an evaluation.
    pub fn after_fork(&self) {
        self.inner.is_inherited.store(true, Ordering::Release);
    }
}

impl fmt::Debug for Client {
    /// Without the key
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("config", &self.inner.config)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn start(&self) {
        let Some(config) = &self.config else { return };
        let session = self.session();
        if !self.is_closed.load(Ordering::Acquire) && session.start() {
            runtime::spawn(config.clone(), Arc::clone(&self.store), session);
        }
    }

    /// Restarts what a fork has ended; one relaxed load where nothing has
    #[inline]
    fn revive(&self) {
        if self.is_inherited.load(Ordering::Relaxed)
            && self.is_inherited.swap(false, Ordering::AcqRel)
        {
            drop(self.session());
        }
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

    /// Puts a session of this process's own in place of an inherited one
    fn replace(&self, inherited: Arc<Session>) -> Arc<Session> {
        let was_started = inherited.is_started();
        let fresh = Arc::new(new_session(self.config.as_ref(), &self.store));
        let previous = self
            .session
            .compare_and_swap(&inherited, Arc::clone(&fresh));
        let is_first = Arc::ptr_eq(&previous, &inherited);
        if is_first {
            self.store.forget_counts();
        }
        // Dropping the last handle would run wakers of a runtime whose thread does not exist here.
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

/// A session that has heard nothing yet; an inherited one's status cannot be asked, since a thread of the parent may have held its lock
fn new_session(config: Option<&Config>, store: &Store) -> Session {
    let status = match config {
        None => Status::Ready,
        Some(_) if store.is_filled() => Status::Stale,
        Some(_) => Status::NotReady,
    };
    Session::new(status, config.and_then(|config| config.observer.clone()))
}

/// Ends when the session is ready, refused or closed
async fn settled(session: &Session) -> Readiness {
    let mut states = session.states();
    tokio::select! {
        biased;
        _ = states.wait_for(|state| state.settled().is_some()) => {}
        () = session.closed() => {}
    }
    session.state().timed_out()
}
