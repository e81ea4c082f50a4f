//! What an explanation tells: the steps of an evaluation, in their order and with what decided them

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helpers fail the test"
)]

use flagstaff_core::{Context, SLOT_COUNT, Snapshot, Timestamp, seed, slot};
use serde_json::{Value as Json, json};

const NOW: i64 = 1_000_000;

/// The trace of the flag `f`, for a user of the plan `pro`
fn trace(flags: &Json, context: &Json) -> Json {
    let document = json!({"schemaVersion": 1, "flags": flags,
        "segments": {
            "staff": {"include": {"user": ["u1"]}},
            "banned": {"exclude": {"user": ["u1"]}, "include": {"user": ["u1"]}},
            "paying": {"when": {"attribute": "plan", "op": "equals", "value": "pro"}},
        },
        "groups": {"g": {"salt": "g"}},
        "holdouts": {"h": {"salt": "h", "percent": 5}},
    });
    let snapshot = Snapshot::from_json(&document.to_string()).unwrap();
    assert_eq!(snapshot.issues(), []);
    let context = Context::from_json(&context.to_string()).unwrap();
    let (_, trace) = snapshot.explain("f", None, &context, Timestamp::from_millis(NOW));
    serde_json::from_str(&trace.to_canonical()).unwrap()
}

fn of_flag(flag: &Json) -> Json {
    trace(
        &json!({"f": flag}),
        &json!({"targetingKey": "u1", "plan": "pro", "seats": [1, 2]}),
    )
}

/// The step of the one rule with this condition
fn of_condition(condition: &Json) -> Json {
    let flag = json!({"type": "boolean", "enabled": true, "serve": "off", "rules": [{"when": condition, "serve": "on"}]});
    let trace = of_flag(&flag);
    let rule = &trace[0];
    assert_eq!((&rule["type"], &rule["index"]), (&json!("rule"), &json!(0)));
    rule["steps"][0].clone()
}

fn full_serve(variant: &str) -> Json {
    json!({"type": "serve", "variant": variant, "steps": [{"type": "rollout", "share": 100_000}]})
}

#[test]
fn a_flag_that_is_off_says_why() {
    assert_eq!(
        of_flag(&json!({"type": "boolean", "enabled": false, "serve": "on"})),
        json!([{"type": "disabled"}])
    );
    assert_eq!(
        of_flag(&json!({"type": "boolean", "enabled": true, "expiresAt": NOW, "serve": "on"})),
        json!([{"type": "expired", "at": "1970-01-01T00:16:40.000Z"}])
    );
}

#[test]
fn prerequisites_tell_what_they_served() {
    let on = json!({"type": "boolean", "enabled": true, "serve": "on"});
    let prerequisites =
        json!([{"flag": "g", "variants": ["on"]}, {"flag": "h", "variants": ["on"]}]);
    let flags = json!({
        "f": {"type": "boolean", "enabled": true, "serve": "on", "prerequisites": prerequisites},
        "g": on,
        "h": {"type": "boolean", "enabled": false, "serve": "on"},
    });
    assert_eq!(
        trace(&flags, &json!({})),
        json!([
            {"type": "prerequisite", "flag": "g", "variant": "on", "result": true, "steps": [full_serve("on")]},
            {"type": "prerequisite", "flag": "h", "variant": "off", "result": false, "steps": [{"type": "disabled"}]},
        ])
    );
}

#[test]
fn overrides_are_told_by_level_until_one_decides() {
    let user = json!({"u1": "include"});
    let flag = |overrides: Json| json!({"type": "boolean", "enabled": true, "serve": "off", "overrides": overrides});
    assert_eq!(
        of_flag(&flag(
            json!({"user": user, "organization": {"acme": "include"}})
        )),
        json!([{"type": "override", "level": "user", "key": "u1", "variant": "on"}])
    );
    assert_eq!(
        of_flag(&flag(
            json!({"user": {"u2": "include"}, "organization": {"acme": "include"}})
        )),
        json!([
            {"type": "override", "level": "user", "key": "u1", "variant": null},
            {"type": "override", "level": "organization", "key": null, "variant": null},
            full_serve("off"),
        ])
    );
}

#[test]
fn patches_are_told_last() {
    let flag = json!({"type": "object", "enabled": true, "variants": {"a": {"x": 1}, "b": {}}, "offVariant": "b",
        "serve": "a", "overrides": {"user": {"u1": {"patch": {"x": 2}}}}});
    assert_eq!(
        of_flag(&flag),
        json!([
            {"type": "override", "level": "user", "key": "u1", "variant": null},
            full_serve("a"),
            {"type": "patch", "level": "user"},
        ])
    );
}

