//! Requests to the API: of a server, or of a database without a server

use std::fmt::Write as _;

use axum::http::{Request, Uri};
use bytes::Bytes;
use clap::{Args, ValueEnum};
use futures_util::stream;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, IF_MATCH};
use reqwest::{Client, Method, StatusCode, Url};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::CommandError;
use super::progress::Progress;
use crate::app::local::LocalRoutes;
use crate::config::{Secret, SecretParser};

/// Bytes of a body that are sent at once, so that its progress can be shown
const PART: usize = 64 << 10;
/// Items that are asked for at once
const PAGE: &str = "200";

/// Where the API is, and with which token it is asked
#[derive(Debug, Clone, Args)]
pub(super) struct ApiArgs {
    /// Address of the server
    #[arg(
        long,
        env = "FLAGSTAFF_SERVER",
        default_value = "http://127.0.0.1:8080",
        value_name = "URL"
    )]
    server: Url,

    /// Token with a role in the project
    #[arg(
        long,
        env = "FLAGSTAFF_TOKEN",
        hide_env_values = true,
        value_parser = SecretParser::BEARER,
        value_name = "TOKEN"
    )]
    token: Option<Secret>,

    /// Use this database instead of a server and a token; a server may be using it at the same time
    #[arg(long, value_parser = SecretParser::ADDRESS, value_name = "URL")]
    database: Option<Secret>,

    /// Project
    #[arg(
        long,
        env = "FLAGSTAFF_PROJECT",
        default_value = "default",
        value_name = "NAME"
    )]
    project: String,
}

/// The same, and an environment
#[derive(Debug, Clone, Args)]
pub(super) struct EnvironmentArgs {
    #[command(flatten)]
    pub(super) api: ApiArgs,

    /// Environment
    #[arg(
        long,
        env = "FLAGSTAFF_ENVIRONMENT",
        default_value = "production",
        value_name = "NAME"
    )]
    pub(super) environment: String,
}

/// What happens to objects or overrides of the server that a file does not contain
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum MergeMode {
    /// Keep them
    Merge,
    /// Delete them
    Replace,
}

impl MergeMode {
    /// The value of the parameter `mode`
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Replace => "replace",
        }
    }
}

/// What the path of a request is below
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    /// The project
    Project,
    /// `/api/v1`
    Api,
}

/// A request to the API
#[derive(Debug)]
pub(super) struct ApiRequest<'q> {
    pub(super) method: Method,
    pub(super) root: Root,
    /// Below the root, piece by piece
    pub(super) path: &'q [&'q str],
    pub(super) query: &'q [(&'q str, &'q str)],
    /// Its media type and text
    pub(super) body: Option<(&'static str, String)>,
    /// The media type that is wanted
    pub(super) accept: &'static str,
    /// The version that is to be replaced, or the tag of the state in which nothing may have changed
    pub(super) if_match: Option<String>,
}

impl<'q> ApiRequest<'q> {
    /// To read something
    pub(super) fn get(path: &'q [&'q str], query: &'q [(&'q str, &'q str)]) -> Self {
        Self {
            method: Method::GET,
            root: Root::Project,
            path,
            query,
            body: None,
            accept: "application/json",
            if_match: None,
        }
    }

    /// The same with a path below another root
    pub(super) fn below(self, root: Root) -> Self {
        Self { root, ..self }
    }

    /// To write JSON
    pub(super) fn write(
        method: Method,
        path: &'q [&'q str],
        query: &'q [(&'q str, &'q str)],
        body: &Value,
    ) -> Self {
        Self {
            method,
            body: Some(("application/json", body.to_string())),
            ..Self::get(path, query)
        }
    }
}

/// The API of one project
#[derive(Debug)]
pub(super) struct Api {
    runtime: Runtime,
    transport: Transport,
    project: String,
    // What the progress bar says is under way.
    task: &'static str,
}

#[derive(Debug)]
enum Transport {
    Server {
        client: Client,
        address: Url,
        token: Secret,
    },
    Database(Box<LocalRoutes>),
}

/// A response
#[derive(Debug)]
struct Received {
    status: StatusCode,
    text: String,
    /// Of what the response is about
    tag: Option<String>,
}

impl Received {
    fn new(status: StatusCode, headers: &HeaderMap, bytes: Vec<u8>) -> Self {
        let tag = headers.get(ETAG).and_then(|tag| tag.to_str().ok());
        Self {
            status,
            text: text(bytes),
            tag: tag.map(|tag| tag.trim_matches('"').to_owned()),
        }
    }
}

