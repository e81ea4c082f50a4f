//! What the provider tells of people who have signed out there; a real one does so in admin/e2e/sign-in.test.mjs

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use flagstaff_server::Clock;

use super::*;
use crate::support::{Database, state};

const LOGOUT: &str = "/api/v1/sign-in/oidc/logout";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

impl TestProvider {
    /// The claims of a logout token; a claim that is null in `changes` is missing
    fn logout(&self, changes: &Value) -> Value {
        let mut claims = json!({
            "iss": self.name, "aud": "flags", "iat": SECOND, "exp": SECOND + 120, "jti": "t-1", "sub": "ann",
            "events": {EVENT: {}},
        });
        for (name, claim) in changes.as_object().unwrap() {
            if claim.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = claim.clone();
            }
        }
        claims
    }

    /// The cookie of Ann, who signs in with these claims
    async fn signed_in(&self, server: &Server, claims: &Value) -> String {
        let attempt = Attempt::begin(server).await;
        self.answer(&self.claims(&attempt, claims));
        session(&attempt.finish(server).await)
    }
}

fn send(server: &impl Requests, token: &str) -> Call {
    let form = server.post(LOGOUT, format!("logout_token={token}"));
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    form.anonymous()
}

async fn is_live(server: &impl Requests, cookie: &str) -> bool {
    with(server.get(ME), cookie).await.status == 200
}

#[tokio::test]
async fn a_logout_at_the_provider_ends_the_session_that_it_names_or_all_of_the_person() {
    let provider = TestProvider::start().await;
    let server = provider.server().await;
    let one = provider.signed_in(&server, &json!({"sid": "s-1"})).await;
    let two = provider.signed_in(&server, &json!({"sid": "s-2"})).await;
    let three = provider.signed_in(&server, &json!({"sid": "s-3"})).await;
    let bob = json!({"sub": "bob", "email": "bob@example.com", "sid": "s-4"});
    let bob = provider.signed_in(&server, &bob).await;
    let logout = async |changes: Value| {
        let token = provider.key.sign(&provider.logout(&changes));
        send(&server, &token).await.expect(200)
    };
    // Without the person, with it, and for another audience too.
    let answer = logout(json!({"sub": null, "sid": "s-1"})).await;
    assert_eq!(answer["ended"], 1);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!is_live(&server, &one).await && is_live(&server, &two).await);
    let answer = logout(json!({"jti": "t-2", "sid": "s-2", "aud": ["other", "flags"]})).await;
    assert_eq!(answer["ended"], 1);
    assert!(!is_live(&server, &two).await && is_live(&server, &three).await);
    let row = &server.audit("?kind=session").await[0];
    assert_eq!(row["actor"], "identity provider");
    assert_eq!(row["changes"][0]["before"]["name"], "ann@example.com");
    // Providers of the drafts send no `exp`.
    let answer = logout(json!({"jti": "t-3", "exp": null})).await;
    assert_eq!(answer["ended"], 1);
    assert!(!is_live(&server, &three).await && is_live(&server, &bob).await);
    assert_eq!(logout(json!({"jti": "t-4"})).await["ended"], 0);
    // A session of which the provider said no id ends with any of the person.
    let unnamed = provider.signed_in(&server, &json!({})).await;
    let answer = logout(json!({"jti": "t-5", "sid": "s-9"})).await;
    assert_eq!(answer["ended"], 1);
    assert!(!is_live(&server, &unnamed).await && is_live(&server, &bob).await);
}

