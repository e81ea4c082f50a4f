//! What holds for every document and context, checked on random ones

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::collections::{BTreeMap, BTreeSet};

use flagstaff_core::object::{join, split};
use flagstaff_core::{
    Context, NumberQuery, Replica, Snapshot, TextQuery, TextReplica, Timestamp, Value, ValueType,
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// One of few, so that what is named in one place is often found in another
fn few(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(names).prop_map(ToOwned::to_owned)
}

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        few(&[
            "",
            "a",
            "b",
            "1.2.3",
            "10.0.0.1",
            "2026-12-01T00:00:00Z",
            "ß",
            "\u{10ffff}"
        ])
        .prop_map(Json::from),
        prop::sample::select(vec![
            json!(0),
            json!(-0.0),
            json!(1),
            json!(1.5),
            json!(9_007_199_254_740_993_u64),
            json!(1e308)
        ]),
    ]
}

fn json_value() -> impl Strategy<Value = Json> {
    scalar().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
            prop::collection::btree_map(few(&["a", "b", "key", "variant"]), inner, 0..3)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

/// An object of these members, some of them absent or of a foreign shape
fn object(members: Vec<(&'static str, BoxedStrategy<Json>)>) -> BoxedStrategy<Json> {
    let member = |(name, value): (&'static str, BoxedStrategy<Json>)| {
        let value = prop_oneof![12 => value.prop_map(Some), 6 => Just(None), 1 => json_value().prop_map(Some)];
        value.prop_map(move |value| value.map(|value| (name.to_owned(), value)))
    };
    let members: Vec<_> = members
        .into_iter()
        .map(|entry| member(entry).boxed())
        .collect();
    members
        .prop_map(|members| Json::Object(members.into_iter().flatten().collect()))
        .boxed()
}

fn text(names: &'static [&'static str]) -> BoxedStrategy<Json> {
    few(names).prop_map(Json::from).boxed()
}

const VARIANTS: &[&str] = &["on", "off", "a"];
const KEYS: &[&str] = &["f", "g", "h"];
const OPERATORS: &[&str] = &[
    "exists",
    "equals",
    "notEquals",
    "in",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "lessThan",
    "greaterOrEqual",
    "before",
    "after",
    "semverEqual",
    "semverLess",
    "semverMatches",
    "cidr",
    "sizeEqual",
    "sizeGreater",
    "sounds like",
];
const KINDS: &[&str] = &["user", "organization", "/plan", "team"];

fn condition() -> BoxedStrategy<Json> {
    let test = object(vec![
        (
            "attribute",
            text(&["plan", "/a/b", "a", "targetingKey", "/organization/key"]),
        ),
        ("op", text(OPERATORS)),
        (
            "value",
            prop_oneof![scalar(), text(&["^1.2.0", "10.0.0.0/8", "a|b", "(a+)+$"])].boxed(),
        ),
        (
            "ignoreCase",
            prop_oneof![4 => Just(Json::Null), 1 => Just(json!(true))].boxed(),
        ),
        (
            "array",
            prop_oneof![4 => Just(Json::Null), 1 => text(&["any", "all", "none"])].boxed(),
        ),
    ]);
    let members = object(vec![
        ("attribute", text(&["plan", "a"])),
        ("op", text(&["in", "notIn", "contains"])),
        (
            "values",
            prop::collection::vec(scalar(), 0..3)
                .prop_map(Json::from)
                .boxed(),
        ),
    ]);
    let leaf = prop_oneof![
        test,
        members,
        text(&["s", "t"]).prop_map(|segment| json!({"segment": segment})),
        text(KEYS).prop_map(|flag| json!({"flag": flag, "variants": ["on"]})),
        Just(json!({"bucket": {"salt": "b", "from": 0, "until": 50_000}})),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|members| json!({"all": members})),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|members| json!({"any": members})),
            inner.prop_map(|member| json!({"not": member})),
        ]
    })
    .boxed()
}

