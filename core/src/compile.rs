//! Wire to model: everything that can be decided without a context is decided here, and everything that is wrong is named
//!
//! One bad flag becomes issues of that flag, never a refused snapshot. Compilation is total: it does not panic on any input.

mod condition;
mod serve;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::error::{Issue, Problem};
use crate::limits;
use crate::model::{Flag, FlagType, Level, Rule, Serve, Variant, Window};
use crate::path::{AttributePath, escape};
use crate::value::{Object, Value};
use crate::wire::{FlagTypeWire, FlagWire, OverridesWire, RuleWire};

/// A flag that compiled, or why it did not
pub(crate) type Compiled = Result<Arc<Flag>, Arc<[Issue]>>;

/// A flag and the lists that its document holds inline
pub(crate) struct FlagParts {
    pub(crate) compiled: Compiled,
    pub(crate) overrides: BTreeMap<Arc<str>, OverridesWire>,
}

/// Compiles the flag `key` from its JSON
pub(crate) fn flag<'de, D: serde::Deserializer<'de>>(
    key: &Arc<str>,
    fingerprint: u64,
    deserializer: D,
) -> FlagParts
where
    D::Error: std::fmt::Display,
{
    let mut compiler = Compiler::new(key);
    match serde_path_to_error::deserialize::<D, FlagWire>(deserializer) {
        Ok(mut wire) => {
            let overrides = std::mem::take(&mut wire.overrides);
            let flag = compiler.flag(wire, fingerprint);
            FlagParts {
                compiled: compiler.finish(flag),
                overrides,
            }
        }
        Err(error) => {
            let pointer = pointer_of(error.path());
            let message = without_position(&error.inner().to_string());
            compiler.issue_at(&pointer, Problem::Shape(message));
            FlagParts {
                compiled: compiler.finish(None),
                overrides: BTreeMap::new(),
            }
        }
    }
}

/// The strict reading of a flag about to be written: also the fields that mean nothing are named
pub(crate) fn unknown_fields(key: &Arc<str>, flag: &serde_json::Value) -> Vec<Issue> {
    let mut compiler = Compiler::new(key);
    let mut note = |path: serde_ignored::Path<'_>| {
        compiler.issue_at(&ignored_pointer(&path), Problem::UnknownField);
    };
    // What else is wrong is `flag`'s to say.
    let _ = FlagWire::deserialize(serde_ignored::Deserializer::new(flag, &mut note));
    compiler.issues
}

/// Serde appends where in the text it stopped, which is the text of one flag and not the file that the reader sees
fn without_position(message: &str) -> String {
    message
        .rsplit_once(" at line ")
        .map_or(message, |(message, _)| message)
        .to_owned()
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

/// Collects the issues of one flag and knows where in it the compilation is
struct Compiler<'a> {
    key: &'a Arc<str>,
    pointer: String,
    issues: Vec<Issue>,
}

impl<'a> Compiler<'a> {
    fn new(key: &'a Arc<str>) -> Self {
        Self {
            key,
            pointer: String::new(),
            issues: Vec::new(),
        }
    }

