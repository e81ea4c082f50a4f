//! Loads of many overrides

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::{keys, load, path, put, server};
use crate::follower::events;
use crate::support::{DOCUMENT, FLAGS};

#[tokio::test]
async fn a_load_merges_or_replaces_in_one_revision() {
    let server = server().await;
    put(&server, "/user/old", json!("exclude")).await;
    put(&server, "/customer/c1", json!("include")).await;
    let lines = "{\"level\": \"user\", \"contextKey\": \"u1\", \"value\": \"include\", \"reason\": \"her own\"}\n\
                 \n\
                 {\"contextKey\": \"old\", \"level\": \"user\", \"value\": {\"variant\": \"two\"}}\r\n\
                 {\"level\": \"organization\", \"contextKey\": \"acme\", \"value\": {\"patch\": {\"x\": 5}}}";
    let tried = load(&server, "?dryRun=true", lines).await;
    let expected =
        json!({"revision": 3, "dryRun": true, "lines": 3, "added": 2, "changed": 1, "removed": 0});
    assert_eq!((tried.status, tried.json()), (StatusCode::OK, expected));
    let merged = load(&server, "?reason=all", lines).await;
    let expected =
        json!({"revision": 4, "dryRun": false, "lines": 3, "added": 2, "changed": 1, "removed": 0});
    assert_eq!((merged.json(), merged.header("etag")), (expected, "\"4\""));
    let all = server.get(&path("")).await;
    assert_eq!(
        keys(&all),
        ["customer/c1", "organization/acme", "user/old", "user/u1"]
    );
    let reasons: Vec<Value> = (0..4)
        .map(|index| all.json()["items"][index]["reason"].clone())
        .collect();
    assert_eq!(
        reasons,
        [Value::Null, json!("all"), json!("all"), json!("her own")]
    );
    let audit = server
        .get("/api/v1/projects/default/audit?limit=10")
        .await
        .json();
    let of_load: Vec<_> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["revision"] == 4)
        .collect();
    assert_eq!(of_load.len(), 1);

    // Only the level that is named is replaced, and its lines need not name it.
    let replaced = load(
        &server,
        "?mode=replace&level=user",
        "{\"contextKey\": \"u1\", \"value\": \"include\"}",
    )
    .await;
    let expected =
        json!({"revision": 5, "dryRun": false, "lines": 1, "added": 0, "changed": 0, "removed": 1});
    assert_eq!(replaced.json(), expected);
    let kept = server.get(&path("/user/u1")).await.json();
    assert_eq!(kept["reason"], "her own");
    let nothing = load(&server, "?mode=replace", "").await;
    assert_eq!(nothing.json()["removed"], 3);
    let flag = server.get(&format!("{FLAGS}/a")).await.json();
    assert_eq!(flag["overrides"], Value::Null);
    let no_change = load(&server, "?mode=replace", "").await;
    assert_eq!(
        (no_change.status, &no_change.json()["revision"]),
        (StatusCode::OK, &json!(6))
    );
}

