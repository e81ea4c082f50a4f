//! No finding is ever wrong: random documents are analysed, and the findings are compared with the outcomes of contexts

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]
#![expect(clippy::arithmetic_side_effects, reason = "small numbers of a test")]
#![expect(clippy::indexing_slicing, reason = "a missing member fails the test")]

use std::cell::RefCell;
use std::collections::BTreeMap;

use flagstaff_analysis::lint::{Code, Finding, Options, lint};
use flagstaff_core::{Context, DecidingStep, Outcome, Snapshot, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};

/// One of these
fn one_of(values: Json) -> BoxedStrategy<Json> {
    let Json::Array(values) = values else {
        return Just(values).boxed();
    };
    prop::sample::select(values).boxed()
}

/// An object of these members; those that come out as `null` are left out
fn object(members: Vec<(&'static str, BoxedStrategy<Json>)>) -> BoxedStrategy<Json> {
    let members: Vec<_> = members
        .into_iter()
        .map(|(name, value)| value.prop_map(move |value| (name.to_owned(), value)))
        .collect();
    members
        .prop_map(|members| {
            members
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .collect()
        })
        .boxed()
}

fn texts() -> Json {
    json!(["", "a", "ab", "abc", "b", "B", "AB", "bA", "ß", "ẞ", "c"])
}

fn attribute() -> BoxedStrategy<Json> {
    one_of(json!(["a", "a", "a", "/a", "b", "targetingKey", "/o/key"]))
}

fn test(
    operators: Json,
    operand: &'static str,
    literals: BoxedStrategy<Json>,
    modifiers: Json,
) -> BoxedStrategy<Json> {
    object(vec![
        ("attribute", attribute()),
        ("op", one_of(operators)),
        (operand, literals),
        ("array", one_of(json!([null, null, "all", "none"]))),
        ("ignoreCase", one_of(modifiers)),
    ])
}

fn several(values: Json) -> BoxedStrategy<Json> {
    prop::collection::vec(one_of(values), 0..3)
        .prop_map(Json::from)
        .boxed()
}

fn attribute_test() -> BoxedStrategy<Json> {
    let folded = || json!([null, null, true]);
    let numbers = json!([-1, 0, 0.5, 1, 1.5, 2]);
    let mixed = json!(["a", "ab", "b", 1, 0.5, 2, true, false]);
    let versions = json!(["1.0.0", "1.0.0-a", "1.2.0", "2.0.0"]);
    let instants = json!([0, 1, 2, "1970-01-01T00:00:00.001Z"]);
    let networks = json!([
        "10.0.0.0/8",
        "10.1.0.0/16",
        "10.0.0.1",
        "0.0.0.0/0",
        "::/0",
        "fd00::/8"
    ]);
    let patterns = json!([
        "a^",
        "^a",
        "b$",
        "$a",
        "^$",
        "a|b",
        "[^\\d\\D]",
        "",
        "x(^a|^b)",
        "(a^|b)",
        "^[ab]+$"
    ]);
    let whole = object(vec![
        ("attribute", attribute()),
        ("op", one_of(json!(["exists", "notExists", "exists"]))),
    ]);
    let size = object(vec![
        ("attribute", attribute()),
        (
            "op",
            one_of(json!([
                "sizeEqual",
                "sizeLess",
                "notSizeGreater",
                "sizeGreaterOrEqual"
            ])),
        ),
        ("value", one_of(json!([0, 1, 2, 3]))),
    ]);
    prop_oneof![
        3 => test(json!(["equals", "notEquals", "contains", "startsWith", "endsWith", "notStartsWith"]), "value", one_of(texts()), folded()),
        3 => test(json!(["in", "notIn", "contains", "endsWith"]), "values", several(texts()), folded()),
        2 => test(json!(["in", "notIn"]), "values", several(mixed), Json::Null),
        1 => test(json!(["equals", "notEquals"]), "value", one_of(json!([0, 1, 0.5, true, false])), Json::Null),
        3 => test(json!(["lessThan", "lessOrEqual", "greaterThan", "greaterOrEqual", "notLessThan"]), "value", one_of(numbers), Json::Null),
        2 => test(json!(["before", "after", "notBefore"]), "value", one_of(instants), Json::Null),
        2 => test(json!(["semverEqual", "semverLess", "semverGreaterOrEqual", "notSemverGreater"]), "value", one_of(versions), Json::Null),
        1 => test(json!(["semverMatches", "notSemverMatches"]), "values", several(json!(["^1.0.0", "~1.2.0", "^1.0.0-a"])), Json::Null),
        2 => test(json!(["cidr", "notCidr"]), "values", several(networks), Json::Null),
        2 => test(json!(["matches", "notMatches"]), "values", several(patterns), Json::Null),
        1 => whole,
        2 => size,
    ]
    .boxed()
}

fn condition() -> BoxedStrategy<Json> {
    let null = json!({"attribute": "a", "op": "equals", "value": null});
    let bucket = object(vec![
        ("salt", one_of(json!(["s", "s", "t"]))),
        ("from", one_of(json!([0, 20_000, 50_000]))),
        ("until", one_of(json!([60_000, 100_000, 50_000]))),
    ]);
    let leaf = prop_oneof![
        10 => attribute_test(),
        1 => Just(null),
        1 => one_of(json!(["s", "t", "u"])).prop_map(|key| json!({"segment": key})),
        1 => (one_of(json!(["g", "h"])), one_of(json!([["on"], ["off"], ["a"], ["on", "off", "a"], ["off", "on"]])))
            .prop_map(|(key, variants)| json!({"flag": key, "variants": variants})),
        1 => bucket.prop_map(|bucket| json!({"bucket": bucket})),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        let members = || prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            4 => members().prop_map(|members| json!({"all": members})),
            2 => members().prop_map(|members| json!({"any": members})),
            1 => inner.clone().prop_map(|member| json!({"not": member})),
        ]
    })
    .boxed()
}

