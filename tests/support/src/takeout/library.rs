//! A whole library to export.

use chrono::{DateTime, Utc};
use std::ops::RangeInclusive;

use crate::clock;
use crate::content::{Content, Magic};
use crate::data::{ItemKind, Truth};
use crate::media::{Form, Recipe};
use crate::rng;
use crate::takeout::item::{Bytes, Clip, Place, TakeoutAlbum, TakeoutItem};
use crate::takeout::language::Language;

/// Made-up items begin at 2015-01-01T00:00:00Z, one every 6 hours.
const FIRST_MS: i64 = 1_420_070_400_000;
const STEP_MS: i64 = 6 * 3600 * 1000;
/// Length of made-up bytes where none is asked for: from 2,000 to 6,000.
const DEFAULT_BYTES_MIN: u64 = 2_000;
const DEFAULT_BYTES_SPAN: u64 = 4_000;

/// One account's library, in the order in which items came; plain data, to be changed between exports.
#[derive(Clone, Debug)]
pub struct TakeoutLibrary {
    /// Its items. Never remove one: numbers are places in this list, and seeds of bytes.
    pub items: Vec<TakeoutItem>,
    /// Its albums.
    pub albums: Vec<TakeoutAlbum>,
    /// The account's language.
    pub language: Language,
    /// The seed of all that is made up, the account's name so to speak.
    pub seed: u64,
    /// Titles of memories that the owner wrote.
    pub memories: Vec<String>,
}

impl Default for TakeoutLibrary {
    fn default() -> Self {
        let (items, albums, memories) = (Vec::new(), Vec::new(), Vec::new());
        Self { items, albums, language: Language::ENGLISH, seed: 1, memories }
    }
}

impl TakeoutLibrary {
    /// An empty library whose words are of `language`.
    pub fn of_language(language: Language) -> Self {
        Self { language, ..Self::default() }
    }

    /// `count` photos of `bytes` each, one every 6 hours since 2015.
    pub fn synthetic(count: u64, bytes: &RangeInclusive<u64>, seed: u64) -> Self {
        let span = bytes.end().saturating_sub(*bytes.start()) + 1;
        let item = |number: u64| {
            let at = clock::at(FIRST_MS + i64::try_from(number).unwrap_or(0) * STEP_MS);
            let len = bytes.start() + rng::below(rng::mix2(seed, number) ^ 0x7a, span);
            let mut item = TakeoutItem::named(format!("IMG_{}.jpg", at.format("%Y%m%d_%H%M%S"))).len(len);
            (item.taken, item.added) = (Some(at), at);
            item
        };
        Self { items: (0..count).map(item).collect(), seed, ..Self::default() }
    }

    /// What an account of the simulator holds, so that Takeout and the Library API show one library.
    pub fn of_account(truth: &Truth) -> Self {
        let mut library = Self::default();
        for item in truth.items.iter().rev() {
            let title = item.filename.clone().unwrap_or_default();
            let mut made = TakeoutItem::named(title).content(item.content.clone());
            made.taken = item.created;
            made.added = item.created.unwrap_or(made.added);
            made.description.clone_from(&item.description);
            made.favourite = item.favourite;
            made.place = if item.archived { Place::Archive } else { Place::Library };
            if item.kind == ItemKind::MotionPhoto {
                let bytes = item.clip.clone().map_or(Bytes::MadeUp(None), Bytes::Given);
                made.clip = Some(Clip { extension: Some("MP4".to_owned()), bytes });
            }
            library.items.push(made);
        }
        let number = |id: &String| {
            let at = truth.items.iter().position(|item| item.id == *id)?;
            Some(truth.items.len() - 1 - at)
        };
        for album in &truth.albums {
            let items: Vec<usize> = album.items.iter().filter_map(number).collect();
            library.albums.push(TakeoutAlbum::titled(&*album.title).items(&items));
        }
        library
    }

    /// Adds an item; gives its number.
    pub fn add(&mut self, item: TakeoutItem) -> usize {
        self.items.push(item);
        self.items.len() - 1
    }

    /// Adds an album; gives its number.
    pub fn add_album(&mut self, album: TakeoutAlbum) -> usize {
        self.albums.push(album);
        self.albums.len() - 1
    }

    /// Fills `albums` albums with `each` items, spread evenly over the library.
    pub fn spread_albums(&mut self, albums: usize, each: usize) {
        let stride = (self.items.len() / (albums * each).max(1)).max(1);
        for album in 0..albums {
            let first = album * each * stride;
            let items: Vec<usize> = (0..each).map(|n| first + n * stride).collect();
            let items: Vec<usize> = items.into_iter().filter(|&at| at < self.items.len()).collect();
            self.add_album(TakeoutAlbum::titled(format!("Album {:03}", album + 1)).items(&items));
        }
    }

    /// Changes an item at `modified`, so that the next incremental export holds it again.
    ///
    /// # Panics
    /// If there is no such item, or `modified` is not a time.
    pub fn edit(&mut self, item: usize, modified: &str, change: impl FnOnce(&mut TakeoutItem)) {
        change(&mut self.items[item]);
        self.items[item].modified = Some(crate::takeout::item::moment(modified));
    }

    /// The bytes of an item, as uploaded.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn content(&self, item: usize) -> Content {
        self.resolve(item, 0, &self.items[item].bytes, magic_of(&self.items[item].title))
    }

    /// The bytes of its edited copy.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn edited_content(&self, item: usize) -> Option<Content> {
        let bytes = self.items[item].edit.as_ref()?;
        Some(self.resolve(item, 1, bytes, magic_of(&self.items[item].title)))
    }

    /// The bytes of its clip.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn clip_content(&self, item: usize) -> Option<Content> {
        let clip = self.items[item].clip.as_ref()?;
        Some(self.resolve(item, 2, &clip.bytes, Magic::Mp4))
    }

    fn resolve(&self, item: usize, which: u64, bytes: &Bytes, magic: Magic) -> Content {
        let number = u64::try_from(item).unwrap_or(0);
        let seed = rng::mix2(rng::mix2(self.seed, number), which);
        match bytes {
            Bytes::Given(content) => content.clone(),
            Bytes::MadeUp(len) => {
                let len = len.unwrap_or(DEFAULT_BYTES_MIN + rng::below(seed, DEFAULT_BYTES_SPAN));
                Content::Noise { seed, len, magic }
            }
            Bytes::Real => {
                let form = if magic == Magic::Mp4 { Form::Clip } else { Form::Still };
                let taken = self.items[item].taken.unwrap_or(DateTime::<Utc>::UNIX_EPOCH);
                Content::Made(Recipe::new(form, seed, taken))
            }
        }
    }
}

fn magic_of(title: &str) -> Magic {
    match title.rsplit('.').next().unwrap_or("").to_ascii_lowercase().as_str() {
        "mp4" | "mov" | "m4v" | "3gp" => Magic::Mp4,
        "heic" | "heif" => Magic::Heic,
        "png" => Magic::Png,
        _ => Magic::Jpeg,
    }
}
