//! What can be wrong with a document, and where?

use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::context::path::PathError;
use crate::dialect;
use crate::json::JsonError;
use crate::limits;
use crate::operator::pattern::PatternError;
use crate::value::Value;
use crate::value::excerpt::excerpt;

/// Why a document is refused whole
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The text is not valid JSON, or its outermost fields have the wrong types
    #[error("the document cannot be read: {0}")]
    Json(#[from] JsonError),
    /// A newer version of the document than this build knows
    #[error(
        "`schemaVersion` is {found}, but this version of Flagstaff reads {}",
        crate::SCHEMA_VERSION
    )]
    SchemaVersion {
        /// What the document says
        found: u64,
    },
}

/// Something wrong with one flag, segment, group or holdout; it breaks what refers to it and nothing else
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    /// The flag that does not compile, if it is one
    pub flag: Option<Arc<str>>,
    /// A JSON pointer into the document, as `/flags/checkout/rules/0/serve`
    pub pointer: String,
    /// What is wrong and what was expected
    pub kind: IssueKind,
}

impl fmt::Display for Issue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.pointer, self.kind)
    }
}

impl Serialize for Issue {
    /// `{"flag", "pointer", "message"}`
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Issue", 3)?;
        fields.serialize_field("flag", &self.flag.as_deref().map(excerpt))?;
        fields.serialize_field("pointer", &self.pointer)?;
        fields.serialize_field("message", &self.kind.to_string())?;
        fields.end()
    }
}

