//! What instances that follow other nodes have told this one, until those nodes have heard of it

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::told::Acknowledged;

/// Instances of one environment of which something is kept
const MOST: usize = 10_000;
/// Of more than so many the other nodes are told only when it is time: who makes instances up could else make a node write a megabyte
/// a second
const OFTEN: usize = 1_000;
/// The node that an instance follows hears of it within seconds
const HEARD_SOON: Duration = Duration::from_secs(30);

/// The acknowledgements of an environment that are to be passed on
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    by_key: HashMap<Arc<str>, HashMap<String, (u64, Instant)>>,
    total: usize,
}

impl Elsewhere {
    /// Notes an acknowledgement; whether it is new
    pub(super) fn note(&mut self, key: &Arc<str>, instance: &str, revision: u64) -> bool {
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

    /// Makes room for a key that has so many: the key that has most gives one up, or a key with instances made up would leave none to
    /// the others
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

    /// Forgets what has been told for long enough
    pub(super) fn forget(&mut self) {
        self.by_key.retain(|_, of_key| {
            of_key.retain(|_, (_, at)| at.elapsed() < HEARD_SOON);
            !of_key.is_empty()
        });
        self.total = self.by_key.values().map(HashMap::len).sum();
    }

    /// Whether it is so little that it may be told whenever something has changed
    pub(super) fn is_little(&self) -> bool {
        self.total <= OFTEN
    }

    /// Everything
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
    use crate::instances::Roster;

    #[test]
    fn an_environment_keeps_so_many_whatever_the_number_of_keys_and_each_key_has_room() {
        let mut elsewhere = Elsewhere::default();
        let [flood, other, last] = ["flood", "other", "last"].map(Arc::<str>::from);
        for number in 0..MOST + 5 {
            elsewhere.note(&flood, &number.to_string(), 1);
            elsewhere.note(&other, &number.to_string(), 1);
        }
        assert!(elsewhere.note(&last, "a", 1));
        assert_eq!(elsewhere.acknowledged().len(), MOST);
        assert_eq!(elsewhere.total, MOST);
        let of_last = elsewhere.by_key.get(&last);
        assert_eq!(of_last.map(HashMap::len), Some(1));
        let of_other = elsewhere.by_key.get(&other);
        assert!(of_other.is_some_and(|own| own.len() >= MOST / 2 - 1));
    }

    #[test]
    fn what_was_said_already_is_not_told_again_and_much_only_when_it_is_time() {
        let roster = Roster::new();
        let key: Arc<str> = "k".into();
        roster.applied(&key, "a", 1).unwrap();
        assert!(roster.news(false).is_some());
        roster.applied(&key, "a", 1).unwrap();
        assert!(roster.news(false).is_none(), "nothing is new");
        roster.applied(&key, "a", 2).unwrap();
        let told = roster.news(false).unwrap();
        assert_eq!(told.acknowledged, [("k".to_owned(), "a".to_owned(), 2)]);
        for number in 0..OFTEN {
            roster.applied(&key, &number.to_string(), 2).unwrap();
        }
        assert!(roster.news(false).is_none(), "much");
        assert_eq!(roster.news(true).unwrap().acknowledged.len(), OFTEN + 1);
    }
}
