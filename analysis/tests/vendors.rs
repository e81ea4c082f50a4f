//! The shares of units that move by other vendors' hashes: computed by arithmetic, and counted over many units

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]
#![expect(clippy::indexing_slicing, reason = "a missing member fails the test")]
#![expect(clippy::arithmetic_side_effects, reason = "small numbers of a test")]

use std::collections::BTreeMap;

use flagstaff_analysis::impact::rehash::{Rehash, of_flag};
use flagstaff_analysis::impact::{Comparison, Split};
use flagstaff_core::{Context, Snapshot, Timestamp, murmur3_x86_32};
use serde_json::{Value as Json, json};

const NOW: Timestamp = Timestamp::from_millis(1_000);
const UNITS: u32 = 20_000;

/// A flag with this own serve
fn served(serve: &Json) -> String {
    let flag = json!({"type": "string", "enabled": true, "needs": 2, "offVariant": "off", "salt": "f", "serve": serve,
        "variants": {"on": "1", "off": "0", "a": "2"}});
    document(&flag, &json!({}))
}

fn document(flag: &Json, segments: &Json) -> String {
    json!({"schemaVersion": 1, "flags": {"f": flag}, "segments": segments}).to_string()
}

fn snapshot(document: &str) -> Snapshot {
    let snapshot = Snapshot::from_json(document).unwrap();
    assert_eq!(snapshot.issues(), [], "{document}");
    snapshot
}

fn split(old: &Json, new: &Json) -> Option<Split> {
    let comparison = Comparison::new(&served(old), &served(new)).unwrap();
    comparison.flags(NOW).pop()?.splits.pop()
}

/// Arms `on`, `off` and `a` of these weights
fn arms(weights: [f64; 3]) -> Json {
    let arms = ["on", "off", "a"].into_iter().zip(weights);
    arms.map(|(variant, weight)| json!({"variant": variant, "weight": weight}))
        .collect()
}

fn unleash(rollout: u32, group: &str, weights: [f64; 3]) -> Json {
    let parameters = json!({"rollout": rollout, "groupId": group, "variantGroupId": group, "stickiness": "userId"});
    json!({"algorithm": "unleash", "parameters": parameters, "arms": arms(weights)})
}

fn eppo(traffic: u32, cut: u32, salt: &str) -> Json {
    let open = json!({"salt": "traffic", "ranges": [{"start": 0, "end": traffic}]});
    let shard = |start: u32, end: u32| json!([open, {"salt": salt, "ranges": [{"start": start, "end": end}]}]);
    let splits = [shard(0, cut), shard(cut, 9_000), json!([open])];
    let parameters = json!({"totalShards": 10_000, "splits": splits});
    json!({"algorithm": "eppo", "parameters": parameters, "arms": arms([0.0, 0.0, 0.0])})
}

fn launchdarkly(salt: &str, weights: [f64; 3]) -> Json {
    let parameters = json!({"kind": "rollout", "key": "f", "salt": salt});
    json!({"algorithm": "launchdarkly", "parameters": parameters, "arms": arms(weights)})
}

fn flagsmith(key: &str, weights: [f64; 2]) -> Json {
    let arms = json!([
        {"variant": "on", "weight": weights[0]}, {"variant": "a", "weight": weights[1]},
        {"variant": "off", "weight": 0}, {"variant": "off", "weight": 0},
    ]);
    let parameters = json!({"key": key, "environment": {"key": "e", "name": "e"}});
    json!({"algorithm": "flagsmith", "parameters": parameters, "arms": arms})
}

fn growthbook(parameters: &Json, weights: [f64; 3]) -> Json {
    json!({"algorithm": "growthbook", "parameters": parameters, "arms": arms(weights)})
}

fn flagd(version: u32, weights: [u32; 3]) -> Json {
    let buckets = ["on", "off", "a"].into_iter().zip(weights);
    let buckets: Json = buckets
        .map(|(name, weight)| json!([name, weight]))
        .collect();
    let logic = json!({"fractional": buckets});
    json!({"dialect": "flagd", "expression": {"flagKey": "f", "fractional": version, "logic": logic}})
}

