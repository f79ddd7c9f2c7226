//! A changed configuration in a running daemon: what stays, what is replaced, what is refused.
//!
//! Owns: the present configuration of the daemon. Invariant: all or nothing; a broken file changes nothing, and a run under way
//! is never dropped. May import: everything below the daemon. Tests: of the plan below; the rest in `tests/it`.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::daemon::Options;
use crate::daemon::confine::kept_out;
use crate::daemon::wiring::Engine;
use crate::media::LibraryName;
use crate::supervisor::{Changes, Handle};
use crate::systemd::{Message, Notifier};

/// Carries out reloads.
pub(crate) struct Reloader {
    options: Options,
    engine: Engine,
    handle: Handle,
    notifier: Notifier,
}

/// What a reload does to the libraries.
#[derive(Debug, Default, PartialEq, Eq)]
struct ReloadPlan {
    /// New, or changed.
    start: Vec<LibraryName>,
    /// No longer configured.
    end: Vec<LibraryName>,
}

// === impl Reloader ===

impl Reloader {
    pub(crate) fn new(options: Options, engine: Engine, handle: Handle, notifier: Notifier) -> Self {
        Self { options, engine, handle, notifier }
    }

    /// Reads the configuration again and applies it, or says why not.
    pub(crate) async fn reload(&mut self) {
        self.notifier.reloading();
        match self.try_reload().await {
            Ok(summary) => {
                tracing::info!(
                    message_id = Message::ConfigApplied.id(),
                    "the configuration was reloaded: {summary}"
                );
                self.handle.set_note(self.tell_kept_out());
            }
            Err(report) => {
                self.handle
                    .set_note("the changed configuration was refused, the old settings stay".to_owned());
                let message_id = Message::ConfigRefused.id();
                tracing::error!(
                    message_id,
                    "the changed configuration is refused, the old settings stay:\n{report}"
                );
            }
        }
        self.notifier.ready(&self.handle.sentence());
    }

    /// Tells of libraries whose folders this process may not write to, for it began without them; the remark for the status.
    fn tell_kept_out(&self) -> String {
        let names = kept_out(&self.engine.config);
        for library in &names {
            tracing::warn!(
                %library,
                message_id = Message::RestartNeeded.id(),
                "library {library} has a folder that was not the daemon's when it began, so it can be written only after: systemctl restart gphotos-syncd"
            );
        }
        let names: Vec<&str> = names.iter().map(LibraryName::as_str).collect();
        match names.as_slice() {
            [] => String::new(),
            names => format!("a restart is needed before {} can be written", names.join(", ")),
        }
    }

    async fn try_reload(&mut self) -> Result<String, String> {
        let config = Config::load(&self.options.config).map_err(|error| error.to_string())?;
        let flag = self.options.client_secret.as_deref();
        let engine = self.engine.rebuild(config, flag).map_err(|error| error.told())?;
        let all = !engine.equips_as(&self.engine);
        let plan = plan_reload(&self.engine.config.libraries, &engine.config.libraries, all);
        let limits_changed = engine.config.limits != self.engine.config.limits;
        if limits_changed {
            engine.limiter.apply(&engine.config.limits);
        }
        engine.limiter.set_libraries(engine.config.libraries.len());
        let started = plan.start.iter().filter_map(|name| engine.config.libraries.get(name));
        let start = started.filter_map(|library| engine.spec(library)).collect();
        let summary = format!("{} libraries begin anew, {} end", plan.start.len(), plan.end.len());
        self.handle.apply(Changes { start, end: plan.end }).await;
        if limits_changed {
            self.handle.limits_changed();
        }
        self.engine = engine;
        Ok(summary)
    }
}

/// What changes between two sets of libraries; with `all`, every library begins anew.
fn plan_reload<V: PartialEq>(
    old: &BTreeMap<LibraryName, V>,
    new: &BTreeMap<LibraryName, V>,
    all: bool,
) -> ReloadPlan {
    let differs = |name: &LibraryName, library: &V| all || old.get(name) != Some(library);
    ReloadPlan {
        start: new
            .iter()
            .filter(|(name, library)| differs(name, library))
            .map(|(name, _)| name.clone())
            .collect(),
        end: old.keys().filter(|name| !new.contains_key(name)).cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use crate::daemon::reload::{ReloadPlan, plan_reload};
    use crate::media::LibraryName;
    use std::collections::BTreeMap;

    fn set(libraries: &[(&str, u32)]) -> BTreeMap<LibraryName, u32> {
        libraries.iter().map(|(name, settings)| (library(name), *settings)).collect()
    }

    fn library(text: &str) -> LibraryName {
        LibraryName::try_new(text).expect("a legal name")
    }

    fn plan(start: &[&str], end: &[&str]) -> ReloadPlan {
        let names = |texts: &[&str]| texts.iter().map(|text| library(text)).collect();
        ReloadPlan { start: names(start), end: names(end) }
    }

    #[test]
    fn only_what_changed_is_touched() {
        let old = set(&[("alice", 1), ("bob", 1), ("carol", 1)]);
        assert_eq!(plan_reload(&old, &old, false), plan(&[], &[]));
        let new = set(&[("alice", 1), ("bob", 2), ("dora", 1)]);
        assert_eq!(plan_reload(&old, &new, false), plan(&["bob", "dora"], &["carol"]));
        assert_eq!(plan_reload(&old, &new, true), plan(&["alice", "bob", "dora"], &["carol"]));
        assert_eq!(plan_reload(&old, &set(&[]), false), plan(&[], &["alice", "bob", "carol"]));
    }
}
