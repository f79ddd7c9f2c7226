//! Tests of `media_host`.

use super::range::{Asked, read_range};
use super::suffix::Suffix;
use super::{disposition, split_path};

#[test]
fn suffixes_are_read_as_google_documents_them() {
    let sized = |width, height| Suffix::Sized { width, height };
    let table = [
        ("", Suffix::None),
        ("d", Suffix::Download),
        ("dv", Suffix::Video),
        ("w100", sized(100, 16_383)),
        ("w100-h50", sized(100, 50)),
        ("w100-h50-c", sized(100, 50)),
        ("w640-h480-no", sized(640, 480)),
        ("s220", sized(220, 220)),
        ("w0", Suffix::Bad),
        ("w20000", Suffix::Bad),
        ("c", Suffix::Bad),
        ("x", Suffix::Bad),
    ];
    for (text, suffix) in table {
        assert_eq!(Suffix::read(text), suffix, "{text}");
    }
}

#[test]
fn ranges_are_read_as_http_says() {
    let table = [
        (None, Asked::All),
        (Some("bytes=0-"), Asked::Part(0, 100)),
        (Some("bytes=10-19"), Asked::Part(10, 20)),
        (Some("bytes=10-1000"), Asked::Part(10, 100)),
        (Some("bytes=-30"), Asked::Part(70, 100)),
        (Some("bytes=-300"), Asked::Part(0, 100)),
        (Some("bytes=100-"), Asked::Nothing),
        (Some("bytes=-0"), Asked::Nothing),
        (Some("bytes=5-4"), Asked::All),
        (Some("bytes=0-1,3-4"), Asked::All),
        (Some("lines=1-2"), Asked::All),
    ];
    for (header, asked) in table {
        assert_eq!(read_range(header, 100), asked, "{header:?}");
    }
}

#[test]
fn a_name_that_no_header_can_hold_is_told_in_utf_8() {
    assert_eq!(disposition("a b.jpg", true), "attachment;filename=\"a b.jpg\"");
    assert_eq!(disposition("\"é\n", false), "inline;filename=\"___\";filename*=UTF-8''%22%C3%A9%0A");
}

#[test]
fn a_path_splits_at_the_first_equals_sign() {
    assert_eq!(split_path("/lh3/abc=w1-h2"), Some(("abc", "w1-h2")));
    assert_eq!(split_path("/lh3/abc"), Some(("abc", "")));
    assert_eq!(split_path("/v1/abc=d"), None);
}
