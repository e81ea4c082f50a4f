//! `POST …/changesets`: several flags and segments in one revision, all of them or none

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use flagstaff_core::impact::Change;
use flagstaff_core::{Problem, check_document, object};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::api_error::{ApiError, FieldError};
use crate::draft::{Draft, OtherSalt, owner_value};
use crate::environment::Invalid;
use crate::etag::Precondition;
use crate::extract::{AdminScope, Body, Parameters, WriteQuery};
use crate::fields::{Fields, KEY, key};
use crate::flag;
use crate::object::{ObjectId, ObjectKind, wire_object};
use crate::openapi::Difference;
use crate::preview::{self, FlagMoves, Preview};
use crate::published::Published;
use crate::routes::flags::{Edit, EditKind};
use crate::state::AppState;
use crate::view::Scope;

/// Operations of one changeset
const MOST_OPERATIONS: usize = 100;

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct ApplyQuery {
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

/// Changes that are made together or not at all
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(super) struct Changeset {
    #[schema(min_items = 1, max_items = 100)]
    operations: Vec<OperationBody>,
}

/// What is done to one flag, segment, group or holdout; each is named once
#[derive(ToSchema)]
#[schema(as = ChangesetOperation)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(super) struct OperationBody {
    /// `put`, `patch` (a JSON merge patch) or `delete`
    op: String,
    /// `flag`, unless told otherwise, `segment`, `group` or `holdout`
    kind: Option<String>,
    key: String,
    /// The thing or the patch; a deletion has none
    value: Option<Value>,
    /// The version that it must be at, or `*` for any; a flag is replaced only with it
    if_match: Option<Value>,
}

/// What a changeset does to one flag or segment
#[derive(Debug, Clone)]
struct Operation {
    id: ObjectId,
    verb: Verb,
    value: Value,
    precondition: Precondition,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Put,
    Patch,
    Delete,
}

/// What a changeset changed, or would
#[derive(Serialize, ToSchema)]
#[schema(as = AppliedChangeset)]
pub(super) struct Applied {
    /// The revision that the environment is at now
    revision: u64,
    /// What the operations were about, in their order
    items: Vec<Item>,
    #[schema(value_type = Vec<Difference>)]
    changes: Vec<Change>,
    /// Which flags would give units another variant, if nothing was to be changed
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    moves: Option<Vec<FlagMoves>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ChangesetItem)]
pub(super) struct Item {
    kind: &'static str,
    #[schema(value_type = String)]
    key: Arc<str>,
    /// The version that it is at now; null if it is gone
    #[schema(required = true)]
    version: Option<u64>,
}

/// Changes several flags and segments in one revision, all of them or none
///
/// Each operation is decided on the state before; what refers to what is looked at only when all of them are made. A flag without a
/// `salt` keeps its own; a flag, group or holdout with another one than it was made with is refused, unless `rehash` allows it.
#[utoipa::path(
    post, path = "/changesets", tag = "flags", operation_id = "applyChangeset",
    params(ApplyQuery),
    request_body(content = Changeset, example = json!({"operations": [
        {"op": "put", "kind": "segment", "key": "beta", "value": {"include": {"user": ["u1"]}}},
        {"op": "put", "key": "new-checkout", "value": {"enabled": true}},
    ]})),
    responses(
        (status = OK, description = "What changed, or would change", body = Applied),
        (status = CONFLICT), (status = PRECONDITION_FAILED), (status = PRECONDITION_REQUIRED), (status = TOO_MANY_REQUESTS),
    ),
)]
pub(super) async fn apply(
    scope: AdminScope,
    State(state): State<AppState>,
    Parameters(query): Parameters<ApplyQuery>,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let author = WriteQuery::because(query.reason).author(&scope.grant, &state)?;
    let operations: Arc<[Operation]> = read(body)?.into();
    let project = state.project(scope.project());
    let own = Arc::clone(&operations);
    let other_salt = OtherSalt::of_query(query.rehash);
    let edit = move |current: &Published, draft: &mut Draft| {
        make(&own, current, draft)?;
        ApiError::refuse(draft.settle_salts(&project, other_salt))?;
        check(&own, draft)
    };
    if query.dry_run {
        let current = scope.environment.current();
        let preview = preview::preview(Arc::clone(&current), edit, Invalid::Refuse, state.now());
        let Preview { changes, moves } =
            preview.await.map_err(|error| pointed(error, &operations))?;
        return Ok(answer(&current, &operations, (changes, Some(moves))));
    }
    let written = scope.environment.write(author, Invalid::Refuse, edit).await;
    let written = written.map_err(|error| pointed(error.into(), &operations))?;
    let changes = preview::changes(written.before, Arc::clone(&written.after)).await?;
    Ok(answer(&written.after, &operations, (changes, None)))
}

