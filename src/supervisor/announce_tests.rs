//! Each condition is announced once, and called off once.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;

use crate::job::Outcome;
use crate::status::TokenHealth;
use crate::supervisor::announce::{plan_messages, plan_notices, plan_token_warning};
use crate::systemd::Message;
use crate::takeout::rhythm::{Notice, NoticeKind};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).expect("a legal time")
}

fn refused() -> Outcome {
    Outcome::NeedsLogin("refused".to_owned())
}

#[test]
fn a_dead_token_is_said_once_and_its_login_once() {
    let mut open = BTreeSet::new();
    let mut say = |outcome: Outcome, stamp| plan_messages(&mut open, &outcome, stamp);
    assert_eq!(say(refused(), Some(1)), [Message::NeedsLogin]);
    assert_eq!(say(refused(), Some(1)), []);
    assert_eq!(say(Outcome::Transient("net".to_owned()), Some(1)), [Message::BackingOff]);
    assert_eq!(say(refused(), Some(1)), []);
    assert_eq!(say(refused(), Some(2)), [Message::NeedsLogin], "another token was refused too");
    let restored = say(Outcome::Complete, Some(3));
    assert!(restored.contains(&Message::LoginRestored) && restored.contains(&Message::RunComplete));
    assert_eq!(say(Outcome::Complete, Some(3)), [Message::RunComplete]);
}

#[test]
fn quota_disk_and_faults_are_said_when_they_begin_and_when_they_end() {
    let until = now();
    let table = [
        (Outcome::Throttled { until, day: true }, Message::QuotaSpent, Message::QuotaBack),
        (Outcome::DiskFull("full".to_owned()), Message::DiskFull, Message::DiskHasRoom),
        (Outcome::Unusable("gone".to_owned()), Message::RunFailed, Message::RunRecovered),
    ];
    for (outcome, begin, end) in table {
        let mut open = BTreeSet::new();
        assert_eq!(plan_messages(&mut open, &outcome, None), [begin]);
        assert_eq!(plan_messages(&mut open, &outcome, None), []);
        assert_eq!(plan_messages(&mut open, &Outcome::Interrupted, None), []);
        assert_eq!(plan_messages(&mut open, &Outcome::Incomplete, None), [end, Message::RunIncomplete]);
        assert!(open.is_empty());
    }
}

#[test]
fn a_dying_token_is_warned_of_at_two_days_and_at_half_a_day() {
    let dies_at = now();
    let token = TokenHealth::Good { dies_at: Some(dies_at), unsaved: None };
    let at = |hours| dies_at - TimeDelta::hours(hours);
    assert_eq!(plan_token_warning(None, &token, at(49)), None);
    let first = plan_token_warning(None, &token, at(47));
    assert_eq!(first, Some((dies_at, 48)));
    assert_eq!(plan_token_warning(first, &token, at(13)), None);
    let second = plan_token_warning(first, &token, at(11));
    assert_eq!(second, Some((dies_at, 12)));
    assert_eq!(plan_token_warning(second, &token, at(1)), None);
    assert_eq!(plan_token_warning(None, &TokenHealth::Good { dies_at: None, unsaved: None }, at(1)), None);
    let renewed = TokenHealth::Good { dies_at: Some(dies_at + TimeDelta::hours(10)), unsaved: None };
    assert!(plan_token_warning(second, &renewed, at(1)).is_some(), "another token has warnings of its own");
}

fn notice(kind: NoticeKind, since_days: i64) -> Notice {
    let since = now() - TimeDelta::days(since_days);
    Notice { kind, export: None, since, text: "what\nhint: do".to_owned() }
}

#[test]
fn a_notice_is_said_once_while_it_stands_and_again_when_it_is_another_one() {
    let mut said = BTreeSet::new();
    let mut say = |notices: &[Notice]| -> Vec<NoticeKind> {
        let (due, then) = plan_notices(&said, notices);
        let kinds = due.into_iter().map(|notice| notice.kind).collect();
        // What is remembered goes through the index as text.
        said = serde_json::from_str(&serde_json::to_string(&then).expect("plain")).expect("its own");
        kinds
    };
    let (late, waits) = (notice(NoticeKind::Late, 3), notice(NoticeKind::Unfetched, 3));
    assert_eq!(say(std::slice::from_ref(&late)), [NoticeKind::Late]);
    assert_eq!(say(&[late.clone(), waits.clone()]), [NoticeKind::Unfetched]);
    let days_later = Notice { text: "other words".to_owned(), ..late.clone() };
    let others_wait = Notice { since: now(), ..waits };
    assert_eq!(say(&[days_later, others_wait]), [], "words and numbers change, the matter does not");
    let next = notice(NoticeKind::Late, 0);
    assert_eq!(say(std::slice::from_ref(&next)), [NoticeKind::Late], "the export after is late too");
    assert_eq!(say(&[]), []);
    assert_eq!(say(&[next]), [NoticeKind::Late], "it was over in between");
}
