//! What an authorizer has in memory of its token file.
//!
//! Owns: the content last read or made, its stamp, and the present issue. Invariant: pure, no I/O; memory is newer than
//! the disk only while a save is outstanding. May import: `secret`. Tests: `authorizer/tests.rs`.

use std::time::Duration;
use tokio::time::Instant;

use crate::auth::Bearer;
use crate::auth::endpoint::TokenAnswer;
use crate::auth::token_file::{Stamp, TokenFile};
use crate::auth::validity::{Moment, Validity};
use crate::secret::Secret;

/// What is in memory of a token file.
#[derive(Debug, Default)]
pub(crate) struct Held {
    file: Option<TokenFile>,
    /// Of the file on disk that `file` came from; none: the disk must be read again.
    stamp: Option<Stamp>,
    token: Option<(Secret, Validity)>,
    issue: u64,
    /// When a save was last tried in vain.
    unsaved_since: Option<Instant>,
    /// Whether the refresh token in memory is not the one on disk.
    rotated: bool,
    /// A refresh ahead of expiry failed: no other before this.
    rest_until: Option<Instant>,
    failure: Option<String>,
}

// === impl Held ===

impl Held {
    /// Takes over a file that was read.
    pub(crate) fn load(&mut self, file: TokenFile, stamp: Stamp, now: Moment) {
        let access = file.access_token();
        let same = access.is_some() && self.token.as_ref().map(|(token, _)| token) == access.as_ref();
        if !same {
            let validity = Validity::stored(now, file.expires_at(), file.expires_in());
            self.token = access.zip(validity);
            self.issue += 1;
        }
        self.file = Some(file);
        self.stamp = Some(stamp);
        self.settle();
    }

    /// Takes over an answer; what is held must be saved then.
    pub(crate) fn accept(&mut self, answer: &TokenAnswer, now: Moment) -> Bearer {
        if let Some(file) = &mut self.file {
            self.rotated |= answer.refresh_token.as_ref().is_some_and(|new| new != &file.refresh_token());
            file.apply(answer, now.wall);
        }
        self.token = Some((answer.access_token.clone(), Validity::issued(now, answer.expires_in)));
        self.issue += 1;
        self.rest_until = None;
        self.failure = None;
        Bearer { token: answer.access_token.clone(), issue: self.issue }
    }

    /// Forgets the tokens: there is no file, or a useless one.
    pub(crate) fn forget(&mut self) {
        self.file = None;
        self.stamp = None;
        self.token = None;
        self.settle();
    }

    /// The content was written as the file with `stamp`; none: somebody else's file is there since.
    pub(crate) fn saved(&mut self, stamp: Option<Stamp>) {
        self.unsaved_since = None;
        self.rotated = false;
        self.stamp = stamp;
    }

    /// The content could not be written.
    pub(crate) fn save_failed(&mut self, now: Instant) {
        self.unsaved_since = Some(now);
    }

    /// A refresh failed for a passing reason.
    pub(crate) fn failed(&mut self, reason: String) {
        self.failure = Some(reason);
    }

    /// The present bearer, if it is not `rejected` and need not be refreshed.
    pub(crate) fn usable(&self, now: Moment, rejected: Option<&Bearer>) -> Option<Bearer> {
        let (token, validity) = self.token.as_ref()?;
        let is_rejected = rejected.is_some_and(|r| r.issue == self.issue || &r.token == token);
        let resting = self.rest_until.is_some_and(|until| now.mono < until) && !validity.is_over(now);
        let good = !is_rejected && (resting || !validity.is_due(now));
        good.then(|| Bearer { token: token.clone(), issue: self.issue })
    }

    /// The present bearer for want of a new one, if it still lives; no refresh is due within `rest` then.
    pub(crate) fn spare(&mut self, now: Moment, rest: Duration, rejected: Option<&Bearer>) -> Option<Bearer> {
        self.rest_until = Some(now.mono + rest);
        let bearer = self.usable(now, rejected);
        if bearer.is_none() {
            self.rest_until = None;
        }
        bearer
    }

    /// Whether an outstanding save was last tried at least `gap` ago.
    pub(crate) fn is_save_due(&self, now: Instant, gap: Duration) -> bool {
        self.unsaved_since.is_some_and(|since| now.saturating_duration_since(since) >= gap)
    }

    /// Whether the refresh token in memory is not the one on disk.
    pub(crate) fn is_rotated(&self) -> bool {
        self.rotated
    }

    /// The content.
    pub(crate) fn file(&self) -> Option<&TokenFile> {
        self.file.as_ref()
    }

    /// The refresh token.
    pub(crate) fn refresh_token(&self) -> Option<Secret> {
        self.file.as_ref().map(TokenFile::refresh_token)
    }

    /// The stamp of the file on disk.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.stamp
    }

    /// Why the newest refresh failed.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.clone()
    }

    /// Nothing is outstanding any more.
    fn settle(&mut self) {
        self.unsaved_since = None;
        self.rotated = false;
        self.rest_until = None;
        self.failure = None;
    }
}
