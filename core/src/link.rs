//! Joins the compiled objects of an environment: references become pointers, and what cannot be resolved is named
//!
//! Each object is linked after those that it refers to. One that refers in a circle, or to something broken where that is no
//! answer, is broken itself; its neighbours are not.

mod check;
mod paths;
mod reach;

use std::sync::Arc;

use crate::compile::{self, Compiled};
use crate::environment::Environment;
use crate::error::{Issue, Problem};
use crate::graph::{self, Edges};
use crate::hashed::{Keyed, salt_and_kind};
use crate::list::{Ids, Overrides};
use crate::map::Map;
use crate::model::{
    ByKind, Choice, Effort, Flag, FlagReference, FlagType, Group, Holdout, Reference, References,
    Segment, Variant,
};
use crate::object::ObjectKind;
use crate::path::AttributePath;
use crate::rare::Rare;
use crate::timestamp::Timestamp;

use self::reach::Reach;

/// A flag with everything that its evaluation may reach
#[derive(Debug)]
pub(crate) struct LinkedFlag {
    pub(crate) key: Arc<str>,
    pub(crate) flag: Arc<Flag>,
    // Parallel to `flag.levels`, `None` where there is no entry; empty where there is none at all.
    pub(crate) overrides: Box<[Option<Keyed<Overrides>>]>,
    pub(crate) links: Rare<Links>,
    constant: Option<Arc<Variant>>,
    pub(crate) is_constant: bool,
    // Whether time has a say in what it answers, be it by something that it refers to.
    pub(crate) is_timed: bool,
    /// Of everything that its evaluation may reach: equal ones answer alike
    pub(crate) fingerprint: u64,
    reach: Reach,
}

impl LinkedFlag {
    /// What it serves to everybody at every instant, if it is so simple
    #[inline]
    pub(crate) fn constant(&self) -> Option<&Arc<Variant>> {
        self.constant.as_ref()
    }

    /// Whether there is an instant after `since`, and not after `until`, at which time alone may change what it answers
    pub(crate) fn may_change_between(&self, since: Timestamp, until: Timestamp) -> bool {
        let last = || self.flag.last_boundary(until);
        self.is_timed
            && (last().is_some_and(|last| last > since)
                || self.links.may_change_between(since, until))
    }

    /// Whether there are overrides that may be patches
    #[inline]
    pub(crate) fn may_be_patched(&self) -> bool {
        self.flag.value_type == FlagType::Object && !self.overrides.is_empty()
    }
}

fn constant(flag: &Flag, is_constant: bool) -> Option<Arc<Variant>> {
    match &flag.serve.choice {
        _ if !flag.enabled => Some(Arc::clone(&flag.off)),
        Choice::Variant(variant) if is_constant => Some(Arc::clone(variant)),
        _ => None,
    }
}

/// A segment with everything that its evaluation may reach
#[derive(Debug)]
pub(crate) struct LinkedSegment {
    pub(crate) key: Arc<str>,
    pub(crate) segment: Arc<Segment>,
    pub(crate) exclude: Members,
    pub(crate) include: Members,
    pub(crate) links: Rare<Links>,
    is_timed: bool,
    fingerprint: u64,
    reach: Reach,
}

/// The ids of a segment, by the path of their kind's key
pub(crate) type Members = Box<[(AttributePath, Keyed<Ids>)]>;

/// What the references of an object point to; `None` for a prerequisite that does not exist or is broken
pub(crate) type Links =
    ByKind<Option<LinkedReference>, Arc<LinkedSegment>, Arc<Group>, Arc<Holdout>>;

/// Another flag, and the variants of it that are wanted
#[derive(Debug)]
pub(crate) struct LinkedReference {
    pub(crate) target: Arc<LinkedFlag>,
    pub(crate) variants: Box<[Arc<str>]>,
}

impl Links {
    fn fingerprint(&self) -> u64 {
        let flags = self
            .flags
            .iter()
            .map(|flag| flag.as_ref().map_or(0, |flag| flag.target.fingerprint));
        let segments = self.segments.iter().map(|segment| segment.fingerprint);
        let groups = self.groups.iter().map(|group| group.fingerprint);
        let holdouts = self.holdouts.iter().map(|holdout| holdout.fingerprint);
        mix(flags.chain(segments).chain(groups).chain(holdouts))
    }

