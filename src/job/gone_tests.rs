//! The decisions about deletions, as tables.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use crate::google::BatchEntry;
use crate::job::gone::{
    Look, Proof, Step, Thing, age_step, decide_thing, doubt_of_page, is_contradicted, is_held, proof_of,
    says_gone,
};
use crate::media::MediaId;
use crate::store::{Fate, FullListing, Stays, Wave};

fn listings(doubts: &[(i64, bool)]) -> Vec<FullListing> {
    let listing = |(generation, is_proof): &(i64, bool)| FullListing {
        generation: *generation,
        doubt: (!is_proof).then(|| "it was empty".to_owned()),
    };
    doubts.iter().map(listing).collect()
}

#[test]
fn two_listings_without_doubt_are_a_proof_and_doubtful_ones_between_them_count_for_nothing() {
    let table = [
        (vec![], None),
        (vec![(5, true)], None),
        (vec![(5, true), (4, false)], None),
        (vec![(5, true), (4, true), (3, true)], Some(Proof { newest: 5, before: 4 })),
        (vec![(5, false), (4, true), (3, false), (2, true)], Some(Proof { newest: 4, before: 2 })),
    ];
    for (given, expected) in table {
        assert_eq!(proof_of(&listings(&given)), expected, "{given:?}");
    }
}

#[test]
fn a_page_with_odd_entries_or_a_listing_of_nothing_makes_no_proof() {
    let doubt = |malformed, listed, is_last| doubt_of_page(malformed, listed, is_last).is_some();
    assert!(doubt(1, 5, false) && doubt(1, 0, true) && doubt(0, 0, true));
    assert!(!doubt(0, 0, false) && !doubt(0, 5, true) && !doubt(0, 5, false));
}

#[test]
fn only_the_answer_not_found_says_that_an_item_is_gone() {
    for code in [1, 2, 3, 5, 7, 8, 13, 14, 16] {
        let entry =
            BatchEntry::Refused { id: MediaId("m".to_owned()), code, message: "not found, or so".to_owned() };
        assert_eq!(says_gone(&entry), code == 5, "{code}");
    }
}

#[test]
fn a_wave_is_held_beyond_twenty_items_and_five_percent_unless_somebody_allows_it() {
    // (items, lately, stored), allowed, held
    let table = [
        ((0, 0, 0), 0, false),
        ((20, 0, 20), 0, false),
        ((21, 0, 21), 0, true),
        ((21, 0, 419), 0, true),
        ((21, 0, 420), 0, false),
        ((21, 0, 21), 20, true),
        ((21, 0, 21), 21, false),
        ((1, 20, 100), 0, true),
        ((1, 20, 400), 0, false),
        ((0, 30, 100), 0, false),
        ((u64::MAX, u64::MAX, 0), 0, true),
    ];
    for ((items, lately, stored), allowed, held) in table {
        assert_eq!(
            is_held(Wave { items, lately, stored }, allowed),
            held,
            "{items} {lately} {stored} {allowed}"
        );
    }
}

#[test]
fn listings_that_lack_more_than_half_of_what_google_gives_are_wrong() {
    assert!(is_contradicted(50, 26) && is_contradicted(1, 1));
    assert!(!is_contradicted(50, 25) && !is_contradicted(50, 0) && !is_contradicted(0, 0));
}

fn at(days: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap() + TimeDelta::days(days)
}

#[test]
fn a_clock_that_jumps_costs_a_day_at_most_and_never_makes_younger() {
    assert_eq!(age_step(None, at(0)), TimeDelta::zero());
    assert_eq!(age_step(Some(at(0)), at(0) + TimeDelta::hours(6)), TimeDelta::hours(6));
    assert_eq!(age_step(Some(at(0)), at(3650)), TimeDelta::days(1));
    assert_eq!(age_step(Some(at(3650)), at(0)), TimeDelta::zero());
    assert_eq!(age_step(Some(DateTime::<Utc>::MIN_UTC), DateTime::<Utc>::MAX_UTC), TimeDelta::days(1));
}

