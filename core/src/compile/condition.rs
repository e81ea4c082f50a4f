//! Conditions: trees of tests, with the literals that each operator can compare with

use std::sync::Arc;

use super::Compiler;
use crate::bucket;
use crate::cidr::Network;
use crate::error::Problem;
use crate::limits;
use crate::literals::{Literals, fold_text};
use crate::model::{Bucket, Condition, FlagReference, Slots};
use crate::operator::{Matcher, Operator, Side, Test};
use crate::pattern::Pattern;
use crate::semver::{Range, VersionText};
use crate::timestamp::Timestamp;
use crate::value::Value;
use crate::wire::{BucketWire, ConditionWire, Whole};

impl Compiler<'_> {
    pub(super) fn condition(&mut self, wire: ConditionWire, depth: usize) -> Option<Condition> {
        if depth > limits::CONDITION_DEPTH {
            return self.issue(Problem::TooDeep);
        }
        let wire = without_absent_value(wire);
        if !has_one_form(&wire) {
            return self.issue(Problem::ConditionForm);
        }
        if let Some(members) = wire.all {
            return self
                .within("all", |compiler| compiler.conditions(members, depth))
                .map(Condition::All);
        }
        if let Some(members) = wire.any {
            return self
                .within("any", |compiler| compiler.conditions(members, depth))
                .map(Condition::Any);
        }
        if let Some(member) = wire.not {
            let member = self.within("not", |compiler| {
                compiler.condition(*member, depth.saturating_add(1))
            });
            return member.map(|member| Condition::Not(Box::new(member)));
        }
        if let Some(segment) = wire.segment {
            return Some(Condition::Segment(
                self.within("segment", |compiler| compiler.segment_reference(segment)),
            ));
        }
        if let Some(flag) = wire.flag {
            return self.flag_condition(flag, wire.variants);
        }
        if let Some(bucket) = wire.bucket {
            return self
                .within("bucket", |compiler| compiler.bucket(&bucket))
                .map(Condition::Bucket);
        }
        self.test(wire)
    }

    fn conditions(&mut self, wires: Vec<ConditionWire>, depth: usize) -> Option<Box<[Condition]>> {
        self.each(wires, |compiler, wire| {
            compiler.condition(wire, depth.saturating_add(1))
        })
    }

    fn flag_condition(
        &mut self,
        flag: Arc<str>,
        variants: Option<Box<[Arc<str>]>>,
    ) -> Option<Condition> {
        let Some(variants) = variants.filter(|variants| !variants.is_empty()) else {
            return self.issue(Problem::Missing("variants"));
        };
        let target = self.within("flag", |compiler| compiler.reference(flag));
        let position = self.references.flags.len();
        self.references.flags.push(FlagReference {
            target,
            variants,
            is_condition: true,
        });
        Some(Condition::Flag(position))
    }

    fn bucket(&mut self, wire: &BucketWire) -> Option<Bucket> {
        self.within("salt", |compiler| compiler.name(&wire.salt));
        let slots = self.slots((wire.from, wire.until));
        let unit = self.within("unit", |compiler| compiler.unit(wire.unit.as_deref()));
        Some(Bucket {
            unit: unit?,
            seed: bucket::seed(&wire.salt),
            slots: slots?,
        })
    }

    /// A range of slots that is not empty and not out of bounds
    pub(super) fn slots(&mut self, (from, until): (Whole, Whole)) -> Option<Slots> {
        let (from, until) = (from.saturating(), until.saturating());
        if from < until && until <= bucket::TOTAL {
            Some(Slots { from, until })
        } else {
            self.issue(Problem::Slots)
        }
    }

    fn test(&mut self, wire: ConditionWire) -> Option<Condition> {
        let text = wire.attribute.unwrap_or_default();
        let path = self.within("attribute", |compiler| compiler.path(&text));
        let Some(name) = wire.op else {
            return self.issue(Problem::Missing("op"));
        };
        let Some((operator, is_negated)) = Operator::parse(&name) else {
            return self.within("op", |compiler| {
                compiler.issue(Problem::UnknownOperator(name))
            });
        };
        let ignore_case = wire.ignore_case.unwrap_or_default();
        if ignore_case && !operator.may_ignore_case() {
            self.within("ignoreCase", |compiler| {
                compiler.issue::<()>(Problem::Modifier {
                    operator: operator.name(),
                })
            });
        }
        if wire.array.is_some() && !operator.is_elementwise() {
            self.within("array", |compiler| {
                compiler.issue::<()>(Problem::Modifier {
                    operator: operator.name(),
                })
            });
        }
        let matcher = match (wire.value, wire.values) {
            (None, None) => self.matcher(operator, ignore_case, Operand::Nothing),
            (Some(value), None) => self.within("value", |compiler| {
                compiler.matcher(operator, ignore_case, Operand::One(value))
            }),
            (None, Some(values)) => self.within("values", |compiler| {
                compiler.matcher(operator, ignore_case, Operand::Many(values))
            }),
            (Some(_), Some(_)) => self.operand(operator, "`value` or `values`, not both"),
        };
        let quantifier = wire.array.unwrap_or_default();
        Some(Condition::Attribute {
            path: path?,
            test: Test {
                operator,
                is_negated,
                ignore_case,
                quantifier,
                matcher: matcher?,
            },
        })
    }

    fn matcher(
        &mut self,
        operator: Operator,
        ignore_case: bool,
        operand: Operand,
    ) -> Option<Matcher> {
        match operator {
            Operator::Exists => match operand {
                Operand::Nothing => Some(Matcher::Exists),
                _ => self.operand(operator, "neither `value` nor `values`"),
            },
            Operator::Equals => match self.one(operator, operand)? {
                Value::Null => Some(Matcher::Null),
                value => self.literals(
                    operator,
                    &[value],
                    ignore_case,
                    "a string, a number, a boolean or null",
                ),
            },
            Operator::In => match operand {
                Operand::Many(values) => self.literals(
                    operator,
                    &values,
                    ignore_case,
                    "strings, numbers or booleans",
                ),
                _ => self.operand(operator, "`values`"),
            },
            Operator::Contains => self
                .texts(operator, operand, ignore_case)
                .map(Matcher::Contains),
            Operator::StartsWith => self
                .texts(operator, operand, ignore_case)
                .map(Matcher::StartsWith),
            Operator::EndsWith => self
                .texts(operator, operand, ignore_case)
                .map(Matcher::EndsWith),
            Operator::Matches => self.patterns(operator, operand),
            Operator::SemverMatches => self
                .parsed(
                    operator,
                    operand,
                    "ranges as `^1.2.3` or `~1.2.3`",
                    Range::parse,
                )
                .map(Matcher::SemverMatches),
            Operator::Cidr => self
                .parsed(
                    operator,
                    operand,
                    "networks as `10.0.0.0/8` or `2001:db8::/32`",
                    Network::parse,
                )
                .map(Matcher::Cidr),
            Operator::Number(_)
            | Operator::Before
            | Operator::After
            | Operator::Semver(_)
            | Operator::Size(_) => {
                let literal = self.one(operator, operand)?;
                comparison(operator, &literal)
                    .map_or_else(|expected| self.literal(operator, expected), Some)
            }
        }
    }

    fn one(&mut self, operator: Operator, operand: Operand) -> Option<Value> {
        match operand {
            Operand::One(value) => Some(value),
            _ => self.operand(operator, "`value`"),
        }
    }

    fn many(&mut self, operator: Operator, operand: Operand) -> Option<Vec<Value>> {
        let values = match operand {
            Operand::One(value) => vec![value],
            Operand::Many(values) => values,
            Operand::Nothing => return self.operand(operator, "`value` or `values`"),
        };
        self.at_most("literals", limits::LITERALS, values.len());
        Some(values)
    }

    fn literals(
        &mut self,
        operator: Operator,
        values: &[Value],
        ignore_case: bool,
        expected: &'static str,
    ) -> Option<Matcher> {
        self.at_most("literals", limits::LITERALS, values.len());
        Literals::new(values, ignore_case)
            .map(Matcher::In)
            .or_else(|| self.literal(operator, expected))
    }

    fn texts(
        &mut self,
        operator: Operator,
        operand: Operand,
        ignore_case: bool,
    ) -> Option<Box<[Arc<str>]>> {
        let text = |text: &str| {
            Some(if ignore_case {
                fold_text(text).into()
            } else {
                text.into()
            })
        };
        self.parsed(operator, operand, "strings", text)
    }

    /// Literals that are strings of a form
    fn parsed<T>(
        &mut self,
        operator: Operator,
        operand: Operand,
        expected: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Box<[T]>> {
        let values = self.many(operator, operand)?;
        let parse = |value: &Value| match value {
            Value::String(text) => parse(text),
            _ => None,
        };
        values
            .iter()
            .map(parse)
            .collect::<Option<_>>()
            .or_else(|| self.literal(operator, expected))
    }

    fn patterns(&mut self, operator: Operator, operand: Operand) -> Option<Matcher> {
        let values = self.many(operator, operand)?;
        let mut patterns = Vec::with_capacity(values.len());
        for value in values {
            let Value::String(text) = value else {
                return self.literal(operator, "strings");
            };
            patterns
                .push(Pattern::parse(&text).map_or_else(|error| self.issue(error.into()), Some)?);
        }
        Some(Matcher::Matches(patterns.into()))
    }

    fn operand<T>(&mut self, operator: Operator, expected: &'static str) -> Option<T> {
        self.issue(Problem::Operand {
            operator: operator.name(),
            expected,
        })
    }

    fn literal<T>(&mut self, operator: Operator, expected: &'static str) -> Option<T> {
        self.issue(Problem::Literal {
            operator: operator.name(),
            expected,
        })
    }
}

