//! Conditions: trees of tests, with the literals that each operator can compare with

use super::Compiler;
use crate::error::Problem;
use crate::limits;
use crate::model::Condition;
use crate::operator::{Literals, Matcher, Operator, Test, texts};
use crate::path::AttributePath;
use crate::value::Value;
use crate::wire::ConditionWire;

impl Compiler<'_> {
    pub(super) fn condition(&mut self, wire: ConditionWire, depth: usize) -> Option<Condition> {
        if depth > limits::CONDITION_DEPTH {
            return self.issue(Problem::TooDeep);
        }
        let is_test = [
            wire.op.is_some(),
            wire.value.is_some(),
            wire.values.is_some(),
            wire.array.is_some(),
        ]
        .contains(&true);
        match wire {
            ConditionWire {
                all: Some(members),
                any: None,
                not: None,
                attribute: None,
                ..
            } if !is_test => self
                .within("all", |compiler| compiler.conditions(members, depth))
                .map(Condition::All),
            ConditionWire {
                any: Some(members),
                all: None,
                not: None,
                attribute: None,
                ..
            } if !is_test => self
                .within("any", |compiler| compiler.conditions(members, depth))
                .map(Condition::Any),
            ConditionWire {
                not: Some(member),
                all: None,
                any: None,
                attribute: None,
                ..
            } if !is_test => {
                let member = self.within("not", |compiler| {
                    compiler.condition(*member, depth.saturating_add(1))
                });
                member.map(|member| Condition::Not(Box::new(member)))
            }
            ConditionWire {
                attribute: Some(_),
                all: None,
                any: None,
                not: None,
                ..
            } => self.test(wire),
            _ => self.issue(Problem::ConditionForm),
        }
    }

    fn conditions(&mut self, wires: Vec<ConditionWire>, depth: usize) -> Option<Box<[Condition]>> {
        let members: Vec<Option<Condition>> = wires
            .into_iter()
            .enumerate()
            .map(|(position, wire)| {
                self.within(&position.to_string(), |compiler| {
                    compiler.condition(wire, depth.saturating_add(1))
                })
            })
            .collect();
        members.into_iter().collect()
    }

    fn test(&mut self, wire: ConditionWire) -> Option<Condition> {
        let text = wire.attribute.unwrap_or_default();
        let path = self.within("attribute", |compiler| {
            AttributePath::parse(&text).map_or_else(|error| compiler.issue(error.into()), Some)
        });
        let Some(name) = wire.op else {
            return self.issue(Problem::Missing("op"));
        };
        let Some((operator, negated)) = Operator::parse(&name) else {
            return self.within("op", |compiler| {
                compiler.issue(Problem::UnknownOperator(name))
            });
        };
        let matcher = self.matcher(operator, wire.value, wire.values);
        let quantifier = wire.array.unwrap_or_default();
        Some(Condition::Attribute {
            path: path?,
            test: Test {
                negated,
                quantifier,
                matcher: matcher?,
            },
        })
    }

    fn matcher(
        &mut self,
        operator: Operator,
        value: Option<Value>,
        values: Option<Vec<Value>>,
    ) -> Option<Matcher> {
        let (member, operand) = match (value, values) {
            (None, None) => (None, Operand::Nothing),
            (Some(value), None) => (Some("value"), Operand::One(value)),
            (None, Some(values)) => (Some("values"), Operand::Many(values)),
            (Some(_), Some(_)) => {
                return self.issue(Problem::Operand {
                    operator: operator.name(),
                    expected: "`value` or `values`, not both",
                });
            }
        };
        match member {
            Some(member) => self.within(member, |compiler| compiler.matcher_of(operator, operand)),
            None => self.matcher_of(operator, operand),
        }
    }

    fn matcher_of(&mut self, operator: Operator, operand: Operand) -> Option<Matcher> {
        match operator {
            Operator::Exists => match operand {
                Operand::Nothing => Some(Matcher::Exists),
                _ => self.operand(operator, "neither `value` nor `values`"),
            },
            Operator::Equals => match operand {
                Operand::One(value) => equals(value)
                    .or_else(|| self.literal(operator, "a string, a number, a boolean or null")),
                _ => self.operand(operator, "`value`"),
            },
            Operator::In => match operand {
                Operand::Many(values) => {
                    self.at_most("values", limits::LITERALS, values.len());
                    Literals::new(&values)
                        .map(Matcher::In)
                        .or_else(|| self.literal(operator, "strings, numbers or booleans"))
                }
                _ => self.operand(operator, "`values`"),
            },
            Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
                let values = match operand {
                    Operand::One(value) => vec![value],
                    Operand::Many(values) => values,
                    Operand::Nothing => return self.operand(operator, "`value` or `values`"),
                };
                self.at_most("values", limits::LITERALS, values.len());
                let Some(texts) = texts(&values) else {
                    return self.literal(operator, "strings");
                };
                Some(match operator {
                    Operator::Contains => Matcher::Contains(texts),
                    Operator::StartsWith => Matcher::StartsWith(texts),
                    _ => Matcher::EndsWith(texts),
                })
            }
            Operator::LessThan
            | Operator::LessOrEqual
            | Operator::GreaterThan
            | Operator::GreaterOrEqual => match operand {
                Operand::One(Value::Number(number)) => Some(match operator {
                    Operator::LessThan => Matcher::LessThan(number),
                    Operator::LessOrEqual => Matcher::LessOrEqual(number),
                    Operator::GreaterThan => Matcher::GreaterThan(number),
                    _ => Matcher::GreaterOrEqual(number),
                }),
                Operand::One(_) => self.literal(operator, "a number"),
                _ => self.operand(operator, "`value`"),
            },
        }
    }

    fn operand(&mut self, operator: Operator, expected: &'static str) -> Option<Matcher> {
        self.issue(Problem::Operand {
            operator: operator.name(),
            expected,
        })
    }

    fn literal(&mut self, operator: Operator, expected: &'static str) -> Option<Matcher> {
        self.issue(Problem::Literal {
            operator: operator.name(),
            expected,
        })
    }
}

/// What a condition brings to compare with
enum Operand {
    Nothing,
    One(Value),
    Many(Vec<Value>),
}

fn equals(value: Value) -> Option<Matcher> {
    match value {
        Value::Null => Some(Matcher::Null),
        Value::Boolean(value) => Some(Matcher::Boolean(value)),
        Value::Number(value) => Some(Matcher::Number(value)),
        Value::String(value) => Some(Matcher::Text(value)),
        Value::Array(_) | Value::Object(_) => None,
    }
}
