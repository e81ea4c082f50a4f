//! Segments, groups and holdouts, to which the flags of an environment refer, and the ids in the lists of segments

mod bulk;
mod ids;
mod object;
pub(crate) mod routes;
mod uses;
