//! Projects and environments: made, listed, compared, copied

use axum::http::{Method, StatusCode};
use flagstaff_server::auth::KeyKind;
use serde_json::{Value, json};

use crate::support::{DOCUMENT, FLAGS, Server};

const PROJECTS: &str = "/api/v1/projects";
const ENVIRONMENTS: &str = "/api/v1/projects/default/environments";

fn names(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap();
    let name = |item: &Value| item["name"].as_str().unwrap().to_owned();
    items.iter().map(name).collect()
}

fn at(environment: &str, what: &str) -> String {
    format!("{ENVIRONMENTS}/{environment}/{what}")
}

#[tokio::test]
async fn a_new_environment_can_be_used_at_once() {
    let server = Server::new().await;
    let made = server
        .admin(Method::POST, ENVIRONMENTS, &json!({"name": "qa"}))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(
        made.json(),
        json!({"name": "qa", "revision": 0, "flags": 0})
    );
    let flag = server
        .admin(Method::PUT, &at("qa", "flags/a"), &json!({"enabled": true}))
        .await;
    assert_eq!(flag.status, StatusCode::CREATED, "{}", flag.text);
    let list = server.get(ENVIRONMENTS).await.json();
    assert_eq!(names(&list), ["development", "production", "qa", "staging"]);
    assert_eq!(
        list["items"][2],
        json!({"name": "qa", "revision": 1, "flags": 1})
    );
    let first = server.get(&format!("{ENVIRONMENTS}?limit=3")).await.json();
    assert_eq!((names(&first).len(), &first["total"]), (3, &json!(4)));
    let next = first["next"].as_str().unwrap();
    let rest = server
        .get(&format!("{ENVIRONMENTS}?limit=3&cursor={next}"))
        .await
        .json();
    assert_eq!(
        (names(&rest), &rest["next"]),
        (vec!["staging".to_owned()], &Value::Null)
    );
    let busiest = format!("{ENVIRONMENTS}?sort=-flags,-name");
    assert_eq!(
        names(&server.get(&busiest).await.json()),
        ["qa", "staging", "production", "development"]
    );
    let audit = server.get("/api/v1/projects/default/audit").await.json();
    assert_eq!(
        (&audit["items"][1]["kind"], &audit["items"][1]["key"]),
        (&json!("environment"), &json!("qa"))
    );

    // Keys of the new environment open it.
    let body = json!({"kind": "server", "name": "tests"});
    let key = server
        .admin(Method::POST, &at("qa", "keys"), &body)
        .await
        .json();
    let request = axum::http::Request::get("/api/v1/sdk/snapshot")
        .header("x-api-key", key["token"].as_str().unwrap());
    let snapshot = server
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await;
    assert_eq!(snapshot.json()["environment"], "qa");
}

