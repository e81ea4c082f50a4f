//! An instant, a context and a document, as `flagstaff_core_fuzz::evaluate` reads it

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flagstaff_core_fuzz::evaluate(data));
