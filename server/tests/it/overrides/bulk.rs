//! Bulk loads of overrides

use axum::body::Body;
use serde_json::{Value, json};

use super::{keys, load, path, put, server};

use crate::support::{Requests as _, events};

#[tokio::test]
async fn a_bulk_load_merges_or_replaces_in_one_revision() {
    let server = server().await;
    put(&server, "/user/old", "exclude").await;
    put(&server, "/customer/c1", "include").await;
    let lines = "{\"level\": \"user\", \"contextKey\": \"u1\", \"value\": \"include\", \"reason\": \"her own\"}\n\
                 \n\
                 {\"contextKey\": \"old\", \"level\": \"user\", \"value\": {\"variant\": \"two\"}}\r\n\
                 {\"level\": \"organization\", \"contextKey\": \"acme\", \"value\": {\"patch\": {\"x\": 5}}}";
    let tried = load(&server, "?dryRun=true", lines).await;
    let expected =
        json!({"revision": 3, "dryRun": true, "lines": 3, "added": 2, "changed": 1, "removed": 0});
    assert_eq!(tried.status, 200);
    assert_eq!(tried.json(), expected);
    let merged = load(&server, "?reason=all", lines).await;
    let expected =
        json!({"revision": 4, "dryRun": false, "lines": 3, "added": 2, "changed": 1, "removed": 0});
    assert_eq!(merged.json(), expected);
    assert_eq!(merged.header("etag"), "\"4\"");
    let all = server.get(&path("")).await;
    assert_eq!(
        keys(&all),
        ["customer/c1", "organization/acme", "user/old", "user/u1"]
    );
    let reasons: Vec<Value> = (0..4)
        .map(|index| all["items"][index]["reason"].clone())
        .collect();
    assert_eq!(
        reasons,
        [Value::Null, json!("all"), json!("all"), json!("her own")]
    );
    let audit = server.audit("?limit=10").await;
    let of_load: Vec<_> = audit.iter().filter(|row| row["revision"] == 4).collect();
    assert_eq!(of_load.len(), 1);

    // Only the level of the query is replaced, and its lines need not name it.
    let replaced = load(
        &server,
        "?mode=replace&level=user",
        "{\"contextKey\": \"u1\", \"value\": \"include\"}",
    )
    .await;
    let expected =
        json!({"revision": 5, "dryRun": false, "lines": 1, "added": 0, "changed": 0, "removed": 1});
    assert_eq!(replaced.json(), expected);
    let kept = server.get(&path("/user/u1")).await;
    assert_eq!(kept["reason"], "her own");
    let nothing = load(&server, "?mode=replace", "").await;
    assert_eq!(nothing["removed"], 3);
    let flag = server.get("flags/a").await;
    assert_eq!(flag["overrides"], Value::Null);
    let no_change = load(&server, "?mode=replace", "").await.expect(200);
    assert_eq!(no_change["revision"], 6);
}