    fn are_timed(&self) -> bool {
        let mut flags = self.flags.iter().flatten();
        flags.any(|flag| flag.target.is_timed)
            || self.segments.iter().any(|segment| segment.is_timed)
    }

    fn may_change_between(&self, since: Timestamp, until: Timestamp) -> bool {
        let mut flags = self.flags.iter().flatten();
        flags.any(|flag| flag.target.may_change_between(since, until))
            || (self.segments.iter())
                .filter(|segment| segment.is_timed)
                .any(|segment| segment.links.may_change_between(since, until))
    }
}

fn mix(parts: impl Iterator<Item = u64>) -> u64 {
    // An odd multiplier keeps every bit, and the rotation makes the order count.
    parts.fold(0, |mixed: u64, part| {
        mixed
            .rotate_left(23)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(part)
    })
}

/// The linked flags by key, and what is wrong
pub(crate) struct Linked {
    pub(crate) flags: Vec<(Arc<str>, Option<Arc<LinkedFlag>>)>,
    pub(crate) issues: Vec<Issue>,
}

/// Links everything there is
pub(crate) fn link(environment: &Environment) -> Linked {
    let mut linker = Linker {
        environment,
        flags: Objects::new(&environment.flags),
        segments: Objects::new(&environment.segments),
        issues: Map::new(),
    };
    linker.find_own_issues();
    linker.find_overlapping_slices();
    linker.link_in_order();
    let of_nodes = linker.issues.into_iter();
    let mut issues: Vec<Issue> = of_nodes.flat_map(|(_, issues)| issues).collect();
    issues.extend(check::own_issues(&environment.groups));
    issues.extend(check::own_issues(&environment.holdouts));
    let flags = linker.flags.compiled.iter().zip(linker.flags.linked);
    Linked {
        flags: flags
            .map(|((key, _), linked)| (Arc::clone(key), linked))
            .collect(),
        issues,
    }
}

struct Linker<'e> {
    environment: &'e Environment,
    flags: Objects<'e, Flag, LinkedFlag>,
    segments: Objects<'e, Segment, LinkedSegment>,
    // What is here is broken, and nothing that comes later looks into it.
    issues: Map<Node, Vec<Issue>>,
}

/// The objects of one kind by key, and what has been linked of them so far
struct Objects<'e, C, L> {
    compiled: Vec<(&'e Arc<str>, &'e Compiled<C>)>,
    // Parallel to `compiled`.
    linked: Vec<Option<Arc<L>>>,
}

impl<'e, C, L> Objects<'e, C, L> {
    fn new(objects: &'e Map<Arc<str>, Compiled<C>>) -> Self {
        let compiled: Vec<_> = objects.iter().collect();
        let linked = compiled.iter().map(|_| None).collect();
        Self { compiled, linked }
    }

    fn position(&self, key: &str) -> Option<usize> {
        self.compiled
            .binary_search_by(|(other, _)| (***other).cmp(key))
            .ok()
    }

    fn key(&self, position: usize) -> Option<&'e Arc<str>> {
        self.compiled.get(position).map(|(key, _)| *key)
    }

    /// The key and the object, where it compiled
    fn intact(&self, position: usize) -> Option<(&'e Arc<str>, &'e Arc<C>)> {
        let (key, object) = self.compiled.get(position)?;
        Some((key, object.as_ref().ok()?))
    }

    /// What has been linked under this key, and whether there is an object of it at all
    fn find(&self, key: &str) -> (Option<Arc<L>>, bool) {
        let position = self.position(key);
        let linked = position.and_then(|position| self.linked.get(position)?.clone());
        (linked, position.is_some())
    }

    fn put(&mut self, position: usize, object: L) {
        if let Some(linked) = self.linked.get_mut(position) {
            *linked = Some(Arc::new(object));
        }
    }
}

