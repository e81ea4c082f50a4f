//! The instances that follow one environment at this node, and how far each is

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flagstaff_core::Timestamp;
use tokio::sync::watch;

use super::elsewhere::Elsewhere;
use super::told::{Acknowledged, Instance, Standing, Told};

/// Revisions of which it is known when they were made
const REVISIONS: usize = 256;

/// Who opens a stream
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    /// The id of the key that it opens it with: nobody else speaks for the instance
    pub(crate) key: Arc<str>,
    /// The id that it will acknowledge under; without one it acknowledges nothing
    pub(crate) instance: Option<String>,
    /// Its name and version, as `flagstaff-rust/0.1.0`
    pub(crate) sdk: Option<String>,
}

/// The instances of one environment
#[derive(Debug)]
pub(crate) struct Roster {
    present: Mutex<Everybody>,
    elsewhere: Mutex<Elsewhere>,
    made: Mutex<VecDeque<(u64, Timestamp)>>,
    number: AtomicU64,
    has_changed: AtomicBool,
    // Whoever waits for all to have a revision looks again when this moves.
    moves: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Everybody {
    by_number: BTreeMap<u64, Arc<Presence>>,
    // The numbers of those that have an id, by key; of an instance that has connected anew before its old stream was noticed to be
    // dead, the new one. Two keys may use one id without being one instance.
    by_instance: HashMap<String, HashMap<Arc<str>, u64>>,
}

#[derive(Debug)]
struct Presence {
    identity: Identity,
    since: Timestamp,
    // Handed to the socket, and about to be: what cannot have arrived cannot be in use.
    sent: AtomicU64,
    offered: AtomicU64,
    // One more than the revision, 0 where there is none yet.
    applied: AtomicU64,
}

/// Counts an instance in for as long as its stream is open
#[derive(Debug)]
pub(crate) struct Present {
    roster: Arc<Roster>,
    number: u64,
    presence: Arc<Presence>,
}

/// An acknowledgement that is not believed
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfounded {
    /// The instance follows with another key
    OtherKey,
    /// It names a revision that the instance has not been sent
    Unsent,
}

impl Present {
    /// Everything up to this revision is about to be sent
    pub(crate) fn offered(&self, revision: u64) {
        self.presence.offered.store(revision, Ordering::Release);
    }

    /// Everything up to this revision has been handed to the socket
    pub(crate) fn sent(&self, revision: u64) {
        let before = self.presence.sent.swap(revision, Ordering::AcqRel);
        if before == revision {
            return;
        }
        // A database that has lost revisions makes others under their numbers.
        if before > revision {
            self.presence.applied.store(0, Ordering::Release);
        }
        self.roster.moved();
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        let mut present = lock(&self.roster.present);
        present.by_number.remove(&self.number);
        present.leave(&self.presence.identity, self.number);
        drop(present);
        self.roster.moved();
    }
}

impl Roster {
    pub(super) fn new() -> Self {
        Self {
            present: Mutex::default(),
            elsewhere: Mutex::default(),
            made: Mutex::default(),
            number: AtomicU64::new(0),
            has_changed: AtomicBool::new(true),
            moves: watch::Sender::new(()),
        }
    }

    /// Counts an instance in
    pub(crate) fn enter(self: &Arc<Self>, identity: Identity, now: Timestamp) -> Present {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let presence = Arc::new(Presence {
            identity,
            since: now,
            sent: AtomicU64::new(0),
            offered: AtomicU64::new(0),
            applied: AtomicU64::new(0),
        });
        let mut present = lock(&self.present);
        present.by_number.insert(number, Arc::clone(&presence));
        if let Some(instance) = presence.identity.instance.clone() {
            let by_key = present.by_instance.entry(instance).or_default();
            if let Some(old) = by_key.insert(Arc::clone(&presence.identity.key), number) {
                present.by_number.remove(&old);
            }
        }
        drop(present);
        self.moved();
        Present {
            roster: Arc::clone(self),
            number,
            presence,
        }
    }

