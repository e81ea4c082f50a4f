//! The flags of a project: their metadata, and archiving

use axum::http::Method;
use flagstaff_server::{Clock, RuntimeConfig};
use serde_json::{Value, json};

use crate::support::{Database, NOW, Requests as _, Server, execute, on, state};

const CATALOGUE: &str = "/api/v1/projects/default/flags";
const A: &str = "/api/v1/projects/default/flags/a";
const STAGED_A: &str = "/api/v1/projects/default/environments/staging/flags/a";

#[tokio::test]
async fn flags_are_found_by_their_metadata() {
    let server = Server::new().await;
    for key in ["a", "b", "c"] {
        server.put_flag(key, json!({"enabled": key == "a"})).await;
    }
    server.put(STAGED_A, json!({"enabled": false})).await;
    let describe = async |key: &str, body: Value| {
        server
            .patch(&format!("{CATALOGUE}/{key}?reason=tidy"), &body)
            .await
    };
    let described = describe("a", json!({"description": "The Checkout", "tags": ["pay", "web"], "owner": "team-pay", "kind": "killSwitch"})).await.expect(200);
    assert_eq!(described.header("etag"), "\"1\"", "{}", described.text);
    let item = described.json();
    assert_eq!(item["type"], "boolean");
    assert_eq!(item["lifecycle"], "active");
    assert_eq!(item["tags"], json!(["pay", "web"]));
    let states = item["environments"].as_array().unwrap().iter();
    let states: Vec<_> = states.map(|it| (&it["name"], &it["enabled"])).collect();
    let expected = [("production", true), ("staging", false)];
    assert_eq!(json!(states), json!(expected));
    describe("b", json!({"tags": ["pay"], "lifecycle": "stale"})).await;

    let found = async |query: &str| {
        let answer = server
            .get(&format!("{CATALOGUE}?{query}"))
            .await
            .expect(200);
        assert_eq!(answer["total"], answer.items().len());
        answer.column("key").join(" ")
    };
    assert_eq!(found("").await, "a b c");
    assert_eq!(found("tag=pay").await, "a b");
    assert_eq!(found("owner=team-pay").await, "a");
    assert_eq!(found("kind=release").await, "b c");
    assert_eq!(found("lifecycle=stale").await, "b");
    assert_eq!(found("search=CHECK").await, "a");
    assert_eq!(found("tag=pay&search=b").await, "b");
    let pages = server.pages(&format!("{CATALOGUE}?limit=2")).await;
    assert_eq!(pages[0].column("key"), ["a", "b"]);
    assert_eq!(pages[0]["total"], 3);
    assert_eq!(pages[1].column("key"), ["c"]);

    // What is not named stays, and what is null is reset. A stale version is refused.
    let changed = describe("a", json!({"owner": null, "kind": null})).await;
    assert_eq!(changed["owner"], "");
    assert_eq!(changed["kind"], "release");
    assert_eq!(changed["description"], "The Checkout");
    server
        .patch(A, json!({"owner": "bob"}))
        .if_match(1)
        .await
        .expect(412);
    let audit = server.audit("?limit=1&flag=a").await;
    let expected = json!([
        {"pointer": "/kind", "before": "killSwitch", "after": "release"},
        {"pointer": "/owner", "before": "team-pay", "after": ""},
    ]);
    assert_eq!(audit[0]["changes"], expected);
    assert_eq!(audit[0]["environment"], Value::Null);
}

#[tokio::test]
async fn all_errors_of_the_metadata_are_reported_at_once() {
    let server = Server::new().await;
    server.put_flag("a", on()).await;
    let wrong = json!({"description": 1, "tags": ["x", "x"], "owner": "o".repeat(101), "kind": "temporary", "lifecycle": "archived", "more": 1});
    server.patch(A, &wrong).await.expect_errors([
        "/description",
        "/tags",
        "/owner",
        "/kind",
        "/lifecycle",
        "/more",
    ]);
    for query in ["kind=x", "lifecycle=x"] {
        server
            .get(&format!("{CATALOGUE}?{query}"))
            .await
            .expect(422);
    }
    for (method, path) in [
        (Method::GET, ""),
        (Method::PATCH, ""),
        (Method::POST, "/archive"),
        (Method::POST, "/restore"),
    ] {
        server
            .request(method, &format!("{CATALOGUE}/none{path}"))
            .body(json!({}))
            .await
            .expect(404);
    }
}

