//! Flags: writing and reading them, and what is refused

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{FLAGS, Requests as _, Server, boolean, on};

mod changesets;
mod history;
mod metadata;
mod salts;
mod schemas;
mod short;

#[tokio::test]
async fn a_flag_is_created_read_replaced_patched_and_deleted() {
    let server = Server::new().await;
    let made = server
        .post(
            "flags",
            json!({"key": "a", "type": "boolean", "enabled": true, "serve": "on"}),
        )
        .await
        .expect(201);
    assert_eq!(made.header("etag"), "\"1\"");
    assert_eq!(made.header("location"), format!("{FLAGS}/a"));
    assert_eq!(
        made.json(),
        json!({
            "key": "a", "version": 1, "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z", "lastSeenAt": null,
            "type": "boolean", "enabled": true, "serve": "on", "salt": "a", "needs": 1,
        })
    );
    server.wait(1_000);

    let path = "flags/a";
    let replaced = server
        .put(
            path,
            json!({"type": "boolean", "enabled": false, "serve": "on"}),
        )
        .if_match(1)
        .await
        .expect(200);
    assert_eq!(replaced.header("etag"), "\"2\"");
    let patched = server
        .patch(path, json!({"enabled": true, "rolloutPercentage": 25}))
        .await;
    assert_eq!(patched["serve"], json!({"variant": "on", "rollout": 25}));
    assert_eq!(patched["updatedAt"], "2026-01-01T00:00:01.000Z");
    assert_eq!(server.get(path).await.text, patched.text);

    server.delete(path).await.expect(204);
    server.get(path).await.expect(404);
    server.delete(path).await.expect(404);
    server.patch(path, on()).await.expect(404);
}

#[tokio::test]
async fn the_short_form_creates_and_changes_a_flag_without_if_match() {
    let server = Server::new().await;
    let path = "flags/short";
    server
        .put(path, json!({"enabled": true, "rolloutPercentage": 25}))
        .await
        .expect(201);
    let changed = server
        .put(path, json!({"rolloutPercentage": 50}))
        .await
        .expect(200);
    assert_eq!(changed["serve"]["rollout"], 50);
    assert_eq!(changed["enabled"], true);
    let created = server
        .post("flags", json!({"key": "other", "enabled": false}))
        .await
        .expect(201);
    assert_eq!(created["type"], "boolean");
    server
        .put(path, json!({"enabled": false}))
        .if_match(1)
        .await
        .expect(412);
}

#[tokio::test]
async fn a_write_that_changes_nothing_creates_no_revision() {
    let server = Server::new().await;
    let first = server.put_flag("a", boolean("on")).await;
    let second = server.put_flag("a", boolean("on")).await.expect(200);
    assert_eq!(second.text, first.text);
    assert_eq!(server.audit("").await.len(), 1);
}

#[tokio::test]
async fn writes_obey_if_match() {
    let server = Server::new().await;
    server.put_flag("a", boolean("on")).await;
    let path = "flags/a";
    let off = json!({"type": "boolean", "enabled": false, "serve": "on"});
    server
        .post("flags", json!({"key": "a", "enabled": true}))
        .await
        .expect(409);
    let without = server.put(path, &off).await.expect(428);
    assert_eq!(without["currentVersion"], 1);
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let stale = server
            .request(method.clone(), path)
            .body(&off)
            .if_match(7)
            .await
            .expect(412);
        assert_eq!(stale["expectedVersion"], 7, "{method}");
        assert_eq!(stale["currentVersion"], 1, "{method}");
    }
    server.put("flags/b", &off).if_match(1).await.expect(412);
}

#[tokio::test]
async fn a_flag_that_does_not_compile_is_refused_with_the_pointer_of_each_error() {
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
        let answer = server.put("flags/bad", &flag).await;
        let answer = answer.expect_problem(422, "invalid");
        assert!(answer.pointers().contains(&pointer), "{}", answer.text);
    }
    assert_eq!(
        server.get("flags").await.json(),
        json!({"items": [], "total": 0, "next": null})
    );
    assert!(server.audit("").await.is_empty());
}

#[tokio::test]
async fn flag_keys_and_bodies_have_a_maximum_length() {
    let server = Server::new().await;
    for (key, status) in [
        ("a".repeat(100), 201),
        ("a".repeat(101), 422),
        ("-a".to_owned(), 422),
        ("a%20b".to_owned(), 422),
        ("%C3%A5".to_owned(), 422),
    ] {
        let path = format!("flags/{key}");
        server.put(&path, boolean("on")).await.expect(status);
    }
    let long = json!({"type": "string", "enabled": true, "variants": {"a": "x".repeat(1 << 20)}, "offVariant": "a"});
    server.put("flags/long", long).await.expect(413);
    let reason = format!("{FLAGS}/a?reason={}", "x".repeat(501));
    server
        .put(&reason, boolean("on"))
        .await
        .expect_errors(["?reason"]);
}

