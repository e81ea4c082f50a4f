//! Announcements of PostgreSQL: every commit says so on one channel

use async_trait::async_trait;
use sqlx::postgres::PgListener;

use crate::store::{Announcements, StoreError};

const CHANNEL: &str = "flagstaff";

/// A connection that listens
#[derive(Debug)]
pub(super) struct PostgresAnnouncements(PgListener);

impl PostgresAnnouncements {
    /// Listens from now on
    pub(super) async fn begin(address: &str) -> Result<Self, StoreError> {
        let mut listener = PgListener::connect(address).await?;
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }
}

#[async_trait]
impl Announcements for PostgresAnnouncements {
    async fn next(&mut self) -> Result<(), StoreError> {
        // `None` is a connection that was lost and made anew: what was said meanwhile went unheard.
        self.0.try_recv().await?;
        // What says nothing but "look again" needs saying once.
        while self.0.next_buffered().is_some() {}
        Ok(())
    }
}
