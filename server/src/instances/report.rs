//! What a node reports about the instances of an environment: how many have each revision, and a list of some of them

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The maximum number of instances that are listed: those furthest behind
const LISTED: usize = 1_000;
/// The maximum number of revisions that are counted separately; older ones are added to the oldest of these
const REVISIONS: usize = 64;

/// An instance that is connected in an environment
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Instance {
    /// Its number in the order of registration at its node
    pub(crate) number: u64,
    /// Its id, if it acknowledges
    pub(crate) id: Option<String>,
    /// Its SDK's name and version
    pub(crate) sdk: Option<String>,
    /// When it connected, in milliseconds since 1970
    pub(crate) since: i64,
    /// The last revision that was sent to it
    pub(crate) sent: u64,
    /// The revision that it acknowledged
    pub(crate) applied: Option<u64>,
}

impl Instance {
    /// Whether it acknowledges
    pub(crate) fn acknowledges(&self) -> bool {
        self.id.is_some()
    }

    /// The revision that it is known to have: the acknowledged one, or for an instance that does not acknowledge the one that was sent
    pub(crate) fn revision(&self) -> u64 {
        if self.acknowledges() {
            self.applied.unwrap_or_default()
        } else {
            self.sent
        }
    }
}

/// The report of one node about one environment
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct NodeReport {
    /// The number of acknowledging instances by acknowledged revision
    acknowledging: BTreeMap<u64, u64>,
    /// The number of other instances by sent revision
    silent: BTreeMap<u64, u64>,
    /// Some of the instances, those furthest behind first
    pub(crate) listed: Vec<Instance>,
    /// Acknowledgements that this node received for instances of other nodes
    pub(super) acknowledged: Vec<Acknowledged>,
}

/// The id of a key, the id of an instance, and the revision that it has applied
pub(super) type Acknowledged = (String, String, u64);

/// How many instances have a revision
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ConvergenceCounts {
    /// All instances
    pub(crate) instances: u64,
    /// Instances that acknowledged this revision or a newer one
    pub(crate) applied: u64,
    /// Instances that do not acknowledge and were sent this revision or a newer one
    pub(crate) sent: u64,
}

impl ConvergenceCounts {
    /// The sum of both
    pub(crate) fn with(self, other: Self) -> Self {
        Self {
            instances: self.instances.saturating_add(other.instances),
            applied: self.applied.saturating_add(other.applied),
            sent: self.sent.saturating_add(other.sent),
        }
    }

    /// Instances that do not have the revision yet
    pub(crate) fn behind(self) -> u64 {
        self.instances
            .saturating_sub(self.applied)
            .saturating_sub(self.sent)
    }
}

impl NodeReport {
    pub(super) fn new(mut instances: Vec<Instance>, acknowledged: Vec<Acknowledged>) -> Self {
        let mut report = Self {
            acknowledged,
            ..Self::default()
        };
        for instance in &instances {
            let counts = if instance.acknowledges() {
                &mut report.acknowledging
            } else {
                &mut report.silent
            };
            let count = counts.entry(instance.revision()).or_default();
            *count = count.saturating_add(1);
        }
        bound(&mut report.acknowledging);
        bound(&mut report.silent);
        instances.sort_by_key(Instance::revision);
        instances.truncate(LISTED);
        report.listed = instances;
        report
    }

    /// How many instances have a revision
    pub(crate) fn standing(&self, revision: u64) -> ConvergenceCounts {
        let sum = |counts: &BTreeMap<u64, u64>, from: u64| {
            let counts = counts.range(from..).map(|(_, count)| *count);
            counts.fold(0, u64::saturating_add)
        };
        ConvergenceCounts {
            instances: sum(&self.acknowledging, 0).saturating_add(sum(&self.silent, 0)),
            applied: sum(&self.acknowledging, revision),
            sent: sum(&self.silent, revision),
        }
    }
}

/// Adds counts of revisions that are too old to be listed to the first listed one: both are behind
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
        let standing = NodeReport::new(instances, Vec::new()).standing(7);
        let expected = ConvergenceCounts {
            instances: 4,
            applied: 1,
            sent: 1,
        };
        assert_eq!((standing, standing.behind()), (expected, 2));
    }

    #[test]
    fn however_many_there_are_what_is_told_is_bounded_and_counts_them_all() {
        let instances = (0..5_000).map(|number| instance(number, Some(number), number));
        let report = NodeReport::new(instances.collect(), Vec::new());
        assert_eq!(report.acknowledging.len(), REVISIONS);
        assert_eq!(report.listed.len(), LISTED);
        assert_eq!(report.listed[0].applied, Some(0), "those furthest behind");
        let standing = report.standing(4_990);
        assert_eq!((standing.instances, standing.applied), (5_000, 10));
        let text = serde_json::to_string(&report).unwrap();
        let read: NodeReport = serde_json::from_str(&text).unwrap();
        assert_eq!(read.standing(4_990), standing);
    }
}
