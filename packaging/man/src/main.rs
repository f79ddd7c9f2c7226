//! `man-pages DIR DATE`: one manual page for `gphotos-syncd` and each of its commands, written to `DIR`.
//!
//! Owns: the form of the pages of section 1. Invariant: what stands in them of commands and options comes from the
//! definition that the program itself parses by, so they cannot be out of date; `DATE` (YYYY-MM-DD) comes from outside, so
//! that the same sources give the same bytes. Tests: below.

#![forbid(unsafe_code)]

mod tidy;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};
use gphotos_syncd::cli::Cli;
use gphotos_syncd::exit::Exit;
use std::fs;
use std::io::{Result, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::tidy::tidy;

/// The program, as the pages call it.
const NAME: &str = "gphotos-syncd";
/// What stands at the top of each page.
const MANUAL: &str = "Google Photos backup";

/// Files that the commands read and write, with what they are.
const FILES: [(&str, &str); 6] = [
    ("/etc/gphotos-syncd/config.toml", "The configuration; see gphotos-syncd.toml(5)."),
    ("/etc/gphotos-syncd/config.d/*.toml", "Read after it, in the order of their names."),
    ("/etc/gphotos-syncd/client_secret.json", "The OAuth client of the Google Cloud project."),
    ("ROOT/.gphotos.token", "The token of the library whose root is ROOT. Only its owner can read it."),
    ("ROOT/.gphotos-syncd/", "The library's index, its lock, and files under way."),
    ("/var/lib/gphotos-syncd/limiter.json", "The day's counts of requests and the pace that was learnt."),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [dir, date] = args.as_slice() else {
        complain("usage: man-pages DIR DATE");
        return ExitCode::from(Exit::Usage as u8);
    };
    match write_pages(Path::new(dir), date) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("cannot write the pages to `{dir}`: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// If standard error is closed, nobody is there to be told.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Writes every page to `dir`, which is made if need be; returns their paths.
fn write_pages(dir: &Path, date: &str) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(dir)?;
    let program = program();
    let mut written = Vec::new();
    for command in std::iter::once(&program).chain(program.get_subcommands()) {
        let path = dir.join(format!("{}.1", page_name(command)));
        fs::write(&path, tidy(&String::from_utf8_lossy(&page(command, &program, date)?)))?;
        written.push(path);
    }
    Ok(written)
}

/// The definition of the command line. `help` is no command of its own: `--help` and these pages are the help.
fn program() -> Command {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let names: Vec<String> = program.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.iter().fold(with_usage(program), |program, name| program.mut_subcommand(name, with_usage))
}

/// The command with the synopsis that its `--help` shows.
fn with_usage(mut command: Command) -> Command {
    let usage = command.render_usage().to_string();
    command.override_usage(usage.trim_start_matches("Usage: ").to_owned())
}

fn page_name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &Command, program: &Command, date: &str) -> Result<Vec<u8>> {
    let version = program.get_version().unwrap_or_default();
    let man = Man::new(command.clone())
        .title(page_name(command).to_uppercase())
        .date(date)
        .source(format!("{NAME} {version}"))
        .manual(MANUAL);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    exit_status().to_writer(&mut page)?;
    files().to_writer(&mut page)?;
    see_also(command, program).to_writer(&mut page)?;
    Ok(page)
}

/// What each way to end means to who called; every one must be told.
fn meaning(exit: Exit) -> &'static str {
    match exit {
        Exit::Done => "Done and complete.",
        Exit::Incomplete => {
            "A run ended with something missing: items failed, or it was throttled or interrupted."
        }
        Exit::Usage => "The command line is wrong.",
        Exit::Bug => "A bug.",
        Exit::TryLater => "Try again later: the library is locked, or the day's quota is spent.",
        Exit::NoPermission => "A library needs a login, or permission is denied.",
        Exit::Config => "The configuration is wrong.",
    }
}

fn exit_status() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for exit in [
        Exit::Done,
        Exit::Incomplete,
        Exit::Usage,
        Exit::Bug,
        Exit::TryLater,
        Exit::NoPermission,
        Exit::Config,
    ] {
        roff.control("TP", []);
        roff.text([bold((exit as u8).to_string())]);
        roff.text([roman(meaning(exit))]);
    }
    roff.control("PP", []);
    roff.text([
        bold("status --check"),
        roman(" answers as monitors expect it: 0 good, 1 warning, 2 critical."),
    ]);
    roff
}

