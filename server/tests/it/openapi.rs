//! The `OpenAPI` document: it tells of every route, hangs together, and is right about who may do what

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use flagstaff_server::app;
use flagstaff_server::auth::KeyKind;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::support::Server;

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];
/// The example page: files, and no part of the API
const PAGES: [&str; 3] = ["/example", "/example/", "/example/{*path}"];

async fn document(server: &Server) -> Value {
    let request = Request::get("/api/v1/openapi.json").body(Body::empty());
    let answer = server.send(request.unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

/// Method, path and what is said of it
fn operations(document: &Value) -> Vec<(&'static str, &str, &Value)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            operations.extend(item.get(method).map(|said| (method, path.as_str(), said)));
        }
    }
    assert!(operations.len() > 30, "{}", operations.len());
    operations
}

/// The methods of every route: axum tells of them only where it is printed for debugging
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
async fn it_tells_of_every_route() {
    let server = Server::new().await;
    let document = document(&server).await;
    assert_eq!(document["openapi"], "3.1.0");
    let told: BTreeSet<_> = operations(&document)
        .iter()
        .map(|(method, path, _)| ((*path).to_owned(), (*method).to_owned()))
        .collect();
    for (path, methods) in routes(&app(server.state.clone())) {
        // With a slash at its end it is another name of the same route.
        let path = path.strip_suffix('/').unwrap_or(&path);
        if PAGES.contains(&path) {
            continue;
        }
        for method in methods {
            let route = (path.to_owned(), method);
            assert!(
                told.contains(&route),
                "{route:?} is not described: annotate its handler (docs/adr/0022-openapi.md)"
            );
        }
    }
}

#[tokio::test]
async fn its_page_tells_of_every_operation_and_of_nothing_from_elsewhere() {
    let server = Server::new().await;
    let request = Request::get("/api/v1/docs").body(Body::empty());
    let page = server.send(request.unwrap()).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none';")
    );
    let document = document(&server).await;
    for (method, path, said) in operations(&document) {
        let section = format!("<section id=\"{}\">", said["operationId"].as_str().unwrap());
        assert!(page.text.contains(&section), "{method} {path}");
    }
    let mut links = page.text.split("href=\"").skip(1);
    for link in links.by_ref().map(|rest| rest.split_once('"').unwrap().0) {
        let is_there = link
            .strip_prefix('#')
            .is_some_and(|id| page.text.contains(&format!("id=\"{id}\"")));
        assert!(is_there || link == "openapi.json", "{link}");
    }
    assert!(!page.text.contains("<script") && !page.text.contains("src="));
}

#[tokio::test]
async fn it_hangs_together() {
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
    for (method, path, said) in operations(&document) {
        let name = format!("{method} {path}");
        assert!(ids.insert(said["operationId"].as_str().unwrap()), "{name}");
        assert!(!said["summary"].as_str().unwrap().is_empty(), "{name}");
        assert!(tags.contains(&said["tags"][0].as_str()), "{name}: its tag");
        let answers = said["responses"].as_object().unwrap();
        assert!(
            answers.keys().any(|status| status.starts_with('2')),
            "{name}"
        );
        for (status, answer) in answers {
            let is_empty = ["204", "304"].contains(&status.as_str());
            let is_told = answer.get("$ref").or(answer.get("content")).is_some();
            assert_eq!(is_told, !is_empty, "{name}: the body of {status}");
        }
        if let Some(body) = said.get("requestBody") {
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

/// The body that is told as an example, or an empty object
fn example(said: &Value) -> String {
    let content = said.pointer("/requestBody/content");
    let content = content.and_then(|content| content.as_object()?.values().next());
    match content.map(|content| &content["example"]) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => "{}".to_owned(),
    }
}

#[tokio::test]
async fn it_is_right_about_who_may_do_what() {
    let server = Server::new().await;
    let document = document(&server).await;
    for (method, path, said) in operations(&document) {
        // `/metrics` may be served apart; a new project needs a token for all projects, which is not a matter of its kind.
        if path == "/metrics" || said["operationId"] == "createProject" {
            continue;
        }
        let kinds = said.pointer("/security/0/bearer");
        let names = [("project", "default"), ("environment", "production")];
        let things = ["key", "level", "contextKey", "kind"].map(|name| (name, "nothing"));
        let names = names.into_iter().chain(things);
        let address = names.fold(path.to_owned(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), value)
        });
        for kind in KeyKind::ALL {
            let request = Request::builder()
                .method(method.to_uppercase().as_str())
                .uri(&address)
                .header("authorization", format!("Bearer {}", kind.name()));
            let request = request.body(Body::from(example(said))).unwrap();
            let router = app(server.state.clone());
            // Of a stream the body never ends.
            let status = router.oneshot(request).await.unwrap().status();
            let may = kinds.is_none_or(|kinds| {
                let mut kinds = kinds.as_array().unwrap().iter();
                kinds.any(|named| named == kind.name())
            });
            let message = format!("{method} {path} with a {} key", kind.name());
            assert_eq!(status != StatusCode::FORBIDDEN, may, "{message}: {status}");
            assert_ne!(status, StatusCode::UNAUTHORIZED, "{message}");
        }
    }
}
