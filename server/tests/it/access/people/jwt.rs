//! Verification of JWTs, and the keys of the issuer

use flagstaff_server::identity::Issuer;
use flagstaff_server::{Rates, RuntimeConfig};
use serde_json::{Value, json};

use super::{SECOND, claims, published, server, with};

use crate::support::{NOW, PATIENCE, Requests as _, Says, Server, Signer, TestIssuer, base64};

fn viewer() -> Value {
    claims(json!({"flagstaff_role": "viewer"}))
}

/// Why a token is refused
async fn refused(server: &Server, token: &str) -> String {
    let answer = server.get("flags").token(token).await.expect(401);
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    let detail = answer["detail"].as_str().unwrap().to_owned();
    detail
        .trim_start_matches("the JWT is not accepted: ")
        .to_owned()
}

async fn assert_taken(server: &Server, token: &str) {
    server.get("flags").token(token).await.expect(200);
}

#[tokio::test]
async fn jwts_of_all_three_algorithms_are_accepted() {
    let issuer = TestIssuer::start().await;
    let (rsa, ecdsa) = (Signer::rsa("r"), Signer::ecdsa("e"));
    issuer.publish(&[&rsa, &ecdsa]);
    let server = server(&issuer).await;
    for key in [&rsa, &ecdsa] {
        assert_taken(&server, &key.sign(&viewer())).await;
        let several = claims(json!({"aud": ["other", "flagstaff"], "flagstaff_role": "viewer"}));
        assert_taken(&server, &key.sign(&several)).await;
    }
    assert_eq!(issuer.asked(), 1);
    let secret = "0123456789abcdef0123456789abcdef";
    let (name, audience) = ("https://issuer.example".to_owned(), "flagstaff".to_owned());
    let server = with(Issuer::with_secret(name, audience, secret.as_bytes())).await;
    assert_taken(&server, &Signer::secret("any", secret).sign(&viewer())).await;
    let other = Signer::secret("any", "0123456789abcdef0123456789abcdeF");
    assert_eq!(
        refused(&server, &other.sign(&viewer())).await,
        "its signature is wrong"
    );
    assert_eq!(
        refused(&server, &rsa.sign(&viewer())).await,
        "its algorithm is not the key's"
    );
}

