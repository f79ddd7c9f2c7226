//! Files that an export brought, when the index is lost or damaged: none is there twice afterwards.

use crate::exports::{STAMP, assert_all_there, import, offline, photos, varied};
use crate::index_damage::{delete_index, index};
use fake_google::takeout::Export;
use std::fs;

#[test]
fn an_export_imported_again_after_the_index_was_lost_finds_its_files() {
    let home = offline();
    let truth = Export::at(STAMP).parts(2).write(&varied(), &home.path("export")).expect("writable");
    import(&home, &truth).assert(0, &["safe to delete"]);
    let before = photos(&home);
    delete_index(&home);
    import(&home, &truth).assert(0, &["safe to delete"]);
    assert_all_there(&home, &truth);
    assert_eq!(photos(&home), before);
}

#[test]
fn what_an_export_brought_is_salvaged_with_what_it_told() {
    let home = offline();
    let truth = Export::at(STAMP).parts(2).write(&varied(), &home.path("export")).expect("writable");
    import(&home, &truth).assert(0, &["safe to delete"]);
    let (before, known) = (photos(&home), home.status()["libraries"][0]["files"].clone());
    let open = rusqlite::Connection::open(index(&home)).expect("it opens");
    let damage = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 99999 WHERE name = 'runs'";
    open.execute_batch(damage).expect("it is whole");
    drop(open);
    fs::write(index(&home).with_file_name("index.sqlite-suspect"), "").expect("writable");
    home.run(&["sync"]).assert(0, &["is damaged"]);
    assert_eq!(photos(&home), before);
    let status = home.status()["libraries"][0].clone();
    assert_eq!((&status["files"], status["exports"][0]["complete"].as_bool()), (&known, Some(true)));
    import(&home, &truth).assert(0, &["safe to delete"]);
    assert_all_there(&home, &truth);
    assert_eq!(photos(&home), before);
}
