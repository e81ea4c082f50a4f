//! `POST …/changesets`: several flags and segments in one revision, all or none

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use flagstaff_analysis::check::check_document;
use flagstaff_analysis::impact::Change;
use flagstaff_core::IssueKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::access::guards::{EnvironmentAccess, WriteQuery};
use crate::access::state::AccessState;
use crate::engine::draft::{Draft, OtherSalt};
use crate::engine::environment::InvalidFlagPolicy;
use crate::engine::field_error::FieldError;
use crate::engine::published::PublishedRevision;
use crate::engine::visibility::Visibility;
use crate::flags::dry_run::{self, FindingItem, FlagMoves};
use crate::flags::edit::{Edit, EditKind};
use crate::flags::flag;
use crate::http::api_error::ApiError;
use crate::http::body::{Body, QueryParams};
use crate::http::etag::Precondition;
use crate::http::fields::{Fields, KEY, key};
use crate::object::patch::merge;
use crate::object::{ObjectId, ObjectKind, json_schema, owner_value, write_owners};
use crate::openapi::Difference;

/// The maximum number of operations
const MOST_OPERATIONS: usize = 100;

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ApplyQuery {
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

/// Changes that are applied together or not at all
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(crate) struct Changeset {
    #[schema(min_items = 1, max_items = 100)]
    operations: Vec<OperationBody>,
}

/// An operation on one flag, segment, group or holdout; each may be named once
#[derive(ToSchema)]
#[schema(as = ChangesetOperation)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Fields` reads")]
pub(crate) struct OperationBody {
    /// `put`, `patch` (a JSON merge patch) or `delete`
    op: String,
    /// `flag` by default, `segment`, `group` or `holdout`
    kind: Option<String>,
    key: String,
    /// The object or the patch; none for a deletion
    value: Option<Value>,
    /// The version that it must have, or `*` for any; required to replace a flag
    if_match: Option<Value>,
}

/// An operation on one object
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

/// The result of a changeset, or of a dry run
#[derive(Serialize, ToSchema)]
#[schema(as = AppliedChangeset)]
pub(crate) struct AppliedChangeset {
    /// The revision of the environment afterwards
    revision: u64,
    /// The objects, in the order of the operations
    items: Vec<ChangedObject>,
    #[schema(value_type = Vec<Difference>)]
    changes: Vec<Change>,
    /// Only for a dry run: which flags would give units another variant
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    moves: Option<Vec<FlagMoves>>,
    /// Only for a dry run: what is odd about the flags as they would be, as `flagstaff lint` says it
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    findings: Option<Vec<FindingItem>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ChangesetItem)]
pub(crate) struct ChangedObject {
    kind: &'static str,
    #[schema(value_type = String)]
    key: Arc<str>,
    /// The version afterwards; null if it was deleted
    #[schema(required = true)]
    version: Option<u64>,
}

/// Changes several flags and segments in one revision, all or none
///
/// Each operation applies to the state before; references are checked when all of them are applied. A flag without a `salt` keeps its
/// stored salt; a flag, group or holdout with another salt than the stored one is refused, unless `rehash` allows it.
#[utoipa::path(
    post, path = "/changesets", tag = "flags", operation_id = "applyChangeset",
    params(ApplyQuery),
    request_body(content = Changeset, example = json!({"operations": [
        {"op": "put", "kind": "segment", "key": "beta", "value": {"include": {"user": ["u1"]}}},
        {"op": "put", "key": "new-checkout", "value": {"enabled": true}},
    ]})),
    responses(
        (status = OK, description = "What changed, or would change", body = AppliedChangeset),
        (status = CONFLICT), (status = PRECONDITION_FAILED), (status = PRECONDITION_REQUIRED), (status = TOO_MANY_REQUESTS),
    ),
)]
pub(crate) async fn apply(
    scope: EnvironmentAccess,
    State(state): State<Arc<AccessState>>,
    QueryParams(query): QueryParams<ApplyQuery>,
    Body(body): Body<Value>,
) -> Result<Response, ApiError> {
    let author = WriteQuery::because(query.reason).author(&scope.principal, &state)?;
    let operations: Arc<[Operation]> = read(body)?.into();
    let project = state.engine.project(scope.project());
    let own = Arc::clone(&operations);
    let other_salt = OtherSalt::of_query(query.rehash);
    let edit = move |current: &PublishedRevision, draft: &mut Draft| {
        make(&own, current, draft)?;
        ApiError::refuse(draft.settle_salts(&project, other_salt))?;
        check(&own, current, draft)
    };
    if query.dry_run {
        let current = scope.environment.current();
        let preview = dry_run::preview(
            Arc::clone(&current),
            edit,
            InvalidFlagPolicy::Refuse,
            (state.engine.now(), flags(&operations)),
        );
        let preview = preview.await.map_err(|error| pointed(error, &operations))?;
        let findings = preview.findings.into_iter();
        let findings = findings.map(|finding| {
            let inside = in_request(&finding.pointer, &operations);
            let pointer = inside.unwrap_or_else(|| finding.pointer.clone());
            FindingItem::new(finding, pointer)
        });
        let dry = (preview.moves, findings.collect());
        return Ok(answer(&current, &operations, (preview.changes, Some(dry))));
    }
    let written = scope
        .environment
        .write(author, InvalidFlagPolicy::Refuse, edit)
        .await;
    let written = written.map_err(|error| pointed(error.into(), &operations))?;
    let changes = dry_run::changes(written.before, Arc::clone(&written.after)).await?;
    Ok(answer(&written.after, &operations, (changes, None)))
}

