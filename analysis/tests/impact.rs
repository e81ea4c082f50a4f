//! The shares of units that move are exact: computed by arithmetic, and counted over many units

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]
#![expect(clippy::arithmetic_side_effects, reason = "small numbers of a test")]
#![expect(clippy::indexing_slicing, reason = "a missing member fails the test")]
#![expect(
    clippy::needless_pass_by_value,
    reason = "documents read better without borrows"
)]
#![expect(clippy::float_cmp, reason = "shares are exact")]

use std::collections::BTreeMap;

use flagstaff_analysis::impact::{Comparison, FlagChange, Split};
use flagstaff_core::{Context, Snapshot, Timestamp};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

const NOW: Timestamp = Timestamp::from_millis(1_000);
const UNITS: u32 = 20_000;

fn document(flag: Json, groups: Json, holdouts: Json) -> String {
    json!({"schemaVersion": 1, "flags": {"f": flag}, "groups": groups, "holdouts": holdouts})
        .to_string()
}

/// A flag with this own serve
fn served(serve: Json) -> String {
    let flag = json!({"type": "string", "enabled": true, "offVariant": "off", "variants": {"on": "1", "off": "0", "a": "2"}, "salt": "f", "serve": serve});
    document(flag, json!({}), json!({}))
}

fn splits(old: &str, new: &str) -> Vec<Split> {
    let mut flags = Comparison::new(old, new).unwrap().flags(NOW);
    flags.pop().map(|flag| flag.splits).unwrap_or_default()
}

/// From which variant to which, with the share
fn moves(old: &str, new: &str) -> BTreeMap<(String, String), f64> {
    let name = |variant: &Option<Box<str>>| variant.as_deref().unwrap_or("next").to_owned();
    let all = splits(old, new).into_iter().flat_map(|split| split.moves);
    all.map(|one| ((name(&one.before), name(&one.after)), one.share))
        .collect()
}

fn told(moves: &[(&str, &str, f64)]) -> BTreeMap<(String, String), f64> {
    let all = moves.iter();
    all.map(|(from, to, share)| ((String::from(*from), String::from(*to)), *share))
        .collect()
}

fn rollout(percent: f64) -> String {
    served(json!({"variant": "on", "rollout": percent}))
}

#[test]
fn a_rollout_that_grows_moves_what_it_grows_by() {
    assert_eq!(
        moves(&rollout(10.0), &rollout(20.0)),
        told(&[("off", "on", 0.1)])
    );
    assert_eq!(
        moves(&rollout(20.0), &rollout(19.999)),
        told(&[("on", "off", 0.000_01)])
    );
    assert_eq!(
        moves(&rollout(0.0), &rollout(100.0)),
        told(&[("off", "on", 1.0)])
    );
    assert_eq!(
        moves(&rollout(0.0), &rollout(33.333)),
        told(&[("off", "on", 0.333_33)])
    );
    assert_eq!(splits(&rollout(50.0), &rollout(50.0)), []);
    assert_eq!(splits(&rollout(10.0), &rollout(20.0))[0].hashes, 1);
}

#[test]
fn arms_that_are_weighted_otherwise_move_at_their_borders() {
    let arms = |on: u32, off: u32, a: u32| {
        served(
            json!({"arms": [{"variant": "on", "weight": on}, {"variant": "off", "weight": off}, {"variant": "a", "weight": a}]}),
        )
    };
    // on | off | a at 50, 80, 100 and then at 40, 90, 100.
    assert_eq!(
        moves(&arms(50_000, 30_000, 20_000), &arms(40_000, 50_000, 10_000)),
        told(&[("on", "off", 0.1), ("a", "off", 0.1)])
    );
    // A rollout hashes by itself: half of those outside of the rollout had the arm that they lose.
    let half = json!({"rollout": 50, "arms": [{"variant": "on", "weight": 50_000}, {"variant": "a", "weight": 50_000}]});
    let whole =
        json!({"arms": [{"variant": "on", "weight": 50_000}, {"variant": "a", "weight": 50_000}]});
    assert_eq!(
        moves(&served(half.clone()), &served(whole.clone())),
        told(&[("off", "on", 0.25), ("off", "a", 0.25)])
    );
    assert_eq!(splits(&served(half), &served(whole))[0].hashes, 2);
}

