//! Background work: named reconcilers that look at what should be and what is, and close the gap.
//!
//! A reconciler takes no input and may run at any time, twice or not at all; so it is run on a timer and whenever somebody
//! pokes it, and a poke during a run means one more run. What each one last did is visible. A panic ends the run, not the
//! reconciler. Stopping waits until a deadline and then names who is still running. The platform's own ones are in
//! [`upkeep`].

mod upkeep;

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

pub use self::upkeep::{Upkeep, upkeep};
use crate::clock::Clock;

/// What a successful run says about what it did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome(pub Option<String>);

impl From<()> for Outcome {
    fn from((): ()) -> Self {
        Self(None)
    }
}

impl From<String> for Outcome {
    fn from(text: String) -> Self {
        Self(Some(text))
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Work = Arc<dyn Fn() -> BoxFuture<'static, Result<Outcome, Failure>> + Send + Sync>;

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

struct Running {
    poke: Arc<Notify>,
    status: Arc<Mutex<Status>>,
    task: Option<JoinHandle<()>>,
}

/// The reconcilers of one daemon. Clones share them.
#[derive(Clone)]
pub struct Reconcilers {
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    running: Arc<Mutex<BTreeMap<&'static str, Running>>>,
}

impl std::fmt::Debug for Reconcilers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.running().keys()).finish()
    }
}

impl Reconcilers {
    /// No reconcilers yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, stop: CancellationToken::new(), running: Arc::default() }
    }

    /// Starts a reconciler: it runs now, then every `interval`, and when poked. A name can be given once.
    pub fn add<W, F, T, E>(&self, name: &'static str, interval: Duration, work: W)
    where
        W: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Into<Outcome>,
        E: Into<Failure>,
    {
        let mut running = self.running();
        if running.contains_key(name) {
            tracing::error!(reconciler = name, "two reconcilers have one name; the second does not run");
            return;
        }
        let status = Status { name, interval_secs: interval.as_secs(), ..Status::default() };
        let work: Work = Arc::new(move || work().map(|result| result.map(Into::into).map_err(Into::into)).boxed());
        let (poke, status) = (Arc::new(Notify::new()), Arc::new(Mutex::new(status)));
        let entry = Entry { work, interval, poke: Arc::clone(&poke), status: Arc::clone(&status) };
        let task = tokio::spawn(keep_running(name, entry, Arc::clone(&self.clock), self.stop.clone()));
        running.insert(name, Running { poke, status, task: Some(task) });
    }

    /// Asks for a run now. A run that is under way is followed by another. False when there is none of that name.
    pub fn poke(&self, name: &str) -> bool {
        match self.running().get(name) {
            Some(running) => {
                running.poke.notify_one();
                true
            }
            None => false,
        }
    }

    /// What each reconciler last did, by name.
    pub fn status(&self) -> Vec<Status> {
        self.running().values().map(|running| lock(&running.status).clone()).collect()
    }

    /// Lets running work end, starts no more, and waits at most `limit`. What hangs is abandoned, and its names returned.
    pub async fn stop(&self, limit: Duration) -> Vec<&'static str> {
        self.stop.cancel();
        let deadline = tokio::time::Instant::now() + limit;
        let tasks: Vec<_> =
            self.running().iter_mut().filter_map(|(name, running)| Some((*name, running.task.take()?))).collect();
        let mut hung = Vec::new();
        for (name, mut task) in tasks {
            if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                task.abort();
                hung.push(name);
            }
        }
        hung
    }

    fn running(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
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
            status.last_outcome = outcome.0;
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

    fn none() -> Reconcilers {
        Reconcilers::new(crate::clock::system())
    }

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
        let reconcilers = none();
        reconcilers.add("count", LONG, move || {
            let n = counted.fetch_add(1, Ordering::SeqCst) + 1;
            async move { Ok::<_, std::io::Error>(format!("run {n}")) }
        });
        until(&reconcilers, |status| status[0].runs == 1).await;
        assert!(reconcilers.poke("count"));
        assert!(!reconcilers.poke("unknown"));
        let status = until(&reconcilers, |status| status[0].runs == 2).await;
        assert_eq!(status[0].last_outcome.as_deref(), Some("run 2"));
        assert!(status[0].last_start <= status[0].last_end);
        assert!(reconcilers.stop(Duration::from_secs(5)).await.is_empty());
        reconcilers.poke("count");
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_poke_during_a_run_means_one_more() {
        let (started, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (started_in, go_in) = (Arc::clone(&started), Arc::clone(&go));
        let reconcilers = none();
        reconcilers.add("slow", LONG, move || {
            let (started, go) = (Arc::clone(&started_in), Arc::clone(&go_in));
            async move {
                started.notify_one();
                go.notified().await;
                Ok::<_, std::io::Error>(())
            }
        });
        started.notified().await;
        reconcilers.poke("slow");
        reconcilers.poke("slow");
        go.notify_one();
        started.notified().await;
        go.notify_one();
        let status = until(&reconcilers, |status| status[0].runs == 2).await;
        assert!(!status[0].running);
        assert!(reconcilers.stop(Duration::from_secs(5)).await.is_empty());
    }

    #[tokio::test]
    async fn errors_and_panics_are_shown_and_survived() {
        let count = Arc::new(AtomicU32::new(0));
        let reconcilers = none();
        reconcilers.add("moody", LONG, move || {
            let n = count.fetch_add(1, Ordering::SeqCst);
            async move {
                match n {
                    0 => Err("no luck"),
                    1 => panic!("bad mood"),
                    _ => Ok("fine".to_owned()),
                }
            }
        });
        let status = until(&reconcilers, |status| status[0].runs == 1).await;
        assert_eq!(status[0].last_error.as_deref(), Some("no luck"));
        reconcilers.poke("moody");
        let status = until(&reconcilers, |status| status[0].runs == 2).await;
        assert_eq!(status[0].last_error.as_deref(), Some("it panicked: bad mood"));
        reconcilers.poke("moody");
        let status = until(&reconcilers, |status| status[0].runs == 3).await;
        assert_eq!((status[0].failures, status[0].last_error.as_deref()), (2, None));
        assert!(reconcilers.stop(Duration::from_secs(5)).await.is_empty());
    }

    #[tokio::test]
    async fn who_hangs_is_named() {
        let reconcilers = none();
        reconcilers.add("stuck", LONG, std::future::pending::<Result<(), std::io::Error>>);
        reconcilers.add("quick", LONG, || async { Ok::<_, std::io::Error>(()) });
        until(&reconcilers, |status| status.iter().any(|status| status.name == "stuck" && status.running)).await;
        assert_eq!(reconcilers.stop(Duration::from_millis(50)).await, ["stuck"]);
    }
}
