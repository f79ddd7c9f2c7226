//! Tests of `media`.

use super::{Form, Recipe};
use crate::clock::at;

fn recipe(form: Form, seed: u64) -> Recipe {
    Recipe::new(form, seed, at(1_717_243_200_000))
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn a_still_is_a_jpeg_with_its_date_and_camera() {
    let bytes = recipe(Form::Still, 1).render();
    assert_eq!(bytes[..2], [0xff, 0xd8]);
    assert_eq!(bytes[bytes.len() - 2..], [0xff, 0xd9]);
    assert!(contains(&bytes, b"Exif\0\0II*\0"));
    assert!(contains(&bytes, b"2024:06:01 12:00:00"));
    assert!(contains(&bytes, b"Simulator 1"));
}

#[test]
fn the_same_recipe_renders_the_same_and_another_seed_differs() {
    assert_eq!(recipe(Form::Still, 1).render(), recipe(Form::Still, 1).render());
    assert_ne!(recipe(Form::Still, 1).render(), recipe(Form::Still, 2).render());
}

#[test]
fn the_boxes_of_a_clip_fill_the_file_exactly() {
    let bytes = recipe(Form::Clip, 3).render();
    let (mut at, mut names) = (0, Vec::new());
    while at < bytes.len() {
        let size = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        names.push(String::from_utf8_lossy(&bytes[at + 4..at + 8]).into_owned());
        at += usize::try_from(size).unwrap();
    }
    assert_eq!(at, bytes.len());
    assert_eq!(names, ["ftyp", "moov", "mdat"]);
}

#[test]
fn a_motion_photo_ends_with_its_clip_and_says_how_long_it_is() {
    let motion = recipe(Form::Motion, 4);
    let (bytes, clip) = (motion.render(), motion.clip().render());
    assert!(bytes.ends_with(&clip));
    assert!(contains(&bytes, br#"GCamera:MotionPhoto="1""#));
    assert!(contains(&bytes, format!(r#"Item:Length="{}""#, clip.len()).as_bytes()));
}