fn serve() -> BoxedStrategy<Json> {
    let variant = || one_of(json!(["on", "off", "a"]));
    let rollout = object(vec![
        ("variant", variant()),
        ("rollout", one_of(json!([null, 0, 40, 100]))),
        ("onMissing", one_of(json!([null, {"variant": "a"}]))),
    ]);
    let arms = Just(
        json!({"arms": [{"variant": "on", "weight": 100_000}, {"variant": "a", "weight": 0}]}),
    );
    prop_oneof![3 => variant(), 2 => rollout, 1 => arms].boxed()
}

fn flag(rules: usize, condition: BoxedStrategy<Json>) -> BoxedStrategy<Json> {
    let rule = object(vec![
        (
            "when",
            prop_oneof![8 => condition, 1 => Just(Json::Null)].boxed(),
        ),
        ("from", one_of(json!([null, null, null, 10, 20]))),
        ("until", one_of(json!([null, null, null, 21, 30]))),
        ("serve", serve()),
    ]);
    let overrides = json!([null, null, {"user": {"u1": "exclude", "u2": {"variant": "a"}}}, {"user": {"u3": "include"}}]);
    object(vec![
        ("type", Just(json!("string")).boxed()),
        ("enabled", one_of(json!([true, true, true, false]))),
        (
            "variants",
            Just(json!({"on": "1", "off": "0", "a": "2"})).boxed(),
        ),
        ("offVariant", Just(json!("off")).boxed()),
        ("onVariant", one_of(json!([null, "on"]))),
        ("expiresAt", one_of(json!([null, null, null, null, 20]))),
        (
            "rules",
            prop::collection::vec(rule, 0..=rules)
                .prop_map(Json::from)
                .boxed(),
        ),
        ("serve", serve()),
        ("overrides", one_of(overrides)),
    ])
}

fn document() -> impl Strategy<Value = Json> {
    let prerequisites = json!([null, null, null, [{"flag": "g", "variants": ["on"]}], [{"flag": "h", "variants": ["off"]}], [{"flag": "x", "variants": ["on"]}]]);
    let segment = || {
        object(vec![
            ("include", one_of(json!([null, {"user": ["u1"]}]))),
            ("exclude", one_of(json!([null, {"user": ["u1", "u2"]}]))),
            (
                "when",
                prop_oneof![Just(Json::Null), attribute_test()].boxed(),
            ),
        ])
    };
    let flags = (
        flag(4, condition()),
        flag(1, attribute_test()),
        flag(0, attribute_test()),
    );
    (flags, one_of(prerequisites), segment(), segment(), segment()).prop_map(|((mut f, g, h), prerequisites, s, t, u)| {
        if !prerequisites.is_null() {
            f["prerequisites"] = prerequisites;
        }
        json!({"schemaVersion": 1, "flags": {"f": f, "g": g, "h": h}, "segments": {"s": s, "t": t, "u": u}})
    })
}

