use super::*;

fn context(subject: &str) -> Context {
    Context::default().with("subjectKey", subject)
}

#[test]
fn shards_are_those_of_eppo() {
    let salt = Salt::new("traffic-new-user-onboarding-experiment");
    for (subject, shard) in [("3", 5472), ("4", 5771), ("5", 637), ("1", 6156)] {
        assert_eq!(salt.shard(subject, 10_000), Some(shard), "{subject}");
    }
}

#[test]
fn each_arm_looks_at_the_shards_of_its_own_salts_however_many_there_are() {
    // The arm of each subject by the shards of nine salts, of which the later arms have the earlier ones too.
    let shard =
        |salt: usize| format!(r#"{{"salt": "s{salt}", "ranges": [{{"start": 0, "end": 5}}]}}"#);
    let arm = |arm: usize| format!("[{}]", [shard(arm), shard(arm / 2), shard(8)].join(", "));
    let splits: Vec<_> = (0..8).map(arm).collect();
    let parameters = format!(
        r#"{{"totalShards": 10, "splits": [{}]}}"#,
        splits.join(", ")
    );
    let choice = choice(&Value::from_json(&parameters).unwrap(), &[1.0; 8]).unwrap();
    for subject in (0..200).map(|number| format!("u{number}")) {
        let is_low = |salt: usize| Salt::new(&format!("s{salt}")).shard(&subject, 10) < Some(5);
        let arm = (0..8).find(|arm| is_low(*arm) && is_low(arm / 2) && is_low(8));
        let chosen = choice.choose(&context(&subject), Timestamp::from_millis(0));
        assert_eq!(
            chosen,
            arm.map_or(Chosen::Declined, Chosen::Arm),
            "{subject}"
        );
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
