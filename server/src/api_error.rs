//! Everything that a request can be told is wrong with it: one enum, one answer each, as `application/problem+json` (RFC 9457)

use flagstaff_core::{Issue, excerpt};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::KeyKind;
use crate::identity::Untrusted;
use crate::problem::ProblemKind;
use crate::stream::StreamBound;

mod answer;
mod convert;
mod shorten;

pub(crate) use answer::{NotForOrigin, Problem};
pub(crate) use shorten::{foreign, shortened, shortened_value};

/// Why a request was not served
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// No token came with the request
    #[error("send a token: `Authorization: Bearer …`")]
    NoToken,
    /// Nobody knows the token
    #[error("the token is not known")]
    UnknownToken,
    /// What an issuer is said to have made
    #[error("the JWT is not accepted: {0}")]
    Untrusted(#[source] Untrusted),
    /// The key is not for the page that uses it
    #[error("the key may not be used by pages of this origin")]
    WrongOrigin,
    /// The context is not signed as the key wants it
    #[error("{0}")]
    Signature(&'static str),
    /// A key has too many secrets, or would have too few
    #[error("{0}")]
    Secrets(&'static str),
    /// The key is of a kind that may not do this
    #[error("a {} key may not do this, one of these may: {}", kind.name(), names(allowed))]
    WrongKey {
        /// The key's kind
        kind: KeyKind,
        /// The kinds that may
        allowed: &'static [KeyKind],
    },
    /// The key may do this, but not everything that was asked for
    #[error("{0}")]
    Forbidden(&'static str),
    /// There is no such thing
    #[error("{what} `{}` does not exist", excerpt(name))]
    NotFound {
        /// What kind of thing
        what: &'static str,
        /// Its name
        name: String,
    },
    /// No route has this path
    #[error("nothing is here")]
    NoRoute,
    /// The route does not know the method
    #[error("the method is not one of this path's")]
    Method,
    /// The example page was not there when the server was compiled
    #[error(
        "the example page is not part of this build: build bindings-wasm, then the server (`make run` does both)"
    )]
    NoExample,
    /// The body is no JSON
    #[error("the body is no JSON: {}", foreign(&.0.to_string()))]
    Json(#[source] serde_json::Error),
    /// The body or the query could not be read
    #[error("{0}")]
    Unreadable(String),
    /// The body is too long
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// How long it may be
        limit: usize,
    },
    /// What was asked for is too long
    #[error(
        "the response would be longer than {limit} bytes: ask for fewer flags or contexts at a time"
    )]
    ResponseTooLong {
        /// How long it may be
        limit: usize,
    },
    /// The body did not come in time
    #[error("the body took longer than {seconds} seconds")]
    TooSlow {
        /// How long it may take
        seconds: usize,
    },
    /// It could be read, and something in it is wrong
    #[error("{} wrong, and nothing was stored", if errors.len() == 1 { "one thing is" } else { "several things are" })]
    Invalid {
        /// What, and where
        errors: Vec<FieldError>,
    },
    /// An operation of a changeset was refused, and so all of them
    #[error("operation {index}: {error}")]
    Operation {
        /// Which one, from 0
        index: usize,
        /// Why
        error: Box<Self>,
    },
    /// It exists already
    #[error("flag `{key}` exists already in environment `{environment}`")]
    Exists {
        /// The flag
        key: String,
        /// The environment
        environment: String,
    },
    /// The name is taken
    #[error("there is a {what} `{}` already", excerpt(name))]
    NameTaken {
        /// What kind of thing
        what: &'static str,
        /// Its name
        name: String,
    },
    /// It cannot go: others refer to it
    #[error("flag `{key}` is referred to by what would break without it")]
    InUse {
        /// The flag
        key: String,
        /// What would break
        errors: Vec<FieldError>,
    },
    /// It is archived
    #[error(
        "flag `{flag}` is archived: restore it first, by `POST …/flags/{flag}/restore` of its project"
    )]
    Archived {
        /// The flag
        flag: String,
    },
    /// Without it nobody could give anybody access
    #[error(
        "this is the last admin token that does not expire, of the project or for all projects: make another one first"
    )]
    LastAdmin,
    /// A key that ends anyway is not rotated
    #[error("the key expires already: make another one")]
    Expires,
    /// It is of another type elsewhere
    #[error(
        "flag `{flag}` is of type {existing} in environment `{environment}`, and is one flag in all environments"
    )]
    TypeConflict {
        /// The flag
        flag: String,
        /// Where it exists
        environment: String,
        /// Its type there
        existing: String,
    },
    /// A replacement must say what it replaces
    #[error(
        "send `If-Match` with the flag's ETag, {current:?} now: a replacement must say what it replaces"
    )]
    NoPrecondition {
        /// The current version
        current: u64,
    },
    /// What was to be replaced has changed
    #[error("{}", stale(*expected, *current))]
    Stale {
        /// The version in `If-Match`, if it is one
        expected: Option<u64>,
        /// The current version, if it exists
        current: Option<u64>,
    },
    /// The environment that was to be replaced has changed
    #[error(
        "`If-Match` names another state of the environment, which is at revision {revision} now: read the document again"
    )]
    StaleDocument {
        /// The current revision
        revision: u64,
    },
    /// The overrides of a flag change too often
    #[error(
        "the overrides of flag `{flag}` were changed {limit} times in an hour, which is the limit; a bulk load counts as one change"
    )]
    TooManyChanges {
        /// The flag
        flag: String,
        /// How often they may be
        limit: u32,
        /// Seconds to wait
        retry_after: u64,
    },
    /// Too often
    #[error("too many requests: wait {retry_after} s")]
    TooManyRequests {
        /// Seconds to wait
        retry_after: u64,
    },
    /// The same write is under way
    #[error(
        "the same request with the same `Idempotency-Key` is under way: send it again in {retry_after} s"
    )]
    UnderWay {
        /// Seconds to wait
        retry_after: u64,
    },
    /// The write was applied, and its answer is lost
    #[error(
        "a request with the same `Idempotency-Key` was applied, and its answer is lost: read what is there"
    )]
    AppliedBefore,
    /// The key was used for something else
    #[error(
        "the `Idempotency-Key` was used for another request: a key is for one request and its repetitions"
    )]
    KeyReused,
    /// The token has used too many keys
    #[error("at most {limit} keys of a token are remembered at a time, each for a day")]
    TooManyIdempotencyKeys {
        /// How many
        limit: u32,
    },
    /// No room for another stream
    #[error("{}", too_many_streams(*bound))]
    TooManyStreams {
        /// Which limit is reached
        bound: StreamBound,
        /// Seconds to wait
        retry_after: u64,
    },
    /// No room for another connection
    #[error(
        "the limit of connections, of this server or of your address, is reached: only health checks are answered"
    )]
    TooManyConnections {
        /// Seconds to wait
        retry_after: u64,
    },
    /// The server is stopping or cannot reach its store
    #[error("{reason}")]
    Unavailable {
        /// What is the matter
        reason: &'static str,
        /// Seconds to wait
        retry_after: u64,
    },
    /// A fault of the server; the cause is logged, not told
    #[error("the server failed")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// An error with its causes, in one line
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut texts: Vec<String> = causes.map(ToString::to_string).collect();
    // Some tell their cause themselves.
    texts.dedup();
    texts.join(": ")
}

