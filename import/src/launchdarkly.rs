//! LaunchDarkly: the flags and segments that its server SDKs download
//!
//! Rules, prerequisites and segments become ours. Clauses, targets and rollouts stay LaunchDarkly's own, inside our rules, since they
//! read LaunchDarkly's contexts. The name of a variant is the index of its variation.

mod clause;
mod flag;
mod segment;
mod serve;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use crate::draft::{Draft, Keys};
use crate::report::{FlagReport, Note};
use crate::{FlagAnswers, ImportError, Imported, Options};

/// A converted flag or segment
struct Converted {
    json: Json,
    /// Remarks
    notes: Vec<Note>,
    /// The flags that it refers to, and where in the file
    flags: BTreeMap<String, String>,
    segments: BTreeMap<String, String>,
    answers: FlagAnswers,
}

/// A converted object; `Err` says why it is not taken over
type Result<T> = std::result::Result<T, Note>;
type ByKey = BTreeMap<String, Result<Converted>>;

/// The flags and segments of the file
struct Source<'s> {
    flags: &'s Map<String, Json>,
    segments: &'s Map<String, Json>,
    root: &'static str,
    flag_keys: Keys,
    segment_keys: Keys,
    /// The flags of which another one requires the variation that they serve while they are off
    required_off: BTreeSet<&'s str>,
}

pub(crate) fn convert(
    options: &Options,
    source: &Json,
) -> std::result::Result<Imported, ImportError> {
    let empty = Map::new();
    let source = Source::read(source, &empty)?;
    let mut segments: ByKey = present(source.segments)
        .map(|(key, json)| (key.clone(), segment::convert(&source, key, json)))
        .collect();
    refuse_dependents(&mut segments, |segment| &segment.segments, "segment");
    let mut flags: ByKey = present(source.flags)
        .map(|(key, json)| (key.clone(), flag::convert(&source, key, json)))
        .collect();
    refuse_by_segment(&mut flags, &segments);
    refuse_dependents(&mut flags, |flag| &flag.flags, "prerequisite");
    let Source {
        root,
        flag_keys,
        segment_keys,
        ..
    } = source;
    let mut draft = Draft {
        keys: flag_keys,
        ..Draft::default()
    };
    for (key, segment) in segments {
        let pointer = format!("{root}/segments/{}", escaped(&key));
        let mut report = FlagReport::new(&format!("segment {key}"), &pointer);
        if let Some(segment) = reported(segment, &mut report) {
            draft.add_segment(&segment_keys.of(&key), segment.json, &pointer);
        }
        // The report has no line for a segment without remarks.
        draft
            .report
            .extend(Some(report).filter(|report| !report.notes.is_empty()));
    }
    for (key, flag) in flags {
        let pointer = format!("{root}/flags/{}", escaped(&key));
        let mut report = FlagReport::new(&key, &pointer);
        if let Some(flag) = reported(flag, &mut report) {
            let own = draft.keys.of(&key);
            draft.answers.insert(own.clone(), flag.answers);
            draft.flags.insert(own, flag.json);
        }
        draft.report.push(report);
    }
    Ok(draft.finish(options, None))
}

impl<'s> Source<'s> {
    /// The flags and segments; `empty` is for a file without segments
    fn read(
        source: &'s Json,
        empty: &'s Map<String, Json>,
    ) -> std::result::Result<Self, ImportError> {
        // The first event of the stream has flags and segments in a member.
        let (data, root) = match source.get("data") {
            Some(data) if source.get("flags").is_none() => (data, "/data"),
            _ => (source, ""),
        };
        let member = |name: &str| match data.get(name) {
            Some(Json::Object(members)) => Ok(Some(members)),
            None | Some(Json::Null) => Ok(None),
            Some(_) => Err(shape(&format!("{root}/{name}"), "expected an object")),
        };
        let Some(flags) = member("flags")? else {
            return Err(shape(
                &format!("{root}/flags"),
                "expected the flags by their keys, as LaunchDarkly's server SDKs download them",
            ));
        };
        let segments = member("segments")?.unwrap_or(empty);
        Ok(Self {
            flags,
            segments,
            root,
            flag_keys: Keys::new(names(flags)),
            segment_keys: Keys::new(segments.keys().map(String::as_str)),
            required_off: required_off(flags),
        })
    }
}

/// Refuses the flags that refer to a segment that is refused
fn refuse_by_segment(flags: &mut ByKey, segments: &ByKey) {
    for flag in flags.values_mut() {
        let Ok(converted) = flag else { continue };
        let refused = converted.segments.iter().find_map(|(key, pointer)| {
            let segment = segments.get(key)?.as_ref().err()?;
            Some(note(
                pointer,
                &format!("the segment `{key}` is not taken over: {}", segment.message),
            ))
        });
        if let Some(refused) = refused {
            *flag = Err(refused);
        }
    }
}

/// The objects that are not deleted
fn present(objects: &Map<String, Json>) -> impl Iterator<Item = (&String, &Json)> {
    let is_deleted = |json: &Json| json.get("deleted") == Some(&Json::Bool(true));
    objects.iter().filter(move |(_, json)| !is_deleted(json))
}

/// What flags require, with the flag that requires it
fn prerequisites(flags: &Map<String, Json>) -> impl Iterator<Item = (&str, &Json)> {
    let lists = flags.values().filter_map(|flag| flag.get("prerequisites"));
    let all = lists.filter_map(Json::as_array).flatten();
    all.filter_map(|prerequisite| Some((prerequisite.get("key")?.as_str()?, prerequisite)))
}

