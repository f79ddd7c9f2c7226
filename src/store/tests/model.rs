//! Random sequences of calls against a model that is three maps.

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

use crate::media::MediaKind;
use crate::store::tests::{Fixture, at, fixture, media_id, name, of_kind, page, photo};
use crate::store::{FailedTry, FilePart, ListingKind, Stored, Totals};

#[derive(Clone, Debug)]
enum Call {
    Page(Vec<(u8, u8, MediaKind)>),
    Store(u8, FilePart, u16),
    Fail(u8, FilePart),
    WantMotion(u8),
    Unwant(u8, FilePart),
    Renumber(u8, FilePart),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Wanted { failed: bool },
    Stored(u64),
    Absent,
}

#[derive(Default)]
struct Model {
    files: BTreeMap<(u8, FilePart), State>,
    paths: BTreeMap<(u8, FilePart), String>,
    /// Every path ever given, with its owner.
    given: BTreeMap<String, (u8, FilePart)>,
}

impl Model {
    fn totals(&self) -> Totals {
        let items = self.files.keys().map(|(id, _)| id).collect::<BTreeSet<_>>().len() as u64;
        let mut totals = Totals { items, ..Totals::default() };
        for state in self.files.values() {
            match *state {
                State::Wanted { failed } => {
                    totals.wanted += 1;
                    totals.failed += u64::from(failed);
                }
                State::Stored(bytes) => {
                    totals.files += 1;
                    totals.bytes += bytes;
                }
                State::Absent => {}
            }
        }
        totals
    }

    /// A path was told for a file: it is the one it had, or one that nobody ever had.
    fn told(&mut self, file: (u8, FilePart), path: &str, may_move: bool) {
        let owner = *self.given.entry(path.to_owned()).or_insert(file);
        assert_eq!(owner, file, "{path} was given to another file before");
        let before = self.paths.insert(file, path.to_owned());
        assert!(may_move || before.is_none_or(|before| before == path), "{path} moved");
    }
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let id = || 0..8_u8;
    let part = || prop_oneof![3 => Just(FilePart::Main), 1 => Just(FilePart::Motion)];
    let kind = prop_oneof![4 => Just(MediaKind::Photo), 1 => Just(MediaKind::VideoProcessing)];
    let page = prop::collection::vec((id(), 0..3_u8, kind), 0..6);
    let call = prop_oneof![
        3 => page.prop_map(Call::Page),
        3 => (id(), part(), any::<u16>()).prop_map(|(id, part, bytes)| Call::Store(id, part, bytes)),
        2 => (id(), part()).prop_map(|(id, part)| Call::Fail(id, part)),
        2 => id().prop_map(Call::WantMotion),
        1 => (id(), part()).prop_map(|(id, part)| Call::Unwant(id, part)),
        1 => (id(), part()).prop_map(|(id, part)| Call::Renumber(id, part)),
    ];
    prop::collection::vec(call, 1..25)
}

async fn apply(f: &Fixture, model: &mut Model, call: Call) {
    let store = &f.store;
    match call {
        Call::Page(items) => apply_page(f, model, items).await,
        Call::Store(id, part, bytes) => {
            let Some(path) = model.paths.get(&(id, part)).cloned() else { return };
            let bytes = u64::from(bytes);
            let batch = vec![Stored {
                id: media_id(&id.to_string()),
                part,
                path,
                bytes,
                sha256: [0; 32],
                mtime: None,
            }];
            store.commit_stored(batch).await.unwrap();
            model.files.insert((id, part), State::Stored(bytes));
        }
        Call::Fail(id, part) => {
            let (reason, next_try) = ("no".to_owned(), at(-1));
            store
                .commit_failed(vec![FailedTry { id: media_id(&id.to_string()), part, reason, next_try }])
                .await
                .unwrap();
            if let Some(State::Wanted { failed }) = model.files.get_mut(&(id, part)) {
                *failed = true;
            }
        }
        Call::WantMotion(id) => {
            let wanted = store
                .want_motion(media_id(&id.to_string()), name("0"), "photos".to_owned(), false)
                .await
                .unwrap();
            if model.files.contains_key(&(id, FilePart::Main)) {
                model.files.entry((id, FilePart::Motion)).or_insert(State::Wanted { failed: false });
            }
            let is_wanted = matches!(model.files.get(&(id, FilePart::Motion)), Some(State::Wanted { .. }));
            assert_eq!(wanted.is_some(), is_wanted);
            if let Some(wanted) = wanted {
                model.told((id, FilePart::Motion), &wanted.path, false);
            }
        }
        Call::Unwant(id, part) => {
            store.unwant(media_id(&id.to_string()), part).await.unwrap();
            if let Some(state @ State::Wanted { .. }) = model.files.get_mut(&(id, part)) {
                *state = State::Absent;
            }
        }
        Call::Renumber(id, part) => {
            let path = store.renumber(media_id(&id.to_string()), part, false).await;
            let is_wanted = matches!(model.files.get(&(id, part)), Some(State::Wanted { .. }));
            assert_eq!(path.is_ok(), is_wanted);
            if let Ok(path) = path {
                model.told((id, part), &path, true);
            }
        }
    }
}

async fn apply_page(f: &Fixture, model: &mut Model, items: Vec<(u8, u8, MediaKind)>) {
    let store = &f.store;
    let listing = store.begin_listing(ListingKind::Full, at(0)).await.unwrap();
    let new =
        |(id, stem, kind): &(u8, u8, MediaKind)| of_kind(photo(&id.to_string(), &stem.to_string()), *kind);
    let recorded =
        store.record_page(page(listing.generation, items.iter().map(new).collect())).await.unwrap();
    for (id, _, _) in items {
        model.files.entry((id, FilePart::Main)).or_insert(State::Wanted { failed: false });
    }
    for wanted in recorded.wanted {
        let file = (wanted.id.0.parse().unwrap(), wanted.part);
        assert!(matches!(model.files[&file], State::Wanted { .. }));
        model.told(file, &wanted.path, false);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn totals_and_paths_are_right_after_any_sequence_of_calls(calls in calls()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let f = fixture();
            f.store.read("hurry", |c| c.execute_batch("PRAGMA synchronous = OFF")).await.unwrap();
            let mut model = Model::default();
            for call in calls {
                apply(&f, &mut model, call).await;
                assert_eq!(f.store.totals().await.unwrap(), model.totals());
                let failing = f.store.failures(100).await.unwrap().len();
                assert_eq!(failing as u64, model.totals().failed);
            }
        });
    }
}
