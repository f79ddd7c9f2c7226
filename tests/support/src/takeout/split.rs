//! In which order files are written, and into which part.

use crate::rng;
use crate::takeout::export::{EntryFault, Export, ExportFault, Order, Split};
use crate::takeout::plan::Planned;
use crate::takeout::truth::EntryRole;

/// What an entry costs besides its bytes and its name: both zip headers with their zip64 fields and the
/// descriptor, or a tar header, a pax header and padding.
const ENTRY_BYTES: u64 = 2_600;

/// Orders and cuts `entries`, and marks those that go wrong.
pub(crate) fn parts(entries: &mut Vec<Planned>, export: &Export) -> Vec<Vec<Planned>> {
    let mut entries = std::mem::take(entries);
    order(&mut entries, export.order);
    let entries = spoil(entries, &export.faults);
    match export.split {
        Split::Whole => vec![entries],
        Split::Bytes(most) => by_bytes(entries, most),
        Split::Parts(count) => by_count(entries, count),
    }
}

fn is_json(entry: &Planned) -> bool {
    matches!(entry.role, EntryRole::Sidecar | EntryRole::AlbumData)
}

fn order(entries: &mut [Planned], order: Order) {
    match order {
        Order::ByFolder => {}
        Order::JsonLast => entries.sort_by_key(is_json),
        Order::JsonFirst => entries.sort_by_key(|entry| !is_json(entry)),
        Order::Shuffled(seed) => {
            entries.sort_by_cached_key(|entry| rng::mix2(seed, rng::mix_text(&entry.path)));
        }
    }
}

fn spoil(entries: Vec<Planned>, faults: &[ExportFault]) -> Vec<Planned> {
    let mut out = Vec::with_capacity(entries.len());
    for mut entry in entries {
        let mut twice = false;
        for fault in faults {
            match fault {
                ExportFault::Entry(path, fault) if entry.path.ends_with(path.as_str()) => {
                    twice |= *fault == EntryFault::Duplicate;
                    entry.fault = Some(*fault);
                }
                ExportFault::Entry(..) | ExportFault::Part(..) => {}
            }
        }
        if twice {
            out.push(entry.clone());
        }
        out.push(entry);
    }
    out
}

/// The most that an entry takes in a part, if its bytes cannot be packed.
fn cost(entry: &Planned) -> u64 {
    let name = u64::try_from(entry.path.len()).unwrap_or(0);
    ENTRY_BYTES + entry.bytes + entry.bytes / 1_000 + 2 * name
}

fn by_bytes(entries: Vec<Planned>, most: u64) -> Vec<Vec<Planned>> {
    let mut parts = vec![Vec::new()];
    let mut used = 0;
    for entry in entries {
        let cost = cost(&entry);
        if used > 0 && used + cost > most {
            parts.push(Vec::new());
            used = 0;
        }
        used += cost;
        if let Some(part) = parts.last_mut() {
            part.push(entry);
        }
    }
    parts
}

fn by_count(entries: Vec<Planned>, count: u32) -> Vec<Vec<Planned>> {
    let total: u64 = entries.iter().map(cost).sum();
    let (mut parts, mut before): (Vec<Vec<Planned>>, u64) = (Vec::new(), 0);
    let mut last = None;
    for entry in entries {
        let cost = cost(&entry);
        let part = u128::from(before) * u128::from(count.max(1)) / u128::from(total.max(1));
        if last != Some(part) {
            parts.push(Vec::new());
            last = Some(part);
        }
        before += cost;
        if let Some(part) = parts.last_mut() {
            part.push(entry);
        }
    }
    parts
}
