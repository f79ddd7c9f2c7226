//! Whether an answer can be the bytes that were asked for.
//!
//! Google's media hosts answer errors in HTML, sometimes with status 200 on the way through a proxy, so type and first bytes are
//! both looked at. Another image type than the listed one is fine: Google gives some HEIC files as JPEG.
//! Invariant: pure; it refuses what is certainly wrong and does not try to prove a file right. May import: nothing. Tests: below.

/// The longest file that is fetched, bytes: Google Photos takes videos of 20 GB at most, so more is an endless answer.
pub(crate) const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024 * 1024;
/// The longest still that is fetched, bytes: Google Photos takes photos of 200 MB at most.
const STILL_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// How much of the beginning is looked at, bytes.
const LOOK_BYTES: usize = 512;
/// How web pages and API errors begin, in lower case.
const TEXT_BEGINNINGS: [&[u8]; 5] = [b"<!doctype", b"<html", b"<head", b"<body", b"<?xml"];

/// Which family of types an answer must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// `image/*`.
    Image,
    /// `video/*`.
    Video,
}

impl Family {
    /// The most bytes that a file of the family has; more is an answer without an end.
    pub(crate) fn bytes_max(self) -> u64 {
        match self {
            Self::Image => STILL_BYTES_MAX,
            Self::Video => FILE_BYTES_MAX,
        }
    }
}

/// Whether an answer of the type `content_type` (lower case, no parameters) can be of `family`. A missing type and
/// `application/octet-stream`, which Google gives for rare raw formats, say nothing.
pub(crate) fn type_fits(family: Family, content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type else { return true };
    let prefix = match family {
        Family::Image => "image/",
        Family::Video => "video/",
    };
    content_type.starts_with(prefix) || content_type == "application/octet-stream"
}

/// Whether a body that begins with `head` is a web page or a JSON text, and no media.
pub(crate) fn looks_like_text(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let head = &head[..head.len().min(LOOK_BYTES)];
    let head = head.trim_ascii_start();
    let begins = |with: &[u8]| head.len() >= with.len() && head[..with.len()].eq_ignore_ascii_case(with);
    TEXT_BEGINNINGS.iter().any(|beginning| begins(beginning)) || looks_like_json(head)
}

/// A JSON object begins with a brace and, after blanks, a quote or the closing brace; no media format does.
fn looks_like_json(head: &[u8]) -> bool {
    head.strip_prefix(b"{").is_some_and(|rest| matches!(rest.trim_ascii_start().first(), Some(b'"' | b'}')))
}

#[cfg(test)]
mod tests {
    use crate::job::body::{Family, looks_like_text, type_fits};
    use proptest::prelude::*;

    #[test]
    fn the_type_must_be_of_the_family() {
        let table = [
            (Family::Image, Some("image/jpeg"), true),
            (Family::Image, Some("image/heic"), true),
            (Family::Image, Some("application/octet-stream"), true),
            (Family::Image, Some("text/html"), false),
            (Family::Image, Some("video/mp4"), false),
            (Family::Image, None, true),
            (Family::Video, Some("video/mp4"), true),
            (Family::Video, Some("application/octet-stream"), true),
            (Family::Video, Some("image/jpeg"), false),
            (Family::Video, Some("application/json"), false),
        ];
        for (family, content_type, expected) in table {
            assert_eq!(type_fits(family, content_type), expected, "{family:?} {content_type:?}");
        }
    }

    #[test]
    fn pages_and_json_are_no_media() {
        let table: [(&[u8], bool); 10] = [
            (b"<!DOCTYPE html><html>", true),
            (b"\r\n  <html lang=en>", true),
            (b"\xef\xbb\xbf<!doctype html>", true),
            (b"{\n  \"error\": {", true),
            (b"{}", true),
            (b"{ RAW }", false),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", false),
            (b"\0\0\0\x20ftypisom", false),
            (b"<htm", false),
            (b"", false),
        ];
        for (head, expected) in table {
            assert_eq!(looks_like_text(head), expected, "{:?}", String::from_utf8_lossy(head));
        }
    }

    proptest! {
        #[test]
        fn no_jpeg_is_ever_taken_for_text(rest in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut bytes = vec![0xff, 0xd8, 0xff];
            bytes.extend(rest);
            prop_assert!(!looks_like_text(&bytes));
        }
    }
}
