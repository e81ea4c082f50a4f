//! Wire to model: everything that can be decided without a context is decided here, and everything that is wrong is named
//!
//! One bad flag becomes issues of that flag, never a refused snapshot. Compilation is total: it does not panic on any input.
//! What an object refers to is noted here and resolved by `link`, because the other objects may change without it.

mod condition;
mod flag;
mod segment;
mod serve;

use std::fmt::Display;
use std::sync::Arc;

use serde::{Deserialize, Deserializer};

use crate::error::{Issue, Problem};
use crate::limits;
use crate::model::{Reference, References};
use crate::object::ObjectKind;
use crate::path::{AttributePath, escape, push_segment};
use crate::wire::{FlagWire, Whole};

pub(crate) use flag::flag;
pub(crate) use segment::{group, holdout, segment};

/// An object that compiled, or why it did not
pub(crate) type Compiled<T> = Result<Arc<T>, Arc<[Issue]>>;

/// The strict reading of a flag about to be written: also the fields that mean nothing are named
pub(crate) fn unknown_fields(key: &Arc<str>, flag: &serde_json::Value) -> Vec<Issue> {
    let mut compiler = Compiler::new(ObjectKind::Flag, key);
    let mut note = |path: serde_ignored::Path<'_>| {
        compiler.issue_at(&ignored_pointer(&path), Problem::UnknownField);
    };
    // What else is wrong is `flag`'s to say.
    let _ = FlagWire::deserialize(serde_ignored::Deserializer::new(flag, &mut note));
    compiler.issues
}

fn ignored_pointer(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}/{index}", ignored_pointer(parent)),
        Path::Map { parent, key } => format!("{}/{}", ignored_pointer(parent), escape(key)),
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => ignored_pointer(parent),
    }
}

/// Where an object stands in a document
pub(crate) fn pointer_to(kind: ObjectKind, key: &str, inside: &str) -> String {
    format!("/{}/{}{inside}", kind.section(), escape(key))
}

/// An issue of one object, at `inside` in it
pub(crate) fn issue(kind: ObjectKind, key: &Arc<str>, inside: &str, problem: Problem) -> Issue {
    let flag = (kind == ObjectKind::Flag).then(|| Arc::clone(key));
    Issue {
        flag,
        pointer: pointer_to(kind, key, inside),
        problem,
    }
}

/// Collects the issues and references of one object and knows where in it the compilation is
struct Compiler<'a> {
    kind: ObjectKind,
    key: &'a Arc<str>,
    pointer: String,
    issues: Vec<Issue>,
    references: References,
}

impl<'a> Compiler<'a> {
    fn new(kind: ObjectKind, key: &'a Arc<str>) -> Self {
        Self {
            kind,
            key,
            pointer: String::new(),
            issues: Vec::new(),
            references: References::default(),
        }
    }

