//! Each finding of the static analysis: a document that has it, and a similar one that does not

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]
#![expect(
    clippy::too_many_lines,
    reason = "tables of what is told and what is not"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "tables read better without borrows"
)]

use flagstaff_analysis::lint::{Finding, Options, Position, Severity, lint, lint_flag};
use flagstaff_core::{Context, Snapshot, Timestamp};
use serde_json::{Value as Json, json};

fn findings(document: &Json, options: Options<'_>) -> Vec<Finding> {
    lint(&document.to_string(), options).unwrap()
}

/// `code pointer` of each finding
fn told(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| format!("{} {}", finding.code, finding.pointer))
        .collect()
}

/// A document with the flag `f`, the default but for these members, and a flag `g` that serves `on` or `off`
fn with(members: &Json) -> Json {
    let mut flag = json!({"type": "boolean", "enabled": true, "serve": "off"});
    let (all, more) = (flag.as_object_mut().unwrap(), members.as_object().unwrap());
    all.extend(more.clone());
    let serve = json!({"variant": "on", "rollout": 50, "onMissing": {"variant": "off"}});
    let g = json!({"type": "boolean", "enabled": true, "serve": serve});
    json!({"schemaVersion": 1, "flags": {"f": flag, "g": g}})
}

fn in_flag(members: &Json) -> Vec<String> {
    told(&findings(&with(members), Options::default()))
}

fn of_rules(rules: &Json) -> Vec<String> {
    in_flag(&json!({"rules": rules}))
}

/// The findings about a condition, except that the rule is unreachable
fn of_condition(condition: &Json) -> Vec<String> {
    let mut found = of_rules(&json!([{"when": condition, "serve": "on"}]));
    found.retain(|finding| *finding != "unreachable-rule /flags/f/rules/0");
    let prefix = "/flags/f/rules/0/when";
    found
        .into_iter()
        .map(|finding| finding.replace(prefix, "@"))
        .collect()
}

/// A test of the attribute `a`
fn test(operator: &str, value: Json) -> Json {
    json!({"attribute": "a", "op": operator, "value": value})
}

/// `exists` and `notExists`, which take no value
fn presence(operator: &str) -> Json {
    json!({"attribute": "a", "op": operator})
}

#[test]
fn conditions_that_never_or_always_hold_are_told_at_the_innermost_place() {
    let not_in_b = json!({"attribute": "a", "op": "notIn", "values": ["b"]});
    for (condition, expected) in [
        (json!({"any": []}), "never-true @"),
        (json!({"all": []}), "always-true @"),
        (
            json!({"attribute": "a", "op": "in", "values": []}),
            "never-true @",
        ),
        (
            json!({"attribute": "a", "op": "notIn", "values": []}),
            "always-true @",
        ),
        (test("sizeLess", json!(0)), "never-true @"),
        (
            json!({"attribute": "targetingKey", "op": "equals", "value": 7}),
            "never-true @",
        ),
        (
            json!({"attribute": "targetingKey", "op": "lessThan", "value": 7}),
            "never-true @",
        ),
        (
            json!({"attribute": "/targetingKey/key", "op": "exists"}),
            "never-true @",
        ),
        (
            json!({"all": [presence("exists"), presence("notExists")]}),
            "never-true @",
        ),
        (
            json!({"all": [test("sizeGreater", json!(2)), test("sizeLess", json!(3))]}),
            "never-true @",
        ),
        (
            json!({"all": [test("equals", json!("a")), test("notEquals", json!("a"))]}),
            "never-true @",
        ),
        (
            json!({"all": [json!({"not": test("contains", json!("a"))}), test("startsWith", json!("ab"))]}),
            "never-true @",
        ),
        (
            json!({"any": [test("lessThan", json!(5)), test("notLessThan", json!(5))]}),
            "always-true @",
        ),
        (json!({"not": {"any": []}}), "never-true @/not"),
        (
            json!({"all": [presence("exists"), {"any": [{"all": []}]}]}),
            "always-true @/all/1/any/0",
        ),
        (
            json!({"bucket": {"salt": "s", "from": 0, "until": 100_000}}),
            "",
        ),
        (
            json!({"all": [{"bucket": {"salt": "s", "from": 0, "until": 10}}, {"bucket": {"salt": "s", "from": 10, "until": 20}}]}),
            "never-true @",
        ),
        (
            json!({"all": [{"bucket": {"salt": "s", "from": 0, "until": 11}}, {"bucket": {"salt": "s", "from": 10, "until": 20}}]}),
            "",
        ),
        (
            json!({"all": [{"bucket": {"salt": "s", "from": 0, "until": 10}}, {"bucket": {"salt": "t", "from": 10, "until": 20}}]}),
            "",
        ),
        (
            json!({"flag": "g", "variants": ["on", "off"]}),
            "always-true @",
        ),
        (json!({"flag": "g", "variants": ["on"]}), ""),
        (
            json!({"all": [presence("exists"), test("contains", json!("x"))]}),
            "",
        ),
        (
            json!({"all": [presence("exists"), {"attribute": "targetingKey", "op": "endsWith", "value": "x"}]}),
            "",
        ),
        (
            json!({"all": [test("sizeGreater", json!(1)), test("sizeLess", json!(3))]}),
            "",
        ),
        (
            json!({"all": [test("contains", json!("a")), {"not": test("startsWith", json!("ab"))}]}),
            "",
        ),
        (json!({"all": [test("equals", json!("a")), not_in_b]}), ""),
        (
            json!({"any": [test("lessThan", json!(5)), test("greaterOrEqual", json!(5))]}),
            "",
        ),
    ] {
        let found = of_condition(&condition);
        let expected: Vec<&str> = [expected]
            .into_iter()
            .filter(|expected| !expected.is_empty())
            .collect();
        assert_eq!(found, expected, "{condition}");
    }
}

