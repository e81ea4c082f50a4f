//! The identity provider; what a well-behaved one does is tested with a real one, in admin/e2e/sign-in.test.mjs

use std::collections::BTreeMap;

use axum::http::StatusCode;
use flagstaff_server::identity::RoleMapping;
use ring::digest::{SHA256, digest};
use serde_json::Value;
use tokio::net::TcpListener;

use super::*;
use crate::support::{Signer, base64};
use loopback::{Attempt, TestProvider};

mod logout;
mod loopback;

const BEGIN: &str = "/api/v1/sign-in/oidc";
const CALLBACK: &str = "/api/v1/sign-in/oidc/callback";
const HOME: &str = "https://flags.example";
const SECOND: u64 = NOW / 1_000;

#[tokio::test]
async fn a_person_who_signs_in_with_the_provider_has_a_session() {
    let provider = TestProvider::start().await;
    let server = provider.server().await;
    let methods = server.get("/api/v1/sign-in").anonymous().await.expect(200);
    let expected = json!({"label": "Example", "url": format!("{HOME}{BEGIN}")});
    assert_eq!(methods["provider"], expected);

    let attempt = Attempt::begin(&server).await;
    assert!(
        attempt
            .address
            .as_str()
            .starts_with(&format!("{}/auth?tenant=1&", provider.name))
    );
    for (name, expected) in [
        ("response_type", "code"),
        ("client_id", "flags"),
        (
            "redirect_uri",
            "https://flags.example/api/v1/sign-in/oidc/callback",
        ),
        ("scope", "openid email"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(attempt.parameter(name), expected);
    }
    provider.answer(&provider.claims(&attempt, &json!({})));
    let begun = attempt.finish(&server).await;
    assert_eq!(begun.header("location"), "/#signed-in");
    assert_eq!(begun.header("cache-control"), "no-store");
    let form = provider.exchanged.lock().unwrap()[0].clone();
    assert_eq!(
        (&*form["code"], &*form["grant_type"]),
        ("c-1", "authorization_code")
    );
    let verifier = base64(digest(&SHA256, form["code_verifier"].as_bytes()));
    assert_eq!(verifier, attempt.parameter("code_challenge"));

    let (cookie, attributes) = cookies(&begun)[1].clone();
    assert!(cookie.starts_with("__Host-flagstaff_session="));
    assert_eq!(
        attributes,
        "Path=/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure"
    );
    let me = with(server.get(ME), &cookie).await.expect(200);
    assert_eq!(
        (&me["name"], &me["credential"]),
        (&json!("ann@example.com"), &json!("person"))
    );
    assert_eq!(
        me["projects"],
        json!([{"project": "default", "role": "editor"}])
    );
    with(server.put("flags/a", on()), &cookie).await.expect(201);
    assert_eq!(server.audit("").await[0]["actor"], "ann@example.com");
    let new = json!({"project": "default", "role": "editor", "name": "laptop"});
    with(server.post("/api/v1/me/tokens", new), &cookie)
        .await
        .expect(201);
    // Under the other name any page of the same host could have set it.
    let plain = cookie.replace("__Host-", "");
    with(server.get(ME), &plain).await.expect(401);

    // A member's role goes before that of the claim, at once.
    let member = json!({"subject": "ann", "role": "viewer"});
    server
        .post("/api/v1/projects/default/members", member)
        .await
        .expect(201);
    with(server.put("flags/b", on()), &cookie).await.expect(403);
}

#[tokio::test]
async fn each_failure_has_a_code_and_begins_no_session() {
    let provider = TestProvider::start().await;
    let server = provider.server().await;
    let expect = |answer: &Answer, code: &str| {
        assert_eq!(answer.header("location"), format!("/#sign-in-error={code}"));
        assert_eq!(cookies(answer).len(), 1, "{code}");
    };
    for (claims, code) in [
        (json!({"nonce": "other"}), "token"),
        (json!({"nonce": null}), "token"),
        (json!({"exp": SECOND - 61}), "token"),
        (json!({"iss": "https://other.example"}), "token"),
        (json!({"aud": "other"}), "audience"),
        (json!({"azp": "other"}), "audience"),
        (
            json!({"aud": ["flags", "other"], "azp": "other"}),
            "audience",
        ),
        (json!({"flagstaff_role": "guest"}), "no-role"),
        (json!({"flagstaff_role": {"other": "admin"}}), "no-role"),
    ] {
        let attempt = Attempt::begin(&server).await;
        provider.answer(&provider.claims(&attempt, &claims));
        expect(&attempt.finish(&server).await, code);
    }
    // Signed by somebody else.
    let attempt = Attempt::begin(&server).await;
    let forged = Signer::ecdsa("a").sign(&provider.claims(&attempt, &json!({})));
    let body = json!({"access_token": "at", "token_type": "Bearer", "id_token": forged});
    provider.says.lock().unwrap().token = (StatusCode::OK, body);
    expect(&attempt.finish(&server).await, "token");
    for (status, body, code) in [
        (
            StatusCode::BAD_REQUEST,
            json!({"error": "invalid_grant"}),
            "code",
        ),
        (
            StatusCode::UNAUTHORIZED,
            json!({"error": "invalid_client"}),
            "provider-configuration",
        ),
        (
            StatusCode::OK,
            json!({"access_token": "at", "token_type": "Bearer"}),
            "token",
        ),
        (StatusCode::OK, json!([]), "provider-configuration"),
    ] {
        let attempt = Attempt::begin(&server).await;
        provider.says.lock().unwrap().token = (status, body);
        expect(&attempt.finish(&server).await, code);
    }

    let attempt = Attempt::begin(&server).await;
    provider.answer(&provider.claims(&attempt, &json!({})));
    let state = attempt.parameter("state");
    let exchanges = provider.exchanged.lock().unwrap().len();
    let other = Attempt::begin(&server).await;
    for (browser, query, code) in [
        (&attempt, "code=c-1&state=other".to_owned(), "state"),
        (&attempt, "code=c-1".to_owned(), "state"),
        (&attempt, format!("state={state}"), "state"),
        (&other, format!("code=c-1&state={state}"), "state"),
        (
            &attempt,
            format!("code=c-1&state={state}&iss=https://evil.example"),
            "state",
        ),
        (
            &attempt,
            format!("error=access_denied&state={state}"),
            "refused",
        ),
        // Not of this sign-in: it must not be able to end it with a message either.
        (
            &attempt,
            "error=access_denied&state=other".to_owned(),
            "state",
        ),
    ] {
        expect(&browser.back(&server, &query).await, code);
    }
    server.wait(10 * MINUTE);
    expect(&attempt.finish(&server).await, "state");
    assert_eq!(provider.exchanged.lock().unwrap().len(), exchanges);
    assert_eq!(server.state.store().access().await.unwrap().sessions, []);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_or_is_another_one_is_reported() {
    let provider = TestProvider::start().await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let server = provider
        .server_with(|options| options.issuer = address)
        .await;
    let begun = server.get(BEGIN).anonymous().await.expect(303);
    assert_eq!(
        begun.header("location"),
        "/#sign-in-error=provider-unreachable"
    );

    provider.says.lock().unwrap().issuer = Some("https://other.example".to_owned());
    let server = provider.server().await;
    let begun = server.get(BEGIN).anonymous().await.expect(303);
    assert_eq!(
        begun.header("location"),
        "/#sign-in-error=provider-configuration"
    );

    // Without a provider there is nothing to begin.
    let server = Server::new().await;
    server.get(BEGIN).anonymous().await.expect(404);
    server.get(CALLBACK).anonymous().await.expect(404);
    let methods = server.get("/api/v1/sign-in").anonymous().await.expect(200);
    assert_eq!(methods["provider"], json!(null));
}

#[tokio::test]
async fn sign_ins_that_fail_are_limited_by_address() {
    let provider = TestProvider::start().await;
    let mut server = provider.server().await;
    let limits = RuntimeConfig {
        rates: Rates {
            failures: 1,
            ..Rates::default()
        },
        ..server.state.config().clone()
    };
    server = Server::with(limits).await;
    let fail = async || {
        let call = server.get(&format!("{CALLBACK}?code=c&state=s"));
        let answer = call.anonymous().from("192.0.2.1").await.expect(303);
        answer.header("location").to_owned()
    };
    for _ in 0..10 {
        assert_eq!(fail().await, "/#sign-in-error=state");
    }
    assert_eq!(fail().await, "/#sign-in-error=rate-limited");
    let begun = server.get(BEGIN).anonymous().from("192.0.2.1").await;
    assert_eq!(begun.header("location"), "/#sign-in-error=rate-limited");
}

#[tokio::test]
async fn groups_of_the_userinfo_grant_the_roles_that_are_configured_for_them() {
    let provider = TestProvider::start().await;
    let server = provider
        .server_with(|options| {
            options.role_claim = "groups".to_owned();
            options.role_mappings = ["staff=viewer", "shop=editor@default"]
                .map(|mapping| mapping.parse::<RoleMapping>().unwrap())
                .into();
            options.client_secret = Some("secret".to_owned());
        })
        .await;
    let root = server.root().await;
    root.post("/api/v1/projects", json!({"name": "shop"}))
        .await
        .expect(201);
    let sign_in = async |userinfo: Value| {
        let attempt = Attempt::begin(&server).await;
        let mut claims = provider.claims(&attempt, &json!({}));
        for claim in ["email", "email_verified", "flagstaff_role"] {
            claims.as_object_mut().unwrap().remove(claim);
        }
        provider.answer(&claims);
        provider.says.lock().unwrap().userinfo = userinfo;
        attempt.finish(&server).await
    };
    let begun = sign_in(
        json!({"sub": "ann", "groups": ["staff", "shop", "admin"], "email": "a@b.example"}),
    )
    .await;
    let me = with(server.get(ME), &cookies(&begun)[1].0)
        .await
        .expect(200);
    // An address that is not verified names nobody.
    assert_eq!(me["name"], "ann");
    let expected =
        json!([{"project": "default", "role": "editor"}, {"project": "shop", "role": "viewer"}]);
    assert_eq!(me["projects"], expected);
    for (userinfo, code) in [
        (
            json!({"sub": "bob", "groups": ["staff"]}),
            "provider-configuration",
        ),
        (json!({"groups": ["staff"]}), "provider-configuration"),
        (json!(["staff"]), "provider-configuration"),
        (json!({"sub": "ann", "groups": ["admin"]}), "no-role"),
    ] {
        let failed = sign_in(userinfo).await;
        assert_eq!(failed.header("location"), format!("/#sign-in-error={code}"));
    }
}

#[tokio::test]
async fn signing_out_leads_to_the_provider_with_the_id_token_which_only_the_cookie_opens() {
    let provider = TestProvider::start().await;
    let server = provider.server().await;
    let attempt = Attempt::begin(&server).await;
    let claims = provider.claims(&attempt, &json!({}));
    provider.answer(&claims);
    let cookie = cookies(&attempt.finish(&server).await)[1].0.clone();
    let id_token = provider.says.lock().unwrap().token.1["id_token"].clone();
    let id_token = id_token.as_str().unwrap();
    let stored = server.state.store().access().await.unwrap().sessions;
    let sealed = stored[0].id_token.clone().unwrap();
    let start = hex::encode(id_token.split_at(20).0);
    assert!(!sealed.contains(&start) && !sealed.contains(id_token));

    let out = with(server.post(SIGN_OUT, ()), &cookie).await.expect(200);
    let address: reqwest::Url = out["providerUrl"].as_str().unwrap().parse().unwrap();
    assert!(
        address
            .as_str()
            .starts_with(&format!("{}/end?", provider.name))
    );
    let pairs: BTreeMap<_, _> = address.query_pairs().into_owned().collect();
    assert_eq!(pairs["id_token_hint"], id_token);
    assert_eq!(pairs["client_id"], "flags");
    assert_eq!(pairs["post_logout_redirect_uri"], "https://flags.example/");
    with(server.get(ME), &cookie).await.expect(401);
    let again = with(server.post(SIGN_OUT, ()), &cookie).await.expect(200);
    assert_eq!(again["providerUrl"], json!(null));
}
