//! `…/environments/{environment}/document`: exporting and importing a whole environment

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRef, FromRequest, Request, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, ETAG, VARY};
use axum::response::{IntoResponse, Response};
use flagstaff_analysis::check::check_document;
use flagstaff_analysis::impact::Change;
use flagstaff_core::{Issue, IssueKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use crate::access::guards::{EnvironmentAccess, author};
use crate::access::state::AccessState;
use crate::documents::notation::{Notation, NotationError};
use crate::engine::coding::ContentCoding;
use crate::engine::draft::{Draft, OtherSalt, Parts};
use crate::engine::environment::InvalidFlagPolicy;
use crate::engine::published::PublishedRevision;
use crate::engine::visibility::Visibility;
use crate::flags::dry_run::{self, FlagMoves, Preview};
use crate::flags::flag;
use crate::http::api_error::{ApiError, foreign};
use crate::http::body::{DOCUMENT_BYTES, QueryParams, read_body};
use crate::http::etag::{self, IfMatch, TagCondition};
use crate::http::observe::UncodedBytes;
use crate::http::state::HttpState;
use crate::object::{ObjectKind, json_schema, write_document};
use crate::openapi::{Difference, Document, DocumentIssue};
use crate::runtime::offload::{discard, offload};

/// The maximum length of a document as YAML, in multiples of its length as JSON: it is indented
const YAML_GROWTH: usize = 2;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// An earlier revision of the environment; the current one by default
    #[param(minimum = 0)]
    revision: Option<u64>,
}

/// Exports an environment as a document, as YAML where `Accept` asks for it
///
/// An earlier revision is made from the audit, and not found if the audit no longer has all changes since. It has no `ETag`.
#[utoipa::path(
    get, path = "/document", tag = "flags", operation_id = "exportDocument",
    params(ExportQuery),
    responses((
        status = OK, description = "The document", headers(("ETag" = String)),
        content((Document = "application/json"), (String = "application/yaml")),
    )),
)]
pub(crate) async fn export(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<ExportQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let published = scope.environment.current();
    let notation = Notation::wanted(&headers);
    if let Some(revision) = query.revision {
        let document = earlier((&scope, &state), published, revision).await?;
        let head = [(CONTENT_TYPE, notation.media_type()), (VARY, "accept")];
        let text = match notation {
            Notation::Json => document,
            Notation::Yaml => into_yaml((&scope, &state), document).await?,
        };
        return Ok((head, text).into_response());
    }
    let tag = etag::quoted(&tag(&published, notation))?;
    let (_, document) = published
        .send_document(Visibility::All, ContentCoding::Identity)
        .await?;
    let headers = [(CONTENT_TYPE, notation.media_type()), (VARY, "accept")];
    let head = ([(ETAG, tag)], headers);
    if notation == Notation::Json {
        return Ok((head.0, head.1, document).into_response());
    }
    let text = into_yaml((&scope, &state), document).await?;
    let mut response = (head.0, head.1, text).into_response();
    response.extensions_mut().insert(UncodedBytes(0));
    Ok(response)
}

/// The document as YAML
async fn into_yaml(
    (scope, state): (&EnvironmentAccess, &AccessState),
    document: Bytes,
) -> Result<Bytes, ApiError> {
    // It is much work, and done for each request: callers who have used up their limits are refused first.
    let charged = document.len();
    let rate_limit_keys = scope.principal.rate_limit_keys();
    state.http.limiter.charge_bytes(rate_limit_keys, charged)?;
    let caller = rate_limit_keys.caller();
    let memory = charged.saturating_mul(YAML_GROWTH);
    let hold = state.http.budget.hold(caller, memory).await?;
    let make = move || yaml(&document).map(|text| hold.keep(text));
    state.http.turns.run(caller.is_public(), make).await
}

