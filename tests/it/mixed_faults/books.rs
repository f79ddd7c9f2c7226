//! What Google has of one library, what of it was seen on disk, and what a run said of the rest.

use crate::context::Home;
use fake_google::{Endpoint, Logged};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::Path;

/// Failing items that a status names at most.
const FAILURES_SHOWN: usize = 20;
/// The gap after the second failed try, seconds; each further one doubles it up to a week. After the first there is none.
const GAP_FIRST_SECS: i64 = 3_600;
const GAP_MAX_SECS: i64 = 7 * 24 * 3_600;

/// The books of one library.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) name: String,
    /// By id, the name of every item that Google has or had.
    items: HashMap<String, String>,
    /// By their bytes, the ids of the same.
    wholes: HashMap<Vec<u8>, String>,
    /// Removed at Google.
    removed: HashSet<String>,
    /// By path, the id of what was seen there.
    on_disk: BTreeMap<String, String>,
    /// By path, the failed tries that the last status told.
    tries: HashMap<String, u64>,
    /// Whether the last status named all that failed.
    named_all: bool,
    /// Whether a listing left out what no client can miss; until a full listing is complete, nobody can know all.
    pub(crate) is_unsure: bool,
}

impl Books {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            items: HashMap::new(),
            wholes: HashMap::new(),
            removed: HashSet::new(),
            on_disk: BTreeMap::new(),
            tries: HashMap::new(),
            named_all: true,
            is_unsure: false,
        }
    }

    /// Takes in what was added at Google.
    pub(crate) fn learn(&mut self, home: &Home) {
        for item in home.google.truth(&self.name).items {
            if !self.items.contains_key(&item.id) {
                self.wholes.insert(item.bytes(), item.id.clone());
                self.items.insert(item.id, item.filename.expect("each has a name"));
            }
        }
    }

    /// Removes some items at Google that are safe on disk.
    pub(crate) fn remove_some(&mut self, home: &Home, most: usize) {
        let alice = home.google.account(&self.name);
        for id in self.on_disk.values().step_by(7).take(most) {
            if self.removed.insert(id.clone()) {
                alice.remove_item(id);
            }
        }
    }

    /// Looks at the visible tree: all that is new in it is whole and under its own name, and nothing that was there is gone.
    /// `again`: what was seen before is read again too.
    pub(crate) fn look(&mut self, home: &Home, again: bool) {
        let photos = home.root(&self.name).join("photos");
        let mut folders = vec![(photos, "photos".to_owned())];
        while let Some((folder, prefix)) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                let path = format!("{prefix}/{}", entry.file_name().display());
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push((entry.path(), path));
                    continue;
                }
                let known = self.on_disk.get(&path);
                if known.is_some() && !again {
                    continue;
                }
                let id = self.whole_at(&entry.path());
                assert!(known.is_none_or(|known| *known == id), "{path} has other bytes than before");
                self.on_disk.insert(path, id);
            }
        }
        if again {
            for path in self.on_disk.keys() {
                assert!(home.root(&self.name).join(path).exists(), "{}: {path} is gone", self.name);
            }
        }
    }

    /// The item whose bytes are at `path`, all of them.
    fn whole_at(&self, path: &Path) -> String {
        let bytes = fs::read(path).expect("what is visible is readable");
        let Some(id) = self.wholes.get(&bytes) else {
            panic!("{}: {} bytes that no item has", path.display(), bytes.len());
        };
        let name = &self.items[id];
        assert_eq!(path.file_name().map(|name| name.display().to_string()).as_deref(), Some(&name[..]));
        id.clone()
    }

    /// Names of the items that Google has and the disk has not.
    pub(crate) fn missing(&self) -> Vec<String> {
        let here: HashSet<&String> = self.on_disk.values().collect();
        let missing = self.items.iter().filter(|(id, _)| !here.contains(id) && !self.removed.contains(*id));
        missing.map(|(_, name)| name.clone()).collect()
    }

    /// Items at Google, and files seen on disk.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.items.len() - self.removed.len(), self.on_disk.len())
    }

    /// Holds what a run said of itself against what is on disk; gives the exit code that it stands for. `lacked`: what it
    /// found missing when it began and has not brought; `log`: what was asked and answered.
    pub(crate) fn check(&mut self, status: &Value, lacked: &[String], log: &[&Logged]) -> i32 {
        let end = status["last_run"]["end"].as_str().unwrap_or_default().to_owned();
        let failures = status["failures"].as_array().cloned().unwrap_or_default();
        let failed = usize::try_from(status["failed"].as_u64().expect("a number")).expect("small");
        assert_eq!(failures.len(), failed.min(FAILURES_SHOWN), "{status}");
        if end == "complete" {
            assert_eq!((failed, &status["wanted"]), (0, &0.into()), "{status}");
            assert!(self.is_unsure || lacked.is_empty(), "complete without {lacked:?}: {status}");
        } else {
            assert!(status["last_run"]["reason"].as_str().is_some_and(|it| !it.is_empty()), "{status}");
        }
        if end == "incomplete" && failed < FAILURES_SHOWN && !self.is_unsure {
            let named: HashSet<&str> = failures.iter().map(name_of).collect();
            let unnamed: Vec<_> = lacked.iter().filter(|name| !named.contains(&name[..])).collect();
            let reason = &status["last_run"]["reason"];
            assert!(
                unnamed.is_empty() || reason.to_string().contains("no id"),
                "{unnamed:?} neither here nor named: {status}"
            );
        }
        self.check_tries(status, &failures, log);
        match (&end[..], status["state"].as_str()) {
            ("complete", _) => 0,
            ("needs-login", _) => 77,
            _ => 1,
        }
    }

    /// Each failing item has a reason and a next try that is later each time, and a refusal for quota is no failed try.
    fn check_tries(&mut self, status: &Value, failures: &[Value], log: &[&Logged]) {
        let moment = |value: &Value| {
            chrono::DateTime::parse_from_rfc3339(value.as_str().unwrap_or_default()).expect("a moment")
        };
        let (started, finished) =
            (moment(&status["last_run"]["started"]), moment(&status["last_run"]["finished"]));
        for failure in failures {
            let (path, tries) = (failure["path"].to_string(), failure["tries"].as_u64().unwrap_or(0));
            assert!(failure["reason"].as_str().is_some_and(|it| !it.is_empty()) && tries > 0, "{failure}");
            // What a status did not name may have failed in any run before.
            if self.tries.insert(path, tries).unwrap_or(0) >= tries || !self.named_all {
                continue;
            }
            let doublings = u32::try_from(tries.saturating_sub(2).min(16)).expect("small");
            let gap = if tries < 2 { 0 } else { (GAP_FIRST_SECS << doublings).min(GAP_MAX_SECS) };
            let next = moment(&failure["next_try"]);
            let least = started + chrono::TimeDelta::seconds(gap) - chrono::TimeDelta::milliseconds(1);
            let most = finished + chrono::TimeDelta::seconds(gap + gap / 10 + 1);
            assert!(next >= least && next <= most, "{tries} tries, {least} to {most}: {failure}");
            let of_it = log.iter().filter(|entry| {
                let name = entry.item.as_ref().and_then(|id| self.items.get(id));
                entry.endpoint == Endpoint::Media && name.is_some_and(|name| name == name_of(failure))
            });
            let statuses: Vec<u16> = of_it.map(|entry| entry.status).collect();
            let is_refused_only = !statuses.is_empty() && statuses.iter().all(|status| *status == 429);
            assert!(!is_refused_only, "429 cost a try: {failure}");
        }
        self.named_all = failures.len() < FAILURES_SHOWN;
    }
}

/// The file name of a failing item.
fn name_of(failure: &Value) -> &str {
    failure["path"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default()
}
