//! Flags: variants, levels, prerequisites and rules

use std::sync::{Arc, LazyLock};

use super::serve::ServeDefaults;
use super::{CompileSession, Compiled, Compiler, check_kind, length};
use crate::context::path::AttributePath;
use crate::document::interner::Variants;
use crate::document::object::ObjectKind;
use crate::document::schemas;
use crate::error::IssueKind;
use crate::json::names::Name;
use crate::json::{Json, Node, Source};
use crate::limits;
use crate::lists::{Override, Overrides};
use crate::model::{Flag, FlagType, Level, Rule, Serve, Variant, Window};
use crate::table::table_hash::is_same;
use crate::value::merge::merge_patch;
use crate::value::{JsonObject, Value};

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
    session: &mut CompileSession,
) -> FlagParts {
    let (mut compiler, json) =
        Compiler::read(ObjectKind::Flag, key, source, &schemas::FLAG, session);
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
        overrides.put(key, Override::read(key, &value.value()));
    }
    overrides
}

impl Compiler<'_> {
    fn flag(&mut self, json: Json<'_>, fingerprint: u64) -> Option<Flag> {
        self.key();
        self.needs(json)?;
        let flag_type = flag_type(json)?;
        let salt = json.get(Name::Salt).and_then(Json::text);
        let salt = salt.unwrap_or(self.key);
        self.within(Name::Salt, |compiler| compiler.name(salt));
        let is_default = flag_type == FlagType::Boolean && json.get(Name::Variants).is_none();
        let patch = json.get(Name::EnvironmentPatch);
        let patch = patch.map(|patch| Arc::new(patch.object()));
        let variants = self.variants(flag_type, json, patch.as_ref());
        let named = |name: &'static str| is_default.then_some(name);
        let on = self.variant_of(json, Name::OnVariant, named("on"), &variants);
        let off = if self.is_nothing(json, Name::OffVariant) {
            Some(Arc::clone(Variant::nothing()))
        } else {
            self.variant_of(json, Name::OffVariant, named("off"), &variants)
        };
        if off.is_none() && !is_default && json.get(Name::OffVariant).is_none() {
            self.issue::<()>(IssueKind::Missing("offVariant"));
        }
        let levels = self.levels(json);
        let prerequisites = self.prerequisites(json);
        let defaults = ServeDefaults::new(&variants, salt);
        let rules = self.rules(json, &defaults);
        let serve = match json.get(Name::Serve) {
            Some(serve) => self.within(Name::Serve, |compiler| compiler.serve(serve, &defaults)),
            None if self.is_nothing(json, Name::Serve) => {
                Some(Serve::always(Arc::clone(Variant::nothing())))
            }
            None => on
                .clone()
                .map(Serve::always)
                .or_else(|| self.issue(IssueKind::Missing("serve"))),
        };
        let metadata = self.metadata(json);
        let admits = self.admission(json);
        let flagged = |name| json.get(name).and_then(Json::boolean).unwrap_or_default();
        Some(Flag {
            fingerprint,
            flag_type,
            enabled: flagged(Name::Enabled),
            admits,
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
            clock: std::mem::take(&mut self.clock).into(),
            references: std::mem::take(&mut self.references).into(),
            variants,
        })
    }

    /// Whether a field is `null`: in version 2 of the language it serves nothing, in version 1 it counts as absent
    fn is_nothing(&self, json: Json<'_>, member: Name) -> bool {
        let is_null = |member: Json<'_>| member.node() == Node::Null;
        self.language >= 2 && json.present(member).is_some_and(is_null)
    }

    /// The variant that a field names, by default the one of this name; an unknown variant is an issue
    fn variant_of(
        &mut self,
        json: Json<'_>,
        member: Name,
        default: Option<&str>,
        variants: &[Arc<Variant>],
    ) -> Option<Arc<Variant>> {
        let name = json.get(member).and_then(Json::text);
        let name = name.or(default)?;
        self.within(member, |compiler| compiler.variant(variants, name))
    }

    fn overrides(&mut self, json: Json<'_>) -> Vec<(Arc<str>, Overrides)> {
        let levels = json.get(Name::Overrides).map(Json::entries);
        let levels = levels.unwrap_or_default().into_iter();
        levels
            .map(|(level, list)| (self.interner.text(level), overrides(list)))
            .collect()
    }

    fn variants(
        &mut self,
        flag_type: FlagType,
        json: Json<'_>,
        patch: Option<&Arc<JsonObject>>,
    ) -> Variants {
        if patch.is_some() && flag_type != FlagType::Object {
            self.within(Name::EnvironmentPatch, |compiler| {
                compiler.issue::<()>(IssueKind::PatchOfScalar)
            });
        }
        let Some(values) = json.get(Name::Variants) else {
            if flag_type != FlagType::Boolean {
                self.issue::<()>(IssueKind::Missing("variants"));
            }
            return boolean_variants();
        };
        if patch.is_some() {
            return self.own_variants(flag_type, values, patch);
        }
        let is_of_type = |variants: &Variants| {
            let mut variants = variants.iter();
            variants.all(|variant| is_of(flag_type, &variant.value))
        };
        if let Some(variants) = self.interner.variants(values).filter(is_of_type) {
            return variants;
        }
        let issues = self.issues.len();
        let variants = self.own_variants(flag_type, values, None);
        if self.issues.len() == issues {
            self.interner.intern_variants(&variants);
        }
        variants
    }

    fn own_variants(
        &mut self,
        flag_type: FlagType,
        values: Json<'_>,
        patch: Option<&Arc<JsonObject>>,
    ) -> Variants {
        let values = values.entries();
        self.within(Name::Variants, |compiler| {
            compiler.at_most("variants", limits::MAX_VARIANTS, values.len());
            let variant = |(index, (name, value)): (u32, (&str, Json<'_>))| {
                let value = match value.text() {
                    Some(text) => Value::String(compiler.interner.text(text)),
                    None => value.value(),
                };
                compiler.check_variant(flag_type, name, &value);
                let name = compiler.interner.text(name);
                Arc::new(patched((index, name), value, patch))
            };
            (0..).zip(values).map(variant).collect()
        })
    }

    fn check_variant(&mut self, flag_type: FlagType, name: &str, value: &Value) {
        if !limits::is_name(name) {
            self.issue_in(name, IssueKind::Name);
        }
        if !is_of(flag_type, value) {
            let (expected, got) = (flag_type.name(), type_name(value));
            self.issue_in(name, IssueKind::VariantType { expected, got });
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
            .or_else(|| self.issue(IssueKind::UnknownVariant(name.into())))
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
            compiler.at_most("levels", limits::MAX_LEVELS, names.len());
            if names.is_empty() {
                compiler.issue::<()>(IssueKind::NoLevels);
            }
            for (position, name) in names.iter().enumerate() {
                if let Err(problem) = check_kind(name) {
                    compiler.issue_in(&position.to_string(), problem);
                }
                if names.iter().take(position).any(|earlier| earlier == name) {
                    let problem = IssueKind::DuplicateLevel(Arc::clone(name));
                    compiler.issue_in(&position.to_string(), problem);
                }
            }
        });
        levels(names)
    }

    fn prerequisites(&mut self, json: Json<'_>) -> Option<Box<[usize]>> {
        let list = json.get(Name::Prerequisites);
        self.within(Name::Prerequisites, |compiler| {
            compiler.at_most("prerequisites", limits::MAX_PREREQUISITES, length(list));
            compiler.each(list, |compiler, json| compiler.flag_reference(json, 0))
        })
    }

    fn rules(&mut self, json: Json<'_>, defaults: &ServeDefaults<'_>) -> Option<Box<[Rule]>> {
        let list = json.get(Name::Rules);
        self.within(Name::Rules, |compiler| {
            compiler.at_most("rules", limits::MAX_RULES, length(list));
            compiler.each(list, |compiler, rule| compiler.rule(rule, defaults))
        })
    }

    fn rule(&mut self, json: Json<'_>, defaults: &ServeDefaults<'_>) -> Option<Rule> {
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
                compiler.issue::<()>(IssueKind::Window)
            });
        }
        let when = json.get(Name::When);
        let when = when.map(|when| self.within(Name::When, |compiler| compiler.condition(when, 1)));
        let serve = json.present(Name::Serve)?;
        let serve = self.within(Name::Serve, |compiler| compiler.serve(serve, defaults));
        Some(Rule {
            id,
            window: window.into(),
            when: when.map_or(Some(None), |when| when.map(Some))?,
            serve: serve?,
        })
    }

    fn metadata(&mut self, json: Json<'_>) -> JsonObject {
        let metadata = json.get(Name::Metadata);
        let metadata = metadata.map(Json::object);
        let metadata = metadata.unwrap_or_default();
        self.within(Name::Metadata, |compiler| {
            for (name, value) in &metadata {
                let is_scalar = matches!(
                    value,
                    Value::Boolean(_) | Value::Number(_) | Value::String(_)
                );
                if !is_scalar {
                    compiler.issue_in(name, IssueKind::Metadata);
                }
            }
        });
        metadata
    }
}

fn patched(
    (index, name): (u32, Arc<str>),
    value: Value,
    patch: Option<&Arc<JsonObject>>,
) -> Variant {
    let (value, base_value) = match patch {
        None => (value, None),
        Some(patch) => (merge_patch(&value, patch), Some(value)),
    };
    Variant {
        name,
        index,
        value,
        base_value,
    }
}

/// The variants of a boolean flag that names none, which all such flags share
fn boolean_variants() -> Arc<[Arc<Variant>]> {
    static VARIANTS: LazyLock<Arc<[Arc<Variant>]>> = LazyLock::new(|| {
        let variant = |index, name: &str, value: bool| {
            Arc::new(Variant {
                name: name.into(),
                index,
                value: Value::Boolean(value),
                base_value: None,
            })
        };
        Arc::new([variant(0, "off", false), variant(1, "on", true)])
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
    match json.get(Name::Type)?.text()? {
        "boolean" => Some(FlagType::Boolean),
        "string" => Some(FlagType::String),
        "number" => Some(FlagType::Number),
        "object" => Some(FlagType::Object),
        _ => None,
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
