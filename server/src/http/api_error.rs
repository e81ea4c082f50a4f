//! Every error that a request can get: one enum, and one response for each as `application/problem+json` (RFC 9457)

use flagstaff_core::{Issue, excerpt};

use crate::engine::field_error::FieldError;
use crate::http::problem::ProblemKind;
use crate::store::CredentialKind;

mod convert;
mod response;
mod shorten;
mod words;

pub(crate) use response::{NotForOrigin, ProblemDetails};
pub(crate) use shorten::{foreign, shortened, shortened_value};
use words::{credential, credentials, stale, wrong};

/// Why a request was refused
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The request has no token
    #[error("send a token: `Authorization: Bearer …`")]
    NoToken,
    /// No key or token has this value
    #[error("the token is not known")]
    UnknownToken,
    /// A JWT that is not valid
    #[error("the JWT is not accepted: {0}")]
    InvalidJwt(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The session of the cookie does not exist any more
    #[error("the session has ended: sign in again")]
    SessionEnded,
    /// The code of a one-time link is not valid any more
    #[error("the sign-in link was used already, or has expired")]
    UsedLink,
    /// The request would change something, and comes from a page of another origin
    #[error("the request comes from a page of another origin")]
    CrossOrigin,
    /// The key may not be used from this page
    #[error("the key may not be used by pages of this origin")]
    WrongOrigin,
    /// The context is not signed as the key requires
    #[error("{0}")]
    Signature(&'static str),
    /// A key would have too many signing secrets, or too few
    #[error("{0}")]
    Secrets(&'static str),
    /// A key of this kind may not do this
    #[error("this needs {}, and {} was sent", credentials(allowed), credential(*kind))]
    WrongKey {
        /// The key's kind
        kind: CredentialKind,
        /// The kinds that may
        allowed: &'static [CredentialKind],
    },
    /// The key may do this, but not all of what was asked for
    #[error("{0}")]
    Forbidden(&'static str),
    /// The thing does not exist
    #[error("{what} `{}` does not exist", excerpt(name))]
    NotFound {
        /// What kind of thing
        what: &'static str,
        /// Its name
        name: String,
    },
    /// No route has this path
    #[error("no route matches this path")]
    NoRoute,
    /// The route does not have this method
    #[error("{detail}")]
    Method {
        /// Which ones it knows
        detail: String,
    },
    /// The body is not valid JSON
    #[error("the body is not valid JSON: {}", foreign(&.0.to_string()))]
    Json(#[source] serde_json::Error),
    /// The body or the query could not be read
    #[error("{0}")]
    Unreadable(String),
    /// The body is too long
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// The maximum size in bytes
        limit: usize,
    },
    /// The response would be too long
    #[error(
        "the response would be longer than {limit} bytes: ask for fewer flags or contexts at a time"
    )]
    ResponseTooLong {
        /// The maximum size in bytes
        limit: usize,
    },
    /// The body did not arrive in time
    #[error("the body took longer than {seconds} seconds")]
    TooSlow {
        /// The time limit
        seconds: usize,
    },
    /// The body or query is readable and invalid
    #[error("{}", wrong(errors))]
    Invalid {
        /// The errors and their places
        errors: Vec<FieldError>,
    },
    /// An operation of a changeset was refused, and with it the whole changeset
    #[error("operation {index}: {error}")]
    Operation {
        /// Its index, from 0
        index: usize,
        /// The reason
        error: Box<Self>,
    },
    /// The flag exists already
    #[error(
        "flag `{key}` already exists in environment `{environment}`: change it by `PATCH …/flags/{key}`, or replace it by `PUT`"
    )]
    Exists {
        /// The flag
        key: String,
        /// The environment
        environment: String,
    },
    /// The name is taken
    #[error("{what} `{}` already exists", excerpt(name))]
    NameTaken {
        /// What kind of thing
        what: &'static str,
        /// Its name
        name: String,
    },
    /// The flag cannot be deleted: others refer to it
    #[error("{what} `{key}` is used by the objects in `errors`")]
    InUse {
        /// What kind of thing
        what: &'static str,
        /// Its key
        key: String,
        /// The references that would break
        errors: Vec<FieldError>,
    },
    /// The flag is archived
    #[error(
        "flag `{flag}` is archived: restore it first, by `POST …/flags/{flag}/restore` of its project"
    )]
    Archived {
        /// The flag
        flag: String,
    },
    /// The environment is protected, and the request states no reason
    #[error(
        "environment `{environment}` is protected: say why you change it, in `reason` (at most 500 characters)"
    )]
    ReasonRequired {
        /// The environment
        environment: String,
    },
    /// The last admin credential without expiry cannot be revoked
    #[error(
        "this is the last admin token without expiry of the project or of all projects; create another one first"
    )]
    LastAdmin,
    /// A key that expires cannot be rotated
    #[error("the key already has an expiry; create another key")]
    Expires,
    /// The flag has another type in another environment
    #[error(
        "flag `{flag}` is of type {existing} in environment `{environment}`, and is one flag in all environments"
    )]
    TypeConflict {
        /// The flag
        flag: String,
        /// The environment where it exists
        environment: String,
        /// Its type there
        existing: String,
    },
    /// A replacement needs `If-Match`
    #[error(
        "send `If-Match` with the flag's ETag, {current:?} now: a replacement must say what it replaces"
    )]
    NoPrecondition {
        /// The current version
        current: u64,
    },
    /// The thing has changed since the caller read it
    #[error("{}", stale(*expected, *current))]
    Stale {
        /// The version in `If-Match`, if it is one
        expected: Option<u64>,
        /// The current version, if it exists
        current: Option<u64>,
    },
    /// The environment has changed since the caller read it
    #[error(
        "`If-Match` names another state of the environment, which is at revision {revision} now: read the document again"
    )]
    StaleDocument {
        /// The current revision
        revision: u64,
    },
    /// The environment that is copied from has changed since the caller read it
    #[error(
        "`fromRevision`: environment `{environment}` is at revision {revision} now: look again at what the copy would change"
    )]
    StaleSource {
        /// Its name
        environment: String,
        /// Its current revision
        revision: u64,
    },
    /// The overrides of a flag change too often
    #[error(
        "the overrides of flag `{flag}` were changed {limit} times in an hour, which is the limit; a bulk load counts as one change"
    )]
    TooManyChanges {
        /// The flag
        flag: String,
        /// The maximum number of changes
        limit: u32,
        /// Seconds to wait
        retry_after: u64,
    },
    /// The caller sends too many requests
    #[error("too many requests: wait {retry_after} s")]
    TooManyRequests {
        /// Seconds to wait
        retry_after: u64,
    },
    /// The same write is in progress
    #[error(
        "the same request with the same `Idempotency-Key` is under way: send it again in {retry_after} s"
    )]
    UnderWay {
        /// Seconds to wait
        retry_after: u64,
    },
    /// The write was applied, but its response was lost
    #[error(
        "a request with the same `Idempotency-Key` was applied, and its answer is lost: read what is there"
    )]
    AppliedBefore,
    /// The key was used for another request
    #[error(
        "the `Idempotency-Key` was used for another request: a key is for one request and its repetitions"
    )]
    KeyReused,
    /// The token has used too many keys
    #[error("at most {limit} keys of a token are remembered at a time, each for a day")]
    TooManyIdempotencyKeys {
        /// The maximum number
        limit: u32,
    },
    /// There is no room for another stream
    #[error("{detail}")]
    TooManyStreams {
        /// The limit that is reached
        detail: &'static str,
        /// Whether it is the limit of one key or address
        is_callers: bool,
        /// Seconds to wait
        retry_after: u64,
    },
    /// There is no room for another connection
    #[error(
        "the limit of connections, of this server or of your address, is reached: only health checks are answered"
    )]
    TooManyConnections {
        /// Seconds to wait
        retry_after: u64,
    },
    /// The server is stopping, or cannot reach its store
    #[error("{reason}")]
    Unavailable {
        /// The reason
        reason: &'static str,
        /// Seconds to wait
        retry_after: u64,
    },
    /// An error of the server; the cause is logged and not shown
    #[error("the server failed")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ApiError {
    /// One error at one place
    pub fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid {
            errors: vec![FieldError::new(pointer, message)],
        }
    }

    /// Fails if there are errors
    pub(crate) fn refuse(errors: Vec<FieldError>) -> Result<(), Self> {
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self::Invalid { errors })
        }
    }

    /// Temporarily unavailable, with a random delay, so that callers do not come back all at once
    pub fn unavailable(reason: &'static str) -> Self {
        Self::Unavailable {
            reason,
            retry_after: rand::random_range(1..=5),
        }
    }

    /// The database is unreachable
    pub fn out_of_reach() -> Self {
        Self::unavailable("the database is unreachable; the write may be stored or not")
    }

    /// The issues of a document; the prefix `root` is removed from their pointers, so that they point into the request's body
    pub fn issues(issues: &[Issue], root: &str) -> Self {
        Self::Invalid {
            errors: Self::fields(issues, root),
        }
    }

    /// The issues as errors, without `root`
    pub(crate) fn fields(issues: &[Issue], root: &str) -> Vec<FieldError> {
        let field =
            |issue: &Issue| FieldError::new(&*issue.pointer, issue.kind.to_string()).below(root);
        issues.iter().map(field).collect()
    }

    /// The same with `root` cut off the pointers
    pub(crate) fn below(self, root: &str) -> Self {
        match self {
            Self::Invalid { errors } => {
                let errors = errors.into_iter();
                let errors = errors.map(|error| error.below(root)).collect();
                Self::Invalid { errors }
            }
            error => error,
        }
    }

    /// As the error of one operation of a changeset
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
            Self::NoToken
            | Self::UnknownToken
            | Self::InvalidJwt(_)
            | Self::SessionEnded
            | Self::UsedLink => ProblemKind::Unauthorized,
            Self::WrongOrigin | Self::CrossOrigin | Self::WrongKey { .. } | Self::Forbidden(_) => {
                ProblemKind::Forbidden
            }
            Self::Signature(_) => ProblemKind::Signature,
            Self::Secrets(_) => ProblemKind::Secrets,
            Self::NotFound { .. } | Self::NoRoute => ProblemKind::NotFound,
            Self::Method { .. } => ProblemKind::MethodNotAllowed,
            Self::Json(_) | Self::Unreadable(_) => ProblemKind::Malformed,
            Self::TooLarge { .. } => ProblemKind::TooLarge,
            Self::ResponseTooLong { .. } => ProblemKind::ResponseTooLong,
            Self::TooSlow { .. } => ProblemKind::TooSlow,
            Self::Invalid { .. } => ProblemKind::Invalid,
            Self::Exists { .. } | Self::NameTaken { .. } => ProblemKind::Exists,
            Self::InUse { .. } => ProblemKind::InUse,
            Self::Archived { .. } => ProblemKind::Archived,
            Self::ReasonRequired { .. } => ProblemKind::ReasonRequired,
            Self::LastAdmin => ProblemKind::LastAdmin,
            Self::Expires => ProblemKind::Expires,
            Self::TypeConflict { .. } => ProblemKind::TypeConflict,
            Self::NoPrecondition { .. } => ProblemKind::PreconditionRequired,
            Self::Stale { .. } | Self::StaleDocument { .. } | Self::StaleSource { .. } => {
                ProblemKind::Stale
            }
            Self::UnderWay { .. } => ProblemKind::UnderWay,
            Self::AppliedBefore => ProblemKind::AppliedBefore,
            Self::KeyReused => ProblemKind::KeyReused,
            Self::TooManyIdempotencyKeys { .. } => ProblemKind::TooManyIdempotencyKeys,
            Self::TooManyChanges { .. } => ProblemKind::TooManyChanges,
            Self::TooManyRequests { .. }
            | Self::TooManyStreams {
                is_callers: true, ..
            } => ProblemKind::RateLimited,
            Self::TooManyStreams { .. }
            | Self::TooManyConnections { .. }
            | Self::Unavailable { .. } => ProblemKind::Unavailable,
            Self::Internal(_) => ProblemKind::Internal,
        }
    }
}
