//! The routes: the same for all three kinds, except for the lists, which only segments have

pub(crate) mod groups;
pub(crate) mod holdouts;
pub(crate) mod ids;
pub(crate) mod segments;
