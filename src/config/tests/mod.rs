//! Configurations as files on disk: what they mean, how they are merged, what is shipped.

mod faults;

use crate::config::{
    AfterImport, AlbumMode, Config, Drive, ExportSchedule, LesserCopy, Library, Limits, OnRemoteDelete,
    Schedule, Sidecar, SourceKind, Spool, Takeout,
};
use crate::media::LibraryName;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A folder with the files of one configuration.
struct Home(tempfile::TempDir);

impl Home {
    fn new(main: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.write("config.toml", main);
        home
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn load(&self) -> Config {
        Config::load(&self.path("config.toml")).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The report of its faults, the folder's path written `HOME`.
    fn report(&self) -> String {
        let error = Config::load(&self.path("config.toml")).expect_err("the configuration has faults");
        error.to_string().replace(self.0.path().to_str().unwrap(), "HOME")
    }
}

fn library<'c>(config: &'c Config, name: &str) -> &'c Library {
    &config.libraries[&LibraryName::try_new(name).unwrap()]
}

#[test]
fn an_empty_file_gives_the_defaults() {
    let config = Home::new("").load();
    assert!(config.libraries.is_empty());
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.google.client_secret, None);
    assert_eq!(config.google.endpoints.library.as_str(), "https://photoslibrary.googleapis.com/");
    assert_eq!(config.google.endpoints.picker.as_str(), "https://photospicker.googleapis.com/");
    assert_eq!(config.google.endpoints.drive.as_str(), "https://www.googleapis.com/");
}

#[test]
fn a_library_needs_only_its_root() {
    let config = Home::new("[library.alice]\nroot = \"/srv/photos/alice\"\n").load();
    let expected = Library {
        name: LibraryName::try_new("alice").unwrap(),
        root: "/srv/photos/alice".into(),
        schedule: Schedule::Cron("0 0 */6 * * *".to_owned()),
        splay: Duration::from_secs(600),
        sources: vec![SourceKind::LibraryApi],
        albums: AlbumMode::Symlink,
        layout: crate::config::Layout::default(),
        sidecar: Sidecar::None,
        on_remote_delete: OnRemoteDelete::Keep,
        trash_keep: Duration::from_secs(30 * 24 * 3600),
        file_mode: 0o640,
        index_dir: None,
        full_scan_every: Duration::from_secs(7 * 24 * 3600),
        verify_every: Some(Duration::from_secs(30 * 24 * 3600)),
        portable_names: false,
        takeout: Takeout {
            inbox: None,
            after_import: AfterImport::Keep,
            inbox_quiet: Duration::from_secs(6 * 3600),
            lesser_copy: LesserCopy::Aside,
            schedule: ExportSchedule::TwoMonthly,
            started: None,
        },
        drive: Drive { folder: None, spool: Spool::Stream },
    };
    assert_eq!(library(&config, "alice"), &expected);
}

/// A configuration in which every key has another value than its default.
const EVERY_KEY: &str = r#"
[google]
client-secret = "secret.json"
endpoints = { library = "http://127.0.0.1:8080", picker = "http://[::1]:1/p", drive = "https://proxy.lan/d" }
[limits]
api-requests-per-second = 2
media-requests-per-second = 0.5
api-requests-per-day = 0
media-requests-per-day = 1
drive-bytes-per-day = "100 GiB"
downloads = 3
bytes-per-second = "20 MiB"
min-free-space = "1.5 GB"
rest-after-429 = "1m 5s"
rest-after-fault = "20ms"
stall-timeout = "3s"
[library.a]
root = "./x/../photos"
schedule = "manual"
splay = "0s"
sources = ["library-api", "drive"]
drive-folder = "Mes exports"
spool = "disk"
albums = "copy"
layout = "{year}"
sidecar = "json"
on-remote-delete = "trash"
trash-keep = "90d"
file-mode = "600"
index-dir = "/var/lib/a"
full-scan-every = "1h"
portable-names = true
inbox = "parts"
after-import = "delete"
inbox-quiet = "0s"
lesser-copy = "replace"
takeout-schedule = "none"
takeout-started = "2026-06-08"
"#;

