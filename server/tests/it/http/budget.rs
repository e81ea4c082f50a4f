//! The memory of long bodies and responses is limited, and counted until they are dropped

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use flagstaff_server::{Intent, RuntimeConfig, Visibility};
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use tokio::sync::mpsc;

use crate::support::{Requests as _, Server};

const EVALUATE: &str = "/api/v1/evaluate";
const VALUES: &str = "values?targetingKey=u";

/// A server with a MiB for public keys, and one for all others
async fn server() -> Server {
    let server = Server::with(RuntimeConfig {
        held_bytes: 2 << 20,
        ..RuntimeConfig::default()
    })
    .await;
    let flag = json!({
        "type": "string", "enabled": true, "clientSide": true, "variants": {"long": "x".repeat(600_000), "off": ""}, "offVariant": "off", "serve": "long",
    });
    server.put_flag("long", &flag).await;
    server
}

async fn send(server: &Server, token: &str, path: &str, body: Option<Body>) -> Response {
    let request = match body {
        Some(body) => server.post(path, body),
        None => server.get(path),
    };
    let request = request.token(token).header("accept", "application/yaml");
    request.response().await
}

fn assert_no_room(response: &Response) {
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
}

#[tokio::test]
async fn a_long_response_that_nobody_reads_is_counted_until_it_is_dropped() {
    let server = server().await;
    let asked = || Some(Body::from("{}"));
    for (key, path, other) in [
        ("client", EVALUATE, "server"),
        ("viewer", "document", "client"),
    ] {
        let ask = |key, path: &'static str| {
            let body = (path == EVALUATE).then(asked).flatten();
            send(&server, key, path, body)
        };
        let held = ask(key, path).await;
        assert_eq!(held.status(), 200, "{path}");
        // A connection does this: it takes the bytes, which is the end of the body, and sends them as the client reads.
        let mut body = held.into_body().into_data_stream();
        let bytes = body.next().await.unwrap().unwrap();
        assert!(bytes.len() >= 600_000, "{path}");
        assert!(body.next().await.is_none(), "{path}");
        drop(body);
        tokio::time::pause();
        assert_no_room(&ask(key, path).await);
        tokio::time::resume();
        let others = ask(other, EVALUATE).await;
        assert_eq!(others.status(), 200, "{path}: the others wait");
        drop(others);
        drop(bytes);
        let next = ask(key, path).await;
        assert_eq!(next.status(), 200, "{path}");
    }
    // Reads of values by people have the other half too.
    let held = send(&server, "client", EVALUATE, asked()).await;
    let people = send(&server, "viewer", VALUES, None).await;
    assert_eq!(people.status(), 200);
    drop(held);
}

#[tokio::test]
async fn a_long_body_that_arrives_slowly_is_counted_until_it_is_dropped() {
    let server = server().await;
    let long = json!({"flag": "none", "context": {"text": "x".repeat(100_000)}}).to_string();
    let (sender, mut pieces) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let slow = Body::from_stream(stream::poll_fn(move |context| pieces.poll_recv(context)));
    let mut reading = Box::pin(send(&server, "client", EVALUATE, Some(slow)));
    let feeding = async {
        // The third piece is taken when the first one has been read.
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
    let next = send(&server, "client", EVALUATE, Some(long.clone().into()));
    assert_no_room(&next.await);
    tokio::time::resume();
    for (key, body) in [
        ("server", long.clone()),
        ("client", "{\"flag\": \"none\"}".to_owned()),
    ] {
        let answer = send(&server, key, EVALUATE, Some(body.into())).await;
        assert_eq!(answer.status(), 200);
    }
    drop(reading);
    let wait = Duration::from_secs(20);
    let next = send(&server, "client", EVALUATE, Some(long.into()));
    let next = tokio::time::timeout(wait, next).await.unwrap();
    assert_eq!(next.status(), 200);
}

#[tokio::test]
async fn deltas_since_many_revisions_are_cached_up_to_a_limit_and_else_everything_is_sent() {
    let server = Server::new().await;
    let flag = |text: &str| {
        json!({
            "type": "string", "enabled": true, "variants": {"long": text.repeat(500_000), "off": ""}, "offVariant": "off", "serve": "off",
        })
    };
    server.put_flag("same", &flag("x")).await;
    let environment = server.state.environment(1).unwrap();
    let mut held = Vec::new();
    for text in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        held.push(environment.current());
        server.put_flag("other", &flag(text)).await;
    }
    let current = environment.current();
    let mut sent = 0;
    for past in &held {
        let transfer = current.transfer(Visibility::All, Some(&past.cursor(Visibility::All)));
        let events = transfer.events.unwrap();
        match transfer.intent {
            Intent::Changes => sent += events.plain().len(),
            Intent::Full(_) => assert_eq!(events.plain(), current.full(Visibility::All).plain()),
            Intent::Nothing => panic!("there are changes"),
        }
    }
    let full = current.full(Visibility::All).plain().len();
    assert!(
        sent <= 2 * full,
        "{sent} bytes are kept, everything is {full}"
    );
    // A client at the previous state gets the delta, whatever others have requested.
    let latest = held.last().unwrap().revision();
    assert!(current.since(Visibility::All, latest).is_some());
    // A delta that is longer than everything is never sent.
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
        server.put("document", &document).await.expect(200);
    }
    let current = environment.current();
    let before = current.revision() - 1;
    assert!(current.since(Visibility::All, before).is_none());
}
