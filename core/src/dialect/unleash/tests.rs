use super::*;
use crate::dialect;

fn clock(expression: &str) -> Clock {
    let expression = Value::from_json(expression).unwrap();
    let condition = dialect::condition("unleash", &expression).unwrap();
    condition.unwrap().clock()
}

#[test]
fn hashes_are_those_of_unleash() {
    let rollout = |group, id| normalized_hash(group, id, 100, 0);
    assert_eq!(rollout("Feature.flexibleRollout.10", "174"), Some(10));
    assert_eq!(rollout("Feature.flexibleRollout.10", "499"), Some(32));
    assert_eq!(rollout("AB12A", "155"), Some(100));
    let variant = |id| normalized_hash("Feature.Variants.D", id, 100, VARIANT_SEED);
    assert_eq!(
        [variant("712"), variant("525"), variant("537")],
        [Some(1), Some(30), Some(70)]
    );
    assert_eq!(normalized_hash("g", "id", 0, 0), None);
}

#[test]
fn only_what_reads_the_time_has_a_clock() {
    let of = |name: &str| {
        clock(&format!(
            r#"{{"contextName": "{name}", "operator": "DATE_AFTER", "value": "2026-01-01T00:00:00.500Z"}}"#
        ))
    };
    assert!(of("since").is_unread());
    let seconds = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"];
    let seconds = seconds.map(|text| Timestamp::parse(text).unwrap());
    assert_eq!(of("currentTime"), Clock::at(seconds.to_vec()));
    let text = clock(
        r#"{"contextName": "currentTime", "operator": "STR_STARTS_WITH", "values": ["2026"]}"#,
    );
    assert!(text.every_second && text.instants.is_empty());
    assert!(clock(r#"{"rollout": 5, "stickiness": "currentTime", "groupId": "g"}"#).every_second);
}

#[test]
fn what_cannot_be_compiled_is_told_where_it_stands() {
    for (expression, pointer) in [
        (
            r#"{"contextName": "a", "operator": "STR_CONTAINS", "values": []}"#,
            "",
        ),
        (
            r#"{"contextName": "a", "operator": "IN", "values": ["b", 1]}"#,
            "/values/1",
        ),
        (
            r#"{"contextName": "a", "operator": "IN", "values": ["b\\"]}"#,
            "/values/0",
        ),
        (
            r#"{"contextName": "a", "operator": "NUM_EQ", "value": "one"}"#,
            "/value",
        ),
        (r#"{"contextName": "a", "operator": "NUM_EQ"}"#, ""),
        (
            r#"{"contextName": "a", "operator": "DATE_AFTER", "value": "2026-13-01T00:00:00Z"}"#,
            "/value",
        ),
        (r#"{"contextName": "\"", "operator": "IN"}"#, "/contextName"),
        (
            r#"{"contextName": "a", "operator": "NOT_A_VALID_OPERATOR"}"#,
            "/operator",
        ),
        (
            r#"{"contextName": "a", "operator": "IN", "fields": []}"#,
            "/fields",
        ),
        (r#"{"rollout": 5}"#, ""),
        (r#"{"rollout": 500, "groupId": "g"}"#, "/rollout"),
        ("[]", ""),
    ] {
        let value = Value::from_json(expression).unwrap();
        let refused = dialect::condition("unleash", &value).unwrap().unwrap_err();
        assert_eq!(
            refused.pointer, pointer,
            "{expression}: {}",
            refused.message
        );
    }
    for (parameters, weights) in [
        ("{}", &[1.0, 1.0][..]),
        (r#"{"variantGroupId": "g"}"#, &[0.0, 0.0]),
        (r#"{"variantGroupId": "g"}"#, &[0.5, 1.0]),
        (
            r#"{"variantGroupId": "g", "overrides": [[], [], []]}"#,
            &[1.0, 1.0],
        ),
        (r#"{"variantGroupId": "g", "overrides": [{}]}"#, &[1.0, 1.0]),
    ] {
        let value = Value::from_json(parameters).unwrap();
        assert!(choice(&value, weights).is_err(), "{parameters}");
    }
}
