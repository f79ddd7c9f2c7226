//! Where logs go: the journal with its fields, or plain text on standard error.
//!
//! Owns: the one subscriber of the process. Invariant: the HTTP crates log warnings at most, whatever level is asked for,
//! because their finer events show headers and addresses. May import: nothing. Tests: below.

use rustix::fs::fstat;
use std::io::{IsTerminal, Stderr, stderr};
use std::os::fd::AsFd;
use tracing::field::{Field, Visit};
use tracing::{Level, Metadata};
use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::field::{RecordFields, VisitOutput};
use tracing_subscriber::filter::{EnvFilter, FilterFn, filter_fn};
use tracing_subscriber::fmt;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultVisitor, Format, Writer};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// The name under which `journalctl -t` finds the daemon.
const IDENTIFIER: &str = "gphotos-syncd";

/// The field that finds an event in the journal and says nothing to people.
const JOURNAL_ONLY: &str = "message_id";

/// Levels under the names that `journalctl -p` knows; the crate's own mapping calls INFO a notice and DEBUG an info.
const PRIORITIES: PriorityMappings = PriorityMappings {
    error: Priority::Error,
    warn: Priority::Warning,
    info: Priority::Informational,
    debug: Priority::Debug,
    trace: Priority::Debug,
};

/// Crates whose events below a warning may show requests, or are noise.
const CAPPED: [&str; 8] =
    ["reqwest", "hyper", "hyper_util", "h2", "rustls", "tower", "oauth2", "tokio_cron_scheduler"];

/// What is logged, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logs {
    /// The level or filter that the command line asks for; it goes before `RUST_LOG`.
    pub level: Option<String>,
    /// The level if neither asks for one.
    pub default_level: &'static str,
}

/// Starts logging; later calls change nothing.
///
/// # Errors
/// The text of a filter that cannot be understood.
pub fn init_logs(logs: &Logs) -> Result<(), String> {
    let asked = logs.level.clone().or_else(|| std::env::var("RUST_LOG").ok().filter(|text| !text.is_empty()));
    let wanted = asked.unwrap_or_else(|| logs.default_level.to_owned());
    let filter = EnvFilter::try_new(&wanted).map_err(|error| format!("`{wanted}`: {error}"))?;
    let registry = tracing_subscriber::registry().with(filter);
    let outcome = match journal_layer() {
        Some(journal) => registry.with(journal.with_filter(cap())).try_init(),
        None if stderr().is_terminal() => registry.with(plain_layer().with_filter(cap())).try_init(),
        None => registry.with(plain_layer().with_ansi(false).with_filter(cap())).try_init(),
    };
    if outcome.is_err() {
        tracing::debug!("logging was already started");
    }
    Ok(())
}

/// Plain text on standard error.
fn plain_layer<S>() -> fmt::Layer<S, PlainFields, Format, fn() -> Stderr> {
    fmt::layer().with_writer(stderr as fn() -> Stderr).with_target(false).fmt_fields(PlainFields)
}

/// Fields as text, but for those that only the journal can use.
struct PlainFields;

impl<'writer> FormatFields<'writer> for PlainFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> std::fmt::Result {
        let mut visitor = PlainVisitor(DefaultVisitor::new(writer, true));
        fields.record(&mut visitor);
        visitor.0.finish()
    }
}

struct PlainVisitor<'writer>(DefaultVisitor<'writer>);

impl Visit for PlainVisitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() != JOURNAL_ONLY {
            self.0.record_debug(field, value);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() != JOURNAL_ONLY {
            self.0.record_str(field, value);
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.0.record_error(field, value);
    }
}

fn cap() -> FilterFn {
    filter_fn(|metadata: &Metadata<'_>| may_log(metadata.target(), *metadata.level()))
}

/// Whether an event of `target` at `level` may be logged at all.
fn may_log(target: &str, level: Level) -> bool {
    let root = target.split("::").next().unwrap_or(target);
    !CAPPED.contains(&root) || level <= Level::WARN
}

/// The journal, if one of the standard streams leads there.
fn journal_layer() -> Option<tracing_journald::Layer> {
    let stream = std::env::var("JOURNAL_STREAM").ok()?;
    let leads = leads_to(&stream, stderr()) || leads_to(&stream, std::io::stdout());
    if !leads {
        return None;
    }
    let layer = tracing_journald::layer().ok()?;
    Some(
        layer
            .with_field_prefix(None)
            .with_syslog_identifier(IDENTIFIER.to_owned())
            .with_priority_mappings(PRIORITIES),
    )
}

fn leads_to(stream: &str, fd: impl AsFd) -> bool {
    fstat(fd).is_ok_and(|stat| parse_stream(stream) == Some((stat.st_dev, stat.st_ino)))
}

/// `JOURNAL_STREAM` is `DEVICE:INODE`, both decimal.
fn parse_stream(text: &str) -> Option<(u64, u64)> {
    let (device, inode) = text.split_once(':')?;
    Some((device.parse().ok()?, inode.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use crate::systemd::journal::{may_log, parse_stream};
    use tracing::Level;

    #[test]
    fn http_crates_log_warnings_at_most() {
        let table = [
            ("reqwest::connect", Level::DEBUG, false),
            ("hyper_util::client", Level::TRACE, false),
            ("h2::codec", Level::INFO, false),
            ("h2", Level::WARN, true),
            ("gphotos_syncd::google", Level::TRACE, true),
            ("reqwester", Level::DEBUG, true),
        ];
        for (target, level, expected) in table {
            assert_eq!(may_log(target, level), expected, "{target} {level}");
        }
    }

    #[test]
    fn the_journal_stream_is_a_device_and_an_inode() {
        assert_eq!(parse_stream("8:1234"), Some((8, 1234)));
        for bad in ["", "8", "8:", ":9", "a:b", "8:9:10"] {
            assert_eq!(parse_stream(bad), None, "{bad}");
        }
    }
}