impl ApiArgs {
    /// The project
    pub(super) fn project(&self) -> &str {
        &self.project
    }

    /// The database that is used instead of a server
    pub(super) fn database(&self) -> Option<&str> {
        self.database.as_ref().map(Secret::reveal)
    }

    /// Prepares to ask; `task` is the command, under whose name the audit has what is changed in a database
    pub(super) fn open(&self, task: &'static str) -> Result<Api, CommandError> {
        let runtime = super::runtime()?;
        // An error says that it has been installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let transport = match self.database() {
            Some(database) => {
                let actor = format!("flagstaff {task}");
                let opening = LocalRoutes::open(database, &actor);
                let progress = Progress::of_unknown_length("opening the database");
                let routes = runtime.block_on(progress.during(opening))?;
                Transport::Database(Box::new(routes))
            }
            None => Transport::Server {
                client: Client::builder().build()?,
                address: self.server.clone(),
                token: self.token.clone().ok_or(CommandError::NoToken)?,
            },
        };
        Ok(Api {
            runtime,
            transport,
            project: self.project.clone(),
            task,
        })
    }
}

impl Api {
    /// The text of a response; a refusal is an error that says what was refused
    pub(super) fn send(&self, request: ApiRequest<'_>) -> Result<String, CommandError> {
        accepted(self.exchange(request)?)
    }

    /// The JSON of a response
    pub(super) fn json(&self, request: ApiRequest<'_>) -> Result<Value, CommandError> {
        Ok(serde_json::from_str(&self.send(request)?)?)
    }

    /// The JSON of a response, and the tag of what it is about
    pub(super) fn tagged(
        &self,
        request: ApiRequest<'_>,
    ) -> Result<(Value, Option<String>), CommandError> {
        let mut received = self.exchange(request)?;
        let tag = received.tag.take();
        Ok((serde_json::from_str(&accepted(received)?)?, tag))
    }

    /// The JSON of a response; `None` if there is no such thing
    pub(super) fn find(&self, request: ApiRequest<'_>) -> Result<Option<Value>, CommandError> {
        let received = self.exchange(request)?;
        if received.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(Some(serde_json::from_str(&accepted(received)?)?))
    }

    /// The items of all pages of a list of the project
    pub(super) fn items(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Vec<Value>, CommandError> {
        self.items_below(Root::Project, path, query)
    }

    /// The items of all pages of a list
    pub(super) fn items_below(
        &self,
        root: Root,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Vec<Value>, CommandError> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let mut query = query.to_vec();
            query.push(("limit", PAGE));
            if !cursor.is_empty() {
                query.push(("cursor", &cursor));
            }
            let mut page = self.json(ApiRequest::get(path, &query).below(root))?;
            if let Some(Value::Array(more)) = page.get_mut("items") {
                items.append(more);
            }
            match page.get("next").and_then(Value::as_str) {
                Some(next) => next.clone_into(&mut cursor),
                None => return Ok(items),
            }
        }
    }

    /// The text of the response to a request whose path and query are as they stand in a URL, below the project
    pub(super) fn call(
        &self,
        target: &str,
        request: ApiRequest<'_>,
    ) -> Result<String, CommandError> {
        let mut base = self.base(Root::Project)?;
        base.path_segments_mut()
            .map_err(|()| CommandError::Address)?
            .push("");
        let url = base
            .join(target.trim_start_matches('/'))
            .map_err(|_| CommandError::Address)?;
        accepted(self.exchange_at(url, request)?)
    }

