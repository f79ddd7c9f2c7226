//! Files that lie on disk at another number of their name, known again by length and digest.
//!
//! Numbers are given in the order of a listing, so an index that was lost and made anew may give an item another number than its
//! file has. Invariant: a path that belongs to another item, in the index or in the batch at hand, is never taken over.
//! May import: `fs`, `store`, `names`. Tests: below for the names; the rest in `tests/it`.

use std::collections::HashSet;

use crate::fs::Root;
use crate::job::Outcome;
use crate::job::faults::{end_of_store, text_of};
use crate::job::place::{Piece, is_same};
use crate::job::tools::{Tools, blocking};
use crate::names::FileName;

/// How many lower numbers of a name are looked at.
const FORMS_MAX: u32 = 64;

/// Gives each piece with a numbered name the path at which its very bytes lie already, if they do.
pub(crate) async fn recognise(tools: &Tools, mut pieces: Vec<Piece>) -> Result<Vec<Piece>, Outcome> {
    if pieces.iter().all(|piece| forms_below(&piece.whole.path).is_empty()) {
        return Ok(pieces);
    }
    let root = tools.root.clone();
    let looked = blocking(move || {
        let found: Vec<Vec<String>> = pieces.iter().map(|piece| twins_of(&root, piece)).collect();
        (pieces, found)
    });
    let found;
    (pieces, found) = looked.await?;
    let mut taken: HashSet<(String, [u8; 32])> =
        pieces.iter().map(|piece| (piece.whole.path.clone(), piece.whole.sha256)).collect();
    for (piece, twins) in pieces.iter_mut().zip(found) {
        for path in twins {
            let place = (path, piece.whole.sha256);
            let is_free = !taken.contains(&place) && {
                let known = tools.store.is_settled_path(place.0.clone()).await;
                !known.map_err(|error| end_of_store(&error))?
            };
            if is_free {
                piece.whole.path.clone_from(&place.0);
                taken.insert(place);
                break;
            }
        }
    }
    Ok(pieces)
}

/// The lower numbers of the piece's name at which its very bytes lie.
fn twins_of(root: &Root, piece: &Piece) -> Vec<String> {
    let is_twin = |path: &String| {
        is_same(root, &piece.whole, path).unwrap_or_else(|error| {
            tracing::debug!(path, error = %text_of(&error), "a file could not be compared");
            false
        })
    };
    forms_below(&piece.whole.path).into_iter().filter(is_twin).collect()
}

/// The paths of the lower numbers of a numbered name, at most [`FORMS_MAX`]; none for a plain name.
fn forms_below(path: &str) -> Vec<String> {
    let (dir, name) = path.rfind('/').map_or(("", path), |at| path.split_at(at + 1));
    let FileName { stem, ext } = FileName::split(name);
    let numbered = stem.strip_suffix(')').and_then(|stem| stem.rsplit_once(" ("));
    let Some((stem, number)) = numbered.and_then(|(stem, n)| Some((stem, n.parse::<u32>().ok()?))) else {
        return Vec::new();
    };
    let plain = FileName { stem: stem.to_owned(), ext };
    (1..number.min(FORMS_MAX + 1)).map(|n| format!("{dir}{}", plain.numbered(n))).collect()
}

#[cfg(test)]
mod tests {
    use crate::job::recognise::{FORMS_MAX, forms_below};

    #[test]
    fn only_a_numbered_name_has_lower_forms_and_not_too_many() {
        assert_eq!(forms_below("p/a (3).jpg"), ["p/a.jpg", "p/a (2).jpg"]);
        assert_eq!(forms_below("a (2)"), ["a"]);
        for plain in ["p/a.jpg", "p/a (x).jpg", "p/a(2).jpg", "p/a (0).jpg", "p/a (1).jpg"] {
            assert!(forms_below(plain).is_empty(), "{plain}");
        }
        assert_eq!(forms_below("a (4000000).jpg").len(), FORMS_MAX as usize);
    }
}