#[tokio::test]
async fn a_refused_jwt_is_answered_with_the_reason() {
    let issuer = TestIssuer::start().await;
    let (rsa, ecdsa, stranger) = (Signer::rsa("r"), Signer::ecdsa("e"), Signer::ecdsa("e"));
    issuer.publish(&[&rsa, &ecdsa]);
    let server = server(&issuer).await;
    let without = |name: &str| {
        let mut claims = viewer();
        claims.as_object_mut().unwrap().remove(name);
        ecdsa.sign(&claims)
    };
    let signed = |more: Value| ecdsa.sign(&claims(more));
    let good = ecdsa.sign(&viewer());
    let parts: Vec<_> = good.split('.').collect();
    let [head, payload, signature] = parts[..] else {
        panic!("{good}");
    };
    let with_header = |key: &Signer, header: Value| key.sign_with(&header, &viewer());
    let wrong_key = "it names no key of the issuer";
    let algorithm = "its algorithm is not the key's";
    let (unread, unsigned) = ("it cannot be read", "its signature is wrong");
    let (of_others, for_others) = ("it is of another issuer", "it is for another audience");
    for (token, expected) in [
        (signed(json!({"exp": SECOND - 60})), "it has expired"),
        (signed(json!({"exp": 0})), "it has expired"),
        (signed(json!({"nbf": SECOND + 61})), "it is not valid yet"),
        (signed(json!({"iss": "https://issuer.example/"})), of_others),
        (signed(json!({"aud": "other"})), for_others),
        (signed(json!({"aud": ["other"]})), for_others),
        (without("iss"), of_others),
        (without("aud"), for_others),
        (without("sub"), unread),
        (without("exp"), unread),
        (signed(json!({"exp": "never"})), unread),
        (signed(json!({"nbf": "never"})), unread),
        (signed(json!({"sub": ""})), unread),
        (signed(json!({"sub": 7})), unread),
        (
            signed(json!({"events": {}})),
            "it tells of an event, and signs nobody in",
        ),
        (format!("{head}.{payload}."), unsigned),
        (
            format!(
                "{head}.{}.{signature}",
                base64(claims(json!({"sub": "root"})).to_string())
            ),
            unsigned,
        ),
        (stranger.sign(&viewer()), unsigned),
        (format!("{head}.{payload}.!"), unread),
        (format!("!.{payload}.{signature}"), unread),
        ("..".to_owned(), unread),
        (format!("{}.{payload}.{signature}", base64("{}")), unread),
        (format!("{head}.{}.{signature}", base64("[]")), unsigned),
        (format!("{good}{}", "A".repeat(16 << 10)), unread),
        (
            with_header(&ecdsa, json!({"alg": "ES256", "kid": "none"})),
            wrong_key,
        ),
        (with_header(&ecdsa, json!({"alg": "ES256"})), wrong_key),
        // The algorithm is that of the key, whatever the token says.
        (
            format!("{}.{payload}.", base64(r#"{"alg":"none","kid":"e"}"#)),
            unread,
        ),
        (
            format!("{}.{payload}.", base64(r#"{"alg":"None","kid":"e"}"#)),
            unread,
        ),
        (
            with_header(&ecdsa, json!({"alg": "ES256", "kid": "r"})),
            algorithm,
        ),
        (
            with_header(&rsa, json!({"alg": "RS256", "kid": "e"})),
            algorithm,
        ),
        (
            with_header(&rsa, json!({"alg": "RS384", "kid": "r"})),
            algorithm,
        ),
        (
            with_header(&rsa, json!({"alg": "PS256", "kid": "r"})),
            algorithm,
        ),
        (
            with_header(
                &Signer::secret("r", rsa.modulus()),
                json!({"alg": "HS256", "kid": "r"}),
            ),
            algorithm,
        ),
        (
            with_header(
                &Signer::secret("r", rsa.published().to_string()),
                json!({"alg": "HS256", "kid": "r"}),
            ),
            algorithm,
        ),
        (
            with_header(
                &ecdsa,
                json!({"alg": "ES256", "kid": "e", "crit": ["b64"], "b64": false}),
            ),
            unread,
        ),
        // Anybody may put a key into a token.
        (
            with_header(
                &stranger,
                json!({"alg": "ES256", "kid": "e", "jwk": stranger.published()}),
            ),
            unsigned,
        ),
    ] {
        assert_eq!(refused(&server, &token).await, expected, "{token}");
    }
    for two in [format!("{head}.{payload}"), format!("{good}.{signature}")] {
        assert_eq!(refused(&server, &two).await, "the token is not known");
    }
    // Clocks may differ by a minute.
    assert_taken(
        &server,
        &signed(json!({"exp": SECOND - 59, "flagstaff_role": "viewer"})),
    )
    .await;
    assert_taken(
        &server,
        &signed(json!({"nbf": SECOND + 60, "flagstaff_role": "viewer"})),
    )
    .await;
    assert_taken(
        &server,
        &signed(json!({"exp": 1e12, "flagstaff_role": "viewer"})),
    )
    .await;
    assert!(issuer.asked() <= 2);
}

#[tokio::test]
async fn a_new_key_is_fetched_once_a_minute_at_most() {
    let issuer = TestIssuer::start().await;
    let (old, new) = (Signer::ecdsa("old"), Signer::ecdsa("new"));
    issuer.publish(&[&old]);
    let server = server(&issuer).await;
    assert_taken(&server, &old.sign(&viewer())).await;
    issuer.publish(&[&old, &new]);
    for number in 0..100 {
        let unknown = Signer::ecdsa(&format!("k{number}"));
        refused(&server, &unknown.sign(&viewer())).await;
    }
    refused(&server, &new.sign(&viewer())).await;
    // A request that read the clock before the fetch began.
    server.set_clock(NOW - 1);
    refused(&server, &new.sign(&viewer())).await;
    assert_eq!(issuer.asked(), 1, "it was asked a moment ago");
    server.set_clock(NOW + 60_000);
    assert_taken(&server, &new.sign(&viewer())).await;
    assert_taken(&server, &old.sign(&viewer())).await;
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_key_that_the_issuer_removes_is_removed() {
    let issuer = TestIssuer::start().await;
    let (old, new) = (Signer::ecdsa("old"), Signer::ecdsa("new"));
    issuer.publish(&[&old]);
    let server = server(&issuer).await;
    let token = old.sign(&viewer());
    assert_taken(&server, &token).await;
    issuer.publish(&[&new]);
    assert_taken(&server, &token).await;
    server.wait(600_000);
    let wait = async {
        while server.get("flags").token(&token).await.status == 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn keys_stay_while_the_issuer_fails() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let server = server(&issuer).await;
    let token = key.sign(&claims(
        json!({"exp": SECOND + 100_000, "flagstaff_role": "viewer"}),
    ));
    assert_taken(&server, &token).await;
    let unknown = Signer::ecdsa("b").sign(&viewer());
    let huge = json!({"keys": [], "more": "x".repeat(300_000)}).to_string();
    for (asked, says) in [
        Says::Failure,
        Says::Redirect,
        Says::Text(huge),
        Says::Text("no keys".to_owned()),
        Says::Text("{\"keys\": 7}".to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        issuer.say(says);
        server.wait(60_000);
        refused(&server, &unknown).await;
        assert_eq!(issuer.asked(), asked + 2, "it was asked again");
        assert_taken(&server, &token).await;
    }
}

#[tokio::test]
async fn an_issuer_that_is_down_at_the_start_is_asked_again() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.say(Says::Failure);
    let server = server(&issuer).await;
    let token = key.sign(&viewer());
    for _ in 0..10 {
        let reason = refused(&server, &token).await;
        assert_eq!(reason, "it names no key of the issuer");
    }
    assert_eq!(issuer.asked(), 1);
    // Tokens of the server do not need the issuer.
    assert_taken(&server, "admin").await;
    issuer.publish(&[&key]);
    server.wait(60_000);
    assert_taken(&server, &token).await;
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_cancelled_request_does_not_cancel_the_fetch_of_keys() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let held = issuer.hold().await;
    let server = server(&issuer).await;
    let token = key.sign(&viewer());
    let given_up = server.with_token(&token);
    tokio::select! {
        answer = given_up.get("flags") => panic!("{answer:?}"),
        () = issuer.is_asked() => {}
    }
    drop(held);
    let waiting = assert_taken(&server, &token);
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn published_keys_that_are_not_for_signatures_are_ignored() {
    let issuer = TestIssuer::start().await;
    let (key, rsa) = (Signer::ecdsa("a"), Signer::rsa("b"));
    let secret = Signer::secret("c", "0123456789abcdef0123456789abcdef");
    let with = |key: &Signer, name: &str, value: &str| {
        let mut published = key.published();
        published[name] = json!(value);
        published
    };
    issuer.say(Says::Keys(vec![
        json!("no key"),
        json!({"kty": "new"}),
        with(&key, "use", "enc"),
        with(&rsa, "alg", "RS512"),
        with(&Signer::ecdsa("d"), "crv", "P-384"),
        secret.published(),
    ]));
    let server = server(&issuer).await;
    for key in [&key, &rsa, &secret] {
        let reason = refused(&server, &key.sign(&viewer())).await;
        assert_eq!(reason, "it names no key of the issuer");
    }
}

#[tokio::test]
async fn a_jwt_without_a_key_id_is_verified_with_the_only_key() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let server = server(&issuer).await;
    let token = key.sign_with(&json!({"alg": "ES256"}), &viewer());
    assert_taken(&server, &token).await;
}

#[tokio::test]
async fn invalid_jwts_are_limited_by_address_before_they_are_verified() {
    let issuer = TestIssuer::start().await;
    let key = Signer::rsa("a");
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
    let ask = |host: u8, token: &str| {
        let request = server.get("flags").token(token);
        request.from(&format!("192.0.2.{host}"))
    };
    let good = key.sign(&viewer());
    for number in 0..500 {
        let expected = if number < 10 { 401 } else { 429 };
        let broken = Signer::secret(&number.to_string(), "no").sign(&viewer());
        ask(1, &broken).await.expect(expected);
    }
    ask(1, &good).await.expect(429);
    ask(2, &good).await.expect(200);
    // A token of the server is looked up, and needs no verification.
    ask(1, "admin").await.expect(200);
    assert_eq!(issuer.asked(), 1);
}

#[test]
fn keys_are_fetched_over_https_or_from_this_machine() {
    let issuer = |address: &str| {
        let published = Issuer::with_published_keys("i".to_owned(), "a".to_owned(), address);
        published.map(drop).map_err(|error| error.to_string())
    };
    for address in [
        "https://issuer.example/keys",
        "http://localhost:1/",
        "http://[::1]:1/",
    ] {
        assert_eq!(issuer(address), Ok(()));
    }
    let expected =
        "expected the address of the issuer's keys with https, or with http on this machine";
    for address in [
        "",
        "issuer.example",
        "http://issuer.example/keys",
        "file:///keys",
        "http://localhost.example/",
    ] {
        assert_eq!(issuer(address), Err(expected.to_owned()));
    }
}
