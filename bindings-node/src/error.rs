//! What JavaScript sees thrown

use napi::Status;

/// An `Error` whose message is that of `cause`; its `code` is `InvalidArg`, for every cause is something that was handed in
pub(crate) fn to_napi(cause: impl std::error::Error) -> napi::Error {
    napi::Error::new(Status::InvalidArg, cause.to_string())
}

/// JavaScript runs in the middle of a call, which nothing here lets happen
pub(crate) fn busy() -> napi::Error {
    napi::Error::new(Status::GenericFailure, "the evaluator is being used")
}
