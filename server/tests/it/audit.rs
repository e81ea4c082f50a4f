//! The audit over HTTP: differences, filters, exports, and changes of thousands of entries

use axum::http::Method;
use flagstaff_server::auth::CredentialKind;
use flagstaff_server::chain::ChainVerifier;
use serde_json::{Value, json};

use crate::support::{Requests as _, Server, column, on};

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
        server.put_flag(key, on()).await;
    }
    let patch = json!({"overrides": {"organization": {"acme": "include"}}});
    server.patch("flags/b?reason=for%20acme", &patch).await;
    let export = server.get(&format!("{AUDIT}/export")).await;
    assert_eq!(export.header("content-type"), "application/x-ndjson");
    let rows = lines(&export.text);
    let mut verifier = ChainVerifier::default();
    for row in &rows {
        verifier.read(row.clone()).unwrap();
    }
    let (count, head) = verifier.finish().unwrap();
    let shown = server.get(&format!("{AUDIT}/head")).await.json();
    let head = head.unwrap();
    assert_eq!(
        (count, &shown),
        (4, &json!({"sequence": head.sequence, "hash": head.hash}))
    );
    // The rows are those of the list.
    let mut listed = server.get(AUDIT).await["items"].clone();
    listed.as_array_mut().unwrap().reverse();
    assert_eq!(listed, json!(rows));

    let of_acme = format!("{AUDIT}/export?context=organization:acme");
    let rows = lines(&server.get(&of_acme).await.text);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["key"], "b");
    assert_eq!(rows[0]["reason"], "for acme");
    let none = server
        .get(&format!("{AUDIT}/export?actor=nobody"))
        .await
        .expect(200);
    assert_eq!(&*none.text, "");
}

