//! Names: what is safe, what is shown, and in which encoding they are read.

use crate::archive::EntryName;
use crate::archive::tests::part_of;
use crate::archive::tests::writer::{Item, ZipWriter, crc};
use crate::archive::{ArchiveError, Flow};

#[test]
fn a_name_that_could_leave_a_folder_is_not_safe() {
    let unsafe_names: &[&[u8]] = &[
        b"../x",
        b"a/../../x",
        b"..",
        b"/etc/passwd",
        b"//server/share",
        b"a\\..\\b",
        b"..\\b",
        b"\\\\server\\share",
        b"C:/Windows",
        b"c:x",
        b"./C:/x",
        b"a\0b",
        b"a\nb",
        b"a\x1b[31m",
        "a\u{85}b".as_bytes(),
        b"",
        b"/",
        b"./.",
    ];
    for raw in unsafe_names {
        let name = EntryName::of_utf8(raw);
        assert!(!name.is_safe(), "{raw:?} is called safe");
        assert_eq!(name.raw(), *raw);
        assert!(name.text().chars().all(|c| !c.is_control()), "{name:?} would write control characters");
        assert_eq!(EntryName::of_dos(raw).danger(), name.danger());
    }
    assert!(!EntryName::of_utf8(&[b'x'; 5000]).is_safe());
}

#[test]
fn an_ordinary_name_is_safe_and_shown_as_it_is() {
    for text in [
        "a",
        "Takeout/Google Fotos/München 2023/ß.jpg",
        "a..b/..c",
        "IMG 1 (2).jpg",
        "日本/編集済み.png",
        "ab:c",
    ] {
        let name = EntryName::of_utf8(text.as_bytes());
        assert_eq!((name.text(), name.danger()), (text, None));
    }
    let name = EntryName::of_utf8(b"./Takeout//x/./y/");
    assert_eq!((name.text(), name.danger()), ("Takeout/x/y", None));
}

#[test]
fn a_name_is_utf8_if_it_can_be_and_code_page_437_in_a_zip_that_does_not_say() {
    let written = |raw: &[u8], flags: u16, extra: Vec<u8>| {
        let item = Item { name: raw.to_vec(), flags, extra, ..Item::stored("", b"x") };
        let mut text = String::new();
        part_of(&ZipWriter::of(&[item]).finish())
            .read_entries::<ArchiveError>(None, &mut |entry, _| {
                entry.name.text().clone_into(&mut text);
                Ok(Flow::GoOn)
            })
            .unwrap();
        text
    };
    assert_eq!(written(b"M\x81nchen \xe1.jpg", 0, Vec::new()), "München ß.jpg");
    assert_eq!(written("München ß.jpg".as_bytes(), 0, Vec::new()), "München ß.jpg");
    assert_eq!(written("München ß.jpg".as_bytes(), 1 << 11, Vec::new()), "München ß.jpg");
    assert_eq!(written(b"M\x81nchen.jpg", 1 << 11, Vec::new()), "M\u{fffd}nchen.jpg");
    let raw = b"M?nchen.jpg";
    let field = |sum: u32| {
        let data = [&[1][..], &sum.to_le_bytes(), "München.jpg".as_bytes()].concat();
        [&[0x75, 0x70][..], &u16::try_from(data.len()).unwrap().to_le_bytes(), &data].concat()
    };
    assert_eq!(written(raw, 0, field(crc(raw))), "München.jpg", "Info-ZIP's Unicode path");
    assert_eq!(written(raw, 0, field(1)), "M?nchen.jpg", "a field for another name counts nothing");
}

#[test]
fn every_byte_has_its_character_in_code_page_437() {
    let raw: Vec<u8> = (0x80..=0xff).collect();
    let name = EntryName::of_dos(&raw);
    assert_eq!(name.text().chars().count(), 128);
    assert!(name.text().starts_with("Çüé") && name.text().ends_with("ⁿ²■\u{a0}"));
    assert!(!name.text().contains('\u{fffd}'));
}
