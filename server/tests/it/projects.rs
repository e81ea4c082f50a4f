//! Projects and environments: creating, listing, comparing and copying them

use flagstaff_server::{Clock, RuntimeConfig};
use serde_json::{Value, json};

use crate::support::{Database, Requests as _, Server, column, on, state, text};

mod names;
mod protected;
mod revisions;

const PROJECTS: &str = "/api/v1/projects";
const ENVIRONMENTS: &str = "/api/v1/projects/default/environments";

fn at(environment: &str, what: &str) -> String {
    format!("{ENVIRONMENTS}/{environment}/{what}")
}

#[tokio::test]
async fn a_new_environment_can_be_used_at_once() {
    let server = Server::new().await;
    let made = server
        .post(ENVIRONMENTS, json!({"name": "qa"}))
        .await
        .expect(201);
    assert_eq!(
        made.json(),
        json!({"name": "qa", "revision": 0, "flags": 0, "requireReason": false})
    );
    server.put(&at("qa", "flags/a"), on()).await.expect(201);
    let list = server.get(ENVIRONMENTS).await;
    assert_eq!(
        list.column("name"),
        ["development", "production", "qa", "staging"]
    );
    assert_eq!(
        list["items"][2],
        json!({"name": "qa", "revision": 1, "flags": 1, "requireReason": false})
    );
    let pages = server.pages(&format!("{ENVIRONMENTS}?limit=3")).await;
    assert_eq!(pages[0].items().len(), 3);
    assert_eq!(pages[0]["total"], 4);
    assert_eq!(pages[1].column("name"), ["staging"]);
    let busiest = format!("{ENVIRONMENTS}?sort=-flags,-name");
    assert_eq!(
        server.get(&busiest).await.column("name"),
        ["qa", "staging", "production", "development"]
    );
    let audit = server.audit("").await;
    assert_eq!(audit[1]["kind"], "environment");
    assert_eq!(audit[1]["key"], "qa");

    // Keys of the new environment work.
    let body = json!({"kind": "server", "name": "tests"});
    let key = server.post(&at("qa", "keys"), &body).await;
    let snapshot = server.get("/api/v1/sdk/snapshot").anonymous();
    let snapshot = snapshot
        .header("x-api-key", text(&key.json(), "token"))
        .await;
    assert_eq!(snapshot["environment"], "qa");
}

#[tokio::test]
async fn names_of_environments_are_validated_and_unique() {
    let server = Server::new().await;
    let post = async |body: Value| server.post(ENVIRONMENTS, &body).await;
    post(json!({"name": "staging"})).await.expect(409);
    for name in [
        json!(""),
        json!("a b"),
        json!("-a"),
        json!("a".repeat(101)),
        json!(1),
    ] {
        post(json!({"name": name})).await.expect_errors(["/name"]);
    }
    post(json!({"copyFrom": "staging"}))
        .await
        .expect_errors(["/name", "/copyFrom"]);
    server
        .post(ENVIRONMENTS, json!({"name": "x"}))
        .token("editor")
        .await
        .expect(403);
}

#[tokio::test]
async fn a_project_sees_nothing_of_another_one() {
    let server = Server::new().await;
    let body = json!({"name": "shop", "environments": ["live", "test"]});
    server.post(PROJECTS, &body).await.expect(403);

    let root = server.root().await;
    let made = root.post(PROJECTS, &body).await.expect(201);
    assert_eq!(made.json(), body.clone());
    root.post(PROJECTS, &body).await.expect(409);
    let same = json!({"name": "other", "environments": ["a", "a"]});
    root.post(PROJECTS, &same)
        .await
        .expect_errors(["/environments"]);
    assert_eq!(root.get(PROJECTS).await.column("name"), ["default", "shop"]);
    assert_eq!(
        server.get(PROJECTS).await.column("name"),
        ["default"],
        "of one's own"
    );

    // A flag with the same key may have another type, and the other project does not see it.
    server.put_flag("a", on()).await;
    let flags = "/api/v1/projects/shop/environments/live/flags";
    let flag = json!({"key": "a", "type": "number", "enabled": true, "serve": "big", "variants": {"big": 9}, "offVariant": "big"});
    root.post(flags, &flag).await.expect(201);
    server.get(flags).await.expect(404);
    let editor = root
        .post(
            "/api/v1/projects/shop/tokens",
            json!({"role": "editor", "name": "eve"}),
        )
        .await;
    let eve = server.with_token(editor["token"].as_str().unwrap());
    eve.get(flags).await.expect(200);
    eve.get("flags").await.expect(404);
    assert_eq!(eve.get(PROJECTS).await.column("name"), ["shop"]);
}

