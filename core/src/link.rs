//! Joins the compiled objects of an environment: references become pointers, and what cannot be resolved is named
//!
//! Each object is linked after those that it refers to. One that refers in a circle, or to something broken where that is no
//! answer, is broken itself; its neighbours are not.

mod check;
mod paths;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::compile;
use crate::environment::Environment;
use crate::error::{Issue, Problem};
use crate::graph::{self, Edges};
use crate::limits;
use crate::list::{Ids, Overrides};
use crate::model::{
    Choice, Flag, FlagReference, FlagType, Group, Holdout, References, Segment, Variant,
};
use crate::object::ObjectKind;
use crate::path::AttributePath;

/// A flag with everything that its evaluation may reach
#[derive(Debug)]
pub(crate) struct LinkedFlag {
    pub(crate) key: Arc<str>,
    pub(crate) flag: Arc<Flag>,
    // Parallel to `flag.levels`, `None` where there is no entry; empty where there is none at all.
    pub(crate) overrides: Box<[Option<Arc<Overrides>>]>,
    pub(crate) links: Links,
    constant: Option<Arc<Variant>>,
    pub(crate) is_constant: bool,
    // Whether time has a say in what it answers, be it by something that it refers to.
    pub(crate) is_timed: bool,
    /// Of everything that its evaluation may reach: equal ones answer alike
    pub(crate) fingerprint: u64,
    visits: u32,
}

impl LinkedFlag {
    /// What it serves to everybody at every instant, if it is so simple
    #[inline]
    pub(crate) fn constant(&self) -> Option<&Arc<Variant>> {
        self.constant.as_ref()
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
    pub(crate) links: Links,
    is_timed: bool,
    fingerprint: u64,
    visits: u32,
}

/// The ids of a segment, by the path of their kind's key
pub(crate) type Members = Box<[(AttributePath, Arc<Ids>)]>;

/// What the references of an object point to, in their order
#[derive(Debug, Default)]
pub(crate) struct Links {
    // `None` for a prerequisite that does not exist or is broken.
    pub(crate) flags: Box<[Option<LinkedReference>]>,
    pub(crate) segments: Box<[Arc<LinkedSegment>]>,
    pub(crate) groups: Box<[Arc<Group>]>,
    pub(crate) holdouts: Box<[Arc<Holdout>]>,
}

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

    /// How many flags and segments an evaluation of their owner visits at most
    fn visits(&self) -> u32 {
        let flags = self.flags.iter().flatten().map(|flag| flag.target.visits);
        let segments = self.segments.iter().map(|segment| segment.visits);
        flags.chain(segments).fold(1, u32::saturating_add)
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
        flags: BTreeMap::new(),
        segments: BTreeMap::new(),
        issues: BTreeMap::new(),
    };
    linker.find_own_issues();
    linker.find_overlapping_slices();
    linker.link_in_order();
    let mut issues: Vec<Issue> = linker.issues.into_values().flatten().collect();
    issues.extend(check::own_issues(&environment.groups));
    issues.extend(check::own_issues(&environment.holdouts));
    let flags = environment
        .flags
        .keys()
        .map(|key| (Arc::clone(key), linker.flags.get(&**key).cloned()));
    Linked {
        flags: flags.collect(),
        issues,
    }
}

struct Linker<'e> {
    environment: &'e Environment,
    flags: BTreeMap<&'e str, Arc<LinkedFlag>>,
    segments: BTreeMap<&'e str, Arc<LinkedSegment>>,
    // What is here is broken, and nothing that comes later looks into it.
    issues: BTreeMap<Node<'e>, Vec<Issue>>,
}