#[test]
fn another_salt_or_unit_is_another_independent_hash() {
    let salted = |salt: &str| served(json!({"variant": "on", "rollout": 30, "salt": salt}));
    let expected = told(&[("on", "off", 0.21), ("off", "on", 0.21)]);
    assert_eq!(moves(&salted("one"), &salted("two")), expected);
    assert_eq!(splits(&salted("one"), &salted("two"))[0].hashes, 2);
    let of_unit = |unit: &str| served(json!({"variant": "on", "rollout": 30, "unit": unit}));
    assert_eq!(moves(&of_unit("user"), &of_unit("organization")), expected);
}

#[test]
fn a_slice_and_a_holdout_gate_an_experiment() {
    let experiment = |slice: Json, percent: u32| {
        let arms = json!([{"variant": "on", "weight": 50_000}, {"variant": "a", "weight": 50_000}]);
        let serve = json!({"arms": arms, "experiment": {"key": "e", "group": "g", "slice": slice, "holdout": "h"}});
        let flag = json!({"type": "string", "enabled": true, "offVariant": "off", "variants": {"on": "1", "off": "0", "a": "2"}, "serve": serve});
        document(
            flag,
            json!({"g": {"salt": "g"}}),
            json!({"h": {"salt": "h", "percent": percent}}),
        )
    };
    // 90 % are not held out; 20 % of them come in, half of whom get each arm.
    assert_eq!(
        moves(
            &experiment(json!([[0, 20_000]]), 10),
            &experiment(json!([[0, 30_000], [60_000, 70_000]]), 10)
        ),
        told(&[("off", "a", 0.09), ("off", "on", 0.09)])
    );
    assert_eq!(
        moves(
            &experiment(json!([[0, 100_000]]), 10),
            &experiment(json!([[0, 100_000]]), 0)
        ),
        told(&[("off", "a", 0.05), ("off", "on", 0.05)])
    );
}

#[test]
fn a_ramp_counts_as_it_is_at_the_instant() {
    let ramp =
        json!({"variant": "on", "rollout": {"from": 0, "until": 600_000, "start": 0, "end": 100}});
    let at = |minutes: i64| {
        let comparison = Comparison::new(&rollout(0.0), &served(ramp.clone())).unwrap();
        let flags = comparison.flags(Timestamp::from_millis(minutes * 60_000));
        flags[0].splits.first().map_or(0.0, |split| split.moved)
    };
    assert_eq!([0, 1, 5, 10].map(at), [0.0, 0.1, 0.5, 1.0]);
}

#[test]
fn rules_are_paired_by_id_and_else_by_condition() {
    let with_rules = |rules: Json| {
        let flag = json!({"type": "boolean", "enabled": true, "serve": "off", "rules": rules});
        document(flag, json!({}), json!({}))
    };
    let when = |plan: &str| json!({"attribute": "plan", "op": "equals", "value": plan});
    let pro =
        |percent: u32| json!({"when": when("pro"), "serve": {"variant": "on", "rollout": percent}});
    let staff = json!({"id": "staff", "when": when("x"), "serve": "on"});
    let old = with_rules(json!([pro(10), staff]));
    let found = splits(&old, &with_rules(json!([staff, pro(30)])));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].before.as_deref(), Some("/flags/f/rules/0/serve"));
    assert_eq!(found[0].after.as_deref(), Some("/flags/f/rules/1/serve"));
    assert_eq!(
        (found[0].moved, &found[0].moves[0].before),
        (0.2, &None),
        "a rule that declines leaves it to the next"
    );
    let found = splits(&old, &with_rules(json!([pro(10)])));
    assert_eq!(
        (found[0].before.as_deref(), &found[0].after, found[0].moved),
        (Some("/flags/f/rules/1/serve"), &None, 1.0)
    );
}

