//! Random documents and contexts, whose names are few, so that what is named in one place is often found in another

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

pub(crate) fn json_value() -> impl Strategy<Value = Json> {
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

pub(crate) fn document() -> impl Strategy<Value = Json> {
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

pub(crate) fn context() -> impl Strategy<Value = Json> {
    object(vec![
        ("targetingKey", text(&["u1", "u2", ""])),
        ("plan", scalar().boxed()),
        ("a", json_value().boxed()),
        ("organization", Just(json!({"key": "acme"})).boxed()),
        ("team", Just(json!({"key": 7})).boxed()),
    ])
}
