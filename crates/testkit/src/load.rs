//! A polling load: a few clients that ask again and again, each time on a new connection, and count what fails.
//!
//! It is bounded by its pause between requests, so it leaves the machine to the test. It runs on a thread of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long one request may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running load.
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    thread: Option<JoinHandle<Report>>,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub ok: u64,
    pub failed: u64,
    /// When, since the start, and how requests failed; the first hundred.
    pub failures: Vec<(Duration, String)>,
    /// The longest time within which no request succeeded.
    pub longest_outage: Duration,
}

impl Load {
    /// Starts `clients` that GET `path` from `address`, pausing for `pause` after each answer.
    pub fn start(address: SocketAddr, path: &str, clients: usize, pause: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let answered = Arc::new(AtomicU64::new(0));
        let request = format!("GET {path} HTTP/1.1\r\nHost: load.test\r\nConnection: close\r\n\r\n");
        let (until, count) = (Arc::clone(&stop), Arc::clone(&answered));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return Report::default() };
            runtime.block_on(run(address, Arc::from(request), clients, pause, until, count))
        });
        Self { stop, answered, thread: Some(thread) }
    }

    /// How many requests were answered so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::SeqCst)
    }

    /// Ends the load when the requests under way are answered.
    ///
    /// # Panics
    /// When the load itself broke.
    pub fn finish(mut self) -> Report {
        self.stop.store(true, Ordering::SeqCst);
        let thread = self.thread.take().unwrap_or_else(|| panic!("the load was finished already"));
        thread.join().unwrap_or_else(|_| panic!("the load panicked"))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

async fn run(
    address: SocketAddr,
    request: Arc<str>,
    clients: usize,
    pause: Duration,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
) -> Report {
    let begin = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..clients {
        let (request, stop, answered) = (Arc::clone(&request), Arc::clone(&stop), Arc::clone(&answered));
        tasks.push(tokio::spawn(async move {
            let mut results = Vec::new();
            while !stop.load(Ordering::SeqCst) {
                let result = match tokio::time::timeout(PATIENCE, ask(address, &request)).await {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(error)) => Err(error),
                    Err(_) => Err(format!("no answer within {PATIENCE:?}")),
                };
                if result.is_ok() {
                    answered.fetch_add(1, Ordering::SeqCst);
                }
                results.push((begin.elapsed(), result));
                tokio::time::sleep(pause).await;
            }
            results
        }));
    }
    let mut results = Vec::new();
    for task in tasks {
        results.extend(task.await.unwrap_or_default());
    }
    results.sort_by_key(|(at, _)| *at);
    let mut report = Report::default();
    let mut last_ok = Duration::ZERO;
    for (at, result) in results {
        match result {
            Ok(()) => {
                report.ok += 1;
                report.longest_outage = report.longest_outage.max(at.saturating_sub(last_ok));
                last_ok = at;
            }
            Err(error) => {
                report.failed += 1;
                if report.failures.len() < 100 {
                    report.failures.push((at, error));
                }
            }
        }
    }
    report
}

async fn ask(address: SocketAddr, request: &str) -> Result<(), String> {
    let mut connection = TcpStream::connect(address).await.map_err(|error| format!("connect: {error}"))?;
    connection.write_all(request.as_bytes()).await.map_err(|error| format!("write: {error}"))?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.map_err(|error| format!("read: {error}"))?;
    let line = String::from_utf8_lossy(&answer[..answer.len().min(40)]).lines().next().unwrap_or_default().to_owned();
    if line.starts_with("HTTP/1.1 2") { Ok(()) } else { Err(format!("answer: {line:?}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_answered_and_what_is_not() {
        let backend = crate::http_backend("hello");
        let load = Load::start(backend.address(), "/", 2, Duration::from_millis(1));
        crate::wait::until("twenty answers", Duration::from_secs(10), || load.answered() >= 20).unwrap();
        let report = load.finish();
        assert_eq!((report.failed, report.ok), (0, backend.hits()));
        assert!(report.ok >= 20);

        let closed = SocketAddr::from(([127, 0, 0, 1], crate::free_port()));
        let load = Load::start(closed, "/", 1, Duration::from_millis(1));
        std::thread::sleep(Duration::from_millis(50));
        let report = load.finish();
        assert!(report.ok == 0 && report.failed > 0 && report.failures[0].1.starts_with("connect"));
    }
}
