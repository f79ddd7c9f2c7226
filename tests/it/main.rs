//! All tests that look at the program from outside: one binary, so that it links once.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot prepare its ground fails at once, with the reason"
)]

mod answers;
mod client_secret;
mod config;
mod config_faults;
mod context;
mod login;
mod names;
mod roots;
mod sync;
mod tidy;
mod token;
