//! One item as it stands, every choice made.

use chrono::{DateTime, Utc};

use crate::clock;
use crate::content::{Content, Magic};
use crate::data::spec::Marks;
use crate::data::{Field, ItemKind, ItemSpec, VideoStatus};
use crate::media::{Form, Recipe};
use crate::rng;

/// Length of made-up bytes where none is asked for: from 2,000 to 6,000.
const DEFAULT_BYTES_MIN: u64 = 2_000;
const DEFAULT_BYTES_SPAN: u64 = 4_000;
/// 2024-01-01T00:00:00Z: the first item without a date was taken then, the next a minute later.
const FIRST_TAKEN_MS: i64 = 1_704_067_200_000;

/// One item.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// Counts up in the account; part of its place in listings.
    pub(crate) number: u64,
    pub(crate) id: String,
    pub(crate) kind: ItemKind,
    pub(crate) filename: String,
    pub(crate) mime: String,
    pub(crate) created: DateTime<Utc>,
    pub(crate) description: String,
    pub(crate) size: (u32, u32),
    pub(crate) content: Content,
    /// The clip of a motion photo.
    pub(crate) clip: Option<Content>,
    pub(crate) status: VideoStatus,
    pub(crate) marks: Marks,
    pub(crate) omit: Vec<Field>,
}

impl Item {
    /// The item that `spec` asks for; `seed` decides what it leaves open.
    pub(crate) fn make(spec: ItemSpec, kind: ItemKind, number: u64, id: String, seed: u64) -> Self {
        let nth = i64::try_from(number % (1 << 32)).unwrap_or(0);
        let created = spec.created.unwrap_or_else(|| clock::at(FIRST_TAKEN_MS + nth * 60_000));
        let extension = if kind == ItemKind::Video { "mp4" } else { "jpg" };
        let filename = spec.filename.unwrap_or_else(|| format!("IMG_{nth:06}.{extension}"));
        let mime = spec.mime.unwrap_or_else(|| mime_for(&filename, kind).to_owned());
        let seed = rng::mix2(seed, number);
        let (content, clip) = contents(kind, spec.real, spec.len, &mime, created, seed);
        let size =
            spec.size.unwrap_or(if matches!(content, Content::Made(_)) { (320, 240) } else { (4032, 3024) });
        Self {
            number,
            id: spec.id.unwrap_or(id),
            kind,
            filename,
            mime,
            created,
            description: spec.description,
            size,
            content: spec.content.unwrap_or(content),
            clip: spec.clip.or(clip),
            status: spec.status.unwrap_or(VideoStatus::Ready),
            marks: spec.marks,
            omit: spec.omit,
        }
    }

    /// Whether its JSON lacks `field`.
    pub(crate) fn lacks(&self, field: Field) -> bool {
        self.omit.contains(&field)
    }

    /// Whether it is a video to the API.
    pub(crate) fn is_video(&self) -> bool {
        self.kind == ItemKind::Video
    }
}

fn contents(
    kind: ItemKind,
    real: bool,
    len: Option<u64>,
    mime: &str,
    taken: DateTime<Utc>,
    seed: u64,
) -> (Content, Option<Content>) {
    let form = match kind {
        ItemKind::Photo => Form::Still,
        ItemKind::Video => Form::Clip,
        ItemKind::MotionPhoto => Form::Motion,
    };
    if real || kind == ItemKind::MotionPhoto {
        let recipe = Recipe::new(form, seed, taken);
        let clip = (form == Form::Motion).then(|| Content::Made(recipe.clip()));
        return (Content::Made(recipe), clip);
    }
    let len = len.unwrap_or(DEFAULT_BYTES_MIN + rng::below(seed, DEFAULT_BYTES_SPAN));
    (Content::Noise { seed, len, magic: magic_for(mime) }, None)
}

fn magic_for(mime: &str) -> Magic {
    match mime {
        "image/png" => Magic::Png,
        "image/heic" | "image/heif" => Magic::Heic,
        _ if mime.starts_with("video/") => Magic::Mp4,
        _ => Magic::Jpeg,
    }
}

fn mime_for(filename: &str, kind: ItemKind) -> &'static str {
    let extension = filename.rsplit('.').next().unwrap_or("").to_ascii_lowercase();
    match (extension.as_str(), kind) {
        ("mov", ItemKind::Video) => "video/quicktime",
        (_, ItemKind::Video) => "video/mp4",
        ("png", _) => "image/png",
        ("heic", _) => "image/heic",
        ("gif", _) => "image/gif",
        ("webp", _) => "image/webp",
        _ => "image/jpeg",
    }
}
