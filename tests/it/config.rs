//! The shipped configuration through the public interface, from where it lies in the tree.

use gphotos_syncd::config::{Config, Limits};
use std::path::Path;

#[test]
fn the_shipped_configuration_is_read_from_its_place() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/gphotos-syncd.toml");
    let (config, warnings) = Config::examine(&path).expect("the shipped file is valid");
    assert_eq!((config.libraries.len(), warnings.len()), (0, 0));
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.path, path);
}
