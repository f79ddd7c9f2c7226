//! One account in the hands of a test.
//!
//! Owns: [`User`]. Invariant: each call is one change, seen by the next request.
//! May import: `world`, `data`. Tests: `tests/`.

use bytes::Bytes;
use std::sync::Arc;

use crate::content::Content;
use crate::data::{Account, ItemKind, ItemSpec, Truth, VideoStatus};
use crate::drive::Drive;
use crate::world::World;

/// One account; clones are the same.
#[derive(Clone, Debug)]
pub struct User {
    world: Arc<World>,
    name: String,
}

impl User {
    pub(crate) fn new(world: Arc<World>, name: &str) -> Self {
        Self { world, name: name.to_owned() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn with<T>(&self, act: impl FnOnce(&mut Account) -> T) -> T {
        let mut state = self.world.state();
        match state.accounts.get_mut(&self.name) {
            Some(account) => act(account),
            None => panic!("no account `{}`", self.name),
        }
    }

    /// Adds a photo; gives its id.
    pub fn add_photo(&self, spec: ItemSpec) -> String {
        self.add(spec, ItemKind::Photo)
    }

    /// Adds a video; gives its id.
    pub fn add_video(&self, spec: ItemSpec) -> String {
        self.add(spec, ItemKind::Video)
    }

    /// Adds a motion photo, always a real one; gives its id.
    pub fn add_motion_photo(&self, spec: ItemSpec) -> String {
        self.add(spec, ItemKind::MotionPhoto)
    }

    /// Adds an item; gives its id.
    pub fn add(&self, spec: ItemSpec, kind: ItemKind) -> String {
        self.with(|account| account.add_item(spec, kind).id.clone())
    }

    /// Removes an item, from the albums too. False: there is none.
    pub fn remove_item(&self, id: &str) -> bool {
        self.with(|account| account.remove_item(id))
    }

    /// Brings a removed item back under its id, as a person does from Google's trash. False: none was removed.
    pub fn restore_item(&self, id: &str) -> bool {
        self.with(|account| account.restore_item(id))
    }

    /// Gives an item another filename. False: there is none.
    pub fn rename_item(&self, id: &str, filename: &str) -> bool {
        self.with(|account| account.change_item(id, |item| filename.clone_into(&mut item.filename)))
    }

    /// Gives an item other bytes, as an edit does. False: there is none.
    pub fn replace_bytes(&self, id: &str, bytes: impl Into<Bytes>) -> bool {
        let bytes = bytes.into();
        self.with(|account| account.change_item(id, |item| item.content = Content::Bytes(bytes)))
    }

    /// Says where Google is with a video. False: there is none.
    pub fn set_status(&self, id: &str, status: VideoStatus) -> bool {
        self.with(|account| account.change_item(id, |item| item.status = status))
    }

    /// Moves an item into the archive or out of it. False: there is none.
    pub fn set_archived(&self, id: &str, archived: bool) -> bool {
        self.with(|account| account.change_item(id, |item| item.marks.archived = archived))
    }

    /// Adds an album of these items in this order; gives its id.
    ///
    /// # Panics
    /// If an item does not exist.
    pub fn add_album<S: AsRef<str>>(&self, title: &str, items: &[S]) -> String {
        self.with(|account| {
            let numbers = numbers_of(account, items);
            account.add_album(title, numbers).id.clone()
        })
    }

    /// Adds an album that the app did not make.
    ///
    /// # Panics
    /// If an item does not exist.
    pub fn add_foreign_album<S: AsRef<str>>(&self, title: &str, items: &[S]) -> String {
        self.with(|account| {
            let numbers = numbers_of(account, items);
            let album = account.add_album(title, numbers);
            album.foreign = true;
            album.id.clone()
        })
    }

    /// Gives an album another title. False: there is none.
    pub fn rename_album(&self, id: &str, title: &str) -> bool {
        self.with(|account| account.album_mut(id).map(|album| title.clone_into(&mut album.title)).is_some())
    }

    /// Gives an album these items in this order. False: there is none.
    ///
    /// # Panics
    /// If an item does not exist.
    pub fn set_album_items<S: AsRef<str>>(&self, id: &str, items: &[S]) -> bool {
        self.with(|account| {
            let numbers = numbers_of(account, items);
            account.album_mut(id).map(|album| album.items = numbers).is_some()
        })
    }

    /// Removes an album; its items stay. False: there is none.
    pub fn remove_album(&self, id: &str) -> bool {
        self.with(|account| {
            let before = account.albums.len();
            account.albums.retain(|album| album.id != id);
            account.albums.len() < before
        })
    }

    /// Fills `albums` albums with `each` items of the account, spread evenly over it.
    pub fn spread_albums(&self, albums: u64, each: u64) {
        self.with(|account| account.spread_albums(albums, each));
    }

    /// How many items it has.
    pub fn count(&self) -> u64 {
        self.with(|account| account.count())
    }

    /// Everything in it.
    pub fn truth(&self) -> Truth {
        self.with(|account| Truth::of(account))
    }

    /// Its Drive.
    pub fn drive(&self) -> Drive {
        Drive::new(Arc::clone(&self.world), &self.name)
    }

    /// The user withdraws consent: every token of the account dies at once.
    pub fn revoke_grant(&self) {
        self.world.state().oauth.revoke_account(&self.name);
    }

    /// Access tokens expire now; refresh tokens stay.
    pub fn expire_access_tokens(&self) {
        self.world.state().oauth.expire_access(&self.name);
    }

    /// Refresh tokens die now; access tokens stay until they expire.
    pub fn kill_refresh_tokens(&self) {
        self.world.state().oauth.kill_refresh(&self.name);
    }
}

fn numbers_of<S: AsRef<str>>(account: &Account, ids: &[S]) -> Vec<u64> {
    let number = |id: &str| match account.item_by_id(id) {
        Some(item) => item.number,
        None => panic!("no item `{id}` in `{}`", account.name),
    };
    ids.iter().map(|id| number(id.as_ref())).collect()
}