#[tokio::test]
async fn two_environments_are_compared_and_one_is_copied_to_the_other() {
    let server = Server::new().await;
    let on = |rollout: u8| json!({"type": "boolean", "enabled": true, "serve": {"variant": "on", "rollout": rollout}});
    let segment = json!({"when": {"attribute": "country", "op": "in", "values": ["se"]}});
    let production =
        json!({"schemaVersion": 1, "flags": {"same": on(10), "differs": on(10), "old": on(1)}});
    let by_segment = json!({"type": "boolean", "enabled": true, "serve": "off", "rules": [{"when": {"segment": "nordics"}, "serve": "on"}]});
    let staging = json!({
        "schemaVersion": 1, "segments": {"nordics": segment},
        "flags": {"same": on(10), "differs": on(50), "new": by_segment},
    });
    for (environment, document) in [("production", production), ("staging", staging)] {
        server
            .put(&at(environment, "document"), &document)
            .await
            .expect(200);
    }
    let compare = at("production", "compare?with=staging");
    let differences = server.get(&compare).await;
    let expected = [
        "/flags/differs/serve/rollout",
        "/flags/old",
        "/flags/new",
        "/segments/nordics",
    ];
    assert_eq!(differences.column("pointer"), expected);
    assert_eq!(
        differences["before"],
        json!({"environment": "production", "revision": 1})
    );
    assert_eq!(
        differences["after"],
        json!({"environment": "staging", "revision": 1})
    );
    assert_eq!(differences["items"][0]["before"], 10);
    assert_eq!(differences["items"][0]["after"], 50);
    let first = server.get(&format!("{compare}&limit=3")).await;
    let next = first["next"].as_str().unwrap();
    let second = server
        .get(&format!("{compare}&limit=3&cursor={next}"))
        .await;
    assert_eq!(second.column("pointer"), expected[3..]);
    assert_eq!(second["next"], Value::Null);
    for (query, pointer) in [
        ("compare?with=none", "?with"),
        ("compare?with=staging&cursor=9", "?cursor"),
    ] {
        server
            .get(&at("production", query))
            .await
            .expect_errors([pointer]);
    }

    // One flag, one that needs a missing segment, and one that does not exist.
    let copy = at("production", "copy");
    let some = |flags: Value| json!({"from": "staging", "flags": flags});
    let one = server.post(&copy, some(json!(["differs"]))).await.json();
    assert_eq!(one["revision"], 2);
    assert_eq!(
        column(one["changes"].as_array().unwrap(), "pointer"),
        expected[..1]
    );
    server.post(&copy, some(json!(["new"]))).await.expect(422);
    server
        .post(&copy, some(json!(["same", "none"])))
        .await
        .expect_errors(["/flags/1"]);

    // All of it: a dry run, and then one revision with its reason.
    let all = json!({"from": "staging"});
    let preview = server.post(&format!("{copy}?dryRun=true"), &all).await;
    assert_eq!(preview["revision"], 2);
    assert_eq!(
        column(preview["changes"].as_array().unwrap(), "pointer"),
        expected[1..]
    );
    let done = server.post(&format!("{copy}?reason=release"), &all).await;
    assert_eq!(done["revision"], 3);
    assert_eq!(done["changes"], preview["changes"]);
    let again = server.get(&compare).await;
    assert_eq!(again["total"], 0);
    let document = server.get("document").await.json();
    assert_eq!(
        document["flags"],
        server.get(&at("staging", "document")).await["flags"]
    );
    let audit = server.audit("?environment=production&limit=1").await;
    assert_eq!(audit[0]["reason"], "release");
    server.post(&copy, &all).token("viewer").await.expect(403);
}

