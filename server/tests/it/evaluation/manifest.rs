//! The manifest of the `OpenFeature` CLI

use serde_json::json;

use crate::support::{Requests as _, Server, on};

const MANIFEST: &str = "/openfeature/v0/manifest";

#[tokio::test]
async fn the_manifest_has_every_flag_with_its_type_and_default_value() {
    let server = Server::new().await;
    server
        .put_flag(
            "a",
            json!({"enabled": true, "name": "Checkout", "description": "new"}),
        )
        .await;
    let valued = |kind: &str, on: serde_json::Value, off: serde_json::Value| json!({"type": kind, "enabled": true, "variants": {"x": on, "y": off}, "offVariant": "y", "serve": "x"});
    server
        .put_flag("b", valued("string", json!("blue"), json!("grey")))
        .await;
    server
        .put_flag("c", valued("number", json!(10), json!(5)))
        .await;
    server
        .put_flag("d", valued("number", json!(0.5), json!(1)))
        .await;
    server
        .put_flag("e", valued("object", json!({"n": 1}), json!({})))
        .await;
    let manifest = server.get(MANIFEST).token("server").await.expect(200);
    assert_eq!(manifest.header("x-manifest-capabilities"), "read");
    assert_eq!(
        manifest.json(),
        json!({"flags": [
            {"key": "a", "name": "Checkout", "type": "boolean", "description": "new", "defaultValue": false},
            {"key": "b", "type": "string", "defaultValue": "grey"},
            {"key": "c", "type": "integer", "defaultValue": 5},
            {"key": "d", "type": "float", "defaultValue": 1},
            {"key": "e", "type": "object", "defaultValue": {}},
        ]})
    );
    server.get(MANIFEST).anonymous().await.expect(401);
    server.put_flag("f", on()).await;
    for other in ["client", "client-local", "admin"] {
        server.get(MANIFEST).token(other).await.expect(403);
    }
}
