//! All tests that look at the program from outside: one binary, so that it links once.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot prepare its ground fails at once, with the reason"
)]

mod config;
mod context;
mod sync;
mod tidy;