/// A comparison with one literal, or what the literal should have been
fn comparison(operator: Operator, literal: &Value) -> Result<Matcher, &'static str> {
    let text = match literal {
        Value::String(text) => Some(&**text),
        _ => None,
    };
    let instant = Timestamp::from_value(literal);
    let (matcher, expected) = match operator {
        Operator::Number(side) => {
            let number = match literal {
                Value::Number(number) => Some(*number),
                _ => None,
            };
            (
                number.map(|number| Matcher::Number(side, number)),
                "a number",
            )
        }
        Operator::Semver(side) => {
            let version = text.and_then(VersionText::parse);
            (
                version.map(|version| Matcher::Semver(side, version)),
                "a semantic version, as `1.2.3`",
            )
        }
        Operator::Size(side) => {
            let count = literal.as_integer().filter(|count| *count >= 0);
            (
                count.map(|count| Matcher::Size(side, count)),
                "a whole number, not negative",
            )
        }
        Operator::Before => (
            instant.map(|instant| Matcher::Instant(Side::Less, instant)),
            Timestamp::EXPECTED,
        ),
        _ => (
            instant.map(|instant| Matcher::Instant(Side::Greater, instant)),
            Timestamp::EXPECTED,
        ),
    };
    matcher.ok_or(expected)
}

