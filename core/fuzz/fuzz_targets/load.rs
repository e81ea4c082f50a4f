//! A document, as `flagstaff_core_fuzz::load` reads it

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flagstaff_core_fuzz::load(data));
