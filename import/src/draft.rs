//! The parts that all importers share: valid keys and names, and the document

use std::collections::{BTreeMap, BTreeSet};

use flagstaff_core::limits::{self, is_key};
use flagstaff_core::{Issue, Snapshot};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use crate::report::FlagReport;
use crate::{FlagAnswers, Imported, Options};

/// The version of the language that imported objects need
pub(crate) const NEEDS: u32 = 2;

/// A document that is being built
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) flags: Map<String, Json>,
    pub(crate) segments: Map<String, Json>,
    /// Where each segment is in the vendor's file, by our key
    pub(crate) segment_pointers: BTreeMap<String, String>,
    pub(crate) report: Vec<FlagReport>,
    pub(crate) answers: BTreeMap<String, FlagAnswers>,
    pub(crate) keys: Keys,
}

impl Draft {
    /// Adds a segment, which is at a place of the vendor's file
    pub(crate) fn add_segment(&mut self, key: &str, segment: Json, pointer: &str) {
        self.segments.insert(key.to_owned(), segment);
        self.segment_pointers
            .insert(key.to_owned(), pointer.to_owned());
    }

    /// Refuses objects that our own language refuses, for example because of a limit, and the flags that depend on them
    fn refuse_broken(&mut self) {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Document<'d> {
            schema_version: u32,
            flags: &'d Map<String, Json>,
            segments: &'d Map<String, Json>,
        }
        let document = serde_json::to_string(&Document {
            schema_version: 1,
            flags: &self.flags,
            segments: &self.segments,
        });
        let snapshot = document.map(|document| Snapshot::from_json(&document));
        let Ok(Ok(snapshot)) = snapshot else { return };
        let mut issues: BTreeMap<(&str, &str), Vec<&Issue>> = BTreeMap::new();
        for issue in snapshot.issues() {
            let mut parts = issue.pointer.split('/').skip(1);
            if let (Some(section), Some(key)) = (parts.next(), parts.next()) {
                issues.entry((section, key)).or_default().push(issue);
            }
        }
        let refuse = |report: &mut FlagReport, issues: &[&Issue]| {
            for issue in issues {
                let message = format!("Flagstaff cannot have it: {issue}");
                report.refuse(report.pointer.clone(), message);
            }
        };
        for report in &mut self.report {
            let key = self.keys.of(&report.flag);
            if let Some(issues) = issues.get(&("flags", key.as_str()))
                && !report.is_refused()
            {
                self.flags.remove(&key);
                self.answers.remove(&key);
                refuse(report, issues);
            }
        }
        for ((section, key), issues) in issues {
            if section == "segments" && self.segments.remove(key).is_some() {
                let pointer = self.segment_pointers.remove(key).unwrap_or_default();
                let mut report = FlagReport::new(&format!("segment {key}"), &pointer);
                refuse(&mut report, &issues);
                self.report.push(report);
            }
        }
    }

    /// The document, with its report
    pub(crate) fn finish(mut self, options: &Options, environment: Option<&str>) -> Imported {
        self.refuse_broken();
        let mut document = json!({"schemaVersion": 1, "flags": self.flags});
        if let Json::Object(members) = &mut document {
            if !self.segments.is_empty() {
                members.insert("segments".to_owned(), self.segments.into());
            }
            if let Some(name) = options.environment.as_deref().or(environment) {
                members.insert("environment".to_owned(), name.into());
            }
        }
        Imported {
            document,
            report: self.report,
            answers: self.answers,
            keys: self.keys.changed,
        }
    }
}

/// Our keys for the vendor's names
#[derive(Debug, Default)]
pub(crate) struct Keys {
    taken: BTreeSet<String>,
    by_name: BTreeMap<String, String>,
    changed: BTreeMap<String, String>,
}

impl Keys {
    /// Keys for these names: the name itself if it is a valid key, so that no other name can take it
    pub(crate) fn new<'n>(names: impl IntoIterator<Item = &'n str> + Clone) -> Self {
        let mut keys = Self::default();
        let is_own = |name: &&str| is_key(name);
        for name in names.clone().into_iter().filter(is_own) {
            keys.taken.insert(name.to_owned());
            keys.by_name.insert(name.to_owned(), name.to_owned());
        }
        for name in names.into_iter().filter(|name| !is_own(name)) {
            let key = unique(&slug(name), limits::MAX_KEY_LENGTH, &mut keys.taken);
            keys.by_name.insert(name.to_owned(), key.clone());
            keys.changed.insert(name.to_owned(), key);
        }
        keys
    }

    /// The key of a name
    pub(crate) fn of(&self, name: &str) -> String {
        self.by_name.get(name).cloned().unwrap_or_default()
    }
}

/// A name that consists only of the characters of keys
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars() {
        let is_known = character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
        slug.push(if is_known { character } else { '-' });
    }
    let slug = slug.trim_start_matches(|first: char| !first.is_ascii_alphanumeric());
    if slug.is_empty() {
        "flag".to_owned()
    } else {
        slug.to_owned()
    }
}

/// The name, with a number if it is taken; it counts as taken from now on
pub(crate) fn unique(name: &str, length: usize, taken: &mut BTreeSet<String>) -> String {
    let cut = |length: usize| name.chars().take(length).collect::<String>();
    let mut candidate = cut(length);
    let mut number = 1_u32;
    while !taken.insert(candidate.clone()) {
        number = number.saturating_add(1);
        let suffix = format!("-{number}");
        candidate = cut(length.saturating_sub(suffix.len())) + &suffix;
    }
    candidate
}

/// The names of the variants of one flag
#[derive(Debug, Default)]
pub(crate) struct Variants {
    taken: BTreeSet<String>,
    pub(crate) values: Map<String, Json>,
}

impl Variants {
    /// Adds a variant; a name that is taken, empty or too long becomes another one
    pub(crate) fn add(&mut self, name: &str, value: Json) -> String {
        let wanted = if name.is_empty() { "empty" } else { name };
        let name = unique(wanted, limits::MAX_NAME_LENGTH, &mut self.taken);
        self.values.insert(name.clone(), value);
        name
    }
}
