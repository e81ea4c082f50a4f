//! Serves: holdout, slice, rollout and arms, in this order; failing one declines

use std::sync::Arc;

use super::Evaluation;
use crate::bucket;
use crate::context::path::AttributePath;
use crate::context::{Attributes, Context, with_whole};
use crate::dialect::Chosen;
use crate::evaluate::trace::Tracer;
use crate::model::linked::Links;
use crate::model::{Experiment, Serve, ServeTarget, Variant, VendorSplit};
use crate::value::Value;

/// The result of a serve that does not decline
pub(super) struct Served<'s> {
    pub(super) variant: &'s Arc<Variant>,
    pub(super) is_hashed: bool,
    // The experiment whose arms' hash decided.
    pub(super) experiment: Option<&'s str>,
}

/// Why a serve ends before its arms
enum Stop {
    /// A stage declines, or its unit cannot be hashed
    Declined,
    /// A stage needs a unit that is missing
    NoUnit,
}

impl<A: Attributes + ?Sized, T: Tracer> Evaluation<'_, A, T> {
    /// Evaluates a serve; `None` if it declines
    #[inline]
    pub(super) fn serve<'s>(&mut self, serve: &'s Serve, links: &Links) -> Option<Served<'s>> {
        if let ServeTarget::Variant(variant) = &serve.choice
            && !T::IS_ENABLED
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
        self.tracer.enter();
        let result = self.stages(serve, links);
        let served = match result {
            Ok(served) => Some(served),
            Err(Stop::NoUnit) => serve.on_missing.as_ref().map(|variant| Served {
                variant,
                is_hashed: false,
                experiment: None,
            }),
            Err(Stop::Declined) => None,
        };
        self.tracer.exit(|| {
            let variant = served
                .as_ref()
                .map_or(Value::Null, |served| served.variant.shown());
            [("type", "serve".into()), ("variant", variant)]
        });
        served
    }

    fn stages<'s>(&mut self, serve: &'s Serve, links: &Links) -> Result<Served<'s>, Stop> {
        let mut is_hashed = false;
        if let Some(experiment) = &serve.experiment {
            is_hashed |= self.passes_holdout(experiment, links)?;
            is_hashed |= self.passes_slice(experiment, links)?;
        }
        is_hashed |= self.passes_rollout(serve)?;
        let (seed, arms) = match &serve.choice {
            ServeTarget::Variant(variant) => {
                return Ok(Served {
                    variant,
                    is_hashed,
                    experiment: None,
                });
            }
            ServeTarget::Arms { seed, arms } => (*seed, arms),
            ServeTarget::Vendor(split) => return self.vendor_split(serve, split),
        };
        let slot = self.slot("arms", &serve.unit, seed)?;
        let experiment = serve.experiment.as_ref().map(|experiment| &*experiment.key);
        Ok(Served {
            variant: arms.pick(slot),
            is_hashed: true,
            experiment,
        })
    }

    fn vendor_split<'s>(
        &mut self,
        serve: &'s Serve,
        split: &'s VendorSplit,
    ) -> Result<Served<'s>, Stop> {
        let choose = |context: &Context| split.choice.choose(context, self.now);
        let chosen = with_whole(self.context, choose).unwrap_or(Chosen::Declined);
        let variant = split.variant(chosen);
        self.tracer.event(|| {
            [
                ("type", "algorithm".into()),
                ("algorithm", Value::from(&*split.name)),
                (
                    "variant",
                    variant.map_or(Value::Null, |variant| variant.shown()),
                ),
            ]
        });
        let experiment = serve.experiment.as_ref().map(|experiment| &*experiment.key);
        Ok(Served {
            variant: variant.ok_or(Stop::Declined)?,
            is_hashed: split.is_hashed && !matches!(chosen, Chosen::Nothing | Chosen::Unknown),
            experiment: experiment.filter(|_| matches!(chosen, Chosen::Arm(_))),
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
            bucket::SLOT_COUNT => Err(Stop::Declined),
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
            .event(|| [("type", "rollout".into()), ("share", share.into())]);
        match share {
            0 => Err(Stop::Declined),
            bucket::SLOT_COUNT => Ok(false),
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

    fn slot(&mut self, stage: &'static str, unit: &AttributePath, seed: u32) -> Result<u32, Stop> {
        let attribute = self.context.attribute(unit);
        let slot = attribute.map_unit(|text| bucket::slot(text, seed, bucket::SLOT_COUNT));
        self.tracer.event(|| {
            let unit = attribute.map_unit(|text| Value::from(text));
            [
                ("type", stage.into()),
                ("unit", unit.unwrap_or_default()),
                ("slot", slot.map_or(Value::Null, Value::from)),
            ]
        });
        if slot.is_none() && attribute.is_missing_or_null() {
            let named = || [("type", "noUnit".into()), ("unit", unit.to_string().into())];
            self.tracer.event(named);
            return Err(Stop::NoUnit);
        }
        slot.ok_or(Stop::Declined)
    }
}
