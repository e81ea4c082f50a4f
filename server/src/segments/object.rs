//! The routes of all three kinds: list, read, create, replace, patch and delete

use axum::Json;
use axum::http::header::{ETAG, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use flagstaff_core::limits;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::IntoParams;

use crate::access::guards::{EnvironmentAccess, WriteQuery};
use crate::access::state::AccessState;
use crate::engine::draft::{Draft, OtherSalt};
use crate::engine::environment::{InvalidFlagPolicy, WriteError};
use crate::engine::field_error::FieldError;
use crate::engine::published::PublishedRevision;
use crate::engine::visibility::Visibility;
use crate::http::api_error::ApiError;
use crate::http::etag::{self, Precondition};
use crate::http::fields::KEY;
use crate::http::paging::{self, Field, ListQuery, Page, Sortable};
use crate::object::patch::merge;
use crate::object::{Body, Object, ObjectId, ObjectKind, Objects, escaped, owner_value};
use crate::segments::ids;
use crate::segments::uses::uses;

/// Fields of a response that are not part of the object; a body may send them back
const ENVELOPE: [&str; 4] = ["key", "version", "counts", "usedBy"];

/// Filters
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ObjectFilter {
    /// Part of the key or the description, in upper or lower case
    search: Option<String>,
}

/// What a request does to one object
#[derive(Debug)]
pub(crate) struct ObjectEdit {
    pub(crate) kind: ObjectKind,
    pub(crate) verb: Verb,
    pub(crate) body: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Put,
    Patch,
}

/// An object with its key, in a list
struct Listed<'o> {
    id: &'o ObjectId,
    object: &'o Object,
    version: u64,
}

impl Sortable for Listed<'_> {
    const FIELDS: &'static [&'static str] = &["key", "version"];

    fn id(&self) -> &str {
        &self.id.key
    }

    fn field(&self, name: &str) -> Field {
        match name {
            "version" => Field::Number(i64::try_from(self.version).ok()),
            _ => Field::Text(self.id.key.to_string()),
        }
    }
}

pub(super) fn list(
    scope: &EnvironmentAccess,
    kind: ObjectKind,
    (query, filter): (&ListQuery, &ObjectFilter),
) -> Result<Response, ApiError> {
    let current = scope.environment.current();
    let objects = current.state().objects(Visibility::All);
    let search = filter.search.as_deref().unwrap_or_default().to_lowercase();
    let all = objects.map().range(ObjectId::new(kind, "")..);
    let all = all.take_while(|(id, _)| id.kind == kind);
    let found = all.filter(|(id, object)| {
        let description = whole(object).get("description").cloned();
        let description = description.as_ref().and_then(Value::as_str);
        let texts = [Some(&*id.key), description];
        texts
            .into_iter()
            .flatten()
            .any(|text| text.to_lowercase().contains(&search))
    });
    let items = found.map(|(id, object)| Listed {
        id,
        object,
        version: version(objects, id, object),
    });
    let page = paging::page(items, query)?;
    let response: Page<Value> = page.map(|item| response(objects, item.id, item.object));
    Ok(Json(response).into_response())
}

pub(super) fn read(scope: &EnvironmentAccess, kind: ObjectKind) -> Result<Response, ApiError> {
    let id = ObjectId::new(kind, scope.key.as_str());
    answer(StatusCode::OK, &scope.environment.current(), &id)
}

/// The key of the object: in the path, or for a new object in the body
fn key(scope: &EnvironmentAccess, edit: &ObjectEdit) -> Result<String, ApiError> {
    let key = match (edit.verb, edit.body.get("key")) {
        (Verb::Create, Some(Value::String(key))) => key.clone(),
        (Verb::Create, _) => return Err(ApiError::invalid("/key", format!("expected {KEY}"))),
        (_, None) => scope.key.clone(),
        (_, Some(given)) if *given == *scope.key => scope.key.clone(),
        _ => {
            let expected = format!(
                "expected `{}`, as in the path: a key cannot be changed",
                scope.key
            );
            return Err(ApiError::invalid("/key", expected));
        }
    };
    if !limits::is_key(&key) {
        return Err(ApiError::invalid("/key", format!("expected {KEY}")));
    }
    Ok(key)
}

