//! How the Python tool that this daemon follows lost, stalled and leaked: each of its faults is a test here, named after what
//! happened.

mod availability;
mod losses;
mod security;
