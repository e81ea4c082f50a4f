//! Who is in a rule, and which arm he gets

use std::borrow::Cow;

use super::attribute::{HashAttribute, Subject, hashed_text};
use super::bucket::{Range, bucket_ranges, choose_variation, is_in_namespace, is_in_range};
use super::condition::Condition;
use super::decision::{Decision, Filter, Hash};
use super::parameters::Parameters;
use super::sticky::{Sticky, StickyArm};
use crate::context::Context;
use crate::dialect::spread::{Branch, Part, Spread, Spreads};
use crate::dialect::{Choice, Chosen, Refusal};
use crate::value::Value;
use crate::value::timestamp::Timestamp;

/// A rule's choice
#[derive(Debug)]
pub(super) struct Experiment {
    decision: Decision,
    attribute: HashAttribute,
    fallback: Option<HashAttribute>,
    hash: Hash,
    filters: Box<[Filter]>,
    namespace: Option<(Box<str>, Range)>,
    // Only where sticky buckets may pass it by; otherwise it is the rule's.
    condition: Option<Condition>,
    sticky: Option<Sticky>,
    passthrough: Box<[usize]>,
    // The arm that everybody gets whom the hash put into any.
    force: Option<i64>,
    arms: usize,
}

impl Experiment {
    pub(super) fn parse(parameters: &Value, weights: &[f64]) -> Result<Self, Refusal> {
        let given = Parameters::of(parameters)?;
        let arms = weights.len();
        Ok(Self {
            decision: decision(&given, weights)?,
            attribute: HashAttribute::parse(given.text("hashAttribute")?.unwrap_or("id"))?,
            fallback: match given.text("fallbackAttribute")? {
                Some(name) => Some(HashAttribute::parse(name)?),
                None => None,
            },
            hash: given.hash(1)?,
            filters: given.filters()?,
            namespace: given.namespace()?,
            condition: given.condition()?,
            sticky: given.sticky(arms)?,
            passthrough: given.indexes("passthrough")?,
            force: given.integer("force")?,
            arms,
        })
    }

    /// The text that is hashed, of the attribute or of the one that takes its place
    fn text<'c>(&self, context: &'c Context) -> Option<Cow<'c, str>> {
        let value = self.attribute.value(context);
        let value = value.or_else(|| self.fallback.as_ref()?.value(context));
        value.map(hashed_text)
    }

    /// The arm of an experiment
    fn arm(&self, context: &Context) -> Option<usize> {
        let text = self.text(context)?;
        let stuck = self
            .sticky
            .as_ref()
            .map(|sticky| sticky.arm(context, &self.attribute, self.fallback.as_ref()));
        let stuck = stuck.unwrap_or(StickyArm::None);
        if !matches!(stuck, StickyArm::Arm(_)) && !self.admits(context, &text) {
            return None;
        }
        let number = self.hash.number(&text)?;
        let arm = match stuck {
            StickyArm::Blocked => return None,
            StickyArm::Arm(arm) => arm,
            StickyArm::None => choose_variation(number, self.ranges(context)?)?,
        };
        match self.force {
            Some(arm) => usize::try_from(arm).ok(),
            None => Some(arm),
        }
    }

    /// Whether the namespace and the condition admit somebody who has no arm yet
    fn admits(&self, context: &Context, text: &str) -> bool {
        let is_in_namespace = self
            .namespace
            .as_ref()
            .is_none_or(|(name, range)| is_in_namespace(text, name, *range));
        is_in_namespace
            && self
                .condition
                .as_ref()
                .is_none_or(|condition| condition.is_met(Subject::Context(context)))
    }

    fn ranges(&self, context: &Context) -> Option<&[Range]> {
        let Decision::Arms { contexts, ranges } = &self.decision else {
            return None;
        };
        let found = contexts
            .iter()
            .find(|(condition, _)| condition.is_met(Subject::Context(context)));
        Some(found.map_or(&**ranges, |(_, ranges)| ranges))
    }

    /// Whether the hash lets a context into a rule of one arm
    fn is_included(&self, context: &Context, is_covered: impl Fn(f64) -> bool) -> Option<usize> {
        let number = self.hash.number(&self.text(context)?)?;
        is_covered(number).then_some(0)
    }
}

fn decision(given: &Parameters<'_>, weights: &[f64]) -> Result<Decision, Refusal> {
    if let Some(arm) = given.integer("forced")? {
        let arm = usize::try_from(arm).ok().filter(|arm| *arm < weights.len());
        return Ok(arm.map_or(Decision::Nobody, Decision::Forced));
    }
    if let Some(rollout) = given.rollout()? {
        return Ok(rollout);
    }
    // With less than two variations the SDK calls it no experiment.
    if weights.len() < 2 {
        return Ok(Decision::Nobody);
    }
    let coverage = given.number("coverage")?.unwrap_or(1.0);
    let ranges = match given.ranges("ranges")? {
        Some(ranges) => ranges,
        None => bucket_ranges(weights.len(), coverage, Some(weights)).into(),
    };
    let contexts = given.contexts(|weights_of_context| {
        bucket_ranges(weights.len(), coverage, Some(weights_of_context)).into()
    })?;
    Ok(Decision::Arms { contexts, ranges })
}

