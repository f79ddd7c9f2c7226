//! The sum of an import: every entry of every part, accounted for once.
//!
//! Invariant: a set is complete only if the sums are equal, nothing was refused, no part is missing or damaged, and every file was
//! hashed again; only then is it said that the archives may go. May import: `store`, `embedded`. Tests: in `balance/tests.rs`.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::job::Outcome;
use crate::job::faults::end_of_store;
use crate::job::import::prove::Proof;
use crate::job::tools::Tools;
use crate::status::{EXPORTS_SHOWN, ExportStatus};
use crate::store::{EntryOutcome, KnownExport, KnownPart, PartState, Store, StoreError};

/// Entries that are named of a kind; the others are counted.
const NAMED_MAX: u32 = 50;

/// How parts came to be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// They lie in the inbox: more may come.
    Inbox,
    /// A person named them: these are all.
    Named,
}

/// The sum of one export set.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Balance {
    /// The number of the set in the index.
    pub(crate) export: i64,
    /// What the names of its parts have in common.
    pub name: String,
    /// When Google made it.
    pub stamp: Option<DateTime<Utc>>,
    /// When this was drawn.
    pub drawn: DateTime<Utc>,
    /// Its parts.
    pub parts: Vec<PartBalance>,
    /// All parts together.
    pub total: Counts,
    /// The first entries that were not taken: part, name, reason.
    pub refused: Vec<LeftOut>,
    /// The first sidecars whose file is not found.
    pub unpaired: Vec<LeftOut>,
    /// Files hashed again after they were stored.
    pub verified_files: u64,
    /// Their bytes.
    pub verified_bytes: u64,
    /// Why the set is not proven complete; empty: it is.
    pub reasons: Vec<String>,
    /// Whether every entry is accounted for and safe on disk, so that the archives may be deleted.
    pub is_safe: bool,
    /// When more parts may be waited for at the longest.
    pub quiet_at: Option<DateTime<Utc>>,
}

/// The sum of one part.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PartBalance {
    /// Its name.
    pub name: String,
    /// Its number in the set.
    pub number: Option<u32>,
    /// Its length, bytes.
    pub bytes: u64,
    /// How many entries it has; none: that is not known yet.
    pub entries: Option<u64>,
    /// What became of them.
    pub counts: Counts,
    /// What is wrong with it.
    pub fault: Option<String>,
}

/// Entries by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Files of their own.
    pub stored: u64,
    /// Bytes that were there already.
    pub had: u64,
    /// Sidecars of files.
    pub sidecars: u64,
    /// What Google tells of albums.
    pub albums: u64,
    /// Known, and neither files nor about one.
    pub other: u64,
    /// Sidecars whose file is not found: kept in the index.
    pub unpaired: u64,
    /// Not taken.
    pub refused: u64,
    /// Not through yet.
    pub waiting: u64,
}

/// One entry that is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The part.
    pub part: String,
    /// Folder and name in it.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// What may stand against a set besides what the index knows of it.
#[derive(Debug, Default)]
pub(crate) struct Against {
    /// Parts that cannot be read, and why.
    pub(crate) unread: Vec<(String, String)>,
    /// Parts that are no longer those that were read.
    pub(crate) changed: Vec<String>,
    /// What hashing again found.
    pub(crate) proof: Proof,
}

// === impl Counts ===

impl Counts {
    /// All of them.
    pub fn sum(&self) -> u64 {
        let Self { stored, had, sidecars, albums, other, unpaired, refused, waiting } = *self;
        stored + had + sidecars + albums + other + unpaired + refused + waiting
    }

    fn add(&mut self, outcome: EntryOutcome, count: u64) {
        *match outcome {
            EntryOutcome::Staged => &mut self.waiting,
            EntryOutcome::Stored => &mut self.stored,
            EntryOutcome::Had => &mut self.had,
            EntryOutcome::Sidecar => &mut self.sidecars,
            EntryOutcome::Album => &mut self.albums,
            EntryOutcome::Other => &mut self.other,
            EntryOutcome::Refused => &mut self.refused,
            EntryOutcome::Json => &mut self.unpaired,
        } += count;
    }

    fn merge(&mut self, other: &Self) {
        self.stored += other.stored;
        self.had += other.had;
        self.sidecars += other.sidecars;
        self.albums += other.albums;
        self.other += other.other;
        self.unpaired += other.unpaired;
        self.refused += other.refused;
        self.waiting += other.waiting;
    }
}

