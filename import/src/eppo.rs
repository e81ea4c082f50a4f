//! Eppo: the universal flag configuration of server SDKs
//!
//! An allocation becomes a rule: its window, its rules as the condition, its splits as the serve. If no allocation matches, nothing is
//! served, and the caller's default is used.

use flagstaff_core::dialect::pattern::{self, PatternProblem};
use flagstaff_core::{Timestamp, Value, dialect, limits};
use serde_json::{Map, Value as Json, json};

use crate::answers::{Answer, FlagAnswers};
use crate::draft::{Draft, Keys, NEEDS, Variants};
use crate::report::FlagReport;
use crate::source::At;
use crate::{ImportError, Imported, Options};

pub(crate) fn convert(options: &Options, source: &Json) -> Result<Imported, ImportError> {
    let root = At::root(source);
    let format = root.text("format")?;
    let flags = root.get("flags");
    let (Some(flags), None | Some("SERVER")) = (flags, format) else {
        let message = "expected the universal flag configuration of Eppo's server SDKs: an object with `format` `SERVER` and `flags`; that of clients has hashed keys and values";
        return Err(root.error(message));
    };
    let flags = flags.members()?;
    let mut draft = Draft {
        keys: Keys::new(flags.iter().map(|(name, _)| *name)),
        ..Draft::default()
    };
    for (name, at) in &flags {
        let mut report = FlagReport::new(name, &at.pointer);
        let key = draft.keys.of(name);
        if key != *name {
            let message =
                format!("its key here is `{key}`: keys have letters, digits, `.`, `_` and `-`");
            report.remark(at.pointer.clone(), message);
        }
        match flag(at, &mut report) {
            Ok((flag, answers)) if !report.is_refused() => {
                draft.flags.insert(key.clone(), flag);
                draft.answers.insert(key, answers);
            }
            Ok(_) => {}
            Err(ImportError::Shape { pointer, message }) => report.refuse(pointer, message),
            Err(error) => return Err(error),
        }
        draft.report.push(report);
    }
    let environment = root.get("environment");
    let environment = environment.as_ref().map(|at| at.text("name")).transpose()?;
    Ok(draft.finish(options, environment.flatten()))
}

/// Our type of the flag, and the type that Eppo's getters expect
fn types(at: &At<'_>) -> Result<(&'static str, &'static str), ImportError> {
    match at.required("variationType")? {
        "STRING" => Ok(("string", "string")),
        "INTEGER" => Ok(("number", "integer")),
        "NUMERIC" => Ok(("number", "number")),
        "BOOLEAN" => Ok(("boolean", "boolean")),
        "JSON" => Ok(("object", "object")),
        other => Err(at.error(format!("unknown `variationType` `{other}`"))),
    }
}

fn flag(at: &At<'_>, report: &mut FlagReport) -> Result<(Json, FlagAnswers), ImportError> {
    let (flag_type, asked) = types(at)?;
    let total = at.whole("totalShards")?;
    let total = total.ok_or_else(|| at.error("missing `totalShards`"))?;
    let mut variations = Variations::read(at, flag_type, report)?;
    let mut rules = Vec::new();
    for allocation in at.list("allocations")? {
        let rule = rule(&allocation, total, &variations, report)?;
        rules.extend(rule.map(Json::Object));
    }
    if rules.len() > limits::MAX_RULES {
        let message = format!("a flag has at most {} rules", limits::MAX_RULES);
        report.refuse(at.pointer_of("allocations"), message);
    }
    if variations.variants.values.is_empty() {
        // A flag of ours needs a variant; this one is never served.
        let value = match flag_type {
            "string" => json!(""),
            "number" => json!(0),
            "boolean" => json!(false),
            _ => json!({}),
        };
        variations.variants.add("none", value);
    }
    let flag = json!({
        "type": flag_type, "enabled": at.boolean("enabled", false)?, "needs": NEEDS,
        "variants": variations.variants.values, "offVariant": null, "rules": rules, "serve": null,
    });
    let named = variations.names.iter();
    let cases = named
        .filter(|(theirs, ours)| theirs != ours)
        .map(|(theirs, ours)| Answer::of_variant(Some(ours)).with("variant", theirs.as_str()));
    let code = |name: &str, value: Json, code: &str| {
        let mut answer = Answer::default();
        answer.when.insert(name.to_owned(), value);
        answer.with("detail", json!({"flagEvaluationCode": code}))
    };
    let mut answers = FlagAnswers {
        expected_type: Some(asked),
        untyped: false,
        cases: vec![
            code("errorCode", Json::Null, "MATCH"),
            code("variant", Json::Null, "DEFAULT_ALLOCATION_NULL"),
            code("reason", "DISABLED".into(), "FLAG_UNRECOGNIZED_OR_DISABLED"),
            code("errorCode", "TYPE_MISMATCH".into(), "ASSIGNMENT_ERROR"),
        ],
    };
    answers.cases.extend(cases);
    Ok((flag, answers))
}

