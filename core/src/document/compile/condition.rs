//! Conditions: trees of tests, with the literals that each operator can compare with

use std::sync::Arc;

use super::{Compiler, length};
use crate::bucket;
use crate::error::IssueKind;
use crate::json::names::Name;
use crate::json::{Json, Node};
use crate::limits;
use crate::model::{Bucket, Condition, FlagReference};
use crate::operator::literals::{Literals, fold_text};
use crate::operator::network::Network;
use crate::operator::pattern::Pattern;
use crate::operator::version::{Range, VersionText};
use crate::operator::{AttributeTest, Matcher, Operator, Quantifier, Relation};
use crate::value::timestamp::Timestamp;

/// The forms of a condition; each has a field that no other form has
const FORMS: [Name; 8] = [
    Name::All,
    Name::Any,
    Name::Not,
    Name::Attribute,
    Name::Segment,
    Name::Flag,
    Name::Bucket,
    Name::Dialect,
];

impl Compiler<'_> {
    pub(super) fn condition(&mut self, json: Json<'_>, depth: usize) -> Option<Condition> {
        if depth > limits::MAX_CONDITION_DEPTH {
            return self.issue(IssueKind::TooDeep);
        }
        self.effort.condition_depth = self.effort.condition_depth.max(depth);
        let Some((form, inner)) = form_of(json) else {
            return self.issue(IssueKind::ConditionForm);
        };
        let deeper = depth.saturating_add(1);
        match form {
            Name::All | Name::Any => {
                let members = self.within(form, |compiler| {
                    compiler.each(Some(inner), |compiler, member| {
                        compiler.condition(member, deeper)
                    })
                });
                members.map(if form == Name::All {
                    Condition::All
                } else {
                    Condition::Any
                })
            }
            Name::Not => {
                let member = self.within(form, |compiler| compiler.condition(inner, deeper));
                member.map(|member| Condition::Not(Box::new(member)))
            }
            Name::Segment => {
                let reference =
                    self.within(form, |compiler| compiler.segment_reference(inner, depth));
                Some(Condition::Segment(reference))
            }
            Name::Flag => self.flag_reference(json, depth).map(Condition::Flag),
            Name::Bucket => self
                .within(form, |compiler| compiler.bucket(inner))
                .map(Condition::Bucket),
            Name::Dialect => self.dialect_test(json, inner).map(Condition::Dialect),
            _ => self.test(json, inner),
        }
    }

    /// Adds a reference to the flag and the variants that a condition or a prerequisite names, and returns its position; the depth of a
    /// prerequisite is 0
    pub(super) fn flag_reference(&mut self, json: Json<'_>, depth: usize) -> Option<usize> {
        let variants = json.get(Name::Variants);
        if length(variants) == 0 {
            return self.issue(IssueKind::Missing("variants"));
        }
        let flag = json.get(Name::Flag)?;
        let target = self.within(Name::Flag, |compiler| compiler.reference(flag, depth));
        let mut variants = self.texts(variants);
        if depth == 0 {
            // A prerequisite may name variants that do not exist; the empty name must not stand for no variant.
            variants = variants
                .into_iter()
                .filter(|name| !name.is_empty())
                .collect();
        }
        let position = self.references.flags.len();
        self.references
            .flags
            .push(FlagReference { target, variants });
        Some(position)
    }

    fn bucket(&mut self, json: Json<'_>) -> Option<Bucket> {
        let salt = json
            .get(Name::Salt)
            .and_then(Json::text)
            .unwrap_or_default();
        self.within(Name::Salt, |compiler| compiler.name(salt));
        let end = |name| json.get(name).and_then(Json::whole);
        let slots = self.slots(end(Name::From), end(Name::Until));
        let unit = self.unit(json);
        Some(Bucket {
            unit: unit?,
            seed: bucket::seed(salt),
            slots: slots?,
        })
    }

    fn test(&mut self, json: Json<'_>, attribute: Json<'_>) -> Option<Condition> {
        let text = attribute.text().unwrap_or_default();
        let path = self.within(Name::Attribute, |compiler| compiler.path(text));
        let Some(name) = json.get(Name::Op).and_then(Json::text) else {
            return self.issue(IssueKind::Missing("op"));
        };
        let Some((operator, is_negated)) = Operator::parse(name) else {
            return self.within(Name::Op, |compiler| {
                compiler.issue(IssueKind::UnknownOperator(name.into()))
            });
        };
        let ignore_case = json.get(Name::IgnoreCase).and_then(Json::boolean);
        let ignore_case = ignore_case.unwrap_or_default();
        if ignore_case && !operator.may_ignore_case() {
            self.modifier(Name::IgnoreCase, operator);
        }
        let quantifier = json.get(Name::Array).and_then(Json::text);
        if quantifier.is_some() && !operator.is_elementwise() {
            self.modifier(Name::Array, operator);
        }
        let matcher = match (value_of(json), json.get(Name::Values)) {
            (None, None) => self.matcher(operator, ignore_case, Operand::Nothing),
            (Some(value), None) => self.within(Name::Value, |compiler| {
                compiler.matcher(operator, ignore_case, Operand::One(value))
            }),
            (None, Some(values)) => self.within(Name::Values, |compiler| {
                compiler.matcher(operator, ignore_case, Operand::Many(values))
            }),
            (Some(_), Some(_)) => self.operand(operator, "`value` or `values`, not both"),
        };
        let quantifier = match quantifier {
            Some("all") => Quantifier::All,
            Some("none") => Quantifier::None,
            _ => Quantifier::Any,
        };
        Some(Condition::Attribute {
            path: path?,
            test: AttributeTest {
                operator,
                is_negated,
                ignore_case,
                quantifier,
                matcher: matcher?,
            },
        })
    }

    fn modifier(&mut self, name: Name, operator: Operator) {
        let operator = operator.name();
        self.within(name, |compiler| {
            compiler.issue::<()>(IssueKind::Modifier { operator })
        });
    }

    fn matcher(
        &mut self,
        operator: Operator,
        ignore_case: bool,
        operand: Operand<'_>,
    ) -> Option<Matcher> {
        match operator {
            Operator::Exists => match operand {
                Operand::Nothing => Some(Matcher::Exists),
                _ => self.operand(operator, "neither `value` nor `values`"),
            },
            Operator::Equals => {
                let literal = self.one(operator, operand)?;
                if literal.node() == Node::Null {
                    return Some(Matcher::Null);
                }
                let expected = "a string, a number, a boolean or null";
                match literal.node() {
                    Node::Array(_) => self.literal(operator, expected),
                    _ => self.literals(operator, literal, ignore_case, expected),
                }
            }
            Operator::In => match operand {
                Operand::Many(values) => {
                    self.at_most("literals", limits::MAX_LITERALS, length(Some(values)));
                    let expected = "strings, numbers or booleans";
                    self.literals(operator, values, ignore_case, expected)
                }
                _ => self.operand(operator, "`values`"),
            },
            Operator::Contains => self
                .texts_of(operator, operand, ignore_case)
                .map(Matcher::Contains),
            Operator::StartsWith => self
                .texts_of(operator, operand, ignore_case)
                .map(Matcher::StartsWith),
            Operator::EndsWith => self
                .texts_of(operator, operand, ignore_case)
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
                comparison(operator, literal)
                    .map_or_else(|expected| self.literal(operator, expected), Some)
            }
        }
    }

    fn one<'t>(&mut self, operator: Operator, operand: Operand<'t>) -> Option<Json<'t>> {
        match operand {
            Operand::One(value) => Some(value),
            _ => self.operand(operator, "`value`"),
        }
    }

    fn many<'t>(&mut self, operator: Operator, operand: Operand<'t>) -> Option<Vec<Json<'t>>> {
        let values: Vec<Json<'t>> = match operand {
            Operand::One(value) => vec![value],
            Operand::Many(values) => values.elements().collect(),
            Operand::Nothing => return self.operand(operator, "`value` or `values`"),
        };
        self.at_most("literals", limits::MAX_LITERALS, values.len());
        Some(values)
    }

    fn literals(
        &mut self,
        operator: Operator,
        operand: Json<'_>,
        ignore_case: bool,
        expected: &'static str,
    ) -> Option<Matcher> {
        // Sets of the same JSON are the same, unless they are folded.
        if !ignore_case && let Some(literals) = self.interner.literals(operand) {
            return Some(Matcher::In(literals));
        }
        let mut literals = Literals::default();
        let one = Some(operand).filter(|one| !matches!(one.node(), Node::Array(_)));
        for value in operand.elements().chain(one) {
            match value.node() {
                Node::Boolean(value) => literals.insert_boolean(value),
                Node::Number(_) => literals.insert_number(value.number()?),
                Node::String(_) => {
                    let text = value.text()?;
                    let text = if ignore_case {
                        fold_text(text)
                    } else {
                        text.into()
                    };
                    literals.insert_text(self.interner.text(&text));
                }
                _ => return self.literal(operator, expected),
            }
        }
        literals.seal();
        let literals = Arc::new(literals);
        if !ignore_case {
            self.interner.intern_literals(&literals);
        }
        Some(Matcher::In(literals))
    }

    fn texts_of(
        &mut self,
        operator: Operator,
        operand: Operand<'_>,
        ignore_case: bool,
    ) -> Option<Box<[Arc<str>]>> {
        let values = self.many(operator, operand)?;
        let mut texts = Vec::with_capacity(values.len());
        for value in values {
            let Some(text) = value.text() else {
                return self.literal(operator, "strings");
            };
            let text = if ignore_case {
                fold_text(text)
            } else {
                text.into()
            };
            texts.push(self.interner.text(&text));
        }
        Some(texts.into())
    }

    /// Literals that are strings with a syntax
    fn parsed<T>(
        &mut self,
        operator: Operator,
        operand: Operand<'_>,
        expected: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Box<[T]>> {
        let values = self.many(operator, operand)?;
        let parsed: Option<_> = values.iter().map(|value| parse(value.text()?)).collect();
        parsed.or_else(|| self.literal(operator, expected))
    }

    fn patterns(&mut self, operator: Operator, operand: Operand<'_>) -> Option<Matcher> {
        let values = self.many(operator, operand)?;
        let mut patterns = Vec::with_capacity(values.len());
        for value in values {
            let Some(text) = value.text() else {
                return self.literal(operator, "strings");
            };
            patterns.push(self.pattern(text)?);
        }
        Some(Matcher::Matches(patterns.into()))
    }

    fn pattern(&mut self, text: &str) -> Option<Pattern> {
        let pattern = match Pattern::parse(text) {
            Ok(pattern) => pattern,
            Err(error) => return self.issue(error.into()),
        };
        self.patterns_of(pattern.size)?;
        Some(pattern)
    }

    /// Counts patterns of this size
    pub(super) fn patterns_of(&mut self, size: u32) -> Option<()> {
        let total = &mut self.effort.pattern_size;
        *total = total.saturating_add(size);
        // Checked here too, before references are counted, so that far too many patterns are not kept in memory.
        if *total > limits::MAX_TOTAL_PATTERN_SIZE {
            return self.issue(IssueKind::TooMuchMatching);
        }
        Some(())
    }

    fn operand<T>(&mut self, operator: Operator, expected: &'static str) -> Option<T> {
        self.issue(IssueKind::Operand {
            operator: operator.name(),
            expected,
        })
    }

    fn literal<T>(&mut self, operator: Operator, expected: &'static str) -> Option<T> {
        self.issue(IssueKind::Literal {
            operator: operator.name(),
            expected,
        })
    }
}

