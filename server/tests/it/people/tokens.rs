//! Which tokens are taken, and where keys come from

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use flagstaff_server::identity::Issuer;
use flagstaff_server::{Limits, Peer, Rates};
use serde_json::{Value, json};

use super::issuer::{Says, Signer, TestIssuer, base64};
use super::{SECOND, claims, published, server, status, with};
use crate::live::PATIENCE;
use crate::support::{FLAGS, Server};

fn viewer() -> Value {
    claims(json!({"flagstaff_role": "viewer"}))
}

/// The message of a refusal
async fn refused(server: &Server, token: &str) -> String {
    let answer = server.with_token(token).get(FLAGS).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.text);
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    detail
        .trim_start_matches("the JWT is not accepted: ")
        .to_owned()
}

async fn assert_taken(server: &Server, token: &str) {
    let answer = server.with_token(token).get(FLAGS).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}

#[tokio::test]
async fn tokens_of_all_three_algorithms_are_taken() {
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
async fn what_is_wrong_with_a_token_is_said() {
    let issuer = TestIssuer::start().await;
    let (rsa, ecdsa, stranger) = (Signer::rsa("r"), Signer::ecdsa("e"), Signer::ecdsa("e"));
    issuer.publish(&[&rsa, &ecdsa]);
    let server = server(&issuer).await;
    let without = |name: &str| {
        let mut claims = viewer();
        claims.as_object_mut().unwrap().remove(name);
        ecdsa.sign(&claims)
    };
    let said = |more: Value| ecdsa.sign(&claims(more));
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
        (said(json!({"exp": SECOND - 60})), "it has expired"),
        (said(json!({"exp": 0})), "it has expired"),
        (said(json!({"nbf": SECOND + 61})), "it is not valid yet"),
        (said(json!({"iss": "https://issuer.example/"})), of_others),
        (said(json!({"aud": "other"})), for_others),
        (said(json!({"aud": ["other"]})), for_others),
        (without("iss"), of_others),
        (without("aud"), for_others),
        (without("sub"), unread),
        (without("exp"), unread),
        (said(json!({"exp": "never"})), unread),
        (said(json!({"nbf": "never"})), unread),
        (said(json!({"sub": ""})), unread),
        (said(json!({"sub": 7})), unread),
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
        // Algorithms are the keys', whatever a token says.
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
        // A key that a token brings along is anybody's.
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
    // A minute for clocks that differ.
    assert_taken(
        &server,
        &said(json!({"exp": SECOND - 59, "flagstaff_role": "viewer"})),
    )
    .await;
    assert_taken(
        &server,
        &said(json!({"nbf": SECOND + 60, "flagstaff_role": "viewer"})),
    )
    .await;
    assert_taken(
        &server,
        &said(json!({"exp": 1e12, "flagstaff_role": "viewer"})),
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
    // As somebody who read the clock before the fetch began and comes after it.
    server.clock.fetch_sub(1, Ordering::Relaxed);
    refused(&server, &new.sign(&viewer())).await;
    assert_eq!(issuer.asked(), 1, "it was asked a moment ago");
    server.clock.fetch_add(60_001, Ordering::Relaxed);
    assert_taken(&server, &new.sign(&viewer())).await;
    assert_taken(&server, &old.sign(&viewer())).await;
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_key_that_the_issuer_gives_up_is_given_up() {
    let issuer = TestIssuer::start().await;
    let (old, new) = (Signer::ecdsa("old"), Signer::ecdsa("new"));
    issuer.publish(&[&old]);
    let server = server(&issuer).await;
    let token = old.sign(&viewer());
    assert_taken(&server, &token).await;
    issuer.publish(&[&new]);
    assert_taken(&server, &token).await;
    server.clock.fetch_add(600_000, Ordering::Relaxed);
    let wait = async {
        while status(&server, &token, FLAGS).await == StatusCode::OK {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn keys_are_kept_while_the_issuer_has_none_to_give() {
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
        server.clock.fetch_add(60_000, Ordering::Relaxed);
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
        let told = refused(&server, &token).await;
        assert_eq!(told, "it names no key of the issuer");
    }
    assert_eq!(issuer.asked(), 1);
    // Tokens of the server's own do not need it.
    assert_taken(&server, "admin").await;
    issuer.publish(&[&key]);
    server.clock.fetch_add(60_000, Ordering::Relaxed);
    assert_taken(&server, &token).await;
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_request_that_is_given_up_does_not_take_the_fetch_along() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let held = issuer.hold().await;
    let server = server(&issuer).await;
    let token = key.sign(&viewer());
    let given_up = server.with_token(&token);
    tokio::select! {
        answer = given_up.get(FLAGS) => panic!("{answer:?}"),
        () = issuer.is_asked() => {}
    }
    drop(held);
    let waiting = assert_taken(&server, &token);
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn what_is_no_key_for_signatures_is_not_one() {
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
        let told = refused(&server, &key.sign(&viewer())).await;
        assert_eq!(told, "it names no key of the issuer");
    }
}

#[tokio::test]
async fn a_token_that_names_no_key_is_of_the_only_one() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let server = server(&issuer).await;
    let token = key.sign_with(&json!({"alg": "ES256"}), &viewer());
    assert_taken(&server, &token).await;
}

#[tokio::test]
async fn a_flood_of_broken_tokens_is_cut_off_before_it_is_looked_at() {
    let issuer = TestIssuer::start().await;
    let key = Signer::rsa("a");
    issuer.publish(&[&key]);
    let server = Server::with(Limits {
        issuer: Some(published(&issuer).into()),
        rates: Rates {
            failures: 1,
            ..Rates::default()
        },
        ..Limits::default()
    })
    .await;
    let ask = async |host: u8, token: String| {
        let request = Request::get(FLAGS).header("authorization", format!("Bearer {token}"));
        let mut request = request.body(Body::empty()).unwrap();
        let peer = Peer(([192, 0, 2, host], 1).into());
        request.extensions_mut().insert(peer);
        server.send(request).await.status
    };
    let good = key.sign(&viewer());
    for number in 0..500 {
        let expected = if number < 10 {
            StatusCode::UNAUTHORIZED
        } else {
            StatusCode::TOO_MANY_REQUESTS
        };
        let broken = Signer::secret(&number.to_string(), "no").sign(&viewer());
        assert_eq!(ask(1, broken).await, expected);
    }
    assert_eq!(ask(1, good.clone()).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask(2, good).await, StatusCode::OK);
    assert_eq!(
        ask(1, "admin".to_owned()).await,
        StatusCode::OK,
        "looked up, not checked"
    );
    assert_eq!(issuer.asked(), 1);
}

#[test]
fn keys_come_over_tls_or_from_this_machine() {
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
