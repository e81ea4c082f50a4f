//! Serves: rollouts, arms and experiments, with their seeds

use std::sync::Arc;

use super::Compiler;
use crate::bucket::{self, Step};
use crate::error::Problem;
use crate::limits;
use crate::model::{Arms, Choice, Experiment, Serve, Slice, Slots, Variant};
use crate::rollout::{Ramp, Rollout};
use crate::wire::{
    ArmWire, ExperimentWire, OnMissingWire, RolloutWire, ServeWire, SplitWire, StepWire, TimedWire,
    Whole,
};

/// What the serves of a flag share
pub(super) struct Scope<'a> {
    pub(super) variants: &'a [Arc<Variant>],
    pub(super) salt: &'a str,
}

impl Compiler<'_> {
    pub(super) fn serve(&mut self, wire: ServeWire, scope: &Scope<'_>) -> Option<Serve> {
        match wire {
            ServeWire::Variant(name) => self.variant(scope.variants, &name).map(Serve::always),
            ServeWire::Split(split) => self.split(*split, scope),
        }
    }

    fn split(&mut self, wire: SplitWire, scope: &Scope<'_>) -> Option<Serve> {
        if let Some(algorithm) = wire.algorithm.filter(|name| &**name != "murmur3") {
            self.within("algorithm", |compiler| {
                compiler.issue::<()>(Problem::UnknownAlgorithm(algorithm))
            });
        }
        let salt = wire.salt.as_deref().unwrap_or(scope.salt);
        self.within("salt", |compiler| compiler.name(salt));
        let rollout = self.within("rollout", |compiler| compiler.rollout(wire.rollout));
        if wire.experiment.is_some() && wire.arms.is_none() {
            self.within("experiment", |compiler| {
                compiler.issue::<()>(Problem::Missing("arms"))
            });
        }
        let choice = match (wire.variant, wire.arms) {
            (Some(name), None) => self
                .within("variant", |compiler| {
                    compiler.variant(scope.variants, &name)
                })
                .map(Choice::Variant),
            (None, Some(arms)) => self.within("arms", |compiler| compiler.arms(arms, salt, scope)),
            _ => self.issue(Problem::ServeForm),
        };
        let unit = self.within("unit", |compiler| compiler.unit(wire.unit.as_deref()));
        let on_missing = match wire.on_missing {
            Some(OnMissingWire::Variant(name)) => self.within("onMissing", |compiler| {
                compiler
                    .within("variant", |compiler| {
                        compiler.variant(scope.variants, &name)
                    })
                    .map(Some)
            }),
            Some(OnMissingWire::Decline) | None => Some(None),
        };
        let experiment = match wire.experiment {
            Some(wire) => self
                .within("experiment", |compiler| compiler.experiment(wire))
                .map(Some),
            None => Some(None),
        };
        Some(Serve {
            rollout: rollout?,
            rollout_seed: bucket::step_seed(salt, Step::Rollout),
            choice: choice?,
            unit: unit?,
            on_missing: on_missing?,
            experiment: experiment?.map(Box::new),
        })
    }

    fn rollout(&mut self, wire: Option<RolloutWire>) -> Option<Rollout> {
        match wire {
            None => Some(Rollout::FULL),
            Some(RolloutWire::Percent(percent)) => self.percent(percent).map(Rollout::Fixed),
            Some(RolloutWire::Timed(TimedWire {
                steps: Some(steps),
                from: None,
                until: None,
                start: None,
                end: None,
            })) => self.within("steps", |compiler| compiler.steps(steps)),
            Some(RolloutWire::Timed(TimedWire {
                steps: None,
                from: Some(from),
                until: Some(until),
                start: Some(start),
                end: Some(end),
            })) => {
                let start = self.within("start", |compiler| compiler.percent(start));
                let end = self.within("end", |compiler| compiler.percent(end));
                if until <= from {
                    self.within("until", |compiler| compiler.issue::<()>(Problem::Window));
                }
                Some(Rollout::Ramp(Ramp {
                    from,
                    until,
                    start: start?,
                    end: end?,
                }))
            }
            Some(RolloutWire::Timed(_)) => self.issue(Problem::RolloutForm),
        }
    }

    pub(super) fn percent(&mut self, percent: f64) -> Option<u32> {
        bucket::thousandths(percent).or_else(|| self.issue(Problem::Percentage(percent)))
    }

    fn steps(&mut self, wires: Vec<StepWire>) -> Option<Rollout> {
        self.at_most("steps", limits::STEPS, wires.len());
        if wires.is_empty() || !wires.is_sorted_by(|earlier, later| earlier.at < later.at) {
            self.issue::<()>(Problem::Steps);
        }
        let steps = self.each(wires, |compiler, step| {
            compiler
                .within("percent", |compiler| compiler.percent(step.percent))
                .map(|share| (step.at, share))
        });
        steps.map(Rollout::Steps)
    }

    fn arms(&mut self, wires: Vec<ArmWire>, salt: &str, scope: &Scope<'_>) -> Option<Choice> {
        self.at_most("arms", limits::ARMS, wires.len());
        let sum = wires
            .iter()
            .map(|arm| arm.weight.0)
            .fold(0, u64::saturating_add);
        if sum != u64::from(bucket::TOTAL) {
            self.issue::<()>(Problem::WeightSum { sum });
        }
        let arms = self.each(wires, |compiler, arm| {
            let variant = compiler.within("variant", |compiler| {
                compiler.variant(scope.variants, &arm.variant)
            });
            variant.map(|variant| (variant, arm.weight.saturating()))
        });
        let arms = Arms::new(arms?)?;
        Some(match arms.single() {
            Some(variant) => Choice::Variant(Arc::clone(variant)),
            None => Choice::Arms {
                seed: bucket::step_seed(salt, Step::Arms),
                arms,
            },
        })
    }

    fn experiment(&mut self, wire: ExperimentWire) -> Option<Experiment> {
        self.within("key", |compiler| compiler.name(&wire.key));
        let slice = match (wire.group, wire.slice) {
            (Some(group), Some(ranges)) => {
                let group = self.within("group", |compiler| compiler.group_reference(group));
                self.within("slice", |compiler| compiler.slice(ranges))
                    .map(|ranges| Some(Slice { group, ranges }))
            }
            (None, None) => Some(None),
            (Some(_), None) => self.issue(Problem::Missing("slice")),
            (None, Some(_)) => self.issue(Problem::Missing("group")),
        };
        let holdout = wire
            .holdout
            .map(|holdout| self.within("holdout", |compiler| compiler.holdout_reference(holdout)));
        Some(Experiment {
            key: wire.key,
            slice: slice?,
            holdout,
        })
    }

    fn slice(&mut self, ranges: Vec<(Whole, Whole)>) -> Option<Box<[Slots]>> {
        let ranges = self.each(ranges, Self::slots)?;
        if ranges.is_empty() || !ranges.is_sorted_by(|earlier, later| earlier.until <= later.from) {
            self.issue::<()>(Problem::Slots);
        }
        Some(ranges)
    }
}