#[tokio::test]
async fn a_row_has_the_id_and_the_address_of_its_request() {
    let server = Server::new().await;
    let body = on();
    server
        .put("flags/a", &body)
        .header("x-request-id", "r-1")
        .await;
    let delete = server.request(Method::DELETE, "flags/a");
    delete.from("::ffff:192.0.2.1").await.expect(204);
    let items = server.audit("").await;
    // Without a socket there is no address.
    assert_eq!(items[1]["requestId"], "r-1");
    assert_eq!(items[1]["address"], Value::Null);
    assert_eq!(items[0]["address"], "192.0.2.1");
    assert_eq!(items[0]["requestId"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn the_list_applies_filters_and_refuses_invalid_ones() {
    let server = Server::new().await;
    server.put_flag("a", on()).await;
    server.put_flag("b", on()).await;
    server.delete("flags/a").await;
    let count = async |query: &str| {
        let answer = server.get(&format!("{AUDIT}?{query}")).await.expect(200);
        answer.items().len()
    };
    assert_eq!(count("action=delete").await, 1);
    assert_eq!(count("kind=flag&flag=a").await, 2);
    assert_eq!(count("kind=segment").await, 0);
    assert_eq!(count("actor=admin&limit=2").await, 2);
    assert_eq!(count("from=2026-01-01T00:00:00Z").await, 3);
    assert_eq!(count("until=2026-01-01T00:00:00Z").await, 0);
    assert_eq!(count("context=user:nobody").await, 0);
    for (query, pointer) in [
        ("action=x", "?action"),
        ("from=yesterday", "?from"),
        ("until=1", "?until"),
        ("context=acme", "?context"),
        ("limit=0", "?limit"),
        ("limit=x", "?limit"),
        ("cursor=x", "?cursor"),
    ] {
        server
            .get(&format!("{AUDIT}?{query}"))
            .await
            .expect_errors([pointer]);
    }
}

#[tokio::test]
async fn a_change_of_thousands_of_entries_lists_the_first_and_counts_all() {
    let server = Server::new().await;
    let many: serde_json::Map<String, Value> = (0..5_000)
        .map(|number| (format!("u{number:04}"), json!("include")))
        .collect();
    let document = json!({
        "schemaVersion": 1,
        "flags": {"a": flag(&json!({"user": many}))},
        "segments": {"beta": {"include": {"organization": ["acme", "umbrella"]}}},
    });
    server.put("document", &document).await.expect(200);
    let items = server.audit("").await;
    let of_flag = items.iter().find(|item| item["kind"] == "flag").unwrap();
    assert_eq!(of_flag["entries"]["added"], 5_000);
    let changes = of_flag["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 101);
    assert_eq!(changes[0]["pointer"], "");
    assert_eq!(changes[0]["after"]["overrides"], Value::Null);
    assert_eq!(
        changes[1],
        json!({"pointer": "/overrides/user/u0000", "after": "include"})
    );

    // A later change of few entries: the row has only these.
    let one =
        json!({"overrides": {"user": {"u4321": "exclude", "u9999": "include", "u0007": null}}});
    server.patch("flags/a", &one).await;
    let latest = server.get(&format!("{AUDIT}?limit=1")).await;
    let expected = json!([
        {"pointer": "/overrides/user/u0007", "before": "include"},
        {"pointer": "/overrides/user/u4321", "before": "include", "after": "exclude"},
        {"pointer": "/overrides/user/u9999", "after": "include"},
    ]);
    assert_eq!(latest["items"][0]["changes"], expected);
    assert!(latest.text.len() < 1_500, "{} bytes", latest.text.len());
    let of_one = async |context: &str| {
        let rows = server.get(&format!("{AUDIT}?context={context}")).await;
        rows.items().len()
    };
    assert_eq!(
        (of_one("user:u4321").await, of_one("user:u0001").await),
        (2, 1)
    );
    assert_eq!(of_one("organization:umbrella").await, 1);

    // A rollback restores all of them.
    server
        .post("flags/a/rollback", json!({"revision": 1}))
        .await
        .expect(200);
    assert_eq!(
        server.get("document").await["flags"]["a"]["overrides"],
        json!({"user": many})
    );
}

#[tokio::test]
async fn empty_lists_and_names_with_slashes_have_pointers() {
    let server = Server::new().await;
    server
        .put_flag(
            "a",
            &flag(&json!({"user": {}, "organization": {"a/b~c": "include"}})),
        )
        .await;
    let item = server.get(&format!("{AUDIT}?limit=1")).await["items"][0].clone();
    let expected = json!([
        {"pointer": "/overrides/organization/a~1b~0c", "after": "include"},
        {"pointer": "/overrides/user", "after": {}},
    ]);
    assert_eq!(
        item["changes"].as_array().unwrap()[1..],
        *expected.as_array().unwrap()
    );
    server.delete("flags/a").await;
    let back = server
        .post("flags/a/rollback", json!({"revision": 1}))
        .await
        .expect(201);
    let overrides = &back["overrides"];
    assert_eq!(
        overrides,
        &json!({"user": {}, "organization": {"a/b~c": "include"}})
    );
}

#[tokio::test]
async fn only_admins_read_changes_of_access() {
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
        server.post(path, &body).await.expect(201);
        server.put_flag(&format!("f{number}"), on()).await;
    }
    let all = lines(&server.get(&format!("{AUDIT}/export")).await.text);
    assert_eq!(all.len(), 6, "an admin reads everything");
    for role in [CredentialKind::Viewer, CredentialKind::Editor] {
        let get = async |query: &str| {
            let path = format!("{AUDIT}{query}");
            server.get(&path).token(role.name()).await
        };
        let mut shown = String::new();
        // Hidden rows do not make a page shorter.
        let mut cursor = String::new();
        for left in [2_u8, 1, 0] {
            let page = get(&format!("?limit=1{cursor}")).await;
            shown.push_str(&page.text);
            assert_eq!(page.items().len(), 1);
            let next = page["next"].clone();
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
            shown.push_str(&get(query).await.text);
        }
        for key in ["f0", "f1", "f2"] {
            let path = format!("flags/{key}/history");
            let history = server.get(&path).token(role.name());
            shown.push_str(&history.await.text);
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
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        for kind in ["key", "token", "member"] {
            for path in ["", "/export"] {
                let refused = get(&format!("{path}?kind={kind}")).await.expect(403);
                assert_eq!(
                    refused["detail"],
                    "only admins read what was changed of keys, tokens, members and sessions"
                );
            }
        }
        let rows = lines(&get("/export").await.text);
        let kept: Vec<_> = all.iter().filter(|row| row["kind"] == "flag").collect();
        assert_eq!(rows.iter().collect::<Vec<_>>(), kept);
        let mut verifier = ChainVerifier::new(Vec::new(), true);
        for row in rows {
            verifier.read(row).unwrap();
        }
        assert_eq!(verifier.finish().unwrap().0, 3);
    }
}

#[tokio::test]
async fn every_change_is_in_the_audit() {
    let server = Server::new().await;
    server
        .put("flags/a?reason=try%20it", json!({"enabled": false}))
        .await;
    server.put("flags/b", json!({"enabled": false})).await;
    server
        .patch(
            "flags/a",
            json!({"enabled": true, "overrides": {"user": {"u1": "include"}}}),
        )
        .await;
    server.delete("flags/a?reason=gone").await;

    let items = server.audit("?flag=a").await;
    assert_eq!(column(&items, "action"), ["delete", "update", "create"]);
    assert_eq!(items[2]["reason"], "try it");
    assert_eq!(items[2]["actor"], "admin");
    assert_eq!(items[2]["changes"][0]["pointer"], "");
    assert_eq!(
        items[1]["changes"],
        json!([
            {"pointer": "/enabled", "before": false, "after": true},
            {"pointer": "/overrides/user/u1", "after": "include"},
        ])
    );
    assert_eq!(
        items[1]["entries"],
        json!({"added": 1, "changed": 0, "removed": 0})
    );
    assert_eq!(items[0]["changes"][0]["after"], Value::Null);
    assert_eq!(items[0]["revision"], 4);
    assert_eq!(items[0]["environment"], "production");

    let pages = server.pages("/api/v1/projects/default/audit?limit=3").await;
    assert_eq!(pages[1].items().len(), 1);
    assert_eq!(pages[1].items()[0]["reason"], "try it");
    assert!(server.audit("?environment=staging").await.is_empty());
}
