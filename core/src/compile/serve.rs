//! Serves: gates and arms with their seeds

use std::sync::Arc;

use super::Compiler;
use crate::bucket::{self, Step};
use crate::error::Problem;
use crate::limits;
use crate::model::{Arms, Choice, Gate, Serve, Variant};
use crate::path::AttributePath;
use crate::wire::{ArmWire, OnMissingWire, ServeWire, SplitWire};

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
        let gate = match wire.rollout {
            Some(percent) => self.within("rollout", |compiler| compiler.gate(percent, salt)),
            None => Some(Gate::Open),
        };
        let choice = match (wire.variant, wire.arms) {
            (Some(name), None) => self
                .within("variant", |compiler| {
                    compiler.variant(scope.variants, &name)
                })
                .map(Choice::Variant),
            (None, Some(arms)) => self.within("arms", |compiler| compiler.arms(arms, salt, scope)),
            _ => self.issue(Problem::ServeForm),
        };
        let unit = self.within("unit", |compiler| {
            compiler.unit(wire.unit.as_deref().unwrap_or("user"))
        });
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
        Some(Serve {
            gate: gate?,
            choice: choice?,
            unit: unit?,
            on_missing: on_missing?,
        })
    }

    fn gate(&mut self, percent: f64, salt: &str) -> Option<Gate> {
        match bucket::thousandths(percent) {
            Some(0) => Some(Gate::Closed),
            Some(bucket::TOTAL) => Some(Gate::Open),
            Some(end) => Some(Gate::Share {
                seed: bucket::step_seed(salt, Step::Rollout),
                end,
            }),
            None => self.issue(Problem::Percentage(percent)),
        }
    }

    fn arms(&mut self, wires: Vec<ArmWire>, salt: &str, scope: &Scope<'_>) -> Option<Choice> {
        self.at_most("arms", limits::ARMS, wires.len());
        let sum = wires
            .iter()
            .map(|arm| u64::from(arm.weight))
            .fold(0, u64::saturating_add);
        if sum != u64::from(bucket::TOTAL) {
            self.issue::<()>(Problem::WeightSum { sum });
        }
        let arms: Vec<Option<(Arc<Variant>, u32)>> = wires
            .into_iter()
            .enumerate()
            .map(|(position, arm)| {
                self.within(&position.to_string(), |compiler| {
                    let variant = compiler.within("variant", |compiler| {
                        compiler.variant(scope.variants, &arm.variant)
                    });
                    variant.map(|variant| (variant, arm.weight))
                })
            })
            .collect();
        let arms = Arms::new(arms.into_iter().collect::<Option<Vec<_>>>()?)?;
        Some(match arms.single() {
            Some(variant) => Choice::Variant(Arc::clone(variant)),
            None => Choice::Arms {
                seed: bucket::step_seed(salt, Step::Arms),
                arms,
            },
        })
    }

    /// A unit is a context kind, or a pointer
    fn unit(&mut self, text: &str) -> Option<AttributePath> {
        if text.starts_with('/') {
            return AttributePath::parse(text).map_or_else(|error| self.issue(error.into()), Some);
        }
        self.name(text);
        Some(AttributePath::of_kind(text))
    }
}
