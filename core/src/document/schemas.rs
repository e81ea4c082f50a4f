//! The schemas of a document: which fields each object has, and the type of each field
//!
//! Schemas do not know what fields mean. Unknown fields are ignored, so that an older SDK can read a newer document, except
//! in conditions, serves and prerequisites: there a field that this version does not know could change an outcome.

mod check;

use crate::json::names::Name;

pub(crate) use check::check;

/// An object of known members
#[derive(Debug)]
pub(crate) struct ObjectSchema {
    expecting: &'static str,
    others: Others,
    members: &'static [Member],
    // For each name its position among the members, from 1; 0 if it is not a member.
    places: [u8; Name::COUNT],
    // A bit for the position of each required member.
    required: u32,
}

impl ObjectSchema {
    #[expect(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        reason = "what panics in a static is an error of the build"
    )]
    const fn new(expecting: &'static str, others: Others, members: &'static [Member]) -> Self {
        let mut places = [0; Name::COUNT];
        let mut rest = members;
        let mut place = 0;
        let mut required = 0;
        while let [member, after @ ..] = rest {
            if matches!(member.presence, Presence::Required) {
                required |= 1 << place;
            }
            place += 1;
            places[member.name as usize] = place;
            rest = after;
        }
        Self {
            expecting,
            others,
            members,
            places,
            required,
        }
    }

    /// The member of this name, and its position
    #[inline]
    fn member(&self, name: Name) -> Option<(usize, &'static Member)> {
        let place = self.places.get(name as usize).copied().map(usize::from);
        let place = place?.checked_sub(1)?;
        Some((place, self.members.get(place)?))
    }
}

/// How fields that a schema does not have are treated
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Others {
    Ignored,
    Refused,
}

#[derive(Debug)]
struct Member {
    name: Name,
    presence: Presence,
    schema: ValueSchema,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Required,
    /// It may be absent, and `null` counts as absent
    Optional,
    /// It may be absent, and `null` is a value
    Nullable,
}

