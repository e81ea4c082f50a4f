//! GrowthBook's own vectors about conditions and hashes; those about whole features are run by `import/tests/growthbook.rs`

use std::fs;
use std::path::Path;

use super::attribute::Subject;
use super::bucket::{bucket_ranges, choose_variation, equal_weights, hash, is_in_namespace};
use super::{Condition, choice, condition};
use crate::context::Context;
use crate::dialect::{Choice, Chosen};
use crate::value::Value;
use crate::value::timestamp::Timestamp;

const NOW: Timestamp = Timestamp::from_millis(0);

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A section of the vendor's cases, or nothing where they are not beside this repository
#[expect(clippy::print_stderr, reason = "the test says why it compares nothing")]
fn section(name: &str) -> Option<Vec<serde_json::Value>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/vendor-suites/growthbook/cases.json");
    let Ok(text) = fs::read_to_string(&path) else {
        eprintln!("skipped: {} does not exist", path.display());
        return None;
    };
    let mut cases: serde_json::Value = serde_json::from_str(&text).unwrap();
    Some(serde_json::from_value(cases[name].take()).unwrap())
}

fn floats(value: &serde_json::Value) -> Vec<f64> {
    let values = value.as_array().unwrap();
    values.iter().map(|value| value.as_f64().unwrap()).collect()
}

fn ranges(value: &serde_json::Value) -> Vec<(f64, f64)> {
    let ranges = value.as_array().unwrap().iter().map(floats);
    ranges.map(|range| (range[0], range[1])).collect()
}

/// Whether two numbers are the same to eight decimals, as the vendor's own test compares them
fn is_near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-8
}

/// Writes saved groups out, as the importer does
fn without_groups(condition: &mut serde_json::Value, groups: &serde_json::Value) {
    if let Some(members) = condition.as_object_mut() {
        for (name, member) in members {
            if matches!(name.as_str(), "$inGroup" | "$notInGroup") {
                let ids = groups.get(member.as_str().unwrap());
                *member = ids.cloned().unwrap_or_else(|| serde_json::json!([]));
            } else {
                without_groups(member, groups);
            }
        }
    } else if let Some(elements) = condition.as_array_mut() {
        for element in elements {
            without_groups(element, groups);
        }
    }
}

#[test]
fn all_248_conditions_of_the_vendor_hold_as_expected() {
    let Some(cases) = section("evalCondition") else {
        return;
    };
    for case in &cases {
        let mut given = case[1].clone();
        without_groups(&mut given, &case[4]);
        let condition = condition(&value(&given.to_string())).unwrap();
        let context = Context::from_json(&case[2].to_string()).unwrap();
        let holds = condition.holds(&context, NOW);
        assert_eq!(Some(holds), case[3].as_bool(), "{case}");
    }
    assert_eq!(cases.len(), 248);
}

