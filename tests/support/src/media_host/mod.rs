//! The host of the bytes, lh3.googleusercontent.com.
//!
//! Owns: suffixes, lifetimes, ranges and headers of media. Invariant: errors are HTML, never JSON.
//! May import: `data`, `content`, `library`, `reply`, `settings`. Tests: `media_host/tests.rs`.

mod range;
mod suffix;

use http::StatusCode;
use std::fmt::Write as _;

use crate::clock::{Millis, millis};
use crate::content::{Content, Magic};
use crate::data::{Item, ItemKind, VideoStatus};
use crate::library::MediaUrl;
use crate::media::{Form, Recipe};
pub(crate) use crate::media_host::range::{Asked, read_range};
use crate::media_host::suffix::Suffix;
use crate::reply::Reply;
use crate::rng;
use crate::settings::{RangeMode, Settings};

const FORBIDDEN: &str = "Your client does not have permission to get URL from this server.";
const NOT_FOUND: &str = "The requested URL was not found on this server.";
/// Widest and highest that a made thumbnail gets, so that none takes long to encode.
const THUMBNAIL_PX_MAX: u32 = 640;

/// The address and the suffix of a media path.
pub(crate) fn split_path(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("/lh3/")?;
    Some(rest.split_once('=').unwrap_or((rest, "")))
}

/// What is served: bytes, their type, their name.
struct Served {
    content: Content,
    mime: String,
    filename: String,
}

/// Answers a request for `item`, whose base URL is `url`.
pub(crate) fn serve(
    url: MediaUrl,
    item: Option<&Item>,
    suffix: &str,
    range: Option<&str>,
    now: Millis,
    settings: &Settings,
) -> Reply {
    if now >= url.issued_ms + millis(settings.base_url_life) {
        return Reply::html_error(403, FORBIDDEN);
    }
    let Some(item) = item else { return Reply::html_error(404, NOT_FOUND) };
    let served = match Suffix::read(suffix) {
        Suffix::None => return Reply::html_error(403, FORBIDDEN),
        Suffix::Bad => {
            return Reply::html_error(400, "Your client has issued a malformed or illegal request.");
        }
        Suffix::Download if item.is_video() => thumbnail(item, 1600, 1600),
        Suffix::Download => Served::new(item.content.clone(), item.mime.clone(), item.filename.clone()),
        Suffix::Video => match video(item) {
            Ok(served) => served,
            Err(403) => return Reply::html_error(403, FORBIDDEN),
            Err(status) => return Reply::html_error(status, NOT_FOUND),
        },
        Suffix::Sized { width, height } => thumbnail(item, width, height),
    };
    let attached = matches!(Suffix::read(suffix), Suffix::Download | Suffix::Video);
    send(&served, attached, range, settings)
}

impl Served {
    fn new(content: Content, mime: String, filename: String) -> Self {
        Self { content, mime, filename }
    }
}

fn video(item: &Item) -> Result<Served, u16> {
    let ready = matches!(item.status, VideoStatus::Ready | VideoStatus::Unspecified);
    match (item.kind, &item.clip) {
        (ItemKind::Video, _) if ready => {
            Ok(Served::new(item.content.clone(), item.mime.clone(), item.filename.clone()))
        }
        (ItemKind::Video, _) if item.status == VideoStatus::Processing => Err(403),
        (ItemKind::MotionPhoto, Some(clip)) => {
            let stem = item.filename.rsplit_once('.').map_or(item.filename.as_str(), |(stem, _)| stem);
            Ok(Served::new(clip.clone(), "video/mp4".to_owned(), format!("{stem}.mp4")))
        }
        _ => Err(404),
    }
}

/// A smaller picture that fits: of a made item a real one, of others some bytes.
fn thumbnail(item: &Item, width: u32, height: u32) -> Served {
    let (full_width, full_height) = (u64::from(item.size.0.max(1)), u64::from(item.size.1.max(1)));
    let width = u64::from(width.min(THUMBNAIL_PX_MAX)).min(full_width);
    let height = u64::from(height.min(THUMBNAIL_PX_MAX)).min(full_height);
    let (width, height) = if width * full_height <= height * full_width {
        (width, (width * full_height / full_width).max(1))
    } else {
        ((height * full_width / full_height).max(1), height)
    };
    let content = if let Content::Made(recipe) = &item.content {
        let narrow = |pixels: u64| u16::try_from(pixels).unwrap_or(1);
        let form = Form::Still;
        Content::Made(Recipe { form, width: narrow(width), height: narrow(height), ..recipe.clone() })
    } else {
        Content::Noise {
            seed: rng::mix2(item.number, width),
            len: 1000 + width * height / 10,
            magic: Magic::Jpeg,
        }
    };
    let stem = item.filename.rsplit_once('.').map_or(item.filename.as_str(), |(stem, _)| stem);
    Served::new(content, "image/jpeg".to_owned(), format!("{stem}.jpg"))
}

fn send(served: &Served, attached: bool, range: Option<&str>, settings: &Settings) -> Reply {
    let source = served.content.open();
    let len = source.len();
    let honoured = settings.range == RangeMode::Honoured;
    let asked = if honoured { read_range(range, len) } else { Asked::All };
    let reply = match asked {
        Asked::All => Reply::media(StatusCode::OK, source, 0, len),
        Asked::Part(from, to) => Reply::media(StatusCode::PARTIAL_CONTENT, source, from, to)
            .header("content-range", &format!("bytes {from}-{}/{len}", to - 1)),
        Asked::Nothing => {
            return Reply::html_error(416, "The requested range cannot be satisfied.")
                .header("content-range", &format!("bytes */{len}"));
        }
    };
    let reply = if honoured { reply.header("accept-ranges", "bytes") } else { reply };
    reply
        .header("content-type", &served.mime)
        .header("content-disposition", &disposition(&served.filename, attached))
        .header("cache-control", "private, max-age=86400, no-transform")
        .header("access-control-expose-headers", "Content-Length")
        .header("x-content-type-options", "nosniff")
        .header("server", "fife")
}

/// `attachment;filename="..."`, with the true name in UTF-8 where ASCII cannot hold it.
pub(crate) fn disposition(filename: &str, attached: bool) -> String {
    let kind = if attached { "attachment" } else { "inline" };
    let plain = |c: char| c.is_ascii() && !c.is_ascii_control() && c != '"' && c != '\\';
    let ascii: String = filename.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let mut out = format!("{kind};filename=\"{ascii}\"");
    if !filename.chars().all(plain) {
        out.push_str(";filename*=UTF-8''");
        for byte in filename.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
