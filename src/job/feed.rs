//! Where a run's files come from, in order: the backlog, the listing, the albums; in a rebuild of the index the backlog comes last.
//!
//! Owns: the listings and their cursors. Invariant: one page ahead of the downloads and no more; a page's items and its
//! cursor are one transaction, so that nothing listed is forgotten and nothing is listed twice after a crash. May be dropped
//! at any await: what was recorded and not handed over is in the next run's backlog. May import: `source`,
//! `store`. Tests: `tests/it`.

use std::collections::HashMap;
use tokio::sync::mpsc::{Permit, Sender};

use crate::clock::{mono_now, wall_now};
use crate::google::{ApiError, MediaItemPage};
use crate::job::Outcome;
use crate::job::albums::list_albums;
use crate::job::claims::Key;
use crate::job::faults::{end_of_api, end_of_store, text_of};
use crate::job::gone::{RESUMED, doubt_of_page};
use crate::job::motion::is_likely_motion;
use crate::job::plan::{Circle, KnownPages, ListingPlan, decide_listing};
use crate::job::queue::RESOLVE_IDS_MAX;
use crate::job::rebuild::look_for_wanted;
use crate::job::ticket::{Address, Ticket};
use crate::job::tools::{Tools, blocking, lock};
use crate::media::{MediaId, MediaItem, MediaKind};
use crate::store::{Listing, ListingKind, PageRecord, Recorded, StoreError, Wanted};

/// How often in one run a listing may begin anew because its page token has expired.
const RESTARTS_MAX: u32 = 3;
/// The longest listing, pages: 20 million items, far beyond any library, so more is a server that goes in circles.
const PAGES_MAX: u32 = 200_000;

/// Sends the run's wanted files to `pages`, page by page.
#[derive(Debug)]
pub(crate) struct Feeder<'a> {
    pub(crate) tools: &'a Tools,
    pages: Sender<Vec<Ticket>>,
}

/// How many items a page had, how many of them the listing had not shown before, and how many were never seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    distinct: u64,
    fresh: u64,
    new: u64,
}

/// What a page tells of its items besides what the index keeps: by id, the address and whether a clip is likely.
pub(crate) type Addresses = HashMap<MediaId, (Option<Address>, bool)>;

/// The whole feed of one run.
///
/// # Errors
/// Why the run must end.
pub(crate) async fn feed(tools: &Tools, pages: Sender<Vec<Ticket>>, full_asked: bool) -> Result<(), Outcome> {
    let feeder = Feeder { tools, pages };
    if tools.rebuild.is_some() {
        // Only when all that could claim a file is listed is it known whose it is; what is nobody's is the backlog then.
        feeder.listings(full_asked).await?;
        list_albums(&feeder).await?;
        look_for_wanted(tools).await?;
        return feeder.backlog().await;
    }
    feeder.backlog().await?;
    feeder.listings(full_asked).await?;
    list_albums(&feeder).await
}