fn answer(
    published: &Published,
    operations: &[Operation],
    (changes, moves): (Vec<Change>, Option<Vec<FlagMoves>>),
) -> Response {
    let item = |operation: &Operation| Item {
        kind: operation.id.kind.as_str(),
        key: Arc::clone(&operation.id.key),
        version: version(published, &operation.id),
    };
    Json(Applied {
        revision: published.revision(),
        items: operations.iter().map(item).collect(),
        changes,
        moves,
    })
    .into_response()
}

/// The revision that last changed an object or one of its lists
fn version(published: &Published, id: &ObjectId) -> Option<u64> {
    let objects = published.state().objects(Scope::All);
    let own = objects.get(id)?.version;
    let lists = objects.lists_of(id).map(|(_, list)| list.version);
    lists.chain([own]).max()
}

fn make(operations: &[Operation], current: &Published, draft: &mut Draft) -> Result<(), ApiError> {
    for (index, operation) in operations.iter().enumerate() {
        operation
            .make(current, draft)
            .map_err(|error| error.in_operation(index))?;
    }
    Ok(())
}

fn check(operations: &[Operation], draft: &Draft) -> Result<(), ApiError> {
    // What is wrong with what is written is refused also where it would compile, as a field with a spelling mistake does.
    let objects = draft.objects().iter();
    let document = object::join("", 0, objects.map(|(id, object)| wire_object(id, object)));
    let mut issues = check_document(&document.to_string())
        .map_err(|error| ApiError::invalid("", error.to_string()))?;
    let is_written = |flag: &str| {
        let mut written = operations.iter().map(|operation| &operation.id);
        written.any(|id| id.kind == ObjectKind::Flag && *id.key == *flag)
    };
    issues.retain(|issue| {
        issue.problem == Problem::HashedList || issue.flag.as_deref().is_some_and(is_written)
    });
    if issues.is_empty() {
        Ok(())
    } else {
        Err(ApiError::issues(&issues, ""))
    }
}

impl Operation {
    fn read(operation: Value) -> Result<Self, ApiError> {
        let mut fields = Fields::of(operation)?;
        let verb = fields.required("op", "`put`, `patch` or `delete`", |given| {
            match given.as_str()? {
                "put" => Some(Verb::Put),
                "patch" => Some(Verb::Patch),
                "delete" => Some(Verb::Delete),
                _ => None,
            }
        });
        let expected = "`flag`, `segment`, `group` or `holdout`";
        let kind = fields.optional("kind", expected, |given| {
            let kind: ObjectKind = given.as_str()?.parse().ok()?;
            (!kind.is_list()).then_some(kind)
        });
        let key = fields.required("key", KEY, key);
        let object = |given: &Value| given.is_object().then(|| given.clone());
        let value = match verb {
            Some(Verb::Delete) => fields.optional("value", "no value of a deletion", |_| None),
            _ => fields.required("value", "an object", object),
        };
        let if_match = fields.optional("ifMatch", "a version, or `*` for any", |given| {
            let version = given
                .as_u64()
                .map(|version| Precondition::Versions(vec![version]));
            version.or_else(|| (given == "*").then_some(Precondition::Exists))
        });
        let named = verb.zip(key);
        let is_complete = value.is_some() || verb == Some(Verb::Delete);
        fields.finish(named.filter(|_| is_complete).map(|(verb, key)| Self {
            id: ObjectId::new(kind.unwrap_or(ObjectKind::Flag), key),
            verb,
            value: value.unwrap_or_default(),
            precondition: if_match.unwrap_or(Precondition::Absent),
        }))
    }