pub(super) async fn write(
    scope: &EnvironmentAccess,
    state: &AccessState,
    (query, headers): (WriteQuery, &HeaderMap),
    edit: ObjectEdit,
) -> Result<Response, ApiError> {
    let key = key(scope, &edit)?;
    let verb = edit.verb;
    let change = Change {
        id: ObjectId::new(edit.kind, key.as_str()),
        verb,
        members: members(edit.kind, edit.body)?,
        precondition: Precondition::of(headers),
    };
    let id = change.id.clone();
    let root = id.pointer();
    let author = query.author(&scope.principal, state)?;
    let project = state.engine.project(scope.project());
    let own_root = root.clone();
    let written = scope
        .environment
        .write(author, InvalidFlagPolicy::Refuse, move |current, draft| {
            change.make(current, draft)?;
            let errors = draft.settle_salts(&project, OtherSalt::Refuse).into_iter();
            ApiError::refuse(errors.map(|error| error.below(&own_root)).collect())
        })
        .await;
    let written = written.map_err(|error| match error {
        WriteError::Invalid(issues) => ApiError::issues(&issues, &root),
        other => other.into(),
    })?;
    let is_new = written
        .before
        .state()
        .objects(Visibility::All)
        .get(&id)
        .is_none();
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let mut response = answer(status, &written.after, &id)?;
    if verb == Verb::Create {
        let location = format!(
            "/api/v1/projects/{}/environments/{}/{}/{key}",
            scope.project(),
            scope.name(),
            id.kind.section()
        );
        let location = HeaderValue::try_from(location);
        let location = location.map_err(|error| ApiError::Internal(Box::new(error)))?;
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

pub(super) async fn delete(
    scope: &EnvironmentAccess,
    state: &AccessState,
    (query, headers): (WriteQuery, &HeaderMap),
    kind: ObjectKind,
) -> Result<StatusCode, ApiError> {
    let author = query.author(&scope.principal, state)?;
    let (id, precondition) = (
        ObjectId::new(kind, scope.key.as_str()),
        Precondition::of(headers),
    );
    let edit = move |current: &PublishedRevision, draft: &mut Draft| {
        let objects = current.state().objects(Visibility::All);
        let held = objects.get(&id);
        precondition.check(held.map(|held| version(objects, &id, held)))?;
        held.ok_or_else(|| missing(&id))?;
        let errors = uses(objects, &id).into_iter();
        let errors: Vec<FieldError> = errors
            .map(|used| {
                FieldError::new(
                    used.pointer,
                    format!("refers to it: {} `{}`", used.kind, used.key),
                )
            })
            .collect();
        if !errors.is_empty() {
            return Err(ApiError::InUse {
                what: id.kind.as_str(),
                key: id.key.to_string(),
                errors,
            });
        }
        draft.remove_owner(&id);
        Ok(())
    };
    scope
        .environment
        .write(author, InvalidFlagPolicy::Refuse, edit)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A change that may be decided more than once
struct Change {
    id: ObjectId,
    verb: Verb,
    members: Map<String, Value>,
    precondition: Precondition,
}

impl Change {
    fn make(&self, current: &PublishedRevision, draft: &mut Draft) -> Result<(), ApiError> {
        let objects = current.state().objects(Visibility::All);
        let held = objects.get(&self.id);
        self.precondition
            .check(held.map(|held| version(objects, &self.id, held)))?;
        let names_lists = ["include", "exclude"]
            .iter()
            .any(|name| self.members.contains_key(*name));
        let before = || {
            if names_lists {
                owner_value(objects, &self.id)
            } else {
                held.map(whole)
            }
        };
        let mut value = match (self.verb, held) {
            (Verb::Create, Some(_)) => {
                return Err(ApiError::NameTaken {
                    what: self.id.kind.as_str(),
                    name: self.id.key.to_string(),
                });
            }
            (Verb::Patch, None) => return Err(missing(&self.id)),
            (Verb::Patch, Some(_)) => {
                let mut value = before().unwrap_or_default();
                merge(&mut value, Value::Object(self.members.clone()));
                value
            }
            _ => Value::Object(self.members.clone()),
        };
        if let (true, None, Value::Object(members)) = (is_salted(self.id.kind), held, &mut value) {
            // The key is the same in every environment, so that units fall alike in all.
            members
                .entry("salt")
                .or_insert_with(|| Value::from(&*self.id.key));
        }
        if names_lists || self.id.kind != ObjectKind::Segment {
            draft.put_owner(&self.id, &value);
        } else {
            draft.put_body(&self.id, &value);
        }
        Ok(())
    }
}

fn is_salted(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Group | ObjectKind::Holdout)
}

/// The fields of a body without the envelope; unknown ones are refused
fn members(kind: ObjectKind, body: Value) -> Result<Map<String, Value>, ApiError> {
    let Value::Object(mut members) = body else {
        return Err(ApiError::invalid("", "expected an object"));
    };
    for name in ENVELOPE {
        members.remove(name);
    }
    let known: &[&str] = match kind {
        ObjectKind::Segment => &["when", "include", "exclude", "description", "needs"],
        ObjectKind::Group => &["salt", "unit"],
        _ => &["salt", "unit", "percent"],
    };
    let unknown = members
        .keys()
        .filter(|name| !known.contains(&name.as_str()));
    let errors = unknown.map(|name| {
        let message = format!("unknown field; there are {}", known.join(", "));
        FieldError::new(format!("/{}", escaped(name)), message)
    });
    ApiError::refuse(errors.collect())?;
    Ok(members)
}

fn answer(
    status: StatusCode,
    published: &PublishedRevision,
    id: &ObjectId,
) -> Result<Response, ApiError> {
    let objects = published.state().objects(Visibility::All);
    let object = objects.get(id).ok_or_else(|| missing(id))?;
    let tag = etag::quoted(&version(objects, id, object).to_string())?;
    let response = response(objects, id, object);
    Ok((status, [(ETAG, tag)], Json(response)).into_response())
}

pub(super) fn missing(id: &ObjectId) -> ApiError {
    ApiError::NotFound {
        what: id.kind.as_str(),
        name: id.key.to_string(),
    }
}

/// An object with the server's fields; for a segment's lists only their lengths
fn response(objects: &Objects, id: &ObjectId, object: &Object) -> Value {
    let mut value = whole(object);
    if let Value::Object(members) = &mut value {
        members.insert("key".to_owned(), Value::from(&*id.key));
        members.insert("version".to_owned(), version(objects, id, object).into());
        members.insert("usedBy".to_owned(), json!(uses(objects, id)));
        if id.kind == ObjectKind::Segment {
            members.insert("counts".to_owned(), json!(ids::counts(objects, id)));
        }
    }
    value
}

fn whole(object: &Object) -> Value {
    match &object.body {
        // INVARIANT: what is served is JSON.
        Body::Whole(whole) => serde_json::from_str(whole.text()).unwrap_or_default(),
        Body::List(_) => Value::Null,
    }
}

/// The revision that last changed an object or one of its lists
pub(super) fn version(objects: &Objects, id: &ObjectId, object: &Object) -> u64 {
    let lists = objects.lists_of(id).map(|(_, list)| list.version);
    lists.chain([object.version]).max().unwrap_or_default()
}
