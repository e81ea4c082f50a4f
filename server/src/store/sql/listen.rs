//! PostgreSQL notifications: every commit notifies one channel

use async_trait::async_trait;
use sqlx::postgres::PgListener;

use crate::store::{CommitNotifications, StoreError};

const CHANNEL: &str = "flagstaff";

/// A connection that listens on the channel
#[derive(Debug)]
pub(super) struct PostgresAnnouncements(PgListener);

impl PostgresAnnouncements {
    /// Starts listening
    pub(super) async fn begin(address: &str) -> Result<Self, StoreError> {
        let mut listener = PgListener::connect(address).await?;
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }
}

#[async_trait]
impl CommitNotifications for PostgresAnnouncements {
    async fn next(&mut self) -> Result<(), StoreError> {
        // `None` means that the connection was lost and opened again: notifications in between were missed.
        self.0.try_recv().await?;
        // All notifications mean "poll again", so one is enough.
        while self.0.next_buffered().is_some() {}
        Ok(())
    }
}
