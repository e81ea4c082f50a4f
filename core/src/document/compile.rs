//! Compiles a document to the model: everything that can be decided without a context is decided here, and every error is reported
//!
//! One bad flag becomes issues of that flag, never a refused snapshot. Compilation is total: it does not panic on any input.
//! What an object refers to is noted here and resolved by `link`, because the other objects may change without it.

mod condition;
mod dialect;
mod flag;
mod segment;
mod serve;

use std::sync::Arc;

use crate::context::path::AttributePath;
use crate::dialect::Clock;
use crate::document::interner::Interner;
use crate::document::object::ObjectKind;
use crate::document::schemas::{self, ObjectSchema, ValueSchema};
use crate::error::{Issue, IssueKind};
use crate::json::names::Name;
use crate::json::{Cursor, Fault, Json, JsonError, Source, Tape};
use crate::limits;
use crate::model::{Effort, Reference, References};
use crate::value::excerpt::excerpt_pointer;
use crate::value::pointer::{escape_part, push_part};

pub(crate) use flag::{flag, overrides};
pub(crate) use segment::{group, holdout, segment};

/// An object that compiled, or why it did not
pub(crate) type Compiled<T> = Result<Arc<T>, Arc<[Issue]>>;

/// The state that all compilations of a document or a transfer share: the tape, and the interned values
#[derive(Debug, Default)]
pub(crate) struct CompileSession {
    tape: Tape,
    // The positions of the unknown fields of the object checked last.
    unknown: Vec<usize>,
    interner: Interner,
}

impl CompileSession {
    /// Reads the text of one object; what cannot be read is an issue of the object
    pub(crate) fn read_object<'t>(&mut self, text: &'t str) -> Result<Source<'t>, JsonError> {
        self.tape.read_object(text)?;
        Ok(Source::whole(text))
    }

    /// Reads the value that comes next in a text; what cannot be read is an issue of the object that it is
    pub(crate) fn read_next<'t>(
        &mut self,
        cursor: &mut Cursor<'t>,
    ) -> Result<Source<'t>, JsonError> {
        cursor.value(&mut self.tape)
    }

    /// Reads a text that is an object of this schema
    pub(crate) fn read_whole<'t>(
        &'t mut self,
        text: &'t str,
        schema: &'static ObjectSchema,
    ) -> Result<Json<'t>, JsonError> {
        self.tape.read(text)?;
        self.checked(Source::whole(text), &ValueSchema::Object(schema))
    }

    /// The value at `source`, if it is valid for this schema
    pub(crate) fn checked<'t>(
        &'t mut self,
        source: Source<'t>,
        schema: &ValueSchema,
    ) -> Result<Json<'t>, JsonError> {
        match self.check(source, schema) {
            Ok(()) => Ok(self.json(source)),
            Err(fault) => {
                let pointer = self.json(source).pointer_to(fault.position);
                Err(JsonError::at(&pointer, &fault.message))
            }
        }
    }

    /// The value at `source`
    pub(crate) fn json<'t>(&'t self, source: Source<'t>) -> Json<'t> {
        self.tape.at(source)
    }

    fn check(&mut self, source: Source<'_>, schema: &ValueSchema) -> Result<(), Box<Fault>> {
        self.unknown.clear();
        schemas::check(&self.tape, source, schema, &mut self.unknown)
    }

    /// The unknown fields of a flag that is about to be written
    pub(crate) fn unknown_fields(&mut self, key: &Arc<str>, flag: &str) -> Vec<Issue> {
        let Ok(source) = self.read_object(flag) else {
            return Vec::new();
        };
        // The compiler reports all other errors.
        let _ = self.check(source, &ValueSchema::Object(&schemas::FLAG));
        let json = self.json(source);
        let issue_at = |position: &usize| {
            let pointer = json.pointer_to(*position);
            issue(ObjectKind::Flag, key, &pointer, IssueKind::UnknownField)
        };
        self.unknown.iter().map(issue_at).collect()
    }
}

/// The JSON pointer, in a document, to a part of an object
pub fn pointer_to(kind: ObjectKind, key: &str, inside: &str) -> String {
    format!("/{}/{}{inside}", kind.section(), escape_part(key))
}