#[test]
fn all_63_primitives_of_the_vendor_are_as_expected() {
    let mut count = 0;
    for name in [
        "hash",
        "getBucketRange",
        "chooseVariation",
        "inNamespace",
        "getEqualWeights",
    ] {
        let Some(cases) = section(name) else { return };
        for case in &cases {
            let is_expected = match name {
                "hash" => {
                    let version = u32::try_from(case[2].as_u64().unwrap()).unwrap();
                    let seed = case[0].as_str().unwrap();
                    hash(seed, case[1].as_str().unwrap(), version) == case[3].as_f64()
                }
                "getBucketRange" => {
                    let weights = (!case[1][2].is_null()).then(|| floats(&case[1][2]));
                    let count = usize::try_from(case[1][0].as_u64().unwrap()).unwrap();
                    let coverage = case[1][1].as_f64().unwrap();
                    let found = bucket_ranges(count, coverage, weights.as_deref());
                    let expected = ranges(&case[2]);
                    found.len() == expected.len()
                        && found
                            .iter()
                            .zip(&expected)
                            .all(|(one, other)| is_near(one.0, other.0) && is_near(one.1, other.1))
                }
                "chooseVariation" => {
                    let found = choose_variation(case[1].as_f64().unwrap(), &ranges(&case[2]));
                    found.map_or(-1, |index| i64::try_from(index).unwrap())
                        == case[3].as_i64().unwrap()
                }
                "inNamespace" => {
                    let (name, range) = (&case[2][0], (&case[2][1], &case[2][2]));
                    let range = (range.0.as_f64().unwrap(), range.1.as_f64().unwrap());
                    let id = case[1].as_str().unwrap();
                    Some(is_in_namespace(id, name.as_str().unwrap(), range)) == case[3].as_bool()
                }
                _ => {
                    let count = usize::try_from(case[0].as_i64().unwrap()).unwrap_or(0);
                    let (found, expected) = (equal_weights(count), floats(&case[1]));
                    found.len() == expected.len()
                        && found
                            .iter()
                            .zip(&expected)
                            .all(|(one, other)| is_near(*one, *other))
                }
            };
            assert!(is_expected, "{name}: {case}");
            count += 1;
        }
    }
    assert_eq!(count, 63);
}

#[test]
fn hashes_are_over_utf_16_units() {
    for (text, first, second) in [
        ("é", 0.137, 0.8663),
        ("日本", 0.545, 0.9652),
        ("😀", 0.429, 0.4346),
    ] {
        assert_eq!(hash("seed", text, 1), Some(first), "{text}");
        assert_eq!(hash("seed", text, 2), Some(second), "{text}");
    }
}

fn holds(expression: &str, context: &str) -> bool {
    let condition = condition(&value(expression)).unwrap();
    condition.holds(&Context::from_json(context).unwrap(), NOW)
}

