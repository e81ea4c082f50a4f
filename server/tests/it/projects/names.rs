//! Renaming and deleting projects and environments

use serde_json::json;

use super::{ENVIRONMENTS, PROJECTS, at};
use crate::support::{Database, Live, Requests as _, Server, column, on, text, until};

const QA: &str = "/api/v1/projects/default/environments/qa";
const STAGING: &str = "/api/v1/projects/default/environments/staging";

#[tokio::test]
async fn a_renamed_environment_keeps_its_flags_keys_and_audit() {
    let server = Server::new().await;
    server
        .put(&at("staging", "flags/a"), on())
        .await
        .expect(201);
    let body = json!({"kind": "server", "name": "tests"});
    let key = server.post(&at("staging", "keys"), &body).await;
    let renamed = server
        .patch(STAGING, json!({"name": "qa"}))
        .await
        .expect(200);
    assert_eq!(
        renamed.json(),
        json!({"name": "qa", "revision": 1, "flags": 1, "requireReason": false})
    );
    assert_eq!(server.get(QA).await.expect(200).json(), renamed.json());
    server.get(STAGING).await.expect(404);
    let snapshot = server.snapshot(text(&key.json(), "token")).await;
    assert_eq!(snapshot["environment"], "qa");
    assert_eq!(snapshot["flags"]["a"]["enabled"], true);
    server.put(&at("qa", "flags/b"), on()).await.expect(201);

    let rows = server.audit("?environment=qa").await;
    assert_eq!(
        column(&rows, "kind"),
        ["flag", "environment", "key", "flag"]
    );
    assert_eq!(
        rows[1]["changes"],
        json!([{"pointer": "/name", "before": "staging", "after": "qa"}])
    );
    assert!(server.audit("?environment=staging").await.is_empty());

    // The old name is free, and a taken one is refused.
    server
        .post(ENVIRONMENTS, json!({"name": "staging"}))
        .await
        .expect(201);
    server
        .patch(QA, json!({"name": "staging"}))
        .await
        .expect(409);
    server
        .patch(QA, json!({"name": "q a"}))
        .await
        .expect_errors(["/name"]);
    server.patch(QA, json!({"name": "qa"})).await.expect(200);
    server
        .patch(QA, json!({"name": "x"}))
        .token("editor")
        .await
        .expect(403);
}

#[tokio::test]
async fn a_flag_archived_before_a_rename_is_restored_after_it() {
    let server = Server::new().await;
    server
        .put(&at("staging", "flags/a"), on())
        .await
        .expect(201);
    let a = "/api/v1/projects/default/flags/a";
    server.post(&format!("{a}/archive"), ()).await.expect(200);
    server
        .patch(STAGING, json!({"name": "qa"}))
        .await
        .expect(200);
    server.post(&format!("{a}/restore"), ()).await.expect(200);
    assert_eq!(server.get(&at("qa", "flags/a")).await["enabled"], true);
}

#[tokio::test]
async fn an_environment_is_deleted_by_its_name_and_its_audit_stays() {
    let server = Server::new().await;
    server
        .put(&at("staging", "flags/a"), on())
        .await
        .expect(201);
    let body = json!({"kind": "server", "name": "tests"});
    let key = server.post(&at("staging", "keys"), &body).await;
    for path in [STAGING.to_owned(), format!("{STAGING}?confirm=qa")] {
        let refused = server.delete(&path).await.expect_errors(["?confirm"]);
        assert!(
            refused.text.contains("1 flags and 1 keys would be deleted"),
            "{}",
            refused.text
        );
    }
    let confirmed = format!("{STAGING}?confirm=staging&reason=unused");
    server.delete(&confirmed).token("editor").await.expect(403);
    let deleted = server.delete(&confirmed).await.expect(200);
    assert_eq!(deleted.json(), json!({"auditName": "staging~2"}));
    server.get(STAGING).await.expect(404);
    let snapshot = server.get("/api/v1/sdk/snapshot");
    snapshot.token(text(&key.json(), "token")).await.expect(401);

    let rows = server.audit("?environment=staging~2").await;
    assert_eq!(column(&rows, "kind"), ["environment", "key", "flag"]);
    assert_eq!(
        [&rows[0]["action"], &rows[0]["reason"]],
        ["delete", "unused"]
    );

    // A new one of the same name has nothing of it.
    server
        .post(ENVIRONMENTS, json!({"name": "staging"}))
        .await
        .expect(201);
    assert_eq!(server.get(STAGING).await["flags"], 0);
    assert_eq!(server.get(&at("staging", "keys")).await["total"], 0);
    assert!(server.audit("?environment=staging").await.is_empty());
    // Nothing is lost, so nothing needs to be confirmed. The last one stays.
    for name in ["staging", "development"] {
        server
            .delete(&format!("{ENVIRONMENTS}/{name}"))
            .await
            .expect(200);
    }
    let last = format!("{ENVIRONMENTS}/production?confirm=production");
    server.delete(&last).await.expect_errors([""]);
}

