//! `…/environments/{environment}/settings`: settings of an environment

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use flagstaff_core::{AttributePath, Value};
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::access::guards::{Admin, EnvironmentAccess, WriteQuery};
use crate::access::state::AccessState;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::fields::Fields;
use crate::store::{
    Action, AttributeSettings, AuditEntry, Author, EnvironmentSettings, SettingsChange, StoreError,
};

/// The maximum number of attempts, if others change the settings at the same time
const ATTEMPTS: u32 = 5;
/// The maximum number of private attributes
const MAX_PRIVATE: usize = 100;

/// The settings of an environment
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settings {
    /// Whether evaluated values can be read without a key
    public_values: bool,
    /// Whether the environment is protected: every change of it must state a reason
    require_reason: bool,
    /// Whether names, types and a sample of values of attributes in contexts are recorded
    record_attributes: bool,
    /// The attributes of which no values are recorded: names, or JSON pointers, which are private with everything inside them
    private_attributes: Vec<String>,
}

/// The settings to be; one that is left out stays
#[derive(ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(crate) struct NewSettings {
    /// Whether evaluated values can be read without a key
    #[schema(nullable = false)]
    public_values: Option<bool>,
    /// Whether the environment is protected: every change of it must state a reason
    #[schema(nullable = false)]
    require_reason: Option<bool>,
    /// Whether names, types and a sample of values of attributes in contexts are recorded; `false` deletes what was
    #[schema(nullable = false)]
    record_attributes: Option<bool>,
    /// The attributes of which no values are recorded: names, or JSON pointers, which are private with everything inside them. Recorded
    /// values of an attribute that becomes private are deleted
    #[schema(nullable = false, max_items = 100)]
    private_attributes: Option<Vec<String>>,
}

impl From<EnvironmentSettings> for Settings {
    fn from(settings: EnvironmentSettings) -> Self {
        Self {
            public_values: settings.is_public,
            require_reason: settings.requires_reason,
            record_attributes: settings.attributes.is_recorded,
            private_attributes: settings.attributes.private,
        }
    }
}

const PRIVATE: &str = "an array of at most 100 names, or JSON pointers, of attributes";

/// The names or pointers as they are recorded, in order
fn private_attributes(given: &Json) -> Option<Vec<String>> {
    let names = given
        .as_array()
        .filter(|names| names.len() <= MAX_PRIVATE)?;
    let name = |name: &Json| {
        let path = AttributePath::parse(name.as_str()?).ok()?.to_string();
        (!path.contains('\0')).then_some(path)
    };
    let names: Option<BTreeSet<String>> = names.iter().map(name).collect();
    Some(names?.into_iter().collect())
}

fn current(scope: &EnvironmentAccess, state: &AccessState) -> EnvironmentSettings {
    let id = scope.environment.row().id;
    let access_index = state.access_index();
    EnvironmentSettings {
        is_public: access_index.public_environments().contains(&id),
        requires_reason: access_index.protected_environments().contains(&id),
        attributes: access_index
            .attributes(id)
            .map(|settings| AttributeSettings::clone(settings))
            .unwrap_or_default(),
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
    Answer(current(&scope, &state).into())
}

/// Changes the settings of an environment; those that are left out stay
///
/// To end the protection of an environment needs a reason, as every change of it.
#[utoipa::path(
    put, path = "/settings", tag = "projects", operation_id = "putSettings",
    params(WriteQuery),
    request_body(content = NewSettings, example = json!({"publicValues": false, "requireReason": true, "recordAttributes": true, "privateAttributes": ["email"]})),
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
    let public_values = fields.optional("publicValues", "true or false", Json::as_bool);
    let require_reason = fields.optional("requireReason", "true or false", Json::as_bool);
    let record_attributes = fields.optional("recordAttributes", "true or false", Json::as_bool);
    let private = fields.optional("privateAttributes", PRIVATE, private_attributes);
    fields.finish(Some(()))?;
    if state.engine.store_health().is_lost() {
        return Err(ApiError::out_of_reach());
    }
    for _ in 0..ATTEMPTS {
        let before = current(&scope, &state);
        let after = EnvironmentSettings {
            is_public: public_values.unwrap_or(before.is_public),
            requires_reason: require_reason.unwrap_or(before.requires_reason),
            attributes: AttributeSettings {
                is_recorded: record_attributes.unwrap_or(before.attributes.is_recorded),
                private: private
                    .clone()
                    .unwrap_or_else(|| before.attributes.private.clone()),
            },
        };
        if before == after {
            return Ok(Answer(after.into()));
        }
        let change = change(&scope, author.clone(), (before, after.clone()));
        let changed = state.engine.store().change_settings(change).await;
        if matches!(changed, Err(StoreError::Changed)) {
            // This node's copy was old: the audit must contain the settings that were really changed.
            state.refresh_keys().await?;
            continue;
        }
        changed?;
        state.publish_access().await?;
        return Ok(Answer(after.into()));
    }
    Err(StoreError::Changed.into())
}

fn change(
    scope: &Admin<EnvironmentAccess>,
    author: Author,
    (before, after): (EnvironmentSettings, EnvironmentSettings),
) -> SettingsChange {
    let row = scope.environment.row();
    let state = |settings: &EnvironmentSettings| {
        let AttributeSettings {
            is_recorded,
            private,
        } = &settings.attributes;
        let private = private.iter().map(|name| Value::from(&**name));
        Value::object([
            ("publicValues", settings.is_public.into()),
            ("requireReason", settings.requires_reason.into()),
            ("recordAttributes", (*is_recorded).into()),
            ("privateAttributes", Value::Array(private.collect())),
        ])
    };
    let states = (Some(state(&before)), Some(state(&after)));
    let name = Arc::clone(&row.name);
    SettingsChange {
        project_id: row.project_id,
        environment_id: row.id,
        before,
        after,
        author,
        audit: vec![AuditEntry::new(Action::Update, "environment", name, states)],
    }
}
