//! A server in this process, without a socket

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flagstaff_core::Timestamp;
use flagstaff_server::auth::{CredentialKind, hash};
use flagstaff_server::store::{BrowserPolicy, CredentialRow, Store};
use flagstaff_server::{AppState, Clock, Rates, RuntimeConfig, app};

use super::database::Database;
use super::request::{Requests, Target};

/// When the clock of a test begins: 2026-01-01T00:00:00Z
pub(crate) const NOW: u64 = 1_767_225_600_000;

pub(crate) struct Server {
    pub(crate) state: AppState,
    clock: Arc<AtomicU64>,
    // Dropped last: the folder is deleted when nobody uses the file any more.
    database: Database,
}

/// Stores one key of each kind, whose token is the name of the kind: roles are for the project `default`, others for its production
pub(crate) async fn store_keys(store: &dyn Store) {
    for kind in CredentialKind::ALL {
        store.ensure_key(key(kind, kind.name())).await.unwrap();
    }
}

/// The key with a token
pub(crate) fn key(kind: CredentialKind, token: &str) -> CredentialRow {
    CredentialRow {
        hash: hash(token),
        kind,
        project_id: Some(1),
        environment_id: CredentialKind::KEYS.contains(&kind).then_some(1),
        name: kind.name().to_owned(),
        hint: String::new(),
        created_at: Timestamp::from_millis(0),
        expires_at: None,
        rules: BrowserPolicy::default(),
        owner: None,
    }
}

/// A server over a database with a key of each kind
pub(crate) async fn state(database: &Database, limits: RuntimeConfig, clock: Clock) -> AppState {
    let store: Arc<dyn Store> = Arc::new(database.open().await);
    store_keys(&*store).await;
    AppState::load(store, limits, clock).await.unwrap()
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::with(RuntimeConfig::default()).await
    }

    pub(crate) async fn with(limits: RuntimeConfig) -> Self {
        let database = Database::new();
        let clock = Arc::new(AtomicU64::new(NOW));
        let state = state(&database, limits, Clock::Manual(Arc::clone(&clock))).await;
        Self {
            state,
            clock,
            database,
        }
    }

    pub(crate) async fn with_rates(rates: Rates) -> Self {
        Self::with(RuntimeConfig {
            rates,
            ..RuntimeConfig::default()
        })
        .await
    }

    /// A server with a clock of its own
    pub(crate) fn of(state: AppState, database: Database) -> Self {
        Self {
            state,
            clock: Arc::default(),
            database,
        }
    }

    /// Moves the clock on
    pub(crate) fn wait(&self, millis: u64) {
        self.clock.fetch_add(millis, Ordering::Relaxed);
    }

    pub(crate) fn set_clock(&self, millis: u64) {
        self.clock.store(millis, Ordering::Relaxed);
    }

    /// Runs statements in its database, which it does not learn of
    pub(crate) async fn sql(&self, statements: &str) {
        self.database.sql(statements).await;
    }

    /// Stores a key and lets the server know it
    pub(crate) async fn add_key(&self, key: CredentialRow) {
        self.state.store().ensure_key(key).await.unwrap();
        self.state.refresh_keys().await.unwrap();
    }

    /// Requests with a token
    pub(crate) fn with_token(&self, token: &str) -> Caller<'_> {
        Caller {
            server: self,
            token: token.to_owned(),
        }
    }

    /// Requests with a token that is admin in all projects
    pub(crate) async fn root(&self) -> Caller<'_> {
        self.add_key(CredentialRow {
            project_id: None,
            ..key(CredentialKind::Admin, "root")
        })
        .await;
        self.with_token("root")
    }
}

impl Requests for Server {
    fn target(&self) -> Target {
        Target::Router(app(self.state.clone()))
    }
}

impl Requests for AppState {
    fn target(&self) -> Target {
        Target::Router(app(self.clone()))
    }
}

/// Requests with one token
pub(crate) struct Caller<'a> {
    server: &'a Server,
    token: String,
}

impl Requests for Caller<'_> {
    fn target(&self) -> Target {
        self.server.target()
    }

    fn default_token(&self) -> String {
        self.token.clone()
    }
}
