//! Features and their rules

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::condition::Conditions;
use super::experiment::Experiment;
use super::parents::{Outcomes, Parents};
use super::values::Values;
use super::{File, GrowthBookOptions};
use crate::ImportError;
use crate::draft::{Draft, unique};
use crate::report::FlagReport;
use crate::source::At;

/// A flag that is being built from a feature
pub(super) struct FeatureDraft<'a, 'f> {
    file: &'a File<'f>,
    name: &'f str,
    pub(super) report: FlagReport,
    pub(super) values: Values,
    rules: Vec<Json>,
    rule_ids: BTreeSet<String>,
    serve: Json,
}

/// What the parents of a rule require
struct Gate {
    /// Conditions that all hold where the rule is tried
    when: Vec<Json>,
    /// Whether the rule is tried at all
    is_open: bool,
}

impl<'a, 'f> FeatureDraft<'a, 'f> {
    pub(super) fn new(file: &'a File<'f>, name: &'f str, at: &At<'f>) -> Self {
        Self {
            file,
            name,
            report: FlagReport::new(name, &at.pointer),
            values: Values::default(),
            rules: Vec::new(),
            rule_ids: BTreeSet::new(),
            serve: Json::Null,
        }
    }

    /// Records an error as the reason why the feature is not taken over
    pub(super) fn note(&mut self, converted: Result<(), ImportError>) {
        if let Err(error) = converted {
            self.report.refuse_error(error);
        }
    }

    pub(super) fn convert(
        &mut self,
        feature: &At<'f>,
        parents: &Parents<'_>,
    ) -> Result<(), ImportError> {
        feature.members()?;
        let rules = feature.list("rules")?;
        let null = Json::Null;
        let default = feature.value.get("defaultValue").unwrap_or(&null);
        let served = rules.iter().flat_map(|rule| served(rule.value));
        self.values = Values::of(served.chain([default]));
        self.serve = self.values.plain(default);
        for rule in rules {
            rule.members()?;
            if !self.rule(&rule, parents)? {
                break;
            }
        }
        Ok(())
    }

    /// Converts a rule; `false` if no later rule is ever tried
    fn rule(&mut self, rule: &At<'f>, parents: &Parents<'_>) -> Result<bool, ImportError> {
        let gate = self.gate(rule, parents)?;
        let Some(mut gate) = gate else {
            return Ok(false);
        };
        if !gate.is_open {
            return Ok(true);
        }
        let options = self.file.options;
        let experiment = Experiment::of_rule(rule, self.name, self.file.bandits.as_ref());
        let is_forced = rule.value.get("force").is_some();
        if !is_forced && experiment.is_none() {
            return Ok(true);
        }
        // A sticky bucket passes by the condition of an experiment, which is then part of its parameters.
        let keeps_condition = !is_forced && options.sticky_buckets;
        if !keeps_condition && let Some(condition) = rule.get("condition") {
            gate.when
                .extend(self.file.conditions.convert(&condition, &mut self.report)?);
        }
        let serve = match experiment {
            Some(experiment) if !is_forced => {
                let Some(forced) = experiment.forced(options) else {
                    return Ok(true);
                };
                // Conditions do not apply to users whom the program forces.
                if forced.is_some() {
                    let parents = self.gate(rule, parents)?;
                    gate.when = parents.map(|gate| gate.when).unwrap_or_default();
                }
                let condition = rule
                    .get("condition")
                    .filter(|_| keeps_condition && forced.is_none());
                self.experiment_serve(&experiment, forced, condition)?
            }
            _ => match self.forced_serve(rule)? {
                Some(serve) => serve,
                None => return Ok(true),
            },
        };
        self.push(
            rule.value.get("id").and_then(Json::as_str),
            gate.when,
            serve,
        );
        Ok(true)
    }

    /// Adds a rule
    fn push(&mut self, id: Option<&str>, mut when: Vec<Json>, serve: Json) {
        let mut rule = Map::new();
        if let Some(id) = id.filter(|id| !id.is_empty()) {
            rule.insert("id".to_owned(), unique(id, 200, &mut self.rule_ids).into());
        }
        if let Some(last) = when.pop() {
            let condition = if when.is_empty() {
                last
            } else {
                when.push(last);
                json!({"all": when})
            };
            rule.insert("when".to_owned(), condition);
        }
        rule.insert("serve".to_owned(), serve);
        self.rules.push(rule.into());
    }

