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
            StoreError::Unreachable(cause) => {
                tracing::warn!(error = chain(&*cause), "a request could not be served");
                Self::out_of_reach()
            }
            other => Self::Internal(Box::new(other)),
        }
    }
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
