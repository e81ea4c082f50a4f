//! What is left of a flag, a segment or a serve once it is compiled?
//!
//! Only `document::compile` creates these. They refer to other objects by index in `References`, which `link` resolves.

pub(crate) mod empty_or_box;
pub(crate) mod linked;
mod paths;
pub(crate) mod reach;

use std::sync::{Arc, LazyLock};

use self::empty_or_box::{Empty, EmptyOrBox};
use crate::bucket;
use crate::bucket::rollout::Rollout;
use crate::context::Context;
use crate::context::path::AttributePath;
use crate::dialect::spread::{Spread, Spreads};
use crate::dialect::{Choice, Chosen, Clock, Expression};
use crate::error::IssueKind;
use crate::operator::AttributeTest;
use crate::value::timestamp::Timestamp;
use crate::value::{JsonObject, Value};

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

/// A compiled flag
#[derive(Debug)]
pub struct Flag {
    // The hash of the text that it was compiled from, without inline overrides.
    pub(crate) fingerprint: u64,
    /// What its variants are
    pub flag_type: FlagType,
    /// Whether it is on at all
    pub enabled: bool,
    // Which contexts its `dialect` admits.
    pub(crate) admits: Option<fn(&Context) -> bool>,
    pub(crate) is_client_side: bool,
    /// The instant from which it serves `off`
    pub expires_at: Option<Timestamp>,
    /// Positions in the flags of its references
    pub prerequisites: Box<[usize]>,
    /// In the order of the document
    pub variants: Arc<[Arc<Variant>]>,
    /// `onVariant`
    pub on: Option<Arc<Variant>>,
    /// `offVariant`
    pub off: Arc<Variant>,
    // From the most specific to the most general.
    pub(crate) levels: Arc<[Level]>,
    /// In the order of the document
    pub rules: Box<[Rule]>,
    /// The serve if no rule decides
    pub serve: Serve,
    pub(crate) metadata: JsonObject,
    pub(crate) environment_patch: Option<Arc<JsonObject>>,
    // Of its own conditions.
    pub(crate) effort: Effort,
    // Of the dialects in its conditions and serves.
    pub(crate) clock: EmptyOrBox<Clock>,
    pub(crate) references: EmptyOrBox<References>,
}

impl Flag {
    /// What it refers to
    pub fn references(&self) -> &References {
        &self.references
    }

    pub(crate) fn variant(&self, name: &str) -> Option<&Arc<Variant>> {
        self.variants.iter().find(|variant| &*variant.name == name)
    }

    /// Whether nothing but overrides can decide before its rules
    pub(crate) fn starts_with_rules(&self) -> bool {
        self.enabled
            && self.admits.is_none()
            && self.expires_at.is_none()
            && self.prerequisites.is_empty()
    }

    /// What is wrong with a level, if the flag does not list it
    pub fn unknown_level(&self, level: &str) -> Option<IssueKind> {
        let mut names = self.levels.iter().map(|known| &known.name);
        (!names.any(|name| **name == *level)).then(|| IssueKind::UnknownLevel {
            level: level.into(),
            known: self
                .levels
                .iter()
                .map(|known| Arc::clone(&known.name))
                .collect(),
        })
    }

    /// The next instant after `now` at which time alone may change its outcome
    pub(crate) fn next_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let rollouts = self
            .rollouts()
            .filter_map(|rollout| rollout.next_boundary(now));
        self.instants()
            .filter(|instant| *instant > now)
            .chain(rollouts)
            .chain(self.clock.next(now))
            .min()
    }

    /// Whether there is an instant at which time alone may change its outcome
    pub(crate) fn has_boundaries(&self) -> bool {
        let mut rollouts = self.rollouts();
        self.instants().next().is_some()
            || !self.clock.is_unread()
            || rollouts.any(|rollout| !matches!(rollout, Rollout::Fixed(_)))
    }

    /// The last instant not after `now` at which time alone may have changed its outcome
    pub(crate) fn last_boundary(&self, now: Timestamp) -> Option<Timestamp> {
        let rollouts = self
            .rollouts()
            .filter_map(|rollout| rollout.last_boundary(now));
        self.instants()
            .filter(|instant| *instant <= now)
            .chain(rollouts)
            .chain(self.clock.last(now))
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

    /// Its serves in order, each with its pointer in the flag
    pub fn serves(&self) -> impl Iterator<Item = (String, &Serve)> {
        let rules = self
            .rules
            .iter()
            .enumerate()
            .map(|(index, rule)| (format!("/rules/{index}/serve"), &rule.serve));
        rules.chain([("/serve".to_owned(), &self.serve)])
    }

    /// The variant that the flag, if it is enabled and has no overrides, has for every context at every instant, if there is one: that of its own serve,
    /// or of a first rule for everybody
    pub(crate) fn constant(&self) -> Option<&Arc<Variant>> {
        if !self.starts_with_rules() {
            return None;
        }
        let serve = match self.rules.first() {
            None => &self.serve,
            Some(rule) if rule.when.is_none() && rule.window.is_empty() => &rule.serve,
            Some(_) => return None,
        };
        match &serve.choice {
            ServeTarget::Variant(variant) if serve.is_constant() => Some(variant),
            _ => None,
        }
    }
}

