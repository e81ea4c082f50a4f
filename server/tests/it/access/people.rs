//! People with a JWT: their roles, and members of projects

use axum::http::Method;
use flagstaff_server::identity::Issuer;
use flagstaff_server::{Rates, RuntimeConfig};
use serde_json::{Value, json};

use crate::support::{Call, NOW, Requests as _, Server, Signer, TestIssuer, on};

mod discovery;
mod jwt;
mod options;
mod tokens;

const MEMBERS: &str = "/api/v1/projects/default/members";
const SECOND: u64 = NOW / 1_000;

/// The claims of a token of the issuer, with those of `more`
fn claims(more: Value) -> Value {
    let mut claims = json!({
        "iss": "https://issuer.example",
        "aud": "flagstaff",
        "sub": "u-1",
        "exp": SECOND + 3_600,
    });
    let Value::Object(more) = more else {
        panic!("claims are an object, this is {more}");
    };
    claims.as_object_mut().unwrap().extend(more);
    claims
}

/// A server that accepts the tokens of an issuer
async fn server(issuer: &TestIssuer) -> Server {
    with(published(issuer)).await
}

fn published(issuer: &TestIssuer) -> Issuer {
    let (name, audience) = ("https://issuer.example".to_owned(), "flagstaff".to_owned());
    Issuer::with_published_keys(name, audience, &issuer.address()).unwrap()
}

async fn with(issuer: Issuer) -> Server {
    Server::with(RuntimeConfig {
        issuer: Some(issuer.into()),
        rates: Rates::default(),
        ..RuntimeConfig::default()
    })
    .await
}

fn put(server: &Server, token: &str, key: &str) -> Call {
    server.put(&format!("flags/{key}"), on()).token(token)
}

#[tokio::test]
async fn the_role_claim_decides_what_a_person_may_do() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let server = server(&issuer).await;
    let (unauthorized, forbidden) = (401, 403);
    let (ok, created) = (200, 201);
    for (number, (role, read, write, grant)) in [
        (json!("viewer"), ok, forbidden, forbidden),
        (json!("editor"), ok, created, forbidden),
        (json!("admin"), ok, created, ok),
        (
            json!(["billing", "viewer", "editor"]),
            ok,
            created,
            forbidden,
        ),
        (
            json!({"default": "editor", "other": "admin"}),
            ok,
            created,
            forbidden,
        ),
        (json!({"other": "admin"}), forbidden, forbidden, forbidden),
        (json!("server"), forbidden, forbidden, forbidden),
        (json!("root"), forbidden, forbidden, forbidden),
        (json!(7), forbidden, forbidden, forbidden),
        (json!(null), forbidden, forbidden, forbidden),
    ]
    .into_iter()
    .enumerate()
    {
        let token = key.sign(&claims(json!({"flagstaff_role": role})));
        server.get("flags").token(&token).await.expect(read);
        let written = put(&server, &token, &format!("flag{number}")).await;
        assert_eq!(written.status, write, "{role}");
        server.get(MEMBERS).token(&token).await.expect(grant);
        let evaluate = "/ofrep/v1/evaluate/flags";
        let evaluated = server.post(evaluate, json!({})).token(&token).await;
        assert_eq!(evaluated.status, forbidden, "{role}");
    }
    let nobody = key.sign(&claims(json!({})));
    let answer = server.get("flags").token(&nobody).await;
    assert_eq!(answer["detail"], "you have no role in any project");
    server
        .get("flags")
        .token("fs_admin_x")
        .await
        .expect(unauthorized);
}

#[tokio::test]
async fn people_without_a_role_are_limited_by_address() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let server = Server::with(RuntimeConfig {
        issuer: Some(published(&issuer).into()),
        rates: Rates {
            failures: 1,
            ..Rates::default()
        },
        ..RuntimeConfig::default()
    })
    .await;
    let nobody = key.sign(&claims(json!({})));
    let ask = || server.get("flags").token(&nobody).from("192.0.2.1");
    for _ in 0..10 {
        ask().await.expect(403);
    }
    ask().await.expect(429);
}

#[tokio::test]
async fn the_role_claim_may_be_at_any_pointer() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    for (path, more) in [
        (
            "/flagstaff/projects",
            json!({"flagstaff": {"projects": {"default": "viewer"}}}),
        ),
        (
            "https://example.com/role",
            json!({"https://example.com/role": "viewer"}),
        ),
        (
            "/realm_access/roles",
            json!({"realm_access": {"roles": ["x", "viewer"]}}),
        ),
        ("/a~1b", json!({"a/b": "viewer"})),
    ] {
        let server = with(published(&issuer).with_role_claim(path.to_owned())).await;
        let token = key.sign(&claims(more));
        server.get("flags").token(&token).await.expect(200);
        let elsewhere = key.sign(&claims(json!({"flagstaff_role": "admin"})));
        server.get("flags").token(&elsewhere).await.expect(403);
    }
}

