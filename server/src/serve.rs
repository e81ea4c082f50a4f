//! From options to a running server, and to its end

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use flagstaff_core::Timestamp;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::api_error::chain;
use crate::auth::KeyKind;
use crate::config::{IdentityError, ServeOptions, WeakToken};
use crate::connections::{ConnectionLimits, Connections, SPARE, Services, serve_connections};
use crate::descriptors;
use crate::encryption::{EncryptionKeys, InvalidEncryptionKeys};
use crate::environment::{Author, LoadError};
use crate::follow::follow;
use crate::instances;
use crate::keys::{self, NewKey};
use crate::redis::{Redis, keep};
use crate::routes;
use crate::secrets::{self, SecretsError};
use crate::seed::{self, SeedError, SeedReport};
use crate::state::{AppState, Clock, Limits};
use crate::store::{EnvironmentRow, Origin, SqlStore, Store, StoreError, redacted};
use crate::usage;

const PROJECT: &str = "default";
const ENVIRONMENT: &str = "production";
/// From SIGTERM on, requests that have not ended by then are cut off
const DRAIN: Duration = Duration::from_secs(6);
/// How long the store may take to close, at the end
const CLOSE: Duration = Duration::from_secs(1);
/// What those who stop servers can rely on, and have to wait for
const STOP_SECONDS: u64 = 10;
const _: () = assert!(
    DRAIN.as_secs() + usage::LAST.as_secs() + CLOSE.as_secs() <= STOP_SECONDS,
    "a stop would take too long"
);
/// Connections to an address for `/metrics`
const MAX_METRICS_CONNECTIONS: usize = SPARE / 2;

