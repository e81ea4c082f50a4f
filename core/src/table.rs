//! How is an entry found by its key?

pub(crate) mod index;
pub(crate) mod sort;
pub(crate) mod table_hash;
