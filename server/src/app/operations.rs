//! The parameters and methods of each route, from the API's description, for error messages that help
//!
//! Unknown parameters are refused where people write requests. OFREP's clients and SDKs may be newer than the server, and probes may add
//! any: there they are ignored.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use flagstaff_core::excerpt;
use serde_json::Value;

use crate::app::api_description;
use crate::engine::field_error::FieldError;
use crate::http::api_error::ApiError;
use crate::http::other_words;

/// Routes whose requests people write
const STRICT: [&str; 2] = ["/api/v1/projects", "/api/v1/evaluate"];

/// The operations of each path, by method in upper case
static OPERATIONS: LazyLock<BTreeMap<String, Vec<Operation>>> = LazyLock::new(|| {
    let document = api_description::parsed().unwrap_or_default();
    let paths = document.get("paths").and_then(Value::as_object);
    let paths = paths.into_iter().flatten();
    paths
        .map(|(path, item)| {
            let operations = item.as_object().into_iter().flatten();
            (path.clone(), operations.map(Operation::of).collect())
        })
        .collect()
});

struct Operation {
    method: String,
    summary: String,
    parameters: Vec<String>,
}

impl Operation {
    fn of((method, described): (&String, &Value)) -> Self {
        let text =
            |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let parameters = described.get("parameters").and_then(Value::as_array);
        let parameters = parameters.into_iter().flatten();
        Self {
            method: method.to_uppercase(),
            summary: text(described, "summary").unwrap_or_default(),
            parameters: parameters
                .filter(|parameter| parameter.get("in").is_some_and(|place| place == "query"))
                .filter_map(|parameter| text(parameter, "name"))
                .collect(),
        }
    }
}

/// Refuses a query with a parameter that the route does not have, and names those that it has
pub(super) async fn refuse_unknown_parameters(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let known = route.and_then(|route| parameters(route.as_str(), request.method()));
    let refused = match known {
        Some(known) => ApiError::refuse(unknown(request.uri(), known)),
        None => Ok(()),
    };
    match refused {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// The parameters of an operation that accepts no others
fn parameters(route: &str, method: &Method) -> Option<&'static [String]> {
    if !STRICT.iter().any(|strict| route.starts_with(strict)) {
        return None;
    }
    let mut operations = OPERATIONS.get(route)?.iter();
    let operation = operations.find(|operation| operation.method == method.as_str());
    operation.map(|operation| &*operation.parameters)
}

fn unknown(uri: &Uri, known: &[String]) -> Vec<FieldError> {
    let query = uri.query().unwrap_or_default();
    let given = form_urlencoded::parse(query.as_bytes());
    let unknown = given.filter(|(name, _)| !known.iter().any(|known| known == name));
    let error = |name: &str| {
        let expected = if known.is_empty() {
            "this route has none".to_owned()
        } else {
            format!("expected one of `{}`", known.join("`, `"))
        };
        let hint = other_words::QUERY.hint(name).filter(|_| !known.is_empty());
        let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
        let message = format!("unknown parameter, {expected}{hint}");
        FieldError::new(format!("?{}", excerpt(name)), message)
    };
    unknown.map(|(name, _)| error(&name)).collect()
}

/// The error for a method that the path does not have, which names those that it has
pub(super) async fn wrong_method(request: Request) -> ApiError {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("", MatchedPath::as_str).trim_end_matches('/');
    let described = |operation: &Operation| format!("{} ({})", operation.method, operation.summary);
    let own = OPERATIONS.get(route).into_iter().flatten();
    let own: Vec<String> = own.map(described).collect();
    let mut detail = format!("this path does not support {}", request.method());
    if !own.is_empty() {
        detail = format!("{detail}; it supports {}", own.join(", "));
    }
    if request.method() == Method::POST
        && let Some(member) = member(route)
    {
        detail = format!("{detail}; {member}");
    }
    ApiError::Method { detail }
}

/// How to write one member of a collection, if that is done by `PUT`
fn member(route: &str) -> Option<String> {
    let below = format!("{route}/{{");
    let mut paths = OPERATIONS.range(below.clone()..);
    let (path, operations) = paths.find(|(path, _)| path.starts_with(&below))?;
    let put = operations
        .iter()
        .find(|operation| operation.method == "PUT")?;
    let name = path.strip_prefix(route)?;
    let collection = route.rsplit('/').next()?;
    Some(format!("PUT …/{collection}{name} ({})", put.summary))
}
