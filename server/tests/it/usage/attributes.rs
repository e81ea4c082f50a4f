//! Attributes of contexts: recorded where the environment is set to, within bounds, and forgotten when it is not

use flagstaff_core::Timestamp;
use flagstaff_server::store::{
    Action, AttributeSettings, AuditEntry, Author, EnvironmentSettings, KEPT_ATTRIBUTES,
    KEPT_VALUES, KnownAttribute, Origin, SeenAttribute, SettingsChange, SqlStore, Store as _,
    UsageStore as _,
};
use flagstaff_server::{Clock, RuntimeConfig, usage};
use serde_json::{Value, json};

use crate::support::{Database, Requests as _, Server, boolean, simultaneously, state};

async fn on(database: Database) -> Server {
    let state = state(&database, RuntimeConfig::default(), Clock::System).await;
    let server = Server::of(state, database);
    server.put_flag("a", boolean("on")).await;
    server
}

/// Attributes with their types and values, as they are listed
async fn attributes(server: &Server) -> Value {
    usage::store(server.state.usage()).await.unwrap();
    let list = server.get("attributes?limit=200").token("viewer").await;
    let item = |item: &Value| json!([item["attribute"], item["types"], item["values"]]);
    list.expect(200).items().iter().map(item).collect()
}

#[tokio::test]
async fn attributes_of_contexts_are_recorded_once_an_admin_begins_it() {
    for database in Database::both().await {
        let server = on(database).await;
        let send = async |path: &str, token: &str, body: Value| {
            server.post(path, body).token(token).await.expect(200);
        };
        let context = json!({"targetingKey": "u", "country": "se"});
        let one = json!({"flag": "a", "context": context});
        send("/api/v1/evaluate", "server", one.clone()).await;
        assert_eq!(attributes(&server).await, json!([]), "it is off by default");

        let settings = json!({"recordAttributes": true, "privateAttributes": ["/email", "/organization/owner"]});
        server
            .put("settings", &settings)
            .token("editor")
            .await
            .expect(403);
        let set = server.put("settings", &settings).await.expect(200);
        assert_eq!(
            set["privateAttributes"],
            json!(["/organization/owner", "email"])
        );
        // Every way by which programs send contexts, each with a country of its own.
        send("/api/v1/evaluate", "server", one).await;
        let country = |country: &str| json!({"targetingKey": "u", "country": country});
        let of = |name: &str| json!({"context": country(name)});
        send("/ofrep/v1/evaluate/flags", "client", of("dk")).await;
        send("/ofrep/v1/evaluate/flags/a", "server", of("no")).await;
        send("values", "server", of("fi")).await;
        send("contexts/flags", "server", of("is")).await;
        let batch = json!({"contexts": [country("de"), country("fr"), {"targetingKey": 1}]});
        send("/api/v1/evaluate/batch", "server", batch).await;
        // What a person types to see what would happen is not a context of the application.
        send("contexts/flags", "viewer", of("xx")).await;
        let typed = json!({"flag": "a", "context": country("xx"), "explain": true});
        send("evaluate", "admin", typed).await;
        let whole = json!({"context": {
            "email": "ann@example.com", "age": 42,
            "organization": {"key": "acme", "plan": "pro", "owner": {"name": "ann"}},
        }});
        send("values", "server", whole).await;
        assert_eq!(
            attributes(&server).await,
            json!([
                ["/organization/key", ["string"], []],
                ["/organization/owner/name", ["string"], []],
                ["/organization/plan", ["string"], ["pro"]],
                ["age", ["number"], [42]],
                [
                    "country",
                    ["string"],
                    ["de", "dk", "fi", "fr", "is", "no", "se"]
                ],
                ["email", ["string"], []],
            ])
        );
        let list = server.get("attributes").await;
        assert_eq!(
            list.items()[0]["private"],
            false,
            "a key is none by the settings"
        );
        assert_eq!(list.items()[5]["private"], true);
        for token in ["server", "client"] {
            server.get("attributes").token(token).await.expect(403);
        }

        // What becomes private loses its values at once, and the end deletes all of it.
        let private = json!({"privateAttributes": ["country", "age"]});
        server.put("settings", &private).await.expect(200);
        let known = attributes(&server).await;
        assert_eq!(known[4], json!(["country", ["string"], []]));
        send("values", "server", of("se")).await;
        assert_eq!(attributes(&server).await, known);
        let end = json!({"recordAttributes": false});
        server.put("settings?reason=over", &end).await.expect(200);
        assert_eq!(attributes(&server).await, json!([]));
        let begin = json!({"recordAttributes": true});
        server.put("settings", &begin).await.expect(200);
        assert_eq!(attributes(&server).await, json!([]));
        send("values", "server", of("se")).await;
        assert_eq!(
            attributes(&server).await,
            json!([["country", ["string"], []]])
        );

        let rows = server.audit("?kind=environment").await;
        assert_eq!(rows[1]["reason"], "over");
        let expected = json!([{"pointer": "/recordAttributes", "before": true, "after": false}]);
        assert_eq!(rows[1]["changes"], expected);
    }
}

