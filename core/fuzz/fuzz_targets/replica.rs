//! The events of a stream, as `flagstaff_core_fuzz::replica` reads it

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flagstaff_core_fuzz::replica(data));
