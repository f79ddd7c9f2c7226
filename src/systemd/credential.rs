//! The client secret that systemd keeps for the service: which file it is in, and the setting that hands it over.
//!
//! A command that a person starts is not given it, even as root: it must be started with the same setting.
//!
//! Owns: the look at the unit and at the stores of credentials (systemd.exec(5), `LoadCredential=`). Invariant: opens no credential,
//! changes nothing. May import: `systemd`. Tests: below.

use std::path::{Path, PathBuf};

use crate::systemd::unit_files::{service_settings, unit_dirs};

/// The credential's name for the service.
const NAME: &str = "client_secret.json";

/// Its file in a store, as the shipped unit and README.md name it.
const STORED_AS: &str = "gphotos-syncd.client_secret.json";

/// Hands over a readable file.
const PLAIN: &str = "LoadCredential";
/// Hands over a file that `systemd-creds encrypt` made.
const ENCRYPTED: &str = "LoadCredentialEncrypted";

/// Where a credential without a path is looked for, and by which setting it is read there (systemd.exec(5)).
const STORES: [(&str, &str); 6] = [
    (ENCRYPTED, "/etc/credstore.encrypted"),
    (ENCRYPTED, "/run/credstore.encrypted"),
    (ENCRYPTED, "/usr/lib/credstore.encrypted"),
    (PLAIN, "/etc/credstore"),
    (PLAIN, "/run/credstore"),
    (PLAIN, "/usr/lib/credstore"),
];

/// A client secret in systemd's keeping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The setting that hands it over, `LoadCredential` or `LoadCredentialEncrypted`.
    pub setting: &'static str,
    /// Its file.
    pub file: PathBuf,
}

impl Credential {
    /// The client secret that systemd keeps on this machine; none as far as this user can see.
    pub fn installed() -> Option<Self> {
        let stores = STORES.map(|(setting, dir)| (setting, PathBuf::from(dir)));
        Self::find(&service_settings(&unit_dirs()).unwrap_or_default(), &stores)
    }

    /// The credential's name for the service.
    pub fn name(&self) -> &'static str {
        NAME
    }

    /// What the unit's `settings` name, the later before the earlier, else what lies in a store.
    fn find(settings: &[(String, String)], stores: &[(&'static str, PathBuf)]) -> Option<Self> {
        let in_store = |name: &str, allowed: &[&str]| {
            let mut found = stores.iter().filter(|(setting, _)| allowed.contains(setting));
            found
                .find(|(_, dir)| dir.join(name).try_exists().unwrap_or(false))
                .map(|(setting, dir)| Self { setting, file: dir.join(name) })
        };
        let named = |(setting, source): (&'static str, &str)| {
            if Path::new(source).is_absolute() {
                // A file that this user cannot see is there for all that is known.
                let is_there = Path::new(source).try_exists().unwrap_or(true);
                return is_there.then(|| Self { setting, file: PathBuf::from(source) });
            }
            // What may be encrypted is looked for in both kinds of stores.
            in_store(source, if setting == ENCRYPTED { &[ENCRYPTED, PLAIN] } else { &[PLAIN] })
        };
        let loaded = loaded_by(settings).into_iter().rev().find_map(named);
        loaded.or_else(|| in_store(STORED_AS, &[ENCRYPTED, PLAIN]))
    }
}

/// The settings that load the client secret, with their sources; an empty value takes back what was set before.
fn loaded_by(settings: &[(String, String)]) -> Vec<(&'static str, &str)> {
    let mut loaded = Vec::new();
    for (key, value) in settings {
        let Some(setting) = [PLAIN, ENCRYPTED].into_iter().find(|setting| key == setting) else { continue };
        if value.is_empty() {
            loaded.retain(|(kept, _)| *kept != setting);
        }
        let (name, source) = value.split_once(':').unwrap_or((value, value));
        if name == NAME {
            loaded.push((setting, source));
        }
    }
    loaded
}

#[cfg(test)]
mod tests {
    use crate::systemd::credential::{Credential, ENCRYPTED, PLAIN, STORED_AS};
    use std::fs;
    use std::path::PathBuf;

    const SHIPPED: &str = include_str!("../../systemd/gphotos-syncd.service");

    /// What is found with these lines in a drop-in of the shipped unit, and these files in the machine's folders; `DIR` stands for
    /// the folder of them all.
    fn found(lines: &str, files: &[&str]) -> Option<(&'static str, String)> {
        let machine = tempfile::tempdir().unwrap();
        let dir = machine.path().to_str().unwrap();
        let units = machine.path().join("units");
        fs::create_dir_all(units.join("gphotos-syncd.service.d")).unwrap();
        fs::write(units.join("gphotos-syncd.service"), SHIPPED).unwrap();
        let drop_in = format!("[Service]\n{}\n", lines.replace("DIR", dir));
        fs::write(units.join("gphotos-syncd.service.d/secret.conf"), drop_in).unwrap();
        for file in files {
            let path = machine.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let stores = [(ENCRYPTED, machine.path().join("sealed")), (PLAIN, machine.path().join("plain"))];
        let settings = crate::systemd::unit_files::service_settings(&[units]).unwrap();
        let credential = Credential::find(&settings, &stores)?;
        Some((credential.setting, credential.file.to_str().unwrap().replace(dir, "DIR")))
    }

    /// Lines, files, and the setting and the file that are found.
    type Case<'a> = (&'a str, &'a [&'a str], Option<(&'a str, &'a str)>);

    #[test]
    fn the_files_that_the_unit_loads_and_the_stores_are_looked_at() {
        let (sealed, plain) = (format!("sealed/{STORED_AS}"), format!("plain/{STORED_AS}"));
        let table: [Case<'_>; 8] = [
            ("", &[], None),
            // The shipped unit takes a readable one from the stores.
            ("", &[&plain], Some((PLAIN, "DIR/plain/gphotos-syncd.client_secret.json"))),
            // Encrypted, but no unit loads it yet.
            ("", &[&sealed], Some((ENCRYPTED, "DIR/sealed/gphotos-syncd.client_secret.json"))),
            (
                "LoadCredential=\nLoadCredentialEncrypted=client_secret.json:DIR/x",
                &["x"],
                Some((ENCRYPTED, "DIR/x")),
            ),
            (
                "LoadCredentialEncrypted=client_secret.json:mine",
                &["sealed/mine", &plain],
                Some((ENCRYPTED, "DIR/sealed/mine")),
            ),
            (
                "LoadCredentialEncrypted=client_secret.json",
                &["sealed/client_secret.json"],
                Some((ENCRYPTED, "DIR/sealed/client_secret.json")),
            ),
            ("LoadCredentialEncrypted=client_secret.json:DIR/x\nLoadCredentialEncrypted=", &["x"], None),
            (
                "LoadCredentialEncrypted=another:DIR/x\nLoadCredential=client_secret.json:DIR/gone",
                &["x"],
                None,
            ),
        ];
        for (lines, files, expected) in table {
            let expected = expected.map(|(setting, file)| (setting, file.to_owned()));
            assert_eq!(found(lines, files), expected, "{lines} {files:?}");
        }
    }

    #[test]
    fn without_a_unit_the_stores_are_looked_at() {
        assert_eq!(Credential::find(&[], &[(PLAIN, PathBuf::from("/no/such"))]), None);
    }
}
