//! The flags of a project: what is said of them, and their life

use std::sync::atomic::Ordering;

use axum::http::{Method, StatusCode};
use flagstaff_server::auth::KeyKind;
use flagstaff_server::{Clock, Limits};
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::support::{Database, FLAGS, NOW, Server, state};

const CATALOGUE: &str = "/api/v1/projects/default/flags";
const STAGING: &str = "/api/v1/projects/default/environments/staging/flags";

fn keys(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["key"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn flags_are_found_by_what_is_said_of_them() {
    let server = Server::new().await;
    for key in ["a", "b", "c"] {
        server.put(key, &json!({"enabled": key == "a"})).await;
    }
    server
        .admin(
            Method::PUT,
            &format!("{STAGING}/a"),
            &json!({"enabled": false}),
        )
        .await;
    let say = async |key: &str, body: Value| {
        server
            .admin(
                Method::PATCH,
                &format!("{CATALOGUE}/{key}?reason=tidy"),
                &body,
            )
            .await
    };
    let said = say("a", json!({"description": "The Checkout", "tags": ["pay", "web"], "owner": "team-pay", "kind": "killSwitch"})).await;
    assert_eq!(
        (said.status, said.header("etag")),
        (StatusCode::OK, "\"1\""),
        "{}",
        said.text
    );
    let item = said.json();
    assert_eq!(
        (&item["type"], &item["lifecycle"], &item["tags"]),
        (&json!("boolean"), &json!("active"), &json!(["pay", "web"]))
    );
    let places: Vec<_> = item["environments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["name"].as_str().unwrap(),
                it["enabled"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(places, [("production", true), ("staging", false)]);
    say("b", json!({"tags": ["pay"], "lifecycle": "stale"})).await;

    let found = async |query: &str| {
        let answer = server.get(&format!("{CATALOGUE}?{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let list = answer.json();
        assert_eq!(list["total"], keys(&list).len());
        keys(&list).join(" ")
    };
    assert_eq!(found("").await, "a b c");
    assert_eq!(found("tag=pay").await, "a b");
    assert_eq!(found("owner=team-pay").await, "a");
    assert_eq!(found("kind=release").await, "b c");
    assert_eq!(found("lifecycle=stale").await, "b");
    assert_eq!(found("search=CHECK").await, "a");
    assert_eq!(found("tag=pay&search=b").await, "b");
    let first = server.get(&format!("{CATALOGUE}?limit=2")).await.json();
    assert_eq!(
        (keys(&first), &first["total"], &first["next"]),
        (vec!["a", "b"], &json!(3), &json!("b"))
    );
    let second = server
        .get(&format!("{CATALOGUE}?limit=2&cursor=b"))
        .await
        .json();
    assert_eq!((keys(&second), &second["next"]), (vec!["c"], &Value::Null));

    // What is not named stays, what is null is unsaid; nobody overwrites what they have not seen.
    let changed = say("a", json!({"owner": null, "kind": null})).await.json();
    assert_eq!(
        (&changed["owner"], &changed["kind"], &changed["description"]),
        (&json!(""), &json!("release"), &json!("The Checkout"))
    );
    let stale = server
        .call(
            KeyKind::Admin,
            Method::PATCH,
            &format!("{CATALOGUE}/a"),
            &json!({"owner": "bob"}),
            &[("if-match", "\"1\"")],
        )
        .await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    let audit = server
        .get("/api/v1/projects/default/audit?limit=1&flag=a")
        .await
        .json();
    let expected = json!([
        {"path": "/kind", "before": "killSwitch", "after": "release"},
        {"path": "/owner", "before": "team-pay", "after": ""},
    ]);
    assert_eq!(
        (
            &audit["items"][0]["changes"],
            &audit["items"][0]["environment"]
        ),
        (&expected, &Value::Null)
    );
}

#[tokio::test]
async fn what_is_wrong_is_told_all_at_once() {
    let server = Server::new().await;
    server.put("a", &json!({"enabled": true})).await;
    let wrong = json!({"description": 1, "tags": ["x", "x"], "owner": "o".repeat(101), "kind": "temporary", "lifecycle": "archived", "more": 1});
    let refused = server
        .admin(Method::PATCH, &format!("{CATALOGUE}/a"), &wrong)
        .await;
    assert_eq!(
        refused.pointers(),
        [
            "/description",
            "/tags",
            "/owner",
            "/kind",
            "/lifecycle",
            "/more"
        ]
    );
    for query in ["kind=x", "lifecycle=x"] {
        let refused = server.get(&format!("{CATALOGUE}?{query}")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
    }
    for (method, path) in [
        (Method::GET, ""),
        (Method::PATCH, ""),
        (Method::POST, "/archive"),
        (Method::POST, "/restore"),
    ] {
        let missing = server
            .admin(method, &format!("{CATALOGUE}/none{path}"), &json!({}))
            .await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_flag_that_lives_longer_than_its_kind_is_potentially_stale() {
    let server = Server::new().await;
    server.put("a", &json!({"enabled": true})).await;
    server.put("b", &json!({"enabled": true})).await;
    server
        .admin(
            Method::PATCH,
            &format!("{CATALOGUE}/b"),
            &json!({"kind": "permission"}),
        )
        .await;
    server.clock.store(NOW + 40 * 86_400_000, Ordering::Relaxed);
    assert_eq!(
        server.get(&format!("{CATALOGUE}/a")).await.json()["lifecycle"],
        "active"
    );
    server
        .clock
        .store(NOW + 40 * 86_400_000 + 1, Ordering::Relaxed);
    let list = server
        .get(&format!("{CATALOGUE}?lifecycle=potentiallyStale"))
        .await
        .json();
    assert_eq!(keys(&list), ["a"]);
    let said = server
        .admin(
            Method::PATCH,
            &format!("{CATALOGUE}/a"),
            &json!({"lifecycle": "stale"}),
        )
        .await;
    assert_eq!(said.json()["lifecycle"], "stale");
}

#[tokio::test]
async fn an_archived_flag_is_in_no_environment_and_comes_back_as_it_was() {
    let server = Server::new().await;
    let flag = json!({"type": "boolean", "enabled": true, "serve": "off", "overrides": {"user": {"u1": "include", "u2": "exclude"}}});
    server.put("a", &flag).await;
    server
        .admin(
            Method::PUT,
            &format!("{STAGING}/a"),
            &json!({"enabled": true, "rolloutPercentage": 25}),
        )
        .await;
    server
        .admin(
            Method::PATCH,
            &format!("{CATALOGUE}/a"),
            &json!({"owner": "ann"}),
        )
        .await;
    let read = async |path: &str| server.get(path).await.json();
    let before = (
        read(&format!("{FLAGS}/a")).await,
        read(&format!("{STAGING}/a")).await,
    );

    let archived = server
        .admin(
            Method::POST,
            &format!("{CATALOGUE}/a/archive?reason=done"),
            &Value::Null,
        )
        .await;
    assert_eq!(archived.status, StatusCode::OK, "{}", archived.text);
    let item = archived.json();
    assert_eq!(
        (&item["lifecycle"], &item["environments"], &item["owner"]),
        (&json!("archived"), &json!([]), &json!("ann"))
    );
    for path in [FLAGS, STAGING] {
        assert_eq!(
            server.get(&format!("{path}/a")).await.status,
            StatusCode::NOT_FOUND
        );
    }
    let asked = server
        .call(
            KeyKind::Server,
            Method::POST,
            "/ofrep/v1/evaluate/flags/a",
            &json!({"context": {"targetingKey": "u1"}}),
            &[],
        )
        .await;
    assert_eq!(asked.json()["errorCode"], "FLAG_NOT_FOUND");
    assert_eq!(keys(&server.get(CATALOGUE).await.json()), [""; 0]);
    assert_eq!(
        keys(
            &server
                .get(&format!("{CATALOGUE}?lifecycle=archived"))
                .await
                .json()
        ),
        ["a"]
    );
    // Its key is taken, and it is brought back by one way only.
    let anew = server.put("a", &flag).await;
    assert_eq!(
        (anew.status, &anew.json()["type"]),
        (
            StatusCode::CONFLICT,
            &json!("urn:flagstaff:problem:archived")
        )
    );
    let active = server
        .admin(
            Method::PATCH,
            &format!("{CATALOGUE}/a"),
            &json!({"lifecycle": "active"}),
        )
        .await;
    assert_eq!(active.status, StatusCode::CONFLICT);
    let again = server
        .admin(
            Method::POST,
            &format!("{CATALOGUE}/a/archive"),
            &Value::Null,
        )
        .await;
    assert_eq!(
        (again.status, &again.json()["version"]),
        (StatusCode::OK, &item["version"])
    );

    let restored = server
        .admin(
            Method::POST,
            &format!("{CATALOGUE}/a/restore"),
            &Value::Null,
        )
        .await;
    assert_eq!(restored.status, StatusCode::OK, "{}", restored.text);
    assert_eq!(restored.json()["lifecycle"], "active");
    let after = (
        read(&format!("{FLAGS}/a")).await,
        read(&format!("{STAGING}/a")).await,
    );
    for (before, after) in [(&before.0, &after.0), (&before.1, &after.1)] {
        for member in ["enabled", "serve", "overrides", "salt", "type"] {
            assert_eq!(before[member], after[member], "{member}");
        }
    }
    let actions = server
        .get("/api/v1/projects/default/audit?flag=a&action=archive")
        .await
        .json();
    assert_eq!(
        (
            actions["items"].as_array().unwrap().len(),
            &actions["items"][0]["reason"]
        ),
        (1, &json!("done"))
    );
}

#[tokio::test]
async fn a_flag_that_others_need_somewhere_is_archived_nowhere() {
    let server = Server::new().await;
    server.put("a", &json!({"enabled": true})).await;
    server
        .admin(
            Method::PUT,
            &format!("{STAGING}/a"),
            &json!({"enabled": true}),
        )
        .await;
    let rule = json!({"when": {"flag": "a", "variants": ["on"]}, "serve": "on"});
    let dependent = json!({"type": "boolean", "enabled": true, "serve": "off", "rules": [rule]});
    let put = server
        .admin(Method::PUT, &format!("{STAGING}/b"), &dependent)
        .await;
    assert_eq!(put.status, StatusCode::CREATED, "{}", put.text);
    let refused = server
        .admin(
            Method::POST,
            &format!("{CATALOGUE}/a/archive"),
            &Value::Null,
        )
        .await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    assert!(
        refused.text.contains("in environment `staging`"),
        "{}",
        refused.text
    );
    assert_eq!(
        server.get(&format!("{FLAGS}/a")).await.status,
        StatusCode::OK
    );
    assert_eq!(
        server.get(&format!("{CATALOGUE}/a")).await.json()["lifecycle"],
        "active"
    );
}

/// Archiving and restoring are one transaction: what fails in one environment has happened in none, and nothing was said of the flag
#[tokio::test]
async fn what_fails_in_one_environment_is_neither_archived_nor_restored_in_any() {
    let database = Database::new();
    let address = database.address().to_owned();
    let server = Server::of(
        state(&database, Limits::default(), Clock::System).await,
        database,
    );
    server.put("a", &json!({"enabled": true})).await;
    let in_staging = format!("{STAGING}/a");
    server
        .admin(Method::PUT, &in_staging, &json!({"enabled": true}))
        .await;
    let refuse = "CREATE TRIGGER refuse BEFORE UPDATE OF revision ON environment WHEN NEW.id = 2 \
                  BEGIN SELECT RAISE(ABORT, 'the disk of staging is full')";
    let trigger = async |statement: String| {
        let mut connection = sqlx::AnyConnection::connect(&address).await.unwrap();
        let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(statement));
        statement.execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    };
    let call = async |what: &str| {
        let path = format!("{CATALOGUE}/a/{what}");
        server.admin(Method::POST, &path, &Value::Null).await.status
    };
    let lives = async || {
        let [production, staging] = [format!("{FLAGS}/a"), in_staging.clone()];
        let own = server.get(&format!("{CATALOGUE}/a")).await.json();
        (
            server.get(&production).await.status,
            server.get(&staging).await.status,
            own["lifecycle"].as_str().unwrap().to_owned(),
        )
    };
    let (ok, gone) = (StatusCode::OK, StatusCode::NOT_FOUND);

    trigger(format!("{refuse}; END")).await;
    assert!(call("archive").await.is_server_error());
    assert_eq!(lives().await, (ok, ok, "active".to_owned()));
    trigger("DROP TRIGGER refuse".to_owned()).await;
    assert_eq!(call("archive").await, ok);
    assert_eq!(lives().await, (gone, gone, "archived".to_owned()));

    trigger(format!("{refuse}; END")).await;
    assert!(call("restore").await.is_server_error());
    assert_eq!(lives().await, (gone, gone, "archived".to_owned()));
    trigger("DROP TRIGGER refuse".to_owned()).await;
    assert_eq!(call("restore").await, ok);
    assert_eq!(lives().await, (ok, ok, "active".to_owned()));
}
