//! What is written beside a file about its item, as JSON or XMP.
//!
//! Owns: the content and name of sidecars, and the rule by which one is known as ours: it names the item. Invariant: pure; no
//! address of bytes is ever written. May import: `config`, `media`, `names`. Tests: below.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};
use std::fmt::Write as _;

use crate::config::Sidecar;
use crate::media::{MediaId, MediaItem};
use crate::names::with_suffix;

/// The most of a file beside a media file that is read to see whether it is ours, bytes.
pub(crate) const SIDECAR_BYTES_MAX: u64 = 64 * 1024;

/// How a packet says that this program wrote it.
pub(crate) const TOOLKIT: &str = "x:xmptk=\"gphotos-syncd\"";

/// The namespaces of a listed item's properties.
const NAMESPACES: &[(&str, &str)] = &[
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("xmp", "http://ns.adobe.com/xap/1.0/"),
    ("photoshop", "http://ns.adobe.com/photoshop/1.0/"),
    ("tiff", "http://ns.adobe.com/tiff/1.0/"),
];

/// Path of the sidecar of the file at `path`; none if none is wished.
pub(crate) fn sidecar_path(kind: Sidecar, path: &str) -> Option<String> {
    let suffix = match kind {
        Sidecar::None => return None,
        Sidecar::Json => ".json",
        Sidecar::Xmp => ".xmp",
    };
    let (dir, name) = path.rfind('/').map_or(("", path), |at| path.split_at(at + 1));
    Some(format!("{dir}{}", with_suffix(name, suffix)))
}

/// The sidecar's content; none if none is wished.
pub(crate) fn sidecar_text(kind: Sidecar, item: &MediaItem) -> Option<String> {
    match kind {
        Sidecar::None => None,
        Sidecar::Json => Some(json_text(item)),
        Sidecar::Xmp => Some(xmp_text(item)),
    }
}

/// Whether `content`, found where the item's sidecar belongs, was written for this item by this program.
pub(crate) fn is_our_sidecar(kind: Sidecar, content: &str, id: &MediaId) -> bool {
    match kind {
        Sidecar::None => false,
        Sidecar::Json => {
            let value: Option<Value> = serde_json::from_str(content).ok();
            value.as_ref().and_then(|value| value.get("id")).and_then(Value::as_str) == Some(id.0.as_str())
        }
        Sidecar::Xmp => content.contains(&identifier_element(id)),
    }
}

fn json_text(item: &MediaItem) -> String {
    let texts = [
        ("id", Some(item.id.0.clone())),
        ("filename", item.filename.clone()),
        ("description", item.description.clone()),
        ("creationTime", item.created.map(iso)),
        ("mimeType", item.mime.clone()),
        ("cameraMake", item.camera_make.clone()),
        ("cameraModel", item.camera_model.clone()),
        ("productUrl", item.product_url.clone()),
    ];
    let numbers = [("width", item.width), ("height", item.height)];
    let mut object = Map::new();
    for (key, text) in texts {
        if let Some(text) = text {
            object.insert(key.to_owned(), Value::String(text));
        }
    }
    for (key, number) in numbers {
        if let Some(number) = number {
            object.insert(key.to_owned(), Value::from(number));
        }
    }
    format!("{:#}\n", Value::Object(object))
}

fn xmp_text(item: &MediaItem) -> String {
    let date = item.created.map(iso);
    let elements = [
        ("dc:description", item.description.as_deref().map(alternatives)),
        ("xmp:CreateDate", date.clone()),
        ("photoshop:DateCreated", date),
        ("tiff:Make", item.camera_make.as_deref().map(escape)),
        ("tiff:Model", item.camera_model.as_deref().map(escape)),
    ];
    let mut body = format!("   {}\n", identifier_element(&item.id));
    for (name, text) in elements {
        if let Some(text) = text {
            // Writing to a String does not fail.
            let _ = writeln!(body, "   <{name}>{text}</{name}>");
        }
    }
    packet(NAMESPACES, &body)
}

