//! Which instances follow, how far each is, and whether a change has reached everyone

use std::time::Duration;

use axum::http::Method;
use flagstaff_server::auth::KeyKind;
use flagstaff_server::store::{InstanceStore as _, NodeInstances};
use serde_json::{Value, json};

use crate::live::{Connection, Live, PATIENCE};
use crate::postgres::Cluster;
use crate::support::{Database, Server, http};

const ENVIRONMENT: &str = "/api/v1/projects/default/environments/production";
const APPLIED: &str = "/api/v1/sdk/applied";

/// A node, and what it is asked
struct Node(Live);

impl Node {
    async fn start(database: &Database) -> Self {
        Self(Live::start(database).await)
    }

    async fn get(&self, path: &str) -> Value {
        let request = http().get(format!("{}{ENVIRONMENT}/{path}", self.0.address()));
        let request = request.bearer_auth("admin").timeout(PATIENCE);
        let text = request.send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
    }

    /// Opens a stream as `instance`, and reads what it begins with
    async fn follow(&self, instance: &str) -> (Connection, String) {
        let query = format!("?instance={instance}&sdk=flagstaff-test%2F1.2.3");
        self.open(&query).await
    }

    async fn open(&self, query: &str) -> (Connection, String) {
        let mut stream = Connection::open_at(self.0.address(), query, "server", None).await;
        let cursor = stream.committed().await;
        (stream, cursor)
    }

    async fn acknowledge(&self, instance: &str, cursor: &str) -> Value {
        let (status, told) = self.acknowledge_with("server", instance, cursor).await;
        assert_eq!(status, 200, "{told}");
        told
    }

    /// With a token that may be another one's
    async fn acknowledge_with(&self, token: &str, instance: &str, cursor: &str) -> (u16, Value) {
        let body = json!({"instance": instance, "cursor": cursor}).to_string();
        let request = http().post(format!("{}{APPLIED}", self.0.address()));
        let answer = request.bearer_auth(token).body(body).send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        (status, serde_json::from_str(&text).unwrap())
    }

