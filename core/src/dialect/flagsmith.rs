//! Flagsmith: one condition of a segment, and the weights of a multivariate feature
//!
//! The contexts are Flagsmith's own, `{"identity": {"identifier", "key"?, "traits"?}}`; or those of this language, in which `targetingKey` is the identifier and the attributes are the traits.
//! Everything is read, compared and hashed as Flagsmith's Python engine does it, except where docs/migrate/flagsmith.md says otherwise.

mod identity;
mod path;
mod percentage;
mod traits;

use std::cmp::Ordering;
use std::sync::Arc;

use self::identity::{Environment, Identity};
use self::path::Property;
use self::percentage::{part, percentage};
use self::traits::{Integer, Trait};
use super::pattern::VendorPattern;
use super::spread::{Branch, Spread, Spreads};
use super::{Choice, Chosen, Expression, Refusal, reading};
use crate::context::Context;
use crate::operator::Relation;
use crate::operator::literals::Literals;
use crate::operator::version::VersionText;
use crate::value::timestamp::Timestamp;
use crate::value::{JsonObject, Value};

/// Compiles a condition of a segment, with the `segment` and the `environment` that it may hash or read
pub(crate) fn condition(expression: &Value) -> Result<Box<dyn Expression>, Refusal> {
    Ok(Box::new(Condition::compile(reading::members(expression)?)?))
}

/// Compiles the weights of a multivariate feature in the order of their priorities
///
/// Two arms follow those of the variants: what a context gets whose percentage is beyond all weights, and what one without an identity gets.
pub(crate) fn choice(parameters: &Value, weights: &[f64]) -> Result<Box<dyn Choice>, Refusal> {
    let members = reading::members(parameters)?;
    reading::only(members, &["key", "environment"])?;
    let Some(Value::String(key)) = members.get("key") else {
        return Err(Refusal::new("expected a string").within("key"));
    };
    let Some((variants, [_, _])) = weights.split_last_chunk() else {
        return Err(Refusal::new(
            "expected the arms of the variants, of the control value, and of contexts without an identity",
        ));
    };
    let mut end = 0.0_f64;
    let ranges = variants.iter().map(|weight| {
        let start = end;
        end += weight;
        (start, end)
    });
    Ok(Box::new(Variants {
        key: Arc::clone(key),
        ranges: ranges.collect(),
        environment: Environment::compile(members.get("environment"))?,
    }))
}

/// The variants of a feature: each has the percentages from the first number up to the second
#[derive(Debug)]
struct Variants {
    key: Arc<str>,
    ranges: Box<[(f64, f64)]>,
    environment: Environment,
}

impl Choice for Variants {
    fn choose(&self, context: &Context, _now: Timestamp) -> Chosen {
        let control = self.ranges.len();
        let Some(key) = Identity::of(context).and_then(|identity| identity.key(&self.environment))
        else {
            return Chosen::Arm(control.saturating_add(1));
        };
        let percentage = percentage(&self.key, &key);
        let found = self
            .ranges
            .iter()
            .position(|(start, end)| (*start..*end).contains(&percentage));
        Chosen::Arm(found.unwrap_or(control))
    }

    fn spreads(&self) -> Spreads {
        let branch = |(arm, (start, end)): (usize, &(f64, f64))| Branch {
            parts: vec![part(
                &self.key,
                "",
                [*start, *end].map(|end| move |it| it < end),
            )],
            chosen: Chosen::Arm(arm),
        };
        let mut spread: Vec<Branch> = self.ranges.iter().enumerate().map(branch).collect();
        spread.extend(Spread::everybody(Chosen::Arm(self.ranges.len())).0);
        Spreads::Whole(Spread(spread))
    }
}

/// A condition: a property, an operator and its value
#[derive(Debug)]
struct Condition {
    // `None` for the key of the identity.
    property: Option<Property>,
    test: Test,
    environment: Environment,
}

