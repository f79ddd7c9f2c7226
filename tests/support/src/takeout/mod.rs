//! Exports as Google Takeout writes them: parts, folders, names, JSON.
//!
//! Owns: what a library to export is ([`TakeoutLibrary`]), how an export of it is asked for ([`Export`])
//! and what is then true ([`ExportTruth`]). Invariant: written forward from published examples and
//! rules, by no code that the daemon reads with; the same library and export give the same bytes.
//! May import: `archive`, `content`, `media`, `data`, `rng`. Tests: `takeout/tests/`.
//!
//! ```no_run
//! use fake_google::takeout::{Export, TakeoutAlbum, TakeoutItem, TakeoutLibrary};
//!
//! let mut library = TakeoutLibrary::default();
//! let beach = library.add(TakeoutItem::named("beach.jpg").taken("2023-07-01T10:00:00Z").edited());
//! library.add_album(TakeoutAlbum::titled("Summer").items(&[beach]));
//! let folder = std::path::Path::new("/tmp/inbox");
//! let truth = Export::at("2026-04-08T14:27:29Z").parts(3).write(&library, folder).unwrap();
//! assert_eq!(truth.parts.len(), 3);
//! assert_eq!(truth.items[0].albums, ["Summer"]);
//! ```

mod export;
mod item;
mod language;
mod library;
mod naming;
mod output;
mod plan;
mod sidecar;
mod split;
mod truth;

pub use crate::takeout::export::{
    AlbumForm, EntryFault, EntryTimes, Export, ExportFault, Form, Order, PartFault, SidecarForm, Split,
    ZipOptions,
};
pub use crate::takeout::item::{Bytes, Clip, Geo, Origin, Place, TakeoutAlbum, TakeoutItem};
pub use crate::takeout::language::Language;
pub use crate::takeout::library::TakeoutLibrary;
pub use crate::takeout::truth::{EntryRole, EntryTruth, ExportTruth, ItemTruth};

#[cfg(test)]
mod tests;
