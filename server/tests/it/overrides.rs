//! Overrides one by one: adding, replacing, removing, listing, their limit, and loads of many

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use flagstaff_server::auth::KeyKind;
use serde_json::{Value, json};

use crate::support::{Answer, DOCUMENT, FLAGS, Server};

mod bulk;

const ENVIRONMENT: &str = "/api/v1/projects/default/environments/production";

fn path(rest: &str) -> String {
    format!("{FLAGS}/a/overrides{rest}")
}

/// A server with the flag `a`, an object with three levels
async fn server() -> Server {
    let server = Server::new().await;
    let flag = json!({
        "type": "object", "enabled": true, "levels": ["user", "customer", "organization"],
        "variants": {"one": {"x": 1}, "two": {"x": 2}}, "offVariant": "one", "onVariant": "two", "serve": "one",
    });
    assert_eq!(server.put("a", &flag).await.status, StatusCode::CREATED);
    server
}

async fn put(server: &Server, rest: &str, value: Value) -> Answer {
    let body = json!({ "value": value });
    server.admin(Method::PUT, &path(rest), &body).await
}

/// A load of lines
async fn load(server: &Server, query: &str, lines: &str) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path(&format!("/bulk{query}")))
        .header("authorization", "Bearer admin")
        .body(Body::from(lines.to_owned()))
        .unwrap();
    server.send(request).await
}

fn keys(answer: &Answer) -> Vec<String> {
    let items = answer.json()["items"].as_array().unwrap().clone();
    let key = |item: &Value| {
        let part = |name: &str| item[name].as_str().unwrap().to_owned();
        format!("{}/{}", part("level"), part("contextKey"))
    };
    items.iter().map(key).collect()
}

#[tokio::test]
async fn an_override_is_added_replaced_read_and_removed() {
    let server = server().await;
    let one = path("/customer/c%2F17?reason=they%20asked");
    let added = server
        .call(
            KeyKind::Editor,
            Method::PUT,
            &one,
            &json!({"value": "include"}),
            &[],
        )
        .await;
    let expected = json!({
        "flag": "a", "level": "customer", "contextKey": "c/17", "value": "include",
        "reason": "they asked", "updatedAt": "2026-01-01T00:00:00.000Z", "updatedBy": "editor",
    });
    assert_eq!(
        (added.status, added.header("etag"), added.json()),
        (StatusCode::CREATED, "\"2\"", expected)
    );
    server.clock.fetch_add(1_000, Ordering::Relaxed);
    let body = json!({"value": {"patch": {"x": 3}}, "reason": "another one"});
    let replaced = server
        .admin(
            Method::PUT,
            &path("/customer/c%2F17?reason=not%20this"),
            &body,
        )
        .await;
    assert_eq!(
        (replaced.status, replaced.header("etag")),
        (StatusCode::OK, "\"3\"")
    );
    let expected = json!({
        "flag": "a", "level": "customer", "contextKey": "c/17", "value": {"patch": {"x": 3}},
        "reason": "another one", "updatedAt": "2026-01-01T00:00:01.000Z", "updatedBy": "admin",
    });
    assert_eq!(replaced.json(), expected);
    let read = server.get(&path("/customer/c%2F17")).await;
    assert_eq!(
        (read.text.clone(), read.header("etag").to_owned()),
        (replaced.text.clone(), "\"3\"".to_owned())
    );

    // The same once more is no change, whoever says so; what was answered can be sent back.
    server.clock.fetch_add(1_000, Ordering::Relaxed);
    let mut again = replaced.json();
    for name in ["level", "contextKey"] {
        again.as_object_mut().unwrap().remove(name);
    }
    let again = server
        .admin(Method::PUT, &path("/customer/c%2F17"), &again)
        .await;
    assert_eq!((again.status, again.text), (StatusCode::OK, replaced.text));

    // The flag has it, and without it is as it was.
    let flag = server.get(&format!("{FLAGS}/a")).await.json();
    assert_eq!(
        flag["overrides"],
        json!({"customer": {"c/17": {"patch": {"x": 3}}}})
    );
    assert_eq!(flag["version"], 3);
    let removed = server
        .admin(Method::DELETE, &path("/customer/c%2F17"), &Value::Null)
        .await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    let flag = server.get(&format!("{FLAGS}/a")).await.json();
    assert_eq!(
        (&flag["overrides"], &flag["version"]),
        (&Value::Null, &json!(4))
    );
    for method in [Method::GET, Method::DELETE] {
        let answer = server
            .admin(method, &path("/customer/c%2F17"), &Value::Null)
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(
            answer.json()["detail"],
            "override `customer/c/17` does not exist"
        );
    }
}

