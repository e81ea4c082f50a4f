//! Flags and segments as evaluation wants them: names resolved, hashes seeded, literals ordered for look-up
//!
//! `compile` is the only place that makes these; what refers to other objects does so by position in `References`, which
//! `link` resolves.

use std::sync::Arc;

use crate::bucket;
use crate::operator::Test;
use crate::path::AttributePath;
use crate::rare::{Empty, Rare};
use crate::rollout::Rollout;
use crate::timestamp::Timestamp;
use crate::value::{Object, Value};

/// The type of a flag's variants
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagType {
    /// `true` or `false`
    Boolean,
    /// A string
    String,
    /// A number
    Number,
    /// An object or an array
    Object,
}

impl FlagType {
    /// The type's name in a document
    pub const fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::String => "string",
            Self::Number => "number",
            Self::Object => "object",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Flag {
    // Of the text that it was compiled from, overrides that a document holds inline apart.
    pub(crate) fingerprint: u64,
    pub(crate) value_type: FlagType,
    pub(crate) enabled: bool,
    pub(crate) is_client_side: bool,
    pub(crate) expires_at: Option<Timestamp>,
    // Positions in `references.flags`.
    pub(crate) prerequisites: Box<[usize]>,
    pub(crate) variants: Arc<[Arc<Variant>]>,
    pub(crate) on: Option<Arc<Variant>>,
    pub(crate) off: Arc<Variant>,
    // From the most specific to the most general.
    pub(crate) levels: Arc<[Level]>,
    pub(crate) rules: Box<[Rule]>,
    pub(crate) serve: Serve,
    pub(crate) metadata: Object,
    pub(crate) environment_patch: Option<Arc<Object>>,
    // What its conditions take by themselves.
    pub(crate) effort: Effort,
    pub(crate) references: Rare<References>,
}

impl Flag {
    pub(crate) fn variant(&self, name: &str) -> Option<&Arc<Variant>> {
        self.variants.iter().find(|variant| &*variant.name == name)
    }

    /// The next instant after `now` at which time alone may change what it answers
    pub(crate) fn next_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let rollouts = self
            .rollouts()
            .filter_map(|rollout| rollout.next_boundary(now));
        self.instants()
            .filter(|instant| *instant > now)
            .chain(rollouts)
            .min()
    }

    /// Whether there is an instant at which time alone may change what it answers
    pub(crate) fn has_boundaries(&self) -> bool {
        let mut rollouts = self.rollouts();
        self.instants().next().is_some()
            || rollouts.any(|rollout| !matches!(rollout, Rollout::Fixed(_)))
    }

    /// The last instant not after `now` at which time alone may have changed what it answers
    pub(crate) fn last_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let rollouts = self
            .rollouts()
            .filter_map(|rollout| rollout.last_boundary(now));
        self.instants()
            .filter(|instant| *instant <= now)
            .chain(rollouts)
            .max()
    }

    fn rollouts(&self) -> impl Iterator<Item = &Rollout> {
        let of_rules = self.rules.iter().map(|rule| &rule.serve.rollout);
        of_rules.chain([&self.serve.rollout])
    }

    fn instants(&self) -> impl Iterator<Item = Timestamp> {
        let windows = self
            .rules
            .iter()
            .flat_map(|rule| [rule.window.from, rule.window.until]);
        windows.flatten().chain(self.expires_at)
    }

    /// Its serves in order, with where each one is
    pub(crate) fn serves(&self) -> impl Iterator<Item = (String, &Serve)> {
        let rules = self
            .rules
            .iter()
            .enumerate()
            .map(|(index, rule)| (format!("/rules/{index}/serve"), &rule.serve));
        rules.chain([("/serve".to_owned(), &self.serve)])
    }

    /// Whether the flag by itself, overrides apart, answers alike for every context at every instant
    pub(crate) fn is_constant(&self) -> bool {
        let has_conditions =
            !self.rules.is_empty() || !self.prerequisites.is_empty() || self.expires_at.is_some();
        !has_conditions && self.serve.is_constant()
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct Variant {
    pub(crate) name: Arc<str>,
    pub(crate) value: Value,
    // As the document has it, where the environment patches it.
    pub(crate) unpatched: Option<Value>,
}

/// A context kind in order of precedence
#[derive(Debug)]
pub(crate) struct Level {
    pub(crate) name: Arc<str>,
    pub(crate) path: AttributePath,
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: Option<Arc<str>>,
    pub(crate) window: Rare<Window>,
    // `None` holds for everybody.
    pub(crate) when: Option<Condition>,
    pub(crate) serve: Serve,
}

/// `[from, until)`
#[derive(Debug, Default)]
pub(crate) struct Window {
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
}

impl Empty for Window {
    const EMPTY: &'static Self = &Self {
        from: None,
        until: None,
    };

    fn is_empty(&self) -> bool {
        self.from.is_none() && self.until.is_none()
    }
}

