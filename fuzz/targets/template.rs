//! The target `template` for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tasker_fuzz::template::check(input));
