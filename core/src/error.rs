//! What can be wrong with a document, and where

use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::excerpt::excerpt;
use crate::json::JsonError;
use crate::limits;
use crate::path::PathError;
use crate::pattern::PatternError;

/// Why a document is refused whole
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The text is no JSON, or its outermost members have the wrong types
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

/// Something wrong with one flag, segment, group or holdout; it takes down what refers to it and nothing else
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    /// The flag that does not compile, if it is one
    pub flag: Option<Arc<str>>,
    /// A JSON pointer into the document, as `/flags/checkout/rules/0/serve`
    pub pointer: String,
    /// What is wrong and what was expected
    pub problem: Problem,
}

impl fmt::Display for Issue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.pointer, self.problem)
    }
}

impl Serialize for Issue {
    /// `{"flag", "pointer", "message"}`
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Issue", 3)?;
        fields.serialize_field("flag", &self.flag.as_deref().map(excerpt))?;
        fields.serialize_field("pointer", &self.pointer)?;
        fields.serialize_field("message", &self.problem.to_string())?;
        fields.end()
    }
}

/// What can be wrong at one place of a flag
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Not the JSON that belongs here; the text says which was expected
    #[error("{0}")]
    Shape(String),
    /// A field that the language does not have; an issue only where writing is strict
    #[error("unknown field")]
    UnknownField,
    /// A flag's key that is not `[A-Za-z0-9][A-Za-z0-9._-]{0,99}`
    #[error(
        "a key is 1 to {} of the characters `A-Z a-z 0-9 . _ -` and begins with a letter or digit",
        limits::KEY_LENGTH
    )]
    Key,
    /// A flag that needs a newer reader
    #[error(
        "needs language level {needs}, but this version of Flagstaff has {}",
        crate::LANGUAGE_LEVEL
    )]
    Needs {
        /// The level it needs
        needs: u64,
    },
    /// Two things that belong together and of which one is missing, or a thing that must be there
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
    #[error("`{}` is none of the flag's levels", excerpt(.0))]
    UnknownLevel(Arc<str>),
    /// A flag without levels, which could have no overrides
    #[error("at least one level")]
    NoLevels,
    /// A context kind that reads like a pointer
    #[error("a context kind does not begin with `/`")]
    Kind,
    /// The same level twice
    #[error("`{}` is listed twice", excerpt(.0))]
    DuplicateLevel(Arc<str>),
    /// An override that is nothing known
    #[error("expected `\"include\"`, `\"exclude\"`, `{{\"variant\": …}}` or `{{\"patch\": …}}`")]
    Override,
    /// A hashed list where one is written; only a server makes them
    #[error("a hashed list is only sent to browsers: write the context keys themselves")]
    HashedList,
    /// A context key that is empty or too long
    #[error("a context key has 1 to {} characters", limits::CONTEXT_KEY_LENGTH)]
    ContextKey,
    /// Weights that do not add up
    #[error("the weights of the arms sum to {sum}, expected 100000")]
    WeightSum {
        /// What they sum to
        sum: u64,
    },
    /// A percentage out of range or too fine
    #[error("expected a percentage from 0 to 100 with at most three decimals, got {0}")]
    Percentage(f64),
    /// A serve with both or neither of `variant` and `arms`
    #[error("a serve has either `variant` or `arms`")]
    ServeForm,
    /// A condition with none or several of its forms
    #[error(
        "a condition has exactly one of `all`, `any`, `not`, `attribute`, `segment`, `flag` and `bucket`, and only the members that belong to it"
    )]
    ConditionForm,
    /// An operator that the language does not have
    #[error("unknown operator `{}`", excerpt(.0))]
    UnknownOperator(Box<str>),
    /// A hash algorithm that the language does not have
    #[error("unknown algorithm `{}`, expected `murmur3`", excerpt(.0))]
    UnknownAlgorithm(Box<str>),
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
    /// `ignoreCase` or `array` where they mean nothing
    #[error("means nothing with `{operator}`")]
    Modifier {
        /// The operator
        operator: &'static str,
    },
    /// A regular expression outside the subset
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A patch for a flag that serves no objects
    #[error("a patch needs a flag of type `object`")]
    PatchOfScalar,
    /// A rollout that is neither steps nor a line
    #[error("a timed rollout has `steps`, or all of `from`, `until`, `start` and `end`")]
    RolloutForm,
    /// Steps that are none or not in order
    #[error("steps are at least one, each later than the one before")]
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
    /// A flag or segment that leads back to itself
    #[error("refers to itself through what it refers to")]
    Cycle,
    /// A flag or segment whose evaluation would visit too many others
    #[error(
        "an evaluation would visit more than {} flags and segments",
        limits::VISITS
    )]
    TooManyVisits,
    /// A flag or segment whose evaluation would nest too deeply
    #[error(
        "an evaluation would go through more than {} flags, segments and conditions inside one another",
        limits::EVALUATION_DEPTH
    )]
    EvaluationTooDeep,
    /// A flag or segment whose evaluation would try too many or too large patterns
    #[error(
        "an evaluation would try patterns of a size of more than {} together",
        limits::MAX_TOTAL_PATTERN_SIZE
    )]
    TooMuchMatching,
    /// A path that cannot be read
    #[error(transparent)]
    Path(#[from] PathError),
    /// A window that never opens
    #[error("`until` is not after `from`")]
    Window,
    /// Metadata that is no boolean, string or number
    #[error("expected a boolean, a string or a number")]
    Metadata,
    /// A name that is empty or too long
    #[error("a name has 1 to {} characters", limits::NAME_LENGTH)]
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
    #[error("conditions are nested more than {} deep", limits::CONDITION_DEPTH)]
    TooDeep,
}
