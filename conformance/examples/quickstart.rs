//! The README's quick start for Rust; `build.rs` extracts it, and `readme/quickstart.test.mjs` runs it

#![expect(
    clippy::print_stdout,
    reason = "a program of ten lines that shows a value"
)]

include!(concat!(env!("OUT_DIR"), "/quickstart.rs"));
