//! The unit file agrees with the program.

use crate::exit::Exit;
use crate::supervisor::GRACE_SECS;

const UNIT: &str = include_str!("../../systemd/gphotos-syncd.service");

/// The value of a setting that stands once in the unit.
fn setting(name: &str) -> &'static str {
    let values: Vec<&str> =
        UNIT.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect();
    assert_eq!(values.len(), 1, "{name}");
    values[0]
}

#[test]
fn faults_that_a_restart_does_not_mend_prevent_it() {
    let expected = format!("{} {}", Exit::NoPermission as u8, Exit::Config as u8);
    assert_eq!(setting("RestartPreventExitStatus"), expected);
}

#[test]
fn the_grace_ends_before_the_service_manager_loses_its_patience() {
    let patience_secs: u64 = setting("TimeoutStopSec").parse().expect("seconds");
    assert!(GRACE_SECS < patience_secs);
}

#[test]
fn the_folders_are_those_that_the_program_looks_for() {
    for name in ["StateDirectory", "RuntimeDirectory", "ConfigurationDirectory"] {
        assert_eq!(setting(name), "gphotos-syncd");
    }
    assert_eq!(setting("Type"), "notify");
}