impl Choice for Experiment {
    fn choose(&self, context: &Context, _now: Timestamp) -> Chosen {
        if let Decision::Forced(arm) = self.decision {
            return self.chosen(Some(arm));
        }
        if !self.filters.iter().all(|filter| filter.covers(context)) {
            // With sticky buckets too: a rule's filters come before its experiment.
            return Chosen::Declined;
        }
        let arm = match self.decision {
            Decision::Forced(_) | Decision::Nobody => None,
            Decision::Everybody => Some(0),
            Decision::Coverage(coverage) => self.is_included(context, |number| number <= coverage),
            Decision::Range(range) => {
                self.is_included(context, |number| is_in_range(number, range))
            }
            Decision::Arms { .. } => self.arm(context),
        };
        self.chosen(arm)
    }

    fn spreads(&self) -> Spreads {
        let Decision::Arms { contexts, ranges } = &self.decision else {
            return Spreads::Whole(self.rollout_spread());
        };
        let own = self.arms_spread(ranges);
        if contexts.is_empty() {
            return Spreads::Whole(own);
        }
        let contexts = contexts.iter().enumerate();
        let places = contexts.map(|(index, (_, ranges))| {
            let spread = self.arms_spread(ranges);
            (format!("/contexts/{index}"), Some(spread))
        });
        Spreads::Places(places.chain([("/ranges".to_owned(), Some(own))]).collect())
    }

    fn pattern_size(&self) -> u32 {
        let contexts = match &self.decision {
            Decision::Arms { contexts, .. } => &**contexts,
            _ => &[],
        };
        contexts
            .iter()
            .map(|(condition, _)| condition)
            .chain(&self.condition)
            .fold(0, |size, condition| {
                size.saturating_add(condition.pattern_size())
            })
    }
}

impl Experiment {
    /// What is hashed
    fn hashed(&self) -> String {
        let fallback = self.fallback.as_ref().map(HashAttribute::name);
        match fallback {
            None => format!("{:?}", self.attribute.name()),
            Some(fallback) => format!("{:?} {fallback:?}", self.attribute.name()),
        }
    }

    /// Units that all filters admit and that are in these parts get an arm; nobody is in a part that is none
    fn branch(&self, parts: Vec<Option<Part>>, arm: Option<usize>) -> Option<Branch> {
        let filters = self.filters.iter().map(Filter::part);
        let parts = filters.chain(parts).collect::<Option<_>>()?;
        let chosen = self.chosen(arm);
        Some(Branch { parts, chosen })
    }

    /// How units spread that get one arm, or none
    fn rollout_spread(&self) -> Spread {
        let hashed = self.hashed();
        let branch = match &self.decision {
            Decision::Forced(arm) => return Spread::everybody(self.chosen(Some(*arm))),
            Decision::Nobody | Decision::Arms { .. } => None,
            Decision::Everybody => self.branch(Vec::new(), Some(0)),
            Decision::Coverage(coverage) => {
                self.branch(vec![self.hash.part_to(&hashed, *coverage)], Some(0))
            }
            Decision::Range(range) => {
                self.branch(vec![self.hash.part(&hashed, &[*range])], Some(0))
            }
        };
        Spread(branch.into_iter().collect())
    }

    /// How units spread over the arms of an experiment, unless a bucket is stored for them
    fn arms_spread(&self, ranges: &[Range]) -> Spread {
        let hashed = self.hashed();
        let namespace = self.namespace.as_ref().map(|(name, range)| {
            let hash = Hash {
                seed: ["__", name].concat().into(),
                version: Some(1),
            };
            hash.part(&hashed, &[*range])
        });
        let branch = |(arm, range): (usize, &Range)| {
            let arm = self
                .force
                .map_or(Some(arm), |force| usize::try_from(force).ok());
            let part = self.hash.part(&hashed, &[*range]);
            self.branch(namespace.iter().cloned().chain([part]).collect(), arm)
        };
        Spread(ranges.iter().enumerate().filter_map(branch).collect())
    }

    fn chosen(&self, arm: Option<usize>) -> Chosen {
        match arm {
            Some(arm) if arm < self.arms && !self.passthrough.contains(&arm) => Chosen::Arm(arm),
            _ => Chosen::Declined,
        }
    }
}
