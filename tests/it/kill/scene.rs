//! What is synced or imported while it is killed.
//!
//! Invariant: each installation of a scene is like the other. May use: `context`, `exports`, `fake_google`.

use super::points::next;
use crate::context::Home;
use crate::exports::{STAMP, offline};
use fake_google::takeout::{Export, Form, TakeoutLibrary};
use fake_google::{ItemSpec, User};
use std::fs;

/// More than one checkpoint of a large file, bytes.
const LARGE: u64 = 17 * 1024 * 1024;

/// A library and how it is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    /// For messages.
    pub(crate) name: &'static str,
    /// How many small photos and videos.
    pub(crate) items: u32,
    /// How many videos that are written in pieces.
    pub(crate) large: u32,
    /// The key of the configuration.
    pub(crate) sidecar: &'static str,
    /// The key of the configuration.
    pub(crate) albums: &'static str,
    /// Whether the library changes at Google after the kill.
    pub(crate) changes: bool,
    /// Whether an export is imported instead of a sync.
    pub(crate) is_import: bool,
    /// Whether a run has ended well before, and there is something new.
    pub(crate) is_second: bool,
}

impl Scene {
    /// Photos, short videos, motion photos and albums.
    pub(crate) fn plain(name: &'static str, items: u32) -> Self {
        Self {
            name,
            items,
            large: 0,
            sidecar: "none",
            albums: "symlink",
            changes: false,
            is_import: false,
            is_second: false,
        }
    }

    /// The command that is killed.
    pub(crate) fn args(&self, home: &Home) -> Vec<String> {
        let inbox = home.path("inbox").display().to_string();
        let args: &[&str] = if self.is_import { &["import", "alice", &inbox] } else { &["sync"] };
        args.iter().map(|&arg| arg.to_owned()).collect()
    }

    /// A new installation of it.
    pub(crate) fn build(&self) -> Home {
        if self.is_import {
            return self.build_import();
        }
        let home = Home::with(&["alice"]);
        home.append_config(&format!("sidecar = \"{}\"\nalbums = \"{}\"\n", self.sidecar, self.albums));
        let alice = home.google.account("alice");
        let ids: Vec<String> = (0..self.items).map(|n| add(&alice, n)).collect();
        for n in 0..self.large {
            let name = format!("film {n}.mp4");
            let created = format!("2022-03-0{}T10:00:00Z", n + 1);
            alice.add_video(ItemSpec::named(name).created(&created).len(LARGE + u64::from(n)));
        }
        for (n, chunk) in ids.chunks(12).take(4).enumerate() {
            alice.add_album(&format!("Album {n}"), chunk);
        }
        if self.is_second {
            home.run_ok(&["sync"]);
            self.renew(&home, 5);
        } else {
            expire_token(&home);
        }
        home
    }

    fn build_import(&self) -> Home {
        let home = offline();
        let mut library = TakeoutLibrary::synthetic(u64::from(self.items), &(1_000..=6_000), 11);
        library.spread_albums(3, 8);
        let export = Export::at(STAMP).form(Form::Zip).parts(2);
        let truth = export.write(&library, &home.path("inbox")).expect("writable");
        let sums: String = truth.media_sha256().into_iter().map(|sum| sum + "\n").collect();
        fs::write(home.path("truth"), sums).expect("writable");
        home
    }

    /// What happens at Google between the kill and the next run.
    pub(crate) fn change(&self, home: &Home, seed: u64) {
        if self.changes {
            self.renew(home, seed);
        }
    }

    /// New items, another name of an old one, another order of an album.
    fn renew(&self, home: &Home, seed: u64) {
        let alice = home.google.account("alice");
        let mut seed = seed;
        let truth = alice.truth();
        let any = usize::try_from(next(&mut seed)).expect("small") % truth.items.len();
        alice.rename_item(&truth.items[any].id, "another name.jpg");
        let first = add(&alice, self.items);
        add(&alice, self.items + 7);
        let album = &truth.albums[0];
        let mut items = album.items.clone();
        items.reverse();
        items.push(first);
        alice.set_album_items(&album.id, &items);
    }
}

fn add(alice: &User, n: u32) -> String {
    let created = format!("2024-{:02}-{:02}T10:00:00Z", 1 + n % 5, 1 + n % 28);
    // Some names are wished by more than one item of a month.
    let spec = |ext: &str| ItemSpec::named(format!("IMG_{}.{ext}", n % 90)).created(&created);
    match n % 20 {
        7 | 17 => alice.add_video(spec("mp4").len(9_000 + u64::from(n))),
        9 => alice.add_motion_photo(spec("MP.jpg").len(3_000)),
        _ => alice.add_photo(spec("jpg").len(1_500 + u64::from(n))),
    }
}

/// Makes the token one that must be refreshed, so that a token file is written in the run.
fn expire_token(home: &Home) {
    let mut token: serde_json::Value =
        serde_json::from_str(&home.google.token_json("alice")).expect("it is JSON");
    token["expires_at"] = 1_000.into();
    home.put_token("alice", &token.to_string());
}