/// The type of a value
#[derive(Debug)]
pub(crate) enum ValueSchema {
    /// `null`, or of this type
    Optional(&'static ValueSchema),
    /// Any value
    Value,
    Boolean,
    Number,
    /// A whole number, not negative and within 2^53 − 1: `1` and `1.0` are the same number
    Whole,
    Text,
    Instant,
    /// One of these texts
    Choice(&'static [&'static str]),
    /// `"decline"`, or a variant
    OnMissing,
    /// A text, or an object of this schema
    TextOr(&'static ObjectSchema),
    /// A number, or an object of this schema
    NumberOr(&'static ObjectSchema),
    Object(&'static ObjectSchema),
    /// Two whole numbers
    Range,
    List(&'static ValueSchema),
    Map(&'static ValueSchema),
}

const fn required(name: Name, schema: ValueSchema) -> Member {
    Member {
        name,
        presence: Presence::Required,
        schema,
    }
}

const fn optional(name: Name, schema: ValueSchema) -> Member {
    Member {
        name,
        presence: Presence::Optional,
        schema,
    }
}

/// The members of a document
pub(crate) const DOCUMENT: [Name; 7] = [
    Name::SchemaVersion,
    Name::Environment,
    Name::Revision,
    Name::Flags,
    Name::Segments,
    Name::Groups,
    Name::Holdouts,
];

/// The overrides of one flag and level as an object of their own on the wire
pub(crate) static OVERRIDES: ValueSchema = ValueSchema::Map(&ValueSchema::Value);

/// The ids of one segment and kind as an object of their own on the wire: `{ID: true}`
pub(crate) static IDS: ValueSchema = ValueSchema::Map(&ValueSchema::Boolean);

pub(crate) static FLAG: ObjectSchema = ObjectSchema::new(
    "a flag, an object",
    Others::Ignored,
    &[
        required(
            Name::Type,
            ValueSchema::Choice(&["boolean", "string", "number", "object"]),
        ),
        required(Name::Enabled, ValueSchema::Boolean),
        optional(Name::Salt, ValueSchema::Text),
        optional(Name::Variants, ValueSchema::Map(&ValueSchema::Value)),
        optional(Name::OnVariant, ValueSchema::Text),
        optional(Name::OffVariant, ValueSchema::Text),
        optional(Name::Serve, ValueSchema::TextOr(&SERVE)),
        optional(Name::Rules, ValueSchema::List(&ValueSchema::Object(&RULE))),
        optional(Name::Levels, ValueSchema::List(&ValueSchema::Text)),
        optional(
            Name::Overrides,
            ValueSchema::Map(&ValueSchema::Map(&ValueSchema::Value)),
        ),
        optional(Name::ExpiresAt, ValueSchema::Instant),
        optional(Name::Metadata, ValueSchema::Map(&ValueSchema::Value)),
        optional(Name::ClientSide, ValueSchema::Boolean),
        optional(Name::Dialect, ValueSchema::Text),
        optional(Name::Needs, ValueSchema::Whole),
        optional(
            Name::Prerequisites,
            ValueSchema::List(&ValueSchema::Object(&PREREQUISITE)),
        ),
        optional(
            Name::EnvironmentPatch,
            ValueSchema::Map(&ValueSchema::Value),
        ),
        // Only for people. They are listed so that the strict check before a write accepts them.
        optional(Name::Description, ValueSchema::Text),
    ],
);

static PREREQUISITE: ObjectSchema = ObjectSchema::new(
    "a prerequisite, an object",
    Others::Refused,
    &[
        required(Name::Flag, ValueSchema::Text),
        required(Name::Variants, ValueSchema::List(&ValueSchema::Text)),
    ],
);

pub(crate) static SEGMENT: ObjectSchema = ObjectSchema::new(
    "a segment, an object",
    Others::Ignored,
    &[
        optional(
            Name::Include,
            ValueSchema::Map(&ValueSchema::List(&ValueSchema::Text)),
        ),
        optional(
            Name::Exclude,
            ValueSchema::Map(&ValueSchema::List(&ValueSchema::Text)),
        ),
        optional(Name::When, ValueSchema::Object(&CONDITION)),
        optional(Name::Needs, ValueSchema::Whole),
        optional(Name::Description, ValueSchema::Text),
    ],
);

pub(crate) static GROUP: ObjectSchema = ObjectSchema::new(
    "an exclusion group, an object",
    Others::Ignored,
    &[
        required(Name::Salt, ValueSchema::Text),
        optional(Name::Unit, ValueSchema::Text),
    ],
);

pub(crate) static HOLDOUT: ObjectSchema = ObjectSchema::new(
    "a holdout, an object",
    Others::Ignored,
    &[
        required(Name::Salt, ValueSchema::Text),
        required(Name::Percent, ValueSchema::Number),
        optional(Name::Unit, ValueSchema::Text),
    ],
);

static RULE: ObjectSchema = ObjectSchema::new(
    "a rule, an object",
    Others::Ignored,
    &[
        optional(Name::Id, ValueSchema::Text),
        optional(Name::Description, ValueSchema::Text),
        optional(Name::From, ValueSchema::Instant),
        optional(Name::Until, ValueSchema::Instant),
        optional(Name::When, ValueSchema::Object(&CONDITION)),
        // `null` serves nothing.
        required(
            Name::Serve,
            ValueSchema::Optional(&ValueSchema::TextOr(&SERVE)),
        ),
    ],
);

static CONDITION: ObjectSchema = ObjectSchema::new(
    "a condition, an object",
    Others::Refused,
    &[
        optional(
            Name::All,
            ValueSchema::List(&ValueSchema::Object(&CONDITION)),
        ),
        optional(
            Name::Any,
            ValueSchema::List(&ValueSchema::Object(&CONDITION)),
        ),
        optional(Name::Not, ValueSchema::Object(&CONDITION)),
        optional(Name::Attribute, ValueSchema::Text),
        optional(Name::Op, ValueSchema::Text),
        Member {
            name: Name::Value,
            presence: Presence::Nullable,
            schema: ValueSchema::Value,
        },
        optional(Name::Values, ValueSchema::List(&ValueSchema::Value)),
        optional(Name::Array, ValueSchema::Choice(&["any", "all", "none"])),
        optional(Name::IgnoreCase, ValueSchema::Boolean),
        optional(Name::Segment, ValueSchema::Text),
        optional(Name::Flag, ValueSchema::Text),
        optional(Name::Variants, ValueSchema::List(&ValueSchema::Text)),
        optional(Name::Bucket, ValueSchema::Object(&BUCKET)),
        optional(Name::Dialect, ValueSchema::Text),
        EXPRESSION,
    ],
);

/// A value that only a dialect reads
const EXPRESSION: Member = Member {
    name: Name::Expression,
    presence: Presence::Nullable,
    schema: ValueSchema::Value,
};

static BUCKET: ObjectSchema = ObjectSchema::new(
    "a bucket, an object",
    Others::Refused,
    &[
        optional(Name::Unit, ValueSchema::Text),
        required(Name::Salt, ValueSchema::Text),
        required(Name::From, ValueSchema::Whole),
        required(Name::Until, ValueSchema::Whole),
    ],
);

static SERVE: ObjectSchema = ObjectSchema::new(
    "the name of a variant, or an object with `variant` or `arms`",
    Others::Refused,
    &[
        optional(Name::Variant, ValueSchema::Text),
        optional(Name::Arms, ValueSchema::List(&ValueSchema::Object(&ARM))),
        optional(Name::Rollout, ValueSchema::NumberOr(&ROLLOUT)),
        optional(Name::Unit, ValueSchema::Text),
        optional(Name::OnMissing, ValueSchema::OnMissing),
        optional(Name::Salt, ValueSchema::Text),
        optional(Name::Algorithm, ValueSchema::Text),
        optional(Name::Parameters, ValueSchema::Map(&ValueSchema::Value)),
        optional(Name::Dialect, ValueSchema::Text),
        EXPRESSION,
        optional(Name::Experiment, ValueSchema::Object(&EXPERIMENT)),
    ],
);

static ARM: ObjectSchema = ObjectSchema::new(
    "an arm, an object",
    Others::Refused,
    &[
        required(Name::Variant, ValueSchema::Optional(&ValueSchema::Text)),
        // Whole, unless an algorithm has weights of its own.
        required(Name::Weight, ValueSchema::Number),
    ],
);

static ON_MISSING: ObjectSchema = ObjectSchema::new(
    "`\"decline\"` or `{\"variant\": …}`",
    Others::Refused,
    &[required(Name::Variant, ValueSchema::Text)],
);

static EXPERIMENT: ObjectSchema = ObjectSchema::new(
    "an experiment, an object",
    Others::Refused,
    &[
        required(Name::Key, ValueSchema::Text),
        optional(Name::Group, ValueSchema::Text),
        optional(Name::Slice, ValueSchema::List(&ValueSchema::Range)),
        optional(Name::Holdout, ValueSchema::Text),
    ],
);

/// Steps, or the two ends of a ramp
static ROLLOUT: ObjectSchema = ObjectSchema::new(
    "a percentage, or an object with `steps`, or with `from`, `until`, `start` and `end`",
    Others::Refused,
    &[
        optional(Name::Steps, ValueSchema::List(&ValueSchema::Object(&STEP))),
        optional(Name::From, ValueSchema::Instant),
        optional(Name::Until, ValueSchema::Instant),
        optional(Name::Start, ValueSchema::Number),
        optional(Name::End, ValueSchema::Number),
    ],
);

static STEP: ObjectSchema = ObjectSchema::new(
    "a step, an object",
    Others::Refused,
    &[
        required(Name::At, ValueSchema::Instant),
        required(Name::Percent, ValueSchema::Number),
    ],
);

const EVENT: &str = "the data of an event, an object";

pub(crate) static SERVER_INTENT: ObjectSchema = ObjectSchema::new(
    EVENT,
    Others::Ignored,
    &[required(
        Name::Intent,
        ValueSchema::Choice(&["xfer-full", "xfer-changes", "none"]),
    )],
);

pub(crate) static PUT_OBJECT: ObjectSchema = ObjectSchema::new(
    EVENT,
    Others::Ignored,
    &[
        required(Name::Kind, ValueSchema::Text),
        required(Name::Key, ValueSchema::Text),
        required(Name::Version, ValueSchema::Whole),
        required(Name::Object, ValueSchema::Value),
    ],
);

pub(crate) static DELETE_OBJECT: ObjectSchema = ObjectSchema::new(
    EVENT,
    Others::Ignored,
    &[
        required(Name::Kind, ValueSchema::Text),
        required(Name::Key, ValueSchema::Text),
        required(Name::Version, ValueSchema::Whole),
    ],
);

pub(crate) static CHANGE_ENTRY: ObjectSchema = ObjectSchema::new(
    EVENT,
    Others::Ignored,
    &[
        required(Name::Kind, ValueSchema::Text),
        required(Name::Key, ValueSchema::Text),
        required(Name::Version, ValueSchema::Whole),
        required(Name::Entry, ValueSchema::Text),
        optional(Name::Value, ValueSchema::Value),
    ],
);

pub(crate) static PAYLOAD_TRANSFERRED: ObjectSchema = ObjectSchema::new(
    EVENT,
    Others::Ignored,
    &[
        required(Name::SchemaVersion, ValueSchema::Whole),
        required(Name::Environment, ValueSchema::Text),
        required(Name::Revision, ValueSchema::Whole),
        required(Name::Hash, ValueSchema::Text),
    ],
);

pub(crate) static NOTICE: ObjectSchema = ObjectSchema::new(
    EVENT,
    Others::Ignored,
    &[
        optional(Name::Reason, ValueSchema::Text),
        optional(Name::RetryAfterMs, ValueSchema::Whole),
    ],
);