/// The document of an earlier revision: that of the current one, with every object that has changed since as it was
async fn earlier(
    (scope, state): (&EnvironmentAccess, &AccessState),
    published: Arc<PublishedRevision>,
    revision: u64,
) -> Result<Bytes, ApiError> {
    let current = published.revision();
    if revision > current {
        let message = format!("expected at most {current}, the current revision");
        return Err(ApiError::invalid("?revision", message));
    }
    let objects = published.state().objects(Visibility::All).len();
    let rate_limit_keys = scope.principal.rate_limit_keys();
    state
        .http
        .limiter
        .charge_outcomes(rate_limit_keys, objects)?;
    let environment = published.identity().row.id;
    let store = state.engine.store();
    let changed = store.changed_after_revision(environment, revision).await?;
    let changed = changed.ok_or_else(|| ApiError::NotFound {
        what: "revision",
        name: revision.to_string(),
    })?;
    let document = offload(move || {
        let objects = published.state().objects(Visibility::All);
        let mut draft = Draft::new(current, objects);
        for (owner, then) in &changed {
            match then {
                Some(value) => draft.put_owner(owner, value),
                None => draft.remove_owner(owner),
            }
        }
        write_document(&published.identity().row.name, revision, draft.objects())
    });
    let document = Bytes::from(document.await?);
    let memory = state
        .http
        .budget
        .hold(rate_limit_keys.caller(), document.len());
    Ok(memory.await?.keep(document))
}

fn yaml(document: &[u8]) -> Result<Bytes, ApiError> {
    let internal = |error: NotationError| ApiError::Internal(Box::new(error));
    let document: Value =
        serde_json::from_slice(document).map_err(|error| internal(error.into()))?;
    Ok(Notation::Yaml.write(&document).map_err(internal)?.into())
}

/// The entity tag of an environment in a notation. Each notation has its own, since a strong tag identifies bytes
fn tag(published: &PublishedRevision, notation: Notation) -> String {
    format!("{}.{}", published.cursor(Visibility::All), notation.name())
}

/// Fails unless the environment is in the state that the caller has read, in whichever notation
fn check_condition(condition: &TagCondition, current: &PublishedRevision) -> Result<(), ApiError> {
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
/// Text takes the least memory: a large document is never parsed into a tree.
pub(crate) struct DocumentBody(Bytes);

impl<S> FromRequest<S> for DocumentBody
where
    S: Send + Sync,
    Arc<HttpState>: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let notation = Notation::sent(request.headers());
        let body = read_body(request, &Arc::from_ref(state), DOCUMENT_BYTES).await?;
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
pub(crate) struct ReplaceQuery {
    /// What to do with flags that do not compile: `keep` stores them, as a document of a newer Flagstaff may have them
    #[serde(default)]
    #[param(inline)]
    invalid: InvalidFlags,
    /// What happens to objects that are not in the document: `merge` keeps them; an object of the document always replaces the whole
    /// stored object
    #[serde(default)]
    #[param(inline)]
    mode: MergeMode,
    /// Also take salts that differ from the stored ones, which moves users to other variants
    #[serde(default)]
    rehash: bool,
    /// Only return what would change, and for which share of users
    #[serde(default)]
    dry_run: bool,
    /// The reason, for the audit: at most 500 characters
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

/// What happens to objects that are not in the document
#[derive(Deserialize, ToSchema, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum MergeMode {
    /// They are deleted
    #[default]
    Replace,
    /// They stay
    Merge,
}

/// The result of a document's import, or of a dry run
#[derive(Serialize, ToSchema)]
pub(crate) struct Replaced {
    /// The revision of the environment afterwards
    revision: u64,
    /// The issues of flags that were stored although they do not compile
    #[schema(value_type = Vec<DocumentIssue>)]
    issues: Vec<Issue>,
    /// Only for a dry run: what would change
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<Difference>, required = false)]
    changes: Option<Vec<Change>>,
    /// Only for a dry run: which flags would give units another variant
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    moves: Option<Vec<FlagMoves>>,
}

