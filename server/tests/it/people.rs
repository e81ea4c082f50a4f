//! People who come with a JWT: whose tokens are taken, what their roles let them do, and members

use axum::http::{Method, StatusCode};
use flagstaff_server::identity::Issuer;
use flagstaff_server::{Limits, Rates};
use serde_json::{Value, json};

use crate::people::issuer::{Signer, TestIssuer};
use crate::support::{Answer, FLAGS, NOW, Server};

mod issuer;
mod options;
mod tokens;

const MEMBERS: &str = "/api/v1/projects/default/members";
const SECOND: u64 = NOW / 1_000;

/// What a token of the issuer says, but for the members of `more`
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

/// A server that takes the tokens of an issuer
async fn server(issuer: &TestIssuer) -> Server {
    with(published(issuer)).await
}

fn published(issuer: &TestIssuer) -> Issuer {
    let (name, audience) = ("https://issuer.example".to_owned(), "flagstaff".to_owned());
    Issuer::with_published_keys(name, audience, &issuer.address()).unwrap()
}

async fn with(issuer: Issuer) -> Server {
    Server::with(Limits {
        issuer: Some(issuer.into()),
        rates: Rates::default(),
        ..Limits::default()
    })
    .await
}

async fn put(server: &Server, token: &str, key: &str) -> Answer {
    let path = format!("{FLAGS}/{key}");
    let flag = json!({"enabled": true});
    server
        .with_token(token)
        .call(Method::PUT, &path, &flag)
        .await
}

async fn status(server: &Server, token: &str, path: &str) -> StatusCode {
    server.with_token(token).get(path).await.status
}

#[tokio::test]
async fn a_claim_says_what_somebody_may_do() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let server = server(&issuer).await;
    let (unauthorized, forbidden) = (StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN);
    let (ok, created) = (StatusCode::OK, StatusCode::CREATED);
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
        assert_eq!(status(&server, &token, FLAGS).await, read, "{role}");
        let written = put(&server, &token, &format!("flag{number}")).await;
        assert_eq!(written.status, write, "{role}");
        assert_eq!(status(&server, &token, MEMBERS).await, grant, "{role}");
        let evaluate = "/ofrep/v1/evaluate/flags";
        let evaluated = server.with_token(&token).post(evaluate, &json!({})).await;
        assert_eq!(evaluated.status, forbidden, "{role}");
    }
    let nobody = key.sign(&claims(json!({})));
    let answer = server.with_token(&nobody).get(FLAGS).await;
    assert_eq!(answer.json()["detail"], "you have no role in any project");
    assert_eq!(status(&server, "fs_admin_x", FLAGS).await, unauthorized);
}

#[tokio::test]
async fn the_claim_may_be_anywhere() {
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
        assert_eq!(
            status(&server, &token, FLAGS).await,
            StatusCode::OK,
            "{path}"
        );
        let elsewhere = key.sign(&claims(json!({"flagstaff_role": "admin"})));
        assert_eq!(
            status(&server, &elsewhere, FLAGS).await,
            StatusCode::FORBIDDEN
        );
    }
}

#[tokio::test]
async fn a_role_in_all_projects_is_one_in_those_to_come() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let server = server(&issuer).await;
    let shop = json!({"name": "shop"});
    let here = key.sign(&claims(json!({"flagstaff_role": {"default": "admin"}})));
    let made = server
        .with_token(&here)
        .post("/api/v1/projects", &shop)
        .await;
    assert_eq!(made.status, StatusCode::FORBIDDEN);
    let everywhere = key.sign(&claims(json!({"flagstaff_role": "admin"})));
    let made = server
        .with_token(&everywhere)
        .post("/api/v1/projects", &shop)
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let path = "/api/v1/projects/shop/members";
    assert_eq!(status(&server, &everywhere, path).await, StatusCode::OK);
    assert_eq!(status(&server, &here, path).await, StatusCode::NOT_FOUND);
    let all = json!({"role": "admin", "name": "root", "allProjects": true});
    let tokens = "/api/v1/projects/default/tokens";
    let made = server.with_token(&here).post(tokens, &all).await;
    assert_eq!(made.status, StatusCode::FORBIDDEN);
    let made = server.with_token(&everywhere).post(tokens, &all).await;
    assert_eq!(made.status, StatusCode::CREATED);
}