#[test]
fn what_no_single_value_meets_may_hold_of_an_array() {
    let both =
        |operator: &str, a: Json, b: Json| json!({"all": [test(operator, a), test(operator, b)]});
    for (condition, is_told) in [
        (both("equals", json!("x"), json!("y")), true),
        (both("startsWith", json!("x"), json!("y")), true),
        (both("startsWith", json!("x"), json!("xy")), false),
        (both("cidr", json!("10.0.0.0/8"), json!("11.0.0.0/8")), true),
        (
            both("cidr", json!("10.0.0.0/8"), json!("10.1.0.0/16")),
            false,
        ),
        (both("semverEqual", json!("1.0.0"), json!("1.0.1")), true),
        (both("semverEqual", json!("1.0.0"), json!("1.0.0+b")), false),
        (
            json!({"all": [test("lessThan", json!(5)), test("greaterOrEqual", json!(5))]}),
            true,
        ),
        (
            json!({"all": [test("lessOrEqual", json!(5)), test("greaterOrEqual", json!(5))]}),
            false,
        ),
        (
            json!({"all": [test("after", json!(5)), test("before", json!(6))]}),
            true,
        ),
        (
            json!({"all": [test("after", json!(5)), test("before", json!(7))]}),
            false,
        ),
        (
            json!({"all": [test("equals", json!("x")), test("lessThan", json!(5))]}),
            true,
        ),
    ] {
        let expected: &[&str] = if is_told { &["only-arrays @"] } else { &[] };
        assert_eq!(of_condition(&condition), expected, "{condition}");
    }
    // A key of a context is never an array.
    let key = |value: &str| json!({"attribute": "targetingKey", "op": "equals", "value": value});
    assert_eq!(
        of_condition(&json!({"all": [key("x"), key("y")]})),
        ["never-true @"]
    );
}

#[test]
fn patterns_that_match_nothing_are_told_one_by_one() {
    assert_eq!(
        of_condition(&test("matches", json!("a^"))),
        ["dead-pattern @"]
    );
    assert_eq!(
        of_condition(&test("matches", json!("a*^"))),
        [] as [&str; 0]
    );
    let several = json!({"attribute": "a", "op": "matches", "values": ["ok", "$x"]});
    assert_eq!(of_condition(&several), ["dead-pattern @/values/1"]);
    let dead = json!({"attribute": "a", "op": "matches", "values": ["^b", "$x", "[^\\s\\S]"]});
    assert_eq!(
        of_condition(&dead),
        ["dead-pattern @/values/1", "dead-pattern @/values/2"]
    );
}

#[test]
fn an_unreachable_rule_names_the_one_before_it_by_its_id_or_its_place() {
    for (id, name) in [
        (json!({"id": "staff"}), "the rule `staff`"),
        (json!({}), "the rule at `/rules/0`"),
    ] {
        let mut first = json!({"serve": "on"});
        first
            .as_object_mut()
            .unwrap()
            .extend(id.as_object().unwrap().clone());
        let rules = json!({"rules": [first, {"serve": "off"}]});
        let found = findings(&with(&rules), Options::default());
        let [finding] = &found[..] else {
            panic!("one finding: {found:?}");
        };
        assert!(finding.message.contains(name), "{}", finding.message);
    }
}