/// The keys of all flags, and of those that are only required, so that no other flag takes such a key
fn names(flags: &Map<String, Json>) -> BTreeSet<&str> {
    let own = flags.keys().map(String::as_str);
    own.chain(prerequisites(flags).map(|(key, _)| key))
        .collect()
}

/// The flags of which another one requires the variation that they serve while they are off
fn required_off(flags: &Map<String, Json>) -> BTreeSet<&str> {
    let off = |key: &str| flags.get(key)?.get("offVariation");
    prerequisites(flags)
        .filter(|(key, required)| {
            off(key).is_some_and(|off| required.get("variation") == Some(off))
        })
        .map(|(key, _)| key)
        .collect()
}

/// Refuses what is in a cycle, and what refers to something refused
fn refuse_dependents(
    objects: &mut ByKey,
    references: impl Fn(&Converted) -> &BTreeMap<String, String>,
    what: &str,
) {
    let mut dependents: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // The number of unsettled references of each object: references to objects that are neither taken over for certain nor refused.
    let mut unsettled: BTreeMap<String, usize> = BTreeMap::new();
    let mut ready = Vec::new();
    for (key, object) in &*objects {
        let references = object.as_ref().ok().map(&references).into_iter().flatten();
        let mut count = 0_usize;
        for (inner, _) in references.filter(|(inner, _)| objects.contains_key(*inner)) {
            dependents
                .entry(inner.clone())
                .or_default()
                .push(key.clone());
            count = count.saturating_add(1);
        }
        if count == 0 {
            ready.push(key.clone());
        } else {
            unsettled.insert(key.clone(), count);
        }
    }
    // The first cause why each is refused, without the objects in between.
    let mut causes: BTreeMap<String, String> = BTreeMap::new();
    while let Some(key) = ready.pop() {
        let reason = objects.get(&key).and_then(|object| object.as_ref().err());
        let cause = reason.map(|note| causes.get(&key).unwrap_or(&note.message).clone());
        for outer in dependents.remove(&key).unwrap_or_default() {
            let Some(left) = unsettled.get_mut(&outer) else {
                continue;
            };
            *left = left.saturating_sub(1);
            let is_settled = *left == 0;
            if let Some(cause) = &cause
                && let Some(object) = objects.get_mut(&outer)
                && let Ok(converted) = object
            {
                let pointer = references(converted).get(&key).cloned().unwrap_or_default();
                let message = format!("the {what} `{key}` is not taken over: {cause}");
                *object = Err(note(&pointer, &message));
                causes.insert(outer.clone(), cause.clone());
            }
            if is_settled || cause.is_some() {
                unsettled.remove(&outer);
                ready.push(outer);
            }
        }
    }
    // The remaining objects are in a cycle, or refer to one.
    for key in unsettled.keys() {
        let Some(object) = objects.get_mut(key) else {
            continue;
        };
        let Ok(converted) = object else { continue };
        let found = references(converted)
            .iter()
            .find(|(inner, _)| unsettled.contains_key(*inner));
        let Some((inner, pointer)) = found else {
            continue;
        };
        let message = format!(
            "the {what} `{inner}` leads back to itself; break the cycle in LaunchDarkly, where it is a malformed flag too"
        );
        *object = Err(note(pointer, &message));
    }
}

/// The converted object, after adding its notes to the report
fn reported(object: Result<Converted>, report: &mut FlagReport) -> Option<Converted> {
    match object {
        Ok(mut converted) => {
            for note in converted.notes.drain(..) {
                report.remark(note.pointer, note.message);
            }
            Some(converted)
        }
        Err(note) => {
            report.refuse(note.pointer, note.message);
            None
        }
    }
}

fn note(pointer: &str, message: &str) -> Note {
    Note {
        pointer: pointer.to_owned(),
        message: message.to_owned(),
    }
}

fn shape(pointer: &str, message: &str) -> ImportError {
    ImportError::Shape {
        pointer: pointer.to_owned(),
        message: message.to_owned(),
    }
}

/// A list that may be absent
fn list<'j>(json: &'j Json, name: &str, pointer: &str) -> Result<&'j [Json]> {
    match json.get(name) {
        None | Some(Json::Null) => Ok(&[]),
        Some(Json::Array(items)) => Ok(items),
        Some(_) => Err(note(&format!("{pointer}/{name}"), "expected an array")),
    }
}

/// A text that may be absent; an empty one counts as absent
fn text<'j>(json: &'j Json, name: &str, pointer: &str) -> Result<Option<&'j str>> {
    match json.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)
            .filter(|text| !text.is_empty())
            .map(String::as_str)),
        Some(_) => Err(note(&format!("{pointer}/{name}"), "expected a string")),
    }
}

/// An integer that may be absent
fn integer(json: &Json, name: &str, pointer: &str) -> Result<Option<i64>> {
    match json.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(number) => match number.as_i64() {
            Some(integer) => Ok(Some(integer)),
            None => Err(note(&format!("{pointer}/{name}"), "expected an integer")),
        },
    }
}

/// A reference that LaunchDarkly reads: a path beside a context kind, otherwise a name
fn check_reference(reference: &str, has_kind: bool, pointer: &str) -> Result<()> {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .split('~')
                .skip(1)
                .all(|rest| rest.starts_with(['0', '1']))
    };
    let is_valid = match reference.strip_prefix('/').filter(|_| has_kind) {
        Some(path) => path.split('/').all(is_part),
        None => !reference.is_empty(),
    };
    if is_valid {
        return Ok(());
    }
    Err(note(
        pointer,
        "expected the name of an attribute, or with a context kind a path such as `/address/city`; LaunchDarkly answers MALFORMED_FLAG where it reads this one",
    ))
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
