//! The parameters of a choice, as a document has them

use std::sync::Arc;

use super::attribute::HashAttribute;
use super::bucket::Range;
use super::condition::Condition;
use super::decision::{Contexts, Decision, Filter, Hash};
use super::sticky::Sticky;
use crate::dialect::Refusal;
use crate::value::{JsonObject, Value, safe_integer};

const KNOWN: [&str; 15] = [
    "condition",
    "contexts",
    "coverage",
    "fallbackAttribute",
    "filters",
    "force",
    "forced",
    "hashAttribute",
    "hashVersion",
    "namespace",
    "passthrough",
    "ranges",
    "rollout",
    "seed",
    "sticky",
];

/// Versions of an experiment that a sticky bucket may block
const MAX_BLOCKED_VERSIONS: i64 = 1_000;

/// The members of the parameters, or of an object inside them
pub(super) struct Parameters<'v>(&'v JsonObject);

impl<'v> Parameters<'v> {
    pub(super) fn of(value: &'v Value) -> Result<Self, Refusal> {
        let given = Self::object(value)?;
        match given.0.keys().find(|key| !KNOWN.contains(&&***key)) {
            Some(key) => Err(Refusal::new("unknown parameter").within(key)),
            None => Ok(given),
        }
    }

    fn object(value: &'v Value) -> Result<Self, Refusal> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(Refusal::new("expected an object")),
        }
    }

    fn get(&self, name: &str) -> Option<&'v Value> {
        self.0.get(name).filter(|value| **value != Value::Null)
    }

    /// Reads a member, if it is there; the error says what was expected
    fn read<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&'v Value) -> Option<T>,
    ) -> Result<Option<T>, Refusal> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let refusal = || Refusal::new(format!("expected {expected}")).within(name);
        read(value).map(Some).ok_or_else(refusal)
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'v str>, Refusal> {
        self.read(name, "a string", text)
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, Refusal> {
        self.read(name, "a number", number)
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let integer = |value: &Value| safe_integer(number(value)?);
        self.read(name, "an integer", integer)
    }

    pub(super) fn ranges(&self, name: &str) -> Result<Option<Box<[Range]>>, Refusal> {
        self.read(name, "a list of ranges `[from, until]`", |value| {
            elements(value)?.iter().map(range).collect()
        })
    }

    pub(super) fn indexes(&self, name: &str) -> Result<Box<[usize]>, Refusal> {
        let index = |value: &Value| usize::try_from(safe_integer(number(value)?)?).ok();
        let indexes = self.read(name, "a list of indexes of arms", |value| {
            elements(value)?.iter().map(index).collect()
        });
        indexes.map(Option::unwrap_or_default)
    }

    pub(super) fn hash(&self, default_version: u32) -> Result<Hash, Refusal> {
        let version = self.integer("hashVersion")?;
        // As in the SDK, 0 is no version.
        let version = version.filter(|version| *version != 0);
        Ok(Hash {
            seed: self.text("seed")?.unwrap_or_default().into(),
            version: version.map_or(Some(default_version), |version| u32::try_from(version).ok()),
        })
    }

    pub(super) fn filters(&self) -> Result<Box<[Filter]>, Refusal> {
        let filters = self.read("filters", "a list of filters", elements)?;
        let filters = filters.unwrap_or_default().iter().enumerate();
        let filters = filters.map(|(position, value)| {
            filter(value).map_err(|refusal| refusal.within(&position.to_string()).within("filters"))
        });
        filters.collect()
    }

    pub(super) fn namespace(&self) -> Result<Option<(Box<str>, Range)>, Refusal> {
        self.read(
            "namespace",
            "`[name, from, until]`",
            |value| match elements(value)? {
                [name, start, end] => Some((text(name)?.into(), (number(start)?, number(end)?))),
                _ => None,
            },
        )
    }

    pub(super) fn condition(&self) -> Result<Option<Condition>, Refusal> {
        let condition = self.get("condition").map(Condition::parse).transpose();
        condition.map_err(|refusal| refusal.within("condition"))
    }

    /// Conditions with weights of their own
    pub(super) fn contexts(
        &self,
        ranges: impl Fn(&[f64]) -> Box<[Range]>,
    ) -> Result<Contexts, Refusal> {
        let contexts = self.read("contexts", "a list of contexts", elements)?;
        let contexts = contexts.unwrap_or_default().iter().enumerate();
        let contexts = contexts.map(|(position, value)| {
            let context = Self::object(value).and_then(|context| {
                let weights = context.read("weights", "a list of numbers", |value| {
                    elements(value)?
                        .iter()
                        .map(number)
                        .collect::<Option<Vec<_>>>()
                })?;
                let condition = context.condition()?.unwrap_or_else(Condition::of_everybody);
                Ok((condition, ranges(&weights.unwrap_or_default())))
            });
            context.map_err(|refusal| refusal.within(&position.to_string()).within("contexts"))
        });
        contexts.collect()
    }

    /// A rule with one arm: `{"coverage": C}` or `{"range": [from, until]}`
    pub(super) fn rollout(&self) -> Result<Option<Decision>, Refusal> {
        let Some(value) = self.get("rollout") else {
            return Ok(None);
        };
        let rollout = || -> Result<Decision, Refusal> {
            let given = Self::object(value)?;
            if let Some(range) = given.read("range", "`[from, until]`", range)? {
                return Ok(Decision::Range(range));
            }
            match given.number("coverage")? {
                Some(0.0) => Ok(Decision::Nobody),
                Some(coverage) => Ok(Decision::Coverage(coverage)),
                // Everybody whom the filters admit, without a hash.
                None => Ok(Decision::Everybody),
            }
        };
        rollout()
            .map(Some)
            .map_err(|refusal| refusal.within("rollout"))
    }

    pub(super) fn sticky(&self, arms: usize) -> Result<Option<Sticky>, Refusal> {
        let Some(value) = self.get("sticky") else {
            return Ok(None);
        };
        let sticky = || -> Result<Sticky, Refusal> {
            let given = Self::object(value)?;
            let experiment = given.text("experiment")?.unwrap_or_default();
            let key = |version: i64| format!("{experiment}__{version}").into_boxed_str();
            let oldest = given.integer("minBucketVersion")?.unwrap_or(0);
            if oldest > MAX_BLOCKED_VERSIONS {
                let message = format!("expected at most {MAX_BLOCKED_VERSIONS}");
                return Err(Refusal::new(message).within("minBucketVersion"));
            }
            let keys = given.read("keys", "the key of each arm", |value| {
                let keys = elements(value)?;
                (keys.len() == arms).then_some(keys)?;
                keys.iter()
                    .map(|key| text(key).map(Arc::from))
                    .collect::<Option<Box<[Arc<str>]>>>()
            })?;
            Ok(Sticky {
                key: key(given.integer("bucketVersion")?.unwrap_or(0)),
                blocked: (0..oldest).map(key).collect(),
                arms: keys.unwrap_or_default(),
            })
        };
        sticky()
            .map(Some)
            .map_err(|refusal| refusal.within("sticky"))
    }
}

fn filter(value: &Value) -> Result<Filter, Refusal> {
    let given = Parameters::object(value)?;
    Ok(Filter {
        attribute: HashAttribute::parse(given.text("attribute")?.unwrap_or("id"))?,
        hash: given.hash(2)?,
        ranges: given.ranges("ranges")?.unwrap_or_default(),
    })
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

fn elements(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Array(values) => Some(values),
        _ => None,
    }
}

fn range(value: &Value) -> Option<Range> {
    match elements(value)? {
        [start, end] => Some((number(start)?, number(end)?)),
        _ => None,
    }
}
