//! The kinds of problem: what the `type` of a problem+json answer ends with, and the status that goes with it

use axum::http::StatusCode;

/// What every `type` begins with
const URN: &str = "urn:flagstaff:problem:";

/// Kinds by name, each told once: `Variant = "name", STATUS, "meaning"`
macro_rules! kinds {
    ($($kind:ident = $name:literal, $status:ident, $meaning:literal;)+) => {
        /// A kind of problem
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum ProblemKind {
            $(#[doc = $meaning] $kind,)+
        }

        impl ProblemKind {
            /// Every kind
            pub(crate) const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// The word for it
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// The status that it is told with
            pub(crate) const fn status(self) -> StatusCode {
                match self {
                    $(Self::$kind => StatusCode::$status,)+
                }
            }

            /// What it means
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
    Unauthorized = "unauthorized", UNAUTHORIZED, "No token came with the request, or one that nobody knows";
    Forbidden = "forbidden", FORBIDDEN, "The key or token is known and may not do this";
    Signature = "signature", FORBIDDEN, "The key takes signed contexts only, and this one is not signed, or not any more";
    NotFound = "not-found", NOT_FOUND, "There is no such thing, or it is none of the caller's business";
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "The path does not know the method";
    Exists = "exists", CONFLICT, "The name is taken";
    InUse = "in-use", CONFLICT, "Others refer to it";
    LastAdmin = "last-admin", CONFLICT, "Without it nobody could give anybody access";
    Secrets = "secrets", CONFLICT, "The key has too many secrets, or would have too few";
    Expires = "expires", CONFLICT, "The key ends anyway, so it is not rotated";
    TypeConflict = "type-conflict", CONFLICT, "The flag is of another type in another environment";
    UnderWay = "under-way", CONFLICT, "The same request with the same `Idempotency-Key` is under way";
    AppliedBefore = "applied-before", CONFLICT, "A request with the same `Idempotency-Key` was applied, and its answer is lost: read what is there";
    Archived = "archived", CONFLICT, "The flag is archived: restore it first";
    Stale = "stale", PRECONDITION_FAILED, "What was to be replaced has changed since";
    TooLarge = "too-large", PAYLOAD_TOO_LARGE, "The body is too long";
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "It could be read, and something in it is wrong: `errors` says what, and where";
    KeyReused = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "The `Idempotency-Key` was used for another request";
    ResponseTooLong = "response-too-long", UNPROCESSABLE_ENTITY, "The response would be longer than 8 MiB: ask for fewer flags or contexts at a time";
    PreconditionRequired = "precondition-required", PRECONDITION_REQUIRED, "A replacement must say in `If-Match` what it replaces";
    TooSlow = "too-slow", REQUEST_TIMEOUT, "The body did not come in time";
    RateLimited = "rate-limited", TOO_MANY_REQUESTS, "Too many requests: try again after `Retry-After` seconds";
    TooManyChanges = "too-many-changes", TOO_MANY_REQUESTS, "The overrides of the flag were changed too often: try again after `Retry-After` seconds";
    TooManyIdempotencyKeys = "too-many-idempotency-keys", TOO_MANY_REQUESTS, "The token has used as many keys in a day as are remembered";
    Internal = "internal", INTERNAL_SERVER_ERROR, "A fault of the server; its log says more";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Not now: try again after `Retry-After` seconds";
}

impl ProblemKind {
    /// The `type` of the answer
    pub(crate) fn urn(self) -> String {
        format!("{URN}{}", self.name())
    }
}