#[tokio::test]
async fn a_list_of_private_attributes_has_names_and_pointers() {
    let server = Server::new().await;
    let many: Vec<String> = (0..101).map(|name| format!("a{name}")).collect();
    for private in [
        json!("email"),
        json!([1]),
        json!([""]),
        json!(["/a~b"]),
        json!(many),
    ] {
        let refused = server
            .put("settings", json!({"privateAttributes": private}))
            .await;
        refused.expect_errors(["/privateAttributes"]);
    }
}

fn seen(attribute: &str, value: Option<&str>, at: i64) -> SeenAttribute {
    SeenAttribute {
        environment: 1,
        attribute: attribute.into(),
        value_type: "string",
        value: value.map(Into::into),
        seen_at: Timestamp::from_millis(at),
    }
}

async fn set(store: &SqlStore, (before, after): (&AttributeSettings, &AttributeSettings)) {
    let settings = |attributes: &AttributeSettings| EnvironmentSettings {
        attributes: attributes.clone(),
        ..EnvironmentSettings::default()
    };
    let entry = AuditEntry::new(Action::Update, "environment", "production", (None, None));
    let change = SettingsChange {
        project_id: 1,
        environment_id: 1,
        before: settings(before),
        after: settings(after),
        author: Author {
            actor: "ann".into(),
            at: Timestamp::from_millis(0),
            reason: None,
            origin: Origin::default(),
        },
        audit: vec![entry],
    };
    store.change_settings(change).await.unwrap();
}

fn recorded(private: &[&str]) -> AttributeSettings {
    AttributeSettings {
        is_recorded: true,
        private: private.iter().map(ToString::to_string).collect(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nodes_have_seen_is_one_list_within_bounds_and_the_first_ones_stay() {
    for database in Database::both().await {
        let store = database.open().await;
        let settings = recorded(&[]);
        set(&store, (&AttributeSettings::default(), &settings)).await;
        let first = vec![seen("first", None, 5), seen("first", Some("\"a\""), 5)];
        store.add_attributes(first).await.unwrap();
        let nodes = (0..4).map(|node| {
            let store = store.clone();
            async move {
                let mut rows = vec![seen("first", None, 7)];
                for number in 0..100 {
                    rows.push(seen(&format!("n{node}-{number}"), None, 6));
                    rows.push(seen("first", Some(&format!("\"{node}-{number}\"")), 6));
                }
                rows.push(seen("first", Some("\"a\""), 9));
                rows.push(seen("first", Some("\0"), 9));
                store.add_attributes(rows).await.unwrap();
            }
        });
        simultaneously(nodes).await;
        let known = store.attributes(1).await.unwrap();
        assert_eq!(known.len(), KEPT_ATTRIBUTES);
        let first = known
            .iter()
            .find(|known| known.attribute == "first")
            .unwrap();
        assert_eq!(first.types, ["string"]);
        assert_eq!(first.values.len(), KEPT_VALUES);
        assert!(first.values.contains(&"\"a\"".to_owned()));
        let at = (
            first.first_seen_at.as_millis(),
            first.last_seen_at.as_millis(),
        );
        assert_eq!(at, (5, 9));
        // What did not come any more is forgotten as usage is.
        store.forget_usage(Timestamp::from_millis(8)).await.unwrap();
        let known = store.attributes(1).await.unwrap();
        let left: Vec<_> = known
            .iter()
            .map(|known| (&*known.attribute, known.values.len()))
            .collect();
        assert_eq!(left, [("first", 1)]);
    }
}

#[tokio::test]
async fn a_node_that_has_not_heard_of_new_settings_adds_nothing_against_them() {
    for database in Database::both().await {
        let store = database.open().await;
        let rows = || {
            vec![
                seen("email", None, 1),
                seen("email", Some("\"a@b\""), 1),
                seen("country", Some("\"se\""), 1),
            ]
        };
        let values = async || {
            let known = store.attributes(1).await.unwrap().into_iter();
            known
                .map(|known: KnownAttribute| (known.attribute, known.values.len()))
                .collect::<Vec<_>>()
        };
        store.add_attributes(rows()).await.unwrap();
        assert_eq!(values().await, []);
        let settings = recorded(&["email"]);
        set(&store, (&AttributeSettings::default(), &settings)).await;
        store.add_attributes(rows()).await.unwrap();
        assert_eq!(
            values().await,
            [("country".to_owned(), 1), ("email".to_owned(), 0)]
        );
        set(&store, (&settings, &AttributeSettings::default())).await;
        assert_eq!(values().await, []);
        store.add_attributes(rows()).await.unwrap();
        assert_eq!(values().await, []);
    }
}
