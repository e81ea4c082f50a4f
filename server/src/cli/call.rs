//! `flagstaff api`

use clap::Args;
use reqwest::Method;
use serde_json::Value;

use super::api::{ApiArgs, ApiRequest};
use super::{CommandError, CommandOutput};

/// Which request to send
#[derive(Debug, Args)]
pub struct CallArgs {
    /// GET, POST, PUT, PATCH or DELETE
    #[arg(value_name = "METHOD", value_parser = method)]
    method: Method,
    /// The path below the project, with its query: `environments/production/flags?limit=10`
    #[arg(value_name = "PATH")]
    path: String,
    /// The body: JSON, `@FILE`, or `@-` for stdin
    #[arg(value_name = "JSON|@FILE")]
    body: Option<String>,
    #[command(flatten)]
    api: ApiArgs,
}

fn method(name: &str) -> Result<Method, &'static str> {
    let known = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    let name = name.to_ascii_uppercase();
    let mut known = known.into_iter();
    known
        .find(|method| *method.as_str() == *name)
        .ok_or("expected GET, POST, PUT, PATCH or DELETE")
}

pub(super) fn run(options: &CallArgs) -> Result<CommandOutput, CommandError> {
    let body = options.body.as_deref().map(super::argument).transpose()?;
    let response = options.api.open("api")?.call(
        &options.path,
        ApiRequest {
            method: options.method.clone(),
            body: body.map(|text| ("application/json", text.into_owned())),
            ..ApiRequest::get(&[], &[])
        },
    )?;
    // What is no JSON, as NDJSON or YAML, is printed as it came.
    let text = match serde_json::from_str::<Value>(&response) {
        Ok(value) => super::json(&value)?,
        Err(_) => response,
    };
    Ok(CommandOutput::success(text))
}
