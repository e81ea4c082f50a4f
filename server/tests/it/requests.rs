//! The requests of `docs/api.http`, in their order

use std::collections::BTreeMap;

use axum::http::Method;
use flagstaff_server::auth::CredentialKind;
use flagstaff_server::store::{CredentialRow, Store as _};

use crate::support::{Answer, Database, Live, Requests as _, key};

const FILE: &str = include_str!("../../../docs/api.http");

/// The variables of the file, and fields of responses
#[derive(Default)]
struct Variables(BTreeMap<String, String>);

impl Variables {
    /// A text with the values of its variables
    fn fill(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").unwrap();
            let value = self
                .0
                .get(name)
                .unwrap_or_else(|| panic!("{name} is not known"));
            filled.push_str(before);
            filled.push_str(value);
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    /// Stores the response of a named request
    fn keep(&mut self, name: &str, answer: &Answer) {
        for (header, value) in &answer.headers {
            // The spelling that people use.
            let header = if header == "etag" {
                "ETag"
            } else {
                header.as_str()
            };
            let value = value.to_str().unwrap().to_owned();
            self.0
                .insert(format!("{name}.response.headers.{header}"), value);
        }
        let body = answer.json();
        for (member, value) in body.as_object().unwrap() {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            self.0
                .insert(format!("{name}.response.body.$.{member}"), value);
        }
    }
}

#[tokio::test]
async fn every_request_of_the_file_succeeds() {
    let database = Database::new();
    let root = CredentialRow {
        project_id: None,
        ..key(CredentialKind::Admin, "root")
    };
    database.open().await.ensure_key(root).await.unwrap();
    let server = Live::start(&database).await;
    let mut variables = Variables::default();
    let (head, _) = FILE.split_once("\n### ").unwrap();
    for line in head.lines() {
        let Some((name, value)) = line
            .strip_prefix('@')
            .and_then(|line| line.split_once(" = "))
        else {
            continue;
        };
        let value = match name {
            "address" => format!("http://{}", server.host()),
            "token" => "root".to_owned(),
            "key" => "server".to_owned(),
            _ => variables.fill(value),
        };
        variables.0.insert(name.to_owned(), value);
    }
    let mut count = 0;
    for request in FILE.split("\n### ").skip(1) {
        let (title, request) = request.split_once('\n').unwrap();
        let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
        let (comments, lines): (Vec<&str>, Vec<&str>) =
            head.lines().partition(|line| line.starts_with('#'));
        let (method, address) = lines[0].split_once(' ').unwrap();
        let method: Method = method.parse().unwrap();
        let address = variables.fill(address);
        let path = address.strip_prefix(server.address()).unwrap();
        let mut call = server.request(method, path).anonymous();
        for line in lines.iter().skip(1).filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(": ").unwrap();
            call = call.header(name, &variables.fill(value));
        }
        let answer = call.body(variables.fill(body.trim())).await;
        assert!(answer.is_success(), "{title}: {}", answer.text);
        let name = comments
            .iter()
            .find_map(|line| line.strip_prefix("# @name "));
        if let Some(name) = name {
            variables.keep(name, &answer);
        }
        count += 1;
    }
    assert_eq!(count, 54, "requests of the file");
    server.stop().await;
}
