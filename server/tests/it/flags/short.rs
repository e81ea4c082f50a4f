//! The short form of a flag, and nobody

use serde_json::{Value, json};

use crate::support::{Requests as _, Server};

/// The value of the flag `f` for a context
async fn value(server: &Server, context: Value) -> Value {
    let body = json!({"flag": "f", "context": context, "explain": true});
    let answer = server.post("/api/v1/evaluate", body).token("server").await;
    answer.expect(200).json()
}

#[tokio::test]
async fn the_short_form_creates_replaces_and_patches() {
    let server = Server::new().await;
    let made = server
        .post("flags", json!({"key": "f", "enabled": true, "rolloutPercentage": 25, "description": "d", "clientSide": true}))
        .await
        .expect(201);
    assert_eq!(made["type"], "boolean");
    assert_eq!(made["serve"], json!({"variant": "on", "rollout": 25}));
    assert_eq!(made["description"], "d");

    // What somebody writes who knows no entity tags.
    let put = server
        .put(
            "flags/f",
            json!({"type": "boolean", "enabled": true, "rolloutPercentage": 0}),
        )
        .await
        .expect(200);
    assert_eq!(put["serve"]["rollout"], 0);
    assert_eq!(put["description"], "d", "what it does not name stays");
    let patched = server.patch(
        "flags/f",
        json!({"rolloutPercentage": 12.5, "description": null}),
    );
    let patched = patched.await.expect(200);
    assert_eq!(patched["serve"]["rollout"], 12.5);
    assert_eq!(patched["description"], Value::Null);

    let off = server
        .post("flags", json!({"key": "off"}))
        .await
        .expect(201);
    assert_eq!(off["enabled"], false);
    assert_eq!(off["serve"], json!({"variant": "on", "rollout": 0}));
    let full = json!({"enabled": true, "serve": "on"});
    server.put("flags/f", &full).await.expect(428);
    server
        .put("flags/f", &full)
        .header("if-match", "*")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_rollout_says_what_nobody_gets() {
    let server = Server::new().await;
    let short = json!({"key": "f", "enabled": true, "rolloutPercentage": 50});
    server.post("flags", &short).await.expect(201);
    let declined = value(&server, json!({"userId": "u1"})).await;
    assert_eq!(declined["outcome"]["value"], false);
    let serve = &declined["trace"][0];
    assert_eq!(
        serve["steps"][2],
        json!({"type": "noUnit", "unit": "targetingKey"})
    );
    let hint = declined["hints"][0].as_str().unwrap();
    assert!(
        hint.contains("`targetingKey`") && hint.contains("`userId`"),
        "{hint}"
    );

    server
        .patch("flags/f", json!({"withoutUser": true}))
        .await
        .expect(200);
    assert_eq!(value(&server, json!({})).await["outcome"]["value"], true);
    let of_a_user = value(&server, json!({"targetingKey": "u1", "userId": "u1"})).await;
    assert_eq!(of_a_user.get("hints"), None, "{of_a_user}");
}

#[tokio::test]
async fn weights_are_stored_as_thousandths_wherever_they_are_written() {
    let server = Server::new().await;
    let flag = |weights: [f64; 2]| {
        json!({"type": "string", "enabled": true, "variants": {"a": "A", "b": "B"}, "offVariant": "a",
            "serve": {"arms": [{"variant": "a", "weight": weights[0]}, {"variant": "b", "weight": weights[1]}]}})
    };
    let stored = async || server.get("flags/f").await["serve"]["arms"].clone();
    let thousandths =
        json!([{"variant": "a", "weight": 66_667}, {"variant": "b", "weight": 33_333}]);
    server
        .put("flags/f", flag([66.667, 33.333]))
        .await
        .expect(201);
    assert_eq!(stored().await, thousandths);
    let whole = json!({"schemaVersion": 1, "flags": {"f": flag([50.0, 50.0])}});
    server.put("document", whole).await.expect(200);
    assert_eq!(stored().await[0]["weight"], 50_000);
    let changed = json!({"operations": [{"op": "put", "key": "f", "value": flag([66.667, 33.333]), "ifMatch": "*"}]});
    server.post("changesets", changed).await.expect(200);
    assert_eq!(stored().await, thousandths);
    for wrong in [[50.0, 49.0], [50.0005, 49.9995]] {
        let refused = server
            .put("flags/f", flag(wrong))
            .header("if-match", "*")
            .await
            .expect(422);
        assert!(
            refused.pointers()[0].starts_with("/serve/arms"),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn people_evaluate_with_their_token() {
    let server = Server::new().await;
    server
        .post("flags", json!({"key": "f", "enabled": true}))
        .await
        .expect(201);
    let body = json!({"flag": "f", "context": {"targetingKey": "u1"}, "explain": true, "now": "2030-01-01T00:00:00Z"});
    for token in ["viewer", "editor", "admin", "server"] {
        let answer = server
            .post("evaluate", &body)
            .token(token)
            .await
            .expect(200);
        assert_eq!(answer["outcome"]["value"], true, "{token}");
    }
    for token in ["client", "client-local"] {
        server
            .post("evaluate", &body)
            .token(token)
            .await
            .expect(403);
    }
    server.post("evaluate", &body).anonymous().await.expect(401);
    let staging = "/api/v1/projects/default/environments/staging/evaluate";
    server
        .post(staging, &body)
        .token("server")
        .await
        .expect(404);
    let all = server
        .post("evaluate", json!({}))
        .token("editor")
        .await
        .expect(200);
    assert_eq!(all["flags"]["f"]["value"], true);
    // The route of keys names the one of tokens.
    let of_keys = server
        .post("/api/v1/evaluate", &body)
        .token("editor")
        .await
        .expect(403);
    assert!(
        of_keys["detail"]
            .as_str()
            .unwrap()
            .contains("/environments/{environment}/evaluate")
    );
}

#[tokio::test]
async fn tags_and_a_description_are_said_of_the_flag_in_its_project() {
    let server = Server::new().await;
    let project = "/api/v1/projects/default/flags/f";
    let body = json!({"key": "f", "enabled": true, "description": "d", "tags": ["a", "b"], "owner": "team", "kind": "killSwitch"});
    let made = server.post("flags", body).await.expect(201);
    assert_eq!(made["description"], "d");
    let said = server.get(project).await.expect(200);
    assert_eq!(
        [
            &said["description"],
            &said["tags"],
            &said["owner"],
            &said["kind"]
        ],
        [
            &json!("d"),
            &json!(["a", "b"]),
            &json!("team"),
            &json!("killSwitch")
        ]
    );
    let patched = server.patch("flags/f", json!({"tags": ["c"], "owner": null}));
    assert_eq!(
        patched.await.expect(200)["version"],
        made["version"],
        "nothing of this environment"
    );
    let said = server.get(project).await;
    assert_eq!(
        [&said["tags"], &said["owner"], &said["description"]],
        [&json!(["c"]), &json!(""), &json!("d")]
    );

    // All or nothing.
    server
        .patch("flags/f", json!({"tags": ["x"], "rolloutPercentage": 200}))
        .await
        .expect_errors(["/rolloutPercentage"]);
    server
        .patch("flags/f", json!({"tags": "x", "enabled": false}))
        .await
        .expect_errors(["/tags"]);
    assert_eq!(server.get("flags/f").await["enabled"], true);
    assert_eq!(server.get(project).await["tags"], json!(["c"]));
}
