//! Real, small pictures and clips, made on the spot.
//!
//! Owns: [`Recipe`], which renders a JPEG with EXIF, an MP4, or a motion photo. Invariant: the same
//! recipe always renders the same bytes. May import: `rng`. Tests: `media/tests.rs`.

mod exif;
mod mp4;

use chrono::{DateTime, Utc};
use jpeg_encoder::{ColorType, Encoder};

use crate::rng;

/// Frames in a made clip.
const CLIP_FRAMES: u32 = 6;

/// What to render.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A JPEG with an EXIF block.
    Still,
    /// An MP4 with one video track of Motion JPEG.
    Clip,
    /// A still whose XMP announces a motion photo, with the clip appended.
    Motion,
}

/// How to make one picture or clip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// What to render.
    pub form: Form,
    /// Which pattern.
    pub seed: u64,
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// When it was taken: EXIF `DateTimeOriginal`, or `creation_time` of the clip.
    pub taken: DateTime<Utc>,
    /// Maker of the camera.
    pub make: String,
    /// Model of the camera.
    pub model: String,
    /// EXIF orientation, 1 to 8.
    pub orientation: u16,
}

impl Recipe {
    /// A 320 by 240 picture or clip.
    pub fn new(form: Form, seed: u64, taken: DateTime<Utc>) -> Self {
        let (make, model) = ("Fake".to_owned(), "Simulator 1".to_owned());
        Self { form, seed, width: 320, height: 240, taken, make, model, orientation: 1 }
    }

    /// The clip that belongs to this motion photo.
    #[must_use]
    pub fn clip(&self) -> Self {
        Self { form: Form::Clip, ..self.clone() }
    }

    /// The bytes.
    pub fn render(&self) -> Vec<u8> {
        match self.form {
            Form::Still => self.still(None),
            Form::Clip => self.render_clip(),
            Form::Motion => {
                let clip = self.render_clip();
                let mut out = self.still(Some(clip.len()));
                out.extend_from_slice(&clip);
                out
            }
        }
    }

    fn still(&self, clip_bytes: Option<usize>) -> Vec<u8> {
        let mut segments = vec![exif::app1(self)];
        if let Some(length) = clip_bytes {
            segments.push(exif::motion_xmp(length));
        }
        encode(&self.pixels(0), self.width, self.height, segments)
    }

    fn render_clip(&self) -> Vec<u8> {
        let frame = |n| encode(&self.pixels(n), self.width, self.height, Vec::new());
        let frames: Vec<Vec<u8>> = (0..CLIP_FRAMES).map(frame).collect();
        mp4::wrap(&frames, self.width, self.height, self.taken)
    }

    /// A gradient with blocks, both coloured by the seed; `frame` shifts it.
    fn pixels(&self, frame: u32) -> Vec<u8> {
        let colour = rng::mix(self.seed).to_le_bytes();
        let block = 8 + u32::from(colour[3] % 40);
        let mut out = Vec::with_capacity(usize::from(self.width) * usize::from(self.height) * 3);
        for y in 0..u32::from(self.height) {
            for x in 0..u32::from(self.width) {
                let shade = if (x / block + y / block + frame).is_multiple_of(2) { 0 } else { 60 };
                let across = (x * 128 / u32::from(self.width)).to_le_bytes()[0];
                let down = (y * 128 / u32::from(self.height)).to_le_bytes()[0];
                out.push(colour[0].wrapping_div(2).saturating_add(across));
                out.push(colour[1].wrapping_div(2).saturating_add(down));
                out.push(colour[2].wrapping_div(2).saturating_add(shade));
            }
        }
        out
    }
}

/// Encodes RGB pixels; an impossible size gives no bytes.
fn encode(pixels: &[u8], width: u16, height: u16, app1: Vec<Vec<u8>>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 75);
    for segment in app1 {
        if encoder.add_app_segment(1, segment).is_err() {
            return Vec::new();
        }
    }
    if encoder.encode(pixels, width, height, ColorType::Rgb).is_err() { Vec::new() } else { out }
}

#[cfg(test)]
mod tests;