impl Feeder<'_> {
    /// Files that earlier runs left wanted and whose next try is due.
    async fn backlog(&self) -> Result<(), Outcome> {
        let tools = self.tools;
        tools.count(|counts| counts.phase = "backlog");
        let page = u32::try_from(RESOLVE_IDS_MAX).unwrap_or(u32::MAX);
        let mut after = None;
        // Ends: `after` grows with each page, and the index has an end.
        loop {
            let slot = self.slot().await?;
            lock(&tools.claims).begin_asking();
            let due = tools
                .store
                .backlog(tools.due_until, after, page)
                .await
                .map_err(|error| end_of_store(&error))?;
            let Some(last) = due.last() else { return Ok(()) };
            after = Some((last.id.clone(), last.part));
            self.hand_over(slot, due, &Addresses::new()).await?;
        }
    }

    /// The listing that is due, and after one taken up again a head listing.
    async fn listings(&self, full_asked: bool) -> Result<(), Outcome> {
        let tools = self.tools;
        tools.count(|counts| counts.phase = "listing");
        let fault = |error: StoreError| end_of_store(&error);
        let unfinished = tools.store.unfinished_listing().await.map_err(fault)?;
        let last_full = tools.store.last_full_listing().await.map_err(fault)?;
        let every = tools.library.full_scan_every;
        match decide_listing(unfinished, last_full, tools.started, every, full_asked) {
            ListingPlan::Begin(kind) => {
                let listing = tools.store.begin_listing(kind, tools.started).await.map_err(fault)?;
                self.list(listing).await
            }
            ListingPlan::Resume(listing) => {
                self.list(listing).await?;
                let head = tools.store.begin_listing(ListingKind::Head, wall_now()).await.map_err(fault)?;
                self.list(head).await
            }
        }
    }

    /// One listing from where it stands to its end.
    async fn list(&self, mut listing: Listing) -> Result<(), Outcome> {
        let (mut known, mut circle, mut restarts) = (KnownPages::default(), Circle::default(), 0);
        let (mut listed, mut doubt) = (0, listing.next.is_some().then_some(RESUMED));
        for _ in 0..PAGES_MAX {
            let slot = self.slot().await?;
            let page = match self.tools.source.next_page(listing.next.as_deref()).await {
                Ok(page) => page,
                Err(ApiError::BadPageToken { .. }) if restarts < RESTARTS_MAX => {
                    restarts += 1;
                    (known, circle) = (KnownPages::default(), Circle::default());
                    (listed, doubt) = (0, None);
                    listing = self.begin_again(&listing).await?;
                    continue;
                }
                Err(error @ ApiError::BadPageToken { .. }) => {
                    return Err(Outcome::Transient(text_of(&error)));
                }
                Err(error) => return Err(end_of_api(&error, wall_now())),
            };
            let next = page.next.clone();
            if next.as_deref().is_some_and(|next| circle.closes_with(next)) {
                return Err(self.leave_circle().await);
            }
            listed += page.items.len();
            doubt = doubt.or(doubt_of_page(page.malformed, listed, next.is_none()));
            let shown = self.take_in(slot, page, &listing, doubt).await?;
            if next.is_none() {
                if listing.kind == ListingKind::Full {
                    self.full_listing_ended().await?;
                }
                return Ok(());
            }
            listing.next = next;
            if circle.repeats(shown.distinct, shown.fresh) {
                return Err(self.leave_circle().await);
            }
            if known.ends_after(shown.fresh, shown.new) && listing.kind == ListingKind::Head {
                let ended = self.tools.store.end_listing(listing.generation).await;
                return ended.map_err(|error| end_of_store(&error));
            }
        }
        Err(Outcome::Failed(format!("the listing of items has no end after {PAGES_MAX} pages")))
    }

    /// Begins anew after an expired page token: with the whole library, because a head listing would stop at the pages that were
    /// seen and never reach those that were not.
    async fn begin_again(&self, expired: &Listing) -> Result<Listing, Outcome> {
        tracing::info!(
            generation = expired.generation,
            "the page token has expired; the listing begins anew"
        );
        let begun = self.tools.store.begin_listing(ListingKind::Full, wall_now()).await;
        begun.map_err(|error| end_of_store(&error))
    }

    /// Gives up a listing that goes in circles. The next run begins with the whole library, as after an expired page token.
    async fn leave_circle(&self) -> Outcome {
        match self.tools.store.begin_listing(ListingKind::Full, wall_now()).await {
            Ok(_) => Outcome::Transient("the listing of items goes in circles".to_owned()),
            Err(error) => end_of_store(&error),
        }
    }

    /// Albums are looked through after a full listing, in this run or, if it ends before, in a later one.
    async fn full_listing_ended(&self) -> Result<(), Outcome> {
        self.tools.count(|counts| counts.full = true);
        let noted = self.tools.store.set_fact("albums-due", Some("yes".to_owned())).await;
        noted.map_err(|error| end_of_store(&error))
    }

    /// Records a page with its cursor and hands its wanted files over.
    async fn take_in(
        &self,
        slot: Permit<'_, Vec<Ticket>>,
        page: MediaItemPage,
        listing: &Listing,
        doubt: Option<&'static str>,
    ) -> Result<Shown, Outcome> {
        let tools = self.tools;
        self.note_malformed(page.malformed);
        let addresses = addresses_of(&page.items);
        let record = PageRecord {
            items: page.items.into_iter().map(|item| tools.new_item(item)).collect(),
            generation: listing.generation,
            next: page.next,
            now: wall_now(),
            due_by: tools.started,
            fold_case: tools.library.portable_names,
            doubt,
        };
        lock(&tools.claims).begin_asking();
        let recorded = tools.store.record_page(record).await.map_err(|error| end_of_store(&error))?;
        tools.count(|counts| counts.listed += recorded.distinct);
        self.hand_over_recorded(slot, recorded, &addresses).await
    }

    /// Hands over what the index wants of a recorded page.
    pub(crate) async fn hand_over_recorded(
        &self,
        slot: Permit<'_, Vec<Ticket>>,
        recorded: Recorded,
        addresses: &Addresses,
    ) -> Result<Shown, Outcome> {
        let shown = Shown {
            distinct: recorded.distinct,
            fresh: recorded.distinct - recorded.again,
            new: recorded.new,
        };
        let mut wanted = recorded.wanted;
        self.tools.count(|counts| counts.new += shown.new);
        if self.tools.rebuild.is_some() {
            // They may be on disk. A video that failed at Google is not, and counts among the failures.
            wanted.retain(|file| file.kind == MediaKind::VideoFailed);
        }
        self.hand_over(slot, wanted, addresses).await?;
        Ok(shown)
    }

    /// Claims `wanted` and sends what nobody has in hand, if there is room on disk; the asking of the claims ends here.
    async fn hand_over(
        &self,
        slot: Permit<'_, Vec<Ticket>>,
        wanted: Vec<Wanted>,
        addresses: &Addresses,
    ) -> Result<(), Outcome> {
        let keys: Vec<Key> = wanted.iter().map(|file| (file.id.clone(), file.part)).collect();
        let claimed = lock(&self.tools.claims).end_asking(keys.iter());
        let files = wanted.into_iter().zip(claimed).filter(|(_, claimed)| *claimed);
        let tickets: Vec<Ticket> = files
            .map(|(file, _)| {
                let (address, likely) = addresses.get(&file.id).cloned().unwrap_or_default();
                Ticket::new(file, address, likely)
            })
            .collect();
        if !tickets.is_empty() {
            let room = self.tools.room.clone();
            let enough = blocking(move || room.check(0)).await?;
            enough.map_err(|error| Outcome::DiskFull(text_of(&error)))?;
            slot.send(tickets);
        }
        Ok(())
    }

    /// Waits until the pump has taken the page before.
    pub(crate) async fn slot(&self) -> Result<Permit<'_, Vec<Ticket>>, Outcome> {
        self.pages.reserve().await.map_err(|_| Outcome::Interrupted)
    }

    /// Entries that are no items at all make the run incomplete; they are said at its end, as one number.
    pub(crate) fn note_malformed(&self, malformed: u64) {
        if malformed > 0 {
            tracing::debug!(count = malformed, "Google listed entries without an id");
            self.tools.count(|counts| counts.malformed += malformed);
            self.tools.leave_undone(format!("{malformed} entries of a listing have no id"));
        }
    }
}

/// What the index does not keep of listed items.
pub(crate) fn addresses_of(items: &[MediaItem]) -> Addresses {
    let told = mono_now();
    let address = |item: &MediaItem| item.base_url.clone().map(|url| Address { url, told });
    items.iter().map(|item| (item.id.clone(), (address(item), is_likely_motion(item)))).collect()
}