    fn make(&self, current: &Published, draft: &mut Draft) -> Result<(), ApiError> {
        if self.id.kind == ObjectKind::Flag && self.verb != Verb::Delete {
            let kind = if self.verb == Verb::Put {
                EditKind::Put
            } else {
                EditKind::Patch
            };
            let edit = Edit {
                precondition: self.precondition.clone(),
                body: self.value.clone(),
                kind,
            };
            let mut flag = edit.apply(&self.id.key, current)?;
            flag::complete(&mut flag);
            edit.put(&self.id.key, &flag, draft);
            return Ok(());
        }
        self.precondition.check(version(current, &self.id))?;
        let held = owner_value(current.state().objects(Scope::All), &self.id);
        let missing = || ApiError::NotFound {
            what: self.id.kind.as_str(),
            name: self.id.key.to_string(),
        };
        match self.verb {
            Verb::Put => draft.put_owner(&self.id, &self.value),
            Verb::Patch => {
                let mut value = held.ok_or_else(missing)?;
                flag::merge(&mut value, self.value.clone());
                draft.put_owner(&self.id, &value);
            }
            Verb::Delete => {
                held.ok_or_else(missing)?;
                draft.remove_owner(&self.id);
            }
        }
        Ok(())
    }
}

/// The pointers of an error, which are into the document that would be, as pointers into the request
fn pointed(error: ApiError, operations: &[Operation]) -> ApiError {
    let ApiError::Invalid { mut errors } = error else {
        return error;
    };
    for error in &mut errors {
        let inside = operations
            .iter()
            .enumerate()
            .find_map(|(index, operation)| {
                let rest = error.pointer.strip_prefix(&operation.id.pointer())?;
                (rest.is_empty() || rest.starts_with('/'))
                    .then(|| format!("/operations/{index}/value{rest}"))
            });
        if let Some(pointer) = inside {
            error.pointer = pointer;
        }
    }
    ApiError::Invalid { errors }
}

fn read(body: Value) -> Result<Vec<Operation>, ApiError> {
    let mut fields = Fields::of(body)?;
    let expected = format!("an array of 1 to {MOST_OPERATIONS} operations");
    let operations = fields.required("operations", &expected, |given| {
        let operations = given.as_array()?;
        (1..=MOST_OPERATIONS)
            .contains(&operations.len())
            .then(|| operations.clone())
    });
    let (mut read, mut known, mut errors) = (Vec::new(), BTreeSet::new(), Vec::new());
    for (index, operation) in fields.finish(operations)?.into_iter().enumerate() {
        let root = format!("/operations/{index}");
        match Operation::read(operation) {
            Ok(operation) if !known.insert(operation.id.clone()) => {
                let message = "an earlier operation is about the same thing";
                errors.push(FieldError::new(format!("{root}/key"), message));
            }
            Ok(operation) => read.push(operation),
            Err(ApiError::Invalid { errors: own }) => {
                let inside = |error: FieldError| {
                    FieldError::new(format!("{root}{}", error.pointer), error.message)
                };
                errors.extend(own.into_iter().map(inside));
            }
            Err(other) => return Err(other),
        }
    }
    if errors.is_empty() {
        Ok(read)
    } else {
        Err(ApiError::Invalid { errors })
    }
}
