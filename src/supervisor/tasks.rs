//! The work that a worker leaves to tasks of their own: a run, and the looks at index and token.
//!
//! Owns: what such a task leaves behind. Invariant: a panic ends the task alone, and is seen by its worker as an error.
//! May import: `job`, `shutdown`. Tests: `tests.rs`.

use std::sync::Arc;
use tokio::task::{JoinError, JoinHandle};

use crate::job::{Facts, Job, RunReport};
use crate::shutdown::Stop;

/// What a run's task leaves.
pub(crate) struct RunEnded {
    /// The token file's stamp from before it.
    pub(crate) stamp: Option<u64>,
    /// Its report.
    pub(crate) report: RunReport,
    /// The facts from after it.
    pub(crate) facts: Option<Facts>,
}

/// Begins a run.
pub(crate) fn begin_run(job: Arc<dyn Job>, full: bool, stop: Stop) -> JoinHandle<RunEnded> {
    tokio::spawn(async move {
        let looking = Arc::clone(&job);
        let stamp = tokio::task::spawn_blocking(move || looking.token_stamp()).await.ok().flatten();
        let report = job.run(full, stop).await;
        // Read before the end is told, so that nobody sees the end of a run beside the totals from before it.
        let facts = Some(job.facts().await);
        RunEnded { stamp, report, facts }
    })
}

/// Begins a look at the index and the token.
pub(crate) fn read_facts(job: &Arc<dyn Job>) -> JoinHandle<Facts> {
    let job = Arc::clone(job);
    tokio::spawn(async move { job.facts().await })
}

/// Ends with the task; never, if there is none.
pub(crate) async fn ended<T>(task: &mut Option<JoinHandle<T>>) -> Result<T, JoinError> {
    match task {
        Some(handle) => handle.await,
        None => std::future::pending().await,
    }
}