fn files() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["FILES"]);
    for (path, what) in FILES {
        roff.control("TP", []);
        roff.text([italic(path)]);
        roff.text([roman(what)]);
    }
    roff
}

/// The other pages, each as one may type it after `man`.
fn see_also(command: &Command, program: &Command) -> Roff {
    let mut pages: Vec<(String, &str)> = std::iter::once(program)
        .chain(program.get_subcommands())
        .filter(|other| page_name(other) != page_name(command))
        .map(|other| (page_name(other).to_owned(), "(1)"))
        .collect();
    pages.push((format!("{NAME}.toml"), "(5)"));
    pages.push((format!("{NAME}.service"), "(8)"));
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    let last = pages.len() - 1;
    for (at, (name, section)) in pages.into_iter().enumerate() {
        let end = if at == last { "" } else { "," };
        roff.text([bold(name), roman(format!("{section}{end}"))]);
    }
    roff
}

#[cfg(test)]
mod tests {
    use crate::{page_name, program, write_pages};
    use std::fs;
    use std::path::Path;

    fn all_pages(dir: &Path) -> Vec<(String, String)> {
        let written = write_pages(dir, "2026-01-02").expect("writable");
        let name = |path: &Path| path.file_name().expect("a file").to_string_lossy().into_owned();
        written.iter().map(|path| (name(path), fs::read_to_string(path).expect("text"))).collect()
    }

    /// The text as a reader sees it, as far as options and names go.
    fn plain(page: &str) -> String {
        page.replace("\\-", "-").replace("\\fB", "").replace("\\fI", "").replace("\\fR", "")
    }

    #[test]
    fn every_command_has_a_page_that_tells_each_of_its_options() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let pages = all_pages(dir.path());
        let program = program();
        let commands: Vec<_> = std::iter::once(&program).chain(program.get_subcommands()).collect();
        assert_eq!(pages.len(), commands.len());
        for command in commands {
            let file = format!("{}.1", page_name(command));
            let (_, page) = pages.iter().find(|(name, _)| *name == file).expect("its page is written");
            let page = plain(page);
            for option in command.get_arguments() {
                let shown = match option.get_long() {
                    Some(long) => format!("--{long}"),
                    None => option.get_value_names().expect("a positional has a name")[0].to_string(),
                };
                assert!(page.contains(&shown), "{file} does not tell of `{shown}`:\n{page}");
            }
        }
    }

    #[test]
    fn the_page_of_the_program_names_every_other_page() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let pages = all_pages(dir.path());
        let (_, main) = pages.iter().find(|(name, _)| name == "gphotos-syncd.1").expect("it is written");
        let main = plain(main);
        for (name, _) in pages.iter().filter(|(name, _)| name != "gphotos-syncd.1") {
            let shown = name.replace(".1", "(1)");
            assert!(main.contains(&shown), "{shown} is not named");
        }
        assert!(main.contains("gphotos-syncd.toml(5)") && main.contains("gphotos-syncd.service(8)"));
    }

    #[test]
    fn the_same_sources_give_the_same_bytes() {
        let (one, two) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        assert_eq!(all_pages(one.path()), all_pages(two.path()));
    }

    #[test]
    fn every_page_that_a_page_written_by_hand_refers_to_is_there() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mut known: Vec<String> = all_pages(dir.path()).into_iter().map(|(name, _)| name).collect();
        let by_hand = ["gphotos-syncd.toml.5", "gphotos-syncd.service.8"];
        known.extend(by_hand.map(str::to_owned));
        for file in by_hand {
            let page = fs::read_to_string(here.join(file)).expect("it is there");
            let references = page.lines().filter_map(|line| line.strip_prefix(".Xr gphotos-syncd"));
            let names: Vec<String> = references
                .filter_map(|rest| rest.split_once(' '))
                .map(|(name, rest)| format!("gphotos-syncd{name}.{}", &rest[..1]))
                .collect();
            assert!(names.len() >= 4, "{file} refers to {names:?} only");
            for name in names {
                assert!(known.contains(&name), "{file} refers to {name}, which is not there");
            }
        }
    }
}
