//! Sidecars as other programs read them: exiftool is what Immich reads by, and its `-G1` names the namespaces that digiKam and
//! darktable ask for.

use crate::context::skipped;
use chrono::{DateTime, FixedOffset};
use gphotos_syncd::job::xmp::{Facts, xmp_of_lacking};
use serde_json::{Value, json};
use std::process::Command;

/// What exiftool reads of `xmp`, by group and tag; none where it is not installed. Warnings are faults.
fn read_by_exiftool(xmp: &str) -> Option<Value> {
    if Command::new("exiftool").arg("-ver").output().is_err() {
        skipped("exiftool is not installed: nothing but this program has read the sidecar");
        return None;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("photo.jpg.xmp");
    std::fs::write(&path, xmp).expect("writable");
    let ran = Command::new("exiftool")
        .args(["-j", "-n", "-G1", "-a", "-validate", "-all"])
        .arg(&path)
        .output()
        .expect("it ran");
    let text = String::from_utf8(ran.stdout).expect("text");
    assert!(ran.status.success(), "{text}{}", String::from_utf8_lossy(&ran.stderr));
    let mut read: Value = serde_json::from_str(&text).expect("JSON");
    Some(read[0].take())
}

#[test]
fn exiftool_reads_every_fact_as_it_was_told() {
    let description = "Anna & <Ben> \"at\" the lake\nÜber den See \u{1f600}";
    let people = ["Anna Nováková", "Ben & Bob"].map(str::to_owned);
    let facts = Facts {
        id: "AF1Qip-1",
        file_name: "IMG_1.jpg",
        title: Some("The <lake>"),
        taken: DateTime::from_timestamp(-300_000_000, 0),
        offset: FixedOffset::east_opt(20_700),
        latitude_longitude: Some((-33.856_784, 151.215_297)),
        altitude: Some(-3.5),
        description: Some(description),
        people: &people,
        is_favourite: true,
        ..Facts::default()
    };
    let Some(read) = read_by_exiftool(&xmp_of_lacking(&facts).unwrap()) else { return };
    let expected = [
        ("XMP-dc:Identifier", json!("AF1Qip-1")),
        ("XMP-exif:DateTimeOriginal", json!("1960:06:30 00:25:00+05:45")),
        ("XMP-dc:Description", json!(description)),
        ("XMP-tiff:ImageDescription", json!(description)),
        ("XMP-dc:Title", json!("The <lake>")),
        ("XMP-dc:Subject", json!(people)),
        ("XMP-iptcExt:PersonInImage", json!(people)),
        ("XMP-digiKam:TagsList", json!(["People/Anna Nováková", "People/Ben & Bob"])),
        ("XMP-lr:HierarchicalSubject", json!(["People|Anna Nováková", "People|Ben & Bob"])),
        ("XMP-xmp:Rating", json!(5)),
        ("XMP-exif:GPSAltitudeRef", json!(1)),
        ("XMP-exif:GPSAltitude", json!(3.5)),
        ("ExifTool:Validate", json!("0 0 0")),
    ];
    for (tag, value) in expected {
        assert_eq!(read[tag], value, "{tag} of {read:#}");
    }
    assert_eq!(read["XMP-photoshop:DateCreated"], read["XMP-exif:DateTimeOriginal"]);
    for (tag, value) in [("XMP-exif:GPSLatitude", -33.856_784), ("XMP-exif:GPSLongitude", 151.215_297)] {
        let degrees = read[tag].as_f64().unwrap();
        assert!((degrees - value).abs() < 1e-6, "{tag}: {degrees}");
    }
}

#[test]
fn exiftool_reads_a_moment_without_a_zone_as_utc() {
    let facts = Facts { taken: DateTime::from_timestamp(1_714_607_999, 0), ..Facts::default() };
    let Some(read) = read_by_exiftool(&xmp_of_lacking(&facts).unwrap()) else { return };
    assert_eq!(read["XMP-exif:DateTimeOriginal"], "2024:05:01 23:59:59Z");
    let others =
        ["XMP-dc:Description", "XMP-xmp:Rating", "XMP-exif:GPSLatitude", "XMP-dc:Title", "XMP-dc:Subject"];
    assert!(others.iter().all(|tag| read[*tag].is_null()), "{read:#}");
}
