//! Origins of keys

use std::time::Duration;

use axum::http::Method;
use flagstaff_server::Rates;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::{create, new_key, path_of, token_of};
use crate::support::{Answer, Call, Requests as _, Server};

const BULK: &str = "/ofrep/v1/evaluate/flags";
const OURS: &str = "https://app.example";
const THEIRS: &str = "https://evil.example";

/// A request of a page of an origin
fn of_page(server: &Server, origin: &str, token: &str, method: Method, path: &str) -> Call {
    let request = server.request(method, path).body("{}");
    request.token(token).header("origin", origin)
}

fn assert_refused(answer: &Answer) {
    assert_eq!(answer.status, 403);
    assert_eq!(
        answer["detail"],
        "the key may not be used by pages of this origin"
    );
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert!(answer.header("vary").to_lowercase().contains("origin"));
}

#[tokio::test]
async fn a_key_may_be_used_by_every_origin_unless_it_lists_some() {
    let server = Server::new().await;
    let open = create(&server, "keys", new_key("client", "a")).await;
    assert_eq!(open["origins"], json!(["*"]));
    let body = json!({"kind": "client", "name": "b", "origins": ["http://localhost:3000", OURS]});
    let closed = create(&server, "keys", &body).await;
    assert_eq!(closed["origins"], json!(["http://localhost:3000", OURS]));
    for (key, origin) in [(&open, OURS), (&open, THEIRS), (&closed, OURS)] {
        let answer = of_page(&server, origin, token_of(key), Method::POST, BULK)
            .await
            .expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), origin);
        assert!(
            answer
                .header("access-control-expose-headers")
                .contains("etag")
        );
    }
    for origin in [
        THEIRS,
        "https://app.example.evil.example",
        "null",
        "",
        "HTTPS://app.example",
    ] {
        for path in [BULK, "/ofrep/v1/evaluate/flags/a", "/api/v1/evaluate"] {
            let answer = of_page(&server, origin, token_of(&closed), Method::POST, path).await;
            assert_refused(&answer);
        }
    }
    // A program sends no origin.
    server
        .post(BULK, json!({}))
        .token(token_of(&closed))
        .await
        .expect(200);
    // Without a valid key the origin cannot be checked, and the page may read the error.
    let unknown = of_page(&server, THEIRS, "wrong", Method::POST, BULK)
        .await
        .expect(401);
    assert_eq!(unknown.header("access-control-allow-origin"), THEIRS);
}

#[tokio::test]
async fn streams_and_snapshots_obey_the_origins_of_their_key() {
    let server = Server::new().await;
    let body = json!({"kind": "client-local", "name": "l", "origins": [OURS]});
    let local = create(&server, "keys", &body).await;
    let local = token_of(&local);
    for path in ["/api/v1/sdk/stream", "/api/v1/sdk/snapshot"] {
        assert_refused(&of_page(&server, THEIRS, local, Method::GET, path).await);
    }
    of_page(&server, OURS, local, Method::GET, "/api/v1/sdk/snapshot")
        .await
        .expect(200);
    let body = json!({"kind": "client", "name": "c", "origins": [OURS]});
    let client = create(&server, "keys", &body).await;
    let bulk = of_page(&server, OURS, token_of(&client), Method::POST, BULK).await;
    let events = bulk["eventStreams"][0]["endpoint"]["requestUri"].clone();
    let stream = server.get(events.as_str().unwrap()).anonymous();
    assert_refused(&stream.header("origin", THEIRS).await);
}

#[tokio::test]
async fn a_stream_ends_when_its_origin_is_removed_from_the_key() {
    let server = Server::new().await;
    let key = create(&server, "keys", new_key("client-local", "l")).await;
    let path = path_of(&key);
    let open = async || {
        let stream = server.get("/api/v1/sdk/stream").token(token_of(&key));
        stream.header("origin", THEIRS).response().await
    };
    let opened = open().await;
    assert_eq!(opened.status(), 200);
    let body = json!({"origins": [OURS]});
    server.patch(&path, &body).await.expect(200);
    // The test fails if the stream does not end.
    let rest = tokio::time::timeout(Duration::from_mins(1), opened.into_body().collect());
    let rest = rest.await.unwrap().unwrap().to_bytes();
    let rest = String::from_utf8(rest.to_vec()).unwrap();
    assert!(rest.contains("event: goodbye"), "{rest}");
    assert_eq!(open().await.status(), 403);
}

#[tokio::test]
async fn a_preflight_has_no_key_and_is_allowed_for_every_origin() {
    let server = Server::new().await;
    for path in [BULK, "/api/v1/sdk/stream", "/ofrep/v1/events"] {
        let preflight = server.request(Method::OPTIONS, path).anonymous();
        let answer = preflight
            .header("origin", THEIRS)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            )
            .await
            .expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), THEIRS);
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        let allowed = answer.header("access-control-allow-headers");
        assert!(allowed.contains("authorization") && allowed.contains("content-type"));
    }
}

