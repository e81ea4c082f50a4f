//! Writes with an `Idempotency-Key`: answered once, applied once, on both databases and over several nodes

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode};
use flagstaff_core::Timestamp;
use flagstaff_server::auth::KeyKind;
use flagstaff_server::store::{
    Author, Claim, Claimed, IdempotencyStore as _, NewClaim, NewEnvironments, Origin,
    ProjectChoice, SqlStore, Store as _, StoreError,
};
use flagstaff_server::{AppState, Clock, Limits, Rates, app};
use futures_util::stream;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use sqlx::{Connection as _, Row as _};
use tower::ServiceExt as _;

use crate::postgres::Cluster;
use crate::support::{Answer, DOCUMENT, Database, FLAGS, NOW, Server, sql, state};

const KEYS: &str = "/api/v1/projects/default/environments/production/keys";
const DAY: u64 = 86_400_000;

async fn databases() -> [Database; 2] {
    let cluster = Cluster::shared();
    [Database::new(), Database::postgres(cluster).await]
}

/// Two nodes on one database, and their clock
async fn nodes(database: &Database) -> ([AppState; 2], Arc<AtomicU64>) {
    let clock = Arc::new(AtomicU64::new(NOW));
    let node = || {
        state(
            database,
            Limits::default(),
            Clock::Manual(Arc::clone(&clock)),
        )
    };
    ([node().await, node().await], clock)
}

async fn post(node: &AppState, path: &str, key: &str, body: &Value) -> Answer {
    let request = Request::post(path)
        .header("authorization", "Bearer admin")
        .header("idempotency-key", key);
    let request = request.body(Body::from(body.to_string())).unwrap();
    let response = app(node.clone()).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let text = body.collect().await.unwrap().to_bytes().to_vec();
    Answer {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8(text).unwrap(),
    }
}

fn kind(answer: &Answer) -> String {
    let kind = answer.json()["type"].as_str().unwrap().to_owned();
    kind.replace("urn:flagstaff:problem:", "")
}

#[tokio::test]
async fn a_write_that_is_sent_again_is_answered_as_it_was_by_any_node() {
    for database in databases().await {
        let ([one, other], _) = nodes(&database).await;
        let body = json!({"kind": "server", "name": "checkout"});
        let first = post(&one, KEYS, "\"8e03978e\"", &body).await;
        assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
        assert_eq!(first.header("idempotency-replayed"), "");
        // With quotes, as structured headers have them, or without.
        let again = post(&other, KEYS, "8e03978e", &body).await;
        assert_eq!(again.status, StatusCode::CREATED);
        assert_eq!(again.text, first.text);
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.header("content-type"), "application/json");
        assert_eq!(again.header("idempotency-replayed"), "true");
        let named = one.keyring();
        let named = named.iter().filter(|key| key.row().name == "checkout");
        assert_eq!(named.count(), 1);
    }
}

