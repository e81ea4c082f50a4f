//! An issuer that says itself where its keys are

use flagstaff_server::identity::Issuer;
use serde_json::json;

use super::{claims, with};
use crate::support::{Requests as _, Signer, TestIssuer};

#[tokio::test]
async fn the_keys_of_an_issuer_are_found_by_its_name() {
    let issuer = TestIssuer::start().await;
    let key = Signer::ecdsa("a");
    issuer.publish(&[&key]);
    let discovered = |name: &str| {
        let (name, audience) = (name.to_owned(), "flagstaff".to_owned());
        Issuer::with_discovery(name, audience).map_err(|error| error.to_string())
    };
    let token = |name: &str| key.sign(&claims(json!({"iss": name, "flagstaff_role": "viewer"})));
    let name = issuer.name();
    let server = with(discovered(&name).unwrap()).await;
    server.get("flags").token(&token(&name)).await.expect(200);
    assert_eq!(issuer.asked(), 1);

    // What is found there must be of the same issuer, or anybody who can publish a file at its host would be one.
    let other = format!("{name}/");
    let server = with(discovered(&other).unwrap()).await;
    server.get("flags").token(&token(&other)).await.expect(401);
    assert_eq!(issuer.asked(), 1);

    for insecure in ["http://issuer.example", "issuer", "ftp://127.0.0.1"] {
        let refused = discovered(insecure).map(drop).unwrap_err();
        assert!(
            refused.starts_with("expected an issuer with https"),
            "{refused}"
        );
    }
}
