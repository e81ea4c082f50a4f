//! The `OpenAPI` document: its routes, its references, and the kinds of key that it names

use std::collections::{BTreeMap, BTreeSet};

use flagstaff_server::app;
use flagstaff_server::auth::CredentialKind;
use serde_json::Value;

use crate::support::{Requests as _, Server};

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];
/// Pages and their scripts: files, and no part of the API
const PAGES: [&str; 6] = [
    "/api/v1/docs/scalar.js",
    "/api/v1/docs/start.js",
    "/assets/{*path}",
    "/example",
    "/example/",
    "/example/example.js",
];

async fn document(server: &Server) -> Value {
    let answer = server
        .get("/api/v1/openapi.json")
        .anonymous()
        .await
        .expect(200);
    answer.json()
}

/// The method, the path and the description of each operation
fn operations(document: &Value) -> Vec<(&'static str, &str, &Value)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            operations.extend(
                item.get(method)
                    .map(|operation| (method, path.as_str(), operation)),
            );
        }
    }
    assert!(operations.len() > 30, "{}", operations.len());
    operations
}

/// The methods of every route: axum has them only in its debug output
fn routes(router: &axum::Router) -> BTreeMap<String, Vec<String>> {
    let text = format!("{router:?}");
    let (tree, _) = text.split_once("fallback_router: ").unwrap();
    let (mut paths, mut methods) = (BTreeMap::new(), BTreeMap::new());
    for part in tree.split("RouteId(").skip(1) {
        let (id, rest) = part.split_once("): ").unwrap();
        if let Some(rest) = rest.strip_prefix('"') {
            paths.insert(id, rest.split_once('"').unwrap().0);
        } else if let Some((_, allowed)) = rest.split_once("allow_header: Bytes(b\"") {
            let allowed = allowed.split_once('"').unwrap().0.split(',');
            let allowed = allowed.filter(|method| *method != "HEAD");
            methods.insert(id, allowed.map(str::to_lowercase).collect::<Vec<_>>());
        }
    }
    assert!(
        paths.len() > 20,
        "axum prints its routers in another way: {text}"
    );
    let named = |(id, path): (&str, &str)| (path.to_owned(), methods[id].clone());
    paths.into_iter().map(named).collect()
}

#[tokio::test]
async fn the_document_describes_every_route() {
    let server = Server::new().await;
    let document = document(&server).await;
    assert_eq!(document["openapi"], "3.1.0");
    let described: BTreeSet<_> = operations(&document)
        .iter()
        .map(|(method, path, _)| ((*path).to_owned(), (*method).to_owned()))
        .collect();
    for (path, methods) in routes(&app(server.state.clone())) {
        // A path with a slash at its end is another name of the same route.
        let path = path.strip_suffix('/').unwrap_or(&path);
        if PAGES.contains(&path) {
            continue;
        }
        for method in methods {
            let route = (path.to_owned(), method);
            assert!(
                described.contains(&route),
                "{route:?} is not described: annotate its handler (docs/adr/0022-openapi.md)"
            );
        }
    }
}

#[tokio::test]
async fn its_page_and_all_that_it_loads_are_embedded() {
    let server = Server::new().await;
    let page = server.get("/api/v1/docs").anonymous().await.expect(200);
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
    let sources: Vec<_> = page.text.split("src=\"").skip(1).collect();
    assert_eq!(sources.len(), 2);
    for source in sources {
        let path = format!("/api/v1/{}", source.split_once('"').unwrap().0);
        let script = server.get(&path).anonymous().await.expect(200);
        assert!(script.header("content-type").starts_with("text/javascript"));
        assert!(script.text.contains("createApiReference"), "{path}");
    }
    assert!(!page.text.contains("://") && !page.text.contains("<style"));
}

#[tokio::test]
async fn the_document_is_consistent() {
    let server = Server::new().await;
    let document = document(&server).await;
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 100);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let tags = document["tags"].as_array().unwrap().iter();
    let tags: BTreeSet<_> = tags.map(|tag| tag["name"].as_str()).collect();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let name = format!("{method} {path}");
        assert!(
            ids.insert(operation["operationId"].as_str().unwrap()),
            "{name}"
        );
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{name}");
        assert!(
            tags.contains(&operation["tags"][0].as_str()),
            "{name}: its tag"
        );
        let answers = operation["responses"].as_object().unwrap();
        assert!(
            answers.keys().any(|status| status.starts_with(['2', '3'])),
            "{name}"
        );
        for (status, answer) in answers {
            let is_empty = ["204", "303", "304"].contains(&status.as_str());
            let is_told = answer.get("$ref").or(answer.get("content")).is_some();
            assert_eq!(is_told, !is_empty, "{name}: the body of {status}");
        }
        if let Some(body) = operation.get("requestBody") {
            let mut contents = body["content"].as_object().unwrap().values();
            let has_example = contents.all(|content| content.get("example").is_some());
            assert!(has_example, "{name}: an example of its body");
        }
    }
}

fn collect<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str));
            members
                .values()
                .for_each(|member| collect(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

/// The example of the body, or an empty object
fn example(operation: &Value) -> String {
    let content = operation.pointer("/requestBody/content");
    let content = content.and_then(|content| content.as_object()?.values().next());
    match content.map(|content| &content["example"]) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => "{}".to_owned(),
    }
}

#[tokio::test]
async fn the_document_names_the_kinds_of_key_that_each_operation_accepts() {
    let server = Server::new().await;
    let document = document(&server).await;
    for (method, path, operation) in operations(&document) {
        // `/metrics` may be served apart. A session begins and ends only on pages of the server. Projects and sessions need a token for all projects, and personal tokens a person, which is not a matter of
        // the kind. An environment with another name would not be found.
        let is_apart = [
            "createProject",
            "renameProject",
            "deleteProject",
            "createMyToken",
            "listSessions",
            "endSession",
            "endSessionsOfPerson",
            "signInByLink",
            "signOut",
            "renameEnvironment",
        ];
        if path == "/metrics" || is_apart.iter().any(|id| operation["operationId"] == *id) {
            continue;
        }
        let kinds = operation.pointer("/security/0/bearer");
        let names = [("project", "default"), ("environment", "production")];
        let things = ["key", "level", "contextKey", "kind"].map(|name| (name, "nothing"));
        let names = names.into_iter().chain(things);
        let address = names.fold(path.to_owned(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), value)
        });
        for kind in CredentialKind::ALL {
            let verb = method.to_uppercase().parse().unwrap();
            let request = server.request(verb, &address).body(example(operation));
            // The body of a stream never ends.
            let response = request.token(kind.name()).response().await;
            let status = response.status();
            let may = kinds.is_none_or(|kinds| {
                let mut kinds = kinds.as_array().unwrap().iter();
                kinds.any(|named| named == kind.name())
            });
            let message = format!("{method} {path} with a {} key", kind.name());
            assert_eq!(status != 403, may, "{message}: {status}");
            assert_ne!(status, 401, "{message}");
        }
    }
}
