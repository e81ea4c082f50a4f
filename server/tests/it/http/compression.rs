//! Compression with gzip: responses, their entity tags, and streams

use axum::http::{HeaderMap, Method};
use flate2::read::GzDecoder;
use flate2::{Decompress, FlushDecompress};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::io::Read as _;

use crate::support::{Requests as _, Server};

const SNAPSHOT: &str = "/api/v1/sdk/snapshot";
const STREAM: &str = "/api/v1/sdk/stream";
const BULK: &str = "/ofrep/v1/evaluate/flags";

/// Enough flags to make responses about all of them worth compressing
async fn server() -> Server {
    let server = Server::new().await;
    for number in 0..20 {
        let flag = json!({"type": "boolean", "enabled": true, "clientSide": true, "serve": "on", "description": format!("what flag {number} is for")});
        server.put_flag(&format!("flag-{number}"), &flag).await;
    }
    server
}

struct Raw {
    status: u16,
    headers: HeaderMap,
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

/// The token, the path and the body of an evaluation, or of a read without a body
type Question<'a> = (&'a str, &'a str, &'a Value);

async fn ask(server: &Server, (token, path, body): Question<'_>, headers: &[(&str, &str)]) -> Raw {
    let method = if body.is_null() {
        Method::GET
    } else {
        Method::POST
    };
    let request = server.request(method, path).body(body);
    let response = request.token(token).headers(headers).response().await;
    let (head, body) = response.into_parts();
    Raw {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.collect().await.unwrap().to_bytes().to_vec(),
    }
}

#[tokio::test]
async fn responses_about_all_flags_are_compressed_if_the_client_accepts_it() {
    let server = server().await;
    let context = json!({"context": {"targetingKey": "u"}});
    for (key, path, body) in [
        ("server", SNAPSHOT, Value::Null),
        ("client", BULK, context.clone()),
        ("client", "/api/v1/evaluate", context.clone()),
    ] {
        let plain = ask(&server, (key, path, &body), &[]).await;
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        assert!(plain.header("vary").unwrap().contains("Accept-Encoding"));
        let coded = ask(
            &server,
            (key, path, &body),
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
        let refused = ask(&server, (key, path, &body), &refusing).await;
        assert_eq!(refused.body, plain.body, "{path}");
    }
    let one = ask(
        &server,
        ("client", "/ofrep/v1/evaluate/flags/flag-1", &context),
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
async fn a_compressed_response_has_a_weak_etag_and_either_etag_gets_304() {
    let server = server().await;
    let context = json!({"context": {"targetingKey": "u"}});
    for (key, path, body) in [("server", SNAPSHOT, Value::Null), ("client", BULK, context)] {
        let gzip = ("accept-encoding", "gzip");
        let plain = ask(&server, (key, path, &body), &[]).await;
        let coded = ask(&server, (key, path, &body), &[gzip]).await;
        let strong = plain.header("etag").unwrap();
        let weak = coded.header("etag").unwrap();
        assert_eq!(weak, format!("W/{strong}"), "{path}");
        for held in [strong, weak] {
            for headers in [
                &[("if-none-match", held)][..],
                &[("if-none-match", held), gzip],
            ] {
                let again = ask(&server, (key, path, &body), headers).await;
                assert_eq!(again.status, 304);
                assert!(again.body.is_empty());
                assert!(again.header("vary").unwrap().contains("Accept-Encoding"));
                assert_eq!(again.header("content-encoding"), None);
            }
        }
    }
}

#[tokio::test]
async fn a_compressed_stream_is_flushed_after_each_event_and_ends_properly() {
    let server = server().await;
    let open = async |headers: &[(&str, &str)]| {
        let stream = server.get(STREAM).token("server").headers(headers);
        stream.response().await
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
        .put_flag(
            "flag-1",
            json!({"type": "boolean", "enabled": false, "serve": "on"}),
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
    // The plain stream was not read in between: it got the change together with the rest.
    assert_eq!(
        names(&events)[..22],
        names(std::str::from_utf8(&expected).unwrap())[..22]
    );
}
