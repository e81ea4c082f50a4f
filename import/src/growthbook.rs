//! GrowthBook: features, saved groups, contextual bandits and experiments of an SDK endpoint
//!
//! A rule becomes a rule of ours, after one for each blocking prerequisite. A value `null`, for which GrowthBook uses the program's
//! default, is a serve without a variant. Experiments of the visual editor act in a page and are not taken over.

mod condition;
mod experiment;
mod parents;
mod rule;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use self::condition::Conditions;
use self::parents::{Outcomes, Parents};
use self::rule::FeatureDraft;
use crate::draft::{Draft, Keys, NEEDS};
use crate::report::FlagReport;
use crate::source::At;
use crate::{ImportError, Imported, Options};

/// What a program passes to GrowthBook's SDK besides the payload
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GrowthBookOptions {
    /// Whether experiments run
    pub enabled: bool,
    /// Whether only forced variations count
    pub qa_mode: bool,
    /// The variation of an experiment that every user gets
    pub forced_variations: BTreeMap<String, i64>,
    /// A URL whose query string may force variations
    pub url: String,
    /// Whether the program stores sticky buckets and passes them as the attribute `stickyBucketAssignmentDocs`
    pub sticky_buckets: bool,
}

impl Default for GrowthBookOptions {
    fn default() -> Self {
        Self {
            enabled: true,
            qa_mode: false,
            forced_variations: BTreeMap::new(),
            url: String::new(),
            sticky_buckets: false,
        }
    }
}

/// What all features of a file share
struct File<'f> {
    options: &'f GrowthBookOptions,
    conditions: Conditions<'f>,
    bandits: Option<At<'f>>,
    keys: &'f Keys,
    experiment_keys: &'f Keys,
}

pub(crate) fn convert(options: &Options, source: &Json) -> Result<Imported, ImportError> {
    let root = At::root(source);
    let Some(features) = root.get("features") else {
        return Err(root.error(if root.get("encryptedFeatures").is_some() {
            "the payload is encrypted: use an SDK connection without encryption"
        } else {
            "expected `features`, as the endpoint /api/features/KEY has them"
        }));
    };
    let features = features.members()?;
    let experiments = root.list("experiments")?;
    let experiment_name = |experiment: &At<'_>| {
        experiment
            .value
            .get("key")
            .and_then(Json::as_str)
            .map(str::to_owned)
    };
    let experiment_names: Vec<_> = experiments.iter().filter_map(experiment_name).collect();
    let names = features.iter().map(|(name, _)| *name);
    let names: BTreeSet<&str> = names
        .chain(experiment_names.iter().map(String::as_str))
        .collect();
    let keys = Keys::new(names.iter().copied());
    let experiment_keys = experiment_keys(&features, &experiment_names);
    let file = File {
        options: &options.growthbook,
        conditions: Conditions::new(root.get("savedGroups"), &options.approximate)?,
        bandits: root.get("contextualBandits"),
        keys: &keys,
        experiment_keys: &Keys::new(experiment_keys.iter().map(String::as_str)),
    };

    let mut draft = Draft::default();
    let mut parents = Parents::new(&features);
    let mut reports = BTreeMap::new();
    while let Some((name, feature)) = parents.next() {
        let (report, outcomes) = file.feature(&mut draft, &parents, name, &feature);
        parents.add(name, outcomes);
        reports.insert(name, report);
    }
    for (name, feature) in &features {
        let report = reports.remove(name).unwrap_or_else(|| {
            let mut report = FlagReport::new(name, &feature.pointer);
            let message =
                "its prerequisites form a cycle, or lead to one: remove one of them in GrowthBook";
            report.refuse(feature.pointer_of("rules"), message);
            report
        });
        draft.report.push(report);
    }
    for experiment in experiments {
        let report = file.experiment(&mut draft, &parents, &features, &experiment);
        draft.report.push(report);
    }
    draft.keys = keys;
    Ok(draft.finish(options, None))
}

/// The keys of all experiments
fn experiment_keys(features: &[(&str, At<'_>)], experiments: &[String]) -> BTreeSet<String> {
    let mut keys: BTreeSet<String> = experiments.iter().cloned().collect();
    for (name, feature) in features {
        let rules = feature.value.get("rules").and_then(Json::as_array);
        for rule in rules.into_iter().flatten() {
            let key = rule
                .get("key")
                .and_then(Json::as_str)
                .filter(|key| !key.is_empty());
            keys.insert(key.unwrap_or(name).to_owned());
        }
    }
    keys
}

impl<'f> File<'f> {
    /// Converts a feature whose parents are converted
    fn feature(
        &self,
        draft: &mut Draft,
        parents: &Parents<'_>,
        name: &'f str,
        feature: &At<'f>,
    ) -> (FlagReport, Outcomes) {
        let mut flag = FeatureDraft::new(self, name, feature);
        let mut outcomes = Outcomes::Refused;
        if parents.is_cyclic(name) {
            flag.report.remark(
                feature.pointer_of("rules"),
                "its first prerequisite leads back to it, so it is null for everybody, as in GrowthBook",
            );
            outcomes = Outcomes::Cyclic;
        } else {
            let converted = flag.convert(feature, parents);
            flag.note(converted);
            if !flag.report.is_refused() {
                outcomes = Outcomes::Values(flag.values.outcomes());
            }
        }
        (flag.finish(draft), outcomes)
    }

    /// Converts an experiment that is not a rule of a feature
    fn experiment(
        &self,
        draft: &mut Draft,
        parents: &Parents<'_>,
        features: &[(&str, At<'f>)],
        experiment: &At<'f>,
    ) -> FlagReport {
        let name = match experiment.required("key") {
            Ok(name) => name,
            Err(error) => {
                let mut report = FlagReport::new("", &experiment.pointer);
                report.refuse_error(error);
                return report;
            }
        };
        let mut flag = FeatureDraft::new(self, name, experiment);
        if features.iter().any(|(feature, _)| *feature == name)
            || draft.flags.contains_key(&self.keys.of(name))
        {
            let message = "a feature or another experiment has the same key";
            flag.report.refuse(experiment.pointer_of("key"), message);
        }
        let converted = flag.convert_experiment(experiment, parents);
        flag.note(converted);
        flag.finish(draft)
    }

    /// The version of the language that the flags need
    const NEEDS: u32 = NEEDS;
}