/// A flag or a segment; in the order in which their issues are told
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Node<'e> {
    Segment(&'e Arc<str>),
    Flag(&'e Arc<str>),
}

/// What is wrong, with where in its object
type Problems = Vec<(String, Problem)>;

impl<'e> Linker<'e> {
    fn intact(&self, node: Node<'e>) -> Option<Node<'e>> {
        (!self.issues.contains_key(&node)).then_some(node)
    }

    fn refuse(&mut self, node: Node<'e>, own: Option<&Arc<[Issue]>>, problems: Problems) {
        let (kind, key) = match node {
            Node::Segment(key) => (ObjectKind::Segment, key),
            Node::Flag(key) => (ObjectKind::Flag, key),
        };
        let mut issues = own.map(|issues| issues.to_vec()).unwrap_or_default();
        issues.extend(
            problems
                .into_iter()
                .map(|(pointer, problem)| compile::issue(kind, key, &pointer, problem)),
        );
        if !issues.is_empty() {
            self.issues.insert(node, issues);
        }
    }

    /// Links what is intact, each after all that it refers to
    fn link_in_order(&mut self) {
        let flags = self.environment.flags.keys().map(Node::Flag);
        let nodes = self
            .environment
            .segments
            .keys()
            .map(Node::Segment)
            .chain(flags);
        let nodes: Vec<Node<'e>> = nodes.filter_map(|node| self.intact(node)).collect();
        let order = graph::order(&self.edges(&nodes));
        for position in &order.nodes {
            let Some(node) = nodes.get(*position) else {
                continue;
            };
            let is_cyclic = order.is_cyclic.get(*position).copied().unwrap_or_default();
            let problems = match node {
                _ if is_cyclic => vec![(String::new(), Problem::Cycle)],
                Node::Flag(key) => self.flag(key),
                Node::Segment(key) => self.segment(key),
            };
            self.refuse(*node, None, problems);
        }
    }

    fn edges(&self, nodes: &[Node<'e>]) -> Edges {
        let position = |node: Node<'_>| nodes.binary_search_by(|other| other.cmp(&node)).ok();
        let none = References::default();
        let targets = |node: &Node<'e>| {
            let references = match node {
                Node::Flag(key) => self
                    .environment
                    .flags
                    .get(*key)
                    .and_then(|flag| flag.as_ref().ok())
                    .map(|flag| &flag.references),
                Node::Segment(key) => self
                    .environment
                    .segments
                    .get(*key)
                    .and_then(|segment| segment.as_ref().ok())
                    .map(|segment| &segment.references),
            };
            let references = references.unwrap_or(&none);
            let flags = references
                .flags
                .iter()
                .filter_map(|reference| position(Node::Flag(&reference.target.key)));
            let segments = references
                .segments
                .iter()
                .filter_map(|reference| position(Node::Segment(&reference.key)));
            flags.chain(segments).collect()
        };
        nodes.iter().map(targets).collect()
    }

    fn flag(&mut self, key: &'e Arc<str>) -> Problems {
        let Some(Ok(flag)) = self.environment.flags.get(key) else {
            return Problems::new();
        };
        let mut problems = Problems::new();
        let links = self.links(&flag.references, &mut problems);
        if !problems.is_empty() {
            return problems;
        }
        let lists = self.environment.overrides.get(key);
        let list = |name: &str| {
            lists
                .and_then(|lists| lists.get(name))
                .filter(|list| !list.is_empty())
                .cloned()
        };
        let mut overrides: Box<[_]> = flag.levels.iter().map(|level| list(&level.name)).collect();
        let fingerprints = overrides
            .iter()
            .map(|list| list.as_ref().map_or(0, |list| list.fingerprint()));
        let fingerprint = mix([flag.fingerprint, links.fingerprint()]
            .into_iter()
            .chain(fingerprints));
        if overrides.iter().all(Option::is_none) {
            overrides = Box::default();
        }
        let is_constant = flag.is_constant() && overrides.is_empty();
        let visits = links.visits();
        let is_timed = flag.has_boundaries() || links.are_timed();
        let linked = LinkedFlag {
            key: Arc::clone(key),
            flag: Arc::clone(flag),
            overrides,
            links,
            constant: constant(flag, is_constant),
            is_constant,
            is_timed,
            fingerprint,
            visits,
        };
        self.flags.insert(key, Arc::new(linked));
        problems
    }

    fn segment(&mut self, key: &'e Arc<str>) -> Problems {
        let Some(Ok(segment)) = self.environment.segments.get(key) else {
            return Problems::new();
        };
        let mut problems = Problems::new();
        let links = self.links(&segment.references, &mut problems);
        if !problems.is_empty() {
            return problems;
        }
        let exclude = members(self.environment.excludes.get(key));
        let include = members(self.environment.includes.get(key));
        let lists = |members: &Members| mix(members.iter().map(|(_, ids)| ids.fingerprint()));
        let fingerprint = mix([
            segment.fingerprint,
            links.fingerprint(),
            lists(&exclude),
            lists(&include),
        ]
        .into_iter());
        let visits = links.visits();
        let is_timed = links.are_timed();
        let linked = LinkedSegment {
            key: Arc::clone(key),
            segment: Arc::clone(segment),
            exclude,
            include,
            links,
            is_timed,
            fingerprint,
            visits,
        };
        self.segments.insert(key, Arc::new(linked));
        problems
    }

    fn links(&self, references: &References, problems: &mut Problems) -> Links {
        let environment = self.environment;
        let flags = references
            .flags
            .iter()
            .map(|reference| self.flag_link(reference, problems))
            .collect();
        let segments = check::resolve("segment", &references.segments, problems, |key| {
            (
                self.segments.get(key).cloned(),
                environment.segments.contains_key(key),
            )
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
        if links.visits() > limits::VISITS {
            problems.push((String::new(), Problem::TooManyVisits));
        }
        links
    }

    fn flag_link(
        &self,
        reference: &FlagReference,
        problems: &mut Problems,
    ) -> Option<LinkedReference> {
        let target = &reference.target;
        let Some(linked) = self.flags.get(&*target.key) else {
            if reference.is_condition {
                problems.push(check::unresolved(
                    "flag",
                    target,
                    self.environment.flags.contains_key(&target.key),
                ));
            }
            return None;
        };
        let unknown = reference
            .variants
            .iter()
            .find(|name| linked.flag.variant(name).is_none());
        if let Some(name) = unknown.filter(|_| reference.is_condition) {
            problems.push((
                target.pointer.to_string(),
                Problem::UnknownVariant(Arc::clone(name)),
            ));
        }
        Some(LinkedReference {
            target: Arc::clone(linked),
            variants: reference.variants.clone(),
        })
    }
}

fn members(lists: Option<&BTreeMap<Arc<str>, Arc<Ids>>>) -> Members {
    let lists = lists.into_iter().flatten();
    lists
        .map(|(kind, ids)| (AttributePath::of_kind(kind), Arc::clone(ids)))
        .collect()
}
