//! Items that Google's listings miss: asked for, counted, and their files moved to the trash where that is wished.
//!
//! Owns: the phase of a run that deals with deletions, and what is remembered of it for `status`. Invariant: nothing is moved that Google
//! was not asked for in this very run. May import: `source`, `store`, `config`. Tests: `tests/it/trash*.rs`; the decisions in `gone`.

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use crate::auth::Authorizer;
use crate::clock::wall_now;
use crate::config::{Library, OnRemoteDelete};
use crate::google::ApiError;
use crate::job::Outcome;
use crate::job::account::is_same_login;
use crate::job::faults::{end_of_api, end_of_store, text_of};
use crate::job::gone::{
    CONTRADICTED, OTHER_LOGIN, Proof, WAVE_SPAN, age_step, is_contradicted, is_held, proof_of, says_gone,
};
use crate::job::tools::Tools;
use crate::job::trash::{AT_ONCE, mark, move_marked, purge, settle_trash};
use crate::media::MediaId;
use crate::status::DeletionStatus;
use crate::store::{Absent, Answered, Away, Doomed, Store, StoreError};
use crate::systemd::Message;

/// The fact that remembers what is known of deletions.
const KNOWN_FACT: &str = "deletions";
/// The fact that remembers when the trash was last looked at, milliseconds since 1970.
const LOOKED_FACT: &str = "trash-looked";
/// Items asked for in one run, unless a person allows more to go: 20 requests. The next run goes on.
const ASKED_MAX: u64 = 1_000;

/// What is remembered from run to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Known {
    /// The newest proof that was gone through to its end, and for which wish.
    done: Option<(i64, bool)>,
    /// Items that are gone at Google.
    gone: u64,
    /// Items that Google gives when asked, but does not list.
    unlisted: u64,
    /// Items that are gone, whose files stay because a person changed or put them back.
    stay: u64,
    /// Items whose files wait for a person's word.
    held: u64,
}

/// Deals with what the listings missed.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn settle_deletions(tools: &Tools, auth: &Authorizer) -> Result<(), Outcome> {
    tools.count(|counts| counts.phase = "deletions");
    let fault = |error: StoreError| end_of_store(&error);
    let listings = tools.store.full_listings().await.map_err(fault)?;
    if !is_same_login(tools, auth).await? {
        if let Some(listing) = listings.first() {
            tools.store.doubt_listing(listing.generation, OTHER_LOGIN).await.map_err(fault)?;
        }
        return Ok(());
    }
    settle_trash(tools).await?;
    let moves = tools.library.on_remote_delete == OnRemoteDelete::Trash;
    if moves {
        age(tools).await?;
        purge(tools).await?;
    }
    if let Some(proof) = proof_of(&listings) {
        take_up(tools, proof, moves).await?;
    }
    Ok(())
}

/// Adds the time since the last look to the age of what is in the trash.
async fn age(tools: &Tools) -> Result<(), Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let last = tools.store.fact(LOOKED_FACT).await.map_err(fault)?;
    let last = last.and_then(|text| DateTime::from_timestamp_millis(text.parse().ok()?));
    if tools.store.trash_totals().await.map_err(fault)?.0 > 0 {
        tools.store.age_trash(age_step(last, tools.started)).await.map_err(fault)?;
    }
    let now = tools.started.timestamp_millis().to_string();
    tools.store.set_fact(LOOKED_FACT, Some(now)).await.map_err(fault)
}

/// Goes through what the listings of `proof` missed, unless that was done already.
async fn take_up(tools: &Tools, proof: Proof, moves: bool) -> Result<(), Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let before = read_known(&tools.store).await.map_err(fault)?;
    let mut known = before.clone();
    if known.done == Some((proof.newest, moves)) && tools.counts().returned == 0 {
        return Ok(());
    }
    let asked_all = ask_all(tools, proof, moves).await?;
    let mut is_done = asked_all == Asked::All;
    known.held = 0;
    if moves && asked_all != Asked::Contradicted {
        let wave = tools.store.wave(proof.before, tools.started - WAVE_SPAN).await.map_err(fault)?;
        if is_held(wave, tools.deletions_allowed) {
            known.held = wave.items;
            is_done = false;
        } else {
            move_all(tools, proof).await?;
        }
    }
    let Away { gone, unlisted, stay } = tools.store.away(proof.before).await.map_err(fault)?;
    (known.gone, known.unlisted, known.stay) = (gone, unlisted, stay);
    known.done = is_done.then_some((proof.newest, moves));
    say(tools, &before, &known);
    if known != before {
        let text = serde_json::to_string(&known).unwrap_or_default();
        tools.store.set_fact(KNOWN_FACT, Some(text)).await.map_err(fault)?;
    }
    Ok(())
}

/// How far the asking came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Google answered for every item.
    All,
    /// The next run goes on.
    Some,
    /// The listings are wrong.
    Contradicted,
}

