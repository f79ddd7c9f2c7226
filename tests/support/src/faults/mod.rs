//! Faults on demand: which requests they hit, and what goes wrong.
//!
//! Owns: the rules, how often each fired, and which rule a request draws. Invariant: of several rules
//! the first that fires decides; a seeded chance is the same on every run. May import: `endpoint`, `rng`, `data`.
//! Tests: `faults/tests.rs`.

mod edit;
mod effect;

pub(crate) use crate::faults::edit::edit_json;
pub use crate::faults::effect::Effect;

use serde::{Deserialize, Serialize};

use crate::endpoint::Endpoint;
use crate::rng;

/// One rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Fault {
    /// Which endpoints; empty: all of them.
    #[serde(default)]
    pub on: Vec<Endpoint>,
    /// Only this account.
    #[serde(default)]
    pub account: Option<String>,
    /// Only this item, by id or filename; in lists it is the entry that is changed.
    #[serde(default)]
    pub item: Option<String>,
    /// Let so many matching requests pass first.
    #[serde(default)]
    pub skip: u64,
    /// Fire at most so often; none: always.
    #[serde(default)]
    pub times: Option<u64>,
    /// Fire with this chance.
    #[serde(default)]
    pub probability: Option<f64>,
    /// The seed of the chance.
    #[serde(default)]
    pub seed: u64,
    /// What goes wrong.
    pub effect: Effect,
}

impl Fault {
    /// Goes wrong at every request to one of `on`, until limited.
    pub fn on(on: &[Endpoint], effect: Effect) -> Self {
        let (account, item, times, probability) = (None, None, None, None);
        Self { on: on.to_vec(), account, item, skip: 0, times, probability, seed: 0, effect }
    }

    /// Only this account.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Only this item, by id or filename.
    #[must_use]
    pub fn item(mut self, item: impl Into<String>) -> Self {
        self.item = Some(item.into());
        self
    }

    /// At most so often.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Exactly once.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Not the first `skip` matching requests.
    #[must_use]
    pub fn skip(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// With this chance, drawn from `seed`.
    #[must_use]
    pub fn chance(mut self, probability: f64, seed: u64) -> Self {
        self.probability = Some(probability);
        self.seed = seed;
        self
    }
}

/// A rule that is in force, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultId(pub u64);

/// What is known of a request when faults are drawn.
#[derive(Clone, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) account: Option<&'a str>,
    /// Ids and filenames of the items it names.
    pub(crate) items: &'a [String],
    pub(crate) has_page_token: bool,
}

/// What a request drew.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    pub(crate) effect: Effect,
    pub(crate) item: Option<String>,
}

/// All rules in force.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
    next: u64,
}

#[derive(Debug)]
struct Rule {
    id: FaultId,
    fault: Fault,
    seen: u64,
    fired: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) -> FaultId {
        self.next += 1;
        let id = FaultId(self.next);
        self.rules.push(Rule { id, fault, seen: 0, fired: 0 });
        id
    }

    pub(crate) fn remove(&mut self, id: FaultId) {
        self.rules.retain(|rule| rule.id != id);
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// How often the rule fired.
    pub(crate) fn fired(&self, id: FaultId) -> u64 {
        self.rules.iter().find(|rule| rule.id == id).map_or(0, |rule| rule.fired)
    }

    /// The fault that this request meets.
    pub(crate) fn draw(&mut self, subject: &Subject<'_>) -> Option<Drawn> {
        let rule = self.rules.iter_mut().find_map(|rule| rule.fires(subject).then_some(rule))?;
        Some(Drawn { effect: rule.fault.effect.clone(), item: rule.fault.item.clone() })
    }
}

impl Rule {
    fn fires(&mut self, subject: &Subject<'_>) -> bool {
        if !self.matches(subject) {
            return false;
        }
        self.seen += 1;
        let nth = self.seen;
        let due = nth > self.fault.skip
            && self.fault.times.is_none_or(|times| self.fired < times)
            && self.fault.probability.is_none_or(|p| rng::share(rng::mix2(self.fault.seed, nth)) < p);
        self.fired += u64::from(due);
        due
    }

    fn matches(&self, subject: &Subject<'_>) -> bool {
        let fault = &self.fault;
        let on = if fault.on.is_empty() {
            subject.endpoint != Endpoint::Control
        } else {
            fault.on.contains(&subject.endpoint)
        };
        let item = fault.item.as_ref().is_none_or(|wanted| {
            subject.items.contains(wanted) || (fault.effect.edits_entries() && subject.endpoint.lists())
        });
        on && item
            && fault.account.as_deref().is_none_or(|wanted| subject.account == Some(wanted))
            && (fault.effect != Effect::ExpirePageToken || subject.has_page_token)
    }
}

#[cfg(test)]
mod tests;
