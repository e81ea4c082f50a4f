//! Loading many overrides: parsed line by line as they arrive, checked against the flag, and put into a draft

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use flagstaff_core::Value;
use imbl::ordmap::DiffItem;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::{OverrideFilter, check, entries, list_of, schema_of};
use crate::access::guards::{REASON, is_reason};
use crate::engine::draft::{Draft, Entries};
use crate::engine::field_error::FieldError;
use crate::engine::published::PublishedRevision;
use crate::http::api_error::ApiError;
use crate::http::fields::Fields;
use crate::http::other_words::OVERRIDE;
use crate::object::{self, ObjectId, Objects, patch};

/// The maximum number of lines
const MAX_LINES: u32 = 200_000;
/// The maximum size of a line
const MAX_LINE_BYTES: usize = 1 << 20;
/// The number of errors that are listed; further errors are counted
const MAX_ERRORS: usize = 100;
/// Fields of a response that are not part of an override; a line or body may send them back
const ENVELOPE: [&str; 5] = ["flag", "createdAt", "createdBy", "updatedAt", "updatedBy"];

/// What to do with overrides that a load does not name
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MergeMode {
    /// Keep them
    #[default]
    Merge,
    /// Delete them
    Replace,
}

/// An override in a body or line
#[derive(Debug, Clone)]
pub(crate) struct OverrideRequest {
    pub(crate) value: Value,
    /// Its value as canonical JSON
    pub(crate) text: Arc<str>,
    pub(crate) reason: Option<Arc<str>>,
}

impl OverrideRequest {
    /// Parses the body of a single override, whose context is in the path; a response may be sent back as a body
    pub(crate) fn read(body: Json, (level, context_key): (&str, &str)) -> Result<Self, ApiError> {
        let mut fields = Fields::of(without_envelope(body))?.with_words(OVERRIDE);
        for (name, own) in [("level", level), ("contextKey", context_key)] {
            let expected = format!("`{own}`, as in the path, or nothing");
            fields.optional(name, &expected, |given| (given == own).then_some(()));
        }
        let submission = Self::take(&mut fields);
        fields.finish(submission)
    }

    /// Applies this one as a merge patch to a stored override
    pub(crate) fn merged_into(&self, held: &str) -> Self {
        let parse = |text: &str| serde_json::from_str::<Json>(text).unwrap_or_default();
        let mut merged = parse(held);
        patch::merge(&mut merged, parse(&self.text));
        let value = object::value(&merged);
        Self {
            text: value.to_canonical().into(),
            value,
            reason: self.reason.clone(),
        }
    }

    fn take(fields: &mut Fields) -> Option<Self> {
        let expected = "`\"include\"`, `\"exclude\"`, `{\"variant\": …}` or `{\"patch\": …}`";
        let value = fields.required("value", expected, |given| {
            serde_json::from_value::<Value>(given.clone()).ok()
        });
        let reason = fields.optional("reason", REASON, |given| {
            given.as_str().filter(|text| is_reason(text)).map(Arc::from)
        });
        let value = value?;
        let text = value.to_canonical().into();
        Some(Self {
            value,
            text,
            reason,
        })
    }
}

fn without_envelope(mut body: Json) -> Json {
    if let Some(members) = body.as_object_mut() {
        members.retain(|name, _| !ENVELOPE.contains(&name.as_str()));
    }
    body
}

/// One line of a load
#[derive(Debug)]
pub(crate) struct Line {
    number: u32,
    level: Arc<str>,
    context_key: Arc<str>,
    submission: OverrideRequest,
}

/// The result of a load
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct LoadCounts {
    pub(crate) added: usize,
    pub(crate) changed: usize,
    pub(crate) removed: usize,
}

