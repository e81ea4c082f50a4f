//! GrowthBook: conditions and experiments as its JavaScript SDK evaluates them
//!
//! A condition is the vendor's own JSON with saved groups written out as lists. The parameters of a choice are the fields of a rule that
//! decide who is in it; docs/adr/0055 lists them. Attributes are the context's members, under the vendor's own names.

mod attribute;
mod bucket;
mod condition;
mod decision;
mod experiment;
mod parameters;
mod sticky;
#[cfg(test)]
mod tests;
mod version;

use self::condition::Condition;
use self::experiment::Experiment;
use super::{Choice, Expression, Refusal};
use crate::value::Value;

/// Compiles a condition
pub(super) fn condition(expression: &Value) -> Result<Box<dyn Expression>, Refusal> {
    Ok(Box::new(Condition::parse(expression)?))
}

/// Compiles a rule's choice among its arms
pub(super) fn choice(parameters: &Value, weights: &[f64]) -> Result<Box<dyn Choice>, Refusal> {
    Ok(Box::new(Experiment::parse(parameters, weights)?))
}
