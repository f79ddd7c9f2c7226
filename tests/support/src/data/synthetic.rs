//! A great number of items as a formula.

use std::ops::RangeInclusive;

use crate::clock::{self, Millis};
use crate::data::{Item, ItemKind, ItemSpec};
use crate::rng;

/// Items that are made up when they are asked for.
#[derive(Clone, Debug)]
pub struct Synthetic {
    /// How many.
    pub count: u64,
    /// Their sizes in bytes.
    pub bytes: RangeInclusive<u64>,
    /// When the first was taken, milliseconds since 1970.
    pub first_ms: Millis,
    /// How much later each next one was taken, in milliseconds; above 0.
    pub step_ms: Millis,
    /// Every so many-th is a video; 0: none is.
    pub video_every: u64,
    /// Pictures and clips that a viewer can open; sizes are then what they are.
    pub real: bool,
}

impl Synthetic {
    /// `count` photos of 20 to 200 kB, one every 10 minutes since 2015.
    pub fn photos(count: u64) -> Self {
        let first_ms = 1_420_070_400_000;
        Self { count, bytes: 20_000..=200_000, first_ms, step_ms: 600_000, video_every: 0, real: false }
    }

    /// When number `number` was taken.
    pub(crate) fn created_ms(&self, number: u64) -> Millis {
        self.first_ms + i64::try_from(number).unwrap_or(0) * self.step_ms
    }

    /// How many were taken before `at_ms`.
    pub(crate) fn taken_before(&self, at_ms: Millis) -> u64 {
        let steps = (at_ms - self.first_ms + self.step_ms - 1).div_euclid(self.step_ms.max(1));
        u64::try_from(steps).unwrap_or(0).min(self.count)
    }

    /// Number `number` itself.
    pub(crate) fn item(&self, number: u64, id: String, seed: u64) -> Item {
        let video = self.video_every > 0 && number % self.video_every == self.video_every - 1;
        let span = self.bytes.end().saturating_sub(*self.bytes.start()) + 1;
        let len = self.bytes.start() + rng::below(rng::mix2(seed, number) ^ 0x11, span);
        let created = clock::at(self.created_ms(number));
        let spec = ItemSpec { real: self.real, ..ItemSpec::default() }.created_at(created).len(len);
        Item::make(spec, if video { ItemKind::Video } else { ItemKind::Photo }, number, id, seed)
    }
}
