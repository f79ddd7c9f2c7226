//! gphotos-syncd as a library, for its own binary, demo and tests. The map of its modules follows.
//!
#![doc = include_str!("../ARCHITECTURE.md")]
#![forbid(unsafe_code)]

pub mod archive;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod daemon;
pub mod embedded;
pub mod exit;
pub mod fs;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod google;
pub mod job;
pub mod limiter;
pub mod media;
pub mod names;
pub mod secret;
pub mod shutdown;
pub mod source;
pub mod status;
pub mod store;
pub mod supervisor;
pub mod systemd;
pub mod takeout;
