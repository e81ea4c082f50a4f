//! What an error repeats of what was sent

use axum::body::Body;
use axum::http::{Method, Request};
use flagstaff_server::auth::KeyKind;
use serde_json::{Value, json};

use crate::support::{DOCUMENT, FLAGS, Server};

const ENVIRONMENT: &str = "/api/v1/projects/default/environments/production";
/// So many characters of a value are repeated at most
const EXCERPT: usize = 200;

/// So long a name may be, and is whole in a pointer
const NAME: usize = 255;

fn longest_run(text: &str) -> usize {
    let runs = text.split(|letter| letter != 'x');
    runs.map(str::len).max().unwrap_or_default()
}

/// Whether more is repeated than it takes to find what is wrong
fn repeats_too_much(answer: &str) -> bool {
    let Ok(mut problem) = serde_json::from_str::<Value>(answer) else {
        return longest_run(answer) > EXCERPT;
    };
    let errors = problem.get_mut("errors").and_then(Value::as_array_mut);
    let pointers = errors
        .into_iter()
        .flatten()
        .map(|error| error["pointer"].take());
    let pointers: Vec<Value> = pointers.collect();
    longest_run(&problem.to_string()) > EXCERPT
        || pointers
            .iter()
            .any(|pointer| longest_run(&pointer.to_string()) > NAME)
}

