//! Random changes: every client of a stream ends with the document of the server

use std::collections::BTreeMap;
use std::sync::Arc;

use flagstaff_core::{Context, Snapshot, Timestamp};
use flagstaff_server::Visibility;
use flagstaff_server::environment::{Author, Environment, InvalidFlagPolicy};
use flagstaff_server::object::{ObjectId, ObjectKind};
use flagstaff_server::published::EnvironmentIdentity;
use flagstaff_server::store::{Origin, Store};
use flagstaff_server::store_handle::StoreHandle;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Cluster, Database, Follower};

#[derive(Debug, Clone)]
enum Step {
    PutFlag {
        key: u8,
        is_client_side: bool,
        refers_to: Option<u8>,
        overrides: BTreeMap<u8, u8>,
    },
    PutSegment {
        key: u8,
        include: BTreeMap<u8, u8>,
        refers_to: Option<u8>,
    },
    DeleteFlag(u8),
    DeleteSegment(u8),
    /// Polls for the followers that poll only now and then
    Look,
    Restart,
}

/// Each step at one of the two nodes
fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let entries = || prop::collection::btree_map(0..4_u8, 0..2_u8, 0..4);
    let put_flag = (0..3_u8, any::<bool>(), prop::option::of(0..3_u8), entries()).prop_map(
        |(key, is_client_side, refers_to, overrides)| Step::PutFlag {
            key,
            is_client_side,
            refers_to,
            overrides,
        },
    );
    let put_segment =
        (0..3_u8, entries(), prop::option::of(0..3_u8)).prop_map(|(key, include, refers_to)| {
            Step::PutSegment {
                key,
                include,
                refers_to,
            }
        });
    let step = prop_oneof![
        6 => put_flag,
        4 => put_segment,
        1 => (0..3_u8).prop_map(Step::DeleteFlag),
        1 => (0..3_u8).prop_map(Step::DeleteSegment),
        2 => Just(Step::Look),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec((0..2_usize, step), 1..40)
}

fn id(kind: ObjectKind, key: u8) -> ObjectId {
    ObjectId::new(kind, format!("{}{key}", kind.as_str()))
}

fn when(refers_to: Option<u8>) -> Value {
    refers_to.map_or_else(
        || json!({"all": []}),
        |key| json!({"segment": &*id(ObjectKind::Segment, key).key}),
    )
}

fn object(step: &Step) -> Option<(ObjectId, Value)> {
    match step {
        Step::PutFlag {
            key,
            is_client_side,
            refers_to,
            overrides,
        } => {
            let overrides: BTreeMap<_, _> = overrides
                .iter()
                .map(|(user, what)| {
                    (
                        format!("u{user}"),
                        ["include", "exclude"][usize::from(*what)],
                    )
                })
                .collect();
            let flag = json!({
                "type": "boolean", "enabled": true, "serve": "on", "clientSide": is_client_side,
                "rules": [{"when": when(*refers_to), "serve": "off"}], "overrides": {"user": overrides},
            });
            Some((id(ObjectKind::Flag, *key), flag))
        }
        Step::PutSegment {
            key,
            include,
            refers_to,
        } => {
            let include: Vec<_> = include.keys().map(|user| format!("u{user}")).collect();
            Some((
                id(ObjectKind::Segment, *key),
                json!({"when": when(*refers_to), "include": {"user": include}}),
            ))
        }
        _ => None,
    }
}

fn author() -> Author {
    Author {
        actor: "test".into(),
        at: Timestamp::from_millis(0),
        reason: None,
        origin: Origin::default(),
    }
}

async fn open(store: &Arc<dyn Store>) -> Arc<Environment> {
    let row = store.environments().await.unwrap().remove(0);
    let identity = EnvironmentIdentity {
        epoch: store.heads().await.unwrap().epoch,
        row,
    };
    Arc::new(
        Environment::open(identity, Arc::new(StoreHandle::new(Arc::clone(store))))
            .await
            .unwrap(),
    )
}

/// Applies what a connection with the cursor of the follower would get
fn reconnect(follower: &mut Follower, environment: &Environment, scope: Visibility) {
    follower.connected();
    let cursor = follower.cursor();
    let transfer = environment.current().transfer(scope, cursor.as_deref());
    let intent = match transfer.intent {
        flagstaff_server::Intent::Full(reason) => {
            assert!(
                cursor.is_none(),
                "everything was sent to one who could have resumed: {reason}"
            );
            "xfer-full"
        }
        flagstaff_server::Intent::Changes => "xfer-changes",
        flagstaff_server::Intent::Nothing => "none",
    };
    let intent = format!(
        "event: server-intent\ndata: {}\n\n",
        json!({"intent": intent, "reason": ""})
    );
    follower.take_all(intent.as_bytes()).unwrap();
    if let Some(events) = transfer.events {
        follower.take_all(events.plain()).unwrap();
    }
}