    /// The conditions about parents; adds rules that serve `null` if a blocking condition does not hold. `None` if no later rule is tried
    fn gate(&mut self, rule: &At<'f>, parents: &Parents<'_>) -> Result<Option<Gate>, ImportError> {
        let mut gate = Gate {
            when: Vec::new(),
            is_open: true,
        };
        for parent in rule.list("parentConditions")? {
            let id = parent.required("id")?;
            let nobody = [(None, Json::Null)];
            let outcomes = match parents.outcomes(id) {
                _ if parents.is_cyclic(id) => {
                    self.push(None, gate.when.clone(), Json::Null);
                    return Ok((!gate.when.is_empty()).then_some(Gate {
                        when: Vec::new(),
                        is_open: false,
                    }));
                }
                Some(Outcomes::Values(outcomes)) => outcomes,
                None if !parents.is_waiting(id) => &nobody[..],
                _ => {
                    let message = format!("its prerequisite `{id}` is not taken over");
                    return Err(parent.error(message));
                }
            };
            let condition = parent.get("condition");
            let holds = Conditions::of_value(condition.as_ref(), outcomes)?;
            let (met, is_met) = self.about_parent(id, outcomes, &holds);
            if parent.boolean("gate", false)? && is_met != Some(true) {
                let unmet = met.clone().map(|met| json!({"not": met}));
                let when = gate.when.iter().cloned().chain(unmet).collect();
                self.push(None, when, Json::Null);
            }
            if is_met == Some(false) {
                gate.is_open = false;
                return Ok(Some(gate));
            }
            gate.when.extend(met);
        }
        Ok(Some(gate))
    }

    /// The condition about a parent, or whether it always or never holds
    fn about_parent(
        &self,
        id: &str,
        outcomes: &[(Option<String>, Json)],
        holds: &[bool],
    ) -> (Option<Json>, Option<bool>) {
        if holds.iter().all(|holds| *holds) {
            return (None, Some(true));
        }
        if !holds.iter().any(|holds| *holds) {
            return (None, Some(false));
        }
        let of_none = outcomes
            .iter()
            .zip(holds)
            .find(|((name, _), _)| name.is_none());
        let holds_for_none = of_none.is_some_and(|(_, holds)| *holds);
        let named = outcomes.iter().zip(holds);
        let named = named.filter(|(_, holds)| **holds != holds_for_none);
        let variants: Vec<_> = named.filter_map(|((name, _), _)| name.clone()).collect();
        let condition = json!({"flag": self.file.keys.of(id), "variants": variants});
        if holds_for_none {
            (Some(json!({"not": condition})), None)
        } else {
            (Some(condition), None)
        }
    }

    /// The serve of a rule that forces a value; `None` if the rule never applies
    fn forced_serve(&mut self, rule: &At<'f>) -> Result<Option<Json>, ImportError> {
        let null = Json::Null;
        let variant = self.values.plain(rule.value.get("force").unwrap_or(&null));
        let (range, coverage) = (rule.get("range"), rule.get("coverage"));
        let filters = rule
            .get("filters")
            .filter(|filters| filters.value != &json!([]));
        let rollout = match (&range, &coverage) {
            (Some(range), _) => json!({"range": range.value}),
            (None, Some(coverage)) if coverage.value.as_f64() == Some(0.0) => return Ok(None),
            (None, Some(coverage)) => json!({"coverage": coverage.value}),
            (None, None) if filters.is_none() => return Ok(Some(variant)),
            (None, None) => json!({}),
        };
        let mut parameters = hash_parameters(rule, self.name, self.file.options)?;
        parameters.insert("rollout".to_owned(), rollout);
        parameters.extend(filters.map(|filters| ("filters".to_owned(), filters.value.clone())));
        Ok(Some(json!({
            "algorithm": "growthbook",
            "parameters": parameters,
            "arms": [{"variant": variant, "weight": 1}],
        })))
    }

