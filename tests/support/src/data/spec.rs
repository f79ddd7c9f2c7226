//! What a test asks for when it adds an item.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

use crate::content::Content;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemKind {
    /// A still.
    Photo,
    /// A video.
    Video,
    /// A still with a clip: `=d` gives the still, `=dv` the clip.
    MotionPhoto,
}

/// Where Google is with a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VideoStatus {
    /// No bytes yet.
    Processing,
    /// Ready.
    Ready,
    /// No bytes, perhaps never.
    Failed,
    /// Google does not say.
    Unspecified,
}

impl VideoStatus {
    /// The word in the API.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Processing => "PROCESSING",
            Self::Ready => "READY",
            Self::Failed => "FAILED",
            Self::Unspecified => "UNSPECIFIED",
        }
    }
}

/// A field that an item's JSON may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// `id`.
    Id,
    /// `filename`.
    Filename,
    /// `mimeType`.
    MimeType,
    /// `baseUrl`.
    BaseUrl,
    /// `mediaMetadata.creationTime`.
    CreationTime,
    /// `mediaMetadata`, all of it.
    MediaMetadata,
}

/// An item to add; what is not said is made up from the item's number.
#[derive(Clone, Debug, Default)]
pub struct ItemSpec {
    pub(crate) id: Option<String>,
    pub(crate) filename: Option<String>,
    pub(crate) mime: Option<String>,
    pub(crate) created: Option<DateTime<Utc>>,
    pub(crate) description: String,
    pub(crate) size: Option<(u32, u32)>,
    pub(crate) content: Option<Content>,
    pub(crate) clip: Option<Content>,
    pub(crate) len: Option<u64>,
    pub(crate) real: bool,
    pub(crate) status: Option<VideoStatus>,
    pub(crate) marks: Marks,
    pub(crate) omit: Vec<Field>,
}

/// What a user or an app has marked an item with.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    pub(crate) favourite: bool,
    pub(crate) archived: bool,
    pub(crate) foreign: bool,
}

impl ItemSpec {
    /// An item named `filename`, exactly as it shall appear: nothing is made safe.
    pub fn named(filename: impl Into<String>) -> Self {
        Self { filename: Some(filename.into()), ..Self::default() }
    }

    /// Google's identifier, instead of one made up.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The type that the API tells and media is served with.
    #[must_use]
    pub fn mime(mut self, mime: impl Into<String>) -> Self {
        self.mime = Some(mime.into());
        self
    }

    /// When it was taken, as RFC 3339.
    ///
    /// # Panics
    /// If `created` is not a time.
    #[must_use]
    pub fn created(mut self, created: &str) -> Self {
        let at = DateTime::parse_from_rfc3339(created);
        self.created = Some(at.unwrap_or_else(|e| panic!("`{created}`: {e}")).with_timezone(&Utc));
        self
    }

    /// When it was taken.
    #[must_use]
    pub fn created_at(mut self, created: DateTime<Utc>) -> Self {
        self.created = Some(created);
        self
    }

    /// The caption.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn dimensions(mut self, width: u32, height: u32) -> Self {
        self.size = Some((width, height));
        self
    }

    /// So many made-up bytes.
    #[must_use]
    pub fn len(mut self, bytes: u64) -> Self {
        self.len = Some(bytes);
        self
    }

    /// Exactly these bytes.
    #[must_use]
    pub fn bytes(mut self, bytes: impl Into<Bytes>) -> Self {
        self.content = Some(Content::Bytes(bytes.into()));
        self
    }

    /// The bytes of a file, read at each request.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.content = Some(Content::File(path.into()));
        self
    }

    /// A picture or clip that a viewer can open.
    #[must_use]
    pub fn real(mut self) -> Self {
        self.real = true;
        self
    }

    /// Where Google is with the video.
    #[must_use]
    pub fn status(mut self, status: VideoStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// In the archive: not in a search unless asked for.
    #[must_use]
    pub fn archived(mut self) -> Self {
        self.marks.archived = true;
        self
    }

    /// With a star.
    #[must_use]
    pub fn favourite(mut self) -> Self {
        self.marks.favourite = true;
        self
    }

    /// Not made by the app: unseen with the scope for app-created data.
    #[must_use]
    pub fn foreign(mut self) -> Self {
        self.marks.foreign = true;
        self
    }

    /// Leave a field out of the JSON.
    #[must_use]
    pub fn without(mut self, field: Field) -> Self {
        self.omit.push(field);
        self
    }
}
