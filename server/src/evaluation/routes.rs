//! The routes that evaluate

pub(crate) mod batch;
pub(crate) mod contexts;
pub(crate) mod evaluate;
pub(crate) mod manifest;
pub(crate) mod ofrep;
pub(crate) mod values;
