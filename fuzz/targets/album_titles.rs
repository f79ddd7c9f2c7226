//! See `TARGETS` in `src/fuzzing.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gphotos_syncd::fuzzing::run("album_titles", data));
