//! Serves: rollouts, arms and experiments, with their seeds

use std::cell::OnceCell;
use std::sync::Arc;

use super::{Compiler, elements, length, saturating};
use crate::bucket::{self, Step};
use crate::error::Problem;
use crate::hashing::is_same;
use crate::json::Json;
use crate::limits;
use crate::model::{Arms, Choice, Experiment, Serve, Slice, Slots, Variant};
use crate::names::Name;
use crate::rollout::{Ramp, Rollout};

/// What the serves of a flag share
pub(super) struct Scope<'a> {
    pub(super) variants: &'a [Arc<Variant>],
    pub(super) salt: &'a str,
    rollout_seed: OnceCell<u32>,
    arms_seed: OnceCell<u32>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(variants: &'a [Arc<Variant>], salt: &'a str) -> Self {
        Self {
            variants,
            salt,
            rollout_seed: OnceCell::new(),
            arms_seed: OnceCell::new(),
        }
    }

    /// The seed of a step of a serve with this salt, which is nearly always the flag's own
    fn seed(&self, salt: &str, step: Step) -> u32 {
        let known = match step {
            Step::Rollout => &self.rollout_seed,
            Step::Arms => &self.arms_seed,
            Step::Slice | Step::Holdout => return bucket::step_seed(salt, step),
        };
        if is_same(salt, self.salt) {
            *known.get_or_init(|| bucket::step_seed(salt, step))
        } else {
            bucket::step_seed(salt, step)
        }
    }
}

impl Compiler<'_> {
    /// A serve: the name of a variant, or an object
    pub(super) fn serve(&mut self, json: Json<'_>, scope: &Scope<'_>) -> Option<Serve> {
        match json.text() {
            Some(name) => self.variant(scope.variants, &name).map(Serve::always),
            None => self.split(json, scope),
        }
    }

    fn split(&mut self, json: Json<'_>, scope: &Scope<'_>) -> Option<Serve> {
        let algorithm = json.get(Name::Algorithm).and_then(Json::text);
        if let Some(algorithm) = algorithm.filter(|name| name != "murmur3") {
            self.within(Name::Algorithm, |compiler| {
                compiler.issue::<()>(Problem::UnknownAlgorithm(algorithm.into()))
            });
        }
        let salt = json.get(Name::Salt).and_then(Json::text);
        let salt = salt.as_deref().unwrap_or(scope.salt);
        self.within(Name::Salt, |compiler| compiler.name(salt));
        let rollout = self.rollout(json);
        let (arms, experiment) = (json.get(Name::Arms), json.get(Name::Experiment));
        if experiment.is_some() && arms.is_none() {
            self.within(Name::Experiment, |compiler| {
                compiler.issue::<()>(Problem::Missing("arms"))
            });
        }
        let choice = match (json.get(Name::Variant), arms) {
            (Some(name), None) => self
                .variant_at(Name::Variant, name, scope)
                .map(Choice::Variant),
            (None, Some(arms)) => {
                self.within(Name::Arms, |compiler| compiler.arms(arms, salt, scope))
            }
            _ => self.issue(Problem::ServeForm),
        };
        let unit = self.unit(json);
        let on_missing = json.get(Name::OnMissing);
        let on_missing = match on_missing.and_then(|json| json.get(Name::Variant)) {
            Some(name) => self
                .within(Name::OnMissing, |compiler| {
                    compiler.variant_at(Name::Variant, name, scope)
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
            rollout_seed: scope.seed(salt, Step::Rollout),
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
        scope: &Scope<'_>,
    ) -> Option<Arc<Variant>> {
        let name = name.text().unwrap_or_default();
        self.within(member, |compiler| compiler.variant(scope.variants, &name))
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
                            compiler.issue::<()>(Problem::Window)
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
                _ => compiler.issue(Problem::RolloutForm),
            }
        })
    }

    /// The percentage that a member gives, in thousandths
    pub(super) fn percent_of(&mut self, json: Json<'_>, name: Name) -> Option<u32> {
        let percent = json.get(name).and_then(Json::number).unwrap_or_default();
        self.within(name, |compiler| {
            bucket::thousandths(percent).or_else(|| compiler.issue(Problem::Percentage(percent)))
        })
    }

    fn steps(&mut self, list: Json<'_>) -> Option<Rollout> {
        self.at_most("steps", limits::STEPS, length(Some(list)));
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
            self.issue::<()>(Problem::Steps);
        }
        let steps = self.each(Some(list), |compiler, step| {
            let share = compiler.percent_of(step, Name::Percent)?;
            Some((instant(step), share))
        });
        steps.map(Rollout::Steps)
    }

    fn arms(&mut self, list: Json<'_>, salt: &str, scope: &Scope<'_>) -> Option<Choice> {
        self.at_most("arms", limits::ARMS, length(Some(list)));
        let weight = |arm: Json<'_>| {
            arm.get(Name::Weight)
                .and_then(Json::whole)
                .unwrap_or_default()
        };
        let sum = list.elements().map(weight).fold(0, u64::saturating_add);
        if sum != u64::from(bucket::TOTAL) {
            self.issue::<()>(Problem::WeightSum { sum });
        }
        let arms = self.each(Some(list), |compiler, arm| {
            let name = arm.get(Name::Variant)?;
            let variant = compiler.variant_at(Name::Variant, name, scope)?;
            Some((variant, saturating(weight(arm))))
        });
        let arms = Arms::new(arms?)?;
        Some(match arms.single() {
            Some(variant) => Choice::Variant(Arc::clone(variant)),
            None => Choice::Arms {
                seed: scope.seed(salt, Step::Arms),
                arms,
            },
        })
    }

    fn experiment(&mut self, json: Json<'_>) -> Option<Experiment> {
        let key = self.text(json.get(Name::Key));
        self.within(Name::Key, |compiler| compiler.name(&key));
        let slice = match (json.get(Name::Group), json.get(Name::Slice)) {
            (Some(group), Some(ranges)) => {
                let group = self.within(Name::Group, |compiler| compiler.group_reference(group));
                self.within(Name::Slice, |compiler| compiler.slice(ranges))
                    .map(|ranges| Some(Slice { group, ranges }))
            }
            (None, None) => Some(None),
            (Some(_), None) => self.issue(Problem::Missing("slice")),
            (None, Some(_)) => self.issue(Problem::Missing("group")),
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

    fn slice(&mut self, list: Json<'_>) -> Option<Box<[Slots]>> {
        let ranges = self.each(Some(list), |compiler, range| {
            let mut ends = elements(Some(range)).filter_map(Json::whole);
            compiler.slots(ends.next(), ends.next())
        })?;
        if ranges.is_empty() || !ranges.is_sorted_by(|earlier, later| earlier.until <= later.from) {
            self.issue::<()>(Problem::Slots);
        }
        Some(ranges)
    }

    /// A range of slots that is not empty and not out of bounds
    pub(super) fn slots(&mut self, from: Option<u64>, until: Option<u64>) -> Option<Slots> {
        let end = |end: Option<u64>| saturating(end.unwrap_or_default());
        let (from, until) = (end(from), end(until));
        if from < until && until <= bucket::TOTAL {
            Some(Slots { from, until })
        } else {
            self.issue(Problem::Slots)
        }
    }
}
