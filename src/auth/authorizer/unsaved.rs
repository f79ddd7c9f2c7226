//! A token that cannot be written to its file: what is told of it, and when.
//!
//! Owns: the present cause and its words. Invariant: a cause is logged when it begins and when it changes, never for each try; no
//! word is a secret. May import: `media`. Tests: below, of the decision; the rest in `authorizer/tests.rs` and `tests/it`.

use std::sync::{Mutex, PoisonError};

use crate::media::LibraryName;

/// Why the file on disk is older than what is in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unsaved {
    /// The system's words.
    pub(crate) cause: String,
    /// Whether the refresh token in memory is not the one on disk, so that it is lost with the process.
    pub(crate) is_rotated: bool,
}

/// What is to be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    /// It cannot be saved, for a cause that was not told yet.
    Failing,
    /// The file is up to date again.
    Saved,
}

/// What the newest save of one library's token came to; apart from the token, so that a look at it waits for no refresh.
#[derive(Debug, Default)]
pub(crate) struct Saves(Mutex<Option<Unsaved>>);

/// What is to be logged when `before` becomes `after`.
fn plan_news(before: Option<&Unsaved>, after: Option<&Unsaved>) -> Option<News> {
    match (before, after) {
        (before, Some(after)) if before != Some(after) => Some(News::Failing),
        (Some(_), None) => Some(News::Saved),
        (_, Some(_)) | (None, None) => None,
    }
}

// === impl Unsaved ===

impl Unsaved {
    /// As a sentence, for the log and for `status`.
    fn told(&self, library: &LibraryName) -> String {
        let cause = &self.cause;
        if self.is_rotated {
            format!(
                "Google replaced the refresh token, and the new one cannot be saved: {cause}; it is lost if gphotos-syncd ends now, and then \
                 `gphotos-syncd login {library}` is needed"
            )
        } else {
            format!("the refreshed access token cannot be saved, and is used all the same: {cause}")
        }
    }
}

// === impl Saves ===

impl Saves {
    /// A save failed.
    pub(crate) fn failed(&self, library: &LibraryName, unsaved: Unsaved) {
        self.become_known(library, Some(unsaved));
    }

    /// The file has what is in memory: it was written or read.
    pub(crate) fn settled(&self, library: &LibraryName) {
        self.become_known(library, None);
    }

    /// There is no token any more that could be saved.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Why the newest token is not on disk; none if it is.
    pub(crate) fn told(&self, library: &LibraryName) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().map(|unsaved| unsaved.told(library))
    }

    fn become_known(&self, library: &LibraryName, after: Option<Unsaved>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (plan_news(known.as_ref(), after.as_ref()), &after) {
            (Some(News::Failing), Some(unsaved)) if unsaved.is_rotated => {
                tracing::error!(%library, "{}", unsaved.told(library));
            }
            (Some(News::Failing), Some(unsaved)) => tracing::warn!(%library, "{}", unsaved.told(library)),
            (Some(News::Failing | News::Saved), None) | (Some(News::Saved), Some(_)) => {
                tracing::info!(%library, "the token file of library {library} is up to date again");
            }
            (None, _) => {}
        }
        *known = after;
    }
}

#[cfg(test)]
mod tests {
    use crate::auth::authorizer::unsaved::{News, Saves, Unsaved, plan_news};
    use crate::media::LibraryName;

    fn unsaved(cause: &str, is_rotated: bool) -> Unsaved {
        Unsaved { cause: cause.to_owned(), is_rotated }
    }

    #[test]
    fn a_cause_is_told_once_and_again_only_when_it_changes_or_is_over() {
        let (full, denied, rotated) =
            (unsaved("full", false), unsaved("denied", false), unsaved("full", true));
        let table = [
            (None, None, None),
            (None, Some(&full), Some(News::Failing)),
            (Some(&full), Some(&full), None),
            (Some(&full), Some(&denied), Some(News::Failing)),
            (Some(&full), Some(&rotated), Some(News::Failing)),
            (Some(&rotated), Some(&rotated), None),
            (Some(&full), None, Some(News::Saved)),
        ];
        for (before, after, expected) in table {
            assert_eq!(plan_news(before, after), expected, "{before:?} {after:?}");
        }
    }

    #[test]
    fn what_cannot_be_saved_is_told_until_it_is_saved_or_gone() {
        let alice = LibraryName::try_new("alice").expect("legal");
        let saves = Saves::default();
        assert_eq!(saves.told(&alice), None);
        saves.failed(&alice, unsaved("no room", false));
        let told = saves.told(&alice).unwrap_or_default();
        assert!(told.contains("no room") && !told.contains("login"), "{told}");
        saves.failed(&alice, unsaved("no room", true));
        let told = saves.told(&alice).unwrap_or_default();
        assert!(told.contains("no room") && told.contains("`gphotos-syncd login alice`"), "{told}");
        saves.settled(&alice);
        assert_eq!(saves.told(&alice), None);
        saves.failed(&alice, unsaved("no room", false));
        saves.forget();
        assert_eq!(saves.told(&alice), None);
    }
}