#[tokio::test]
async fn names_are_checked_and_taken_once() {
    let server = Server::new().await;
    let post = async |body: Value| server.admin(Method::POST, ENVIRONMENTS, &body).await;
    assert_eq!(
        post(json!({"name": "staging"})).await.status,
        StatusCode::CONFLICT
    );
    for name in [
        json!(""),
        json!("a b"),
        json!("-a"),
        json!("a".repeat(101)),
        json!(1),
    ] {
        assert_eq!(
            post(json!({"name": name})).await.pointers(),
            ["/name"],
            "{name}"
        );
    }
    let both = post(json!({"copyFrom": "staging"})).await;
    assert_eq!(both.pointers(), ["/name", "/copyFrom"]);
    let editor = server
        .call(
            KeyKind::Editor,
            Method::POST,
            ENVIRONMENTS,
            &json!({"name": "x"}),
            &[],
        )
        .await;
    assert_eq!(editor.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_project_is_a_world_of_its_own() {
    let server = Server::new().await;
    let body = json!({"name": "shop", "environments": ["live", "test"]});
    let refused = server.admin(Method::POST, PROJECTS, &body).await;
    assert_eq!(
        refused.status,
        StatusCode::FORBIDDEN,
        "the token is for one project"
    );

    let root = server.root().await;
    let made = root.post(PROJECTS, &body).await;
    assert_eq!(
        (made.status, made.json()),
        (StatusCode::CREATED, body.clone())
    );
    assert_eq!(
        root.post(PROJECTS, &body).await.status,
        StatusCode::CONFLICT
    );
    let same = json!({"name": "other", "environments": ["a", "a"]});
    assert_eq!(
        root.post(PROJECTS, &same).await.pointers(),
        ["/environments"]
    );
    assert_eq!(names(&root.get(PROJECTS).await.json()), ["default", "shop"]);
    assert_eq!(
        names(&server.get(PROJECTS).await.json()),
        ["default"],
        "of one's own"
    );

    // The same key of another type, since it is another flag; and nobody of the other project sees it.
    server.put("a", &json!({"enabled": true})).await;
    let flags = "/api/v1/projects/shop/environments/live/flags";
    let flag = json!({"key": "a", "type": "number", "enabled": true, "serve": "big", "variants": {"big": 9}, "offVariant": "big"});
    let made = root.post(flags, &flag).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(server.get(flags).await.status, StatusCode::NOT_FOUND);
    let editor = root
        .post(
            "/api/v1/projects/shop/tokens",
            &json!({"role": "editor", "name": "eve"}),
        )
        .await
        .json();
    let eve = server.with_token(editor["token"].as_str().unwrap());
    assert_eq!(eve.get(flags).await.status, StatusCode::OK);
    assert_eq!(eve.get(FLAGS).await.status, StatusCode::NOT_FOUND);
    assert_eq!(names(&eve.get(PROJECTS).await.json()), ["shop"]);
}

#[tokio::test]
async fn two_environments_are_compared_and_made_alike() {
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
        let put = server
            .admin(Method::PUT, &at(environment, "document"), &document)
            .await;
        assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    }
    let compare = at("production", "compare?with=staging");
    let differences = server.get(&compare).await.json();
    let pointers = |changes: &Value| -> Vec<String> {
        let changes = changes.as_array().unwrap();
        let pointer = |change: &Value| change["pointer"].as_str().unwrap().to_owned();
        changes.iter().map(pointer).collect()
    };
    let expected = [
        "/flags/differs/serve/rollout",
        "/flags/old",
        "/flags/new",
        "/segments/nordics",
    ];
    assert_eq!(pointers(&differences["items"]), expected);
    assert_eq!(
        (&differences["old"], &differences["new"]),
        (
            &json!({"environment": "production", "revision": 1}),
            &json!({"environment": "staging", "revision": 1})
        )
    );
    assert_eq!(
        (
            &differences["items"][0]["old"],
            &differences["items"][0]["new"]
        ),
        (&json!(10), &json!(50))
    );
    let second = server
        .get(&format!("{compare}&limit=3&cursor=3"))
        .await
        .json();
    assert_eq!(
        (pointers(&second["items"]), &second["next"]),
        (vec![expected[3].to_owned()], &Value::Null)
    );
    for (query, pointer) in [
        ("compare?with=none", "?with"),
        ("compare?with=staging&cursor=9", "?cursor"),
    ] {
        assert_eq!(
            server.get(&at("production", query)).await.pointers(),
            [pointer]
        );
    }

    // One flag; one that needs what is not here; one that is not there.
    let copy = at("production", "copy");
    let some = |flags: Value| json!({"from": "staging", "flags": flags});
    let one = server
        .admin(Method::POST, &copy, &some(json!(["differs"])))
        .await
        .json();
    assert_eq!(
        (&one["revision"], pointers(&one["changes"])),
        (&json!(2), vec![expected[0].to_owned()])
    );
    let broken = server
        .admin(Method::POST, &copy, &some(json!(["new"])))
        .await;
    assert_eq!(
        broken.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        broken.text
    );
    let missing = server
        .admin(Method::POST, &copy, &some(json!(["same", "none"])))
        .await;
    assert_eq!(missing.pointers(), ["/flags/1"]);

    // All of it: told first, then done, as one revision with its reason.
    let all = json!({"from": "staging"});
    let told = server
        .admin(Method::POST, &format!("{copy}?dryRun=true"), &all)
        .await
        .json();
    assert_eq!(
        (&told["revision"], pointers(&told["changes"])),
        (
            &json!(2),
            expected[1..].iter().map(ToString::to_string).collect()
        )
    );
    let done = server
        .admin(Method::POST, &format!("{copy}?reason=release"), &all)
        .await
        .json();
    assert_eq!(
        (&done["revision"], &done["changes"]),
        (&json!(3), &told["changes"])
    );
    let again = server.get(&compare).await.json();
    assert_eq!(again["total"], 0);
    let document = server.get(DOCUMENT).await.json();
    assert_eq!(
        document["flags"],
        server.get(&at("staging", "document")).await.json()["flags"]
    );
    let audit = server
        .get("/api/v1/projects/default/audit?environment=production&limit=1")
        .await
        .json();
    assert_eq!(audit["items"][0]["reason"], "release");
    let viewer = server
        .call(KeyKind::Viewer, Method::POST, &copy, &all, &[])
        .await;
    assert_eq!(viewer.status, StatusCode::FORBIDDEN);
}
