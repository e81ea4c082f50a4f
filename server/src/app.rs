//! The state of the whole server, and how its parts are connected

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use flagstaff_core::{SnapshotError, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::access::auth::AccessIndex;
use crate::access::identity::Issuer;
use crate::access::sign_in::SignIn;
use crate::access::state::AccessState;
use crate::crypto::encryption::EncryptionKeys;
use crate::engine::environment::{Environment, LoadError};
use crate::engine::state::EngineState;
use crate::engine::store_handle::StoreHandle;
use crate::engine::store_health::StoreHealth;
use crate::evaluation::state::EvaluationState;
use crate::flags::state::FlagState;
use crate::http::base_path::BasePath;
use crate::http::client_address::Proxies;
use crate::http::connections::{Beyond, CloseReason, ConnectionLimits, Connections};
use crate::http::rate::Rates;
use crate::http::state::HttpState;
use crate::idempotency;
use crate::instances::Instances;
use crate::metrics::{KnownLabels, Metrics};
use crate::redis::cached_state::{EnvironmentCache, ServerCache};
use crate::runtime::clock::Clock;
use crate::store::{Access, Store, StoreError};
use crate::streams::project_changes::ProjectChanges;
use crate::streams::state::StreamState;
use crate::streams::stream::{StreamBound, StreamLimits, StreamSlots};
use crate::usage::Usage;

pub(crate) mod announce;
pub(crate) mod api_description;
pub(crate) mod certificate;
pub(crate) mod descriptors;
pub(crate) mod example;
pub(crate) mod follow;
pub(crate) mod gauges;
pub(crate) mod health;
pub(crate) mod local;
mod operations;
pub(crate) mod retention;
pub(crate) mod router;
pub(crate) mod seed;
pub(crate) mod serve;
pub(crate) mod startup_credentials;
pub(crate) mod stop;

/// The configuration of the server
#[derive(Debug, Clone)]
pub struct RuntimeConfig {
    /// The limits on open streams
    pub streams: StreamLimits,
    /// The limits on open connections
    pub connections: ConnectionLimits,
    /// The maximum size of all long bodies and responses that are held at a time; half of it is for public keys and callers without a key
    pub held_bytes: usize,
    /// How many changes of overrides a flag may take in an hour; 0 for no limit
    pub override_changes: u32,
    /// The interval of comments on a silent stream
    pub heartbeat: Duration,
    /// The interval of polling the store, in addition to notifications
    pub poll: Duration,
    /// The trusted proxies
    pub proxies: Proxies,
    /// The path below which a proxy serves the server
    pub base_path: BasePath,
    /// How long counts of evaluations are kept
    pub usage_kept: Duration,
    /// How long rows of the audit are kept; `None` for ever
    pub audit_kept: Option<Duration>,
    /// The rate limits
    pub rates: Rates,
    /// How long a write with an `Idempotency-Key` counts as in progress if its node does not report
    pub idempotency_lease: Duration,
    /// The issuer of JSON Web Tokens for people
    pub issuer: Option<Arc<Issuer>>,
    /// How people sign in to the admin UI
    pub sign_in: SignIn,
    /// The keys with which signing secrets in the store are encrypted
    pub encryption_keys: EncryptionKeys,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self {
            streams: StreamLimits::of(10_000),
            connections: ConnectionLimits::default(),
            held_bytes: 256 << 20,
            override_changes: 100,
            heartbeat: Duration::from_secs(15),
            poll: Duration::from_millis(500),
            proxies: Proxies::default(),
            base_path: BasePath::default(),
            usage_kept: Duration::from_hours(90 * 24),
            audit_kept: None,
            rates: Rates::default(),
            idempotency_lease: idempotency::LEASE,
            issuer: None,
            sign_in: SignIn::default(),
            encryption_keys: EncryptionKeys::default(),
        }
    }
}

/// The state of the whole server, shared by all requests
#[derive(Debug, Clone)]
pub struct AppState {
    engine: Arc<EngineState>,
    http: Arc<HttpState>,
    access: Arc<AccessState>,
    usage: Arc<Usage>,
    instances: Arc<Instances>,
    flags: Arc<FlagState>,
    evaluation: Arc<EvaluationState>,
    streams: Arc<StreamState>,
    connections: Arc<Connections>,
    leaving: CancellationToken,
    config: Arc<RuntimeConfig>,
}

/// The state that the handlers of a folder take
macro_rules! slices {
    ($($slice:ty = $field:ident;)+) => {
        $(impl FromRef<AppState> for Arc<$slice> {
            fn from_ref(state: &AppState) -> Self {
                Arc::clone(&state.$field)
            }
        })+
    };
}

slices! {
    EngineState = engine;
    HttpState = http;
    AccessState = access;
    Usage = usage;
    FlagState = flags;
    EvaluationState = evaluation;
    StreamState = streams;
}

