//! OFREP's `eventStreams`: who may have notices, when they come, and what is answered to who has had one

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use flagstaff_server::auth::KeyKind;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::follower::{Event, events};
use crate::live::PATIENCE;
use crate::support::{Answer, DOCUMENT, FLAGS, NOW, Server};

const BULK: &str = "/ofrep/v1/evaluate/flags";

async fn server() -> Server {
    let server = Server::new().await;
    let flag = json!({"type": "boolean", "enabled": true, "serve": "on"});
    server.put("a", &flag).await;
    server
}

async fn change(server: &Server, percentage: u32) {
    server
        .put("a", &json!({"rolloutPercentage": percentage}))
        .await;
}

async fn bulk(server: &Server, query: &str, headers: &[(&str, &str)]) -> Answer {
    let context = json!({"context": {"targetingKey": "u"}});
    let path = format!("{BULK}{query}");
    server
        .call(KeyKind::Client, Method::POST, &path, &context, headers)
        .await
}

/// Where a bulk answer says that notices are
async fn stream_uri(server: &Server) -> String {
    let answer = bulk(server, "", &[]).await.json();
    let streams = answer["eventStreams"].as_array().unwrap();
    assert_eq!(streams.len(), 1);
    assert_eq!(
        (&streams[0]["type"], &streams[0]["inactivityDelaySec"]),
        (&json!("sse"), &json!(120))
    );
    let endpoint = streams[0]["endpoint"].as_object().unwrap();
    assert!(!endpoint.contains_key("origin"), "the client's own");
    endpoint["requestUri"].as_str().unwrap().to_owned()
}

struct Notices(Body);

impl Notices {
    async fn open(
        server: &Server,
        uri: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, StatusCode> {
        let mut request = Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = flagstaff_server::app(server.state.clone())
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        if response.status() != StatusCode::OK {
            return Err(response.status());
        }
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Ok(Self(response.into_body()))
    }

    /// The next event; `None` at the end
    async fn next(&mut self) -> Option<Event> {
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.0.frame())
                .await
                .unwrap();
            let bytes = frame?.unwrap().into_data().unwrap();
            if let Some(event) = events(&bytes)
                .into_iter()
                .find(|event| !event.data.is_empty())
            {
                return Some(event);
            }
        }
    }
}

#[tokio::test]
async fn a_change_is_told_to_who_was_named_the_stream() {
    let server = server().await;
    let uri = stream_uri(&server).await;
    let mut notices = Notices::open(&server, &uri, &[]).await.unwrap();
    let first = notices.next().await.unwrap();
    assert_eq!(first.name, "message");
    let cursor = first.id.clone().unwrap();
    assert_eq!(
        first.json(),
        json!({"type": "refetchEvaluation", "etag": cursor}),
        "something may have changed before the stream was open"
    );
    change(&server, 10).await;
    let second = notices.next().await.unwrap();
    assert_ne!(second.id, first.id);

    let resumed = [("last-event-id", second.id.as_deref().unwrap())];
    let mut current = Notices::open(&server, &uri, &resumed).await.unwrap();
    let missed = [("last-event-id", &*cursor)];
    let mut behind = Notices::open(&server, &uri, &missed).await.unwrap();
    assert_eq!(behind.next().await.unwrap().id, second.id, "it missed that");
    change(&server, 20).await;
    let third = current.next().await.unwrap().id;
    assert_eq!(behind.next().await.unwrap().id, third);
    assert_ne!(
        third, second.id,
        "it had missed nothing, and is told of the next"
    );
    server.state.stopping().cancel();
    assert!(current.next().await.is_none(), "no event but OFREP's own");
}

