//! One account's Drive in the hands of a test.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::content::Content;
use crate::drive::DriveStore;
use crate::drive::file::{DriveFile, Sums};
use crate::world::World;

/// One account's Drive; clones are the same. Each call is one change, seen by the next request.
#[derive(Clone, Debug)]
pub struct Drive {
    world: Arc<World>,
    account: String,
}

/// One file as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriveTruth {
    /// Google's identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// MD5 of its bytes, lower-case hexadecimal.
    pub md5: String,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
    /// Its present revision.
    pub revision: String,
    /// In the bin.
    pub trashed: bool,
}

impl Drive {
    pub(crate) fn new(world: Arc<World>, account: &str) -> Self {
        Self { world, account: account.to_owned() }
    }

    fn with<T>(&self, act: impl FnOnce(&mut DriveStore) -> T) -> T {
        act(self.world.state().drive(&self.account, self.world.seed))
    }

    /// Adds a file; gives its id. All its bytes are read once, for their sums.
    pub fn add(&self, file: DriveFile) -> String {
        let (sums, now) = (Sums::of(&file.content), self.world.now());
        self.with(|drive| drive.add(file, sums, now))
    }

    /// Adds every file of a folder on disk, in the order of their names; gives their ids.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn add_all_of(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                paths.push(entry.path());
            }
        }
        paths.sort();
        Ok(paths.iter().map(|path| self.add(DriveFile::part(path))).collect())
    }

    /// The id of the folder of that name in My Drive, which is made if there is none.
    pub fn folder(&self, name: &str) -> String {
        let now = self.world.now();
        self.with(|drive| drive.folder(name, now))
    }

    /// Gives a file other bytes: a new revision, as when it is still growing. False: there is none.
    pub fn replace(&self, id: &str, content: Content) -> bool {
        let (sums, now) = (Sums::of(&content), self.world.now());
        self.with(|drive| drive.replace(id, content, sums, now))
    }

    /// Gives a file another name. False: there is none.
    pub fn rename(&self, id: &str, name: &str) -> bool {
        let now = self.world.now();
        self.with(|drive| drive.change(id, now, |file| name.clone_into(&mut file.name)))
    }

    /// Puts a file into the bin, or takes it out. False: there is none.
    pub fn set_trashed(&self, id: &str, trashed: bool) -> bool {
        let now = self.world.now();
        self.with(|drive| drive.change(id, now, |file| file.trashed = trashed))
    }

    /// Takes a file for malware, or no longer. False: there is none.
    pub fn set_abusive(&self, id: &str, abusive: bool) -> bool {
        let now = self.world.now();
        self.with(|drive| drive.change(id, now, |file| file.abusive = abusive))
    }

    /// Removes a file for good. False: there is none.
    pub fn remove(&self, id: &str) -> bool {
        let now = self.world.now();
        self.with(|drive| drive.remove(id, now))
    }

    /// The account's storage in bytes, none for no limit, and what other products use of it.
    pub fn set_storage(&self, bytes: Option<u64>, other_bytes: u64) {
        self.with(|drive| (drive.storage_bytes, drive.other_bytes) = (bytes, other_bytes));
    }

    /// Every file, also one that has not appeared yet, in the order of adding; no folders.
    pub fn files(&self) -> Vec<DriveTruth> {
        self.with(|drive| {
            let files = drive.files.iter().filter_map(|file| {
                let body = file.body.as_ref()?;
                Some(DriveTruth {
                    id: file.id.clone(),
                    name: file.name.clone(),
                    bytes: body.sums.bytes,
                    md5: body.sums.md5.clone(),
                    sha256: body.sums.sha256.clone(),
                    revision: body.revision.clone(),
                    trashed: file.trashed,
                })
            });
            files.collect()
        })
    }
}