/// Single values that the tests distinguish
fn scalars() -> Vec<Json> {
    let all = json!([
        "", "a", "ab", "abc", "b", "B", "AB", "ABC", "aB", "bA", "abab", "x", "xa", "ß", "ẞ", "ss", "c", "bc", "cab",
        "0.9.0", "1.0.0-0", "1.0.0-a", "1.0.0-b", "1.0.0", "1.0.0+x", "1.1.0", "1.2.0", "1.2.5", "2.0.0-a", "2.0.0", "3.0.0",
        "10.0.0.0", "10.0.0.1", "10.0.0.2", "10.1.0.0", "10.2.0.0", "11.0.0.0", "::", "fd00::1", "fe00::", "::ffff:10.0.0.1",
        "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.001Z", "1970-01-01T00:00:00.002Z", "1970-01-01T00:00:00.003Z", "1969-12-31T23:59:59Z",
        -2, -1, -0.5, 0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 9e15, 1e300, -1e300,
        true, false, null, {}, {"x": 1}
    ]);
    match all {
        Json::Array(all) => all,
        _ => Vec::new(),
    }
}

/// Every scalar, and some arrays of them, as the attribute that most conditions are about
fn contexts() -> impl Strategy<Value = Vec<Json>> {
    let scalar = || prop::sample::select(scalars());
    let array = || prop::collection::vec(scalar(), 0..4).prop_map(Json::from);
    let any = || prop_oneof![3 => scalar(), 1 => array(), 1 => Just(json!([[], {}]))];
    let many = scalars().len();
    let arrays = prop::collection::vec(array(), 30);
    let others = prop::collection::vec((any(), any()), many + 31);
    (arrays, others).prop_map(|(arrays, others)| {
        let mut values = scalars();
        values.extend(arrays);
        values.push(json!("missing"));
        let keys = ["u1", "u2", "u3", "u4", "u5", "a", "ab", ""];
        let each = values.into_iter().zip(others).enumerate();
        each.map(|(position, (value, (b, key)))| {
            let mut context = json!({"a": value, "b": b, "o": {"key": key}, "targetingKey": keys.get(position % 11)});
            if position % 13 == 0 {
                context.as_object_mut().unwrap().remove("a");
            }
            context
        })
        .collect()
    })
}

const INSTANTS: [i64; 4] = [5, 15, 25, 35];
const NOW: i64 = 25;

/// A context and an instant
struct Asker {
    context: Context,
    has_array: bool,
}

impl Asker {
    fn new(context: &Json) -> Self {
        let is_array = |path| context.pointer(path).is_some_and(Json::is_array);
        Self {
            context: Context::from_json(&context.to_string()).unwrap(),
            has_array: ["/a", "/b", "/o/key"].into_iter().any(is_array),
        }
    }
}