    /// Waits until it says this of a revision
    async fn until(&self, revision: u64, expected: &Value) -> Value {
        let wait = async {
            loop {
                let told = self.get(&format!("convergence?revision={revision}")).await;
                let mut members = expected.as_object().unwrap().iter();
                if members.all(|(name, value)| told[name] == *value) {
                    return told;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .expect("it never says so")
    }
}

fn flag() -> Value {
    json!({"type": "boolean", "enabled": true, "serve": "on"})
}

#[tokio::test]
async fn a_change_has_converged_when_everyone_says_that_it_is_in_use() {
    let database = Database::new();
    let node = Node::start(&database).await;
    let (mut one, cursor) = node.follow("one").await;
    let (mut other, _) = node.follow("other").await;
    let answer = node.acknowledge("one", &cursor).await;
    assert_eq!(answer, json!({"spreadMs": 1}), "there are two streams");
    node.acknowledge("other", &cursor).await;
    let all = json!({"instances": 2, "applied": 2, "sent": 0, "converged": true, "complete": true, "behind": []});
    node.until(0, &all).await;

    node.0.put("a", &flag()).await;
    let (first, second) = (one.committed().await, other.committed().await);
    node.acknowledge("one", &first).await;
    let told = node
        .until(1, &json!({"applied": 1, "converged": false}))
        .await;
    assert_eq!(told["behind"].as_array().unwrap().len(), 1);
    let behind = &told["behind"][0];
    for (member, expected) in [
        ("instance", json!("other")),
        ("sdk", json!("flagstaff-test")),
        ("version", json!("1.2.3")),
        ("revision", json!(0)),
        ("confirmation", json!("applied")),
    ] {
        assert_eq!(behind[member], expected, "{behind}");
    }
    // Who waits is answered when the last one says so.
    let waiting = node.get("convergence?timeout=20");
    let (told, _) = tokio::join!(waiting, node.acknowledge("other", &second));
    let said = (&told["revision"], &told["converged"]);
    assert_eq!(said, (&json!(1), &json!(true)));

    drop(one);
    node.until(1, &json!({"instances": 1, "converged": true}))
        .await;
    drop(other);
    node.0.stop().await;
}

#[tokio::test]
async fn who_says_nothing_was_sent_it_and_no_more() {
    let database = Database::new();
    let node = Node::start(&database).await;
    let (mut stream, _) = node.open("").await;
    node.0.put("a", &flag()).await;
    stream.committed().await;
    let told = node
        .until(1, &json!({"instances": 1, "applied": 0, "sent": 1}))
        .await;
    assert_eq!(told["converged"], true);
    let page = node.get("instances").await;
    assert_eq!(page["total"], 1);
    let item = &page["items"][0];
    let said = (&item["instance"], &item["confirmation"]);
    assert_eq!(said, (&Value::Null, &json!("sent")));
    let said = (&item["revision"], &item["staleMs"]);
    assert_eq!(said, (&json!(1), &json!(0)));
    // What nobody has, nobody waits for unless asked to.
    let told = node.get("convergence?revision=9").await;
    let said = (&told["converged"], &told["behind"][0]["revision"]);
    assert_eq!(said, (&json!(false), &json!(1)));
    drop(stream);
    node.0.stop().await;
}

/// The cursor with another revision, as somebody could make it up
fn with_revision(cursor: &str, revision: u64) -> String {
    let mut parts: Vec<String> = cursor.split('.').map(str::to_owned).collect();
    parts[1] = revision.to_string();
    parts.join(".")
}

#[tokio::test]
async fn nobody_acknowledges_for_another_ones_instance() {
    let database = Database::new();
    let node = Node::start(&database).await;
    let (mut stream, cursor) = node.follow("one").await;
    node.acknowledge("one", &cursor).await;
    node.0.put("a", &flag()).await;
    let current = stream.committed().await;
    // The key of a page, which anybody can read.
    let (status, told) = node.acknowledge_with("client-local", "one", &current).await;
    assert_eq!(status, 403, "{told}");
    // Nor does a stream of that name take the place of the one that lags.
    let query = "?instance=one";
    let mut page = Connection::open_at(node.0.address(), query, "client-local", None).await;
    let own = page.committed().await;
    let (status, told) = node.acknowledge_with("client-local", "one", &own).await;
    assert_eq!(status, 200, "{told}");
    node.until(
        1,
        &json!({"instances": 2, "applied": 1, "converged": false}),
    )
    .await;
    node.acknowledge("one", &current).await;
    node.until(1, &json!({"instances": 2, "applied": 2, "converged": true}))
        .await;
    drop(page);
    node.until(1, &json!({"instances": 1, "applied": 1})).await;
    drop(stream);
    node.0.stop().await;
}

#[tokio::test]
async fn nobody_has_what_was_not_sent_to_them() {
    let database = Database::new();
    let node = Node::start(&database).await;
    let (stream, cursor) = node.follow("one").await;
    for revision in [1, 2, u64::MAX] {
        let ahead = with_revision(&cursor, revision);
        for instance in ["one", "nobody"] {
            let (status, told) = node.acknowledge_with("server", instance, &ahead).await;
            assert_eq!(
                (status, &told["errors"][0]["pointer"]),
                (422, &json!("/cursor"))
            );
        }
    }
    node.until(1, &json!({"applied": 0, "converged": false}))
        .await;
    drop(stream);
    node.0.stop().await;
}

#[tokio::test]
async fn what_is_made_up_at_one_node_is_not_believed_at_another() {
    let database = Database::postgres(Cluster::shared()).await;
    let (here, there) = (Node::start(&database).await, Node::start(&database).await);
    let (mut one, cursor) = here.follow("one").await;
    here.acknowledge("one", &cursor).await;
    here.0.put("a", &flag()).await;
    let current = one.committed().await;
    // The other node does not know whose the instance is, or what it was sent.
    let (status, _) = there
        .acknowledge_with("client-local", "one", &current)
        .await;
    assert_eq!(status, 200);
    let ahead = with_revision(&current, 9);
    let (status, _) = there.acknowledge_with("server", "one", &ahead).await;
    assert_eq!(status, 200);
    // What follows an acknowledgement of its own has been told with it.
    let (other, last) = here.follow("other").await;
    there.acknowledge("other", &last).await;
    let told = here
        .until(
            1,
            &json!({"instances": 2, "applied": 1, "converged": false}),
        )
        .await;
    assert_eq!(told["behind"][0]["instance"], "one");
    there.acknowledge("one", &current).await;
    here.until(1, &json!({"applied": 2, "converged": true}))
        .await;
    let told = here.get("convergence?revision=9").await;
    assert_eq!(told["applied"], 0);
    drop((one, other));
    there.0.stop().await;
    here.0.stop().await;
}

#[tokio::test]
async fn an_instance_that_connects_anew_is_counted_once_and_starts_anew() {
    let database = Database::new();
    let node = Node::start(&database).await;
    let (first, cursor) = node.follow("one").await;
    node.acknowledge("one", &cursor).await;
    node.until(0, &json!({"instances": 1, "applied": 1})).await;
    let (second, _) = node.follow("one").await;
    // Of the stream that it has now nothing has been said.
    let page = node.get("instances").await;
    let said = (&page["total"], &page["items"][0]["revision"]);
    assert_eq!(said, (&json!(1), &Value::Null));
    drop(first);
    let lost = "another-lineage.7.0000000000000000";
    node.acknowledge("one", lost).await;
    let page = node.get("instances").await;
    let said = (&page["total"], &page["items"][0]["revision"]);
    assert_eq!(said, (&json!(1), &Value::Null));
    drop(second);
    node.until(0, &json!({"instances": 0, "converged": true}))
        .await;
    node.0.stop().await;
}

#[tokio::test]
async fn instances_are_told_page_by_page() {
    let database = Database::new();
    let node = Node::start(&database).await;
    let mut streams = Vec::new();
    for number in 0..5 {
        streams.push(node.follow(&format!("i{number}")).await);
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    for expected in [2, 2, 1] {
        let page = node.get(&format!("instances?limit=2{cursor}")).await;
        let items = page["items"].as_array().unwrap().clone();
        assert_eq!((items.len(), &page["total"]), (expected, &json!(5)));
        names.extend(items.iter().map(|item| item["instance"].clone()));
        cursor = format!("&cursor={}", page["next"].as_str().unwrap_or_default());
    }
    assert_eq!(names, ["i0", "i1", "i2", "i3", "i4"]);
    drop(streams);
    node.0.stop().await;
}

#[tokio::test]
async fn nodes_tell_one_another_of_instances_and_acknowledgements() {
    let database = Database::postgres(Cluster::shared()).await;
    let (here, there) = (Node::start(&database).await, Node::start(&database).await);
    let (mut one, cursor) = here.follow("one").await;
    let (mut other, _) = there.follow("other").await;
    // Through a load balancer an acknowledgement may arrive at the node that the instance does not follow.
    there.acknowledge("one", &cursor).await;
    there.acknowledge("other", &cursor).await;
    let all = json!({"instances": 2, "applied": 2, "converged": true});
    for node in [&here, &there] {
        node.until(0, &all).await;
    }
    here.0.put("a", &flag()).await;
    let second = other.committed().await;
    one.committed().await;
    let told = here
        .until(
            1,
            &json!({"instances": 2, "applied": 0, "converged": false}),
        )
        .await;
    assert_eq!(told["behind"].as_array().unwrap().len(), 2);
    here.acknowledge("one", &second).await;
    here.acknowledge("other", &second).await;
    let told = here.get("convergence?revision=1&timeout=20").await;
    let said = (&told["converged"], &told["applied"]);
    assert_eq!(said, (&json!(true), &json!(2)));
    let page = here.get("instances").await;
    let items = page["items"].as_array().unwrap();
    assert_ne!(items[0]["node"], items[1]["node"]);

    // A node that stops takes its instances along.
    there.0.stop().await;
    here.until(1, &json!({"instances": 1, "converged": true}))
        .await;
    drop(one);
    here.0.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let server = Server::new().await;
    for (query, pointer) in [
        ("instance=", "?instance"),
        ("instance=a%20b", "?instance"),
        ("sdk=a%20b", "?sdk"),
    ] {
        let path = format!("/api/v1/sdk/stream?{query}");
        let answer = server
            .call(KeyKind::Server, Method::GET, &path, &Value::Null, &[])
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.pointers()),
            (422, vec![pointer.to_owned()])
        );
    }
    for (body, pointer) in [
        (json!({"instance": "a b", "cursor": "e.1.h"}), "/instance"),
        (json!({"instance": "a", "cursor": "e.x.h"}), "/cursor"),
    ] {
        let answer = server
            .call(KeyKind::Server, Method::POST, APPLIED, &body, &[])
            .await;
        assert_eq!(answer.pointers(), [pointer]);
    }
    for (path, pointer) in [
        ("convergence?timeout=31", "?timeout"),
        ("instances?cursor=x", "?cursor"),
    ] {
        let answer = server.get(&format!("{ENVIRONMENT}/{path}")).await;
        assert_eq!(answer.pointers(), [pointer]);
    }
}

#[tokio::test]
async fn what_a_node_told_last_is_what_the_others_are_told() {
    let (sqlite, postgres) = (Database::new(), Database::postgres(Cluster::shared()).await);
    for database in [sqlite, postgres] {
        let store = database.open().await;
        let told = |node: &str, beat, body: &str| NodeInstances {
            node: node.to_owned(),
            environment: 1,
            beat,
            body: body.to_owned(),
        };
        let both = vec![told("a", 1, "{}"), told("b", 1, "[]")];
        store.tell_instances(both).await.unwrap();
        store
            .tell_instances(vec![told("a", 2, "[1]")])
            .await
            .unwrap();
        let heard = store.told_instances("b").await.unwrap();
        assert_eq!(heard, [told("a", 2, "[1]")]);
        store.forget_instances("a", 1).await.unwrap();
        let heard = store.told_instances("").await.unwrap();
        assert_eq!(heard.len(), 2, "it has told something since");
        store.forget_instances("a", 2).await.unwrap();
        let heard = store.told_instances("").await.unwrap();
        assert_eq!(heard, [told("b", 1, "[]")]);
    }
}