/// A variant of a flag
#[derive(Debug, PartialEq)]
pub struct Variant {
    /// Its name
    pub name: Arc<str>,
    // Among the variants of its flag.
    pub(crate) index: u32,
    pub(crate) value: Value,
    // The value in the document, if the environment patches it.
    pub(crate) base_value: Option<Value>,
}

impl Variant {
    // No variant of a flag has this index, nor an empty name, nor `null` as its value: a flag type admits none.
    const NO_INDEX: u32 = u32::MAX;

    /// Stands for no variant: the caller's default is used, without an error
    pub(crate) fn nothing() -> &'static Arc<Self> {
        static NOTHING: LazyLock<Arc<Variant>> = LazyLock::new(Variant::without_value);
        &NOTHING
    }

    /// Stands for a variant that the flag does not have: an error
    pub(crate) fn unknown() -> &'static Arc<Self> {
        static UNKNOWN: LazyLock<Arc<Variant>> = LazyLock::new(Variant::without_value);
        &UNKNOWN
    }

    /// Stands for a context that the flag's dialect refuses: an error
    pub(crate) fn refused() -> &'static Arc<Self> {
        static REFUSED: LazyLock<Arc<Variant>> = LazyLock::new(Variant::without_value);
        &REFUSED
    }

    fn without_value() -> Arc<Self> {
        Arc::new(Self {
            name: "".into(),
            index: Self::NO_INDEX,
            value: Value::Null,
            base_value: None,
        })
    }

    /// Whether it stands for no variant, or for one that its flag does not have
    pub fn is_none(&self) -> bool {
        self.index == Self::NO_INDEX
    }

    /// Its name, or `null` if it stands for none
    pub(crate) fn shown(&self) -> Value {
        if self.is_none() {
            Value::Null
        } else {
            Arc::clone(&self.name).into()
        }
    }
}

/// A context kind in order of precedence
#[derive(Debug)]
pub(crate) struct Level {
    pub(crate) name: Arc<str>,
    pub(crate) path: AttributePath,
}

/// A rule of a flag
#[derive(Debug)]
pub struct Rule {
    pub(crate) id: Option<Arc<str>>,
    pub(crate) window: EmptyOrBox<Window>,
    /// Its condition; `None` holds for every context
    pub when: Option<Condition>,
    /// What it serves
    pub serve: Serve,
}

impl Rule {
    /// Its id, if it has one
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// When it is open
    pub fn window(&self) -> &Window {
        &self.window
    }
}

impl Empty for Clock {
    const EMPTY: &'static Self = &Self {
        instants: Vec::new(),
        every_second: false,
    };

    fn is_empty(&self) -> bool {
        self.is_unread()
    }
}

