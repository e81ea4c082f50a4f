//! Overrides that are changed by a merge patch, and what the audit says of their leaves

use serde_json::{Value, json};

use crate::support::{Requests as _, Server};

const PATH: &str = "flags/session/overrides/customer/c-17";
const AUDIT: &str = "/api/v1/projects/default/audit";

async fn server() -> Server {
    let server = Server::new().await;
    let session = json!({
        "type": "object", "enabled": true, "levels": ["user", "customer", "organization"],
        "variants": {"default": {"phase1": {"parentStorage": true}, "phase2": {"enhancedStorage": false, "size": 1}}},
        "offVariant": "default", "serve": "default", "environmentPatch": {"phase2": {"size": 2}},
    });
    server.put("flags/session", session).await.expect(201);
    server
}

fn patch(phase2: impl Into<Value>) -> Value {
    json!({"value": {"patch": {"phase2": phase2.into()}}})
}

#[tokio::test]
async fn a_patch_merges_and_a_put_replaces() {
    let server = server().await;
    let made = server.patch(PATH, patch(json!({"enhancedStorage": true, "size": null})));
    let made = made.await.expect(201);
    assert_eq!(
        made["value"],
        json!({"patch": {"phase2": {"enhancedStorage": true}}})
    );
    assert_eq!(made["createdAt"], "2026-01-01T00:00:00.000Z");
    assert_eq!(made["createdBy"], "admin");

    server.wait(1_000);
    let sized = server
        .patch(PATH, patch(json!({"size": 9})))
        .token("editor")
        .await
        .expect(200);
    assert_eq!(
        sized["value"],
        json!({"patch": {"phase2": {"enhancedStorage": true, "size": 9}}})
    );
    assert_eq!(
        [
            &sized["createdAt"],
            &sized["createdBy"],
            &sized["updatedAt"],
            &sized["updatedBy"]
        ],
        [
            "2026-01-01T00:00:00.000Z",
            "admin",
            "2026-01-01T00:00:01.000Z",
            "editor"
        ]
    );
    assert_eq!(server.get(PATH).await.json(), sized.json());
    let removed = server
        .patch(PATH, patch(json!({"enhancedStorage": null})))
        .await;
    assert_eq!(removed["value"], json!({"patch": {"phase2": {"size": 9}}}));
    // What was read can be sent back.
    server.put(PATH, removed.json()).await.expect(200);
    let replaced = server
        .put(PATH, patch(json!({"size": 3})))
        .await
        .expect(200);
    assert_eq!(replaced["value"], json!({"patch": {"phase2": {"size": 3}}}));
    assert_eq!(replaced["createdBy"], "admin");
    server
        .put(PATH, json!({"value": "include", "level": "user"}))
        .await
        .expect_errors(["/level"]);
    server
        .patch(PATH, json!({"value": {"patch": 1}}))
        .await
        .expect_errors(["/value"]);

    // Another one after it was gone.
    server.delete(PATH).await.expect(204);
    let again = server
        .put(PATH, patch(json!({"size": 3})))
        .token("editor")
        .await
        .expect(201);
    assert_eq!(again["createdBy"], "editor");
}