#[tokio::test]
async fn the_origins_of_a_key_are_changed_and_audited() {
    let server = Server::new().await;
    let key = create(&server, "keys", new_key("client", "web")).await;
    let path = path_of(&key);
    let token = token_of(&key);
    let change = async |origins: Value| {
        let body = json!({"origins": origins});
        server.patch(&format!("{path}?reason=why"), &body).await
    };
    let changed = change(json!([OURS, OURS])).await.expect(200);
    assert_eq!(changed["origins"], json!([OURS]));
    assert_eq!(server.get(&path).await.json(), changed.json());
    assert_refused(&of_page(&server, THEIRS, token, Method::POST, BULK).await);
    // Its successor has the same origins.
    let successor = server.post(&format!("{path}/rotate"), ()).await;
    assert_eq!(successor["origins"], json!([OURS]));
    let opened = change(json!(["*"])).await;
    assert_eq!(opened["origins"], json!(["*"]));
    of_page(&server, THEIRS, token, Method::POST, BULK)
        .await
        .expect(200);
    change(json!(["*"])).await.expect(200);
    let audit = server.audit("").await;
    let actions: Vec<_> = audit
        .iter()
        .map(|entry| (&entry["action"], &entry["changes"][0]["pointer"]))
        .collect();
    let (create, update) = (&json!("create"), &json!("update"));
    let (whole, origins, end) = (&json!(""), &json!("/origins"), &json!("/expiresAt"));
    assert_eq!(
        actions,
        [
            (update, origins),
            (update, end),
            (create, whole),
            (update, origins),
            (create, whole)
        ]
    );
    assert_eq!(audit[3]["changes"][0]["after"], json!([OURS]));
}

#[tokio::test]
async fn errors_of_origins_are_reported() {
    let server = Server::new().await;
    let expected = "expected `[\"*\"]`, or 1 to 50 origins as browsers send them, `https://app.example` or `http://localhost:3000`, \
                    of a key of kind `client` or `client-local`, got ";
    for (kind, origins) in [
        ("client", json!([])),
        ("client", json!("*")),
        ("client", json!(vec![OURS; 51])),
        ("server", json!([OURS])),
        ("server", json!(["*"])),
    ] {
        let body = json!({"kind": kind, "name": "n", "origins": origins});
        let refused = server.post("keys", &body).await.expect_errors(["/origins"]);
        let message = refused["errors"][0]["message"].clone();
        let given = origins.to_string();
        let given = flagstaff_core::excerpt(&given);
        assert_eq!(message, format!("{expected}{given}"));
    }
    // A list with invalid elements.
    let body = json!({
        "kind": "client-local", "name": "n", "colour": 1,
        "origins": ["*", OURS, "app.example", "https://app.example/", "https://*.app.example", 7],
    });
    let refused = server.post("keys", &body).await.expect_errors([
        "/origins/0",
        "/origins/2",
        "/origins/3",
        "/origins/4",
        "/origins/5",
        "/colour",
    ]);
    assert_eq!(
        refused["errors"][2]["message"],
        "expected an origin as browsers send it, `https://app.example` or `http://localhost:3000`, got \"https://app.example/\""
    );
    let server_key = create(&server, "keys", new_key("server", "s")).await;
    assert_eq!(server_key["origins"], Value::Null);
    let path = path_of(&server_key);
    server
        .patch(&path, json!({"origins": ["*"]}))
        .await
        .expect_errors(["/origins"]);
    server
        .patch(&path, json!({}))
        .token("editor")
        .await
        .expect(403);
}

#[tokio::test]
async fn evaluation_routes_allow_every_origin_and_admin_routes_none() {
    let server = crate::evaluation::server().await;
    for path in [BULK, "/api/v1/evaluate", "/api/v1/sdk/stream"] {
        let preflight = server.request(Method::OPTIONS, path).anonymous();
        let answer = preflight
            .header("origin", "https://shop.example")
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,if-none-match,last-event-id,content-type,x-api-key",
            )
            .await
            .expect(200);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "https://shop.example",
            "{path}"
        );
        assert!(
            answer
                .header("access-control-allow-headers")
                .contains("last-event-id"),
            "{path}"
        );
    }
    let answer = server
        .post(BULK, json!({"context": {}}))
        .token("client")
        .header("origin", "https://shop.example")
        .await;
    assert_eq!(
        answer.header("access-control-expose-headers"),
        "etag,retry-after,x-request-id"
    );
    let admin = server
        .get("flags")
        .header("origin", "https://shop.example")
        .await;
    assert_eq!(admin.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn requests_from_refused_origins_count_against_the_rate_limit_of_their_address() {
    let server = Server::with_rates(Rates {
        address: 1,
        ..Rates::default()
    })
    .await;
    let body = json!({"kind": "client", "name": "b", "origins": [OURS]});
    let closed = create(&server, "keys", &body).await;
    let ask = async |address: &str| {
        let request = of_page(&server, THEIRS, token_of(&closed), Method::POST, BULK);
        request.from(address).await
    };
    for _ in 0..10 {
        assert_refused(&ask("192.0.2.1").await);
    }
    ask("192.0.2.1").await.expect(429);
    assert_refused(&ask("192.0.2.2").await);
}