    /// Does `work` one step deeper into the document
    fn within<T>(&mut self, segment: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&escape(segment));
        let result = work(self);
        self.pointer.truncate(length);
        result
    }

    /// Notes a problem where the compilation is; `None`, so that a caller can end with it
    fn issue<T>(&mut self, problem: Problem) -> Option<T> {
        let pointer = std::mem::take(&mut self.pointer);
        self.issue_at(&pointer, problem);
        self.pointer = pointer;
        None
    }

    fn issue_at(&mut self, pointer: &str, problem: Problem) {
        self.issues.push(issue(self.key, pointer, problem));
    }

    fn finish(self, flag: Option<Flag>) -> Compiled {
        match flag {
            Some(flag) if self.issues.is_empty() => Ok(Arc::new(flag)),
            _ => Err(self.issues.into()),
        }
    }

    fn flag(&mut self, wire: FlagWire, fingerprint: u64) -> Option<Flag> {
        if !limits::is_key(self.key) {
            self.issue::<()>(Problem::Key);
        }
        self.refuse_what_is_newer(&wire)?;
        let flag_type = flag_type(wire.flag_type);
        let salt = wire.salt.unwrap_or_else(|| Arc::clone(self.key));
        self.within("salt", |compiler| compiler.name(&salt));
        let variants = self.variants(flag_type, wire.variants);
        let names_own = variants.is_some();
        let variants = variants.unwrap_or_else(boolean_variants);
        let default_name =
            |name: &str| (flag_type == FlagType::Boolean && !names_own).then(|| Arc::from(name));
        let on = self.optional_variant(
            "onVariant",
            &variants,
            wire.on_variant.or_else(|| default_name("on")),
        );
        let off = self.off_variant(&variants, wire.off_variant.or_else(|| default_name("off")));
        let levels = self.within("levels", |compiler| compiler.levels(wire.levels));
        let scope = serve::Scope {
            variants: &variants,
            salt: &salt,
        };
        let rules = self.within("rules", |compiler| compiler.rules(wire.rules, &scope));
        let serve = match wire.serve {
            Some(serve) => self.within("serve", |compiler| compiler.serve(serve, &scope)),
            None => on
                .clone()
                .map(Serve::always)
                .or_else(|| self.issue(Problem::Missing("serve"))),
        };
        self.within("metadata", |compiler| compiler.metadata(&wire.metadata));
        Some(Flag {
            fingerprint,
            value_type: flag_type,
            enabled: wire.enabled,
            is_client_side: wire.client_side,
            expires_at: wire.expires_at,
            on,
            off: off?,
            levels,
            rules: rules?,
            serve: serve?,
            metadata: wire.metadata,
            variants,
        })
    }

    fn refuse_what_is_newer(&mut self, wire: &FlagWire) -> Option<()> {
        let newer = [
            ("prerequisites", wire.prerequisites.is_some()),
            ("environmentPatch", wire.environment_patch.is_some()),
        ];
        for (name, _) in newer.iter().filter(|(_, is_there)| *is_there) {
            self.within(name, |compiler| {
                compiler.issue::<()>(Problem::Unsupported(name))
            });
        }
        match wire.needs {
            Some(needs) if needs > crate::LANGUAGE_LEVEL => {
                self.within("needs", |compiler| compiler.issue(Problem::Needs { needs }))
            }
            _ => Some(()),
        }
    }

    fn variants(
        &mut self,
        flag_type: FlagType,
        wire: Option<BTreeMap<Arc<str>, Value>>,
    ) -> Option<Box<[Arc<Variant>]>> {
        if wire.is_none() && flag_type != FlagType::Boolean {
            self.issue::<()>(Problem::Missing("variants"));
        }
        let wire = wire?;
        self.within("variants", |compiler| {
            compiler.at_most("variants", limits::VARIANTS, wire.len());
            for (name, value) in &wire {
                compiler.within(name, |compiler| {
                    compiler.name(name);
                    if !is_of(flag_type, value) {
                        compiler.issue::<()>(Problem::VariantType {
                            expected: flag_type.name(),
                            got: type_name(value),
                        });
                    }
                });
            }
        });
        Some(
            wire.into_iter()
                .map(|(name, value)| Arc::new(Variant { name, value }))
                .collect(),
        )
    }

    fn optional_variant(
        &mut self,
        field: &'static str,
        variants: &[Arc<Variant>],
        name: Option<Arc<str>>,
    ) -> Option<Arc<Variant>> {
        let name = name?;
        self.within(field, |compiler| compiler.variant(variants, &name))
    }

    fn off_variant(
        &mut self,
        variants: &[Arc<Variant>],
        name: Option<Arc<str>>,
    ) -> Option<Arc<Variant>> {
        if name.is_none() {
            return self.issue(Problem::Missing("offVariant"));
        }
        self.optional_variant("offVariant", variants, name)
    }

    fn variant(&mut self, variants: &[Arc<Variant>], name: &Arc<str>) -> Option<Arc<Variant>> {
        let found = variants.iter().find(|variant| variant.name == *name);
        found
            .cloned()
            .or_else(|| self.issue(Problem::UnknownVariant(Arc::clone(name))))
    }

    fn levels(&mut self, names: Option<Vec<Arc<str>>>) -> Box<[Level]> {
        let names = names.unwrap_or_else(|| vec!["user".into(), "organization".into()]);
        for (position, name) in names.iter().enumerate() {
            self.within(&position.to_string(), |compiler| {
                compiler.name(name);
                if names.iter().take(position).any(|earlier| earlier == name) {
                    compiler.issue::<()>(Problem::DuplicateLevel(Arc::clone(name)));
                }
            });
        }
        names
            .into_iter()
            .map(|name| Level {
                path: AttributePath::of_kind(&name),
                name,
            })
            .collect()
    }

    fn rules(&mut self, wires: Vec<RuleWire>, scope: &serve::Scope<'_>) -> Option<Box<[Rule]>> {
        self.at_most("rules", limits::RULES, wires.len());
        let rules: Vec<Option<Rule>> = wires
            .into_iter()
            .enumerate()
            .map(|(position, wire)| {
                self.within(&position.to_string(), |compiler| compiler.rule(wire, scope))
            })
            .collect();
        rules.into_iter().collect()
    }

    fn rule(&mut self, wire: RuleWire, scope: &serve::Scope<'_>) -> Option<Rule> {
        if let Some(id) = &wire.id {
            self.within("id", |compiler| compiler.name(id));
        }
        let window = Window {
            from: wire.from,
            until: wire.until,
        };
        if let (Some(from), Some(until)) = (window.from, window.until)
            && until <= from
        {
            self.within("until", |compiler| compiler.issue::<()>(Problem::Window));
        }
        let when = wire
            .when
            .map(|condition| self.within("when", |compiler| compiler.condition(condition, 1)));
        let serve = self.within("serve", |compiler| compiler.serve(wire.serve, scope));
        Some(Rule {
            id: wire.id,
            window,
            when: when.map_or(Some(None), |when| when.map(Some))?,
            serve: serve?,
        })
    }

    fn metadata(&mut self, metadata: &Object) {
        for (name, value) in metadata {
            if !matches!(
                value,
                Value::Boolean(_) | Value::Number(_) | Value::String(_)
            ) {
                self.within(name, |compiler| compiler.issue::<()>(Problem::Metadata));
            }
        }
    }

    fn name(&mut self, name: &str) {
        if name.is_empty() || name.chars().count() > limits::NAME_LENGTH {
            self.issue::<()>(Problem::Name);
        }
    }

    fn at_most(&mut self, what: &'static str, limit: usize, got: usize) {
        if got > limit {
            self.issue::<()>(Problem::TooMany { what, limit, got });
        }
    }
}

