//! Values for who needs no more, what one context gets, and many contexts at once

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use flagstaff_server::auth::KeyKind;
use flagstaff_server::{Limits, Peer, Rates};
use serde_json::{Value, json};

use crate::support::{Answer, DOCUMENT, FLAGS, Server, key};

const ENVIRONMENT: &str = "/api/v1/projects/default/environments/production";
const BATCH: &str = "/api/v1/evaluate/batch";

/// Flags of every kind, one of them broken
async fn server() -> Server {
    let server = Server::new().await;
    let document = json!({"schemaVersion": 1, "flags": {
        "broken": {"type": "boolean", "enabled": true, "serve": "blue"},
        "checkout": {"type": "boolean", "enabled": true, "serve": {"variant": "on", "rollout": 25},
            "rules": [{"id": "staff", "when": {"attribute": "/customer/key", "op": "equals", "value": "c1"}, "serve": "on"}],
            "overrides": {"user": {"u1": "include"}}},
        "off": {"type": "boolean", "enabled": false, "serve": "on"},
        "session": {"type": "object", "enabled": true, "levels": ["user", "customer"],
            "variants": {"default": {"a": {"b": 1}, "c": 2}}, "offVariant": "default", "serve": "default",
            "environmentPatch": {"c": 3}, "overrides": {"customer": {"c1": {"patch": {"a": {"b": 9}}}}}},
    }});
    let stored = server
        .admin(Method::PUT, &format!("{DOCUMENT}?invalid=keep"), &document)
        .await;
    assert_eq!(stored.status, StatusCode::OK);
    server
}

async fn anonymous(server: &Server, path: &str) -> Answer {
    server
        .send(Request::get(path).body(Body::empty()).unwrap())
        .await
}

async fn set_public(server: &Server, kind: KeyKind, body: &Value) -> Answer {
    let path = format!("{ENVIRONMENT}/settings?reason=a%20page%20needs%20them");
    server.call(kind, Method::PUT, &path, body, &[]).await
}