fn serve() -> BoxedStrategy<Json> {
    let rollout = prop_oneof![
        (0..=100_u32).prop_map(Json::from),
        Just(json!({"steps": [{"at": 5, "percent": 10}, {"at": 50, "percent": 90}]})),
        Just(json!({"from": 0, "until": 600_000, "start": 0, "end": 100})),
    ];
    let arms = (0..=100_000_u32).prop_map(|weight| json!([{"variant": "on", "weight": weight}, {"variant": "off", "weight": 100_000_u32.saturating_sub(weight)}]));
    let common = |choice: (&'static str, BoxedStrategy<Json>)| {
        object(vec![
            choice,
            ("rollout", rollout.clone().boxed()),
            ("unit", text(KINDS)),
            (
                "onMissing",
                prop_oneof![Just(json!("decline")), Just(json!({"variant": "on"}))].boxed(),
            ),
        ])
    };
    let experiment = json!({"key": "e", "group": "x", "slice": [[0, 30_000], [50_000, 100_000]], "holdout": "y"});
    prop_oneof![
        text(VARIANTS),
        common(("variant", text(VARIANTS))),
        common(("arms", arms.clone().boxed())),
        arms.prop_map(move |arms| json!({"arms": arms, "experiment": experiment})),
    ]
    .boxed()
}

fn flag() -> BoxedStrategy<Json> {
    let rule = object(vec![
        ("when", condition()),
        (
            "from",
            prop_oneof![3 => Just(Json::Null), 1 => Just(json!(10))].boxed(),
        ),
        ("serve", serve()),
    ]);
    let entry = prop_oneof![
        text(&["include", "exclude"]),
        text(VARIANTS).prop_map(|variant| json!({"variant": variant}))
    ];
    let list = prop::collection::btree_map(few(&["u1", "u2", "7"]), entry, 0..3)
        .prop_map(|list| json!(list));
    let overrides = prop::collection::btree_map(few(&["user", "organization"]), list, 0..2)
        .prop_map(|lists| json!(lists));
    let prerequisite = text(KEYS).prop_map(|flag| json!({"flag": flag, "variants": ["on"]}));
    object(vec![
        ("type", Just(json!("boolean")).boxed()),
        (
            "enabled",
            prop_oneof![4 => Just(json!(true)), 1 => Just(json!(false))].boxed(),
        ),
        ("serve", serve()),
        (
            "rules",
            prop::collection::vec(rule, 0..3)
                .prop_map(Json::from)
                .boxed(),
        ),
        ("overrides", overrides.boxed()),
        (
            "prerequisites",
            prop::collection::vec(prerequisite, 0..2)
                .prop_map(Json::from)
                .boxed(),
        ),
        (
            "expiresAt",
            prop_oneof![4 => Just(Json::Null), 1 => Just(json!(1_000_000))].boxed(),
        ),
    ])
    .prop_map(|mut flag| {
        // Three in four flags would be broken without these.
        let members = flag.as_object_mut().unwrap();
        members.insert("type".into(), "boolean".into());
        members.entry("enabled").or_insert(true.into());
        members.insert(
            "variants".into(),
            json!({"on": true, "off": false, "a": true}),
        );
        members.insert("onVariant".into(), "on".into());
        members.insert("offVariant".into(), "off".into());
        flag
    })
    .boxed()
}

fn document() -> impl Strategy<Value = Json> {
    let ids = || {
        let ids = prop::collection::btree_set(few(&["u1", "u2", "7"]), 0..3);
        ids.prop_map(|ids| json!({ "user": ids })).boxed()
    };
    let segment = object(vec![
        ("when", condition()),
        ("include", ids()),
        ("exclude", ids()),
    ]);
    let flags = prop::collection::btree_map(few(KEYS), flag(), 1..4);
    let segments = prop::collection::btree_map(few(&["s", "t"]), segment, 0..3);
    (flags, segments).prop_map(|(flags, segments)| {
        json!({"schemaVersion": 1, "environment": "e", "revision": 1, "flags": flags, "segments": segments,
               "groups": {"x": {"salt": "x"}}, "holdouts": {"y": {"salt": "y", "percent": 5}}})
    })
}

fn context() -> impl Strategy<Value = Json> {
    object(vec![
        ("targetingKey", text(&["u1", "u2", ""])),
        ("plan", scalar().boxed()),
        ("a", json_value().boxed()),
        ("organization", Just(json!({"key": "acme"})).boxed()),
        ("team", Just(json!({"key": 7})).boxed()),
    ])
}

fn answers(snapshot: &Snapshot, context: &Json, now: i64) -> Vec<String> {
    let context = Context::from_json(&context.to_string());
    let outcomes = snapshot.evaluate_all(&context, Timestamp::from_millis(now));
    outcomes
        .iter()
        .map(|(key, outcome)| format!("{key} {}", outcome.to_value(&Value::Null)))
        .collect()
}

