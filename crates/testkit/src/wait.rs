//! Waiting for something to become true, with a deadline and a reason.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Asks `ready` every few milliseconds until it says yes.
pub fn until(what: &str, within: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
    let start = Instant::now();
    while !ready() {
        if start.elapsed() > within {
            bail!("waited {within:?} for {what}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Like [`until`], for questions that are asked asynchronously.
pub async fn until_async<F: Future<Output = bool>>(
    what: &str,
    within: Duration,
    mut ready: impl FnMut() -> F,
) -> Result<()> {
    let start = Instant::now();
    while !ready().await {
        if start.elapsed() > within {
            bail!("waited {within:?} for {what}");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}