#[tokio::test]
async fn values_are_a_map_for_keys_and_for_everybody_where_an_admin_says_so() {
    let server = server().await;
    let path = format!("{ENVIRONMENT}/values?targetingKey=u1");
    let expected = json!({"checkout": true, "off": false, "session": {"a": {"b": 1}, "c": 3}});
    for kind in [KeyKind::Server, KeyKind::Client, KeyKind::Viewer] {
        let answer = server
            .call(kind, Method::GET, &path, &Value::Null, &[])
            .await;
        assert_eq!(
            (answer.status, answer.json()),
            (StatusCode::OK, expected.clone()),
            "{kind:?}"
        );
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let local = server
        .call(KeyKind::ClientLocal, Method::GET, &path, &Value::Null, &[])
        .await;
    assert_eq!(local.status, StatusCode::FORBIDDEN);
    assert_eq!(
        server
            .get(&format!("{ENVIRONMENT}/values"))
            .await
            .pointers(),
        ["?targetingKey"]
    );

    // Off until an admin says so, and only there.
    let staging = "/api/v1/projects/default/environments/staging/values?targetingKey=u1";
    for path in [
        &*path,
        staging,
        "/api/v1/projects/no/environments/no/values?targetingKey=u1",
    ] {
        assert_eq!(
            anonymous(&server, path).await.status,
            StatusCode::UNAUTHORIZED,
            "{path}"
        );
    }
    let settings = format!("{ENVIRONMENT}/settings");
    assert_eq!(
        server.get(&settings).await.json(),
        json!({"publicValues": false})
    );
    let editor = set_public(&server, KeyKind::Editor, &json!({"publicValues": true})).await;
    assert_eq!(editor.status, StatusCode::FORBIDDEN);
    for (body, pointer) in [
        (json!({}), "/publicValues"),
        (json!({"publicValues": 1}), "/publicValues"),
        (json!({"publicValues": true, "all": true}), "/all"),
    ] {
        let answer = set_public(&server, KeyKind::Admin, &body).await;
        assert_eq!(
            (answer.status, answer.pointers()),
            (StatusCode::UNPROCESSABLE_ENTITY, vec![pointer.to_owned()])
        );
    }
    let opened = set_public(&server, KeyKind::Admin, &json!({"publicValues": true})).await;
    assert_eq!(
        (opened.status, opened.json()),
        (StatusCode::OK, json!({"publicValues": true}))
    );
    let answer = anonymous(&server, &path).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, expected));
    assert_eq!(
        anonymous(&server, staging).await.status,
        StatusCode::UNAUTHORIZED
    );
    // A token that nobody knows is not nobody.
    let request = Request::get(&path).header("authorization", "Bearer nonsense");
    let unknown = server.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(unknown.status, StatusCode::UNAUTHORIZED);
    let of_another = key(KeyKind::Client, "of staging");
    let of_another = flagstaff_server::store::KeyRow {
        environment_id: Some(2),
        ..of_another
    };
    server.state.store().ensure_key(of_another).await.unwrap();
    server.state.refresh_keys().await.unwrap();
    let elsewhere = server.with_token("of staging").get(&path).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);

    let audit = server
        .get("/api/v1/projects/default/audit?limit=1")
        .await
        .json();
    let row = &audit["items"][0];
    assert_eq!(
        (
            &row["kind"],
            &row["environment"],
            &row["reason"],
            &row["actor"]
        ),
        (
            &json!("environment"),
            &json!("production"),
            &json!("a page needs them"),
            &json!("admin")
        )
    );
    set_public(&server, KeyKind::Admin, &json!({"publicValues": false})).await;
    assert_eq!(
        anonymous(&server, &path).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_flag_is_told_in_two_words() {
    let server = server().await;
    for (flag, enabled, percentage) in [
        ("checkout", true, json!(25)),
        ("off", false, json!(100)),
        ("session", true, json!(0)),
        ("broken", false, Value::Null),
    ] {
        let path = format!("{FLAGS}/{flag}/summary");
        let expected = json!({"key": flag, "enabled": enabled, "rolloutPercentage": percentage});
        for kind in [KeyKind::Server, KeyKind::Viewer] {
            let answer = server
                .call(kind, Method::GET, &path, &Value::Null, &[])
                .await;
            assert_eq!(
                (answer.status, answer.json()),
                (StatusCode::OK, expected.clone())
            );
        }
        // It is a part of a rule, which is not for browsers, nor for everybody.
        let browser = server
            .call(KeyKind::Client, Method::GET, &path, &Value::Null, &[])
            .await;
        assert_eq!(browser.status, StatusCode::FORBIDDEN);
    }
    let missing = server.get(&format!("{FLAGS}/nothing/summary")).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    set_public(&server, KeyKind::Admin, &json!({"publicValues": true})).await;
    let nobody = anonymous(&server, &format!("{FLAGS}/checkout/summary")).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_one_context_gets_is_told_with_where_it_comes_from() {
    let server = server().await;
    let flags = |of: &str| format!("{ENVIRONMENT}/contexts/{of}/flags");
    let customer = server.get(&flags("customer/c1")).await;
    assert_eq!(customer.status, StatusCode::OK);
    let mut customer = customer.json();
    let items = customer["items"].take();
    assert_eq!(
        customer,
        json!({"kind": "customer", "contextKey": "c1", "revision": 1, "evaluatedAt": "2026-01-01T00:00:00.000Z",
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
    let first = server
        .get(&format!("{}?limit=3", flags("user/u1")))
        .await
        .json();
    assert_eq!(
        (&first["next"], &first["total"]),
        (&json!("off"), &json!(4))
    );
    let second = server
        .get(&format!("{}?limit=3&cursor=off", flags("user/u1")))
        .await
        .json();
    assert_eq!(
        (&second["items"][0]["key"], &second["next"]),
        (&json!("session"), &Value::Null)
    );
    assert_eq!(
        server.get(&flags("targetingKey/u1")).await.pointers(),
        ["/kind"]
    );
    assert_eq!(
        server
            .get(&format!("{}?limit=201", flags("user/u1")))
            .await
            .pointers(),
        ["?limit"]
    );
    let browser = server
        .call(
            KeyKind::Client,
            Method::GET,
            &flags("user/u1"),
            &Value::Null,
            &[],
        )
        .await;
    assert_eq!(browser.status, StatusCode::FORBIDDEN);
    let program = server
        .call(
            KeyKind::Server,
            Method::GET,
            &flags("user/u1"),
            &Value::Null,
            &[],
        )
        .await;
    assert_eq!(program.status, StatusCode::OK);
}

#[tokio::test]
async fn many_contexts_are_evaluated_at_once_and_a_bad_one_costs_only_itself() {
    let server = server().await;
    let ask = |kind, body: Value| {
        let server = &server;
        async move { server.call(kind, Method::POST, BATCH, &body, &[]).await }
    };
    let body = json!({"contexts": [{"targetingKey": "u1"}, {"targetingKey": 1}, [], {"customer": {"key": "c1"}}],
        "flags": ["checkout", "nothing"]});
    let answer = ask(KeyKind::Client, body).await;
    assert_eq!(answer.status, StatusCode::OK);
    let answer = answer.json();
    assert_eq!(
        (&answer["revision"], &answer["evaluatedAt"]),
        (&json!(1), &json!("2026-01-01T00:00:00.000Z"))
    );
    let items = answer["items"].as_array().unwrap();
    assert_eq!(items.len(), 4);
    let details = "the context is no object, or its `targetingKey` is no string";
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
    // An item is what the single question answers.
    let single = json!({"context": {"targetingKey": "u1"}});
    let single = server
        .call(
            KeyKind::Server,
            Method::POST,
            "/api/v1/evaluate",
            &single,
            &[],
        )
        .await
        .json();
    let all = ask(
        KeyKind::Server,
        json!({"contexts": [{"targetingKey": "u1"}]}),
    )
    .await
    .json();
    assert_eq!(all["items"][0], single);
    let then = json!({"contexts": [{}], "now": "2030-01-01T00:00:00Z"});
    assert_eq!(
        ask(KeyKind::Server, then.clone()).await.json()["evaluatedAt"],
        "2030-01-01T00:00:00.000Z"
    );
    assert_eq!(
        ask(KeyKind::Client, then).await.status,
        StatusCode::FORBIDDEN
    );

    let many: Vec<Value> = (0..1_001).map(|_| json!({})).collect();
    for (body, status) in [
        (json!({"contexts": []}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"contexts": many}), StatusCode::UNPROCESSABLE_ENTITY),
        (
            json!({"contexts": [{}], "flags": vec!["a"; 50_001]}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            json!({"contexts": [{}, {}], "flags": vec!["a"; 25_001]}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (json!({"contexts": {}}), StatusCode::UNPROCESSABLE_ENTITY),
        (
            json!({"contexts": [{}], "flag": "a"}),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let answer = ask(KeyKind::Server, body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        if status == StatusCode::UNPROCESSABLE_ENTITY {
            let pointers = answer.pointers();
            let [pointer] = pointers.as_slice() else {
                panic!("{}", answer.text)
            };
            assert!(
                ["/contexts", "/flag"].contains(&pointer.as_str()),
                "{pointer}"
            );
        }
    }
    assert_eq!(
        ask(KeyKind::Admin, json!({"contexts": [{}]})).await.status,
        StatusCode::FORBIDDEN
    );
}

/// The address limit holds for those who need no key, too
#[tokio::test]
async fn who_comes_without_a_key_asks_only_so_often() {
    let rates = Rates {
        address: 1,
        ..Rates::default()
    };
    let limits = Limits {
        rates,
        ..Limits::default()
    };
    let server = Server::with(limits).await;
    set_public(&server, KeyKind::Admin, &json!({"publicValues": true})).await;
    let ask = |address: &'static str| {
        let mut request = Request::get(format!("{ENVIRONMENT}/values?targetingKey=u1"))
            .body(Body::empty())
            .unwrap();
        let address = (address.parse::<std::net::IpAddr>().unwrap(), 4_000);
        request.extensions_mut().insert(Peer(address.into()));
        let server = &server;
        async move { server.send(request).await.status }
    };
    for _ in 0..10 {
        assert_eq!(ask("192.0.2.1").await, StatusCode::OK);
    }
    assert_eq!(ask("192.0.2.1").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask("192.0.2.2").await, StatusCode::OK);
}
