//! Compiles JSONLogic: which operation, on which arguments

use std::sync::Arc;

use super::fractional::Split;
use super::operation::Operation;
use super::text::VersionTest;
use crate::context::path::MemberName;
use crate::dialect::{Clock, Refusal, reading};
use crate::operator::literals::Literals;
use crate::value::timestamp::Timestamp;
use crate::value::{Value, safe_integer};

/// Operations inside one another
const MAX_DEPTH: usize = 64;
/// Operations over the elements of a list inside one another
const MAX_LOOPS: usize = 3;

/// An expression, compiled
#[derive(Debug)]
pub(super) enum Logic {
    Literal(Literal),
    List(Box<[Logic]>),
    /// `if` and `?:`
    If(Box<[Logic]>),
    And(Box<[Logic]>),
    Or(Box<[Logic]>),
    /// An operation of values
    Apply(Operation, Arguments),
    /// `in` a written list of texts
    IsOneOf(Box<Logic>, TextList),
    /// `sem_ver` with a written version
    IsVersion(Box<Logic>, VersionLiteral),
    /// `fractional` of what `cat` joins, over written buckets
    Fractional(Box<[Logic]>, Split),
    Loop(Loop, Box<[Logic]>),
    /// An attribute of a known name
    Member(MemberName, Box<Logic>),
    /// An attribute of any other known path
    Attribute(Box<[Arc<str>]>, Box<Logic>),
}

/// What is nothing but data
#[derive(Debug)]
pub(super) struct Literal {
    pub(super) value: Value,
    /// The steps that it takes to evaluate all its elements
    pub(super) steps: usize,
}

impl Logic {
    pub(super) fn literal(value: Value) -> Self {
        Self::Literal(Literal { value, steps: 1 })
    }

    fn list(list: Box<[Self]>) -> Self {
        match literals(&list) {
            Some(literals) => Self::Literal(Literal {
                value: literals
                    .iter()
                    .map(|literal| literal.value.clone())
                    .collect::<Vec<_>>()
                    .into(),
                steps: steps(&literals).saturating_add(1),
            }),
            None => Self::List(list),
        }
    }
}

/// The elements of a list in which nothing is computed
fn literals(list: &[Logic]) -> Option<Vec<&Literal>> {
    let literals = list.iter().map(|element| match element {
        Logic::Literal(literal) => Some(literal),
        _ => None,
    });
    literals.collect()
}

fn steps(literals: &[&Literal]) -> usize {
    let steps = literals.iter().map(|literal| literal.steps);
    steps.fold(0, usize::saturating_add)
}

/// A written version, and the relation of others to it
#[derive(Debug)]
pub(super) struct VersionLiteral {
    pub(super) test: VersionTest,
    /// The steps that it takes to evaluate the two
    pub(super) steps: usize,
}

/// A list of texts, arranged for look-up
#[derive(Debug)]
pub(super) struct TextList {
    pub(super) set: Literals,
    /// The steps that it takes to evaluate them, of which some may be the same
    pub(super) steps: usize,
}

impl TextList {
    /// `None` if anything else than texts is in the list
    fn of(list: &Literal) -> Option<Self> {
        let Value::Array(elements) = &list.value else {
            return None;
        };
        let texts = elements.iter().map(|element| match element {
            Value::String(text) => Some(Arc::clone(text)),
            _ => None,
        });
        let texts: Vec<Arc<str>> = texts.collect::<Option<_>>()?;
        Some(Self {
            steps: list.steps,
            set: reading::text_set(texts),
        })
    }
}

/// The arguments of an operation
#[derive(Debug)]
pub(super) enum Arguments {
    List(Box<[Logic]>),
    /// One that is not written as a list
    Single(Box<Logic>),
}

/// An operation that evaluates its second argument for each element of the first
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loop {
    Map,
    Filter,
    Reduce,
    All,
    None,
    Some,
}

impl Loop {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "map" => Self::Map,
            "filter" => Self::Filter,
            "reduce" => Self::Reduce,
            "all" => Self::All,
            "none" => Self::None,
            "some" => Self::Some,
            _ => return None,
        })
    }
}