#[derive(Debug)]
enum Test {
    /// A relation to the literal, and whether it must hold
    Compare(Relation, bool, Literal),
    Contains(Option<Arc<str>>),
    NotContains(Arc<str>),
    In(Literals),
    Regex(VendorPattern),
    /// Divisor and remainder
    Modulo(f64, f64),
    IsSet,
    IsNotSet,
    /// The key of the segment, and the percentage up to which the condition holds
    Split(Arc<str>, f64),
    Never,
}

/// The value of a condition, as attributes of each type read it; `None` where it cannot be read so
#[derive(Debug)]
struct Literal {
    text: Arc<str>,
    integer: Option<Integer>,
    float: Option<f64>,
    boolean: bool,
    version: Version,
}

/// A literal with `:semver` after it is a version
#[derive(Debug)]
enum Version {
    NotMeant,
    Unreadable,
    Of(VersionText),
}

impl Literal {
    fn new(text: &Arc<str>) -> Self {
        Self {
            integer: Integer::parse(text),
            float: traits::float(text),
            boolean: !matches!(&**text, "False" | "false"),
            version: text
                .strip_suffix(":semver")
                .map_or(Version::NotMeant, |version| {
                    VersionText::parse(version).map_or(Version::Unreadable, Version::Of)
                }),
            text: Arc::clone(text),
        }
    }

    /// Whether a value has, or has not, this relation to the literal; a literal that cannot be read as one of the value's type has neither
    fn compare(&self, relation: Relation, expected: bool, value: &Trait<'_>) -> bool {
        // Of numbers, one that is none has no relation to any.
        let holds = |ordering: Option<Ordering>| {
            ordering.is_some_and(|ordering| relation.admits(ordering)) == expected
        };
        match value {
            Trait::Boolean(value) => holds(Some(value.cmp(&self.boolean))),
            Trait::Integer(value) => {
                let literal = self.integer.as_ref();
                literal.is_some_and(|literal| holds(Some(value.cmp(literal))))
            }
            Trait::Float(value) => {
                (self.float).is_some_and(|literal| holds(value.partial_cmp(&literal)))
            }
            Trait::Text(value) => match &self.version {
                Version::Of(version) => version
                    .compare(value)
                    .is_some_and(|ordering| holds(Some(ordering))),
                Version::Unreadable => false,
                Version::NotMeant => holds(Some((**value).cmp(&*self.text))),
            },
            Trait::Other => false,
        }
    }
}

impl Condition {
    fn compile(members: &JsonObject) -> Result<Self, Refusal> {
        reading::only(
            members,
            &["property", "operator", "value", "segment", "environment"],
        )?;
        let Some(Value::String(operator)) = members.get("operator") else {
            return Err(Refusal::new("expected a string").within("operator"));
        };
        let property = match members.get("property") {
            None | Some(Value::Null) => "",
            Some(Value::String(property)) => property,
            Some(_) => return Err(Refusal::new("expected a string").within("property")),
        };
        let is_key = property.is_empty() && &**operator == "PERCENTAGE_SPLIT";
        let property = if is_key {
            None
        } else {
            Some(Property::parse(property).map_err(|error| error.within("property"))?)
        };
        Ok(Self {
            property,
            test: Test::compile(operator, members)?,
            environment: Environment::compile(members.get("environment"))?,
        })
    }
}

