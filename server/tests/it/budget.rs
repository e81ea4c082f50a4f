//! Long bodies and responses have room before they are read or made, and keep it until they are gone

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use flagstaff_server::auth::KeyKind;
use flagstaff_server::{Intent, Limits, Scope};
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use tokio::sync::mpsc;
use tower::ServiceExt as _;

use crate::support::{DOCUMENT, Server};

const EVALUATE: &str = "/api/v1/evaluate";
const VALUES: &str = "/api/v1/projects/default/environments/production/values?targetingKey=u";

/// A server that holds a MiB for keys that are no secret, and one for all others
async fn server() -> Server {
    let server = Server::with(Limits {
        held_bytes: 2 << 20,
        ..Limits::default()
    })
    .await;
    let flag = json!({
        "type": "string", "enabled": true, "variants": {"long": "x".repeat(600_000), "off": ""}, "offVariant": "off", "serve": "long",
    });
    let put = server.put("long", &flag).await;
    assert_eq!(put.status, StatusCode::CREATED, "{}", put.text);
    server
}

async fn send(server: &Server, key: KeyKind, path: &str, body: Option<Body>) -> Response {
    let method = if body.is_some() {
        Method::POST
    } else {
        Method::GET
    };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", key.name()))
        .header("accept", "application/yaml")
        .body(body.unwrap_or_default())
        .unwrap();
    let router = flagstaff_server::app(server.state.clone());
    router.oneshot(request).await.unwrap()
}

fn assert_no_room(response: &Response) {
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key("retry-after"));
}

#[tokio::test]
async fn a_long_response_that_nobody_reads_keeps_its_room_until_it_is_dropped() {
    let server = server().await;
    let asked = || Some(Body::from("{}"));
    for (key, path, other) in [
        (KeyKind::Client, EVALUATE, KeyKind::Server),
        (KeyKind::Viewer, DOCUMENT, KeyKind::Client),
    ] {
        let ask = |key, path: &'static str| {
            let body = (path == EVALUATE).then(asked).flatten();
            send(&server, key, path, body)
        };
        let held = ask(key, path).await;
        assert_eq!(held.status(), StatusCode::OK, "{path}");
        // As a connection does: it takes the bytes, which is the end of the body, and sends them as they are read.
        let mut body = held.into_body().into_data_stream();
        let bytes = body.next().await.unwrap().unwrap();
        assert!(bytes.len() >= 600_000, "{path}");
        assert!(body.next().await.is_none(), "{path}");
        drop(body);
        tokio::time::pause();
        assert_no_room(&ask(key, path).await);
        tokio::time::resume();
        let others = ask(other, EVALUATE).await;
        assert_eq!(others.status(), StatusCode::OK, "{path}: the others wait");
        drop(others);
        drop(bytes);
        let next = ask(key, path).await;
        assert_eq!(next.status(), StatusCode::OK, "{path}");
    }
    // People's reads of values have the other half, too.
    let held = send(&server, KeyKind::Client, EVALUATE, asked()).await;
    let people = send(&server, KeyKind::Viewer, VALUES, None).await;
    assert_eq!(people.status(), StatusCode::OK);
    drop(held);
}

#[tokio::test]
async fn a_long_body_that_comes_slowly_keeps_its_room_until_it_is_dropped() {
    let server = server().await;
    let long = json!({"flag": "none", "context": {"text": "x".repeat(100_000)}}).to_string();
    let (sender, mut pieces) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let slow = Body::from_stream(stream::poll_fn(move |context| pieces.poll_recv(context)));
    let mut reading = Box::pin(send(&server, KeyKind::Client, EVALUATE, Some(slow)));
    let feeding = async {
        // The third is taken when the first has been read.
        for _ in 0..4 {
            let piece = Bytes::from(vec![b' '; 70_000]);
            sender.send(Ok(piece)).await.unwrap();
        }
    };
    tokio::select! {
        response = &mut reading => panic!("{}", response.status()),
        () = feeding => {}
    }
    tokio::time::pause();
    let next = send(
        &server,
        KeyKind::Client,
        EVALUATE,
        Some(long.clone().into()),
    );
    assert_no_room(&next.await);
    tokio::time::resume();
    for (key, body) in [
        (KeyKind::Server, long.clone()),
        (KeyKind::Client, "{\"flag\": \"none\"}".to_owned()),
    ] {
        let answer = send(&server, key, EVALUATE, Some(body.into())).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    drop(reading);
    let wait = Duration::from_secs(20);
    let next = send(&server, KeyKind::Client, EVALUATE, Some(long.into()));
    let next = tokio::time::timeout(wait, next).await.unwrap();
    assert_eq!(next.status(), StatusCode::OK);
}

#[tokio::test]
async fn changes_from_many_old_states_are_kept_up_to_a_bound_and_else_everything_is_sent() {
    let server = Server::new().await;
    let flag = |text: &str| {
        json!({
            "type": "string", "enabled": true, "variants": {"long": text.repeat(500_000), "off": ""}, "offVariant": "off", "serve": "off",
        })
    };
    server.put("same", &flag("x")).await;
    let environment = server.state.environment(1).unwrap();
    let mut held = Vec::new();
    for text in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        held.push(environment.current());
        let put = server.put("other", &flag(text)).await;
        assert!(put.status.is_success(), "{}", put.text);
    }
    let current = environment.current();
    let mut sent = 0;
    for past in &held {
        let transfer = current.transfer(Scope::All, Some(&past.cursor(Scope::All)));
        let events = transfer.events.unwrap();
        match transfer.intent {
            Intent::Changes => sent += events.plain().len(),
            Intent::Full(_) => assert_eq!(events.plain(), current.full(Scope::All).plain()),
            Intent::Nothing => panic!("there are changes"),
        }
    }
    let full = current.full(Scope::All).plain().len();
    assert!(
        sent <= 2 * full,
        "{sent} bytes are kept, everything is {full}"
    );
    // Who follows is at the state before, and gets the changes whatever others have asked for.
    let latest = held.last().unwrap().revision();
    assert!(current.since(Scope::All, latest).is_some());
    // What is longer than everything is never sent.
    let flags: serde_json::Map<_, _> = (0..500)
        .map(|number| {
            (
                format!("flag{number}"),
                json!({"type": "boolean", "enabled": true}),
            )
        })
        .collect();
    for flags in [flags, serde_json::Map::new()] {
        let document = json!({"schemaVersion": 1, "flags": flags});
        let put = server.admin(Method::PUT, DOCUMENT, &document).await;
        assert_eq!(put.status, StatusCode::OK, "{}", put.text);
    }
    let current = environment.current();
    let before = current.revision() - 1;
    assert!(current.since(Scope::All, before).is_none());
}