#[tokio::test]
async fn a_role_in_all_projects_holds_in_projects_created_later() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let server = server(&issuer).await;
    let shop = json!({"name": "shop"});
    let here = key.sign(&claims(json!({"flagstaff_role": {"default": "admin"}})));
    server
        .post("/api/v1/projects", &shop)
        .token(&here)
        .await
        .expect(403);
    let everywhere = key.sign(&claims(json!({"flagstaff_role": "admin"})));
    server
        .post("/api/v1/projects", &shop)
        .token(&everywhere)
        .await
        .expect(201);
    let path = "/api/v1/projects/shop/members";
    server.get(path).token(&everywhere).await.expect(200);
    server.get(path).token(&here).await.expect(404);
    let all = json!({"role": "admin", "name": "root", "allProjects": true});
    let tokens = "/api/v1/projects/default/tokens";
    server.post(tokens, &all).token(&here).await.expect(403);
    server
        .post(tokens, &all)
        .token(&everywhere)
        .await
        .expect(201);
}

#[tokio::test]
async fn a_person_with_a_lesser_role_in_one_project_is_no_admin_of_all_projects() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let server = server(&issuer).await;
    let tokens = "/api/v1/projects/default/tokens";
    let all = json!({"role": "admin", "name": "all", "allProjects": true});
    let root = server.root().await;
    let shop = json!({"name": "shop"});
    root.post("/api/v1/projects", &shop).await.expect(201);
    let other = root.post(tokens, &all).await;
    let other = other.header("location").to_owned();
    // `u-1` is a viewer in the project `shop`, and admin in all others.
    let members = "/api/v1/projects/shop/members";
    let viewer = json!({"subject": "u-1", "role": "viewer"});
    let member = root.post(members, &viewer).await;
    let member = member.header("location").to_owned();

    let token = key.sign(&claims(json!({"flagstaff_role": "admin"})));
    let somebody = server.with_token(&token);
    somebody.get(tokens).await.expect(200);
    let rotate = format!("{other}/rotate");
    let more = json!({"name": "more"});
    for (method, path, body) in [
        (Method::POST, tokens, &all),
        (Method::POST, &rotate, &Value::Null),
        (Method::DELETE, &other, &Value::Null),
        (Method::POST, "/api/v1/projects", &more),
    ] {
        let refused = somebody.request(method, path).body(body).await.expect(403);
        let detail = refused["detail"].to_string();
        assert!(detail.contains("admin in every project"), "{detail}");
    }
    let named = json!({"flagstaff_role": {"default": "admin", "shop": "admin"}});
    let named = key.sign(&claims(named));
    server.post(tokens, &all).token(&named).await.expect(403);

    let admin = json!({"role": "admin"});
    root.patch(&member, &admin).await.expect(200);
    somebody.post(tokens, &all).await.expect(201);
    somebody.post("/api/v1/projects", &more).await.expect(201);
}

#[tokio::test]
async fn members_have_the_role_that_the_project_gives_them() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let server = server(&issuer).await;
    let ann = json!({"email": "Ann@Example.com", "role": "editor"});
    let added = server
        .post(&format!("{MEMBERS}?reason=new"), &ann)
        .await
        .expect(201);
    let added_json = added.json();
    assert_eq!(added_json["email"], "ann@example.com");
    assert_eq!(added_json["createdAt"], "2026-01-01T00:00:00.000Z");
    let path = added.header("location").to_owned();
    assert_eq!(server.get(&path).await.json(), added_json);

    let token = |more: Value| {
        let mut more = more;
        more["sub"] = json!("u-7");
        key.sign(&claims(more))
    };
    let email =
        |verified: Value| token(json!({"email": "ANN@example.com", "email_verified": verified}));
    let ann = email(json!(true));
    put(&server, &ann, "a").await.expect(201);
    for verified in [json!(false), json!("true"), json!(null)] {
        // An email that is not verified proves nothing.
        server
            .get("flags")
            .token(&email(verified))
            .await
            .expect(403);
    }
    let audit = server.audit("").await;
    assert_eq!(audit[0]["actor"], "ann@example.com");
    let entry = &audit[1];
    assert_eq!(entry["kind"], "member");
    assert_eq!(entry["action"], "create");
    assert_eq!(entry["key"], added_json["id"]);
    assert_eq!(entry["reason"], "new");
    assert_eq!(
        entry["changes"][0]["after"],
        json!({"email": "ann@example.com", "role": "editor"})
    );

    // The role of the member takes precedence over the claim, even if it is lesser.
    let viewer = json!({"role": "viewer"});
    let changed = server.patch(&path, &viewer).await;
    assert_eq!(changed["role"], "viewer");
    let claimed = token(json!({
        "email": "ann@example.com", "email_verified": true, "flagstaff_role": "admin",
    }));
    put(&server, &claimed, "b").await.expect(403);
    // A member by subject takes precedence over a member by email.
    let subject = json!({"subject": "u-7", "role": "admin"});
    let added = server.post(MEMBERS, &subject).await;
    assert_eq!(added["subject"], "u-7");
    server.get(MEMBERS).token(&ann).await.expect(200);
    let own = added.header("location").to_owned();
    server.delete(&own).token(&ann).await.expect(204);
    server.get(MEMBERS).token(&ann).await.expect(403);
    server.delete(&path).await;
    server.get("flags").token(&ann).await.expect(403);
    assert_eq!(server.get(MEMBERS).await["total"], 0);
    server.get(&path).await.expect(404);
}

