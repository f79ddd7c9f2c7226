//! One account's Drive: files, folders, and the log of their changes.

use crate::clock::Millis;
use crate::content::Content;
use crate::drive::file::{DriveFile, Sums, mime_of};
use crate::rng;

/// The type of folders.
pub(crate) const FOLDER_MIME: &str = "application/vnd.google-apps.folder";
/// What an account without a plan has: 15 GB.
const STORAGE_BYTES: u64 = 15 << 30;

/// A file or a folder.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mark of its own")]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) mime: String,
    pub(crate) parent: String,
    /// None: a folder.
    pub(crate) body: Option<Body>,
    pub(crate) created_ms: Millis,
    pub(crate) modified_ms: Millis,
    /// Counts changes of the file.
    pub(crate) version: u64,
    pub(crate) trashed: bool,
    pub(crate) abusive: bool,
    pub(crate) mine: bool,
    pub(crate) appears_ms: Millis,
    /// Whether it has appeared.
    pub(crate) seen: bool,
}

/// The bytes of a file in their present revision.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) content: Content,
    pub(crate) sums: Sums,
    pub(crate) has_sha256: bool,
    pub(crate) revision: String,
}

/// One entry of the log of changes.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) id: String,
    pub(crate) at_ms: Millis,
}

/// One account's Drive.
#[derive(Debug)]
pub(crate) struct DriveStore {
    pub(crate) seed: u64,
    pub(crate) root: String,
    pub(crate) files: Vec<Stored>,
    pub(crate) changes: Vec<Change>,
    /// None: no limit.
    pub(crate) storage_bytes: Option<u64>,
    /// Used by other products.
    pub(crate) other_bytes: u64,
    made: u64,
}

impl DriveStore {
    pub(crate) fn new(account: &str, seed: u64) -> Self {
        let seed = rng::mix2(seed ^ 0xd41e, rng::mix_text(account));
        Self {
            seed,
            root: format!("0A{}", rng::base64url(&rng::bytes(seed, 12))),
            files: Vec::new(),
            changes: Vec::new(),
            storage_bytes: Some(STORAGE_BYTES),
            other_bytes: 0,
            made: 0,
        }
    }

    fn fresh(&mut self, prefix: &str, bytes: usize) -> String {
        self.made += 1;
        format!("{prefix}{}", rng::base64url(&rng::bytes(rng::mix2(self.seed, self.made), bytes)))
    }

    /// The folder of that name in My Drive; one is made if there is none.
    pub(crate) fn folder(&mut self, name: &str, now: Millis) -> String {
        let known = self.files.iter().find(|file| file.body.is_none() && file.name == name && !file.trashed);
        if let Some(folder) = known {
            return folder.id.clone();
        }
        let id = self.fresh("1", 24);
        self.files.push(Stored {
            id: id.clone(),
            name: name.to_owned(),
            mime: FOLDER_MIME.to_owned(),
            parent: self.root.clone(),
            body: None,
            created_ms: now,
            modified_ms: now,
            version: 1,
            trashed: false,
            abusive: false,
            mine: true,
            appears_ms: now,
            seen: true,
        });
        self.changes.push(Change { id: id.clone(), at_ms: now });
        id
    }

    /// Adds a file whose bytes have these sums; gives its id.
    pub(crate) fn add(&mut self, file: DriveFile, sums: Sums, now: Millis) -> String {
        let parent = match &file.folder {
            Some(name) => self.folder(name, now),
            None => self.root.clone(),
        };
        let (id, revision) = (self.fresh("1", 24), self.fresh("0B", 32));
        let created_ms = file.created.map_or(now, |at| at.timestamp_millis());
        let body = Body { content: file.content, sums, has_sha256: file.has_sha256, revision };
        self.files.push(Stored {
            id: id.clone(),
            mime: file.mime.unwrap_or_else(|| mime_of(&file.name).to_owned()),
            name: file.name,
            parent,
            body: Some(body),
            created_ms,
            modified_ms: created_ms,
            version: 1,
            trashed: false,
            abusive: file.abusive,
            mine: file.mine,
            appears_ms: file.appears.map_or(now, |at| at.timestamp_millis()),
            seen: false,
        });
        self.settle(now);
        id
    }

    /// Changes a file and logs it. False: there is none.
    pub(crate) fn change(&mut self, id: &str, now: Millis, change: impl FnOnce(&mut Stored)) -> bool {
        let Some(file) = self.files.iter_mut().find(|file| file.id == id) else { return false };
        change(file);
        file.version += 1;
        if file.seen {
            self.changes.push(Change { id: id.to_owned(), at_ms: now });
        }
        true
    }

    /// Gives a file other bytes: a new revision. False: there is no such file.
    pub(crate) fn replace(&mut self, id: &str, content: Content, sums: Sums, now: Millis) -> bool {
        let revision = self.fresh("0B", 32);
        self.change(id, now, |file| {
            file.modified_ms = now;
            if let Some(body) = &mut file.body {
                *body = Body { content, sums, revision, has_sha256: body.has_sha256 };
            }
        })
    }

    /// Removes a file for good. False: there is none.
    pub(crate) fn remove(&mut self, id: &str, now: Millis) -> bool {
        let found = self.change(id, now, |_| ());
        self.files.retain(|file| file.id != id);
        found
    }

    /// Lets those appear whose time has come.
    pub(crate) fn settle(&mut self, now: Millis) {
        for file in self.files.iter_mut().filter(|file| !file.seen && file.appears_ms <= now) {
            file.seen = true;
            self.changes.push(Change { id: file.id.clone(), at_ms: file.appears_ms });
        }
    }

    /// The file of that id, if it has appeared.
    pub(crate) fn file(&self, id: &str) -> Option<&Stored> {
        self.files.iter().find(|file| file.seen && file.id == id)
    }

    /// How many bytes of its files count against the storage: all, and those in the bin.
    pub(crate) fn used_bytes(&self) -> (u64, u64) {
        let bytes = |file: &Stored| file.body.as_ref().map_or(0, |body| body.sums.bytes);
        let mine = || self.files.iter().filter(|file| file.seen && file.mine);
        (mine().map(bytes).sum(), mine().filter(|file| file.trashed).map(bytes).sum())
    }
}
