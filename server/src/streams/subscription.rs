//! The two kinds of streams: all objects of an environment, or only refetch events, which say that something has changed

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flagstaff_core::Timestamp;
use tokio::time::Instant;

use crate::engine::coding::{ContentCoding, SharedBytes};
use crate::engine::published::{Held, PublishedRevision};
use crate::engine::transfer::{self, Intent};
use crate::engine::visibility::Visibility;
use crate::runtime::offload::Ended;

/// OFREP clients evaluate again after a refetch event, so these events are spread over time: for this many evaluations in a second
const REFETCHES_PER_SECOND: f64 = 2_000.0;
/// The maximum delay of a refetch event, however many clients there are
const LONGEST_SPREAD: Duration = Duration::from_secs(5);

/// The kind of a stream, and the state that its client has
#[derive(Debug)]
pub(crate) enum Subscription {
    /// The objects that a key of this scope sees (protocol.md), their content coding, and the state of the client once it has read
    /// everything
    Objects {
        scope: Visibility,
        coding: ContentCoding,
        held: Held,
    },
    /// Refetch events (OFREP's `eventStreams`), and when the next one is due
    Notices { due: Option<Instant> },
}

/// The kind of stream that a new connection asks for
#[derive(Debug, Clone, Copy)]
pub(crate) enum StreamKind {
    /// Objects
    Objects(Visibility),
    /// Notices
    Notices,
}

/// A subscription, its kind of transfer, and the parts to send at once, in reverse order
#[derive(Debug)]
pub(crate) struct InitialEvents {
    pub(crate) subscription: Subscription,
    pub(crate) intent: Intent,
    pub(crate) unsent: Vec<SharedBytes>,
}

impl Subscription {
    /// Begins a stream for a client that holds `cursor`
    pub(crate) async fn begin(
        (kind, coding): (StreamKind, ContentCoding),
        published: &Arc<PublishedRevision>,
        cursor: Option<&str>,
        now: Timestamp,
    ) -> Result<InitialEvents, Ended> {
        // A random delay, so that the clients of a stopped server do not all reconnect at the same instant.
        let retry = format!("retry: {}\n\n", rand::random_range(1_000..=3_000));
        let mut beginning = match kind {
            StreamKind::Objects(scope) => objects((scope, coding), published, cursor).await?,
            StreamKind::Notices => notices(published, cursor, now),
        };
        beginning.unsent.push(SharedBytes::new(retry));
        Ok(beginning)
    }

    /// The revision of the client once it has read everything that it was sent
    pub(crate) fn revision(&self) -> Option<u64> {
        match self {
            Self::Objects { held, .. } => Some(held.revision),
            Self::Notices { .. } => None,
        }
    }

    /// When the next refetch event is due
    pub(crate) fn due(&self) -> Option<Instant> {
        match self {
            Self::Objects { .. } => None,
            Self::Notices { due } => *due,
        }
    }

    /// Handles a new revision; returns the parts to send at once, in reverse order
    ///
    /// `clients` is the number of subscriptions of this kind.
    pub(crate) async fn changed(
        &mut self,
        published: &Arc<PublishedRevision>,
        clients: usize,
    ) -> Result<Vec<SharedBytes>, Ended> {
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
                    let intent = SharedBytes::new(transfer::intent(intent));
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

    /// Returns the refetch event that was due
    pub(crate) fn take_due(
        &mut self,
        published: &PublishedRevision,
        now: Timestamp,
    ) -> SharedBytes {
        if let Self::Notices { due } = self {
            *due = boundary(published, now);
        }
        published.notice()
    }

    /// The last part of the stream
    pub(crate) fn goodbye(&self, reason: &str, retry_after_ms: u64) -> SharedBytes {
        SharedBytes::new(match self {
            Self::Objects { .. } => transfer::goodbye(reason, retry_after_ms),
            // OFREP has no such event, but every client understands `retry` and comments.
            Self::Notices { .. } => Bytes::from(format!(": {reason}\nretry: {retry_after_ms}\n\n")),
        })
    }
}

async fn objects(
    (scope, coding): (Visibility, ContentCoding),
    published: &Arc<PublishedRevision>,
    cursor: Option<&str>,
) -> Result<InitialEvents, Ended> {
    let transfer = published.send_transfer(scope, cursor, coding).await?;
    let intent = SharedBytes::new(transfer::intent(transfer.intent));
    Ok(InitialEvents {
        subscription: Subscription::Objects {
            scope,
            coding,
            held: published.held(scope),
        },
        intent: transfer.intent,
        unsent: transfer.events.into_iter().chain([intent]).collect(),
    })
}

fn notices(published: &PublishedRevision, cursor: Option<&str>, now: Timestamp) -> InitialEvents {
    // Also without a cursor: something may have changed between the evaluation that named this stream and its opening.
    let is_current = cursor == Some(&*published.cursor(Visibility::All));
    let (intent, unsent) = if is_current {
        (Intent::Nothing, Vec::new())
    } else {
        (Intent::Changes, vec![published.notice()])
    };
    InitialEvents {
        subscription: Subscription::Notices {
            due: boundary(published, now),
        },
        intent,
        unsent,
    }
}

/// The next instant at which time alone changes a value
fn boundary(published: &PublishedRevision, now: Timestamp) -> Option<Instant> {
    let next = published.snapshot().next_boundary(now)?;
    let wait = next.as_millis().saturating_sub(now.as_millis());
    Instant::now().checked_add(Duration::from_millis(u64::try_from(wait).ok()?))
}

/// The period over which the reactions of this many clients to the same change are spread
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
