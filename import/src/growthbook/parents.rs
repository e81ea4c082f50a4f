//! Prerequisites: features in the order in which each comes after its parents

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value as Json;

use crate::source::At;

/// The possible results of a feature, for the features that depend on it
#[derive(Debug)]
pub(super) enum Outcomes {
    /// Each variant with the vendor's value; no variant is `null`
    Values(Vec<(Option<String>, Json)>),
    /// A cycle, whatever the context
    Cyclic,
    /// It is not taken over
    Refused,
}

/// All features, and the possible results of the converted ones
pub(super) struct Parents<'f> {
    ready: VecDeque<(&'f str, At<'f>)>,
    waiting: BTreeMap<&'f str, (At<'f>, BTreeSet<&'f str>)>,
    children: BTreeMap<&'f str, Vec<&'f str>>,
    cyclic: BTreeSet<&'f str>,
    known: BTreeMap<&'f str, Outcomes>,
}

/// The parents of a rule
fn parents_of(rule: &Json) -> impl Iterator<Item = &str> {
    let conditions = rule.get("parentConditions").and_then(Json::as_array);
    let conditions = conditions.into_iter().flatten();
    conditions.filter_map(|condition| condition.get("id")?.as_str())
}

fn rules_of<'f>(feature: &At<'f>) -> impl Iterator<Item = &'f Json> + use<'f> {
    let rules = feature.value.get("rules").and_then(Json::as_array);
    rules.into_iter().flatten()
}

impl<'f> Parents<'f> {
    pub(super) fn new(features: &[(&'f str, At<'f>)]) -> Self {
        let by_name: BTreeMap<&'f str, &At<'f>> =
            features.iter().map(|(name, at)| (*name, at)).collect();
        let first: BTreeMap<&'f str, &'f str> = features
            .iter()
            .filter_map(|(name, feature)| {
                Some((*name, parents_of(rules_of(feature).next()?).next()?))
            })
            .collect();
        let mut parents = Self {
            ready: VecDeque::new(),
            waiting: BTreeMap::new(),
            children: BTreeMap::new(),
            cyclic: always_cyclic(&first),
            known: BTreeMap::new(),
        };
        for (name, feature) in features {
            let all = rules_of(feature).flat_map(parents_of);
            let mut unknown: BTreeSet<_> = all.filter(|id| by_name.contains_key(id)).collect();
            if parents.cyclic.contains(name) {
                unknown.clear();
            }
            for parent in &unknown {
                parents.children.entry(*parent).or_default().push(name);
            }
            if unknown.is_empty() {
                parents.ready.push_back((name, feature.clone()));
            } else {
                parents.waiting.insert(name, (feature.clone(), unknown));
            }
        }
        parents
    }

    /// A feature whose parents are known
    pub(super) fn next(&mut self) -> Option<(&'f str, At<'f>)> {
        self.ready.pop_front()
    }

    /// Whether a feature is a cycle for every context: its first prerequisite, and that one's first, lead back to it
    pub(super) fn is_cyclic(&self, name: &str) -> bool {
        self.cyclic.contains(name)
    }

    /// Adds the possible results of a feature
    pub(super) fn add(&mut self, name: &'f str, outcomes: Outcomes) {
        self.known.insert(name, outcomes);
        for child in self.children.remove(name).unwrap_or_default() {
            let Some((_, unknown)) = self.waiting.get_mut(child) else {
                continue;
            };
            unknown.remove(name);
            if unknown.is_empty()
                && let Some((feature, _)) = self.waiting.remove(child)
            {
                self.ready.push_back((child, feature));
            }
        }
    }

    /// The possible results of a feature; a feature that does not exist is `null`
    pub(super) fn outcomes(&self, name: &str) -> Option<&Outcomes> {
        self.known.get(name)
    }

    /// Whether the feature is in the file, but could not be converted before those that depend on it
    pub(super) fn is_waiting(&self, name: &str) -> bool {
        self.waiting.contains_key(name)
    }
}

/// The features whose chain of first parents contains a feature twice
fn always_cyclic<'f>(first: &BTreeMap<&'f str, &'f str>) -> BTreeSet<&'f str> {
    let mut cyclic = BTreeSet::new();
    let mut acyclic = BTreeSet::new();
    for start in first.keys() {
        let (mut path, mut at) = (BTreeSet::new(), Some(*start));
        let is_cyclic = loop {
            let Some(name) = at else { break false };
            if acyclic.contains(name) {
                break false;
            }
            if cyclic.contains(name) || !path.insert(name) {
                break true;
            }
            at = first.get(name).copied();
        };
        if is_cyclic {
            cyclic.extend(path);
        } else {
            acyclic.extend(path);
        }
    }
    cyclic
}
