//! Tests of `google/media`.

use proptest::prelude::*;
use reqwest::header::HeaderValue;

use super::*;
use crate::secret::Secret;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect()
}

#[test]
fn a_head_that_fits_is_taken() {
    for (status, pairs, from, offset, total) in [
        (200, vec![("content-length", "10")], 0, 0, Some(10)),
        (200, vec![("content-length", "10")], 4, 0, Some(10)),
        (200, vec![], 0, 0, None),
        (200, vec![("content-encoding", "identity"), ("content-length", "1")], 0, 0, Some(1)),
        (206, vec![("content-range", "bytes 4-9/10"), ("content-length", "6")], 4, 4, Some(10)),
        (206, vec![("content-range", "bytes 4-9/10")], 4, 4, Some(10)),
        (206, vec![("content-range", "bytes 4-7/10")], 4, 4, Some(10)),
        (206, vec![("content-range", "bytes 4-9/*")], 4, 4, Some(10)),
        (206, vec![("content-range", "bytes 0-9/10")], 0, 0, Some(10)),
    ] {
        let plan = plan_stream(status, &headers(&pairs), from).unwrap();
        assert_eq!((plan.offset, plan.total), (offset, total), "{status} {pairs:?} from {from}");
    }
}

#[test]
fn a_head_that_does_not_fit_is_a_passing_fault() {
    for (status, pairs, from, reason) in [
        (200, vec![("content-type", "text/HTML; charset=utf-8")], 0, "the answer was HTML"),
        (200, vec![("content-type", "application/json")], 0, "the answer was JSON"),
        (
            200,
            vec![("content-encoding", "gzip")],
            0,
            "the answer was compressed, though nobody asked for that",
        ),
        (200, vec![("content-length", "0")], 0, "the answer was empty"),
        (200, vec![("content-length", "99999999999999")], 0, "the item is too long: more than 64 GiB"),
        (206, vec![], 4, "the partial answer does not tell which part it is"),
        (206, vec![("content-range", "bytes 0-9/10")], 4, "the partial answer begins at 0 instead of 4"),
        (
            206,
            vec![("content-range", "bytes 4-9/10"), ("content-length", "5")],
            4,
            "the partial answer's range and length differ",
        ),
    ] {
        assert_eq!(plan_stream(status, &headers(&pairs), from).unwrap_err(), reason);
    }
}

#[test]
fn the_type_is_told_without_parameters() {
    for (value, want) in
        [("image/JPEG", Some("image/jpeg")), ("video/mp4; x=y", Some("video/mp4")), ("", None)]
    {
        let plan = plan_stream(200, &headers(&[("content-type", value)]), 0).unwrap();
        assert_eq!(plan.content_type.as_deref(), want);
    }
}

#[test]
fn content_ranges_are_read_strictly() {
    for (text, want) in [
        ("bytes 0-0/1", Some((0, 0, Some(1)))),
        ("bytes 4-9/*", Some((4, 9, None))),
        ("bytes */10", None),
        ("bytes 9-4/10", None),
        ("bytes 0-10/10", None),
        ("bytes 0-18446744073709551615/*", None),
        ("items 0-1/2", None),
        ("", None),
    ] {
        assert_eq!(parse_content_range(text), want, "{text}");
    }
}

#[test]
fn the_suffix_of_the_part_ends_the_address() {
    let base = BaseUrl(Secret::new("https://lh3.googleusercontent.com/lr/AA"));
    for (part, end) in [(Part::Still, "/lr/AA=d"), (Part::Video, "/lr/AA=dv")] {
        assert!(ask_for(&base, part, 0).unwrap().url.as_str().ends_with(end));
    }
}

#[test]
fn an_address_that_cannot_be_read_is_not_quoted() {
    let error = ask_for(&BaseUrl(Secret::new("not an address: s3cret")), Part::Still, 0).err().unwrap();
    assert!(matches!(error, ApiError::Fatal { .. }));
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

proptest! {
    #[test]
    fn a_partial_answer_never_begins_elsewhere(from in 1u64..100, range in "bytes [0-9]{1,3}-[0-9]{1,3}/([0-9]{1,3}|\\*)") {
        if let Ok(plan) = plan_stream(206, &headers(&[("content-range", &range)]), from) {
            prop_assert_eq!(plan.offset, from);
            prop_assert!(plan.total.unwrap() > from);
        }
    }
}
