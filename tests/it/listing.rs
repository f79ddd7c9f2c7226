//! Listings: what a run asks for, what it finds, how it goes on after a break; and where files lie.

use crate::context::Home;
use crate::wait::until_fired;
use fake_google::{Class, Effect, Endpoint, Fault, ItemSpec, User};
use std::time::Duration;

/// `count` small photos, one a minute before 2024.
fn fill(alice: &User, count: u32) -> Vec<String> {
    let add = |n: u32| {
        let created = format!("2023-12-31T{:02}:{:02}:00Z", n / 60 % 24, n % 60);
        alice.add_photo(ItemSpec::named(format!("IMG_{n:04}.jpg")).created(&created).len(300))
    };
    (0..count).map(add).collect()
}

fn list_requests(home: &Home) -> u64 {
    home.google.stats().requests(Endpoint::MediaItemsList)
}

#[test]
fn a_new_item_costs_a_cheap_run_of_a_few_requests() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    fill(&alice, 450);
    home.run_ok(&["sync"]);
    home.google.reset_stats();
    alice.add_photo(ItemSpec::named("new.jpg").created("2024-06-01T00:00:00Z").len(500));
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    assert!(list_requests(&home) <= 3, "{} of 5 pages were listed", list_requests(&home));
    assert_eq!(home.google.stats().requests(Endpoint::Media), 1);
}

#[test]
fn a_late_upload_of_an_old_photo_is_found_by_a_full_run() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    fill(&alice, 320);
    home.run_ok(&["sync"]);
    alice.add_photo(ItemSpec::named("grandma.jpg").created("1954-06-01T00:00:00Z").len(500));
    let cheap = home.run_ok(&["sync"]);
    assert!(!home.paths("alice").contains(&"photos/1954/06/grandma.jpg".to_owned()), "{}", cheap.out);
    home.run_ok(&["sync", "--full"]);
    home.assert_complete("alice");
}

#[test]
fn a_full_listing_comes_by_itself_when_its_period_is_over() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    home.append_config("full-scan-every = \"1h\"\n");
    fill(&alice, 320);
    home.run_ok(&["sync"]);
    alice.add_photo(ItemSpec::named("grandma.jpg").created("1954-06-01T00:00:00Z").len(500));
    home.run_ok(&["sync"]);
    assert!(!home.paths("alice").contains(&"photos/1954/06/grandma.jpg".to_owned()));
    // An hour passes for the index.
    let index = rusqlite::Connection::open(home.root("alice").join(".gphotos-syncd/index.sqlite")).unwrap();
    index.execute("UPDATE full_listings SET started = started - 3600000", []).unwrap();
    drop(index);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_listing_that_was_cut_short_goes_on_in_the_middle() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    fill(&alice, 650);
    let fault = home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::Hang).skip(5));
    let mut running = home.start(&["sync"]);
    until_fired(&home, fault);
    running.signal("KILL");
    running.wait();
    home.google.clear_faults();
    home.google.reset_stats();
    // Added meanwhile, at the top: the pages before the break are not listed again, but this is found.
    alice.add_photo(ItemSpec::named("meanwhile.jpg").created("2024-06-01T00:00:00Z").len(500));
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
    assert!(list_requests(&home) <= 2 + 3, "{} pages, as if it began anew", list_requests(&home));
}

#[test]
fn a_page_token_that_has_expired_costs_a_new_listing_and_no_item() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    home.google.configure(|settings| settings.page_token_life = Some(Duration::from_secs(3_600)));
    fill(&alice, 320);
    let fault = home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::Hang).skip(2));
    let mut running = home.start(&["sync"]);
    until_fired(&home, fault);
    running.signal("KILL");
    running.wait();
    home.google.clear_faults();
    home.google.advance_clock(Duration::from_secs(7_200));
    home.run_ok(&["sync"]);
    home.assert_complete("alice");

    home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::ExpirePageToken).skip(2).once());
    home.run_ok(&["sync", "--full"]);
    home.assert_complete("alice");
}

#[test]
fn what_is_removed_at_google_stays_on_disk_and_moves_nothing() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let ids = fill(&alice, 250);
    home.run_ok(&["sync"]);
    let before = home.tree("alice");
    for id in &ids[100..150] {
        alice.remove_item(id);
    }
    home.google.reset_stats();
    home.run_ok(&["sync", "--full"]);
    assert_eq!(home.tree("alice"), before);
    assert_eq!(home.google.stats().requests(Endpoint::Media), 0);
}