impl Window {
    pub(crate) fn covers(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

#[derive(Debug)]
pub(crate) enum Condition {
    All(Box<[Condition]>),
    Any(Box<[Condition]>),
    Not(Box<Condition>),
    Attribute { path: AttributePath, test: Test },
    // A position in `References::segments`.
    Segment(usize),
    // A position in `References::flags`.
    Flag(usize),
    Bucket(Bucket),
}

#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) unit: AttributePath,
    pub(crate) seed: u32,
    pub(crate) slots: Slots,
}

/// A range of slots, `[from, until)`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slots {
    pub(crate) from: u32,
    pub(crate) until: u32,
}

impl Slots {
    pub(crate) fn contains(self, slot: u32) -> bool {
        self.from <= slot && slot < self.until
    }

    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.from < other.until && other.from < self.until
    }
}

#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) fingerprint: u64,
    pub(crate) when: Option<Condition>,
    // What its conditions take by themselves.
    pub(crate) effort: Effort,
    pub(crate) references: Rare<References>,
}

/// What the conditions of a flag or a segment take by themselves, what they refer to apart
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Effort {
    /// Conditions inside one another
    pub(crate) condition_depth: usize,
    /// Of all patterns together
    pub(crate) pattern_size: u32,
}

/// An exclusion group: experiments on disjoint slices of the same units
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) fingerprint: u64,
    pub(crate) seed: u32,
    pub(crate) unit: AttributePath,
}

/// Units that experiments leave alone
#[derive(Debug)]
pub(crate) struct Holdout {
    pub(crate) fingerprint: u64,
    pub(crate) seed: u32,
    pub(crate) end: u32,
    pub(crate) unit: AttributePath,
}

/// What a flag or a segment refers to, each occurrence by itself, with where it stands
pub(crate) type References = ByKind<FlagReference, Reference, Reference, Reference>;

/// Something for each reference of an object, in their order
#[derive(Debug)]
pub(crate) struct ByKind<F, S, G, H> {
    pub(crate) flags: Vec<F>,
    pub(crate) segments: Vec<S>,
    pub(crate) groups: Vec<G>,
    pub(crate) holdouts: Vec<H>,
}

impl<F, S, G, H> Default for ByKind<F, S, G, H> {
    fn default() -> Self {
        Self {
            flags: Vec::new(),
            segments: Vec::new(),
            groups: Vec::new(),
            holdouts: Vec::new(),
        }
    }
}

impl<F: 'static, S: 'static, G: 'static, H: 'static> Empty for ByKind<F, S, G, H> {
    const EMPTY: &'static Self = &Self {
        flags: Vec::new(),
        segments: Vec::new(),
        groups: Vec::new(),
        holdouts: Vec::new(),
    };

    fn is_empty(&self) -> bool {
        self.flags.is_empty()
            && self.segments.is_empty()
            && self.groups.is_empty()
            && self.holdouts.is_empty()
    }
}

#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) key: Arc<str>,
    // How many conditions it stands in, one that is the reference included; 0 outside of conditions.
    pub(crate) depth: usize,
    pub(crate) pointer: Box<str>,
}