/// Splits of each vendor, some with a hash in common and some with none, and of our own
fn serves() -> Vec<Json> {
    let coverage = |coverage: f64, version: u32| json!({"seed": "s", "hashVersion": version, "coverage": coverage});
    let gated = json!({"seed": "s", "hashVersion": 2, "coverage": 0.8, "namespace": ["n", 0.25, 0.75],
        "filters": [{"seed": "filter", "attribute": "id", "ranges": [[0.1, 0.4], [0.6, 1.0]]}]});
    let one_arm = |rollout: Json| {
        json!({"algorithm": "growthbook", "arms": [{"variant": "on", "weight": 1}],
        "parameters": {"seed": "s", "hashVersion": 2, "rollout": rollout}})
    };
    vec![
        json!({"variant": "on", "rollout": 30}),
        unleash(25, "g", [500.0, 300.0, 200.0]),
        unleash(50, "g", [400.0, 500.0, 100.0]),
        unleash(73, "h", [1.0, 0.0, 999.0]),
        eppo(4_000, 5_000, "split"),
        eppo(6_000, 1_000, "split"),
        eppo(10_000, 5_000, "other"),
        launchdarkly("one", [33_333.0, 33_333.0, 33_334.0]),
        launchdarkly("one", [60_000.0, 0.0, 40_000.0]),
        launchdarkly("two", [10_000.0, 10_000.0, 10_000.0]),
        flagsmith("1", [30.0, 20.0]),
        flagsmith("1", [50.0, 10.0]),
        flagsmith("2", [0.0, 100.0]),
        growthbook(&coverage(0.5, 1), [0.5, 0.3, 0.2]),
        growthbook(&coverage(1.0, 2), [0.5, 0.3, 0.2]),
        growthbook(&coverage(0.6, 2), [0.1, 0.1, 0.8]),
        growthbook(&gated, [0.2, 0.3, 0.5]),
        one_arm(json!({"coverage": 0.4})),
        one_arm(json!({"range": [0.2, 0.9]})),
        flagd(2, [50, 30, 20]),
        flagd(2, [1, 2, 4]),
        flagd(3, [50, 0, 50]),
    ]
}

/// Random keys: not every vendor's hash spreads keys evenly that count up
fn contexts() -> Vec<Context> {
    let key = |unit: u32| format!("{:08x}", murmur3_x86_32(&unit.to_le_bytes(), 7));
    (0..UNITS)
        .map(key)
        .map(|key| Context::new(key.clone()).with("id", key))
        .collect()
}

#[test]
fn shares_are_those_that_counting_finds() {
    let contexts = contexts();
    let answers = |serve: &Json| -> Vec<String> {
        let snapshot = snapshot(&served(serve));
        let answer = |context| {
            snapshot
                .evaluate("f", None, context, NOW)
                .variant
                .unwrap()
                .to_owned()
        };
        contexts.iter().map(answer).collect()
    };
    let serves = serves();
    let all: Vec<Vec<String>> = serves.iter().map(answers).collect();
    for (old, before) in serves.iter().zip(&all) {
        for (new, after) in serves.iter().zip(&all) {
            let mut counted: BTreeMap<(&str, &str), u32> = BTreeMap::new();
            for pair in before
                .iter()
                .zip(after)
                .filter(|(before, after)| before != after)
            {
                *counted.entry((pair.0, pair.1)).or_default() += 1;
            }
            let split = split(old, new);
            let moves = split.iter().flat_map(|split| &split.moves);
            let told: BTreeMap<(&str, &str), f64> = moves
                .map(|one| {
                    (
                        (
                            one.before.as_deref().unwrap(),
                            one.after.as_deref().unwrap(),
                        ),
                        one.share,
                    )
                })
                .collect();
            for pair in told.keys().chain(counted.keys()) {
                let share = told.get(pair).copied().unwrap_or(0.0);
                let count = f64::from(counted.get(pair).copied().unwrap_or(0));
                let mean = share * f64::from(UNITS);
                // The units are the same in every run: this holds always or never.
                let tolerance = if share == 0.0 {
                    0.0
                } else {
                    5.0 * (mean * (1.0 - share)).sqrt() + 5.0
                };
                assert!(
                    (count - mean).abs() <= tolerance,
                    "{pair:?}: {count} of {UNITS} units, told {share}\n{old}\n{new}"
                );
            }
        }
    }
}

