use super::*;

fn context(subject: &str) -> Context {
    Context::default().with("subjectKey", subject)
}

#[test]
fn shards_are_those_of_eppo() {
    // The shard of a subject is the only one whose range has it.
    let has = |salt: &str, subject: &str, shard: u32| {
        let ranges = Box::new([(shard, shard.saturating_add(1))]);
        let shard = Shard {
            salt: salt.into(),
            ranges,
        };
        shard.matches(subject, 10_000)
    };
    let traffic = "traffic-new-user-onboarding-experiment";
    for (subject, shard) in [("3", 5472), ("4", 5771), ("5", 637), ("1", 6156)] {
        assert!(has(traffic, subject, shard), "{subject}");
        assert!(!has(traffic, subject, shard.saturating_add(1)), "{subject}");
    }
}

#[test]
fn every_shard_must_match_and_a_whole_range_needs_no_subject() {
    let parameters = r#"{"totalShards": 10, "splits": [
        [{"salt": "a", "ranges": []}], [{"salt": "a", "ranges": [{"start": 0, "end": 10}]}]]}"#;
    let choice = choice(&Value::from_json(parameters).unwrap(), &[1.0, 1.0]).unwrap();
    let now = Timestamp::from_millis(0);
    assert_eq!(choice.choose(&context("s"), now), Chosen::Arm(1));
    assert_eq!(choice.choose(&Context::default(), now), Chosen::Declined);
}

#[test]
fn what_cannot_be_compiled_is_told_where_it_stands() {
    for (parameters, pointer) in [
        (r#"{"splits": [[]]}"#, "/totalShards"),
        (r#"{"totalShards": 0, "splits": [[]]}"#, "/totalShards"),
        (r#"{"totalShards": 10, "splits": []}"#, "/splits"),
        (r#"{"totalShards": 10, "splits": [{}]}"#, "/splits/0"),
        (
            r#"{"totalShards": 10, "splits": [[{"ranges": []}]]}"#,
            "/splits/0/0",
        ),
        (
            r#"{"totalShards": 10, "splits": [[{"salt": "s", "ranges": [{"start": -1, "end": 2}]}]]}"#,
            "/splits/0/0/ranges/0/start",
        ),
    ] {
        let refused = choice(&Value::from_json(parameters).unwrap(), &[1.0]).unwrap_err();
        assert_eq!(
            refused.pointer, pointer,
            "{parameters}: {}",
            refused.message
        );
    }
    for condition in [
        r#"{"attribute": "a", "operator": "LIKE", "value": 1}"#,
        r#"{"attribute": "a", "operator": "ONE_OF", "value": "x"}"#,
        r#"{"attribute": "a", "operator": "GTE", "value": "x"}"#,
        r#"{"attribute": "a", "operator": "IS_NULL", "value": 1}"#,
        r#"{"attribute": "a", "operator": "MATCHES", "value": "(?=x)"}"#,
        r#"{"operator": "IS_NULL", "value": true}"#,
    ] {
        let value = Value::from_json(condition).unwrap();
        assert!(super::condition(&value).is_err(), "{condition}");
    }
}