#[tokio::test]
async fn notices_are_for_keys_that_evaluate_and_for_tokens_of_theirs() {
    let server = server().await;
    let uri = stream_uri(&server).await;
    let (path, token) = uri.split_once("?token=").unwrap();
    for (uri, headers, expected) in [
        (path.to_owned(), &[][..], StatusCode::UNAUTHORIZED),
        (
            path.to_owned(),
            &[("authorization", "Bearer admin")],
            StatusCode::FORBIDDEN,
        ),
        (format!("{path}?token="), &[], StatusCode::UNAUTHORIZED),
        (
            format!("{path}?token={token}0"),
            &[],
            StatusCode::UNAUTHORIZED,
        ),
        (
            format!("{path}?token=client"),
            &[],
            StatusCode::UNAUTHORIZED,
        ),
    ] {
        let refused = Notices::open(&server, &uri, headers).await;
        assert_eq!(refused.err(), Some(expected), "{uri} {headers:?}");
    }
    for header in [("authorization", "Bearer client"), ("x-api-key", "server")] {
        assert!(Notices::open(&server, path, &[header]).await.is_ok());
    }
    // Good for its stream, and for nothing else.
    let as_key = Request::post(BULK)
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from("{}"))
        .unwrap();
    assert_eq!(server.send(as_key).await.status, StatusCode::UNAUTHORIZED);

    assert_eq!(
        stream_uri(&server).await,
        uri,
        "a client that asks again keeps its stream"
    );
    let tag = bulk(&server, "", &[]).await.header("etag").to_owned();
    server
        .clock
        .fetch_add(24 * 3_600 * 1_000, Ordering::Relaxed);
    let ended = Notices::open(&server, &uri, &[]).await;
    assert_eq!(ended.err(), Some(StatusCode::UNAUTHORIZED));
    let answer = bulk(&server, "", &[("if-none-match", &tag)]).await;
    assert_eq!(
        answer.status,
        StatusCode::OK,
        "who holds an ended token gets another, though no flag has changed"
    );
    assert_ne!(stream_uri(&server).await, uri);
}

#[tokio::test]
async fn who_has_heard_of_a_change_is_not_told_that_nothing_changed() {
    let server = server().await;
    let first = bulk(&server, "", &[]).await;
    let tag = first.header("etag").to_owned();
    let held = [("if-none-match", &*tag)];
    let uri = stream_uri(&server).await;
    let cursor = Notices::open(&server, &uri, &[])
        .await
        .unwrap()
        .next()
        .await
        .unwrap()
        .id
        .unwrap();
    let status = async |query: &str| bulk(&server, query, &held).await.status;
    assert_eq!(status("").await, StatusCode::NOT_MODIFIED);
    assert_eq!(
        status(&format!("?flagConfigEtag={cursor}")).await,
        StatusCode::NOT_MODIFIED
    );
    assert_eq!(
        status("?flagConfigEtag=another&flagConfigLastModified=1771622898").await,
        StatusCode::OK,
        "whatever it is that the client has heard of"
    );
    // Of a change that another node has told, and this one does not have.
    let mut parts: Vec<&str> = cursor.split('.').collect();
    parts[1] = "2";
    let query = format!("?flagConfigEtag={}", parts.join("."));
    let too_early = bulk(&server, &query, &held).await;
    assert_eq!(
        too_early.status,
        StatusCode::OK,
        "anybody can make up such a tag, so it is no outage"
    );
    assert_eq!(too_early.json()["metadata"]["revision"], "1");
    let (answer, ()) = tokio::join!(bulk(&server, &query, &held), change(&server, 10));
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["metadata"]["revision"], "2");
}

#[tokio::test]
async fn time_that_changes_a_value_is_told_too() {
    let server = server().await;
    let end = flagstaff_core::Timestamp::from_millis(i64::try_from(NOW).unwrap() + 200);
    let flag =
        json!({"type": "boolean", "enabled": true, "serve": "on", "expiresAt": end.to_string()});
    let document = json!({"schemaVersion": 1, "flags": {"brief": flag}});
    let put = server
        .call(KeyKind::Admin, Method::PUT, DOCUMENT, &document, &[])
        .await;
    assert!(put.status.is_success(), "{} {FLAGS}", put.text);
    let uri = stream_uri(&server).await;
    let mut notices = Notices::open(&server, &uri, &[]).await.unwrap();
    let first = notices.next().await.unwrap();
    let tag = bulk(&server, "", &[]).await.header("etag").to_owned();
    server.clock.fetch_add(200, Ordering::Relaxed);
    let second = notices.next().await.unwrap();
    assert_eq!(second.id, first.id, "it is the same state, at another time");
    let query = format!("?flagConfigEtag={}", second.id.unwrap());
    let answer = bulk(&server, &query, &[("if-none-match", &tag)]).await;
    assert_eq!(answer.json()["flags"][0]["reason"], "DISABLED");
    assert_eq!(answer.json()["flags"][0].get("errorCode"), None::<&Value>);
}
