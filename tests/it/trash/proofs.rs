//! Which listings prove an absence, and which do not.

use crate::context::Home;
use crate::trash::ground::{TRASH, deletions, full, place, synced, trashed};
use crate::wait::until_fired;
use fake_google::{Effect, Endpoint, Fault, Field};
use std::fs;

/// A page of these items and no others, as the last of its listing.
fn page_of(ids: &[String]) -> Effect {
    let items: Vec<String> =
        ids.iter().map(|id| format!("{{\"id\":\"{id}\",\"mimeType\":\"image/jpeg\"}}")).collect();
    let body = format!("{{\"mediaItems\":[{}]}}", items.join(","));
    Effect::Answer { status: 200, content_type: "application/json".to_owned(), body }
}

fn list_answers(home: &Home, effect: Effect) {
    home.google.clear_faults();
    home.google.fault(Fault::on(&[Endpoint::MediaItemsList], effect));
}

#[test]
fn what_google_gives_when_asked_stays_though_its_listings_miss_it() {
    let (home, _, ids) = synced(8, TRASH);
    let before = home.tree("alice");
    list_answers(&home, page_of(&ids[1..]));
    for _ in 0..3 {
        full(&home);
    }
    assert_eq!(home.tree("alice"), before);
    let said = deletions(&home);
    assert_eq!((&said["gone"], &said["unlisted"]), (&0.into(), &1.into()));
    home.run_ok(&["status"]).assert(0, &["1 item is not listed by Google, but given when asked for"]);
}

#[test]
fn an_answer_other_than_not_found_leaves_the_file() {
    for (code, message) in
        [(3, "Invalid media item ID."), (7, "The caller does not have permission"), (13, "Internal")]
    {
        let (home, alice, ids) = synced(5, TRASH);
        alice.remove_item(&ids[0]);
        let effect = Effect::BatchRefuse { code, message: message.to_owned() };
        home.google.fault(Fault::on(&[Endpoint::MediaItemsBatchGet], effect));
        for _ in 0..3 {
            full(&home);
        }
        assert!(trashed(&home).is_empty() && home.tree("alice").contains_key(&place(0)), "{code}");
        // The next proof asks again.
        home.google.clear_faults();
        full(&home);
        assert!(trashed(&home).contains_key(&place(0)), "{code}");
    }
}

#[test]
fn a_question_that_fails_as_a_whole_leaves_the_files_to_a_later_run() {
    let (home, alice, ids) = synced(5, TRASH);
    alice.remove_item(&ids[0]);
    full(&home);
    let fault = home.google.fault(Fault::on(&[Endpoint::MediaItemsBatchGet], Effect::status(400)));
    home.run(&["sync", "--full"]);
    assert!(home.google.fired(fault) > 0);
    assert!(trashed(&home).is_empty());
    home.google.clear_faults();
    full(&home);
    assert!(trashed(&home).contains_key(&place(0)));
}

#[test]
fn a_listing_with_entries_that_cannot_be_read_proves_nothing() {
    let (home, alice, ids) = synced(5, TRASH);
    alice.remove_item(&ids[0]);
    full(&home);
    let omit = Fault::on(&[Endpoint::MediaItemsList], Effect::Omit { field: Field::Id }).item(&ids[2]);
    home.google.fault(omit);
    for _ in 0..3 {
        assert_eq!(home.run(&["sync", "--full"]).code, 1, "an entry without an id makes a run incomplete");
    }
    assert!(trashed(&home).is_empty());
    home.run(&["status"]).assert(0, &["proves no deletion: some of its entries could not be read"]);
    home.google.clear_faults();
    full(&home);
    assert!(trashed(&home).contains_key(&place(0)), "with the listing of before, this is the second");
}

#[test]
fn a_listing_with_an_item_on_two_pages_proves_nothing() {
    let (home, alice, ids) = synced(250, TRASH);
    alice.remove_item(&ids[0]);
    let repeated = page_of(&ids[100..101]);
    for _ in 0..3 {
        // The last page is one that has been there before.
        home.google.clear_faults();
        home.google.fault(Fault::on(&[Endpoint::MediaItemsList], repeated.clone()).skip(2));
        full(&home);
    }
    assert!(trashed(&home).is_empty());
    assert_eq!(deletions(&home)["doubt"], "an item stood on two of its pages");
}

#[test]
fn a_listing_that_a_later_run_went_on_with_proves_nothing() {
    let (home, alice, ids) = synced(250, TRASH);
    alice.remove_item(&ids[0]);
    full(&home);
    let fault = home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::Hang).skip(2));
    let mut running = home.start(&["sync", "--full"]);
    until_fired(&home, fault);
    running.signal("KILL");
    running.wait();
    home.google.clear_faults();
    home.run_ok(&["sync"]);
    assert!(trashed(&home).is_empty());
    assert_eq!(deletions(&home)["doubt"], "a later run went on with it");
    full(&home);
    assert!(trashed(&home).contains_key(&place(0)));
}

#[test]
fn a_listing_begun_anew_after_an_expired_page_token_stands_for_itself() {
    let (home, alice, ids) = synced(250, TRASH);
    alice.remove_item(&ids[0]);
    for _ in 0..2 {
        home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::ExpirePageToken).skip(1).once());
        full(&home);
    }
    assert!(trashed(&home).contains_key(&place(0)));
}

#[test]
fn a_login_that_only_a_person_vouched_for_has_missed_nothing_yet() {
    let (home, alice, ids) = synced(5, TRASH);
    home.google.account("mallory");
    home.put_token("alice", &home.google.token_json("mallory"));
    home.google.account("mallory").add_photo(fake_google::ItemSpec::named("hers.jpg").len(500));
    assert_eq!(home.run(&["sync"]).code, 77, "the account is another one");
    fs::write(home.root("alice").join(".gphotos-syncd/accept-account"), "").unwrap();
    for _ in 0..3 {
        full(&home);
    }
    assert!(trashed(&home).is_empty());
    assert_eq!(alice.count(), u64::try_from(ids.len()).unwrap());
    assert!(home.tree("alice").contains_key(&place(0)));
}

#[test]
fn an_item_that_an_album_alone_brought_is_not_missed_by_listings() {
    let (home, alice, _) = synced(5, TRASH);
    home.google.configure(|settings| settings.legacy_scopes_work = true);
    let listed = home.google.truth("alice").items.iter().map(|item| item.id.clone()).collect::<Vec<_>>();
    let shared =
        alice.add_photo(fake_google::ItemSpec::named("hers.jpg").created("2024-01-01T00:00:00Z").len(700));
    let album = alice.add_album("Shared", &[&shared]);
    list_answers(&home, page_of(&listed));
    full(&home);
    assert!(home.tree("alice").contains_key("photos/2024/01/hers.jpg"));
    alice.remove_item(&shared);
    alice.remove_album(&album);
    for _ in 0..3 {
        full(&home);
    }
    assert!(trashed(&home).is_empty() && home.tree("alice").contains_key("photos/2024/01/hers.jpg"));
}
