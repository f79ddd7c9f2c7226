//! `check`: the whole configuration, read and judged, without network and without a trace on disk.
//!
//! Invariant: reads only. May import: `config`, `clock`, `daemon`, `exit`, `systemd`. Tests: below.

use chrono::{DateTime, Local, SecondsFormat, TimeZone};
use std::fmt::Write as _;
use std::path::Path;

use crate::clock::wall_now;
use crate::config::{Config, Library, Schedule};
use crate::daemon::{needs_of, told_needs};
use crate::exit::Exit;
use crate::systemd::{Need, Sandbox, drop_in_for};

/// What `check` says of the configuration at `config`, and how it exits: [`Exit::Done`], or as [`ConfigError::exit`](crate::config::ConfigError::exit) says.
pub fn run(config: &Path) -> (String, Exit) {
    verdict(config, Sandbox::installed().as_ref(), &wall_now().with_timezone(&Local))
}

fn verdict<Tz: TimeZone>(config: &Path, sandbox: Option<&Sandbox>, now: &DateTime<Tz>) -> (String, Exit) {
    match Config::examine(config) {
        Ok((config, warnings)) => (success(&config, &warnings, sandbox, now), Exit::Done),
        Err(error) => (format!("{error}\n"), error.exit()),
    }
}

fn success<Tz: TimeZone>(
    config: &Config,
    warnings: &[String],
    sandbox: Option<&Sandbox>,
    now: &DateTime<Tz>,
) -> String {
    let mut out = String::new();
    for library in config.libraries.values() {
        let _ = writeln!(out, "{}", line(library, now));
    }
    if config.libraries.is_empty() {
        let _ = writeln!(out, "no library is configured, so the daemon would idle");
        let _ = writeln!(out, "hint: add `[library.NAME]` with its `root` to `{}`", config.path.display());
    }
    for warning in warnings {
        let _ = writeln!(out, "\n{warning}");
    }
    if let Some(warning) = sandbox.and_then(|sandbox| shut_out(config, sandbox)) {
        let _ = writeln!(out, "\n{warning}");
    }
    let _ = writeln!(out, "`{}` is valid", config.path.display());
    out
}

/// What to do about folders that the installed unit shuts out; none if there are none.
fn shut_out(config: &Config, sandbox: &Sandbox) -> Option<String> {
    let needs = needs_of(config);
    let shut: Vec<Need<'_>> = needs.iter().filter(|need| !sandbox.grants(need)).copied().collect();
    let told = told_needs(&shut, "write to", ", nor ", "read")?;
    Some(format!(
        "warning: the installed unit gphotos-syncd.service does not let the daemon {told}\n{}",
        drop_in_for(&needs)
    ))
}

fn line<Tz: TimeZone>(library: &Library, now: &DateTime<Tz>) -> String {
    let sources: Vec<_> = library.sources.iter().map(|source| source.word()).collect();
    let when = match &library.schedule {
        Schedule::Manual => "manual, runs only when asked".to_owned(),
        Schedule::Cron(fields) => match library.schedule.next_after(now) {
            Some(due) => {
                format!(
                    "\"{fields}\", next due {}",
                    due.fixed_offset().to_rfc3339_opts(SecondsFormat::Secs, true)
                )
            }
            None => format!("\"{fields}\", never due"),
        },
    };
    format!(
        "{}: root {}, schedule {when}, sources {}",
        library.name,
        library.root.display(),
        sources.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use crate::cli::check::verdict;
    use crate::exit::Exit;
    use chrono::{DateTime, Utc};
    use std::fs;

    fn check(toml: &str) -> (String, Exit) {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("config.toml");
        fs::create_dir(home.path().join("there")).unwrap();
        fs::write(home.path().join("file"), "").unwrap();
        fs::write(&config, toml).unwrap();
        let now: DateTime<Utc> = "2024-01-10T09:00:00Z".parse().unwrap();
        let (text, exit) = verdict(&config, None, &now);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 3, "check left something behind");
        (text.replace(home.path().to_str().unwrap(), "HOME"), exit)
    }

    #[test]
    fn every_library_has_a_line_with_its_next_run() {
        let (text, exit) =
            check("[library.b]\nroot = \"there\"\nschedule = \"manual\"\n[library.a]\nroot = \"away\"\n");
        assert_eq!(exit, Exit::Done);
        let first = "a: root HOME/away, schedule \"0 0 */6 * * *\", next due 2024-01-10T12:00:00Z, sources library-api\n";
        let second = "b: root HOME/there, schedule manual, runs only when asked, sources library-api\n";
        assert!(text.starts_with(&format!("{first}{second}")), "{text}");
        assert!(text.contains("warning: the root of the library `a` does not exist yet"), "{text}");
        let made = "install -d -m 0750 -o gphotos-syncd -g gphotos-syncd 'HOME/";
        assert!(text.contains(made), "{text}");
        assert!(text.contains("HOME/config.toml:5:8"), "{text}");
    }

    #[test]
    fn a_root_that_is_not_a_folder_is_an_error() {
        for root in ["file", "file/below"] {
            let (text, exit) = check(&format!("[library.a]\nroot = \"{root}\"\n"));
            assert_eq!(exit, Exit::Config, "{text}");
            assert!(text.contains("not a folder") && text.contains("HOME/config.toml:2:8"), "{text}");
        }
    }

    #[test]
    fn no_library_and_a_missing_client_secret_are_no_errors() {
        let (text, exit) = check("[google]\nclient-secret = \"gone.json\"\n");
        assert_eq!(exit, Exit::Done);
        assert!(
            text.contains("no library is configured") && text.contains("warning: the client secret"),
            "{text}"
        );
    }

    #[test]
    fn a_fault_gives_the_report_and_the_exit_code_of_configuration() {
        let (text, exit) = check("[limits]\ndownloads = 0\n");
        assert_eq!(exit, Exit::Config);
        assert!(text.contains("error: bad value for `downloads`"), "{text}");
    }
}
