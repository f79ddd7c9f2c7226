//! The sentence of `systemctl status`: a remark if there is one, every library, and what is left of the day's quotas.
//!
//! Owns: the order of its parts. Invariant: looks at nothing but what it is given. May import: `status`, `systemd`.
//! Tests: below, and `systemd/notify_tests.rs`.

use std::fmt;
use std::sync::Arc;

use crate::status::{ClassStatus, LibraryStatus};
use crate::systemd::sentence_for;

/// Looks at the limiter, which the supervisor does not know otherwise; clones look at the same one.
#[derive(Clone)]
pub struct Quotas(Arc<dyn Fn() -> Vec<ClassStatus> + Send + Sync>);

impl Quotas {
    /// Whoever asks is told what `look` returns.
    pub fn new(look: impl Fn() -> Vec<ClassStatus> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look))
    }
}

impl fmt::Debug for Quotas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Quotas")
    }
}

/// The sentence for these libraries, with clock times as they are shown here.
pub(crate) fn sentence(note: &str, libraries: &[LibraryStatus], quotas: &Quotas) -> String {
    let told = sentence_for(libraries, &(quotas.0)(), &chrono::Local);
    if note.is_empty() { told } else { format!("{note}; {told}") }
}

#[cfg(test)]
mod tests {
    use crate::supervisor::sentence::{Quotas, sentence};

    #[test]
    fn a_remark_goes_first() {
        let quotas = Quotas::new(Vec::new);
        let plain = sentence("", &[], &quotas);
        assert!(plain.starts_with("no libraries"), "{plain}");
        assert_eq!(
            sentence("the change was refused", &[], &quotas),
            format!("the change was refused; {plain}")
        );
    }
}
