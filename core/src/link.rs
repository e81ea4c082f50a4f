//! How do compiled objects find each other, and what happens to references that cannot be resolved?
//!
//! Each object is linked after those that it refers to. One that is part of a cycle, or that needs a broken object, is broken itself;
//! the others are not.

mod check;
mod graph;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::graph::Edges;
use crate::context::path::AttributePath;
use crate::document::compile::{self, Compiled};
use crate::document::environment::{CompiledObjects, ListsByName, lists_of};
use crate::document::object::ObjectKind;
use crate::error::{Issue, IssueKind};
use crate::lists::Ids;
use crate::lists::hashed::{Keyed, salt_and_kind};
use crate::model::linked::{LinkedFlag, LinkedReference, LinkedSegment, Links, SegmentIdLists};
use crate::model::reach::Reach;
use crate::model::{Effort, Flag, FlagReference, Reference, References, Segment};

/// The linked flags by key, and what is wrong
pub(crate) struct LinkOutput {
    pub(crate) flags: Vec<(Arc<str>, Option<Arc<LinkedFlag>>)>,
    pub(crate) issues: Vec<Issue>,
}

/// Links all objects
pub(crate) fn link(environment: &CompiledObjects) -> LinkOutput {
    let mut linker = Linker {
        environment,
        flags: LinkTable::new(&environment.flags),
        segments: LinkTable::new(&environment.segments),
    };
    linker.find_own_issues();
    linker.find_overlapping_slices();
    linker.link_in_order();
    let of_segments = linker.segments.issues.into_iter();
    let mut issues: Vec<Issue> = of_segments.chain(linker.flags.issues).flatten().collect();
    let of_groups = environment.groups.values().flat_map(check::own_issues);
    issues.extend(of_groups.cloned());
    let of_holdouts = environment.holdouts.values().flat_map(check::own_issues);
    issues.extend(of_holdouts.cloned());
    let flags = linker.flags.compiled.iter().zip(linker.flags.linked);
    LinkOutput {
        flags: flags
            .map(|((key, _), linked)| (Arc::clone(key), linked))
            .collect(),
        issues,
    }
}

struct Linker<'e> {
    environment: &'e CompiledObjects,
    flags: LinkTable<'e, Flag, LinkedFlag>,
    segments: LinkTable<'e, Segment, LinkedSegment>,
}

/// The objects of one kind by key, and those of them that have been linked so far
struct LinkTable<'e, C, L> {
    compiled: Vec<(&'e Arc<str>, &'e Compiled<C>)>,
    // Parallel to `compiled`.
    linked: Vec<Option<Arc<L>>>,
    // Parallel to `compiled`; an object that has issues is broken, and no later phase links it.
    issues: Vec<Vec<Issue>>,
}

impl<'e, C, L> LinkTable<'e, C, L> {
    fn new(objects: &'e BTreeMap<Arc<str>, Compiled<C>>) -> Self {
        let compiled: Vec<_> = objects.iter().collect();
        Self {
            linked: compiled.iter().map(|_| None).collect(),
            issues: compiled.iter().map(|_| Vec::new()).collect(),
            compiled,
        }
    }

    fn position(&self, key: &str) -> Option<usize> {
        self.compiled
            .binary_search_by(|(other, _)| (***other).cmp(key))
            .ok()
    }

    fn key(&self, position: usize) -> Option<&'e Arc<str>> {
        self.compiled.get(position).map(|(key, _)| *key)
    }

    /// The key and the object, if it compiled
    fn intact(&self, position: usize) -> Option<(&'e Arc<str>, &'e Arc<C>)> {
        let (key, object) = self.compiled.get(position)?;
        Some((key, object.as_ref().ok()?))
    }

    /// The linked object of this key, and whether there is an object of this key at all
    fn find(&self, key: &str) -> (Option<Arc<L>>, bool) {
        let position = self.position(key);
        let linked = position.and_then(|position| self.linked.get(position)?.clone());
        (linked, position.is_some())
    }

    fn is_intact(&self, position: usize) -> bool {
        self.issues.get(position).is_some_and(Vec::is_empty)
    }

    /// Marks an object as broken, with the issues of its compilation and these problems
    fn refuse(&mut self, kind: ObjectKind, position: usize, own: &[Issue], problems: Problems) {
        let (Some(key), Some(issues)) = (self.key(position), self.issues.get_mut(position)) else {
            return;
        };
        issues.extend_from_slice(own);
        let found = problems.into_iter();
        issues.extend(found.map(|(pointer, problem)| compile::issue(kind, key, &pointer, problem)));
    }

    fn put(&mut self, position: usize, object: L) {
        if let Some(linked) = self.linked.get_mut(position) {
            *linked = Some(Arc::new(object));
        }
    }
}

/// A flag or a segment, by its index among the objects of its kind; issues are listed in this order
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Segment(usize),
    Flag(usize),
}

/// What is wrong, each with its pointer in the object
type Problems = Vec<(String, IssueKind)>;

