//! The admin API: flags, documents, audit, and what it refuses

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use flagstaff_server::auth::KeyKind;
use serde_json::{Value, json};

use crate::support::{DOCUMENT, FLAGS, Server};

fn boolean() -> Value {
    json!({"type": "boolean", "enabled": true, "serve": "on"})
}

#[tokio::test]
async fn a_flag_is_made_read_replaced_patched_and_deleted() {
    let server = Server::new().await;
    let made = server
        .admin(
            Method::POST,
            FLAGS,
            &json!({"key": "a", "type": "boolean", "enabled": true, "serve": "on"}),
        )
        .await;
    assert_eq!(
        (made.status, made.header("etag"), made.header("location")),
        (StatusCode::CREATED, "\"1\"", &*format!("{FLAGS}/a"))
    );
    assert_eq!(
        made.json(),
        json!({
            "key": "a", "version": 1, "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z", "lastSeenAt": null,
            "type": "boolean", "enabled": true, "serve": "on", "salt": "a", "needs": 1,
        })
    );
    server
        .clock
        .fetch_add(1_000, std::sync::atomic::Ordering::Relaxed);

    let path = format!("{FLAGS}/a");
    let replaced = server
        .call(
            KeyKind::Admin,
            Method::PUT,
            &path,
            &json!({"type": "boolean", "enabled": false, "serve": "on"}),
            &[("if-match", "\"1\"")],
        )
        .await;
    assert_eq!(
        (replaced.status, replaced.header("etag")),
        (StatusCode::OK, "\"2\"")
    );
    let patched = server
        .admin(
            Method::PATCH,
            &path,
            &json!({"enabled": true, "rolloutPercentage": 25}),
        )
        .await;
    assert_eq!(
        patched.json()["serve"],
        json!({"variant": "on", "rollout": 25})
    );
    assert_eq!(patched.json()["updatedAt"], "2026-01-01T00:00:01.000Z");
    assert_eq!(server.get(&path).await.text, patched.text);

    assert_eq!(
        server
            .admin(Method::DELETE, &path, &Value::Null)
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(server.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        server
            .admin(Method::DELETE, &path, &Value::Null)
            .await
            .status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        server
            .admin(Method::PATCH, &path, &json!({"enabled": true}))
            .await
            .status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn the_short_form_makes_and_changes_a_flag_without_conditions() {
    let server = Server::new().await;
    let path = format!("{FLAGS}/short");
    let made = server
        .admin(
            Method::PUT,
            &path,
            &json!({"enabled": true, "rolloutPercentage": 25}),
        )
        .await;
    assert_eq!(made.status, StatusCode::CREATED);
    let changed = server
        .admin(Method::PUT, &path, &json!({"rolloutPercentage": 50}))
        .await;
    assert_eq!(
        (
            changed.status,
            &changed.json()["serve"]["rollout"],
            &changed.json()["enabled"]
        ),
        (StatusCode::OK, &json!(50), &json!(true))
    );
    let created = server
        .admin(
            Method::POST,
            FLAGS,
            &json!({"key": "other", "enabled": false}),
        )
        .await;
    assert_eq!(
        (created.status, &created.json()["type"]),
        (StatusCode::CREATED, &json!("boolean"))
    );
    let stale = server
        .call(
            KeyKind::Admin,
            Method::PUT,
            &path,
            &json!({"enabled": false}),
            &[("if-match", "\"1\"")],
        )
        .await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
}

#[tokio::test]
async fn a_write_that_changes_nothing_makes_no_revision() {
    let server = Server::new().await;
    let first = server.put("a", &boolean()).await;
    let second = server.put("a", &boolean()).await;
    assert_eq!((second.status, &second.text), (StatusCode::OK, &first.text));
    assert_eq!(
        server.get("/api/v1/projects/default/audit").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn conditions_on_writes_are_held() {
    let server = Server::new().await;
    server.put("a", &boolean()).await;
    let path = format!("{FLAGS}/a");
    let off = json!({"type": "boolean", "enabled": false, "serve": "on"});
    let exists = server
        .admin(Method::POST, FLAGS, &json!({"key": "a", "enabled": true}))
        .await;
    assert_eq!(exists.status, StatusCode::CONFLICT);
    let without = server.admin(Method::PUT, &path, &off).await;
    assert_eq!(
        (without.status, &without.json()["currentVersion"]),
        (StatusCode::PRECONDITION_REQUIRED, &json!(1))
    );
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let stale = server
            .call(
                KeyKind::Admin,
                method.clone(),
                &path,
                &off,
                &[("if-match", "\"7\"")],
            )
            .await;
        assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED, "{method}");
        assert_eq!(
            (
                &stale.json()["expectedVersion"],
                &stale.json()["currentVersion"]
            ),
            (&json!(7), &json!(1)),
            "{method}"
        );
    }
    let absent = server
        .call(
            KeyKind::Admin,
            Method::PUT,
            &format!("{FLAGS}/b"),
            &off,
            &[("if-match", "\"1\"")],
        )
        .await;
    assert_eq!(absent.status, StatusCode::PRECONDITION_FAILED);
}

#[tokio::test]
async fn what_does_not_compile_is_named_by_path_and_not_stored() {
    let server = Server::new().await;
    let arms = json!([{"variant": "on", "weight": 1}, {"variant": "off", "weight": 2}]);
    for (flag, pointer) in [
        (
            json!({"type": "boolean", "enabled": true, "serve": {"arms": arms}}),
            "/serve/arms",
        ),
        (
            json!({"type": "boolean", "enabled": true, "serve": {"variant": "on", "rollout": 101}}),
            "/serve/rollout",
        ),
        (
            json!({"type": "boolean", "enabled": true, "serve": "on", "rules": [{"when": {"attribute": "a", "op": "smells", "value": 1}, "serve": "on"}]}),
            "/rules/0/when/op",
        ),
        (
            json!({"type": "boolean", "enabled": true, "serve": "on", "colour": 1}),
            "/colour",
        ),
        (
            json!({"enabled": true, "rolloutPercentage": 101}),
            "/rolloutPercentage",
        ),
        (
            json!({"type": "boolean", "enabled": 1, "serve": "on"}),
            "/enabled",
        ),
    ] {
        let answer = server.put("bad", &flag).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{flag}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(
            answer.pointers().contains(&pointer.to_owned()),
            "{pointer} in {}",
            answer.text
        );
    }
    assert_eq!(
        server.get(FLAGS).await.json(),
        json!({"items": [], "total": 0, "next": null})
    );
    assert_eq!(
        server.get("/api/v1/projects/default/audit").await.json()["items"],
        json!([])
    );
}

#[tokio::test]
async fn keys_and_bodies_have_bounds() {
    let server = Server::new().await;
    for (key, status) in [
        ("a".repeat(100), StatusCode::CREATED),
        ("a".repeat(101), StatusCode::UNPROCESSABLE_ENTITY),
        ("-a".to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
        ("a%20b".to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
        ("%C3%A5".to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        assert_eq!(server.put(&key, &boolean()).await.status, status, "{key}");
    }
    let long = json!({"type": "string", "enabled": true, "variants": {"a": "x".repeat(1 << 20)}, "offVariant": "a"});
    assert_eq!(
        server.put("long", &long).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let reason = format!("{FLAGS}/a?reason={}", "x".repeat(501));
    assert_eq!(
        server
            .admin(Method::PUT, &reason, &boolean())
            .await
            .pointers(),
        ["?reason"]
    );
}

#[tokio::test]
async fn malformed_json_is_refused_with_its_position() {
    let server = Server::new().await;
    let deep = "[".repeat(100_000);
    for text in ["{\"enabled\": tru}", "", "\u{feff}{}", &deep] {
        let request = Request::put(format!("{FLAGS}/a"))
            .header("authorization", "Bearer admin")
            .body(Body::from(text.to_owned()))
            .unwrap();
        let answer = server.send(request).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(
            answer.json()["detail"]
                .as_str()
                .unwrap()
                .contains("line 1 column"),
            "{}",
            answer.text
        );
    }
    let no_utf_8 = Request::put(format!("{FLAGS}/a"))
        .header("authorization", "Bearer admin")
        .body(Body::from(vec![b'"', 0xff, b'"']))
        .unwrap();
    assert_eq!(server.send(no_utf_8).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        server
            .admin(Method::PUT, &format!("{FLAGS}/a"), &json!([1]))
            .await
            .status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn each_route_takes_its_kinds_of_key_and_no_others() {
    use KeyKind::{Client, ClientLocal, Server as ServerKey};
    let server = Server::new().await;
    let question = json!({"flag": null, "context": {}});
    for (method, path, body, allowed) in [
        (Method::GET, FLAGS, &Value::Null, KeyKind::ROLES.to_vec()),
        (
            Method::GET,
            "/api/v1/projects/default/audit",
            &Value::Null,
            KeyKind::ROLES.to_vec(),
        ),
        (Method::GET, DOCUMENT, &Value::Null, KeyKind::ROLES.to_vec()),
        (
            Method::GET,
            "/api/v1/sdk/snapshot",
            &Value::Null,
            vec![ServerKey, ClientLocal],
        ),
        (
            Method::POST,
            "/api/v1/evaluate",
            &question,
            vec![ServerKey, Client],
        ),
        (
            Method::POST,
            "/ofrep/v1/evaluate/flags",
            &question,
            vec![ServerKey, Client],
        ),
    ] {
        for kind in KeyKind::ALL {
            let expected = if allowed.contains(&kind) {
                StatusCode::OK
            } else {
                StatusCode::FORBIDDEN
            };
            assert_eq!(
                server
                    .call(kind, method.clone(), path, body, &[])
                    .await
                    .status,
                expected,
                "{method} {path} {kind:?}"
            );
        }
        for header in [
            None,
            Some("Bearer wrong"),
            Some("Basic admin"),
            Some("Bearer "),
        ] {
            let mut request = Request::builder().method(method.clone()).uri(path);
            if let Some(value) = header {
                request = request.header("authorization", value);
            }
            let answer = server.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(
                (answer.status, answer.header("www-authenticate")),
                (StatusCode::UNAUTHORIZED, "Bearer"),
                "{method} {path} {header:?}"
            );
        }
    }
    let by_header = Request::get(FLAGS)
        .header("x-api-key", "admin")
        .body(Body::empty())
        .unwrap();
    assert_eq!(server.send(by_header).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_stream_refuses_client_and_admin_keys() {
    let server = Server::new().await;
    for kind in [KeyKind::Client, KeyKind::Admin] {
        assert_eq!(
            server
                .call(kind, Method::GET, "/api/v1/sdk/stream", &Value::Null, &[])
                .await
                .status,
            StatusCode::FORBIDDEN
        );
    }
}

#[tokio::test]
async fn what_is_of_the_wrong_shape_is_told_by_its_place() {
    let server = Server::new().await;
    let wrong = server.get(&format!("{FLAGS}?limit=x")).await;
    assert_eq!(wrong.pointers(), ["?limit"], "{}", wrong.text);
    let report = |counts: Value| {
        json!({
            "instance": "1", "sequence": 1, "sdk": {"name": "a", "version": "1"},
            "from": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z", "counts": counts,
        })
    };
    for (path, body, pointer) in [
        ("/api/v1/evaluate", json!({"explain": 1}), "/explain"),
        // Members in their order are no object, though serde reads a struct from them.
        ("/api/v1/evaluate", json!([null, null]), ""),
        ("/api/v1/evaluate", json!("text"), ""),
        (
            "/api/v1/sdk/usage",
            report(json!([{"flag": "a", "count": 1}, {"flag": "a", "count": "1"}])),
            "/counts/1/count",
        ),
    ] {
        let answer = server
            .call(KeyKind::Server, Method::POST, path, &body, &[])
            .await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(answer.pointers(), [pointer], "{body}: {}", answer.text);
    }
}

#[tokio::test]
async fn unknown_places_are_problems_too() {
    let server = Server::new().await;
    for (method, path, status) in [
        (Method::GET, "/nothing", StatusCode::NOT_FOUND),
        (
            Method::GET,
            "/api/v1/projects/other/audit",
            StatusCode::NOT_FOUND,
        ),
        (
            Method::GET,
            "/api/v1/projects/default/environments/moon/flags",
            StatusCode::NOT_FOUND,
        ),
        (Method::DELETE, "/healthz", StatusCode::METHOD_NOT_ALLOWED),
        (
            Method::GET,
            &format!("{FLAGS}?limit=0"),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            Method::GET,
            &format!("{FLAGS}?limit=x"),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            Method::GET,
            "/api/v1/projects/default/audit?cursor=x",
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let answer = server.admin(method, path, &Value::Null).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, "application/problem+json"),
            "{path}"
        );
        assert_eq!(answer.json()["status"], status.as_u16());
    }
}

#[tokio::test]
async fn flags_come_in_pages_by_key_and_can_be_searched() {
    let server = Server::new().await;
    for key in ["b", "a", "Checkout-new", "checkout-old", "c"] {
        server.put(key, &boolean()).await;
    }
    let mut keys = Vec::new();
    let mut path = format!("{FLAGS}?limit=2");
    loop {
        let page = server.get(&path).await.json();
        assert_eq!(page["total"], 5);
        keys.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|flag| flag["key"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("{FLAGS}?limit=2&cursor={next}");
    }
    assert_eq!(keys, ["Checkout-new", "a", "b", "c", "checkout-old"]);
    let reversed = server.get(&format!("{FLAGS}?sort=-key&limit=1")).await;
    assert_eq!(reversed.json()["items"][0]["key"], "checkout-old");
    let none = server.get(&format!("{FLAGS}?type=string")).await.json();
    assert_eq!(none["total"], 0);
    let wrong = server.get(&format!("{FLAGS}?sort=colour")).await;
    assert_eq!(wrong.pointers(), ["?sort"]);
    let found = server.get(&format!("{FLAGS}?search=CHECK")).await.json();
    assert_eq!(
        (
            found["total"].as_u64(),
            found["items"].as_array().unwrap().len()
        ),
        (Some(2), 2)
    );
}

#[tokio::test]
async fn every_change_is_in_the_audit() {
    let server = Server::new().await;
    server
        .admin(
            Method::PUT,
            &format!("{FLAGS}/a?reason=try%20it"),
            &json!({"enabled": false}),
        )
        .await;
    server
        .admin(
            Method::PUT,
            &format!("{FLAGS}/b"),
            &json!({"enabled": false}),
        )
        .await;
    server
        .admin(
            Method::PATCH,
            &format!("{FLAGS}/a"),
            &json!({"enabled": true, "overrides": {"user": {"u1": "include"}}}),
        )
        .await;
    server
        .admin(
            Method::DELETE,
            &format!("{FLAGS}/a?reason=gone"),
            &Value::Null,
        )
        .await;

    let all = server
        .get("/api/v1/projects/default/audit?flag=a")
        .await
        .json();
    let items = all["items"].as_array().unwrap();
    let actions: Vec<_> = items
        .iter()
        .map(|item| item["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["delete", "update", "create"]);
    assert_eq!(
        (
            &items[2]["reason"],
            &items[2]["actor"],
            &items[2]["changes"][0]["path"]
        ),
        (&json!("try it"), &json!("admin"), &json!(""))
    );
    assert_eq!(
        items[1]["changes"],
        json!([
            {"path": "/enabled", "before": false, "after": true},
            {"path": "/overrides/user/u1", "after": "include"},
        ])
    );
    assert_eq!(
        items[1]["entries"],
        json!({"added": 1, "changed": 0, "removed": 0})
    );
    assert_eq!(
        (
            &items[0]["changes"][0]["after"],
            &items[0]["revision"],
            &items[0]["environment"]
        ),
        (&Value::Null, &json!(4), &json!("production"))
    );

    let first = server
        .get("/api/v1/projects/default/audit?limit=3")
        .await
        .json();
    let next = first["next"].as_str().unwrap();
    let second = server
        .get(&format!(
            "/api/v1/projects/default/audit?limit=3&cursor={next}"
        ))
        .await
        .json();
    assert_eq!(
        (second["items"].as_array().unwrap().len(), &second["next"]),
        (1, &Value::Null)
    );
    assert_eq!(second["items"][0]["reason"], "try it");
    assert_eq!(
        server
            .get("/api/v1/projects/default/audit?environment=staging")
            .await
            .json()["items"],
        json!([])
    );
}

#[tokio::test]
async fn environments_hold_states_of_their_own_but_agree_on_the_type_and_salt() {
    let server = Server::new().await;
    server
        .put(
            "a",
            &json!({"type": "boolean", "enabled": true, "serve": "on", "salt": "given"}),
        )
        .await;
    let staging = "/api/v1/projects/default/environments/staging/flags";
    assert_eq!(
        server.get(&format!("{staging}/a")).await.status,
        StatusCode::NOT_FOUND
    );
    let other_type = json!({"type": "string", "enabled": true, "variants": {"x": "X"}, "offVariant": "x", "serve": "x"});
    let refused = server
        .admin(Method::PUT, &format!("{staging}/a"), &other_type)
        .await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(
        refused.json()["detail"],
        "flag `a` is of type boolean in environment `production`, and is one flag in all environments"
    );
    let made = server
        .admin(
            Method::PUT,
            &format!("{staging}/a"),
            &json!({"enabled": false}),
        )
        .await;
    assert_eq!(
        (made.status, &made.json()["salt"]),
        (StatusCode::CREATED, &json!("given"))
    );
    assert_eq!(
        server.get(&format!("{FLAGS}/a")).await.json()["enabled"],
        true
    );
}

#[tokio::test]
async fn a_document_replaces_an_environment_in_one_revision() {
    let server = Server::new().await;
    server.put("old", &boolean()).await;
    let document = json!({"schemaVersion": 1, "flags": {
        "new": {"type": "boolean", "enabled": true, "serve": "on", "overrides": {"user": {"u1": "exclude"}}},
        "more": boolean(),
    }});
    let replaced = server.admin(Method::PUT, DOCUMENT, &document).await;
    assert_eq!(
        (replaced.status, replaced.json()),
        (StatusCode::OK, json!({"revision": 2, "issues": []}))
    );
    let exported = server.get(DOCUMENT).await.json();
    assert_eq!(
        exported["flags"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["more", "new"]
    );
    assert_eq!(
        exported["flags"]["new"]["overrides"],
        json!({"user": {"u1": "exclude"}})
    );
    assert_eq!(
        (&exported["revision"], &exported["environment"]),
        (&json!(2), &json!("production"))
    );
    // What was exported is taken back and changes nothing.
    assert_eq!(
        server.admin(Method::PUT, DOCUMENT, &exported).await.json()["revision"],
        2
    );
    let actions = server.get("/api/v1/projects/default/audit").await.json();
    assert_eq!(actions["items"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_broken_flag_in_a_document_is_refused_or_kept_as_asked() {
    let server = Server::new().await;
    let document = json!({"schemaVersion": 1, "flags": {"good": boolean(), "bad": {"type": "boolean", "enabled": true, "serve": "maybe"}, "future": {"needs": 9}}});
    let refused = server.admin(Method::PUT, DOCUMENT, &document).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused
            .pointers()
            .iter()
            .any(|pointer| pointer.starts_with("/flags/bad/")),
        "{}",
        refused.text
    );
    let kept = server
        .admin(Method::PUT, &format!("{DOCUMENT}?invalid=keep"), &document)
        .await;
    assert_eq!(kept.status, StatusCode::OK);
    assert!(
        kept.json()["issues"].as_array().unwrap().len() >= 2,
        "{}",
        kept.text
    );
    let ask = |flag| json!({"flag": flag, "type": "boolean", "default": true, "context": {}});
    let outcome = server
        .call(
            KeyKind::Server,
            Method::POST,
            "/api/v1/evaluate",
            &ask("bad"),
            &[],
        )
        .await
        .json();
    assert_eq!(
        (&outcome["errorCode"], &outcome["value"]),
        (&json!("PARSE_ERROR"), &json!(true))
    );
    let outcome = server
        .call(
            KeyKind::Server,
            Method::POST,
            "/api/v1/evaluate",
            &ask("good"),
            &[],
        )
        .await
        .json();
    assert_eq!(outcome["variant"], "on");
    assert_eq!(
        server.get(DOCUMENT).await.json()["flags"]["future"]["needs"],
        9
    );
    // What was broken before does not stand in the way of other changes.
    assert_eq!(
        server.put("more", &boolean()).await.status,
        StatusCode::CREATED
    );
    for wrong in [
        json!([]),
        json!({"flags": {}}),
        json!({"schemaVersion": 2, "flags": {}}),
        json!({"schemaVersion": 1, "flags": []}),
    ] {
        assert_eq!(
            server
                .admin(Method::PUT, &format!("{DOCUMENT}?invalid=keep"), &wrong)
                .await
                .status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn what_is_kept_is_kept_as_it_was_written() {
    let server = Server::new().await;
    let flags = json!({
        "a b": {"type": "boolean", "enabled": true, "serve": "on", "salt": "s", "needs": 1},
        "empty-list": {"type": "boolean", "enabled": true, "serve": "on", "salt": "s", "needs": 1, "overrides": {"nobody": {}}},
        "odd-needs": {"type": "boolean", "enabled": true, "serve": "on", "salt": "s", "needs": "much"},
    });
    let document = json!({"schemaVersion": 1, "flags": flags});
    assert_eq!(
        server.admin(Method::PUT, DOCUMENT, &document).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let kept = server
        .admin(Method::PUT, &format!("{DOCUMENT}?invalid=keep"), &document)
        .await;
    assert_eq!(
        kept.json()["issues"].as_array().unwrap().len(),
        3,
        "{}",
        kept.text
    );
    assert_eq!(server.get(DOCUMENT).await.json()["flags"], flags);
}

#[tokio::test]
async fn a_flag_that_others_refer_to_cannot_go_or_lose_its_variant() {
    let server = Server::new().await;
    server.put("base", &boolean()).await;
    let dependent = json!({
        "type": "boolean", "enabled": true, "serve": "off",
        "rules": [{"when": {"flag": "base", "variants": ["on"]}, "serve": "on"}],
    });
    assert_eq!(
        server.put("dependent", &dependent).await.status,
        StatusCode::CREATED
    );
    let refused = server
        .admin(Method::DELETE, &format!("{FLAGS}/base"), &Value::Null)
        .await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(
        refused
            .pointers()
            .iter()
            .all(|pointer| pointer.starts_with("/flags/dependent/rules/0/when")),
        "{}",
        refused.text
    );
    let variants = json!({"type": "boolean", "enabled": true, "variants": {"yes": true, "off": false}, "onVariant": "yes", "offVariant": "off", "serve": "yes"});
    let refused = server.put("base", &variants).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused
            .pointers()
            .iter()
            .all(|pointer| pointer.starts_with("/flags/dependent/")),
        "{}",
        refused.text
    );
    let unknown = json!({"type": "boolean", "enabled": true, "serve": "on", "rules": [{"when": {"segment": "none"}, "serve": "off"}]});
    assert_eq!(
        server.put("third", &unknown).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    server
        .admin(Method::DELETE, &format!("{FLAGS}/dependent"), &Value::Null)
        .await;
    assert_eq!(
        server
            .admin(Method::DELETE, &format!("{FLAGS}/base"), &Value::Null)
            .await
            .status,
        StatusCode::NO_CONTENT
    );
}
