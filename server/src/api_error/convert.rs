//! What errors of the store and of environments are to who asks

use super::{ApiError, chain};
use crate::environment::{LoadError, WriteError};
use crate::offload::Ended;
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
                // Rounded up: who comes back then is not sent away again.
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
            StoreError::Superseded => Self::AppliedBefore,
            StoreError::Archived { flag } => Self::Archived {
                flag: flag.to_string(),
            },
            StoreError::NoteMoved => {
                Self::unavailable("somebody else changed what is said of the flag; try again")
            }
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

/// What a failure of the database is to who asked
fn of_database(error: StoreError) -> ApiError {
    let answer = match error {
        StoreError::Busy => "the database is busy with other work: nothing was stored; try again",
        StoreError::Full(_) => "the disk of the database is full: nothing was stored",
        StoreError::Locked(_) => {
            "another program holds the lock of the database: nothing was stored"
        }
        StoreError::Moved { .. } => {
            "the database file was deleted or replaced: nothing can be stored"
        }
        StoreError::TooSlow => {
            "the database did not finish in time: what was to be written may be stored or not"
        }
        StoreError::Unreachable(_) => {
            tracing::warn!(error = chain(&error), "a request could not be served");
            return ApiError::out_of_reach();
        }
        other => return ApiError::Internal(Box::new(other)),
    };
    tracing::warn!(error = chain(&error), "a request could not be served");
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
            WriteError::Store(error) => error.into(),
            WriteError::Snapshot(error) => Self::Internal(Box::new(error)),
            WriteError::OutOfReach => Self::out_of_reach(),
            WriteError::Cut => Self::unavailable("the server is stopping"),
        }
    }
}
