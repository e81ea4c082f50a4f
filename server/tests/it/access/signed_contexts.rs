//! Signed contexts, with the vectors of all SDKs

use flagstaff_core::Timestamp;
use flagstaff_server::auth::{CredentialKind, hash};
use flagstaff_server::store::{
    AccessChange, Author, BrowserPolicy, CredentialRow, Origin, SigningSecret,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{path_of, token_of};
use crate::support::{Answer, Call, NOW, Requests as _, Server, for_pages, key, on};

const GUIDE: &str = include_str!("../../../../docs/signed-contexts.md");
const VECTORS: &str = include_str!("../../../../conformance/vectors/signed-contexts.json");
const SINGLE: &str = "/ofrep/v1/evaluate/flags/a";
const BULK: &str = "/ofrep/v1/evaluate/flags";
const EVALUATE: &str = "/api/v1/evaluate";
const ALL: [&str; 3] = [SINGLE, BULK, EVALUATE];
/// The end of the signature of the test vector
const END: u64 = 1_767_229_200;

/// The code block of a language in the guide
fn block(language: &str) -> &'static str {
    let (_, rest) = GUIDE.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

fn vector() -> (Value, &'static str) {
    (
        serde_json::from_str(block("json")).unwrap(),
        block("text").trim(),
    )
}

/// A signature of a context whose numbers are integers, which `serde_json` writes in canonical form
pub(crate) fn sign(secret: &str, token: &str, context: &Value, end: u64) -> String {
    let id: String = hash(token).chars().take(16).collect();
    let message = format!("flagstaff-context-1\n{id}\n{end}\n{context}");
    let mut hmac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    hmac.update(message.as_bytes());
    let mac = hmac.finalize().into_bytes();
    let mac = mac
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    format!("{end}.{mac}")
}

fn ask(server: &Server, token: &str, path: &str, context: &Value, signature: Option<&str>) -> Call {
    let request = server.post(path, json!({"context": context})).token(token);
    match signature {
        Some(signature) => request.header("x-flagstaff-signature", signature),
        None => request,
    }
}

fn assert_refused(answer: &Answer, detail: &str) {
    assert_eq!(answer.status, 403, "{}", answer.text);
    let problem = answer.json();
    assert_eq!(problem["type"], "urn:flagstaff:problem:signature");
    assert_eq!(problem["detail"], detail);
}

/// A server with the key of the guide
async fn guide_server() -> Server {
    let server = Server::new().await;
    let secret = "fs_signing_example".to_owned();
    let row = CredentialRow {
        rules: BrowserPolicy {
            signed_contexts: true,
            secrets: vec![SigningSecret::new("a".to_owned(), secret, 0)],
            ..BrowserPolicy::default()
        },
        ..key(CredentialKind::Client, "client")
    };
    let change = AccessChange {
        project_id: 1,
        environment_id: Some(1),
        author: Author {
            actor: "test".into(),
            at: Timestamp::from_millis(0),
            reason: None,
            origin: Origin::default(),
        },
        made: None,
        ended: None,
        rules: Some(flagstaff_server::store::RulesChange {
            hash: hash("client"),
            before: BrowserPolicy::default(),
            after: row.rules,
        }),
        member: None,
        audit: Vec::new(),
    };
    server.state.store().change_access(change).await.unwrap();
    server.state.refresh_keys().await.unwrap();
    server.put_flag("a", for_pages(on())).await;
    server
}

#[tokio::test]
async fn the_vectors_match_the_server() {
    let server = guide_server().await;
    let (context, signature) = vector();
    assert_eq!(
        sign("fs_signing_example", "client", &context, END),
        signature
    );
    let file: Value = serde_json::from_str(VECTORS).unwrap();
    for vector in file["vectors"].as_array().unwrap() {
        let signature = vector["signature"].as_str();
        ask(&server, "client", BULK, &vector["context"], signature)
            .await
            .expect(200);
    }
    for path in ALL {
        ask(&server, "client", path, &context, Some(signature))
            .await
            .expect(200);
    }
    let bulk = ask(&server, "client", BULK, &context, Some(signature)).await;
    let stream = bulk["eventStreams"][0]["endpoint"]["requestUri"].clone();
    let named = server.get(stream.as_str().unwrap()).anonymous();
    let keyed = server.get("/ofrep/v1/events").token("client");
    for request in [named, keyed] {
        let opened = request.response().await;
        assert_eq!(opened.status(), 200, "it has no values");
    }
}

#[tokio::test]
async fn a_context_without_its_own_signature_is_refused() {
    let server = guide_server().await;
    let (context, signature) = vector();
    let (_, mac) = signature.split_once('.').unwrap();
    let mut other = context.clone();
    other["targetingKey"] = json!("u-2");
    let mut more = context.clone();
    more["admin"] = json!(true);
    let mut less = context.clone();
    less.as_object_mut().unwrap().remove("beta");
    let unread = "the signature cannot be read: expected `EXPIRES.MAC`, seconds since 1970 and hexadecimal digits";
    let wrong = "the signature is not of this context, key and time";
    let later = format!("{}.{mac}", END + 1);
    let by_another_key = sign("fs_signing_example", "server", &context, END);
    let with_another_secret = sign("fs_signing_another", "client", &context, END);
    for path in ALL {
        let missing = ask(&server, "client", path, &context, None).await;
        assert_refused(
            &missing,
            "the key takes signed contexts only: send `x-flagstaff-signature`",
        );
        for changed in [&other, &more, &less, &json!({})] {
            let answer = ask(&server, "client", path, changed, Some(signature)).await;
            assert_refused(&answer, wrong);
        }
        for given in [
            &*later,
            &by_another_key,
            &with_another_secret,
            signature.strip_suffix("4a").unwrap(),
        ] {
            let answer = ask(&server, "client", path, &context, Some(given)).await;
            assert_refused(&answer, wrong);
        }
        for given in [
            "",
            ".",
            mac,
            "now.00",
            "+1.00",
            "1.0",
            "1.zz",
            "1.é",
            "99999999999999999999.00",
        ] {
            let answer = ask(&server, "client", path, &context, Some(given)).await;
            assert_refused(&answer, unread);
        }
        // Server keys need no signature.
        ask(&server, "server", path, &other, None).await.expect(200);
    }
    // A matching ETag does not help.
    let unsigned = ask(&server, "client", BULK, &other, None);
    unsigned.header("if-none-match", "*").await.expect(403);
    server.set_clock(END * 1_000 - 1);
    ask(&server, "client", BULK, &context, Some(signature))
        .await
        .expect(200);
    server.set_clock(END * 1_000);
    let answer = ask(&server, "client", BULK, &context, Some(signature)).await;
    assert_refused(&answer, "the signature has expired");
}

#[tokio::test]
async fn a_signature_ends_within_a_day() {
    let server = guide_server().await;
    let context = json!({"targetingKey": "u-1"});
    let day = NOW / 1_000 + 86_400;
    let longest = sign("fs_signing_example", "client", &context, day);
    let longer = sign("fs_signing_example", "client", &context, day + 1);
    for path in ALL {
        ask(&server, "client", path, &context, Some(&longest))
            .await
            .expect(200);
        let answer = ask(&server, "client", path, &context, Some(&longer)).await;
        assert_refused(
            &answer,
            "the signature ends more than 24 hours from now: sign for less",
        );
    }
}

#[tokio::test]
async fn an_invalid_context_gets_no_flags() {
    let server = guide_server().await;
    let (_, signature) = vector();
    for context in [json!([]), json!({"targetingKey": 7})] {
        for given in [None, Some(signature)] {
            // Without a signature it would list the keys of all flags.
            ask(&server, "client", EVALUATE, &context, given)
                .await
                .expect(403);
            let answer = ask(&server, "client", BULK, &context, given)
                .await
                .expect(400);
            assert_eq!(answer["flags"], Value::Null);
        }
    }
}

#[tokio::test]
async fn a_secret_is_shown_once_and_rotated_without_an_outage() {
    let server = Server::new().await;
    server.put_flag("a", for_pages(on())).await;
    let body = json!({"kind": "client", "name": "web"});
    let made = server.post("keys", &body).await.expect(201).json();
    assert_eq!(made["signedContexts"], false);
    assert_eq!(made["secrets"], json!([]));
    let token = token_of(&made);
    let path = path_of(&made);
    let secrets = format!("{path}/secrets");
    let turn = async |on: bool| {
        let body = json!({"signedContexts": on});
        server.patch(&path, &body).await
    };
    let early = turn(true).await.expect_errors(["/signedContexts"]);
    assert_eq!(
        early["errors"][0]["message"],
        "expected a boolean, and true only for a key of kind `client` that has a secret, got true"
    );
    let secret = async || {
        let shown = server.post(&secrets, ()).await.expect(201);
        assert_eq!(shown.header("cache-control"), "no-store");
        (
            shown["secret"].as_str().unwrap().to_owned(),
            shown.header("location").to_owned(),
        )
    };
    let context = json!({"targetingKey": "u-1"});
    let evaluates = async |secret: &str| {
        let signature = sign(secret, token, &context, NOW / 1_000 + 60);
        ask(&server, token, SINGLE, &context, Some(&signature))
            .await
            .status
    };
    let (first, first_path) = secret().await;
    ask(&server, token, SINGLE, &context, None)
        .await
        .expect(200);
    assert_eq!(turn(true).await["signedContexts"], true);
    assert_eq!(evaluates(&first).await, 200);
    ask(&server, token, SINGLE, &context, None)
        .await
        .expect(403);
    let last = server.delete(&first_path).await.expect(409);
    assert_eq!(
        last["detail"],
        "this is the last secret of a key that takes signed contexts only: make another one first"
    );
    let (second, _) = secret().await;
    let third = server.post(&secrets, ()).await;
    assert_eq!(
        third["detail"],
        "the key has two secrets already: remove one first"
    );
    assert_eq!(evaluates(&first).await, 200);
    assert_eq!(evaluates(&second).await, 200);
    server.delete(&first_path).await.expect(204);
    assert_eq!(evaluates(&first).await, 403);
    assert_eq!(evaluates(&second).await, 200);
    server.delete(&first_path).await.expect(404);
    assert_eq!(turn(false).await["signedContexts"], false);
    ask(&server, token, SINGLE, &context, None)
        .await
        .expect(200);
    let shown = [
        server.get(&path).await.text,
        server.get("keys").await.text,
        server.get("/api/v1/projects/default/audit").await.text,
        format!("{:?}", server.state.access_index()),
    ];
    for text in shown {
        assert!(!text.contains(&first) && !text.contains(&second), "{text}");
    }
}

#[tokio::test]
async fn admins_create_secrets_for_client_keys_only() {
    let server = Server::new().await;
    let keys = server.get("keys").await.json();
    for item in keys["items"].as_array().unwrap() {
        let secrets = format!("{}/secrets", path_of(item));
        let made = server.post(&secrets, ()).await;
        server.post(&secrets, ()).token("editor").await.expect(403);
        if item["kind"] == "client" {
            assert_eq!(made.status, 201);
        } else {
            assert_eq!(made.status, 403);
            assert_eq!(
                made["detail"],
                "only keys of kind `client` have secrets for signed contexts"
            );
        }
    }
}

#[tokio::test]
async fn routes_that_check_no_signature_refuse_a_key_for_signed_contexts() {
    let server = guide_server().await;
    let closed = "the key takes signed contexts only, which are not checked here";
    let client = server.with_token("client");
    for path in [
        "/api/v1/sdk/snapshot",
        "/api/v1/sdk/stream",
        "/api/v1/projects/default/environments/production/flags/a/summary",
    ] {
        assert_refused(&client.get(path).await, closed);
    }
}

#[tokio::test]
async fn values_and_batches_take_contexts_that_are_signed() {
    let server = guide_server().await;
    let secret = "fs_signing_example";
    let context = |user: &str| json!({"targetingKey": user});
    let signed = |user: &str| sign(secret, "client", &context(user), END);
    let (one, two) = (signed("u-1"), signed("u-2"));
    let values = "/api/v1/projects/default/environments/production/values";
    let of_user = format!("{values}?targetingKey=u-1");
    let get = |signature: &str| {
        let get = server.get(&of_user).token("client");
        get.header("x-flagstaff-signature", signature)
    };
    assert_eq!(get(&one).await.expect(200)["a"], true);
    let other = "the signature is not of this context, key and time";
    assert_refused(&get(&two).await, other);
    let missing = "the key takes signed contexts only: send `x-flagstaff-signature`";
    assert_refused(&server.get(&of_user).token("client").await, missing);
    let whole = ask(&server, "client", values, &context("u-2"), Some(&two));
    assert_eq!(whole.await.expect(200)["a"], true);
    assert_refused(
        &ask(&server, "client", values, &context("u-2"), Some(&one)).await,
        other,
    );
    assert_refused(
        &ask(&server, "client", values, &context("u-2"), None).await,
        missing,
    );

    let batch = async |signatures: Value| {
        let body = json!({"contexts": [context("u-1"), context("u-2")], "signatures": signatures});
        server
            .post("/api/v1/evaluate/batch", &body)
            .token("client")
            .await
    };
    let answer = batch(json!([one, two])).await.expect(200);
    assert_eq!(answer["items"][1]["flags"]["a"]["value"], true);
    assert_refused(&batch(json!([two, one])).await, other);
    let missing = "the key takes signed contexts only: send `signatures`, one for each context";
    for signatures in [json!(null), json!([one])] {
        assert_refused(&batch(signatures).await, missing);
    }
    // Who evaluates with another key or a role signs nothing.
    server.get(&of_user).token("server").await.expect(200);
    server.get(&of_user).token("viewer").await.expect(200);
}
