//! Signed contexts: what docs/signed-contexts.md says, its formula in its own words

use std::process::Command;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use flagstaff_core::Timestamp;
use flagstaff_server::app;
use flagstaff_server::auth::{KeyKind, hash};
use flagstaff_server::store::{AccessChange, Author, KeyRow, KeyRules, Origin, SigningSecret};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{Answer, NOW, Server, key};

const GUIDE: &str = include_str!("../../../docs/signed-contexts.md");
const KEYS: &str = "/api/v1/projects/default/environments/production/keys";
const SINGLE: &str = "/ofrep/v1/evaluate/flags/a";
const BULK: &str = "/ofrep/v1/evaluate/flags";
const EVALUATE: &str = "/api/v1/evaluate";
const ALL: [&str; 3] = [SINGLE, BULK, EVALUATE];
/// When the vector's signature ends
const END: u64 = 1_767_229_200;

/// The guide's block of a language
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

/// A signature by the guide's function in Python
pub(crate) fn sign(secret: &str, token: &str, context: &Value, end: u64) -> String {
    let code = format!(
        "{}\nimport sys\nprint(sign(*sys.argv[1:3], json.loads(sys.argv[3]), int(sys.argv[4])))",
        block("python")
    );
    let (context, end) = (context.to_string(), end.to_string());
    run("python3", &["-c", &code, secret, token, &context, &end])
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn ask(
    server: &Server,
    token: &str,
    path: &str,
    context: &Value,
    signature: Option<&str>,
) -> Answer {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("authorization", format!("Bearer {token}"));
    if let Some(signature) = signature {
        request = request.header("x-flagstaff-signature", signature);
    }
    let body = Body::from(json!({"context": context}).to_string());
    server.send(request.body(body).unwrap()).await
}

fn assert_refused(answer: &Answer, detail: &str) {
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text);
    let problem = answer.json();
    assert_eq!(problem["type"], "urn:flagstaff:problem:signature");
    assert_eq!(problem["detail"], detail);
}

/// A server with the guide's key
async fn guide_server() -> Server {
    let server = Server::new().await;
    let secret = "fs_signing_example".to_owned();
    let row = KeyRow {
        rules: KeyRules {
            signed_contexts: true,
            secrets: vec![SigningSecret::new("a".to_owned(), secret, 0)],
            ..KeyRules::default()
        },
        ..key(KeyKind::Client, "client")
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
            before: KeyRules::default(),
            after: row.rules,
        }),
        member: None,
        audit: Vec::new(),
    };
    server.state.store().change_access(change).await.unwrap();
    server.state.refresh_keys().await.unwrap();
    server.put("a", &json!({"enabled": true})).await;
    server
}

#[tokio::test]
async fn the_guides_functions_and_vector_are_the_servers() {
    let server = guide_server().await;
    let (context, signature) = vector();
    assert_eq!(
        sign("fs_signing_example", "client", &context, END),
        signature
    );
    let call = format!(
        "{}\nconsole.log(sign(\"fs_signing_example\", \"client\", {context}, {END}))",
        block("js")
    );
    let node = ["--input-type=module", "--eval", &call];
    assert_eq!(run("node", &node), signature);
    for path in ALL {
        let answer = ask(&server, "client", path, &context, Some(signature)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
    }
    let bulk = ask(&server, "client", BULK, &context, Some(signature)).await;
    let stream = bulk.json()["eventStreams"][0]["endpoint"]["requestUri"].clone();
    let named = Request::get(stream.as_str().unwrap());
    let keyed = Request::get("/ofrep/v1/events").header("authorization", "Bearer client");
    for request in [named, keyed] {
        let request = request.body(Body::empty()).unwrap();
        let opened = app(server.state.clone()).oneshot(request).await.unwrap();
        assert_eq!(opened.status(), StatusCode::OK, "it tells no values");
    }
}

#[tokio::test]
async fn nobody_evaluates_for_somebody_else() {
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
        // Keys that are secret ask for whom they like.
        let server_key = ask(&server, "server", path, &other, None).await;
        assert_eq!(server_key.status, StatusCode::OK);
    }
    // Whatever the browser holds already.
    let request = Request::post(BULK)
        .header("authorization", "Bearer client")
        .header("if-none-match", "*");
    let body = Body::from(json!({"context": other}).to_string());
    let answer = server.send(request.body(body).unwrap()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    server.clock.store(END * 1_000 - 1, Ordering::Relaxed);
    let answer = ask(&server, "client", BULK, &context, Some(signature)).await;
    assert_eq!(answer.status, StatusCode::OK);
    server.clock.store(END * 1_000, Ordering::Relaxed);
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
        let answer = ask(&server, "client", path, &context, Some(&longest)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        let answer = ask(&server, "client", path, &context, Some(&longer)).await;
        assert_refused(
            &answer,
            "the signature ends more than 24 hours from now: sign for less",
        );
    }
}

#[tokio::test]
async fn what_is_no_context_is_told_nothing() {
    let server = guide_server().await;
    let (_, signature) = vector();
    for context in [json!([]), json!({"targetingKey": 7})] {
        for given in [None, Some(signature)] {
            // Without a signature it would list the keys of all flags.
            let answer = ask(&server, "client", EVALUATE, &context, given).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text);
            let answer = ask(&server, "client", BULK, &context, given).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
            assert_eq!(answer.json()["flags"], Value::Null);
        }
    }
}