/// Asks Google for the items that the listings missed.
async fn ask_all(tools: &Tools, proof: Proof, moves: bool) -> Result<Asked, Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let wave = tools.store.wave(proof.before, tools.started - WAVE_SPAN).await.map_err(fault)?;
    let is_many = is_held(wave, 0);
    let most = if moves && tools.deletions_allowed >= wave.items { u64::MAX } else { ASKED_MAX };
    let (mut after, mut asked) = (0, 0_u64);
    // Ends: `after` grows, and the index has an end.
    while asked < most {
        tools.check_stop()?;
        let page = tools.store.unasked(proof.before, proof.newest, after, AT_ONCE).await.map_err(fault)?;
        let Some(last) = page.last() else { return Ok(Asked::All) };
        after = last.number;
        let answers = ask(tools, page).await?;
        let given = answers.iter().filter(|answer| !answer.is_gone).count();
        let is_wrong = is_many && asked == 0 && is_contradicted(answers.len(), given);
        asked += answers.len() as u64;
        tools.store.record_answers(answers, proof.newest, wall_now()).await.map_err(fault)?;
        if is_wrong {
            for generation in [proof.newest, proof.before] {
                tools.store.doubt_listing(generation, CONTRADICTED).await.map_err(fault)?;
            }
            return Ok(Asked::Contradicted);
        }
    }
    Ok(Asked::Some)
}

/// Google's answers for these items. Where it refuses the whole question, it is asked for half of them, so that one odd id costs no
/// other its answer; what it cannot be asked for is not gone.
async fn ask(tools: &Tools, items: Vec<Absent>) -> Result<Vec<Answered>, Outcome> {
    let mut answers = Vec::with_capacity(items.len());
    let mut groups = vec![items];
    // Ends: each group is answered, ends the loop, or is cut into two smaller ones.
    while let Some(mut group) = groups.pop() {
        let ids: Vec<MediaId> = group.iter().map(|item| item.id.clone()).collect();
        let resolved = tokio::select! {
            biased;
            () = tools.stop.begun() => return Err(Outcome::Interrupted),
            resolved = tools.source.resolve(&ids) => resolved,
        };
        match resolved {
            Ok(entries) => {
                let said = entries.iter().map(says_gone).chain(std::iter::repeat(false));
                answers.extend(
                    group.iter().zip(said).map(|(item, is_gone)| Answered { number: item.number, is_gone }),
                );
            }
            Err(ApiError::Fatal { .. } | ApiError::NotFound { .. }) if group.len() > 1 => {
                let second = group.split_off(group.len() / 2);
                groups.extend([second, group]);
            }
            Err(error @ (ApiError::Fatal { .. } | ApiError::NotFound { .. })) => {
                tracing::debug!(error = %text_of(&error), "Google cannot be asked for an item");
                answers.extend(group.iter().map(|item| Answered { number: item.number, is_gone: false }));
            }
            Err(error) => return Err(end_of_api(&error, wall_now())),
        }
    }
    Ok(answers)
}

/// Moves the files of the items that are gone to the trash.
async fn move_all(tools: &Tools, proof: Proof) -> Result<(), Outcome> {
    let fault = |error: StoreError| end_of_store(&error);
    let (mut after, mut going) = (0, 0);
    // Ends: `after` grows, and the index has an end.
    loop {
        tools.check_stop()?;
        let page = tools.store.doomed(proof.before, after, AT_ONCE).await.map_err(fault)?;
        let Some(last) = page.last() else { break };
        after = last.number;
        let gone = still_gone(tools, page, proof).await?;
        going += mark(tools, gone).await?;
    }
    if going > 0 { move_marked(tools).await } else { Ok(()) }
}

/// Those of `doomed` that are gone in this run too: what an earlier run was told is asked again.
async fn still_gone(tools: &Tools, doomed: Vec<Doomed>, proof: Proof) -> Result<Vec<Doomed>, Outcome> {
    let (mut sure, old): (Vec<Doomed>, Vec<Doomed>) =
        doomed.into_iter().partition(|item| item.asked >= tools.started);
    if old.is_empty() {
        return Ok(sure);
    }
    let question = old.iter().map(|item| Absent { number: item.number, id: item.id.clone() }).collect();
    let answers = ask(tools, question).await?;
    sure.extend(
        old.into_iter().filter(|item| answers.iter().any(|said| said.number == item.number && said.is_gone)),
    );
    let recorded = tools.store.record_answers(answers, proof.newest, wall_now()).await;
    recorded.map_err(|error| end_of_store(&error))?;
    Ok(sure)
}

/// Says once that files wait for a person's word.
fn say(tools: &Tools, before: &Known, known: &Known) {
    let name = &tools.library.name;
    if known.held > 0 && known.held != before.held {
        let (message_id, reason) = (Message::DeletionsHeld.id(), held_text(known.held, name.as_str()));
        tracing::warn!(library = %name, message_id, "library {name}: {reason}");
    }
}

/// That so many files wait for a person's word, and how it is given.
pub fn held_text(held: u64, library: &str) -> String {
    format!(
        "{held} items are gone at Google, so many that their files stay until a person allows them to go to the trash\nhint: if they \
         were deleted on purpose: gphotos-syncd sync {library} --allow-deletions {held}; if not, restore them in Google's own trash"
    )
}

/// What a person may read of a library's deletions.
///
/// # Errors
/// See [`StoreError`].
pub async fn read_deletions(store: &Store, library: &Library) -> Result<DeletionStatus, StoreError> {
    let known = read_known(store).await?;
    let (in_trash, trash_bytes) = store.trash_totals().await?;
    let newest = store.full_listings().await?.into_iter().next();
    let held = if library.on_remote_delete == OnRemoteDelete::Trash { known.held } else { 0 };
    Ok(DeletionStatus {
        policy: library.on_remote_delete.word().to_owned(),
        gone: known.gone,
        unlisted: known.unlisted,
        stay: known.stay,
        held,
        in_trash,
        trash_bytes,
        doubt: newest.and_then(|listing| listing.doubt),
    })
}

async fn read_known(store: &Store) -> Result<Known, StoreError> {
    let text = store.fact(KNOWN_FACT).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}
