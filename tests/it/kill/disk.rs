//! What of a run's calls a disk still has after the power went away.
//!
//! What is believed: bytes are there if their file was made durable (`fsync`, `fdatasync`, `syncfs`) after they were written and before the
//! cut; a name is there or gone if its folder was. Nothing else is promised, so of the rest a disk has, as [`Rest`] says, nothing, all, or
//! some: a file's bytes to some point, its length with zeros in it, the changes of names up to some one of them. A name may so be there before
//! the bytes of its file, as with delayed allocation.
//!
//! What is not simulated: bytes that a disk acknowledged and lost, writes of one file that overtake each other, a torn sector, changes of
//! names that overtake each other, times and modes.
//!
//! Invariant: pure but for [`Disk::write_to`]. May use: `calls`.

use super::calls::{Act, Call};
use super::points::next;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What a disk has of what was not made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    Nothing,
    All,
    /// What came first, up to a point by chance.
    Some,
    /// Of bytes: the length, with zeros. Of names: all.
    Zeros,
}

/// How the power went away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    /// The line of the log after which nothing was done.
    pub(crate) line: usize,
    pub(crate) names: Rest,
    pub(crate) bytes: Rest,
    pub(crate) seed: u64,
}

/// A file's number, as a disk has it.
type Inode = usize;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    File(Inode),
    Link(String),
    Dir,
}

/// A change of one name; none: it is gone.
#[derive(Clone, Debug)]
struct Naming {
    done: usize,
    path: String,
    node: Option<Node>,
}

/// A change of a file's bytes.
#[derive(Clone, Debug)]
struct Writing {
    done: usize,
    inode: Inode,
    offset: u64,
    /// None: the file ends at the offset.
    bytes: Option<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    File(Inode),
    Dir(String),
    Everything,
}

/// Everything that was done below one folder.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    names: BTreeMap<String, Node>,
    namings: Vec<Naming>,
    writings: Vec<Writing>,
    syncs: Vec<(usize, usize, Target)>,
    inodes: usize,
}

impl Disk {
    /// A disk that has what is below `root` now, durable.
    pub(crate) fn read(root: &Path) -> Self {
        let mut disk = Self::default();
        disk.read_folder(root, "");
        disk.syncs.push((1, 1, Target::Everything));
        disk
    }