#[test]
fn items_that_move_between_pages_while_they_are_listed_are_not_lost() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let ids = fill(&alice, 450);
    // Items vanish from the first pages and others come in while the third page is on its way.
    let fault = home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::Delay { ms: 150 }).skip(2));
    let running = home.start(&["sync"]);
    until_fired(&home, fault);
    for id in &ids[400..420] {
        alice.remove_item(id);
    }
    for n in 0..30 {
        alice.add_photo(ItemSpec::named(format!("in{n}.jpg")).created("2024-01-01T00:00:00Z").len(300));
    }
    // What vanished before its bytes came cannot be had; the run says so and goes on past it.
    assert!((0..=1).contains(&running.wait().code));
    home.run(&["sync"]);
    let paths = home.paths("alice");
    for item in &home.google.truth("alice").items {
        let name = format!("/{}", item.filename.as_deref().unwrap_or_default());
        assert!(paths.iter().any(|path| path.ends_with(&name)), "{name} is lost");
    }
}

#[test]
fn pages_that_come_twice_hide_no_new_item_from_a_cheap_run() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    fill(&alice, 300);
    home.run_ok(&["sync"]);
    for n in 0..350 {
        alice.add_photo(ItemSpec::named(format!("new{n}.jpg")).created("2024-01-01T00:00:00Z").len(300));
    }
    // Twice the items of the page are known, but by nothing else than this listing.
    home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::RepeatPage).skip(1).times(2));
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn a_listing_that_goes_in_circles_is_left_soon_and_the_next_run_begins_anew() {
    let home = Home::with(&["alice"]);
    fill(&home.google.account("alice"), 320);
    let fault = home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::RepeatPage).skip(1));
    home.run(&["sync"]).assert(1, &["the listing of items goes in circles"]);
    assert!(list_requests(&home) <= 60, "{} pages", list_requests(&home));
    home.google.remove_fault(fault);
    home.run_ok(&["sync"]);
    home.assert_complete("alice");
}

#[test]
fn items_that_moved_to_a_page_already_listed_are_found_by_the_next_full_listing() {
    let home = Home::with(&["alice"]);
    fill(&home.google.account("alice"), 320);
    home.google.fault(Fault::on(&[Endpoint::MediaItemsList], Effect::MoveUp { entries: 20 }).skip(1).once());
    home.run_ok(&["sync"]);
    assert_eq!(home.paths("alice").len(), 300, "nobody can know of what no page had");
    home.run_ok(&["sync", "--full"]);
    home.assert_complete("alice");
}

#[test]
fn a_run_without_changes_costs_three_requests_however_large_the_library() {
    let home = Home::with(&["alice"]);
    fill(&home.google.account("alice"), 450);
    home.run_ok(&["sync"]);
    home.google.reset_stats();
    home.run_ok(&["sync"]);
    assert!(home.google.stats().class(Class::Api).requests <= 3, "{:?}", home.google.stats().endpoints);
}

#[test]
fn each_layout_puts_the_files_where_it_says() {
    for (layout, path) in [
        ("photos/{year}-{month}", "photos/2024-07/a.jpg"),
        ("{year}/{month}/{day}", "2024/07/03/a.jpg"),
        ("all", "all/a.jpg"),
    ] {
        let home = Home::with(&["alice"]);
        let alice = home.google.account("alice");
        let a = alice.add_photo(ItemSpec::named("a.jpg").created("2024-07-03T23:30:00-02:00").len(500));
        alice.add_album("Trip", &[&a]);
        home.append_config(&format!("layout = \"{layout}\"\n"));
        home.run_ok(&["sync"]);
        let path = path.replace("/03/", "/04/");
        let tree = home.tree("alice");
        assert!(tree.contains_key(&path), "{:?}", tree.keys());
        let link = &tree["albums/2024/0704 Trip/0000_a.jpg"];
        assert_eq!(String::from_utf8_lossy(link), format!("-> ../../../{path}"));
    }
}

#[test]
fn a_layout_that_is_changed_later_moves_no_file_and_breaks_no_link() {
    let home = Home::with(&["alice"]);
    let alice = home.google.account("alice");
    let a = alice.add_photo(ItemSpec::named("a.jpg").created("2024-07-03T00:00:00Z").len(500));
    let album = alice.add_album("Trip", &[&a]);
    home.run_ok(&["sync"]);
    home.append_config("layout = \"{year}/{month}/{day}\"\n");
    let b = alice.add_photo(ItemSpec::named("b.jpg").created("2024-07-02T00:00:00Z").len(500));
    alice.set_album_items(&album, &[&a, &b]);
    home.run_ok(&["sync", "--full"]);
    let tree = home.tree("alice");
    let text = |path: &str| String::from_utf8_lossy(&tree[path]).into_owned();
    assert!(
        tree.contains_key("photos/2024/07/a.jpg") && tree.contains_key("2024/07/02/b.jpg"),
        "{:?}",
        tree.keys()
    );
    assert_eq!(text("albums/2024/0703 Trip/0000_a.jpg"), "-> ../../../photos/2024/07/a.jpg");
    assert_eq!(text("albums/2024/0703 Trip/0001_b.jpg"), "-> ../../../2024/07/02/b.jpg");
    assert_eq!(tree.len(), 4, "{:?}", tree.keys());
}
