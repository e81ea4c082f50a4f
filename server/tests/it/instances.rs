//! Connected instances, their acknowledgements, and convergence

use std::time::Duration;

use flagstaff_server::store::{InstanceStore as _, NodeInstances};
use serde_json::{Value, json};

use crate::support::{
    Answer, Call, Cluster, Connection, Database, Live, Requests as _, Server, boolean, in_time,
};

const APPLIED: &str = "/api/v1/sdk/applied";

/// A node, and requests about instances
struct Node(Live);

impl Node {
    async fn start(database: &Database) -> Self {
        Self(Live::start(database).await)
    }

    async fn get(&self, path: &str) -> Answer {
        self.0.get(path).await
    }

    /// Opens a stream as `instance`, and reads to its first commit
    async fn follow(&self, instance: &str) -> (Connection, String) {
        let query = format!("?instance={instance}&sdk=flagstaff-test%2F1.2.3");
        self.open(&query).await
    }

    async fn open(&self, query: &str) -> (Connection, String) {
        let mut stream = Connection::open_at(self.0.address(), query, "server", None).await;
        let cursor = stream.committed().await;
        (stream, cursor)
    }

    /// An acknowledgement with the key of a server
    async fn acknowledge(&self, instance: &str, cursor: &str) -> Answer {
        let acknowledgement = self.acknowledgement("server", instance, cursor);
        acknowledgement.await.expect(200)
    }

    fn acknowledgement(&self, token: &str, instance: &str, cursor: &str) -> Call {
        let body = json!({"instance": instance, "cursor": cursor});
        self.0.post(APPLIED, body).token(token)
    }

