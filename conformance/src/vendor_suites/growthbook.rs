//! GrowthBook's `cases.json`: 424 cases through a document; the other 63 about evaluation are tests of the core

#![expect(
    clippy::indexing_slicing,
    reason = "a missing member of JSON is null, and what is written to is an object"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::{Judge, list, read};

/// A case of GrowthBook about a feature: its flag, and what must be answered
type Asked<'j> = (String, &'j Json, Json);

/// Conditions, features, bandits, experiments and sticky buckets; the 63 vectors about single hashes are tests of the core
pub(super) fn run(folder: &Path, judge: &mut Judge<'_>) -> Result<(), Box<dyn Error>> {
    let cases = read(&folder.join("growthbook/cases.json"))?;
    conditions(&cases, judge)?;
    features(&cases, judge)?;
    experiments(&cases, judge)?;
    sticky_buckets(&cases, judge)
}

/// Asks about the flags of one file
fn ask(
    judge: &mut Judge<'_>,
    (options, file): (&Json, &Json),
    asked: &[Asked<'_>],
) -> Result<(), Box<dyn Error>> {
    judge.load("growthbook", options, file)?;
    for (flag, attributes, expected) in asked {
        let request = json!({
            "op": "evaluate", "flag": flag, "context": attributes, "now": "2026-01-01T00:00:00Z",
        });
        judge.vector(flag, &request, expected)?;
    }
    Ok(())
}

/// All conditions with the same saved groups are features of one file
fn conditions(cases: &Json, judge: &mut Judge<'_>) -> Result<(), Box<dyn Error>> {
    let mut by_groups: BTreeMap<String, (Json, Vec<Asked<'_>>)> = BTreeMap::new();
    for (index, case) in list(cases, "evalCondition").iter().enumerate() {
        let (file, asked) = by_groups.entry(case[4].to_string()).or_insert_with(|| {
            let groups = case.get(4).cloned().unwrap_or_else(|| json!({}));
            (json!({"features": {}, "savedGroups": groups}), Vec::new())
        });
        let flag = format!("condition-{index}");
        file["features"][&flag] = json!({
            "defaultValue": false, "rules": [{"force": true, "condition": case[1]}],
        });
        asked.push((flag, &case[2], json!({"value": case[3]})));
    }
    for (file, asked) in by_groups.values() {
        ask(judge, (&json!({}), file), asked)?;
    }
    Ok(())
}

/// The members of the vendor's context that are the file, and those that a program passes to its SDK
fn split_context(context: &Json) -> (Json, Json) {
    let mut options = context.clone();
    let mut file = json!({"features": {}});
    if let (Json::Object(options), Json::Object(file)) = (&mut options, &mut file) {
        for name in ["features", "savedGroups", "contextualBandits"] {
            file.extend(options.remove(name).map(|member| (name.to_owned(), member)));
        }
        options.remove("attributes");
    }
    (options, file)
}

fn features(cases: &Json, judge: &mut Judge<'_>) -> Result<(), Box<dyn Error>> {
    let nobody = json!({});
    for case in [list(cases, "feature"), list(cases, "contextualBandit")].concat() {
        let (options, file) = split_context(&case[1]);
        let result = &case[3];
        let experiment = result.get("experimentResult");
        let mut expected = json!({"value": result["value"], "inExperiment": experiment.is_some()});
        if let Some(experiment) = experiment {
            expected["variant"] = experiment["key"].clone();
            expected["index"] = experiment["variationId"].clone();
            expected["reason"] = json!("SPLIT");
        }
        let flag = case[2].as_str().unwrap_or_default().to_owned();
        let attributes = case[1].get("attributes").unwrap_or(&nobody);
        let asked = [(flag, attributes, expected)];
        ask(judge, (&options, &file), &asked)?;
    }
    Ok(())
}

/// Experiments of which the program forces nothing are in one file; the seed of each is the key that it had
fn experiments(cases: &Json, judge: &mut Judge<'_>) -> Result<(), Box<dyn Error>> {
    let nobody = json!({});
    let mut together = json!({"features": {}, "experiments": []});
    let mut asked_together = Vec::new();
    for (index, case) in list(cases, "run").iter().enumerate() {
        let (options, mut file) = split_context(&case[1]);
        let attributes = case[1].get("attributes").unwrap_or(&nobody);
        let expected = json!({"value": case[3], "inExperiment": case[4]});
        let mut experiment = case[2].clone();
        if options == json!({}) && file == json!({"features": {}}) {
            let flag = format!("experiment-{index}");
            let key = experiment["key"].clone();
            let seed = experiment.get("seed").cloned().unwrap_or(key);
            experiment["seed"] = seed;
            experiment["key"] = json!(flag);
            if let Json::Array(experiments) = &mut together["experiments"] {
                experiments.push(experiment);
            }
            asked_together.push((flag, attributes, expected));
        } else {
            let flag = case[2]["key"].as_str().unwrap_or_default().to_owned();
            file["experiments"] = json!([experiment]);
            ask(judge, (&options, &file), &[(flag, attributes, expected)])?;
        }
    }
    ask(judge, (&json!({}), &together), &asked_together)
}

fn sticky_buckets(cases: &Json, judge: &mut Judge<'_>) -> Result<(), Box<dyn Error>> {
    for case in list(cases, "stickyBucket") {
        let (_, file) = split_context(&case[1]);
        let mut attributes = case[1]["attributes"].clone();
        let mut documents = json!({});
        for document in case[2].as_array().into_iter().flatten() {
            let text = |name: &str| document[name].as_str().unwrap_or_default();
            let key = [text("attributeName"), "||", text("attributeValue")].concat();
            documents[key] = document.clone();
        }
        attributes["stickyBucketAssignmentDocs"] = documents;
        let result = &case[4];
        let mut expected = json!({"inExperiment": result.is_object()});
        if result.is_object() {
            expected["value"] = result["value"].clone();
            expected["variant"] = result["key"].clone();
            expected["index"] = result["variationId"].clone();
        }
        let flag = case[3].as_str().unwrap_or_default().to_owned();
        let options = json!({"stickyBuckets": true});
        ask(judge, (&options, &file), &[(flag, &attributes, expected)])?;
    }
    Ok(())
}
