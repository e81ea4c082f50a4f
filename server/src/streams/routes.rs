//! The routes of streams, snapshots and instances

pub(crate) mod instances;
pub(crate) mod project_events;
pub(crate) mod refetch_stream;
pub(crate) mod sdk;
