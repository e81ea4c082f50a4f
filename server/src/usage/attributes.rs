//! The attributes in the contexts of an environment: names, types and a sample of values

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use flagstaff_core::{AttributePath, Context, JsonObject, Timestamp, Value};

use super::hour_of;
use crate::object::escaped;
use crate::store::{
    ATTRIBUTE_VALUE_LENGTH, AttributeSettings, KEPT_ATTRIBUTES, KEPT_VALUES, SeenAttribute,
};

/// The maximum depth of nested objects that are read
const DEPTH: usize = 4;
/// The maximum number of attributes of one context, and of elements of one array, that are read
const LOOKED_AT: usize = 100;

/// What was seen in the contexts of one environment in this hour
///
/// Each type and value is stored once in an hour, even if every request has it.
#[derive(Debug, Default)]
pub(super) struct AttributeSample(Mutex<Sample>);

#[derive(Debug, Default)]
struct Sample {
    hour: Timestamp,
    // INVARIANT: everything here was seen under these settings, by their address: other settings may have had stored rows deleted.
    settings: Arc<AttributeSettings>,
    // INVARIANT: bounded by `KEPT_ATTRIBUTES` and `KEPT_VALUES`.
    attributes: HashMap<Arc<str>, Seen>,
    waiting: Vec<SeenAttribute>,
}

#[derive(Debug, Default)]
struct Seen {
    types: BTreeSet<&'static str>,
    values: BTreeSet<Arc<str>>,
}

impl AttributeSample {
    /// Reads a context; skips it while another thread reads one, since this is only a sample
    pub(super) fn look_at(
        &self,
        environment: i64,
        (context, settings): (&Context, &Arc<AttributeSettings>),
        now: Timestamp,
    ) {
        let mut sample = match self.0.try_lock() {
            Ok(sample) => sample,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        if sample.hour != hour_of(now) || !Arc::ptr_eq(&sample.settings, settings) {
            *sample = Sample {
                hour: hour_of(now),
                settings: Arc::clone(settings),
                // Rows that wait were allowed by the settings of their time only.
                ..Sample::default()
            };
        }
        let mut visit = Visit {
            environment,
            now,
            left: LOOKED_AT,
            sample: &mut sample,
        };
        visit.members("", &context.members());
    }

    /// Takes the rows that have to be stored
    pub(super) fn take(&self) -> Vec<SeenAttribute> {
        std::mem::take(&mut self.lock().waiting)
    }

    /// Clears the sample, so that attributes that could not be stored are recorded again
    pub(super) fn forget(&self) {
        *self.lock() = Sample::default();
    }

    fn lock(&self) -> MutexGuard<'_, Sample> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A look at one context
struct Visit<'a> {
    environment: i64,
    now: Timestamp,
    left: usize,
    sample: &'a mut Sample,
}

impl Visit<'_> {
    fn members(&mut self, pointer: &str, members: &JsonObject) {
        for (name, value) in members {
            let is_key = pointer.is_empty() && &**name == "targetingKey";
            if !is_key {
                self.value(&format!("{pointer}/{}", escaped(name)), value);
            }
        }
    }