/// (there, gone, back, home, trash) and what becomes of it.
type Case = ((bool, bool, bool, Look, Look), Step);

const fn step(moves_back: bool, is_there: bool, fate: Fate, stays: Option<Stays>) -> Step {
    Step { moves_back, is_there, fate, stays }
}

#[test]
fn each_thing_of_the_trash_has_one_way_to_go() {
    use Fate::{Same as Unchanged, Stored, Wanted};
    use Look::{Nothing, Other, Same};
    let table: [Case; 15] = [
        // In the trash, and nothing happened.
        ((true, true, false, Nothing, Same), step(false, true, Unchanged, None)),
        // Somebody put something of his own in its place.
        ((true, true, false, Other, Same), step(false, true, Unchanged, None)),
        // Killed before and after the move.
        ((false, true, false, Same, Nothing), step(false, false, Stored, None)),
        ((false, true, false, Nothing, Same), step(false, true, Unchanged, None)),
        // Killed between the two steps of a move on a file system that cannot rename so.
        ((false, true, false, Same, Same), step(false, true, Stored, None)),
        // Removed or changed by somebody on the way.
        ((false, true, false, Nothing, Nothing), step(false, false, Stored, Some(Stays::Changed))),
        ((false, true, false, Other, Nothing), step(false, false, Stored, Some(Stays::Changed))),
        // Put back by a person: moved, copied.
        ((true, true, false, Same, Nothing), step(false, false, Stored, Some(Stays::PutBack))),
        ((true, true, false, Same, Same), step(false, true, Stored, Some(Stays::PutBack))),
        // Removed from the trash by a person.
        ((true, true, false, Nothing, Nothing), step(false, false, Unchanged, None)),
        // Back at Google: whole in the trash, spoilt, with something in its place, killed after the move back.
        ((true, true, true, Nothing, Same), step(true, false, Stored, None)),
        ((true, true, true, Nothing, Other), step(false, false, Wanted, None)),
        ((true, true, true, Other, Same), step(false, true, Wanted, None)),
        ((true, true, true, Same, Nothing), step(false, false, Stored, None)),
        // A sidecar: its file tells nothing, it only goes along.
        ((true, false, true, Nothing, Same), step(true, false, Stored, None)),
    ];
    for ((is_there, is_gone, is_back, home, trash), expected) in table {
        let thing = Thing { is_there, is_gone, is_back, home, trash };
        assert_eq!(decide_thing(thing), expected, "{thing:?}");
    }
}

fn look() -> impl Strategy<Value = Look> {
    prop_oneof![Just(Look::Nothing), Just(Look::Same), Just(Look::Other)]
}

proptest! {
    #[test]
    fn a_file_counts_as_stored_only_where_it_lies_or_where_somebody_else_took_it_away(
        is_there: bool, is_gone: bool, is_back: bool, home in look(), trash in look(),
    ) {
        let step = decide_thing(Thing { is_there, is_gone, is_back, home, trash });
        prop_assert!(!step.moves_back || (home == Look::Nothing && trash == Look::Same), "it replaces nothing");
        prop_assert!(step.is_there == (trash == Look::Same && !step.moves_back), "what is in the trash is known");
        if step.fate == Fate::Stored {
            prop_assert!(home == Look::Same || step.moves_back || (!is_there && trash != Look::Same));
        }
        if step.fate == Fate::Wanted {
            prop_assert!(is_back, "only what Google lists is fetched");
        }
    }

    #[test]
    fn no_wave_that_nobody_allowed_takes_more_than_the_greater_of_twenty_and_five_percent(
        items in 0_u64..100_000, lately in 0_u64..100_000, more in 0_u64..10_000_000,
    ) {
        let wave = Wave { items, lately, stored: items + more };
        if items > 0 && !is_held(wave, 0) {
            let most = 20.max((wave.stored + lately) / 20);
            prop_assert!(items + lately <= most, "{wave:?}");
        }
    }
}