#[test]
fn rules_behind_others_that_take_everybody_are_unreachable() {
    let is = |values: Json| json!({"attribute": "plan", "op": "in", "values": values});
    let rule = |when: Json| json!({"when": when, "serve": "on"});
    let unreachable = "unreachable-rule /flags/f/rules/1".to_owned();
    for (rules, is_told) in [
        (json!([{"serve": "on"}, rule(is(json!(["pro"])))]), true),
        (
            json!([rule(is(json!(["pro", "max"]))), rule(is(json!(["pro"])))]),
            true,
        ),
        (
            json!([rule(is(json!(["pro"]))), rule(is(json!(["pro", "max"])))]),
            false,
        ),
        // A rollout lets some through.
        (
            json!([{"serve": {"variant": "on", "rollout": 99, "onMissing": {"variant": "off"}}}, rule(is(json!(["pro"])))]),
            false,
        ),
        // So does a window, but not one around the other's.
        (
            json!([{"serve": "on", "until": 20}, rule(is(json!(["pro"])))]),
            false,
        ),
        (
            json!([{"serve": "on", "until": 20}, {"serve": "off", "from": 5, "until": 20}]),
            true,
        ),
        (
            json!([{"serve": "on", "until": 20}, {"serve": "off", "from": 5, "until": 21}]),
            false,
        ),
    ] {
        assert_eq!(of_rules(&rules).contains(&unreachable), is_told, "{rules}");
    }
    let together = json!([rule(test("lessThan", json!(5))), rule(test("notLessThan", json!(5))), {"serve": "off"}]);
    assert_eq!(of_rules(&together), ["unreachable-rule /flags/f/rules/2"]);
    let apart = json!([rule(test("lessThan", json!(5))), rule(test("greaterThan", json!(4))), {"serve": "off"}]);
    assert_eq!(
        of_rules(&apart),
        [] as [&str; 0],
        "who has no number gets there"
    );
}

#[test]
fn variants_that_nothing_serves_are_dead() {
    let members = |serve: Json, overrides: Json| json!({"type": "string", "variants": {"x": "1", "y": "2", "z": "3"}, "offVariant": "x", "serve": serve, "overrides": overrides});
    let dead = |name: &str| format!("dead-variant /flags/f/variants/{name}");
    assert_eq!(in_flag(&members(json!("y"), json!({}))), [dead("z")]);
    assert_eq!(
        in_flag(&members(
            json!("y"),
            json!({"user": {"u": {"variant": "z"}}})
        )),
        [] as [&str; 0]
    );
    let arms = |weight: u32| json!({"arms": [{"variant": "y", "weight": 100_000 - weight}, {"variant": "z", "weight": weight}]});
    assert_eq!(in_flag(&members(arms(0), json!({}))), [dead("z")]);
    let mut split = arms(1);
    split["onMissing"] = json!({"variant": "y"});
    assert_eq!(in_flag(&members(split, json!({}))), [] as [&str; 0]);
    let missing = json!({"variant": "y", "rollout": 5, "onMissing": {"variant": "z"}});
    assert_eq!(in_flag(&members(missing, json!({}))), [] as [&str; 0]);
}

#[test]
fn prerequisites_that_are_never_met_are_told() {
    for (flag, variant, is_told) in [("none", "on", true), ("g", "off", true), ("g", "on", false)] {
        let found = in_flag(&json!({"prerequisites": [{"flag": flag, "variants": [variant]}]}));
        let is_found = found
            .iter()
            .any(|finding| finding.starts_with("never-met /flags/f/prerequisites/0"));
        assert_eq!(is_found, is_told, "{flag} {variant}: {found:?}");
    }
}

#[test]
fn serves_that_serve_nobody_and_fallbacks_that_are_no_use_are_told() {
    let serve = |serve: Json| in_flag(&json!({"serve": serve}));
    assert_eq!(
        serve(json!({"variant": "on", "rollout": 0})),
        ["serves-nobody /flags/f/serve/rollout"]
    );
    assert_eq!(
        serve(json!({"variant": "on", "rollout": 0.001})),
        ["declines-without-unit /flags/f/serve"]
    );
    let fallback = |rollout: u32| {
        serve(json!({"variant": "on", "rollout": rollout, "onMissing": {"variant": "off"}}))
    };
    assert_eq!(
        fallback(100),
        ["useless-on-missing /flags/f/serve/onMissing"]
    );
    assert_eq!(fallback(99), [] as [&str; 0]);
}

