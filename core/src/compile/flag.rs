//! Flags: variants, levels, prerequisites and rules

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, LazyLock};

use serde::Deserializer;

use super::serve::Scope;
use super::{Compiled, Compiler};
use crate::error::Problem;
use crate::limits;
use crate::merge::merge_patch;
use crate::model::{Flag, FlagReference, FlagType, Level, Rule, Serve, Variant, Window};
use crate::object::ObjectKind;
use crate::path::AttributePath;
use crate::value::{Object, Value};
use crate::wire::{FlagTypeWire, FlagWire, OverridesWire, PrerequisiteWire, RuleWire};

/// A flag and the lists that its document holds inline
pub(crate) struct FlagParts {
    pub(crate) compiled: Compiled<Flag>,
    pub(crate) overrides: BTreeMap<Arc<str>, OverridesWire>,
}

/// Compiles the flag `key` from its JSON, of which `fingerprint` is the hash
pub(crate) fn flag<'de, D: Deserializer<'de> + Copy>(
    key: &Arc<str>,
    fingerprint: u64,
    deserializer: D,
) -> FlagParts
where
    D::Error: Display,
{
    let mut compiler = Compiler::new(ObjectKind::Flag, key);
    let Some(mut wire) = compiler.read::<FlagWire, D>(deserializer) else {
        return FlagParts {
            compiled: compiler.finish(None),
            overrides: BTreeMap::new(),
        };
    };
    let overrides = std::mem::take(&mut wire.overrides);
    let flag = compiler.flag(wire, fingerprint);
    FlagParts {
        compiled: compiler.finish(flag),
        overrides,
    }
}

