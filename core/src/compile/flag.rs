//! Flags: variants, levels, prerequisites and rules

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use super::serve::Scope;
use super::{Compiled, Compiler, Workshop, check_kind, length};
use crate::error::Problem;
use crate::forms;
use crate::hashing::is_same;
use crate::json::{DEPTH, Json, Source};
use crate::limits;
use crate::list::{Override, Overrides};
use crate::merge::merge_patch;
use crate::model::{Flag, FlagType, Level, Rule, Serve, Variant, Window};
use crate::names::Name;
use crate::object::ObjectKind;
use crate::path::AttributePath;
use crate::shared::Variants;
use crate::value::{Object, Value};

/// A flag and the lists that its document holds inline, by level
pub(crate) struct FlagParts {
    pub(crate) compiled: Compiled<Flag>,
    pub(crate) overrides: Vec<(Arc<str>, Overrides)>,
}

/// Compiles the flag `key` from its JSON, of which `fingerprint` is the hash
pub(crate) fn flag(
    key: &Arc<str>,
    fingerprint: u64,
    source: Source<'_>,
    workshop: &mut Workshop,
) -> FlagParts {
    let (mut compiler, json) =
        Compiler::read(ObjectKind::Flag, key, source, &forms::FLAG, workshop);
    let Some(json) = json else {
        return FlagParts {
            compiled: compiler.finish(None),
            overrides: Vec::new(),
        };
    };
    let flag = compiler.flag(json, fingerprint);
    let overrides = compiler.overrides(json);
    FlagParts {
        compiled: compiler.finish(flag),
        overrides,
    }
}

/// The overrides of one level
pub(crate) fn overrides(list: Json<'_>) -> Overrides {
    let mut overrides = Overrides::default();
    for (key, value) in list.members() {
        let key = key.text().unwrap_or_default();
        overrides.put(&key, Override::read(&key, &value.value(DEPTH)));
    }
    overrides
}