#[test]
fn every_key_is_read() {
    let home = Home::new(EVERY_KEY);
    let config = home.load();
    assert_eq!(config.path, home.path("config.toml"));
    assert_eq!(config.google.client_secret, Some(home.path("secret.json")));
    assert_eq!(config.google.endpoints.picker.as_str(), "http://[::1]:1/p");
    let limits = &config.limits;
    assert_eq!((limits.api_requests_per_second, limits.media_requests_per_second), (2.0, 0.5));
    assert_eq!((limits.api_requests_per_day, limits.media_requests_per_day, limits.downloads), (0, 1, 3));
    assert_eq!(limits.drive_bytes_per_day, 100 << 30);
    assert_eq!((limits.bytes_per_second, limits.min_free_space), (Some(20 << 20), 1_500_000_000));
    assert_eq!(limits.rest_after_429, Duration::from_secs(65));
    assert_eq!(
        (limits.rest_after_fault, limits.stall_timeout),
        (Duration::from_millis(20), Duration::from_secs(3))
    );
    let a = library(&config, "a");
    assert_eq!(a.root, home.path("photos"));
    assert_eq!((&a.schedule, a.splay, a.file_mode), (&Schedule::Manual, Duration::ZERO, 0o600));
    assert_eq!((a.albums, a.sidecar, a.portable_names), (AlbumMode::Copy, Sidecar::Json, true));
    let (trash, days) = (OnRemoteDelete::Trash, Duration::from_secs(90 * 24 * 3600));
    assert_eq!((a.on_remote_delete, a.trash_keep), (trash, days));
    assert_eq!(a.index_dir.as_deref(), Some(Path::new("/var/lib/a")));
    assert_eq!(a.layout.dir_for(None), "undated");
    let takeout = Takeout {
        inbox: Some(home.path("parts")),
        after_import: AfterImport::Delete,
        inbox_quiet: Duration::ZERO,
        lesser_copy: LesserCopy::Replace,
        schedule: ExportSchedule::None,
        started: chrono::NaiveDate::from_ymd_opt(2026, 6, 8),
    };
    assert_eq!(a.takeout, takeout);
    assert_eq!(a.sources, [SourceKind::LibraryApi, SourceKind::Drive]);
    assert_eq!(a.drive, Drive { folder: Some("Mes exports".to_owned()), spool: Spool::Disk });
}

#[test]
fn defaults_apply_below_each_librarys_own_keys() {
    let config = Home::new(
        "[defaults]\nalbums = \"none\"\nsplay = \"1m\"\n[library.a]\nroot = \"a\"\n[library.b]\nroot = \"b\"\nalbums = \"copy\"\n",
    )
    .load();
    assert_eq!(library(&config, "a").albums, AlbumMode::None);
    assert_eq!(library(&config, "b").albums, AlbumMode::Copy);
    assert_eq!(library(&config, "b").splay, Duration::from_secs(60));
}

#[test]
fn drop_ins_win_key_by_key_in_name_order_and_bring_their_own_folder() {
    let home = Home::new(
        "[limits]\ndownloads = 1\nmin-free-space = \"1 GiB\"\n[library.a]\nroot = \"a\"\nsplay = \"1m\"\n",
    );
    home.write("config.d/20-last.toml", "limits.downloads = 3\n[library.a]\nsidecar = \"xmp\"\n");
    home.write(
        "config.d/10-first.toml",
        "limits.downloads = 2\n[library.b]\nroot = \"b\"\n[defaults]\nalbums = \"none\"\n",
    );
    home.write("config.d/.hidden.toml", "nonsense");
    home.write("config.d/README", "nonsense");
    home.write("config.d/30.toml~", "nonsense");
    let config = home.load();
    assert_eq!((config.limits.downloads, config.limits.min_free_space), (3, 1 << 30));
    let a = library(&config, "a");
    assert_eq!((a.splay, a.sidecar, a.albums), (Duration::from_secs(60), Sidecar::Xmp, AlbumMode::None));
    assert_eq!((&a.root, &library(&config, "b").root), (&home.path("a"), &home.path("config.d/b")));
}