#[tokio::test]
async fn a_flag_that_lives_longer_than_its_kind_is_potentially_stale() {
    let server = Server::new().await;
    server.put_flag("a", on()).await;
    server.put_flag("b", on()).await;
    server
        .patch(&format!("{CATALOGUE}/b"), json!({"kind": "permission"}))
        .await;
    server.set_clock(NOW + 40 * 86_400_000);
    assert_eq!(server.get(A).await["lifecycle"], "active");
    server.set_clock(NOW + 40 * 86_400_000 + 1);
    let list = server
        .get(&format!("{CATALOGUE}?lifecycle=potentiallyStale"))
        .await;
    assert_eq!(list.column("key"), ["a"]);
    let described = server.patch(A, json!({"lifecycle": "stale"})).await;
    assert_eq!(described["lifecycle"], "stale");
}

#[tokio::test]
async fn an_archived_flag_is_in_no_environment_and_is_restored_unchanged() {
    let server = Server::new().await;
    let flag = json!({"type": "boolean", "enabled": true, "serve": "off", "overrides": {"user": {"u1": "include", "u2": "exclude"}}});
    server.put_flag("a", &flag).await;
    server
        .put(STAGED_A, json!({"enabled": true, "rolloutPercentage": 25}))
        .await;
    server.patch(A, json!({"owner": "ann"})).await;
    let read = async |path: &str| server.get(path).await.json();
    let before = (read("flags/a").await, read(STAGED_A).await);

    let archived = server
        .post(&format!("{CATALOGUE}/a/archive?reason=done"), ())
        .await
        .expect(200);
    let item = archived.json();
    assert_eq!(item["lifecycle"], "archived");
    assert_eq!(item["environments"], json!([]));
    assert_eq!(item["owner"], "ann");
    for path in ["flags/a", STAGED_A] {
        server.get(path).await.expect(404);
    }
    let asked = server
        .post(
            "/ofrep/v1/evaluate/flags/a",
            json!({"context": {"targetingKey": "u1"}}),
        )
        .token("server")
        .await;
    assert_eq!(asked["errorCode"], "FLAG_NOT_FOUND");
    assert!(server.get(CATALOGUE).await.items().is_empty());
    let archived = format!("{CATALOGUE}?lifecycle=archived");
    assert_eq!(server.get(&archived).await.column("key"), ["a"]);
    // Its key is taken, and only the route `restore` restores it.
    let anew = server.put("flags/a", flag).await;
    anew.expect_problem(409, "archived");
    let active = json!({"lifecycle": "active"});
    server.patch(A, active).await.expect(409);
    let again = server
        .post(&format!("{CATALOGUE}/a/archive"), ())
        .await
        .expect(200);
    assert_eq!(again["version"], item["version"]);

    let restored = server
        .post(&format!("{CATALOGUE}/a/restore"), ())
        .await
        .expect(200);
    assert_eq!(restored["lifecycle"], "active");
    let after = (read("flags/a").await, read(STAGED_A).await);
    for (before, after) in [(&before.0, &after.0), (&before.1, &after.1)] {
        for member in ["enabled", "serve", "overrides", "salt", "type"] {
            assert_eq!(before[member], after[member], "{member}");
        }
    }
    let archived = server.audit("?flag=a&action=archive").await;
    assert_eq!(archived.len(), 1);
    assert_eq!(archived[0]["reason"], "done");
}

#[tokio::test]
async fn a_flag_that_another_refers_to_in_one_environment_is_not_archived() {
    let server = Server::new().await;
    server.put_flag("a", on()).await;
    server.put(STAGED_A, on()).await;
    let rule = json!({"when": {"flag": "a", "variants": ["on"]}, "serve": "on"});
    let dependent = json!({"type": "boolean", "enabled": true, "serve": "off", "rules": [rule]});
    let staged_b = STAGED_A.replace("flags/a", "flags/b");
    server.put(&staged_b, dependent).await.expect(201);
    let refused = server
        .post(&format!("{CATALOGUE}/a/archive"), ())
        .await
        .expect(409);
    assert!(
        refused.text.contains("in environment `staging`"),
        "{}",
        refused.text
    );
    server.get("flags/a").await.expect(200);
    assert_eq!(server.get(A).await["lifecycle"], "active");
}

