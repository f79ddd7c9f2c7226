//! The unit's sandbox and what people are told of it: by `check` beforehand, by the daemon when it meets it.

use crate::context::{Home, skipped};
use crate::served::{Served, launch};
use fake_google::{ItemSpec, Settings};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const UNIT: &str = include_str!("../../systemd/gphotos-syncd.service");

/// What `check` says with these unit files installed; all else is as it is on a machine without units.
fn check(home: &Home, files: &[(&str, &str)]) -> String {
    let units = home.path("units");
    fs::create_dir_all(units.join("gphotos-syncd.service.d")).expect("writable");
    for (name, text) in files {
        fs::write(units.join(name), text).expect("writable");
    }
    let output = home.command().arg("check").env("SYSTEMD_UNIT_PATH", &units).output().expect("it starts");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

fn home_of(roots: &[(&str, &str)]) -> Home {
    let home = Home::bare(Settings::default());
    let mut tables = String::new();
    for (name, root) in roots {
        tables.extend(["[library.", name, "]\nroot = \"", root, "\"\n"]);
    }
    home.write_config(&tables);
    home
}

#[test]
fn check_prints_the_drop_in_for_roots_that_the_unit_shuts_out_until_it_is_there() {
    let home = home_of(&[
        ("alice", "/srv/photos/alice"),
        ("bob", "/home/bob/My Photos"),
        ("own", "/var/lib/gphotos-syncd/own"),
    ]);
    let said = check(&home, &[("gphotos-syncd.service", UNIT)]);
    let expected = "\
warning: the installed unit gphotos-syncd.service does not let the daemon write to `/srv/photos/alice`, `/home/bob/My Photos`
hint: paste this as root; it lets the unit into these folders, and waits for their disks:
mkdir -p /etc/systemd/system/gphotos-syncd.service.d
cat > /etc/systemd/system/gphotos-syncd.service.d/libraries.conf <<'END'
[Unit]
RequiresMountsFor=/srv/photos/alice
[Service]
ProtectHome=tmpfs
ReadWritePaths=/srv/photos/alice
BindPaths=\"/home/bob/My Photos\"
END
systemctl daemon-reload && systemctl restart gphotos-syncd
";
    assert!(said.contains(expected), "{said}");
    let (_, rest) = said.split_once("<<'END'\n").expect("a drop-in");
    let (drop_in, _) = rest.split_once("END\n").expect("its end");

    let said = check(&home, &[("gphotos-syncd.service.d/libraries.conf", drop_in)]);
    assert!(!said.contains("installed unit") && said.contains("is valid"), "{said}");
    assert_eq!(fs::read_dir(home.path("units")).expect("readable").count(), 2, "check writes nothing");
}

#[test]
fn check_says_nothing_of_a_sandbox_where_no_unit_is_installed() {
    let home = home_of(&[("alice", "/srv/photos/alice")]);
    let said = check(&home, &[]);
    assert!(!said.contains("installed unit"), "{said}");
}

#[test]
fn systemd_takes_the_printed_drop_in_without_a_word() {
    let home = home_of(&[("alice", "/srv/a \\\"b\\\" 100%"), ("bob", "/home/bob/Photos: all")]);
    let said = check(&home, &[("gphotos-syncd.service", UNIT)]);
    let drop_in = said.split_once("<<'END'\n").and_then(|(_, rest)| rest.split_once("END\n"));
    let units = home.path("units");
    let unit = UNIT.replace("/usr/bin/gphotos-syncd", env!("CARGO_BIN_EXE_gphotos-syncd"));
    let lines: Vec<&str> = unit.lines().filter(|line| !line.starts_with("Documentation=")).collect();
    let unit = lines.join("\n") + "\n";
    fs::write(units.join("gphotos-syncd.service"), unit).expect("writable");
    let drop_in = drop_in.expect("a drop-in").0;
    fs::write(units.join("gphotos-syncd.service.d/libraries.conf"), drop_in).expect("writable");
    let verify =
        Command::new("systemd-analyze").arg("verify").arg(units.join("gphotos-syncd.service")).output();
    let Ok(output) = verify else {
        skipped("systemd-analyze is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("gphotos-syncd")).collect();
    assert!(ours.is_empty() && output.status.success(), "{said}\n{drop_in}");
}

/// A daemon that sees `folder` read-only, as the unit's sandbox shows it; none where no namespace can be made.
fn launch_read_only(home: &Home, folder: &Path) -> Option<Served> {
    let tried = Command::new("unshare").args(["-m", "true"]).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        skipped("no mount namespace can be made here");
        return None;
    }
    let mount = "PATH=$PATH:/usr/sbin:/sbin; folder=$1; shift; mount --bind \"$folder\" \"$folder\" && \
                 mount -o remount,bind,ro \"$folder\" && exec \"$@\"";
    Some(launch(home, |command| {
        let log = home.path("daemon.log");
        let mut wrapped = Command::new("unshare");
        wrapped.args(["-m", "sh", "-c", mount, "sh"]).arg(folder).arg(command.get_program());
        wrapped.args(command.get_args()).env_clear();
        wrapped.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
        let file = fs::File::options().append(true).open(&log).expect("writable");
        *command = wrapped;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
    }))
}

#[test]
fn a_root_that_the_sandbox_shuts_out_is_told_at_the_start_with_the_drop_in_and_the_others_go_on() {
    let home = Home::with(&["alice", "bob"]);
    for name in ["alice", "bob"] {
        home.google.account(name).add_photo(ItemSpec::named("p.jpg").len(5_000));
    }
    let table =
        |name| format!("[library.{name}]\nroot = \"{name}\"\nschedule = \"0 0 0 1 1 *\"\nsplay = \"0s\"\n");
    home.write_config(&(table("alice") + &table("bob")));
    let Some(mut served) = launch_read_only(&home, &home.root("alice")) else { return };
    served.wait_complete(&home, "bob", 1);
    let alice = served.wait_state(&home, "alice", "failed");
    let detail = alice["detail"].as_str().expect("a text");
    assert!(detail.contains("ReadWritePaths=") && detail.contains("gphotos-syncd check"), "{detail}");
    let root = home.root("alice");
    let log = served.log();
    assert!(
        log.contains(&format!("cannot be written from inside the unit's sandbox: `{}`", root.display())),
        "{log}"
    );
    assert!(log.contains("libraries.conf") && log.contains(&bind_of(&root)), "{log}");
    served.stop();
}

#[test]
fn an_inbox_is_opened_for_writing_only_if_archives_leave_it_and_shown_where_homes_are_hidden() {
    let home = Home::bare(Settings::default());
    let table = |name: &str, inbox: &str, after: &str| {
        format!(
            "[library.{name}]\nroot = \"/srv/photos/{name}\"\nsources = [\"takeout\"]\ninbox = \"{inbox}\"\nafter-import = \"{after}\"\n"
        )
    };
    home.write_config(
        &[
            table("alice", "/srv/takeout/alice", "move"),
            table("bob", "/home/bob/Downloads", "keep"),
            table("carol", "/home/carol/Downloads", "delete"),
            table("dora", "/srv/takeout/dora", "keep"),
        ]
        .concat(),
    );
    let opened = "[Service]\nReadWritePaths=/srv/photos\n";
    let said =
        check(&home, &[("gphotos-syncd.service", UNIT), ("gphotos-syncd.service.d/libraries.conf", opened)]);
    let shut = "does not let the daemon write to `/srv/takeout/alice`, `/home/carol/Downloads`, nor read `/home/bob/Downloads`\n";
    assert!(said.contains(shut), "{said}");
    for line in [
        "ReadWritePaths=/srv/takeout/alice",
        "RequiresMountsFor=/srv/takeout/alice",
        "ProtectHome=tmpfs",
        "BindReadOnlyPaths=/home/bob/Downloads",
        "BindPaths=/home/carol/Downloads",
    ] {
        assert_eq!(said.matches(&format!("{line}\n")).count(), 1, "{line}: {said}");
    }
    assert!(!said.contains("takeout/dora"), "what nothing hides can be read: {said}");
    let (_, rest) = said.split_once("<<'END'\n").expect("a drop-in");
    let (drop_in, _) = rest.split_once("END\n").expect("its end");
    let said = check(&home, &[("gphotos-syncd.service.d/libraries.conf", drop_in)]);
    assert!(!said.contains("installed unit") && said.contains("is valid"), "{said}");
}

#[test]
fn an_inbox_that_the_sandbox_shuts_out_is_told_at_the_start_with_the_drop_in() {
    let home = Home::with(&["alice"]);
    let inbox = home.path("inbox");
    fs::create_dir(&inbox).expect("writable");
    home.write_config(
        "[library.alice]\nroot = \"alice\"\nschedule = \"manual\"\nsources = [\"takeout\"]\ninbox = \"inbox\"\nafter-import = \"move\"\n",
    );
    let Some(mut served) = launch_read_only(&home, &inbox) else { return };
    served.wait_told("READY=1");
    let log = served.log();
    let told = format!("cannot be written from inside the unit's sandbox: `{}`", inbox.display());
    assert!(log.contains(&told) && log.contains(&bind_of(&inbox)), "{log}");
    served.stop();
}

/// The line that shows a root to the unit; test folders lie in the temporary folder, which the unit has of its own.
fn bind_of(root: &Path) -> String {
    let key =
        if root.starts_with("/tmp") || root.starts_with("/var/tmp") { "BindPaths" } else { "ReadWritePaths" };
    format!("{key}={}\n", root.display())
}
