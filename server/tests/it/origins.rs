//! Which pages may use a key

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use flagstaff_server::app;
use flagstaff_server::auth::KeyKind;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{Answer, Server};

const KEYS: &str = "/api/v1/projects/default/environments/production/keys";
const BULK: &str = "/ofrep/v1/evaluate/flags";
const OURS: &str = "https://app.example";
const THEIRS: &str = "https://evil.example";

async fn make(server: &Server, body: &Value) -> Value {
    let made = server.admin(Method::POST, KEYS, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()
}

/// A request of a page
async fn of_page(server: &Server, origin: &str, token: &str, method: Method, path: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("origin", origin)
        .header("authorization", format!("Bearer {token}"));
    let body = Body::from("{}");
    server.send(request.body(body).unwrap()).await
}

fn assert_refused(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(
        answer.json()["detail"],
        "the key may not be used by pages of this origin"
    );
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert!(answer.header("vary").to_lowercase().contains("origin"));
}

#[tokio::test]
async fn a_key_is_for_all_pages_unless_it_says_for_which() {
    let server = Server::new().await;
    let open = make(&server, &json!({"kind": "client", "name": "a"})).await;
    assert_eq!(open["origins"], json!(["*"]));
    let body = json!({"kind": "client", "name": "b", "origins": ["http://localhost:3000", OURS]});
    let closed = make(&server, &body).await;
    assert_eq!(closed["origins"], json!(["http://localhost:3000", OURS]));
    let token = |key: &Value| key["token"].as_str().unwrap().to_owned();
    for (key, origin) in [(&open, OURS), (&open, THEIRS), (&closed, OURS)] {
        let answer = of_page(&server, origin, &token(key), Method::POST, BULK).await;
        assert_eq!(answer.status, StatusCode::OK, "{origin}");
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
            let answer = of_page(&server, origin, &token(&closed), Method::POST, path).await;
            assert_refused(&answer);
        }
    }
    // What is no page sends no origin, and could send any.
    let program = server
        .with_token(&token(&closed))
        .post(BULK, &json!({}))
        .await;
    assert_eq!(program.status, StatusCode::OK);
    // Without a key nothing says whose page it is, and it may read what is wrong.
    let unknown = of_page(&server, THEIRS, "wrong", Method::POST, BULK).await;
    assert_eq!(unknown.status, StatusCode::UNAUTHORIZED);
    assert_eq!(unknown.header("access-control-allow-origin"), THEIRS);
}

#[tokio::test]
async fn a_stream_is_for_the_same_pages() {
    let server = Server::new().await;
    let body = json!({"kind": "client-local", "name": "l", "origins": [OURS]});
    let local = make(&server, &body).await;
    let local = local["token"].as_str().unwrap();
    for path in ["/api/v1/sdk/stream", "/api/v1/sdk/snapshot"] {
        assert_refused(&of_page(&server, THEIRS, local, Method::GET, path).await);
    }
    let answer = of_page(&server, OURS, local, Method::GET, "/api/v1/sdk/snapshot").await;
    assert_eq!(answer.status, StatusCode::OK);
    let body = json!({"kind": "client", "name": "c", "origins": [OURS]});
    let client = make(&server, &body).await;
    let bulk = of_page(
        &server,
        OURS,
        client["token"].as_str().unwrap(),
        Method::POST,
        BULK,
    )
    .await;
    let events = bulk.json()["eventStreams"][0]["endpoint"]["requestUri"].clone();
    let request = Request::get(events.as_str().unwrap()).header("origin", THEIRS);
    assert_refused(&server.send(request.body(Body::empty()).unwrap()).await);
}

