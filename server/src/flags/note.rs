//! Metadata of a flag in its project: name, description, tags, owner, kind and the stage of its life
//!
//! The name and the description are also fields of the flag in every environment, so that documents contain them. A request writes them to
//! all environments that have the flag.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::engine::draft::{Draft, flag_body};
use crate::engine::environment::{Author, Edit};
use crate::engine::published::PublishedRevision;
use crate::engine::visibility::Visibility;
use crate::http::api_error::ApiError;
use crate::http::fields::Fields;
use crate::object::patch::merge;
use crate::object::{NAME, NAME_LENGTH, is_display_name, value};
use crate::store::{Action, AuditEntry, FlagKind, Lifecycle, NoteChange, ProjectFlagRow};

const DESCRIPTION_LENGTH: usize = 2_000;
const WORD_LENGTH: usize = 100;
const MOST_TAGS: usize = 20;
/// Fields of a flag's body that belong to its metadata in the project
const OF_PROJECT: [&str; 3] = ["kind", "owner", "tags"];
/// Fields of both
const SHARED: [&str; 2] = [NAME, "description"];

/// Takes the metadata out of a flag's body; the name and the description belong to both
pub(crate) fn take(body: &mut Json) -> Option<Json> {
    let members = body.as_object_mut()?;
    let mut said = Map::new();
    for name in OF_PROJECT {
        said.extend(members.remove_entry(name));
    }
    for name in SHARED {
        if let Some(given) = members.get(name) {
            said.insert(name.to_owned(), given.clone());
        }
    }
    (!said.is_empty()).then_some(Json::Object(said))
}

/// The name and the description after a request, if the request names them
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedFields(Vec<(&'static str, String)>);

impl SharedFields {
    /// Those that a body names
    pub(crate) fn of(body: &Json, after: &ProjectFlagRow) -> Self {
        let own = [&after.name, &after.description].map(String::clone);
        let named = SHARED.into_iter().zip(own);
        Self(named.filter(|(name, _)| body.get(name).is_some()).collect())
    }

    /// Whether there are none
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets them in a flag
    pub(crate) fn set(&self, flag: &mut Json) {
        let Some(members) = flag.as_object_mut() else {
            return;
        };
        for (name, value) in &self.0 {
            if value.is_empty() {
                members.remove(*name);
            } else {
                members.insert((*name).to_owned(), value.as_str().into());
            }
        }
    }

    /// Sets those that the request did not name, as the flag has them in one of these environments
    pub(crate) fn fill(&self, flag: &mut Json, held: &[Json]) {
        let Some(members) = flag.as_object_mut() else {
            return;
        };
        let is_named = |name: &str| self.0.iter().any(|(own, _)| *own == name);
        for name in SHARED.into_iter().filter(|name| !is_named(name)) {
            let held = held.iter().find_map(|flag| flag.get(name));
            if let Some(held) = held.filter(|_| !members.contains_key(name)) {
                members.insert(name.to_owned(), held.clone());
            }
        }
    }

    /// The edit that sets them in an environment, if it has the flag
    pub(crate) fn edit(self, key: &str) -> Edit<ApiError> {
        let key = key.to_owned();
        Arc::new(move |current: &PublishedRevision, draft: &mut Draft| {
            if let Some(mut flag) = flag_body(current.state().objects(Visibility::All), &key) {
                self.set(&mut flag);
                draft.put_flag_body(&key, &flag);
            }
            Ok(())
        })
    }
}

/// Applies a JSON merge patch (RFC 7396) to the metadata: what is null is removed
pub(crate) fn patched(note: &ProjectFlagRow, body: Json) -> Result<ProjectFlagRow, ApiError> {
    if !body.is_object() {
        return Err(ApiError::invalid("", "expected an object"));
    }
    let mut said = json!({
        "name": note.name, "description": note.description, "tags": note.tags, "owner": note.owner, "kind": note.kind.name(),
    });
    merge(&mut said, body);
    let new = ProjectFlagRow::new(Arc::clone(&note.key));
    let mut fields = Fields::of(said)?;
    let expected = format!("at most {NAME_LENGTH} characters, none of them a control character");
    let name = fields.optional("name", &expected, |given| {
        let name = given.as_str().filter(|_| is_display_name(given));
        name.map(str::to_owned)
    });
    let expected = format!("at most {DESCRIPTION_LENGTH} characters without NUL");
    let description = fields.optional("description", &expected, |given| {
        let text = given.as_str()?;
        let is_usable = text.chars().count() <= DESCRIPTION_LENGTH && !text.contains('\0');
        is_usable.then(|| text.to_owned())
    });
    let expected =
        format!("an array of at most {MOST_TAGS} different words of 1 to {WORD_LENGTH} characters");
    let tags = fields.optional("tags", &expected, |given| {
        let tags: Option<Vec<String>> = given.as_array()?.iter().map(word).collect();
        tags.filter(|tags| are_tags(tags))
    });
    let expected = format!("at most {WORD_LENGTH} characters");
    let owner = fields.optional("owner", &expected, word);
    let expected = "`release`, `experiment`, `killSwitch` or `permission`";
    let kind = fields.optional("kind", expected, |given| FlagKind::named(given.as_str()?));
    let lifecycle = fields.optional("lifecycle", "`active` or `stale`", |given| {
        Lifecycle::named(given.as_str()?).filter(|given| *given != Lifecycle::Archived)
    });
    fields.finish(Some(()))?;
    Ok(ProjectFlagRow {
        name: name.unwrap_or(new.name),
        description: description.unwrap_or(new.description),
        tags: tags.unwrap_or(new.tags),
        owner: owner.unwrap_or(new.owner),
        kind: kind.unwrap_or(new.kind),
        lifecycle: lifecycle.unwrap_or(note.lifecycle),
        ..note.clone()
    })
}

fn word(given: &Json) -> Option<String> {
    let word = given.as_str()?;
    let is_usable = word.chars().count() <= WORD_LENGTH && !word.chars().any(char::is_control);
    is_usable.then(|| word.to_owned())
}

fn are_tags(tags: &[String]) -> bool {
    let different: BTreeSet<&String> = tags.iter().collect();
    tags.len() <= MOST_TAGS && different.len() == tags.len() && !tags.iter().any(String::is_empty)
}

/// The rows that the store has to write, if anything changed
pub(crate) fn change(
    project: i64,
    (before, after): (&ProjectFlagRow, ProjectFlagRow),
    (action, author): (Action, Author),
) -> Option<NoteChange> {
    if *before == after {
        return None;
    }
    let said = (Some(value(&audited(before))), Some(value(&audited(&after))));
    let audit = AuditEntry::new(action, "flag", Arc::clone(&after.key), said);
    Some(NoteChange {
        project_id: project,
        note: after,
        author,
        audit,
    })
}

fn audited(note: &ProjectFlagRow) -> Json {
    json!({
        "name": note.name,
        "description": note.description,
        "tags": note.tags,
        "owner": note.owner,
        "kind": note.kind.name(),
        "lifecycle": note.lifecycle.name(),
        "archivedIn": note.archived_in,
    })
}