/// The same document with the members of every object in the opposite order
fn reversed(value: &Json, text: &mut String) {
    match value {
        Json::Object(members) => {
            text.push('{');
            for (position, (name, member)) in members.iter().rev().enumerate() {
                text.push_str(if position > 0 { "," } else { "" });
                text.push_str(&Json::from(name.as_str()).to_string());
                text.push(':');
                reversed(member, text);
            }
            text.push('}');
        }
        Json::Array(elements) => {
            text.push('[');
            for (position, element) in elements.iter().enumerate() {
                text.push_str(if position > 0 { "," } else { "" });
                reversed(element, text);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

/// Feeds a document to a replica as a full transfer
fn transferred(document: &Json) -> Replica {
    let mut replica = Replica::new();
    replica
        .event("server-intent", r#"{"intent": "xfer-full"}"#, None)
        .unwrap();
    let mut hash = 0_u64;
    for object in split(document) {
        let data =
            json!({"kind": object.kind, "key": object.key, "version": 1, "object": object.value});
        replica
            .event("put-object", &data.to_string(), None)
            .unwrap();
        hash = hash.wrapping_add(flagstaff_core::object::state_hash(
            object.kind.as_str(),
            &object.key,
            1,
        ));
    }
    let data = json!({"schemaVersion": 1, "environment": "e", "revision": 1, "hash": format!("{hash:016x}")});
    replica
        .event("payload-transferred", &data.to_string(), Some("cursor"))
        .unwrap();
    replica
}

/// Shared memory as a host fills it: the layout of `core/src/text/packed.rs`
fn packed(context: &Json, paths: &Json, now: i32) -> Vec<u8> {
    let paths = paths.as_array().unwrap();
    let texts_begin = paths.len().saturating_mul(16).saturating_add(8);
    let mut memory = f64::from(now).to_ne_bytes().to_vec();
    let mut texts = Vec::new();
    for path in paths {
        let mut names = path.as_array().unwrap().iter();
        let found = names.try_fold(context, |found, name| {
            found.as_object()?.get(name.as_str()?)
        });
        let (kind, text, number) = match found {
            None => (0_u32, String::new(), None),
            Some(Json::Null) => (1, String::new(), None),
            Some(Json::Bool(false)) => (2, String::new(), None),
            Some(Json::Bool(true)) => (3, String::new(), None),
            Some(Json::Number(number)) => (4, String::new(), number.as_f64()),
            Some(Json::String(text)) => (5, text.clone(), None),
            Some(array @ Json::Array(_)) => (6, array.to_string(), None),
            Some(Json::Object(_)) => (7, String::new(), None),
        };
        let start = u32::try_from(texts_begin.saturating_add(texts.len())).unwrap();
        let length = u32::try_from(text.len()).unwrap();
        memory.extend([kind, length].into_iter().flat_map(u32::to_ne_bytes));
        match number {
            Some(number) => memory.extend(number.to_ne_bytes()),
            None => memory.extend([start, 0].into_iter().flat_map(u32::to_ne_bytes)),
        }
        texts.extend(text.bytes());
    }
    memory.extend(texts);
    memory
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_a_snapshot_or_an_error(text in ".{0,60}") {
        let _ = Snapshot::from_json(&text);
        let _ = Context::from_json(&text);
        let _ = Snapshot::from_json(&format!(r#"{{"schemaVersion": 1, "flags": {{"f": {text}}}}}"#));
    }

    #[test]
    fn any_json_for_a_flag_compiles_or_is_an_issue(flag in json_value(), context in json_value()) {
        let document = json!({"schemaVersion": 1, "flags": {"f": flag, "neighbour": {"type": "boolean", "enabled": true, "serve": "on"}}});
        let snapshot = Snapshot::from_json(&document.to_string()).unwrap();
        prop_assert_eq!(snapshot.flags().len(), 2);
        let neighbour = &answers(&snapshot, &json!({}), 0)[1];
        prop_assert!(neighbour.contains("\"value\":true"), "{}", neighbour);
        answers(&snapshot, &context, 0);
    }

    #[test]
    fn explaining_does_not_change_the_answer(document in document(), context in context(), now in -10_i64..700_000) {
        let snapshot = Snapshot::from_json(&document.to_string()).unwrap();
        let context = Context::from_json(&context.to_string());
        let now = Timestamp::from_millis(now);
        for flag in snapshot.flags() {
            let (outcome, trace) = snapshot.explain(flag.key, None, &context, now);
            prop_assert_eq!(&outcome, &snapshot.evaluate(flag.key, None, &context, now));
            prop_assert!(matches!(trace, Value::Array(_)));
        }
    }

    #[test]
    fn the_value_alone_is_that_of_the_outcome(document in document(), context in context(), now in -10_i64..700_000) {
        let snapshot = Snapshot::from_json(&document.to_string()).unwrap();
        let context = Context::from_json(&context.to_string());
        let now = Timestamp::from_millis(now);
        let types = [None, Some(ValueType::Boolean), Some(ValueType::String), Some(ValueType::Integer), Some(ValueType::Object)];
        for (flag, expected) in ["f", "g", "none"].into_iter().flat_map(|flag| types.map(|expected| (flag, expected))) {
            let outcome = snapshot.evaluate(flag, expected, &context, now);
            let value = snapshot.value(flag, expected, &context, || now);
            prop_assert_eq!(value.value.as_deref().ok(), outcome.value.as_deref());
            prop_assert_eq!(value.value.err(), outcome.error_code);
        }
    }

    #[test]
    fn a_number_stands_for_one_outcome(document in document(), contexts in prop::collection::vec(context(), 1..6), now in -10_i32..700_000) {
        let mut replica = TextReplica::default();
        replica.load(&document.to_string()).unwrap();
        let flags: Vec<String> = serde_json::from_str(&replica.keys()).unwrap();
        let types = [None, Some("boolean"), Some("string"), Some("number"), Some("integer"), Some("object")];
        let mut outcomes = BTreeMap::new();
        for context in &contexts {
            let text = context.to_string();
            let kept = replica.keep(&text);
            let is_valid = Context::from_json(&text).is_ok();
            prop_assert_eq!(kept != 0, is_valid);
            if !is_valid {
                replica.forget(kept);
                continue;
            }
            let mut all = f64::from(now).to_ne_bytes().to_vec();
            all.resize(flags.len().saturating_mul(4).saturating_add(8), 0);
            prop_assert!(replica.numbers(kept, &mut all));
            let all: Vec<i32> = all.as_chunks().0.iter().skip(2).map(|number| i32::from_ne_bytes(*number)).collect();
            for (position, flag) in flags.iter().enumerate() {
                let description: Json = serde_json::from_str(&replica.describe(flag).unwrap()).unwrap();
                prop_assert_eq!(&description["position"], &json!(position));
                let memory = packed(context, &description["paths"], now);
                for (name, expected) in types.into_iter().zip(0..) {
                    let query = NumberQuery { flag: u32::try_from(position).unwrap(), expected, context: kept };
                    let number = replica.number(query, &memory);
                    prop_assert_eq!(number, replica.number(NumberQuery { context: 0, ..query }, &memory));
                    if name.is_none() {
                        prop_assert_eq!(Some(&number), all.get(position));
                    }
                    let query = TextQuery { flag, expected: name, fallback: "null", context: &text, now: now.into() };
                    let outcome = replica.evaluate(&query).unwrap();
                    prop_assert!(number >= 0, "{}", outcome);
                    let held = outcomes.entry((flag, name, number)).or_insert_with(|| outcome.clone());
                    prop_assert_eq!(&*held, &outcome);
                    if description["isConstant"] == json!(true) {
                        let first = outcomes.keys().filter(|(other, kind, _)| *other == flag && *kind == name).count();
                        prop_assert_eq!(first, 1);
                    }
                }
            }
            replica.forget(kept);
        }
    }

    #[test]
    fn the_contexts_that_are_kept_are_those_that_were(steps in prop::collection::vec((any::<bool>(), 0..8_u32), 1..60)) {
        let mut replica = TextReplica::default();
        replica.load(r#"{"schemaVersion": 1, "flags": {"f": {"type": "boolean", "enabled": true, "serve": "off",
            "rules": [{"when": {"attribute": "plan", "op": "equals", "value": "pro"}, "serve": "on"}]}}}"#).unwrap();
        let ask = |replica: &TextReplica, context| replica.number(NumberQuery { flag: 0, expected: 0, context }, &[]);
        let texts = [r#"{"plan": "pro"}"#, r#"{"plan": "free"}"#, r#"{"targetingKey": 7}"#];
        let mut numbers = [0, 0, -1];
        for (text, number) in texts.iter().zip(&mut numbers).take(2) {
            let name = replica.keep(text);
            *number = ask(&replica, name);
            replica.forget(name);
        }
        prop_assert!(numbers[0] >= 0 && numbers[1] >= 0 && numbers[0] != numbers[1]);
        let mut kept = BTreeMap::new();
        for (is_kept, choice) in steps {
            if is_kept {
                let (text, number) = texts.iter().zip(numbers).nth(choice as usize % 3).unwrap();
                let name = replica.keep(text);
                prop_assert_eq!(name == 0, number < 0);
                prop_assert!(name == 0 || kept.insert(name, number).is_none());
            } else {
                replica.forget(choice);
                kept.remove(&choice);
            }
            for name in 1..60 {
                prop_assert_eq!(ask(&replica, name), kept.get(&name).copied().unwrap_or(-1));
            }
        }
    }

    #[test]
    fn the_order_of_members_never_matters(document in document(), context in context(), now in -10_i64..700_000) {
        let mut text = String::new();
        reversed(&document, &mut text);
        let snapshot = Snapshot::from_json(&document.to_string()).unwrap();
        let other = Snapshot::from_json(&text).unwrap();
        prop_assert_eq!(answers(&snapshot, &context, now), answers(&other, &context, now));
        // Of several wrong members serde tells the first, so only what is broken is compared.
        let broken = |snapshot: &Snapshot| -> BTreeSet<_> { snapshot.issues().iter().map(|issue| issue.flag.clone()).collect() };
        prop_assert_eq!(broken(&snapshot), broken(&other));
    }

    #[test]
    fn a_document_means_the_same_on_the_wire(document in document(), context in context(), now in -10_i64..700_000) {
        let snapshot = Snapshot::from_json(&document.to_string()).unwrap();
        let replica = transferred(&document);
        prop_assert_eq!(answers(&snapshot, &context, now), answers(&replica.snapshot(), &context, now));
        let joined = Snapshot::from_json(&join("e", 1, split(&document)).to_string()).unwrap();
        prop_assert_eq!(answers(&snapshot, &context, now), answers(&joined, &context, now));
        prop_assert_eq!(joined.changed_since(&joined), Vec::<std::sync::Arc<str>>::new());
    }

    // pins TIME-9
    #[test]
    fn between_two_boundaries_nothing_changes(document in document(), context in context(), now in -10_i64..700_000) {
        let snapshot = Snapshot::from_json(&document.to_string()).unwrap();
        let next = snapshot.next_boundary(Timestamp::from_millis(now)).map_or(2_000_000, Timestamp::as_millis);
        prop_assert!(next > now);
        prop_assert_eq!(answers(&snapshot, &context, now), answers(&snapshot, &context, next.saturating_sub(1)));
        let last = snapshot.last_boundary(Timestamp::from_millis(now)).map_or(-1_000, Timestamp::as_millis);
        prop_assert_eq!(answers(&snapshot, &context, now), answers(&snapshot, &context, last));
    }

    #[test]
    fn growing_a_rollout_evicts_nobody_and_moves_nobody(unit in "\\PC{1,12}", small in 0..=100_000_u32, large in 0..=100_000_u32, weight in 0..=100_000_u32) {
        let (small, large) = (small.min(large), small.max(large));
        let variant = |share: u32| {
            let flag = json!({"type": "string", "enabled": true, "variants": {"none": "", "a": "a", "b": "b"}, "offVariant": "none",
                "serve": {"rollout": f64::from(share) / 1000.0, "arms": [{"variant": "a", "weight": weight}, {"variant": "b", "weight": 100_000_u32.saturating_sub(weight)}]}});
            let snapshot = Snapshot::from_json(&json!({"schemaVersion": 1, "flags": {"f": flag}}).to_string()).unwrap();
            snapshot.evaluate("f", None, &Context::new(unit.as_str()), Timestamp::default()).variant.unwrap().to_owned()
        };
        let before = variant(small);
        prop_assert!(before == "none" || before == variant(large), "{} then {}", before, variant(large));
    }
}