/// When a rule is open, `[from, until)`
#[derive(Debug, Default)]
pub struct Window {
    /// Its beginning, if it has one
    pub from: Option<Timestamp>,
    /// Its end, if it has one
    pub until: Option<Timestamp>,
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
    /// Whether the rule is open at `now`
    pub fn covers(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// A condition on a context
#[derive(Debug)]
pub enum Condition {
    /// Every one of these
    All(Box<[Condition]>),
    /// At least one of these
    Any(Box<[Condition]>),
    /// Not this one
    Not(Box<Condition>),
    /// A test of an attribute
    Attribute {
        /// Where the attribute is
        path: AttributePath,
        /// What is tested
        test: AttributeTest,
    },
    /// Membership of a segment, by position in the segments of the references
    Segment(usize),
    /// Variants of another flag, by position in the flags of the references
    Flag(usize),
    /// A range of slots
    Bucket(Bucket),
    /// A condition of another vendor
    Dialect(DialectTest),
}

/// A condition of another vendor
#[derive(Debug)]
pub struct DialectTest {
    /// The name of the dialect
    pub dialect: Box<str>,
    pub(crate) expression: Box<dyn Expression>,
}

impl DialectTest {
    /// For which units a hash makes it hold; `None` where it does not hash
    pub fn spread(&self) -> Option<Spread> {
        self.expression.spread()
    }
}

/// A range of slots of one hash
#[derive(Debug)]
pub struct Bucket {
    /// What is hashed
    pub unit: AttributePath,
    /// The seed of the hash
    pub seed: u32,
    /// The slots for which the condition holds
    pub slots: SlotRange,
}

/// A range of slots, `[from, until)`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotRange {
    /// The first one
    pub from: u32,
    /// The one after the last
    pub until: u32,
}

impl SlotRange {
    /// Whether `slot` is one of them
    pub fn contains(self, slot: u32) -> bool {
        self.from <= slot && slot < self.until
    }

    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.from < other.until && other.from < self.until
    }
}

/// A compiled segment
#[derive(Debug)]
pub struct Segment {
    pub(crate) fingerprint: u64,
    /// Its condition, for contexts that it does not list
    pub when: Option<Condition>,
    // Of its own conditions.
    pub(crate) effort: Effort,
    // Of the dialects in its condition.
    pub(crate) clock: EmptyOrBox<Clock>,
    pub(crate) references: EmptyOrBox<References>,
}

/// The cost of the conditions of a flag or a segment, without the objects that they refer to
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Effort {
    /// How deeply conditions are nested
    pub(crate) condition_depth: usize,
    /// The size of all patterns together
    pub(crate) pattern_size: u32,
}

/// An exclusion group: experiments on disjoint slices of the same units
#[derive(Debug)]
pub struct Group {
    pub(crate) fingerprint: u64,
    /// The seed of its hash
    pub seed: u32,
    /// What is hashed
    pub unit: AttributePath,
}

/// A holdout: its units take part in no experiment that names it
#[derive(Debug)]
pub struct Holdout {
    pub(crate) fingerprint: u64,
    /// The seed of its hash
    pub seed: u32,
    /// Units of the slots below this one are held out
    pub end: u32,
    /// What is hashed
    pub unit: AttributePath,
}

/// What a flag or a segment refers to: each reference, with its pointer
pub type References = ByKind<FlagReference, Reference, Reference, Reference>;

/// A value for each reference of an object, in the order of the references
#[derive(Debug)]
pub struct ByKind<F, S, G, H> {
    /// For its flags
    pub flags: Vec<F>,
    /// For its segments
    pub segments: Vec<S>,
    /// For its groups
    pub groups: Vec<G>,
    /// For its holdouts
    pub holdouts: Vec<H>,
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

/// One reference to another object
#[derive(Debug)]
pub struct Reference {
    /// The key of the object
    pub key: Arc<str>,
    // The number of conditions around it, including itself if it is a condition; 0 outside of conditions.
    pub(crate) depth: usize,
    /// Where in the object it stands, as a JSON pointer
    pub pointer: Box<str>,
}

/// One reference to variants of a flag
#[derive(Debug)]
pub struct FlagReference {
    /// The flag
    pub target: Reference,
    /// The variants, of which one is wanted
    pub variants: Box<[Arc<str>]>,
}

impl FlagReference {
    /// Whether it is a condition, which must name an existing flag; a prerequisite need not
    pub(crate) fn is_condition(&self) -> bool {
        self.target.depth > 0
    }
}

/// How a rule or a flag chooses a variant
#[derive(Debug)]
pub struct Serve {
    /// The share of units that it serves
    pub rollout: Rollout,
    /// The seed of the rollout's hash
    pub rollout_seed: u32,
    /// What it serves
    pub choice: ServeTarget,
    /// What is hashed
    pub unit: AttributePath,
    /// What it serves where the unit is missing
    pub on_missing: Option<Arc<Variant>>,
    /// The experiment that it belongs to
    pub experiment: Option<Box<Experiment>>,
}

impl Serve {
    pub(crate) fn always(variant: Arc<Variant>) -> Self {
        Self {
            rollout: Rollout::FULL,
            rollout_seed: 0,
            choice: ServeTarget::Variant(variant),
            unit: AttributePath::of_kind("user"),
            on_missing: None,
            experiment: None,
        }
    }

