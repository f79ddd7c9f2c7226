//! The sandbox as read from units and drop-ins, and the drop-in that opens it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::systemd::sandbox::{Need, Sandbox, drop_in_for};

const SHIPPED: &str = include_str!("../../systemd/gphotos-syncd.service");

/// A machine's unit folders: `etc` before `usr`.
struct Machine(tempfile::TempDir);

impl Machine {
    fn with(files: &[(&str, &str)]) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            let path = machine.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        machine
    }

    fn sandbox(&self) -> Option<Sandbox> {
        Sandbox::read(&["etc", "usr"].map(|dir| self.0.path().join(dir)))
    }
}

fn drop_in(lines: &str) -> String {
    format!("[Service]\n{lines}\n")
}

fn lets(sandbox: &Sandbox, folders: &[&str]) -> Vec<bool> {
    folders.iter().map(|folder| sandbox.grants(&Need::Write(Path::new(folder)))).collect()
}

#[test]
fn without_a_unit_there_is_no_sandbox() {
    assert_eq!(Machine::with(&[]).sandbox(), None);
}

#[test]
fn the_shipped_unit_lets_the_state_folder_be_written_and_no_other() {
    let sandbox = Machine::with(&[("usr/gphotos-syncd.service", SHIPPED)]).sandbox().unwrap();
    let folders = ["/var/lib/gphotos-syncd/alice", "/srv/photos", "/home/a/p", "/tmp/p", "/var/lib/other"];
    assert_eq!(lets(&sandbox, &folders), [true, false, false, false, false]);
}

#[test]
fn what_is_read_only_stays_so_unless_a_deeper_folder_is_opened() {
    let folders = ["/etc/gphotos-syncd", "/etc/gphotos-syncd/alice", "/etc/other", "/srv/photos"];
    let cases: &[(&str, [bool; 4])] = &[
        ("ReadWritePaths=/etc", [false, false, true, false]),
        ("ReadWritePaths=/etc/gphotos-syncd", [false; 4]),
        ("ReadWritePaths=/etc/gphotos-syncd/alice", [false, true, false, false]),
        ("ProtectSystem=no", [false, false, true, true]),
        ("ProtectSystem=no\nReadOnlyPaths=", [true; 4]),
    ];
    for (lines, expected) in cases {
        let machine = Machine::with(&[
            ("usr/gphotos-syncd.service", SHIPPED),
            ("etc/gphotos-syncd.service.d/libraries.conf", &drop_in(lines)),
        ]);
        assert_eq!(lets(&machine.sandbox().unwrap(), &folders), *expected, "{lines}");
    }
}

#[test]
fn drop_ins_open_what_they_name_and_take_back_what_they_empty() {
    let folders =
        ["/srv/photos/alice", "/srv/my photos", "/srv/b", "/home/c/Photos", "/mnt/usb/d", "/srv/100%"];
    let cases: &[(&str, [bool; 6])] = &[
        ("ReadWritePaths=/srv/photos \"/srv/my photos\"", [true, true, false, false, false, false]),
        ("ReadWritePaths=-/mnt/usb/d +/srv/b \\\n  /srv/100%%", [false, false, true, false, true, true]),
        (
            "ReadWritePaths=/srv\nReadWritePaths=\nReadWritePaths=/srv/b",
            [false, false, true, false, false, false],
        ),
        ("ReadWritePaths=/home/c/Photos", [false; 6]),
        ("ProtectHome=tmpfs\nBindPaths=/home/c/Photos", [false, false, false, true, false, false]),
        ("BindPaths=/data/d:/mnt/usb/d:rbind /x:/srv/b", [false, false, true, false, true, false]),
        ("ProtectHome=no\nReadWritePaths=/home/c", [false, false, false, true, false, false]),
        ("ProtectSystem=full", [true, true, true, false, true, true]),
        ("#ReadWritePaths=/srv\n[Unit]\nReadWritePaths=/srv", [false; 6]),
    ];
    for (lines, expected) in cases {
        let machine = Machine::with(&[
            ("usr/gphotos-syncd.service", SHIPPED),
            ("etc/gphotos-syncd.service.d/libraries.conf", &drop_in(lines)),
        ]);
        assert_eq!(lets(&machine.sandbox().unwrap(), &folders), expected, "{lines}");
    }
}

