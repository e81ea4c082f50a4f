//! What a node tells of the instances of an environment: how many are at which revision, and which ones, as far as there is room

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Instances that are told one by one: those furthest behind
const LISTED: usize = 1_000;
/// Revisions that are told apart; what is older than these counts for the oldest of them
const REVISIONS: usize = 64;

/// One instance that follows an environment
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Instance {
    /// In the order in which they came to their node
    pub(crate) number: u64,
    /// Its id, if it acknowledges what it applies
    pub(crate) id: Option<String>,
    /// Its name and version
    pub(crate) sdk: Option<String>,
    /// Since when, in milliseconds since 1970
    pub(crate) since: i64,
    /// The revision that was sent to it
    pub(crate) sent: u64,
    /// The revision that it said it uses
    pub(crate) applied: Option<u64>,
}

impl Instance {
    /// Whether it tells what it uses
    pub(crate) fn acknowledges(&self) -> bool {
        self.id.is_some()
    }

    /// The revision that it is known to have got to: that which it uses, or without a word from it that which was sent
    pub(crate) fn revision(&self) -> u64 {
        if self.acknowledges() {
            self.applied.unwrap_or_default()
        } else {
            self.sent
        }
    }
}

/// What one node tells of one environment
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Told {
    /// How many that acknowledge are at which revision
    acknowledging: BTreeMap<u64, u64>,
    /// How many others were sent which revision
    silent: BTreeMap<u64, u64>,
    /// Some of them, the furthest behind first
    pub(crate) listed: Vec<Instance>,
    /// What instances that follow other nodes have told this one
    // A node of the release before does not write it.
    #[serde(default)]
    pub(super) acknowledged: Vec<Acknowledged>,
}

/// The id of a key, an instance that says so with it, and the revision that it uses
pub(super) type Acknowledged = (String, String, u64);

/// How many have a revision
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Instances
    pub(crate) instances: u64,
    /// Of them have said that they use it, or a newer one
    pub(crate) applied: u64,
    /// Of them say nothing, and it was sent to them
    pub(crate) sent: u64,
}

impl Standing {
    /// This and another one together
    pub(crate) fn with(self, other: Self) -> Self {
        Self {
            instances: self.instances.saturating_add(other.instances),
            applied: self.applied.saturating_add(other.applied),
            sent: self.sent.saturating_add(other.sent),
        }
    }

    /// How many have not got that far
    pub(crate) fn behind(self) -> u64 {
        self.instances
            .saturating_sub(self.applied)
            .saturating_sub(self.sent)
    }
}

impl Told {
    pub(super) fn new(mut instances: Vec<Instance>, acknowledged: Vec<Acknowledged>) -> Self {
        let mut told = Self {
            acknowledged,
            ..Self::default()
        };
        for instance in &instances {
            let counts = if instance.acknowledges() {
                &mut told.acknowledging
            } else {
                &mut told.silent
            };
            let count = counts.entry(instance.revision()).or_default();
            *count = count.saturating_add(1);
        }
        bound(&mut told.acknowledging);
        bound(&mut told.silent);
        instances.sort_by_key(Instance::revision);
        instances.truncate(LISTED);
        told.listed = instances;
        told
    }

    /// How the instances stand towards a revision
    pub(crate) fn standing(&self, revision: u64) -> Standing {
        let sum = |counts: &BTreeMap<u64, u64>, from: u64| {
            let counts = counts.range(from..).map(|(_, count)| *count);
            counts.fold(0, u64::saturating_add)
        };
        Standing {
            instances: sum(&self.acknowledging, 0).saturating_add(sum(&self.silent, 0)),
            applied: sum(&self.acknowledging, revision),
            sent: sum(&self.silent, revision),
        }
    }
}

/// Counts what is too old to be told apart for the first revision: it is behind, and so it stays
fn bound(counts: &mut BTreeMap<u64, u64>) {
    while counts.len() > REVISIONS {
        let (oldest, next) = (counts.pop_first(), counts.pop_first());
        if let Some(((revision, count), (_, other))) = oldest.zip(next) {
            counts.insert(revision, count.saturating_add(other));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(number: u64, applied: Option<u64>, sent: u64) -> Instance {
        Instance {
            number,
            id: applied.map(|_| number.to_string()),
            sdk: None,
            since: 0,
            sent,
            applied,
        }
    }

    #[test]
    fn what_is_sent_is_not_what_is_applied() {
        let instances = vec![
            instance(1, Some(7), 7),
            instance(2, Some(6), 7),
            instance(3, None, 7),
            instance(4, None, 5),
        ];
        let standing = Told::new(instances, Vec::new()).standing(7);
        let expected = Standing {
            instances: 4,
            applied: 1,
            sent: 1,
        };
        assert_eq!((standing, standing.behind()), (expected, 2));
    }

    #[test]
    fn however_many_there_are_what_is_told_is_bounded_and_counts_them_all() {
        let instances = (0..5_000).map(|number| instance(number, Some(number), number));
        let told = Told::new(instances.collect(), Vec::new());
        assert_eq!(told.acknowledging.len(), REVISIONS);
        assert_eq!(told.listed.len(), LISTED);
        assert_eq!(told.listed[0].applied, Some(0), "those furthest behind");
        let standing = told.standing(4_990);
        assert_eq!((standing.instances, standing.applied), (5_000, 10));
        let text = serde_json::to_string(&told).unwrap();
        let read: Told = serde_json::from_str(&text).unwrap();
        assert_eq!(read.standing(4_990), standing);
    }
}
