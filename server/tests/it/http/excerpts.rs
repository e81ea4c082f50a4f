//! How much of a request an error repeats

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Requests as _, Server, boolean, on};

/// The maximum number of characters of a value that an error repeats
const EXCERPT: usize = 200;

/// The maximum length of a name, which a pointer has in full
const NAME: usize = 255;

fn longest_run(text: &str) -> usize {
    let runs = text.split(|letter| letter != 'x');
    runs.map(str::len).max().unwrap_or_default()
}

/// Whether an error repeats more than it may
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
    server.put_flag("a", on()).await;
    let long = "x".repeat(3_000);
    let flag = |more: Value| {
        let mut flag = boolean("on");
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
    let mut add = |method: Method, path: &str, body: &Value| {
        requests.push((method, path.to_owned(), body.to_string()));
    };
    for flag in &flags {
        add(Method::PUT, "flags/f", flag);
        for path in ["document", "document?dryRun=true&invalid=keep"] {
            add(Method::PUT, path, &document(flag));
        }
        let put = json!({"operations": [{"op": "put", "key": "f", "value": flag}]});
        add(Method::POST, "changesets", &put);
    }
    for kind in ["flags", "segments", "groups", "holdouts"] {
        let document =
            json!({"schemaVersion": 1, kind: {long.clone(): {"type": 1, "when": {"all": 7}}}});
        for path in ["document", "document?invalid=keep"] {
            add(Method::PUT, path, &document);
        }
    }
    let words = [
        format!("flags/{long}"),
        format!("flags/a/overrides/{long}/{long}"),
        format!("flags?sort={long}"),
        format!("flags?limit={long}"),
        format!("flags?type={long}"),
        format!("flags?{long}=1"),
        format!("compare?with={long}"),
        format!("keys/{long}"),
        format!("flags/{long}/history"),
        format!("flags/a/usage?step={long}"),
        format!("convergence?revision={long}"),
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
    let fields = "name names kind role from flags to operations description tags owner publicValues value context contexts flag \
                  type now default environments project expiresAt origins instance cursor sdk counts level email";
    let fields: BTreeMap<_, _> = fields.split(' ').map(|name| (name, &long)).collect();
    let bodies = [
        format!("{{\"{long}\": 1}}"),
        format!("\"{long}\""),
        format!("{{\"a\": {long}"),
        long.clone(),
        json!(fields).to_string(),
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
        "keys".to_owned(),
        "copy".to_owned(),
        "changesets".to_owned(),
        "flags".to_owned(),
        "flags/a/overrides/bulk".to_owned(),
    ];
    for path in posts {
        for body in &bodies {
            requests.push((Method::POST, path.clone(), body.clone()));
        }
    }
    for path in [
        "settings".to_owned(),
        "/api/v1/projects/default/flags/a".to_owned(),
        "flags/a".to_owned(),
    ] {
        for body in &bodies {
            for method in [Method::PUT, Method::PATCH] {
                requests.push((method, path.clone(), body.clone()));
            }
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
    let mut count = |answer: Answer, what: String| {
        if answer.is_success() {
            // What was stored is returned as it is; only what is wrong with it is an excerpt.
            return;
        }
        refused += 1;
        if repeats_too_much(&answer.text) {
            let short: String = answer.text.chars().take(300).collect();
            wrong.push(format!("{what}: {short}"));
        }
    };
    for (method, path, body) in requests {
        let mut of_programs = ["/ofrep", "/api/v1/evaluate", "/api/v1/sdk"].iter();
        let is_of_programs = of_programs.any(|start| path.starts_with(start));
        let token = if is_of_programs { "server" } else { "admin" };
        let what = format!("{method} {path:.90} {body:.60}");
        let request = server.request(method, &path).body(body).token(token);
        count(request.header("if-match", "*").await, what);
    }
    for text in yaml {
        let request = server.put("document", text);
        let request = request.header("content-type", "application/yaml");
        count(request.await, "YAML".to_owned());
    }
    assert!(refused > 150, "{refused}");
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