// === impl Balance ===

impl Balance {
    /// Whether nothing but another part could change it.
    pub(crate) fn is_settled(&self) -> bool {
        self.is_safe
    }

    /// Whether time alone, or a part that came, may have changed it since.
    pub(crate) fn may_change(&self, setting: Setting, now: DateTime<Utc>) -> bool {
        match setting {
            Setting::Named => true,
            Setting::Inbox => self.quiet_at.is_some_and(|quiet_at| now >= quiet_at && self.drawn < quiet_at),
        }
    }
}

/// The newest balance of a set that was kept.
pub(crate) async fn last_balance(tools: &Tools, export: i64) -> Result<Option<Balance>, Outcome> {
    let exports = tools.store.exports().await.map_err(|error| end_of_store(&error))?;
    let report = exports.into_iter().find(|known| known.n == export).and_then(|known| known.report);
    Ok(report.and_then(|text| serde_json::from_str(&text).ok()))
}

/// The exports that the index knows, newest first, for `status`.
///
/// # Errors
/// See [`StoreError`].
pub async fn read_exports(store: &Store) -> Result<Vec<ExportStatus>, StoreError> {
    let known = store.exports().await?;
    Ok(known.into_iter().rev().take(EXPORTS_SHOWN).map(export_status).collect())
}

fn export_status(known: KnownExport) -> ExportStatus {
    let balance: Option<Balance> = known.report.and_then(|text| serde_json::from_str(&text).ok());
    let Some(balance) = balance else {
        let reasons = vec!["it is not read to its end".to_owned()];
        return ExportStatus { name: known.name, made: known.stamp, reasons, ..ExportStatus::default() };
    };
    ExportStatus {
        name: known.name,
        made: known.stamp,
        imported: known.balanced,
        parts: balance.parts.len() as u64,
        entries: balance.total.sum(),
        stored: balance.total.stored,
        had: balance.total.had,
        refused: balance.total.refused,
        complete: balance.is_safe,
        reasons: balance.reasons,
    }
}

/// Draws the balance of a set and keeps it.
pub(crate) async fn draw_balance(
    tools: &Tools,
    export: i64,
    against: Against,
    setting: Setting,
    now: DateTime<Utc>,
) -> Result<Balance, Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let known = tools.store.exports().await.map_err(fault)?;
    let set = known.into_iter().find(|known| known.n == export);
    let parts = tools.store.parts(export).await.map_err(fault)?;
    let mut balance = Balance {
        export,
        name: set.as_ref().map(|set| set.name.clone()).unwrap_or_default(),
        stamp: set.and_then(|set| set.stamp),
        drawn: now,
        verified_files: against.proof.files,
        verified_bytes: against.proof.bytes,
        ..Balance::default()
    };
    for part in &parts {
        let mut counts = Counts::default();
        for (outcome, count) in tools.store.outcomes(part.n).await.map_err(fault)? {
            counts.add(outcome, count);
        }
        balance.total.merge(&counts);
        balance.parts.push(part_balance(part, counts));
    }
    balance.refused = left_out(tools, export, EntryOutcome::Refused).await?;
    balance.unpaired = left_out(tools, export, EntryOutcome::Json).await?;
    let newest = parts.iter().map(|part| part.first_seen).max();
    let quiet = TimeDelta::from_std(tools.library.takeout.inbox_quiet).unwrap_or(TimeDelta::MAX);
    balance.quiet_at =
        newest.filter(|_| setting == Setting::Inbox).and_then(|at| at.checked_add_signed(quiet));
    balance.reasons = reasons_against(&balance, &parts, &against, now);
    balance.is_safe = balance.reasons.is_empty();
    let text = serde_json::to_string(&balance).unwrap_or_default();
    tools.store.record_balance(export, text, now).await.map_err(fault)?;
    Ok(balance)
}

fn part_balance(part: &KnownPart, counts: Counts) -> PartBalance {
    PartBalance {
        name: part.name.clone(),
        number: part.number,
        bytes: part.bytes,
        entries: part.entries,
        counts,
        fault: part.fault.clone(),
    }
}

async fn left_out(tools: &Tools, export: i64, outcome: EntryOutcome) -> Result<Vec<LeftOut>, Outcome> {
    let found =
        tools.store.left_out(export, outcome, NAMED_MAX).await.map_err(|error| end_of_store(&error))?;
    Ok(found.into_iter().map(|e| LeftOut { part: e.part, name: e.name, reason: e.reason }).collect())
}

