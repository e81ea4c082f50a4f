//! Asking a server, as its API has it

use std::fmt::Write as _;

use clap::Args;
use reqwest::{Method, StatusCode, Url};
use serde_json::Value;

use super::ToolError;
use crate::config::{Secret, SecretParser};

/// Which server, and who asks
#[derive(Debug, Clone, Args)]
pub(super) struct RemoteOptions {
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
        value_parser = SecretParser::TOKEN,
        value_name = "TOKEN"
    )]
    token: Option<Secret>,

    /// Project
    #[arg(
        long,
        env = "FLAGSTAFF_PROJECT",
        default_value = "default",
        value_name = "NAME"
    )]
    project: String,
}

/// A request to the server
#[derive(Debug)]
pub(super) struct Question<'q> {
    pub(super) method: Method,
    /// Below the project, piece by piece
    pub(super) path: &'q [&'q str],
    pub(super) query: &'q [(&'q str, &'q str)],
    /// Its media type and text
    pub(super) body: Option<(&'static str, String)>,
    /// The media type that is wanted
    pub(super) accept: &'static str,
}

impl<'q> Question<'q> {
    /// To read something
    pub(super) fn get(path: &'q [&'q str], query: &'q [(&'q str, &'q str)]) -> Self {
        Self {
            method: Method::GET,
            path,
            query,
            body: None,
            accept: "application/json",
        }
    }
}

impl RemoteOptions {
    /// The project
    pub(super) fn project(&self) -> &str {
        &self.project
    }

    /// The text of an answer; one that is a refusal is an error that tells what was refused
    pub(super) fn ask(&self, question: Question<'_>) -> Result<String, ToolError> {
        super::runtime()?.block_on(self.send(question))
    }

    async fn send(&self, question: Question<'_>) -> Result<String, ToolError> {
        let token = self.token.as_ref().ok_or(ToolError::NoToken)?;
        // An error says that it has been installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut url = self.server.clone();
        url.path_segments_mut()
            .map_err(|()| ToolError::Address)?
            .pop_if_empty()
            .extend(["api", "v1", "projects", &self.project])
            .extend(question.path);
        if !question.query.is_empty() {
            url.query_pairs_mut().extend_pairs(question.query);
        }
        let client = reqwest::Client::builder().build()?;
        let mut request = client
            .request(question.method, url)
            .bearer_auth(token.reveal())
            .header("accept", question.accept);
        if let Some((media, text)) = question.body {
            request = request.header("content-type", media).body(text);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if status.is_success() {
            Ok(text)
        } else {
            Err(ToolError::Refused(refusal(status, &text)))
        }
    }
}

/// What a problem+json says, a line for each thing that is wrong
fn refusal(status: StatusCode, text: &str) -> String {
    let problem: Value = serde_json::from_str(text).unwrap_or_default();
    let word =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut told = word(&problem, "detail").unwrap_or_else(|| status.to_string());
    let errors = problem.get("errors").and_then(Value::as_array);
    for error in errors.into_iter().flatten() {
        let at = word(error, "pointer").unwrap_or_default();
        let message = word(error, "message").unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = write!(told, "\n  {at}: {message}");
    }
    told
}
