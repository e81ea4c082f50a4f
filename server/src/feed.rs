//! What a stream tells its client: the objects of an environment, or only that something has changed

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flagstaff_core::Timestamp;
use tokio::time::Instant;

use crate::coding::{Coding, Shared};
use crate::offload::Ended;
use crate::published::{Held, Published};
use crate::transfer::{self, Intent};
use crate::view::Scope;

/// Clients of notices ask again at once, so notices are spread: as if a node could answer so many of them in a second
const REFETCHES_PER_SECOND: f64 = 2_000.0;
/// However many there are, nobody waits longer
const LONGEST_SPREAD: Duration = Duration::from_secs(5);

/// What a stream tells, and what its client knows by it
#[derive(Debug)]
pub(crate) enum Feed {
    /// The objects that a key of this scope sees (protocol.md), how they are sent, and the state that a client has that has read all
    /// it was sent
    Objects {
        scope: Scope,
        coding: Coding,
        held: Held,
    },
    /// That values may have changed (OFREP's `eventStreams`), and when that is to be said, if it is
    Notices { due: Option<Instant> },
}

/// What a new connection asks for
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject {
    /// Objects
    Objects(Scope),
    /// Notices
    Notices,
}

/// A feed, what it begins with, and the parts that are sent at once, the last part first
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) feed: Feed,
    pub(crate) intent: Intent,
    pub(crate) unsent: Vec<Shared>,
}

impl Feed {
    /// Begins for a client that holds `cursor`
    pub(crate) async fn begin(
        (subject, coding): (Subject, Coding),
        published: &Arc<Published>,
        cursor: Option<&str>,
        now: Timestamp,
    ) -> Result<Beginning, Ended> {
        // Spread over a range, or all clients of a server that went away come back at one instant.
        let retry = format!("retry: {}\n\n", rand::random_range(1_000..=3_000));
        let mut beginning = match subject {
            Subject::Objects(scope) => objects((scope, coding), published, cursor).await?,
            Subject::Notices => notices(published, cursor, now),
        };
        beginning.unsent.push(Shared::new(retry));
        Ok(beginning)
    }

    /// The revision that a client has that has read all it was sent
    pub(crate) fn revision(&self) -> Option<u64> {
        match self {
            Self::Objects { held, .. } => Some(held.revision),
            Self::Notices { .. } => None,
        }
    }

    /// When something is to be said that need not be said at once
    pub(crate) fn due(&self) -> Option<Instant> {
        match self {
            Self::Objects { .. } => None,
            Self::Notices { due } => *due,
        }
    }

    /// Takes notice of a new state; gives the parts that are sent at once, the last part first
    ///
    /// `clients` is how many have such a feed.
    pub(crate) async fn changed(
        &mut self,
        published: &Arc<Published>,
        clients: usize,
    ) -> Result<Vec<Shared>, Ended> {
        Ok(match self {
            Self::Objects {
                scope,
                coding,
                held,
            } => {
                let delta = published.send_since(*scope, *held, *coding).await?;
                *held = published.held(*scope);
                if let Some(delta) = delta {
                    vec![delta]
                } else {
                    let intent =
                        Intent::Full("the reader was too slow, or the changes are too long");
                    let intent = Shared::new(transfer::intent(intent));
                    vec![published.send_full(*scope, *coding).await?, intent]
                }
            }
            Self::Notices { due } => {
                let delay = spread(clients).mul_f64(rand::random());
                let soon = Instant::now().checked_add(delay);
                *due = (*due).into_iter().chain(soon).min();
                Vec::new()
            }
        })
    }

    /// What was due
    pub(crate) fn take_due(&mut self, published: &Published, now: Timestamp) -> Shared {
        if let Self::Notices { due } = self {
            *due = boundary(published, now);
        }
        published.notice()
    }

    /// The last part
    pub(crate) fn goodbye(&self, reason: &str, retry_after_ms: u64) -> Shared {
        Shared::new(match self {
            Self::Objects { .. } => transfer::goodbye(reason, retry_after_ms),
            // OFREP has no such event, but everybody has `retry` and comments.
            Self::Notices { .. } => Bytes::from(format!(": {reason}\nretry: {retry_after_ms}\n\n")),
        })
    }
}

async fn objects(
    (scope, coding): (Scope, Coding),
    published: &Arc<Published>,
    cursor: Option<&str>,
) -> Result<Beginning, Ended> {
    let transfer = published.send_transfer(scope, cursor, coding).await?;
    let intent = Shared::new(transfer::intent(transfer.intent));
    Ok(Beginning {
        feed: Feed::Objects {
            scope,
            coding,
            held: published.held(scope),
        },
        intent: transfer.intent,
        unsent: transfer.events.into_iter().chain([intent]).collect(),
    })
}

fn notices(published: &Published, cursor: Option<&str>, now: Timestamp) -> Beginning {
    // Without a cursor, too: something may have changed between the evaluation that named this stream and its opening.
    let is_current = cursor == Some(&*published.cursor(Scope::All));
    let (intent, unsent) = if is_current {
        (Intent::Nothing, Vec::new())
    } else {
        (Intent::Changes, vec![published.notice()])
    };
    Beginning {
        feed: Feed::Notices {
            due: boundary(published, now),
        },
        intent,
        unsent,
    }
}

/// When time alone changes a value for the next time
fn boundary(published: &Published, now: Timestamp) -> Option<Instant> {
    let next = published.snapshot().next_boundary(now)?;
    let wait = next.as_millis().saturating_sub(now.as_millis());
    Instant::now().checked_add(Duration::from_millis(u64::try_from(wait).ok()?))
}

/// Over how long what so many clients do at the same news is spread
pub(crate) fn spread(clients: usize) -> Duration {
    let clients = f64::from(u32::try_from(clients).unwrap_or(u32::MAX));
    Duration::from_secs_f64(clients / REFETCHES_PER_SECOND).min(LONGEST_SPREAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_spread_by_how_many_would_ask_again() {
        assert_eq!(spread(0), Duration::ZERO);
        assert_eq!(spread(1_000), Duration::from_millis(500));
        assert_eq!(spread(1_000_000), LONGEST_SPREAD);
    }
}
