//! Requests that are small and much work: each is bounded, charged by what it costs, and keeps nobody else waiting

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use flagstaff_server::auth::KeyKind;
use flagstaff_server::{Limits, Peer, Rates};
use serde_json::{Value, json};

use crate::support::{Answer, DOCUMENT, FLAGS, Server};

const BULK: &str = "/ofrep/v1/evaluate/flags";
const EVALUATE: &str = "/api/v1/evaluate";
const BATCH: &str = "/api/v1/evaluate/batch";
const ENVIRONMENT: &str = "/api/v1/projects/default/environments/production";

async fn limited(rates: Rates) -> Server {
    let limits = Limits {
        rates,
        ..Limits::default()
    };
    Server::with(limits).await
}

/// A request that comes from an address
async fn from(server: &Server, address: &str, token: &str, (path, body): (&str, &Value)) -> Answer {
    let is_read = body.is_null();
    let mut request = Request::builder()
        .method(if is_read { Method::GET } else { Method::POST })
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from(if is_read {
            String::new()
        } else {
            body.to_string()
        }))
        .unwrap();
    let address = (address.parse::<std::net::IpAddr>().unwrap(), 4_000);
    request.extensions_mut().insert(Peer(address.into()));
    server.send(request).await
}

/// Puts so many flags, each of which serves a text of so many bytes
async fn serve_texts(server: &Server, flags: usize, bytes: usize) {
    let text = "x".repeat(bytes);
    let flag = json!({
        "type": "string", "enabled": true, "variants": {"long": text, "off": ""}, "offVariant": "off", "serve": "long",
    });
    for number in 0..flags {
        let answer = server.put(&format!("flag{number}"), &flag).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    }
}

fn assert_too_long(answer: &Answer) {
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.text.len()
    );
    assert_eq!(
        answer.json()["type"],
        "urn:flagstaff:problem:response-too-long"
    );
    assert_eq!(
        answer.json()["detail"],
        "the response would be longer than 8388608 bytes: ask for fewer flags or contexts at a time"
    );
}

#[tokio::test]
async fn a_response_to_a_few_kilobytes_has_at_most_eight_megabytes() {
    let server = Server::new().await;
    serve_texts(&server, 9, 1_000_000).await;
    let one = json!({"contexts": vec![json!({}); 8], "flags": ["flag0"]});
    let one = server
        .call(KeyKind::Client, Method::POST, BATCH, &one, &[])
        .await;
    assert_eq!(one.status, StatusCode::OK, "{}", one.text.len());
    assert_eq!(
        one.json()["items"][7]["flags"]["flag0"]["value"]
            .as_str()
            .unwrap()
            .len(),
        1_000_000
    );
    let contexts = vec![json!({}); 1_000];
    let whole = json!({"context": {}});
    let values = format!("{ENVIRONMENT}/values?targetingKey=u1");
    let of_context = format!("{ENVIRONMENT}/contexts/user/u1/flags");
    for (kind, path, body) in [
        (
            KeyKind::Client,
            BATCH,
            json!({"contexts": contexts, "flags": ["flag0"]}),
        ),
        (KeyKind::Client, BATCH, json!({"contexts": contexts})),
        (KeyKind::Client, EVALUATE, whole.clone()),
        (KeyKind::Server, EVALUATE, whole.clone()),
        (KeyKind::Client, &values, Value::Null),
        (KeyKind::Viewer, &of_context, Value::Null),
    ] {
        let method = if body.is_null() {
            Method::GET
        } else {
            Method::POST
        };
        let answer = server.call(kind, method, path, &body, &[]).await;
        assert_too_long(&answer);
    }
    // OFREP's clients know their own shape.
    let bulk = server
        .call(KeyKind::Client, Method::POST, BULK, &whole, &[])
        .await;
    assert_eq!(bulk.status, StatusCode::BAD_REQUEST, "{}", bulk.text.len());
    assert_eq!(bulk.json()["errorCode"], "GENERAL");
    let details = bulk.json()["errorDetails"].to_string();
    assert!(details.contains("longer than 8388608 bytes"), "{details}");
    // A default that many flags have to repeat counts, too.
    let server = Server::new().await;
    let broken = json!({"schemaVersion": 1, "flags": (0..20).map(|number| (format!("flag{number}"), json!({"type": "none"}))).collect::<serde_json::Map<_, _>>()});
    let kept = format!("{DOCUMENT}?invalid=keep");
    let kept = server.admin(Method::PUT, &kept, &broken).await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.text);
    let asked = json!({"default": "x".repeat(1_000_000)});
    let answer = server
        .call(KeyKind::Client, Method::POST, EVALUATE, &asked, &[])
        .await;
    assert_too_long(&answer);
}