#[tokio::test]
async fn no_error_repeats_more_than_200_characters_of_a_value() {
    let server = Server::new().await;
    server.put("a", &json!({"enabled": true})).await;
    let long = "x".repeat(3_000);
    let flag = |more: Value| {
        let mut flag = json!({"type": "boolean", "enabled": true, "serve": "on"});
        let members = flag.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        flag
    };
    let number: Value = serde_json::from_str(&format!("1{}", "0".repeat(300))).unwrap();
    let flags = [
        flag(json!({"serve": long})),
        flag(json!({"serve": {"variant": "on", "algorithm": long}})),
        flag(json!({"type": long})),
        flag(json!({"enabled": long})),
        flag(json!({"expiresAt": long})),
        flag(json!({"rules": [{"id": "r", "serve": "on", "from": long}]})),
        flag(json!({"rules": [{"id": "r", "serve": "on", "until": {"a": [long, long]}}]})),
        flag(json!({"levels": [long.clone(), long]})),
        flag(json!({"overrides": {long.clone(): {"u": "include"}}})),
        flag(json!({"overrides": {"user": {long.clone(): {"variant": long}}}})),
        flag(json!({"overrides": {"user": {"u": long}}})),
        flag(json!({"variants": {long.clone(): 7}})),
        flag(json!({"prerequisites": [{"flag": long, "variants": ["on"]}]})),
        flag(
            json!({"rules": [{"id": "r", "serve": "on", "when": {"attribute": long, "op": long, "value": 1}}]}),
        ),
        flag(json!({"rules": [{"id": "r", "serve": "on", "when": {"segment": long}}]})),
        flag(
            json!({"rules": [{"id": "r", "serve": "on", "when": {"flag": long, "variants": ["on"]}}]}),
        ),
        flag(
            json!({"rules": [{"id": "r", "serve": "on", "when": {"attribute": "a", "op": "matches", "value": format!("[{long}")}}]}),
        ),
        flag(json!({"serve": {"variant": "on", "experiment": {"group": long, "slice": [[0, 1]]}}})),
        flag(json!({"languageLevel": number})),
        flag(json!({long.clone(): true})),
    ];
    let document = |flag: &Value| json!({"schemaVersion": 1, "flags": {"f": flag}});
    let mut requests: Vec<(Method, String, String)> = Vec::new();
    for flag in &flags {
        requests.push((Method::PUT, format!("{FLAGS}/f"), flag.to_string()));
        requests.push((Method::PUT, DOCUMENT.to_owned(), document(flag).to_string()));
        requests.push((
            Method::PUT,
            format!("{DOCUMENT}?dryRun=true&invalid=keep"),
            document(flag).to_string(),
        ));
        let put = json!({"operations": [{"op": "put", "key": "f", "value": flag}]});
        requests.push((
            Method::POST,
            format!("{ENVIRONMENT}/changesets"),
            put.to_string(),
        ));
    }
    for kind in ["flags", "segments", "groups", "holdouts"] {
        let document =
            json!({"schemaVersion": 1, kind: {long.clone(): {"type": 1, "when": {"all": 7}}}});
        requests.push((Method::PUT, DOCUMENT.to_owned(), document.to_string()));
        requests.push((
            Method::PUT,
            format!("{DOCUMENT}?invalid=keep"),
            document.to_string(),
        ));
    }
    let words = [
        format!("{ENVIRONMENT}/flags/{long}"),
        format!("{ENVIRONMENT}/flags/a/overrides/{long}/{long}"),
        format!("{ENVIRONMENT}/flags?sort={long}"),
        format!("{ENVIRONMENT}/flags?limit={long}"),
        format!("{ENVIRONMENT}/flags?type={long}"),
        format!("{ENVIRONMENT}/flags?{long}=1"),
        format!("{ENVIRONMENT}/compare?with={long}"),
        format!("{ENVIRONMENT}/keys/{long}"),
        format!("{ENVIRONMENT}/flags/{long}/history"),
        format!("{ENVIRONMENT}/flags/a/usage?step={long}"),
        format!("{ENVIRONMENT}/convergence?revision={long}"),
        format!("/api/v1/projects/{long}/flags"),
        format!("/api/v1/projects/default/flags/{long}"),
        format!("/api/v1/projects/default/flags?kind={long}"),
        format!("/api/v1/projects/default/flags?lifecycle={long}"),
        format!("/api/v1/projects/default/environments/{long}/flags"),
        format!("/api/v1/projects/default/audit?action={long}"),
        format!("/api/v1/projects/default/audit?from={long}"),
        format!("/api/v1/projects/default/members/{long}"),
        format!("/{long}"),
    ];
    for path in words {
        for method in [Method::GET, Method::PATCH] {
            requests.push((method, path.clone(), "{}".to_owned()));
        }
    }
    let bodies = [
        format!("{{\"{long}\": 1}}"),
        format!("\"{long}\""),
        format!("{{\"a\": {long}"),
        long.clone(),
        [
            "name",
            "names",
            "kind",
            "role",
            "from",
            "flags",
            "to",
            "operations",
            "description",
            "tags",
            "owner",
            "publicValues",
            "value",
            "context",
            "contexts",
            "flag",
            "type",
            "now",
            "default",
            "environments",
            "project",
            "expiresAt",
            "origins",
            "instance",
            "cursor",
            "sdk",
            "counts",
            "level",
            "email",
        ]
        .map(|name| format!("\"{name}\": \"{long}\""))
        .join(", "),
    ];
    let posts = [
        "/api/v1/projects".to_owned(),
        "/api/v1/projects/default/environments".to_owned(),
        "/api/v1/projects/default/tokens".to_owned(),
        "/api/v1/projects/default/members".to_owned(),
        "/api/v1/evaluate".to_owned(),
        "/api/v1/evaluate/batch".to_owned(),
        "/api/v1/sdk/applied".to_owned(),
        "/api/v1/sdk/usage".to_owned(),
        "/ofrep/v1/evaluate/flags".to_owned(),
        "/ofrep/v1/evaluate/flags/a".to_owned(),
        format!("/ofrep/v1/evaluate/flags/{long}"),
        format!("{ENVIRONMENT}/keys"),
        format!("{ENVIRONMENT}/copy"),
        format!("{ENVIRONMENT}/changesets"),
        format!("{ENVIRONMENT}/flags"),
        format!("{ENVIRONMENT}/flags/a/overrides/bulk"),
    ];
    for path in posts {
        for body in &bodies {
            let body = if body.starts_with("\"name\"") {
                format!("{{{body}}}")
            } else {
                body.clone()
            };
            requests.push((Method::POST, path.clone(), body));
        }
    }
    for path in [
        format!("{ENVIRONMENT}/settings"),
        "/api/v1/projects/default/flags/a".to_owned(),
        format!("{FLAGS}/a"),
    ] {
        for body in &bodies {
            let body = if body.starts_with("\"name\"") {
                format!("{{{body}}}")
            } else {
                body.clone()
            };
            requests.push((Method::PUT, path.clone(), body.clone()));
            requests.push((Method::PATCH, path.clone(), body));
        }
    }
    let yaml = [
        format!("flags: {{a: {{{long}: }}"),
        format!("*{long}"),
        format!("a: !{long} 1"),
        format!("{long}: ["),
    ];
    let mut wrong = Vec::new();
    let mut refused = 0;
    let mut count = async |request: Request<Body>, what: String| {
        let answer = server.send(request).await;
        if !answer.status.is_success() {
            refused += 1;
        }
        // What was stored is told as it is; only what is wrong with it is an excerpt.
        if !answer.status.is_success() && repeats_too_much(&answer.text) {
            let short: String = answer.text.chars().take(300).collect();
            wrong.push(format!("{what}: {short}"));
        }
    };
    for (method, path, body) in requests {
        let is_of_programs = ["/ofrep", "/api/v1/evaluate", "/api/v1/sdk"]
            .iter()
            .any(|start| path.starts_with(start));
        let token = if is_of_programs {
            KeyKind::Server
        } else {
            KeyKind::Admin
        };
        let what = format!("{method} {path:.90} {body:.60}");
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", token.name()))
            .header("if-match", "*")
            .body(Body::from(body))
            .unwrap();
        count(request, what).await;
    }
    for text in yaml {
        let request = Request::put(DOCUMENT)
            .header("authorization", "Bearer admin")
            .header("content-type", "application/yaml")
            .body(Body::from(text))
            .unwrap();
        count(request, "YAML".to_owned()).await;
    }
    assert!(refused > 150, "{refused}");
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
