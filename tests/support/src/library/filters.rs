//! The body of a search.

use serde::Deserialize;

use crate::data::{Field, Item};
use crate::library::dates::DateFilter;
use crate::reply::ApiError;

/// The body of `mediaItems:search`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct SearchBody {
    pub(crate) album_id: String,
    pub(crate) page_size: i64,
    pub(crate) page_token: Option<String>,
    pub(crate) order_by: String,
    pub(crate) filters: Option<Filters>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Filters {
    date_filter: Option<DateFilter>,
    content_filter: Option<ContentFilter>,
    media_type_filter: MediaTypeFilter,
    feature_filter: FeatureFilter,
    include_archived_media: bool,
    exclude_non_app_created_data: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ContentFilter {
    included_content_categories: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct MediaTypeFilter {
    media_types: Vec<MediaType>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct FeatureFilter {
    included_features: Vec<Feature>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum MediaType {
    AllMedia,
    Photo,
    Video,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Feature {
    None,
    Favorites,
}

impl SearchBody {
    /// Reads and checks the body; an empty one asks for everything.
    pub(crate) fn read(body: &[u8]) -> Result<Self, ApiError> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        let read: Self = serde_json::from_slice(body)
            .map_err(|e| ApiError::invalid(format!("Invalid JSON payload received. {e}")))?;
        let filters = read.filters.clone().unwrap_or_default();
        if let Some(dates) = &filters.date_filter {
            dates.check()?;
        }
        let ordered = ["", "MediaMetadata.creation_time", "MediaMetadata.creation_time desc"];
        let order_ok = read.order_by.is_empty()
            || (filters.date_filter.is_some() && ordered.contains(&read.order_by.as_str()));
        let alone = read.album_id.is_empty() || read.filters.is_none();
        if alone && order_ok && filters.media_type_filter.media_types.len() <= 1 {
            return Ok(read);
        }
        Err(ApiError::invalid("Request contains an invalid argument."))
    }

    /// Oldest first instead of newest first.
    pub(crate) fn ascending(&self) -> bool {
        self.order_by == "MediaMetadata.creation_time"
    }
}

impl Filters {
    /// Whether an item passes, apart from its date.
    pub(crate) fn matches(&self, item: &Item) -> bool {
        let media = self.media_type_filter.media_types.first().copied().unwrap_or(MediaType::AllMedia);
        let media_ok = match media {
            MediaType::AllMedia => true,
            MediaType::Photo => !item.is_video(),
            MediaType::Video => item.is_video(),
        };
        let starred = self.feature_filter.included_features.contains(&Feature::Favorites);
        let categories = self.content_filter.as_ref().map(|content| &content.included_content_categories);
        let undated = item.lacks(Field::CreationTime) || item.lacks(Field::MediaMetadata);
        media_ok
            && (!starred || item.marks.favourite)
            && categories.is_none_or(|wanted| wanted.is_empty() || wanted == &["NONE"])
            && (self.include_archived_media || !item.marks.archived)
            && !(self.exclude_non_app_created_data && item.marks.foreign)
            && !(undated && self.date_filter.is_some())
    }

    /// Whether a moment passes the date filter.
    pub(crate) fn matches_ms(&self, ms: i64) -> bool {
        self.date_filter.as_ref().is_none_or(|dates| dates.matches(&crate::clock::at(ms)))
    }
}
