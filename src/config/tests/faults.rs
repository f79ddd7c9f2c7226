//! Faults, from one bad line to a pile of them: place, words, what is allowed, hint.

use crate::config::Config;
use crate::config::tests::{Home, SHIPPED};
use proptest::prelude::*;

/// One bad file: its text, then what its report says.
type Bad = (&'static str, &'static [&'static str]);

#[test]
fn a_bad_limit_is_shown_with_its_place_and_what_is_allowed() {
    let table: &[Bad] = &[
        ("[limits]\ndownloads = 0\n", &["config.toml:2:13", "too small", "from 1 to 64"]),
        ("[limits]\ndownloads = 65\n", &[":2:13", "too large"]),
        ("[limits]\ndownloads = 99999999999999999999\n", &[":2:13", "too large"]),
        ("[limits]\ndownloads = -99999999999999999999\n", &[":2:13", "too small"]),
        (
            "[limits]\ndownloads = 999999999999999999999999999999999999999999999\n",
            &[":2:13", "wrong kind of value for `downloads`", "hint: "],
        ),
        ("[limits]\ndownloads = -1\n", &[":2:13", "too small"]),
        ("[limits]\ndownloads = 2.5\n", &[":2:13", "a number with a fraction"]),
        ("[limits]\ndownloads = \"8\"\n", &[":2:13", "a text", "without quotes"]),
        ("[limits]\napi-requests-per-second = 0\n", &[":2:27", "too small", "to 1000"]),
        ("[limits]\napi-requests-per-second = 1000000.5\n", &["too large"]),
        ("[limits]\nmedia-requests-per-second = nan\n", &["too small"]),
        ("[limits]\nmedia-requests-per-second = inf\n", &["too large"]),
        ("[limits]\nmin-free-space = 5\n", &[":2:18", "its unit is missing", "hint: ", "\"5 MiB\""]),
        ("[limits]\nmin-free-space = \"5\"\n", &["not a size with its unit"]),
        ("[limits]\nmin-free-space = \"5 parsecs\"\n", &["not a size", "`GiB`"]),
        ("[limits]\nbytes-per-second = \"0 B\"\n", &["too small"]),
        ("[limits]\ndrive-bytes-per-day = 750\n", &[":2:23", "its unit is missing"]),
        ("[limits]\ndrive-bytes-per-day = \"2000 TiB\"\n", &["too large"]),
        ("[limits]\nrest-after-429 = \"2h\"\n", &["too long", "\"1h\""]),
    ];
    check_table(table);
}

#[test]
fn a_bad_value_of_a_library_is_shown_with_its_place_and_what_is_allowed() {
    let table: &[Bad] = &[
        ("[defaults]\nsplay = 15\n", &[":2:9", "its unit is missing", "`\"15m\"`"]),
        ("[defaults]\nsplay = \"15\"\n", &["not a time"]),
        ("[defaults]\nsplay = \"25h\"\n", &["too long", "\"1day\""]),
        ("[defaults]\nfull-scan-every = \"59m\"\n", &["too short"]),
        ("[defaults]\nfile-mode = 640\n", &["a bare number", "\"0640\""]),
        ("[defaults]\nfile-mode = \"0440\"\n", &["the owner could not read and write"]),
        ("[defaults]\nfile-mode = \"0o640\"\n", &["octal digits"]),
        ("[defaults]\nfile-mode = \"1777\"\n", &["octal digits"]),
        ("[defaults]\nportable-names = \"yes\"\n", &["`true` or `false`"]),
        (
            "[defaults]\nalbums = \"symlnk\"\n",
            &[":2:10", "\"symlink\", \"hardlink\", \"copy\", \"none\"", "did you mean \"symlink\"?"],
        ),
        ("[defaults]\nalbums = [\"copy\"]\n", &["a list, not a text"]),
        ("[defaults]\nalbums = 1979-05-27\n", &["a date or a table"]),
        ("[defaults]\nsidecar = \"\"\n", &["empty"]),
        (
            "[defaults]\nschedule = \"0 */6 * * *\"\n",
            &[":2:12", "5 fields instead of six", "hint: seconds come first: write \"0 0 */6 * * *\""],
        ),
        ("[defaults]\nschedule = \"0 0 3 * * * 2026\"\n", &["7 fields"]),
        ("[defaults]\nschedule = \"@reboot\"\n", &["`@reboot` is not a schedule", "@daily"]),
        ("[defaults]\nschedule = \"0 0 25 * * *\"\n", &["not a cron expression"]),
        ("[defaults]\nschedule = \"0 0 0 30 2 *\"\n", &["never be due"]),
        ("[defaults]\nsources = []\n", &["this list is empty"]),
        ("[defaults]\nsources = \"library-api\"\n", &["not a list", "[\"library-api\"]"]),
        ("[defaults]\nsources = [\"library-api\",\n  \"library-api\"]\n", &[":3:3", "named twice"]),
        ("[defaults]\nsources = [\"libary-api\"]\n", &[":2:12", "did you mean \"library-api\"?"]),
        (
            "[library.a]\nroot = \"a\"\nsources = [\"takeout\"]\n",
            &[":3:11", "the source `takeout` has no `inbox`", "hint: add `inbox = "],
        ),
        (
            "[defaults]\nsources = [\"library-api\", \"picker\"]\n",
            &[":2:27", "`picker` is not yet in this version"],
        ),
        ("[defaults]\nsources = [\"drve\"]\n", &["did you mean \"drive\"?"]),
        ("[defaults]\ndrive-folder = \"My Drive/Takeout\"\n", &[":2:16", "a path, not a name", "alone"]),
        ("[defaults]\ndrive-folder = \"Takeout \"\n", &["no space at its ends"]),
        ("[defaults]\ndrive-folder = \"\"\n", &["empty"]),
        ("[defaults]\nspool = \"dsk\"\n", &["\"stream\", \"disk\"", "did you mean \"disk\"?"]),
        ("[defaults]\ntakeout-schedule = \"monthly\"\n", &[":2:20", "\"two-monthly\", \"none\""]),
        (
            "[defaults]\ntakeout-started = 2026-06-08\n",
            &[":2:19", "not a text in quotes", "`\"2026-06-08\"`"],
        ),
        ("[defaults]\ntakeout-started = \"2026-02-30\"\n", &[":2:19", "no such day", "`\"2026-06-08\"`"]),
        ("[defaults]\ntakeout-started = \"8.6.2026\"\n", &["no such day"]),
        ("[defaults]\ntakeout-started = \"0206-06-08\"\n", &["too early", "from \"2011-01-01\""]),
        ("[defaults]\nsources = [\"picker\"]\n", &["not yet in this version"]),
        (
            "[defaults]\nlayout = \"../{year}\"\n",
            &[":2:10", "leads out of the root", "photos/{year}/{month}"],
        ),
        ("[defaults]\nlayout = \"{hour}\"\n", &["brace"]),
        ("[defaults]\nlayout = \"albums/{year}\"\n", &["belongs to the albums"]),
    ];
    check_table(table);
}

#[test]
fn a_trash_or_a_look_at_the_files_that_could_not_be_kept_up_is_refused_with_its_place() {
    let table: &[Bad] = &[
        ("[defaults]\non-remote-delete = \"bin\"\n", &[":2:20", "\"keep\", \"trash\""]),
        (
            "[library.a]\nroot = \"a\"\nsources = [\"drive\"]\non-remote-delete = \"trash\"\n",
            &[
                ":4:20",
                "no source of the library `a` can prove",
                "cannot tell",
                "on-remote-delete = \"keep\"",
            ],
        ),
        (
            "[defaults]\non-remote-delete = \"trash\"\n[library.a]\nroot = \"a\"\nsources = [\"takeout\"]\ninbox = \"i\"\n",
            &[":2:20", "no source of the library `a` can prove"],
        ),
        ("[defaults]\ntrash-keep = \"23h\"\n", &[":2:14", "too short"]),
        ("[defaults]\nverify-every = \"59m\"\n", &[":2:16", "too short", "`\"never\"`"]),
        ("[limits]\nverify-bytes-per-second = \"1 B\"\n", &[":2:27", "too slow", "`\"0 B\"`"]),
    ];
    check_table(table);
}

#[test]
fn a_bad_address_root_or_name_is_shown_with_its_place() {
    let table: &[Bad] = &[
        ("[google]\nclient-secret = \"~/secret.json\"\n", &["`~` is not expanded"]),
        (
            "[google.endpoints]\nlibrary = \"http://photos.example.com\"\n",
            &[":2:11", "plain http", "https://"],
        ),
        ("[google.endpoints]\nlibrary = \"https://u:p@example.com\"\n", &["no place here"]),
        ("[google.endpoints]\npicker = \"https://example.com/?a=b\"\n", &["no `?`"]),
        ("[google.endpoints]\ndrive = \"ftp://example.com\"\n", &["neither https nor http"]),
        ("[google.endpoints]\ndrive = \"example.com\"\n", &["not an address"]),
        ("[google.endpoints]\ndrive = \"http://127.0.0.1.example.com\"\n", &["plain http"]),
        ("[library.a]\n", &[":1:10", "the library `a` has no `root`", "hint: "]),
        ("[library.a]\nroot = \"/\"\n", &["whole file system"]),
        ("[library.a]\nroot = \"/srv/..\"\n", &["whole file system"]),
        ("[library.a]\nroot = 1\n", &["not a text"]),
        ("[library.\"a b\"]\nroot = \"/x\"\n", &[":1:10", "bad name of a library: `a b`", "1 to 64"]),
    ];
    check_table(table);
}

#[test]
fn an_unknown_key_is_shown_with_the_known_ones() {
    let table: &[Bad] = &[
        (
            "[library.a]\nroot = \"/a\"\nshedule = \"manual\"\n",
            &[
                ":3:1",
                "unknown key `shedule`",
                "not a key of `[library.a]`",
                "did you mean `schedule`?",
                "`full-scan-every`",
            ],
        ),
        ("[google]\nclient_secret = \"x\"\n", &[":2:1", "did you mean `client-secret`?"]),
        (
            "[libraries.a]\nroot = \"/a\"\n",
            &[":1:2", "the top of the file", "`google`, `limits`, `defaults`, `library`"],
        ),
        ("downloads = 3\n", &[":1:1", "`downloads` is a key of `[limits]`"]),
        ("[limits]\nroot = \"/x\"\n", &["`root` is a key of `[library.NAME]` or `[defaults]`"]),
        ("[google.endpoints]\nmedia = \"https://x\"\n", &[":2:1", "`library`, `picker`, `drive`"]),
        ("[library]\nroot = \"/a\"\n", &[":2:8", "wrong kind of value for `root`", "[library.root]"]),
        ("limits = 3\n", &[":1:10", "wrong kind of value for `limits`", "a table such as `[limits]`"]),
        ("[[library]]\nroot = \"/a\"\n", &["wrong kind of value for `library`"]),
        ("[defaults]\nfrobnicate = 1\n", &["unknown key `frobnicate`", "remove the line"]),
    ];
    check_table(table);
}

#[test]
fn broken_syntax_has_the_same_look() {
    let table: &[Bad] = &[
        ("[limits]\ndownloads = \n", &["config.toml:2:13", "not valid TOML", "2 | downloads =", "^"]),
        ("[limits\n", &[":1:", "not valid TOML"]),
        ("[limits]\ndownloads = 1\ndownloads = 2\n", &[":3:1", "duplicate key", "hint: set the key once"]),
        ("[library.a]\nroot = /srv\n", &[":2:8", "in quotes"]),
        ("x = \"open\n", &[":1:"]),
    ];
    check_table(table);
}

fn check_table(table: &[Bad]) {
    for (toml, phrases) in table {
        let report = Home::new(toml).report();
        assert!(report.contains("HOME/config.toml:") && report.contains('^'), "no place for\n{toml}{report}");
        assert!(!report.contains('\u{1b}'), "colours in\n{report}");
        assert_eq!(report.matches("error: ").count(), 1, "not one fault in\n{toml}{report}");
        for phrase in *phrases {
            assert!(report.contains(phrase), "no {phrase:?} for\n{toml}{report}");
        }
    }
}

#[test]
fn a_report_looks_like_this() {
    let report = Home::new("# ours\n[library.alice]\nroot = \"/srv\"\nsplay = 15  # minutes\n").report();
    let expected = r#"
error: bad value for `splay`
 --> HOME/config.toml:4:9
  |
4 | splay = 15  # minutes
  |         ^^ a bare number: its unit is missing
  |
  = allowed: a time in quotes, from "0s" to "1day", such as "15m" or "1h 30m"
  = hint: write the unit, in quotes: `"15s"`, `"15m"` or `"15h"`"#;
    assert_eq!(format!("\n{report}"), expected);
}

#[test]
fn every_fault_is_reported_at_once_and_one_of_defaults_once() {
    let home = Home::new(
        "bogus = 1\n[defaults]\nsplay = 1\n[limits]\ndownloads = 0\nbogus = 2\n[library.a]\nroot = \"/a\"\n[library.b]\nalbums = \"x\"\n",
    );
    home.write("config.d/x.toml", "[library.c]\nroot = \"/\"\nbogus = 3\n");
    let report = home.report();
    assert_eq!(report.matches("error: ").count(), 8, "{report}");
    for place in
        [":1:1", ":3:9", ":5:13", ":6:1", ":9:10", ":10:10", "config.d/x.toml:2:8", "config.d/x.toml:3:1"]
    {
        assert!(report.contains(place), "no {place} in\n{report}");
    }
}

#[test]
fn a_report_has_an_end() {
    let toml = (0..500).fold(String::new(), |toml, n| toml + &format!("key-{n} = 1\n"));
    let report = Home::new(&toml).report();
    assert_eq!(report.matches("unknown key").count(), 20);
    assert!(report.ends_with("more faults"), "{report}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_makes_the_reading_panic(at: prop::sample::Index, piece in "[\\[\\]{}=\"'#.,\\\\\\n0-9a-z\u{1}\u{e9}\u{fe0f} -]{0,12}", cut in 0..40_usize) {
        let all = SHIPPED.replace("\n#", "\n");
        let start = (0..=at.index(all.len())).rev().find(|&i| all.is_char_boundary(i)).unwrap_or(0);
        let end = (start + cut..=all.len()).find(|&i| all.is_char_boundary(i)).unwrap_or(all.len());
        let lines: String = [&all[..start], &piece, &all[end..]].concat();
        let settings: Vec<&str> = lines.lines().filter(|line| !line.starts_with([' ', '#'])).collect();
        let home = Home::new(&settings.join("\n"));
        if let Err(error) = Config::load(&home.path("config.toml")) {
            prop_assert!(error.to_string().starts_with("error: "));
        }
    }
}
