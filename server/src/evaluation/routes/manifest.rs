//! `GET /openfeature/v0/manifest`: the flags of an environment as the `OpenFeature` CLI reads them, to generate code

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::access::auth::Principal;
use crate::access::guards::key_environment;
use crate::engine::draft::flag_body;
use crate::engine::visibility::Visibility;
use crate::evaluation::state::EvaluationState;
use crate::http::api_error::ApiError;
use crate::store::{CredentialKind, FlagRow};

/// The header by which the server tells what the CLI may do
const CAPABILITIES: &str = "x-manifest-capabilities";

/// The flags of an environment
#[derive(Serialize, ToSchema)]
pub(crate) struct Manifest {
    flags: Vec<ManifestFlag>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManifestFlag {
    #[schema(value_type = String)]
    key: Arc<str>,
    /// What people call it
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    /// `boolean`, `string`, `integer`, `float` or `object`
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<String>,
    /// The value of the flag's off variant
    default_value: Value,
}

/// Lists the flags with their types, for the `OpenFeature` CLI (`openfeature pull`)
///
/// Flags without an off variant are left out, since they have no default value.
#[utoipa::path(
    get, path = "/openfeature/v0/manifest", tag = "evaluation", operation_id = "readManifest",
    responses((status = OK, description = "The flags, by key", body = Manifest, headers(("X-Manifest-Capabilities" = String)))),
    security(("bearer" = ["server"])),
)]
pub(crate) async fn read(
    principal: Principal,
    State(state): State<Arc<EvaluationState>>,
) -> Result<Response, ApiError> {
    let principal = principal.require(&[CredentialKind::Server])?;
    let published = key_environment(&principal, &state.access.engine)?.current();
    let objects = published.state().objects(Visibility::All);
    let flags = published.flags().values();
    let flags = flags.filter_map(|row| manifest_flag(row, &flag_body(objects, &row.key)?));
    let manifest = Manifest {
        flags: flags.collect(),
    };
    Ok(([(CAPABILITIES, "read")], Json(manifest)).into_response())
}

fn manifest_flag(row: &FlagRow, flag: &Value) -> Option<ManifestFlag> {
    let default_value = off_value(flag)?;
    let text = |name: &str| Some(flag.get(name)?.as_str()?.to_owned());
    let variants = flag.get("variants").and_then(Value::as_object);
    let is_whole = |value: &Value| value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let r#type = match &*row.value_type {
        "boolean" => "boolean",
        "string" => "string",
        "object" => "object",
        "number" if variants.is_some_and(|all| all.values().all(is_whole)) => "integer",
        _ => "float",
    };
    Some(ManifestFlag {
        key: Arc::clone(&row.key),
        name: text("name"),
        r#type,
        description: text("description"),
        default_value,
    })
}

/// The value of the off variant; a boolean flag without variants has `on` and `off`
fn off_value(flag: &Value) -> Option<Value> {
    let off = flag.get("offVariant").and_then(Value::as_str);
    match flag.get("variants").and_then(Value::as_object) {
        Some(variants) => variants.get(off?).cloned(),
        None => Some((off == Some("on")).into()),
    }
}
