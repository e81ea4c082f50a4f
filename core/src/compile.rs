//! Document to model: everything that can be decided without a context is decided here, and everything that is wrong is named
//!
//! One bad flag becomes issues of that flag, never a refused snapshot. Compilation is total: it does not panic on any input.
//! What an object refers to is noted here and resolved by `link`, because the other objects may change without it.

mod condition;
mod flag;
mod segment;
mod serve;

use std::sync::Arc;

use crate::error::{Issue, Problem};
use crate::excerpt::excerpt_pointer;
use crate::forms::{self, Form, Misshapen, Shape};
use crate::json::{Json, JsonError, Lexer, Source, Tape};
use crate::limits;
use crate::model::{Effort, Reference, References};
use crate::names::Name;
use crate::object::ObjectKind;
use crate::path::{AttributePath, escape, push_segment};
use crate::shared::Shared;

pub(crate) use flag::{flag, overrides};
pub(crate) use segment::{group, holdout, segment};

/// An object that compiled, or why it did not
pub(crate) type Compiled<T> = Result<Arc<T>, Arc<[Issue]>>;

/// What the compilations of a document or a transfer have in common
#[derive(Debug, Default)]
pub(crate) struct Workshop {
    tape: Tape,
    // The positions of members that mean nothing, of the object checked last.
    unknown: Vec<usize>,
    shared: Shared,
}

impl Workshop {
    /// Reads the value that comes next
    pub(crate) fn read<'t>(&mut self, lexer: &mut Lexer<'t>) -> Result<Source<'t>, JsonError> {
        self.tape.read(lexer)?;
        Ok(Source {
            text: lexer.text(),
            position: 0,
        })
    }

    /// Reads a text that is an object of this form
    pub(crate) fn read_whole<'t>(
        &'t mut self,
        text: &'t str,
        form: &'static Form,
    ) -> Result<Json<'t>, JsonError> {
        self.tape.read_whole(text)?;
        self.checked(Source { text, position: 0 }, &Shape::Form(form))
    }

    /// What lies there, which is of this shape
    pub(crate) fn checked<'t>(
        &'t mut self,
        source: Source<'t>,
        shape: &Shape,
    ) -> Result<Json<'t>, JsonError> {
        match self.check(source, shape) {
            Ok(()) => Ok(self.json(source)),
            Err(fault) => {
                let Misshapen { position, message } = *fault;
                let start = self.json(Source { position, ..source }).start();
                Err(JsonError::new(message, source.text, start))
            }
        }
    }

    /// What lies there
    pub(crate) fn json<'t>(&'t self, source: Source<'t>) -> Json<'t> {
        self.tape.at(source)
    }

    fn check(&mut self, source: Source<'_>, shape: &Shape) -> Result<(), Box<Misshapen>> {
        self.unknown.clear();
        forms::check(&self.tape, source, shape, &mut self.unknown)
    }

    /// The strict reading of a flag about to be written: the fields that mean nothing are named
    pub(crate) fn unknown_fields(&mut self, key: &Arc<str>, flag: &str) -> Vec<Issue> {
        // What else is wrong is the compiler's to say.
        let _ = self.read_whole(flag, &forms::FLAG);
        let json = self.json(Source {
            text: flag,
            position: 0,
        });
        let issue_at = |position: &usize| {
            let pointer = json.pointer_to(*position);
            issue(ObjectKind::Flag, key, &pointer, Problem::UnknownField)
        };
        self.unknown.iter().map(issue_at).collect()
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
        pointer: excerpt_pointer(&pointer_to(kind, key, inside)).into_owned(),
        problem,
    }
}

/// A step further into an object
#[derive(Debug, Clone, Copy)]
enum Step {
    Name(Name),
    Index(usize),
}

/// Collects the issues and references of one object and knows where in it the compilation is
struct Compiler<'a> {
    kind: ObjectKind,
    key: &'a Arc<str>,
    path: Vec<Step>,
    issues: Vec<Issue>,
    references: References,
    // Of the conditions compiled so far.
    effort: Effort,
    shared: &'a mut Shared,
}