/// An issue of one object, at `inside` in it
pub(crate) fn issue(kind: ObjectKind, key: &Arc<str>, inside: &str, problem: IssueKind) -> Issue {
    let flag = (kind == ObjectKind::Flag).then(|| Arc::clone(key));
    Issue {
        flag,
        pointer: excerpt_pointer(&pointer_to(kind, key, inside)).into_owned(),
        kind: problem,
    }
}

/// A part of a pointer into an object
#[derive(Debug, Clone, Copy)]
enum PointerPart {
    Name(Name),
    Index(usize),
}

/// Collects the issues and references of one object, and tracks the current pointer in it
struct Compiler<'a> {
    kind: ObjectKind,
    key: &'a Arc<str>,
    path: Vec<PointerPart>,
    issues: Vec<Issue>,
    references: References,
    // Of the conditions compiled so far.
    effort: Effort,
    // Of the dialects compiled so far.
    clock: Clock,
    // The version of the language that the object needs.
    language: u64,
    interner: &'a mut Interner,
}

impl<'a> Compiler<'a> {
    /// Reads an object's JSON; a value that is not valid for the schema is an issue at its pointer
    fn read<'t>(
        kind: ObjectKind,
        key: &'a Arc<str>,
        source: Source<'t>,
        schema: &'static ObjectSchema,
        session: &'t mut CompileSession,
    ) -> (Self, Option<Json<'t>>)
    where
        't: 'a,
    {
        let checked = session.check(source, &ValueSchema::Object(schema));
        let CompileSession { tape, interner, .. } = session;
        let mut compiler = Self {
            kind,
            key,
            path: Vec::new(),
            issues: Vec::new(),
            references: References::default(),
            effort: Effort::default(),
            clock: Clock::default(),
            language: 1,
            interner,
        };
        let json = tape.at(source);
        match checked {
            Ok(()) => (compiler, Some(json)),
            Err(fault) => {
                let pointer = json.pointer_to(fault.position);
                compiler.issue_at(&pointer, IssueKind::Schema(fault.message));
                (compiler, None)
            }
        }
    }

    /// Calls `work` with the current pointer at a field of the current value
    fn within<T>(&mut self, name: Name, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(PointerPart::Name(name));
        let result = work(self);
        self.path.pop();
        result
    }

    /// Compiles each element of a list, also those after an element with an error
    fn each<'t, T>(
        &mut self,
        list: Option<Json<'t>>,
        mut work: impl FnMut(&mut Self, Json<'t>) -> Option<T>,
    ) -> Option<Box<[T]>> {
        let (mut compiled, mut is_intact) = (Vec::with_capacity(length(list)), true);
        for (index, element) in elements(list).enumerate() {
            self.path.push(PointerPart::Index(index));
            match work(self, element) {
                Some(element) => compiled.push(element),
                None => is_intact = false,
            }
            self.path.pop();
        }
        is_intact.then(|| compiled.into())
    }

    /// The current JSON pointer into the object
    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for part in &self.path {
            match part {
                PointerPart::Name(name) => push_part(&mut pointer, name.as_str()),
                PointerPart::Index(index) => push_part(&mut pointer, &index.to_string()),
            }
        }
        pointer
    }

    /// Adds an issue at the current pointer; returns `None`, so that a caller can end with it
    fn issue<T>(&mut self, problem: IssueKind) -> Option<T> {
        self.issue_at(&self.pointer(), problem);
        None
    }

    /// Adds an issue of the field of this key
    fn issue_in(&mut self, key: &str, problem: IssueKind) {
        let mut pointer = self.pointer();
        push_part(&mut pointer, key);
        self.issue_at(&pointer, problem);
    }

    fn issue_at(&mut self, pointer: &str, problem: IssueKind) {
        self.issues
            .push(issue(self.kind, self.key, pointer, problem));
    }

    fn finish<T>(self, compiled: Option<T>) -> Compiled<T> {
        match compiled {
            Some(compiled) if self.issues.is_empty() => Ok(Arc::new(compiled)),
            _ => Err(self.issues.into()),
        }
    }

    /// The text of a field, shared with all equal texts; empty if the field is missing
    fn text(&mut self, json: Option<Json<'_>>) -> Arc<str> {
        self.interner
            .text(json.and_then(Json::text).unwrap_or_default())
    }

    fn texts(&mut self, list: Option<Json<'_>>) -> Box<[Arc<str>]> {
        elements(list)
            .map(|element| self.text(Some(element)))
            .collect()
    }

    /// A reference to another object, at the current pointer
    fn reference(&mut self, key: Json<'_>, depth: usize) -> Reference {
        Reference {
            key: self.text(Some(key)),
            depth,
            pointer: self.pointer().into(),
        }
    }

    fn segment_reference(&mut self, key: Json<'_>, depth: usize) -> usize {
        let reference = self.reference(key, depth);
        push(&mut self.references.segments, reference)
    }

    fn group_reference(&mut self, key: Json<'_>) -> usize {
        let reference = self.reference(key, 0);
        push(&mut self.references.groups, reference)
    }

    fn holdout_reference(&mut self, key: Json<'_>) -> usize {
        let reference = self.reference(key, 0);
        push(&mut self.references.holdouts, reference)
    }

    /// A key of a flag, a segment, a group or a holdout
    fn key(&mut self) {
        if !limits::is_key(self.key) {
            self.issue::<()>(IssueKind::Key);
        }
    }

    fn needs(&mut self, object: Json<'_>) -> Option<()> {
        let needs = object.get(Name::Needs).and_then(Json::whole);
        self.language = needs.unwrap_or(1);
        match needs {
            Some(needs) if needs > u64::from(crate::LANGUAGE_VERSION) => self
                .within(Name::Needs, |compiler| {
                    compiler.issue(IssueKind::Needs { needs })
                }),
            _ => Some(()),
        }
    }

    /// Adds an issue if the object does not need the version of the language that has `what`
    fn version(&mut self, version: u32, what: &'static str) {
        if self.language < version.into() {
            self.issue::<()>(IssueKind::Version { what, version });
        }
    }

    fn name(&mut self, name: &str) {
        if !limits::is_name(name) {
            self.issue::<()>(IssueKind::Name);
        }
    }

    fn kind(&mut self, name: &str) {
        if let Err(problem) = check_kind(name) {
            self.issue::<()>(problem);
        }
    }

    fn path(&mut self, text: &str) -> Option<AttributePath> {
        match self.interner.path(text) {
            Ok(path) => Some(path),
            Err(error) => self.issue(error.into()),
        }
    }

    /// The unit of an object: a context kind, or a pointer; by default the user
    fn unit(&mut self, object: Json<'_>) -> Option<AttributePath> {
        let Some(text) = object.get(Name::Unit).and_then(Json::text) else {
            return Some(AttributePath::of_kind("user"));
        };
        self.within(Name::Unit, |compiler| {
            if text.starts_with('/') {
                return compiler.path(text);
            }
            compiler.kind(text);
            Some(AttributePath::of_kind(text))
        })
    }

    fn at_most(&mut self, what: &'static str, limit: usize, got: usize) {
        if got > limit {
            self.issue::<()>(IssueKind::TooMany { what, limit, got });
        }
    }
}

/// The elements of a list that may be absent
fn elements(list: Option<Json<'_>>) -> impl Iterator<Item = Json<'_>> {
    list.into_iter().flat_map(Json::elements)
}

fn length(list: Option<Json<'_>>) -> usize {
    list.map(Json::count).unwrap_or_default()
}

/// The number, or the largest `u32` if it is larger, which every limit refuses
fn saturating(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Whether this names a context kind; one that begins with `/` would be read as a pointer
pub(crate) fn check_kind(name: &str) -> Result<(), IssueKind> {
    if !limits::is_name(name) {
        return Err(IssueKind::Name);
    }
    if name.starts_with('/') {
        Err(IssueKind::Kind)
    } else {
        Ok(())
    }
}

fn push(references: &mut Vec<Reference>, reference: Reference) -> usize {
    references.push(reference);
    references.len().saturating_sub(1)
}