#[tokio::test]
async fn who_is_less_in_one_project_does_nothing_for_all_of_them() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let server = server(&issuer).await;
    let tokens = "/api/v1/projects/default/tokens";
    let all = json!({"role": "admin", "name": "all", "allProjects": true});
    let root = server.root().await;
    let shop = json!({"name": "shop"});
    assert_eq!(root.post("/api/v1/projects", &shop).await.status, 201);
    let other = root.post(tokens, &all).await;
    let other = other.header("location").to_owned();
    // The project `shop` is closed to `u-1`, who is admin in all others.
    let members = "/api/v1/projects/shop/members";
    let viewer = json!({"subject": "u-1", "role": "viewer"});
    let member = root.post(members, &viewer).await;
    let member = member.header("location").to_owned();

    let token = key.sign(&claims(json!({"flagstaff_role": "admin"})));
    let somebody = server.with_token(&token);
    assert_eq!(somebody.get(tokens).await.status, StatusCode::OK);
    let rotate = format!("{other}/rotate");
    let more = json!({"name": "more"});
    for (method, path, body) in [
        (Method::POST, tokens, &all),
        (Method::POST, &rotate, &Value::Null),
        (Method::DELETE, &other, &Value::Null),
        (Method::POST, "/api/v1/projects", &more),
    ] {
        let refused = somebody.call(method, path, body).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        let detail = refused.json()["detail"].to_string();
        assert!(detail.contains("admin in every project"), "{detail}");
    }
    let named = json!({"flagstaff_role": {"default": "admin", "shop": "admin"}});
    let named = key.sign(&claims(named));
    let refused = server.with_token(&named).post(tokens, &all).await;
    assert_eq!(
        refused.status,
        StatusCode::FORBIDDEN,
        "not in those to come"
    );

    let admin = json!({"role": "admin"});
    assert_eq!(root.call(Method::PATCH, &member, &admin).await.status, 200);
    assert_eq!(somebody.post(tokens, &all).await.status, 201);
    assert_eq!(somebody.post("/api/v1/projects", &more).await.status, 201);
}