#[tokio::test]
async fn a_kept_answer_tells_its_secret_only_to_who_was_told() {
    for database in databases().await {
        let ([one, _], _) = nodes(&database).await;
        let body = json!({"kind": "server", "name": "checkout"});
        let made = post(&one, KEYS, "1", &body).await.json();
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
    for database in databases().await {
        let ([one, other], clock) = nodes(&database).await;
        let flag = |key: &str| json!({"key": key, "enabled": true});
        assert_eq!(
            post(&one, FLAGS, "1", &flag("a")).await.status,
            StatusCode::CREATED
        );
        let reused = post(&other, FLAGS, "1", &flag("b")).await;
        assert_eq!(reused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(kind(&reused), "idempotency-key-reused");
        let reason = format!("{FLAGS}?reason=another");
        let reused = post(&one, &reason, "1", &flag("a")).await;
        assert_eq!(kind(&reused), "idempotency-key-reused");
        // A day later nobody remembers.
        clock.fetch_add(DAY, Ordering::Relaxed);
        assert_eq!(kind(&post(&one, FLAGS, "1", &flag("a")).await), "exists");
    }
}

#[tokio::test]
async fn what_was_refused_may_be_mended_and_sent_again() {
    for database in databases().await {
        let ([one, _], _) = nodes(&database).await;
        let refused = post(&one, FLAGS, "1", &json!({"key": "a", "enabled": 1})).await;
        assert_eq!(kind(&refused), "invalid");
        let mended = post(&one, FLAGS, "1", &json!({"key": "a", "enabled": true})).await;
        assert_eq!(mended.status, StatusCode::CREATED);
        for wrong in ["", "\"\"", "two words", "ü", &"a".repeat(256)] {
            let answer = post(&one, FLAGS, wrong, &json!({"key": "b"})).await;
            assert_eq!(answer.pointers(), ["Idempotency-Key"], "{wrong}");
        }
    }
}

#[tokio::test]
async fn of_many_that_come_at_once_one_is_applied() {
    for database in databases().await {
        let ([one, other], _) = nodes(&database).await;
        let body = json!({"key": "a", "enabled": true});
        let nodes = [&one, &other, &one, &other, &one, &other];
        let sent = nodes.map(|node| post(node, FLAGS, "1", &body));
        for answer in futures_util::future::join_all(sent).await {
            let is_told = answer.status == StatusCode::CREATED;
            assert!(is_told || kind(&answer) == "under-way", "{}", answer.text);
        }
        let again = post(&other, FLAGS, "1", &body).await;
        assert_eq!(again.status, StatusCode::CREATED);
        assert_eq!(again.json()["version"], 1);
    }
}

fn claim(id: &str) -> Claim {
    Claim {
        scope: "admin".into(),
        key: "1".into(),
        id: id.into(),
    }
}

fn attempt(id: &str, at: i64) -> NewClaim {
    NewClaim {
        claim: claim(id),
        fingerprint: "same".to_owned(),
        at: Timestamp::from_millis(at),
        expires_at: Timestamp::from_millis(at.saturating_add(1_000)),
        abandoned_before: Timestamp::from_millis(at.saturating_sub(100)),
        most: 2,
    }
}

async fn write(store: &SqlStore, id: &str, name: &str) -> Result<(), StoreError> {
    let origin = Origin {
        claim: Some(claim(id)),
        ..Origin::default()
    };
    let author = Author {
        actor: "tester".into(),
        at: Timestamp::from_millis(0),
        reason: None,
        origin,
    };
    let new = NewEnvironments {
        project: ProjectChoice::Existing(1),
        names: vec![name.to_owned()],
        author,
    };
    store.create_environments(new).await
}

#[tokio::test]
async fn a_crash_between_a_write_and_its_answer_never_applies_it_twice() {
    for database in databases().await {
        let store = database.open().await;
        assert_eq!(store.claim(attempt("one", 0)).await.unwrap(), Claimed::Mine);
        write(&store, "one", "a").await.unwrap();
        // Long after, the answer has not come.
        let later = store.claim(attempt("two", 500)).await.unwrap();
        assert_eq!(later, Claimed::Applied);
        for id in ["one", "two"] {
            let twice = write(&store, id, "b").await;
            assert!(matches!(twice, Err(StoreError::Superseded)), "{twice:?}");
        }
        store.release(&claim("one")).await.unwrap();
        let later = store.claim(attempt("two", 500)).await.unwrap();
        assert_eq!(later, Claimed::Applied, "what is applied is not released");
        let names = store.environments().await.unwrap();
        assert!(names.iter().all(|row| &*row.name != "b"));
    }
}

#[tokio::test]
async fn an_attempt_that_came_to_nothing_gives_way_and_cannot_come_back() {
    for database in databases().await {
        let store = database.open().await;
        assert_eq!(store.claim(attempt("one", 0)).await.unwrap(), Claimed::Mine);
        let soon = store.claim(attempt("two", 50)).await.unwrap();
        let since = Timestamp::from_millis(0);
        assert_eq!(soon, Claimed::UnderWay { since });
        let late = store.claim(attempt("two", 200)).await.unwrap();
        assert_eq!(late, Claimed::Mine);
        let back = write(&store, "one", "a").await;
        assert!(matches!(back, Err(StoreError::Superseded)), "{back:?}");
        write(&store, "two", "a").await.unwrap();
        store
            .keep_answer(&claim("one"), "late".to_owned())
            .await
            .unwrap();
        store
            .keep_answer(&claim("two"), "told".to_owned())
            .await
            .unwrap();
        let told = store.claim(attempt("three", 300)).await.unwrap();
        assert_eq!(told, Claimed::Answered("told".to_owned()));
    }
}

#[tokio::test]
async fn a_lease_that_is_renewed_is_not_taken_over() {
    for database in databases().await {
        let store = database.open().await;
        assert_eq!(store.claim(attempt("one", 0)).await.unwrap(), Claimed::Mine);
        let at = Timestamp::from_millis(90);
        assert!(store.renew(&claim("one"), at).await.unwrap());
        // A node whose clock is slow takes nothing back.
        let earlier = Timestamp::from_millis(10);
        assert!(store.renew(&claim("one"), earlier).await.unwrap());
        assert!(!store.renew(&claim("two"), at).await.unwrap());
        let second = store.claim(attempt("two", 150)).await.unwrap();
        assert_eq!(second, Claimed::UnderWay { since: at });
        let late = store.claim(attempt("two", 200)).await.unwrap();
        assert_eq!(late, Claimed::Mine);
        let back = store.renew(&claim("one"), at).await.unwrap();
        assert!(!back, "its claim was taken");
        write(&store, "two", "a").await.unwrap();
        let applied = store.renew(&claim("two"), at).await.unwrap();
        assert!(!applied, "there is nothing to wait for");
    }
}

#[tokio::test]
async fn after_a_crash_a_key_is_free_again_in_seconds_and_says_in_how_many() {
    for database in databases().await {
        let ([one, other], clock) = nodes(&database).await;
        let body = json!({"kind": "server", "name": "checkout"});
        let made = post(&one, KEYS, "1", &body).await;
        assert_eq!(made.status, StatusCode::CREATED);
        // As if the node had died before the transaction of the write.
        let undo = "UPDATE idempotency SET applied = 0, answer = NULL";
        sql(database.address(), undo).await;
        clock.fetch_add(1_000, Ordering::Relaxed);
        let soon = post(&other, KEYS, "1", &body).await;
        assert_eq!(kind(&soon), "under-way");
        assert_eq!(soon.header("retry-after"), "14");
        clock.fetch_add(14_000, Ordering::Relaxed);
        assert_eq!(kind(&post(&other, KEYS, "1", &body).await), "under-way");
        clock.fetch_add(1, Ordering::Relaxed);
        let late = post(&other, KEYS, "1", &body).await;
        assert_eq!(late.status, StatusCode::CREATED, "{}", late.text);
    }
}

#[tokio::test]
async fn a_write_that_takes_long_keeps_its_lease() {
    let database = Database::postgres(Cluster::shared()).await;
    let clock = Arc::new(AtomicU64::new(NOW));
    let limits = Limits {
        idempotency_lease: Duration::from_millis(60),
        ..Limits::default()
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
        tokio::spawn(async move { post(&node, FLAGS, "1", &body).await })
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
    assert_eq!(kind(&post(&node, FLAGS, "1", &body).await), "under-way");
    lock.rollback().await.unwrap();
    assert_eq!(write.await.unwrap().status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_repetition_counts_as_a_write() {
    let database = Database::new();
    let limits = Limits {
        rates: Rates {
            writes: 1,
            ..Rates::default()
        },
        ..Limits::default()
    };
    let clock = Clock::Manual(Arc::new(AtomicU64::new(NOW)));
    let node = state(&database, limits, clock).await;
    let body = json!({"key": "a", "enabled": true});
    for number in 0..10 {
        let answer = post(&node, FLAGS, "1", &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{number}");
    }
    let answer = post(&node, FLAGS, "1", &body).await;
    assert_eq!(kind(&answer), "rate-limited");
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
    let document = server.get("/api/v1/openapi.json").await.json();
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
async fn nothing_is_read_or_stored_for_who_may_not_write() {
    let database = Database::new();
    let address = database.address().to_owned();
    let clock = Clock::Manual(Arc::new(AtomicU64::new(NOW)));
    let limits = Limits {
        rates: Rates {
            failures: 0,
            ..Rates::default()
        },
        ..Limits::default()
    };
    let server = Server::of(state(&database, limits, clock).await, database);
    let writes = writes(&server).await;
    assert!(writes.len() > 25, "{writes:?}");
    let mut refused = 0;
    for (method, path, allowed) in writes {
        let kinds = KeyKind::ALL.map(KeyKind::name);
        for token in kinds.into_iter().chain(["nobody"]) {
            if allowed.iter().any(|kind| kind == token) {
                continue;
            }
            let (body, taken) = unending();
            let request = Request::builder()
                .method(method.clone())
                .uri(&path)
                .header("authorization", format!("Bearer {token}"))
                .header("idempotency-key", "1")
                .body(body)
                .unwrap();
            let answer = server.send(request).await;
            let expected = if token == "nobody" {
                StatusCode::UNAUTHORIZED
            } else {
                StatusCode::FORBIDDEN
            };
            assert_eq!(answer.status, expected, "{token} {method} {path}");
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
async fn a_body_is_as_long_as_its_route_takes_with_a_key_as_without() {
    let server = Server::new().await;
    server.put("a", &json!({"enabled": true})).await;
    let load = format!("{FLAGS}/a/overrides/bulk");
    for (method, path, limit) in [
        (Method::POST, FLAGS, 1 << 20),
        (Method::POST, KEYS, 1 << 20),
        (Method::PUT, DOCUMENT, 64 << 20),
        (Method::POST, load.as_str(), 64 << 20),
    ] {
        let (body, taken) = unending();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", "Bearer admin")
            .header("idempotency-key", "1")
            .body(body)
            .unwrap();
        let answer = server.send(request).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        let taken = taken.load(Ordering::Relaxed);
        assert!(taken <= limit + (1 << 16), "{taken} bytes of {path}");
    }
}

#[tokio::test]
async fn a_token_has_so_many_keys_and_gets_room_when_they_end() {
    for database in databases().await {
        let store = database.open().await;
        let with = |key: &str, at: i64| {
            let mut new = attempt("one", at);
            new.claim.key = key.into();
            new
        };
        for key in ["1", "2"] {
            assert_eq!(store.claim(with(key, 0)).await.unwrap(), Claimed::Mine);
        }
        for _ in 0..2 {
            let more = store.claim(with("3", 10)).await.unwrap();
            assert_eq!(more, Claimed::TooMany);
        }
        assert_eq!(store.claim(with("3", 1_000)).await.unwrap(), Claimed::Mine);
    }
}