    fn read_folder(&mut self, root: &Path, folder: &str) {
        for entry in fs::read_dir(root.join(folder)).expect("readable").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let kind = entry.file_type().expect("known");
            if kind.is_dir() {
                self.name(0, &path, Some(Node::Dir));
                self.read_folder(root, &path);
            } else if kind.is_symlink() {
                let text = fs::read_link(entry.path()).expect("a link").display().to_string();
                self.name(0, &path, Some(Node::Link(text)));
            } else {
                self.name(0, &path, Some(Node::File(self.inodes)));
                self.write(0, &path, 0, Some(fs::read(entry.path()).expect("readable")));
                self.inodes += 1;
            }
        }
    }

    /// Takes in what was done below `root` since.
    pub(crate) fn follow(&mut self, calls: &[Call], root: &Path) {
        let prefix = format!("{}/", root.display());
        for call in calls {
            self.take_in(call, &prefix);
        }
    }

    fn take_in(&mut self, call: &Call, prefix: &str) {
        let own = |path: &str| path.strip_prefix(prefix).map(str::to_owned);
        // Lines 0 and 1 are those of what was there before.
        let (began, done) = (call.began + 2, call.ended + 2);
        match &call.act {
            Act::Open { path, cut } => {
                let Some(path) = own(path) else { return };
                if !self.names.contains_key(&path) {
                    self.name(done, &path, Some(Node::File(self.inodes)));
                    self.inodes += 1;
                }
                if *cut {
                    self.write(done, &path, 0, None);
                }
            }
            Act::Write { path, offset, bytes } => {
                let Some(path) = own(path) else { return };
                self.write(done, &path, *offset, Some(bytes.clone()));
            }
            Act::Cut { path, length } => {
                let Some(path) = own(path) else { return };
                self.write(done, &path, *length, None);
            }
            Act::Sync { path } => {
                let path = own(path).or_else(|| (format!("{path}/") == prefix).then(String::new));
                let Some(path) = path else { return };
                let target = match self.names.get(&path) {
                    Some(Node::File(inode)) => Target::File(*inode),
                    Some(Node::Link(_) | Node::Dir) | None => Target::Dir(path),
                };
                self.syncs.push((began, done, target));
            }
            Act::SyncAll => self.syncs.push((began, done, Target::Everything)),
            Act::Rename { from, to } => {
                let (Some(from), Some(to)) = (own(from), own(to)) else { return };
                let node = self.names.get(&from).cloned();
                self.name(done, &to, node);
                self.name(done, &from, None);
            }
            Act::Link { from, to } => {
                let (Some(from), Some(to)) = (own(from), own(to)) else { return };
                let node = self.names.get(&from).cloned();
                self.name(done, &to, node);
            }
            Act::Remove { path } => self.name_own(done, own(path), None),
            Act::Symlink { text, path } => self.name_own(done, own(path), Some(Node::Link(text.clone()))),
            Act::MakeDir { path } => self.name_own(done, own(path), Some(Node::Dir)),
        }
    }

    fn name_own(&mut self, done: usize, path: Option<String>, node: Option<Node>) {
        if let Some(path) = path {
            self.name(done, &path, node);
        }
    }

    fn name(&mut self, done: usize, path: &str, node: Option<Node>) {
        match node.clone() {
            Some(node) => self.names.insert(path.to_owned(), node),
            None => self.names.remove(path),
        };
        self.namings.push(Naming { done, path: path.to_owned(), node });
    }

    fn write(&mut self, done: usize, path: &str, offset: u64, bytes: Option<Vec<u8>>) {
        if let Some(Node::File(inode)) = self.names.get(path) {
            self.writings.push(Writing { done, inode: *inode, offset, bytes });
        }
    }

    /// The last line on which something was done.
    pub(crate) fn last_line(&self) -> usize {
        let namings = self.namings.iter().map(|naming| naming.done);
        namings.chain(self.writings.iter().map(|writing| writing.done)).max().unwrap_or(0)
    }

    fn is_durable(&self, done: usize, cut: &Cut, is_covered: impl Fn(&Target) -> bool) -> bool {
        self.syncs.iter().any(|(began, ended, target)| {
            *began > done && *ended <= cut.line && (*target == Target::Everything || is_covered(target))
        })
    }

    /// The names that are there after the cut.
    fn names_after(&self, cut: &Cut) -> BTreeMap<String, Node> {
        let mut seed = cut.seed;
        let happened: Vec<&Naming> = self.namings.iter().filter(|naming| naming.done <= cut.line).collect();
        let until = match cut.names {
            Rest::Nothing => 0,
            Rest::All | Rest::Zeros => happened.len(),
            Rest::Some => pick(&mut seed, happened.len()),
        };
        let mut names = BTreeMap::new();
        for (n, naming) in happened.into_iter().enumerate() {
            let dir = naming.path.rsplit_once('/').map_or("", |(dir, _)| dir);
            let is_there = n < until
                || self.is_durable(naming.done, cut, |target| *target == Target::Dir(dir.to_owned()));
            match &naming.node {
                Some(node) if is_there => drop(names.insert(naming.path.clone(), node.clone())),
                None if is_there => drop(names.remove(&naming.path)),
                Some(_) | None => {}
            }
        }
        names
    }

    /// A file's bytes after the cut.
    fn bytes_after(&self, inode: Inode, cut: &Cut) -> Vec<u8> {
        let mut seed = cut.seed ^ inode as u64;
        let of_file = |writing: &&Writing| writing.inode == inode && writing.done <= cut.line;
        let happened: Vec<&Writing> = self.writings.iter().filter(of_file).collect();
        let until = match cut.bytes {
            Rest::Nothing | Rest::Zeros => 0,
            Rest::All => happened.len(),
            Rest::Some => pick(&mut seed, happened.len()),
        };
        let mut content = Vec::new();
        for (n, writing) in happened.into_iter().enumerate() {
            let is_there =
                n < until || self.is_durable(writing.done, cut, |target| *target == Target::File(inode));
            let at = usize::try_from(writing.offset).expect("small");
            match &writing.bytes {
                Some(bytes) if is_there => put(&mut content, at, bytes),
                // A longer file whose new bytes never came.
                Some(bytes) if cut.bytes == Rest::Zeros => {
                    content.resize(content.len().max(at + bytes.len()), 0);
                }
                None if is_there => content.resize(at, 0),
                Some(_) | None => {}
            }
        }
        content
    }

    /// Writes what is there after the cut into `root`, an empty folder.
    pub(crate) fn write_to(&self, root: &Path, cut: &Cut) {
        let names = self.names_after(cut);
        // In the order of their paths a folder comes before what is in it.
        for (path, node) in &names {
            let to = root.join(path);
            let is_reachable = to.parent().is_some_and(Path::is_dir);
            if !is_reachable || path.ends_with("-shm") {
                continue;
            }
            match node {
                Node::Dir => fs::create_dir(to).expect("writable"),
                Node::Link(text) => std::os::unix::fs::symlink(text, to).expect("writable"),
                Node::File(inode) => fs::write(to, self.bytes_after(*inode, cut)).expect("writable"),
            }
        }
    }
}

