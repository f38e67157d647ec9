//! The target `bridge` for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tasker_fuzz::bridge::check(input));
