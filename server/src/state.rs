//! What every handler sees

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use flagstaff_core::{SnapshotError, Timestamp};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::api_error::chain;
use crate::auth::Keyring;
use crate::backing::Backing;
use crate::bounded::Turns;
use crate::budget::Budget;
use crate::client_address::Proxies;
use crate::connections::{ConnectionLimits, Connections};
use crate::contact::Contact;
use crate::copy::{EnvironmentCopy, ServerCopy};
use crate::encryption::EncryptionKeys;
use crate::environment::{Environment, LoadError};
use crate::idempotency;
use crate::identity::Issuer;
use crate::instances::Instances;
use crate::metrics::Metrics;
use crate::published::Identity;
use crate::rate::{Limiter, Rates};
use crate::secrets;
use crate::store::{Access, Store, StoreError};
use crate::stream::{StreamLimits, StreamSlots};
use crate::usage::Usage;

/// What an operator may set, most of it bounds
#[derive(Debug, Clone)]
pub struct Limits {
    /// Streams at a time
    pub streams: StreamLimits,
    /// Connections at a time
    pub connections: ConnectionLimits,
    /// Bytes of long bodies and responses that are held at a time: half of them for keys that are no secret and those without a key
    pub held_bytes: usize,
    /// Changes of overrides that a flag takes in an hour; 0 for any number
    pub override_changes: u32,
    /// How often a silent stream says that it lives
    pub heartbeat: Duration,
    /// How often the store is asked where it stands, announcements aside
    pub poll: Duration,
    /// The proxies that say where a request comes from
    pub proxies: Proxies,
    /// How long counts of evaluations are kept
    pub usage_kept: Duration,
    /// How often who may do what
    pub rates: Rates,
    /// How long a write with an `Idempotency-Key` is taken to be under way when nothing is heard of it
    pub idempotency_lease: Duration,
    /// Who else than this server says who people are
    pub issuer: Option<Arc<Issuer>>,
    /// What signing secrets in the store are encrypted with
    pub encryption_keys: EncryptionKeys,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            streams: StreamLimits::of(10_000),
            connections: ConnectionLimits::default(),
            held_bytes: 256 << 20,
            override_changes: 100,
            heartbeat: Duration::from_secs(15),
            poll: Duration::from_millis(500),
            proxies: Proxies::default(),
            usage_kept: Duration::from_hours(90 * 24),
            rates: Rates::default(),
            idempotency_lease: idempotency::LEASE,
            issuer: None,
            encryption_keys: EncryptionKeys::default(),
        }
    }
}

/// Where the server takes the time from
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's
    #[default]
    System,
    /// One that stands still until it is set: milliseconds since 1970
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The time now
    pub fn now(&self) -> Timestamp {
        let millis = match self {
            Self::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_millis()),
            Self::Manual(millis) => millis.load(Ordering::Relaxed).into(),
        };
        Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }
}

/// Everything that the server knows, shared by all requests
#[derive(Debug, Clone)]
pub struct AppState(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    backing: Arc<Backing>,
    environments: ArcSwap<BTreeMap<i64, Arc<Environment>>>,
    loading_environments: Mutex<()>,
    keyring: ArcSwap<Keyring>,
    loading_keys: Mutex<()>,
    clock: Clock,
    limits: Limits,
    limiter: Limiter,
    turns: Turns,
    budget: Budget,
    streams: Arc<StreamSlots>,
    connections: Arc<Connections>,
    metrics: Metrics,
    usage: Usage,
    instances: Instances,
    stopping: CancellationToken,
}

impl AppState {
    /// Loads all environments and keys
    pub async fn load(
        store: Arc<dyn Store>,
        limits: Limits,
        clock: Clock,
    ) -> Result<Self, LoadError> {
        let override_changes = limits.override_changes;
        let backing = Arc::new(Backing {
            override_changes,
            ..Backing::new(store)
        });
        let epoch = backing.store.heads().await?.epoch;
        let mut environments = Vec::new();
        for row in backing.store.environments().await? {
            let epoch = Arc::clone(&epoch);
            let identity = Identity { epoch, row };
            environments.push(Environment::open(identity, Arc::clone(&backing)).await?);
        }
        let access = backing.store.access().await?;
        Ok(Self::new(backing, environments, access, (limits, clock)))
    }

    /// Takes all environments and keys from a copy, while the store is out of reach
    pub fn restore(
        store: Arc<dyn Store>,
        copy: ServerCopy,
        limits: Limits,
        clock: Clock,
    ) -> Result<Self, SnapshotError> {
        let now = clock.now().as_millis();
        let age = now.saturating_sub(copy.current_at.as_millis());
        let age = Duration::from_millis(u64::try_from(age).unwrap_or_default());
        let override_changes = limits.override_changes;
        let backing = Arc::new(Backing {
            override_changes,
            ..Backing::with(store, Contact::lost_for(age))
        });
        let mut environments = Vec::new();
        for EnvironmentCopy { identity, content } in copy.environments {
            let environment = Environment::restore(identity, &content, Arc::clone(&backing))?;
            environments.push(environment);
        }
        Ok(Self::new(
            backing,
            environments,
            copy.access,
            (limits, clock),
        ))
    }