#[tokio::test]
async fn every_bad_line_of_a_load_is_named_and_nothing_is_stored() {
    let server = server().await;
    let lines = [
        r#"{"level": "user", "contextKey": "u1", "value": "include"}"#,
        r#"{"level": "user", "contextKey": "u2""#,
        "[]",
        "",
        r#"{"level": 1, "value": "include", "why": "x"}"#,
        r#"{"level": "user", "contextKey": "u1", "value": "exclude"}"#,
    ];
    let answer = load(&server, "", &lines.join("\n")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let seen: Vec<(u64, String, String)> = answer.json()["errors"]
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
        (5, "/why", "unknown field"),
        (6, "/contextKey", "line 1 is of the same context"),
    ];
    assert_eq!(
        seen,
        expected.map(|(line, pointer, message)| (line, pointer.to_owned(), message.to_owned()))
    );

    // What the flag does not take is named alike.
    let lines = [
        r#"{"level": "user", "contextKey": "u1", "value": {"variant": "nine"}}"#,
        r#"{"level": "team", "contextKey": "", "value": "include"}"#,
    ];
    let answer = load(&server, "", &lines.join("\n")).await;
    let errors = answer.json()["errors"].as_array().unwrap().clone();
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
        other.json()["errors"][0]["message"],
        "expected `user`, as in `?level`, or nothing, got \"customer\""
    );

    // Of very many only some are told.
    let answer = load(&server, "", &"no\n".repeat(250)).await;
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    assert_eq!(
        (errors.len(), &errors[100]["message"]),
        (101, &json!("150 more things are wrong"))
    );
    assert_eq!(server.get(DOCUMENT).await.json()["revision"], 1);
    let answer = load(&server, "", &"no\n".repeat(200_001)).await;
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    assert_eq!(
        (errors.len(), &errors[0]["message"]),
        (1, &json!("expected at most 200000 lines"))
    );
    for query in ["?mode=add", "?dryRun=perhaps"] {
        assert_eq!(
            load(&server, query, "").await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{query}"
        );
    }
    let long = format!("{{\"level\": \"{}", "x".repeat(2 << 20));
    let answer = load(&server, "", &long).await;
    assert_eq!(
        (answer.status, &answer.json()["errors"][0]["line"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!(1))
    );
}

/// The lines come in whatever pieces the network makes
#[tokio::test]
async fn lines_may_be_cut_anywhere() {
    let server = server().await;
    let text = "{\"level\": \"user\", \"contextKey\": \"ünï\", \"value\": \"include\"}\n"
        .to_owned()
        + "{\"level\": \"user\", \"contextKey\": \"zwei\", \"value\": \"exclude\"}";
    let pieces: Vec<Result<bytes::Bytes, std::io::Error>> = text
        .bytes()
        .map(|byte| Ok(bytes::Bytes::copy_from_slice(&[byte])))
        .collect();
    let request = Request::post(path("/bulk"))
        .header("authorization", "Bearer admin")
        .body(Body::from_stream(futures_util::stream::iter(pieces)))
        .unwrap();
    assert_eq!(server.send(request).await.json()["added"], 2);
    assert_eq!(
        keys(&server.get(&path("")).await),
        ["user/zwei", "user/ünï"]
    );
}

/// After a load of many, a change of one is one entry on the stream, and so is a list that was loaded over another one whole
#[tokio::test]
async fn after_a_load_a_change_of_one_sends_that_one() {
    let server = server().await;
    let environment = server.state.environment(1).unwrap();
    let sent = |revision| {
        let since = environment
            .current()
            .since(flagstaff_server::Scope::All, revision)
            .unwrap();
        events(since.plain())
    };
    let line = |key: u32, what: &str| {
        format!("{{\"level\": \"user\", \"contextKey\": \"u{key}\", \"value\": \"{what}\"}}\n")
    };
    let lines: String = (0..2_000).map(|key| line(key, "include")).collect();
    assert_eq!(load(&server, "", &lines).await.json()["added"], 2_000);
    let names = |revision| {
        sent(revision)
            .into_iter()
            .map(|event| event.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(1), ["put-object", "payload-transferred"]);

    put(&server, "/user/u7", json!("exclude")).await;
    let events = sent(2);
    assert_eq!(events.len(), 2);
    assert_eq!(events[0].name, "put-entry");
    assert_eq!(
        events[0].json(),
        json!({"kind": "overrides", "key": "a/user", "version": 3, "entry": "u7", "value": "exclude"})
    );
    server
        .admin(Method::DELETE, &path("/user/u8"), &Value::Null)
        .await;
    assert_eq!(names(3), ["delete-entry", "payload-transferred"]);

    // Most of a list anew is told as a list, few of it one by one.
    let lines: String = (0..1_000).map(|key| line(key, "exclude")).collect();
    load(&server, "", &lines).await;
    assert_eq!(names(4), ["put-object", "payload-transferred"]);
    let lines: String = (1_000..1_100).map(|key| line(key, "exclude")).collect();
    load(&server, "", &lines).await;
    assert_eq!(names(5).len(), 101);
}
