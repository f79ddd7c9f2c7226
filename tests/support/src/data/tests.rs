//! Tests of `data`.

use super::{Account, ItemKind, ItemSpec, Order, Position, Synthetic};

fn account(synthetic: u64) -> Account {
    Account::new("alice", 1, Synthetic { first_ms: 0, step_ms: 1000, ..Synthetic::photos(synthetic) })
}

fn times(account: &Account, after: Option<Position>, order: Order) -> Vec<i64> {
    account.positions(after, order).map(|position| position.created_ms).collect()
}

#[test]
fn a_listing_merges_made_up_and_added_items_by_time() {
    let mut account = account(5);
    account.add_item(ItemSpec::default().created("1970-01-01T00:00:02.500Z"), ItemKind::Photo);
    assert_eq!(times(&account, None, Order::NewestFirst), [4000, 3000, 2500, 2000, 1000, 0]);
    assert_eq!(times(&account, None, Order::OldestFirst), [0, 1000, 2000, 2500, 3000, 4000]);
}

#[test]
fn a_listing_continues_after_any_place_in_both_orders() {
    let mut account = account(40);
    for at in ["1970-01-01T00:00:07Z", "1970-01-01T00:00:07Z", "1970-01-01T00:00:39Z", "1969-01-01T00:00:00Z"]
    {
        account.add_item(ItemSpec::default().created(at), ItemKind::Photo);
    }
    for order in [Order::NewestFirst, Order::OldestFirst] {
        let all: Vec<Position> = account.positions(None, order).collect();
        assert_eq!(all.len(), 44);
        for (index, place) in all.iter().enumerate() {
            let rest: Vec<Position> = account.positions(Some(*place), order).collect();
            assert_eq!(rest, all[index + 1..], "{order:?} {index}");
        }
    }
}

#[test]
fn a_removed_item_is_gone_from_listing_lookup_and_albums() {
    let mut account = account(3);
    let added = account.add_item(ItemSpec::named("a.jpg"), ItemKind::Photo);
    let made = account.item_by_number(1).unwrap();
    account.add_album("x", vec![1, added.number]);
    assert!(account.remove_item(&made.id) && account.remove_item(&added.id));
    assert!(!account.remove_item(&made.id) && !account.remove_item(&added.id));
    assert!(account.item_by_id(&made.id).is_none() && account.item_by_id(&added.id).is_none());
    assert_eq!(account.count(), 2);
    assert_eq!(account.positions(None, Order::NewestFirst).count(), 2);
    assert!(account.albums[0].items.is_empty());
}

#[test]
fn an_id_leads_to_its_item_and_to_no_other_accounts() {
    let (alice, bob) = (account(10), Account::new("bob", 1, Synthetic::photos(10)));
    let item = alice.item_by_number(7).unwrap();
    assert_eq!(item.id.len(), 70);
    assert_eq!(alice.item_by_id(&item.id).unwrap().number, 7);
    assert!(bob.item_by_id(&item.id).is_none());
    assert!(alice.item_by_id("AGj1epnonsense").is_none());
}

#[test]
fn a_million_items_cost_no_memory_and_a_page_is_found_at_once() {
    let account = account(1_000_000);
    let deep = Position { created_ms: 500_000_000, number: 500_000 };
    let page: Vec<u64> =
        account.positions(Some(deep), Order::NewestFirst).take(2).map(|position| position.number).collect();
    assert_eq!(page, [499_999, 499_998]);
}

#[test]
fn a_changed_synthetic_item_keeps_its_id_and_takes_its_new_place() {
    let mut account = account(3);
    let id = account.item_by_number(1).unwrap().id.clone();
    assert!(account.change_item(&id, |item| item.created = crate::clock::at(9_000)));
    assert_eq!(times(&account, None, Order::NewestFirst), [9000, 2000, 0]);
    assert_eq!(account.item_by_id(&id).unwrap().created.timestamp_millis(), 9000);
    assert_eq!(account.count(), 3);
}
