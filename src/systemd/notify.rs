//! What the service manager is told: ready, reloading, alive, stopping, and a sentence for `systemctl status`.
//!
//! Owns: the notification socket. Invariant: outside systemd every call does nothing; a failing notification is logged and
//! never stops the daemon. May import: `status`, `takeout`. Tests: below.

use chrono::TimeZone;
use sd_notify::NotifyState;
use std::collections::BTreeSet;
use std::time::Duration;

use crate::status::{ClassStatus, LibraryState, LibraryStatus, VerifyStatus};
use crate::takeout::rhythm::NoticeKind;

/// The longest status sentence, bytes: the service manager reads datagrams of 4,096 (`NOTIFY_BUFFER_MAX`).
const SENTENCE_BYTES_MAX: usize = 1_500;

/// Speaks to the service manager.
#[derive(Clone, Debug)]
pub struct Notifier {
    watchdog: Option<Duration>,
    is_heard: bool,
}

// === impl Notifier ===

impl Notifier {
    /// A notifier for the environment that the service manager set.
    pub fn from_env() -> Self {
        let is_heard = std::env::var_os("NOTIFY_SOCKET").is_some();
        Self { watchdog: sd_notify::watchdog_enabled(), is_heard }
    }

    /// A notifier to nobody, whose sign of life is due each half of `whole`.
    #[cfg(test)]
    pub(crate) fn with_watchdog(whole: Duration) -> Self {
        Self { watchdog: Some(whole), is_heard: false }
    }

    /// Whether a service manager started this process and listens.
    pub fn is_heard(&self) -> bool {
        self.is_heard
    }

    /// How often a sign of life is due: half of what the unit grants; none: nobody waits for it.
    pub fn watchdog_period(&self) -> Option<Duration> {
        self.watchdog.map(|whole| whole / 2)
    }

    /// Everything is open and served.
    pub fn ready(&self, sentence: &str) {
        send(&[NotifyState::Ready, NotifyState::Status(&line(sentence))]);
    }

    /// The configuration is being read again; [`Self::ready`] ends it.
    pub fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => send(&[NotifyState::Reloading, now]),
            Err(error) => tracing::debug!(%error, "cannot read the monotonic clock for the service manager"),
        }
    }

    /// A sentence for `systemctl status`.
    pub fn status(&self, sentence: &str) {
        send(&[NotifyState::Status(&line(sentence))]);
    }

    /// A sign of life.
    pub fn alive(&self) {
        send(&[NotifyState::Watchdog]);
    }

    /// The daemon is ending.
    pub fn stopping(&self, sentence: &str) {
        send(&[NotifyState::Stopping, NotifyState::Status(&line(sentence))]);
    }
}

fn send(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "cannot notify the service manager");
    }
}

/// One line: a line break would begin another assignment of the protocol.
fn line(sentence: &str) -> String {
    sentence.replace(['\n', '\r'], " ")
}

/// All libraries and what is left of the day's quotas in one sentence, such as `2 libraries: alice running, 1,240 of 9,800
/// files; bob idle until 18:00; left today: 8,760 of 10,000 api, 61,300 of 75,000 media requests`.
///
/// `zone` is that of the clock times.
pub fn sentence_for<Tz: TimeZone>(libraries: &[LibraryStatus], quotas: &[ClassStatus], zone: &Tz) -> String
where
    Tz::Offset: std::fmt::Display,
{
    if libraries.is_empty() {
        return "no libraries are configured; idle until the configuration is changed and reloaded"
            .to_owned();
    }
    format!("{}{}", clauses_for(libraries, zone), quota_clause_for(quotas))
}

/// What is left of each quota of the day that is counted; empty if none is.
fn quota_clause_for(quotas: &[ClassStatus]) -> String {
    let left = |class: &ClassStatus| {
        Some(format!("{} of {} {}", grouped(class.left_today()?), grouped(class.day_budget?), class.class))
    };
    let counted: Vec<String> = quotas.iter().filter_map(left).collect();
    if counted.is_empty() {
        return String::new();
    }
    format!("; left today: {} requests", counted.join(", "))
}

fn clauses_for<Tz: TimeZone>(libraries: &[LibraryStatus], zone: &Tz) -> String
where
    Tz::Offset: std::fmt::Display,
{
    let count = match libraries.len() {
        1 => "1 library".to_owned(),
        many => format!("{many} libraries"),
    };
    let mut sentence = format!("{count}: ");
    for (place, library) in libraries.iter().enumerate() {
        let clause = format!(
            "{}{}{}",
            clause_for(library, zone),
            notices_clause_for(library),
            files_clause_for(library)
        );
        if sentence.len() + clause.len() > SENTENCE_BYTES_MAX {
            return format!("{sentence}; and {} more", libraries.len() - place);
        }
        if place > 0 {
            sentence.push_str("; ");
        }
        sentence.push_str(&clause);
    }
    sentence
}

fn clause_for<Tz: TimeZone>(library: &LibraryStatus, zone: &Tz) -> String
where
    Tz::Offset: std::fmt::Display,
{
    let name = &library.name;
    let word = library.state.word();
    let clock = |at: Option<chrono::DateTime<chrono::Utc>>| {
        at.map_or(String::new(), |at| format!(" until {}", at.with_timezone(zone).format("%H:%M")))
    };
    match library.state {
        LibraryState::Running => match &library.progress {
            Some(progress) if !progress.waiting.is_empty() => {
                let (done, wanted) = (grouped(progress.downloaded), grouped(progress.wanted));
                format!("{name} running, {done} of {wanted} files, waits for {}", progress.waiting)
            }
            Some(progress) if progress.wanted > 0 => {
                let (done, wanted) = (grouped(progress.downloaded), grouped(progress.wanted));
                format!("{name} running, {done} of {wanted} files")
            }
            Some(progress) => format!("{name} running, {} items listed", grouped(progress.listed)),
            None => format!("{name} running"),
        },
        LibraryState::Idle => format!("{name} idle{}", clock(library.next_run)),
        LibraryState::NeedsLogin => format!("{name} {word}, run `gphotos-syncd login {name}`"),
        LibraryState::BackingOff
        | LibraryState::QuotaSpent
        | LibraryState::DiskFull
        | LibraryState::Failed
        | LibraryState::Unknown => format!("{name} {word}{}", clock(library.until)),
    }
}

/// What the watch over its exports has to say, each kind once, such as `, export late`.
fn notices_clause_for(library: &LibraryStatus) -> String {
    let kinds: BTreeSet<NoticeKind> = library.notices.iter().map(|notice| notice.kind).collect();
    kinds.into_iter().fold(String::new(), |text, kind| format!("{text}, {}", kind.words()))
}

/// What is the matter with a library's files on disk; empty if nothing is.
fn files_clause_for(library: &LibraryStatus) -> String {
    let finding = library.verify.as_ref().and_then(VerifyStatus::finding);
    let held = library.deletions.held;
    let held = (held > 0).then(|| format!("{} deletions wait for a person's word", grouped(held)));
    finding.into_iter().chain(held).fold(String::new(), |text, told| format!("{text}, {told}"))
}

/// A number with its digits in groups of three, such as `1,240`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
#[path = "notify_tests.rs"]
mod tests;