    /// Waits until the convergence of a revision has these fields, and returns it
    async fn until(&self, revision: u64, expected: Value) -> Answer {
        let path = format!("convergence?revision={revision}");
        in_time(async {
            loop {
                let convergence = self.get(&path).await;
                let mut fields = expected.as_object().unwrap().iter();
                if fields.all(|(name, value)| convergence[name] == *value) {
                    return convergence;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await
    }
}

#[tokio::test]
async fn a_change_has_converged_when_all_instances_have_acknowledged_it() {
    let database = Database::new();
    let node = Node::start(&database).await;
    let (mut one, cursor) = node.follow("one").await;
    let (mut other, _) = node.follow("other").await;
    let answer = node.acknowledge("one", &cursor).await;
    assert_eq!(
        answer.json(),
        json!({"spreadMs": 1}),
        "there are two streams"
    );
    node.acknowledge("other", &cursor).await;
    let all = json!({"instances": 2, "applied": 2, "sent": 0, "converged": true, "complete": true, "behind": []});
    node.until(0, all).await;

    node.0.put_flag("a", boolean("on")).await;
    let (first, second) = (one.committed().await, other.committed().await);
    node.acknowledge("one", &first).await;
    let convergence = node
        .until(1, json!({"applied": 1, "converged": false}))
        .await;
    assert_eq!(convergence["behind"].as_array().unwrap().len(), 1);
    let behind = &convergence["behind"][0];
    for (member, expected) in [
        ("instance", json!("other")),
        ("sdk", json!("flagstaff-test")),
        ("version", json!("1.2.3")),
        ("revision", json!(0)),
        ("confirmation", json!("applied")),
    ] {
        assert_eq!(behind[member], expected, "{behind}");
    }
    // A waiting request is answered with the last acknowledgement.
    let waiting = node.get("convergence?timeout=20");
    let (convergence, _) = tokio::join!(waiting, node.acknowledge("other", &second));
    assert_eq!(convergence["revision"], 1);
    assert_eq!(convergence["converged"], true);

    drop(one);
    node.until(1, json!({"instances": 1, "converged": true}))
        .await;
    drop(other);
    node.0.stop().await;
}

#[tokio::test]
async fn an_instance_that_does_not_acknowledge_counts_as_sent() {
    let database = Database::new();
    let node = Node::start(&database).await;
    let (mut stream, _) = node.open("").await;
    node.0.put_flag("a", boolean("on")).await;
    stream.committed().await;
    let convergence = node
        .until(1, json!({"instances": 1, "applied": 0, "sent": 1}))
        .await;
    assert_eq!(convergence["converged"], true);
    let page = node.get("instances").await;
    assert_eq!(page["total"], 1);
    let item = &page["items"][0];
    assert_eq!(item["instance"], Value::Null);
    assert_eq!(item["confirmation"], "sent");
    assert_eq!(item["revision"], 1);
    assert_eq!(item["staleMs"], 0);
    // A revision that nobody has is not waited for without `timeout`.
    let convergence = node.get("convergence?revision=9").await;
    assert_eq!(convergence["converged"], false);
    assert_eq!(convergence["behind"][0]["revision"], 1);
    drop(stream);
    node.0.stop().await;
}

/// The cursor with another revision, as a forger could make it
fn with_revision(cursor: &str, revision: u64) -> String {
    let mut parts: Vec<String> = cursor.split('.').map(str::to_owned).collect();
    parts[1] = revision.to_string();
    parts.join(".")
}

#[tokio::test]
async fn a_key_does_not_acknowledge_for_an_instance_of_another_key() {
    let database = Database::new();
    let node = Node::start(&database).await;
    let (mut stream, cursor) = node.follow("one").await;
    node.acknowledge("one", &cursor).await;
    node.0.put_flag("a", boolean("on")).await;
    let current = stream.committed().await;
    // A client-local key, which anybody can read.
    node.acknowledgement("client-local", "one", &current)
        .await
        .expect(403);
    // A stream with that name does not replace the stream that is behind.
    let query = "?instance=one";
    let mut page = Connection::open_at(node.0.address(), query, "client-local", None).await;
    let own = page.committed().await;
    node.acknowledgement("client-local", "one", &own)
        .await
        .expect(200);
    node.until(1, json!({"instances": 2, "applied": 1, "converged": false}))
        .await;
    node.acknowledge("one", &current).await;
    node.until(1, json!({"instances": 2, "applied": 2, "converged": true}))
        .await;
    drop(page);
    node.until(1, json!({"instances": 1, "applied": 1})).await;
    drop(stream);
    node.0.stop().await;
}

#[tokio::test]
async fn a_revision_that_was_not_sent_is_not_acknowledged() {
    let database = Database::new();
    let node = Node::start(&database).await;
    let (stream, cursor) = node.follow("one").await;
    for revision in [1, 2, u64::MAX] {
        let ahead = with_revision(&cursor, revision);
        for instance in ["one", "nobody"] {
            let refused = node.acknowledgement("server", instance, &ahead).await;
            refused.expect_errors(["/cursor"]);
        }
    }
    node.until(1, json!({"applied": 0, "converged": false}))
        .await;
    drop(stream);
    node.0.stop().await;
}

#[tokio::test]
async fn a_forged_acknowledgement_at_one_node_is_ignored_at_another() {
    let database = Database::postgres(Cluster::shared()).await;
    let (here, there) = (Node::start(&database).await, Node::start(&database).await);
    let (mut one, cursor) = here.follow("one").await;
    here.acknowledge("one", &cursor).await;
    here.0.put_flag("a", boolean("on")).await;
    let current = one.committed().await;
    // The other node does not know the key of the instance, or which revision it was sent.
    there
        .acknowledgement("client-local", "one", &current)
        .await
        .expect(200);
    let ahead = with_revision(&current, 9);
    there
        .acknowledgement("server", "one", &ahead)
        .await
        .expect(200);
    // Later acknowledgements are shared together with these.
    let (other, last) = here.follow("other").await;
    there.acknowledge("other", &last).await;
    let convergence = here
        .until(1, json!({"instances": 2, "applied": 1, "converged": false}))
        .await;
    assert_eq!(convergence["behind"][0]["instance"], "one");
    there.acknowledge("one", &current).await;
    here.until(1, json!({"applied": 2, "converged": true}))
        .await;
    let convergence = here.get("convergence?revision=9").await;
    assert_eq!(convergence["applied"], 0);
    drop((one, other));
    there.0.stop().await;
    here.0.stop().await;
}

#[tokio::test]
async fn an_instance_that_reconnects_is_counted_once_and_without_a_revision() {
    let database = Database::new();
    let node = Node::start(&database).await;
    let (first, cursor) = node.follow("one").await;
    node.acknowledge("one", &cursor).await;
    node.until(0, json!({"instances": 1, "applied": 1})).await;
    let (second, _) = node.follow("one").await;
    // Nothing of the new stream has been acknowledged.
    let page = node.get("instances").await;
    assert_eq!(page["total"], 1);
    assert_eq!(page["items"][0]["revision"], Value::Null);
    drop(first);
    let lost = "another-lineage.7.0000000000000000";
    node.acknowledge("one", lost).await;
    let page = node.get("instances").await;
    assert_eq!(page["total"], 1);
    assert_eq!(page["items"][0]["revision"], Value::Null);
    drop(second);
    node.until(0, json!({"instances": 0, "converged": true}))
        .await;
    node.0.stop().await;
}

#[tokio::test]
async fn instances_are_listed_in_pages() {
    let database = Database::new();
    let node = Node::start(&database).await;
    let mut streams = Vec::new();
    for number in 0..5 {
        streams.push(node.follow(&format!("i{number}")).await);
    }
    let pages = node.0.pages("instances?limit=2").await;
    let sizes: Vec<_> = pages.iter().map(|page| page.items().len()).collect();
    assert_eq!(sizes, [2, 2, 1]);
    assert!(pages.iter().all(|page| page["total"] == 5));
    let names: Vec<_> = pages
        .iter()
        .flat_map(|page| page.column("instance"))
        .collect();
    assert_eq!(names, ["i0", "i1", "i2", "i3", "i4"]);
    drop(streams);
    node.0.stop().await;
}

#[tokio::test]
async fn nodes_share_instances_and_acknowledgements() {
    let database = Database::postgres(Cluster::shared()).await;
    let (here, there) = (Node::start(&database).await, Node::start(&database).await);
    let (mut one, cursor) = here.follow("one").await;
    let (mut other, _) = there.follow("other").await;
    // Through a load balancer an acknowledgement may arrive at the node that the instance does not follow.
    there.acknowledge("one", &cursor).await;
    there.acknowledge("other", &cursor).await;
    let all = json!({"instances": 2, "applied": 2, "converged": true});
    for node in [&here, &there] {
        node.until(0, all.clone()).await;
    }
    here.0.put_flag("a", boolean("on")).await;
    let second = other.committed().await;
    one.committed().await;
    let convergence = here
        .until(1, json!({"instances": 2, "applied": 0, "converged": false}))
        .await;
    assert_eq!(convergence["behind"].as_array().unwrap().len(), 2);
    here.acknowledge("one", &second).await;
    here.acknowledge("other", &second).await;
    let convergence = here.get("convergence?revision=1&timeout=20").await;
    assert_eq!(convergence["converged"], true);
    assert_eq!(convergence["applied"], 2);
    let page = here.get("instances").await;
    let items = page.items();
    assert_ne!(items[0]["node"], items[1]["node"]);

    // A node that stops removes its instances.
    there.0.stop().await;
    here.until(1, json!({"instances": 1, "converged": true}))
        .await;
    drop(one);
    here.0.stop().await;
}

#[tokio::test]
async fn invalid_parameters_are_reported() {
    let server = Server::new().await;
    for (query, pointer) in [
        ("instance=", "?instance"),
        ("instance=a%20b", "?instance"),
        ("sdk=a%20b", "?sdk"),
    ] {
        let path = format!("/api/v1/sdk/stream?{query}");
        let refused = server.get(&path).token("server").await;
        refused.expect_errors([pointer]);
    }
    for (body, pointer) in [
        (json!({"instance": "a b", "cursor": "e.1.h"}), "/instance"),
        (json!({"instance": "a", "cursor": "e.x.h"}), "/cursor"),
    ] {
        let refused = server.post(APPLIED, &body).token("server").await;
        refused.expect_errors([pointer]);
    }
    for (path, pointer) in [
        ("convergence?timeout=31", "?timeout"),
        ("instances?cursor=x", "?cursor"),
    ] {
        server.get(path).await.expect_errors([pointer]);
    }
}

#[tokio::test]
async fn the_last_report_of_a_node_is_what_others_read() {
    for database in Database::both().await {
        let store = database.open().await;
        let report = |node: &str, beat, body: &str| NodeInstances {
            node: node.to_owned(),
            environment: 1,
            beat,
            body: body.to_owned(),
        };
        let both = vec![report("a", 1, "{}"), report("b", 1, "[]")];
        store.put_node_reports(both).await.unwrap();
        store
            .put_node_reports(vec![report("a", 2, "[1]")])
            .await
            .unwrap();
        let reports = store.node_reports("b").await.unwrap();
        assert_eq!(reports, [report("a", 2, "[1]")]);
        store.forget_instances("a", 1).await.unwrap();
        let reports = store.node_reports("").await.unwrap();
        assert_eq!(reports.len(), 2, "it has reported since");
        store.forget_instances("a", 2).await.unwrap();
        let reports = store.node_reports("").await.unwrap();
        assert_eq!(reports, [report("b", 1, "[]")]);
    }
}