#[tokio::test]
async fn malformed_json_is_refused_with_its_position() {
    let server = Server::new().await;
    let deep = "[".repeat(100_000);
    for text in ["{\"enabled\": tru}", "", "\u{feff}{}", &deep] {
        let answer = server.put("flags/a", text).await.expect(400);
        assert!(
            answer["detail"].as_str().unwrap().contains("line 1 column"),
            "{}",
            answer.text
        );
    }
    let not_utf_8 = vec![b'"', 0xff, b'"'];
    server.put("flags/a", not_utf_8).await.expect(400);
    server.put("flags/a", json!([1])).await.expect(422);
}

#[tokio::test]
async fn a_body_of_the_wrong_type_is_refused_with_the_pointer_of_the_error() {
    let server = Server::new().await;
    let refused = server.get("flags?limit=x").await;
    let refused = refused.expect_errors(["?limit"]);
    assert!(
        refused.text.contains("expected a whole number"),
        "{}",
        refused.text
    );
    let report = |counts: Value| {
        json!({
            "instance": "1", "sequence": 1, "sdk": {"name": "a", "version": "1"},
            "from": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z", "counts": counts,
        })
    };
    for (path, body, pointer) in [
        ("/api/v1/evaluate", json!({"explain": 1}), "/explain"),
        // An array of the fields in their order is not an object, though serde would accept it.
        ("/api/v1/evaluate", json!([null, null]), ""),
        ("/api/v1/evaluate", json!("text"), ""),
        (
            "/api/v1/sdk/usage",
            report(json!([{"flag": "a", "count": 1}, {"flag": "a", "count": "1"}])),
            "/counts/1/count",
        ),
    ] {
        server
            .post(path, &body)
            .token("server")
            .await
            .expect_errors([pointer]);
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_answered_with_problem_details() {
    let server = Server::new().await;
    for (method, path, status) in [
        (Method::GET, "/nothing", 404),
        (Method::GET, "/api/v1/projects/other/audit", 404),
        (
            Method::GET,
            "/api/v1/projects/default/environments/moon/flags",
            404,
        ),
        (Method::DELETE, "/healthz", 405),
        (Method::GET, "flags?limit=0", 422),
        (Method::GET, "flags?limit=x", 422),
        (Method::GET, "/api/v1/projects/default/audit?cursor=x", 422),
    ] {
        let answer = server.request(method, path).await.expect(status);
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{path}"
        );
        assert_eq!(answer["status"], status);
    }
}

#[tokio::test]
async fn flags_come_in_pages_by_key_and_can_be_searched() {
    let server = Server::new().await;
    for key in ["b", "a", "Checkout-new", "checkout-old", "c"] {
        server.put_flag(key, boolean("on")).await;
    }
    let pages = server.pages("flags?limit=2").await;
    assert!(pages.iter().all(|page| page["total"] == 5));
    let keys: Vec<_> = pages.iter().flat_map(|page| page.column("key")).collect();
    assert_eq!(keys, ["Checkout-new", "a", "b", "c", "checkout-old"]);
    let reversed = server.get("flags?sort=-key&limit=1").await;
    assert_eq!(reversed["items"][0]["key"], "checkout-old");
    let none = server.get("flags?type=string").await;
    assert_eq!(none["total"], 0);
    server
        .get("flags?sort=colour")
        .await
        .expect_errors(["?sort"]);
    let found = server.get("flags?search=CHECK").await;
    assert_eq!(found["total"].as_u64(), Some(2));
    assert_eq!(found.items().len(), 2);
}

#[tokio::test]
async fn a_flag_that_others_refer_to_keeps_its_variants_and_is_not_deleted() {
    let server = Server::new().await;
    server.put_flag("base", boolean("on")).await;
    let dependent = json!({
        "type": "boolean", "enabled": true, "serve": "off",
        "rules": [{"when": {"flag": "base", "variants": ["on"]}, "serve": "on"}],
    });
    server.put_flag("dependent", &dependent).await.expect(201);
    let refused = server.delete("flags/base").await.expect(409);
    assert!(
        refused
            .pointers()
            .iter()
            .all(|pointer| pointer.starts_with("/flags/dependent/rules/0/when")),
        "{}",
        refused.text
    );
    let variants = json!({"type": "boolean", "enabled": true, "variants": {"yes": true, "off": false}, "onVariant": "yes", "offVariant": "off", "serve": "yes"});
    let replaced = server.put("flags/base", variants);
    let refused = replaced.header("if-match", "*").await.expect(422);
    assert!(
        refused
            .pointers()
            .iter()
            .all(|pointer| pointer.starts_with("/flags/dependent/")),
        "{}",
        refused.text
    );
    let unknown = json!({"type": "boolean", "enabled": true, "serve": "on", "rules": [{"when": {"segment": "none"}, "serve": "off"}]});
    server.put("flags/third", unknown).await.expect(422);
    server.delete("flags/dependent").await;
    server.delete("flags/base").await.expect(204);
}