#[test]
fn a_hash_that_both_sides_look_at_is_followed_slot_by_slot() {
    let even = [1.0, 0.0, 0.0];
    let moved = |old: &Json, new: &Json| {
        let split = split(old, new).unwrap();
        (split.moved, split.hashes)
    };
    // A share that grows moves what it grows by.
    let (small, large) = (unleash(25, "g", even), unleash(50, "g", even));
    assert_eq!(moved(&small, &large), (0.25, 1));
    // Another group is another hash: of 25 % half stay, and so on.
    assert_eq!(moved(&small, &unleash(50, "h", even)), (0.5, 2));
    // The hash that only chooses among arms is the same.
    let (one, other) = (
        unleash(100, "g", [500.0, 500.0, 0.0]),
        unleash(100, "g", [400.0, 600.0, 0.0]),
    );
    assert_eq!(moved(&one, &other), (0.1, 1));
    let (one, other) = (flagd(2, [1, 1, 0]), flagd(2, [1, 3, 0]));
    assert_eq!(moved(&one, &other), (0.25, 1));
    // Nothing is claimed of hashes that are taken modulo another number.
    assert_eq!(
        split(
            &unleash(100, "g", [1.0, 1.0, 0.0]),
            &unleash(100, "g", [1.0, 2.0, 0.0])
        ),
        None
    );
    // Ours does not know theirs: p(1 - q) + (1 - p)q.
    let own = json!({"variant": "on", "rollout": 25});
    assert_eq!(moved(&small, &own), (0.375, 2));
}

fn rehashed(serve: &Json) -> Vec<Rehash> {
    of_flag(&snapshot(&served(serve)), "f")
}

#[test]
fn a_hash_of_our_own_moves_each_pair_by_the_product_of_its_shares() {
    let places = rehashed(&unleash(100, "g", [500.0, 300.0, 200.0]));
    assert_eq!(places.len(), 1);
    let place = &places[0];
    assert_eq!(
        (&*place.pointer, &*place.vendor, place.hashes),
        ("/flags/f/serve", "unleash", 1)
    );
    let moves = place.moves.iter().map(|one| {
        (
            one.before.as_deref().unwrap(),
            one.after.as_deref().unwrap(),
            one.share,
        )
    });
    let expected = [
        ("off", "on", 0.15),
        ("on", "off", 0.15),
        ("a", "on", 0.1),
        ("on", "a", 0.1),
        ("a", "off", 0.06),
        ("off", "a", 0.06),
    ];
    assert_eq!(moves.collect::<Vec<_>>(), expected);
    assert_eq!(place.moved, Some(0.62));
    // Two hashes of theirs come first: 50 % are in, of whom each arm has half.
    let places = rehashed(&unleash(50, "g", [500.0, 0.0, 500.0]));
    assert_eq!((places[0].hashes, places[0].moved), (2, Some(0.625)));
    assert_eq!(rehashed(&json!("on")), []);
    assert_eq!(rehashed(&json!({"variant": "on", "rollout": 30})), []);
    // A hash that everybody passes decides nothing.
    assert_eq!(rehashed(&unleash(100, "g", [1.0, 0.0, 0.0])), []);
}