#[tokio::test]
async fn what_cannot_become_an_override_is_named_and_not_stored() {
    let server = server().await;
    server
        .put(
            "plain",
            &json!({"type": "boolean", "enabled": true, "serve": "on"}),
        )
        .await;
    let long = "x".repeat(256);
    let body = |value: Value| json!({ "value": value });
    for (flag, rest, body, pointer, message) in [
        (
            "a",
            "/team/t1",
            body(json!("include")),
            "/level",
            "`team` is none of the flag's levels",
        ),
        (
            "a",
            &*format!("/user/{long}"),
            body(json!("include")),
            "/contextKey",
            "a context key has 1 to 255 characters",
        ),
        (
            "a",
            "/user/u%00",
            body(json!("include")),
            "/contextKey",
            "expected a context key without the character NUL",
        ),
        (
            "a",
            "/user/u1",
            body(json!("on")),
            "/value",
            "expected `\"include\"`, `\"exclude\"`, `{\"variant\": …}` or `{\"patch\": …}`",
        ),
        (
            "a",
            "/user/u1",
            body(json!({"variant": "three"})),
            "/value",
            "unknown variant `three`",
        ),
        (
            "a",
            "/user/u1",
            body(json!({"variant": "one", "patch": {}})),
            "/value",
            "expected `\"include\"`, `\"exclude\"`, `{\"variant\": …}` or `{\"patch\": …}`",
        ),
        (
            "plain",
            "/user/u1",
            body(json!({"patch": {}})),
            "/value",
            "a patch needs a flag of type `object`",
        ),
        (
            "a",
            "/user/u1",
            json!({}),
            "/value",
            "expected `\"include\"`, `\"exclude\"`, `{\"variant\": …}` or `{\"patch\": …}`",
        ),
        (
            "a",
            "/user/u1",
            json!({"value": "include", "reason": long.repeat(2)}),
            "/reason",
            "expected at most 500 characters, none of them NUL",
        ),
        (
            "a",
            "/user/u1",
            json!({"value": "include", "why": 1}),
            "/why",
            "unknown field",
        ),
        ("a", "/user/u1", json!([]), "", "expected an object"),
    ] {
        let path = format!("{FLAGS}/{flag}/overrides{rest}");
        let answer = server.admin(Method::PUT, &path, &body).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            answer.text
        );
        let error = &answer.json()["errors"][0];
        assert_eq!(error["pointer"], pointer, "{}", answer.text);
        assert!(
            error["message"].as_str().unwrap().starts_with(message),
            "{}",
            answer.text
        );
    }
    // 255 characters are fine, however many bytes they have.
    let longest = "%C3%A9".repeat(255);
    assert_eq!(
        put(&server, &format!("/user/{longest}"), json!("exclude"))
            .await
            .status,
        StatusCode::CREATED
    );
    let nowhere = server
        .admin(
            Method::PUT,
            &format!("{FLAGS}/b/overrides/user/u1"),
            &body(json!("include")),
        )
        .await;
    assert_eq!(
        (nowhere.status, &nowhere.json()["detail"]),
        (StatusCode::NOT_FOUND, &json!("flag `b` does not exist"))
    );
    let viewer = server
        .call(
            KeyKind::Viewer,
            Method::PUT,
            &path("/user/u1"),
            &body(json!("include")),
            &[],
        )
        .await;
    assert_eq!(viewer.status, StatusCode::FORBIDDEN);
    let revision = server.get(DOCUMENT).await.json()["revision"].clone();
    assert_eq!(revision, 3);
}