#[test]
fn rules_are_told_until_one_matches() {
    let flag = json!({"type": "boolean", "enabled": true, "serve": "off", "rules": [
        {"id": "past", "until": NOW, "serve": "on"},
        {"when": {"attribute": "plan", "op": "notExists"}, "serve": "on"},
        {"serve": {"variant": "on", "rollout": 0}},
        {"id": "all", "serve": "on"},
        {"id": "never reached", "serve": "on"},
    ]});
    let condition = json!({"type": "attribute", "attribute": "plan", "operator": "notExists", "found": "pro", "result": false});
    let declined =
        json!({"type": "serve", "variant": null, "steps": [{"type": "rollout", "share": 0}]});
    assert_eq!(
        of_flag(&flag),
        json!([
            {"type": "rule", "index": 0, "id": "past", "result": "closed"},
            {"type": "rule", "index": 1, "id": null, "result": "no match", "steps": [condition]},
            {"type": "rule", "index": 2, "id": null, "result": "declined", "steps": [declined]},
            {"type": "rule", "index": 3, "id": "all", "result": "match", "steps": [full_serve("on")]},
        ])
    );
}

#[test]
fn every_hash_of_a_serve_is_told() {
    let arms = json!([{"variant": "on", "weight": 50_000}, {"variant": "off", "weight": 50_000}]);
    let experiment = json!({"key": "e", "group": "g", "slice": [[0, 90_000]], "holdout": "h"});
    let flag = |rollout: u32| {
        json!({"type": "boolean", "enabled": true, "salt": "s",
            "serve": {"rollout": rollout, "arms": arms, "experiment": experiment}})
    };
    let until_rollout = |share: u32| {
        vec![
            json!({"type": "holdout", "unit": "u1", "slot": slot("u1", seed("h/holdout"), SLOT_COUNT)}),
            json!({"type": "slice", "unit": "u1", "slot": slot("u1", seed("g/slice"), SLOT_COUNT)}),
            json!({"type": "rollout", "share": share}),
            json!({"type": "rollout", "unit": "u1", "slot": slot("u1", seed("s/rollout"), SLOT_COUNT)}),
        ]
    };
    assert_eq!(
        of_flag(&flag(40)),
        json!([{"type": "serve", "variant": null, "steps": until_rollout(40_000)}])
    );
    let mut steps = until_rollout(60_000);
    steps.push(
        json!({"type": "arms", "unit": "u1", "slot": slot("u1", seed("s/arms"), SLOT_COUNT)}),
    );
    assert_eq!(
        of_flag(&flag(60)),
        json!([{"type": "serve", "variant": "off", "steps": steps}])
    );
}

#[test]
fn a_unit_that_is_missing_is_told() {
    let serve = json!({"variant": "on", "rollout": 40, "unit": "organization"});
    let steps = json!([{"type": "rollout", "share": 40_000}, {"type": "rollout", "unit": null, "slot": null},
        {"type": "noUnit", "unit": "/organization/key"}]);
    assert_eq!(
        of_flag(&json!({"type": "boolean", "enabled": true, "salt": "s", "serve": serve})),
        json!([{"type": "serve", "variant": null, "steps": steps}])
    );
}

#[test]
fn segments_tell_which_of_their_parts_decided() {
    let plan = json!({"type": "attribute", "attribute": "plan", "operator": "equals", "found": "pro", "result": true});
    for (segment, expected) in [
        ("staff", json!({"why": "included", "result": true})),
        ("banned", json!({"why": "excluded", "result": false})),
        (
            "paying",
            json!({"why": "condition", "result": true, "steps": [plan]}),
        ),
    ] {
        let mut expected = expected;
        expected["type"] = "segment".into();
        expected["segment"] = segment.into();
        assert_eq!(of_condition(&json!({"segment": segment})), expected);
    }
}

#[test]
fn conditions_tell_what_they_looked_at_and_no_more() {
    assert_eq!(
        of_condition(&json!({"bucket": {"salt": "b", "from": 0, "until": 50_000}})),
        json!({"type": "bucket", "from": 0, "until": 50_000, "slot": slot("u1", seed("b"), SLOT_COUNT), "result": true})
    );
    assert_eq!(
        of_condition(&json!({"not": {"any": [{"all": []}, {"segment": "staff"}]}})),
        json!({"type": "not", "result": false,
            "steps": [{"type": "any", "result": true, "steps": [{"type": "all", "result": true}]}]})
    );
    let flags = json!({
        "f": {"type": "boolean", "enabled": true, "serve": "off", "rules": [{"when": {"flag": "g", "variants": ["off"]}, "serve": "on"}]},
        "g": {"type": "boolean", "enabled": true, "serve": "on"},
    });
    assert_eq!(
        trace(&flags, &json!({}))[0]["steps"],
        json!([{"type": "flag", "flag": "g", "variant": "on", "result": false, "steps": [full_serve("on")]}])
    );
}

#[test]
fn what_a_test_found_is_told_in_the_documents_own_words() {
    let found = |attribute: &str, op: &str| {
        let step = of_condition(&json!({"attribute": attribute, "op": op, "value": 2}));
        assert_eq!(step["operator"], json!(op));
        step["found"].clone()
    };
    assert_eq!(found("seats", "sizeEqual"), json!([1, 2]));
    assert_eq!(found("seats", "notSizeGreater"), json!([1, 2]));
    assert_eq!(found("plan", "lessThan"), json!("pro"));
    assert_eq!(found("age", "notGreaterOrEqual"), json!({"missing": true}));
}
