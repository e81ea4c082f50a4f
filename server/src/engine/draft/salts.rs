//! The salts of a draft
//!
//! The salt of a flag, group or holdout is frozen when the object is created: another salt would move users to other variants. Every write
//! that can set a salt therefore calls `settle_salts`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use imbl::ordmap::DiffItem;
use serde_json::Value as Json;

use super::{Draft, text};
use crate::engine::environment::Environment;
use crate::engine::field_error::FieldError;
use crate::engine::visibility::Visibility;
use crate::object::{Body, Object, ObjectId, ObjectKind, Objects, Whole, canonical, seeds};

/// The kinds of objects that have a frozen salt
const SALTED: [ObjectKind; 3] = [ObjectKind::Flag, ObjectKind::Group, ObjectKind::Holdout];

/// What to do with a salt that differs from the stored one
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherSalt {
    /// Refuse the write
    Refuse,
    /// Keep the stored salt
    Keep,
    /// Replace the stored salt, which moves users
    Take,
}

impl OtherSalt {
    /// The policy that `?rehash=` asks for, if the request itself names salts
    pub(crate) fn of_query(rehash: bool) -> Self {
        if rehash { Self::Take } else { Self::Refuse }
    }
}

/// An object whose salt is new, missing or different
struct Salted {
    id: ObjectId,
    before: Option<String>,
    after: Option<String>,
}

impl Draft {
    /// Gives each flag without a salt its stored salt, and each new flag a salt of its own; returns the salts that are refused
    ///
    /// A new flag gets the salt that it has in another environment of `project`, so that users get the same variants in both.
    pub(crate) fn settle_salts(
        &mut self,
        project: &[Arc<Environment>],
        other: OtherSalt,
    ) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut salts = None;
        for Salted { id, before, after } in self.salted() {
            let is_absent = after.is_none() && self.has_no_salt(&id);
            match before {
                Some(before) if is_absent => self.set_salt(&id, before),
                None if is_absent && id.kind == ObjectKind::Flag => {
                    let salts = salts.get_or_insert_with(|| Salts::of(project, &self.objects));
                    let salt = salts.draw(&id.key);
                    self.set_salt(&id, salt);
                }
                Some(before) if after.as_ref() != Some(&before) => match other {
                    OtherSalt::Take => {}
                    OtherSalt::Keep => self.set_salt(&id, before),
                    OtherSalt::Refuse => {
                        let message = format!(
                            "expected `{before}`, the salt that it was made with: another one moves users to other variants, \
                             and only an import, a changeset or a rollback with `?rehash=true` takes it"
                        );
                        errors.push(FieldError::new(format!("{}/salt", id.pointer()), message));
                    }
                },
                _ => {}
            }
        }
        errors
    }

    fn salted(&self) -> Vec<Salted> {
        let salted = |id: &ObjectId, before: Option<&Object>, after: &Object| {
            let (before, after) = (before.and_then(salt), salt(after));
            let is_settled = before == after && after.is_some();
            (SALTED.contains(&id.kind) && !is_settled).then(|| Salted {
                id: id.clone(),
                before: before.map(str::to_owned),
                after: after.map(str::to_owned),
            })
        };
        let changed = self.before.map().diff(self.objects.map());
        let changed = changed.filter_map(|item| match item {
            DiffItem::Add(id, new) => salted(id, None, new),
            DiffItem::Update {
                old: (_, old),
                new: (id, new),
            } => salted(id, Some(old), new),
            DiffItem::Remove(..) => None,
        });
        changed.collect()
    }

    /// Whether the object has no salt; a salt that is not a string is left for the compiler to report
    fn has_no_salt(&self, id: &ObjectId) -> bool {
        let value = self.whole_value(id).unwrap_or_default();
        value.get("salt").is_none_or(Json::is_null)
    }

    fn whole_value(&self, id: &ObjectId) -> Option<Json> {
        let text = self.objects.get(id).and_then(text)?;
        serde_json::from_str(text).ok()
    }

    fn set_salt(&mut self, id: &ObjectId, salt: String) {
        let Some(Json::Object(mut members)) = self.whole_value(id) else {
            return;
        };
        members.insert("salt".to_owned(), salt.into());
        let salted = canonical(&Json::Object(members)).into();
        self.put(id, &Body::Whole(Arc::new(Whole::new(id.kind, salted))));
        // With the salt filled in it may equal the stored object: then it did not change.
        let before = self.before.get(id);
        if let Some(before) =
            before.filter(|before| text(before) == self.objects.get(id).and_then(text))
        {
            self.objects.insert(id, before.clone());
        }
    }
}

fn salt(object: &Object) -> Option<&str> {
    whole(object)?.salt()
}

fn whole(object: &Object) -> Option<&Whole> {
    match &object.body {
        Body::Whole(whole) => Some(whole),
        Body::List(_) => None,
    }
}

/// The salts of a project's flags
struct Salts {
    by_flag: HashMap<Arc<str>, String>,
    taken: BTreeSet<u32>,
}

impl Salts {
    /// The salts in all environments of a project, and those in a draft
    fn of(project: &[Arc<Environment>], draft: &Objects) -> Self {
        let mut salts = Self {
            by_flag: HashMap::new(),
            taken: BTreeSet::new(),
        };
        for environment in project {
            let current = environment.current();
            for (key, whole) in flags(current.state().objects(Visibility::All)) {
                if let Some(salt) = whole.salt() {
                    let known = salts.by_flag.entry(Arc::clone(key));
                    known.or_insert_with(|| salt.to_owned());
                    salts.taken.extend(whole.seeds());
                }
            }
        }
        let given = flags(draft).filter(|(_, whole)| whole.salt().is_some());
        salts
            .taken
            .extend(given.flat_map(|(_, whole)| whole.seeds()));
        salts
    }

    /// The salt of a new flag: the one it has in another environment, or one that shares no seed with another flag
    fn draw(&mut self, key: &str) -> String {
        let known = self.by_flag.get(key).cloned();
        let salt = known.unwrap_or_else(|| draw_salt(key, &self.taken));
        self.taken.extend(seeds(&salt));
        salt
    }
}

fn flags(objects: &Objects) -> impl Iterator<Item = (&Arc<str>, &Whole)> {
    let flags = objects
        .iter()
        .take_while(|(id, _)| id.kind == ObjectKind::Flag);
    flags.filter_map(|(id, object)| Some((&id.key, whole(object)?)))
}

/// A salt for a new flag: its key, or a random one if a seed of the key is in `taken`
fn draw_salt(key: &str, taken: &BTreeSet<u32>) -> String {
    let is_free = |salt: &String| seeds(salt).iter().all(|seed| !taken.contains(seed));
    let others = (1_u32..).map(|count| format!("{key}~{count}"));
    std::iter::once(key.to_owned())
        .chain(others)
        .find(is_free)
        .unwrap_or_else(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_salt_is_drawn_when_a_seed_is_taken() {
        assert_eq!(draw_salt("f", &BTreeSet::new()), "f");
        assert_eq!(draw_salt("f", &BTreeSet::from([seeds("f")[1]])), "f~1");
        assert_eq!(
            draw_salt("f", &BTreeSet::from([seeds("f")[0], seeds("f~1")[0]])),
            "f~2"
        );
    }
}
