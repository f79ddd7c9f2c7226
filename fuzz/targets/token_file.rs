//! See `TARGETS` in `src/fuzzing.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gphotos_syncd::fuzzing::run("token_file", data));
