//! What a flag has been, and making it that again

use axum::http::{Method, StatusCode};
use flagstaff_server::auth::KeyKind;
use serde_json::{Value, json};

use crate::support::{FLAGS, Server};

fn flag(enabled: bool) -> Value {
    json!({"type": "boolean", "enabled": enabled, "serve": "on"})
}

#[tokio::test]
async fn each_change_of_a_flag_is_told_by_path() {
    let server = Server::new().await;
    let path = format!("{FLAGS}/a");
    server.put("a", &flag(true)).await;
    server.put("other", &flag(true)).await;
    let merge = json!({"rolloutPercentage": 25, "overrides": {"user": {"u1": "exclude"}}});
    server
        .admin(Method::PATCH, &format!("{path}?reason=slowly"), &merge)
        .await;
    server.admin(Method::DELETE, &path, &Value::Null).await;

    let history = server.get(&format!("{path}/history")).await.json();
    let items = history["items"].as_array().unwrap();
    let seen: Vec<_> = items
        .iter()
        .map(|item| (&item["revision"], item["action"].as_str().unwrap()))
        .collect();
    let expected = [
        (&json!(4), "delete"),
        (&json!(3), "update"),
        (&json!(1), "create"),
    ];
    assert_eq!(seen, expected);
    let update = &items[1];
    assert_eq!(
        (&update["reason"], &update["actor"]),
        (&json!("slowly"), &json!("admin"))
    );
    let expected = json!([
        {"pointer": "/serve", "kind": "changed", "old": "on", "new": {"rollout": 25, "variant": "on"}},
        {"pointer": "/overrides/user/u1", "kind": "added", "new": "exclude"},
    ]);
    assert_eq!(update["changes"], expected);
    assert_eq!(
        (
            &items[2]["changes"][0]["pointer"],
            &items[2]["changes"][0]["kind"]
        ),
        (&json!(""), &json!("added"))
    );

    let first = server.get(&format!("{path}/history?limit=2")).await.json();
    let next = first["next"].as_str().unwrap();
    let second = server
        .get(&format!("{path}/history?limit=2&cursor={next}"))
        .await
        .json();
    assert_eq!(
        (&second["items"][0], &second["next"]),
        (&items[2], &Value::Null)
    );
    let none = server.get(&format!("{FLAGS}/none/history")).await.json();
    assert_eq!(none, json!({"items": [], "next": null}));
    assert_eq!(
        server
            .get(&format!("{path}/history?cursor=x"))
            .await
            .pointers(),
        ["?cursor"]
    );
}

#[tokio::test]
async fn a_flag_is_rolled_back_in_one_call() {
    let server = Server::new().await;
    let path = format!("{FLAGS}/a");
    let back = format!("{path}/rollback");
    server.put("a", &flag(true)).await;
    server.put("other", &flag(true)).await;
    server.put("a", &json!({"type": "boolean", "enabled": false, "serve": "off", "overrides": {"user": {"u": "include"}}})).await;
    let first = server
        .admin(
            Method::POST,
            &format!("{back}?reason=oops"),
            &json!({"revision": 2}),
        )
        .await;
    assert_eq!(
        (first.status, first.header("etag")),
        (StatusCode::OK, "\"4\"")
    );
    let restored = first.json();
    assert_eq!(
        (
            &restored["enabled"],
            &restored["serve"],
            &restored["overrides"]
        ),
        (&json!(true), &json!("on"), &Value::Null)
    );
    // Of a flag that is gone, and back to what the rollback undid.
    server.admin(Method::DELETE, &path, &Value::Null).await;
    let again = server
        .admin(Method::POST, &back, &json!({"revision": 3}))
        .await;
    assert_eq!(
        (again.status, &again.json()["enabled"]),
        (StatusCode::CREATED, &json!(false))
    );

    for revision in [json!(0), json!(5)] {
        let refused = server
            .admin(Method::POST, &back, &json!({"revision": revision}))
            .await;
        assert_eq!(refused.pointers(), ["/revision"], "{revision}");
    }
    for body in [json!({}), json!({"revision": "1"}), json!({"revision": -1})] {
        assert_eq!(
            server.admin(Method::POST, &back, &body).await.pointers(),
            ["/revision"]
        );
    }
    let latest = server
        .admin(Method::POST, &back, &json!({"revision": u64::MAX}))
        .await;
    assert_eq!(
        (latest.status, &latest.json()["version"]),
        (StatusCode::OK, &json!(6)),
        "nothing to change"
    );
    let stale = [("if-match", "\"1\"")];
    let stale = server
        .call(
            KeyKind::Admin,
            Method::POST,
            &back,
            &json!({"revision": 2}),
            &stale,
        )
        .await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    let audit = server
        .get("/api/v1/projects/default/audit?flag=a")
        .await
        .json();
    assert_eq!(audit["items"][2]["reason"], "oops");
}

#[tokio::test]
async fn a_rollback_breaks_nothing() {
    let server = Server::new().await;
    let document = json!({
        "schemaVersion": 1, "segments": {"nordics": {"when": {"all": []}}},
        "flags": {"a": {"type": "boolean", "enabled": true, "serve": "off", "rules": [{"when": {"segment": "nordics"}, "serve": "on"}]}},
    });
    let put = server
        .admin(Method::PUT, crate::support::DOCUMENT, &document)
        .await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    let without = json!({"schemaVersion": 1, "flags": {"a": flag(true)}});
    let put = server
        .admin(Method::PUT, crate::support::DOCUMENT, &without)
        .await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    let back = server
        .admin(
            Method::POST,
            &format!("{FLAGS}/a/rollback"),
            &json!({"revision": 1}),
        )
        .await;
    assert_eq!(
        back.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        back.text
    );
}
