//! What a library to export is made of; facts are plain fields, to be changed between two exports.

use chrono::{DateTime, Utc};

use crate::content::Content;

/// The bytes of a file.
#[derive(Clone, Debug)]
pub enum Bytes {
    /// Made up from the library's seed: this many, or 2,000 to 6,000.
    MadeUp(Option<u64>),
    /// A picture or clip that viewers can open, with its date inside.
    Real,
    /// Exactly these.
    Given(Content),
}

/// A place on Earth, in degrees and metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geo {
    /// North of the equator.
    pub latitude: f64,
    /// East of Greenwich.
    pub longitude: f64,
    /// Above the sea.
    pub altitude: f64,
}

/// Where an item stands in the library, which decides its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the year's folder.
    Library,
    /// In the year's folder, and again in the archive's.
    Archive,
    /// In the bin's folder alone.
    Trash,
    /// In `Locked Folder` alone.
    Locked,
    /// In `Failed Videos` alone.
    Failed,
    /// In its albums' folders alone: somebody else's, in a shared album.
    AlbumsOnly,
}

/// How an item came into the library: `googlePhotosOrigin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From a phone, out of this folder of it; "" is usual.
    Mobile(String),
    /// From a browser.
    Web,
    /// From a partner.
    Partner,
    /// From a shared album.
    SharedAlbum,
    /// Made by Google: `COLLAGE`, `ANIMATION` and the like.
    Composition(String),
    /// The JSON does not say.
    Unsaid,
}

/// A clip that is exported beside its still, and shares the still's JSON.
#[derive(Clone, Debug)]
pub struct Clip {
    /// Its extension, without the dot; none: it is named as the still without extension.
    pub extension: Option<String>,
    /// Its bytes.
    pub bytes: Bytes,
}

/// One item.
#[derive(Clone, Debug)]
pub struct TakeoutItem {
    /// Its full name, as `title` in the JSON.
    pub title: String,
    /// When it was taken; none: the JSON says 0.
    pub taken: Option<DateTime<Utc>>,
    /// When it came into the library.
    pub added: DateTime<Utc>,
    /// When it was last edited, if ever.
    pub modified: Option<DateTime<Utc>>,
    /// Its bytes, as uploaded.
    pub bytes: Bytes,
    /// The bytes of its edited copy, if it was edited.
    pub edit: Option<Bytes>,
    /// The clip of a live or motion photo that is a file of its own.
    pub clip: Option<Clip>,
    /// The caption.
    pub description: String,
    /// Faces that have a name.
    pub people: Vec<String>,
    /// The place that Google Photos shows: `geoData`.
    pub geo: Option<Geo>,
    /// The place in the file: `geoDataExif`.
    pub geo_exif: Option<Geo>,
    /// With a star.
    pub favourite: bool,
    /// Where it stands.
    pub place: Place,
    /// How it came.
    pub origin: Origin,
    /// The Android package that made it.
    pub app: Option<String>,
    /// Whether the export has JSON for it.
    pub has_sidecar: bool,
    /// The JSON, exactly, in place of a true one.
    pub sidecar: Option<String>,
}

impl TakeoutItem {
    /// An item of this full name, taken and added at 2023-06-01T12:00:00Z, with made-up bytes.
    pub fn named(title: impl Into<String>) -> Self {
        let day = moment("2023-06-01T12:00:00Z");
        Self {
            title: title.into(),
            taken: Some(day),
            added: day,
            modified: None,
            bytes: Bytes::MadeUp(None),
            edit: None,
            clip: None,
            description: String::new(),
            people: Vec::new(),
            geo: None,
            geo_exif: None,
            favourite: false,
            place: Place::Library,
            origin: Origin::Mobile(String::new()),
            app: None,
            has_sidecar: true,
            sidecar: None,
        }
    }

    /// When it was taken, as RFC 3339; it was added then too, until [`added`](Self::added) says else.
    ///
    /// # Panics
    /// If `taken` is not a time.
    #[must_use]
    pub fn taken(mut self, taken: &str) -> Self {
        self.added = moment(taken);
        self.taken = Some(self.added);
        self
    }