    fn new(
        backing: Arc<Backing>,
        environments: Vec<Environment>,
        access: Access,
        (limits, clock): (Limits, Clock),
    ) -> Self {
        let keyring = Keyring::new(access, &Keyring::default(), &limits.encryption_keys);
        let streams = Arc::new(StreamSlots::new(limits.streams));
        let connections = Connections::new(limits.connections, limits.proxies.clone());
        let environments = environments
            .into_iter()
            .map(|environment| (environment.row().id, Arc::new(environment)));
        let environments: BTreeMap<_, _> = environments.collect();
        let metrics = Metrics::new();
        metrics.label(environments.keys().copied());
        Self(Arc::new(Inner {
            backing,
            environments: ArcSwap::from_pointee(environments),
            loading_environments: Mutex::new(()),
            keyring: ArcSwap::from_pointee(keyring),
            loading_keys: Mutex::new(()),
            limiter: Limiter::new(limits.rates.clone(), clock.clone()),
            turns: Turns::new(),
            budget: Budget::new(limits.held_bytes),
            clock,
            limits,
            streams,
            connections: Arc::new(connections),
            metrics,
            usage: Usage::default(),
            instances: Instances::default(),
            stopping: CancellationToken::new(),
        }))
    }

    /// All environments, by id
    pub fn environments(&self) -> Vec<Arc<Environment>> {
        self.0.environments.load().values().cloned().collect()
    }

    /// The environment of this id
    pub fn environment(&self, id: i64) -> Option<Arc<Environment>> {
        self.0.environments.load().get(&id).cloned()
    }

    /// All environments of a project, by id
    pub fn project(&self, project: &str) -> Vec<Arc<Environment>> {
        let environments = self.0.environments.load();
        environments
            .values()
            .filter(|environment| *environment.row().project == *project)
            .cloned()
            .collect()
    }

    /// Puts environments into service that the store has and this node does not
    pub async fn refresh_environments(&self) -> Result<(), LoadError> {
        // One at a time, or an environment would be in service twice, and its streams follow the one that is forgotten.
        let _turn = self.0.loading_environments.lock().await;
        let backing = &self.0.backing;
        let epoch = backing.store.heads().await?.epoch;
        for row in backing.store.environments().await? {
            if self.environment(row.id).is_some() {
                continue;
            }
            let epoch = Arc::clone(&epoch);
            let (id, identity) = (row.id, Identity { epoch, row });
            let opened = Arc::new(Environment::open(identity, Arc::clone(backing)).await?);
            let mut environments = BTreeMap::clone(&self.0.environments.load());
            environments.insert(id, opened);
            self.0.metrics.label(environments.keys().copied());
            self.0.environments.store(Arc::new(environments));
        }
        Ok(())
    }

    /// The store
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.backing.store
    }

    /// The store and what goes with it
    pub fn backing(&self) -> &Backing {
        &self.0.backing
    }

    /// What is known of the store's being there
    pub fn contact(&self) -> &Contact {
        &self.0.backing.contact
    }

    /// The keys
    pub fn keyring(&self) -> Arc<Keyring> {
        self.0.keyring.load_full()
    }

    /// Brings the keys to where the store is; what was opened by keys that are gone ends
    pub async fn refresh_keys(&self) -> Result<(), StoreError> {
        // One at a time, or what was loaded first might be put in place last.
        let _turn = self.0.loading_keys.lock().await;
        let before = self.keyring();
        let access = self.store().access().await?;
        if let Err(error) = secrets::check(&access.rows, &self.limits().encryption_keys) {
            let error = chain(&error);
            tracing::error!(error, "requests that are signed with it are answered 500");
        }
        let after = Keyring::new(access, &before, &self.limits().encryption_keys);
        let after = Arc::new(after);
        self.0.keyring.store(Arc::clone(&after));
        before.end_missing(&after);
        Ok(())
    }

    /// The time now
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The bounds
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// What counts how often something is done
    pub(crate) fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    /// Who makes a large response when
    pub(crate) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    /// The bytes that may be held
    pub(crate) fn budget(&self) -> &Budget {
        &self.0.budget
    }

    /// The streams that are open
    pub(crate) fn streams(&self) -> &Arc<StreamSlots> {
        &self.0.streams
    }

    /// The connections that are open
    pub(crate) fn connections(&self) -> &Arc<Connections> {
        &self.0.connections
    }

    /// What is counted
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// What flags were asked for
    pub(crate) fn usage(&self) -> &Usage {
        &self.0.usage
    }

    /// Who follows
    pub(crate) fn instances(&self) -> &Instances {
        &self.0.instances
    }

    /// Cancelled when the server begins to stop: no longer ready, streams say goodbye
    pub fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }
}