/// What a condition brings to compare with
enum Operand {
    Nothing,
    One(Value),
    Many(Vec<Value>),
}

/// `null` is a literal of `equals`; anywhere else a `value` that is `null` is absent
fn without_absent_value(mut wire: ConditionWire) -> ConditionWire {
    let operator = wire.op.as_deref().and_then(Operator::parse);
    let is_literal = operator.is_some_and(|(operator, _)| operator == Operator::Equals);
    wire.value = wire
        .value
        .filter(|value| is_literal || *value != Value::Null);
    wire
}

/// Whether a condition is of exactly one form, without members of another
fn has_one_form(wire: &ConditionWire) -> bool {
    let forms = [
        wire.all.is_some(),
        wire.any.is_some(),
        wire.not.is_some(),
        wire.attribute.is_some(),
        wire.segment.is_some(),
        wire.flag.is_some(),
        wire.bucket.is_some(),
    ];
    let has_test_members = wire.op.is_some()
        || wire.value.is_some()
        || wire.values.is_some()
        || wire.array.is_some()
        || wire.ignore_case.is_some();
    let is_one = forms.iter().filter(|is_there| **is_there).count() == 1;
    is_one
        && (wire.attribute.is_some() || !has_test_members)
        && (wire.flag.is_some() || wire.variants.is_none())
}