#[test]
fn loading_leaves_no_trace() {
    let home = Home::new("[library.a]\nroot = \"new\"\nindex-dir = \"index\"\n");
    home.load();
    assert_eq!(fs::read_dir(home.0.path()).unwrap().count(), 1);
}

#[test]
fn files_that_cannot_be_read_are_faults() {
    let home = Home::new("");
    let gone = Config::load(&home.path("gone.toml")).expect_err("no file").to_string();
    assert!(gone.contains("no configuration file") && gone.contains("gone.toml"), "{gone}");
    assert!(gone.contains("hint: ") && gone.contains("--config FILE"), "{gone}");

    let folder = Config::load(home.0.path()).expect_err("a folder").to_string();
    assert!(folder.contains("cannot read"), "{folder}");

    fs::create_dir_all(home.path("config.d/folder.toml")).unwrap();
    assert!(home.report().contains("HOME/config.d/folder.toml"), "{}", home.report());
    fs::remove_dir(home.path("config.d/folder.toml")).unwrap();

    std::os::unix::fs::symlink("/nowhere", home.path("config.d/dangling.toml")).unwrap();
    assert!(home.report().contains("HOME/config.d/dangling.toml"), "{}", home.report());
}

#[test]
fn text_that_is_not_utf8_is_a_fault_at_its_byte() {
    let home = Home::new("");
    fs::write(home.path("config.toml"), b"# gr\xfc\xdfe\n[limits]\n").unwrap();
    let report = home.report();
    assert!(report.contains("not UTF-8") && report.contains("config.toml:1:5"), "{report}");
}