impl AppState {
    /// Loads all environments and keys
    pub async fn load(
        store: Arc<dyn Store>,
        config: RuntimeConfig,
        clock: Clock,
    ) -> Result<Self, LoadError> {
        let store_handle = StoreHandle {
            override_changes: config.override_changes,
            ..StoreHandle::new(store)
        };
        let engine = EngineState::load(store_handle, clock.clone()).await?;
        let access = engine.store().access().await?;
        Ok(Self::new(engine, access, (config, clock)))
    }

    /// Takes all environments and keys from a copy while the store is unreachable
    pub fn restore(
        store: Arc<dyn Store>,
        copy: ServerCache,
        config: RuntimeConfig,
        clock: Clock,
    ) -> Result<Self, SnapshotError> {
        let now = clock.now().as_millis();
        let age = now.saturating_sub(copy.current_at.as_millis());
        let age = Duration::from_millis(u64::try_from(age).unwrap_or_default());
        let store_handle = StoreHandle {
            override_changes: config.override_changes,
            ..StoreHandle::with(store, StoreHealth::lost_for(age))
        };
        let contents = copy.environments.into_iter();
        let contents = contents.map(|EnvironmentCache { identity, content }| (identity, content));
        let engine = EngineState::restore(store_handle, contents.collect(), clock.clone())?;
        Ok(Self::new(engine, copy.access, (config, clock)))
    }

    fn new(engine: EngineState, access: Access, (config, clock): (RuntimeConfig, Clock)) -> Self {
        let engine = Arc::new(engine);
        let metrics = Arc::new(Metrics::new(KnownLabels {
            stream_limits: StreamBound::ALL.map(StreamBound::name),
            connection_limits: Beyond::ALL.map(Beyond::name),
            close_reasons: CloseReason::ALL.map(CloseReason::name),
        }));
        let http = Arc::new(HttpState::new(
            (config.rates.clone(), clock),
            config.held_bytes,
            (config.proxies.clone(), config.base_path.clone()),
            Arc::clone(&metrics),
        ));
        let access = Arc::new(AccessState::new(
            (Arc::clone(&engine), Arc::clone(&http)),
            access,
            config.encryption_keys.clone(),
            (config.issuer.clone(), config.sign_in.clone()),
        ));
        let usage = Arc::new(Usage::new(Arc::clone(&engine), metrics, config.usage_kept));
        let instances = Arc::new(Instances::new(Arc::clone(&engine)));
        let connections = Connections::new(config.connections, config.proxies.clone());
        let state = Self {
            flags: Arc::new(FlagState {
                access: Arc::clone(&access),
                usage: Arc::clone(&usage),
            }),
            evaluation: Arc::new(EvaluationState {
                access: Arc::clone(&access),
                usage: Arc::clone(&usage),
            }),
            streams: Arc::new(StreamState {
                access: Arc::clone(&access),
                instances: Arc::clone(&instances),
                slots: Arc::new(StreamSlots::new(config.streams)),
                changes: ProjectChanges::default(),
                heartbeat: config.heartbeat,
                stopping: CancellationToken::new(),
            }),
            connections: Arc::new(connections),
            leaving: CancellationToken::new(),
            config: Arc::new(config),
            engine,
            http,
            access,
            usage,
            instances,
        };
        state.label_environments();
        state
    }

    /// All environments, by id
    pub fn environments(&self) -> Vec<Arc<Environment>> {
        self.engine.environments()
    }

    /// The environment with this id
    pub fn environment(&self, id: i64) -> Option<Arc<Environment>> {
        self.engine.environment(id)
    }

    /// All environments of a project, by id
    pub fn project(&self, project: &str) -> Vec<Arc<Environment>> {
        self.engine.project(project)
    }

    /// Serves the environments that the store has
    pub async fn refresh_environments(&self) -> Result<(), LoadError> {
        self.engine.refresh().await?;
        self.label_environments();
        Ok(())
    }

    fn label_environments(&self) {
        let environments = self.environments();
        let ids = environments.iter().map(|environment| environment.row().id);
        self.http.metrics.label(ids);
    }

    /// The store
    pub fn store(&self) -> &Arc<dyn Store> {
        self.engine.store()
    }

    /// Whether the store is reachable
    pub fn store_health(&self) -> &StoreHealth {
        self.engine.store_health()
    }

    /// The current index of keys
    pub fn access_index(&self) -> Arc<AccessIndex> {
        self.access.access_index()
    }

    /// Loads the keys from the store; closes the streams of keys that no longer exist
    pub async fn refresh_keys(&self) -> Result<(), StoreError> {
        self.access.refresh_keys().await
    }

    /// The current time
    pub fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// The configuration of the server
    pub fn config(&self) -> &RuntimeConfig {
        &self.config
    }

    /// The usage that this node has counted
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// Cancelled when load balancers should send no more requests here, a while before the server stops
    pub fn leaving(&self) -> &CancellationToken {
        &self.leaving
    }

    /// Cancelled when the server begins to stop: no longer ready, streams say goodbye
    pub fn stopping(&self) -> &CancellationToken {
        &self.streams.stopping
    }
}