#[tokio::test]
async fn members_have_the_role_that_the_project_gives_them() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let server = server(&issuer).await;
    let ann = json!({"email": "Ann@Example.com", "role": "editor"});
    let added = server
        .admin(Method::POST, &format!("{MEMBERS}?reason=new"), &ann)
        .await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text);
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
    assert_eq!(put(&server, &ann, "a").await.status, StatusCode::CREATED);
    for said in [json!(false), json!("true"), json!(null)] {
        // Anybody could have written it.
        assert_eq!(
            status(&server, &email(said), FLAGS).await,
            StatusCode::FORBIDDEN
        );
    }
    let audit = server.get("/api/v1/projects/default/audit").await.json();
    assert_eq!(audit["items"][0]["actor"], "ann@example.com");
    let entry = &audit["items"][1];
    assert_eq!(
        (&entry["kind"], &entry["action"]),
        (&json!("member"), &json!("create"))
    );
    assert_eq!(
        (&entry["key"], &entry["reason"]),
        (&added_json["id"], &json!("new"))
    );
    assert_eq!(
        entry["changes"][0]["after"],
        json!({"email": "ann@example.com", "role": "editor"})
    );

    // What the project says goes before what the token claims, also where it is less.
    let viewer = json!({"role": "viewer"});
    let changed = server.admin(Method::PATCH, &path, &viewer).await;
    assert_eq!(changed.json()["role"], "viewer");
    let claimed = token(json!({
        "email": "ann@example.com", "email_verified": true, "flagstaff_role": "admin",
    }));
    assert_eq!(
        put(&server, &claimed, "b").await.status,
        StatusCode::FORBIDDEN
    );
    // And what is said of the issuer's own name before what is said of an address.
    let subject = json!({"subject": "u-7", "role": "admin"});
    let added = server.admin(Method::POST, MEMBERS, &subject).await;
    assert_eq!(added.json()["subject"], "u-7");
    assert_eq!(status(&server, &ann, MEMBERS).await, StatusCode::OK);
    let own = added.header("location").to_owned();
    let removed = server
        .with_token(&ann)
        .call(Method::DELETE, &own, &Value::Null)
        .await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    assert_eq!(status(&server, &ann, MEMBERS).await, StatusCode::FORBIDDEN);
    server.admin(Method::DELETE, &path, &Value::Null).await;
    assert_eq!(status(&server, &ann, FLAGS).await, StatusCode::FORBIDDEN);
    assert_eq!(server.get(MEMBERS).await.json()["total"], 0);
    assert_eq!(server.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn members_are_listed_page_by_page() {
    let server = Server::new().await;
    for number in 0..5 {
        let somebody = json!({"subject": format!("u-{number}"), "role": "viewer"});
        let added = server.admin(Method::POST, MEMBERS, &somebody).await;
        assert_eq!(added.status, StatusCode::CREATED);
    }
    let mut path = format!("{MEMBERS}?limit=2");
    let mut seen = Vec::new();
    loop {
        let page = server.get(&path).await.json();
        assert_eq!(page["total"], 5);
        seen.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("{MEMBERS}?limit=2&cursor={next}");
    }
    let mut names: Vec<_> = seen
        .iter()
        .map(|item| item["subject"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["u-0", "u-1", "u-2", "u-3", "u-4"]);
    let wrong = server.get(&format!("{MEMBERS}?cursor=none")).await;
    assert_eq!(wrong.pointers(), ["?cursor"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_member_is_said() {
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
        let refused = server.admin(Method::POST, MEMBERS, &body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.pointers(), pointers, "{}", refused.text);
        assert_eq!(refused.json()["errors"][0]["message"], message);
    }
    let ann = json!({"subject": "ann", "role": "viewer"});
    let path = server.admin(Method::POST, MEMBERS, &ann).await;
    let path = path.header("location").to_owned();
    let twice = server.admin(Method::POST, MEMBERS, &ann).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    assert_eq!(twice.json()["detail"], "there is a member `ann` already");
    let role = server
        .admin(Method::PATCH, &path, &json!({"role": "owner"}))
        .await;
    assert_eq!(
        role.json()["errors"][0]["message"],
        "expected one of `viewer`, `editor`, `admin`, got \"owner\""
    );
    let missing = server
        .admin(Method::DELETE, &format!("{MEMBERS}/none"), &Value::Null)
        .await;
    assert_eq!(missing.json()["detail"], "member `none` does not exist");
}

#[tokio::test]
async fn somebody_with_an_admin_token_is_left_when_all_members_are_gone() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let server = server(&issuer).await;
    let own = json!({"subject": "u-1", "role": "admin"});
    let own = server.admin(Method::POST, MEMBERS, &own).await;
    let token = key.sign(&claims(json!({})));
    // Not the token, which is the last one, also where there are members who are admins...
    let tokens = server.get("/api/v1/projects/default/tokens").await.json();
    let tokens = tokens["items"].as_array().unwrap();
    let admin = tokens
        .iter()
        .find(|token| token["role"] == "admin")
        .unwrap();
    let path = format!(
        "/api/v1/projects/default/tokens/{}",
        admin["id"].as_str().unwrap()
    );
    let refused = server
        .with_token(&token)
        .call(Method::DELETE, &path, &Value::Null)
        .await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    // ...so a member may go.
    let gone = server
        .admin(Method::DELETE, own.header("location"), &Value::Null)
        .await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(server.get(MEMBERS).await.status, StatusCode::OK);
}