#[tokio::test]
async fn a_logout_token_that_is_not_as_specified_ends_nothing() {
    let provider = TestProvider::start().await;
    let server = provider.server().await;
    let cookie = provider.signed_in(&server, &json!({"sid": "s-1"})).await;
    let refused = async |token: &str, why: &str| {
        let answer = send(&server, token).await;
        answer.expect_problem(400, "malformed").expect_detail(why);
        assert!(is_live(&server, &cookie).await, "{why}");
    };
    let age = "it was issued more than 5 minutes ago, or in the future";
    for (changes, why) in [
        (
            json!({"iss": "https://other.example"}),
            "it is of another issuer",
        ),
        (json!({"iss": null}), "it is of another issuer"),
        (json!({"aud": "other"}), "it is for another audience"),
        (json!({"aud": null}), "it is for another audience"),
        (json!({"exp": SECOND - 60}), "it has expired"),
        (json!({"iat": SECOND - 361}), age),
        (json!({"iat": SECOND + 61}), age),
        (json!({"iat": null}), "it cannot be read"),
        (json!({"jti": null}), "it cannot be read"),
        (json!({"jti": ""}), "it cannot be read"),
        (json!({"jti": "t\u{0}"}), "it cannot be read"),
        (json!({"sub": 7}), "it cannot be read"),
        (json!({"sub": "a".repeat(321)}), "it cannot be read"),
        (
            json!({"sub": null}),
            "it names neither a person nor a session",
        ),
        (json!({"events": null}), "it does not tell of a logout"),
        (json!({"events": {}}), "it does not tell of a logout"),
        (json!({"events": [EVENT]}), "it does not tell of a logout"),
        (
            json!({"events": {EVENT: true}}),
            "it does not tell of a logout",
        ),
        (
            json!({"nonce": "n"}),
            "it has a nonce, as only ID tokens have",
        ),
    ] {
        let token = provider.key.sign(&provider.logout(&changes));
        refused(&token, &format!("the logout token is not accepted: {why}")).await;
    }
    let claims = provider.logout(&json!({}));
    let signed = provider.key.sign(&claims);
    let (message, _) = signed.rsplit_once('.').unwrap();
    let unsigned = format!(
        "{}.{}.",
        base64(r#"{"alg":"none"}"#),
        base64(claims.to_string())
    );
    let secret = Signer::secret("a", "flags").sign(&claims);
    let id_token = claims_of_id_token(&provider);
    for (token, why) in [
        (Signer::ecdsa("a").sign(&claims), "its signature is wrong"),
        (
            Signer::ecdsa("b").sign(&claims),
            "it names no key of the issuer",
        ),
        (secret, "its algorithm is not the key's"),
        (unsigned, "it cannot be read"),
        (message.to_owned(), "it cannot be read"),
        ("a".repeat(17 << 10), "it cannot be read"),
        (provider.key.sign(&id_token), "it does not tell of a logout"),
    ] {
        refused(&token, &format!("the logout token is not accepted: {why}")).await;
    }
    for form in ["", "token=a", "logout_token=a&logout_token=b", "{}"] {
        let answer = server.post(LOGOUT, form).anonymous().await.expect(400);
        answer.expect_detail("expected one `logout_token` in a form");
    }
    let large = server.post(LOGOUT, "a".repeat(33 << 10)).anonymous();
    large.await.expect(413);
    assert_eq!(server.audit("?kind=session").await.len(), 0);
    // The same token as it should be.
    assert_eq!(send(&server, &signed).await.expect(200)["ended"], 1);
}

/// The claims of an ID token of now, without the nonce
fn claims_of_id_token(provider: &TestProvider) -> Value {
    json!({"iss": provider.name, "aud": "flags", "sub": "ann", "iat": SECOND, "exp": SECOND + 60, "jti": "t-1"})
}

#[tokio::test]
async fn a_logout_token_is_used_once_at_all_nodes() {
    let provider = TestProvider::start().await;
    for database in Database::both().await {
        let clock = Arc::new(AtomicU64::new(NOW));
        let node = async || {
            let config = provider.config_with(|_| {});
            state(&database, config, Clock::Manual(Arc::clone(&clock))).await
        };
        let (one, other) = (node().await, node().await);
        let token = provider.key.sign(&provider.logout(&json!({})));
        assert_eq!(send(&one, &token).await.expect(200)["ended"], 0);
        for node in [&one, &other] {
            let again = send(node, &token).await;
            let again = again.expect_problem(400, "malformed");
            again.expect_detail("the logout token was used before");
        }
        // Its id is forgotten when the token is too old anyway.
        clock.fetch_add(7 * MINUTE, std::sync::atomic::Ordering::Relaxed);
        let old = send(&one, &token).await.expect(400);
        assert!(old.problem().contains("malformed"));
        let fresh = json!({"iat": SECOND + 420, "exp": SECOND + 540});
        let fresh = provider.key.sign(&provider.logout(&fresh));
        send(&other, &fresh).await.expect(200);
    }
}

#[tokio::test]
async fn logout_tokens_that_are_refused_are_limited_by_address() {
    let provider = TestProvider::start().await;
    let config = RuntimeConfig {
        rates: Rates {
            failures: 1,
            ..Rates::default()
        },
        ..provider.config_with(|_| {})
    };
    let server = Server::with(config).await;
    let forged = Signer::ecdsa("a").sign(&provider.logout(&json!({})));
    for _ in 0..10 {
        send(&server, &forged).from("192.0.2.1").await.expect(400);
    }
    let refused = send(&server, &forged).from("192.0.2.1").await;
    refused.expect_problem(429, "rate-limited");
}

#[tokio::test]
async fn without_a_provider_nobody_can_send_one() {
    let server = Server::new().await;
    send(&server, "a.b.c")
        .await
        .expect_problem(404, "not-found");
}
