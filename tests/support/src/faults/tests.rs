//! Tests of `faults`.

use super::{Drawn, Effect, Fault, Faults, Subject, edit_json};
use crate::data::Field;
use crate::endpoint::Endpoint;
use serde_json::json;

fn media<'a>(account: &'a str, items: &'a [String]) -> Subject<'a> {
    Subject { endpoint: Endpoint::Media, account: Some(account), items, has_page_token: false }
}

#[test]
fn a_fault_skips_then_fires_so_often_and_counts() {
    let mut faults = Faults::default();
    let id = faults.add(Fault::on(&[Endpoint::Media], Effect::Reset).skip(1).times(2));
    let fired: Vec<bool> = (0..5).map(|_| faults.draw(&media("alice", &[])).is_some()).collect();
    assert_eq!(fired, [false, true, true, false, false]);
    assert_eq!(faults.fired(id), 2);
}

#[test]
fn a_fault_keeps_to_its_account_item_and_endpoint() {
    let mut faults = Faults::default();
    faults.add(Fault::on(&[Endpoint::Media], Effect::Reset).account("alice").item("a.jpg"));
    let (a, b) = (["x".to_owned(), "a.jpg".to_owned()], ["b.jpg".to_owned()]);
    assert!(faults.draw(&media("alice", &a)).is_some());
    assert!(faults.draw(&media("alice", &b)).is_none());
    assert!(faults.draw(&media("bob", &a)).is_none());
    let list = Subject { endpoint: Endpoint::MediaItemsList, ..media("alice", &a) };
    assert!(faults.draw(&list).is_none());
}

#[test]
fn a_chance_is_about_right_and_the_same_again() {
    let run = || {
        let mut faults = Faults::default();
        faults.add(Fault::on(&[], Effect::Reset).chance(0.25, 9));
        (0..1000).map(|_| faults.draw(&media("a", &[])).is_some()).collect::<Vec<_>>()
    };
    let fired = run().iter().filter(|&&fired| fired).count();
    assert!((200..300).contains(&fired), "{fired}");
    assert_eq!(run(), run());
}

#[test]
fn faults_read_from_json() {
    let text = r#"{"on": ["media"], "times": 3, "effect": {"kind": "reset-after", "bytes": 10}}"#;
    let fault: Fault = serde_json::from_str(text).unwrap();
    assert_eq!(fault.effect, Effect::ResetAfter { bytes: 10 });
    assert_eq!(fault.times, Some(3));
}

#[test]
fn an_edit_touches_only_the_item_it_names() {
    let item =
        |id: &str| json!({"id": id, "filename": "f", "mediaMetadata": {"creationTime": "t", "width": "1"}});
    let mut body = json!({"mediaItems": [item("a"), item("b")]});
    let omit = Effect::Omit { field: Field::CreationTime };
    edit_json(&mut body, &Drawn { effect: omit, item: Some("b".to_owned()) });
    assert_eq!(body["mediaItems"][0]["mediaMetadata"]["creationTime"], "t");
    assert_eq!(body["mediaItems"][1]["mediaMetadata"], json!({"width": "1"}));
    edit_json(&mut body, &Drawn { effect: Effect::RepeatItem, item: None });
    assert_eq!(body["mediaItems"].as_array().unwrap().len(), 3);
    let mut batch = json!({"mediaItemResults": [{"mediaItem": item("a")}, {"mediaItem": item("b")}]});
    edit_json(&mut batch, &Drawn { effect: Effect::BatchNull, item: Some("a".to_owned()) });
    assert!(batch["mediaItemResults"][0].is_null());
    assert!(batch["mediaItemResults"][1].is_object());
}