    /// Reads an object's JSON; what has the wrong shape is an issue at its place
    fn read<'de, T: Deserialize<'de>, D: Deserializer<'de> + Copy>(
        &mut self,
        deserializer: D,
    ) -> Option<T>
    where
        D::Error: Display,
    {
        if let Ok(wire) = T::deserialize(deserializer) {
            return Some(wire);
        }
        // To follow the path costs as much as to read, and only an error wants to know it.
        let error = match serde_path_to_error::deserialize(deserializer) {
            Ok(wire) => return Some(wire),
            Err(error) => error,
        };
        let message = error.inner().to_string();
        // Serde appends where in the text it stopped, which is the text of one object and not the file that the reader sees.
        let message = message
            .rsplit_once(" at line ")
            .map_or(&*message, |(message, _)| message);
        self.issue_at(
            &pointer_of(error.path()),
            Problem::Shape(message.to_owned()),
        );
        None
    }

    /// Does `work` one step deeper into the document
    fn within<T>(&mut self, segment: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.pointer.len();
        push_segment(&mut self.pointer, segment);
        let result = work(self);
        self.pointer.truncate(length);
        result
    }

    /// Compiles each element where it stands; all are looked at, also after one that is wrong
    fn each<W, T>(
        &mut self,
        wires: Vec<W>,
        mut work: impl FnMut(&mut Self, W) -> Option<T>,
    ) -> Option<Box<[T]>> {
        let results: Vec<Option<T>> = wires
            .into_iter()
            .enumerate()
            .map(|(position, wire)| {
                self.within(&position.to_string(), |compiler| work(compiler, wire))
            })
            .collect();
        results.into_iter().collect()
    }

    /// Notes a problem where the compilation is; `None`, so that a caller can end with it
    fn issue<T>(&mut self, problem: Problem) -> Option<T> {
        let pointer = std::mem::take(&mut self.pointer);
        self.issue_at(&pointer, problem);
        self.pointer = pointer;
        None
    }

    fn issue_at(&mut self, pointer: &str, problem: Problem) {
        self.issues
            .push(issue(self.kind, self.key, pointer, problem));
    }

    fn finish<T>(self, compiled: Option<T>) -> Compiled<T> {
        match compiled {
            Some(compiled) if self.issues.is_empty() => Ok(Arc::new(compiled)),
            _ => Err(self.issues.into()),
        }
    }

    /// A reference to another object, from where the compilation is
    fn reference(&mut self, key: Arc<str>) -> Reference {
        Reference {
            key,
            pointer: self.pointer.as_str().into(),
        }
    }

    fn segment_reference(&mut self, key: Arc<str>) -> usize {
        let reference = self.reference(key);
        push(&mut self.references.segments, reference)
    }

    fn group_reference(&mut self, key: Arc<str>) -> usize {
        let reference = self.reference(key);
        push(&mut self.references.groups, reference)
    }

    fn holdout_reference(&mut self, key: Arc<str>) -> usize {
        let reference = self.reference(key);
        push(&mut self.references.holdouts, reference)
    }

    /// A key of a flag, a segment, a group or a holdout
    fn key(&mut self) {
        if !limits::is_key(self.key) {
            self.issue::<()>(Problem::Key);
        }
    }

    fn needs(&mut self, needs: Option<Whole>) -> Option<()> {
        match needs {
            Some(Whole(needs)) if needs > u64::from(crate::LANGUAGE_LEVEL) => {
                self.within("needs", |compiler| compiler.issue(Problem::Needs { needs }))
            }
            _ => Some(()),
        }
    }

    fn name(&mut self, name: &str) {
        if !limits::is_name(name) {
            self.issue::<()>(Problem::Name);
        }
    }

    fn kind(&mut self, name: &str) {
        if let Err(problem) = check_kind(name) {
            self.issue::<()>(problem);
        }
    }

    fn path(&mut self, text: &str) -> Option<AttributePath> {
        AttributePath::parse(text).map_or_else(|error| self.issue(error.into()), Some)
    }

    /// A unit is a context kind, or a pointer; by default the user
    fn unit(&mut self, text: Option<&str>) -> Option<AttributePath> {
        let text = text.unwrap_or("user");
        if text.starts_with('/') {
            return self.path(text);
        }
        self.kind(text);
        Some(AttributePath::of_kind(text))
    }

    fn at_most(&mut self, what: &'static str, limit: usize, got: usize) {
        if got > limit {
            self.issue::<()>(Problem::TooMany { what, limit, got });
        }
    }
}

/// Whether this names a context kind; one that begins with `/` would be read as a pointer
pub(crate) fn check_kind(name: &str) -> Result<(), Problem> {
    if !limits::is_name(name) {
        return Err(Problem::Name);
    }
    if name.starts_with('/') {
        Err(Problem::Kind)
    } else {
        Ok(())
    }
}

fn push(references: &mut Vec<Reference>, reference: Reference) -> usize {
    references.push(reference);
    references.len().saturating_sub(1)
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .fold(String::new(), |pointer, segment| match segment {
            Segment::Seq { index } => format!("{pointer}/{index}"),
            Segment::Map { key } => format!("{pointer}/{}", escape(key)),
            Segment::Enum { variant } => format!("{pointer}/{}", escape(variant)),
            Segment::Unknown => pointer,
        })
}
