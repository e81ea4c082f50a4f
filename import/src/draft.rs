//! What all importers need: keys and names that are ours, and the document

use std::collections::{BTreeMap, BTreeSet};

use flagstaff_core::limits::{self, is_key};
use flagstaff_core::{Issue, Snapshot};
use serde_json::{Map, Value as Json, json};

use crate::report::FlagReport;
use crate::{FlagAnswers, Imported, Options};

/// The version of the language that imported objects need
pub(crate) const NEEDS: u32 = 2;

/// A document that is being made
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) flags: Map<String, Json>,
    pub(crate) segments: Map<String, Json>,
    pub(crate) report: Vec<FlagReport>,
    pub(crate) answers: BTreeMap<String, FlagAnswers>,
    pub(crate) keys: Keys,
}

impl Draft {
    /// Refuses the flags that our own language refuses, for example for a limit, and those that depend on them
    pub(crate) fn refuse_broken(&mut self, flags: &str) {
        let document = json!({"schemaVersion": 1, "flags": self.flags, "segments": self.segments});
        let Ok(snapshot) = Snapshot::from_json(&document.to_string()) else {
            return;
        };
        for report in &mut self.report {
            let key = self.keys.of(&report.flag);
            let is_own = |issue: &&Issue| issue.flag.as_deref() == Some(&*key);
            if report.is_refused() {
                continue;
            }
            for issue in snapshot.issues().iter().filter(is_own) {
                self.flags.remove(&key);
                self.answers.remove(&key);
                let name = report.flag.replace('~', "~0").replace('/', "~1");
                let message = format!("Flagstaff cannot have it: {issue}");
                report.refuse(format!("/{flags}/{name}"), message);
            }
        }
    }

    /// The document, with its report
    pub(crate) fn finish(self, options: &Options, environment: Option<&str>) -> Imported {
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

/// Keys of ours for names of theirs
#[derive(Debug, Default)]
pub(crate) struct Keys {
    taken: BTreeSet<String>,
    by_name: BTreeMap<String, String>,
    changed: BTreeMap<String, String>,
}

impl Keys {
    /// Keys for these names: the name itself where it is a key, so that no other name can take it
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

/// A name made of the characters that keys have
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

/// The name, or else with a number, that is not taken yet; it is then
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