#[tokio::test]
async fn a_project_is_renamed_and_deleted_by_who_is_admin_in_every_project() {
    let server = Server::new().await;
    let root = server.root().await;
    let shop = "/api/v1/projects/shop";
    let body = json!({"name": "shop", "environments": ["live", "test"]});
    root.post(PROJECTS, &body).await.expect(201);
    root.put(&format!("{shop}/environments/live/flags/a"), on())
        .await
        .expect(201);
    let token = root
        .post(
            &format!("{shop}/tokens"),
            json!({"role": "admin", "name": "eve"}),
        )
        .await;
    let eve = server.with_token(text(&token.json(), "token"));
    assert_eq!(eve.get(shop).await.json(), body);
    eve.patch(shop, json!({"name": "store"})).await.expect(403);
    eve.delete(&format!("{shop}?confirm=shop"))
        .await
        .expect(403);

    let store = "/api/v1/projects/store";
    root.patch(shop, json!({"name": "default"}))
        .await
        .expect(409);
    let renamed = root.patch(shop, json!({"name": "store"})).await.expect(200);
    assert_eq!(renamed["environments"], json!(["live", "test"]));
    eve.get(&format!("{store}/environments/live/flags/a"))
        .await
        .expect(200);
    root.get(shop).await.expect(404);

    let refused = root.delete(store).await.expect_errors(["?confirm"]);
    assert!(
        refused
            .text
            .contains("1 flags and 1 keys, tokens and members"),
        "{}",
        refused.text
    );
    let deleted = root
        .delete(&format!("{store}?confirm=store"))
        .await
        .expect(200);
    assert_eq!(deleted["auditName"], "store~2");
    root.get(store).await.expect(404);
    eve.get(PROJECTS).await.expect(401);
    let audit = "/api/v1/projects/store~2/audit";
    let rows = root.get(audit).await.expect(200);
    assert_eq!(
        rows.column("key")[..4],
        ["store", "test", "live", "store"],
        "{}",
        rows.text
    );
    server.get(audit).await.expect(404);
    root.get(&format!("{audit}/head")).await.expect(200);
    root.post(
        "/api/v1/projects/store~2/tokens",
        json!({"role": "admin", "name": "x"}),
    )
    .await
    .expect(404);
    let body = json!({"name": "store"});
    root.post(PROJECTS, &body).await.expect(201);
    root.delete(&format!("{store}?confirm=store"))
        .await
        .expect(200);
    root.delete("/api/v1/projects/default?confirm=default")
        .await
        .expect_errors([""]);
}

#[tokio::test]
async fn streams_of_a_renamed_or_deleted_environment_end_at_every_node() {
    let database = Database::new();
    let (one, other) = (Live::start(&database).await, Live::start(&database).await);
    let body = json!({"kind": "server", "name": "tests"});
    let key = one.post(&at("staging", "keys"), &body).await.expect(201);
    let token = text(&key.json(), "token").to_owned();
    let mut here = one.connect(&token, None).await;
    // The other node may not know the key yet.
    until("the key is known", async || {
        let known = other.get("/api/v1/sdk/snapshot").token(&token).await;
        known.status == 200
    })
    .await;
    let mut there = other.connect(&token, None).await;
    one.patch(STAGING, json!({"name": "qa"})).await.expect(200);
    for stream in [&mut here, &mut there] {
        let last = stream.last().await;
        assert_eq!(last.name, "goodbye");
        assert!(last.data.contains("renamed or deleted"), "{}", last.data);
    }
    let mut again = other.connect(&token, None).await;
    one.delete(&format!("{QA}?confirm=qa")).await.expect(200);
    assert_eq!(again.last().await.name, "goodbye");
    until("the environment is gone", async || {
        other.get(QA).await.status == 404
    })
    .await;
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn a_write_to_a_deleted_environment_finds_none() {
    let database = Database::new();
    let limits = flagstaff_server::RuntimeConfig::default;
    let one = crate::support::state(&database, limits(), flagstaff_server::Clock::System).await;
    let other = crate::support::state(&database, limits(), flagstaff_server::Clock::System).await;
    one.delete(STAGING).await.expect(200);
    other.put(&at("staging", "flags/a"), on()).await.expect(404);
    let body = json!({"kind": "server", "name": "tests"});
    other.post(&at("staging", "keys"), &body).await.expect(404);
}
