//! Services of the process: its clock, its log, and threads for long work

pub(crate) mod clock;
pub(crate) mod logging;
pub(crate) mod offload;
