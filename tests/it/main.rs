//! All tests that look at the program from outside: one binary, so that it links once.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot prepare its ground fails at once, with the reason"
)]

mod albums;
mod answers;
mod client_secret;
mod config;
mod config_faults;
mod context;
mod listing;
mod login;
mod names;
mod progress;
mod resume;
mod roots;
mod sidecars;
mod sync;
mod tidy;
mod token;
mod wait;
