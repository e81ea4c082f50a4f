//! What operations have in common, added to each according to its path and its input

use serde_json::{Map, Value as Json, json};
use utoipa::PartialSchema as _;

use crate::engine::field_error::FieldError;
use crate::http::api_error::ProblemDetails;
use crate::http::problem::ProblemKind;
use crate::store::CredentialKind;

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// The parameters of paths, and their meaning
const NAMES: [(&str, &str); 9] = [
    ("project", "The project's name"),
    ("environment", "The environment's name"),
    (
        "key",
        "The key of the flag, segment, group or holdout, or the id of the key, token, member or session",
    ),
    ("secret", "The id of the secret"),
    ("level", "The kind of context that the override is of"),
    ("contextKey", "The key of the context"),
    ("list", "`include` or `exclude`"),
    ("id", "The id in the list"),
    (
        "kind",
        "The kind of the context, as `user` or `organization`",
    ),
];

/// Who may call the routes of a group
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Holders of a token: viewers may read and editors may write, unless an operation says otherwise
    Token,
    /// Holders of a key: each operation names the kinds
    Key,
    /// Everybody
    Everybody,
}

/// Adds to the operations of these paths what follows from their input and audience
pub(crate) fn complete(paths: &mut Map<String, Json>, audience: Audience) {
    for (path, item) in paths {
        for method in METHODS {
            let operation = item.get_mut(method).and_then(Json::as_object_mut);
            if let Some(operation) = operation {
                add_names(operation, path);
                if audience == Audience::Token && method != "get" {
                    add_idempotency(operation);
                }
                add_security(operation, audience, method == "get");
                let refusals = refusals(operation, audience, path, method == "get");
                add_refusals(operation, &refusals);
            }
        }
    }
}

/// The parameters in the path
fn add_names(operation: &mut Map<String, Json>, path: &str) {
    let parameters = operation.entry("parameters").or_insert(json!([]));
    let Json::Array(parameters) = parameters else {
        return;
    };
    let mut names = Vec::new();
    for (name, _) in NAMES {
        let is_given = |given: &Json| given["in"] == "path" && given["name"] == name;
        if path.contains(&format!("{{{name}}}")) && !parameters.iter().any(is_given) {
            names.push(json!({"$ref": format!("#/components/parameters/{name}")}));
        }
    }
    names.append(parameters);
    *parameters = names;
}

/// The `Idempotency-Key` of writes
fn add_idempotency(operation: &mut Map<String, Json>) {
    if let Some(Json::Array(parameters)) = operation.get_mut("parameters") {
        parameters.push(json!({"$ref": "#/components/parameters/IdempotencyKey"}));
    }
}

/// Either header, with a key of a kind that the operation names; people also the session of the admin UI
fn add_security(operation: &mut Map<String, Json>, audience: Audience, is_reading: bool) {
    if audience == Audience::Everybody {
        operation.insert("security".to_owned(), json!([]));
        return;
    }
    let named = operation
        .get("security")
        .and_then(|given| given.pointer("/0/bearer"));
    let default: Vec<&str> = match (audience, is_reading) {
        (Audience::Token, true) => vec![
            CredentialKind::Viewer.name(),
            CredentialKind::Editor.name(),
            CredentialKind::Admin.name(),
        ],
        (Audience::Token, false) => {
            vec![CredentialKind::Editor.name(), CredentialKind::Admin.name()]
        }
        _ => Vec::new(),
    };
    let kinds = named.cloned().unwrap_or(json!(default));
    let mut security = json!([{"bearer": kinds}, {"apiKey": kinds}]);
    let mut named = kinds.as_array().into_iter().flatten();
    let is_for_people = named.any(|kind| kind == CredentialKind::Admin.name());
    if let (Json::Array(all), true) = (&mut security, is_for_people) {
        all.push(json!({"session": kinds}));
    }
    operation.insert("security".to_owned(), security);
}