/// What only a dry run returns
type DryRun = (Vec<FlagMoves>, Vec<FindingItem>);

fn answer(
    published: &PublishedRevision,
    operations: &[Operation],
    (changes, dry): (Vec<Change>, Option<DryRun>),
) -> Response {
    let (moves, findings) = dry.unzip();
    let item = |operation: &Operation| ChangedObject {
        kind: operation.id.kind.as_str(),
        key: Arc::clone(&operation.id.key),
        version: version(published, &operation.id),
    };
    Json(AppliedChangeset {
        revision: published.revision(),
        items: operations.iter().map(item).collect(),
        changes,
        moves,
        findings,
    })
    .into_response()
}

/// The flags that operations write
fn flags(operations: &[Operation]) -> Vec<Arc<str>> {
    let flags = operations
        .iter()
        .filter(|operation| operation.id.kind == ObjectKind::Flag);
    flags
        .map(|operation| Arc::clone(&operation.id.key))
        .collect()
}

/// The revision that last changed an object or one of its lists
fn version(published: &PublishedRevision, id: &ObjectId) -> Option<u64> {
    let objects = published.state().objects(Visibility::All);
    let own = objects.get(id)?.version;
    let lists = objects.lists_of(id).map(|(_, list)| list.version);
    lists.chain([own]).max()
}

fn make(
    operations: &[Operation],
    current: &PublishedRevision,
    draft: &mut Draft,
) -> Result<(), ApiError> {
    for (index, operation) in operations.iter().enumerate() {
        operation
            .make(current, draft)
            .map_err(|error| error.in_operation(index))?;
    }
    Ok(())
}

fn check(
    operations: &[Operation],
    current: &PublishedRevision,
    draft: &Draft,
) -> Result<(), ApiError> {
    let written = operations.iter().map(|operation| operation.id.clone());
    let written: BTreeSet<ObjectId> = written.collect();
    // A field with a spelling mistake compiles, and is refused here. The objects that are referred to are not in this document.
    let mut issues = check_document(&write_owners(draft.objects(), &written))
        .map_err(|error| ApiError::invalid("", error.to_string()))?;
    issues.retain(|issue| match issue.kind {
        IssueKind::HashedList => true,
        IssueKind::UnknownField => issue.flag.is_some() && !json_schema::is_member(&issue.pointer),
        _ => false,
    });
    let is_written =
        |flag: &Arc<str>| written.contains(&ObjectId::new(ObjectKind::Flag, Arc::clone(flag)));
    let compiled = dry_run::compile(current, draft)?;
    let broken = compiled.issues().iter();
    issues.extend(
        broken
            .filter(|issue| issue.flag.as_ref().is_some_and(is_written))
            .cloned(),
    );
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

    fn make(&self, current: &PublishedRevision, draft: &mut Draft) -> Result<(), ApiError> {
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
            flag::fill_server_fields(&mut flag);
            edit.put(&self.id.key, &flag, draft);
            return Ok(());
        }
        self.precondition.check(version(current, &self.id))?;
        let held = owner_value(current.state().objects(Visibility::All), &self.id);
        let missing = || ApiError::NotFound {
            what: self.id.kind.as_str(),
            name: self.id.key.to_string(),
        };
        match self.verb {
            Verb::Put => draft.put_owner(&self.id, &self.value),
            Verb::Patch => {
                let mut value = held.ok_or_else(missing)?;
                merge(&mut value, self.value.clone());
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

/// Converts the pointers of an error from the resulting document to the request
fn pointed(error: ApiError, operations: &[Operation]) -> ApiError {
    let ApiError::Invalid { mut errors } = error else {
        return error;
    };
    for error in &mut errors {
        if let Some(pointer) = in_request(&error.pointer, operations) {
            error.pointer = pointer;
        }
    }
    ApiError::Invalid { errors }
}

/// A pointer into the resulting document as one into the request, if it is about something that an operation writes
fn in_request(pointer: &str, operations: &[Operation]) -> Option<String> {
    let mut operations = operations.iter().enumerate();
    operations.find_map(|(index, operation)| {
        let rest = pointer.strip_prefix(&operation.id.pointer())?;
        (rest.is_empty() || rest.starts_with('/'))
            .then(|| format!("/operations/{index}/value{rest}"))
    })
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