/// What is known while an expression is compiled
pub(super) struct Compiler<'f> {
    flag_key: &'f Arc<str>,
    depth: usize,
    loops: usize,
    instants: Vec<Timestamp>,
    reads_clock: bool,
}

impl<'f> Compiler<'f> {
    pub(super) fn new(flag_key: &'f Arc<str>) -> Self {
        Self {
            flag_key,
            depth: 0,
            loops: 0,
            instants: Vec::new(),
            reads_clock: false,
        }
    }

    /// When time alone may change the result
    pub(super) fn clock(self) -> Clock {
        Clock {
            instants: self.instants,
            every_second: self.reads_clock,
        }
    }

    pub(super) fn logic(&mut self, value: &Value) -> Result<Logic, Refusal> {
        match value {
            Value::Array(values) => self.list(values).map(Logic::list),
            Value::Object(members) => {
                let mut members = members.iter();
                match (members.next(), members.next()) {
                    (None, _) => Ok(Logic::literal(value.clone())),
                    (Some((name, arguments)), None) => self
                        .deeper(|compiler| compiler.operation(name, arguments))
                        .map_err(|refusal| refusal.within(name)),
                    (Some(_), Some(_)) => {
                        Err(Refusal::new("an operation is an object with one member"))
                    }
                }
            }
            literal => Ok(Logic::literal(literal.clone())),
        }
    }

    fn deeper<T>(
        &mut self,
        compile: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(Refusal::new(format!(
                "operations are nested at most {MAX_DEPTH} deep"
            )));
        }
        let compiled = compile(self);
        self.depth = self.depth.saturating_sub(1);
        compiled
    }

    fn list(&mut self, values: &[Value]) -> Result<Box<[Logic]>, Refusal> {
        self.deeper(|compiler| {
            let list = values.iter().enumerate().map(|(position, value)| {
                compiler
                    .logic(value)
                    .map_err(|refusal| refusal.within(&position.to_string()))
            });
            list.collect()
        })
    }

    fn operation(&mut self, name: &str, arguments: &Value) -> Result<Logic, Refusal> {
        let values = match arguments {
            Value::Array(values) => values,
            single => std::slice::from_ref(single),
        };
        match name {
            "if" | "?:" => return self.list(values).map(Logic::If),
            "and" => return self.list(values).map(Logic::And),
            "or" => return self.list(values).map(Logic::Or),
            "var" => return self.attribute(values),
            _ => {}
        }
        if let Some(kind) = Loop::parse(name) {
            return self.loop_over(kind, values);
        }
        let operation = Operation::parse(name)
            .ok_or_else(|| Refusal::new("flagd does not know this operator"))?;
        let least = operation.least_arguments();
        if values.len() < least {
            return Err(Refusal::new(format!("expected at least {least} arguments")));
        }
        if operation.compares() && self.compares_clock(values) {
            return Ok(Logic::Apply(
                operation,
                Arguments::List(values.iter().map(clock_or_literal).collect()),
            ));
        }
        match arguments {
            Value::Array(values) => Ok(with_literals(operation, self.list(values)?)),
            single => {
                let single = Box::new(self.logic(single)?);
                Ok(Logic::Apply(operation, Arguments::Single(single)))
            }
        }
    }

    fn loop_over(&mut self, kind: Loop, values: &[Value]) -> Result<Logic, Refusal> {
        if values.len() < 2 {
            return Err(Refusal::new("expected a list and an expression"));
        }
        self.loops = self.loops.saturating_add(1);
        if self.loops > MAX_LOOPS {
            return Err(Refusal::new(format!(
                "at most {MAX_LOOPS} loops are inside one another"
            )));
        }
        let arguments = self.list(values)?;
        self.loops = self.loops.saturating_sub(1);
        Ok(Logic::Loop(kind, arguments))
    }

    fn attribute(&mut self, values: &[Value]) -> Result<Logic, Refusal> {
        let default = match values.get(1) {
            Some(default) => self.logic(default)?,
            None => Logic::literal(Value::Null),
        };
        let path = match values.first() {
            None | Some(Value::Null) => Some(Box::default()),
            Some(Value::String(path)) if path.is_empty() => Some(Box::default()),
            Some(Value::String(path)) => Some(path.split('.').map(Arc::from).collect::<Box<[_]>>()),
            Some(Value::Number(_)) => values
                .first()
                .map(|index| Box::from([Arc::from(&*crate::dialect::javascript::to_text(index))])),
            Some(_) => None,
        };
        let Some(path) = path else {
            self.reads_clock = true;
            let path = self.list(values)?;
            return Ok(Logic::Apply(Operation::Var, Arguments::List(path)));
        };
        let names: Vec<_> = path.iter().map(|name| &**name).collect();
        self.reads_clock |= matches!(*names, [] | ["$flagd"] | ["$flagd", "timestamp", ..]);
        Ok(match *names {
            // Inside of a loop it may be a member of an element.
            ["$flagd", "flagKey"] if self.loops == 0 => {
                Logic::literal(Arc::clone(self.flag_key).into())
            }
            [name] if name != "$flagd" => Logic::Member(name.into(), Box::new(default)),
            _ => Logic::Attribute(path, Box::new(default)),
        })
    }

    /// Notes the instants at which a comparison of the clock with whole numbers may change; `false` if it is none
    fn compares_clock(&mut self, values: &[Value]) -> bool {
        let second = |value: &Value| match value {
            Value::Number(number) => safe_integer(*number),
            _ => None,
        };
        let seconds: Vec<_> = values.iter().filter_map(second).collect();
        let clocks = values.iter().filter(|value| is_clock(value)).count();
        if clocks != 1 || seconds.len() != values.len().saturating_sub(1) {
            return false;
        }
        for second in seconds {
            let at = |second: i64| second.checked_mul(1_000).map(Timestamp::from_millis);
            self.instants.extend(at(second));
            self.instants.extend(second.checked_add(1).and_then(at));
        }
        true
    }
}

