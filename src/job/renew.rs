//! Fresh addresses for files that have none, up to 50 with one request.
//!
//! Invariant: one item that Google refuses never costs another one its answer: where a whole request is refused, it is
//! asked again in halves. May import: `source`, `store`, `clock`. Tests: `tests/it`.

use std::collections::HashMap;

use crate::clock::{mono_now, wall_now};
use crate::google::{ApiError, BatchEntry};
use crate::job::Outcome;
use crate::job::faults::{end_of_api, end_of_store, text_of};
use crate::job::motion::is_likely_motion;
use crate::job::ticket::{Address, Ticket};
use crate::job::tools::Tools;
use crate::media::{MediaId, MediaItem, MediaKind};

/// What came of asking.
#[derive(Debug, Default)]
pub(crate) struct Renewed {
    /// Files with a fresh address.
    pub(crate) good: Vec<Ticket>,
    /// Videos that Google is still processing: they stay wanted, and that is no failure.
    pub(crate) processing: Vec<Ticket>,
    /// Files that Google does not give, and why.
    pub(crate) refused: Vec<(Ticket, String)>,
    /// The run must end.
    pub(crate) halt: Option<Outcome>,
}

/// Asks for the addresses of `tickets`, at most 50.
pub(crate) async fn renew(tools: &Tools, tickets: Vec<Ticket>) -> Renewed {
    let mut renewed = Renewed::default();
    let mut changed = Vec::new();
    let mut groups = vec![tickets];
    // Ends: each group is answered, ends the loop, or is cut into two smaller ones.
    while let Some(mut group) = groups.pop() {
        let mut ids: Vec<MediaId> = group.iter().map(|ticket| ticket.wanted.id.clone()).collect();
        ids.sort_unstable();
        ids.dedup();
        match tools.source.resolve(&ids).await {
            Ok(entries) => sort_out(group, entries, &mut renewed, &mut changed),
            Err(ApiError::Fatal { .. } | ApiError::NotFound { .. }) if group.len() > 1 => {
                let second = group.split_off(group.len() / 2);
                groups.extend([second, group]);
            }
            Err(error @ (ApiError::Fatal { .. } | ApiError::NotFound { .. })) => {
                let reason = text_of(&error);
                renewed.refused.extend(group.into_iter().map(|ticket| (ticket, reason.clone())));
            }
            Err(error) => {
                renewed.halt = Some(end_of_api(&error, wall_now()));
                break;
            }
        }
    }
    if !changed.is_empty() {
        let items = changed.into_iter().map(|item| tools.new_item(item)).collect();
        let recorded = tools.store.record_items(items, tools.started, tools.library.portable_names).await;
        if let Err(error) = recorded {
            renewed.halt = Some(end_of_store(&error));
        }
    }
    renewed
}

/// Gives every file of `group` its answer; items of another kind than the index knows go to `changed`.
fn sort_out(
    group: Vec<Ticket>,
    entries: Vec<BatchEntry>,
    renewed: &mut Renewed,
    changed: &mut Vec<MediaItem>,
) {
    let told = mono_now();
    let mut found = HashMap::new();
    let mut refused = HashMap::new();
    for entry in entries {
        match entry {
            BatchEntry::Found(item) => {
                found.insert(item.id.clone(), item);
            }
            BatchEntry::Refused { id, code, message } => {
                refused.insert(id, format!("Google does not give the item: {message} (code {code})"));
            }
        }
    }
    for mut ticket in group {
        let Some(item) = found.get(&ticket.wanted.id) else {
            let reason = refused.get(&ticket.wanted.id).cloned();
            renewed
                .refused
                .push((ticket, reason.unwrap_or_else(|| "Google's answer leaves the item out".to_owned())));
            continue;
        };
        if item.kind != ticket.wanted.kind {
            changed.push((**item).clone());
            ticket.wanted.kind = item.kind;
        }
        ticket.likely_motion = is_likely_motion(item);
        ticket.address = item.base_url.clone().map(|url| Address { url, told });
        match (item.kind, ticket.address.is_some()) {
            (MediaKind::VideoProcessing, _) => renewed.processing.push(ticket),
            (MediaKind::VideoFailed, _) => {
                renewed.refused.push((ticket, "Google could not process the video".to_owned()));
            }
            (MediaKind::Photo | MediaKind::Video, true) => renewed.good.push(ticket),
            (MediaKind::Photo | MediaKind::Video, false) => {
                renewed.refused.push((ticket, "Google gives no address for the bytes".to_owned()));
            }
        }
    }
}