fn put(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    content.resize(content.len().max(at + bytes.len()), 0);
    content[at..at + bytes.len()].copy_from_slice(bytes);
}

fn pick(seed: &mut u64, below: usize) -> usize {
    usize::try_from(next(seed)).expect("small") % (below + 1)
}

#[test]
fn only_what_was_made_durable_before_the_cut_is_there_for_sure() {
    let path = || "/r/a".to_owned();
    let act = |n: usize, act: Act| Call { began: n, ended: n, act };
    let write = |offset, bytes: &[u8]| Act::Write { path: path(), offset, bytes: bytes.to_vec() };
    let calls = [
        act(0, Act::Open { path: path(), cut: false }),
        act(1, write(0, b"AB")),
        act(2, Act::Sync { path: path() }),
        act(3, write(2, b"C")),
        act(4, Act::Sync { path: "/r".to_owned() }),
        act(5, Act::Rename { from: path(), to: "/r/b".to_owned() }),
    ];
    let mut disk = Disk::default();
    disk.follow(&calls, Path::new("/r"));
    let cut = |line: usize, names, bytes| Cut { line: line + 2, names, bytes, seed: 1 };
    let names = |cut: Cut| disk.names_after(&cut).into_keys().collect::<Vec<_>>();
    assert!(names(cut(3, Rest::Nothing, Rest::All)).is_empty(), "its folder was not made durable");
    assert_eq!(names(cut(3, Rest::All, Rest::All)), ["a"]);
    assert_eq!(names(cut(5, Rest::Nothing, Rest::All)), ["a"]);
    assert_eq!(names(cut(5, Rest::All, Rest::All)), ["b"]);
    assert_eq!(disk.bytes_after(0, &cut(5, Rest::All, Rest::Nothing)), b"AB");
    assert_eq!(disk.bytes_after(0, &cut(5, Rest::All, Rest::Zeros)), b"AB\0");
    assert_eq!(disk.bytes_after(0, &cut(5, Rest::All, Rest::All)), b"ABC");
    assert!(disk.bytes_after(0, &cut(1, Rest::All, Rest::Nothing)).is_empty());
}
