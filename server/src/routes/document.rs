//! `…/environments/{environment}/document`: an environment whole, out and in

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, ETAG, VARY};
use axum::response::{IntoResponse, Response};
use flagstaff_core::impact::Change;
use flagstaff_core::{Issue, Problem, check_document};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use crate::api_error::{ApiError, foreign};
use crate::coding::Coding;
use crate::draft::{Draft, OtherSalt, Parts};
use crate::environment::Invalid;
use crate::etag::{self, IfMatch, TagCondition};
use crate::extract::{AdminScope, DOCUMENT_BYTES, Parameters, author, read_body};
use crate::flag;
use crate::notation::{Notation, NotationError};
use crate::object::ObjectKind;
use crate::observe::UncodedBytes;
use crate::offload::{discard, offload};
use crate::openapi::{Difference, Document, DocumentIssue};
use crate::preview::{self, FlagMoves, Preview};
use crate::published::Published;
use crate::state::AppState;
use crate::view::Scope;

/// Room for a document as YAML, in lengths of the same as JSON: it is indented
const YAML_GROWTH: usize = 2;

/// Exports an environment as a document, as YAML where `Accept` asks for it
#[utoipa::path(
    get, path = "/document", tag = "flags", operation_id = "exportDocument",
    responses((
        status = OK, description = "The document", headers(("ETag" = String)),
        content((Document = "application/json"), (String = "application/yaml")),
    )),
)]
pub(super) async fn export(
    scope: AdminScope,
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let published = scope.environment.current();
    let notation = Notation::wanted(&headers);
    let tag = etag::quoted(&tag(&published, notation))?;
    let (_, document) = published
        .send_document(Scope::All, Coding::Identity)
        .await?;
    let headers = [(CONTENT_TYPE, notation.media_type()), (VARY, "accept")];
    let head = ([(ETAG, tag)], headers);
    if notation == Notation::Json {
        return Ok((head.0, head.1, document).into_response());
    }
    // It is much work, and made for each who asks: whoever has used up what they had is refused before.
    let charged = document.len();
    state.limiter().charge_bytes(scope.grant.bill(), charged)?;
    let is_public = scope.grant.kind().is_public();
    let held = charged.saturating_mul(YAML_GROWTH);
    let hold = state.budget().hold(is_public, held).await?;
    let make = move || yaml(&document).map(|text| hold.keep(text));
    let text = state.turns().run(is_public, make).await?;
    let mut response = (head.0, head.1, text).into_response();
    response.extensions_mut().insert(UncodedBytes(0));
    Ok(response)
}

fn yaml(document: &[u8]) -> Result<Bytes, ApiError> {
    let internal = |error: NotationError| ApiError::Internal(Box::new(error));
    let document: Value =
        serde_json::from_slice(document).map_err(|error| internal(error.into()))?;
    Ok(Notation::Yaml.write(&document).map_err(internal)?.into())
}

/// The entity tag of an environment in a notation: a strong one names bytes, and each notation has its own
fn tag(published: &Published, notation: Notation) -> String {
    format!("{}.{}", published.cursor(Scope::All), notation.name())
}

/// Refuses unless the environment is in the state that was read, in whichever notation
fn check_condition(condition: &TagCondition, current: &Published) -> Result<(), ApiError> {
    let mut tags = Notation::ALL
        .into_iter()
        .map(|notation| tag(current, notation));
    if tags.any(|tag| condition.holds(&tag)) {
        Ok(())
    } else {
        let revision = current.revision();
        Err(ApiError::StaleDocument { revision })
    }
}

/// A document as JSON text, whatever notation its `Content-Type` names
///
/// As text it takes the least memory: of a long one there is never a tree.
pub(super) struct Written(Bytes);

impl FromRequest<AppState> for Written {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let notation = Notation::sent(request.headers());
        let body = read_body(request, state, DOCUMENT_BYTES).await?;
        match notation {
            Notation::Json => Ok(Self(body)),
            Notation::Yaml => offload(move || from_yaml(&body)).await?.map(Self),
        }
    }
}

fn utf8(body: &[u8]) -> Result<&str, ApiError> {
    std::str::from_utf8(body).map_err(|_| ApiError::Unreadable("the body is no UTF-8".to_owned()))
}

fn from_yaml(body: &[u8]) -> Result<Bytes, ApiError> {
    let read = Notation::Yaml.read(utf8(body)?);
    let document =
        read.map_err(|error| ApiError::Unreadable(foreign(&error.to_string()).into_owned()))?;
    Ok(document.to_string().into())
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct ReplaceQuery {
    /// What to do with flags that do not compile: `keep` stores them, as a document of a newer Flagstaff may have them
    #[serde(default)]
    #[param(inline)]
    invalid: InvalidFlags,
    /// What becomes of what the document does not have: `merge` leaves it as it is; what the document has is taken whole
    #[serde(default)]
    #[param(inline)]
    mode: Mode,
    /// Take also salts that differ from the stored ones, which moves users to other variants
    #[serde(default)]
    rehash: bool,
    /// Only tell what would change, and for which share of users
    #[serde(default)]
    dry_run: bool,
    /// Why, for the audit: at most 500 characters
    #[param(max_length = 500)]
    reason: Option<String>,
}

#[derive(Deserialize, ToSchema, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum InvalidFlags {
    #[default]
    Refuse,
    Keep,
}

