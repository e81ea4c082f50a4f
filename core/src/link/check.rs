//! Checks before references are followed: lists that their flag cannot serve, references to nothing, slices that overlap

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Linker, Node, Problems};
use crate::document::compile::{self, Compiled};
use crate::document::environment::{ListsByName, lists_of};
use crate::error::{Issue, IssueKind};
use crate::lists::hashed::{self, salt_and_kind};
use crate::lists::{Ids, Overrides};
use crate::model::{Flag, FlagType, Reference, SlotRange};
use crate::value::pointer::escape_part;

/// The slots that an experiment has of a group
struct Claim<'e> {
    experiment: &'e str,
    slots: SlotRange,
}

impl Linker<'_> {
    /// What is wrong with each object by itself, its lists, group and holdout included
    pub(super) fn find_own_issues(&mut self) {
        let environment = self.environment;
        for position in 0..self.segments.compiled.len() {
            let Some((key, segment)) = self.segments.compiled.get(position).copied() else {
                continue;
            };
            let mut problems = Problems::new();
            for (side, lists) in [
                ("exclude", &environment.excludes),
                ("include", &environment.includes),
            ] {
                check_ids(side, lists_of(lists, key), &mut problems);
            }
            self.refuse(Node::Segment(position), own_issues(segment), problems);
        }
        for position in 0..self.flags.compiled.len() {
            let Some((key, flag)) = self.flags.compiled.get(position).copied() else {
                continue;
            };
            let mut problems = Problems::new();
            if let Ok(flag) = flag {
                let references = &flag.references;
                check_overrides(lists_of(&environment.overrides, key), flag, &mut problems);
                resolve("group", &references.groups, &mut problems, |key| {
                    compiled(&environment.groups, key)
                });
                resolve("holdout", &references.holdouts, &mut problems, |key| {
                    compiled(&environment.holdouts, key)
                });
            }
            self.refuse(Node::Flag(position), own_issues(flag), problems);
        }
    }

    /// If two experiments share slots of a group, the later flag by key gets the issue, and within a flag the later serve
    pub(super) fn find_overlapping_slices(&mut self) {
        let groups: Vec<&str> = (self.environment.groups.keys().map(|key| &**key)).collect();
        // Parallel to `groups`.
        let mut taken: Vec<Vec<Claim<'_>>> = groups.iter().map(|_| Vec::new()).collect();
        for position in 0..self.flags.compiled.len() {
            let node = Node::Flag(position);
            let Some((_, flag)) = self.flags.intact(position).filter(|_| self.is_intact(node))
            else {
                continue;
            };
            if flag.references.groups.is_empty() {
                continue;
            }
            let (claims, problems) = claims(flag, &groups, &taken);
            // A flag that is refused claims nothing.
            if problems.is_empty() {
                for (group, claim) in claims {
                    if let Some(of_group) = taken.get_mut(group) {
                        of_group.push(claim);
                    }
                }
            }
            self.refuse(node, &[], problems);
        }
    }
}

/// The slots of each group that a flag's serves claim, and the overlaps with earlier claims or with each other
fn claims<'e>(
    flag: &'e Flag,
    groups: &[&str],
    taken: &[Vec<Claim<'e>>],
) -> (Vec<(usize, Claim<'e>)>, Problems) {
    let (mut claims, mut problems) = (Vec::<(usize, Claim<'_>)>::new(), Problems::new());
    for (pointer, serve) in flag.serves() {
        let Some(experiment) = &serve.experiment else {
            continue;
        };
        let Some(slice) = &experiment.slice else {
            continue;
        };
        let reference = flag.references.groups.get(slice.group);
        let Some(group) = reference.and_then(|group| groups.binary_search(&&*group.key).ok())
        else {
            continue;
        };
        let own = claims.iter().filter(|(other, _)| *other == group);
        let own = own.map(|(_, claim)| claim);
        let mut rivals = taken.get(group).into_iter().flatten().chain(own);
        let overlaps = |slots: SlotRange| slice.ranges.iter().any(|range| range.overlaps(slots));
        let rival =
            rivals.find(|claim| claim.experiment != &*experiment.key && overlaps(claim.slots));
        if let Some(rival) = rival {
            problems.push((
                format!("{pointer}/experiment/slice"),
                IssueKind::SliceOverlap {
                    experiment: rival.experiment.into(),
                },
            ));
        }
        claims.extend(slice.ranges.iter().map(|range| {
            let experiment = &*experiment.key;
            (
                group,
                Claim {
                    experiment,
                    slots: *range,
                },
            )
        }));
    }
    (claims, problems)
}

fn check_overrides(lists: &ListsByName<Overrides>, flag: &Flag, problems: &mut Problems) {
    let twice = hashed::duplicates(lists);
    problems.extend(twice.map(|name| {
        let (_, level) = salt_and_kind(name);
        let problem = IssueKind::DuplicateLevel(level.into());
        (format!("/overrides/{}", escape_part(name)), problem)
    }));
    for (name, list) in lists {
        let (_, level) = salt_and_kind(name);
        let pointer = format!("/overrides/{}", escape_part(name));
        let unknown = flag.unknown_level(level);
        problems.extend(unknown.map(|problem| (pointer.clone(), problem)));
        let is_object = flag.flag_type == FlagType::Object;
        for (entry, problem) in list.check(flag.on.is_some(), is_object, |name| {
            flag.variant(name).is_some()
        }) {
            problems.push((format!("{pointer}/{}", escape_part(entry)), problem));
        }
    }
}

fn check_ids(side: &str, lists: &ListsByName<Ids>, problems: &mut Problems) {
    let twice = hashed::duplicates(lists);
    problems.extend(twice.map(|name| {
        let (_, kind) = salt_and_kind(name);
        let problem = IssueKind::DuplicateLevel(kind.into());
        (format!("/{side}/{}", escape_part(name)), problem)
    }));
    for (name, ids) in lists {
        let (_, kind) = salt_and_kind(name);
        if let Err(problem) = compile::check_kind(kind) {
            problems.push((format!("/{side}/{}", escape_part(name)), problem));
        }
        for id in ids.invalid() {
            problems.push((
                format!("/{side}/{}/{}", escape_part(name), escape_part(id)),
                IssueKind::ContextKey,
            ));
        }
    }
}

/// The object of this key, and whether there is one at all
pub(super) fn compiled<T>(
    objects: &BTreeMap<Arc<str>, Compiled<T>>,
    key: &str,
) -> (Option<Arc<T>>, bool) {
    let found = objects.get(key);
    (
        found.and_then(|object| object.as_ref().ok()).cloned(),
        found.is_some(),
    )
}

/// The targets of the references; a reference to a missing or broken object is a problem
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
) -> (String, IssueKind) {
    let key = Arc::clone(&reference.key);
    let problem = if exists {
        IssueKind::BrokenReference { what, key }
    } else {
        IssueKind::UnknownReference { what, key }
    };
    (reference.pointer.to_string(), problem)
}

/// What the compilation of an object found
pub(super) fn own_issues<T>(object: &Compiled<T>) -> &[Issue] {
    object.as_ref().err().map_or(&[], |issues| issues)
}