#[tokio::test]
async fn every_invalid_line_of_a_bulk_load_is_reported_and_nothing_is_stored() {
    let server = server().await;
    let lines = [
        r#"{"level": "user", "contextKey": "u1", "value": "include"}"#,
        r#"{"level": "user", "contextKey": "u2""#,
        "[]",
        "",
        r#"{"level": 1, "value": "include", "why": "x"}"#,
        r#"{"level": "user", "contextKey": "u1", "value": "exclude"}"#,
    ];
    let answer = load(&server, "", &lines.join("\n")).await.expect(422);
    let seen: Vec<(u64, String, String)> = answer["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            let text = |name: &str| error[name].as_str().unwrap().to_owned();
            (
                error["line"].as_u64().unwrap(),
                text("pointer"),
                text("message"),
            )
        })
        .collect();
    let expected = [
        (
            2,
            "",
            "the line is no JSON: EOF while parsing an object at line 1 column 36",
        ),
        (3, "", "expected an object"),
        (5, "/level", "expected the name of a level, got 1"),
        (5, "/contextKey", "expected the key of a context, a string"),
        (
            5,
            "/why",
            "unknown field: expected one of `level`, `contextKey`, `value`, `reason`",
        ),
        (6, "/contextKey", "line 1 is of the same context"),
    ];
    assert_eq!(
        seen,
        expected.map(|(line, pointer, message)| (line, pointer.to_owned(), message.to_owned()))
    );

    // Overrides that the flag does not allow are reported in the same way.
    let lines = [
        r#"{"level": "user", "contextKey": "u1", "value": {"variant": "nine"}}"#,
        r#"{"level": "team", "contextKey": "", "value": "include"}"#,
    ];
    let answer = load(&server, "", &lines.join("\n")).await;
    let errors = answer["errors"].as_array().unwrap().clone();
    let seen: Vec<_> = errors
        .iter()
        .map(|error| (&error["line"], &error["pointer"]))
        .collect();
    let expected = [
        (json!(1), json!("/value")),
        (json!(2), json!("/level")),
        (json!(2), json!("/contextKey")),
    ];
    assert_eq!(
        seen,
        expected
            .iter()
            .map(|(line, pointer)| (line, pointer))
            .collect::<Vec<_>>()
    );
    let other = load(
        &server,
        "?level=user",
        r#"{"level": "customer", "contextKey": "c", "value": "include"}"#,
    )
    .await;
    assert_eq!(
        other["errors"][0]["message"],
        "expected `user`, as in `?level`, or nothing, got \"customer\""
    );

    // Only the first 100 errors are reported.
    let answer = load(&server, "", &"no\n".repeat(250)).await;
    let errors = answer["errors"].as_array().unwrap().clone();
    assert_eq!(errors.len(), 101);
    assert_eq!(errors[100]["message"], "150 more things are wrong");
    assert_eq!(server.get("document").await["revision"], 1);
    let answer = load(&server, "", &"no\n".repeat(200_001)).await;
    let errors = answer["errors"].as_array().unwrap().clone();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0]["message"], "expected at most 200000 lines");
    for query in ["?mode=add", "?dryRun=perhaps"] {
        load(&server, query, "").await.expect(422);
    }
    let long = format!("{{\"level\": \"{}", "x".repeat(2 << 20));
    let answer = load(&server, "", &long).await.expect(422);
    assert_eq!(answer["errors"][0]["line"], 1);
}

/// The network may split a body anywhere
#[tokio::test]
async fn lines_of_a_bulk_load_may_be_split_anywhere() {
    let server = server().await;
    let text = "{\"level\": \"user\", \"contextKey\": \"ünï\", \"value\": \"include\"}\n"
        .to_owned()
        + "{\"level\": \"user\", \"contextKey\": \"zwei\", \"value\": \"exclude\"}";
    let pieces: Vec<Result<bytes::Bytes, std::io::Error>> = text
        .bytes()
        .map(|byte| Ok(bytes::Bytes::copy_from_slice(&[byte])))
        .collect();
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let loaded = server.post(&path("/bulk"), body).await;
    assert_eq!(loaded["added"], 2);
    assert_eq!(
        keys(&server.get(&path("")).await),
        ["user/zwei", "user/ünï"]
    );
}

/// After a bulk load, a change of one entry sends one entry
#[tokio::test]
async fn after_a_bulk_load_a_change_of_one_entry_sends_one_entry() {
    let server = server().await;
    let environment = server.state.environment(1).unwrap();
    let sent = |revision| {
        let since = environment
            .current()
            .since(flagstaff_server::Visibility::All, revision)
            .unwrap();
        events(since.plain())
    };
    let line = |key: u32, what: &str| {
        format!("{{\"level\": \"user\", \"contextKey\": \"u{key}\", \"value\": \"{what}\"}}\n")
    };
    let lines: String = (0..2_000).map(|key| line(key, "include")).collect();
    assert_eq!(load(&server, "", &lines).await["added"], 2_000);
    let names = |revision| {
        sent(revision)
            .into_iter()
            .map(|event| event.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(1), ["put-object", "payload-transferred"]);

    put(&server, "/user/u7", "exclude").await;
    let events = sent(2);
    assert_eq!(events.len(), 2);
    assert_eq!(events[0].name, "put-entry");
    assert_eq!(
        events[0].json(),
        json!({"kind": "overrides", "key": "a/user", "version": 3, "entry": "u7", "value": "exclude"})
    );
    server.delete(&path("/user/u8")).await;
    assert_eq!(names(3), ["delete-entry", "payload-transferred"]);

    // A change of most of a list sends the list; a change of few entries sends the entries.
    let lines: String = (0..1_000).map(|key| line(key, "exclude")).collect();
    load(&server, "", &lines).await;
    assert_eq!(names(4), ["put-object", "payload-transferred"]);
    let lines: String = (1_000..1_100).map(|key| line(key, "exclude")).collect();
    load(&server, "", &lines).await;
    assert_eq!(names(5).len(), 101);
}
