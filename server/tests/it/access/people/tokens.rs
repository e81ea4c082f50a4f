//! Who the caller is, and personal tokens

use std::time::{SystemTime, UNIX_EPOCH};

use flagstaff_server::RuntimeConfig;
use serde_json::{Value, json};

use super::{MEMBERS, claims, published, server};
use crate::cli::run;
use crate::support::{
    Database, Live, NOW, Printed, Requests as _, Server, Signer, TestIssuer, column, on, text,
};

const ME: &str = "/api/v1/me";
const TOKENS: &str = "/api/v1/me/tokens";
const OF_PROJECT: &str = "/api/v1/projects/default/tokens";

fn new(role: &str) -> Value {
    json!({"project": "default", "role": role, "name": "laptop"})
}

/// A server, and tokens of Ann, who is an editor by her claims, and Bob, who is a member
async fn people() -> (TestIssuer, Server, [String; 2]) {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let server = server(&issuer).await;
    let ann = json!({"sub": "ann", "email": "ann@example.com", "email_verified": true, "flagstaff_role": {"default": "editor"}});
    let member = json!({"subject": "bob", "role": "admin"});
    server.post(MEMBERS, member).await.expect(201);
    let tokens = [ann, json!({"sub": "bob"})].map(|own| key.sign(&claims(own)));
    (issuer, server, tokens)
}

#[tokio::test]
async fn every_caller_learns_who_it_is() {
    let (_issuer, server, [ann, bob]) = people().await;
    let me = async |token: &str| server.get(ME).token(token).await.expect(200).json();
    let of_ann = json!({"name": "ann@example.com", "credential": "person", "id": null, "expiresAt": null, "allProjects": false,
        "projects": [{"project": "default", "role": "editor"}], "environment": null});
    assert_eq!(me(&ann).await, of_ann);
    assert_eq!(me(&bob).await["projects"][0]["role"], "admin");
    let viewer = me("viewer").await;
    assert_eq!(
        [&viewer["name"], &viewer["credential"]],
        ["viewer", "token"]
    );
    assert_eq!(
        viewer["projects"],
        json!([{"project": "default", "role": "viewer"}])
    );
    let key = me("client").await;
    assert_eq!(
        [&key["credential"], &key["projects"]],
        [&json!("key"), &json!([])]
    );
    let environment = json!({"project": "default", "environment": "production", "kind": "client"});
    assert_eq!(key["environment"], environment);
    let root = server.root().await.get(ME).await.expect(200);
    assert_eq!(root["allProjects"], true);
    server.get(ME).token("nobody").await.expect(401);
}

#[tokio::test]
async fn a_person_makes_tokens_with_at_most_their_own_role() {
    let (_issuer, server, [ann, bob]) = people().await;
    let made = server
        .post(TOKENS, new("editor"))
        .token(&ann)
        .await
        .expect(201);
    assert_eq!(made["owner"], "ann@example.com");
    assert_eq!(made["expiresAt"], "2026-04-01T00:00:00.000Z");
    let token = made["token"].as_str().unwrap().to_owned();
    assert_eq!(
        made.header("location"),
        format!("{TOKENS}/{}", text(&made.json(), "id"))
    );
    server
        .post(TOKENS, new("admin"))
        .token(&ann)
        .await
        .expect_errors(["/role"]);
    let other = json!({"project": "shop", "role": "viewer", "name": "x", "expiresAt": "2027-06-01T00:00:00Z"});
    let both = server.post(TOKENS, &other).token(&ann).await;
    both.expect_errors(["/expiresAt"]);
    let other = json!({"project": "shop", "role": "viewer", "name": "x"});
    server
        .post(TOKENS, &other)
        .token(&ann)
        .await
        .expect_errors(["/project"]);
    // Neither a token of a script nor a personal token makes others.
    server.post(TOKENS, new("viewer")).await.expect(403);
    server
        .post(TOKENS, new("viewer"))
        .token(&token)
        .await
        .expect(403);

    // What is done with it is done by the person.
    server.put("flags/a", on()).token(&token).await.expect(201);
    assert_eq!(server.audit("?flag=a").await[0]["actor"], "ann@example.com");
    let me = server.get(ME).token(&token).await;
    assert_eq!(
        [&me["name"], &me["credential"]],
        ["ann@example.com", "personalToken"]
    );
    let own = server.get(TOKENS).token(&ann).await.expect(200);
    assert_eq!(own.column("name"), ["laptop"]);
    assert_eq!(own["items"][0]["lastUsedAt"], "2026-01-01T00:00:00.000Z");
    assert_eq!(own["items"][0].get("token"), None);
    assert_eq!(server.get(TOKENS).token(&bob).await["total"], 0);

    // Others do not revoke it, its owner does; nobody gets a successor of it.
    let id = text(&own["items"][0], "id").to_owned();
    let path = format!("{TOKENS}/{id}");
    server.delete(&path).token(&bob).await.expect(404);
    server
        .post(&format!("{OF_PROJECT}/{id}/rotate"), ())
        .await
        .expect(403);
    server.delete(&path).token(&ann).await.expect(204);
    server.get(ME).token(&token).await.expect(401);
    let rows = server.audit("?kind=token&limit=2").await;
    assert_eq!(column(&rows, "action"), ["delete", "create"]);
    assert_eq!(column(&rows, "actor"), ["ann@example.com"; 2]);
    assert_eq!(rows[1]["changes"][0]["after"]["owner"], "ann@example.com");
}