#[test]
fn a_split_that_asks_for_more_than_hashes_is_told_by_its_places() {
    let fractional =
        |weight: Json| json!({"fractional": [{"var": "email"}, ["on", weight], ["off", 1]]});
    let is_staff = json!({"==": [{"var": "plan"}, "staff"]});
    let logic =
        json!({"if": [is_staff, fractional(json!(3)), fractional(json!({"var": "weight"}))]});
    let serve = json!({"dialect": "flagd", "expression": {"flagKey": "f", "fractional": 3, "logic": logic}});
    let places = rehashed(&serve);
    let places: Vec<_> = places
        .iter()
        .map(|place| (&*place.pointer, place.moved))
        .collect();
    let inside = "/flags/f/serve/expression/logic/if";
    assert_eq!(
        places,
        [
            (&*format!("{inside}/1/fractional"), Some(0.375)),
            (&*format!("{inside}/2/fractional"), None),
        ]
    );
    // Whether it changes as a whole depends on the contexts, so that nothing is claimed.
    assert_eq!(split(&serve, &json!("on")), None);

    let contexts = json!([{"condition": {"country": "se"}, "weights": [0.9, 0.1, 0.0]}]);
    let bandit = growthbook(
        &json!({"seed": "s", "hashVersion": 2, "contexts": contexts}),
        [0.5, 0.5, 0.0],
    );
    let places = rehashed(&bandit);
    let places: Vec<_> = places
        .iter()
        .map(|place| (&*place.pointer, place.moved))
        .collect();
    assert_eq!(
        places,
        [
            ("/flags/f/serve/parameters/contexts/0", Some(0.18)),
            ("/flags/f/serve/parameters/ranges", Some(0.5)),
        ]
    );
}

#[test]
fn conditions_that_hash_are_told_too_and_those_of_segments_once() {
    let rollout = json!({"dialect": "unleash", "expression": {"rollout": 20, "groupId": "g"}});
    let share = json!({"dialect": "launchdarkly", "expression": {"key": "s", "salt": "x", "weight": 50_000}});
    let percentage = json!({"dialect": "flagsmith", "expression": {"property": "", "operator": "PERCENTAGE_SPLIT", "value": "10", "segment": "7"}});
    let plain = json!({"dialect": "unleash", "expression": {"contextName": "a", "operator": "IN", "values": ["b"]}});
    let segment = json!({"needs": 2, "when": {"all": [share, {"segment": "inner"}]}});
    let inner = json!({"needs": 2, "when": {"not": percentage}});
    let rule = |when: &Json| json!({"when": when, "serve": "on"});
    let flag = json!({"type": "boolean", "enabled": true, "needs": 2, "serve": "off",
        "rules": [rule(&json!({"any": [rollout, plain]})), rule(&json!({"segment": "s"})), rule(&json!({"segment": "inner"}))]});
    let document = document(&flag, &json!({"s": segment, "inner": inner}));
    let places = of_flag(&snapshot(&document), "f");
    let told: Vec<_> = places
        .iter()
        .map(|place| (&*place.pointer, &*place.vendor, place.moved.unwrap()))
        .collect();
    assert_eq!(
        told[..2],
        [
            ("/flags/f/rules/0/when", "unleash", 0.32),
            ("/segments/s/when", "launchdarkly", 0.5),
        ]
    );
    // 1,000 of 9,998 percentages are at most 10.
    let share = 1_000.0 / 9_998.0;
    let expected = 2.0 * share * (1.0 - share);
    assert_eq!((told[2].0, told.len()), ("/segments/inner/when", 3));
    assert!(
        (told[2].2 - expected).abs() < 1e-9,
        "{} {expected}",
        told[2].2
    );
}