/// Something wrong at one place of a body or query
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// A JSON pointer into the body, or `?name` for a parameter of the query
    pub pointer: String,
    /// What is wrong and what was expected
    pub message: String,
    /// Of a body that is many lines, each a JSON text of its own: which one, from 1
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

impl FieldError {
    /// Something wrong at `pointer`
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            message: message.into(),
            line: None,
        }
    }

    /// The same with `root` cut off the pointer
    pub(crate) fn below(self, root: &str) -> Self {
        match self.pointer.strip_prefix(root) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => Self {
                pointer: rest.to_owned(),
                ..self
            },
            _ => self,
        }
    }

    /// The same in one of many lines
    pub(crate) fn in_line(self, line: u32) -> Self {
        Self {
            line: Some(line),
            ..self
        }
    }
}

impl ApiError {
    /// One thing wrong at one place
    pub fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid {
            errors: vec![FieldError::new(pointer, message)],
        }
    }

    /// Refuses if something is wrong
    pub(crate) fn refuse(errors: Vec<FieldError>) -> Result<(), Self> {
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self::Invalid { errors })
        }
    }

    /// Not now; later, at a time that not everybody is told alike
    pub fn unavailable(reason: &'static str) -> Self {
        Self::Unavailable {
            reason,
            retry_after: rand::random_range(1..=5),
        }
    }

    /// The database cannot be reached
    pub fn out_of_reach() -> Self {
        Self::unavailable(
            "the database is out of reach: what was to be written may be stored or not, what is read is as of the last contact",
        )
    }

    /// Issues of a document; `root` is cut off the pointers, so that they point into what the client sent
    pub fn issues(issues: &[Issue], root: &str) -> Self {
        Self::Invalid {
            errors: Self::fields(issues, root),
        }
    }

    /// What is wrong, and where, without `root`
    pub(crate) fn fields(issues: &[Issue], root: &str) -> Vec<FieldError> {
        let field =
            |issue: &Issue| FieldError::new(&*issue.pointer, issue.problem.to_string()).below(root);
        issues.iter().map(field).collect()
    }

    /// As the refusal of an operation of a changeset; what is wrong in the value that it came with is told with the rest
    pub(crate) fn in_operation(self, index: usize) -> Self {
        match self {
            Self::Invalid { mut errors } => {
                for error in &mut errors {
                    error.pointer = format!("/operations/{index}/value{}", error.pointer);
                }
                Self::Invalid { errors }
            }
            error => Self::Operation {
                index,
                error: Box::new(error),
            },
        }
    }

    fn kind(&self) -> ProblemKind {
        match self {
            Self::Operation { error, .. } => error.kind(),
            Self::NoToken | Self::UnknownToken | Self::Untrusted(_) => ProblemKind::Unauthorized,
            Self::WrongOrigin | Self::WrongKey { .. } | Self::Forbidden(_) => {
                ProblemKind::Forbidden
            }
            Self::Signature(_) => ProblemKind::Signature,
            Self::Secrets(_) => ProblemKind::Secrets,
            Self::NotFound { .. } | Self::NoRoute | Self::NoExample => ProblemKind::NotFound,
            Self::Method => ProblemKind::MethodNotAllowed,
            Self::Json(_) | Self::Unreadable(_) => ProblemKind::Malformed,
            Self::TooLarge { .. } => ProblemKind::TooLarge,
            Self::ResponseTooLong { .. } => ProblemKind::ResponseTooLong,
            Self::TooSlow { .. } => ProblemKind::TooSlow,
            Self::Invalid { .. } => ProblemKind::Invalid,
            Self::Exists { .. } | Self::NameTaken { .. } => ProblemKind::Exists,
            Self::InUse { .. } => ProblemKind::InUse,
            Self::Archived { .. } => ProblemKind::Archived,
            Self::LastAdmin => ProblemKind::LastAdmin,
            Self::Expires => ProblemKind::Expires,
            Self::TypeConflict { .. } => ProblemKind::TypeConflict,
            Self::NoPrecondition { .. } => ProblemKind::PreconditionRequired,
            Self::Stale { .. } | Self::StaleDocument { .. } => ProblemKind::Stale,
            Self::UnderWay { .. } => ProblemKind::UnderWay,
            Self::AppliedBefore => ProblemKind::AppliedBefore,
            Self::KeyReused => ProblemKind::KeyReused,
            Self::TooManyIdempotencyKeys { .. } => ProblemKind::TooManyIdempotencyKeys,
            Self::TooManyChanges { .. } => ProblemKind::TooManyChanges,
            Self::TooManyRequests { .. }
            | Self::TooManyStreams {
                bound: StreamBound::Key | StreamBound::Address,
                ..
            } => ProblemKind::RateLimited,
            Self::TooManyStreams { .. }
            | Self::TooManyConnections { .. }
            | Self::Unavailable { .. } => ProblemKind::Unavailable,
            Self::Internal(_) => ProblemKind::Internal,
        }
    }
}

fn names(kinds: &[KeyKind]) -> String {
    kinds
        .iter()
        .map(|kind| kind.name())
        .collect::<Vec<_>>()
        .join(", ")
}

const fn too_many_streams(bound: StreamBound) -> &'static str {
    match bound {
        StreamBound::All => "the limit of open streams is reached",
        StreamBound::Public => {
            "the limit of open streams of client and client-local keys is reached"
        }
        StreamBound::Key => "the limit of open streams of this key is reached",
        StreamBound::Address => "the limit of open streams from your address is reached",
    }
}

fn stale(expected: Option<u64>, current: Option<u64>) -> String {
    let expected = expected.map_or("something else".to_owned(), |version| {
        format!("version {version}")
    });
    let current = current.map_or("does not exist".to_owned(), |version| {
        format!("is at version {version}")
    });
    format!("`If-Match` names {expected}, the flag {current}")
}
