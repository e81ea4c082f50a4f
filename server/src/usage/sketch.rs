//! The most frequent of an unlimited number of names, in bounded memory: the space-saving sketch (Metwally, Agrawal, El Abbadi, 2005)
//!
//! When all entries are in use, a new name replaces the name with the lowest count and inherits that count as its error. So a name that is
//! more frequent than the total divided by the number of entries is always in the sketch.

use std::collections::HashMap;
use std::sync::Arc;

use flagstaff_core::Timestamp;

/// The number of names that are counted at a time
pub(super) const PLACES: usize = 100;

/// The count of one name
#[derive(Debug, Clone)]
pub(super) struct Counted {
    count: u64,
    // How much of `count` may belong to other names.
    error: u64,
    pub(super) first_seen_at: Timestamp,
    pub(super) last_seen_at: Timestamp,
    pub(super) sdk: Arc<str>,
}

impl Counted {
    /// A lower bound of the number of occurrences
    pub(super) fn at_least(&self) -> u64 {
        self.count.saturating_sub(self.error)
    }
}

/// The most frequent names
#[derive(Debug, Default)]
pub(super) struct SpaceSavingSketch(HashMap<Arc<str>, Counted>);

impl SpaceSavingSketch {
    /// Counts occurrences of a name
    pub(super) fn count(&mut self, name: &str, times: u64, sdk: &Arc<str>, at: Timestamp) {
        if let Some(counted) = self.0.get_mut(name) {
            counted.count = counted.count.saturating_add(times);
            counted.last_seen_at = counted.last_seen_at.max(at);
            counted.sdk = Arc::clone(sdk);
            return;
        }
        let error = if self.0.len() < PLACES {
            0
        } else {
            self.remove_least()
        };
        let counted = Counted {
            count: error.saturating_add(times),
            error,
            first_seen_at: at,
            last_seen_at: at,
            sdk: Arc::clone(sdk),
        };
        self.0.insert(name.into(), counted);
    }

    /// Takes all counts and leaves the sketch empty
    pub(super) fn take(&mut self) -> HashMap<Arc<str>, Counted> {
        std::mem::take(&mut self.0)
    }

    fn remove_least(&mut self) -> u64 {
        let least = self.0.iter().min_by_key(|(_, counted)| counted.count);
        let name = least.map(|(name, _)| Arc::clone(name));
        let removed = name.and_then(|name| self.0.remove(&name));
        removed.map_or(0, |counted| counted.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_millis(0);

    #[test]
    fn what_comes_often_outlasts_a_flood_and_nothing_is_counted_too_high() {
        let (mut sketch, sdk) = (SpaceSavingSketch::default(), Arc::from("test/1"));
        for flood in 0..10_000 {
            sketch.count(&format!("random-{flood}"), 1, &sdk, AT);
            if flood % 50 == 0 {
                sketch.count("typo", 1, &sdk, AT);
            }
        }
        let counted = sketch.take();
        assert_eq!(counted.len(), PLACES);
        assert!((100..=200).contains(&counted["typo"].at_least()));
        let others = counted.iter().filter(|(name, _)| &***name != "typo");
        assert!(others.into_iter().all(|(_, other)| other.at_least() == 1));
        assert!(sketch.take().is_empty());
    }
}