    /// Whether it serves one variant to everybody at every instant
    #[inline]
    pub fn is_constant(&self) -> bool {
        let is_free = self
            .experiment
            .as_ref()
            .is_none_or(|experiment| experiment.is_free());
        is_free && self.rollout == Rollout::FULL && matches!(self.choice, ServeTarget::Variant(_))
    }
}

/// An experiment of a serve
#[derive(Debug)]
pub struct Experiment {
    pub(crate) key: Arc<str>,
    /// Its part of a group
    pub slice: Option<Slice>,
    /// The holdout that it respects, by position in the holdouts of the references
    pub holdout: Option<usize>,
}

impl Experiment {
    fn is_free(&self) -> bool {
        self.slice.is_none() && self.holdout.is_none()
    }
}

/// The part of a group's units that an experiment has
#[derive(Debug)]
pub struct Slice {
    /// The group, by position in the groups of the references
    pub group: usize,
    // INVARIANT: ascending and disjoint, at least one.
    /// Its slots
    pub ranges: Box<[SlotRange]>,
}

impl Slice {
    /// Whether it includes all units, so that no hash is needed
    pub fn is_whole(&self) -> bool {
        let lengths = self
            .ranges
            .iter()
            .map(|range| range.until.saturating_sub(range.from));
        lengths.fold(0, u32::saturating_add) == bucket::SLOT_COUNT
    }
}

/// What a serve gives a unit that its rollout includes
#[derive(Debug)]
pub enum ServeTarget {
    /// One variant
    Variant(Arc<Variant>),
    /// One of several variants, by a hash
    Arms {
        /// The seed of the hash
        seed: u32,
        /// The variants with their shares
        arms: Arms,
    },
    /// One of several variants, as another vendor chooses
    Vendor(Box<VendorSplit>),
}

/// Arms among which another vendor's rule chooses
#[derive(Debug)]
pub struct VendorSplit {
    /// The name of the algorithm, or of the dialect
    pub name: Box<str>,
    /// What is served, in the order of the document
    pub arms: Box<[Arc<Variant>]>,
    /// Whether it hashes a unit
    pub(crate) is_hashed: bool,
    pub(crate) choice: Box<dyn Choice>,
}

impl VendorSplit {
    /// The field of the serve that contains the vendor's parameters or expression
    pub fn member(&self) -> &'static str {
        if self.is_hashed {
            "parameters"
        } else {
            "expression"
        }
    }

    /// Where it hashes, and how units spread there
    pub fn spreads(&self) -> Spreads {
        self.choice.spreads()
    }

    /// What a unit gets; `None` where the split declines
    pub fn variant(&self, chosen: Chosen) -> Option<&Arc<Variant>> {
        match chosen {
            Chosen::Arm(arm) | Chosen::Outside(arm) => self.arms.get(arm),
            Chosen::Nothing => Some(Variant::nothing()),
            Chosen::Unknown => Some(Variant::unknown()),
            Chosen::Declined => None,
        }
    }
}

/// Weighted arms
#[derive(Debug)]
pub struct Arms {
    // INVARIANT: by ascending `end`, which is cumulative; the last one ends at `bucket::SLOT_COUNT`, and so there is one.
    /// In the order of the document, those without weight left out
    pub arms: Box<[Arm]>,
    last: Arc<Variant>,
}

/// One arm of a split
#[derive(Debug)]
pub struct Arm {
    /// The slot after its last one
    pub end: u32,
    /// What it serves
    pub variant: Arc<Variant>,
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
    pub fn pick(&self, slot: u32) -> &Arc<Variant> {
        self.arms
            .iter()
            .find(|arm| slot < arm.end)
            .map_or(&self.last, |arm| &arm.variant)
    }
}