impl Compiler<'_> {
    fn flag(&mut self, mut wire: FlagWire, fingerprint: u64) -> Option<Flag> {
        self.key();
        self.needs(wire.needs)?;
        let value_type = flag_type(wire.flag_type);
        let salt = wire.salt.take().unwrap_or_else(|| Arc::clone(self.key));
        self.within("salt", |compiler| compiler.name(&salt));
        let is_default = value_type == FlagType::Boolean && wire.variants.is_none();
        let named = |name: &'static str| is_default.then_some(name);
        let variants = self.variants(value_type, &mut wire);
        let on = wire.on_variant.as_deref().or(named("on"));
        let on =
            on.map(|name| self.within("onVariant", |compiler| compiler.variant(&variants, name)));
        let off = match wire.off_variant.as_deref().or(named("off")) {
            Some(name) => self.within("offVariant", |compiler| compiler.variant(&variants, name)),
            None => self.issue(Problem::Missing("offVariant")),
        };
        let levels = self.within("levels", |compiler| compiler.levels(wire.levels));
        let prerequisites = self.within("prerequisites", |compiler| {
            compiler.prerequisites(wire.prerequisites)
        });
        let scope = Scope {
            variants: &variants,
            salt: &salt,
        };
        let rules = self.within("rules", |compiler| {
            compiler.at_most("rules", limits::RULES, wire.rules.len());
            compiler.each(wire.rules, |compiler, rule| compiler.rule(rule, &scope))
        });
        let on = on.map_or(Some(None), |on| on.map(Some));
        let serve = match wire.serve {
            Some(serve) => self.within("serve", |compiler| compiler.serve(serve, &scope)),
            None => on
                .clone()
                .flatten()
                .map(Serve::always)
                .or_else(|| self.issue(Problem::Missing("serve"))),
        };
        self.within("metadata", |compiler| compiler.metadata(&wire.metadata));
        Some(Flag {
            fingerprint,
            value_type,
            enabled: wire.enabled,
            is_client_side: wire.client_side,
            expires_at: wire.expires_at,
            prerequisites: prerequisites?,
            on: on?,
            off: off?,
            levels,
            rules: rules?,
            serve: serve?,
            metadata: wire.metadata,
            environment_patch: wire.environment_patch,
            references: std::mem::take(&mut self.references),
            variants,
        })
    }

    fn variants(&mut self, value_type: FlagType, wire: &mut FlagWire) -> Arc<[Arc<Variant>]> {
        if wire.environment_patch.is_some() && value_type != FlagType::Object {
            self.within("environmentPatch", |compiler| {
                compiler.issue::<()>(Problem::PatchOfScalar)
            });
        }
        let Some(values) = wire.variants.take() else {
            if value_type != FlagType::Boolean {
                self.issue::<()>(Problem::Missing("variants"));
            }
            return boolean_variants();
        };
        self.within("variants", |compiler| {
            compiler.at_most("variants", limits::VARIANTS, values.len());
            for (name, value) in &values {
                compiler.within(name, |compiler| {
                    compiler.check_variant(value_type, name, value);
                });
            }
        });
        let patch = wire.environment_patch.as_ref();
        values
            .into_iter()
            .map(|(name, value)| Arc::new(patched(name, value, patch)))
            .collect()
    }

    fn check_variant(&mut self, value_type: FlagType, name: &str, value: &Value) {
        self.name(name);
        if !is_of(value_type, value) {
            self.issue::<()>(Problem::VariantType {
                expected: value_type.name(),
                got: type_name(value),
            });
        }
    }

    pub(super) fn variant(
        &mut self,
        variants: &[Arc<Variant>],
        name: &str,
    ) -> Option<Arc<Variant>> {
        let found = variants.iter().find(|variant| &*variant.name == name);
        found
            .cloned()
            .or_else(|| self.issue(Problem::UnknownVariant(name.into())))
    }

    fn levels(&mut self, names: Option<Vec<Arc<str>>>) -> Arc<[Level]> {
        static DEFAULT: LazyLock<Arc<[Level]>> =
            LazyLock::new(|| levels(["user".into(), "organization".into()]));
        let Some(names) = names else {
            return Arc::clone(&DEFAULT);
        };
        self.at_most("levels", limits::LEVELS, names.len());
        if names.is_empty() {
            self.issue::<()>(Problem::NoLevels);
        }
        for (position, name) in names.iter().enumerate() {
            self.within(&position.to_string(), |compiler| {
                compiler.kind(name);
                if names.iter().take(position).any(|earlier| earlier == name) {
                    compiler.issue::<()>(Problem::DuplicateLevel(Arc::clone(name)));
                }
            });
        }
        levels(names)
    }

    fn prerequisites(&mut self, wires: Vec<PrerequisiteWire>) -> Option<Box<[usize]>> {
        self.at_most("prerequisites", limits::PREREQUISITES, wires.len());
        self.each(wires, |compiler, wire| {
            if wire.variants.is_empty() {
                return compiler.issue(Problem::Missing("variants"));
            }
            let target = compiler.within("flag", |compiler| compiler.reference(wire.flag));
            let position = compiler.references.flags.len();
            compiler.references.flags.push(FlagReference {
                target,
                variants: wire.variants,
                is_condition: false,
            });
            Some(position)
        })
    }

    fn rule(&mut self, wire: RuleWire, scope: &Scope<'_>) -> Option<Rule> {
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
}

fn patched(name: Arc<str>, value: Value, patch: Option<&Arc<Object>>) -> Variant {
    match patch {
        None => Variant {
            name,
            value,
            unpatched: None,
        },
        Some(patch) => Variant {
            name,
            value: merge_patch(&value, patch),
            unpatched: Some(value),
        },
    }
}

/// The variants of a boolean flag that names none, which all such flags share
fn boolean_variants() -> Arc<[Arc<Variant>]> {
    static VARIANTS: LazyLock<Arc<[Arc<Variant>]>> = LazyLock::new(|| {
        let variant = |name: &str, value: bool| {
            Arc::new(Variant {
                name: name.into(),
                value: Value::Boolean(value),
                unpatched: None,
            })
        };
        Arc::new([variant("off", false), variant("on", true)])
    });
    Arc::clone(&VARIANTS)
}

fn levels(names: impl IntoIterator<Item = Arc<str>>) -> Arc<[Level]> {
    let level = |name: Arc<str>| Level {
        path: AttributePath::of_kind(&name),
        name,
    };
    names.into_iter().map(level).collect()
}

fn flag_type(wire: FlagTypeWire) -> FlagType {
    match wire {
        FlagTypeWire::Boolean => FlagType::Boolean,
        FlagTypeWire::String => FlagType::String,
        FlagTypeWire::Number => FlagType::Number,
        FlagTypeWire::Object => FlagType::Object,
    }
}

fn is_of(value_type: FlagType, value: &Value) -> bool {
    match value_type {
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