#[tokio::test]
async fn a_flag_that_is_broken_takes_no_override_and_gives_its_own_away() {
    let server = server().await;
    put(&server, "/user/u1", json!("include")).await;
    let mut document = server.get(DOCUMENT).await.json();
    document["flags"]["a"]["needs"] = json!(99);
    let kept = server
        .admin(Method::PUT, &format!("{DOCUMENT}?invalid=keep"), &document)
        .await;
    assert_eq!(kept.status, StatusCode::OK);
    let refused = put(&server, "/user/u2", json!("include")).await;
    let error = &refused.json()["errors"][0];
    assert_eq!(
        (&error["pointer"], &error["message"]),
        (&json!(""), &json!("the flag `a` is broken"))
    );
    let removed = server
        .admin(Method::DELETE, &path("/user/u1"), &Value::Null)
        .await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn if_match_is_honoured_where_it_is_sent() {
    let server = server().await;
    let body = json!({"value": "include"});
    for (tag, status) in [
        ("\"1\"", StatusCode::CREATED),
        ("\"1\"", StatusCode::PRECONDITION_FAILED),
        ("*", StatusCode::OK),
    ] {
        let answer = server
            .call(
                KeyKind::Admin,
                Method::PUT,
                &path("/user/u1"),
                &body,
                &[("if-match", tag)],
            )
            .await;
        assert_eq!(answer.status, status, "{tag}");
    }
    let stale = [("if-match", "\"1\"")];
    let kept = server
        .call(
            KeyKind::Admin,
            Method::DELETE,
            &path("/user/u1"),
            &Value::Null,
            &stale,
        )
        .await;
    assert_eq!(kept.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(kept.json()["currentVersion"], 2);
    let lines = "{\"level\": \"user\", \"contextKey\": \"u2\", \"value\": \"include\"}\n";
    let request = Request::post(path("/bulk"))
        .header("authorization", "Bearer admin")
        .header("if-match", "\"1\"")
        .body(Body::from(lines))
        .unwrap();
    assert_eq!(
        server.send(request).await.status,
        StatusCode::PRECONDITION_FAILED
    );
}

#[tokio::test]
async fn overrides_are_listed_filtered_sorted_and_paged() {
    let server = server().await;
    for (rest, value) in [
        ("/user/Ann", json!("include")),
        ("/user/bob", json!("exclude")),
        ("/user/anton", json!({"variant": "two"})),
        ("/organization/acme", json!({"patch": {"x": 4}})),
        ("/customer/c1", json!({"variant": "one"})),
    ] {
        server.clock.fetch_add(1_000, Ordering::Relaxed);
        assert_eq!(put(&server, rest, value).await.status, StatusCode::CREATED);
    }
    let all = server.get(&path("")).await;
    let by_key = [
        "customer/c1",
        "organization/acme",
        "user/Ann",
        "user/anton",
        "user/bob",
    ];
    assert_eq!(keys(&all), by_key);
    assert_eq!(
        (&all.json()["total"], &all.json()["next"]),
        (&json!(5), &Value::Null)
    );
    assert_eq!(
        all.json()["items"][4]["updatedAt"],
        "2026-01-01T00:00:02.000Z"
    );
    let by_time = [
        "user/Ann",
        "user/bob",
        "user/anton",
        "organization/acme",
        "customer/c1",
    ];

    for (query, expected) in [
        ("?level=user", vec!["user/Ann", "user/anton", "user/bob"]),
        ("?effect=variant", vec!["customer/c1", "user/anton"]),
        ("?effect=patch", vec!["organization/acme"]),
        ("?effect=include", vec!["user/Ann"]),
        ("?effect=exclude", vec!["user/bob"]),
        ("?search=AN", vec!["user/Ann", "user/anton"]),
        ("?search=an&effect=variant", vec!["user/anton"]),
        ("?level=team", vec![]),
        ("?search=an&sort=-updatedAt", vec!["user/anton", "user/Ann"]),
        (
            "?level=user&sort=-contextKey",
            vec!["user/bob", "user/anton", "user/Ann"],
        ),
    ] {
        let answer = server.get(&path(query)).await;
        assert_eq!(keys(&answer), expected, "{query}");
        assert_eq!(answer.json()["total"], expected.len(), "{query}");
    }
    for (sort, expected) in [("contextKey", by_key), ("updatedAt", by_time)] {
        for is_descending in [false, true] {
            let sign = if is_descending { "-" } else { "" };
            let mut expected = expected.to_vec();
            if is_descending {
                expected.reverse();
            }
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = server
                    .get(&path(&format!("?limit=2&sort={sign}{sort}{cursor}")))
                    .await;
                seen.extend(keys(&page));
                assert_eq!(page.json()["total"], 5);
                let Some(next) = page.json()["next"].as_str().map(str::to_owned) else {
                    break;
                };
                cursor = format!("&cursor={}", encode(&next));
            }
            assert_eq!(seen, expected, "{sign}{sort}");
        }
    }
    for (query, pointer) in [
        ("?effect=off", "?effect"),
        ("?sort=level", "?sort"),
        ("?limit=0", "?limit"),
        ("?cursor=x", "?cursor"),
        ("?sort=updatedAt&cursor=%5B%22a%22%2C%22b%22%5D", "?cursor"),
    ] {
        let answer = server.get(&path(query)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert_eq!(answer.pointers(), [pointer], "{query}");
    }
    let nowhere = server.get(&format!("{FLAGS}/b/overrides")).await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
}

fn encode(text: &str) -> String {
    let escaped = |byte: u8| format!("%{byte:02X}");
    text.bytes().map(escaped).collect()
}

/// What is made and removed between two pages shifts none of the others
#[tokio::test]
async fn pages_are_steady_while_overrides_change() {
    for sort in ["contextKey", "-contextKey", "updatedAt", "-updatedAt"] {
        let server = server().await;
        for number in 0..20 {
            server.clock.fetch_add(1_000, Ordering::Relaxed);
            put(&server, &format!("/user/u{number:02}"), json!("include")).await;
        }
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = server
                .get(&path(&format!("?limit=5&sort={sort}{cursor}")))
                .await;
            seen.extend(keys(&page));
            // The last of this page goes, and there is another one before and after all.
            let last = seen.last().unwrap().clone();
            server
                .admin(Method::DELETE, &path(&format!("/{last}")), &Value::Null)
                .await;
            let (low, high) = (
                format!("/user/a{}", seen.len()),
                format!("/user/z{}", seen.len()),
            );
            put(&server, &low, json!("include")).await;
            put(&server, &high, json!("include")).await;
            let Some(next) = page.json()["next"].as_str().map(str::to_owned) else {
                break;
            };
            cursor = format!("&cursor={}", encode(&next));
        }
        let mut expected: Vec<String> =
            (0..20).map(|number| format!("user/u{number:02}")).collect();
        if sort.starts_with('-') {
            expected.reverse();
        }
        seen.retain(|key| key.starts_with("user/u"));
        assert_eq!(seen, expected, "{sort}");
    }
}

#[tokio::test]
async fn what_one_context_gets_is_listed_over_all_flags() {
    let server = server().await;
    for flag in ["b", "c"] {
        let body = json!({"type": "boolean", "enabled": true, "serve": "on",
            "overrides": {"user": {"u1": "exclude", "u2": "exclude"}, "organization": {"u1": "include"}}});
        server.put(flag, &body).await;
    }
    put(&server, "/customer/u1", json!({"variant": "two"})).await;
    let list = |query: &str| format!("{ENVIRONMENT}/overrides?{query}");
    let flags = |answer: &Answer| {
        let items = answer.json()["items"].as_array().unwrap().clone();
        let flag = |item: &Value| {
            format!(
                "{}/{}",
                item["flag"].as_str().unwrap(),
                item["level"].as_str().unwrap()
            )
        };
        items.iter().map(flag).collect::<Vec<_>>()
    };
    let all = server.get(&list("contextKey=u1")).await;
    let expected = [
        "a/customer",
        "b/organization",
        "b/user",
        "c/organization",
        "c/user",
    ];
    assert_eq!(
        (flags(&all), &all.json()["total"]),
        (expected.map(str::to_owned).to_vec(), &json!(5))
    );
    assert_eq!(
        all.json()["items"][2],
        json!({"flag": "b", "level": "user", "contextKey": "u1", "value": "exclude", "reason": null,
            "updatedAt": "2026-01-01T00:00:00.000Z", "updatedBy": "admin"})
    );
    let users = server.get(&list("contextKey=u1&level=user")).await;
    assert_eq!(flags(&users), ["b/user", "c/user"]);
    let first = server.get(&list("contextKey=u1&limit=3")).await;
    assert_eq!(flags(&first), expected[..3]);
    let next = encode(first.json()["next"].as_str().unwrap());
    let second = server
        .get(&list(&format!("contextKey=u1&limit=3&cursor={next}")))
        .await;
    assert_eq!(
        (flags(&second), &second.json()["next"]),
        (
            expected[3..].iter().map(|it| (*it).to_owned()).collect(),
            &Value::Null
        )
    );
    assert_eq!(
        server.get(&list("contextKey=nobody")).await.json()["total"],
        0
    );
    assert_eq!(
        server.get(&list("level=user")).await.pointers(),
        ["?contextKey"]
    );

    // They go with their flag.
    server
        .admin(Method::DELETE, &format!("{FLAGS}/b"), &Value::Null)
        .await;
    let rest = server.get(&list("contextKey=u1")).await;
    assert_eq!(flags(&rest), ["a/customer", "c/organization", "c/user"]);
    server
        .put(
            "b",
            &json!({"type": "boolean", "enabled": true, "serve": "on"}),
        )
        .await;
    assert_eq!(
        server.get(&format!("{FLAGS}/b/overrides")).await.json()["total"],
        0
    );
}

#[tokio::test]
async fn a_flag_takes_a_hundred_changes_an_hour_and_a_load_is_one() {
    let server = server().await;
    let minute = 60_000;
    let line = |key: u32| {
        format!("{{\"level\": \"user\", \"contextKey\": \"l{key}\", \"value\": \"include\"}}\n")
    };
    let lines: String = (0..500).map(line).collect();
    assert_eq!(load(&server, "", &lines).await.status, StatusCode::OK);
    for number in 1..99 {
        assert_eq!(
            put(&server, &format!("/user/u{number}"), json!("include"))
                .await
                .status,
            StatusCode::CREATED
        );
    }
    // What changes nothing and what is only tried does not count.
    assert_eq!(
        put(&server, "/user/u1", json!("include")).await.status,
        StatusCode::OK
    );
    assert_eq!(
        load(&server, "?mode=replace&dryRun=true", "").await.json()["removed"],
        598
    );
    server.clock.fetch_add(10 * minute, Ordering::Relaxed);
    let last = server
        .admin(Method::DELETE, &path("/user/u1"), &Value::Null)
        .await;
    assert_eq!(last.status, StatusCode::NO_CONTENT);
    server.clock.fetch_add(20 * minute + 1, Ordering::Relaxed);

    let refused = [
        put(&server, "/user/u1", json!("include")).await,
        server
            .admin(Method::DELETE, &path("/user/u2"), &Value::Null)
            .await,
        load(&server, "", &line(1_000)).await,
    ];
    for answer in refused {
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        // The first 99 were made half an hour ago.
        assert_eq!(answer.header("retry-after"), "1800");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(
            answer.json()["type"],
            "urn:flagstaff:problem:too-many-changes"
        );
    }
    // Everything else goes on: the switch, other flags.
    let switched = server
        .admin(
            Method::PATCH,
            &format!("{FLAGS}/a"),
            &json!({"enabled": false}),
        )
        .await;
    assert_eq!(switched.status, StatusCode::OK);
    server
        .put(
            "b",
            &json!({"type": "boolean", "enabled": true, "serve": "on"}),
        )
        .await;
    let other = server
        .admin(
            Method::PUT,
            &format!("{FLAGS}/b/overrides/user/u1"),
            &json!({"value": "include"}),
        )
        .await;
    assert_eq!(other.status, StatusCode::CREATED);
    // A flag that is deleted and made again has not begun anew.
    let mut flag = server.get(&format!("{FLAGS}/a")).await.json();
    let deleted = server
        .admin(Method::DELETE, &format!("{FLAGS}/a"), &Value::Null)
        .await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let refused = server.put("a", &flag).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    flag["overrides"] = Value::Null;
    assert_eq!(server.put("a", &flag).await.status, StatusCode::CREATED);
    assert_eq!(
        put(&server, "/user/u1", json!("include")).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );

    server.clock.fetch_add(30 * minute - 1, Ordering::Relaxed);
    for number in 200..299 {
        assert_eq!(
            put(&server, &format!("/user/u{number}"), json!("include"))
                .await
                .status,
            StatusCode::CREATED,
            "{number}"
        );
    }
    let refused = put(&server, "/user/u1", json!("include")).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    // What is left of the first hour is the deletion, ten minutes after its beginning.
    assert_eq!(refused.header("retry-after"), "600");
}

#[tokio::test]
async fn the_limit_holds_whichever_way_overrides_are_changed() {
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
            .call(KeyKind::Admin, method.clone(), &url, body, headers)
            .await
    };
    let staged = format!("{environment}/staging/flags/w");
    server.admin(Method::PUT, &staged, &overridden(1_000)).await;
    server.put("w", &overridden(0)).await;
    let made = server.get(&format!("{FLAGS}/w")).await.json()["version"].clone();
    // The flag was made with an override, which is the first change.
    for round in 0..20 {
        let writes = writes(round + 1);
        let last = if round == 19 { 4 } else { 5 };
        for write in &writes[..last] {
            let answer = send(write).await;
            assert!(answer.status.is_success(), "{write:?}: {}", answer.text);
        }
    }
    let before = server.get(&format!("{FLAGS}/w")).await.json();
    for write in &writes(100) {
        let answer = send(write).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{write:?}");
        assert_eq!(answer.header("retry-after"), "3600");
    }
    assert_eq!(server.get(&format!("{FLAGS}/w")).await.json(), before);
    // What a script has done with them can be undone at once.
    let back = server
        .admin(
            Method::POST,
            &format!("{FLAGS}/w/rollback"),
            &json!({"revision": made}),
        )
        .await;
    assert_eq!(back.status, StatusCode::OK, "{}", back.text);
    assert_eq!(back.json()["overrides"], json!({"user": {"u0": "include"}}));
}

