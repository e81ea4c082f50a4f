//! Flags: variations, prerequisites, targets, rules and the fallthrough

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::clause::{self, Findings, keys};
use super::{Converted, Result, Source, integer, list, note, text};
use crate::draft::NEEDS;
use crate::{Answer, FlagAnswers};

/// The name of the off variant of a flag of which others require the variation that it serves while it is off
const OFF: &str = "off";

/// The id of the rule that serves the off variation unless all prerequisites are met
const PREREQUISITES: &str = "prerequisites";

/// A flag while it is converted
pub(super) struct Flag<'f> {
    pub(super) source: &'f Source<'f>,
    pub(super) key: &'f str,
    pub(super) json: &'f Json,
    pub(super) pointer: String,
    pub(super) variations: &'f [Json],
    pub(super) findings: Findings,
    /// The flags that it requires, and where
    required: BTreeMap<String, String>,
}

pub(super) fn convert(source: &Source<'_>, key: &str, json: &Json) -> Result<Converted> {
    let pointer = clause::pointer(source, "flags", key);
    let variations = list(json, "variations", &pointer)?;
    // One more may be needed for the off variant.
    if !(1..100).contains(&variations.len()) {
        return Err(note(
            &format!("{pointer}/variations"),
            "expected 1 to 99 variations",
        ));
    }
    let mut flag = Flag {
        source,
        key,
        json,
        pointer,
        variations,
        findings: Findings::default(),
        required: BTreeMap::new(),
    };
    let (members, answers) = flag.members()?;
    Ok(Converted {
        json: members.into(),
        notes: flag.findings.notes,
        flags: flag.required,
        segments: flag.findings.segments,
        answers,
    })
}

/// The type of all variations; `None` if they have several types, or one that our flags do not have
fn common_type(variations: &[Json]) -> Option<&'static str> {
    let of = |value: &Json| match value {
        Json::Bool(_) => Some("boolean"),
        Json::String(_) => Some("string"),
        Json::Number(_) => Some("number"),
        Json::Array(_) | Json::Object(_) => Some("object"),
        Json::Null => None,
    };
    let first = of(variations.first()?);
    first.filter(|_| variations.iter().all(|value| of(value) == first))
}