    /// A response, whatever it says
    fn exchange(&self, request: ApiRequest<'_>) -> Result<Received, CommandError> {
        let mut url = self.base(request.root)?;
        url.path_segments_mut()
            .map_err(|()| CommandError::Address)?
            .extend(request.path);
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(request.query);
        }
        self.exchange_at(url, request)
    }

    /// The URL of a root
    fn base(&self, root: Root) -> Result<Url, CommandError> {
        let mut base = match &self.transport {
            Transport::Server { address, .. } => address.clone(),
            Transport::Database(_) => {
                Url::parse("http://database/").map_err(|_| CommandError::Address)?
            }
        };
        base.path_segments_mut()
            .map_err(|()| CommandError::Address)?
            .pop_if_empty()
            .extend(["api", "v1"]);
        if root == Root::Project {
            let project = ["projects", &self.project];
            base.path_segments_mut()
                .map_err(|()| CommandError::Address)?
                .extend(project);
        }
        Ok(base)
    }

    fn exchange_at(&self, url: Url, request: ApiRequest<'_>) -> Result<Received, CommandError> {
        let bytes = request.body.as_ref().map(|(_, text)| text.len());
        let progress = Progress::of_bytes(self.task, bytes);
        self.runtime.block_on(async {
            match &self.transport {
                Transport::Database(routes) => {
                    progress.during(in_database(routes, &url, request)).await
                }
                Transport::Server { client, token, .. } => {
                    let asking = at_server(client, token, (url, request), &progress);
                    progress.during(asking).await
                }
            }
        })
    }
}

async fn at_server(
    client: &Client,
    token: &Secret,
    (url, request): (Url, ApiRequest<'_>),
    progress: &Progress,
) -> Result<Received, CommandError> {
    let mut http_request = client
        .request(request.method, url)
        .bearer_auth(token.reveal())
        .header(ACCEPT, request.accept);
    if let Some(version) = &request.if_match {
        http_request = http_request.header(IF_MATCH, quoted(version));
    }
    if let Some((media, text)) = request.body {
        let progress = progress.clone();
        let (length, text) = (text.len(), Bytes::from(text));
        let parts = (0..length).step_by(PART).map(move |start| {
            let part = text.slice(start..start.saturating_add(PART).min(length));
            progress.advance(part.len());
            Ok::<_, std::io::Error>(part)
        });
        http_request = http_request
            .header(CONTENT_TYPE, media)
            .header(CONTENT_LENGTH, length)
            .body(reqwest::Body::wrap_stream(stream::iter(parts)));
    }
    let mut response = http_request.send().await?;
    let (status, headers) = (response.status(), response.headers().clone());
    progress.restart(response.content_length());
    let mut bytes = Vec::new();
    while let Some(part) = response.chunk().await? {
        progress.advance(part.len());
        bytes.extend_from_slice(&part);
    }
    Ok(Received::new(status, &headers, bytes))
}

async fn in_database(
    routes: &LocalRoutes,
    url: &Url,
    request: ApiRequest<'_>,
) -> Result<Received, CommandError> {
    let mut target = url.path().to_owned();
    if let Some(query) = url.query() {
        // Writing to a String cannot fail.
        let _ = write!(target, "?{query}");
    }
    let target: Uri = target.parse().map_err(|_| CommandError::Address)?;
    let mut builder = Request::builder()
        .method(request.method)
        .uri(target)
        .header(ACCEPT, request.accept);
    if let Some(version) = &request.if_match {
        builder = builder.header(IF_MATCH, quoted(version));
    }
    let built = match request.body {
        Some((media, text)) => builder.header(CONTENT_TYPE, media).body(text.into()),
        None => builder.body(axum::body::Body::empty()),
    };
    // Whatever a URL can hold, a request can.
    let request = built.map_err(|_| CommandError::Address)?;
    let response = routes.send(request).await.map_err(CommandError::Response)?;
    let (head, bytes) = response.into_parts();
    Ok(Received::new(head.status, &head.headers, bytes))
}

fn quoted(version: &str) -> String {
    format!("\"{version}\"")
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The text of a response that is no refusal
fn accepted(Received { status, text, .. }: Received) -> Result<String, CommandError> {
    if status.is_success() {
        return Ok(text);
    }
    let message = refusal(status, &text);
    Err(if status == StatusCode::PRECONDITION_FAILED {
        CommandError::Stale(message)
    } else {
        CommandError::Refused(message)
    })
}

/// What a problem+json says, a line for each thing that is wrong
fn refusal(status: StatusCode, text: &str) -> String {
    let problem: Value = serde_json::from_str(text).unwrap_or_default();
    let word =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut report = word(&problem, "detail").unwrap_or_else(|| status.to_string());
    let errors = problem.get("errors").and_then(Value::as_array);
    for error in errors.into_iter().flatten() {
        let at = word(error, "pointer").unwrap_or_default();
        let message = word(error, "message").unwrap_or_default();
        // The first one is often the detail.
        if report.contains(&message) {
            continue;
        }
        // Writing to a String cannot fail.
        let _ = write!(report, "\n  {at}: {message}");
    }
    report
}
