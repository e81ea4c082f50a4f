//! What is wrong before anything is followed: lists that their flag cannot serve, references to nothing, slices that overlap

use std::sync::Arc;

use super::{Linker, Node, Problems};
use crate::compile::{self, Compiled};
use crate::error::{Issue, Problem};
use crate::hashed::{self, salt_and_kind};
use crate::list::{Ids, Overrides};
use crate::map::Map;
use crate::model::{Flag, FlagType, Reference, Slots};
use crate::path::escape;

/// The slots that experiments have of each group, with whose they are
type Claims<'e> = Map<&'e str, Vec<(&'e str, Slots)>>;

impl Linker<'_> {
    /// What is wrong with each object by itself, its lists, group and holdout included
    pub(super) fn find_own_issues(&mut self) {
        let environment = self.environment;
        for position in 0..self.segments.compiled.len() {
            let Some((key, segment)) = self.segments.compiled.get(position).copied() else {
                continue;
            };
            let mut problems = Problems::new();
            check_ids("exclude", environment.excludes.get(key), &mut problems);
            check_ids("include", environment.includes.get(key), &mut problems);
            self.refuse(Node::Segment(position), segment.as_ref().err(), problems);
        }
        for position in 0..self.flags.compiled.len() {
            let Some((key, flag)) = self.flags.compiled.get(position).copied() else {
                continue;
            };
            let mut problems = Problems::new();
            if let Ok(flag) = flag {
                let references = &flag.references;
                check_overrides(environment.overrides.get(key), flag, &mut problems);
                resolve("group", &references.groups, &mut problems, |key| {
                    compiled(&environment.groups, key)
                });
                resolve("holdout", &references.holdouts, &mut problems, |key| {
                    compiled(&environment.holdouts, key)
                });
            }
            self.refuse(Node::Flag(position), flag.as_ref().err(), problems);
        }
    }

    /// Of two experiments that share units of a group, the later one by key is at fault, and within a flag the later serve
    pub(super) fn find_overlapping_slices(&mut self) {
        let mut taken = Claims::new();
        for position in 0..self.flags.compiled.len() {
            let node = Node::Flag(position);
            let Some((_, flag)) = self.flags.intact(position).filter(|_| self.is_intact(node))
            else {
                continue;
            };
            if flag.references.groups.is_empty() {
                continue;
            }
            let (claims, problems) = claims(flag, &taken);
            // A flag that is refused claims nothing.
            if problems.is_empty() {
                for (group, claims) in claims {
                    taken.update(group, |taken| taken.extend(claims));
                }
            }
            self.refuse(node, None, problems);
        }
    }
}

/// What a flag's serves claim, and where that overlaps with what is taken or with one another
fn claims<'e>(flag: &'e Flag, taken: &Claims<'e>) -> (Claims<'e>, Problems) {
    let (mut claims, mut problems) = (Claims::new(), Problems::new());
    for (pointer, serve) in flag.serves() {
        let Some(experiment) = &serve.experiment else {
            continue;
        };
        let Some(slice) = &experiment.slice else {
            continue;
        };
        let Some(group) = flag
            .references
            .groups
            .get(slice.group)
            .map(|group| &*group.key)
        else {
            continue;
        };
        let rivals = taken
            .get(group)
            .into_iter()
            .chain(claims.get(group))
            .flatten();
        let overlaps = |slots: Slots| slice.ranges.iter().any(|range| range.overlaps(slots));
        let mut rivals =
            rivals.filter(|(other, slots)| *other != &*experiment.key && overlaps(*slots));
        if let Some((rival, _)) = rivals.next() {
            problems.push((
                format!("{pointer}/experiment/slice"),
                Problem::SliceOverlap {
                    experiment: (*rival).into(),
                },
            ));
        }
        claims.update(group, |claims: &mut Vec<_>| {
            claims.extend(slice.ranges.iter().map(|range| (&*experiment.key, *range)));
        });
    }
    (claims, problems)
}

fn check_overrides(
    lists: Option<&Map<Arc<str>, Arc<Overrides>>>,
    flag: &Flag,
    problems: &mut Problems,
) {
    let twice = lists.into_iter().flat_map(hashed::duplicates);
    problems.extend(twice.map(|name| {
        let (_, level) = salt_and_kind(name);
        let problem = Problem::DuplicateLevel(level.into());
        (format!("/overrides/{}", escape(name)), problem)
    }));
    for (name, list) in lists.into_iter().flatten() {
        let (_, level) = salt_and_kind(name);
        let pointer = format!("/overrides/{}", escape(name));
        if !flag.levels.iter().any(|known| *known.name == *level) {
            problems.push((pointer.clone(), Problem::UnknownLevel(level.into())));
        }
        let is_object = flag.value_type == FlagType::Object;
        for (entry, problem) in list.check(flag.on.is_some(), is_object, |name| {
            flag.variant(name).is_some()
        }) {
            problems.push((format!("{pointer}/{}", escape(entry)), problem));
        }
    }
}

fn check_ids(side: &str, lists: Option<&Map<Arc<str>, Arc<Ids>>>, problems: &mut Problems) {
    let twice = lists.into_iter().flat_map(hashed::duplicates);
    problems.extend(twice.map(|name| {
        let (_, kind) = salt_and_kind(name);
        let problem = Problem::DuplicateLevel(kind.into());
        (format!("/{side}/{}", escape(name)), problem)
    }));
    for (name, ids) in lists.into_iter().flatten() {
        let (_, kind) = salt_and_kind(name);
        if let Err(problem) = compile::check_kind(kind) {
            problems.push((format!("/{side}/{}", escape(name)), problem));
        }
        for id in ids.invalid() {
            problems.push((
                format!("/{side}/{}/{}", escape(name), escape(id)),
                Problem::ContextKey,
            ));
        }
    }
}

/// The object of this key, and whether there is one at all
pub(super) fn compiled<T>(
    objects: &Map<Arc<str>, Compiled<T>>,
    key: &str,
) -> (Option<Arc<T>>, bool) {
    let found = objects.get(key);
    (
        found.and_then(|object| object.as_ref().ok()).cloned(),
        found.is_some(),
    )
}

/// What the references point to; each that points to nothing, or to something broken, is a problem
pub(super) fn resolve<T>(
    what: &'static str,
    references: &[Reference],
    problems: &mut Problems,
    find: impl Fn(&str) -> (Option<T>, bool),
) -> Vec<T> {
    let mut found = Vec::with_capacity(references.len());
    for reference in references {
        match find(&reference.key) {
            (Some(target), _) => found.push(target),
            (None, exists) => problems.push(unresolved(what, reference, exists)),
        }
    }
    found
}

pub(super) fn unresolved(
    what: &'static str,
    reference: &Reference,
    exists: bool,
) -> (String, Problem) {
    let key = Arc::clone(&reference.key);
    let problem = if exists {
        Problem::BrokenReference { what, key }
    } else {
        Problem::UnknownReference { what, key }
    };
    (reference.pointer.to_string(), problem)
}

pub(super) fn own_issues<T>(objects: &Map<Arc<str>, Compiled<T>>) -> impl Iterator<Item = Issue> {
    objects
        .values()
        .filter_map(|object| object.as_ref().err())
        .flat_map(|issues| issues.iter().cloned())
}
