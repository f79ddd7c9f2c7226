//! What is really there, for tests to compare with what was synced.

use chrono::{DateTime, Utc};

use crate::content::Content;
use crate::data::{Account, Field, Item, ItemKind, Order, VideoStatus};

/// Everything in an account, newest first.
#[derive(Clone, Debug)]
pub struct Truth {
    /// All items.
    pub items: Vec<TruthItem>,
    /// All albums.
    pub albums: Vec<TruthAlbum>,
}

/// One item.
#[derive(Clone, Debug)]
pub struct TruthItem {
    /// Google's identifier.
    pub id: String,
    /// The raw filename; none if its JSON lacks it.
    pub filename: Option<String>,
    /// When it was taken; none if its JSON lacks it.
    pub created: Option<DateTime<Utc>>,
    /// What it is.
    pub kind: ItemKind,
    /// Its type.
    pub mime: String,
    /// Its caption.
    pub description: String,
    /// Its bytes: `=d` of a photo, `=dv` of a video.
    pub content: Content,
    /// A motion photo's clip: `=dv`.
    pub clip: Option<Content>,
    /// In the archive.
    pub archived: bool,
    /// With a star.
    pub favourite: bool,
    /// Made by the app.
    pub app_created: bool,
    /// Where Google is with a video.
    pub status: VideoStatus,
}

impl TruthItem {
    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.content.bytes()
    }

    /// The SHA-256 of its bytes, lower-case hexadecimal.
    pub fn sha256(&self) -> String {
        self.content.sha256()
    }
}

/// One album.
#[derive(Clone, Debug)]
pub struct TruthAlbum {
    /// Google's identifier.
    pub id: String,
    /// The raw title.
    pub title: String,
    /// The ids of its items, in its order.
    pub items: Vec<String>,
    /// Made by the app.
    pub app_created: bool,
}

impl Truth {
    pub(crate) fn of(account: &Account) -> Self {
        let numbers = account.positions(None, Order::NewestFirst).map(|position| position.number);
        let items =
            numbers.filter_map(|n| account.item_by_number(n)).map(|item| TruthItem::of(&item)).collect();
        let album = |album: &crate::data::Album| TruthAlbum {
            id: album.id.clone(),
            title: album.title.clone(),
            items: album
                .items
                .iter()
                .filter_map(|&n| account.item_by_number(n))
                .map(|i| i.id.clone())
                .collect(),
            app_created: !album.foreign,
        };
        Self { items, albums: account.albums.iter().map(album).collect() }
    }

    /// The item with this id or filename.
    pub fn item(&self, name: &str) -> Option<&TruthItem> {
        self.items.iter().find(|item| item.id == name || item.filename.as_deref() == Some(name))
    }
}

impl TruthItem {
    fn of(item: &Item) -> Self {
        let undated = item.lacks(Field::CreationTime) || item.lacks(Field::MediaMetadata);
        Self {
            id: item.id.clone(),
            filename: (!item.lacks(Field::Filename)).then(|| item.filename.clone()),
            created: (!undated).then_some(item.created),
            kind: item.kind,
            mime: item.mime.clone(),
            description: item.description.clone(),
            content: item.content.clone(),
            clip: item.clip.clone(),
            archived: item.marks.archived,
            favourite: item.marks.favourite,
            app_created: !item.marks.foreign,
            status: item.status,
        }
    }
}
