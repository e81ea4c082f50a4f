//! flagd: targeting in JSONLogic with flagd's own operators
//!
//! An expression is `{"flagKey": K, "fractional": 2 | 3, "logic": L}`: `L` is the vendor's targeting with each `$ref` replaced by what it
//! names, `K` is the key that `fractional` hashes and `$flagd.flagKey` reads, and the version says how `fractional` hashes. JSONLogic is
//! that of json-logic-js, except that an operation which throws there is `null` here.

mod cbor;
mod evaluation;
mod fractional;
mod logic;
mod operation;
mod run;
mod spread;
mod text;

use std::borrow::Cow;
use std::sync::Arc;

use self::fractional::Hashing;
use self::logic::{Compiler, Logic};
use self::run::{Run, Scope};
use super::javascript::to_text;
use super::spread::Spreads;
use super::{Choice, Chosen, Clock, Expression, Refusal};
use crate::context::Context;
use crate::table::table_hash::is_same;
use crate::value::Value;
use crate::value::timestamp::Timestamp;

/// A targeting, compiled
#[derive(Debug)]
struct Targeting {
    flag_key: Arc<str>,
    hashing: Hashing,
    logic: Logic,
    // As it is written, which says where it hashes.
    source: Value,
    clock: Clock,
    variants: Box<[Box<str>]>,
}

/// Compiles a targeting as a condition: whether its result counts as true
pub(super) fn condition(expression: &Value) -> Result<Box<dyn Expression>, Refusal> {
    Ok(Box::new(Targeting::parse(expression, &[])?))
}

/// Compiles a targeting whose result names a variant
pub(super) fn naming(expression: &Value, variants: &[&str]) -> Result<Box<dyn Choice>, Refusal> {
    Ok(Box::new(Targeting::parse(expression, variants)?))
}

impl Targeting {
    fn parse(expression: &Value, variants: &[&str]) -> Result<Self, Refusal> {
        let Value::Object(members) = expression else {
            return Err(Refusal::new(
                "expected an object with `flagKey`, `fractional` and `logic`",
            ));
        };
        let known = |name: &str| matches!(name, "flagKey" | "fractional" | "logic");
        if let Some(name) = members.keys().find(|name| !known(name)) {
            return Err(Refusal::new("unknown member").within(name));
        }
        let flag_key = match members.get("flagKey") {
            Some(Value::String(key)) => Arc::clone(key),
            _ => return Err(Refusal::new("expected a string").within("flagKey")),
        };
        let hashing = members.get("fractional").and_then(Hashing::of_version);
        let hashing = hashing
            .ok_or_else(|| Refusal::new("expected the version 2 or 3").within("fractional"))?;
        let mut compiler = Compiler::new(&flag_key);
        let source = members.get("logic").unwrap_or(&Value::Null);
        let logic = compiler
            .logic(source)
            .map_err(|refusal| refusal.within("logic"))?;
        let clock = compiler.clock();
        Ok(Self {
            flag_key,
            hashing,
            logic,
            source: source.clone(),
            clock,
            variants: variants.iter().copied().map(Box::from).collect(),
        })
    }

    /// The variant that a result names
    fn chosen(&self, result: &Value) -> Chosen {
        let name = match result {
            Value::Null => return Chosen::Declined,
            Value::String(name) => Cow::Borrowed(&**name),
            other => to_text(other),
        };
        let mut variants = self.variants.iter();
        let position = variants.position(|variant| is_same(variant, &name));
        position.map_or(Chosen::Unknown, Chosen::Arm)
    }

    /// Reads the result
    fn with_result<T>(
        &self,
        context: &Context,
        now: Timestamp,
        read: impl FnOnce(&Value) -> T,
    ) -> T {
        let run = Run::new(context, now, &self.flag_key, self.hashing);
        let result = run.value(&self.logic, Scope::Context);
        // What grows too large is given up as a whole.
        read(if run.is_exhausted() {
            &Value::Null
        } else {
            &result
        })
    }
}

impl Expression for Targeting {
    fn holds(&self, context: &Context, now: Timestamp) -> bool {
        self.with_result(context, now, run::is_truthy)
    }

    fn clock(&self) -> Clock {
        self.clock.clone()
    }
}

impl Choice for Targeting {
    fn choose(&self, context: &Context, now: Timestamp) -> Chosen {
        self.with_result(context, now, |result| self.chosen(result))
    }

    fn clock(&self) -> Clock {
        self.clock.clone()
    }

    fn spreads(&self) -> Spreads {
        spread::spreads(self)
    }
}

#[cfg(test)]
mod tests;