impl LoadCounts {
    /// The differences of a flag's overrides in two states
    pub(crate) fn of(before: &Objects, after: &Objects, flag: &ObjectId) -> Self {
        let mut tally = Self::default();
        let nothing = Entries::new();
        let lists = before.lists_of(flag).chain(after.lists_of(flag));
        let lists: BTreeSet<&ObjectId> = lists.map(|(list, _)| list).collect();
        for list in lists {
            let [was, is] = [before, after].map(|objects| entries(objects, list));
            for item in was.unwrap_or(&nothing).diff(is.unwrap_or(&nothing)) {
                let count = match item {
                    DiffItem::Add(..) => &mut tally.added,
                    DiffItem::Update { .. } => &mut tally.changed,
                    DiffItem::Remove(..) => &mut tally.removed,
                };
                *count = count.saturating_add(1);
            }
        }
        tally
    }
}

/// Errors, of which a limited number is listed
#[derive(Debug, Default)]
struct Errors {
    listed: Vec<FieldError>,
    unlisted: usize,
}

impl Errors {
    fn extend(&mut self, line: u32, errors: impl IntoIterator<Item = FieldError>) {
        for error in errors {
            if self.listed.len() < MAX_ERRORS {
                self.listed.push(error.in_line(line));
            } else {
                self.unlisted = self.unlisted.saturating_add(1);
            }
        }
    }

    fn finish(mut self) -> Result<(), ApiError> {
        if self.unlisted > 0 {
            let message = format!("{} more things are wrong", self.unlisted);
            self.listed.push(FieldError::new("", message));
        }
        let errors = self.listed;
        if errors.is_empty() {
            Ok(())
        } else {
            Err(ApiError::Invalid { errors })
        }
    }
}

/// Parses the lines of a body that arrives piece by piece
#[derive(Debug, Default)]
pub(crate) struct LineDecoder {
    // The level of lines without one.
    level: Option<Arc<str>>,
    unread: Vec<u8>,
    number: u32,
    lines: Vec<Line>,
    // For each level and context, its first line.
    seen: HashMap<(Arc<str>, Arc<str>), u32>,
    // Most lines have one of a few values.
    texts: HashMap<Arc<str>, OverrideRequest>,
    levels: HashMap<String, Arc<str>>,
    errors: Errors,
}

impl LineDecoder {
    /// Parses lines, which are for `level` if there is one
    pub(crate) fn new(level: Option<&str>) -> Self {
        Self {
            level: level.map(Arc::from),
            ..Self::default()
        }
    }

    /// Parses what has arrived; errors are reported at the end
    pub(crate) fn read(&mut self, mut arrived: &[u8]) -> Result<(), ApiError> {
        while let Some(end) = arrived.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = arrived.split_at(end);
            self.keep(line)?;
            self.line()?;
            arrived = rest.get(1..).unwrap_or_default();
        }
        self.keep(arrived)
    }

    /// All lines, if none of them has an error
    pub(crate) fn finish(mut self) -> Result<Vec<Line>, ApiError> {
        self.line()?;
        self.errors.finish()?;
        Ok(self.lines)
    }

    fn keep(&mut self, part: &[u8]) -> Result<(), ApiError> {
        self.unread.extend_from_slice(part);
        if self.unread.len() > MAX_LINE_BYTES {
            let message = format!("expected a line of at most {MAX_LINE_BYTES} bytes");
            let errors = vec![FieldError::new("", message).in_line(self.number.saturating_add(1))];
            return Err(ApiError::Invalid { errors });
        }
        Ok(())
    }

    fn line(&mut self) -> Result<(), ApiError> {
        let text = std::mem::take(&mut self.unread);
        self.number = self.number.saturating_add(1);
        if text.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        // Invalid lines count too: otherwise a load of invalid lines would be read to its end.
        if self.number > MAX_LINES {
            let message = format!("expected at most {MAX_LINES} lines");
            return Err(ApiError::invalid("", message));
        }
        match self.override_of(&text) {
            Ok(line) => self.lines.push(line),
            Err(ApiError::Invalid { errors }) => self.errors.extend(self.number, errors),
            Err(other) => return Err(other),
        }
        Ok(())
    }

    fn override_of(&mut self, text: &[u8]) -> Result<Line, ApiError> {
        let json: Json = serde_json::from_slice(text)
            .map_err(|error| ApiError::invalid("", format!("the line is no JSON: {error}")))?;
        let mut fields = Fields::of(without_envelope(json))?.with_words(OVERRIDE);
        let text = |given: &Json| given.as_str().map(str::to_owned);
        let level = match &self.level {
            None => fields.required("level", "the name of a level", text),
            Some(own) => {
                let expected = format!("`{own}`, as in `?level`, or nothing");
                let own_text = |given: &Json| text(given).filter(|given| **given == **own);
                let is_absent = fields.is_absent("level");
                let level = fields.optional("level", &expected, own_text);
                level.or_else(|| is_absent.then(|| own.to_string()))
            }
        };
        let context_key = fields.required("contextKey", "the key of a context, a string", text);
        let submission = OverrideRequest::take(&mut fields);
        let read = level.zip(context_key).zip(submission);
        let ((level, context_key), submission) = fields.finish(read)?;
        let level = Arc::clone(
            self.levels
                .entry(level)
                .or_insert_with_key(|level| level.as_str().into()),
        );
        let context_key: Arc<str> = context_key.into();
        let place = (Arc::clone(&level), Arc::clone(&context_key));
        if let Some(first) = self.seen.get(&place) {
            let message = format!("line {first} is of the same context");
            return Err(ApiError::invalid("/contextKey", message));
        }
        self.seen.insert(place, self.number);
        Ok(Line {
            number: self.number,
            level,
            context_key,
            submission: self.shared(submission),
        })
    }

    /// The same, sharing the value of an earlier line
    fn shared(&mut self, submission: OverrideRequest) -> OverrideRequest {
        if submission.reason.is_some() {
            return submission;
        }
        let text = Arc::clone(&submission.text);
        self.texts.entry(text).or_insert(submission).clone()
    }
}

