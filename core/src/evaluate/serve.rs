//! Serves: holdout, slice, rollout and arms, in this order; failing one declines

use std::sync::Arc;

use super::Evaluation;
use crate::bucket;
use crate::context::Attributes;
use crate::link::Links;
use crate::model::{Choice, Experiment, Serve, Variant};
use crate::path::AttributePath;
use crate::trace::Tracer;
use crate::value::Value;

/// What a serve answers where it does not decline
pub(super) struct Served<'s> {
    pub(super) variant: &'s Arc<Variant>,
    pub(super) is_hashed: bool,
    // The experiment whose arms' hash decided.
    pub(super) experiment: Option<&'s str>,
}

/// Why a serve ends before its arms
enum Stop {
    /// A step says no, or its unit is of no use
    Declined,
    /// A step needs a unit that is not there
    NoUnit,
}

impl<A: Attributes + ?Sized, T: Tracer> Evaluation<'_, A, T> {
    /// What a serve answers; `None` where it declines
    #[inline]
    pub(super) fn serve<'s>(&mut self, serve: &'s Serve, links: &Links) -> Option<Served<'s>> {
        if let Choice::Variant(variant) = &serve.choice
            && !T::IS_WATCHING
            && serve.is_constant()
        {
            return Some(Served {
                variant,
                is_hashed: false,
                experiment: None,
            });
        }
        self.watched_serve(serve, links)
    }

    fn watched_serve<'s>(&mut self, serve: &'s Serve, links: &Links) -> Option<Served<'s>> {
        self.tracer.open();
        let result = self.steps(serve, links);
        let served = match result {
            Ok(served) => Some(served),
            Err(Stop::NoUnit) => serve.on_missing.as_ref().map(|variant| Served {
                variant,
                is_hashed: false,
                experiment: None,
            }),
            Err(Stop::Declined) => None,
        };
        self.tracer.close(|| {
            let variant = served.as_ref().map_or(Value::Null, |served| {
                Arc::clone(&served.variant.name).into()
            });
            [("type", "serve".into()), ("variant", variant)]
        });
        served
    }

    fn steps<'s>(&mut self, serve: &'s Serve, links: &Links) -> Result<Served<'s>, Stop> {
        let mut is_hashed = false;
        if let Some(experiment) = &serve.experiment {
            is_hashed |= self.passes_holdout(experiment, links)?;
            is_hashed |= self.passes_slice(experiment, links)?;
        }
        is_hashed |= self.passes_rollout(serve)?;
        let (seed, arms) = match &serve.choice {
            Choice::Variant(variant) => {
                return Ok(Served {
                    variant,
                    is_hashed,
                    experiment: None,
                });
            }
            Choice::Arms { seed, arms } => (*seed, arms),
        };
        let slot = self.slot("arms", &serve.unit, seed)?;
        let experiment = serve.experiment.as_ref().map(|experiment| &*experiment.key);
        Ok(Served {
            variant: arms.pick(slot),
            is_hashed: true,
            experiment,
        })
    }

    /// Whether a hash let the unit pass; a holdout of nobody or everybody needs none
    fn passes_holdout(&mut self, experiment: &Experiment, links: &Links) -> Result<bool, Stop> {
        let Some(holdout) = experiment
            .holdout
            .and_then(|position| links.holdouts.get(position))
        else {
            return Ok(false);
        };
        match holdout.end {
            0 => Ok(false),
            bucket::TOTAL => Err(Stop::Declined),
            end => {
                let slot = self.slot("holdout", &holdout.unit, holdout.seed)?;
                if slot < end {
                    Err(Stop::Declined)
                } else {
                    Ok(true)
                }
            }
        }
    }

    /// Whether a hash let the unit pass; the whole of a group needs none
    fn passes_slice(&mut self, experiment: &Experiment, links: &Links) -> Result<bool, Stop> {
        let Some(slice) = &experiment.slice else {
            return Ok(false);
        };
        let Some(group) = links.groups.get(slice.group) else {
            return Err(Stop::Declined);
        };
        if slice.is_whole() {
            return Ok(false);
        }
        let slot = self.slot("slice", &group.unit, group.seed)?;
        if slice.ranges.iter().any(|range| range.contains(slot)) {
            Ok(true)
        } else {
            Err(Stop::Declined)
        }
    }

    /// Whether a hash let the unit pass; a rollout to nobody or everybody needs none
    fn passes_rollout(&mut self, serve: &Serve) -> Result<bool, Stop> {
        let share = serve.rollout.share(self.now);
        self.tracer
            .note(|| [("type", "rollout".into()), ("share", share.into())]);
        match share {
            0 => Err(Stop::Declined),
            bucket::TOTAL => Ok(false),
            share => {
                let slot = self.slot("rollout", &serve.unit, serve.rollout_seed)?;
                if slot < share {
                    Ok(true)
                } else {
                    Err(Stop::Declined)
                }
            }
        }
    }

    fn slot(&mut self, step: &'static str, unit: &AttributePath, seed: u32) -> Result<u32, Stop> {
        let attribute = self.context.attribute(unit);
        let slot = attribute.map_unit(|text| bucket::slot(text, seed, bucket::TOTAL));
        self.tracer.note(|| {
            let unit = attribute.map_unit(|text| Value::from(text));
            [
                ("type", step.into()),
                ("unit", unit.unwrap_or_default()),
                ("slot", slot.map_or(Value::Null, Value::from)),
            ]
        });
        slot.ok_or(if attribute.is_absent() {
            Stop::NoUnit
        } else {
            Stop::Declined
        })
    }
}