#[test]
fn a_file_that_is_far_too_long_is_refused() {
    let report = Home::new(&"#\n".repeat(600_000)).report();
    assert!(report.contains("longer than 1 MiB"), "{report}");
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_do_no_harm() {
    let config = Home::new("\u{feff}[library.a]\r\nroot = \"/a\"\r\n").load();
    assert_eq!(config.libraries.len(), 1);
    let report = Home::new("[limits]\r\ndownloads = 0\r\n").report();
    assert!(report.contains(":2:13") && report.contains("^ too small"), "{report}");
}

#[test]
fn two_libraries_never_share_a_folder() {
    let table = [
        ("/srv/x", "/srv/x", "same root"),
        ("/srv/x", "/srv/y/../x/", "same root"),
        ("/srv/x", "/srv/x/deep", "the root of the library `b` lies inside the root of `a`"),
        ("/srv/x/deep", "/srv/x", "the root of the library `a` lies inside the root of `b`"),
    ];
    for (a, b, phrase) in table {
        let report =
            Home::new(&format!("[library.a]\nroot = \"{a}\"\n[library.b]\nroot = \"{b}\"\n")).report();
        assert!(report.contains(phrase) && report.contains(":4:8"), "{report}");
        assert!(report.contains("root of `a`") && report.contains("root of `b`"), "{report}");
        assert_eq!(report.matches("error: ").count(), 1, "{report}");
    }
    Home::new("[library.a]\nroot = \"/srv/x\"\n[library.b]\nroot = \"/srv/xy\"\n").load();
}

#[test]
fn a_root_that_a_link_leads_to_is_the_same_root() {
    let home = Home::new("[library.a]\nroot = \"real\"\n");
    home.write("config.d/b.toml", "[library.b]\nroot = \"../link/below\"\n");
    fs::create_dir(home.path("real")).unwrap();
    std::os::unix::fs::symlink(home.path("real"), home.path("link")).unwrap();
    let report = home.report();
    assert!(report.contains("`b` lies inside the root of `a`"), "{report}");
    assert!(report.contains("config.d/b.toml:2:8") && report.contains("config.toml:2:8"), "{report}");
}

#[test]
fn two_libraries_never_share_an_index() {
    let own =
        "[library.a]\nroot = \"/a\"\nindex-dir = \"/i\"\n[library.b]\nroot = \"/b\"\nindex-dir = \"/i\"\n";
    let report = Home::new(own).report();
    assert!(report.contains("same index folder") && report.contains(":6:13"), "{report}");
    let crossed =
        "[library.a]\nroot = \"/a\"\n[library.b]\nroot = \"/b\"\nindex-dir = \"/a/.gphotos-syncd\"\n";
    assert!(Home::new(crossed).report().contains("same index folder"));
    let report =
        Home::new("[defaults]\nindex-dir = \"/i\"\nroot = \"/r\"\n[library.a]\n[library.b]\n").report();
    assert_eq!(report.matches("error: ").count(), 1, "{report}");
}

#[test]
fn an_inbox_lies_in_no_root_and_belongs_to_one_library() {
    let table = [
        ("inbox = \"/srv/a/in\"", "", "lie in each other"),
        ("inbox = \"/srv\"", "", "lie in each other"),
        ("inbox = \"/srv/b\"", "", "lie in each other"),
        ("inbox = \"/in\"", "inbox = \"/x/../in\"", "have the same inbox"),
    ];
    for (a, b, phrase) in table {
        let text = format!("[library.a]\nroot = \"/srv/a\"\n{a}\n[library.b]\nroot = \"/srv/b\"\n{b}\n");
        let report = Home::new(&text).report();
        assert!(report.contains(phrase) && report.contains("hint: "), "{report}");
    }
    Home::new("[library.a]\nroot = \"/srv/a\"\ninbox = \"/srv/in\"\nsources = [\"takeout\"]\n").load();
}

/// The configuration that is shipped.
const SHIPPED: &str = include_str!("../../../config/gphotos-syncd.toml");

#[test]
fn the_shipped_configuration_is_valid_and_idles() {
    let config = Home::new(SHIPPED).load();
    assert!(config.libraries.is_empty());
    assert_eq!(config.limits, Limits::default());
}

#[test]
fn every_setting_of_the_shipped_configuration_is_valid_when_its_comment_is_taken_away() {
    let is_setting = |line: &str| line.starts_with(|c: char| c.is_ascii_lowercase() || c == '[');
    let lines: Vec<&str> = SHIPPED
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| is_setting(rest)).unwrap_or(line))
        .collect();
    let all = lines.join("\n");
    let home = Home::new(&all);
    let config = home.load();
    let bare = Home::new("[library.alice]\nroot = \"/srv/photos/alice\"\n").load();
    let windows = config.limits.windows.clone();
    assert!(!windows.is_empty(), "no window is shown");
    assert_eq!(config.limits, Limits { bytes_per_second: Some(20 << 20), windows, ..Limits::default() });
    assert_eq!(config.google.endpoints, bare.google.endpoints);
    let alice = library(&config, "alice");
    let takeout = Takeout { inbox: None, started: None, ..alice.takeout.clone() };
    let drive = Drive { folder: None, ..alice.drive.clone() };
    assert_eq!(alice.drive.folder.as_deref(), Some("Takeout"));
    let shown = Library { index_dir: None, takeout, drive, ..alice.clone() };
    assert_eq!(&shown, library(&bare, "alice"), "the shipped file shows other values than the defaults");
    for key in every_key() {
        assert!(lines.iter().any(|line| line.starts_with(&format!("{key} = "))), "`{key}` is not shown");
    }
}

/// Every key of every table, as the reports list them.
fn every_key() -> Vec<String> {
    let tables = ["google", "google.endpoints", "limits", "defaults"];
    let of = |table: &str| {
        let report = Home::new(&format!("[{table}]\nzzzzzzzzzzzzzzzz = 1\n")).report();
        let allowed = report.split_once("= allowed: ").unwrap().1.lines().next().unwrap().to_owned();
        allowed.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
    };
    let keys: Vec<String> = tables.into_iter().flat_map(of).filter(|key| key != "endpoints").collect();
    assert!(keys.len() >= 24, "{keys:?}");
    keys
}