/// Imports a document into an environment, in one revision
///
/// By default the environment is replaced, and objects that are not in the document are deleted. A flag without a `salt` keeps its stored
/// salt; a flag, group or holdout with another salt than the stored one is refused, unless `rehash` allows it. `If-Match`, with the
/// document's `ETag` in either notation, is checked if it is sent. A dry run returns the `ETag` of what it compared with.
#[utoipa::path(
    put, path = "/document", tag = "flags", operation_id = "replaceDocument",
    params(ReplaceQuery, IfMatch),
    request_body(content(
        (Document = "application/json", example = json!({"schemaVersion": 1, "flags": {"new-checkout": {"type": "boolean", "enabled": true, "serve": "on"}}})),
        (String = "application/yaml", example = json!("schemaVersion: 1\nflags: {}\n")),
    )),
    responses(
        (
            status = OK, description = "It is there", body = Replaced,
            headers(("ETag" = String, description = "Of the document with which a dry run compared")),
        ),
        (status = CONFLICT), (status = PRECONDITION_FAILED), (status = TOO_MANY_REQUESTS),
    ),
)]
pub(crate) async fn replace(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<ReplaceQuery>,
    headers: HeaderMap,
    DocumentBody(document): DocumentBody,
) -> Result<Response, ApiError> {
    let author = author(query.reason, &scope.principal, &state)?;
    let invalid = if query.invalid == InvalidFlags::Keep {
        InvalidFlagPolicy::Keep
    } else {
        InvalidFlagPolicy::Refuse
    };
    let mode = query.mode;
    let parts = offload(move || read(&document, invalid, mode)).await??;
    let project = state.engine.project(scope.project());
    let other_salt = OtherSalt::of_query(query.rehash);
    let condition = TagCondition::of(&headers);
    let edit = move |current: &PublishedRevision, draft: &mut Draft| {
        check_condition(&condition, current)?;
        match mode {
            MergeMode::Replace => draft.replace(&parts),
            MergeMode::Merge => draft.merge(&parts),
        }
        ApiError::refuse(draft.settle_salts(&project, other_salt))
    };
    if query.dry_run {
        let current = scope.environment.current();
        let at = (state.engine.now(), Vec::new());
        let preview = dry_run::preview(Arc::clone(&current), edit, invalid, at);
        let Preview { changes, moves, .. } = preview.await?;
        let tag = etag::quoted(&tag(&current, Notation::Json))?;
        let replaced = Replaced {
            revision: current.revision(),
            issues: Vec::new(),
            changes: Some(changes),
            moves: Some(moves),
        };
        return Ok(([(ETAG, tag)], Json(replaced)).into_response());
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

/// The issues of a document; a document that cannot be parsed is always refused
fn check(document: &str, invalid: InvalidFlagPolicy, mode: MergeMode) -> Result<(), ApiError> {
    let mut issues =
        check_document(document).map_err(|error| ApiError::invalid("", error.to_string()))?;
    if mode == MergeMode::Merge {
        // It may refer to stored objects: what is broken shows when it is merged.
        let is_own = |problem: &IssueKind| {
            matches!(problem, IssueKind::UnknownField | IssueKind::HashedList)
        };
        issues.retain(|issue| is_own(&issue.kind));
    }
    issues.retain(|issue| !json_schema::is_member(&issue.pointer));
    if issues.is_empty() || invalid == InvalidFlagPolicy::Keep {
        Ok(())
    } else {
        Err(ApiError::issues(&issues, ""))
    }
}

/// The objects of a section of a document, not parsed
type Section<'d> = BTreeMap<Cow<'d, str>, &'d RawValue>;

/// The objects of a document, with the defaults that the server gives flags, if it has no issues
fn read(document: &[u8], invalid: InvalidFlagPolicy, mode: MergeMode) -> Result<Parts, ApiError> {
    let text = utf8(document)?;
    let whole: &RawValue = serde_json::from_str(text).map_err(ApiError::Json)?;
    // Weights may be percentages, which the language does not have.
    let in_language = match check(whole.get(), invalid, mode) {
        Ok(()) => None,
        Err(error) => Some(flag::with_language_weights(text).ok_or(error)?),
    };
    if let Some(in_language) = &in_language {
        check(in_language, invalid, mode)?;
    }
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
                flag::fill_server_fields(&mut value);
            }
            parts.add(kind, &key, value);
        }
    }
    Ok(parts)
}
