//! The main job without a Google account: two libraries, from the simulator, to a temporary folder.
//!
//! Shows what a person sees: `login` with its consent, `sync` with its progress, the tree, a second run that finds a late
//! photograph and a renamed album, and `status`. The program under demonstration is this very executable: started with [`PART`]
//! in its environment, it is `gphotos-syncd`.

#![forbid(unsafe_code)]

use fake_google::{Consent, FakeGoogle, ItemSpec, Settings, User};
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

/// Set in the environment of the child that plays the program itself.
const PART: &str = "GPHOTOS_SYNCD_DEMO_PART";
/// Photographs of the larger library.
const PHOTOS: u32 = 60;
/// How long each answer of the simulator takes, so that there is a progress to see.
const LATENCY: Duration = Duration::from_millis(60);
/// The longest answer of the login's listener that is read, bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    if std::env::var_os(PART).is_some() {
        return gphotos_syncd::cli::main();
    }
    match demonstrate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "the demo failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn demonstrate() -> Outcome {
    let google = FakeGoogle::start_blocking(Settings { latency: LATENCY, ..Settings::default() });
    let album = furnish_alice(&google.account("alice"));
    furnish_bob(&google.account("bob"));

    let home = tempfile::tempdir()?;
    prepare(home.path(), &google)?;
    say(&format!(
        "A simulator of Google's services answers at {}; nothing leaves this machine.",
        google.url()
    ));
    for library in ["alice", "bob"] {
        log_in(home.path(), &google, library)?;
    }

    program(home.path(), &["sync"])?;
    say("What is on disk now:");
    show_tree(home.path())?;

    google.account("alice").rename_album(&album, "Summer in Rome");
    let late = ItemSpec::named("late.jpg").created("2024-08-20T18:00:00Z").real();
    google.account("alice").add_photo(late);
    say("Alice renamed the album and uploaded a photograph. The next run asks for the newest pages only:");
    program(home.path(), &["sync", "alice"])?;
    show_albums(home.path())?;
    program(home.path(), &["status"])?;
    say("That was all. The folder is removed; the README tells how to set up your own.");
    Ok(())
}

/// Sixty photographs, a clip, a motion photo, two of one name, and an album.
fn furnish_alice(alice: &User) -> String {
    let mut newest = Vec::new();
    for number in 0..PHOTOS {
        let (month, day) = (5 + number / 28, 1 + number % 28);
        let name = format!("IMG_{number:04}.JPG");
        let created = format!("2024-{month:02}-{day:02}T09:30:00Z");
        let id =
            alice.add_photo(ItemSpec::named(name).created(&created).real().description("made on the spot"));
        if number >= PHOTOS - 4 {
            newest.push(id);
        }
    }
    for day in [3, 4] {
        alice.add_photo(ItemSpec::named("twin.jpg").created(&format!("2023-12-0{day}T12:00:00Z")).real());
    }
    alice.add_video(ItemSpec::named("waves.mp4").created("2024-06-15T16:00:00Z").real());
    alice.add_motion_photo(ItemSpec::named("PXL_20240701.MP.jpg").created("2024-07-01T08:00:00Z"));
    alice.add_album("Rome", &newest)
}

fn furnish_bob(bob: &User) {
    let cat = bob.add_photo(ItemSpec::named("猫 – the cat.jpg").created("2019-11-30T22:10:00Z").real());
    let clip = bob.add_video(ItemSpec::named("birthday.mp4").created("2020-02-29T15:00:00Z").real());
    bob.add_photo(ItemSpec::named("garden.jpg").created("2020-04-12T07:45:00Z").real());
    bob.add_album("Cat & cake", &[&cat, &clip]);
}

/// The installation: a client secret, a configuration, two roots.
fn prepare(home: &Path, google: &FakeGoogle) -> Outcome {
    fs::write(home.join("client_secret.json"), google.client_secret_json())?;
    for library in ["alice", "bob"] {
        fs::create_dir(home.join(library))?;
    }
    let config = format!(
        "[google.endpoints]\nlibrary = \"{}\"\n\n[limits]\nmin-free-space = \"16 MiB\"\n\n\
         [library.alice]\nroot = \"alice\"\n\n[library.bob]\nroot = \"bob\"\nalbums = \"hardlink\"\n",
        google.url()
    );
    fs::write(home.join("config.toml"), config)?;
    Ok(())
}

/// The program, ready to be started in this installation.
fn command(home: &Path, args: &[&str]) -> Result<Command, Box<dyn Error>> {
    say(&format!("$ gphotos-syncd {}", args.join(" ")));
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--config").arg(home.join("config.toml")).args(args).env(PART, "program");
    command.env("RUNTIME_DIRECTORY", home.join("run")).env("STATE_DIRECTORY", home.join("state"));
    Ok(command)
}

fn program(home: &Path, args: &[&str]) -> Outcome {
    let status = command(home, args)?.status()?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", args.join(" ")).into()) }
}

/// Starts `login`, and plays the browser and the person before it.
fn log_in(home: &Path, google: &FakeGoogle, library: &str) -> Outcome {
    let mut child = command(home, &["login", library])?.stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().ok_or("no output")?;
    let mut agreed = false;
    for line in BufReader::new(output).lines() {
        let line = line?;
        let address = line.split_whitespace().find(|word| word.starts_with(google.url()));
        say(if address.is_some() { "  (the address; the demo opens it and agrees)" } else { &line });
        if let (Some(address), false) = (address, agreed) {
            visit(&google.consent(address, &Consent::allow(library))?)?;
            agreed = true;
        }
    }
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(format!("`login {library}` ended with {status}").into()) }
}

/// Opens the address that the consent page sends the browser to.
fn visit(address: &str) -> Outcome {
    let rest = address.strip_prefix("http://").ok_or("an address without http")?;
    let (host, path) = rest.split_once('/').ok_or("an address without a path")?;
    let mut stream = TcpStream::connect(host)?;
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err("the login did not accept the answer".into())
    }
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The folders, each with how many files it has and its first names.
fn show_tree(home: &Path) -> Outcome {
    for library in ["alice", "bob"] {
        for top in ["photos", "albums"] {
            show_folder(home, &format!("{library}/{top}"))?;
        }
    }
    Ok(())
}

fn show_albums(home: &Path) -> Outcome {
    show_folder(home, "alice/albums")
}

fn show_folder(home: &Path, folder: &str) -> Outcome {
    let mut entries: Vec<_> = fs::read_dir(home.join(folder))?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let (folders, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|e| e.path().is_dir());
    for inner in folders {
        show_folder(home, &format!("{folder}/{}", inner.file_name().to_string_lossy()))?;
    }
    if files.is_empty() {
        return Ok(());
    }
    say(&format!("  {folder}/  ({} files)", files.len()));
    for file in files.iter().take(3) {
        let name = file.file_name().to_string_lossy().into_owned();
        match fs::read_link(file.path()) {
            Ok(target) => say(&format!("    {name} -> {}", target.display())),
            Err(_) => say(&format!("    {name}  {} bytes", file.metadata()?.len())),
        }
    }
    if files.len() > 3 {
        say(&format!("    ... and {} more", files.len() - 3));
    }
    Ok(())
}