#[test]
fn attributes_are_compared_as_javascript_does() {
    for (expression, context, is_it) in [
        // A missing attribute is `null`, whose text is `null` and whose number is 0.
        (r#"{"a": "null"}"#, "{}", true),
        (r#"{"a": 0}"#, "{}", true),
        (r#"{"a": {"$lt": 1}}"#, "{}", true),
        (r#"{"a": {"$eq": 0}}"#, "{}", false),
        (r#"{"a": {"$in": [null]}}"#, "{}", true),
        (r#"{"a": "1,2"}"#, r#"{"a": [1, 2]}"#, true),
        (r#"{"a": 5}"#, r#"{"a": " 0x5 "}"#, true),
        (r#"{"a": true}"#, r#"{"a": "false"}"#, true),
        (r#"{"a": {"$eq": "5"}}"#, r#"{"a": 5}"#, false),
        (
            r#"{"a": {"$gt": "\ud800\udc00"}}"#,
            "{\"a\": \"\u{ffff}\"}",
            true,
        ),
        // Paths go through arrays.
        (r#"{"a.1.b": "x"}"#, r#"{"a": [0, {"b": "x"}]}"#, true),
        (r#"{"a.length": 2}"#, r#"{"a": [0, 0]}"#, true),
        (r#"{"a.01": 2}"#, r#"{"a": [0, 2]}"#, false),
        (r#"{"targetingKey": "u"}"#, r#"{"targetingKey": "u"}"#, true),
        // Elements that count as false match nothing.
        (
            r#"{"a": {"$elemMatch": {"$lt": 5}}}"#,
            r#"{"a": [0]}"#,
            false,
        ),
        (
            r#"{"a": {"$elemMatch": {"$lt": 5}}}"#,
            r#"{"a": [1]}"#,
            true,
        ),
        (r#"{"$nor": []}"#, "{}", false),
        (r#"{"a": {}}"#, r#"{"a": {}}"#, true),
        (r#"{"a": {"$regex": "^null$"}}"#, "{}", true),
        (
            r#"{"a": {"$ini": ["STRASSE"]}}"#,
            r#"{"a": "straße"}"#,
            false,
        ),
        (r#"{"v": {"$vgt": "1.9.0"}}"#, r#"{"v": "1.10.0"}"#, true),
        (r#"{"v": {"$veq": 0}}"#, "{}", true),
    ] {
        assert_eq!(holds(expression, context), is_it, "{expression} {context}");
    }
}

#[test]
fn what_cannot_be_exact_is_refused_where_it_stands() {
    for (expression, pointer) in [
        ("[]", ""),
        (r#"{"$or": {}}"#, "/$or"),
        (r#"{"$and": [{"$not": 1}]}"#, "/$and/0/$not"),
        (r#"{"a": {"$regex": "(?=x)"}}"#, "/a/$regex"),
        (r#"{"a.constructor": 1}"#, "/a.constructor"),
        (r#"{"a": {"$inGroup": "g"}}"#, "/a/$inGroup"),
    ] {
        assert_eq!(condition(&value(expression)).unwrap_err().pointer, pointer);
    }
    let deep = format!("{}{{}}{}", r#"{"$not": "#.repeat(40), "}".repeat(40));
    assert!(condition(&value(&deep)).is_err());
    let deep = (0..40).fold(value("{}"), |inner, _| Value::object([("$not", inner)]));
    assert!(Condition::parse(&Value::object([("a", deep)])).is_err());
    assert!(Condition::of_everybody().is_met(Subject::Value(&Value::Null)));
}

fn chosen(parameters: &str, weights: &[f64], context: &str) -> Chosen {
    let choice: Box<dyn Choice> = choice(&value(parameters), weights).unwrap();
    choice.choose(&Context::from_json(context).unwrap(), NOW)
}

#[test]
fn the_edge_of_a_coverage_belongs_to_it_and_the_end_of_a_range_does_not() {
    // hash("feature", "456", 1) is 0.178.
    let at = |parameters: &str| {
        let parameters = format!(r#"{{"seed": "feature", "rollout": {parameters}}}"#);
        chosen(&parameters, &[1.0], r#"{"id": 456}"#)
    };
    assert_eq!(at(r#"{"coverage": 0.178}"#), Chosen::Arm(0));
    assert_eq!(at(r#"{"coverage": 0.177}"#), Chosen::Declined);
    assert_eq!(at(r#"{"range": [0, 0.178]}"#), Chosen::Declined);
    assert_eq!(at(r#"{"range": [0.178, 1]}"#), Chosen::Arm(0));
    assert_eq!(at("{}"), Chosen::Arm(0));
}

#[test]
fn a_value_that_counts_as_false_is_not_hashed() {
    for id in ["null", "0", "\"\"", "false"] {
        let context = format!(r#"{{"id": {id}}}"#);
        assert_eq!(chosen("{}", &[0.5, 0.5], &context), Chosen::Declined);
    }
    let nested = r#"{"seed": "feature", "hashAttribute": "user.id"}"#;
    let context = r#"{"user": {"id": "456"}}"#;
    assert_eq!(chosen(nested, &[0.5, 0.5], context), Chosen::Arm(0));
}

#[test]
fn parameters_are_refused_where_they_are_wrong() {
    for (parameters, pointer) in [
        ("[]", ""),
        (r#"{"other": 1}"#, "/other"),
        (r#"{"seed": 5}"#, "/seed"),
        (r#"{"ranges": [[0]]}"#, "/ranges"),
        (r#"{"filters": [{"seed": []}]}"#, "/filters/0/seed"),
        (
            r#"{"contexts": [{"condition": {"$or": 1}}]}"#,
            "/contexts/0/condition/$or",
        ),
        (r#"{"sticky": {"keys": ["a"]}}"#, "/sticky/keys"),
    ] {
        let refusal = choice(&value(parameters), &[0.5, 0.5]).unwrap_err();
        assert_eq!(refusal.pointer, pointer, "{parameters}");
    }
}