    /// An instance says with a key that it uses this revision; it may follow another node
    pub(crate) fn applied(
        &self,
        key: &Arc<str>,
        instance: &str,
        revision: u64,
    ) -> Result<(), Unfounded> {
        if self.note_applied(key, instance, revision)? {
            return Ok(());
        }
        if lock(&self.elsewhere).note(key, instance, revision) {
            self.has_changed.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Whether the instance is here
    fn note_applied(&self, key: &str, instance: &str, revision: u64) -> Result<bool, Unfounded> {
        let present = lock(&self.present);
        let Some(by_key) = present.by_instance.get(instance) else {
            return Ok(false);
        };
        let number = by_key.get(key).ok_or(Unfounded::OtherKey)?;
        let Some(presence) = present.by_number.get(number) else {
            return Ok(false);
        };
        if revision > presence.offered.load(Ordering::Acquire) {
            return Err(Unfounded::Unsent);
        }
        let applied = revision.saturating_add(1);
        presence.applied.fetch_max(applied, Ordering::AcqRel);
        drop(present);
        self.moved();
        Ok(true)
    }

    /// What another node was told by instances that follow this one
    pub(super) fn heard(&self, acknowledged: &[Acknowledged]) {
        for (key, instance, revision) in acknowledged {
            // What is not believed here is nobody's: the other node could not know.
            let _ = self.note_applied(key, instance, *revision);
        }
    }

    /// Notes that a revision is served, and when
    pub(crate) fn made(&self, revision: u64, now: Timestamp) {
        let mut made = lock(&self.made);
        if made.back().is_some_and(|(last, _)| *last == revision) {
            return;
        }
        if made.len() >= REVISIONS {
            made.pop_front();
        }
        made.push_back((revision, now));
    }

    /// For how many milliseconds there has been something newer than a revision, as far as is known
    pub(crate) fn stale_for(&self, revision: u64, now: Timestamp) -> u64 {
        let made = lock(&self.made);
        let newer = made.iter().find(|(made, _)| *made > revision);
        let millis = newer.map(|(_, at)| now.as_millis().saturating_sub(at.as_millis()));
        millis
            .and_then(|millis| u64::try_from(millis).ok())
            .unwrap_or_default()
    }

    /// The instances here, in the order in which they came
    pub(crate) fn instances(&self) -> Vec<Instance> {
        let instance = |(number, presence): (&u64, &Arc<Presence>)| Instance {
            number: *number,
            id: presence.identity.instance.clone(),
            sdk: presence.identity.sdk.clone(),
            since: presence.since.as_millis(),
            sent: presence.sent.load(Ordering::Acquire),
            applied: presence.applied.load(Ordering::Acquire).checked_sub(1),
        };
        let present = lock(&self.present);
        present.by_number.iter().map(instance).collect()
    }

    /// How the instances here stand towards a revision
    pub(crate) fn standing(&self, revision: u64) -> Standing {
        Told::new(self.instances(), Vec::new()).standing(revision)
    }

    /// What is told to the other nodes; `None` if that is what was told last, or so much that it is not told before it is due
    pub(super) fn news(&self, is_due: bool) -> Option<Told> {
        let mut elsewhere = lock(&self.elsewhere);
        elsewhere.forget();
        if !is_due && !elsewhere.is_little() {
            return None;
        }
        let has_changed = self.has_changed.swap(false, Ordering::AcqRel);
        if !has_changed && !is_due {
            return None;
        }
        let acknowledged = elsewhere.acknowledged();
        drop(elsewhere);
        Some(Told::new(self.instances(), acknowledged))
    }

    /// Moves whenever an instance comes, goes or gets on
    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.moves.subscribe()
    }

    /// Another node has told something new
    pub(super) fn moved_elsewhere(&self) {
        self.moves.send_replace(());
    }

    fn moved(&self) {
        self.has_changed.store(true, Ordering::Release);
        if self.moves.receiver_count() > 0 {
            self.moves.send_replace(());
        }
    }
}

impl Everybody {
    /// Forgets the id of a stream that is over, unless the instance has another one by now
    fn leave(&mut self, identity: &Identity, number: u64) {
        let Some(instance) = &identity.instance else {
            return;
        };
        let Some(by_key) = self.by_instance.get_mut(instance) else {
            return;
        };
        if by_key.get(&identity.key) == Some(&number) {
            by_key.remove(&identity.key);
        }
        if by_key.is_empty() {
            self.by_instance.remove(instance);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