#[test]
fn what_would_take_too_long_is_not_known() {
    let shard =
        |index: u32| json!([{"salt": index.to_string(), "ranges": [{"start": 0, "end": 1}]}]);
    let splits: Json = (0..40).map(shard).collect();
    let arms: Json = (0..40)
        .map(|_| json!({"variant": "on", "weight": 1}))
        .collect();
    let many = json!({"algorithm": "eppo", "parameters": {"totalShards": 10, "splits": splits}, "arms": arms});
    let places = rehashed(&many);
    assert_eq!(
        (places.len(), places[0].moved, &*places[0].moves),
        (1, None, &[][..])
    );
    assert_eq!(split(&many, &json!("off")), None);
}

/// The flag of a block of the page
fn of_page(name: &str) -> Json {
    let page = include_str!("../../docs/migrate/own-hash.md");
    let block = page
        .split_once(&format!("<!-- test: {name} -->\n```json\n"))
        .unwrap();
    serde_json::from_str(block.1.split_once("```").unwrap().0).unwrap()
}

/// The same as the server stores it: weights of our own are thousandths
fn stored(mut flag: Json) -> Json {
    flag["needs"] = json!(2);
    flag["salt"] = json!("f");
    for rule in flag["rules"].as_array_mut().unwrap() {
        let serve = &mut rule["serve"];
        if serve.get("algorithm").is_none()
            && let Some(arms) = serve.get_mut("arms")
        {
            for arm in arms.as_array_mut().unwrap() {
                arm["weight"] = json!(arm["weight"].as_u64().unwrap() * 1_000);
            }
        }
    }
    flag
}

fn without_second_rule(flag: &Json) -> Json {
    let mut flag = flag.clone();
    flag["rules"].as_array_mut().unwrap().truncate(1);
    flag
}

#[test]
fn a_rule_behind_the_imported_one_moves_new_units_only() {
    let new = stored(of_page("growing"));
    let old = without_second_rule(&new);
    let texts = [&old, &new].map(|flag| document(flag, &json!({})));
    let comparison = Comparison::new(&texts[0], &texts[1]).unwrap();
    let splits = comparison.flags(NOW).pop().unwrap().splits;
    let told: Vec<_> = splits
        .iter()
        .map(|split| (split.before.as_deref(), split.after.as_deref(), split.moved))
        .collect();
    assert_eq!(told, [(None, Some("/flags/f/rules/1/serve"), 0.33333)]);
    let [old, new] = texts.map(|text| snapshot(&text));
    let mut is_in = [0_u32, 0];
    for context in &contexts() {
        let on = [&old, &new]
            .map(|snapshot| snapshot.evaluate("f", None, context, NOW).variant == Some("on"));
        assert!(on[1] || !on[0], "{context:?} was in");
        is_in[0] += u32::from(on[0]);
        is_in[1] += u32::from(on[1]);
    }
    // A quarter, then half.
    assert!(
        is_in[0].abs_diff(UNITS / 4) < UNITS / 50 && is_in[1].abs_diff(UNITS / 2) < UNITS / 50,
        "{is_in:?}"
    );
}

#[test]
fn a_condition_on_the_imported_rule_leaves_new_units_to_the_second_one() {
    let new = stored(of_page("registered"));
    let mut old = without_second_rule(&new);
    old["rules"][0].as_object_mut().unwrap().remove("when");
    let [old, new] = [&old, &new].map(|flag| snapshot(&document(flag, &json!({}))));
    let mut differ = 0_u32;
    for context in contexts() {
        let answer = |snapshot: &Snapshot, context: &Context| {
            let outcome = snapshot.evaluate("f", None, context, NOW);
            (
                outcome.variant.unwrap().to_owned(),
                outcome.detail.to_value().to_canonical(),
            )
        };
        let before = answer(&old, &context).0;
        let registered = context.clone().with("registered", "2026-11-30T23:59:59Z");
        assert_eq!(answer(&new, &registered).0, before);
        let (variant, detail) = answer(&new, &context);
        assert!(detail.contains("new units"), "{detail}");
        differ += u32::from(variant != before);
    }
    // By a hash that knows nothing of the other one.
    assert!(differ.abs_diff(UNITS / 2) < UNITS / 50, "{differ}");
}
