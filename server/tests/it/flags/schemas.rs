//! The JSON Schema of an object flag

use serde_json::{Value, json};

use crate::support::{Requests as _, Server};

/// A flag whose `phase` has a boolean `storage`
fn flag() -> Value {
    json!({
        "type": "object", "enabled": true, "levels": ["user", "customer"],
        "variants": {"default": {"phase": {"storage": false}}}, "offVariant": "default", "serve": "default",
        "jsonSchema": {
            "type": "object", "additionalProperties": false,
            "properties": {"phase": {"$ref": "#/$defs/phase"}},
            "$defs": {"phase": {"type": "object", "properties": {"storage": {"type": "boolean"}, "name": {"pattern": "^[a-z]+$"}}}},
        },
    })
}

#[tokio::test]
async fn variants_and_patches_must_satisfy_the_schema() {
    let server = Server::new().await;
    let made = server.put("flags/f", flag()).await.expect(201);
    assert_eq!(made["jsonSchema"], flag()["jsonSchema"]);
    let wrong = json!({"variants": {"default": {"phase": {"storage": "no"}}}});
    server
        .patch("flags/f", &wrong)
        .await
        .expect_errors(["/variants/default/phase/storage"]);
    let patched = json!({"environmentPatch": {"phase": {"storage": 1}}});
    let refused = server.patch("flags/f", patched).await;
    refused.expect_errors(["/variants/default/phase/storage"]);

    let path = "flags/f/overrides/customer/c1";
    let value = |patch: Value| json!({"value": {"patch": {"phase": patch}}});
    server
        .put(path, value(json!({"storage": true})))
        .await
        .expect(201);
    let refused = server.put(path, value(json!({"storage": "yes"}))).await;
    let refused = refused.expect_errors(["/value/patch/phase/storage"]);
    assert!(
        refused["detail"].as_str().unwrap().contains("boolean"),
        "{refused:?}"
    );
    let refused = server.patch(path, value(json!({"name": "A"}))).await;
    refused.expect_errors(["/value/patch/phase/name"]);
    let lines =
        "{\"level\": \"customer\", \"contextKey\": \"c2\", \"value\": {\"patch\": {\"other\": 1}}}";
    let refused = server
        .post("flags/f/overrides/bulk", lines)
        .await
        .expect(422);
    assert_eq!(refused["errors"][0]["line"], 1);
    assert_eq!(refused["errors"][0]["pointer"], "/value/patch");

    // What is stored is held against a schema that comes later, too.
    let stricter = json!({"jsonSchema": {"properties": {"phase": {"properties": {"storage": {"const": false}}}}}});
    let refused = server.patch("flags/f", stricter).await;
    refused.expect_errors(["/overrides/customer/c1/patch/phase/storage"]);
}

#[tokio::test]
async fn documents_copies_and_changesets_are_held_against_schemas() {
    let server = Server::new().await;
    let mut wrong = flag();
    wrong["variants"]["default"]["phase"] = json!(1);
    let document = |flag: &Value| json!({"schemaVersion": 1, "flags": {"f": flag}});
    for path in ["document", "document?dryRun=true"] {
        let refused = server.put(path, document(&wrong)).await;
        refused.expect_errors(["/flags/f/variants/default/phase"]);
    }
    server.put("document", document(&flag())).await.expect(200);
    let operation =
        json!({"operations": [{"op": "put", "key": "f", "value": wrong, "ifMatch": "*"}]});
    let refused = server.post("changesets", operation).await;
    refused.expect_errors(["/operations/0/value/variants/default/phase"]);
    let kept = server.put("document?invalid=keep", document(&wrong)).await;
    kept.expect(200);
}

#[tokio::test]
async fn a_schema_that_cannot_be_used_is_refused() {
    let server = Server::new().await;
    for (schema, pointer) in [
        (json!(true), "/jsonSchema"),
        (json!({"type": "banana"}), "/jsonSchema/type"),
        (
            json!({"$ref": "https://example.com/schema.json"}),
            "/jsonSchema",
        ),
        (json!({"$ref": "file:///etc/passwd"}), "/jsonSchema"),
        (
            json!({"properties": {"a": {"pattern": "("}}}),
            "/jsonSchema/properties/a/pattern",
        ),
        (
            json!({"properties": {"a": {"pattern": "(?=a)"}}}),
            "/jsonSchema/properties/a/pattern",
        ),
    ] {
        let mut flag = flag();
        flag["jsonSchema"] = schema.clone();
        let refused = server.put("flags/f", flag).await.expect(422);
        assert!(
            refused.pointers()[0].starts_with(pointer),
            "{schema}: {refused:?}"
        );
    }
    // A schema that refers to itself for ever is no way to stop the server.
    for schema in [json!({"$ref": "#"}), json!({"allOf": [{"$ref": "#"}]})] {
        let mut flag = flag();
        flag["jsonSchema"] = schema;
        server.put("flags/f", flag).await;
        server.get("flags/f").await;
    }
    let boolean = json!({"type": "boolean", "enabled": true, "serve": "on", "jsonSchema": {}});
    server
        .put("flags/b", boolean)
        .await
        .expect_errors(["/jsonSchema"]);
}