/// An XMP packet of one description: `namespaces` by prefix, and `body`, the description's elements in whole lines.
///
/// `x:xmptk` names who wrote the packet last: exiv2 (digiKam, darktable) and exiftool (Immich) put their own name there.
pub(crate) fn packet(namespaces: &[(&str, &str)], body: &str) -> String {
    let declared: Vec<String> =
        namespaces.iter().map(|(prefix, name)| format!("    xmlns:{prefix}=\"{name}\"")).collect();
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\" {TOOLKIT}>\n \
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n  \
         <rdf:Description rdf:about=\"\"\n{}>\n\
         {body}  </rdf:Description>\n \
         </rdf:RDF>\n\
         </x:xmpmeta>\n\
         <?xpacket end=\"w\"?>\n",
        declared.join("\n")
    )
}

/// The element that holds the one text of an alternative in languages.
pub(crate) fn alternatives(text: &str) -> String {
    format!("<rdf:Alt><rdf:li xml:lang=\"x-default\">{}</rdf:li></rdf:Alt>", escape(text))
}

/// The element by which a sidecar names its item.
pub(crate) fn identifier_element(id: &MediaId) -> String {
    format!("<dc:identifier>{}</dc:identifier>", escape(&id.0))
}

/// A moment as both formats write it, with whole seconds and `Z`.
fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// `text` as XML character data; characters that XML 1.0 cannot hold become U+FFFD.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(c),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::config::Sidecar;
    use crate::job::sidecar::{is_our_sidecar, sidecar_path, sidecar_text};
    use crate::media::{BaseUrl, MediaId, MediaItem, MediaKind};
    use crate::secret::Secret;
    use chrono::DateTime;
    use proptest::prelude::*;

    fn item(description: &str) -> MediaItem {
        MediaItem {
            id: MediaId("AbC-1".to_owned()),
            filename: Some("IMG.jpg".to_owned()),
            mime: Some("image/jpeg".to_owned()),
            created: DateTime::from_timestamp(1_714_607_999, 0),
            kind: MediaKind::Photo,
            description: Some(description.to_owned()),
            product_url: Some("https://photos.google.com/lr/photo/AbC-1".to_owned()),
            width: Some(4032),
            height: None,
            camera_make: Some("Pixel & Co".to_owned()),
            camera_model: None,
            base_url: Some(BaseUrl(Secret::new("https://lh3.googleusercontent.com/secret"))),
        }
    }

    #[test]
    fn a_json_sidecar_tells_what_was_listed() {
        let text = sidecar_text(Sidecar::Json, &item("a \"b\"\n")).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["creationTime"], "2024-05-01T23:59:59Z");
        assert_eq!(value["width"], 4032);
        assert_eq!(value["description"], "a \"b\"\n");
        assert!(value.get("height").is_none() && !text.contains("secret"));
    }

    #[test]
    fn an_xmp_sidecar_escapes_what_xml_cannot_hold() {
        let text = sidecar_text(Sidecar::Xmp, &item("<b> & \u{0} ]]>")).unwrap();
        assert!(text.contains("&lt;b&gt; &amp; \u{fffd} ]]&gt;"), "{text}");
        assert!(text.contains("<xmp:CreateDate>2024-05-01T23:59:59Z</xmp:CreateDate>"), "{text}");
        assert!(text.contains("Pixel &amp; Co") && !text.contains("secret"), "{text}");
    }

    #[test]
    fn a_sidecar_lies_beside_its_file() {
        assert_eq!(sidecar_path(Sidecar::Json, "p/a.jpg").as_deref(), Some("p/a.jpg.json"));
        assert_eq!(sidecar_path(Sidecar::Xmp, "p/a.jpg").as_deref(), Some("p/a.jpg.xmp"));
        assert_eq!(sidecar_path(Sidecar::None, "p/a.jpg"), None);
    }

    #[test]
    fn only_a_sidecar_that_names_the_item_is_ours() {
        for kind in [Sidecar::Json, Sidecar::Xmp] {
            let text = sidecar_text(kind, &item("x")).unwrap();
            assert!(is_our_sidecar(kind, &text, &MediaId("AbC-1".to_owned())));
            assert!(!is_our_sidecar(kind, &text, &MediaId("AbC".to_owned())));
            assert!(!is_our_sidecar(kind, "my own notes", &MediaId("AbC-1".to_owned())));
        }
    }

    proptest! {
        #[test]
        fn any_description_gives_balanced_xml(description in "\\PC{0,80}") {
            let text = sidecar_text(Sidecar::Xmp, &item(&description)).unwrap();
            prop_assert_eq!(text.matches('<').count(), text.matches('>').count());
        }
    }
}