#[tokio::test]
async fn a_stream_ends_when_its_key_is_for_other_pages() {
    let server = Server::new().await;
    let key = make(&server, &json!({"kind": "client-local", "name": "l"})).await;
    let path = format!("{KEYS}/{}", key["id"].as_str().unwrap());
    let open = async || {
        let request = Request::get("/api/v1/sdk/stream")
            .header("origin", THEIRS)
            .header(
                "authorization",
                format!("Bearer {}", key["token"].as_str().unwrap()),
            );
        let request = request.body(Body::empty()).unwrap();
        app(server.state.clone()).oneshot(request).await.unwrap()
    };
    let opened = open().await;
    assert_eq!(opened.status(), StatusCode::OK);
    let body = json!({"origins": [OURS]});
    let changed = server.admin(Method::PATCH, &path, &body).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    // Only a bound, should it not end.
    let rest = tokio::time::timeout(Duration::from_mins(1), opened.into_body().collect());
    let rest = rest.await.unwrap().unwrap().to_bytes();
    let rest = String::from_utf8(rest.to_vec()).unwrap();
    assert!(rest.contains("event: goodbye"), "{rest}");
    assert_eq!(open().await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_preflight_carries_no_key_and_is_answered_for_all() {
    let server = Server::new().await;
    for path in [BULK, "/api/v1/sdk/stream", "/ofrep/v1/events"] {
        let request = Request::builder()
            .method(Method::OPTIONS)
            .uri(path)
            .header("origin", THEIRS)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            );
        let answer = server.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("access-control-allow-origin"), THEIRS);
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        let allowed = answer.header("access-control-allow-headers");
        assert!(allowed.contains("authorization") && allowed.contains("content-type"));
    }
}

#[tokio::test]
async fn the_pages_of_a_key_are_changed_and_audited() {
    let server = Server::new().await;
    let key = make(&server, &json!({"kind": "client", "name": "web"})).await;
    let path = format!("{KEYS}/{}", key["id"].as_str().unwrap());
    let token = key["token"].as_str().unwrap();
    let change = async |origins: Value| {
        let body = json!({"origins": origins});
        server
            .admin(Method::PATCH, &format!("{path}?reason=why"), &body)
            .await
    };
    let changed = change(json!([OURS, OURS])).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(changed.json()["origins"], json!([OURS]));
    assert_eq!(server.get(&path).await.json(), changed.json());
    assert_refused(&of_page(&server, THEIRS, token, Method::POST, BULK).await);
    // What its heir may do is no more.
    let heir = server
        .admin(Method::POST, &format!("{path}/rotate"), &Value::Null)
        .await;
    assert_eq!(heir.json()["origins"], json!([OURS]));
    let opened = change(json!(["*"])).await;
    assert_eq!(opened.json()["origins"], json!(["*"]));
    let answer = of_page(&server, THEIRS, token, Method::POST, BULK).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        change(json!(["*"])).await.status,
        StatusCode::OK,
        "nothing is changed"
    );
    let audit = server.get("/api/v1/projects/default/audit").await.json();
    let told: Vec<_> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (&entry["action"], &entry["changes"][0]["path"]))
        .collect();
    let (create, update) = (&json!("create"), &json!("update"));
    let (whole, origins, end) = (&json!(""), &json!("/origins"), &json!("/expiresAt"));
    assert_eq!(
        told,
        [
            (update, origins),
            (update, end),
            (create, whole),
            (update, origins),
            (create, whole)
        ]
    );
    assert_eq!(audit["items"][3]["changes"][0]["after"], json!([OURS]));
}

#[tokio::test]
async fn what_is_wrong_with_origins_is_said() {
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
        let refused = server.admin(Method::POST, KEYS, &body).await;
        assert_eq!(refused.pointers(), ["/origins"], "{}", refused.text);
        let message = refused.json()["errors"][0]["message"].clone();
        let given = origins.to_string();
        let given = flagstaff_core::excerpt(&given);
        assert_eq!(message, format!("{expected}{given}"));
    }
    // A list that is one, with wrong ones in it.
    let body = json!({
        "kind": "client-local", "name": "n", "colour": 1,
        "origins": ["*", OURS, "app.example", "https://app.example/", "https://*.app.example", 7],
    });
    let refused = server.admin(Method::POST, KEYS, &body).await;
    assert_eq!(
        refused.pointers(),
        [
            "/origins/0",
            "/origins/2",
            "/origins/3",
            "/origins/4",
            "/origins/5",
            "/colour"
        ]
    );
    assert_eq!(
        refused.json()["errors"][2]["message"],
        "expected an origin as browsers send it, `https://app.example` or `http://localhost:3000`, got \"https://app.example/\""
    );
    let server_key = make(&server, &json!({"kind": "server", "name": "s"})).await;
    assert_eq!(server_key["origins"], Value::Null);
    let path = format!("{KEYS}/{}", server_key["id"].as_str().unwrap());
    let refused = server
        .admin(Method::PATCH, &path, &json!({"origins": ["*"]}))
        .await;
    assert_eq!(refused.pointers(), ["/origins"]);
    let editor = server
        .call(KeyKind::Editor, Method::PATCH, &path, &json!({}), &[])
        .await;
    assert_eq!(editor.status, StatusCode::FORBIDDEN);
}