#[tokio::test]
async fn members_are_listed_in_pages() {
    let server = Server::new().await;
    for number in 0..5 {
        let somebody = json!({"subject": format!("u-{number}"), "role": "viewer"});
        server.post(MEMBERS, &somebody).await.expect(201);
    }
    let pages = server.pages(&format!("{MEMBERS}?limit=2")).await;
    assert!(pages.iter().all(|page| page["total"] == 5));
    let subjects = pages.iter().flat_map(|page| page.column("subject"));
    let mut names: Vec<_> = subjects.collect();
    names.sort_unstable();
    assert_eq!(names, ["u-0", "u-1", "u-2", "u-3", "u-4"]);
    server
        .get(&format!("{MEMBERS}?cursor=none"))
        .await
        .expect_errors(["?cursor"]);
}

#[tokio::test]
async fn errors_of_a_member_are_reported() {
    let server = Server::new().await;
    let long = "a".repeat(321);
    for (body, pointers, message) in [
        (json!([]), &[""][..], "expected an object"),
        (
            json!({"role": "viewer"}),
            &[""],
            "expected either `email` or `subject`",
        ),
        (
            json!({"email": "a@b", "subject": "c", "role": "viewer"}),
            &[""],
            "expected either `email` or `subject`",
        ),
        (
            json!({"email": "ann", "role": "viewer"}),
            &["/email"],
            "expected an address of at most 320 characters, got \"ann\"",
        ),
        (
            json!({"subject": long, "role": "server", "more": 1}),
            &["/subject", "/role", "/more"],
            &format!(
                "expected the `sub` of their tokens, 1 to 320 characters, got \"{}\"",
                flagstaff_core::excerpt(&long)
            ),
        ),
        (
            json!({"subject": "a\u{7}", "role": null}),
            &["/subject", "/role"],
            "expected the `sub` of their tokens, 1 to 320 characters, got \"a\\u0007\"",
        ),
    ] {
        let refused = server.post(MEMBERS, &body).await.expect(422);
        assert_eq!(refused.pointers(), pointers, "{}", refused.text);
        assert_eq!(refused["errors"][0]["message"], message);
    }
    let ann = json!({"subject": "ann", "role": "viewer"});
    let path = server.post(MEMBERS, &ann).await;
    let path = path.header("location").to_owned();
    let twice = server.post(MEMBERS, &ann).await.expect(409);
    assert_eq!(twice["detail"], "member `ann` already exists");
    let role = server.patch(&path, json!({"role": "owner"})).await;
    assert_eq!(
        role["errors"][0]["message"],
        "expected one of `viewer`, `editor`, `admin`, got \"owner\""
    );
    let missing = server.delete(&format!("{MEMBERS}/none")).await;
    assert_eq!(missing["detail"], "member `none` does not exist");
}

#[tokio::test]
async fn an_admin_token_remains_when_all_members_are_removed() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let server = server(&issuer).await;
    let own = json!({"subject": "u-1", "role": "admin"});
    let own = server.post(MEMBERS, &own).await;
    let token = key.sign(&claims(json!({})));
    // The last admin token cannot be revoked, even if members are admins...
    let tokens = server.get("/api/v1/projects/default/tokens").await;
    let tokens = tokens.items();
    let admin = tokens
        .iter()
        .find(|token| token["role"] == "admin")
        .unwrap();
    let path = format!(
        "/api/v1/projects/default/tokens/{}",
        admin["id"].as_str().unwrap()
    );
    server.delete(&path).token(&token).await.expect(409);
    // ...so a member may be removed.
    server.delete(own.header("location")).await.expect(204);
    server.get(MEMBERS).await.expect(200);
}
