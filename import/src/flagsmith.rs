//! Flagsmith: the environment document that its server SDKs download, or the context of its engine
//!
//! A segment becomes a segment of ours, and each of its overrides a rule; the rules of a flag are in the order of their priorities.
//! Conditions and the weights of multivariate features stay Flagsmith's own, inside our conditions, since they read Flagsmith's contexts.

mod feature;
mod read;
mod segment;

use std::collections::{BTreeMap, BTreeSet};

use flagstaff_core::limits::{MAX_KEY_LENGTH, is_key};
use serde_json::{Value as Json, json};

use self::read::{Feature, Segment};
use crate::draft::{Draft, Keys, NEEDS, unique};
use crate::report::{FlagReport, Note};
use crate::{ImportError, Imported, Options};

/// A converted object; `Err` says why it is not taken over
type Result<T> = std::result::Result<T, Note>;

/// A segment that is taken over
struct Taken<'d> {
    segment: &'d Segment,
    condition: Result<Json>,
}

pub(crate) fn convert(
    options: &Options,
    text: &str,
    source: &Json,
) -> std::result::Result<Imported, ImportError> {
    let document = read::document(text, source)?;
    let mut draft = Draft {
        keys: Keys::new(
            document
                .features
                .iter()
                .map(|feature| feature.name.as_str()),
        ),
        ..Draft::default()
    };
    let mut keys = BTreeSet::new();
    let mut taken = Vec::new();
    for segment in &document.segments {
        let mut report = FlagReport::new(&format!("segment {}", segment.name), &segment.pointer);
        let condition = match segment::condition(&document.environment, segment) {
            Ok((when, notes)) => {
                for note in notes {
                    report.remark(note.pointer, note.message);
                }
                Ok(if segment.is_unnamed {
                    when
                } else {
                    let key = segment_key(segment, &mut keys);
                    let json = json!({"needs": NEEDS, "description": segment.name, "when": when});
                    draft.add_segment(&key, json, &segment.pointer);
                    json!({"segment": key})
                })
            }
            Err(reason) => {
                report.refuse(reason.pointer.clone(), reason.message.clone());
                Err(reason)
            }
        };
        // The report has no line for a segment without remarks.
        draft
            .report
            .extend(Some(report).filter(|report| !report.notes.is_empty()));
        taken.push(Taken { segment, condition });
    }
    let overrides = overrides(&taken);
    for feature in &document.features {
        let own = overrides.get(feature.name.as_str());
        let own = own.map_or(&[][..], Vec::as_slice);
        let mut report = FlagReport::new(&feature.name, &feature.pointer);
        match feature::convert(&document, feature, own) {
            Ok(converted) => {
                for note in converted.notes {
                    report.remark(note.pointer, note.message);
                }
                let key = draft.keys.of(&feature.name);
                draft.answers.insert(key.clone(), converted.answers);
                draft.flags.insert(key, converted.json);
            }
            Err(note) => report.refuse(note.pointer, note.message),
        }
        draft.report.push(report);
    }
    Ok(draft.finish(options, None))
}

/// The overrides of a feature, each with the condition of its segment
type Overrides<'d> = Vec<(&'d Feature, &'d Result<Json>)>;

/// The overrides of each feature, by its name: the lowest priority number first, and of equal ones the first in the file
fn overrides<'d>(taken: &'d [Taken<'d>]) -> BTreeMap<&'d str, Overrides<'d>> {
    let mut found: BTreeMap<&str, Overrides<'d>> = BTreeMap::new();
    for taken in taken {
        // Of two overrides of one segment the first with the lowest priority counts.
        let mut best: BTreeMap<&str, &Feature> = BTreeMap::new();
        for own in &taken.segment.overrides {
            let known = best.entry(&own.name).or_insert(own);
            if own.priority < known.priority {
                *known = own;
            }
        }
        for (name, own) in best {
            found.entry(name).or_default().push((own, &taken.condition));
        }
    }
    for overrides in found.values_mut() {
        overrides.sort_by(|(one, _), (other, _)| one.priority.total_cmp(&other.priority));
    }
    found
}

/// An unused key from Flagsmith's key, which is a number
fn segment_key(segment: &Segment, keys: &mut BTreeSet<String>) -> String {
    let wanted = [&segment.key, &segment.name]
        .into_iter()
        .find(|key| is_key(key));
    unique(
        wanted.map_or("segment", String::as_str),
        MAX_KEY_LENGTH,
        keys,
    )
}

fn note(pointer: &str, message: &str) -> Note {
    Note {
        pointer: pointer.to_owned(),
        message: message.to_owned(),
    }
}
