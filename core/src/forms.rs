//! The forms of a document: which members an object has where it stands, and of what type each is
//!
//! Forms know nothing of what members mean. Unknown members are ignored, so that an older reader can read a newer document, except
//! in conditions, serves and prerequisites: there a member that this reader does not know could change who gets what.

mod check;

use crate::names::Name;

pub(crate) use check::{Misshapen, check};

/// An object of known members
#[derive(Debug)]
pub(crate) struct Form {
    expecting: &'static str,
    others: Others,
    members: &'static [Member],
    // Of each name: its place among the members, from 1; 0 where it is none of them.
    places: [u8; Name::COUNT],
    // A bit for the place of each member that must be there.
    required: u32,
}

impl Form {
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
            if matches!(member.need, Need::Required) {
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

    /// The member of this name, and its place among all
    #[inline]
    fn member(&self, name: Name) -> Option<(usize, &'static Member)> {
        let place = self.places.get(name as usize).copied().map(usize::from);
        let place = place?.checked_sub(1)?;
        Some((place, self.members.get(place)?))
    }
}

/// What becomes of members that a form does not have
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Others {
    Ignored,
    Refused,
}

#[derive(Debug)]
struct Member {
    name: Name,
    need: Need,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    Required,
    /// It may be absent, and `null` is as if it were
    Optional,
    /// It may be absent, and `null` is a value
    Nullable,
}

/// The type of a value
#[derive(Debug)]
pub(crate) enum Shape {
    /// `null`, or of this type
    Optional(&'static Shape),
    /// Any JSON of limited depth
    Value,
    /// Any JSON at all, which is read later, if ever
    Raw,
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
    /// A text, or an object of the form
    TextOr(&'static Form),
    /// A number, or an object of the form
    NumberOr(&'static Form),
    Form(&'static Form),
    /// Two whole numbers
    Range,
    List(&'static Shape),
    Map(&'static Shape),
}

const fn required(name: Name, shape: Shape) -> Member {
    Member {
        name,
        need: Need::Required,
        shape,
    }
}

const fn optional(name: Name, shape: Shape) -> Member {
    Member {
        name,
        need: Need::Optional,
        shape,
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

/// What is read of a document that cannot be read otherwise
pub(crate) static VERSION: Form = Form::new(
    "a document, an object",
    Others::Ignored,
    &[required(Name::SchemaVersion, Shape::Whole)],
);

/// The overrides of one flag and level as an object of their own on the wire
pub(crate) static OVERRIDES: Shape = Shape::Map(&Shape::Value);

/// The ids of one segment and kind as an object of their own on the wire: `{ID: true}`
pub(crate) static IDS: Shape = Shape::Map(&Shape::Boolean);

pub(crate) static FLAG: Form = Form::new(
    "a flag, an object",
    Others::Ignored,
    &[
        required(
            Name::Type,
            Shape::Choice(&["boolean", "string", "number", "object"]),
        ),
        required(Name::Enabled, Shape::Boolean),
        optional(Name::Salt, Shape::Text),
        optional(Name::Variants, Shape::Map(&Shape::Value)),
        optional(Name::OnVariant, Shape::Text),
        optional(Name::OffVariant, Shape::Text),
        optional(Name::Serve, Shape::TextOr(&SERVE)),
        optional(Name::Rules, Shape::List(&Shape::Form(&RULE))),
        optional(Name::Levels, Shape::List(&Shape::Text)),
        optional(Name::Overrides, Shape::Map(&Shape::Map(&Shape::Value))),
        optional(Name::ExpiresAt, Shape::Instant),
        optional(Name::Metadata, Shape::Map(&Shape::Value)),
        optional(Name::ClientSide, Shape::Boolean),
        optional(Name::Needs, Shape::Whole),
        optional(
            Name::Prerequisites,
            Shape::List(&Shape::Form(&PREREQUISITE)),
        ),
        optional(Name::EnvironmentPatch, Shape::Map(&Shape::Value)),
        // For people; without meaning for evaluation, named so that strict writing knows them.
        optional(Name::Description, Shape::Text),
    ],
);

static PREREQUISITE: Form = Form::new(
    "a prerequisite, an object",
    Others::Refused,
    &[
        required(Name::Flag, Shape::Text),
        required(Name::Variants, Shape::List(&Shape::Text)),
    ],
);

pub(crate) static SEGMENT: Form = Form::new(
    "a segment, an object",
    Others::Ignored,
    &[
        optional(Name::Include, Shape::Map(&Shape::List(&Shape::Text))),
        optional(Name::Exclude, Shape::Map(&Shape::List(&Shape::Text))),
        optional(Name::When, Shape::Form(&CONDITION)),
        optional(Name::Needs, Shape::Whole),
        optional(Name::Description, Shape::Text),
    ],
);

pub(crate) static GROUP: Form = Form::new(
    "an exclusion group, an object",
    Others::Ignored,
    &[
        required(Name::Salt, Shape::Text),
        optional(Name::Unit, Shape::Text),
    ],
);

pub(crate) static HOLDOUT: Form = Form::new(
    "a holdout, an object",
    Others::Ignored,
    &[
        required(Name::Salt, Shape::Text),
        required(Name::Percent, Shape::Number),
        optional(Name::Unit, Shape::Text),
    ],
);

static RULE: Form = Form::new(
    "a rule, an object",
    Others::Ignored,
    &[
        optional(Name::Id, Shape::Text),
        optional(Name::Description, Shape::Text),
        optional(Name::From, Shape::Instant),
        optional(Name::Until, Shape::Instant),
        optional(Name::When, Shape::Form(&CONDITION)),
        required(Name::Serve, Shape::TextOr(&SERVE)),
    ],
);

static CONDITION: Form = Form::new(
    "a condition, an object",
    Others::Refused,
    &[
        optional(Name::All, Shape::List(&Shape::Form(&CONDITION))),
        optional(Name::Any, Shape::List(&Shape::Form(&CONDITION))),
        optional(Name::Not, Shape::Form(&CONDITION)),
        optional(Name::Attribute, Shape::Text),
        optional(Name::Op, Shape::Text),
        Member {
            name: Name::Value,
            need: Need::Nullable,
            shape: Shape::Value,
        },
        optional(Name::Values, Shape::List(&Shape::Value)),
        optional(Name::Array, Shape::Choice(&["any", "all", "none"])),
        optional(Name::IgnoreCase, Shape::Boolean),
        optional(Name::Segment, Shape::Text),
        optional(Name::Flag, Shape::Text),
        optional(Name::Variants, Shape::List(&Shape::Text)),
        optional(Name::Bucket, Shape::Form(&BUCKET)),
    ],
);

static BUCKET: Form = Form::new(
    "a bucket, an object",
    Others::Refused,
    &[
        optional(Name::Unit, Shape::Text),
        required(Name::Salt, Shape::Text),
        required(Name::From, Shape::Whole),
        required(Name::Until, Shape::Whole),
    ],
);

static SERVE: Form = Form::new(
    "the name of a variant, or an object with `variant` or `arms`",
    Others::Refused,
    &[
        optional(Name::Variant, Shape::Text),
        optional(Name::Arms, Shape::List(&Shape::Form(&ARM))),
        optional(Name::Rollout, Shape::NumberOr(&ROLLOUT)),
        optional(Name::Unit, Shape::Text),
        optional(Name::OnMissing, Shape::OnMissing),
        optional(Name::Salt, Shape::Text),
        optional(Name::Algorithm, Shape::Text),
        optional(Name::Experiment, Shape::Form(&EXPERIMENT)),
    ],
);

static ARM: Form = Form::new(
    "an arm, an object",
    Others::Refused,
    &[
        required(Name::Variant, Shape::Text),
        required(Name::Weight, Shape::Whole),
    ],
);

static ON_MISSING: Form = Form::new(
    "`\"decline\"` or `{\"variant\": …}`",
    Others::Refused,
    &[required(Name::Variant, Shape::Text)],
);

static EXPERIMENT: Form = Form::new(
    "an experiment, an object",
    Others::Refused,
    &[
        required(Name::Key, Shape::Text),
        optional(Name::Group, Shape::Text),
        optional(Name::Slice, Shape::List(&Shape::Range)),
        optional(Name::Holdout, Shape::Text),
    ],
);

/// Steps, or the two ends of a line
static ROLLOUT: Form = Form::new(
    "a percentage, or an object with `steps`, or with `from`, `until`, `start` and `end`",
    Others::Refused,
    &[
        optional(Name::Steps, Shape::List(&Shape::Form(&STEP))),
        optional(Name::From, Shape::Instant),
        optional(Name::Until, Shape::Instant),
        optional(Name::Start, Shape::Number),
        optional(Name::End, Shape::Number),
    ],
);

static STEP: Form = Form::new(
    "a step, an object",
    Others::Refused,
    &[
        required(Name::At, Shape::Instant),
        required(Name::Percent, Shape::Number),
    ],
);

const EVENT: &str = "the data of an event, an object";

pub(crate) static SERVER_INTENT: Form = Form::new(
    EVENT,
    Others::Ignored,
    &[required(
        Name::Intent,
        Shape::Choice(&["xfer-full", "xfer-changes", "none"]),
    )],
);

pub(crate) static PUT_OBJECT: Form = Form::new(
    EVENT,
    Others::Ignored,
    &[
        required(Name::Kind, Shape::Text),
        required(Name::Key, Shape::Text),
        required(Name::Version, Shape::Whole),
        required(Name::Object, Shape::Raw),
    ],
);

pub(crate) static DELETE_OBJECT: Form = Form::new(
    EVENT,
    Others::Ignored,
    &[
        required(Name::Kind, Shape::Text),
        required(Name::Key, Shape::Text),
        required(Name::Version, Shape::Whole),
    ],
);

pub(crate) static CHANGE_ENTRY: Form = Form::new(
    EVENT,
    Others::Ignored,
    &[
        required(Name::Kind, Shape::Text),
        required(Name::Key, Shape::Text),
        required(Name::Version, Shape::Whole),
        required(Name::Entry, Shape::Text),
        optional(Name::Value, Shape::Value),
    ],
);

pub(crate) static PAYLOAD_TRANSFERRED: Form = Form::new(
    EVENT,
    Others::Ignored,
    &[
        required(Name::SchemaVersion, Shape::Whole),
        required(Name::Environment, Shape::Text),
        required(Name::Revision, Shape::Whole),
        required(Name::Hash, Shape::Text),
    ],
);

pub(crate) static NOTICE: Form = Form::new(
    EVENT,
    Others::Ignored,
    &[
        optional(Name::Reason, Shape::Text),
        optional(Name::RetryAfterMs, Shape::Whole),
    ],
);