/// The variations of a flag by key, each with our variant; those without a value of the flag's type are left out
struct Variations {
    variants: Variants,
    names: Vec<(String, String)>,
}

impl Variations {
    fn read(at: &At<'_>, flag_type: &str, report: &mut FlagReport) -> Result<Self, ImportError> {
        let mut variations = Self {
            variants: Variants::default(),
            names: Vec::new(),
        };
        let Some(list) = at.get("variations") else {
            return Err(at.error("missing `variations`"));
        };
        for (_, variation) in list.members()? {
            let key = variation.required("key")?;
            let value = variation.value.get("value").cloned().unwrap_or_default();
            let value = match (flag_type, value) {
                ("object", Json::String(text)) => serde_json::from_str(&text).unwrap_or_default(),
                (_, value) => value,
            };
            let is_valid = match flag_type {
                "string" => value.is_string(),
                "number" => value.is_number(),
                "boolean" => value.is_boolean(),
                _ => value.is_object() || value.is_array(),
            };
            if is_valid {
                let ours = variations.variants.add(key, value);
                variations.names.push((key.to_owned(), ours));
            } else if flag_type == "object" && !value.is_null() {
                let message = "a JSON variation that is neither an object nor an array is not taken over: put it into an object in Eppo";
                report.refuse(variation.pointer_of("value"), message);
            } else {
                let message = format!(
                    "the value is no {flag_type}: Eppo answers the caller's default for it, and so does this flag"
                );
                report.remark(variation.pointer_of("value"), message);
            }
        }
        if variations.names.len() > limits::MAX_VARIANTS {
            let message = format!("a flag has at most {} variants", limits::MAX_VARIANTS);
            report.refuse(at.pointer_of("variations"), message);
        }
        Ok(variations)
    }

    fn name(&self, key: &str) -> Option<&str> {
        let found = self.names.iter().find(|(theirs, _)| theirs == key);
        found.map(|(_, ours)| ours.as_str())
    }
}

/// An allocation as a rule; `None` if it never matches
fn rule(
    at: &At<'_>,
    total: u64,
    variations: &Variations,
    report: &mut FlagReport,
) -> Result<Option<Map<String, Json>>, ImportError> {
    let key = at.required("key")?;
    let mut rule = Map::new();
    if !key.is_empty() {
        rule.insert(
            "id".to_owned(),
            key.chars()
                .take(limits::MAX_NAME_LENGTH)
                .collect::<String>()
                .into(),
        );
    }
    // An allocation includes both ends. Our window ends before `until`, and is exact to the millisecond.
    let start = instant(at, "startAt")?.map(|(at, rest)| at.saturating_add(i64::from(rest)));
    let end = instant(at, "endAt")?.map(|(at, _)| at.saturating_add(1));
    if start.zip(end).is_some_and(|(start, end)| end <= start) {
        report.remark(
            at.pointer.clone(),
            "the allocation ends before it starts, and so it is left out",
        );
        return Ok(None);
    }
    for (name, end) in [("from", start), ("until", end)] {
        if let Some(end) = end {
            let text = Timestamp::from_millis(end).to_string();
            rule.insert(name.to_owned(), text.into());
        }
    }
    let alternatives = at.list("rules")?;
    if !alternatives.is_empty() {
        let mut any = Vec::new();
        for alternative in &alternatives {
            any.extend(condition(alternative, report)?);
        }
        let when = match (any.len(), any.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                any.extend(last);
                json!({"any": any})
            }
        };
        rule.insert("when".to_owned(), when);
    }
    match serve(at, total, variations, report)? {
        Some(serve) => {
            rule.insert("serve".to_owned(), serve);
            Ok(Some(rule))
        }
        None => Ok(None),
    }
}