/// Why a set is not proven complete.
fn reasons_against(
    balance: &Balance,
    parts: &[KnownPart],
    against: &Against,
    now: DateTime<Utc>,
) -> Vec<String> {
    let mut reasons = Vec::new();
    let Against { unread, changed, proof } = against;
    for (name, why) in unread {
        reasons.push(format!("the part `{name}` cannot be read: {why}"));
    }
    for name in changed.iter().filter(|name| !unread.iter().any(|(unread, _)| unread == *name)) {
        reasons.push(format!("the part `{name}` has changed since it was read; import it again"));
    }
    for part in parts {
        match part.state {
            PartState::Whole => {}
            PartState::Reading => reasons.push(format!("the part `{}` is not read to its end", part.name)),
            PartState::Damaged => {
                let why = part.fault.as_deref().unwrap_or("it is damaged");
                reasons.push(format!("the part `{}` is damaged: {why}; fetch it again", part.name));
            }
        }
    }
    for part in &balance.parts {
        if part.entries.is_some_and(|entries| entries != part.counts.sum()) {
            let (entries, sum) = (part.entries.unwrap_or(0), part.counts.sum());
            reasons.push(format!("the part `{}` has {entries} entries, {sum} are accounted for", part.name));
        }
    }
    let numbers: Vec<u32> = parts.iter().filter_map(|part| part.number).collect();
    reasons.extend(doubled_numbers(parts));
    reasons.extend(missing_numbers(&numbers).into_iter().map(|n| format!("part {n} is missing")));
    let Counts { refused, waiting, .. } = balance.total;
    if refused > 0 {
        reasons.push(format!("{refused} entries were not taken"));
    }
    if waiting > 0 {
        reasons.push(format!("{waiting} files have no place yet"));
    }
    if proof.wrong > 0 {
        reasons.push(format!(
            "{} files are not on disk as they came: {}",
            proof.wrong,
            proof.faults.join("; ")
        ));
    }
    if let Some(quiet_at) = balance.quiet_at.filter(|quiet_at| now < *quiet_at) {
        reasons.push(format!("more parts may come until {}", quiet_at.format("%Y-%m-%d %H:%M UTC")));
    }
    reasons
}

/// The numbers that several different parts have: of an export that was made anew, or of another account's.
fn doubled_numbers(parts: &[KnownPart]) -> Vec<String> {
    let mut names: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for part in parts {
        if let Some(number) = part.number {
            names.entry(number).or_default().push(format!("`{}`", part.name));
        }
    }
    let told = |(number, names): (u32, Vec<String>)| {
        let word = if names.len() == 2 { "two" } else { "several" };
        format!(
            "{word} different parts have the number {number}: {}; are they of one account?",
            names.join(", ")
        )
    };
    names.into_iter().filter(|(_, names)| names.len() > 1).map(told).collect()
}

/// The numbers between 1 and the greatest that are not there.
fn missing_numbers(numbers: &[u32]) -> Vec<u32> {
    /// A name with an absurd number must not make a list of millions.
    const MISSING_MAX: usize = 100;
    let greatest = numbers.iter().copied().max().unwrap_or(0);
    (1..greatest).filter(|n| !numbers.contains(n)).take(MISSING_MAX).collect()
}

/// Says the balance in the journal.
pub(crate) fn tell_balance(tools: &Tools, balance: &Balance) {
    let Counts { stored, had, sidecars, refused, unpaired, .. } = balance.total;
    let library = &tools.library.name;
    if balance.is_safe {
        tracing::info!(
            %library, export = balance.name, entries = balance.total.sum(), stored, had, sidecars, unpaired,
            "the export is proven complete: its archives are safe to delete"
        );
        return;
    }
    let reason = balance.reasons.first().map_or("", String::as_str);
    let reasons = balance.reasons.len();
    tracing::warn!(%library, export = balance.name, stored, had, refused, reasons, reason, "the export is not proven complete yet");
    leave_unproven(tools, balance);
}

/// A run that finds a set which is not proven complete is not complete either.
pub(crate) fn leave_unproven(tools: &Tools, balance: &Balance) {
    let reason = balance.reasons.first().map_or("", String::as_str);
    tools.leave_undone(format!("the export `{}` is not proven complete: {reason}", balance.name));
}

#[cfg(test)]
mod tests;
