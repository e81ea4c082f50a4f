use super::super::{Chosen, Clock};
use super::{condition, naming};
use crate::context::Context;
use crate::value::Value;
use crate::value::timestamp::Timestamp;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_500);

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn expression(fractional: u32, logic: &str) -> Value {
    let members = [
        ("flagKey", "fractional-flag".into()),
        ("fractional", fractional.into()),
        ("logic", value(logic)),
    ];
    Value::object(members)
}

const SUITS: [&str; 4] = ["clubs", "diamonds", "hearts", "spades"];

fn suit(fractional: u32, logic: &str, context: &str) -> Option<&'static str> {
    let choice = naming(&expression(fractional, logic), &SUITS).unwrap();
    match choice.choose(&Context::from_json(context).unwrap(), NOW) {
        Chosen::Arm(arm) => Some(SUITS[arm]),
        Chosen::Declined => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn fractional_is_that_of_the_vendor_s_table() {
    let buckets = r#"["clubs", 25], ["diamonds", 25], ["hearts", 25], ["spades", 25]"#;
    let cat = r#"{"cat": [{"var": "$flagd.flagKey"}, {"var": "targetingKey"}]}"#;
    let logic = format!(r#"{{"fractional": [{cat}, {buckets}]}}"#);
    for (name, second, third) in [
        ("jack", "hearts", "diamonds"),
        ("queen", "spades", "diamonds"),
        ("ten", "clubs", "clubs"),
        ("nine", "diamonds", "clubs"),
        ("3", "clubs", "spades"),
    ] {
        let context = format!(r#"{{"targetingKey": "{name}"}}"#);
        assert_eq!(suit(2, &logic, &context), Some(second), "{name}");
        assert_eq!(suit(3, &logic, &context), Some(third), "{name}");
    }
}

#[test]
fn fractional_without_a_unit_takes_the_flag_and_the_targeting_key() {
    let logic = r#"{"fractional": [["clubs"], ["diamonds"], ["hearts"], ["spades"]]}"#;
    assert_eq!(
        suit(2, logic, r#"{"targetingKey": "jack"}"#),
        Some("hearts")
    );
    for context in ["{}", r#"{"targetingKey": ""}"#] {
        assert_eq!(suit(2, logic, context), None);
        assert_eq!(suit(3, logic, context), None);
    }
}

#[test]
fn bad_weights_are_no_variant() {
    for buckets in [
        r#"["clubs", 0.5]"#,
        r#"["clubs", "1"]"#,
        r#"["clubs", null]"#,
        r#"["clubs", 1, 1]"#,
        r#"["clubs", 0]"#,
        r#"["clubs", -5]"#,
        r#"["clubs", 2147483647], ["diamonds", 1]"#,
        r#"["clubs", 1], []"#,
        r#"["clubs", 1], "diamonds""#,
        r#"[["clubs"], 1]"#,
    ] {
        let logic = format!(r#"{{"fractional": ["x", {buckets}]}}"#);
        assert_eq!(suit(2, &logic, "{}"), None, "{buckets}");
        assert_eq!(suit(3, &logic, "{}"), None, "{buckets}");
    }
}

fn holds(logic: &str, context: &str) -> bool {
    let condition = condition(&expression(2, logic)).unwrap();
    condition.holds(&Context::from_json(context).unwrap(), NOW)
}

#[test]
fn operations_are_those_of_json_logic() {
    for logic in [
        r#"{"==": [1, "1"]}"#,
        r#"{"===": [18, 18.0]}"#,
        r#"{"<": [1, 2, 3]}"#,
        r#"{"!": {"<": [1, 3, 2]}}"#,
        r#"{"!": {"<": [1, 2, 2]}}"#,
        r#"{"in": ["a", ["a", "b"]]}"#,
        r#"{"in": ["b", "abc"]}"#,
        r#"{"!": {"in": ["b", null]}}"#,
        r#"{"==": [{"cat": ["a", 1, null, true]}, "a1true"]}"#,
        r#"{"==": [{"+": ["1", 2, "3x"]}, 6]}"#,
        r#"{"==": [{"%": [-7, 3]}, -1]}"#,
        r#"{"==": [{"-": "5"}, -5]}"#,
        r#"{"==": [{"max": [1, 3, 2]}, 3]}"#,
        r#"{"!": [[]]}"#,
        r#"{"!!": ["0"]}"#,
        r#"{"==": [{"substr": ["jsonlogic", 4]}, "logic"]}"#,
        r#"{"==": [{"substr": ["jsonlogic", -5]}, "logic"]}"#,
        r#"{"==": [{"substr": ["jsonlogic", 1, -5]}, "son"]}"#,
        r#"{"==": [{"reduce": [[1, 2, 3], {"+": [{"var": "current"}, {"var": "accumulator"}]}, 0]}, 6]}"#,
        r#"{"all": [[1, 2], {">": [{"var": ""}, 0]}]}"#,
        r#"{"!": {"all": [[], true]}}"#,
        r#"{"none": [[], true]}"#,
        r#"{"some": [{"var": "list"}, {"==": [{"var": "n"}, 2]}]}"#,
        r#"{"==": [{"var": ["missing", "d"]}, "d"]}"#,
        r#"{"==": [{"var": "list.1.n"}, 2]}"#,
        r#"{"==": [{"var": "$flagd.timestamp"}, 1800000000]}"#,
        r#"{"missing": ["missing"]}"#,
        r#"{"!": {"missing": ["list"]}}"#,
        r#"{"!": {"missing_some": [1, ["list", "missing"]]}}"#,
        r#"{"sem_ver": ["v1.2.3", "^", "1.9"]}"#,
        r#"{"sem_ver": [1.2, "=", "V1.2.0+build"]}"#,
        r#"{"sem_ver": ["1.2.3-a", "<", "1.2.3"]}"#,
        r#"{"===": [{"sem_ver": ["1.2.3.4", "=", "1.2.3"]}, null]}"#,
        r#"{"===": [{"starts_with": [5, "5"]}, null]}"#,
        r#"{"ends_with": ["abc", "bc"]}"#,
        r#"{"if": [false, 0, false, 0, 1]}"#,
    ] {
        assert!(holds(logic, r#"{"list": [{"n": 1}, {"n": 2}]}"#), "{logic}");
    }
}

#[test]
fn what_flagd_does_not_know_is_refused_where_it_stands() {
    for (logic, pointer) in [
        (r#"{"if": [true, {"other": 1}]}"#, "/logic/if/1/other"),
        (r#"{"a": 1, "b": 2}"#, "/logic"),
        (r#"{"<": [1]}"#, "/logic/<"),
        (r#"{"$ref": "x"}"#, "/logic/$ref"),
    ] {
        let refusal = naming(&expression(2, logic), &SUITS).unwrap_err();
        assert_eq!(refusal.pointer, pointer);
    }
    let deep = (0..100).fold(Value::Null, |inner, _| Value::object([("!", inner)]));
    let deep = [
        ("flagKey", "f".into()),
        ("fractional", 2.into()),
        ("logic", deep),
    ];
    assert!(condition(&Value::object(deep)).is_err());
}

#[test]
fn a_result_that_grows_without_bound_is_given_up() {
    let list = vec!["x"; 64].join("\", \"");
    let logic = format!(
        r#"{{"reduce": [["{list}"], {{"cat": [{{"var": "accumulator"}}, {{"var": "accumulator"}}]}}, "xx"]}}"#
    );
    assert!(!holds(&logic, "{}"));
}

#[test]
fn the_clock_is_read_only_where_it_is_used() {
    let clock = |logic: &str| condition(&expression(2, logic)).unwrap().clock();
    assert!(clock(r#"{"==": [{"var": "a"}, 1]}"#).is_unread());
    let at = [5_000, 6_000].map(Timestamp::from_millis);
    assert_eq!(
        clock(r#"{">": [{"var": "$flagd.timestamp"}, 5]}"#),
        Clock::at(at.into())
    );
    assert!(clock(r#"{"+": [{"var": "$flagd.timestamp"}, 5]}"#).every_second);
    assert!(clock(r#"{"var": {"var": "name"}}"#).every_second);
}

#[test]
fn a_unit_in_parts_is_the_unit_that_they_make() {
    let buckets = r#"["clubs", 25], ["diamonds", 25], ["hearts", 25], ["spades"]"#;
    let parts = r#"{"cat": [{"var": "$flagd.flagKey"}, {"var": "id"}, {"var": "n"}, null]}"#;
    let of_parts = format!(r#"{{"fractional": [{parts}, {buckets}]}}"#);
    let of_whole = format!(r#"{{"fractional": [{{"var": "unit"}}, {buckets}]}}"#);
    for length in [0, 1, 8, 9, 110, 111, 240, 241, 1_000] {
        for (n, text) in [
            ("null", ""),
            ("\"é\"", "é"),
            ("1.50", "1.5"),
            ("[1, 2]", "1,2"),
        ] {
            let id = "x".repeat(length);
            let context =
                format!(r#"{{"id": "{id}", "n": {n}, "unit": "fractional-flag{id}{text}"}}"#);
            for version in [2, 3] {
                let expected = suit(version, &of_whole, &context);
                assert!(expected.is_some());
                assert_eq!(suit(version, &of_parts, &context), expected, "{context}");
            }
        }
    }
}

#[test]
fn the_key_of_the_flag_is_read_wherever_it_stands_but_of_an_element_of_a_list() {
    let key = r#"{"var": ["$flagd.flagKey", "default"]}"#;
    for logic in [
        format!(r#"{{"==": [{key}, "fractional-flag"]}}"#),
        format!(r#"{{"in": [{{"var": "name"}}, ["a", {key}]]}}"#),
        format!(r#"{{"==": [{{"map": [{{"var": "list"}}, {key}]}}, "default,own"]}}"#),
    ] {
        let context = r#"{"name": "fractional-flag", "list": [1, {"$flagd": {"flagKey": "own"}}]}"#;
        assert!(holds(&logic, context), "{logic}");
    }
}

#[test]
fn a_version_is_compared_alike_whether_the_other_one_is_written_or_computed() {
    let versions = [
        "1.2.3", "v1.2.3", "1.2", "2", "1.2.3-a", "1.2.3+b", "1.2.3.4", "x", "",
    ];
    for relation in ["=", "!=", "<", "<=", ">", ">=", "^", "~", "?"] {
        for (one, other) in versions
            .iter()
            .flat_map(|one| versions.map(|other| (one, other)))
        {
            let context = format!(r#"{{"one": "{one}", "other": "{other}"}}"#);
            let read = |other: &str| {
                let logic = format!(r#"{{"sem_ver": [{{"var": "one"}}, "{relation}", {other}]}}"#);
                holds(&logic, &context)
            };
            let written = read(&format!("\"{other}\""));
            assert_eq!(written, read(r#"{"var": "other"}"#), "{context} {relation}");
        }
    }
}
