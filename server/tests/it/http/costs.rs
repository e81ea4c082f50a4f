//! Small requests that are much work: their responses are limited, and their cost counts towards the rates

use axum::http::Method;
use flagstaff_server::Rates;
use serde_json::{Value, json};

use crate::support::{Answer, Call, Requests as _, Server, for_pages, on, text};

const BULK: &str = "/ofrep/v1/evaluate/flags";
const EVALUATE: &str = "/api/v1/evaluate";
const BATCH: &str = "/api/v1/evaluate/batch";
const SNAPSHOT: &str = "/api/v1/sdk/snapshot";

/// A request that comes from an address: a read where there is no body
fn from(server: &Server, address: &str, token: &str, (path, body): (&str, &Value)) -> Call {
    let method = if body.is_null() {
        Method::GET
    } else {
        Method::POST
    };
    let request = server.request(method, path).body(body);
    request.token(token).from(address)
}

/// Creates flags, each of which serves a text of a number of bytes
async fn serve_texts(server: &Server, flags: usize, bytes: usize) {
    let text = "x".repeat(bytes);
    let flag = json!({
        "type": "string", "enabled": true, "clientSide": true, "variants": {"long": text, "off": ""}, "offVariant": "off", "serve": "long",
    });
    for number in 0..flags {
        server.put_flag(&format!("flag{number}"), &flag).await;
    }
}

fn expect_too_long(answer: Answer) {
    answer
        .expect_problem(422, "response-too-long")
        .expect_detail("the response would be longer than 8388608 bytes: ask for fewer flags or contexts at a time");
}

#[tokio::test]
async fn a_response_has_at_most_eight_megabytes() {
    let server = Server::new().await;
    serve_texts(&server, 9, 1_000_000).await;
    let one = json!({"contexts": vec![json!({}); 8], "flags": ["flag0"]});
    let one = server.post(BATCH, &one).token("client").await.expect(200);
    let last = &one["items"][7]["flags"]["flag0"];
    assert_eq!(text(last, "value").len(), 1_000_000);
    let contexts = vec![json!({}); 1_000];
    let whole = json!({"context": {}});
    let of_one = json!({"contexts": contexts, "flags": ["flag0"]});
    for (token, path, body) in [
        ("client", BATCH, of_one),
        ("client", BATCH, json!({"contexts": contexts})),
        ("client", EVALUATE, whole.clone()),
        ("server", EVALUATE, whole.clone()),
    ] {
        expect_too_long(server.post(path, body).token(token).await);
    }
    for (token, path) in [
        ("client", "values?targetingKey=u1"),
        ("viewer", "contexts/user/u1/flags"),
    ] {
        expect_too_long(server.get(path).token(token).await);
    }
    // Errors of OFREP have their own form.
    let bulk = server.post(BULK, &whole).token("client").await.expect(400);
    assert_eq!(bulk["errorCode"], "GENERAL");
    let details = bulk["errorDetails"].to_string();
    assert!(details.contains("longer than 8388608 bytes"), "{details}");
    // A default value that many flags repeat counts too.
    let server = Server::new().await;
    let broken = json!({"schemaVersion": 1, "flags": (0..20).map(|number| (format!("flag{number}"), json!({"type": "none", "clientSide": true}))).collect::<serde_json::Map<_, _>>()});
    let kept = server.put("document?invalid=keep", broken);
    kept.await.expect(200);
    let asked = json!({"default": "x".repeat(1_000_000)});
    expect_too_long(server.post(EVALUATE, &asked).token("client").await);
}

