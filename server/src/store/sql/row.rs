//! Conversions between SQL's signed numbers and the server's types

use std::sync::Arc;

use flagstaff_core::Timestamp;

use crate::object::{ObjectId, ObjectKind};
use crate::store::StoreError;

/// A revision or version for SQL
pub(super) fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Corrupt { what: "a revision" })
}

/// A revision or version from SQL
pub(super) fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Corrupt { what: "a revision" })
}

/// A timestamp from SQL
pub(super) const fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// The id of an object from its two columns
pub(super) fn object_id(kind: &str, key: String) -> Result<ObjectId, StoreError> {
    Ok(ObjectId::new(object_kind(kind)?, key))
}

/// A kind of object from its column
pub(super) fn object_kind(kind: &str) -> Result<ObjectKind, StoreError> {
    kind.parse().map_err(|_| StoreError::Corrupt {
        what: "an object of unknown kind",
    })
}

/// Shared text
pub(super) fn shared(text: Option<String>) -> Option<Arc<str>> {
    text.map(Arc::from)
}