/// What can be wrong at one pointer into a document
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IssueKind {
    /// JSON that is not valid for the schema; the text says what was expected
    #[error("{0}")]
    Schema(String),
    /// A field that the language does not have; an issue only when a document is written
    #[error("unknown field")]
    UnknownField,
    /// A flag's key that is not `[A-Za-z0-9][A-Za-z0-9._-]{0,99}`
    #[error(
        "a key is 1 to {} of the characters `A-Z a-z 0-9 . _ -` and begins with a letter or digit",
        limits::MAX_KEY_LENGTH
    )]
    Key,
    /// A flag that needs a newer version of the language
    #[error(
        "needs language version {needs}, but this version of Flagstaff has {}",
        crate::LANGUAGE_VERSION
    )]
    Needs {
        /// The version that it needs
        needs: u64,
    },
    /// A missing field that is required, by itself or by another one
    #[error("missing `{0}`")]
    Missing(&'static str),
    /// A reference to a variant that the flag does not have
    #[error("unknown variant `{}`", excerpt(.0))]
    UnknownVariant(Arc<str>),
    /// A variant whose value is not of the flag's type
    #[error("expected a {expected}, got {got}")]
    VariantType {
        /// The flag's type
        expected: &'static str,
        /// The type of the value
        got: &'static str,
    },
    /// `include` where the flag has no `onVariant`
    #[error("`include` needs an `onVariant`")]
    IncludeWithoutOn,
    /// Overrides for a level that the flag does not list
    #[error("unknown level `{}`; expected {}", excerpt(level), one_of(known))]
    UnknownLevel {
        /// The level that the flag does not list
        level: Arc<str>,
        /// Those that it lists
        known: Box<[Arc<str>]>,
    },
    /// A flag without levels, which could have no overrides
    #[error("expected at least one level")]
    NoLevels,
    /// A context kind that looks like a pointer
    #[error("a context kind must not begin with `/`")]
    Kind,
    /// The same level twice
    #[error("`{}` is listed twice", excerpt(.0))]
    DuplicateLevel(Arc<str>),
    /// An override of an unknown form
    #[error("expected `\"include\"`, `\"exclude\"`, `{{\"variant\": …}}` or `{{\"patch\": …}}`")]
    Override,
    /// A hashed list in a document that is written; only a server creates them
    #[error("a hashed list is only sent to browsers: write the context keys themselves")]
    HashedList,
    /// A context key that is empty or too long
    #[error("a context key has 1 to {} characters", limits::MAX_CONTEXT_KEY_LENGTH)]
    ContextKey,
    /// Weights that do not add up
    #[error("the weights of the arms sum to {sum}, expected 100000")]
    WeightSum {
        /// What they sum to
        sum: u64,
    },
    /// A percentage out of range or too fine
    #[error("expected a percentage from 0 to 100 with at most three decimals, got {}", Value::number(*.0))]
    Percentage(f64),
    /// A serve with both or neither of `variant` and `arms`
    #[error("a serve has either `variant` or `arms`")]
    ServeForm,
    /// A condition with none or several of its forms
    #[error(
        "a condition has exactly one of `all`, `any`, `not`, `attribute`, `segment`, `flag`, `bucket` and `dialect`, and only the members that belong to it"
    )]
    ConditionForm,
    /// An operator that the language does not have
    #[error("unknown operator `{}`", excerpt(.0))]
    UnknownOperator(Box<str>),
    /// A hash algorithm that this build does not have
    #[error("unknown algorithm `{}`, expected {}", excerpt(.0), one_of(dialect::ALGORITHMS))]
    UnknownAlgorithm(Box<str>),
    /// A dialect that this build does not have
    #[error("unknown dialect `{}`", excerpt(.0))]
    UnknownDialect(Box<str>),
    /// A condition or a split of another vendor that cannot be compiled
    #[error("{0}")]
    Dialect(String),
    /// Something of a newer version of the language than the object needs
    #[error("{what} is of version {version} of the language: set `needs` to {version}")]
    Version {
        /// The part of the language
        what: &'static str,
        /// The version that has it
        version: u32,
    },
    /// A field that the other form of a serve has
    #[error("not allowed with `{0}`")]
    NotWith(&'static str),
    /// A literal that the operator cannot compare with
    #[error("`{operator}` expects {expected}")]
    Literal {
        /// The operator
        operator: &'static str,
        /// What it can compare with
        expected: &'static str,
    },
    /// `value` and `values` together, or neither
    #[error("`{operator}` takes {expected}")]
    Operand {
        /// The operator
        operator: &'static str,
        /// Which of the two it takes
        expected: &'static str,
    },
    /// `ignoreCase` or `array` with an operator that does not take it
    #[error("not allowed with `{operator}`")]
    Modifier {
        /// The operator
        operator: &'static str,
    },
    /// A regular expression outside the subset
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A patch for a flag that does not serve objects
    #[error("a patch needs a flag of type `object`")]
    PatchOfScalar,
    /// A rollout that is neither steps nor a ramp
    #[error("a timed rollout has `steps`, or all of `from`, `until`, `start` and `end`")]
    RolloutForm,
    /// No steps, or steps that are not in order
    #[error("expected one or more steps in ascending order of `at`")]
    Steps,
    /// A range of slots that is empty, out of bounds or out of order
    #[error("expected ranges `[from, until)` of slots, ascending from 0 to 100000")]
    Slots,
    /// Two experiments of a group that share units
    #[error(
        "the slice overlaps with that of the experiment `{}`",
        excerpt(experiment)
    )]
    SliceOverlap {
        /// The other experiment
        experiment: Arc<str>,
    },
    /// A reference to something that does not exist
    #[error("unknown {what} `{}`", excerpt(key))]
    UnknownReference {
        /// A flag, a segment, a group or a holdout
        what: &'static str,
        /// Its key
        key: Arc<str>,
    },
    /// A reference to something that is broken
    #[error("the {what} `{}` is broken", excerpt(key))]
    BrokenReference {
        /// A flag, a segment, a group or a holdout
        what: &'static str,
        /// Its key
        key: Arc<str>,
    },
    /// A flag or segment that refers to itself, directly or through others
    #[error("is part of a cycle of references")]
    Cycle,
    /// A flag or segment whose evaluation would visit too many others
    #[error(
        "an evaluation would visit more than {} flags and segments",
        limits::MAX_VISITS
    )]
    TooManyVisits,
    /// A flag or segment whose evaluation would nest too deeply
    #[error(
        "an evaluation would nest more than {} flags, segments and conditions",
        limits::MAX_EVALUATION_DEPTH
    )]
    EvaluationTooDeep,
    /// A flag or segment whose evaluation would try too many or too large patterns
    #[error(
        "an evaluation would try patterns of a total size of more than {}",
        limits::MAX_TOTAL_PATTERN_SIZE
    )]
    TooMuchMatching,
    /// A path that cannot be read
    #[error(transparent)]
    Path(#[from] PathError),
    /// A window that never opens
    #[error("`until` must be after `from`")]
    Window,
    /// Metadata that is neither a boolean nor a string nor a number
    #[error("expected a boolean, a string or a number")]
    Metadata,
    /// A name that is empty or too long
    #[error("a name has 1 to {} characters", limits::MAX_NAME_LENGTH)]
    Name,
    /// More of something than the language allows
    #[error("at most {limit} {what}, got {got}")]
    TooMany {
        /// Of what
        what: &'static str,
        /// The limit
        limit: usize,
        /// How many there are
        got: usize,
    },
    /// Conditions nested too deeply
    #[error("conditions are nested more than {} deep", limits::MAX_CONDITION_DEPTH)]
    TooDeep,
}

/// `` `a` ``, `` `a` or `b` ``, `` one of `a`, `b`, `c` ``
pub(crate) fn one_of<'n, N: AsRef<str> + 'n>(names: impl IntoIterator<Item = &'n N>) -> String {
    let quoted = |name: &N| format!("`{}`", excerpt(name.as_ref()));
    let names: Vec<String> = names.into_iter().map(quoted).collect();
    match names.as_slice() {
        [name] => name.clone(),
        [a, b] => format!("{a} or {b}"),
        names => format!("one of {}", names.join(", ")),
    }
}