/// A comparison with one literal, or what the literal should have been
fn comparison(operator: Operator, literal: Json<'_>) -> Result<Matcher, &'static str> {
    let instant = |side| {
        let instant = literal.instant()?;
        Some(Matcher::Instant(side, instant))
    };
    let (matcher, expected) = match operator {
        Operator::Number(side) => {
            let number = literal.number();
            (
                number.map(|number| Matcher::Number(side, number)),
                "a number",
            )
        }
        Operator::Semver(side) => {
            let text = literal.text();
            let version = text.and_then(VersionText::parse);
            (
                version.map(|version| Matcher::Semver(side, version)),
                "a semantic version, as `1.2.3`",
            )
        }
        Operator::Size(side) => {
            let count = literal.whole().and_then(|count| i64::try_from(count).ok());
            (
                count.map(|count| Matcher::Size(side, count)),
                "a whole number, not negative",
            )
        }
        Operator::Before => (instant(Relation::Less), Timestamp::EXPECTED),
        _ => (instant(Relation::Greater), Timestamp::EXPECTED),
    };
    matcher.ok_or(expected)
}

/// The operand of a condition
#[derive(Clone, Copy)]
enum Operand<'t> {
    Nothing,
    One(Json<'t>),
    Many(Json<'t>),
}

/// The `value` of a condition: `null` is a literal of `equals`, and counts as absent for any other operator
fn value_of(json: Json<'_>) -> Option<Json<'_>> {
    let value = json.present(Name::Value)?;
    let is_literal = || {
        let operator = json.get(Name::Op).and_then(Json::text);
        let operator = operator.and_then(Operator::parse);
        operator.is_some_and(|(operator, _)| operator == Operator::Equals)
    };
    (value.node() != Node::Null || is_literal()).then_some(value)
}

/// The form of a condition and the value of its field; `None` without a form, or with the fields of several
fn form_of(json: Json<'_>) -> Option<(Name, Json<'_>)> {
    let mut schemas = FORMS
        .iter()
        .filter_map(|form| json.get(*form).map(|member| (*form, member)));
    let (form, member) = schemas.next()?;
    let is_one = schemas.next().is_none();
    let has = |names: &[Name]| names.iter().any(|name| json.get(*name).is_some());
    let of_tests = [Name::Op, Name::Values, Name::Array, Name::IgnoreCase];
    let is_test = value_of(json).is_some() || has(&of_tests);
    let is_pure = (form == Name::Attribute || !is_test)
        && (form == Name::Flag || !has(&[Name::Variants]))
        && (form == Name::Dialect) == json.present(Name::Expression).is_some();
    (is_one && is_pure).then_some((form, member))
}
