//! Answers in gzip: what is sent, how it is named, and that a stream's parts can be read as they come

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use flagstaff_server::auth::KeyKind;
use flate2::read::GzDecoder;
use flate2::{Decompress, FlushDecompress};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::io::Read as _;
use tower::ServiceExt as _;

use crate::support::Server;

const SNAPSHOT: &str = "/api/v1/sdk/snapshot";
const STREAM: &str = "/api/v1/sdk/stream";
const BULK: &str = "/ofrep/v1/evaluate/flags";

/// Enough flags for every answer about all of them to be worth compressing
async fn server() -> Server {
    let server = Server::new().await;
    for number in 0..20 {
        let flag = json!({"type": "boolean", "enabled": true, "serve": "on", "description": format!("what flag {number} is for")});
        server.put(&format!("flag-{number}"), &flag).await;
    }
    server
}

struct Raw {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: Vec<u8>,
}

impl Raw {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn gunzip(&self) -> Vec<u8> {
        assert_eq!(self.header("content-encoding"), Some("gzip"));
        let mut plain = Vec::new();
        GzDecoder::new(&*self.body).read_to_end(&mut plain).unwrap();
        plain
    }
}

fn request(key: KeyKind, path: &str, body: &Value, headers: &[(&str, &str)]) -> Request<Body> {
    let method = if body.is_null() {
        Method::GET
    } else {
        Method::POST
    };
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", key.name()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_string())).unwrap()
}

async fn ask(
    server: &Server,
    key: KeyKind,
    path: &str,
    body: &Value,
    headers: &[(&str, &str)],
) -> Raw {
    let response = flagstaff_server::app(server.state.clone())
        .oneshot(request(key, path, body, headers))
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    Raw {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes().to_vec(),
    }
}

#[tokio::test]
async fn answers_about_all_flags_are_compressed_for_who_takes_it() {
    let server = server().await;
    let context = json!({"context": {"targetingKey": "u"}});
    for (key, path, body) in [
        (KeyKind::Server, SNAPSHOT, Value::Null),
        (KeyKind::Client, BULK, context.clone()),
        (KeyKind::Client, "/api/v1/evaluate", context.clone()),
    ] {
        let plain = ask(&server, key, path, &body, &[]).await;
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        assert!(plain.header("vary").unwrap().contains("Accept-Encoding"));
        let coded = ask(
            &server,
            key,
            path,
            &body,
            &[("accept-encoding", "br, gzip")],
        )
        .await;
        assert_eq!(coded.gunzip(), plain.body, "{path}");
        assert!(
            coded.body.len() * 2 < plain.body.len(),
            "{path}: {}",
            coded.body.len()
        );
        assert_eq!(coded.header("vary"), plain.header("vary"), "{path}");
        let refusing = [("accept-encoding", "gzip;q=0, br")];
        let refused = ask(&server, key, path, &body, &refusing).await;
        assert_eq!(refused.body, plain.body, "{path}");
    }
    let one = ask(
        &server,
        KeyKind::Client,
        &format!("{BULK}/flag-1"),
        &context,
        &[("accept-encoding", "gzip")],
    )
    .await;
    assert_eq!(
        one.header("content-encoding"),
        None,
        "too small to be worth it"
    );
}

#[tokio::test]
async fn a_compressed_answer_has_a_weak_tag_and_either_tag_gets_304() {
    let server = server().await;
    let context = json!({"context": {"targetingKey": "u"}});
    for (key, path, body) in [
        (KeyKind::Server, SNAPSHOT, Value::Null),
        (KeyKind::Client, BULK, context),
    ] {
        let gzip = ("accept-encoding", "gzip");
        let plain = ask(&server, key, path, &body, &[]).await;
        let coded = ask(&server, key, path, &body, &[gzip]).await;
        let strong = plain.header("etag").unwrap();
        let weak = coded.header("etag").unwrap();
        assert_eq!(weak, format!("W/{strong}"), "{path}");
        for held in [strong, weak] {
            for headers in [
                &[("if-none-match", held)][..],
                &[("if-none-match", held), gzip],
            ] {
                let again = ask(&server, key, path, &body, headers).await;
                assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{path} {headers:?}");
                assert!(again.body.is_empty());
                assert!(again.header("vary").unwrap().contains("Accept-Encoding"));
                assert_eq!(again.header("content-encoding"), None);
            }
        }
    }
}

#[tokio::test]
async fn a_compressed_stream_can_be_read_event_by_event_and_ends_whole() {
    let server = server().await;
    let open = async |headers: &[(&str, &str)]| {
        let request = request(KeyKind::Server, STREAM, &Value::Null, headers);
        flagstaff_server::app(server.state.clone())
            .oneshot(request)
            .await
            .unwrap()
    };
    let coded = open(&[("accept-encoding", "gzip")]).await;
    assert_eq!(coded.headers()["content-encoding"], "gzip");
    let plain = open(&[]).await;
    assert!(!plain.headers().contains_key("content-encoding"));
    assert_eq!(plain.headers()["vary"], coded.headers()["vary"]);
    let (mut coded, mut plain) = (coded.into_body(), plain.into_body());

    let mut all = Vec::new();
    let mut decoder = Decompress::new(false);
    let mut read = async |expected: usize| {
        let mut transferred = 0;
        while transferred < expected {
            let piece = coded.frame().await.unwrap().unwrap().into_data().unwrap();
            // The ten bytes that begin a gzip stream come with its first part.
            let blocks = if all.is_empty() { &piece[10..] } else { &piece };
            let mut events = Vec::with_capacity(1 << 16);
            decoder
                .decompress_vec(blocks, &mut events, FlushDecompress::None)
                .unwrap();
            assert!(events.ends_with(b"\n\n"), "whole events: {events:?}");
            transferred += String::from_utf8_lossy(&events)
                .matches("event: payload-transferred")
                .count();
            all.extend_from_slice(&piece);
        }
    };
    read(1).await;
    server
        .put(
            "flag-1",
            &json!({"type": "boolean", "enabled": false, "serve": "on"}),
        )
        .await;
    read(1).await;
    server.state.stopping().cancel();
    all.extend_from_slice(&coded.collect().await.unwrap().to_bytes());

    let mut events = String::new();
    GzDecoder::new(&*all).read_to_string(&mut events).unwrap();
    let mut expected = Vec::new();
    while let Some(frame) = plain.frame().await {
        expected.extend_from_slice(&frame.unwrap().into_data().unwrap());
    }
    let names = |text: &str| {
        let names = text.lines().filter_map(|line| line.strip_prefix("event: "));
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        names(&events).last().map(String::as_str),
        Some("goodbye"),
        "{events}"
    );
    // The plain one was not read in between: it got the change together with the rest.
    assert_eq!(
        names(&events)[..22],
        names(std::str::from_utf8(&expected).unwrap())[..22]
    );
}
