//! Background work: named reconcilers that look at what should be and what is, and close the gap.
//!
//! A reconciler takes no input and may run at any time, twice or not at all; so it is run on a timer and whenever somebody
//! pokes it, and a poke during a run means one more run. What each one last did is visible. A panic ends the run, not the
//! reconciler. Stopping waits until a deadline and then names who is still running.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

/// What a run says about itself: what it did, or what went wrong.
pub type RunResult = Result<String, Box<dyn std::error::Error + Send + Sync>>;

type Work = Arc<dyn Fn() -> BoxFuture<'static, RunResult> + Send + Sync>;

/// What is known about a reconciler.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Its name.
    pub name: &'static str,
    /// Seconds between runs that nobody asked for.
    pub interval_secs: u64,
    /// Whether it runs now.
    pub running: bool,
    /// Runs that have ended.
    pub runs: u64,
    /// Runs that failed, of those.
    pub failures: u64,
    /// When the last run began.
    pub last_start: Option<Timestamp>,
    /// When the last run ended.
    pub last_end: Option<Timestamp>,
    /// What the last run did, if it succeeded.
    pub last_outcome: Option<String>,
    /// What went wrong in the last run, if it failed.
    pub last_error: Option<String>,
}

struct Entry {
    work: Work,
    interval: Duration,
    poke: Arc<Notify>,
    status: Arc<Mutex<Status>>,
}

/// Collects reconcilers before they are started.
pub struct Builder {
    clock: Arc<dyn Clock>,
    entries: BTreeMap<&'static str, Entry>,
}

impl Builder {
    /// No reconcilers yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, entries: BTreeMap::new() }
    }

    /// Adds a reconciler that runs at the start, then every `interval`, and when poked.
    #[must_use]
    pub fn add<F, W>(mut self, name: &'static str, interval: Duration, work: W) -> Self
    where
        W: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = RunResult> + Send + 'static,
    {
        let status = Status { name, interval_secs: interval.as_secs(), ..Status::default() };
        let entry = Entry {
            work: Arc::new(move || work().boxed()),
            interval,
            poke: Arc::new(Notify::new()),
            status: Arc::new(Mutex::new(status)),
        };
        self.entries.insert(name, entry);
        self
    }

    /// Starts them all.
    pub fn start(self) -> Reconcilers {
        let stop = CancellationToken::new();
        let mut running = BTreeMap::new();
        for (name, entry) in self.entries {
            let (poke, status) = (Arc::clone(&entry.poke), Arc::clone(&entry.status));
            let task = tokio::spawn(keep_running(name, entry, Arc::clone(&self.clock), stop.clone()));
            running.insert(name, Running { poke, status, task: Mutex::new(Some(task)) });
        }
        Reconcilers { stop, running: Arc::new(running) }
    }
}

struct Running {
    poke: Arc<Notify>,
    status: Arc<Mutex<Status>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// The running reconcilers. Clones share them.
#[derive(Clone)]
pub struct Reconcilers {
    stop: CancellationToken,
    running: Arc<BTreeMap<&'static str, Running>>,
}

impl std::fmt::Debug for Reconcilers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.running.keys()).finish()
    }
}

/// Reconcilers that did not stop in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("still running at the deadline: {}", .0.join(", "))]
pub struct Hung(pub Vec<&'static str>);

impl Reconcilers {
    /// Asks for a run now. A run that is under way is followed by another. False when there is none of that name.
    pub fn poke(&self, name: &str) -> bool {
        match self.running.get(name) {
            Some(running) => {
                running.poke.notify_one();
                true
            }
            None => false,
        }
    }

    /// What each reconciler last did, by name.
    pub fn status(&self) -> Vec<Status> {
        self.running.values().map(|running| lock(&running.status).clone()).collect()
    }

    /// Lets running work end, starts no more, and waits at most `limit`. What hangs is then abandoned and named.
    pub async fn stop(&self, limit: Duration) -> Result<(), Hung> {
        self.stop.cancel();
        let deadline = tokio::time::Instant::now() + limit;
        let mut hung = Vec::new();
        for (name, running) in self.running.iter() {
            let task = running.task.lock().unwrap_or_else(PoisonError::into_inner).take();
            let Some(mut task) = task else { continue };
            if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                task.abort();
                hung.push(*name);
            }
        }
        if hung.is_empty() { Ok(()) } else { Err(Hung(hung)) }
    }
}

async fn keep_running(name: &'static str, entry: Entry, clock: Arc<dyn Clock>, stop: CancellationToken) {
    loop {
        run_once(name, &entry, &clock).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = entry.poke.notified() => {}
            () = tokio::time::sleep(entry.interval) => {}
        }
        if stop.is_cancelled() {
            return;
        }
    }
}