    fn experiment_serve(
        &mut self,
        experiment: &Experiment<'f>,
        forced: Option<usize>,
        condition: Option<At<'f>>,
    ) -> Result<Json, ImportError> {
        let arms = experiment.arms(&mut self.values)?;
        let mut parameters = match forced {
            Some(index) => Map::from_iter([("forced".to_owned(), index.into())]),
            None => experiment.parameters(self.file, &mut self.report)?,
        };
        if let Some(condition) = condition {
            let expression = self
                .file
                .conditions
                .expression(&condition, &mut self.report)?;
            parameters.insert("condition".to_owned(), expression);
        }
        let passthrough = experiment.passthrough();
        if !passthrough.is_empty() {
            parameters.insert("passthrough".to_owned(), passthrough.into());
        }
        let key = self.file.experiment_keys.of(experiment.key);
        Ok(json!({
            "algorithm": "growthbook",
            "parameters": parameters,
            "arms": arms,
            "experiment": {"key": key},
        }))
    }

    /// Converts an experiment outside of features: a user who is not in it gets the first variation
    pub(super) fn convert_experiment(
        &mut self,
        at: &At<'f>,
        parents: &Parents<'_>,
    ) -> Result<(), ImportError> {
        let options = self.file.options;
        let Some(experiment) = Experiment::of_page(at, self.name)? else {
            return Ok(());
        };
        self.values = Values::of(served(at.value));
        self.serve = self
            .values
            .plain(experiment.variations.first().unwrap_or(&Json::Null));
        let Some(forced) = experiment.forced(options) else {
            return Ok(());
        };
        if forced.is_none() && experiment.is_inactive() {
            return Ok(());
        }
        let mut when = Vec::new();
        let mut condition = at.get("condition").filter(|_| forced.is_none());
        if forced.is_none() {
            let gate = self.gate(at, parents)?;
            self.rules.clear();
            let Some(gate) = gate.filter(|gate| gate.is_open) else {
                return Ok(());
            };
            when = gate.when;
            if !options.sticky_buckets
                && let Some(condition) = condition.take()
            {
                when.extend(self.file.conditions.convert(&condition, &mut self.report)?);
            }
        }
        let serve = self.experiment_serve(&experiment, forced, condition)?;
        self.push(None, when, serve);
        Ok(())
    }

    /// Adds the flag to the document, unless it is refused
    pub(super) fn finish(self, draft: &mut Draft) -> FlagReport {
        if self.report.is_refused() {
            return self.report;
        }
        let key = self.file.keys.of(self.name);
        let mut flag = json!({
            "type": self.values.type_name(),
            "enabled": true,
            "needs": File::NEEDS,
            "offVariant": null,
            "rules": self.rules,
            "serve": self.serve,
        });
        let variants = self.values.variants();
        if let (Json::Object(flag), Json::Object(variants)) = (&mut flag, variants)
            && !variants.is_empty()
        {
            flag.insert("variants".to_owned(), variants.into());
        }
        draft.flags.insert(key.clone(), flag);
        draft.answers.insert(key, self.values.answers());
        self.report
    }
}

/// The values that a rule or an experiment serves
fn served(rule: &Json) -> impl Iterator<Item = &Json> {
    let list = ["variations", "contextualVariations"].into_iter();
    let list = list.filter_map(|name| rule.get(name)?.as_array());
    rule.get("force")
        .filter(|_| rule.get("variations").is_none())
        .into_iter()
        .chain(list.flatten())
}

/// The parameters that say what is hashed, and how
pub(super) fn hash_parameters(
    rule: &At<'_>,
    default_seed: &str,
    options: &GrowthBookOptions,
) -> Result<Map<String, Json>, ImportError> {
    let mut parameters = Map::new();
    let seed = rule.text("seed")?.filter(|seed| !seed.is_empty());
    parameters.insert("seed".to_owned(), seed.unwrap_or(default_seed).into());
    if let Some(version) = rule.get("hashVersion") {
        if version.value.as_i64().is_none() {
            return Err(version.error("expected a whole number"));
        }
        parameters.insert("hashVersion".to_owned(), version.value.clone());
    }
    if let Some(coverage) = rule.get("coverage")
        && !coverage.value.is_number()
    {
        return Err(coverage.error("expected a number"));
    }
    let is_sticky = options.sticky_buckets && !rule.boolean("disableStickyBucketing", false)?;
    for name in ["hashAttribute", "fallbackAttribute"] {
        let attribute = rule.text(name)?.filter(|attribute| !attribute.is_empty());
        let attribute = attribute.filter(|_| is_sticky || name == "hashAttribute");
        parameters.extend(attribute.map(|attribute| (name.to_owned(), attribute.into())));
    }
    Ok(parameters)
}