#[test]
fn who_refers_to_what_changes_is_affected_and_nobody_else() {
    let with_segment = |email: &str, name: &str| {
        let flag = |segment: &str| json!({"type": "boolean", "enabled": true, "serve": "off", "rules": [{"when": {"segment": segment}, "serve": "on"}]});
        let when = |suffix: &str| json!({"when": {"attribute": "email", "op": "endsWith", "value": suffix}});
        json!({
            "schemaVersion": 1,
            "flags": {"a": flag("s"), "b": flag("t"), "c": {"type": "boolean", "enabled": true, "serve": "off", "owner": name}},
            "segments": {"s": {"when": {"segment": "inner"}}, "inner": when(email), "t": when("x")}
        })
        .to_string()
    };
    let comparison = Comparison::new(&with_segment("@a", "o"), &with_segment("@b", "p")).unwrap();
    let found: Vec<_> = comparison
        .flags(NOW)
        .into_iter()
        .map(|flag| (flag.flag.to_string(), flag.change))
        .collect();
    assert_eq!(
        found,
        [
            ("a".to_owned(), FlagChange::Affected),
            ("c".to_owned(), FlagChange::Changed)
        ]
    );
    let context = Context::new("u").with("email", "me@b");
    let impacts = comparison.context(&context, NOW);
    assert_eq!(impacts.len(), 1);
    assert_eq!(
        (
            &*impacts[0].flag,
            impacts[0].before.variant.as_deref(),
            impacts[0].after.variant.as_deref()
        ),
        ("a", Some("off"), Some("on"))
    );
    assert_eq!(comparison.context(&Context::new("u"), NOW), []);
    let same = with_segment("@a", "o");
    assert_eq!(Comparison::new(&same, &same).unwrap().changes(), []);
}

fn percent() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(json!(0)),
        Just(json!(100)),
        (0..=100_u32).prop_map(Json::from),
        (0..=100_000_u32).prop_map(|share| json!(f64::from(share) / 1000.0))
    ]
}

/// Serves whose hashes are partly the same and partly not
fn serve() -> impl Strategy<Value = Json> {
    let salt = || prop::sample::select(vec![json!("x"), json!("x"), json!("y")]);
    let arms = (0..=100_u32, 0..=100_u32).prop_map(|(a, b)| {
        let (first, second) = (a.min(b) * 1000, a.max(b) * 1000);
        json!([
            {"variant": "on", "weight": first},
            {"variant": "off", "weight": second - first},
            {"variant": "a", "weight": 100_000 - second}
        ])
    });
    let variant = (percent(), salt())
        .prop_map(|(percent, salt)| json!({"variant": "on", "rollout": percent, "salt": salt}));
    let slice = (0..50_u32, 1..50_u32)
        .prop_map(|(from, length)| json!([[from * 1000, (from + length) * 1000]]));
    let split = (percent(), salt(), arms, slice, any::<bool>()).prop_map(
        |(percent, salt, arms, slice, is_experiment)| {
            let mut serve = json!({"arms": arms, "rollout": percent, "salt": salt});
            if is_experiment {
                serve["experiment"] =
                    json!({"key": "e", "group": "g", "slice": slice, "holdout": "h"});
            }
            serve
        },
    );
    prop_oneof![variant, split]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shares_are_those_that_counting_finds(old in serve(), new in serve(), held in (0..30_u32, 0..30_u32)) {
        let written = |serve: &Json, held: u32| {
            let flag = json!({"type": "string", "enabled": true, "offVariant": "off", "variants": {"on": "1", "off": "0", "a": "2"}, "serve": serve});
            document(flag, json!({"g": {"salt": "g"}}), json!({"h": {"salt": "h", "percent": held}}))
        };
        let (old, new) = (written(&old, held.0), written(&new, held.1));
        let told = moves(&old, &new);
        let (before, after) = (Snapshot::from_json(&old).unwrap(), Snapshot::from_json(&new).unwrap());
        let mut counted: BTreeMap<(String, String), u32> = BTreeMap::new();
        for unit in 0..UNITS {
            let context = Context::new(format!("unit-{unit}"));
            let answer = |snapshot: &Snapshot| snapshot.evaluate("f", None, &context, NOW).variant.unwrap().to_owned();
            let pair = (answer(&before), answer(&after));
            if pair.0 != pair.1 {
                *counted.entry(pair).or_default() += 1;
            }
        }
        for pair in told.keys().chain(counted.keys()) {
            let share = told.get(pair).copied().unwrap_or(0.0);
            let count = f64::from(counted.get(pair).copied().unwrap_or(0));
            let (mean, deviation) = (share * f64::from(UNITS), (share * (1.0 - share) * f64::from(UNITS)).sqrt());
            // Bernstein: exceeded by one pair in some 10^7. Nobody and everybody is never off.
            let is_certain = share == 0.0 || mean >= f64::from(UNITS);
            let tolerance = if is_certain { 0.0 } else { 6.0 * deviation + 12.0 };
            prop_assert!((count - mean).abs() <= tolerance, "{:?}: {} of {} units, told {}", pair, count, UNITS, share);
        }
    }
}
