//! Starting the server from its options, and stopping it

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use flagstaff_core::Timestamp;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::access::last_use;
use crate::access::sign_in::{SignIn, links};
use crate::access::signing_secrets::{self, SecretsError};
use crate::app::announce::announce;
use crate::app::follow::sync_with_store;
use crate::app::seed::{self, SeedError, SeedReport};
use crate::app::startup_credentials;
use crate::app::stop::stop_on_signal;
use crate::app::{AppState, RuntimeConfig, certificate, descriptors, retention, router};
use crate::config::{IdentityError, ServeOptions, SignInOptionsError, WeakToken};
use crate::crypto::encryption::{EncryptionKeys, InvalidEncryptionKeys};
use crate::engine::environment::{Author, LoadError};
use crate::http::connections::{ConnectionLimits, Connections, SPARE, Services, serve_connections};
use crate::http::tls::{Tls, TlsError};
use crate::instances;
use crate::redis::{self as cache, Redis};
use crate::runtime::clock::Clock;
use crate::runtime::logging::{self, error_chain};
use crate::store::{CredentialKind, EnvironmentRow, Origin, SqlStore, Store, StoreError, redacted};
use crate::usage;

pub(super) const PROJECT: &str = "default";
pub(super) const ENVIRONMENT: &str = "production";
/// How long after SIGTERM requests that have not ended are aborted
const DRAIN: Duration = Duration::from_secs(6);
/// The time limit for closing the store
const CLOSE: Duration = Duration::from_secs(1);
/// The maximum duration of a stop, which is documented for operators
const STOP_SECONDS: u64 = 10;
const _: () = assert!(
    DRAIN.as_secs() + usage::LAST.as_secs() + CLOSE.as_secs() <= STOP_SECONDS,
    "a stop would take too long"
);
/// The maximum number of connections to the address for `/metrics`
const MAX_METRICS_CONNECTIONS: usize = SPARE / 2;

