//! Writes with an `Idempotency-Key`, on both databases and over several nodes

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Method;
use flagstaff_server::auth::CredentialKind;
use flagstaff_server::{AppState, Clock, Rates, RuntimeConfig};
use futures_util::stream;
use serde_json::{Value, json};
use sqlx::{Connection as _, Row as _};

use crate::support::{Call, Cluster, Database, NOW, Requests as _, Server, on, sql, state};

mod claims;

const DAY: u64 = 86_400_000;

/// Two nodes on one database, and their clock
async fn nodes(database: &Database) -> ([AppState; 2], Arc<AtomicU64>) {
    let clock = Arc::new(AtomicU64::new(NOW));
    let manual = || Clock::Manual(Arc::clone(&clock));
    let node = || state(database, RuntimeConfig::default(), manual());
    ([node().await, node().await], clock)
}

/// A write with an `Idempotency-Key`
fn post(node: &AppState, path: &str, key: &str, body: &Value) -> Call {
    node.post(path, body).header("idempotency-key", key)
}

#[tokio::test]
async fn a_repeated_write_gets_the_first_response_from_every_node() {
    for database in Database::both().await {
        let ([one, other], _) = nodes(&database).await;
        let body = json!({"kind": "server", "name": "checkout"});
        let first = post(&one, "keys", "\"8e03978e\"", &body).await.expect(201);
        assert_eq!(first.header("idempotency-replayed"), "");
        // With quotes, as structured headers have them, or without.
        let again = post(&other, "keys", "8e03978e", &body).await.expect(201);
        assert_eq!(again.text, first.text);
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.header("content-type"), "application/json");
        assert_eq!(again.header("idempotency-replayed"), "true");
        let named = one.access_index();
        let named = named.iter().filter(|key| key.row().name == "checkout");
        assert_eq!(named.count(), 1);
    }
}

#[tokio::test]
async fn a_stored_response_is_encrypted() {
    for database in Database::both().await {
        let ([one, _], _) = nodes(&database).await;
        let body = json!({"kind": "server", "name": "checkout"});
        let made = post(&one, "keys", "1", &body).await;
        let mut connection = sqlx::AnyConnection::connect(database.address())
            .await
            .unwrap();
        let row = sqlx::query("SELECT answer FROM idempotency").fetch_one(&mut connection);
        let kept: String = row.await.unwrap().get(0);
        for text in [made["token"].as_str().unwrap(), "checkout"] {
            let hex = text
                .bytes()
                .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
            assert!(
                !kept.contains(text) && !kept.contains(&hex),
                "{text} is kept in the clear"
            );
        }
    }
}

#[tokio::test]
async fn a_key_is_for_one_request() {
    for database in Database::both().await {
        let ([one, other], clock) = nodes(&database).await;
        let flag = |key: &str| json!({"key": key, "enabled": true});
        post(&one, "flags", "1", &flag("a")).await.expect(201);
        let reused = post(&other, "flags", "1", &flag("b")).await.expect(422);
        assert_eq!(reused.problem(), "idempotency-key-reused");
        let reused = post(&one, "flags?reason=another", "1", &flag("a")).await;
        assert_eq!(reused.problem(), "idempotency-key-reused");
        // A day later the key has expired.
        clock.fetch_add(DAY, Ordering::Relaxed);
        assert_eq!(
            post(&one, "flags", "1", &flag("a")).await.problem(),
            "exists"
        );
    }
}

#[tokio::test]
async fn a_refused_write_may_be_corrected_and_sent_again() {
    for database in Database::both().await {
        let ([one, _], _) = nodes(&database).await;
        let refused = post(&one, "flags", "1", &json!({"key": "a", "enabled": 1})).await;
        assert_eq!(refused.problem(), "invalid");
        post(&one, "flags", "1", &json!({"key": "a", "enabled": true}))
            .await
            .expect(201);
        for wrong in ["", "\"\"", "two words", "ü", &"a".repeat(256)] {
            post(&one, "flags", wrong, &json!({"key": "b"}))
                .await
                .expect_errors(["Idempotency-Key"]);
        }
    }
}