/// An operation, some of whose arguments may be read once and for all
fn with_literals(operation: Operation, mut list: Box<[Logic]>) -> Logic {
    let taken = |logic: &mut Logic| Box::new(std::mem::replace(logic, Logic::literal(Value::Null)));
    match (operation, &mut *list) {
        (Operation::In, [needle, Logic::Literal(haystack)]) => {
            if let Some(texts) = TextList::of(haystack) {
                return Logic::IsOneOf(taken(needle), texts);
            }
        }
        (Operation::SemVer, [version, Logic::Literal(relation), Logic::Literal(literal)]) => {
            if let Some(test) = VersionTest::read(&relation.value, &literal.value) {
                let steps = steps(&[relation, literal]);
                return Logic::IsVersion(taken(version), VersionLiteral { test, steps });
            }
        }
        (
            Operation::Fractional,
            [
                Logic::Apply(Operation::Cat, Arguments::List(unit)),
                buckets @ ..,
            ],
        ) => {
            let split = literals(buckets).and_then(|buckets| {
                // One more for `cat`.
                let steps = steps(&buckets).saturating_add(1);
                Split::of(buckets.iter().map(|bucket| &bucket.value), steps)
            });
            if let Some(split) = split {
                return Logic::Fractional(std::mem::take(unit), split);
            }
        }
        _ => {}
    }
    Logic::Apply(operation, Arguments::List(list))
}

/// Whether it is exactly `{"var": "$flagd.timestamp"}`
fn is_clock(value: &Value) -> bool {
    let Value::Object(members) = value else {
        return false;
    };
    let path = match members.get("var") {
        Some(Value::Array(values)) if values.len() == 1 => values.first(),
        path => path,
    };
    members.len() == 1 && path == Some(&"$flagd.timestamp".into())
}

fn clock_or_literal(value: &Value) -> Logic {
    match value {
        Value::Object(_) => Logic::Attribute(
            Box::from(["$flagd".into(), "timestamp".into()]),
            Box::new(Logic::literal(Value::Null)),
        ),
        literal => Logic::literal(literal.clone()),
    }
}
