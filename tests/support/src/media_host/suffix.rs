//! What stands behind the `=` of a media URL.

/// Largest side that Google accepts, in pixels.
const SIDE_MAX: u32 = 16_383;

/// A suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suffix {
    /// Nothing: refused.
    None,
    /// `d`: the picture.
    Download,
    /// `dv`, or `m18`, `m22`, `m37`: the video.
    Video,
    /// `wN`, `hN`, `sN`, with `c`, `no` and the like.
    Sized { width: u32, height: u32 },
    /// Something that Google does not know.
    Bad,
}

impl Suffix {
    pub(crate) fn read(text: &str) -> Self {
        match text {
            "" => return Self::None,
            "d" => return Self::Download,
            "dv" | "m18" | "m22" | "m37" => return Self::Video,
            _ => {}
        }
        let (mut width, mut height) = (None, None);
        for option in text.split('-') {
            let side = |digits: &str| digits.parse().ok().filter(|side| (1..=SIDE_MAX).contains(side));
            match option.split_at_checked(1) {
                Some(("w", digits)) if side(digits).is_some() => width = side(digits),
                Some(("h", digits)) if side(digits).is_some() => height = side(digits),
                Some(("s", digits)) if side(digits).is_some() => {
                    width = side(digits);
                    height = width;
                }
                _ if ["c", "no", "p", "k", "rw", "d"].contains(&option) => {}
                _ => return Self::Bad,
            }
        }
        match (width, height) {
            (None, None) => Self::Bad,
            _ => Self::Sized { width: width.unwrap_or(SIDE_MAX), height: height.unwrap_or(SIDE_MAX) },
        }
    }
}
