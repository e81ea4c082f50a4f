//! The instances that are connected to this node in one environment, and the revision that each has applied

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flagstaff_core::Timestamp;
use tokio::sync::watch;

use super::acknowledgements::Elsewhere;
use super::report::{Acknowledged, ConvergenceCounts, Instance, NodeReport};

/// The number of revisions whose publication time is known
const REVISIONS: usize = 256;

/// An instance that opens a stream
#[derive(Debug, Clone, Default)]
pub(crate) struct InstanceInfo {
    /// The id of the key of its stream; acknowledgements must come with the same key
    pub(crate) key: Arc<str>,
    /// The id with which it will acknowledge; without an id it does not acknowledge
    pub(crate) instance: Option<String>,
    /// Its SDK's name and version, as `flagstaff-rust/0.1.0`
    pub(crate) sdk: Option<String>,
}

/// The instances of one environment
#[derive(Debug)]
pub(crate) struct InstanceRegistry {
    present: Mutex<Everybody>,
    elsewhere: Mutex<Elsewhere>,
    made: Mutex<VecDeque<(u64, Timestamp)>>,
    number: AtomicU64,
    has_changed: AtomicBool,
    // Notifies those that wait until all instances have a revision.
    moves: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Everybody {
    by_number: BTreeMap<u64, Arc<InstanceState>>,
    // The numbers of the instances that have an id, by key. If an instance reconnected before its old stream was found dead, the new
    // stream's number. Two keys may use the same id for different instances.
    by_instance: HashMap<String, HashMap<Arc<str>, u64>>,
}

#[derive(Debug)]
struct InstanceState {
    identity: InstanceInfo,
    since: Timestamp,
    // Written to the socket, or about to be: an instance cannot have applied a later revision.
    sent: AtomicU64,
    offered: AtomicU64,
    // The revision plus one; 0 if none was acknowledged.
    applied: AtomicU64,
}

/// Keeps an instance registered while its stream is open
#[derive(Debug)]
pub(crate) struct InstanceGuard {
    registry: Arc<InstanceRegistry>,
    number: u64,
    presence: Arc<InstanceState>,
}

/// Why an acknowledgement is rejected
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfounded {
    /// The instance is connected with another key
    OtherKey,
    /// It names a revision that the instance has not been sent
    Unsent,
}

impl InstanceGuard {
    /// Everything up to this revision is about to be sent
    pub(crate) fn offered(&self, revision: u64) {
        self.presence.offered.store(revision, Ordering::Release);
    }

    /// Everything up to this revision has been written to the socket
    pub(crate) fn sent(&self, revision: u64) {
        let before = self.presence.sent.swap(revision, Ordering::AcqRel);
        if before == revision {
            return;
        }
        // A restored database uses lost revisions again for other content.
        if before > revision {
            self.presence.applied.store(0, Ordering::Release);
        }
        self.registry.moved();
    }
}

impl Drop for InstanceGuard {
    fn drop(&mut self) {
        let mut present = lock(&self.registry.present);
        present.by_number.remove(&self.number);
        present.leave(&self.presence.identity, self.number);
        drop(present);
        self.registry.moved();
    }
}

impl InstanceRegistry {
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

    /// Registers an instance
    pub(crate) fn register(
        self: &Arc<Self>,
        identity: InstanceInfo,
        now: Timestamp,
    ) -> InstanceGuard {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let presence = Arc::new(InstanceState {
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
        InstanceGuard {
            registry: Arc::clone(self),
            number,
            presence,
        }
    }

    /// Records that an instance has applied a revision; the instance may be connected to another node
    pub(crate) fn mark_applied(
        &self,
        key: &Arc<str>,
        instance: &str,
        revision: u64,
    ) -> Result<(), Unfounded> {
        if self.record_applied(key, instance, revision)? {
            return Ok(());
        }
        if lock(&self.elsewhere).record(key, instance, revision) {
            self.has_changed.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Records it if the instance is connected to this node; returns whether it is
    fn record_applied(&self, key: &str, instance: &str, revision: u64) -> Result<bool, Unfounded> {
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

    /// Applies the acknowledgements that another node received for instances of this node
    pub(super) fn merge_acks(&self, acknowledged: &[Acknowledged]) {
        for (key, instance, revision) in acknowledged {
            // Invalid ones are ignored: the other node could not check them.
            let _ = self.record_applied(key, instance, *revision);
        }
    }

    /// Records when a revision was published
    pub(crate) fn record_revision(&self, revision: u64, now: Timestamp) {
        let mut made = lock(&self.made);
        if made.back().is_some_and(|(last, _)| *last == revision) {
            return;
        }
        if made.len() >= REVISIONS {
            made.pop_front();
        }
        made.push_back((revision, now));
    }

    /// For how many milliseconds a newer revision has existed, as far as is known
    pub(crate) fn stale_for(&self, revision: u64, now: Timestamp) -> u64 {
        let made = lock(&self.made);
        let newer = made.iter().find(|(made, _)| *made > revision);
        let millis = newer.map(|(_, at)| now.as_millis().saturating_sub(at.as_millis()));
        millis
            .and_then(|millis| u64::try_from(millis).ok())
            .unwrap_or_default()
    }

    /// The instances of this node in the order of their registration
    pub(crate) fn instances(&self) -> Vec<Instance> {
        let instance = |(number, presence): (&u64, &Arc<InstanceState>)| Instance {
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

    /// How many instances of this node have a revision
    pub(crate) fn standing(&self, revision: u64) -> ConvergenceCounts {
        NodeReport::new(self.instances(), Vec::new()).standing(revision)
    }

    /// The report for the other nodes; `None` if it equals the last one, or is so large that it waits for the regular interval
    pub(super) fn changed_reports(&self, is_due: bool) -> Option<NodeReport> {
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
        Some(NodeReport::new(self.instances(), acknowledged))
    }

    /// Changes whenever an instance connects, disconnects or acknowledges
    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.moves.subscribe()
    }

    /// Another node has reported something new
    pub(super) fn notify(&self) {
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
    /// Removes the id of a closed stream, unless the instance has a newer stream
    fn leave(&mut self, identity: &InstanceInfo, number: u64) {
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