#[test]
fn what_time_has_done_is_told_from_its_instant_on() {
    let document = with(&json!({"expiresAt": 20, "rules": [{"until": 10, "serve": "on"}]}));
    let at = |now: i64| {
        told(&findings(
            &document,
            Options {
                now: Some(Timestamp::from_millis(now)),
                declared: None,
            },
        ))
    };
    let (window, expired) = (
        "window-past /flags/f/rules/0/until",
        "expired /flags/f/expiresAt",
    );
    assert_eq!(at(9), [] as [&str; 0]);
    assert_eq!(at(10), [window]);
    assert_eq!(at(19), [window]);
    let mut both = at(20);
    both.sort();
    assert_eq!(both, [expired, window]);
    assert_eq!(
        told(&findings(&document, Options::default())),
        [] as [&str; 0]
    );
}

#[test]
fn what_nothing_refers_to_is_unused() {
    let mut document = with(&json!({"rules": [{"when": {"segment": "s"}, "serve": "on"}]}));
    document["segments"] = json!({"s": {"when": {"segment": "inner"}}, "inner": {"include": {"user": ["u"]}}, "alone": {"include": {"user": ["u"]}}});
    document["groups"] = json!({"g": {"salt": "g"}});
    document["holdouts"] = json!({"h": {"salt": "h", "percent": 1}});
    let mut found = told(&findings(&document, Options::default()));
    found.sort();
    assert_eq!(
        found,
        [
            "unused /groups/g",
            "unused /holdouts/h",
            "unused /segments/alone"
        ]
    );
    // What a broken flag refers to is not known.
    document["flags"]["bad"] = json!({"type": "boolean"});
    let found = told(&findings(&document, Options::default()));
    assert!(
        found
            .iter()
            .all(|finding| finding.starts_with("broken /flags/bad")),
        "{found:?}"
    );
}

#[test]
fn cycles_and_literals_of_the_wrong_type_are_errors() {
    let refers = |to: &str| json!({"type": "boolean", "enabled": true, "serve": "off", "rules": [{"when": {"flag": to, "variants": ["on"]}, "serve": "on"}]});
    let document = json!({"schemaVersion": 1, "flags": {"a": refers("b"), "b": refers("a")}});
    let found = findings(&document, Options::default());
    assert_eq!(found.len(), 2);
    assert!(
        found
            .iter()
            .all(|finding| finding.severity == Severity::Error
                && finding.message.contains("cycle of references")),
        "{found:?}"
    );
    assert_eq!(
        of_rules(&json!([{"when": test("lessThan", json!("5")), "serve": "on"}])).len(),
        1
    );
}

#[test]
fn segments_are_looked_into() {
    let mut document = with(
        &json!({"rules": [{"when": {"segment": "s"}, "serve": "on"}, {"when": {"segment": "t"}, "serve": "on"}]}),
    );
    let contradiction = json!({"all": [{"attribute": "targetingKey", "op": "equals", "value": "x"}, {"attribute": "targetingKey", "op": "equals", "value": "y"}]});
    document["segments"] = json!({"s": {"when": contradiction}, "t": {"include": {"user": ["u"]}, "when": {"any": []}}});
    let found = told(&findings(&document, Options::default()));
    assert!(
        found.contains(&"never-true /segments/s/when".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"never-true /flags/f/rules/0/when".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"unreachable-rule /flags/f/rules/0".to_owned()),
        "{found:?}"
    );
    assert!(
        !found.iter().any(|finding| finding.contains("rules/1")),
        "who is included is in: {found:?}"
    );
}