#[tokio::test]
async fn a_secret_is_told_once_and_changed_without_a_gap() {
    let server = Server::new().await;
    server.put("a", &json!({"enabled": true})).await;
    let body = json!({"kind": "client", "name": "web"});
    let made = server.admin(Method::POST, KEYS, &body).await.json();
    assert_eq!(
        (&made["signedContexts"], &made["secrets"]),
        (&json!(false), &json!([]))
    );
    let token = made["token"].as_str().unwrap();
    let path = format!("{KEYS}/{}", made["id"].as_str().unwrap());
    let secrets = format!("{path}/secrets");
    let turn = async |on: bool| {
        let body = json!({"signedContexts": on});
        server.admin(Method::PATCH, &path, &body).await
    };
    let early = turn(true).await;
    assert_eq!(early.pointers(), ["/signedContexts"]);
    assert_eq!(
        early.json()["errors"][0]["message"],
        "expected a boolean, and true only for a key of kind `client` that has a secret, got true"
    );
    let secret = async || {
        let told = server.admin(Method::POST, &secrets, &Value::Null).await;
        assert_eq!(told.status, StatusCode::CREATED, "{}", told.text);
        assert_eq!(told.header("cache-control"), "no-store");
        (
            told.json()["secret"].as_str().unwrap().to_owned(),
            told.header("location").to_owned(),
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
    let unsigned = ask(&server, token, SINGLE, &context, None).await;
    assert_eq!(unsigned.status, StatusCode::OK, "until it is turned on");
    assert_eq!(turn(true).await.json()["signedContexts"], true);
    assert_eq!(evaluates(&first).await, StatusCode::OK);
    let unsigned = ask(&server, token, SINGLE, &context, None).await;
    assert_eq!(unsigned.status, StatusCode::FORBIDDEN);
    let last = server
        .admin(Method::DELETE, &first_path, &Value::Null)
        .await;
    assert_eq!(last.status, StatusCode::CONFLICT);
    assert_eq!(
        last.json()["detail"],
        "this is the last secret of a key that takes signed contexts only: make another one first"
    );
    let (second, _) = secret().await;
    let third = server.admin(Method::POST, &secrets, &Value::Null).await;
    assert_eq!(
        third.json()["detail"],
        "the key has two secrets already: remove one first"
    );
    assert_eq!(evaluates(&first).await, StatusCode::OK);
    assert_eq!(evaluates(&second).await, StatusCode::OK);
    let gone = server
        .admin(Method::DELETE, &first_path, &Value::Null)
        .await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(evaluates(&first).await, StatusCode::FORBIDDEN);
    assert_eq!(evaluates(&second).await, StatusCode::OK);
    let again = server
        .admin(Method::DELETE, &first_path, &Value::Null)
        .await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    assert_eq!(turn(false).await.json()["signedContexts"], false);
    let unsigned = ask(&server, token, SINGLE, &context, None).await;
    assert_eq!(unsigned.status, StatusCode::OK);
    let told = [
        server.get(&path).await.text,
        server.get(KEYS).await.text,
        server.get("/api/v1/projects/default/audit").await.text,
        format!("{:?}", server.state.keyring()),
    ];
    for text in told {
        assert!(!text.contains(&first) && !text.contains(&second), "{text}");
    }
}

#[tokio::test]
async fn who_may_make_secrets_and_for_which_keys() {
    let server = Server::new().await;
    let keys = server.get(KEYS).await.json();
    for item in keys["items"].as_array().unwrap() {
        let secrets = format!("{KEYS}/{}/secrets", item["id"].as_str().unwrap());
        let made = server.admin(Method::POST, &secrets, &Value::Null).await;
        let editor = server
            .call(KeyKind::Editor, Method::POST, &secrets, &Value::Null, &[])
            .await;
        assert_eq!(editor.status, StatusCode::FORBIDDEN);
        if item["kind"] == "client" {
            assert_eq!(made.status, StatusCode::CREATED);
        } else {
            assert_eq!(made.status, StatusCode::FORBIDDEN);
            assert_eq!(
                made.json()["detail"],
                "only keys of kind `client` have secrets for signed contexts"
            );
        }
    }
}

#[tokio::test]
async fn a_route_that_checks_nothing_is_closed_to_a_key_that_takes_signed_contexts() {
    let server = guide_server().await;
    let closed = "the key takes signed contexts only, which are not checked here";
    let client = server.with_token("client");
    for path in [
        "/api/v1/sdk/snapshot",
        "/api/v1/sdk/stream",
        "/api/v1/projects/default/environments/production/values?targetingKey=u-1",
        "/api/v1/projects/default/environments/production/flags/a/summary",
    ] {
        assert_refused(&client.get(path).await, closed);
    }
    let body = json!({"contexts": [{"targetingKey": "u-1"}]});
    let batch = client.post("/api/v1/evaluate/batch", &body).await;
    assert_refused(&batch, closed);
}
