//! The keys of a configuration file, and how files are laid over each other.
//!
//! Owns: the names of all keys. Invariant: a later file wins key by key, never table by table.
//! May import: nothing. Tests: `src/config/tests/`.

use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

use crate::config::fault::Place;
use crate::config::raw::Leaf;

/// A whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a table")]
pub(crate) struct RawFile {
    pub(crate) google: RawGoogle,
    pub(crate) limits: RawLimits,
    pub(crate) defaults: RawLibrary,
    pub(crate) library: BTreeMap<Spanned<String>, RawLibrary>,
}

/// `[google]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a table such as `[google]`")]
pub(crate) struct RawGoogle {
    pub(crate) client_secret: Option<Leaf>,
    pub(crate) endpoints: RawEndpoints,
}

/// `[google.endpoints]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a table of addresses")]
pub(crate) struct RawEndpoints {
    pub(crate) library: Option<Leaf>,
    pub(crate) picker: Option<Leaf>,
    pub(crate) drive: Option<Leaf>,
}

/// `[limits]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default, expecting = "a table such as `[limits]`")]
pub(crate) struct RawLimits {
    pub(crate) api_requests_per_second: Option<Leaf>,
    pub(crate) media_requests_per_second: Option<Leaf>,
    pub(crate) api_requests_per_day: Option<Leaf>,
    pub(crate) media_requests_per_day: Option<Leaf>,
    pub(crate) drive_bytes_per_day: Option<Leaf>,
    pub(crate) spread_over_day: Option<Leaf>,
    pub(crate) downloads: Option<Leaf>,
    pub(crate) bytes_per_second: Option<Leaf>,
    pub(crate) verify_bytes_per_second: Option<Leaf>,
    pub(crate) min_free_space: Option<Leaf>,
    #[serde(rename = "rest-after-429")]
    pub(crate) rest_after_429: Option<Leaf>,
    pub(crate) rest_after_fault: Option<Leaf>,
    pub(crate) stall_timeout: Option<Leaf>,
    pub(crate) schedule: BTreeMap<Spanned<String>, RawWindow>,
}

/// An entry of `[limits.schedule]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    deny_unknown_fields,
    default,
    expecting = "a table such as `{ from = \"18:00\", to = \"23:30\", bytes-per-second = \"1 MiB\" }`"
)]
pub(crate) struct RawWindow {
    pub(crate) days: Option<Leaf>,
    pub(crate) from: Option<Leaf>,
    pub(crate) to: Option<Leaf>,
    pub(crate) bytes_per_second: Option<Leaf>,
}

/// `[library.NAME]` and `[defaults]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    deny_unknown_fields,
    default,
    expecting = "a table such as `[library.alice]`"
)]
pub(crate) struct RawLibrary {
    pub(crate) root: Option<Leaf>,
    pub(crate) schedule: Option<Leaf>,
    pub(crate) splay: Option<Leaf>,
    pub(crate) sources: Option<Leaf>,
    pub(crate) albums: Option<Leaf>,
    pub(crate) layout: Option<Leaf>,
    pub(crate) sidecar: Option<Leaf>,
    pub(crate) on_remote_delete: Option<Leaf>,
    pub(crate) trash_keep: Option<Leaf>,
    pub(crate) file_mode: Option<Leaf>,
    pub(crate) index_dir: Option<Leaf>,
    pub(crate) full_scan_every: Option<Leaf>,
    pub(crate) verify_every: Option<Leaf>,
    pub(crate) portable_names: Option<Leaf>,
    pub(crate) inbox: Option<Leaf>,
    pub(crate) after_import: Option<Leaf>,
    pub(crate) inbox_quiet: Option<Leaf>,
    pub(crate) lesser_copy: Option<Leaf>,
    pub(crate) drive_folder: Option<Leaf>,
    pub(crate) spool: Option<Leaf>,
    pub(crate) takeout_schedule: Option<Leaf>,
    pub(crate) takeout_started: Option<Leaf>,
}

/// A table whose keys are all single values.
trait Table {
    /// Every key's value, in one fixed order.
    fn leaves(&mut self) -> Vec<&mut Option<Leaf>>;

    /// Takes over what `later` sets.
    fn overlay(&mut self, mut later: Self)
    where
        Self: Sized,
    {
        for (mine, theirs) in self.leaves().into_iter().zip(later.leaves()) {
            if theirs.is_some() {
                *mine = theirs.take();
            }
        }
    }

