//! Conditions and splits of other vendors

use std::sync::Arc;

use super::serve::ServeDefaults;
use super::{Compiler, length};
use crate::bucket::rollout::Rollout;
use crate::context::Context;
use crate::context::path::AttributePath;
use crate::dialect::{self, Choice, Clock, Refusal};
use crate::error::IssueKind;
use crate::json::Json;
use crate::json::names::Name;
use crate::limits;
use crate::model::{DialectTest, Serve, ServeTarget, Variant, VendorSplit};
use crate::value::Value;

/// The version of the language that has dialects
const VERSION: u32 = 2;

impl Compiler<'_> {
    /// A condition of another vendor
    pub(super) fn dialect_test(&mut self, json: Json<'_>, name: Json<'_>) -> Option<DialectTest> {
        let name = name.text().unwrap_or_default();
        let given = json.present(Name::Expression).map(Json::value);
        let compiled = dialect::condition(name, &given.unwrap_or_default());
        let expression = self.known(Name::Dialect, compiled, || {
            IssueKind::UnknownDialect(name.into())
        })?;
        self.version(VERSION, "`dialect`");
        let expression = self.accepted(Name::Expression, expression)?;
        self.facts(expression.clock(), expression.pattern_size())?;
        Some(DialectTest {
            dialect: name.into(),
            expression,
        })
    }

    /// Which contexts the dialect of a flag admits
    pub(super) fn admission(&mut self, flag: Json<'_>) -> Option<fn(&Context) -> bool> {
        let name = flag.get(Name::Dialect)?.text()?;
        self.version(VERSION, "`dialect`");
        self.known(Name::Dialect, dialect::admission(name), || {
            IssueKind::UnknownDialect(name.into())
        })
    }

    /// A serve that another vendor's algorithm or expression decides
    pub(super) fn vendor_serve(
        &mut self,
        json: Json<'_>,
        algorithm: Option<&str>,
        defaults: &ServeDefaults<'_>,
    ) -> Option<Serve> {
        if let Some(name) = algorithm.filter(|name| !dialect::ALGORITHMS.contains(name)) {
            return self.within(Name::Algorithm, |compiler| {
                compiler.issue(IssueKind::UnknownAlgorithm(name.into()))
            });
        }
        let what = if algorithm.is_some() {
            "`algorithm`"
        } else {
            "`dialect`"
        };
        self.version(VERSION, what);
        self.no_others(json, algorithm.is_some());
        let split = match algorithm {
            Some(name) => self.algorithm(json, name, defaults),
            None => self.naming(json, defaults),
        };
        let experiment = match json.get(Name::Experiment) {
            Some(experiment) => self
                .within(Name::Experiment, |compiler| {
                    for member in [Name::Group, Name::Slice, Name::Holdout] {
                        if experiment.get(member).is_some() {
                            compiler.within(member, |compiler| {
                                compiler.issue::<()>(IssueKind::NotWith("algorithm"))
                            });
                        }
                    }
                    compiler.experiment(experiment)
                })
                .map(Some),
            None => Some(None),
        };
        Some(Serve {
            rollout: Rollout::FULL,
            rollout_seed: 0,
            choice: ServeTarget::Vendor(Box::new(split?)),
            unit: AttributePath::of_kind("user"),
            on_missing: None,
            experiment: experiment?.map(Box::new),
        })
    }

    /// The members that belong to our own hash, or to the other form, are refused
    fn no_others(&mut self, json: Json<'_>, is_algorithm: bool) {
        let (form, others): (_, &[Name]) = if is_algorithm {
            ("algorithm", &[Name::Dialect, Name::Expression])
        } else {
            (
                "dialect",
                &[
                    Name::Algorithm,
                    Name::Parameters,
                    Name::Arms,
                    Name::Experiment,
                ],
            )
        };
        let own = [
            Name::Variant,
            Name::Rollout,
            Name::Unit,
            Name::OnMissing,
            Name::Salt,
        ];
        for member in own.iter().chain(others) {
            if json.get(*member).is_some() {
                self.within(*member, |compiler| {
                    compiler.issue::<()>(IssueKind::NotWith(form))
                });
            }
        }
    }

    fn algorithm(
        &mut self,
        json: Json<'_>,
        name: &str,
        defaults: &ServeDefaults<'_>,
    ) -> Option<VendorSplit> {
        let Some(list) = json.get(Name::Arms) else {
            return self.issue(IssueKind::Missing("arms"));
        };
        let arms = self.within(Name::Arms, |compiler| {
            compiler.at_most("arms", limits::MAX_ARMS, length(Some(list)));
            compiler.each(Some(list), |compiler, arm| compiler.arm(arm, defaults))
        });
        let weight = |arm: Json<'_>| arm.get(Name::Weight).and_then(Json::number);
        let weights: Vec<f64> = list.elements().filter_map(weight).collect();
        let parameters = json.get(Name::Parameters).map(Json::value);
        let parameters = parameters.unwrap_or_else(|| Value::object::<&str>([]));
        let compiled = dialect::choice(name, &parameters, &weights);
        let choice = self.known(Name::Algorithm, compiled, || {
            IssueKind::UnknownAlgorithm(name.into())
        })?;
        let choice = self.accepted(Name::Parameters, choice)?;
        self.vendor_split(name, arms?, choice, true)
    }

    fn naming(&mut self, json: Json<'_>, defaults: &ServeDefaults<'_>) -> Option<VendorSplit> {
        let name = json.get(Name::Dialect).and_then(Json::text);
        let name = name.unwrap_or_default();
        let given = json.present(Name::Expression).map(Json::value);
        let names: Vec<&str> = (defaults.variants.iter())
            .map(|variant| &*variant.name)
            .collect();
        let compiled = dialect::naming(name, &given.unwrap_or_default(), &names);
        let choice = self.known(Name::Dialect, compiled, || {
            IssueKind::UnknownDialect(name.into())
        })?;
        let choice = self.accepted(Name::Expression, choice)?;
        self.vendor_split(name, defaults.variants.into(), choice, false)
    }

    fn vendor_split(
        &mut self,
        name: &str,
        arms: Box<[Arc<Variant>]>,
        choice: Box<dyn Choice>,
        is_hashed: bool,
    ) -> Option<VendorSplit> {
        self.facts(choice.clock(), choice.pattern_size())?;
        Some(VendorSplit {
            name: name.into(),
            arms,
            is_hashed,
            choice,
        })
    }

    /// What a dialect compiled to, if this build has the dialect
    fn known<T>(
        &mut self,
        member: Name,
        compiled: Option<T>,
        unknown: impl FnOnce() -> IssueKind,
    ) -> Option<T> {
        compiled.or_else(|| self.within(member, |compiler| compiler.issue(unknown())))
    }

    /// What compiled; what did not is an issue where it stands
    fn accepted<T>(&mut self, member: Name, compiled: Result<T, Refusal>) -> Option<T> {
        match compiled {
            Ok(compiled) => Some(compiled),
            Err(refusal) => self.within(member, |compiler| {
                let pointer = format!("{}{}", compiler.pointer(), refusal.pointer);
                compiler.issue_at(&pointer, IssueKind::Dialect(refusal.message));
                None
            }),
        }
    }

    /// Counts what a dialect reads of the clock and tries of patterns
    fn facts(&mut self, clock: Clock, pattern_size: u32) -> Option<()> {
        self.clock.merge(clock);
        self.patterns_of(pattern_size)
    }
}
