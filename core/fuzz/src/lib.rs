//! The fuzz targets: functions of any bytes that panic if the core violates a property
//!
//! Each is a target of `core/fuzz/fuzz_targets`; `core/tests/corpus.rs` calls them with the committed corpus.

mod evaluate;
mod load;
mod replica;

pub use evaluate::evaluate;
pub use load::load;
pub use replica::replica;
