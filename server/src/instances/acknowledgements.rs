//! Acknowledgements received for instances that are connected to other nodes, kept until those nodes have read them

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::report::Acknowledged;

/// The maximum number of instances per environment that are kept
const MOST: usize = 10_000;
/// Above this number, acknowledgements are written only at the regular interval: otherwise a caller with invented instances could make a
/// node write a megabyte a second
const OFTEN: usize = 1_000;
/// How long an acknowledgement is kept; the instance's own node reads it within seconds
const HEARD_SOON: Duration = Duration::from_secs(30);

/// The acknowledgements of an environment that have to be passed on
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    by_key: HashMap<Arc<str>, HashMap<String, (u64, Instant)>>,
    total: usize,
}

impl Elsewhere {
    /// Records an acknowledgement; returns whether it is new
    pub(super) fn record(&mut self, key: &Arc<str>, instance: &str, revision: u64) -> bool {
        let now = Instant::now();
        let own = self.by_key.get_mut(key);
        let length = own.as_ref().map_or(0, |own| own.len());
        if let Some(known) = own.and_then(|own| own.get_mut(instance)) {
            let (before, _) = std::mem::replace(known, (revision, now));
            return before != revision;
        }
        if self.total >= MOST && !self.make_room(length) {
            return false;
        }
        let own = self.by_key.entry(Arc::clone(key)).or_default();
        own.insert(instance.to_owned(), (revision, now));
        self.total = self.total.saturating_add(1);
        true
    }

    /// Makes room for a key that has `own` entries: removes an entry of the key with the most entries, so that a key with invented
    /// instances cannot displace the others
    fn make_room(&mut self, own: usize) -> bool {
        let most = self.by_key.values_mut().max_by_key(|of_key| of_key.len());
        let most = most.filter(|most| most.len() > own.saturating_add(1));
        let given_up = most.and_then(|most| {
            let instance = most.keys().next().cloned()?;
            most.remove(&instance)
        });
        if given_up.is_some() {
            self.total = self.total.saturating_sub(1);
        }
        given_up.is_some()
    }

    /// Drops entries that have been passed on for long enough
    pub(super) fn forget(&mut self) {
        self.by_key.retain(|_, of_key| {
            of_key.retain(|_, (_, at)| at.elapsed() < HEARD_SOON);
            !of_key.is_empty()
        });
        self.total = self.by_key.values().map(HashMap::len).sum();
    }

    /// Whether there are few enough entries to write them at every change
    pub(super) fn is_little(&self) -> bool {
        self.total <= OFTEN
    }

    /// All entries
    pub(super) fn acknowledged(&self) -> Vec<Acknowledged> {
        let mut acknowledged = Vec::with_capacity(self.total);
        for (key, of_key) in &self.by_key {
            let own = of_key.iter();
            acknowledged.extend(
                own.map(|(instance, (revision, _))| (key.to_string(), instance.clone(), *revision)),
            );
        }
        acknowledged
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instances::InstanceRegistry;

    #[test]
    fn an_environment_keeps_so_many_whatever_the_number_of_keys_and_each_key_has_room() {
        let mut elsewhere = Elsewhere::default();
        let [flood, other, last] = ["flood", "other", "last"].map(Arc::<str>::from);
        for number in 0..MOST + 5 {
            elsewhere.record(&flood, &number.to_string(), 1);
            elsewhere.record(&other, &number.to_string(), 1);
        }
        assert!(elsewhere.record(&last, "a", 1));
        assert_eq!(elsewhere.acknowledged().len(), MOST);
        assert_eq!(elsewhere.total, MOST);
        let of_last = elsewhere.by_key.get(&last);
        assert_eq!(of_last.map(HashMap::len), Some(1));
        let of_other = elsewhere.by_key.get(&other);
        assert!(of_other.is_some_and(|own| own.len() >= MOST / 2 - 1));
    }

    #[test]
    fn what_was_said_already_is_not_told_again_and_much_only_when_it_is_time() {
        let registry = InstanceRegistry::new();
        let key: Arc<str> = "k".into();
        registry.mark_applied(&key, "a", 1).unwrap();
        assert!(registry.changed_reports(false).is_some());
        registry.mark_applied(&key, "a", 1).unwrap();
        assert!(registry.changed_reports(false).is_none(), "nothing is new");
        registry.mark_applied(&key, "a", 2).unwrap();
        let report = registry.changed_reports(false).unwrap();
        assert_eq!(report.acknowledged, [("k".to_owned(), "a".to_owned(), 2)]);
        for number in 0..OFTEN {
            registry.mark_applied(&key, &number.to_string(), 2).unwrap();
        }
        assert!(registry.changed_reports(false).is_none(), "much");
        assert_eq!(
            registry.changed_reports(true).unwrap().acknowledged.len(),
            OFTEN + 1
        );
    }
}