    fn value(&mut self, pointer: &str, value: &Value) {
        let depth = pointer.matches('/').count();
        let value_type = match value {
            Value::Null => return,
            Value::Object(members) => {
                if depth < DEPTH {
                    self.members(pointer, members);
                }
                return;
            }
            Value::Boolean(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
        };
        let Some(left) = self.left.checked_sub(1) else {
            return;
        };
        self.left = left;
        let Ok(path) = AttributePath::parse(pointer) else {
            return;
        };
        // The key of a context of any kind names somebody, as `targetingKey` does.
        let is_key = matches!(path.segments(), [_, last] if &**last == "key");
        let attribute: Arc<str> = path.to_string().into();
        if !self.record_type(&attribute, value_type) || is_key {
            return;
        }
        match value {
            Value::Array(elements) => {
                for element in elements.iter().take(LOOKED_AT) {
                    self.record_value(&attribute, value_type, element);
                }
            }
            value => self.record_value(&attribute, value_type, value),
        }
    }

    /// Records a type; `false` if there is no room for the attribute
    fn record_type(&mut self, attribute: &Arc<str>, value_type: &'static str) -> bool {
        let attributes = &mut self.sample.attributes;
        if !attributes.contains_key(attribute) && attributes.len() >= KEPT_ATTRIBUTES {
            return false;
        }
        let seen = attributes.entry(Arc::clone(attribute)).or_default();
        if seen.types.insert(value_type) {
            self.wait(attribute, value_type, None);
        }
        true
    }

    fn record_value(&mut self, attribute: &Arc<str>, value_type: &'static str, value: &Value) {
        let Some(seen) = self.sample.attributes.get_mut(attribute) else {
            return;
        };
        let is_scalar = matches!(
            value,
            Value::Boolean(_) | Value::Number(_) | Value::String(_)
        );
        if !is_scalar || seen.values.len() >= KEPT_VALUES {
            return;
        }
        // Before it is written as JSON, which may be much longer.
        if matches!(value, Value::String(text) if text.chars().nth(ATTRIBUTE_VALUE_LENGTH).is_some())
        {
            return;
        }
        let text: Arc<str> = value.to_canonical().into();
        if text.chars().nth(ATTRIBUTE_VALUE_LENGTH).is_some()
            || seen.values.contains(&text)
            || self.sample.settings.is_private(attribute)
        {
            return;
        }
        seen.values.insert(Arc::clone(&text));
        self.wait(attribute, value_type, Some(text));
    }

    fn wait(&mut self, attribute: &Arc<str>, value_type: &'static str, value: Option<Arc<str>>) {
        self.sample.waiting.push(SeenAttribute {
            environment: self.environment,
            attribute: Arc::clone(attribute),
            value_type,
            value,
            seen_at: self.now,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(0);

    fn settings(private: &[&str]) -> Arc<AttributeSettings> {
        Arc::new(AttributeSettings {
            is_recorded: true,
            private: private.iter().map(ToString::to_string).collect(),
        })
    }

    fn look(
        sample: &AttributeSample,
        settings: &Arc<AttributeSettings>,
        context: &str,
    ) -> Vec<String> {
        let context = Context::from_json(context).unwrap();
        sample.look_at(1, (&context, settings), NOW);
        let rows = sample.take().into_iter();
        rows.map(|row| {
            let value = row.value.as_deref().unwrap_or("-");
            format!("{} {} {value}", row.attribute, row.value_type)
        })
        .collect()
    }

    #[test]
    fn names_types_and_values_are_noted_once_and_keys_have_no_values() {
        let (sample, settings) = (AttributeSample::default(), settings(&["email"]));
        let context = r#"{"targetingKey": "u", "age": 3, "email": "a@b", "none": null,
            "organization": {"key": "acme", "plan": "pro"}, "tags": ["x", ["y"], 2]}"#;
        let expected = [
            "age number -",
            "age number 3",
            "email string -",
            "/organization/key string -",
            "/organization/plan string -",
            r#"/organization/plan string "pro""#,
            "tags array -",
            r#"tags array "x""#,
            "tags array 2",
        ];
        assert_eq!(look(&sample, &settings, context), expected);
        assert_eq!(look(&sample, &settings, context), [""; 0]);
        let next = look(&sample, &settings, r#"{"age": "old"}"#);
        assert_eq!(next, ["age string -", r#"age string "old""#]);
    }

    #[test]
    fn everything_is_bounded() {
        let (sample, settings) = (AttributeSample::default(), settings(&[]));
        let of = |attribute: usize, value: usize| format!(r#"{{"a{attribute}": {value}}}"#);
        let count = |contexts: Vec<String>| -> usize {
            contexts
                .iter()
                .map(|it| look(&sample, &settings, it).len())
                .sum()
        };
        let values = (0..50).map(|value| of(0, value)).collect();
        assert_eq!(count(values), 1 + KEPT_VALUES);
        let attributes = (1..500).map(|attribute| of(attribute, 0)).collect();
        assert_eq!(count(attributes), 2 * (KEPT_ATTRIBUTES - 1));
        let sample = AttributeSample::default();
        let long = format!(r#"{{"long": "{}"}}"#, "x".repeat(ATTRIBUTE_VALUE_LENGTH));
        assert_eq!(look(&sample, &settings, &long), ["long string -"]);
        let deep = r#"{"a": {"b": {"c": {"d": 1, "e": {"f": 1}}}}}"#;
        assert_eq!(
            look(&sample, &settings, deep),
            ["/a/b/c/d number -", "/a/b/c/d number 1"]
        );
        let many: Vec<String> = (0..150).map(|name| format!(r#""m{name}": [0]"#)).collect();
        let many = format!("{{{}}}", many.join(", "));
        assert_eq!(look(&sample, &settings, &many).len(), 2 * LOOKED_AT);
    }

    #[test]
    fn other_settings_and_another_hour_begin_anew() {
        let sample = AttributeSample::default();
        let (one, other) = (settings(&[]), settings(&["a"]));
        let context = Context::from_json(r#"{"a": 1}"#).unwrap();
        sample.look_at(1, (&context, &one), NOW);
        sample.look_at(1, (&context, &other), NOW);
        let rows = sample.take();
        assert_eq!((rows.len(), rows[0].value.as_deref()), (1, None));
        sample.look_at(
            1,
            (&context, &other),
            Timestamp::from_millis(super::super::HOUR),
        );
        assert_eq!(sample.take().len(), 1);
        sample.forget();
        sample.look_at(1, (&context, &other), NOW);
        assert_eq!(sample.take().len(), 1);
    }
}
