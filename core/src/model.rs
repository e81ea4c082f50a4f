//! A flag as evaluation wants it: names resolved, hashes seeded, literals ordered for look-up
//!
//! `compile` is the only place that makes these.

use std::sync::Arc;

use crate::operator::Test;
use crate::path::AttributePath;
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
    pub(crate) variants: Box<[Arc<Variant>]>,
    pub(crate) on: Option<Arc<Variant>>,
    pub(crate) off: Arc<Variant>,
    // From the most specific to the most general.
    pub(crate) levels: Box<[Level]>,
    pub(crate) rules: Box<[Rule]>,
    pub(crate) serve: Serve,
    pub(crate) metadata: Object,
}

impl Flag {
    pub(crate) fn variant(&self, name: &str) -> Option<&Arc<Variant>> {
        self.variants.iter().find(|variant| &*variant.name == name)
    }

    /// The instants at which time alone may change what it answers
    pub(crate) fn boundaries(&self) -> impl Iterator<Item = Timestamp> {
        let windows = self
            .rules
            .iter()
            .flat_map(|rule| [rule.window.from, rule.window.until]);
        windows
            .flatten()
            .chain(self.expires_at)
            .filter(|_| self.enabled)
    }

    /// Whether the flag by itself, overrides apart, answers alike for every context at every instant
    pub(crate) fn is_constant(&self) -> bool {
        self.rules.is_empty() && self.expires_at.is_none() && self.serve.is_constant()
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct Variant {
    pub(crate) name: Arc<str>,
    pub(crate) value: Value,
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
    pub(crate) window: Window,
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
}

#[derive(Debug)]
pub(crate) struct Serve {
    pub(crate) gate: Gate,
    pub(crate) choice: Choice,
    pub(crate) unit: AttributePath,
    pub(crate) on_missing: Option<Arc<Variant>>,
}

impl Serve {
    pub(crate) fn always(variant: Arc<Variant>) -> Self {
        Self {
            gate: Gate::Open,
            choice: Choice::Variant(variant),
            unit: AttributePath::of_kind("user"),
            on_missing: None,
        }
    }

    pub(crate) fn is_constant(&self) -> bool {
        match self.gate {
            Gate::Closed => true,
            Gate::Open => matches!(self.choice, Choice::Variant(_)),
            Gate::Share { .. } => false,
        }
    }
}

/// Who takes part in a serve at all
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    Closed,
    Open,
    /// The slots below `end` under `seed`
    Share {
        seed: u32,
        end: u32,
    },
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
    arms: Box<[Arm]>,
    last: Arc<Variant>,
}

#[derive(Debug)]
struct Arm {
    end: u32,
    variant: Arc<Variant>,
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
