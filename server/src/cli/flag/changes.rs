//! Changes of flags, and what is printed of them

use std::fmt::Write as _;

use clap::Args;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::SetArgs;
use super::shown::{serve, state};
use crate::cli::api::{Api, ApiRequest};
use crate::cli::table::bad;
use crate::cli::{CommandError, CommandOutput, Format, number, word};

/// What every change takes
#[derive(Debug, Args)]
pub(super) struct ChangeArgs {
    /// The reason, for the audit
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Wait until every connected instance has the change, for at most this many seconds (1 to 30)
    #[arg(long, value_name = "SECONDS", conflicts_with = "database", value_parser = clap::value_parser!(u64).range(1..=30))]
    wait: Option<u64>,
    /// How to print the flag as it is afterwards
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Changes of flags for one reason
pub(super) struct Changes<'a> {
    api: &'a Api,
    options: &'a ChangeArgs,
    pub(super) query: Vec<(&'static str, &'a str)>,
}

impl<'a> Changes<'a> {
    pub(super) fn new(api: &'a Api, options: &'a ChangeArgs) -> Self {
        let reason = options.reason.as_deref();
        Self {
            api,
            options,
            query: reason
                .map(|reason| ("reason", reason))
                .into_iter()
                .collect(),
        }
    }

    pub(super) fn patch(
        &self,
        environment: &str,
        key: &str,
        body: &Value,
    ) -> Result<Value, CommandError> {
        let path = flag_path(environment, key);
        self.api
            .json(ApiRequest::write(Method::PATCH, &path, &self.query, body))
    }

    /// Replaces the flag that there is now, or creates it
    pub(super) fn put(
        &self,
        environment: &str,
        key: &str,
        flag: &Value,
    ) -> Result<Value, CommandError> {
        let path = flag_path(environment, key);
        let current = self.api.find(ApiRequest::get(&path, &[]))?;
        let request = ApiRequest::write(Method::PUT, &path, &self.query, flag);
        self.api.json(ApiRequest {
            if_match: current.map(|current| number(&current, "version")),
            ..request
        })
    }

    pub(super) fn create_or_patch(
        &self,
        environment: &str,
        key: &str,
        options: &SetArgs,
    ) -> Result<Value, CommandError> {
        let path = flag_path(environment, key);
        let enabled = (options.on || options.off).then_some(options.on);
        let mut body = Map::new();
        if let Some(enabled) = enabled {
            body.insert("enabled".to_owned(), json!(enabled));
        }
        if let Some(name) = &options.name {
            body.insert("name".to_owned(), json!(name));
        }
        if let Some(description) = &options.description {
            body.insert("description".to_owned(), json!(description));
        }
        if let Some(current) = self.api.find(ApiRequest::get(&path, &[]))? {
            if let Some(rollout) = options.rollout {
                body.insert("rolloutPercentage".to_owned(), json!(rollout));
            }
            if body.is_empty() {
                return Ok(current);
            }
            return self.patch(environment, key, &body.into());
        }
        let enabled = enabled.unwrap_or(options.rollout.is_some());
        let rollout = options.rollout.unwrap_or(if enabled { 100.0 } else { 0.0 });
        body.insert("key".to_owned(), json!(key));
        body.insert("type".to_owned(), json!("boolean"));
        body.insert("enabled".to_owned(), json!(enabled));
        body.insert(
            "serve".to_owned(),
            json!({"variant": "on", "rollout": rollout}),
        );
        let path = ["environments", environment, "flags"];
        self.api.json(ApiRequest::write(
            Method::POST,
            &path,
            &self.query,
            &body.into(),
        ))
    }

    /// What the flags are now, and how far the changes have got
    pub(super) fn report(
        &self,
        changed: Vec<(String, Value)>,
    ) -> Result<CommandOutput, CommandError> {
        let (mut text, mut items, mut is_success) = (String::new(), Vec::new(), true);
        for (environment, flag) in changed {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{} is {} in {environment}, serves {} (revision {})",
                word(&flag, "key"),
                state(&flag),
                serve(&flag),
                number(&flag, "version")
            );
            let mut item = json!({"environment": environment, "flag": flag});
            if let Some(seconds) = self.options.wait {
                let convergence = self.wait(&environment, &flag, seconds)?;
                let is_converged = convergence.get("converged") == Some(&Value::Bool(true));
                is_success &= is_converged;
                text.push_str(&reached(&convergence, is_converged));
                if let Some(item) = item.as_object_mut() {
                    item.insert("convergence".to_owned(), convergence);
                }
            }
            items.push(item);
        }
        let text = match self.options.format {
            Format::Text => text,
            Format::Json => crate::cli::json(&items)?,
        };
        Ok(CommandOutput { text, is_success })
    }

    fn wait(&self, environment: &str, flag: &Value, seconds: u64) -> Result<Value, CommandError> {
        let (revision, seconds) = (number(flag, "version"), seconds.to_string());
        let query = [("revision", &*revision), ("timeout", &*seconds)];
        let path = ["environments", environment, "convergence"];
        self.api.json(ApiRequest::get(&path, &query))
    }
}

fn reached(convergence: &Value, is_converged: bool) -> String {
    let line = format!(
        "  {} of {} connected instances have the change",
        number(convergence, "applied"),
        number(convergence, "instances")
    );
    if is_converged {
        format!("{line}\n")
    } else {
        format!("{line}: {}\n", bad("not all, in the time to wait"))
    }
}

pub(super) fn flag_path<'a>(environment: &'a str, key: &'a str) -> [&'a str; 4] {
    ["environments", environment, "flags", key]
}
