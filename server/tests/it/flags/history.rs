//! The history of a flag, and rollbacks

use serde_json::{Value, json};

use crate::support::{Requests as _, Server};

fn flag(enabled: bool) -> Value {
    json!({"type": "boolean", "enabled": enabled, "serve": "on"})
}

#[tokio::test]
async fn the_history_of_a_flag_has_the_pointer_of_each_change() {
    let server = Server::new().await;
    let path = "flags/a";
    server.put_flag("a", &flag(true)).await;
    server.put_flag("other", &flag(true)).await;
    let merge = json!({"rolloutPercentage": 25, "overrides": {"user": {"u1": "exclude"}}});
    server.patch(&format!("{path}?reason=slowly"), &merge).await;
    server.delete(path).await;

    let history = server.get("flags/a/history").await;
    let items = history.items();
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
    assert_eq!(update["reason"], "slowly");
    assert_eq!(update["actor"], "admin");
    let expected = json!([
        {"pointer": "/serve", "kind": "changed", "before": "on", "after": {"rollout": 25, "variant": "on"}},
        {"pointer": "/overrides/user/u1", "kind": "added", "after": "exclude"},
    ]);
    assert_eq!(update["changes"], expected);
    assert_eq!(items[2]["changes"][0]["pointer"], "");
    assert_eq!(items[2]["changes"][0]["kind"], "added");

    let pages = server.pages("flags/a/history?limit=2").await;
    assert_eq!(pages[1].items()[..], items[2..]);
    let none = server.get("flags/none/history").await.json();
    assert_eq!(none, json!({"items": [], "next": null}));
    let refused = server.get("flags/a/history?cursor=x").await;
    refused.expect_errors(["?cursor"]);
}

#[tokio::test]
async fn a_flag_is_rolled_back_to_a_revision() {
    let server = Server::new().await;
    let path = "flags/a";
    let back = format!("{path}/rollback");
    server.put_flag("a", &flag(true)).await;
    server.put_flag("other", &flag(true)).await;
    server.put_flag("a", json!({"type": "boolean", "enabled": false, "serve": "off", "overrides": {"user": {"u": "include"}}})).await;
    let first = server
        .post(&format!("{back}?reason=oops"), json!({"revision": 2}))
        .await
        .expect(200);
    assert_eq!(first.header("etag"), "\"4\"");
    let restored = first.json();
    assert_eq!(restored["enabled"], true);
    assert_eq!(restored["serve"], "on");
    assert_eq!(restored["overrides"], Value::Null);
    // A deleted flag can be rolled back too, here to what the rollback undid.
    server.delete(path).await;
    let again = server.post(&back, json!({"revision": 3})).await.expect(201);
    assert_eq!(again["enabled"], false);

    for revision in [json!(0), json!(5)] {
        server
            .post(&back, json!({"revision": revision}))
            .await
            .expect_errors(["/revision"]);
    }
    for body in [json!({}), json!({"revision": "1"}), json!({"revision": -1})] {
        server.post(&back, &body).await.expect_errors(["/revision"]);
    }
    let latest = server
        .post(&back, json!({"revision": u64::MAX}))
        .await
        .expect(200);
    assert_eq!(latest["version"], 6, "nothing to change");
    server
        .post(&back, json!({"revision": 2}))
        .if_match(1)
        .await
        .expect(412);
    let audit = server.audit("?flag=a").await;
    assert_eq!(audit[2]["reason"], "oops");
}

#[tokio::test]
async fn a_rollback_that_would_break_the_flag_is_refused() {
    let server = Server::new().await;
    let document = json!({
        "schemaVersion": 1, "segments": {"nordics": {"when": {"all": []}}},
        "flags": {"a": {"type": "boolean", "enabled": true, "serve": "off", "rules": [{"when": {"segment": "nordics"}, "serve": "on"}]}},
    });
    server.put("document", document).await.expect(200);
    let without = json!({"schemaVersion": 1, "flags": {"a": flag(true)}});
    server.put("document", &without).await.expect(200);
    server
        .post("flags/a/rollback", json!({"revision": 1}))
        .await
        .expect(422);
}
