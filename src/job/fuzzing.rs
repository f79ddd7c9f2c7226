//! Folders and links of albums from any title and name.
//!
//! Invariant: see `crate::fuzzing`. May import: `names`, `store` for its plain types. Tests: `src/fuzzing/tests.rs`.

use chrono::DateTime;

use crate::job::links::{
    WantedLink, album_dir_for, free_dir, link_name, may_keep_dir, numbered_link, plan_links, relative_link,
};
use crate::names::file_name_for;
use crate::names::fuzzing::{assert_below, assert_component};
use crate::store::AlbumLink;

/// Names of files that one input links at most.
const FILES_MAX: usize = 16;

/// `data`: eight bytes for the date of the newest item, the title up to the first line feed, then names of files.
pub(crate) fn album_titles(data: &[u8]) {
    let (head, rest) = data.split_at(data.len().min(8));
    let seconds = <[u8; 8]>::try_from(head).map_or(0, i64::from_le_bytes) % (1 << 36);
    let newest = DateTime::from_timestamp(seconds, 0).filter(|_| seconds >= 0);
    let text = String::from_utf8_lossy(rest);
    let mut lines = text.split('\n');
    let title = lines.next().unwrap_or_default();
    let names: Vec<&str> = lines.take(FILES_MAX).collect();
    for portable in [false, true] {
        let wish = album_dir_for(title, newest, portable);
        let second = free_dir(&wish, |dir| dir == wish);
        let third = free_dir(&wish, |dir| dir == wish || dir == second);
        for dir in [&wish, &second, &third] {
            assert_below(dir);
            assert_eq!(dir.split('/').count(), 2, "{dir}");
            assert!(may_keep_dir(dir, &wish), "{dir} is no form of {wish}");
        }
        assert!(wish != second && second != third);
        check_links(&wish, &names, portable);
    }
}

fn check_links(dir: &str, names: &[&str], portable: bool) {
    let link_of = |(at, name): (usize, &&str)| {
        let file = file_name_for(Some(name), "id", None, portable).numbered(1);
        let path = format!("albums/{dir}/{}", link_name(at, &file));
        let target = format!("photos/2020/01/{file}");
        for n in [2, 3, u32::MAX] {
            let numbered = numbered_link(&path, n);
            assert_below(&numbered);
            assert!(numbered != path, "{path} is its own form {n}");
        }
        path.split('/').for_each(assert_component);
        assert_eq!(resolved(&path, &relative_link(&path, &target)), target);
        AlbumLink { path, target }
    };
    let links: Vec<AlbumLink> = names.iter().enumerate().map(link_of).collect();
    let wanted = |links: &[AlbumLink]| -> Vec<WantedLink> {
        links.iter().map(|link| WantedLink { link: link.clone(), created: None }).collect()
    };
    let middle = links.len() / 2;
    let plan = plan_links(wanted(&links[middle..]), links.clone());
    assert_eq!(
        (plan.keep.len() + plan.add.len(), plan.keep.len() + plan.remove.len()),
        (links.len() - middle, links.len())
    );
    let plan = plan_links(wanted(&links), links.clone());
    assert!(plan.add.is_empty() && plan.remove.is_empty(), "links that are as wanted change");
}

/// Where a link at `path` with the text `text` leads, without leaving the root.
fn resolved(path: &str, text: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in text.split('/') {
        match part {
            ".." => assert!(parts.pop().is_some(), "{path} -> {text} leaves the root"),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
