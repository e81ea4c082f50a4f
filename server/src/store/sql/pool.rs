//! Connections to the database: how many a kind of work may use, who waits for them, and which of them are used again

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::any::AnyPoolOptions;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, Executor as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::dialect::{Dialect, LOCK};
use crate::store::StoreError;

/// A connection is there by then, or the database is not
pub(super) const CONNECT: Duration = Duration::from_secs(3);
/// To take leave of a PostgreSQL that may not hear it
const CLOSE: Duration = Duration::from_secs(1);

/// Connections for one kind of work
#[derive(Debug, Clone)]
pub(super) struct Pool {
    dialect: Dialect,
    connections: AnyPool,
    // One for each connection, and ahead of them: waiting for other work must be told apart from waiting for the database.
    turns: Arc<Semaphore>,
    // When a statement last gave up on a lock that another program holds.
    found_locked_at: Arc<Mutex<Option<Instant>>>,
    is_for_writing: bool,
}

impl Pool {
    /// At most so many connections, each opened when it is first needed
    pub(super) fn new(dialect: Dialect, address: &str, most: u32) -> Result<Self, StoreError> {
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
            turns: Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(usize::MAX))),
            found_locked_at: Arc::default(),
            is_for_writing: false,
        })
    }

    /// The same, for what is written
    pub(super) fn for_writing(self) -> Self {
        Self {
            is_for_writing: true,
            ..self
        }
    }

    pub(super) fn is_for_writing(&self) -> bool {
        self.is_for_writing
    }

    /// Closes all connections
    pub(super) async fn close(&self) {
        self.connections.close().await;
    }

    /// Does something on a connection, and has `limit` for it from `asked_at` on, with the time that it waits for its turn
    pub(super) async fn run<T: Send>(
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

    /// Lets SQLite wait for a lock of another program for as long as it may
    ///
    /// Those who waited here while somebody waited for the lock have waited for it too: else a hundred of them would be answered one
    /// after the other.
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

/// A connection that goes back to its pool only when what it was taken for has come to an end, and the database did not fail it
///
/// After an error SQLite may have rolled back by itself, of which the driver does not know: it would refuse every transaction from
/// then on. And one that is left in the middle, because its caller went away or because time was up, still has an answer to come.
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
        // It is closed in whatever way this ends.
        connection.close_on_drop();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let dialect = self.dialect;
        runtime.spawn(async move {
            let close = connection.close();
            let closed = match dialect {
                // A statement of SQLite cannot be cancelled from here. It keeps its turn until it has ended, so that callers who go
                // away cannot set more and more of them going.
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