#[test]
fn the_text_itself_is_looked_at_and_places_are_told() {
    let text = "{\"schemaVersion\": 1, \"flags\": {\n  \"f\": {\"type\": \"boolean\", \"enabled\": true,\n    \"serve\": \"off\", \"serve\": \"on\",\n \"metadata\": {\"é\": \"ü\", \"id\": 9007199254740993, \"ok\": 9007199254740992}}}}";
    let found = lint(text, Options::default()).unwrap();
    let codes = told(&found);
    let rounded = found
        .iter()
        .find(|finding| finding.code.as_str() == "rounded-number")
        .unwrap();
    assert_eq!(
        (&*rounded.pointer, rounded.position),
        (
            "/flags/f/metadata/id",
            Some(Position {
                line: 4,
                column: 31
            })
        )
    );
    let repeated = found
        .iter()
        .filter(|finding| finding.code.as_str() == "duplicate-key");
    let repeated: Vec<&str> = repeated.map(|finding| &*finding.pointer).collect();
    assert_eq!(repeated, ["/flags/f/serve"], "{codes:?}");
    assert!(lint("{", Options::default()).is_err());
}

#[test]
fn units_and_attributes_are_held_against_the_declared_context() {
    let declared = Context::from_json(
        r#"{"targetingKey": "u", "age": 7, "plan": "pro", "tags": ["x"], "note": null}"#,
    )
    .unwrap();
    let of = |members: Json| {
        told(&findings(
            &with(&members),
            Options {
                now: None,
                declared: Some(&declared),
            },
        ))
    };
    let unit = |unit: &str, rollout: u32| {
        of(json!({"serve": {"variant": "on", "rollout": rollout, "unit": unit}}))
    };
    assert_eq!(unit("organization", 50), ["missing-unit /flags/f/serve"]);
    assert_eq!(unit("organization", 100), [] as [&str; 0]);
    assert_eq!(unit("user", 50), [] as [&str; 0]);
    let condition = |attribute: &str, operator: &str, value: Json| {
        of(
            json!({"rules": [{"when": {"attribute": attribute, "op": operator, "value": value}, "serve": "on"}]}),
        )
    };
    let at = "/flags/f/rules/0/when";
    for (attribute, operator, value, expected) in [
        ("plam", "equals", json!("pro"), Some("undeclared-attribute")),
        ("plan", "equals", json!("max"), None),
        ("age", "equals", json!("7"), Some("wrong-type")),
        ("age", "equals", json!(8), None),
        ("plan", "lessThan", json!(5), Some("wrong-type")),
        ("age", "after", json!(5), None),
        ("tags", "contains", json!("y"), None),
        ("tags", "lessThan", json!(1), Some("wrong-type")),
        ("plan", "sizeEqual", json!(1), Some("wrong-type")),
        ("tags", "sizeEqual", json!(2), None),
        ("note", "equals", json!("x"), None),
        ("note", "equals", Json::Null, None),
    ] {
        let expected: Vec<String> = expected.iter().map(|code| format!("{code} {at}")).collect();
        assert_eq!(
            condition(attribute, operator, value),
            expected,
            "{attribute} {operator}"
        );
    }
    let bucket = json!({"rules": [{"when": {"bucket": {"salt": "s", "unit": "device", "from": 0, "until": 9}}, "serve": "on"}]});
    assert_eq!(of(bucket), ["missing-unit /flags/f/rules/0/when/bucket"]);
}

#[test]
fn the_findings_of_one_flag_are_those_of_the_document_that_are_in_it() {
    let rule = json!({"when": {"all": [
        {"attribute": "a", "op": "equals", "value": "x"}, {"attribute": "a", "op": "equals", "value": "y"},
    ]}, "serve": "on"});
    let odd = json!({"type": "boolean", "enabled": true, "rules": [rule], "serve": {"variant": "on", "rollout": 0}});
    let plain = json!({"type": "boolean", "enabled": true, "serve": "on"});
    let document = json!({"schemaVersion": 1, "flags": {"odd": odd, "other": odd, "plain": plain}, "segments": {"s": {}}});
    let text = document.to_string();
    let all = lint(&text, Options::default()).unwrap();
    let snapshot = Snapshot::from_json(&text).unwrap();
    for (key, is_odd) in [
        ("odd", true),
        ("other", true),
        ("plain", false),
        ("none", false),
    ] {
        let own = lint_flag(&snapshot, key, Options::default());
        let begin = format!("/flags/{key}/");
        let mut expected: Vec<_> = all
            .iter()
            .filter(|it| it.pointer.starts_with(&begin))
            .cloned()
            .collect();
        for finding in &mut expected {
            finding.position = None;
        }
        expected.sort_by(|a, b| (&a.pointer, a.code).cmp(&(&b.pointer, b.code)));
        assert_eq!(own, expected, "{key}");
        assert_eq!(!own.is_empty(), is_odd, "{own:?}");
    }
}