/// What becomes of what the document does not have
#[derive(Deserialize, ToSchema, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Mode {
    /// It goes
    #[default]
    Replace,
    /// It stays
    Merge,
}

/// What became of a document, or would
#[derive(Serialize, ToSchema)]
pub(super) struct Replaced {
    /// The revision that the environment is at now
    revision: u64,
    /// What is wrong with flags that were kept
    #[schema(value_type = Vec<DocumentIssue>)]
    issues: Vec<Issue>,
    /// What would change, if nothing was to be changed
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<Difference>, required = false)]
    changes: Option<Vec<Change>>,
    /// Which flags would give units another variant, if nothing was to be changed
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    moves: Option<Vec<FlagMoves>>,
}

/// Takes a document into an environment, in one revision
///
/// Unless told otherwise the environment becomes the document, and what that does not have goes. A flag without a `salt` keeps its own;
/// a flag, group or holdout with another one than it was made with is refused, unless `rehash` allows it. `If-Match`, the `ETag` of the
/// document in either notation, is honoured where it is sent.
#[utoipa::path(
    put, path = "/document", tag = "flags", operation_id = "replaceDocument",
    params(ReplaceQuery, IfMatch),
    request_body(content(
        (Document = "application/json", example = json!({"schemaVersion": 1, "flags": {"new-checkout": {"type": "boolean", "enabled": true, "serve": "on"}}})),
        (String = "application/yaml", example = json!("schemaVersion: 1\nflags: {}\n")),
    )),
    responses(
        (status = OK, description = "It is there", body = Replaced),
        (status = CONFLICT), (status = PRECONDITION_FAILED), (status = TOO_MANY_REQUESTS),
    ),
)]
pub(super) async fn replace(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ReplaceQuery>,
    headers: HeaderMap,
    Written(document): Written,
) -> Result<Response, ApiError> {
    let author = author(query.reason, &scope.grant, &state)?;
    let invalid = if query.invalid == InvalidFlags::Keep {
        Invalid::Keep
    } else {
        Invalid::Refuse
    };
    let mode = query.mode;
    let parts = offload(move || read(&document, invalid, mode)).await??;
    let project = state.project(scope.project());
    let other_salt = OtherSalt::of_query(query.rehash);
    let condition = TagCondition::of(&headers);
    let edit = move |current: &Published, draft: &mut Draft| {
        check_condition(&condition, current)?;
        match mode {
            Mode::Replace => draft.replace(&parts),
            Mode::Merge => draft.merge(&parts),
        }
        ApiError::refuse(draft.settle_salts(&project, other_salt))
    };
    if query.dry_run {
        let current = scope.environment.current();
        let preview = preview::preview(Arc::clone(&current), edit, invalid, state.now());
        let Preview { changes, moves } = preview.await?;
        return Ok(Json(Replaced {
            revision: current.revision(),
            issues: Vec::new(),
            changes: Some(changes),
            moves: Some(moves),
        })
        .into_response());
    }
    let written = scope.environment.write(author, invalid, edit).await?;
    discard(written.before);
    Ok(Json(Replaced {
        revision: written.after.revision(),
        issues: written.after.snapshot().issues().to_vec(),
        changes: None,
        moves: None,
    })
    .into_response())
}

/// What is wrong with a document; one that cannot be read at all is refused whatever is to be kept
fn check(document: &str, invalid: Invalid, mode: Mode) -> Result<(), ApiError> {
    let mut issues =
        check_document(document).map_err(|error| ApiError::invalid("", error.to_string()))?;
    if mode == Mode::Merge {
        // It may refer to what is there already: what breaks is found when it is in its place.
        let is_own =
            |problem: &Problem| matches!(problem, Problem::UnknownField | Problem::HashedList);
        issues.retain(|issue| is_own(&issue.problem));
    }
    if issues.is_empty() || invalid == Invalid::Keep {
        Ok(())
    } else {
        Err(ApiError::issues(&issues, ""))
    }
}

/// The objects of a section of a document, unread
type Section<'d> = BTreeMap<Cow<'d, str>, &'d RawValue>;

/// The objects of a document, with what the server gives flags, if nothing is wrong with it
fn read(document: &[u8], invalid: Invalid, mode: Mode) -> Result<Parts, ApiError> {
    let text = utf8(document)?;
    let whole: &RawValue = serde_json::from_str(text).map_err(ApiError::Json)?;
    check(whole.get(), invalid, mode)?;
    let sections: Section<'_> = serde_json::from_str(text).map_err(ApiError::Json)?;
    let mut parts = Parts::default();
    for kind in ObjectKind::ALL.into_iter().filter(|kind| !kind.is_list()) {
        let section = sections.get(kind.section()).copied();
        let Ok(objects) = serde_json::from_str(section.map_or("{}", RawValue::get)) else {
            continue;
        };
        let objects: Section<'_> = objects;
        for (key, object) in objects {
            let mut value = serde_json::from_str(object.get()).map_err(ApiError::Json)?;
            if kind == ObjectKind::Flag {
                flag::complete(&mut value);
            }
            parts.add(kind, &key, value);
        }
    }
    Ok(parts)
}
