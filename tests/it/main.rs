//! All tests that look at the program from outside: one binary, so that it links once.

#![forbid(unsafe_code)]
#![expect(
    clippy::expect_used,
    reason = "a test that cannot prepare its ground fails at once, with the reason"
)]

mod albums;
mod ancestor;
mod answers;
mod catalog;
mod client_secret;
mod clock_jumps;
mod config;
mod config_faults;
mod context;
mod control;
mod daemon;
mod deny;
mod disk_faults;
mod dns;
mod exports;
mod fairness;
mod faults_alone;
mod fence;
mod hostile_trees;
mod import;
mod import_cuts;
mod import_drive;
mod import_hostile;
mod import_inbox;
mod import_sidecars;
mod import_stops;
mod import_twins;
mod index_damage;
mod index_evidence;
mod index_exports;
mod index_versions;
mod kill;
mod listing;
mod locks;
mod log_rate;
mod login;
mod manual;
mod mixed_faults;
mod mounts;
mod names;
mod network;
mod own_files;
mod packages;
mod progress;
mod quota;
mod reload;
mod resume;
mod roots;
mod sandbox;
mod secrets;
mod served;
mod sidecars;
mod status;
mod sync;
mod threats;
mod throttle;
mod tidy;
mod tls_faults;
mod token;
mod trash;
mod units;
mod verify;
mod verify_odd;
mod wait;
mod watch;
mod xmp;
