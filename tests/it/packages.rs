//! The packages: what they bring, and what their scripts do to a system.

use crate::context::Home;
use crate::served::{serve, skipped};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(project(path)).expect("it is there")
}

/// What goes before a script that runs on a system of its own: all that it may change lies on file systems that end with it.
/// `$1` is the system's image, `$2` the folder of the commands that take systemd's place, `$3` where the outcome is copied to.
const ON_A_SYSTEM_OF_ITS_OWN: &str = "PATH=$PATH:/usr/sbin:/sbin; set -e; image=$1 commands=$2 outcome=$3; shift 3; \
    for folder in var/lib etc run; do mkdir -p \"$image/$folder\"; mount --bind \"$image/$folder\" \"/$folder\"; done; \
    PATH=$commands:$PATH \"$@\" >\"$outcome\" 2>&1";

/// A system that is nothing but an image of the folders that a package's scripts touch.
struct System(tempfile::TempDir);

impl System {
    fn new(files: &[&str]) -> Self {
        let system = Self(tempfile::tempdir().expect("a temporary folder"));
        for file in files {
            let path = system.path("image").join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            fs::write(path, "x").expect("writable");
        }
        fs::create_dir(system.path("commands")).expect("writable");
        for command in
            ["deb-systemd-helper", "deb-systemd-invoke", "systemctl", "systemd-sysusers", "systemd-tmpfiles"]
        {
            let path = system.path("commands").join(command);
            fs::write(&path, "#!/bin/sh\necho \"ran: ${0##*/} $*\" >&2\n").expect("writable");
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("ours");
        }
        system
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn is(&self, file: &str) -> bool {
        self.path("image").join(file).exists()
    }

    /// Runs a script of the Debian package; what it said, or none where no mount namespace can be made.
    fn run(&self, script: &str, args: &[&str]) -> Option<String> {
        if !Command::new("unshare").args(["-m", "true"]).output().is_ok_and(|output| output.status.success())
        {
            skipped("no mount namespace can be made here");
            return None;
        }
        let outcome = self.path("outcome");
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", ON_A_SYSTEM_OF_ITS_OWN, "sh"]);
        command.args([self.path("image"), self.path("commands"), outcome.clone()]);
        let output = command.arg(project("packaging/deb").join(script)).args(args).output().expect("it runs");
        let said = fs::read_to_string(outcome).unwrap_or_default();
        assert!(
            output.status.success(),
            "{script} {args:?}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Some(said)
    }

    /// A system that systemd runs.
    fn booted(files: &[&str]) -> Self {
        let system = Self::new(files);
        fs::create_dir_all(system.path("image/run/systemd/system")).expect("writable");
        system
    }
}

#[test]
fn a_purge_removes_the_daemons_state_and_its_empty_folder() {
    let system = System::new(&[
        "var/lib/gphotos-syncd/limiter.json",
        "var/lib/gphotos-syncd/.gphotos-syncd-tmp-7-0-00c0ffee",
        "var/lib/other/limiter.json",
    ]);
    let Some(said) = system.run("postrm", &["purge"]) else { return };
    assert!(!system.is("var/lib/gphotos-syncd") && system.is("var/lib/other/limiter.json"), "{said}");
    assert!(said.contains("ran: deb-systemd-helper purge gphotos-syncd.service"), "{said}");
}

#[test]
fn a_purge_removes_whatever_a_daemon_leaves_in_its_state_folder() {
    let home = Home::with(&["alice"]);
    let served = serve(&home);
    home.run_ok(&["sync"]);
    served.stop();
    let left = fs::read_dir(home.path("state")).expect("it was made");
    let left = left.map(|entry| entry.expect("readable").file_name());
    let left: Vec<String> =
        left.map(|name| format!("var/lib/gphotos-syncd/{}", name.to_string_lossy())).collect();
    assert!(!left.is_empty());
    let system = System::new(&left.iter().map(String::as_str).collect::<Vec<_>>());
    let Some(said) = system.run("postrm", &["purge"]) else { return };
    assert!(!system.is("var/lib/gphotos-syncd") && !said.contains("it stays"), "{left:?}: {said}");
}

#[test]
fn a_purge_never_touches_a_library_below_the_state_folder() {
    let kept = [
        "var/lib/gphotos-syncd/alice/photos/2024/05/IMG_0001.JPG",
        "var/lib/gphotos-syncd/alice/.gphotos.token",
        "var/lib/gphotos-syncd/alice/.gphotos-syncd/index.sqlite",
        "var/lib/gphotos-syncd/bob-index/index.sqlite",
        "etc/gphotos-syncd/client_secret.json",
    ];
    let system = System::new(&[&kept[..], &["var/lib/gphotos-syncd/limiter.json"]].concat());
    let Some(said) = system.run("postrm", &["purge"]) else { return };
    assert!(kept.iter().all(|file| system.is(file)), "{said}");
    assert!(!system.is("var/lib/gphotos-syncd/limiter.json"), "{said}");
    assert!(said.contains("it stays") && said.contains("client_secret.json stays"), "{said}");
}

#[test]
fn a_purge_leaves_a_library_whose_root_is_the_state_folder_itself() {
    let kept = [
        "photos/2024/05/IMG_0001.JPG",
        ".gphotos.token",
        ".gphotos-syncd/index.sqlite",
        ".gphotos-syncd/lock",
    ];
    let kept: Vec<String> = kept.iter().map(|file| format!("var/lib/gphotos-syncd/{file}")).collect();
    let system = System::new(&kept.iter().map(String::as_str).collect::<Vec<_>>());
    let Some(said) = system.run("postrm", &["purge"]) else { return };
    assert!(kept.iter().all(|file| system.is(file)), "{said}");
}

#[test]
fn a_removal_keeps_state_and_configuration_and_stops_the_daemon() {
    let kept = ["var/lib/gphotos-syncd/limiter.json", "etc/gphotos-syncd/config.toml"];
    let system = System::booted(&kept);
    let Some(said) = system.run("prerm", &["remove"]) else { return };
    assert!(said.contains("ran: deb-systemd-invoke stop gphotos-syncd.service"), "{said}");
    system.run("postrm", &["remove"]).expect("as before");
    assert!(kept.iter().all(|file| system.is(file)));
}

#[test]
fn a_first_installation_starts_nothing_and_says_the_next_three_steps() {
    let Some(said) = System::booted(&[]).run("postinst", &["configure", ""]) else { return };
    for step in
        [" 1. ", "gphotos-syncd check", " 2. ", "gphotos-syncd login NAME", " 3. ", "systemctl enable --now"]
    {
        assert!(said.contains(step), "{step}: {said}");
    }
    assert!(said.contains("ran: systemd-sysusers gphotos-syncd.conf"), "{said}");
    assert!(!said.contains("deb-systemd-invoke"), "{said}");
}

#[test]
fn an_upgrade_restarts_only_a_daemon_that_runs_and_does_not_stop_it_before() {
    let system = System::booted(&[]);
    let Some(said) = system.run("prerm", &["upgrade", "0.2.0-1"]) else { return };
    assert!(!said.contains("deb-systemd-invoke"), "{said}");
    let said = system.run("postinst", &["configure", "0.1.0-1"]).expect("as before");
    assert!(!said.contains("next three steps"), "{said}");
    assert!(said.contains("ran: deb-systemd-invoke try-restart gphotos-syncd.service"), "{said}");
}

#[test]
fn every_package_has_the_version_of_the_program() {
    let version = env!("CARGO_PKG_VERSION");
    let changelog = read("packaging/deb/changelog");
    assert!(changelog.starts_with(&format!("gphotos-syncd ({version}-1) ")), "{changelog}");
    assert!(read("packaging/arch/PKGBUILD").contains(&format!("\npkgver={version}\n")));
}

#[test]
fn every_file_for_systemd_is_in_every_package() {
    let manifest = read("Cargo.toml");
    let (deb, rpm) = manifest.split_once("[package.metadata.generate-rpm]").expect("both packages");
    let lists = [
        ("the Debian package", deb),
        ("the rpm", rpm),
        ("the archive", &read("packaging/release")),
        ("Arch's package", &read("packaging/arch/PKGBUILD")),
    ];
    for folder in
        ["systemd", "systemd/gphotos-syncd.service.d", "packaging/sysusers.d", "packaging/tmpfiles.d"]
    {
        for entry in fs::read_dir(project(folder)).expect("it is there") {
            let entry = entry.expect("readable");
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            for (what, list) in &lists {
                let is_there = list.contains(&path) || list.contains(&format!("{folder}/*"));
                assert!(is_there, "{path} is not in {what}");
            }
        }
    }
}

#[test]
fn the_state_folder_that_a_package_makes_is_as_the_unit_makes_it() {
    let unit = read("systemd/gphotos-syncd.service");
    let mode =
        unit.lines().find_map(|line| line.strip_prefix("StateDirectoryMode=")).expect("it stands there");
    let wanted = format!("d /var/lib/gphotos-syncd {mode} gphotos-syncd gphotos-syncd -");
    assert!(read("packaging/tmpfiles.d/gphotos-syncd.conf").lines().any(|line| line == wanted), "{wanted}");
}