impl Compiler<'_> {
    fn flag(&mut self, json: Json<'_>, fingerprint: u64) -> Option<Flag> {
        self.key();
        self.needs(json)?;
        let value_type = flag_type(json)?;
        let salt = json.get(Name::Salt).and_then(Json::text);
        let salt = salt.as_deref().unwrap_or(self.key);
        self.within(Name::Salt, |compiler| compiler.name(salt));
        let is_default = value_type == FlagType::Boolean && json.get(Name::Variants).is_none();
        let patch = json.get(Name::EnvironmentPatch);
        let patch = patch.map(|patch| Arc::new(patch.object(DEPTH)));
        let variants = self.variants(value_type, json, patch.as_ref());
        let named = |name: &'static str| is_default.then_some(name);
        let on = self.variant_of(json, Name::OnVariant, named("on"), &variants);
        let off = self.variant_of(json, Name::OffVariant, named("off"), &variants);
        if off.is_none() && !is_default && json.get(Name::OffVariant).is_none() {
            self.issue::<()>(Problem::Missing("offVariant"));
        }
        let levels = self.levels(json);
        let prerequisites = self.prerequisites(json);
        let scope = Scope::new(&variants, salt);
        let rules = self.rules(json, &scope);
        let serve = match json.get(Name::Serve) {
            Some(serve) => self.within(Name::Serve, |compiler| compiler.serve(serve, &scope)),
            None => on
                .clone()
                .map(Serve::always)
                .or_else(|| self.issue(Problem::Missing("serve"))),
        };
        let metadata = self.metadata(json);
        let flagged = |name| json.get(name).and_then(Json::boolean).unwrap_or_default();
        Some(Flag {
            fingerprint,
            value_type,
            enabled: flagged(Name::Enabled),
            is_client_side: flagged(Name::ClientSide),
            expires_at: json.get(Name::ExpiresAt).and_then(Json::instant),
            prerequisites: prerequisites?,
            on,
            off: off?,
            levels,
            rules: rules?,
            serve: serve?,
            metadata,
            environment_patch: patch,
            effort: self.effort,
            references: std::mem::take(&mut self.references).into(),
            variants,
        })
    }

    /// The variant that a member names, or else the one of this name; one that does not exist is an issue
    fn variant_of(
        &mut self,
        json: Json<'_>,
        member: Name,
        default: Option<&str>,
        variants: &[Arc<Variant>],
    ) -> Option<Arc<Variant>> {
        let name = json.get(member).and_then(Json::text);
        let name = name.as_deref().or(default)?;
        self.within(member, |compiler| compiler.variant(variants, name))
    }

    fn overrides(&mut self, json: Json<'_>) -> Vec<(Arc<str>, Overrides)> {
        let levels = json.get(Name::Overrides).map(Json::entries);
        let levels = levels.unwrap_or_default().into_iter();
        levels
            .map(|(level, list)| (self.shared.text(&level), overrides(list)))
            .collect()
    }

    fn variants(
        &mut self,
        value_type: FlagType,
        json: Json<'_>,
        patch: Option<&Arc<Object>>,
    ) -> Variants {
        if patch.is_some() && value_type != FlagType::Object {
            self.within(Name::EnvironmentPatch, |compiler| {
                compiler.issue::<()>(Problem::PatchOfScalar)
            });
        }
        let Some(values) = json.get(Name::Variants) else {
            if value_type != FlagType::Boolean {
                self.issue::<()>(Problem::Missing("variants"));
            }
            return boolean_variants();
        };
        if patch.is_some() {
            return self.own_variants(value_type, values, patch);
        }
        let is_of_type = |variants: &Variants| {
            let mut variants = variants.iter();
            variants.all(|variant| is_of(value_type, &variant.value))
        };
        let text = values.container_text();
        if let Some(variants) = self.shared.variants(text).filter(is_of_type) {
            return variants;
        }
        let issues = self.issues.len();
        let variants = self.own_variants(value_type, values, None);
        if self.issues.len() == issues {
            self.shared.learn_variants(text, &variants);
        }
        variants
    }

    fn own_variants(
        &mut self,
        value_type: FlagType,
        values: Json<'_>,
        patch: Option<&Arc<Object>>,
    ) -> Variants {
        let values = values.entries();
        self.within(Name::Variants, |compiler| {
            compiler.at_most("variants", limits::VARIANTS, values.len());
            let variant = |(name, value): (Cow<'_, str>, Json<'_>)| {
                let value = match value.text() {
                    Some(text) => Value::String(compiler.shared.text(&text)),
                    None => value.value(DEPTH),
                };
                compiler.check_variant(value_type, &name, &value);
                Arc::new(patched(compiler.shared.text(&name), value, patch))
            };
            values.into_iter().map(variant).collect()
        })
    }

    fn check_variant(&mut self, value_type: FlagType, name: &str, value: &Value) {
        if !limits::is_name(name) {
            self.issue_in(name, Problem::Name);
        }
        if !is_of(value_type, value) {
            let (expected, got) = (value_type.name(), type_name(value));
            self.issue_in(name, Problem::VariantType { expected, got });
        }
    }

    pub(super) fn variant(
        &mut self,
        variants: &[Arc<Variant>],
        name: &str,
    ) -> Option<Arc<Variant>> {
        let found = variants.iter().find(|variant| is_same(&variant.name, name));
        found
            .cloned()
            .or_else(|| self.issue(Problem::UnknownVariant(name.into())))
    }

    fn levels(&mut self, json: Json<'_>) -> Arc<[Level]> {
        static DEFAULT: LazyLock<Arc<[Level]>> =
            LazyLock::new(|| levels(["user".into(), "organization".into()]));
        let list = json.get(Name::Levels);
        if list.is_none() {
            return Arc::clone(&DEFAULT);
        }
        let names = self.texts(list);
        self.within(Name::Levels, |compiler| {
            compiler.at_most("levels", limits::LEVELS, names.len());
            if names.is_empty() {
                compiler.issue::<()>(Problem::NoLevels);
            }
            for (position, name) in names.iter().enumerate() {
                if let Err(problem) = check_kind(name) {
                    compiler.issue_in(&position.to_string(), problem);
                }
                if names.iter().take(position).any(|earlier| earlier == name) {
                    let problem = Problem::DuplicateLevel(Arc::clone(name));
                    compiler.issue_in(&position.to_string(), problem);
                }
            }
        });
        levels(names)
    }

    fn prerequisites(&mut self, json: Json<'_>) -> Option<Box<[usize]>> {
        let list = json.get(Name::Prerequisites);
        self.within(Name::Prerequisites, |compiler| {
            compiler.at_most("prerequisites", limits::PREREQUISITES, length(list));
            compiler.each(list, |compiler, json| compiler.flag_reference(json, 0))
        })
    }

    fn rules(&mut self, json: Json<'_>, scope: &Scope<'_>) -> Option<Box<[Rule]>> {
        let list = json.get(Name::Rules);
        self.within(Name::Rules, |compiler| {
            compiler.at_most("rules", limits::RULES, length(list));
            compiler.each(list, |compiler, rule| compiler.rule(rule, scope))
        })
    }

    fn rule(&mut self, json: Json<'_>, scope: &Scope<'_>) -> Option<Rule> {
        let id = json.get(Name::Id).map(|id| self.text(Some(id)));
        if let Some(id) = &id {
            self.within(Name::Id, |compiler| compiler.name(id));
        }
        let window = Window {
            from: json.get(Name::From).and_then(Json::instant),
            until: json.get(Name::Until).and_then(Json::instant),
        };
        if let (Some(from), Some(until)) = (window.from, window.until)
            && until <= from
        {
            self.within(Name::Until, |compiler| {
                compiler.issue::<()>(Problem::Window)
            });
        }
        let when = json.get(Name::When);
        let when = when.map(|when| self.within(Name::When, |compiler| compiler.condition(when, 1)));
        let serve = json.get(Name::Serve)?;
        let serve = self.within(Name::Serve, |compiler| compiler.serve(serve, scope));
        Some(Rule {
            id,
            window: window.into(),
            when: when.map_or(Some(None), |when| when.map(Some))?,
            serve: serve?,
        })
    }

    fn metadata(&mut self, json: Json<'_>) -> Object {
        let metadata = json.get(Name::Metadata);
        let metadata = metadata.map(|metadata| metadata.object(DEPTH));
        let metadata = metadata.unwrap_or_default();
        self.within(Name::Metadata, |compiler| {
            for (name, value) in &metadata {
                let is_scalar = matches!(
                    value,
                    Value::Boolean(_) | Value::Number(_) | Value::String(_)
                );
                if !is_scalar {
                    compiler.issue_in(name, Problem::Metadata);
                }
            }
        });
        metadata
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

fn flag_type(json: Json<'_>) -> Option<FlagType> {
    match &*json.get(Name::Type)?.text()? {
        "boolean" => Some(FlagType::Boolean),
        "string" => Some(FlagType::String),
        "number" => Some(FlagType::Number),
        "object" => Some(FlagType::Object),
        _ => None,
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
