//! The limit of changes of the overrides of one flag

use axum::http::Method;
use serde_json::{Value, json};

use super::{load, path, put, server};
use crate::support::{Requests as _, boolean};

#[tokio::test]
async fn overrides_of_a_flag_change_a_hundred_times_an_hour_and_a_bulk_load_counts_once() {
    let server = server().await;
    let minute = 60_000;
    let line = |key: u32| {
        format!("{{\"level\": \"user\", \"contextKey\": \"l{key}\", \"value\": \"include\"}}\n")
    };
    let lines: String = (0..500).map(line).collect();
    load(&server, "", &lines).await.expect(200);
    for number in 1..99 {
        put(&server, &format!("/user/u{number}"), "include")
            .await
            .expect(201);
    }
    // Writes that change nothing and dry runs do not count.
    put(&server, "/user/u1", "include").await.expect(200);
    assert_eq!(
        load(&server, "?mode=replace&dryRun=true", "").await["removed"],
        598
    );
    server.wait(10 * minute);
    server.delete(&path("/user/u1")).await.expect(204);
    server.wait(20 * minute + 1);

    let refused = [
        put(&server, "/user/u1", "include").await,
        server.delete(&path("/user/u2")).await,
        load(&server, "", &line(1_000)).await,
    ];
    for answer in refused {
        assert_eq!(answer.status, 429);
        // The first 99 were made half an hour ago.
        assert_eq!(answer.header("retry-after"), "1800");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer["type"], "urn:flagstaff:problem:too-many-changes");
    }
    // Other changes of the flag, and other flags, are not limited.
    server
        .patch("flags/a", json!({"enabled": false}))
        .await
        .expect(200);
    server.put_flag("b", boolean("on")).await;
    server
        .put("flags/b/overrides/user/u1", json!({"value": "include"}))
        .await
        .expect(201);
    // Deleting and creating a flag does not reset its count.
    let mut flag = server.get("flags/a").await.json();
    server.delete("flags/a").await.expect(204);
    server.put("flags/a", &flag).await.expect(429);
    flag["overrides"] = Value::Null;
    server.put("flags/a", flag).await.expect(201);
    put(&server, "/user/u1", "include").await.expect(429);

    server.wait(30 * minute - 1);
    for number in 200..299 {
        put(&server, &format!("/user/u{number}"), "include")
            .await
            .expect(201);
    }
    let refused = put(&server, "/user/u1", "include").await.expect(429);
    // Only the deletion, ten minutes after the beginning, still counts of the first hour.
    assert_eq!(refused.header("retry-after"), "600");
}

#[tokio::test]
async fn the_limit_of_changes_holds_for_every_route() {
    let server = server().await;
    let environment = "/api/v1/projects/default/environments";
    let overridden = |user: u32| {
        let mut flag = json!({"type": "boolean", "enabled": true, "serve": "off", "salt": "w"});
        flag["overrides"] = json!({"user": {format!("u{user}"): "include"}});
        flag
    };
    let operation =
        json!({"op": "patch", "key": "w", "value": {"overrides": {"user": {"c": "include"}}}});
    let writes = |user: u32| {
        let flags = json!({"schemaVersion": 1, "flags": {"w": overridden(user)}});
        let mut replacement = overridden(user);
        replacement["key"] = json!("w");
        [
            (Method::PUT, "production/flags/w", replacement),
            (
                Method::PATCH,
                "production/flags/w",
                json!({"overrides": {"user": {"p": "exclude"}}}),
            ),
            (
                Method::POST,
                "production/changesets",
                json!({"operations": [operation]}),
            ),
            (Method::PUT, "production/document?mode=merge", flags),
            (
                Method::POST,
                "production/copy",
                json!({"from": "staging", "flags": ["w"]}),
            ),
        ]
    };
    let send = async |(method, path, body): &(Method, &str, Value)| {
        let url = format!("{environment}/{path}");
        let headers = [("if-match", "*")];
        let headers = if path.ends_with("flags/w") {
            &headers[..]
        } else {
            &[]
        };
        server
            .request(method.clone(), &url)
            .body(body)
            .headers(headers)
            .await
    };
    let staged = format!("{environment}/staging/flags/w");
    server.put(&staged, overridden(1_000)).await;
    server.put_flag("w", &overridden(0)).await;
    let made = server.get("flags/w").await["version"].clone();
    // The flag was made with an override, which is the first change.
    for round in 0..20 {
        let writes = writes(round + 1);
        let last = if round == 19 { 4 } else { 5 };
        for write in &writes[..last] {
            let answer = send(write).await;
            assert!(answer.is_success(), "{write:?}: {}", answer.text);
        }
    }
    let before = server.get("flags/w").await.json();
    for write in &writes(100) {
        let answer = send(write).await.expect(429);
        assert_eq!(answer.header("retry-after"), "3600");
    }
    assert_eq!(server.get("flags/w").await.json(), before);
    // A rollback is not limited.
    let back = server
        .post("flags/w/rollback", json!({"revision": made}))
        .await
        .expect(200);
    assert_eq!(back["overrides"], json!({"user": {"u0": "include"}}));
}
