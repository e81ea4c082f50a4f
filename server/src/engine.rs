//! How a change becomes what is served: from the store to one immutable state per revision, as each kind of key sees it

pub(crate) mod catch_up;
pub(crate) mod coding;
pub(crate) mod compile_changes;
pub(crate) mod draft;
pub mod environment;
pub(crate) mod field_error;
pub mod published;
pub(crate) mod recent_states;
pub(crate) mod state;
pub mod store_handle;
pub mod store_health;
pub(crate) mod transfer;
pub(crate) mod visibility;