impl Test {
    fn compile(operator: &str, members: &JsonObject) -> Result<Self, Refusal> {
        let value = members.get("value").unwrap_or(&Value::Null);
        let text = || match value {
            Value::String(text) => Ok(text),
            _ => Err(Refusal::new("expected a string").within("value")),
        };
        let compare = |relation, expected| {
            text().map(|text| Self::Compare(relation, expected, Literal::new(text)))
        };
        match operator {
            "EQUAL" => compare(Relation::Equal, true),
            "NOT_EQUAL" => compare(Relation::Equal, false),
            "LESS_THAN" => compare(Relation::Less, true),
            "LESS_THAN_INCLUSIVE" => compare(Relation::LessOrEqual, true),
            "GREATER_THAN" => compare(Relation::Greater, true),
            "GREATER_THAN_INCLUSIVE" => compare(Relation::GreaterOrEqual, true),
            // A version contains nothing.
            "CONTAINS" => Ok(Self::Contains(
                Some(text()?)
                    .filter(|text| !text.ends_with(":semver"))
                    .cloned(),
            )),
            "NOT_CONTAINS" => Ok(Self::NotContains(Arc::clone(text()?))),
            "IN" => traits::members(value)
                .map(|members| Self::In(reading::text_set(members)))
                .ok_or_else(|| Refusal::new("expected a string or an array").within("value")),
            "REGEX" => VendorPattern::parse(text()?, false)
                .map(Self::Regex)
                .map_err(|error| Refusal::new(error).within("value")),
            "MODULO" => Ok(
                match text()?.split('|').map(traits::float).collect::<Vec<_>>()[..] {
                    [Some(divisor), Some(remainder)] if divisor != 0.0 => {
                        Self::Modulo(divisor, remainder)
                    }
                    _ => Self::Never,
                },
            ),
            "IS_SET" => Ok(Self::IsSet),
            "IS_NOT_SET" => Ok(Self::IsNotSet),
            "PERCENTAGE_SPLIT" => {
                let Some(Value::String(segment)) = members.get("segment") else {
                    return Err(Refusal::new("expected the key of the segment").within("segment"));
                };
                Ok(match traits::float(text()?) {
                    Some(threshold) => Self::Split(Arc::clone(segment), threshold),
                    None => Self::Never,
                })
            }
            _ => Ok(Self::Never),
        }
    }

    fn holds(&self, value: Option<&Trait<'_>>) -> bool {
        let Some(value) = value else {
            return matches!(self, Self::IsNotSet);
        };
        match (self, value) {
            (Self::IsSet, _) => true,
            (Self::Compare(relation, expected, literal), value) => {
                literal.compare(*relation, *expected, value)
            }
            (Self::Contains(Some(part)), Trait::Text(text)) => text.contains(&**part),
            (Self::NotContains(part), Trait::Text(text)) => !text.contains(&**part),
            (Self::In(members), Trait::Text(text)) => members.has_text(text),
            (Self::In(members), Trait::Integer(integer)) => members.has_text(&integer.to_string()),
            (Self::Regex(pattern), value) => value
                .as_text()
                .is_some_and(|text| pattern.is_at_start(&text)),
            (Self::Modulo(divisor, remainder), value) => value
                .as_float()
                .is_some_and(|value| is_congruent(value, *divisor, *remainder)),
            (Self::Split(segment, threshold), value) => value
                .as_text()
                .is_some_and(|text| percentage(segment, &text) <= *threshold),
            _ => false,
        }
    }
}

/// Whether a value has this remainder, which has the sign of the divisor
fn is_congruent(value: f64, divisor: f64, remainder: f64) -> bool {
    let mut rest = value % divisor;
    if rest != 0.0 && (rest < 0.0) != (divisor < 0.0) {
        rest += divisor;
    }
    rest.partial_cmp(&remainder) == Some(Ordering::Equal)
}

impl Expression for Condition {
    fn holds(&self, context: &Context, _now: Timestamp) -> bool {
        let identity = Identity::of(context);
        let Some(property) = &self.property else {
            let key = identity.and_then(|identity| identity.key(&self.environment));
            return self.test.holds(key.map(Trait::Text).as_ref());
        };
        let value = property.read(identity, &self.environment);
        self.test.holds(value.as_ref())
    }

    fn pattern_size(&self) -> u32 {
        match &self.test {
            Test::Regex(pattern) => pattern.size,
            _ => 0,
        }
    }

    fn spread(&self) -> Option<Spread> {
        let Test::Split(segment, threshold) = &self.test else {
            return None;
        };
        let hashed = format!("{:?}", self.property);
        let ends = [f64::NEG_INFINITY, *threshold].map(|end| move |it| it <= end);
        Some(Spread::condition(part(segment, &hashed, ends)))
    }
}

#[cfg(test)]
mod tests;