#[tokio::test]
async fn of_simultaneous_repetitions_one_is_applied() {
    for database in Database::both().await {
        let ([one, other], _) = nodes(&database).await;
        let body = json!({"key": "a", "enabled": true});
        let nodes = [&one, &other, &one, &other, &one, &other];
        let sent = nodes.map(|node| post(node, "flags", "1", &body).send());
        for answer in futures_util::future::join_all(sent).await {
            let is_told = answer.status == 201;
            assert!(
                is_told || answer.problem() == "under-way",
                "{}",
                answer.text
            );
        }
        let again = post(&other, "flags", "1", &body).await.expect(201);
        assert_eq!(again["version"], 1);
    }
}

#[tokio::test]
async fn after_a_crash_a_key_is_free_again_after_the_announced_seconds() {
    for database in Database::both().await {
        let ([one, other], clock) = nodes(&database).await;
        let body = json!({"kind": "server", "name": "checkout"});
        post(&one, "keys", "1", &body).await.expect(201);
        // The state after a crash before the transaction of the write.
        let undo = "UPDATE idempotency SET applied = 0, answer = NULL";
        sql(database.address(), undo).await;
        clock.fetch_add(1_000, Ordering::Relaxed);
        let soon = post(&other, "keys", "1", &body).await;
        assert_eq!(soon.problem(), "under-way");
        assert_eq!(soon.header("retry-after"), "14");
        clock.fetch_add(14_000, Ordering::Relaxed);
        assert_eq!(
            post(&other, "keys", "1", &body).await.problem(),
            "under-way"
        );
        clock.fetch_add(1, Ordering::Relaxed);
        post(&other, "keys", "1", &body).await.expect(201);
    }
}

#[tokio::test]
async fn a_write_that_takes_long_keeps_its_lease() {
    let database = Database::postgres(Cluster::shared()).await;
    let clock = Arc::new(AtomicU64::new(NOW));
    let limits = RuntimeConfig {
        idempotency_lease: Duration::from_millis(60),
        ..RuntimeConfig::default()
    };
    let node = state(&database, limits, Clock::Manual(Arc::clone(&clock))).await;
    let mut other = sqlx::AnyConnection::connect(database.address())
        .await
        .unwrap();
    let mut lock = other.begin().await.unwrap();
    sqlx::query("SELECT id FROM environment FOR UPDATE")
        .fetch_all(&mut *lock)
        .await
        .unwrap();
    let body = json!({"key": "a", "enabled": true});
    let write = {
        let (node, body) = (node.clone(), body.clone());
        tokio::spawn(async move { post(&node, "flags", "1", &body).await })
    };
    let later = i64::try_from(clock.fetch_add(3_600_000, Ordering::Relaxed) + 3_600_000).unwrap();
    let renewed = async {
        let mut looking = sqlx::AnyConnection::connect(database.address())
            .await
            .unwrap();
        loop {
            let query = "SELECT claimed_at FROM idempotency";
            let row = sqlx::query(query).fetch_optional(&mut looking).await;
            let row = row.unwrap();
            if row.is_some_and(|row| row.get::<i64, _>(0) == later) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), renewed)
        .await
        .unwrap();
    assert_eq!(
        post(&node, "flags", "1", &body).await.problem(),
        "under-way"
    );
    lock.rollback().await.unwrap();
    assert_eq!(write.await.unwrap().status, 201);
}

#[tokio::test]
async fn a_repetition_counts_as_a_write() {
    let database = Database::new();
    let limits = RuntimeConfig {
        rates: Rates {
            writes: 1,
            ..Rates::default()
        },
        ..RuntimeConfig::default()
    };
    let clock = Clock::Manual(Arc::new(AtomicU64::new(NOW)));
    let node = state(&database, limits, clock).await;
    let body = json!({"key": "a", "enabled": true});
    for _number in 0..10 {
        post(&node, "flags", "1", &body).await.expect(201);
    }
    let answer = post(&node, "flags", "1", &body).await;
    assert_eq!(answer.problem(), "rate-limited");
    assert_eq!(answer.header("retry-after"), "1");
}

