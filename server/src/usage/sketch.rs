//! Which of unboundedly many names come most often, in bounded memory: the space-saving sketch (Metwally, Agrawal, El Abbadi, 2005)
//!
//! A name that comes when all places are taken takes the place of the one counted least, and its count, which is its error. So
//! a name that comes more often than the rest divided by the places is there for certain, whatever else comes.

use std::collections::HashMap;
use std::sync::Arc;

use flagstaff_core::Timestamp;

/// Names counted at a time
pub(super) const PLACES: usize = 100;

/// What is known of one name
#[derive(Debug, Clone)]
pub(super) struct Counted {
    count: u64,
    // Of `count`, so much may be others'.
    error: u64,
    pub(super) first_seen_at: Timestamp,
    pub(super) last_seen_at: Timestamp,
    pub(super) sdk: Arc<str>,
}

impl Counted {
    /// How often it came, at least
    pub(super) fn at_least(&self) -> u64 {
        self.count.saturating_sub(self.error)
    }
}

/// The names that come most often
#[derive(Debug, Default)]
pub(super) struct Sketch(HashMap<Arc<str>, Counted>);

impl Sketch {
    /// Counts a name
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

    /// Everything that was counted; the sketch is empty after it
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
        let (mut sketch, sdk) = (Sketch::default(), Arc::from("test/1"));
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
