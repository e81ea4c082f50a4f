//! The revisions of an environment, the document at each, and going back to one

use flagstaff_core::Timestamp;
use flagstaff_server::store::{Author, Origin, Store as _};
use flagstaff_server::{Clock, RuntimeConfig};
use serde_json::{Value, json};

use crate::support::{Answer, Database, Requests as _, Server, boolean, on, state};

async fn server(database: Database) -> Server {
    let state = state(&database, RuntimeConfig::default(), Clock::System).await;
    Server::of(state, database)
}

/// Writes of every kind of object and list
async fn change_everything(server: &Server) {
    server.put_flag("a", boolean("on")).await;
    server
        .put("flags/a/overrides/user/u", json!({"value": "include"}))
        .await
        .expect(201);
    server
        .put(
            "segments/s",
            json!({"include": {"user": ["one", "two"]}, "exclude": {"user": ["x"]}}),
        )
        .await
        .expect(201);
    server.put("groups/g", json!({})).await.expect(201);
    server
        .put("holdouts/h", json!({"percent": 5}))
        .await
        .expect(201);
    server
        .patch(
            "flags/a?reason=slowly",
            json!({"rolloutPercentage": 5, "overrides": {"user": {"v": "exclude"}}}),
        )
        .await
        .expect(200);
    server
        .delete("segments/s/ids/include/user/one")
        .await
        .expect_success();
    server
        .put("segments/s/ids/exclude/user/y", ())
        .await
        .expect_success();
    server
        .delete("flags/a/overrides/user/u")
        .await
        .expect_success();
    server.delete("segments/s").await.expect_success();
    server
        .patch("holdouts/h", json!({"percent": 7}))
        .await
        .expect(200);
    server.delete("groups/g").await.expect_success();
    server.delete("flags/a").await.expect_success();
    server.put_flag("a", on()).await;
    let document = json!({"schemaVersion": 1, "flags": {"b": boolean("on"), "c": boolean("on")}, "segments": {"s": {"include": {"user": ["z"]}}}});
    server
        .put("document?reason=import", document)
        .await
        .expect(200);
}

#[tokio::test]
async fn every_revision_has_its_document() {
    for database in Database::both().await {
        let server = server(database).await;
        let mut documents = vec![server.get("document").await.expect(200).json()];
        change_everything(&server).await;
        let last = server.get("document").await.json();
        let current = last["revision"].as_u64().unwrap();
        for revision in 1..=current {
            let earlier = server
                .get(&format!("document?revision={revision}"))
                .await
                .expect(200);
            assert_eq!(earlier.headers.get("etag"), None);
            documents.push(earlier.json());
        }
        assert_eq!(documents[0], server.get("document?revision=0").await.json());
        assert_eq!(documents.last(), Some(&last));
        let of = |revision: usize| &documents[revision];
        assert_eq!(
            of(2)["flags"]["a"]["overrides"],
            json!({"user": {"u": "include"}})
        );
        assert_eq!(of(2)["segments"], Value::Null);
        assert_eq!(
            of(3)["segments"]["s"]["include"],
            json!({"user": ["one", "two"]})
        );
        assert_eq!(
            of(6)["flags"]["a"]["overrides"],
            json!({"user": {"u": "include", "v": "exclude"}})
        );
        assert_eq!(of(8)["segments"]["s"]["include"], json!({"user": ["two"]}));
        assert_eq!(
            of(8)["segments"]["s"]["exclude"],
            json!({"user": ["x", "y"]})
        );
        assert_eq!(
            of(9)["flags"]["a"]["overrides"],
            json!({"user": {"v": "exclude"}})
        );
        assert_eq!(of(10)["segments"], Value::Null);
        assert!(of(11)["groups"]["g"].is_object());
        assert_eq!(of(13)["flags"], json!({}));
        let yaml = server
            .get("document?revision=2")
            .header("accept", "application/yaml");
        assert!(yaml.await.expect(200).text.contains("u: include"));
        let future = server
            .get(&format!("document?revision={}", current + 1))
            .await;
        future.expect_errors(["?revision"]);

        // Going back is the import of an earlier document, in one revision that is one more of the list.
        let tag = server.get("document").await;
        let back = server
            .put("document?reason=back&invalid=keep", of(9))
            .header("if-match", tag.header("etag"));
        back.await.expect(200);
        let mut restored = server.get("document").await.json();
        restored["revision"] = json!(9);
        assert_eq!(&restored, of(9));
        let salts = |document: &Value| document["flags"]["a"]["salt"].clone();
        assert_eq!(salts(&restored), salts(of(1)));
    }
}

#[tokio::test]
async fn the_revisions_are_listed_with_what_they_changed() {
    for database in Database::both().await {
        let server = server(database).await;
        change_everything(&server).await;
        let many: serde_json::Map<String, Value> = (0..12)
            .map(|n| (format!("m{n:02}"), boolean("on")))
            .collect();
        let document = json!({"schemaVersion": 1, "flags": many});
        server
            .put("document?mode=merge", document)
            .await
            .expect(200);
        // Neither a setting nor another environment makes a revision of this one.
        server
            .put("settings", json!({"publicValues": true}))
            .await
            .expect(200);
        server
            .put(
                "/api/v1/projects/default/environments/staging/flags/a",
                boolean("on"),
            )
            .await
            .expect(201);
        let pages = server.pages("revisions?limit=6").await;
        let items: Vec<&Value> = pages.iter().flat_map(Answer::items).collect();
        let numbers: Vec<u64> = items
            .iter()
            .map(|item| item["revision"].as_u64().unwrap())
            .collect();
        assert_eq!(numbers, (1..=16).rev().collect::<Vec<_>>());
        assert_eq!(items[0]["objectCount"], 12);
        assert_eq!(items[0]["objects"].as_array().unwrap().len(), 10);
        assert_eq!(items[1]["reason"], "import");
        let imported = json!([
            {"kind": "flag", "key": "a", "action": "delete"},
            {"kind": "flag", "key": "b", "action": "create"},
            {"kind": "flag", "key": "c", "action": "create"},
            {"kind": "segment", "key": "s", "action": "create"},
            {"kind": "holdout", "key": "h", "action": "delete"},
        ]);
        assert_eq!(items[1]["objects"], imported);
        assert_eq!(
            (&items[10]["reason"], &items[10]["actor"]),
            (&json!("slowly"), &json!("admin"))
        );
        server.get("revisions").token("viewer").await.expect(200);
        server.get("revisions").token("server").await.expect(403);
    }
}

#[tokio::test]
async fn what_the_audit_does_not_have_any_more_is_not_found() {
    for database in Database::both().await {
        let store = database.open().await;
        let server = server(database).await;
        for serve in ["on", "off", "on"] {
            server.put_flag("a", boolean(serve)).await;
        }
        let in_a_century = Author {
            actor: "retention".into(),
            at: Timestamp::from_millis(4_000_000_000_000),
            reason: None,
            origin: Origin::default(),
        };
        let kept = std::time::Duration::from_hours(1);
        store.forget_audit(kept, in_a_century).await.unwrap();
        server
            .get("document?revision=2")
            .await
            .expect_problem(404, "not-found");
        assert_eq!(
            server.get("document?revision=3").await.expect(200)["flags"]["a"]["serve"],
            "on"
        );
        server.put_flag("a", boolean("off")).await;
        // The next revision is there, and says that the flag existed before, but not what it was.
        server
            .get("document?revision=3")
            .await
            .expect_problem(404, "not-found");
        assert_eq!(server.get("revisions").await.items().len(), 1);
    }
}
