//! Tests of `content`.

use super::{Content, Magic, Source};

fn noise(seed: u64, len: u64, magic: Magic) -> Content {
    Content::Noise { seed, len, magic }
}

#[test]
fn noise_has_its_length_its_magic_and_its_end() {
    for len in [0, 1, 3, 63, 64, 65, 66, 67, 1000, 1 << 20, (1 << 20) + 5000, 3 << 20] {
        let bytes = noise(5, len, Magic::Jpeg).bytes();
        assert_eq!(u64::try_from(bytes.len()).unwrap(), len);
        if len >= 66 {
            assert_eq!(bytes[..4], [0xff, 0xd8, 0xff, 0xe0]);
            assert_eq!(bytes[bytes.len() - 2..], [0xff, 0xd9]);
        }
    }
    assert_eq!(&noise(1, 500, Magic::Mp4).bytes()[4..12], b"ftypmp42");
    assert_eq!(&noise(1, 500, Magic::Heic).bytes()[4..12], b"ftypheic");
    assert_eq!(&noise(1, 500, Magic::Png).bytes()[1..4], b"PNG");
}

#[test]
fn noise_is_the_same_each_time_and_differs_between_seeds() {
    let one = noise(1, 5000, Magic::Jpeg);
    assert_eq!(one.sha256(), noise(1, 5000, Magic::Jpeg).sha256());
    let all: std::collections::HashSet<String> =
        (0..500).map(|seed| noise(seed, 300, Magic::Jpeg).sha256()).collect();
    assert_eq!(all.len(), 500);
}

#[test]
fn a_piece_from_any_place_is_the_same_as_in_the_whole() {
    let content = noise(9, 2_200_000, Magic::Jpeg);
    let (source, whole) = (content.open(), content.bytes());
    for at in [0_usize, 10, 63, 64, 700_000, 1_048_570, 2_199_997, 2_199_999] {
        let piece = source.piece(at.try_into().unwrap(), u64::MAX);
        assert!(!piece.is_empty());
        assert_eq!(piece[..], whole[at..at + piece.len()], "at {at}");
    }
    assert!(source.piece(2_200_000, u64::MAX).is_empty());
    assert_eq!(Source::filler(10).piece(4, 7).len(), 3);
}
