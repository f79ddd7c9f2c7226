//! All tests that look at the program from outside: one binary, so that it links once.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot prepare its ground fails at once, with the reason"
)]

mod client_secret;
mod config;
mod context;
mod login;
mod sync;
mod tidy;
mod token;