/// A body without an end, and how many bytes were taken of it
fn unending() -> (Body, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let piece = Bytes::from(vec![b' '; 1 << 16]);
    let pieces = stream::repeat_with(move || {
        counter.fetch_add(piece.len(), Ordering::Relaxed);
        Ok::<_, std::io::Error>(piece.clone())
    });
    (Body::from_stream(pieces), taken)
}

/// Every write of the admin API and the kinds of token that may make it, as the `OpenAPI` document has them
async fn writes(server: &Server) -> Vec<(Method, String, Vec<String>)> {
    let document = server.get("/api/v1/openapi.json").await;
    let mut writes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array();
            let key = "#/components/parameters/IdempotencyKey";
            let has_key = |parameter: &Value| parameter["$ref"] == key;
            if !parameters.is_some_and(|all| all.iter().any(has_key)) {
                continue;
            }
            let segments = path.split('/').map(|segment| match segment {
                "{project}" => "default",
                "{environment}" => "production",
                name if name.starts_with('{') => "x",
                name => name,
            });
            let kinds = operation["security"][0]["bearer"].as_array().unwrap();
            writes.push((
                method.to_uppercase().parse().unwrap(),
                segments.collect::<Vec<_>>().join("/"),
                kinds
                    .iter()
                    .map(|kind| kind.as_str().unwrap().to_owned())
                    .collect(),
            ));
        }
    }
    writes
}

#[tokio::test]
async fn nothing_is_read_or_stored_of_a_write_that_is_not_allowed() {
    let database = Database::new();
    let address = database.address().to_owned();
    let clock = Clock::Manual(Arc::new(AtomicU64::new(NOW)));
    let limits = RuntimeConfig {
        rates: Rates {
            failures: 0,
            ..Rates::default()
        },
        ..RuntimeConfig::default()
    };
    let server = Server::of(state(&database, limits, clock).await, database);
    let writes = writes(&server).await;
    assert!(writes.len() > 25, "{writes:?}");
    let mut refused = 0;
    for (method, path, allowed) in writes {
        let kinds = CredentialKind::ALL.map(CredentialKind::name);
        for token in kinds.into_iter().chain(["nobody"]) {
            if allowed.iter().any(|kind| kind == token) {
                continue;
            }
            let (body, taken) = unending();
            let expected = if token == "nobody" { 401 } else { 403 };
            let write = server.request(method.clone(), &path).body(body);
            let write = write.token(token).header("idempotency-key", "1");
            write.await.expect(expected);
            let taken = taken.load(Ordering::Relaxed);
            assert_eq!(taken, 0, "bytes taken: {token} {method} {path}");
            refused += 1;
        }
    }
    assert!(refused > 100, "{refused}");
    let mut connection = sqlx::AnyConnection::connect(&address).await.unwrap();
    let row = sqlx::query("SELECT COUNT(*) FROM idempotency").fetch_one(&mut connection);
    assert_eq!(row.await.unwrap().get::<i64, _>(0), 0);
}

#[tokio::test]
async fn the_maximum_length_of_a_body_is_the_same_with_an_idempotency_key() {
    let server = Server::new().await;
    server.put_flag("a", on()).await;
    for (method, path, limit) in [
        (Method::POST, "flags", 1 << 20),
        (Method::POST, "keys", 1 << 20),
        (Method::PUT, "document", 64 << 20),
        (Method::POST, "flags/a/overrides/bulk", 64 << 20),
    ] {
        let (body, taken) = unending();
        let write = server.request(method, path).body(body);
        write.header("idempotency-key", "1").await.expect(413);
        let taken = taken.load(Ordering::Relaxed);
        assert!(taken <= limit + (1 << 16), "{taken} bytes of {path}");
    }
}