/// A flag or a segment by position among its kind; in the order in which their issues are told
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Segment(usize),
    Flag(usize),
}

/// What is wrong, with where in its object
type Problems = Vec<(String, Problem)>;

impl Linker<'_> {
    fn is_intact(&self, node: Node) -> bool {
        !self.issues.contains_key(&node)
    }

    fn refuse(&mut self, node: Node, own: Option<&Arc<[Issue]>>, problems: Problems) {
        if own.is_none() && problems.is_empty() {
            return;
        }
        let (kind, key) = match node {
            Node::Segment(position) => (ObjectKind::Segment, self.segments.key(position)),
            Node::Flag(position) => (ObjectKind::Flag, self.flags.key(position)),
        };
        let mut issues = own.map(|issues| issues.to_vec()).unwrap_or_default();
        for (pointer, problem) in problems {
            issues.extend(key.map(|key| compile::issue(kind, key, &pointer, problem)));
        }
        self.issues.insert(node, issues);
    }

    /// Links what is intact, each after all that it refers to
    fn link_in_order(&mut self) {
        let segments = (0..self.segments.compiled.len()).map(Node::Segment);
        let flags = (0..self.flags.compiled.len()).map(Node::Flag);
        // Those that refer to others; few, as a rule, and no others need an order.
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
                self.refuse(*node, None, vec![(String::new(), Problem::Cycle)]);
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
        self.refuse(node, None, problems);
    }

    /// What a node refers to; `None` where it did not compile
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
        let lists = self.environment.overrides.get(key);
        let list = |level: &str| {
            let mut lists = lists.into_iter().flatten();
            let (name, list) = lists.find(|(name, _)| salt_and_kind(name).1 == level)?;
            (!list.is_empty()).then(|| Keyed::new(name, list))
        };
        let mut overrides: Box<[_]> = flag.levels.iter().map(|level| list(&level.name)).collect();
        let fingerprints = overrides.iter().map(|list| {
            list.as_ref()
                .map_or(0, |keyed| keyed.fingerprint(keyed.list.fingerprint()))
        });
        let fingerprint = mix([flag.fingerprint, links.fingerprint()]
            .into_iter()
            .chain(fingerprints));
        if overrides.iter().all(Option::is_none) {
            overrides = Box::default();
        }
        let is_constant = flag.is_constant() && overrides.is_empty();
        let is_timed = flag.has_boundaries() || links.are_timed();
        let linked = LinkedFlag {
            key: Arc::clone(key),
            flag: Arc::clone(flag),
            overrides,
            links: links.into(),
            constant: constant(flag, is_constant),
            is_constant,
            is_timed,
            fingerprint,
            reach,
        };
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
        let exclude = members(self.environment.excludes.get(key));
        let include = members(self.environment.includes.get(key));
        let list = |keyed: &Keyed<Ids>| keyed.fingerprint(keyed.list.fingerprint());
        let lists = |members: &Members| mix(members.iter().map(|(_, keyed)| list(keyed)));
        let fingerprint = mix([
            segment.fingerprint,
            links.fingerprint(),
            lists(&exclude),
            lists(&include),
        ]
        .into_iter());
        let is_timed = links.are_timed();
        let linked = LinkedSegment {
            key: Arc::clone(key),
            segment: Arc::clone(segment),
            exclude,
            include,
            links: links.into(),
            is_timed,
            fingerprint,
            reach,
        };
        self.segments.put(position, linked);
        problems
    }

    /// What the references of an object point to, and how far an evaluation of the object may go
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
        let reach = Reach::new(references, &links, effort);
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
                Problem::UnknownVariant(Arc::clone(name)),
            ));
        }
        Some(LinkedReference {
            target: linked,
            variants: reference.variants.clone(),
        })
    }
}

fn members(lists: Option<&Map<Arc<str>, Arc<Ids>>>) -> Members {
    let lists = lists.into_iter().flatten();
    lists
        .map(|(name, ids)| {
            let (_, kind) = salt_and_kind(name);
            (AttributePath::of_kind(kind), Keyed::new(name, ids))
        })
        .collect()
}