/// Why the server could not start, or failed
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The database could not be opened
    #[error("cannot open the database {address}")]
    Open {
        /// Its URL without secrets
        address: String,
        /// The cause
        source: StoreError,
    },
    /// An option is not valid
    #[error(transparent)]
    Options(#[from] WeakToken),
    /// The issuer of tokens is not usable
    #[error("cannot use the issuer of tokens")]
    Identity(#[from] IdentityError),
    /// The options about signing in are not usable
    #[error("cannot use the options about signing in")]
    SignIn(#[from] SignInOptionsError),
    /// The encryption keys are not valid
    #[error("cannot use the encryption keys (`--encryption-keys`, `FLAGSTAFF_ENCRYPTION_KEYS`)")]
    EncryptionKeys(#[from] InvalidEncryptionKeys),
    /// A signing secret cannot be decrypted
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The certificate is not usable
    #[error("cannot use the TLS certificate")]
    Tls(#[from] TlsError),
    /// The address of Redis is not valid
    #[error("cannot use the address of redis")]
    Redis(#[source] redis::RedisError),
    /// The store failed after it was opened
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An environment could not be loaded
    #[error("cannot load the flags")]
    Load(#[from] LoadError),
    /// The address cannot be listened on
    #[error("cannot listen on {address}")]
    Listen {
        /// The address
        address: SocketAddr,
        /// The cause
        source: io::Error,
    },
    /// The seed could not be read
    #[error("cannot read the seed {path}")]
    SeedFile {
        /// The file
        path: String,
        /// The cause
        source: io::Error,
    },
    /// The seed is not a valid document
    #[error("cannot seed")]
    Seed(#[from] SeedError),
    /// The database has no environment: another program has created it
    #[error("the database has no environment")]
    NoEnvironment,
    /// The socket failed
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs the server until SIGTERM or SIGINT
pub async fn serve(options: ServeOptions) -> Result<(), ServeError> {
    options.check()?;
    let database = redacted(options.database.address());
    let cannot_open = |source| ServeError::Open {
        address: database.clone(),
        source,
    };
    let sql = SqlStore::new(options.database.address()).map_err(cannot_open)?;
    let prepared = sql.prepare().await;
    let redis = match &options.redis {
        Some(address) => {
            let name = sql.shared_name().await.map_err(cannot_open)?;
            let redis = Redis::new(address.reveal(), &name, encryption_keys(&options)?);
            Some(Arc::new(redis.map_err(ServeError::Redis)?))
        }
        None => None,
    };
    let state = match prepared {
        Ok(()) => load(&sql, &options).await?,
        Err(error) => match load_from_cache(&sql, &options, redis.as_deref(), &error).await? {
            Some(state) => state,
            None => return Err(cannot_open(error)),
        },
    };
    let tls = certificate::load(&options)?;
    // Before the server announces itself: whoever reads the announcement may stop it at once.
    let delay = Duration::from_secs(options.shutdown_delay.into());
    stop_on_signal(state.leaving().clone(), state.stopping().clone(), delay)?;
    if state.store_health().is_lost() {
        tokio::spawn(catch_up(options.clone(), state.clone()));
    } else {
        tokio::select! {
            planted = seed_environments(&options, &state) => planted?,
            () = state.stopping().cancelled() => return Ok(()),
        }
    }
    if let Some(redis) = redis {
        tokio::spawn(keep(redis, state.clone()));
    }
    let listen = |source| ServeError::Listen {
        address: options.listen,
        source,
    };
    let listener = TcpListener::bind(options.listen).await.map_err(listen)?;
    let metrics = match options.metrics_listen {
        Some(address) => Some(bind_metrics(address).await?),
        None => None,
    };
    if let Some(tls) = tls.clone() {
        certificate::follow(tls)?;
    }
    let scheme = if tls.is_some() { "https" } else { "http" };
    let address = format!("{scheme}://{}", listener.local_addr()?);
    insert_credentials_if_none(&address, &options, &state).await?;
    serve_apart(listener, (metrics, tls), state).await?;
    if tokio::time::timeout(CLOSE, sql.close()).await.is_err() {
        tracing::warn!("waited {CLOSE:?} for the database to close");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Loads everything from the database
async fn load(sql: &SqlStore, options: &ServeOptions) -> Result<AppState, ServeError> {
    let store: Arc<dyn Store> = Arc::new(sql.clone());
    let clock = Clock::System;
    let config = config(options)?;
    let access = store.access().await?;
    signing_secrets::check(&access.rows, &config.encryption_keys).map_err(SecretsError::from)?;
    ensure_given_keys(&*store, options, clock.now()).await?;
    let state = AppState::load(store, config, clock).await?;
    signing_secrets::encrypt_all(&state.access).await?;
    Ok(state)
}

/// Creates the keys of a first start, and prints the address and the keys
///
/// Called last, when nothing else can fail: if the first admin token were not shown, nobody could create another one.
async fn insert_credentials_if_none(
    address: &str,
    options: &ServeOptions,
    state: &AppState,
) -> Result<(), ServeError> {
    let store = &**state.store();
    if state.store_health().is_lost() {
        return Ok(announce(address, &[], None)?);
    }
    let environment = key_environment(store).await?;
    let made =
        startup_credentials::create_missing(store, options, &environment, state.now()).await?;
    let is_first = made.iter().any(|key| key.kind == CredentialKind::Admin);
    let is_wanted = options.sign_in.sign_in_link || is_first;
    let link = if is_wanted && options.listen.ip().is_loopback() {
        let public = options.sign_in.public()?;
        let home = public.map_or_else(|| address.to_owned(), |public| public.to_string());
        let of_admin = (&*home, CredentialKind::Admin.name());
        Some(links::create(store, of_admin, state.now()).await?)
    } else {
        None
    };
    if let Err(error) = announce(address, &made, link.as_deref()) {
        startup_credentials::drop_untold(store, &made).await?;
        return Err(error.into());
    }
    if !made.is_empty() {
        state.refresh_keys().await?;
    }
    Ok(())
}

/// Loads everything from the copy in Redis, if only the database is unreachable
async fn load_from_cache(
    sql: &SqlStore,
    options: &ServeOptions,
    redis: Option<&Redis>,
    error: &StoreError,
) -> Result<Option<AppState>, ServeError> {
    let Some(redis) = redis.filter(|_| matches!(error, StoreError::Unreachable(_))) else {
        return Ok(None);
    };
    let copy = match redis.load(Clock::System.now()).await {
        Ok(Some(copy)) => copy,
        Ok(None) => return Ok(None),
        Err(error) => {
            tracing::warn!(
                error = error_chain(&error),
                "there is no copy in redis to start from"
            );
            return Ok(None);
        }
    };
    tracing::warn!(
        error = error_chain(error), as_of = %copy.current_at,
        "the database is out of reach: starting with the copy in redis"
    );
    let store: Arc<dyn Store> = Arc::new(sql.clone());
    let config = config(options)?;
    signing_secrets::check(&copy.access.rows, &config.encryption_keys)
        .map_err(SecretsError::from)?;
    let state =
        AppState::restore(store, copy, config, Clock::System).map_err(LoadError::Snapshot)?;
    Ok(Some(state))
}

/// Completes a start from the copy as soon as the database is reachable
async fn catch_up(options: ServeOptions, state: AppState) {
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    loop {
        tick.tick().await;
        if state.store_health().is_lost() {
            continue;
        }
        let done = async {
            // Missing keys are not created here, since nobody would read them in this node's output. A start with the database creates
            // them.
            ensure_given_keys(&**state.store(), &options, state.now()).await?;
            signing_secrets::encrypt_all(&state.access).await?;
            seed_environments(&options, &state).await
        };
        match done.await {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(error = error_chain(&error), "the start is not complete yet");
            }
        }
    }
}

fn config(options: &ServeOptions) -> Result<RuntimeConfig, ServeError> {
    let (streams, connections) = options.connections.limits(descriptors::raise_limit());
    Ok(RuntimeConfig {
        streams,
        connections,
        proxies: options.network.proxies(),
        override_changes: options.override_changes,
        usage_kept: Duration::from_hours(u64::from(options.usage_days).saturating_mul(24)),
        audit_kept: (options.audit_days > 0)
            .then(|| Duration::from_hours(u64::from(options.audit_days).saturating_mul(24))),
        rates: options.network.rates(),
        issuer: options.identity.issuer()?.map(Arc::new),
        base_path: options
            .sign_in
            .public()?
            .map(|public| public.base_path)
            .unwrap_or_default(),
        sign_in: sign_in(options)?,
        encryption_keys: encryption_keys(options)?,
        ..RuntimeConfig::default()
    })
}

fn sign_in(options: &ServeOptions) -> Result<SignIn, SignInOptionsError> {
    if options.sign_in.sign_in_link && !options.listen.ip().is_loopback() {
        return Err(SignInOptionsError::LinkNotHere);
    }
    let jwt_issuer = options.identity.jwt_issuer.as_deref();
    options
        .sign_in
        .settings(options.tls.tls_cert.is_some(), jwt_issuer)
}

fn encryption_keys(options: &ServeOptions) -> Result<EncryptionKeys, InvalidEncryptionKeys> {
    let given = options.encryption_keys.as_ref();
    given.map_or_else(
        || Ok(EncryptionKeys::default()),
        |keys| keys.reveal().parse(),
    )
}

/// The environment of the keys that a start creates
async fn key_environment(store: &dyn Store) -> Result<EnvironmentRow, ServeError> {
    // The oldest one: in a new database `production`, even if it was renamed since.
    let rows = store.environments().await?;
    rows.into_iter().next().ok_or(ServeError::NoEnvironment)
}

async fn ensure_given_keys(
    store: &dyn Store,
    options: &ServeOptions,
    now: Timestamp,
) -> Result<(), ServeError> {
    let environment = key_environment(store).await?;
    Ok(startup_credentials::ensure_given(store, options, &environment, now).await?)
}

/// Uses Redis beside the store until `state.stopping()` is cancelled
pub async fn keep(redis: Arc<Redis>, state: AppState) {
    cache::run(redis, Arc::clone(&state.access), state.stopping().clone()).await;
}

/// Serves on a socket and follows the store until `state.stopping()` is cancelled and all requests have ended, or the time limit for
/// stopping is reached
pub async fn serve_on(listener: TcpListener, state: AppState) -> io::Result<()> {
    serve_apart(listener, (None, None), state).await
}

/// The same with `/metrics` on a socket of its own, if there is one, and encrypted, if there is a certificate
async fn serve_apart(
    listener: TcpListener,
    (metrics, tls): (Option<TcpListener>, Option<Tls>),
    state: AppState,
) -> io::Result<()> {
    let stopping = state.stopping().clone();
    tokio::spawn(sync_with_store(state.clone()));
    let (usage, token) = (Arc::clone(&state.usage), stopping.clone());
    tokio::spawn(async move { usage::run(&usage, &token).await });
    let (instances, token) = (Arc::clone(&state.instances), stopping.clone());
    tokio::spawn(async move { instances::run(&instances, &token).await });
    tokio::spawn(retention::run(state.clone()));
    tokio::spawn(logging::report_dropped_lines(stopping.clone()));
    tokio::spawn(last_use::run(Arc::clone(&state.access), stopping.clone()));
    let app = router::app(state.clone());
    let app = match metrics {
        None => app.merge(router::metrics(state.clone())),
        Some(metrics) => {
            // Until the very end: the metrics of a server that is stopping are of interest.
            tokio::spawn(serve_metrics(metrics, state.clone()));
            app
        }
    };
    let base_path = &state.config().base_path;
    let services = Services {
        app: base_path.mount(app),
        spare: base_path.mount(router::spare(state.clone())),
        tls,
        leaving: state.leaving().clone(),
    };
    let connections = Arc::clone(&state.connections);
    let all = (connections, Arc::clone(&state.http.metrics));
    let serving = serve_connections(listener, services, all, stopping.clone());
    let deadline = async {
        stopping.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        () = serving => {}
        () = deadline => state.connections.warn_of_cut(),
    }
    usage::finish(&state.usage).await;
    Ok(())
}

async fn serve_metrics(listener: TcpListener, state: AppState) {
    let limits = ConnectionLimits {
        plain: MAX_METRICS_CONNECTIONS,
        address: 0,
    };
    let connections = Connections::new(limits, state.config().proxies.clone());
    let services = Services {
        app: router::apart(state.clone()),
        spare: router::spare(state.clone()),
        tls: None,
        leaving: CancellationToken::new(),
    };
    let all = (Arc::new(connections), Arc::clone(&state.http.metrics));
    serve_connections(listener, services, all, CancellationToken::new()).await;
}

async fn bind_metrics(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let listen = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    tracing::info!(address = %listener.local_addr()?, "metrics are served apart");
    Ok(listener)
}

/// Checks everything about the options that needs neither the database nor the network
pub(crate) fn check(options: &ServeOptions) -> Result<(), ServeError> {
    options.check()?;
    options.identity.issuer()?;
    sign_in(options)?;
    encryption_keys(options)?;
    certificate::load(options)?;
    if let Some(path) = &options.seed {
        std::fs::read_to_string(path).map_err(|source| ServeError::SeedFile {
            path: path.display().to_string(),
            source,
        })?;
    }
    Ok(())
}

async fn seed_environments(options: &ServeOptions, state: &AppState) -> Result<(), ServeError> {
    let Some(path) = &options.seed else {
        return Ok(());
    };
    let read = std::fs::read_to_string(path);
    let document = read.map_err(|source| ServeError::SeedFile {
        path: path.display().to_string(),
        source,
    })?;
    let environments = state.project(PROJECT);
    let author = Author {
        actor: "seed".into(),
        at: state.now(),
        reason: Some("--seed".to_owned()),
        origin: Origin::default(),
    };
    let SeedReport { issues, made } = seed::seed(&document, &environments, author).await?;
    for issue in &issues {
        tracing::warn!("{}: {issue}", path.display());
    }
    tracing::info!(made, left_out = issues.len(), "seeded");
    Ok(())
}
