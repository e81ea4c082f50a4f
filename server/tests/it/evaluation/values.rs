//! Values, summaries, the flags of one context, and batches

use flagstaff_server::auth::CredentialKind;
use flagstaff_server::{Rates, RuntimeConfig};
use serde_json::{Value, json};

use crate::support::{Call, Requests as _, Server, key};

const BATCH: &str = "/api/v1/evaluate/batch";

/// Flags of every kind, one of them broken
async fn server() -> Server {
    let server = Server::new().await;
    let document = json!({"schemaVersion": 1, "flags": {
        "broken": {"type": "boolean", "enabled": true, "clientSide": true, "serve": "blue"},
        "checkout": {"type": "boolean", "enabled": true, "clientSide": true, "serve": {"variant": "on", "rollout": 25},
            "rules": [{"id": "staff", "when": {"attribute": "/customer/key", "op": "equals", "value": "c1"}, "serve": "on"}],
            "overrides": {"user": {"u1": "include"}}},
        "off": {"type": "boolean", "enabled": false, "clientSide": true, "serve": "on"},
        "session": {"type": "object", "enabled": true, "clientSide": true, "levels": ["user", "customer"],
            "variants": {"default": {"a": {"b": 1}, "c": 2}}, "offVariant": "default", "serve": "default",
            "environmentPatch": {"c": 3}, "overrides": {"customer": {"c1": {"patch": {"a": {"b": 9}}}}}},
    }});
    server
        .put("document?invalid=keep", &document)
        .await
        .expect(200);
    server
}

fn anonymous(server: &Server, path: &str) -> Call {
    server.get(path).anonymous()
}

fn set_public(server: &Server, token: &str, body: &Value) -> Call {
    let path = "settings?reason=a%20page%20needs%20them";
    server.put(path, body).token(token)
}