#[test]
fn a_drop_in_of_the_administrator_hides_the_one_of_its_name_and_so_does_the_unit() {
    let machine = Machine::with(&[
        ("usr/gphotos-syncd.service", "[Service]\nProtectSystem=full\n"),
        ("etc/gphotos-syncd.service", SHIPPED),
        ("usr/gphotos-syncd.service.d/a.conf", &drop_in("ReadWritePaths=/srv/a")),
        ("etc/gphotos-syncd.service.d/a.conf", &drop_in("ReadWritePaths=/srv/b")),
        ("etc/gphotos-syncd.service.d/a.conf~", &drop_in("ReadWritePaths=/srv/c")),
    ]);
    assert_eq!(lets(&machine.sandbox().unwrap(), &["/srv/a", "/srv/b", "/srv/c"]), [false, true, false]);
}

#[test]
fn the_drop_in_that_is_printed_opens_the_sandbox_for_its_folders() {
    let folders = ["/srv/photos/alice", "/srv/my \"best\" 100% of\\it", "/home/c/Photos: new", "/tmp/t"];
    let read = ["/srv/inbox", "/home/c/Downloads", "/var/tmp/in: box"];
    let mut needs: Vec<Need<'_>> = folders.iter().map(|folder| Need::Write(Path::new(folder))).collect();
    needs.push(Need::Write(Path::new("/var/lib/gphotos-syncd/own")));
    needs.extend(read.iter().map(|folder| Need::Read(Path::new(folder))));
    let printed = drop_in_for(&needs);
    let (_, rest) = printed.split_once("<<'END'\n").unwrap();
    let (text, after) = rest.split_once("END\n").unwrap();
    assert_eq!(after, "systemctl daemon-reload && systemctl restart gphotos-syncd");
    assert!(!text.contains("/own"), "{text}");
    assert!(text.starts_with("[Unit]\nRequiresMountsFor=/srv/photos/alice\n"), "{text}");
    let machine = Machine::with(&[
        ("usr/gphotos-syncd.service", SHIPPED),
        ("etc/gphotos-syncd.service.d/libraries.conf", text),
    ]);
    let sandbox = machine.sandbox().unwrap();
    assert_eq!(lets(&sandbox, &folders), [true; 4], "{text}");
    // What is only read is shown, and no more.
    assert_eq!(lets(&sandbox, &read), [false; 3], "{text}");
    assert!(needs.iter().all(|need| sandbox.grants(need)), "{text}");
    assert!(!text.contains("/srv/inbox"), "{text}");
}

#[test]
fn what_is_only_read_needs_no_leave_but_in_hidden_folders() {
    let folders = ["/srv/in", "/home/c/in", "/tmp/in"];
    let cases: &[(&str, [bool; 3])] = &[
        ("", [true, false, false]),
        ("ProtectHome=tmpfs\nBindReadOnlyPaths=/home/c", [true, true, false]),
        ("BindPaths=/tmp/in\nProtectHome=read-only", [true, true, true]),
        ("BindReadOnlyPaths=/home/c/in\nBindPaths=", [true, false, false]),
    ];
    for (lines, expected) in cases {
        let machine = Machine::with(&[
            ("usr/gphotos-syncd.service", SHIPPED),
            ("etc/gphotos-syncd.service.d/libraries.conf", &drop_in(lines)),
        ]);
        let sandbox = machine.sandbox().unwrap();
        let read = folders.map(|folder| sandbox.grants(&Need::Read(Path::new(folder))));
        assert_eq!(read, *expected, "{lines}");
    }
}

#[test]
fn the_shipped_example_opens_what_it_names() {
    let example = include_str!("../../systemd/gphotos-syncd.service.d/libraries.conf.example");
    let machine = Machine::with(&[
        ("usr/gphotos-syncd.service", SHIPPED),
        ("etc/gphotos-syncd.service.d/libraries.conf", example),
    ]);
    let folder = PathBuf::from("/srv/photos/alice");
    assert!(example.contains(&format!("RequiresMountsFor={}\n", folder.display())));
    assert!(machine.sandbox().unwrap().grants(&Need::Write(&folder)));
}
