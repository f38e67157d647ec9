//! The target `context_schema` for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tasker_fuzz::context_schema::check(input));