impl Linker<'_> {
    fn is_intact(&self, node: Node) -> bool {
        match node {
            Node::Segment(position) => self.segments.is_intact(position),
            Node::Flag(position) => self.flags.is_intact(position),
        }
    }

    fn refuse(&mut self, node: Node, own: &[Issue], problems: Problems) {
        match node {
            Node::Segment(position) => {
                (self.segments).refuse(ObjectKind::Segment, position, own, problems);
            }
            Node::Flag(position) => self.flags.refuse(ObjectKind::Flag, position, own, problems),
        }
    }

    /// Links the objects that are not broken, each after those that it refers to
    fn link_in_order(&mut self) {
        let segments = (0..self.segments.compiled.len()).map(Node::Segment);
        let flags = (0..self.flags.compiled.len()).map(Node::Flag);
        // Only objects with references need an order; usually they are few.
        let mut referring = Vec::new();
        for node in segments.chain(flags) {
            match self.references(node) {
                Some(references) if self.is_intact(node) => {
                    if references.flags.is_empty() && references.segments.is_empty() {
                        self.link(node);
                    } else {
                        referring.push(node);
                    }
                }
                _ => {}
            }
        }
        let order = graph::order(&self.edges(&referring));
        for position in &order.nodes {
            let Some(node) = referring.get(*position) else {
                continue;
            };
            if order.is_cyclic.get(*position).copied().unwrap_or_default() {
                self.refuse(*node, &[], vec![(String::new(), IssueKind::Cycle)]);
            } else {
                self.link(*node);
            }
        }
    }

    fn link(&mut self, node: Node) {
        let problems = match node {
            Node::Flag(position) => self.flag(position),
            Node::Segment(position) => self.segment(position),
        };
        self.refuse(node, &[], problems);
    }

    /// The references of an object; `None` if it did not compile
    fn references(&self, node: Node) -> Option<&References> {
        match node {
            Node::Flag(position) => Some(&self.flags.intact(position)?.1.references),
            Node::Segment(position) => Some(&self.segments.intact(position)?.1.references),
        }
    }

    fn edges(&self, nodes: &[Node]) -> Edges {
        let position = |node: Node| nodes.binary_search(&node).ok();
        let flag = |reference: &FlagReference| {
            position(Node::Flag(self.flags.position(&reference.target.key)?))
        };
        let segment = |reference: &Reference| {
            position(Node::Segment(self.segments.position(&reference.key)?))
        };
        let targets = |node: &Node| match self.references(*node) {
            Some(references) => {
                let flags = references.flags.iter().filter_map(flag);
                let segments = references.segments.iter().filter_map(segment);
                flags.chain(segments).collect()
            }
            None => Vec::new(),
        };
        nodes.iter().map(targets).collect()
    }

    fn flag(&mut self, position: usize) -> Problems {
        let Some((key, flag)) = self.flags.intact(position) else {
            return Problems::new();
        };
        let mut problems = Problems::new();
        let (links, reach) = self.links(&flag.references, flag.effort, &mut problems);
        if !problems.is_empty() {
            return problems;
        }
        let lists = lists_of(&self.environment.overrides, key);
        let list = |level: &str| {
            let mut lists = lists.iter();
            let (name, list) = lists.find(|(name, _)| salt_and_kind(name).1 == level)?;
            (!list.is_empty()).then(|| Keyed::new(name, list))
        };
        let overrides = flag.levels.iter().map(|level| list(&level.name)).collect();
        let linked = LinkedFlag::new(key, flag, overrides, links, reach);
        self.flags.put(position, linked);
        problems
    }

    fn segment(&mut self, position: usize) -> Problems {
        let Some((key, segment)) = self.segments.intact(position) else {
            return Problems::new();
        };
        let mut problems = Problems::new();
        let (links, reach) = self.links(&segment.references, segment.effort, &mut problems);
        if !problems.is_empty() {
            return problems;
        }
        let exclude = members(lists_of(&self.environment.excludes, key));
        let include = members(lists_of(&self.environment.includes, key));
        let linked = LinkedSegment::new(key, segment, [exclude, include], links, reach);
        self.segments.put(position, linked);
        problems
    }

    /// The targets of the references of an object, and how far an evaluation of the object may go
    fn links(
        &self,
        references: &References,
        effort: Effort,
        problems: &mut Problems,
    ) -> (Links, Reach) {
        let environment = self.environment;
        let flags = references
            .flags
            .iter()
            .map(|reference| self.flag_link(reference, problems))
            .collect();
        let segments = check::resolve("segment", &references.segments, problems, |key| {
            self.segments.find(key)
        });
        let groups = check::resolve("group", &references.groups, problems, |key| {
            check::compiled(&environment.groups, key)
        });
        let holdouts = check::resolve("holdout", &references.holdouts, problems, |key| {
            check::compiled(&environment.holdouts, key)
        });
        let links = Links {
            flags,
            segments,
            groups,
            holdouts,
        };
        let reach = links.reach(references, effort);
        if problems.is_empty() {
            problems.extend(reach.problem().map(|problem| (String::new(), problem)));
        }
        (links, reach)
    }

    fn flag_link(
        &self,
        reference: &FlagReference,
        problems: &mut Problems,
    ) -> Option<LinkedReference> {
        let target = &reference.target;
        let (linked, exists) = self.flags.find(&target.key);
        let Some(linked) = linked else {
            if reference.is_condition() {
                problems.push(check::unresolved("flag", target, exists));
            }
            return None;
        };
        let unknown = reference
            .variants
            .iter()
            .find(|name| linked.flag.variant(name).is_none());
        if let Some(name) = unknown.filter(|_| reference.is_condition()) {
            problems.push((
                target.pointer.to_string(),
                IssueKind::UnknownVariant(Arc::clone(name)),
            ));
        }
        Some(LinkedReference {
            target: linked,
            variants: reference.variants.clone(),
        })
    }
}

fn members(lists: &ListsByName<Ids>) -> SegmentIdLists {
    let keyed = |(name, ids): &(Arc<str>, Arc<Ids>)| {
        let (_, kind) = salt_and_kind(name);
        (AttributePath::of_kind(kind), Keyed::new(name, ids))
    };
    lists.iter().map(keyed).collect()
}
