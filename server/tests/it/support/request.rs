//! Requests written as sentences: `server.put("flags/a", on()).token("editor").await.expect(201)`

use std::borrow::Borrow;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request};
use axum::response::Response;
use flagstaff_server::Peer;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use super::answer::Answer;
use super::http;
use super::wait::PATIENCE;

/// What a path without a leading `/` is below
const ENVIRONMENT: &str = "/api/v1/projects/default/environments/production";

/// Where requests go
pub(crate) enum Target {
    /// A server in this process, without a socket
    Router(Router),
    /// The URL of a server, without a path
    Address(String),
}

/// What requests can be sent to
///
/// A path that begins with `/` is sent as it is; others are below the environment `production` of the project `default`.
pub(crate) trait Requests {
    fn target(&self) -> Target;

    /// The bearer token of requests that name no other
    fn default_token(&self) -> String {
        "admin".to_owned()
    }

    fn request(&self, method: Method, path: &str) -> Call {
        let path = match path.strip_prefix('/') {
            Some(_) => path.to_owned(),
            None => format!("{ENVIRONMENT}/{path}"),
        };
        Call {
            target: self.target(),
            request: Request::builder()
                .method(method)
                .uri(path)
                .body(Content::Text(String::new()))
                .unwrap(),
        }
        .token(&self.default_token())
    }

    fn get(&self, path: &str) -> Call {
        self.request(Method::GET, path)
    }

    fn post(&self, path: &str, content: impl Into<Content>) -> Call {
        self.request(Method::POST, path).body(content)
    }

    fn put(&self, path: &str, content: impl Into<Content>) -> Call {
        self.request(Method::PUT, path).body(content)
    }

    fn patch(&self, path: &str, content: impl Into<Content>) -> Call {
        self.request(Method::PATCH, path).body(content)
    }

    fn delete(&self, path: &str) -> Call {
        self.request(Method::DELETE, path)
    }

    /// Creates the flag in production, or replaces it whatever its version is; expects success
    async fn put_flag(&self, key: &str, flag: impl Borrow<Value>) -> Answer {
        let path = format!("flags/{key}");
        let created = self.put(&path, flag.borrow()).await;
        if created.status != 428 {
            return created.expect_success();
        }
        let replaced = self.put(&path, flag.borrow()).header("if-match", "*");
        replaced.await.expect_success()
    }

    /// What a key may read of its environment
    async fn snapshot(&self, token: &str) -> Value {
        let answer = self.get("/api/v1/sdk/snapshot").token(token).await;
        answer.expect(200).json()
    }

    /// All pages of a list, from the path of the first one on
    async fn pages(&self, path: &str) -> Vec<Answer> {
        let mut pages = vec![self.get(path).await.expect(200)];
        while let Some(next) = pages.last().and_then(|page| page.next_path(path)) {
            pages.push(self.get(&next).await.expect(200));
        }
        pages
    }

    /// The rows of the audit, the newest first; `query` is empty or begins with `?`
    async fn audit(&self, query: &str) -> Vec<Value> {
        let path = format!("/api/v1/projects/default/audit{query}");
        self.get(&path).await.expect(200).items().clone()
    }
}

/// The URL of a server, without a path
impl Requests for String {
    fn target(&self) -> Target {
        Target::Address(self.clone())
    }
}

/// The body of a request
pub(crate) enum Content {
    Text(String),
    Stream(Body),
}

impl From<()> for Content {
    fn from((): ()) -> Self {
        Self::Text(String::new())
    }
}

impl From<&Value> for Content {
    /// JSON `null` is no body
    fn from(value: &Value) -> Self {
        if value.is_null() {
            return ().into();
        }
        Self::Text(value.to_string())
    }
}

impl From<Value> for Content {
    fn from(value: Value) -> Self {
        (&value).into()
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Content {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Stream(bytes.into())
    }
}

impl From<Body> for Content {
    fn from(body: Body) -> Self {
        Self::Stream(body)
    }
}

/// A request that is sent when it is awaited
#[must_use]
pub(crate) struct Call {
    target: Target,
    request: Request<Content>,
}

impl Call {
    pub(crate) fn body(mut self, content: impl Into<Content>) -> Self {
        *self.request.body_mut() = content.into();
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        self.request.headers_mut().insert(name, value);
        self
    }

    pub(crate) fn headers(self, headers: &[(&str, &str)]) -> Self {
        headers
            .iter()
            .fold(self, |call, (name, value)| call.header(name, value))
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Sends no token
    pub(crate) fn anonymous(mut self) -> Self {
        self.request.headers_mut().remove("authorization");
        self
    }

    /// Only if this is the current version
    pub(crate) fn if_match(self, version: u64) -> Self {
        self.header("if-match", &format!("\"{version}\""))
    }

    /// As if it came from this address; without a socket only
    pub(crate) fn from(mut self, address: &str) -> Self {
        let address: IpAddr = address.parse().unwrap();
        let peer = Peer(SocketAddr::new(address, 4_000));
        self.request.extensions_mut().insert(peer);
        self
    }

    /// The response with its body unread; without a socket only
    pub(crate) async fn response(self) -> Response {
        let Target::Router(router) = self.target else {
            panic!("the response of another process is read whole");
        };
        let request = self.request.map(|content| match content {
            Content::Text(text) => Body::from(text),
            Content::Stream(body) => body,
        });
        router.oneshot(request).await.unwrap()
    }

    /// The response of a server behind a socket with its body unread
    pub(crate) async fn try_send(self) -> reqwest::Result<reqwest::Response> {
        let Target::Address(address) = self.target else {
            panic!("a server without a socket always answers");
        };
        let (head, content) = self.request.into_parts();
        let Content::Text(text) = content else {
            panic!("a stream is sent without a socket");
        };
        let request = http().request(head.method, format!("{address}{}", head.uri));
        let request = request.headers(head.headers).timeout(PATIENCE);
        request.body(text).send().await
    }

    pub(crate) async fn send(self) -> Answer {
        let request = self.to_string();
        if matches!(self.target, Target::Address(_)) {
            let response = self.try_send().await.unwrap();
            let (status, headers) = (response.status(), response.headers().clone());
            let text = response.text().await.unwrap();
            return Answer::new(request, status, headers, text);
        }
        let (head, body) = self.response().await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        let text = String::from_utf8(bytes).unwrap();
        Answer::new(request, head.status, head.headers, text)
    }
}

impl std::fmt::Display for Call {
    /// The method, the path, the token and the body, as a test that fails prints them
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let request = &self.request;
        let token = request.headers().get("authorization");
        let body: String = match request.body() {
            Content::Text(text) => text.chars().take(200).collect(),
            Content::Stream(_) => "a stream".to_owned(),
        };
        write!(f, "{} {} {token:?} {body}", request.method(), request.uri())
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
