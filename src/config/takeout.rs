//! `inbox` and the keys beside it: how the parts of a Takeout export are taken in, and when exports are expected.
//!
//! Owns: the defaults of these keys and their limits. Invariant: pure. May import: nothing. Tests: `src/config/tests/`.

use chrono::NaiveDate;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::fault::{Fault, Faults, SourceFile};
use crate::config::file::RawLibrary;
use crate::config::library::{SourceKind, path_of};
use crate::config::raw::Raw;
use crate::config::value::{Wrong, choice, date, read, time};

/// Google makes the parts of an export one after the other, and a browser fetches them by and by.
const QUIET_DEFAULT: Duration = Duration::from_secs(6 * 3600);
/// Past this, a set whose last part never came would never be called incomplete.
const QUIET_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// Google Takeout began in 2011.
const STARTED_YEAR_MIN: i32 = 2011;

/// How the parts of a Takeout export are taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Takeout {
    /// The folder where parts are dropped.
    pub inbox: Option<PathBuf>,
    /// What happens to the parts of a set that is proven complete.
    pub after_import: AfterImport,
    /// A set counts as all there when no new part came for this long; default 6 h.
    pub inbox_quiet: Duration,
    /// What happens to the file of the Library API when an export brings the original.
    pub lesser_copy: LesserCopy,
    /// Whether exports are expected to come by themselves.
    pub schedule: ExportSchedule,
    /// The day on which the year of scheduled exports was ordered; none: the first export begins it.
    pub started: Option<NaiveDate>,
}

/// What happens to the parts of a set that is proven complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterImport {
    /// They stay.
    Keep,
    /// They go to a folder `imported` beside them.
    Move,
    /// They are deleted.
    Delete,
}

/// Whether exports are expected to come by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportSchedule {
    /// Every two months for one year, as Google's pages offer it.
    TwoMonthly,
    /// No: they are ordered by hand, one by one.
    None,
}

/// What happens to a file whose original has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LesserCopy {
    /// It goes to `.gphotos-syncd/aside`.
    Aside,
    /// It is removed.
    Replace,
    /// Both stay where they are.
    Keep,
}

/// The settings that `raw` makes.
pub(crate) fn takeout(raw: &RawLibrary, files: &[SourceFile], faults: &mut Faults) -> Takeout {
    Takeout {
        inbox: read("inbox", raw.inbox.as_ref(), None, faults, |value| {
            path_of(value, raw.inbox.as_ref(), files).map(Some)
        }),
        after_import: read(
            "after-import",
            raw.after_import.as_ref(),
            AfterImport::Keep,
            faults,
            after_import,
        ),
        inbox_quiet: read("inbox-quiet", raw.inbox_quiet.as_ref(), QUIET_DEFAULT, faults, |value| {
            time(value, Duration::ZERO, QUIET_MAX)
        }),
        lesser_copy: read("lesser-copy", raw.lesser_copy.as_ref(), LesserCopy::Aside, faults, lesser_copy),
        schedule: read(
            "takeout-schedule",
            raw.takeout_schedule.as_ref(),
            ExportSchedule::TwoMonthly,
            faults,
            export_schedule,
        ),
        started: read("takeout-started", raw.takeout_started.as_ref(), None, faults, |value| {
            date(value, STARTED_YEAR_MIN).map(Some)
        }),
    }
}

/// A library that takes exports from a folder must name it.
pub(crate) fn check_inbox(sources: &[SourceKind], takeout: &Takeout, raw: &RawLibrary, faults: &mut Faults) {
    if !sources.contains(&SourceKind::Takeout) || takeout.inbox.is_some() || raw.inbox.is_some() {
        return;
    }
    if let Some(leaf) = &raw.sources {
        let title = "the source `takeout` has no `inbox`";
        faults.push(
            Fault::at(leaf.place.clone(), title, "this source reads a folder")
                .allowed("a folder where the parts of an export are dropped")
                .hint("add `inbox = \"/srv/takeout/alice\"`"),
        );
    }
}

fn after_import(raw: &Raw) -> Result<AfterImport, Wrong> {
    choice(raw, &[("keep", AfterImport::Keep), ("move", AfterImport::Move), ("delete", AfterImport::Delete)])
}

fn lesser_copy(raw: &Raw) -> Result<LesserCopy, Wrong> {
    choice(raw, &[("aside", LesserCopy::Aside), ("replace", LesserCopy::Replace), ("keep", LesserCopy::Keep)])
}

fn export_schedule(raw: &Raw) -> Result<ExportSchedule, Wrong> {
    choice(raw, &[("two-monthly", ExportSchedule::TwoMonthly), ("none", ExportSchedule::None)])
}