#[tokio::test]
async fn values_are_a_map_and_public_where_an_admin_allows_it() {
    let server = server().await;
    let path = "values?targetingKey=u1";
    let expected = json!({"checkout": true, "off": false, "session": {"a": {"b": 1}, "c": 3}});
    for kind in [
        CredentialKind::Server,
        CredentialKind::Client,
        CredentialKind::Viewer,
    ] {
        let answer = server.get(path).token(kind.name()).await.expect(200);
        assert_eq!(answer.json(), expected.clone(), "{kind:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    server.get(path).token("client-local").await.expect(403);
    let nobody = server.get("values").await.expect(200);
    assert_eq!(nobody["checkout"], false);

    // Off until an admin allows it, and only in that environment.
    let staging = "/api/v1/projects/default/environments/staging/values?targetingKey=u1";
    for path in [
        path,
        staging,
        "/api/v1/projects/no/environments/no/values?targetingKey=u1",
    ] {
        anonymous(&server, path).await.expect(401);
    }
    let settings = server.get("settings").await;
    assert_eq!(
        settings.json(),
        json!({"publicValues": false, "requireReason": false, "recordAttributes": false, "privateAttributes": []})
    );
    set_public(&server, "editor", &json!({"publicValues": true}))
        .await
        .expect(403);
    for (body, pointer) in [
        (json!({"requireReason": "yes"}), "/requireReason"),
        (json!({"publicValues": 1}), "/publicValues"),
        (json!({"publicValues": true, "all": true}), "/all"),
    ] {
        let refused = set_public(&server, "admin", &body).await;
        refused.expect_errors([pointer]);
    }
    let opened = set_public(&server, "admin", &json!({"publicValues": true}))
        .await
        .expect(200);
    assert_eq!(
        opened.json(),
        json!({"publicValues": true, "requireReason": false, "recordAttributes": false, "privateAttributes": []})
    );
    let answer = anonymous(&server, path).await.expect(200);
    assert_eq!(answer.json(), expected);
    anonymous(&server, staging).await.expect(401);
    // An unknown token is not an anonymous request.
    server.get(path).token("nonsense").await.expect(401);
    let of_another = key(CredentialKind::Client, "of staging");
    let of_another = flagstaff_server::store::CredentialRow {
        environment_id: Some(2),
        ..of_another
    };
    server.state.store().ensure_key(of_another).await.unwrap();
    server.state.refresh_keys().await.unwrap();
    server.get(path).token("of staging").await.expect(404);

    let audit = server.audit("?limit=1").await;
    let row = &audit[0];
    assert_eq!(row["kind"], "environment");
    assert_eq!(row["environment"], "production");
    assert_eq!(row["reason"], "a page needs them");
    assert_eq!(row["actor"], "admin");
    set_public(&server, "admin", &json!({"publicValues": false})).await;
    anonymous(&server, path).await.expect(401);
}

#[tokio::test]
async fn a_summary_has_whether_the_flag_is_on_and_its_percentage() {
    let server = server().await;
    for (flag, enabled, percentage) in [
        ("checkout", true, json!(25)),
        ("off", false, json!(100)),
        ("session", true, Value::Null),
        ("broken", false, Value::Null),
    ] {
        let path = format!("flags/{flag}/summary");
        let expected = json!({"key": flag, "enabled": enabled, "rolloutPercentage": percentage});
        for kind in [CredentialKind::Server, CredentialKind::Viewer] {
            let answer = server.get(&path).token(kind.name()).await.expect(200);
            assert_eq!(answer.json(), expected.clone());
        }
        // Unless an admin opens the environment.
        server.get(&path).token("client").await.expect(403);
    }
    server.get("flags/nothing/summary").await.expect(404);
    set_public(&server, "admin", &json!({"publicValues": true})).await;
    for call in [
        anonymous(&server, "flags/checkout/summary"),
        server.get("flags/checkout/summary").token("client"),
    ] {
        assert_eq!(call.await.expect(200)["rolloutPercentage"], 25);
    }
}

#[tokio::test]
async fn the_flags_of_one_context_are_listed_with_their_sources() {
    let server = server().await;
    let flags = |of: &str| format!("contexts/{of}/flags");
    let customer = server.get(&flags("customer/c1")).await.expect(200);
    let mut customer = customer.json();
    let items = customer["items"].take();
    assert_eq!(
        customer,
        json!({"context": {"customer": {"key": "c1"}}, "revision": 1, "evaluatedAt": "2026-01-01T00:00:00.000Z",
            "items": null, "total": 4, "next": null})
    );
    assert_eq!(
        items,
        json!([
            {"key": "broken", "value": null, "variant": null, "enabled": false, "reason": "ERROR", "errorCode": "PARSE_ERROR",
             "source": {}, "sources": {}},
            {"key": "checkout", "value": true, "variant": "on", "enabled": true, "reason": "TARGETING_MATCH", "errorCode": null,
             "source": {"step": "rule", "index": 0, "id": "staff"}, "sources": {}},
            {"key": "off", "value": false, "variant": "off", "enabled": false, "reason": "DISABLED", "errorCode": null,
             "source": {"step": "disabled"}, "sources": {}},
            {"key": "session", "value": {"a": {"b": 9}, "c": 3}, "variant": "default", "enabled": false, "reason": "DEFAULT",
             "errorCode": null, "source": {"step": "serve"}, "sources": {"/a/b": "customer", "/c": "environment"}},
        ])
    );
    let user = server.get(&flags("user/u1")).await.json();
    assert_eq!(
        user["items"][1]["source"],
        json!({"step": "override", "level": "user"})
    );
    let first = server.get(&format!("{}?limit=3", flags("user/u1"))).await;
    assert_eq!(first["total"], 4);
    let second = server
        .get(&format!(
            "{}?limit=3&cursor={}",
            flags("user/u1"),
            first["next"].as_str().unwrap()
        ))
        .await;
    assert_eq!(second["items"][0]["key"], "session");
    assert_eq!(second["next"], Value::Null);
    server
        .get(&flags("targetingKey/u1"))
        .await
        .expect_errors(["/kind"]);
    server
        .get(&format!("{}?limit=201", flags("user/u1")))
        .await
        .expect_errors(["?limit"]);
    server
        .get(&flags("user/u1"))
        .token("client")
        .await
        .expect(403);
    server
        .get(&flags("user/u1"))
        .token("server")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_batch_evaluates_many_contexts_and_an_invalid_one_fails_only_its_item() {
    let server = server().await;
    let ask = |token: &str, body: Value| server.post(BATCH, body).token(token);
    let body = json!({"contexts": [{"targetingKey": "u1"}, {"targetingKey": 1}, [], {"customer": {"key": "c1"}}],
        "flags": ["checkout", "nothing"]});
    let answer = ask("client", body).await.expect(200);
    let answer = answer.json();
    assert_eq!(answer["revision"], 1);
    assert_eq!(answer["evaluatedAt"], "2026-01-01T00:00:00.000Z");
    let items = answer["items"].as_array().unwrap();
    assert_eq!(items.len(), 4);
    let details = "the context is not an object, its `targetingKey` is not a string, or it has too many attributes";
    for bad in [1, 2] {
        assert_eq!(
            items[bad],
            json!({"errorCode": "INVALID_CONTEXT", "errorDetails": details})
        );
    }
    for good in [0, 3] {
        assert_eq!(items[good]["flags"]["checkout"]["value"], true);
        assert_eq!(
            items[good]["flags"]["nothing"]["errorCode"],
            "FLAG_NOT_FOUND"
        );
    }
    // An item is what the route for one context returns.
    let single = json!({"context": {"targetingKey": "u1"}});
    let single = server
        .post("/api/v1/evaluate", &single)
        .token("server")
        .await
        .json();
    let all = ask("server", json!({"contexts": [{"targetingKey": "u1"}]})).await;
    assert_eq!(all["items"][0], single);
    let then = json!({"contexts": [{}], "now": "2030-01-01T00:00:00Z"});
    assert_eq!(
        ask("server", then.clone()).await["evaluatedAt"],
        "2030-01-01T00:00:00.000Z"
    );
    ask("client", then).await.expect(403);

    let many: Vec<Value> = (0..1_001).map(|_| json!({})).collect();
    for body in [
        json!({"contexts": []}),
        json!({"contexts": many}),
        json!({"contexts": [{}], "flags": vec!["a"; 50_001]}),
        json!({"contexts": [{}, {}], "flags": vec!["a"; 25_001]}),
        json!({"contexts": {}}),
        json!({"contexts": [{}], "flag": "a"}),
    ] {
        let answer = ask("server", body).await.expect(422);
        let pointers = answer.pointers();
        assert!(
            pointers == ["/contexts"] || pointers == ["/flag"],
            "{pointers:?}"
        );
    }
    ask("admin", json!({"contexts": [{}]})).await.expect(403);
}

/// The rate of an address holds for requests without a key too
#[tokio::test]
async fn reads_without_a_key_are_limited_by_address() {
    let rates = Rates {
        address: 1,
        ..Rates::default()
    };
    let limits = RuntimeConfig {
        rates,
        ..RuntimeConfig::default()
    };
    let server = Server::with(limits).await;
    set_public(&server, "admin", &json!({"publicValues": true})).await;
    let path = "values?targetingKey=u1";
    let ask = |address: &str| anonymous(&server, path).from(address);
    for _ in 0..10 {
        ask("192.0.2.1").await.expect(200);
    }
    ask("192.0.2.1").await.expect(429);
    ask("192.0.2.2").await.expect(200);
}