#[derive(Debug)]
pub(crate) struct FlagReference {
    pub(crate) target: Reference,
    pub(crate) variants: Box<[Arc<str>]>,
}

impl FlagReference {
    /// Whether it is a condition, which may not name what does not exist; a prerequisite may
    pub(crate) fn is_condition(&self) -> bool {
        self.target.depth > 0
    }
}

#[derive(Debug)]
pub(crate) struct Serve {
    pub(crate) rollout: Rollout,
    pub(crate) rollout_seed: u32,
    pub(crate) choice: Choice,
    pub(crate) unit: AttributePath,
    pub(crate) on_missing: Option<Arc<Variant>>,
    pub(crate) experiment: Option<Box<Experiment>>,
}

impl Serve {
    pub(crate) fn always(variant: Arc<Variant>) -> Self {
        Self {
            rollout: Rollout::FULL,
            rollout_seed: 0,
            choice: Choice::Variant(variant),
            unit: AttributePath::of_kind("user"),
            on_missing: None,
            experiment: None,
        }
    }

    #[inline]
    pub(crate) fn is_constant(&self) -> bool {
        let is_free = self
            .experiment
            .as_ref()
            .is_none_or(|experiment| experiment.is_free());
        is_free && self.rollout == Rollout::FULL && matches!(self.choice, Choice::Variant(_))
    }
}

#[derive(Debug)]
pub(crate) struct Experiment {
    pub(crate) key: Arc<str>,
    pub(crate) slice: Option<Slice>,
    // A position in `References::holdouts`.
    pub(crate) holdout: Option<usize>,
}

impl Experiment {
    fn is_free(&self) -> bool {
        self.slice.is_none() && self.holdout.is_none()
    }
}

/// The part of a group's units that an experiment has
#[derive(Debug)]
pub(crate) struct Slice {
    // A position in `References::groups`.
    pub(crate) group: usize,
    // INVARIANT: ascending and disjoint, at least one.
    pub(crate) ranges: Box<[Slots]>,
}

impl Slice {
    /// Whether it has all units, so that none need be looked at
    pub(crate) fn is_whole(&self) -> bool {
        let lengths = self
            .ranges
            .iter()
            .map(|range| range.until.saturating_sub(range.from));
        lengths.fold(0, u32::saturating_add) == bucket::TOTAL
    }
}

#[derive(Debug)]
pub(crate) enum Choice {
    Variant(Arc<Variant>),
    Arms { seed: u32, arms: Arms },
}

/// Weighted arms
#[derive(Debug)]
pub(crate) struct Arms {
    // INVARIANT: by ascending `end`, which is cumulative; the last one ends at `bucket::TOTAL`, and so there is one.
    pub(crate) arms: Box<[Arm]>,
    last: Arc<Variant>,
}

#[derive(Debug)]
pub(crate) struct Arm {
    pub(crate) end: u32,
    pub(crate) variant: Arc<Variant>,
}

impl Arms {
    /// Arms in the order listed; `None` without an arm of weight
    pub(crate) fn new(weighted: impl IntoIterator<Item = (Arc<Variant>, u32)>) -> Option<Self> {
        let mut end = 0_u32;
        let arms: Box<[Arm]> = weighted
            .into_iter()
            .filter(|(_, weight)| *weight > 0)
            .map(|(variant, weight)| {
                end = end.saturating_add(weight);
                Arm { end, variant }
            })
            .collect();
        let last = Arc::clone(&arms.last()?.variant);
        Some(Self { arms, last })
    }

    /// The variant of the only arm that has any weight
    pub(crate) fn single(&self) -> Option<&Arc<Variant>> {
        match &*self.arms {
            [arm] => Some(&arm.variant),
            _ => None,
        }
    }

    /// The variant of the arm that covers `slot`
    pub(crate) fn pick(&self, slot: u32) -> &Arc<Variant> {
        self.arms
            .iter()
            .find(|arm| slot < arm.end)
            .map_or(&self.last, |arm| &arm.variant)
    }
}