impl Flag<'_> {
    fn members(&mut self) -> Result<(Map<String, Json>, FlagAnswers)> {
        let off = integer(self.json, "offVariation", &self.pointer)?;
        let is_required_off =
            self.source.required_off.contains(self.key) && self.name(off).is_some();
        let mut rules = Vec::new();
        let prerequisites = self.prerequisites()?;
        let mut members = Map::new();
        members.insert("needs".into(), NEEDS.into());
        members.insert("dialect".into(), "launchdarkly".into());
        members.insert(
            "type".into(),
            common_type(self.variations).unwrap_or("object").into(),
        );
        members.insert("enabled".into(), self.is_on()?.into());
        members.insert(
            "variants".into(),
            self.variants(off.filter(|_| is_required_off)).into(),
        );
        members.insert("offVariant".into(), self.off_variant(off, is_required_off));
        if self.is_client_side() {
            members.insert("clientSide".into(), true.into());
        }
        if is_required_off && !prerequisites.is_empty() {
            // A flag that requires this flag checks whether it is on, and ignores its own prerequisites.
            rules.push(self.prerequisite_rule(&prerequisites, off));
        } else if !prerequisites.is_empty() {
            let native = prerequisites.iter().map(|(key, variation)| json!({"flag": self.source.flag_keys.of(key), "variants": [variation]}));
            members.insert("prerequisites".into(), native.collect());
        }
        rules.extend(self.targets()?);
        rules.extend(self.rules()?);
        if rules.len() > 1000 {
            return Err(note(
                &format!("{}/rules", self.pointer),
                "expected at most 1,000 targets and rules",
            ));
        }
        members.insert("rules".into(), rules.into());
        let fallthrough = format!("{}/fallthrough", self.pointer);
        let serve = self.serve(
            self.json.get("fallthrough").unwrap_or(&Json::Null),
            &fallthrough,
        )?;
        members.insert("serve".into(), serve);
        Ok((members, self.answers(off.filter(|_| is_required_off))))
    }

    fn is_on(&self) -> Result<bool> {
        match self.json.get("on") {
            None | Some(Json::Null) => Ok(false),
            Some(Json::Bool(is_on)) => Ok(*is_on),
            Some(_) => Err(note(
                &format!("{}/on", self.pointer),
                "expected `true` or `false`",
            )),
        }
    }

    fn is_client_side(&self) -> bool {
        let availability = self
            .json
            .pointer("/clientSideAvailability/usingEnvironmentId");
        availability.or_else(|| self.json.get("clientSide")) == Some(&Json::Bool(true))
    }

    /// The variant of a variation, if it exists
    pub(super) fn name(&self, variation: Option<i64>) -> Option<String> {
        let index = usize::try_from(variation?).ok()?;
        (index < self.variations.len()).then(|| index.to_string())
    }

    fn variants(&self, off: Option<i64>) -> Map<String, Json> {
        let is_mixed = common_type(self.variations).is_none();
        let wrapped = |value: &Json| {
            if is_mixed {
                json!({"value": value})
            } else {
                value.clone()
            }
        };
        let mut variants: Map<String, Json> = self
            .variations
            .iter()
            .enumerate()
            .map(|(index, value)| (index.to_string(), wrapped(value)))
            .collect();
        let off = off.and_then(|off| self.variations.get(usize::try_from(off).ok()?));
        if let Some(off) = off {
            variants.insert(OFF.into(), wrapped(off));
        }
        variants
    }

    fn off_variant(&mut self, off: Option<i64>, is_required: bool) -> Json {
        if is_required {
            return OFF.into();
        }
        let name = self.name(off);
        if off.is_some() && name.is_none() {
            let message = "there is no such variation: while the flag is off it serves nothing, which is MALFORMED_FLAG in LaunchDarkly and DISABLED here";
            self.remark("offVariation", message);
        }
        name.into()
    }

    fn remark(&mut self, name: &str, message: &str) {
        let pointer = format!("{}/{name}", self.pointer);
        self.findings.notes.push(note(&pointer, message));
    }

    /// The flags that must be on, each with the variant that it must serve
    fn prerequisites(&mut self) -> Result<Vec<(String, String)>> {
        let mut found = Vec::new();
        for (index, prerequisite) in list(self.json, "prerequisites", &self.pointer)?
            .iter()
            .enumerate()
        {
            let pointer = format!("{}/prerequisites/{index}", self.pointer);
            let Some(key) = text(prerequisite, "key", &pointer)? else {
                return Err(note(
                    &format!("{pointer}/key"),
                    "expected the key of a flag",
                ));
            };
            let Some(variation) = integer(prerequisite, "variation", &pointer)? else {
                return Err(note(
                    &format!("{pointer}/variation"),
                    "expected the index of a variation",
                ));
            };
            if self.is_present(key) {
                self.required
                    .insert(key.to_owned(), format!("{pointer}/key"));
            } else {
                let message =
                    format!("there is no flag `{key}`, so that this prerequisite is never met");
                self.findings.notes.push(note(&pointer, &message));
            }
            found.push((key.to_owned(), variation.to_string()));
        }
        Ok(found)
    }

    fn is_present(&self, key: &str) -> bool {
        let flag = self.source.flags.get(key);
        flag.is_some_and(|flag| flag.get("deleted") != Some(&Json::Bool(true)))
    }

    /// A rule that serves the off variation unless all prerequisites are met
    fn prerequisite_rule(&self, prerequisites: &[(String, String)], off: Option<i64>) -> Json {
        let conditions: Vec<Json> = prerequisites
            .iter()
            .map(|(key, variation)| {
                let flag = self.source.flags.get(key).filter(|_| self.is_present(key));
                let variations = flag.and_then(|flag| flag.get("variations")?.as_array());
                let index = variation.parse::<usize>().ok();
                let exists = variations
                    .zip(index)
                    .is_some_and(|(all, index)| index < all.len());
                if exists {
                    json!({"flag": self.source.flag_keys.of(key), "variants": [variation]})
                } else {
                    json!({"any": []})
                }
            })
            .collect();
        json!({
            "id": PREREQUISITES,
            "when": {"not": {"all": conditions}},
            "serve": self.name(off),
        })
    }

    /// A rule for each list of keys
    fn targets(&mut self) -> Result<Vec<Json>> {
        let users = list(self.json, "targets", &self.pointer)?;
        let contexts = list(self.json, "contextTargets", &self.pointer)?;
        let mut rules = Vec::new();
        let (lists, field) = if contexts.is_empty() {
            (users, "targets")
        } else {
            (contexts, "contextTargets")
        };
        for (index, target) in lists.iter().enumerate() {
            let pointer = format!("{}/{field}/{index}", self.pointer);
            let kind = text(target, "contextKind", &pointer)?.filter(|kind| *kind != "user");
            // The keys of users are always in the older list, and the newer one gives the order.
            let own = match kind {
                Some(_) => Some(target),
                None if contexts.is_empty() => Some(target),
                None => users
                    .iter()
                    .find(|user| user.get("variation") == target.get("variation")),
            };
            let kind = if contexts.is_empty() { None } else { kind };
            let Some(own) = own else { continue };
            let Some(values @ Json::Array(_)) = own.get("values") else {
                return Err(note(&format!("{pointer}/values"), "expected an array"));
            };
            let serve = self.serve(&json!({"variation": target.get("variation")}), &pointer)?;
            rules.push(json!({"id": format!("target-{index}"), "when": keys(kind, values), "serve": serve}));
        }
        Ok(rules)
    }

    fn rules(&mut self) -> Result<Vec<Json>> {
        let mut rules = Vec::new();
        for (index, rule) in list(self.json, "rules", &self.pointer)?.iter().enumerate() {
            let pointer = format!("{}/rules/{index}", self.pointer);
            let mut converted = Map::new();
            if let Some(id) = text(rule, "id", &pointer)? {
                converted.insert("id".into(), id.into());
            }
            let mut when = clause::all(self.source, rule, &pointer, &mut self.findings)?;
            match when.len() {
                0 => None,
                1 => converted.insert("when".into(), when.remove(0)),
                _ => converted.insert("when".into(), json!({"all": when})),
            };
            converted.insert("serve".into(), self.serve(rule, &pointer)?);
            rules.push(converted.into());
        }
        Ok(rules)
    }

    /// The conversion of our outcomes to LaunchDarkly's: the index of the variation, and its value
    fn answers(&self, off: Option<i64>) -> FlagAnswers {
        let is_mixed = common_type(self.variations).is_none();
        let case = |name: Option<&str>, index: Option<usize>| {
            let answer = Answer::of_variant(name).with("index", index);
            let value = index.and_then(|index| self.variations.get(index));
            match value.filter(|_| is_mixed) {
                Some(value) => answer.with("value", value.clone()),
                None => answer,
            }
        };
        let mut cases = vec![case(None, None)];
        for index in 0..self.variations.len() {
            cases.push(case(Some(&index.to_string()), Some(index)));
        }
        if let Some(index) = off.and_then(|off| usize::try_from(off).ok()) {
            cases.push(case(Some(OFF), Some(index)));
            // The rule stands for prerequisites, which are told as such.
            let mut unmet = Answer::default()
                .with("reason", "DISABLED")
                .with("enabled", false);
            let detail = json!({"step": "rule", "id": PREREQUISITES});
            unmet.when.insert("detail".to_owned(), detail);
            cases.push(unmet);
        }
        FlagAnswers {
            untyped: is_mixed,
            cases,
            ..FlagAnswers::default()
        }
    }
}
