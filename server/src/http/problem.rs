//! The kinds of problems: the end of a problem's `type`, and its status

use axum::http::StatusCode;

/// The begin of every `type`
const URN: &str = "urn:flagstaff:problem:";

/// Defines the kinds: `Variant = "name", STATUS, "meaning"`
macro_rules! kinds {
    ($($kind:ident = $name:literal, $status:ident, $meaning:literal;)+) => {
        /// A kind of problem
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum ProblemKind {
            $(#[doc = $meaning] $kind,)+
        }

        impl ProblemKind {
            /// All kinds
            pub(crate) const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// Its name
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// Its status
            pub(crate) const fn status(self) -> StatusCode {
                match self {
                    $(Self::$kind => StatusCode::$status,)+
                }
            }

            /// Its meaning
            pub(crate) const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$kind => $meaning,)+
                }
            }
        }
    };
}

kinds! {
    Malformed = "malformed", BAD_REQUEST, "The path or the body could not be read";
    Unauthorized = "unauthorized", UNAUTHORIZED, "The request has no token, or an unknown one";
    Forbidden = "forbidden", FORBIDDEN, "The key or token is known and may not do this";
    Signature = "signature", FORBIDDEN, "The key takes signed contexts only, and this one is not signed, or not any more";
    NotFound = "not-found", NOT_FOUND, "The resource does not exist, or the caller may not see it";
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "The path does not support the method";
    Exists = "exists", CONFLICT, "The name is taken";
    InUse = "in-use", CONFLICT, "Other objects use it";
    LastAdmin = "last-admin", CONFLICT, "The last admin token without expiry cannot be revoked";
    Secrets = "secrets", CONFLICT, "The key has too many secrets, or would have too few";
    Expires = "expires", CONFLICT, "The key has an expiry, so it cannot be rotated";
    TypeConflict = "type-conflict", CONFLICT, "The flag is of another type in another environment";
    UnderWay = "under-way", CONFLICT, "The same request with the same `Idempotency-Key` is under way";
    AppliedBefore = "applied-before", CONFLICT, "A request with the same `Idempotency-Key` was applied, and its answer is lost: read what is there";
    Archived = "archived", CONFLICT, "The flag is archived: restore it first";
    Stale = "stale", PRECONDITION_FAILED, "What was to be replaced has changed since";
    TooLarge = "too-large", PAYLOAD_TOO_LARGE, "The body is too long";
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "The request is well-formed but not valid: `errors` lists what is wrong and where";
    ReasonRequired = "reason-required", UNPROCESSABLE_ENTITY, "The environment is protected: state the reason of the change";
    KeyReused = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "The `Idempotency-Key` was used for another request";
    ResponseTooLong = "response-too-long", UNPROCESSABLE_ENTITY, "The response would be longer than 8 MiB: ask for fewer flags or contexts at a time";
    PreconditionRequired = "precondition-required", PRECONDITION_REQUIRED, "A replacement must say in `If-Match` what it replaces";
    TooSlow = "too-slow", REQUEST_TIMEOUT, "The body took too long to arrive";
    RateLimited = "rate-limited", TOO_MANY_REQUESTS, "Too many requests: try again after `Retry-After` seconds";
    TooManyChanges = "too-many-changes", TOO_MANY_REQUESTS, "The overrides of the flag were changed too often: try again after `Retry-After` seconds";
    TooManyIdempotencyKeys = "too-many-idempotency-keys", TOO_MANY_REQUESTS, "Too many `Idempotency-Key`s of this token in 24 hours";
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal error; the log of the server has the cause";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Temporarily unavailable: try again after `Retry-After` seconds";
}

impl ProblemKind {
    /// The `type`
    pub(crate) fn urn(self) -> String {
        format!("{URN}{}", self.name())
    }
}