#[tokio::test]
async fn a_token_has_no_more_than_the_role_of_its_owner_and_ends_with_the_membership() {
    let (_issuer, server, [_, bob]) = people().await;
    let made = server
        .post(TOKENS, new("admin"))
        .token(&bob)
        .await
        .expect(201);
    let token = made["token"].as_str().unwrap();
    server.get(OF_PROJECT).token(token).await.expect(200);
    let members = server.get(MEMBERS).await;
    let member = format!("{MEMBERS}/{}", text(&members["items"][0], "id"));
    server
        .patch(&member, json!({"role": "viewer"}))
        .await
        .expect(200);
    server.get("flags").token(token).await.expect(200);
    server.put("flags/a", on()).token(token).await.expect(403);
    server
        .patch(&member, json!({"role": "editor"}))
        .await
        .expect(200);
    server.put("flags/a", on()).token(token).await.expect(201);
    server.delete(&member).await.expect(204);
    server.get("flags").token(token).await.expect(401);
    server
        .post(MEMBERS, json!({"subject": "bob", "role": "admin"}))
        .await
        .expect(201);
    server.get("flags").token(token).await.expect(401);
}

#[tokio::test]
async fn an_admin_sees_and_revokes_personal_tokens_and_their_number_is_bounded() {
    let (_issuer, server, [ann, _]) = people().await;
    for _ in 0..50 {
        server
            .post(TOKENS, new("viewer"))
            .token(&ann)
            .await
            .expect(201);
    }
    server
        .post(TOKENS, new("viewer"))
        .token(&ann)
        .await
        .expect_errors([""]);
    let listed = server.get(&format!("{OF_PROJECT}?search=laptop")).await;
    assert_eq!(listed["total"], 50);
    assert_eq!(listed["items"][0]["owner"], "ann@example.com");
    let id = text(&listed["items"][0], "id");
    server
        .delete(&format!("{OF_PROJECT}/{id}"))
        .await
        .expect(204);
    server
        .post(TOKENS, new("viewer"))
        .token(&ann)
        .await
        .expect(201);
    server.set_clock(NOW + 91 * 86_400_000);
    let expired = server.get(&format!("{OF_PROJECT}?search=laptop")).await;
    assert!(expired["items"][0]["expiresAt"].as_str() < Some("2026-04-02"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_makes_lists_and_revokes_them() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let (database, folder) = (Database::new(), tempfile::tempdir().unwrap());
    let limits = RuntimeConfig {
        issuer: Some(published(&issuer).into()),
        ..RuntimeConfig::default()
    };
    let live = Live::with(&database, limits).await;
    live.post(MEMBERS, json!({"subject": "bob", "role": "editor"}))
        .await
        .expect(201);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let bob = key.sign(&claims(json!({"sub": "bob", "exp": now + 3_600})));
    let ask = |token: &str, line: &str| -> Printed {
        let words: Vec<&str> = line.split(' ').collect();
        let server = ["--server", live.address(), "--token", token];
        run(folder.path(), &[&words[..], &server].concat(), "")
    };
    let made = ask(&bob, "token create --own --name laptop --role editor");
    assert_eq!((made.status, &*made.stderr), (0, ""));
    let token = made.stdout.trim();
    // It acts in its owner's name, and lists itself.
    live.put("flags/a", on()).token(token).await.expect(201);
    assert_eq!(live.audit("?limit=1").await[0]["actor"], "bob");
    let list = ask(token, "token list --own --format json").stdout;
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list[0]["name"], "laptop");
    ask(token, "token create --own --name second --role editor")
        .expect_failure("only a person who signed in");
    let id = text(&list[0], "id");
    assert_eq!(ask(&bob, &format!("token revoke --own {id}")).status, 0);
    live.get("flags/a").token(token).await.expect(401);
    live.stop().await;
}