#[tokio::test]
async fn a_flag_has_a_state_per_environment_but_one_type_and_one_salt() {
    let server = Server::new().await;
    server
        .put_flag(
            "a",
            json!({"type": "boolean", "enabled": true, "serve": "on", "salt": "given"}),
        )
        .await;
    let staging = "/api/v1/projects/default/environments/staging/flags";
    server.get(&format!("{staging}/a")).await.expect(404);
    let other_type = json!({"type": "string", "enabled": true, "variants": {"x": "X"}, "offVariant": "x", "serve": "x"});
    let refused = server
        .put(&format!("{staging}/a"), &other_type)
        .await
        .expect(409);
    assert_eq!(
        refused["detail"],
        "flag `a` is of type boolean in environment `production`, and is one flag in all environments"
    );
    let made = server
        .put(&format!("{staging}/a"), json!({"enabled": false}))
        .await
        .expect(201);
    assert_eq!(made["salt"], "given");
    assert_eq!(server.get("flags/a").await["enabled"], true);
}

#[tokio::test]
async fn there_are_at_most_a_thousand_environments() {
    let database = Database::new();
    drop(database.open().await);
    let others = "INSERT INTO environment (id, project_id, name, revision) \
                  WITH RECURSIVE n(id) AS (SELECT 4 UNION ALL SELECT id + 1 FROM n WHERE id < 999) \
                  SELECT id, 1, 'e' || id, 0 FROM n; \
                  INSERT INTO project (id, name) VALUES (2, 'other'); \
                  UPDATE environment SET project_id = 2 WHERE id > 50";
    database.sql(others).await;
    let state = state(&database, RuntimeConfig::default(), Clock::System).await;
    let server = Server::of(state, database);
    let create = async |name: &str| server.post(ENVIRONMENTS, json!({"name": name})).await;
    create("last").await.expect(201);
    let refused = create("one-more").await.expect_problem(422, "invalid");
    let message = text(&refused["errors"][0], "message");
    assert!(message.contains("at most 1000"), "{message}");
}

#[tokio::test]
async fn only_what_was_looked_at_is_copied() {
    let server = Server::new().await;
    for flag in ["flags/a", "flags/b"] {
        server.put(&at("staging", flag), on()).await.expect(201);
    }
    let copy = at("production", "copy");
    let seen = server
        .post(
            &format!("{copy}?dryRun=true"),
            json!({"from": "staging", "flags": ["a"]}),
        )
        .await
        .expect(200);
    assert_eq!(
        (
            &seen["revision"],
            &seen["fromRevision"],
            seen.header("etag")
        ),
        (&json!(0), &json!(2), "\"0\"")
    );
    let send = |from: u64, target: u64| {
        let body = json!({"from": "staging", "flags": ["a"], "fromRevision": from});
        server.post(&copy, body).if_match(target)
    };
    // The other environment has changed, and then this one.
    server
        .put(&at("staging", "flags/c"), on())
        .await
        .expect(201);
    let refused = send(2, 0).await.expect_problem(412, "stale");
    let detail = refused["detail"].as_str().unwrap();
    assert!(
        detail.contains("environment `staging` is at revision 3 now"),
        "{detail}"
    );
    server.put(&at("production", "flags/b"), on()).await;
    send(3, 0).await.expect_problem(412, "stale");
    server.get(&at("production", "flags/a")).await.expect(404);
    let done = send(3, 1).await.expect(200);
    assert_eq!(
        (
            &done["revision"],
            &done["fromRevision"],
            done.header("etag")
        ),
        (&json!(2), &json!(3), "\"2\"")
    );
    let body = json!({"from": "staging", "fromRevision": "3"});
    let wrong = server.post(&copy, body).await;
    wrong.expect_errors(["/fromRevision"]);
}