    /// Notes which file every value stands in.
    fn stamp(&mut self, file: usize) {
        self.leaves().into_iter().flatten().for_each(|leaf| leaf.stamp(file));
    }
}

impl Table for RawGoogle {
    fn leaves(&mut self) -> Vec<&mut Option<Leaf>> {
        let Self { client_secret, endpoints: RawEndpoints { library, picker, drive } } = self;
        vec![client_secret, library, picker, drive]
    }
}

impl Table for RawLimits {
    fn leaves(&mut self) -> Vec<&mut Option<Leaf>> {
        let Self {
            api_requests_per_second,
            media_requests_per_second,
            api_requests_per_day,
            media_requests_per_day,
            drive_bytes_per_day,
            spread_over_day,
            downloads,
            bytes_per_second,
            verify_bytes_per_second,
            min_free_space,
            rest_after_429,
            rest_after_fault,
            stall_timeout,
            // Laid over window by window; see `Merged::overlay`.
            schedule: _,
        } = self;
        vec![
            api_requests_per_second,
            media_requests_per_second,
            api_requests_per_day,
            media_requests_per_day,
            drive_bytes_per_day,
            spread_over_day,
            downloads,
            bytes_per_second,
            verify_bytes_per_second,
            min_free_space,
            rest_after_429,
            rest_after_fault,
            stall_timeout,
        ]
    }
}

impl Table for RawWindow {
    fn leaves(&mut self) -> Vec<&mut Option<Leaf>> {
        let Self { days, from, to, bytes_per_second } = self;
        vec![days, from, to, bytes_per_second]
    }
}

impl Table for RawLibrary {
    fn leaves(&mut self) -> Vec<&mut Option<Leaf>> {
        let Self {
            root,
            schedule,
            splay,
            sources,
            albums,
            layout,
            sidecar,
            on_remote_delete,
            trash_keep,
            file_mode,
            index_dir,
            full_scan_every,
            verify_every,
            portable_names,
            inbox,
            after_import,
            inbox_quiet,
            lesser_copy,
            drive_folder,
            spool,
            takeout_schedule,
            takeout_started,
        } = self;
        vec![
            root,
            schedule,
            splay,
            sources,
            albums,
            layout,
            sidecar,
            on_remote_delete,
            trash_keep,
            file_mode,
            index_dir,
            full_scan_every,
            verify_every,
            portable_names,
            inbox,
            after_import,
            inbox_quiet,
            lesser_copy,
            drive_folder,
            spool,
            takeout_schedule,
            takeout_started,
        ]
    }
}

/// All files laid over each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Merged {
    pub(crate) google: RawGoogle,
    pub(crate) limits: RawLimits,
    /// Each window of `[limits.schedule]` by its name, with the place that names it first.
    pub(crate) windows: BTreeMap<String, (Place, RawWindow)>,
    pub(crate) defaults: RawLibrary,
    /// Each library's own keys by its name, with the place that names it first.
    pub(crate) libraries: BTreeMap<String, (Place, RawLibrary)>,
}

impl Merged {
    /// Lays `raw`, read from the file of index `file`, over what is there.
    pub(crate) fn overlay(&mut self, mut raw: RawFile, file: usize) {
        raw.google.stamp(file);
        raw.limits.stamp(file);
        raw.defaults.stamp(file);
        self.google.overlay(raw.google);
        overlay_named(&mut self.windows, std::mem::take(&mut raw.limits.schedule), file);
        self.limits.overlay(raw.limits);
        self.defaults.overlay(raw.defaults);
        overlay_named(&mut self.libraries, raw.library, file);
    }

    /// A library's keys with `[defaults]` below them.
    pub(crate) fn with_defaults(&self, own: &RawLibrary) -> RawLibrary {
        let mut library = self.defaults.clone();
        library.overlay(own.clone());
        library
    }
}

/// Lays tables that have names over those that are there.
fn overlay_named<T: Table + Default>(
    known: &mut BTreeMap<String, (Place, T)>,
    later: BTreeMap<Spanned<String>, T>,
    file: usize,
) {
    for (name, mut table) in later {
        table.stamp(file);
        let place = Place { file, span: name.span() };
        let (_, mine) = known.entry(name.into_inner()).or_insert_with(|| (place, T::default()));
        mine.overlay(table);
    }
}