/// An issue of the flag `key` at `pointer` inside it
pub(crate) fn issue(key: &Arc<str>, pointer: &str, problem: Problem) -> Issue {
    Issue {
        flag: Arc::clone(key),
        pointer: format!("/flags/{}{pointer}", escape(key)),
        problem,
    }
}

fn boolean_variants() -> Box<[Arc<Variant>]> {
    let variant = |name: &str, value: bool| {
        Arc::new(Variant {
            name: name.into(),
            value: Value::Boolean(value),
        })
    };
    Box::new([variant("off", false), variant("on", true)])
}

fn flag_type(wire: FlagTypeWire) -> FlagType {
    match wire {
        FlagTypeWire::Boolean => FlagType::Boolean,
        FlagTypeWire::String => FlagType::String,
        FlagTypeWire::Number => FlagType::Number,
        FlagTypeWire::Object => FlagType::Object,
    }
}

fn is_of(flag_type: FlagType, value: &Value) -> bool {
    match flag_type {
        FlagType::Boolean => matches!(value, Value::Boolean(_)),
        FlagType::String => matches!(value, Value::String(_)),
        FlagType::Number => matches!(value, Value::Number(_)),
        FlagType::Object => matches!(value, Value::Object(_) | Value::Array(_)),
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Boolean(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
