//! What is fuzzed: functions of any bytes that panic where the core breaks a promise
//!
//! Each is a target of `core/fuzz/fuzz_targets`; `core/tests/corpus.rs` calls them too, with what fuzzing has found.

mod evaluate;
mod load;
mod replica;

pub use evaluate::evaluate;
pub use load::load;
pub use replica::replica;