#[tokio::test]
async fn a_batch_costs_a_request_for_each_hundred_outcomes() {
    let server = Server::with_rates(Rates {
        address: 1,
        ..Rates::default()
    })
    .await;
    server.put_flag("a", for_pages(on())).await;
    let host = "192.0.2.1";
    let small = json!({"contexts": vec![json!({}); 100], "flags": ["a"]});
    let large = json!({"contexts": vec![json!({}); 500], "flags": ["a"]});
    // The large batch costs five for its outcomes and one for the bytes of its response.
    for asked in [&small, &small, &large] {
        from(&server, host, "client", (BATCH, asked))
            .await
            .expect(200);
    }
    // Two of ten are left, and a request may cost more than is left.
    from(&server, host, "client", (BATCH, &large))
        .await
        .expect(200);
    for path in [BATCH, BULK] {
        let answer = from(&server, host, "client", (path, &small))
            .await
            .expect(429);
        assert_eq!(
            answer.header("retry-after"),
            "5",
            "what was overdrawn, and one"
        );
    }
    from(&server, "192.0.2.2", "client", (BATCH, &large))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_long_response_costs_more_than_a_short_one() {
    let server = Server::with_rates(Rates {
        address: 1,
        ..Rates::default()
    })
    .await;
    serve_texts(&server, 1, 500_000).await;
    let asked = json!({"flag": "flag0"});
    // Compressed it has some hundred bytes, which are as much work.
    for (coding, host) in [("gzip", "192.0.2.1"), ("identity", "192.0.2.2")] {
        let ask = async || {
            let request = server.post(EVALUATE, &asked).token("client");
            let request = request.header("accept-encoding", coding);
            request.from(host).response().await.status()
        };
        assert_eq!(ask().await, 200);
        assert_eq!(ask().await, 200);
        assert_eq!(ask().await, 429, "{coding}");
    }
}

#[tokio::test]
async fn long_work_does_not_block_other_requests() {
    let server = Server::new().await;
    serve_texts(&server, 2, 400_000).await;
    let batch = json!({"contexts": vec![json!({}); 1_000], "flags": ["none", "neither"]});
    for (path, body) in [(BATCH, batch), (EVALUATE, json!({})), (BULK, json!({}))] {
        // There is only one thread: work that does not yield blocks everything else.
        let others = tokio::task::yield_now();
        let asked = server.post(path, &body).token("client").send();
        let is_first = tokio::select! {
            biased;
            _ = asked => false,
            () = others => true,
        };
        assert!(is_first, "{path} kept everybody waiting");
    }
}

#[tokio::test]
async fn one_address_cannot_use_up_the_rate_of_a_public_key() {
    let rates = |key, address| Rates {
        key,
        address,
        ..Rates::default()
    };
    // Also if the rate of an address is as high as that of a key.
    for rates in [rates(4, 1), rates(4, 1_000)] {
        for (path, body, token, elsewhere) in [
            (BULK, json!({}), "client", BULK),
            ("/ofrep/v1/events", Value::Null, "client", BULK),
            ("/api/v1/sdk/stream", Value::Null, "client-local", SNAPSHOT),
        ] {
            let server = Server::with_rates(rates.clone()).await;
            for number in 0..20 {
                // The streams end at once, since nobody reads on.
                let request = from(&server, "192.0.2.1", token, (path, &body));
                let status = request.response().await.status();
                let expected = if number < 10 { 200 } else { 429 };
                assert_eq!(status, expected, "{number} {path}");
            }
            let body = if elsewhere == BULK {
                json!({})
            } else {
                Value::Null
            };
            let other = from(&server, "192.0.2.2", token, (elsewhere, &body));
            other.await.expect(200);
        }
    }
}

#[tokio::test]
async fn reads_of_the_admin_api_are_limited_by_their_cost() {
    let staging = "/api/v1/projects/default/environments/staging/flags";
    for (path, expected) in [
        ("flags", 10),
        ("/api/v1/projects/default/audit", 10),
        ("/api/v1/projects/default/flags", 10),
        // 600 kB are ten units, one of which is the request.
        ("document", 1),
        ("/api/v1/projects/default/audit/export", 1),
        ("compare?with=staging", 10),
    ] {
        let server = Server::with_rates(Rates {
            reads: 1,
            ..Rates::default()
        })
        .await;
        serve_texts(&server, usize::from(expected == 1), 600_000).await;
        let mut answered = 0;
        let read = |host, token, path| from(&server, host, token, (path, &Value::Null));
        while read("192.0.2.1", "viewer", path).await.status == 200 {
            answered += 1;
            assert!(answered < 100, "{path} has no limit");
        }
        assert_eq!(answered, expected, "{path}");
        read("192.0.2.1", "viewer", path).await.expect(429);
        // The rate of the address is used up for all tokens; other addresses have theirs.
        read("192.0.2.1", "editor", staging).await.expect(429);
        read("192.0.2.2", "editor", staging).await.expect(200);
        // Writes have a rate of their own.
        server.put("flags/b", on()).await.expect(201);
    }
}

#[tokio::test]
async fn a_stream_of_a_public_key_costs_what_a_snapshot_costs() {
    for path in ["/api/v1/sdk/snapshot", "/api/v1/sdk/stream"] {
        for (token, second) in [("client-local", 429), ("server", 200)] {
            let server = Server::with_rates(Rates {
                address: 1,
                ..Rates::default()
            })
            .await;
            let flag = json!({
                "type": "string", "enabled": true, "clientSide": true, "variants": {"long": "x".repeat(700_000), "off": ""},
                "offVariant": "off", "serve": "long",
            });
            server.put_flag("long", &flag).await;
            for expected in [200, second] {
                let request = server.get(path).token(token).from("192.0.2.1");
                let response = request.response().await;
                assert_eq!(response.status(), expected, "{path} {token}");
            }
        }
    }
}

#[tokio::test]
async fn an_export_as_yaml_is_charged_before_it_is_made() {
    let server = Server::with_rates(Rates {
        reads: 1,
        ..Rates::default()
    })
    .await;
    serve_texts(&server, 1, 600_000).await;
    let ask = || {
        let request = server.get("document").token("viewer");
        request.header("accept", "application/yaml").send()
    };
    let (one, other) = tokio::join!(ask(), ask());
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 429]);
}