async fn run_once(name: &'static str, entry: &Entry, clock: &Arc<dyn Clock>) {
    {
        let mut status = lock(&entry.status);
        status.running = true;
        status.last_start = Some(clock.now());
    }
    // Building the future may panic as well as running it.
    let work = Arc::clone(&entry.work);
    let result = AssertUnwindSafe(async move { work().await }).catch_unwind().await;
    let result = match result {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(error)) => Err(chain(error.as_ref())),
        Err(panic) => Err(format!("it panicked: {}", panic_text(panic.as_ref()))),
    };
    let mut status = lock(&entry.status);
    status.running = false;
    status.runs += 1;
    status.last_end = Some(clock.now());
    match result {
        Ok(outcome) => {
            status.last_outcome = Some(outcome);
            status.last_error = None;
        }
        Err(error) => {
            // A failure that goes on is told once.
            if status.last_error.as_ref() != Some(&error) {
                tracing::warn!(reconciler = name, error, "background work failed; it will be tried again");
            }
            status.failures += 1;
            status.last_error = Some(error);
        }
    }
}

fn lock(status: &Mutex<Status>) -> std::sync::MutexGuard<'_, Status> {
    status.lock().unwrap_or_else(PoisonError::into_inner)
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "no message",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    async fn until(reconcilers: &Reconcilers, what: impl Fn(&[Status]) -> bool) -> Vec<Status> {
        for _ in 0..500 {
            let status = reconcilers.status();
            if what(&status) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("not reached: {:?}", reconcilers.status());
    }

    #[tokio::test]
    async fn runs_at_the_start_and_when_poked() {
        let count = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&count);
        let reconcilers = Builder::new(crate::clock::system())
            .add("count", LONG, move || {
                let n = counted.fetch_add(1, Ordering::SeqCst) + 1;
                async move { Ok(format!("run {n}")) }
            })
            .start();
        until(&reconcilers, |status| status[0].runs == 1).await;
        assert!(reconcilers.poke("count"));
        assert!(!reconcilers.poke("unknown"));
        let status = until(&reconcilers, |status| status[0].runs == 2).await;
        assert_eq!(status[0].last_outcome.as_deref(), Some("run 2"));
        assert!(status[0].last_start <= status[0].last_end);
        reconcilers.stop(Duration::from_secs(5)).await.unwrap();
        reconcilers.poke("count");
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_poke_during_a_run_means_one_more() {
        let (started, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (started_in, go_in) = (Arc::clone(&started), Arc::clone(&go));
        let reconcilers = Builder::new(crate::clock::system())
            .add("slow", LONG, move || {
                let (started, go) = (Arc::clone(&started_in), Arc::clone(&go_in));
                async move {
                    started.notify_one();
                    go.notified().await;
                    Ok(String::new())
                }
            })
            .start();
        started.notified().await;
        reconcilers.poke("slow");
        reconcilers.poke("slow");
        go.notify_one();
        started.notified().await;
        go.notify_one();
        let status = until(&reconcilers, |status| status[0].runs == 2).await;
        assert!(!status[0].running);
        reconcilers.stop(Duration::from_secs(5)).await.unwrap();
    }

    #[tokio::test]
    async fn errors_and_panics_are_shown_and_survived() {
        let count = Arc::new(AtomicU32::new(0));
        let reconcilers = Builder::new(crate::clock::system())
            .add("moody", LONG, move || {
                let n = count.fetch_add(1, Ordering::SeqCst);
                async move {
                    match n {
                        0 => Err("no luck".into()),
                        1 => panic!("bad mood"),
                        _ => Ok("fine".to_owned()),
                    }
                }
            })
            .start();
        let status = until(&reconcilers, |status| status[0].runs == 1).await;
        assert_eq!(status[0].last_error.as_deref(), Some("no luck"));
        reconcilers.poke("moody");
        let status = until(&reconcilers, |status| status[0].runs == 2).await;
        assert_eq!(status[0].last_error.as_deref(), Some("it panicked: bad mood"));
        reconcilers.poke("moody");
        let status = until(&reconcilers, |status| status[0].runs == 3).await;
        assert_eq!((status[0].failures, status[0].last_error.as_deref()), (2, None));
        reconcilers.stop(Duration::from_secs(5)).await.unwrap();
    }

    #[tokio::test]
    async fn who_hangs_is_named() {
        let reconcilers = Builder::new(crate::clock::system())
            .add("stuck", LONG, std::future::pending)
            .add("quick", LONG, || async { Ok(String::new()) })
            .start();
        until(&reconcilers, |status| status.iter().any(|status| status.name == "stuck" && status.running)).await;
        let hung = reconcilers.stop(Duration::from_millis(50)).await.unwrap_err();
        assert_eq!(hung, Hung(vec!["stuck"]));
        assert_eq!(hung.to_string(), "still running at the deadline: stuck");
    }
}