/// Two nodes on one database, both of which write
async fn run(steps: Vec<(usize, Step)>, database: Database) {
    let stores: [Arc<dyn Store>; 2] = [
        Arc::new(database.open().await),
        Arc::new(database.open().await),
    ];
    let mut nodes = [open(&stores[0]).await, open(&stores[1]).await];
    let scopes = [Visibility::All, Visibility::ClientSide];
    let mut constant = scopes.map(|scope| (scope, Follower::default()));
    let mut occasional = scopes.map(|scope| (scope, Follower::default()));
    for (scope, follower) in &mut constant {
        reconnect(follower, &nodes[0], *scope);
    }
    for (node, step) in steps {
        match &step {
            Step::Look => {
                refresh(&nodes, &stores).await;
                for (scope, follower) in &mut occasional {
                    reconnect(follower, &nodes[node], *scope);
                }
            }
            Step::Restart => {
                refresh(&nodes, &stores).await;
                let before = nodes[node].current();
                nodes[node] = open(&stores[node]).await;
                let after = nodes[node].current();
                for scope in scopes {
                    let cursors = (after.cursor(scope), before.cursor(scope));
                    assert_eq!(cursors.0, cursors.1, "a restart changes no state");
                }
            }
            step => change(&nodes[node], step).await,
        }
        for (scope, follower) in &mut constant {
            let held = follower.replica.snapshot().revision();
            let current = nodes[0].current();
            if current.revision() > held {
                follower
                    .take_all(current.since(*scope, held).unwrap().plain())
                    .unwrap();
            }
        }
    }
    refresh(&nodes, &stores).await;
    for (scope, follower) in constant.iter_mut().chain(&mut occasional) {
        reconnect(follower, &nodes[1], *scope);
    }
    for (scope, follower) in constant.iter().chain(&occasional) {
        let document: Value = serde_json::from_slice(&nodes[0].current().document(*scope)).unwrap();
        assert_eq!(follower.document(), document, "{scope:?}");
        let served = Snapshot::from_json(&document.to_string()).unwrap();
        for user in 0..4 {
            let (context, now) = (Context::new(format!("u{user}")), Timestamp::from_millis(0));
            let received = follower.replica.snapshot();
            assert_eq!(
                received.evaluate_all(&context, now),
                served.evaluate_all(&context, now),
                "{scope:?} u{user} {document}"
            );
        }
    }
}

async fn change(environment: &Arc<Environment>, step: &Step) {
    let (put, step) = (object(step), step.clone());
    let edit = move |_: &_, draft: &mut flagstaff_server::Draft| {
        match (&put, &step) {
            (Some((id, value)), _) => draft.put_owner(id, value),
            (None, Step::DeleteFlag(key)) => draft.remove_owner(&id(ObjectKind::Flag, *key)),
            (None, Step::DeleteSegment(key)) => draft.remove_owner(&id(ObjectKind::Segment, *key)),
            _ => {}
        }
        Ok::<(), ()>(())
    };
    environment
        .write(author(), InvalidFlagPolicy::Keep, edit)
        .await
        .unwrap();
    serves_its_document(environment);
}

/// Flags that were compiled change by change evaluate as those of the whole document
fn serves_its_document(environment: &Environment) {
    let current = environment.current();
    let document = String::from_utf8(current.document(Visibility::All).to_vec()).unwrap();
    let (found, expected) = (current.snapshot(), Snapshot::from_json(&document).unwrap());
    assert_eq!(found.issues(), expected.issues(), "{document}");
    assert_eq!(found.revision(), expected.revision());
    for user in 0..4 {
        let (context, now) = (Context::new(format!("u{user}")), Timestamp::from_millis(0));
        let answers = [&**found, &expected].map(|snapshot| snapshot.evaluate_all(&context, now));
        assert_eq!(answers[0], answers[1], "u{user} {document}");
    }
}

/// Brings both nodes to the state of the store, and compares their states and deltas
async fn refresh(nodes: &[Arc<Environment>; 2], stores: &[Arc<dyn Store>; 2]) {
    let heads = stores[0].heads().await.unwrap();
    for node in nodes {
        node.refresh(&heads.epoch, heads.revisions[&1])
            .await
            .unwrap();
    }
    for node in nodes {
        serves_its_document(node);
    }
    let [one, other] = [nodes[0].current(), nodes[1].current()];
    assert_eq!(one.flags(), other.flags());
    for scope in [Visibility::All, Visibility::ClientSide] {
        assert_eq!(one.cursor(scope), other.cursor(scope));
        assert_eq!(one.document(scope), other.document(scope));
        for revision in 0..one.revision() {
            assert_eq!(
                one.since(scope, revision).unwrap().plain(),
                other.since(scope, revision).unwrap().plain(),
                "{scope:?} {revision}"
            );
        }
    }
}

fn block_on(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    runtime.unwrap().block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_follower_ends_with_what_the_server_has(steps in steps()) {
        block_on(run(steps, Database::new()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn every_follower_ends_with_what_postgresql_has(steps in steps()) {
        block_on(async { run(steps, Database::postgres(Cluster::shared()).await).await });
    }
}
