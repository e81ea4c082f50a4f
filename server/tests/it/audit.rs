//! The audit over HTTP: what differs by path, filters, export, and what a change of very many entries costs

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use flagstaff_server::Peer;
use flagstaff_server::auth::KeyKind;
use flagstaff_server::chain::Verifier;
use serde_json::{Value, json};

use crate::support::{DOCUMENT, FLAGS, Server};

const AUDIT: &str = "/api/v1/projects/default/audit";

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn flag(overrides: &Value) -> Value {
    json!({"type": "boolean", "enabled": true, "serve": "off", "overrides": overrides})
}

#[tokio::test]
async fn an_export_is_a_chain_that_can_be_verified() {
    let server = Server::new().await;
    for key in ["a", "b", "c"] {
        server.put(key, &json!({"enabled": true})).await;
    }
    let patch = json!({"overrides": {"organization": {"acme": "include"}}});
    server
        .admin(
            Method::PATCH,
            &format!("{FLAGS}/b?reason=for%20acme"),
            &patch,
        )
        .await;
    let export = server.get(&format!("{AUDIT}/export")).await;
    assert_eq!(export.header("content-type"), "application/x-ndjson");
    let rows = lines(&export.text);
    let mut verifier = Verifier::default();
    for row in &rows {
        verifier.read(row.clone()).unwrap();
    }
    let (count, head) = verifier.finish().unwrap();
    let told = server.get(&format!("{AUDIT}/head")).await.json();
    let head = head.unwrap();
    assert_eq!(
        (count, &told),
        (4, &json!({"sequence": head.sequence, "hash": head.hash}))
    );
    // As the list has them.
    let mut listed = server.get(AUDIT).await.json()["items"].clone();
    listed.as_array_mut().unwrap().reverse();
    assert_eq!(listed, json!(rows));

    let of_acme = format!("{AUDIT}/export?context=organization:acme");
    let rows = lines(&server.get(&of_acme).await.text);
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["key"], &rows[0]["reason"]),
        (&json!("b"), &json!("for acme"))
    );
    let none = server.get(&format!("{AUDIT}/export?actor=nobody")).await;
    assert_eq!((none.status, &*none.text), (StatusCode::OK, ""));
}