/// Archiving and restoring are one transaction: after a failure in one environment, all environments and the metadata are unchanged
#[tokio::test]
async fn a_flag_is_archived_and_restored_in_all_environments_or_in_none() {
    let database = Database::new();
    let address = database.address().to_owned();
    let server = Server::of(
        state(&database, RuntimeConfig::default(), Clock::System).await,
        database,
    );
    server.put_flag("a", on()).await;
    let in_staging = STAGED_A;
    server.put(in_staging, on()).await;
    let refuse = "CREATE TRIGGER refuse BEFORE UPDATE OF revision ON environment WHEN NEW.id = 2 \
                  BEGIN SELECT RAISE(ABORT, 'the disk of staging is full'); END";
    let call = async |what: &str| {
        let path = format!("{CATALOGUE}/a/{what}");
        server.post(&path, ()).await.status
    };
    let lives = async || {
        let production = server.get("flags/a").await.status;
        let staging = server.get(in_staging).await.status;
        let own = server.get(A).await;
        let lifecycle = own["lifecycle"].as_str().unwrap().to_owned();
        (production, staging, lifecycle)
    };
    let (ok, gone) = (200, 404);

    execute(&address, refuse).await;
    assert!(call("archive").await >= 500);
    assert_eq!(lives().await, (ok, ok, "active".to_owned()));
    execute(&address, "DROP TRIGGER refuse").await;
    assert_eq!(call("archive").await, ok);
    assert_eq!(lives().await, (gone, gone, "archived".to_owned()));

    execute(&address, refuse).await;
    assert!(call("restore").await >= 500);
    assert_eq!(lives().await, (gone, gone, "archived".to_owned()));
    execute(&address, "DROP TRIGGER refuse").await;
    assert_eq!(call("restore").await, ok);
    assert_eq!(lives().await, (ok, ok, "active".to_owned()));
}

#[tokio::test]
async fn a_flag_has_one_name_and_one_description_whichever_side_writes_them() {
    let server = Server::new().await;
    server
        .put_flag(
            "a",
            json!({"enabled": true, "name": "Checkout", "description": "old"}),
        )
        .await;
    // A new flag in another environment has them from the start.
    let staged = server.put(STAGED_A, on()).await.expect(201);
    let said = |flag: &Value| [flag["name"].clone(), flag["description"].clone()];
    assert_eq!(said(&staged.json()), ["Checkout", "old"]);
    assert_eq!(said(&server.get(A).await.json()), ["Checkout", "old"]);

    // From the project to the environments, in one transaction.
    server
        .patch(A, json!({"description": "new"}))
        .await
        .expect(200);
    // From an environment to the project and the other environment.
    server
        .patch(STAGED_A, json!({"name": "Cart"}))
        .await
        .expect(200);
    for path in ["flags/a", STAGED_A, A] {
        assert_eq!(
            said(&server.get(path).await.json()),
            ["Cart", "new"],
            "{path}"
        );
    }
    let whole = json!({"type": "boolean", "enabled": true, "serve": "on"});
    server.put_flag("a", whole).await;
    assert_eq!(said(&server.get("flags/a").await.json()), ["Cart", "new"]);
    let found = server.get("flags?search=cART").await;
    assert_eq!(found.column("key"), ["a"]);
    let found = server.get(&format!("{CATALOGUE}?search=cart")).await;
    assert_eq!(found.column("name"), ["Cart"]);

    let rows = server.audit("?flag=a&limit=2&pointer=/name").await;
    let changes = json!([{"pointer": "/name", "before": "Checkout", "after": "Cart"}]);
    assert_eq!(
        [&rows[0]["changes"], &rows[1]["changes"]],
        [&changes, &changes]
    );

    // What is removed is removed everywhere. Pages do not get it.
    server
        .patch("flags/a", json!({"name": null, "clientSide": true}))
        .await
        .expect(200);
    assert_eq!(server.get(STAGED_A).await["name"], Value::Null);
    assert_eq!(server.get(A).await["name"], "");
    server.patch(A, json!({"name": "Basket"})).await.expect(200);
    let page = server.snapshot("client-local").await;
    assert_eq!(said(&page["flags"]["a"]), [Value::Null, Value::Null]);
    let long = json!({"name": "n".repeat(101)});
    server.patch(A, &long).await.expect_errors(["/name"]);
    server
        .patch("flags/a", &long)
        .await
        .expect_errors(["/name"]);
    let operation = json!({"op": "patch", "key": "a", "value": long});
    server
        .post("changesets", json!({"operations": [operation]}))
        .await
        .expect_errors(["/operations/0/value/name"]);
}
