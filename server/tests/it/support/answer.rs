//! What a server answered, and what a test expects of it

use std::ops::Index;
use std::sync::OnceLock;

use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

/// A response whose body was read; its fields can be read as those of JSON, `answer["version"]`
#[derive(Debug)]
pub(crate) struct Answer {
    /// What was sent, for the message of a test that fails
    request: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    json: OnceLock<Value>,
}

impl Answer {
    pub(crate) fn new(
        request: String,
        status: StatusCode,
        headers: HeaderMap,
        text: String,
    ) -> Self {
        Self {
            request,
            status: status.as_u16(),
            headers,
            text,
            json: OnceLock::new(),
        }
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}\n{}", self.request, self.text);
        self
    }

    #[track_caller]
    pub(crate) fn expect_success(self) -> Self {
        assert!(
            self.is_success(),
            "{}\n{}\n{}",
            self.request,
            self.status,
            self.text
        );
        self
    }

    /// Expects a refusal as `application/problem+json`, of a type of ours: `stale` is `urn:flagstaff:problem:stale`
    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16, kind: &str) -> Self {
        let answer = self.expect(status);
        let message = format!("{}\n{}", answer.request, answer.text);
        let content_type = answer.header("content-type");
        assert_eq!(content_type, "application/problem+json", "{message}");
        assert_eq!(answer.problem(), kind, "{message}");
        answer
    }

    /// Expects a refusal with status 422 for errors at these places, in this order
    #[track_caller]
    pub(crate) fn expect_errors<'a>(self, pointers: impl AsRef<[&'a str]>) -> Self {
        let answer = self.expect(422);
        let message = format!("{}\n{}", answer.request, answer.text);
        assert_eq!(answer.pointers(), pointers.as_ref(), "{message}");
        answer
    }

    #[track_caller]
    pub(crate) fn expect_detail(self, detail: &str) -> Self {
        assert_eq!(self["detail"], detail, "{}", self.request);
        self
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The value of a header, empty where it is missing
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        self.parsed().clone()
    }

    fn parsed(&self) -> &Value {
        self.json.get_or_init(|| {
            serde_json::from_str(&self.text)
                .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.request, self.text))
        })
    }

    /// The type of a problem, without the part that all of ours begin with
    pub(crate) fn problem(&self) -> &str {
        let kind = self["type"].as_str().unwrap_or_default();
        kind.trim_start_matches("urn:flagstaff:problem:")
    }

    /// The pointers of a problem's errors
    pub(crate) fn pointers(&self) -> Vec<&str> {
        let errors = self["errors"].as_array().into_iter().flatten();
        errors.map(|error| text(error, "pointer")).collect()
    }

    /// The items of a page of a list
    pub(crate) fn items(&self) -> &Vec<Value> {
        self["items"].as_array().unwrap()
    }

    /// One field of each item
    pub(crate) fn column(&self, field: &str) -> Vec<&str> {
        column(self.items(), field)
    }

    /// The path of the page after this one, where `first` is that of the first page
    pub(crate) fn next_path(&self, first: &str) -> Option<String> {
        let escaped = |byte: u8| format!("%{byte:02X}");
        let cursor: String = self["next"].as_str()?.bytes().map(escaped).collect();
        let separator = if first.contains('?') { '&' } else { '?' };
        Some(format!("{first}{separator}cursor={cursor}"))
    }
}

impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, field: &str) -> &Value {
        &self.parsed()[field]
    }
}

/// A field that is a string
#[track_caller]
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    let text = value[field].as_str();
    text.unwrap_or_else(|| panic!("no string `{field}` in {value}"))
}

/// One field of each object of a list
#[track_caller]
pub(crate) fn column<'a>(items: &'a [Value], field: &str) -> Vec<&'a str> {
    items.iter().map(|item| text(item, field)).collect()
}