#[tokio::test]
async fn a_row_says_from_which_request_it_is() {
    let server = Server::new().await;
    let headers = [("x-request-id", "r-1")];
    let body = json!({"enabled": true});
    server
        .call(
            KeyKind::Admin,
            Method::PUT,
            &format!("{FLAGS}/a"),
            &body,
            &headers,
        )
        .await;
    let request = Request::builder()
        .method(Method::DELETE)
        .uri(format!("{FLAGS}/a"))
        .header("authorization", "Bearer admin")
        .extension(Peer("[::ffff:192.0.2.1]:443".parse().unwrap()));
    server.send(request.body(Body::empty()).unwrap()).await;
    let items = server.get(AUDIT).await.json()["items"].clone();
    // Without a socket there is no address.
    assert_eq!(
        (&items[1]["requestId"], &items[1]["address"]),
        (&json!("r-1"), &Value::Null)
    );
    assert_eq!(items[0]["address"], "192.0.2.1");
    assert_eq!(items[0]["requestId"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn the_list_takes_the_filters_and_refuses_what_is_none() {
    let server = Server::new().await;
    server.put("a", &json!({"enabled": true})).await;
    server.put("b", &json!({"enabled": true})).await;
    server
        .admin(Method::DELETE, &format!("{FLAGS}/a"), &Value::Null)
        .await;
    let count = async |query: &str| {
        let answer = server.get(&format!("{AUDIT}?{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()["items"].as_array().unwrap().len()
    };
    assert_eq!(count("action=delete").await, 1);
    assert_eq!(count("kind=flag&flag=a").await, 2);
    assert_eq!(count("kind=segment").await, 0);
    assert_eq!(count("actor=admin&limit=2").await, 2);
    assert_eq!(count("from=2026-01-01T00:00:00Z").await, 3);
    assert_eq!(count("to=2026-01-01T00:00:00Z").await, 0);
    assert_eq!(count("context=user:nobody").await, 0);
    for (query, pointer) in [
        ("action=x", "?action"),
        ("from=yesterday", "?from"),
        ("to=1", "?to"),
        ("context=acme", "?context"),
        ("limit=0", "?limit"),
        ("limit=x", "?limit"),
        ("cursor=x", "?cursor"),
    ] {
        let refused = server.get(&format!("{AUDIT}?{query}")).await;
        assert_eq!(refused.pointers(), [pointer], "{query}");
    }
}

#[tokio::test]
async fn a_change_of_very_many_entries_shows_the_first_and_counts_all() {
    let server = Server::new().await;
    let many: serde_json::Map<String, Value> = (0..5_000)
        .map(|number| (format!("u{number:04}"), json!("include")))
        .collect();
    let document = json!({
        "schemaVersion": 1,
        "flags": {"a": flag(&json!({"user": many}))},
        "segments": {"beta": {"include": {"organization": ["acme", "umbrella"]}}},
    });
    let put = server.admin(Method::PUT, DOCUMENT, &document).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    let items = server.get(AUDIT).await.json()["items"].clone();
    let of_flag = items
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["kind"] == "flag")
        .unwrap();
    assert_eq!(of_flag["entries"]["added"], 5_000);
    let changes = of_flag["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 101);
    assert_eq!(
        (&changes[0]["path"], &changes[0]["after"]["overrides"]),
        (&json!(""), &Value::Null)
    );
    assert_eq!(
        changes[1],
        json!({"path": "/overrides/user/u0000", "after": "include"})
    );

    // One of them later: the row has the size of what changed.
    let one =
        json!({"overrides": {"user": {"u4321": "exclude", "u9999": "include", "u0007": null}}});
    server
        .admin(Method::PATCH, &format!("{FLAGS}/a"), &one)
        .await;
    let latest = server.get(&format!("{AUDIT}?limit=1")).await;
    let expected = json!([
        {"path": "/overrides/user/u0007", "before": "include"},
        {"path": "/overrides/user/u4321", "before": "include", "after": "exclude"},
        {"path": "/overrides/user/u9999", "after": "include"},
    ]);
    assert_eq!(latest.json()["items"][0]["changes"], expected);
    assert!(latest.text.len() < 1_500, "{} bytes", latest.text.len());
    let of_one = async |context: &str| {
        let rows = server
            .get(&format!("{AUDIT}?context={context}"))
            .await
            .json();
        rows["items"].as_array().unwrap().len()
    };
    assert_eq!(
        (of_one("user:u4321").await, of_one("user:u0001").await),
        (2, 1)
    );
    assert_eq!(of_one("organization:umbrella").await, 1);

    // And all of them are what a rollback brings back.
    let back = server
        .admin(
            Method::POST,
            &format!("{FLAGS}/a/rollback"),
            &json!({"revision": 1}),
        )
        .await;
    assert_eq!(back.status, StatusCode::OK, "{}", back.text);
    assert_eq!(
        server.get(DOCUMENT).await.json()["flags"]["a"]["overrides"],
        json!({"user": many})
    );
}

#[tokio::test]
async fn lists_without_entries_and_names_with_slashes_have_their_paths() {
    let server = Server::new().await;
    server
        .put(
            "a",
            &flag(&json!({"user": {}, "organization": {"a/b~c": "include"}})),
        )
        .await;
    let item = server.get(&format!("{AUDIT}?limit=1")).await.json()["items"][0].clone();
    let expected = json!([
        {"path": "/overrides/organization/a~1b~0c", "after": "include"},
        {"path": "/overrides/user", "after": {}},
    ]);
    assert_eq!(
        item["changes"].as_array().unwrap()[1..],
        *expected.as_array().unwrap()
    );
    server
        .admin(Method::DELETE, &format!("{FLAGS}/a"), &Value::Null)
        .await;
    let back = server
        .admin(
            Method::POST,
            &format!("{FLAGS}/a/rollback"),
            &json!({"revision": 1}),
        )
        .await;
    assert_eq!(back.status, StatusCode::CREATED, "{}", back.text);
    let overrides = &back.json()["overrides"];
    assert_eq!(
        overrides,
        &json!({"user": {}, "organization": {"a/b~c": "include"}})
    );
}

#[tokio::test]
async fn only_admins_read_who_has_access() {
    let server = Server::new().await;
    let tokens = "/api/v1/projects/default/tokens";
    let token = json!({"role": "viewer", "name": "auditor"});
    let keys = "/api/v1/projects/default/environments/production/keys";
    let key = json!({"kind": "client", "name": "page", "origins": ["https://app.example"]});
    let members = "/api/v1/projects/default/members";
    let member = json!({"email": "ann@example.com", "role": "editor"});
    for (number, (path, body)) in [(tokens, token), (keys, key), (members, member)]
        .into_iter()
        .enumerate()
    {
        let made = server.admin(Method::POST, path, &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        server
            .put(&format!("f{number}"), &json!({"enabled": true}))
            .await;
    }
    let all = lines(&server.get(&format!("{AUDIT}/export")).await.text);
    assert_eq!(all.len(), 6, "an admin reads everything");
    for role in [KeyKind::Viewer, KeyKind::Editor] {
        let get = async |query: &str| {
            let path = format!("{AUDIT}{query}");
            server
                .call(role, Method::GET, &path, &Value::Null, &[])
                .await
        };
        let mut told = String::new();
        // No page is shorter for what is left out of it.
        let mut cursor = String::new();
        for left in [2_u8, 1, 0] {
            let page = get(&format!("?limit=1{cursor}")).await;
            told.push_str(&page.text);
            assert_eq!(page.json()["items"].as_array().unwrap().len(), 1);
            let next = page.json()["next"].clone();
            assert_eq!(next.is_null(), left == 0, "{next}");
            cursor = format!("&cursor={}", next.as_str().unwrap_or_default());
        }
        for query in [
            "",
            "/export",
            "?actor=admin",
            "/export?action=create",
            "?context=user:u",
        ] {
            told.push_str(&get(query).await.text);
        }
        for key in ["f0", "f1", "f2"] {
            let path = format!("{FLAGS}/{key}/history");
            let history = server.call(role, Method::GET, &path, &Value::Null, &[]);
            told.push_str(&history.await.text);
        }
        for secret in [
            "auditor",
            "viewer",
            "app.example",
            "ann@",
            "hint",
            "member",
            "\"page\"",
        ] {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
        for kind in ["key", "token", "member"] {
            for path in ["", "/export"] {
                let refused = get(&format!("{path}?kind={kind}")).await;
                assert_eq!(refused.status, StatusCode::FORBIDDEN);
                assert_eq!(
                    refused.json()["detail"],
                    "only admins read what was changed of keys, tokens and members"
                );
            }
        }
        let rows = lines(&get("/export").await.text);
        let kept: Vec<_> = all.iter().filter(|row| row["kind"] == "flag").collect();
        assert_eq!(rows.iter().collect::<Vec<_>>(), kept);
        let mut verifier = Verifier::new(Vec::new(), true);
        for row in rows {
            verifier.read(row).unwrap();
        }
        assert_eq!(verifier.finish().unwrap().0, 3);
    }
}