    /// When it came into the library, as RFC 3339.
    ///
    /// # Panics
    /// If `added` is not a time.
    #[must_use]
    pub fn added(mut self, added: &str) -> Self {
        self.added = moment(added);
        self
    }

    /// So many made-up bytes.
    #[must_use]
    pub fn len(mut self, bytes: u64) -> Self {
        self.bytes = Bytes::MadeUp(Some(bytes));
        self
    }

    /// A picture or clip that viewers can open, with its date inside.
    #[must_use]
    pub fn real(mut self) -> Self {
        self.bytes = Bytes::Real;
        self
    }

    /// Exactly this content.
    #[must_use]
    pub fn content(mut self, content: Content) -> Self {
        self.bytes = Bytes::Given(content);
        self
    }

    /// With an edited copy of made-up bytes.
    #[must_use]
    pub fn edited(mut self) -> Self {
        self.edit = Some(Bytes::MadeUp(None));
        self
    }

    /// A live photo, whose clip is exported with this extension, such as `MP4`.
    #[must_use]
    pub fn live(mut self, extension: &str) -> Self {
        self.clip = Some(Clip { extension: Some(extension.to_owned()), bytes: Bytes::MadeUp(None) });
        self
    }

    /// A motion photo, whose clip is exported under the still's name without its extension.
    #[must_use]
    pub fn motion(mut self) -> Self {
        self.clip = Some(Clip { extension: None, bytes: Bytes::MadeUp(None) });
        self
    }

    /// The caption.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// One more face with a name.
    #[must_use]
    pub fn person(mut self, name: impl Into<String>) -> Self {
        self.people.push(name.into());
        self
    }

    /// The place that Google Photos shows, in degrees.
    #[must_use]
    pub fn geo(mut self, latitude: f64, longitude: f64) -> Self {
        self.geo = Some(Geo { latitude, longitude, altitude: 0.0 });
        self
    }

    /// With a star.
    #[must_use]
    pub fn favourite(mut self) -> Self {
        self.favourite = true;
        self
    }

    /// Where it stands.
    #[must_use]
    pub fn place(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// How it came.
    #[must_use]
    pub fn origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// The export has no JSON for it.
    #[must_use]
    pub fn without_sidecar(mut self) -> Self {
        self.has_sidecar = false;
        self
    }

    /// The export has exactly this in place of its JSON.
    #[must_use]
    pub fn sidecar(mut self, text: impl Into<String>) -> Self {
        self.sidecar = Some(text.into());
        self
    }

    /// Whether it is new or edited since `since`, as an incremental export asks.
    pub(crate) fn is_news(&self, since: Option<DateTime<Utc>>) -> bool {
        since.is_none_or(|since| self.added > since || self.modified.is_some_and(|at| at > since))
    }
}

/// One album.
#[derive(Clone, Debug, Default)]
pub struct TakeoutAlbum {
    /// Its title; empty: untitled.
    pub title: String,
    /// What its owner wrote of it.
    pub description: String,
    /// The numbers of its items, as [`TakeoutLibrary::add`](crate::takeout::TakeoutLibrary::add) gave them.
    pub items: Vec<usize>,
    /// Texts between the photos.
    pub notes: Vec<String>,
    /// Comments: who, what.
    pub comments: Vec<(String, String)>,
    /// Its folder holds the items' JSON but not their files, as is seen now and then.
    pub json_only: bool,
}

impl TakeoutAlbum {
    /// An empty album of this title; an empty one is untitled.
    pub fn titled(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// These items, in this order.
    #[must_use]
    pub fn items(mut self, items: &[usize]) -> Self {
        self.items = items.to_vec();
        self
    }

    /// What its owner wrote of it.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// One more comment.
    #[must_use]
    pub fn comment(mut self, who: impl Into<String>, what: impl Into<String>) -> Self {
        self.comments.push((who.into(), what.into()));
        self
    }

    /// Its folder holds the items' JSON but not their files.
    #[must_use]
    pub fn json_only(mut self) -> Self {
        self.json_only = true;
        self
    }
}

/// RFC 3339 as a moment.
pub(crate) fn moment(text: &str) -> DateTime<Utc> {
    let at = DateTime::parse_from_rfc3339(text);
    at.unwrap_or_else(|e| panic!("`{text}`: {e}")).with_timezone(&Utc)
}
