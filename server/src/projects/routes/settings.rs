//! `…/environments/{environment}/settings`: settings of an environment

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use flagstaff_core::Value;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::access::guards::{Admin, EnvironmentAccess, WriteQuery};
use crate::access::state::AccessState;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::fields::Fields;
use crate::store::{Action, AuditEntry, Author, SettingsChange, StoreError};

/// The maximum number of attempts, if others change the settings at the same time
const ATTEMPTS: u32 = 5;

/// The settings of an environment
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
    /// Whether evaluated values can be read without a key
    public_values: bool,
}

impl Settings {
    fn of(scope: &EnvironmentAccess, state: &AccessState) -> Self {
        let id = scope.environment.row().id;
        Self {
            public_values: state.access_index().public_environments().contains(&id),
        }
    }
}

/// Reads the settings of an environment
#[utoipa::path(
    get, path = "/settings", tag = "projects", operation_id = "readSettings",
    responses((status = OK, description = "The settings", body = Settings)),
)]
pub(crate) async fn read(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
) -> Answer<Settings> {
    Answer(Settings::of(&scope, &state))
}

/// Changes the settings of an environment
#[utoipa::path(
    put, path = "/settings", tag = "projects", operation_id = "putSettings",
    params(WriteQuery),
    request_body(content = Settings, example = json!({"publicValues": false})),
    responses((status = OK, description = "The settings as they are now", body = Settings)),
    security(("bearer" = ["admin"])),
)]
pub(crate) async fn put(
    scope: Admin<EnvironmentAccess>,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<WriteQuery>,
    Body(body): Body<Json>,
) -> Result<Answer<Settings>, ApiError> {
    let author = query.author(&scope.principal, &state)?;
    let mut fields = Fields::of(body)?;
    let public_values = fields.required("publicValues", "true or false", Json::as_bool);
    let public_values = fields.finish(public_values)?;
    if state.engine.store_health().is_lost() {
        return Err(ApiError::out_of_reach());
    }
    for _ in 0..ATTEMPTS {
        let before = Settings::of(&scope, &state).public_values;
        if before == public_values {
            return Ok(Answer(Settings { public_values }));
        }
        let change = change(&scope, author.clone(), (before, public_values));
        let changed = state.engine.store().change_settings(change).await;
        if matches!(changed, Err(StoreError::Changed)) {
            // This node's copy was old: the audit must contain the settings that were really changed.
            state.refresh_keys().await?;
            continue;
        }
        changed?;
        state.engine.store_handle().local_commit.notify_one();
        state.refresh_keys().await?;
        return Ok(Answer(Settings { public_values }));
    }
    Err(StoreError::Changed.into())
}

fn change(
    scope: &Admin<EnvironmentAccess>,
    author: Author,
    (before, after): (bool, bool),
) -> SettingsChange {
    let row = scope.environment.row();
    let state = |public_values: bool| Value::object([("publicValues", public_values.into())]);
    let states = (Some(state(before)), Some(state(after)));
    let name = Arc::clone(&row.name);
    SettingsChange {
        project_id: row.project_id,
        environment_id: row.id,
        was_public: before,
        is_public: after,
        author,
        audit: vec![AuditEntry::new(Action::Update, "environment", name, states)],
    }
}