/// The statuses of the problems that it can return, whatever it does
fn refusals(
    operation: &Map<String, Json>,
    audience: Audience,
    path: &str,
    is_reading: bool,
) -> Vec<ProblemKind> {
    let parameters = operation.get("parameters").and_then(Json::as_array);
    let mut parameters = parameters.into_iter().flatten();
    let has_query = parameters.any(|parameter| parameter["in"] == "query");
    let has_body = operation.contains_key("requestBody");
    let is_ours = audience != Audience::Everybody;
    let is_write = audience == Audience::Token && !is_reading;
    [
        (path.contains('{') || has_body, ProblemKind::Malformed),
        (is_ours, ProblemKind::Unauthorized),
        (is_ours, ProblemKind::Forbidden),
        (path.contains("{project}"), ProblemKind::NotFound),
        (has_body, ProblemKind::TooLarge),
        (has_body, ProblemKind::TooSlow),
        (is_ours, ProblemKind::RateLimited),
        (has_body || has_query, ProblemKind::Invalid),
        (is_ours, ProblemKind::Internal),
        // For a key that is used again.
        (is_write, ProblemKind::UnderWay),
        (is_write, ProblemKind::KeyReused),
        (is_write, ProblemKind::TooManyIdempotencyKeys),
        (is_write, ProblemKind::Unavailable),
    ]
    .into_iter()
    .filter_map(|(applies, kind)| applies.then_some(kind))
    .collect()
}

/// Adds these problems, and the schema of every problem
fn add_refusals(operation: &mut Map<String, Json>, refusals: &[ProblemKind]) {
    let responses = operation.entry("responses").or_insert(json!({}));
    let Json::Object(responses) = responses else {
        return;
    };
    for kind in refusals {
        responses.entry(kind.status().as_str()).or_insert(json!({}));
    }
    for kind in ProblemKind::ALL {
        let status = kind.status();
        let named = responses.get_mut(status.as_str());
        if let Some(response) = named.filter(|given| given.get("content").is_none()) {
            *response = json!({"$ref": format!("#/components/responses/{}", name(*kind))});
        }
    }
}

/// The name of the response with the status of this kind
fn name(kind: ProblemKind) -> String {
    let reason = kind.status().canonical_reason().unwrap_or("Problem");
    reason.replace(' ', "")
}

/// The problems, by status
pub(crate) fn responses() -> Map<String, Json> {
    let mut responses = Map::new();
    for kind in ProblemKind::ALL {
        let status = kind.status();
        let alike = ProblemKind::ALL
            .iter()
            .filter(|other| other.status() == status);
        let urns: Vec<String> = alike.clone().map(|kind| kind.urn()).collect();
        let meanings: Vec<String> = alike
            .map(|kind| format!("`{}`: {}", kind.name(), kind.meaning()))
            .collect();
        let headers = match status.as_u16() {
            401 => json!({"WWW-Authenticate": {"schema": {"type": "string"}, "required": true}}),
            409 => json!({"Retry-After": {
                "description": "Seconds to wait, where the same request is under way",
                "schema": {"type": "integer", "minimum": 1},
            }}),
            429 | 503 => json!({"Retry-After": {
                "description": "Seconds to wait",
                "required": true,
                "schema": {"type": "integer", "minimum": 0},
            }}),
            _ => json!({}),
        };
        let response = json!({
            "description": meanings.join("\n\n"),
            "headers": headers,
            "content": {"application/problem+json": {"schema": {
                "allOf": [{"$ref": "#/components/schemas/Problem"}],
                "properties": {"type": {"enum": urns}, "status": {"const": status.as_u16()}},
            }}},
        });
        responses.insert(name(*kind), response);
    }
    responses
}

/// The parameters in paths, and the header of all writes
pub(crate) fn parameters() -> Map<String, Json> {
    let parameter = |(name, description): (&str, &str)| {
        let parameter = json!({
            "name": name, "in": "path", "required": true, "description": description, "schema": {"type": "string"},
        });
        (name.to_owned(), parameter)
    };
    let names = NAMES.map(parameter).into_iter();
    let key = json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Random, and the same when the request is sent again: it is then answered as it was and applied once. Kept for a day.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    });
    names.chain([("IdempotencyKey".to_owned(), key)]).collect()
}

/// The schemas that the problems need
pub(crate) fn schemas() -> Result<Map<String, Json>, serde_json::Error> {
    Ok(Map::from_iter([
        (
            "Problem".to_owned(),
            serde_json::to_value(ProblemDetails::schema())?,
        ),
        (
            "FieldError".to_owned(),
            serde_json::to_value(FieldError::schema())?,
        ),
    ]))
}