#[tokio::test]
async fn a_batch_costs_as_many_requests_as_it_has_hundreds_of_outcomes() {
    let server = limited(Rates {
        address: 1,
        ..Rates::default()
    })
    .await;
    server.put("a", &json!({"enabled": true})).await;
    let host = "192.0.2.1";
    let small = json!({"contexts": vec![json!({}); 100], "flags": ["a"]});
    let large = json!({"contexts": vec![json!({}); 500], "flags": ["a"]});
    // Five for the outcomes of the large one, and one for the bytes of its answer.
    for asked in [&small, &small, &large] {
        let answer = from(&server, host, "client", (BATCH, asked)).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    // Two of ten are left, and who has any left may overdraw.
    let answer = from(&server, host, "client", (BATCH, &large)).await;
    assert_eq!(answer.status, StatusCode::OK);
    for path in [BATCH, BULK] {
        let answer = from(&server, host, "client", (path, &small)).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(
            answer.header("retry-after"),
            "5",
            "what was overdrawn, and one"
        );
    }
    let other = from(&server, "192.0.2.2", "client", (BATCH, &large)).await;
    assert_eq!(other.status, StatusCode::OK);
}

#[tokio::test]
async fn a_long_response_costs_more_than_a_short_one() {
    let server = limited(Rates {
        address: 1,
        ..Rates::default()
    })
    .await;
    serve_texts(&server, 1, 500_000).await;
    let asked = json!({"flag": "flag0"});
    // Compressed it is some hundred bytes, which are as much work.
    for coding in ["gzip", "identity"] {
        let host = if coding == "gzip" {
            "192.0.2.1"
        } else {
            "192.0.2.2"
        };
        let ask = async || {
            let mut request = Request::post(EVALUATE)
                .header("authorization", "Bearer client")
                .header("accept-encoding", coding)
                .body(Body::from(asked.to_string()))
                .unwrap();
            let address = (host.parse::<std::net::IpAddr>().unwrap(), 4_000);
            request.extensions_mut().insert(Peer(address.into()));
            let response =
                tower::ServiceExt::oneshot(flagstaff_server::app(server.state.clone()), request);
            response.await.unwrap().status()
        };
        assert_eq!(ask().await, StatusCode::OK);
        assert_eq!(ask().await, StatusCode::OK);
        assert_eq!(ask().await, StatusCode::TOO_MANY_REQUESTS, "{coding}");
    }
}

#[tokio::test]
async fn much_work_is_done_off_the_thread_that_serves_others() {
    let server = Server::new().await;
    serve_texts(&server, 2, 400_000).await;
    let batch = json!({"contexts": vec![json!({}); 1_000], "flags": ["none", "neither"]});
    for (path, body) in [(BATCH, batch), (EVALUATE, json!({})), (BULK, json!({}))] {
        // There is one thread here: whatever it does at once, nothing comes between.
        let others = tokio::task::yield_now();
        let asked = server.call(KeyKind::Client, Method::POST, path, &body, &[]);
        let is_first = tokio::select! {
            biased;
            _ = asked => false,
            () = others => true,
        };
        assert!(is_first, "{path} kept everybody waiting");
    }
}

#[tokio::test]
async fn one_host_cannot_use_up_a_key_that_is_no_secret() {
    let rates = |key, address| Rates {
        key,
        address,
        ..Rates::default()
    };
    // Also where an address may have as much as a key.
    for rates in [rates(4, 1), rates(4, 1_000)] {
        for path in [BULK, "/ofrep/v1/events", "/api/v1/sdk/stream"] {
            let server = limited(rates.clone()).await;
            let token = if path.contains("sdk") {
                "client-local"
            } else {
                "client"
            };
            let body = if path == BULK { json!({}) } else { Value::Null };
            for number in 0..20 {
                // The streams end at once, since nobody reads on.
                let mut request = Request::builder()
                    .method(if path == BULK {
                        Method::POST
                    } else {
                        Method::GET
                    })
                    .uri(path)
                    .header("authorization", format!("Bearer {token}"))
                    .body(Body::from(if path == BULK { "{}" } else { "" }))
                    .unwrap();
                let address = (std::net::IpAddr::from([192, 0, 2, 1]), 4_000);
                request.extensions_mut().insert(Peer(address.into()));
                let response = tower::ServiceExt::oneshot(
                    flagstaff_server::app(server.state.clone()),
                    request,
                );
                let status = response.await.unwrap().status();
                let expected = if number < 10 {
                    StatusCode::OK
                } else {
                    StatusCode::TOO_MANY_REQUESTS
                };
                assert_eq!(status, expected, "{number} {path}");
            }
            let body = if body.is_null() && token == "client-local" {
                Value::Null
            } else {
                json!({})
            };
            let elsewhere = if token == "client-local" {
                "/api/v1/sdk/snapshot"
            } else {
                BULK
            };
            let answer = from(&server, "192.0.2.2", token, (elsewhere, &body)).await;
            assert_eq!(
                answer.status,
                StatusCode::OK,
                "{path}: the others are shut out"
            );
        }
    }
}

#[tokio::test]
async fn reads_of_people_are_limited_by_what_they_cost() {
    let staging = "/api/v1/projects/default/environments/staging/flags";
    let compare = format!("{ENVIRONMENT}/compare?with=staging");
    for (path, expected) in [
        (FLAGS, 10),
        ("/api/v1/projects/default/audit", 10),
        ("/api/v1/projects/default/flags", 10),
        // 600 kB are ten units, one of which is the request.
        (DOCUMENT, 1),
        ("/api/v1/projects/default/audit/export", 1),
        (&compare, 10),
    ] {
        let server = limited(Rates {
            reads: 1,
            ..Rates::default()
        })
        .await;
        serve_texts(&server, usize::from(expected == 1), 600_000).await;
        let mut served = 0;
        while from(&server, "192.0.2.1", "viewer", (path, &Value::Null))
            .await
            .status
            == StatusCode::OK
        {
            served += 1;
            assert!(served < 100, "{path} has no limit");
        }
        assert_eq!(served, expected, "{path}");
        let answer = from(&server, "192.0.2.1", "viewer", (path, &Value::Null)).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        // The address has used up what it had, whoever asks from there; others go on.
        let answer = from(&server, "192.0.2.1", "editor", (staging, &Value::Null)).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        let answer = from(&server, "192.0.2.2", "editor", (staging, &Value::Null)).await;
        assert_eq!(answer.status, StatusCode::OK);
        // Reading is not writing.
        let answer = server.put("b", &json!({"enabled": true})).await;
        assert_eq!(answer.status, StatusCode::CREATED);
    }
}

#[tokio::test]
async fn a_stream_costs_a_page_what_a_snapshot_costs() {
    for path in ["/api/v1/sdk/snapshot", "/api/v1/sdk/stream"] {
        for (token, second) in [
            ("client-local", StatusCode::TOO_MANY_REQUESTS),
            ("server", StatusCode::OK),
        ] {
            let server = limited(Rates {
                address: 1,
                ..Rates::default()
            })
            .await;
            let flag = json!({
                "type": "string", "enabled": true, "clientSide": true, "variants": {"long": "x".repeat(700_000), "off": ""},
                "offVariant": "off", "serve": "long",
            });
            let put = server.put("long", &flag).await;
            assert_eq!(put.status, StatusCode::CREATED, "{}", put.text);
            for expected in [StatusCode::OK, second] {
                let mut request = Request::get(path)
                    .header("authorization", format!("Bearer {token}"))
                    .body(Body::empty())
                    .unwrap();
                let address = (std::net::IpAddr::from([192, 0, 2, 1]), 4_000);
                request.extensions_mut().insert(Peer(address.into()));
                let router = flagstaff_server::app(server.state.clone());
                let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
                assert_eq!(response.status(), expected, "{path} {token}");
            }
        }
    }
}

#[tokio::test]
async fn an_export_as_yaml_is_paid_for_before_it_is_made() {
    let server = limited(Rates {
        reads: 1,
        ..Rates::default()
    })
    .await;
    serve_texts(&server, 1, 600_000).await;
    let headers = [("accept", "application/yaml")];
    let ask = || {
        server.call(
            KeyKind::Viewer,
            Method::GET,
            DOCUMENT,
            &Value::Null,
            &headers,
        )
    };
    let (one, other) = tokio::join!(ask(), ask());
    let mut statuses = [one.status, other.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::TOO_MANY_REQUESTS]);
}