/// Puts the lines into a draft, if all of them fit the flag
pub(crate) fn apply(
    lines: &[Line],
    (mode, level): (MergeMode, Option<&str>),
    flag: &ObjectId,
    (current, draft): (&PublishedRevision, &mut Draft),
) -> Result<(), ApiError> {
    let mut errors = Errors::default();
    let schema = schema_of(current, &flag.key);
    for line in lines {
        let what = (&*line.context_key, &line.submission.value);
        let flag = (&*flag.key, schema.as_ref());
        errors.extend(line.number, check(current, flag, &line.level, what));
    }
    errors.finish()?;
    let mut by_list: BTreeMap<ObjectId, Vec<&Line>> = BTreeMap::new();
    if mode == MergeMode::Replace {
        let filter = OverrideFilter {
            level: level.map(str::to_owned),
            ..OverrideFilter::default()
        };
        let lists = filter.lists(draft.objects(), flag);
        by_list.extend(
            lists
                .into_iter()
                .map(|(list, _)| (list.clone(), Vec::new())),
        );
    }
    for line in lines {
        let list = list_of(&flag.key, &line.level);
        by_list.entry(list).or_default().push(line);
    }
    for (list, lines) in &by_list {
        put(list, lines, mode, draft);
    }
    Ok(())
}

fn put(list: &ObjectId, lines: &[&Line], mode: MergeMode, draft: &mut Draft) {
    let mut changed = Vec::new();
    draft.edit_list(list, |entries| {
        let is_less = mode == MergeMode::Replace && retain(entries, lines);
        for line in lines {
            let (context_key, text) = (&line.context_key, &line.submission.text);
            // An override that does not change keeps its reason too.
            if entries.get(context_key) != Some(text) {
                entries.insert(Arc::clone(context_key), Arc::clone(text));
                changed.push(*line);
            }
        }
        is_less || !changed.is_empty()
    });
    for line in changed {
        if let Some(reason) = &line.submission.reason {
            draft.because(list, &line.context_key, Arc::clone(reason));
        }
    }
}

/// Removes overrides that the lines do not name; returns whether there were any
fn retain(entries: &mut Entries, lines: &[&Line]) -> bool {
    let named: HashSet<&str> = lines.iter().map(|line| &*line.context_key).collect();
    let gone: Vec<Arc<str>> = entries
        .keys()
        .filter(|entry| !named.contains(&***entry))
        .cloned()
        .collect();
    for entry in &gone {
        entries.remove(entry);
    }
    !gone.is_empty()
}
