//! Loading many ids: parsed line by line as they arrive, and put into a draft

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::ids::{IdFilter, LIST_NAMES, ListName, PRESENT, is_id, is_kind};
use super::object::missing;
use crate::engine::draft::Draft;
use crate::engine::field_error::FieldError;
use crate::http::api_error::ApiError;
use crate::http::fields::Fields;
use crate::object::{Body, ObjectId, ObjectKind, Objects};

/// Lines of a load
const MAX_LINES: usize = 200_000;
/// Errors that are listed
const MAX_ERRORS: usize = 100;

/// What to do with the ids
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum LoadMode {
    /// Add those in the load
    #[default]
    Merge,
    /// Add those in the load, and remove all others
    Replace,
    /// Remove those in the load
    Remove,
}

/// How many ids a load added and removed
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SegmentLoadCounts)]
pub(super) struct LoadCounts {
    added: usize,
    removed: usize,
}

impl LoadCounts {
    /// The differences of a segment's lists in two states
    pub(super) fn of(before: &Objects, after: &Objects, segment: &ObjectId) -> Self {
        let missing = |from: &Objects, of: &Objects| {
            let lists = IdFilter::default().lists(of, segment).into_iter();
            let counts = lists.map(|(_, list, entries)| {
                let held = from.get(list).map(|held| &held.body);
                let is_missing = |id: &&Arc<str>| match held {
                    Some(Body::List(held)) => !held.contains_key(*id),
                    _ => true,
                };
                entries.keys().filter(is_missing).count()
            });
            counts.sum()
        };
        Self {
            added: missing(before, after),
            removed: missing(after, before),
        }
    }
}

/// The ids of a load, by list
#[derive(Debug)]
pub(super) struct Load {
    segment: ObjectId,
    filter: IdFilter,
    mode: LoadMode,
    lists: BTreeMap<ObjectId, BTreeSet<Arc<str>>>,
    pub(super) lines: usize,
}

impl Load {
    /// Parses a body of NDJSON: an id per line, `"u-17"` or `{"id", "kind"?, "list"?}`
    pub(super) fn read(
        segment: &str,
        (filter, mode): (IdFilter, LoadMode),
        body: &[u8],
    ) -> Result<Self, ApiError> {
        let mut load = Self {
            segment: ObjectId::new(ObjectKind::Segment, segment),
            filter,
            mode,
            lists: BTreeMap::new(),
            lines: 0,
        };
        let mut errors = Vec::new();
        let lines = (1_u32..).zip(body.split(|byte| *byte == b'\n'));
        let is_blank = |line: &[u8]| line.iter().all(u8::is_ascii_whitespace);
        for (number, line) in lines.filter(|(_, line)| !is_blank(line)) {
            load.lines = load.lines.saturating_add(1);
            if load.lines > MAX_LINES {
                let message = format!("expected at most {MAX_LINES} lines");
                errors.push(FieldError::new("", message).in_line(number));
                break;
            }
            match load.line(line) {
                Ok((list, id)) => drop(load.lists.entry(list).or_default().insert(id)),
                Err(wrong) => errors.extend(wrong.into_iter().map(|error| error.in_line(number))),
            }
            if errors.len() >= MAX_ERRORS {
                break;
            }
        }
        ApiError::refuse(errors)?;
        Ok(load)
    }

    fn line(&self, line: &[u8]) -> Result<(ObjectId, Arc<str>), Vec<FieldError>> {
        let value: Value = serde_json::from_slice(line).map_err(|_| {
            let message = "expected a JSON string, or an object with `id`";
            vec![FieldError::new("", message)]
        })?;
        let value = match value {
            Value::String(id) => serde_json::json!({"id": id}),
            value => value,
        };
        self.fields(value).map_err(|error| match error {
            ApiError::Invalid { errors } => errors,
            other => vec![FieldError::new("", other.to_string())],
        })
    }

    fn fields(&self, value: Value) -> Result<(ObjectId, Arc<str>), ApiError> {
        let mut fields = Fields::of(value)?;
        let text = |given: &Value, is_valid: fn(&str) -> bool| {
            given.as_str().filter(|text| is_valid(text)).map(Arc::from)
        };
        let expected = "1 to 255 characters without NUL";
        let id: Option<Arc<str>> = fields.required("id", expected, |given| text(given, is_id));
        let expected = "a kind of context, as `user`, here or as `?kind=`";
        let kind: Option<Arc<str>> = match &self.filter.kind {
            Some(kind) => fields
                .optional("kind", expected, |given| text(given, is_kind))
                .or_else(|| Some(Arc::from(&**kind))),
            None => fields.required("kind", expected, |given| text(given, is_kind)),
        };
        let list = fields.optional("list", LIST_NAMES, |given| {
            given.as_str()?.parse::<ListName>().ok()
        });
        let list = list.or(self.filter.list).unwrap_or(ListName::Include);
        let (kind, id) = fields.finish(kind.zip(id))?;
        Ok((list.of(&self.segment.key, &kind), id))
    }

    /// Puts the ids into a draft
    pub(super) fn apply(&self, draft: &mut Draft) -> Result<(), ApiError> {
        if draft.objects().get(&self.segment).is_none() {
            return Err(missing(&self.segment));
        }
        if self.mode == LoadMode::Replace {
            let lists = self.filter.lists(draft.objects(), &self.segment);
            let lists: Vec<ObjectId> = lists.into_iter().map(|(_, id, _)| id.clone()).collect();
            for list in lists {
                let wanted = self.lists.get(&list);
                draft.edit_list(&list, |entries| {
                    let is_wanted = |id: &Arc<str>| wanted.is_some_and(|ids| ids.contains(id));
                    let gone = entries.keys().filter(|id| !is_wanted(id)).cloned();
                    let gone: Vec<Arc<str>> = gone.collect();
                    for id in &gone {
                        entries.remove(id);
                    }
                    !gone.is_empty()
                });
            }
        }
        for (list, ids) in &self.lists {
            draft.edit_list(list, |entries| {
                let before = entries.len();
                for id in ids {
                    if self.mode == LoadMode::Remove {
                        entries.remove(id);
                    } else {
                        entries.insert(Arc::clone(id), PRESENT.into());
                    }
                }
                entries.len() != before
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_has_at_most_200_000_lines_and_names_what_is_wrong_by_its_line() {
        let read = |body: &str| {
            let filter = IdFilter {
                kind: Some("user".to_owned()),
                ..IdFilter::default()
            };
            Load::read("s", (filter, LoadMode::Merge), body.as_bytes())
        };
        let errors = |body: &str| match read(body) {
            Err(ApiError::Invalid { errors }) => errors,
            other => panic!("{other:?}"),
        };
        let line = "\"a\"\n";
        assert_eq!(read(&line.repeat(MAX_LINES)).unwrap().lines, 200_000);
        let refused = errors(&line.repeat(MAX_LINES + 1));
        assert_eq!((refused.len(), refused[0].line), (1, Some(200_001)));
        let refused = errors(&"7\n\n".repeat(MAX_ERRORS + 5));
        let last = refused.last().unwrap();
        assert_eq!((refused.len(), last.line), (MAX_ERRORS, Some(199)));
    }
}
