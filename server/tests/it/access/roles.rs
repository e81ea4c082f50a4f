//! What each kind of key and each role may do

use axum::http::Method;
use flagstaff_server::auth::CredentialKind;
use serde_json::{Value, json};

use super::{TOKENS, create, token_of};
use crate::support::{Requests as _, Server, on, text};

#[tokio::test]
async fn each_route_accepts_its_kinds_of_key_and_no_others() {
    use CredentialKind::{Client, ClientLocal, Server as ServerKey};
    let server = Server::new().await;
    let question = json!({"flag": null, "context": {}});
    for (method, path, body, allowed) in [
        (
            Method::GET,
            "flags",
            &Value::Null,
            CredentialKind::ROLES.to_vec(),
        ),
        (
            Method::GET,
            "/api/v1/projects/default/audit",
            &Value::Null,
            CredentialKind::ROLES.to_vec(),
        ),
        (
            Method::GET,
            "document",
            &Value::Null,
            CredentialKind::ROLES.to_vec(),
        ),
        (
            Method::GET,
            "/api/v1/sdk/snapshot",
            &Value::Null,
            vec![ServerKey, ClientLocal],
        ),
        (
            Method::POST,
            "/api/v1/evaluate",
            &question,
            vec![ServerKey, Client],
        ),
        (
            Method::POST,
            "/ofrep/v1/evaluate/flags",
            &question,
            vec![ServerKey, Client],
        ),
    ] {
        for kind in CredentialKind::ALL {
            let expected = if allowed.contains(&kind) { 200 } else { 403 };
            server
                .request(method.clone(), path)
                .body(body)
                .token(kind.name())
                .await
                .expect(expected);
        }
        for header in ["", "Bearer wrong", "Basic admin", "Bearer "] {
            let request = server.request(method.clone(), path).anonymous();
            let request = match header {
                "" => request,
                header => request.header("authorization", header),
            };
            let answer = request.await.expect(401);
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{header}");
        }
    }
    let by_header = server.get("flags").anonymous();
    by_header.header("x-api-key", "admin").await.expect(200);
}

#[tokio::test]
async fn the_stream_refuses_client_and_admin_keys() {
    let server = Server::new().await;
    for kind in [CredentialKind::Client, CredentialKind::Admin] {
        server
            .get("/api/v1/sdk/stream")
            .token(kind.name())
            .await
            .expect(403);
    }
}

#[tokio::test]
async fn each_role_may_use_its_routes_and_no_others() {
    let server = Server::new().await;
    let document = json!({"schemaVersion": 1, "flags": {}});
    let (on, key) = (on(), json!({"kind": "server", "name": "k"}));
    let nothing = Value::Null;
    let (read, write, grant) = (
        CredentialKind::Viewer,
        CredentialKind::Editor,
        CredentialKind::Admin,
    );
    for (least, method, path, body) in [
        (read, Method::GET, "flags", &nothing),
        (read, Method::GET, "document", &nothing),
        (
            read,
            Method::GET,
            "/api/v1/projects/default/audit",
            &nothing,
        ),
        (write, Method::PUT, "flags/a", &on),
        (write, Method::PATCH, "flags/a", &on),
        (write, Method::PUT, "document", &document),
        (grant, Method::GET, "keys", &nothing),
        (grant, Method::POST, "keys", &key),
        (grant, Method::GET, TOKENS, &nothing),
    ] {
        for kind in CredentialKind::ALL {
            let request = server.request(method.clone(), path).body(body);
            let answer = request.token(kind.name()).await;
            let is_allowed = CredentialKind::ROLES
                .iter()
                .skip_while(|role| **role != least)
                .any(|role| *role == kind);
            let is_done = answer.is_success();
            assert_eq!(
                is_done, is_allowed,
                "{kind:?} {method} {path}: {}",
                answer.text
            );
            assert!(is_done || answer.status == 403, "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn only_an_admin_of_all_projects_creates_a_token_for_all_projects() {
    let server = Server::new().await;
    // The test's admin is one of the project only.
    let everywhere = json!({"role": "admin", "name": "root", "allProjects": true});
    server.post(TOKENS, &everywhere).await.expect(403);
    let role = create(&server, TOKENS, json!({"role": "editor", "name": "ann"})).await;
    assert_eq!(role["role"], "editor");
    assert_eq!(role["allProjects"], false);
    server.get("flags").token(token_of(&role)).await.expect(200);
    server.get(TOKENS).token(token_of(&role)).await.expect(403);
}

#[tokio::test]
async fn the_last_admin_is_not_revoked() {
    let server = Server::new().await;
    let tokens = server.get(TOKENS).await;
    let is_admin = |token: &&Value| token["role"] == "admin";
    let admin = tokens.items().iter().find(is_admin).unwrap().clone();
    let path = format!("{TOKENS}/{}", text(&admin, "id"));
    let refused = server.delete(&path).await;
    refused.expect_problem(409, "last-admin");
    // A rotation creates another one first.
    let new = create(&server, &format!("{path}/rotate?graceSeconds=0"), ()).await;
    server.get(TOKENS).token(token_of(&new)).await.expect(200);
    server.get(TOKENS).token("admin").await.expect(401);
}

#[tokio::test]
async fn the_last_admin_of_all_projects_is_not_revoked_through_one_project() {
    let server = Server::new().await;
    // The project has an admin of its own, the test's usual one.
    let root = server.root().await;
    let tokens = root.get(TOKENS).await;
    let all = |token: &&Value| token["allProjects"] == true;
    let items = tokens.items();
    let path = format!("{TOKENS}/{}", text(items.iter().find(all).unwrap(), "id"));
    let refused = root.delete(&path).await;
    refused.expect_problem(409, "last-admin");
    // An admin token that expires does not suffice; one without expiry does.
    let new = |end: Value| json!({"role": "admin", "name": "next", "allProjects": true, "expiresAt": end});
    root.post(TOKENS, new(json!("2026-02-01T00:00:00Z"))).await;
    let refused = root.delete(&path).await;
    refused.expect_problem(409, "last-admin");
    let next = root.post(TOKENS, new(Value::Null)).await.json();
    root.delete(&path).await.expect(204);
    server.get(TOKENS).token(token_of(&next)).await.expect(200);
}
