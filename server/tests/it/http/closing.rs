//! When a response ends its connection

use axum::http::StatusCode;
use axum::http::header::CONNECTION;
use http_body_util::BodyExt as _;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

use crate::support::{Database, FLAGS, Live};

#[tokio::test]
async fn a_response_to_a_body_that_is_not_read_says_that_the_connection_ends() {
    let database = Database::new();
    let live = Live::start(&database).await;
    let address = live.host().to_owned();
    let long = "x".repeat(2 << 20);
    let flag = json!({"key": "a"}).to_string();
    for (token, path, body, status, ends) in [
        ("admin", FLAGS, &flag, StatusCode::CREATED, false),
        ("admin", FLAGS, &flag, StatusCode::CONFLICT, false),
        ("nobody", FLAGS, &long, StatusCode::UNAUTHORIZED, true),
        ("admin", FLAGS, &long, StatusCode::PAYLOAD_TOO_LARGE, true),
        ("admin", "/nowhere", &long, StatusCode::NOT_FOUND, true),
    ] {
        let stream = TcpStream::connect(&address).await.unwrap();
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = axum::http::Request::post(path)
            .header("host", "flagstaff.example")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(body.clone())
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), status);
        let said = response
            .headers()
            .get(CONNECTION)
            .map(|value| value.as_bytes().to_vec());
        assert_eq!(said.as_deref(), ends.then_some(&b"close"[..]), "{status}");
        drop(response.collect().await);
    }
}
