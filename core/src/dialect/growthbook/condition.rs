//! Conditions: `$and`, `$or`, `$nor`, `$not`, and tests of attributes

mod operator;

use self::operator::Test;
use super::attribute::{Path, Subject};
use crate::context::Context;
use crate::dialect::{Expression, Refusal};
use crate::limits;
use crate::value::timestamp::Timestamp;
use crate::value::{JsonObject, Value};

/// A condition: all of its parts hold
#[derive(Debug)]
pub(super) struct Condition {
    parts: Box<[Part]>,
    // Of the patterns in it, together.
    pattern_size: u32,
}

#[derive(Debug)]
enum Part {
    All(Box<[Condition]>),
    Any(Box<[Condition]>),
    None(Box<[Condition]>),
    Not(Condition),
    Attribute(Path, Test),
}

/// What is left of the bounds while a condition is compiled
pub(super) struct Bounds {
    depth: usize,
    pattern_size: u32,
}

impl Bounds {
    fn new() -> Self {
        Self {
            depth: limits::MAX_CONDITION_DEPTH,
            pattern_size: limits::MAX_TOTAL_PATTERN_SIZE,
        }
    }

    /// Compiles what lies one level deeper
    pub(super) fn inside<T>(
        &mut self,
        compile: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.depth = self.depth.checked_sub(1).ok_or_else(|| {
            Refusal::new(format!(
                "conditions are nested at most {} deep",
                limits::MAX_CONDITION_DEPTH
            ))
        })?;
        let compiled = compile(self);
        self.depth = self.depth.saturating_add(1);
        compiled
    }

    /// Takes a pattern's size from what all patterns may have together
    pub(super) fn take_pattern(&mut self, size: u32) -> Result<(), Refusal> {
        self.pattern_size = self.pattern_size.checked_sub(size).ok_or_else(|| {
            Refusal::new(format!(
                "the patterns of a condition, written out without repetitions, have together at most {} parts",
                limits::MAX_TOTAL_PATTERN_SIZE
            ))
        })?;
        Ok(())
    }
}

impl Condition {
    pub(super) fn parse(value: &Value) -> Result<Self, Refusal> {
        Self::within(value, &mut Bounds::new())
    }

    /// A condition without parts
    pub(super) fn of_everybody() -> Self {
        Self {
            parts: Box::default(),
            pattern_size: 0,
        }
    }

    pub(super) fn pattern_size(&self) -> u32 {
        self.pattern_size
    }

    pub(super) fn within(value: &Value, bounds: &mut Bounds) -> Result<Self, Refusal> {
        let members = object(value)?;
        bounds.inside(|bounds| {
            let before = bounds.pattern_size;
            let parts = members.iter().map(|(key, value)| {
                Part::parse(key, value, bounds).map_err(|refusal| refusal.within(key))
            });
            let parts = parts.collect::<Result<_, _>>()?;
            Ok(Self {
                parts,
                pattern_size: before.saturating_sub(bounds.pattern_size),
            })
        })
    }

    pub(super) fn is_met(&self, subject: Subject<'_>) -> bool {
        self.parts.iter().all(|part| part.is_met(subject))
    }
}

impl Part {
    fn parse(key: &str, value: &Value, bounds: &mut Bounds) -> Result<Self, Refusal> {
        match key {
            "$and" => conditions(value, bounds).map(Self::All),
            "$or" => conditions(value, bounds).map(Self::Any),
            "$nor" => conditions(value, bounds).map(Self::None),
            "$not" => Condition::within(value, bounds).map(Self::Not),
            path => Ok(Self::Attribute(
                Path::parse(path)?,
                Test::parse(value, bounds)?,
            )),
        }
    }

    fn is_met(&self, subject: Subject<'_>) -> bool {
        match self {
            Self::All(conditions) => conditions.iter().all(|each| each.is_met(subject)),
            // None at all hold of everybody, and so `$nor` of none holds of nobody.
            Self::Any(conditions) => is_any(conditions, subject),
            Self::None(conditions) => !is_any(conditions, subject),
            Self::Not(condition) => !condition.is_met(subject),
            Self::Attribute(path, test) => test.is_met(&path.value(subject)),
        }
    }
}

fn is_any(conditions: &[Condition], subject: Subject<'_>) -> bool {
    conditions.is_empty() || conditions.iter().any(|each| each.is_met(subject))
}

fn conditions(value: &Value, bounds: &mut Bounds) -> Result<Box<[Condition]>, Refusal> {
    let Value::Array(values) = value else {
        return Err(Refusal::new("expected a list of conditions"));
    };
    let conditions = values.iter().enumerate().map(|(position, value)| {
        Condition::within(value, bounds).map_err(|refusal| refusal.within(&position.to_string()))
    });
    conditions.collect()
}

pub(super) fn object(value: &Value) -> Result<&JsonObject, Refusal> {
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(Refusal::new("expected a condition, which is an object")),
    }
}

impl Expression for Condition {
    fn holds(&self, context: &Context, _now: Timestamp) -> bool {
        self.is_met(Subject::Context(context))
    }

    fn pattern_size(&self) -> u32 {
        self.pattern_size
    }
}