/// Why the server could not start, or failed
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The database could not be opened
    #[error("cannot open the database {address}")]
    Open {
        /// Its address, without what is secret in it
        address: String,
        /// Why
        source: StoreError,
    },
    /// An option
    #[error(transparent)]
    Options(#[from] WeakToken),
    /// The issuer of tokens
    #[error("cannot use the issuer of tokens")]
    Identity(#[from] IdentityError),
    /// The keys that secrets are encrypted with
    #[error("cannot use the encryption keys (`--encryption-keys`, `FLAGSTAFF_ENCRYPTION_KEYS`)")]
    EncryptionKeys(#[from] InvalidEncryptionKeys),
    /// A signing secret cannot be decrypted
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The address of Redis
    #[error("cannot use the address of redis")]
    Redis(#[source] redis::RedisError),
    /// The database was open, and failed
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An environment could not be loaded
    #[error("cannot load the flags")]
    Load(#[from] LoadError),
    /// The address
    #[error("cannot listen on {address}")]
    Listen {
        /// The address
        address: SocketAddr,
        /// Why
        source: io::Error,
    },
    /// The seed could not be read
    #[error("cannot read the seed {path}")]
    SeedFile {
        /// The file
        path: String,
        /// Why
        source: io::Error,
    },
    /// The seed is no document
    #[error("cannot seed")]
    Seed(#[from] SeedError),
    /// The database has been made by something else
    #[error("the database has no project `{PROJECT}` with an environment `{ENVIRONMENT}`")]
    NoEnvironment,
    /// The socket failed
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs the server until SIGTERM or SIGINT
pub async fn serve(options: ServeOptions) -> Result<(), ServeError> {
    options.check()?;
    let database = redacted(options.database.reveal());
    let cannot_open = |source| ServeError::Open {
        address: database.clone(),
        source,
    };
    let sql = SqlStore::new(options.database.reveal()).map_err(cannot_open)?;
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
        Err(error) => match spare(&sql, &options, redis.as_deref(), &error).await? {
            Some(state) => state,
            None => return Err(cannot_open(error)),
        },
    };
    // Before anybody is told that it runs: who has read that may stop it at once.
    stop_on_signal(state.stopping().clone())?;
    if state.contact().is_lost() {
        tokio::spawn(catch_up(options.clone(), state.clone()));
    } else {
        tokio::select! {
            planted = plant(&options, &state) => planted?,
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
    found_keys(listener.local_addr()?, &options, &state).await?;
    serve_apart(listener, metrics, state).await?;
    if tokio::time::timeout(CLOSE, sql.close()).await.is_err() {
        tracing::warn!("waited {CLOSE:?} for the database to close");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Everything, from the database
async fn load(sql: &SqlStore, options: &ServeOptions) -> Result<AppState, ServeError> {
    let store: Arc<dyn Store> = Arc::new(sql.clone());
    let clock = Clock::System;
    let limits = limits(options)?;
    let access = store.access().await?;
    secrets::check(&access.rows, &limits.encryption_keys).map_err(SecretsError::from)?;
    ensure_given_keys(&*store, options, clock.now()).await?;
    let state = AppState::load(store, limits, clock).await?;
    secrets::encrypt_all(&state).await?;
    Ok(state)
}

/// Makes the keys that a first start makes, and tells where the server is and what they are
///
/// Last, when nothing else can fail: who is not told of a first admin token cannot make another one.
async fn found_keys(
    address: SocketAddr,
    options: &ServeOptions,
    state: &AppState,
) -> Result<(), ServeError> {
    let store = &**state.store();
    if state.contact().is_lost() {
        return Ok(announce(address, &[])?);
    }
    let environment = key_environment(store).await?;
    let made = keys::found_missing(store, options, &environment, state.now()).await?;
    if let Err(error) = announce(address, &made) {
        keys::drop_untold(store, &made).await?;
        return Err(error.into());
    }
    if !made.is_empty() {
        state.refresh_keys().await?;
    }
    Ok(())
}

/// Everything, from the copy in Redis, if it is only that the database cannot be reached
async fn spare(
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
                error = chain(&error),
                "there is no copy in redis to start from"
            );
            return Ok(None);
        }
    };
    tracing::warn!(
        error = chain(error), as_of = %copy.current_at,
        "the database is out of reach: starting with the copy in redis"
    );
    let store: Arc<dyn Store> = Arc::new(sql.clone());
    let limits = limits(options)?;
    secrets::check(&copy.access.rows, &limits.encryption_keys).map_err(SecretsError::from)?;
    let state =
        AppState::restore(store, copy, limits, Clock::System).map_err(LoadError::Snapshot)?;
    Ok(Some(state))
}

/// What a start from a copy leaves undone, once the database is there
async fn catch_up(options: ServeOptions, state: AppState) {
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    loop {
        tick.tick().await;
        if state.contact().is_lost() {
            continue;
        }
        let done = async {
            // Where there are none, nobody would read the new ones on this node's output; a start with the database makes them.
            ensure_given_keys(&**state.store(), &options, state.now()).await?;
            secrets::encrypt_all(&state).await?;
            plant(&options, &state).await
        };
        match done.await {
            Ok(()) => return,
            Err(error) => tracing::warn!(error = chain(&error), "the start is not complete yet"),
        }
    }
}

fn limits(options: &ServeOptions) -> Result<Limits, ServeError> {
    let (streams, connections) = options.connections.limits(descriptors::raise_limit());
    Ok(Limits {
        streams,
        connections,
        proxies: options.network.proxies(),
        override_changes: options.override_changes,
        usage_kept: Duration::from_hours(u64::from(options.usage_days).saturating_mul(24)),
        rates: options.network.rates(),
        issuer: options.identity.issuer()?.map(Arc::new),
        encryption_keys: encryption_keys(options)?,
        ..Limits::default()
    })
}

fn encryption_keys(options: &ServeOptions) -> Result<EncryptionKeys, InvalidEncryptionKeys> {
    let given = options.encryption_keys.as_ref();
    given.map_or_else(
        || Ok(EncryptionKeys::default()),
        |keys| keys.reveal().parse(),
    )
}

/// The environment that the keys of a start are for
async fn key_environment(store: &dyn Store) -> Result<EnvironmentRow, ServeError> {
    let rows = store.environments().await?;
    rows.into_iter()
        .find(|row| &*row.project == PROJECT && &*row.name == ENVIRONMENT)
        .ok_or(ServeError::NoEnvironment)
}

async fn ensure_given_keys(
    store: &dyn Store,
    options: &ServeOptions,
    now: Timestamp,
) -> Result<(), ServeError> {
    let environment = key_environment(store).await?;
    Ok(keys::ensure_given(store, options, &environment, now).await?)
}

/// Serves on a socket, and follows the store, until `state.stopping()` is cancelled and all requests have ended, or the time to end them is over
pub async fn serve_on(listener: TcpListener, state: AppState) -> io::Result<()> {
    serve_apart(listener, None, state).await
}

/// The same with `/metrics` on a socket of its own, if there is one
pub async fn serve_apart(
    listener: TcpListener,
    metrics: Option<TcpListener>,
    state: AppState,
) -> io::Result<()> {
    let stopping = state.stopping().clone();
    tokio::spawn(follow(state.clone()));
    tokio::spawn(usage::keep(state.clone()));
    tokio::spawn(instances::keep(state.clone()));
    let app = routes::app(state.clone());
    let app = match metrics {
        None => app.merge(routes::metrics(state.clone())),
        Some(metrics) => {
            // Until the very end: what a server does while it stops is worth a look.
            tokio::spawn(serve_metrics(metrics, state.clone()));
            app
        }
    };
    let services = Services {
        app,
        spare: routes::spare(state.clone()),
    };
    let connections = Arc::clone(state.connections());
    let all = (connections, state.clone());
    let serving = serve_connections(listener, services, all, stopping.clone());
    let deadline = async {
        stopping.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        () = serving => {}
        () = deadline => state.connections().warn_of_cut(),
    }
    usage::finish(&state).await;
    Ok(())
}

async fn serve_metrics(listener: TcpListener, state: AppState) {
    let limits = ConnectionLimits {
        plain: MAX_METRICS_CONNECTIONS,
        address: 0,
    };
    let connections = Connections::new(limits, state.limits().proxies.clone());
    let services = Services {
        app: routes::apart(state.clone()),
        spare: routes::spare(state.clone()),
    };
    let all = (Arc::new(connections), state);
    serve_connections(listener, services, all, CancellationToken::new()).await;
}

async fn bind_metrics(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let listen = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    tracing::info!(address = %listener.local_addr()?, "metrics are served apart");
    Ok(listener)
}

fn stop_on_signal(stopping: CancellationToken) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        stopping.cancel();
    });
    Ok(())
}

async fn plant(options: &ServeOptions, state: &AppState) -> Result<(), ServeError> {
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
        reason: None,
        origin: Origin::default(),
    };
    let SeedReport { issues, made } = seed::seed(&document, &environments, author).await?;
    let mut stderr = io::stderr().lock();
    for issue in &issues {
        writeln!(stderr, "{}: {issue}", path.display())?;
    }
    tracing::info!(made, left_out = issues.len(), "seeded");
    Ok(())
}

/// Tells on stdout where the server is, the keys that it has just made, and what to try
fn announce(address: SocketAddr, made: &[NewKey]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "listening on http://{address}")?;
    for NewKey { kind, token } in made {
        writeln!(stdout, "{} key: {token}", kind.name())?;
    }
    if !made.is_empty() {
        writeln!(
            stdout,
            "keys are shown this once; only their hashes are kept"
        )?;
    }
    // Only with tokens of its own making can it say what to try: those that were given it does not repeat.
    let token = |kind: KeyKind| {
        made.iter()
            .find(|key| key.kind == kind)
            .map(|key| &key.token)
    };
    if let Some(token) = token(KeyKind::ClientLocal) {
        writeln!(
            stdout,
            "example page: http://{address}/example/#key={token}"
        )?;
    }
    if let Some(token) = token(KeyKind::Admin) {
        writeln!(
            stdout,
            "try: curl -X PUT -H 'Authorization: Bearer {token}' -d '{{\"enabled\": true, \"rolloutPercentage\": 100}}' \
             http://{address}/api/v1/projects/{PROJECT}/environments/{ENVIRONMENT}/flags/wishlist-gallery",
        )?;
    }
    stdout.flush()
}