impl<'a> Compiler<'a> {
    /// Reads an object's JSON; what has the wrong shape is an issue at its place
    fn read<'t>(
        kind: ObjectKind,
        key: &'a Arc<str>,
        source: Source<'t>,
        form: &'static Form,
        workshop: &'t mut Workshop,
    ) -> (Self, Option<Json<'t>>)
    where
        't: 'a,
    {
        let checked = workshop.check(source, &Shape::Form(form));
        let Workshop { tape, shared, .. } = workshop;
        let mut compiler = Self {
            kind,
            key,
            path: Vec::new(),
            issues: Vec::new(),
            references: References::default(),
            effort: Effort::default(),
            shared,
        };
        let json = tape.at(source);
        match checked {
            Ok(()) => (compiler, Some(json)),
            Err(fault) => {
                let pointer = json.pointer_to(fault.position);
                compiler.issue_at(&pointer, Problem::Shape(fault.message));
                (compiler, None)
            }
        }
    }

    /// Does `work` one step deeper into the document
    fn within<T>(&mut self, name: Name, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(Step::Name(name));
        let result = work(self);
        self.path.pop();
        result
    }

    /// Compiles each element where it stands; all are looked at, also after one that is wrong
    fn each<'t, T>(
        &mut self,
        list: Option<Json<'t>>,
        mut work: impl FnMut(&mut Self, Json<'t>) -> Option<T>,
    ) -> Option<Box<[T]>> {
        let (mut compiled, mut is_intact) = (Vec::with_capacity(length(list)), true);
        for (index, element) in elements(list).enumerate() {
            self.path.push(Step::Index(index));
            match work(self, element) {
                Some(element) => compiled.push(element),
                None => is_intact = false,
            }
            self.path.pop();
        }
        is_intact.then(|| compiled.into())
    }

    /// Where the compilation is, as a JSON pointer into the object
    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.path {
            match step {
                Step::Name(name) => push_segment(&mut pointer, name.as_str()),
                Step::Index(index) => push_segment(&mut pointer, &index.to_string()),
            }
        }
        pointer
    }

    /// Notes a problem where the compilation is; `None`, so that a caller can end with it
    fn issue<T>(&mut self, problem: Problem) -> Option<T> {
        self.issue_at(&self.pointer(), problem);
        None
    }

    /// Notes a problem of the member of this key
    fn issue_in(&mut self, key: &str, problem: Problem) {
        let mut pointer = self.pointer();
        push_segment(&mut pointer, key);
        self.issue_at(&pointer, problem);
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

    /// The text of a member, shared with all that have the same; empty where there is none
    fn text(&mut self, json: Option<Json<'_>>) -> Arc<str> {
        let text = json.and_then(Json::text).unwrap_or_default();
        self.shared.text(&text)
    }

    fn texts(&mut self, list: Option<Json<'_>>) -> Box<[Arc<str>]> {
        elements(list)
            .map(|element| self.text(Some(element)))
            .collect()
    }

    /// A reference to another object, from where the compilation is
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
            self.issue::<()>(Problem::Key);
        }
    }

    fn needs(&mut self, object: Json<'_>) -> Option<()> {
        let needs = object.get(Name::Needs).and_then(Json::whole);
        match needs {
            Some(needs) if needs > u64::from(crate::LANGUAGE_LEVEL) => self
                .within(Name::Needs, |compiler| {
                    compiler.issue(Problem::Needs { needs })
                }),
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
        match self.shared.path(text) {
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
                return compiler.path(&text);
            }
            compiler.kind(&text);
            Some(AttributePath::of_kind(&text))
        })
    }

    fn at_most(&mut self, what: &'static str, limit: usize, got: usize) {
        if got > limit {
            self.issue::<()>(Problem::TooMany { what, limit, got });
        }
    }
}

/// The elements of a list that may be absent
fn elements(list: Option<Json<'_>>) -> impl Iterator<Item = Json<'_>> {
    list.into_iter().flat_map(Json::elements)
}

fn length(list: Option<Json<'_>>) -> usize {
    elements(list).count()
}

/// The number, or the largest of its type where it is beyond, which every limit refuses
fn saturating(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
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
