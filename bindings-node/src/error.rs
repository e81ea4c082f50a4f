//! Errors that JavaScript receives

use napi::Status;

/// An `Error` with the message of `cause`; its `code` is `InvalidArg`, since every cause is an argument
pub(crate) fn to_napi(cause: impl std::error::Error) -> napi::Error {
    napi::Error::new(Status::InvalidArg, cause.to_string())
}

/// JavaScript runs during a call, which never happens
pub(crate) fn busy() -> napi::Error {
    napi::Error::new(Status::GenericFailure, "the evaluator is being used")
}
