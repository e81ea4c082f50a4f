//! Serves: rollouts, arms and experiments, with their seeds

use std::cell::OnceCell;
use std::sync::Arc;

use super::{Compiler, elements, length, saturating};
use crate::bucket::rollout::{Ramp, Rollout};
use crate::bucket::{self, ServeStage};
use crate::error::IssueKind;
use crate::json::names::Name;
use crate::json::{Json, Node};
use crate::limits;
use crate::model::{Arms, Experiment, Serve, ServeTarget, Slice, SlotRange, Variant};
use crate::table::table_hash::is_same;

/// What the serves of a flag share
pub(super) struct ServeDefaults<'a> {
    pub(super) variants: &'a [Arc<Variant>],
    pub(super) salt: &'a str,
    rollout_seed: OnceCell<u32>,
    arms_seed: OnceCell<u32>,
}

impl<'a> ServeDefaults<'a> {
    pub(super) fn new(variants: &'a [Arc<Variant>], salt: &'a str) -> Self {
        Self {
            variants,
            salt,
            rollout_seed: OnceCell::new(),
            arms_seed: OnceCell::new(),
        }
    }

    /// The seed of a stage of a serve with this salt, which is nearly always the flag's own
    fn seed(&self, salt: &str, stage: ServeStage) -> u32 {
        let known = match stage {
            ServeStage::Rollout => &self.rollout_seed,
            ServeStage::Arms => &self.arms_seed,
            ServeStage::Slice | ServeStage::Holdout => return bucket::stage_seed(salt, stage),
        };
        if is_same(salt, self.salt) {
            *known.get_or_init(|| bucket::stage_seed(salt, stage))
        } else {
            bucket::stage_seed(salt, stage)
        }
    }
}