#[tokio::test]
async fn the_audit_tells_the_leaves_of_a_patch_with_the_values_that_the_context_had() {
    let server = server().await;
    let differences = async || server.audit("?limit=1").await[0]["changes"].clone();
    let at = |leaf: &str| format!("/overrides/customer/c-17/patch/phase2/{leaf}");
    server
        .patch(PATH, patch(json!({"enhancedStorage": true})))
        .await
        .expect(201);
    assert_eq!(
        differences().await,
        json!([{"pointer": at("enhancedStorage"), "before": false, "after": true}])
    );
    server
        .patch(PATH, patch(json!({"size": 9, "new": "x"})))
        .await
        .expect(200);
    assert_eq!(
        differences().await,
        json!([{"pointer": at("new"), "after": "x"}, {"pointer": at("size"), "before": 2, "after": 9}])
    );
    server.delete(PATH).await.expect(204);
    assert_eq!(
        differences().await,
        json!([
            {"pointer": at("enhancedStorage"), "before": true, "after": false},
            {"pointer": at("new"), "before": "x"},
            {"pointer": at("size"), "before": 9, "after": 2},
        ])
    );
    let history = server.get("flags/session/history?limit=1").await;
    assert_eq!(history["items"][0]["changes"][1]["kind"], "removed");

    // A nested object: who changed this leaf, wherever it was changed?
    server
        .patch(
            "flags/session",
            json!({"environmentPatch": {"phase2": {"size": 5}}}),
        )
        .await
        .expect(200);
    server
        .patch(
            "flags/session",
            json!({"variants": {"default": {"phase2": {"size": 6}}}}),
        )
        .await
        .expect(200);
    let found = async |query: &str| {
        let answer = server
            .get(&format!("{AUDIT}?flag=session&{query}"))
            .await
            .expect(200);
        let pointers = answer
            .items()
            .iter()
            .map(|item| item["changes"][0]["pointer"].as_str().unwrap().to_owned());
        pointers.collect::<Vec<_>>()
    };
    assert_eq!(
        found("pointer=/phase2/size").await,
        [
            "/variants/default/phase2/size",
            "/environmentPatch/phase2/size",
            &at("enhancedStorage"),
            &at("new")
        ]
    );
    assert_eq!(found("pointer=/phase2/enhancedStorage").await.len(), 2);
    assert_eq!(found("pointer=/phase2&limit=2").await.len(), 2);
    assert_eq!(found("pointer=/phase2").await.len(), 5);
    assert_eq!(
        found("pointer=/variants/default/phase2/size").await.len(),
        2
    );
    assert_eq!(found("pointer=/phase2/siz").await, [""; 0]);
    assert_eq!(
        found("pointer=/phase2/size&context=customer:c-17")
            .await
            .len(),
        2
    );
    server
        .get(&format!("{AUDIT}?pointer=size"))
        .await
        .expect_errors(["?pointer"]);
    let export = server
        .get(&format!("{AUDIT}/export?pointer=/phase2/size"))
        .await
        .expect(200);
    assert_eq!(export.text.lines().count(), 4);
}

#[tokio::test]
async fn a_whole_context_gets_all_flags_with_their_sources() {
    let server = server().await;
    server
        .patch(PATH, patch(json!({"enhancedStorage": true})))
        .await
        .expect(201);
    let context = json!({"targetingKey": "u1", "customer": {"key": "c-17"}});
    for token in ["viewer", "server"] {
        let answer = server
            .post("contexts/flags", json!({"context": context}))
            .token(token);
        let answer = answer.await.expect(200);
        assert_eq!(answer["context"], context);
        assert_eq!(answer["evaluatedAt"], "2026-01-01T00:00:00.000Z");
        let item = &answer["items"][0];
        assert_eq!(
            item["value"],
            json!({"phase1": {"parentStorage": true}, "phase2": {"enhancedStorage": true, "size": 2}})
        );
        assert_eq!(
            item["sources"],
            json!({"/phase1/parentStorage": "default", "/phase2/enhancedStorage": "customer", "/phase2/size": "environment"})
        );
        assert_eq!(
            [&item["variant"], &item["reason"], &item["source"]["step"]],
            ["default", "DEFAULT", "serve"]
        );
    }
    let by_key = server.get("contexts/customer/c-17/flags").await.expect(200);
    assert_eq!(
        by_key["items"][0]["sources"]["/phase2/enhancedStorage"],
        "customer"
    );
    let hinted = server
        .post("contexts/flags", json!({"context": {"userId": "u1"}}))
        .await;
    assert!(hinted["hints"][0].as_str().unwrap().contains("`userId`"));
    server
        .post("contexts/flags", json!({"context": 1}))
        .await
        .expect_errors(["/context"]);
    server
        .post("contexts/flags", json!({"context": {}}))
        .token("client")
        .await
        .expect(403);
}