/// Evaluates a flag of a document for every context at every instant
fn ask(
    document: &Json,
    flag: &str,
    askers: &[Asker],
    mut check: impl FnMut(&Outcome<'_>, &Asker, i64),
) {
    let snapshot = Snapshot::from_json(&document.to_string()).unwrap();
    for asker in askers {
        for now in INSTANTS {
            let now_at = Timestamp::from_millis(now);
            let outcome = snapshot.evaluate(flag, None, &asker.context, now_at);
            check(&outcome, asker, now);
        }
    }
}

/// Whether a condition of the document holds, for every context at every instant; and whether that one has an array
fn holds(document: &Json, condition: &Json, askers: &[Asker]) -> Vec<(bool, bool)> {
    let mut probed = document.clone();
    probed["flags"]["probe"] = json!({"type": "boolean", "enabled": true, "rules": [{"when": condition, "serve": "on"}], "serve": "off"});
    let mut found = Vec::new();
    ask(&probed, "probe", askers, |outcome, asker, _| {
        assert!(outcome.error_code().is_none(), "{condition}");
        found.push((outcome.variant == Some("on"), asker.has_array));
    });
    found
}

/// The variants and steps of all flags
fn answers(document: &Json, askers: &[Asker]) -> Vec<(Option<String>, String)> {
    let mut found = Vec::new();
    for flag in ["f", "g", "h"] {
        ask(document, flag, askers, |outcome, _, _| {
            let variant = outcome.variant.map(ToOwned::to_owned);
            found.push((variant, format!("{:?}", outcome.detail)));
        });
    }
    found
}

fn without(document: &Json, pointer: &str) -> Json {
    let mut document = document.clone();
    let (outer, name) = pointer.rsplit_once('/').unwrap();
    document
        .pointer_mut(outer)
        .unwrap()
        .as_object_mut()
        .unwrap()
        .remove(name);
    document
}

/// Whether no context matches a pattern, or the first pattern of a condition
fn matches_nothing(document: &Json, part: &Json, askers: &[Asker]) -> bool {
    let pattern = if part.is_string() {
        part
    } else {
        &part["values"][0]
    };
    let condition = json!({"attribute": "a", "op": "matches", "value": pattern});
    holds(document, &condition, askers)
        .iter()
        .all(|(holds, _)| !holds)
}

/// Fails if a context shows that a finding is wrong
fn hold_against(document: &Json, finding: &Finding, askers: &[Asker]) {
    let pointer = &*finding.pointer;
    let parts: Vec<&str> = pointer.split('/').skip(1).collect();
    let owner = parts.get(1).copied().unwrap_or_default();
    let part = document.pointer(pointer);
    let never = |is_so: &dyn Fn(&Outcome<'_>, i64) -> bool| {
        ask(document, owner, askers, |outcome, asker, now| {
            assert!(
                !is_so(outcome, now),
                "{finding:?} is wrong at {now} for {:?} in {document}",
                asker.context
            );
        });
    };
    let is_rule = |outcome: &Outcome<'_>, index: &str| matches!(outcome.detail, DecidingStep::Rule { index: found, .. } if found.to_string() == *index);
    match finding.code {
        Code::NeverTrue | Code::AlwaysTrue | Code::OnlyArrays => {
            for (holds, has_array) in holds(document, part.unwrap(), askers) {
                let is_right = match finding.code {
                    Code::NeverTrue => !holds,
                    Code::AlwaysTrue => holds,
                    _ => !holds || has_array,
                };
                assert!(is_right, "{finding:?} is wrong in {document}");
            }
        }
        Code::DeadPattern => {
            assert!(
                matches_nothing(document, part.unwrap(), askers),
                "{finding:?}"
            );
        }
        Code::UnreachableRule => never(&|outcome, _| is_rule(outcome, parts[3])),
        Code::WindowPast => never(&|outcome, now| now >= NOW && is_rule(outcome, parts[3])),
        Code::DeadVariant => never(&|outcome, _| outcome.variant == Some(parts[3])),
        Code::NeverMet => never(&|outcome, _| outcome.variant != Some("off")),
        Code::Expired => never(&|outcome, now| now >= NOW && outcome.variant != Some("off")),
        Code::ServesNobody if parts[2] == "rules" => {
            never(&|outcome, _| is_rule(outcome, parts[3]));
        }
        Code::ServesNobody => {
            never(&|outcome, _| matches!(outcome.detail, DecidingStep::Serve { .. }));
        }
        Code::UselessOnMissing | Code::Unused => {
            let reduced = without(document, pointer);
            assert_eq!(
                answers(document, askers),
                answers(&reduced, askers),
                "{finding:?} in {document}"
            );
        }
        Code::DeclinesWithoutUnit => {
            let serve = document.pointer(pointer).unwrap();
            assert!(serve["onMissing"].is_null(), "{finding:?} in {document}");
        }
        code => assert_eq!(code, Code::Broken, "{finding:?} in {document}"),
    }
}

#[test]
fn no_context_contradicts_a_finding() {
    let found: RefCell<BTreeMap<&str, u32>> = RefCell::default();
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&(document(), contexts()), |(document, contexts)| {
        let askers: Vec<Asker> = contexts.iter().map(Asker::new).collect();
        let findings = lint(
            &document.to_string(),
            Options {
                now: Some(Timestamp::from_millis(NOW)),
                declared: None,
            },
        )
        .unwrap();
        for finding in findings {
            *found.borrow_mut().entry(finding.code.as_str()).or_default() += 1;
            hold_against(&document, &finding, &askers);
        }
        Ok(())
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
    // A kind of finding that never occurred was not tested.
    let found = found.into_inner();
    for code in [
        "unreachable-rule",
        "never-true",
        "always-true",
        "only-arrays",
        "dead-pattern",
        "never-met",
        "dead-variant",
        "serves-nobody",
        "useless-on-missing",
        "declines-without-unit",
        "expired",
        "window-past",
        "unused",
    ] {
        assert!(
            found.get(code).is_some_and(|count| *count > 0),
            "{code}: {found:?}"
        );
    }
}
