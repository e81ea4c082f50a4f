//! Connections to the database: how many each kind of work may use, and which of them are used again

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::any::AnyPoolOptions;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, Executor as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::dialect::{Dialect, LOCK};
use crate::store::{PoolDurations, PoolLabels, PoolUse, StoreError};

/// The time limit for connecting; after it the database counts as unreachable
pub(super) const CONNECT: Duration = Duration::from_secs(3);
/// The time limit for closing a connection to PostgreSQL
const CLOSE: Duration = Duration::from_secs(1);

/// The connections of one kind of work
#[derive(Debug, Clone)]
pub(super) struct Pool {
    dialect: Dialect,
    connections: AnyPool,
    // One permit per connection, taken first: waiting for other work must be distinguished from waiting for the database.
    turns: Arc<Semaphore>,
    // When a statement last gave up waiting for a lock of another program.
    found_locked_at: Arc<Mutex<Option<Instant>>>,
    is_for_writing: bool,
    // The kind of work, as metrics name it.
    name: &'static str,
    limit: usize,
    durations: PoolDurations,
}

impl Pool {
    /// A pool of up to `most` connections, opened on first use
    pub(super) fn new(
        (dialect, address): (Dialect, &str),
        (name, most): (&'static str, u32),
        durations: PoolDurations,
    ) -> Result<Self, StoreError> {
        let limit = usize::try_from(most).unwrap_or(usize::MAX);
        let options = AnyPoolOptions::new()
            .max_connections(most)
            .acquire_timeout(CONNECT)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    connection.execute(dialect.set_up()).await?;
                    Ok(())
                })
            });
        Ok(Self {
            dialect,
            connections: options.connect_lazy(address)?,
            turns: Arc::new(Semaphore::new(limit)),
            found_locked_at: Arc::default(),
            is_for_writing: false,
            name,
            limit,
            durations,
        })
    }

    /// Makes it a pool for writes
    pub(super) fn for_writing(self) -> Self {
        Self {
            is_for_writing: true,
            ..self
        }
    }

    pub(super) fn is_for_writing(&self) -> bool {
        self.is_for_writing
    }

    /// The connections in use
    pub(super) fn in_use(&self) -> PoolUse {
        PoolUse {
            pool: self.name,
            in_use: self.limit.saturating_sub(self.turns.available_permits()),
            limit: self.limit,
        }
    }

    /// Closes all connections
    pub(super) async fn close(&self) {
        self.connections.close().await;
    }

    /// Runs `work` on a connection within `limit` from `asked_at`; the limit includes waiting for a turn
    pub(super) async fn run<T: Send>(
        &self,
        asked_at: Instant,
        limit: Duration,
        work: impl for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let result = self.run_in_turn(asked_at, limit, work).await;
        let labels = PoolLabels { pool: self.name };
        let duration = self.durations.get_or_create(&labels);
        duration.observe(asked_at.elapsed().as_secs_f64());
        result
    }

    async fn run_in_turn<T: Send>(
        &self,
        asked_at: Instant,
        limit: Duration,
        work: impl for<'c> FnOnce(&'c mut AnyConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let left = || limit.saturating_sub(asked_at.elapsed());
        let turn = timeout(left(), Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else {
            return Err(StoreError::Busy);
        };
        let connection = self.connections.acquire().await?;
        let mut lease = Lease {
            dialect: self.dialect,
            connection: Some(connection),
            turn: Some(turn),
            is_reusable: false,
        };
        let Some(connection) = lease.connection.as_deref_mut() else {
            return Err(sqlx::Error::PoolClosed.into());
        };
        let work = async {
            self.bound_lock(asked_at, connection).await?;
            work(connection).await
        };
        let result = match timeout(left(), work).await {
            Ok(result) => result,
            Err(elapsed) => Err(self.dialect.too_late(elapsed)),
        };
        lease.is_reusable = !matches!(&result, Err(error) if error.is_of_database());
        if matches!(result, Err(StoreError::Locked(_))) {
            *self.found_locked() = Some(Instant::now());
        }
        result
    }

    /// Sets how long SQLite may still wait for a lock of another program
    ///
    /// The time that a caller has waited here for a connection counts too: otherwise a hundred callers would time out one after the
    /// other.
    async fn bound_lock(
        &self,
        asked_at: Instant,
        connection: &mut AnyConnection,
    ) -> Result<(), StoreError> {
        if self.dialect != Dialect::Sqlite {
            return Ok(());
        }
        let was_locked = self.found_locked().is_some_and(|found| found > asked_at);
        let since = if was_locked { asked_at } else { Instant::now() };
        let millis = LOCK.saturating_sub(since.elapsed()).as_millis();
        let statement = format!("PRAGMA busy_timeout = {millis}");
        connection.execute(AssertSqlSafe(statement)).await?;
        Ok(())
    }

    fn found_locked(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        let found = self.found_locked_at.lock();
        found.unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that returns to its pool only if its work came to an end and the database did not fail
///
/// After an error SQLite may have rolled back by itself, which the driver does not notice: it would refuse every later transaction. And a
/// connection whose work was dropped, because the caller disconnected or time was up, still has a response to come.
struct Lease {
    dialect: Dialect,
    connection: Option<PoolConnection<Any>>,
    turn: Option<OwnedSemaphorePermit>,
    is_reusable: bool,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (Some(mut connection), Some(turn)) = (self.connection.take(), self.turn.take()) else {
            return;
        };
        if self.is_reusable {
            return;
        }
        // The connection is closed, however this ends.
        connection.close_on_drop();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let dialect = self.dialect;
        runtime.spawn(async move {
            let close = connection.close();
            let closed = match dialect {
                // A running SQLite statement cannot be cancelled from here. It keeps its turn until it ends, so that callers who
                // disconnect cannot start more and more of them.
                Dialect::Sqlite => close.await,
                Dialect::Postgres => timeout(CLOSE, close).await.unwrap_or(Ok(())),
            };
            if let Err(error) = closed {
                tracing::debug!(%error, "a connection was not closed in order");
            }
            drop(turn);
        });
    }
}
