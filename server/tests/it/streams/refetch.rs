//! Refetch streams, the `eventStreams` of OFREP: who may open them, their events, and bulk evaluations after an event

use axum::body::Body;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::support::{Answer, Event, NOW, Requests as _, Server, boolean, events, in_time};

const BULK: &str = "/ofrep/v1/evaluate/flags";

async fn server() -> Server {
    let server = Server::new().await;
    server.put_flag("a", boolean("on")).await;
    server
}

async fn change(server: &Server, percentage: u32) {
    let flag = json!({"rolloutPercentage": percentage});
    server.put_flag("a", flag).await;
}

async fn bulk(server: &Server, query: &str, headers: &[(&str, &str)]) -> Answer {
    let context = json!({"context": {"targetingKey": "u"}});
    let request = server.post(&format!("{BULK}{query}"), context);
    request.token("client").headers(headers).await
}

/// The URI of the stream that a bulk evaluation names
async fn stream_uri(server: &Server) -> String {
    let answer = bulk(server, "", &[]).await;
    let streams = answer["eventStreams"].as_array().unwrap();
    assert_eq!(streams.len(), 1);
    assert_eq!(streams[0]["type"], "sse");
    assert_eq!(streams[0]["inactivityDelaySec"], 120);
    let endpoint = streams[0]["endpoint"].as_object().unwrap();
    assert!(!endpoint.contains_key("origin"), "the client's own");
    endpoint["requestUri"].as_str().unwrap().to_owned()
}

struct Notices(Body);

impl Notices {
    async fn open(server: &Server, uri: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let request = server.get(uri).anonymous().headers(headers);
        let response = request.response().await;
        if response.status() != 200 {
            return Err(response.status().as_u16());
        }
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Ok(Self(response.into_body()))
    }

    /// The next event; `None` at the end
    async fn next(&mut self) -> Option<Event> {
        loop {
            let frame = in_time(self.0.frame()).await;
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
async fn a_change_is_sent_to_the_stream_that_a_bulk_evaluation_names() {
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
        "it had missed nothing, and gets the next event"
    );
    server.state.stopping().cancel();
    assert!(current.next().await.is_none(), "no event but OFREP's own");
}

#[tokio::test]
async fn a_refetch_stream_needs_a_key_that_evaluates_or_the_token_of_a_stream() {
    let server = server().await;
    let uri = stream_uri(&server).await;
    let (path, token) = uri.split_once("?token=").unwrap();
    for (uri, headers, expected) in [
        (path.to_owned(), &[][..], 401),
        (path.to_owned(), &[("authorization", "Bearer admin")], 403),
        (format!("{path}?token="), &[], 401),
        (format!("{path}?token={token}0"), &[], 401),
        (format!("{path}?token=client"), &[], 401),
    ] {
        let refused = Notices::open(&server, &uri, headers).await;
        assert_eq!(refused.err(), Some(expected), "{uri} {headers:?}");
    }
    for header in [("authorization", "Bearer client"), ("x-api-key", "server")] {
        assert!(Notices::open(&server, path, &[header]).await.is_ok());
    }
    // The token is valid for its stream only.
    server.post(BULK, "{}").token(token).await.expect(401);

    assert_eq!(
        stream_uri(&server).await,
        uri,
        "a client that asks again keeps its stream"
    );
    let tag = bulk(&server, "", &[]).await.header("etag").to_owned();
    server.wait(24 * 3_600 * 1_000);
    let ended = Notices::open(&server, &uri, &[]).await;
    assert_eq!(ended.err(), Some(401));
    bulk(&server, "", &[("if-none-match", &tag)])
        .await
        .expect(200);
    assert_ne!(stream_uri(&server).await, uri);
}

#[tokio::test]
async fn a_client_that_names_a_received_event_gets_no_304() {
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
    assert_eq!(status("").await, 304);
    assert_eq!(status(&format!("?flagConfigEtag={cursor}")).await, 304);
    assert_eq!(
        status("?flagConfigEtag=another&flagConfigLastModified=1771622898").await,
        200,
        "whatever it is that the client has heard of"
    );
    // An event of another node, whose change this node does not have yet.
    let mut parts: Vec<&str> = cursor.split('.').collect();
    parts[1] = "2";
    let query = format!("?flagConfigEtag={}", parts.join("."));
    let too_early = bulk(&server, &query, &held).await.expect(200);
    assert_eq!(too_early["metadata"]["revision"], "1");
    let (answer, ()) = tokio::join!(bulk(&server, &query, &held), change(&server, 10));
    assert_eq!(answer.status, 200);
    assert_eq!(answer["metadata"]["revision"], "2");
}

#[tokio::test]
async fn a_value_that_changes_with_time_sends_an_event() {
    let server = server().await;
    let end = flagstaff_core::Timestamp::from_millis(i64::try_from(NOW).unwrap() + 200);
    let flag = json!({
        "type": "boolean", "enabled": true, "serve": "on", "expiresAt": end.to_string(), "clientSide": true,
    });
    let document = json!({"schemaVersion": 1, "flags": {"brief": flag}});
    server.put("document", document).await.expect(200);
    let uri = stream_uri(&server).await;
    let mut notices = Notices::open(&server, &uri, &[]).await.unwrap();
    let first = notices.next().await.unwrap();
    let tag = bulk(&server, "", &[]).await.header("etag").to_owned();
    server.wait(200);
    let second = notices.next().await.unwrap();
    assert_eq!(second.id, first.id, "it is the same state, at another time");
    let query = format!("?flagConfigEtag={}", second.id.unwrap());
    let answer = bulk(&server, &query, &[("if-none-match", &tag)]).await;
    assert_eq!(answer["flags"][0]["reason"], "DISABLED");
    assert_eq!(answer["flags"][0].get("errorCode"), None::<&Value>);
}
