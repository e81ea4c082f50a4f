//! `…/environments/{environment}/document`: an environment whole, out and in

use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::response::{IntoResponse, Response};
use flagstaff_core::{Issue, SCHEMA_VERSION, check_document, limits};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api_error::{ApiError, FieldError};
use crate::environment::Invalid;
use crate::etag;
use crate::extract::{AdminScope, Body, Parameters, author};
use crate::flag;
use crate::state::AppState;
use crate::view::Scope;

/// `GET …/document`
pub(super) async fn export(scope: AdminScope) -> Result<Response, ApiError> {
    let published = scope.environment.current();
    let tag = etag::quoted(&published.cursor(Scope::All))?;
    Ok((
        [(ETAG, tag)],
        [(CONTENT_TYPE, "application/json")],
        published.document(Scope::All),
    )
        .into_response())
}

#[derive(Deserialize)]
pub(super) struct ReplaceQuery {
    #[serde(default)]
    invalid: InvalidFlags,
    reason: Option<String>,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum InvalidFlags {
    #[default]
    Refuse,
    Keep,
}

#[derive(Serialize)]
struct Replaced {
    revision: u64,
    issues: Vec<Issue>,
}

/// `PUT …/document?invalid=refuse|keep`: all flags become those of the document, in one revision
///
/// `keep` stores flags that do not compile, as a document of a newer Flagstaff may have them, and answers what is wrong with them.
pub(super) async fn replace(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ReplaceQuery>,
    Body(mut document): Body<Value>,
) -> Result<Response, ApiError> {
    let author = author(query.reason, &scope.grant, &state)?;
    check_outside(&document)?;
    let invalid = if query.invalid == InvalidFlags::Keep {
        Invalid::Keep
    } else {
        Invalid::Refuse
    };
    if invalid == Invalid::Refuse {
        check_inside(&document)?;
    }
    complete(&mut document);
    let replace = move |_: &_, draft: &mut crate::draft::Draft| {
        draft.replace(&document);
        Ok::<(), ApiError>(())
    };
    let written = scope.environment.write(author, invalid, replace).await?;
    let (revision, issues) = (
        written.after.revision(),
        written.after.snapshot().issues().to_vec(),
    );
    Ok(Json(Replaced { revision, issues }).into_response())
}

/// What must be right whatever is kept: nothing else could be served
fn check_outside(document: &Value) -> Result<(), ApiError> {
    let Some(members) = document.as_object() else {
        return Err(ApiError::invalid("", "expected a document, an object"));
    };
    let mut errors = Vec::new();
    if members.get("schemaVersion") != Some(&Value::from(SCHEMA_VERSION)) {
        errors.push(FieldError::new(
            "/schemaVersion",
            format!("expected {SCHEMA_VERSION}"),
        ));
    }
    for section in ["flags", "segments", "groups", "holdouts"] {
        let Some(value) = members.get(section) else {
            continue;
        };
        let Some(objects) = value.as_object() else {
            errors.push(FieldError::new(format!("/{section}"), "expected an object"));
            continue;
        };
        for key in objects.keys().filter(|key| !limits::is_key(key)) {
            let expected = format!(
                "a key is 1 to {} of `A-Z a-z 0-9 . _ -` and begins with a letter or digit",
                limits::KEY_LENGTH
            );
            errors.push(FieldError::new(
                format!("/{section}/{}", escape(key)),
                expected,
            ));
        }
    }
    if members.get("flags").is_none() {
        errors.push(FieldError::new("/flags", "expected an object"));
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(ApiError::Invalid { errors })
    }
}

/// What must be right unless it is kept
fn check_inside(document: &Value) -> Result<(), ApiError> {
    let issues =
        check_document(document).map_err(|error| ApiError::invalid("", error.to_string()))?;
    if issues.is_empty() {
        Ok(())
    } else {
        Err(ApiError::issues(&issues, ""))
    }
}

/// Gives salts to flags that have none. A `needs` above what this server knows is the document's to say, and is kept.
fn complete(document: &mut Value) {
    let Some(flags) = document.get_mut("flags").and_then(Value::as_object_mut) else {
        return;
    };
    for (key, flag) in flags {
        let needs = flag.get("needs").cloned();
        flag::complete(flag, || key.clone());
        if let (Some(needs), Some(members)) = (needs.filter(is_newer), flag.as_object_mut()) {
            members.insert("needs".to_owned(), needs);
        }
    }
}

fn is_newer(needs: &Value) -> bool {
    needs
        .as_u64()
        .is_some_and(|needs| needs > flagstaff_core::LANGUAGE_LEVEL.into())
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
