//! A load of many overrides: read line by line as it arrives, held against the flag, and put into a draft

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use flagstaff_core::Value;
use imbl::ordmap::DiffItem;
use serde::Serialize;
use serde_json::Value as Json;

use super::{Filter, check, entries, list_of};
use crate::api_error::{ApiError, FieldError};
use crate::draft::{Draft, Entries};
use crate::extract::{REASON, is_reason};
use crate::fields::Fields;
use crate::object::{ObjectId, Objects};
use crate::published::Published;

/// Lines of a load
const MOST_LINES: u32 = 200_000;
/// Bytes of a line
const LINE_BYTES: usize = 1 << 20;
/// Errors that are told; those after them are counted
const TOLD_ERRORS: usize = 100;
/// Fields of an answer that are not part of an override; a line or body may send them back
const ENVELOPE: [&str; 3] = ["flag", "updatedAt", "updatedBy"];

/// What becomes of overrides that a load does not name
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They stay
    Merge,
    /// They go
    Replace,
}

/// What a body says of an override
#[derive(Debug, Clone)]
pub(crate) struct Submission {
    pub(crate) value: Value,
    /// The value's canonical JSON
    pub(crate) text: Arc<str>,
    pub(crate) reason: Option<Arc<str>>,
}

impl Submission {
    /// Reads the body of a single override, of which the path has said whose it is
    pub(crate) fn read(body: Json) -> Result<Self, ApiError> {
        let mut fields = Fields::of(without_envelope(body))?;
        let submission = Self::take(&mut fields);
        fields.finish(submission)
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
    submission: Submission,
}

/// What a load says, and what it did
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Tally {
    pub(crate) added: usize,
    pub(crate) changed: usize,
    pub(crate) removed: usize,
}

impl Tally {
    /// What differs between two states of a flag's overrides
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

/// Errors, of which only so many are told
#[derive(Debug, Default)]
struct Errors {
    told: Vec<FieldError>,
    untold: usize,
}

impl Errors {
    fn extend(&mut self, line: u32, errors: impl IntoIterator<Item = FieldError>) {
        for error in errors {
            if self.told.len() < TOLD_ERRORS {
                self.told.push(error.in_line(line));
            } else {
                self.untold = self.untold.saturating_add(1);
            }
        }
    }

    fn finish(mut self) -> Result<(), ApiError> {
        if self.untold > 0 {
            let message = format!("{} more things are wrong", self.untold);
            self.told.push(FieldError::new("", message));
        }
        let errors = self.told;
        if errors.is_empty() {
            Ok(())
        } else {
            Err(ApiError::Invalid { errors })
        }
    }
}

/// The lines of a body that arrives piece by piece
#[derive(Debug, Default)]
pub(crate) struct Reader {
    // The level of lines that name none.
    level: Option<Arc<str>>,
    unread: Vec<u8>,
    number: u32,
    lines: Vec<Line>,
    // By level and context, the line that it was first in.
    seen: HashMap<(Arc<str>, Arc<str>), u32>,
    // Most lines say one of few things.
    texts: HashMap<Arc<str>, Submission>,
    levels: HashMap<String, Arc<str>>,
    errors: Errors,
}

impl Reader {
    /// Reads lines, which are for `level` if there is one
    pub(crate) fn new(level: Option<&str>) -> Self {
        Self {
            level: level.map(Arc::from),
            ..Self::default()
        }
    }

    /// Reads what has arrived; what is wrong with it is told at the end
    pub(crate) fn read(&mut self, mut arrived: &[u8]) -> Result<(), ApiError> {
        while let Some(end) = arrived.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = arrived.split_at(end);
            self.keep(line)?;
            self.line()?;
            arrived = rest.get(1..).unwrap_or_default();
        }
        self.keep(arrived)
    }

    /// All lines, if nothing was wrong with any
    pub(crate) fn finish(mut self) -> Result<Vec<Line>, ApiError> {
        self.line()?;
        self.errors.finish()?;
        Ok(self.lines)
    }

    fn keep(&mut self, part: &[u8]) -> Result<(), ApiError> {
        self.unread.extend_from_slice(part);
        if self.unread.len() > LINE_BYTES {
            let message = format!("expected a line of at most {LINE_BYTES} bytes");
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
        // Also of bad ones, or a load of nothing else would be read to its end.
        if self.number > MOST_LINES {
            let message = format!("expected at most {MOST_LINES} lines");
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
        let mut fields = Fields::of(without_envelope(json))?;
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
        let submission = Submission::take(&mut fields);
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

    /// The same, with what an earlier line said of the same value
    fn shared(&mut self, submission: Submission) -> Submission {
        if submission.reason.is_some() {
            return submission;
        }
        let text = Arc::clone(&submission.text);
        self.texts.entry(text).or_insert(submission).clone()
    }
}

/// Puts the lines into a draft, if the flag takes all of them
pub(crate) fn apply(
    lines: &[Line],
    (mode, level): (Mode, Option<&str>),
    flag: &ObjectId,
    (current, draft): (&Published, &mut Draft),
) -> Result<(), ApiError> {
    let mut errors = Errors::default();
    for line in lines {
        let what = (&*line.context_key, &line.submission.value);
        errors.extend(line.number, check(current, &flag.key, &line.level, what));
    }
    errors.finish()?;
    let mut by_list: BTreeMap<ObjectId, Vec<&Line>> = BTreeMap::new();
    if mode == Mode::Replace {
        let filter = Filter {
            level: level.map(str::to_owned),
            ..Filter::default()
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

fn put(list: &ObjectId, lines: &[&Line], mode: Mode, draft: &mut Draft) {
    let mut changed = Vec::new();
    draft.edit_list(list, |entries| {
        let is_less = mode == Mode::Replace && retain(entries, lines);
        for line in lines {
            let (context_key, text) = (&line.context_key, &line.submission.text);
            // What is as it was keeps its reason, too.
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

/// Removes what the lines do not name; whether there was any
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
