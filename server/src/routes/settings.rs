//! `…/environments/{environment}/settings`: what an admin sets of an environment beside its flags

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use flagstaff_core::Value;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::api_error::ApiError;
use crate::extract::{ADMINS, AdminScope, Body, Parameters, WriteQuery};
use crate::fields::Fields;
use crate::state::AppState;
use crate::store::{Action, AuditEntry, Author, SettingsChange, StoreError};

/// How often a change is made from what the settings are by then, where others change them too
const ATTEMPTS: u32 = 5;

/// What is set of an environment
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Settings {
    /// Whether anybody may ask for the values of this environment without a key
    public_values: bool,
}

impl Settings {
    fn of(scope: &AdminScope, state: &AppState) -> Self {
        let id = scope.environment.row().id;
        Self {
            public_values: state.keyring().public().contains(&id),
        }
    }
}

/// Reads what is set of an environment
#[utoipa::path(
    get, path = "/settings", tag = "projects", operation_id = "readSettings",
    responses((status = OK, description = "The settings", body = Settings)),
)]
pub(super) async fn read(scope: AdminScope, State(state): State<AppState>) -> Answer<Settings> {
    Answer(Settings::of(&scope, &state))
}

/// Sets of an environment what is no flag
#[utoipa::path(
    put, path = "/settings", tag = "projects", operation_id = "putSettings",
    params(WriteQuery),
    request_body(content = Settings, example = json!({"publicValues": false})),
    responses((status = OK, description = "The settings as they are now", body = Settings)),
    security(("bearer" = ["admin"])),
)]
pub(super) async fn put(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<WriteQuery>,
    Body(body): Body<Json>,
) -> Result<Answer<Settings>, ApiError> {
    let grant = scope.grant.clone().require(ADMINS)?;
    let author = query.author(&grant, &state)?;
    let mut fields = Fields::of(body)?;
    let public_values = fields.required("publicValues", "true or false", Json::as_bool);
    let public_values = fields.finish(public_values)?;
    if state.contact().is_lost() {
        return Err(ApiError::out_of_reach());
    }
    for _ in 0..ATTEMPTS {
        let before = Settings::of(&scope, &state).public_values;
        if before == public_values {
            return Ok(Answer(Settings { public_values }));
        }
        let change = change(&scope, author.clone(), (before, public_values));
        let changed = state.store().change_settings(change).await;
        if matches!(changed, Err(StoreError::Changed)) {
            // What this node knew was old: the audit tells what was changed, not what a node took for it.
            state.refresh_keys().await?;
            continue;
        }
        changed?;
        state.backing().committed.notify_one();
        state.refresh_keys().await?;
        return Ok(Answer(Settings { public_values }));
    }
    Err(StoreError::Changed.into())
}

fn change(scope: &AdminScope, author: Author, (before, after): (bool, bool)) -> SettingsChange {
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