impl Compiler<'_> {
    /// A serve: the name of a variant, or an object
    pub(super) fn serve(&mut self, json: Json<'_>, defaults: &ServeDefaults<'_>) -> Option<Serve> {
        match json.node() {
            Node::String(_) => {
                let name = json.text().unwrap_or_default();
                self.variant(defaults.variants, name).map(Serve::always)
            }
            Node::Null => {
                self.version(2, "`null` as a serve");
                Some(Serve::always(Arc::clone(Variant::nothing())))
            }
            _ => self.split(json, defaults),
        }
    }

    fn split(&mut self, json: Json<'_>, defaults: &ServeDefaults<'_>) -> Option<Serve> {
        let algorithm = json.get(Name::Algorithm).and_then(Json::text);
        let algorithm = algorithm.filter(|name| *name != "murmur3");
        if algorithm.is_some() || json.get(Name::Dialect).is_some() {
            return self.vendor_serve(json, algorithm, defaults);
        }
        for member in [Name::Parameters, Name::Expression] {
            if json.present(member).is_some() {
                self.issue::<()>(IssueKind::ServeForm);
            }
        }
        let salt = json.get(Name::Salt).and_then(Json::text);
        let salt = salt.unwrap_or(defaults.salt);
        self.within(Name::Salt, |compiler| compiler.name(salt));
        let rollout = self.rollout(json);
        let (arms, experiment) = (json.get(Name::Arms), json.get(Name::Experiment));
        if experiment.is_some() && arms.is_none() {
            self.within(Name::Experiment, |compiler| {
                compiler.issue::<()>(IssueKind::Missing("arms"))
            });
        }
        let choice = match (json.get(Name::Variant), arms) {
            (Some(name), None) => self
                .variant_at(Name::Variant, name, defaults)
                .map(ServeTarget::Variant),
            (None, Some(arms)) => {
                self.within(Name::Arms, |compiler| compiler.arms(arms, salt, defaults))
            }
            _ => self.issue(IssueKind::ServeForm),
        };
        let unit = self.unit(json);
        let on_missing = json.get(Name::OnMissing);
        let on_missing = match on_missing.and_then(|json| json.get(Name::Variant)) {
            Some(name) => self
                .within(Name::OnMissing, |compiler| {
                    compiler.variant_at(Name::Variant, name, defaults)
                })
                .map(Some),
            None => Some(None),
        };
        let experiment = match experiment {
            Some(json) => self
                .within(Name::Experiment, |compiler| compiler.experiment(json))
                .map(Some),
            None => Some(None),
        };
        Some(Serve {
            rollout: rollout?,
            rollout_seed: defaults.seed(salt, ServeStage::Rollout),
            choice: choice?,
            unit: unit?,
            on_missing: on_missing?,
            experiment: experiment?.map(Box::new),
        })
    }

    /// The variant that the member `member` names
    fn variant_at(
        &mut self,
        member: Name,
        name: Json<'_>,
        defaults: &ServeDefaults<'_>,
    ) -> Option<Arc<Variant>> {
        let name = name.text().unwrap_or_default();
        self.within(member, |compiler| compiler.variant(defaults.variants, name))
    }

    /// The share of the units that a serve reaches: fixed, or a function of time
    fn rollout(&mut self, serve: Json<'_>) -> Option<Rollout> {
        let Some(json) = serve.get(Name::Rollout) else {
            return Some(Rollout::FULL);
        };
        if json.number().is_some() {
            return self.percent_of(serve, Name::Rollout).map(Rollout::Fixed);
        }
        self.within(Name::Rollout, |compiler| {
            let instant = |name| json.get(name).and_then(Json::instant);
            let (from, until) = (instant(Name::From), instant(Name::Until));
            let (start, end) = (json.get(Name::Start), json.get(Name::End));
            match (json.get(Name::Steps), from.zip(until), start.zip(end)) {
                (None, Some((from, until)), Some(_)) => {
                    let start = compiler.percent_of(json, Name::Start);
                    let end = compiler.percent_of(json, Name::End);
                    if until <= from {
                        compiler.within(Name::Until, |compiler| {
                            compiler.issue::<()>(IssueKind::Window)
                        });
                    }
                    Some(Rollout::Ramp(Ramp {
                        from,
                        until,
                        start: start?,
                        end: end?,
                    }))
                }
                (Some(steps), ..)
                    if from.is_none() && until.is_none() && start.is_none() && end.is_none() =>
                {
                    compiler.within(Name::Steps, |compiler| compiler.steps(steps))
                }
                _ => compiler.issue(IssueKind::RolloutForm),
            }
        })
    }

    /// The percentage that a member gives, in thousandths
    pub(super) fn percent_of(&mut self, json: Json<'_>, name: Name) -> Option<u32> {
        let percent = json.get(name).and_then(Json::number).unwrap_or_default();
        self.within(name, |compiler| {
            bucket::thousandths(percent).or_else(|| compiler.issue(IssueKind::Percentage(percent)))
        })
    }

    fn steps(&mut self, list: Json<'_>) -> Option<Rollout> {
        self.at_most("steps", limits::MAX_STEPS, length(Some(list)));
        let instant = |step: Json<'_>| {
            step.get(Name::At)
                .and_then(Json::instant)
                .unwrap_or_default()
        };
        let is_ordered = list
            .elements()
            .map(instant)
            .is_sorted_by(|earlier, later| earlier < later);
        if length(Some(list)) == 0 || !is_ordered {
            self.issue::<()>(IssueKind::Steps);
        }
        let steps = self.each(Some(list), |compiler, step| {
            let share = compiler.percent_of(step, Name::Percent)?;
            Some((instant(step), share))
        });
        steps.map(Rollout::Steps)
    }

    fn arms(
        &mut self,
        list: Json<'_>,
        salt: &str,
        defaults: &ServeDefaults<'_>,
    ) -> Option<ServeTarget> {
        self.at_most("arms", limits::MAX_ARMS, length(Some(list)));
        let weight = |arm: Json<'_>| arm.get(Name::Weight).and_then(Json::whole);
        self.whole_weights(list)?;
        let weight = |arm: Json<'_>| weight(arm).unwrap_or_default();
        let sum = list.elements().map(weight).fold(0, u64::saturating_add);
        if sum != u64::from(bucket::SLOT_COUNT) {
            self.issue::<()>(IssueKind::WeightSum { sum });
        }
        let arms = self.each(Some(list), |compiler, arm| {
            let variant = compiler.arm(arm, defaults)?;
            Some((variant, saturating(weight(arm))))
        });
        let arms = Arms::new(arms?)?;
        Some(match arms.single() {
            Some(variant) => ServeTarget::Variant(Arc::clone(variant)),
            None => ServeTarget::Arms {
                seed: defaults.seed(salt, ServeStage::Arms),
                arms,
            },
        })
    }

    /// The variant of an arm; nothing where it is `null`
    pub(super) fn arm(
        &mut self,
        arm: Json<'_>,
        defaults: &ServeDefaults<'_>,
    ) -> Option<Arc<Variant>> {
        match arm.get(Name::Variant) {
            Some(name) => self.variant_at(Name::Variant, name, defaults),
            None => self.within(Name::Variant, |compiler| {
                compiler.version(2, "`null` as the variant of an arm");
                Some(Arc::clone(Variant::nothing()))
            }),
        }
    }

    fn whole_weights(&mut self, arms: Json<'_>) -> Option<()> {
        let checked = self.each(Some(arms), |compiler, arm| {
            let weight = arm.get(Name::Weight)?;
            if weight.whole().is_some() {
                return Some(());
            }
            let got = weight.value().to_canonical();
            let message = format!("expected a whole number, not negative, got `{got}`");
            compiler.within(Name::Weight, |compiler| {
                compiler.issue(IssueKind::Schema(message))
            })
        });
        checked.map(|_| ())
    }

    pub(super) fn experiment(&mut self, json: Json<'_>) -> Option<Experiment> {
        let key = self.text(json.get(Name::Key));
        self.within(Name::Key, |compiler| compiler.name(&key));
        let slice = match (json.get(Name::Group), json.get(Name::Slice)) {
            (Some(group), Some(ranges)) => {
                let group = self.within(Name::Group, |compiler| compiler.group_reference(group));
                self.within(Name::Slice, |compiler| compiler.slice(ranges))
                    .map(|ranges| Some(Slice { group, ranges }))
            }
            (None, None) => Some(None),
            (Some(_), None) => self.issue(IssueKind::Missing("slice")),
            (None, Some(_)) => self.issue(IssueKind::Missing("group")),
        };
        let holdout = json.get(Name::Holdout).map(|holdout| {
            self.within(Name::Holdout, |compiler| {
                compiler.holdout_reference(holdout)
            })
        });
        Some(Experiment {
            key,
            slice: slice?,
            holdout,
        })
    }

    fn slice(&mut self, list: Json<'_>) -> Option<Box<[SlotRange]>> {
        let ranges = self.each(Some(list), |compiler, range| {
            let mut ends = elements(Some(range)).filter_map(Json::whole);
            compiler.slots(ends.next(), ends.next())
        })?;
        if ranges.is_empty() || !ranges.is_sorted_by(|earlier, later| earlier.until <= later.from) {
            self.issue::<()>(IssueKind::Slots);
        }
        Some(ranges)
    }

    /// A range of slots that is not empty and not out of bounds
    pub(super) fn slots(&mut self, from: Option<u64>, until: Option<u64>) -> Option<SlotRange> {
        let end = |end: Option<u64>| saturating(end.unwrap_or_default());
        let (from, until) = (end(from), end(until));
        if from < until && until <= bucket::SLOT_COUNT {
            Some(SlotRange { from, until })
        } else {
            self.issue(IssueKind::Slots)
        }
    }
}
