//! Conversion of errors of the store and of environments into API errors

use super::ApiError;
use crate::engine::environment::{LoadError, WriteError};
use crate::runtime::logging::error_chain;
use crate::runtime::offload::Ended;
use crate::store::StoreError;

impl From<Ended> for ApiError {
    fn from(error: Ended) -> Self {
        Self::Internal(Box::new(error))
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TypeConflict {
                flag,
                environment,
                existing,
            } => Self::TypeConflict {
                flag: flag.to_string(),
                environment,
                existing,
            },
            StoreError::Name { object, name } => {
                let pointer = object.pointer();
                Self::invalid(pointer, StoreError::Name { object, name }.to_string())
            }
            StoreError::NameTaken { what, name } => Self::NameTaken { what, name },
            StoreError::TooManyChanges {
                flag,
                limit,
                retry_after,
            } => Self::TooManyChanges {
                flag: flag.to_string(),
                limit,
                // Rounded up, so that a caller who waits this long is not refused again.
                retry_after: retry_after
                    .as_millis()
                    .div_ceil(1_000)
                    .try_into()
                    .unwrap_or(u64::MAX),
            },
            StoreError::NoKey => Self::NotFound {
                what: "key",
                name: String::new(),
            },
            StoreError::Gone => Self::NotFound {
                what: "environment",
                name: String::new(),
            },
            StoreError::Last { what } => last(what),
            StoreError::Superseded => Self::AppliedBefore,
            StoreError::Archived { flag } => Self::Archived {
                flag: flag.to_string(),
            },
            StoreError::NoteMoved => {
                Self::unavailable("another request changed the flag; try again")
            }
            StoreError::ReasonRequired { environment } => Self::ReasonRequired { environment },
            StoreError::LastAdmin => Self::LastAdmin,
            StoreError::EndsAlready => Self::Expires,
            StoreError::Changed => {
                Self::unavailable("another request changed it at the same time; try again")
            }
            StoreError::Stale { .. } | StoreError::Contended(_) => {
                Self::unavailable("the environment changes faster than this write; try again")
            }
            other if other.is_of_database() => of_database(other),
            other => Self::Internal(Box::new(other)),
        }
    }
}

/// The refusal to delete the last project, or the last environment of a project
fn last(what: &str) -> ApiError {
    let message = match what {
        "project" => "the last project cannot be deleted; create another one first",
        _ => "the last environment of a project cannot be deleted; delete the project instead",
    };
    ApiError::invalid("", message)
}

/// The API error for a failure of the database
fn of_database(error: StoreError) -> ApiError {
    let answer = match error {
        StoreError::Busy => "the database is busy with other work; try again",
        StoreError::Full(_) => "the disk of the database is full, so that no write is stored",
        StoreError::Locked(_) => {
            "another program holds the lock of the database, so that no write is stored"
        }
        StoreError::Moved { .. } => {
            "the database file was deleted or replaced, so that no write is stored"
        }
        StoreError::TooSlow => "the database did not finish in time; a write may be stored or not",
        StoreError::Unreachable(_) => {
            tracing::warn!(error = error_chain(&error), "a request could not be served");
            return ApiError::out_of_reach();
        }
        other => return ApiError::Internal(Box::new(other)),
    };
    tracing::warn!(error = error_chain(&error), "a request could not be served");
    ApiError::unavailable(answer)
}

impl From<LoadError> for ApiError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Store(error) => error.into(),
            LoadError::Snapshot(error) => Self::Internal(Box::new(error)),
            error @ LoadError::Cut => Self::Internal(Box::new(error)),
        }
    }
}

impl From<WriteError<ApiError>> for ApiError {
    fn from(error: WriteError<Self>) -> Self {
        match error {
            WriteError::Refused(error) => error,
            WriteError::Invalid(issues) => Self::issues(&issues, ""),
            WriteError::Violations(errors) => Self::Invalid { errors },
            WriteError::Store(error) => error.into(),
            WriteError::Snapshot(error) => Self::Internal(Box::new(error)),
            WriteError::OutOfReach => Self::out_of_reach(),
            WriteError::Cut => Self::unavailable("the server is stopping"),
        }
    }
}