#[tokio::test]
async fn a_patch_that_names_no_overrides_keeps_them_and_is_held_against_them() {
    let server = server().await;
    put(&server, "/user/u1", json!({"variant": "two"})).await;
    put(&server, "/customer/c1", json!({"patch": {"x": 3}})).await;
    let overrides =
        json!({"user": {"u1": {"variant": "two"}}, "customer": {"c1": {"patch": {"x": 3}}}});
    let patch = async |body: Value| {
        let url = format!("{FLAGS}/a");
        server.admin(Method::PATCH, &url, &body).await
    };

    let off = patch(json!({"enabled": false})).await;
    assert_eq!(off.status, StatusCode::OK, "{}", off.text);
    assert_eq!(off.json()["enabled"], false);
    assert_eq!(off.json()["overrides"], overrides);
    assert_eq!(off.text, server.get(&format!("{FLAGS}/a")).await.text);
    let document = server.get(DOCUMENT).await.json();
    assert_eq!(document["flags"]["a"]["overrides"], overrides);

    // As if the patch named the overrides, and left them as they are.
    let without_two = json!({"variants": {"two": null}, "onVariant": "one", "offVariant": "one"});
    for (mut wrong, pointer) in [
        (without_two, "/overrides/user/u1"),
        (json!({"levels": ["user"]}), "/overrides/customer"),
        (json!({"unheardOf": 1}), "/unheardOf"),
    ] {
        let refused = patch(wrong.clone()).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            refused.text
        );
        let errors = refused.json()["errors"].clone();
        assert_eq!(errors[0]["pointer"], pointer, "{errors}");
        wrong["overrides"] = json!({});
        assert_eq!(patch(wrong).await.json()["errors"], errors);
    }
    assert_eq!(off.text, server.get(&format!("{FLAGS}/a")).await.text);

    let without = patch(json!({"overrides": null})).await;
    assert_eq!(without.json()["overrides"], Value::Null);
}