/// Milliseconds of an instant, and whether it has more digits
fn instant(at: &At<'_>, name: &str) -> Result<Option<(i64, bool)>, ImportError> {
    let Some(text) = at.text(name)? else {
        return Ok(None);
    };
    let expected = || {
        let found = at.get(name);
        let error = |found: &At<'_>| found.error("expected a date and time with a zone");
        found
            .as_ref()
            .map_or_else(|| at.error("expected a date"), error)
    };
    let millis = Timestamp::parse(text).ok_or_else(expected)?;
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    let mut beyond = fraction.bytes().take_while(u8::is_ascii_digit).skip(3);
    Ok(Some((
        millis.as_millis(),
        beyond.any(|digit| digit != b'0'),
    )))
}

/// A rule of an allocation as a condition: all of its conditions; `None` if one of them can never hold
fn condition(at: &At<'_>, report: &mut FlagReport) -> Result<Option<Json>, ImportError> {
    let mut all = Vec::new();
    for condition in at.list("conditions")? {
        let value: Value = serde_json::from_value(condition.value.clone())
            .map_err(|error| condition.error(error.to_string()))?;
        let text = |name: &str| condition.value.get(name).and_then(Json::as_str);
        if let (Some("MATCHES" | "NOT_MATCHES"), Some(pattern)) = (text("operator"), text("value"))
            && let Some(PatternProblem::TooLarge(why)) = pattern::problem(pattern, false)
        {
            let message = format!("{why}: write it shorter in Eppo");
            report.refuse(condition.pointer_of("value"), message);
            return Ok(None);
        }
        if let Some(Err(refusal)) = dialect::condition("eppo", &value) {
            let message = format!(
                "Eppo cannot read the condition, so that it never holds, there and here: {}",
                refusal.message
            );
            report.remark(format!("{}{}", condition.pointer, refusal.pointer), message);
            return Ok(None);
        }
        all.push(json!({"dialect": "eppo", "expression": condition.value}));
    }
    Ok(Some(match (all.len(), all.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            all.extend(last);
            json!({"all": all})
        }
    }))
}

/// The splits of an allocation; `None` where there are none
fn serve(
    at: &At<'_>,
    total: u64,
    variations: &Variations,
    report: &mut FlagReport,
) -> Result<Option<Json>, ImportError> {
    let splits = at.list("splits")?;
    let (mut arms, mut shards_of) = (Vec::new(), Vec::new());
    for split in &splits {
        let key = split.required("variationKey")?;
        let variant = variations.name(key);
        if variant.is_none() {
            let message = format!(
                "there is no valid variation `{key}`: Eppo answers the caller's default, and so does this flag"
            );
            report.remark(split.pointer_of("variationKey"), message);
        }
        let mut shards = Vec::new();
        let mut weight = total;
        for shard in split.list("shards")? {
            let mut ranges = Vec::new();
            let mut width = 0_u64;
            for range in shard.list("ranges")? {
                let end = |name: &str| {
                    let end = range.whole(name)?;
                    end.ok_or_else(|| range.error(format!("missing `{name}`")))
                };
                let (start, end) = (end("start")?, end("end")?);
                width = width.saturating_add(end.saturating_sub(start));
                ranges.push(json!({"start": start, "end": end}));
            }
            weight = weight.min(width);
            shards.push(json!({"salt": shard.required("salt")?, "ranges": ranges}));
        }
        arms.push(json!({"variant": variant, "weight": weight}));
        shards_of.push(Json::Array(shards));
    }
    if arms.len() > limits::MAX_ARMS {
        let message = format!("a split has at most {} arms", limits::MAX_ARMS);
        report.refuse(at.pointer_of("splits"), message);
    }
    if let ([arm], [Json::Array(shards)]) = (arms.as_slice(), shards_of.as_slice())
        && shards.is_empty()
    {
        return Ok(Some(arm.get("variant").cloned().unwrap_or_default()));
    }
    let parameters = json!({"totalShards": total, "splits": shards_of});
    let serve = json!({"algorithm": "eppo", "parameters": parameters, "arms": arms});
    Ok((!arms.is_empty()).then_some(serve))
}
