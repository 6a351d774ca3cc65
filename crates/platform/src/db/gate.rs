//! The gate in front of every write, which a backup closes for a while.
//!
//! Writers hold a [`Permit`]; [`Gate::close`] waits until none is left and keeps new ones out until it is opened again or its
//! time is over, so a crashed backup script cannot stop the product. Readers never pass here. Time is the runtime's
//! monotonic time: a jump of the wall clock neither shortens nor prolongs a pause.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, oneshot};
use tokio::time::Instant;

/// Permission to write. Hold it over everything that belongs to one change.
#[derive(Debug)]
pub struct Permit {
    _guard: OwnedRwLockReadGuard<()>,
}

/// Identifies one pause of writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuiesceId(pub u64);

/// Why writes could not be paused or resumed.
#[derive(Debug, thiserror::Error)]
pub enum QuiesceError {
    /// Writes are already paused by someone else.
    #[error("writes are already paused; run backup-post first, or wait until the pause ends by itself in {} s", .remaining.as_secs())]
    Already {
        /// Time until the pause ends by itself.
        remaining: Duration,
    },
    /// Writers did not finish in time; writes go on.
    #[error("running writes did not finish within {} s; writes go on", .0.as_secs())]
    Busy(Duration),
    /// There is no such pause: it was resumed or its time is over.
    #[error(
        "writes are not paused; the pause ended by itself or was ended before, so a copy made meanwhile may be torn"
    )]
    NotPaused,
    /// The database could not be brought to rest.
    #[error("the database could not be brought to rest")]
    Database(#[source] super::Error),
}

#[derive(Debug)]
struct Closed {
    id: QuiesceId,
    until: Instant,
    open: oneshot::Sender<()>,
}

/// The gate itself; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    lock: Arc<RwLock<()>>,
    closed: Arc<Mutex<Option<Closed>>>,
}

impl Gate {
    /// Waits until writes are allowed. Never take a second permit while holding one: pass the first along.
    pub async fn enter(&self) -> Permit {
        Permit { _guard: Arc::clone(&self.lock).read_owned().await }
    }

    /// How long writes stay paused, if they are.
    pub fn paused_for(&self) -> Option<Duration> {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        closed.as_ref().map(|closed| closed.until.saturating_duration_since(Instant::now()))
    }

    /// Waits for running writers, at most `limit`, and keeps new ones out.
    pub(super) async fn close(&self, limit: Duration) -> Result<OwnedRwLockWriteGuard<()>, QuiesceError> {
        if let Some(remaining) = self.paused_for() {
            return Err(QuiesceError::Already { remaining });
        }
        let waiting = Arc::clone(&self.lock).write_owned();
        tokio::time::timeout(limit, waiting).await.map_err(|_| match self.paused_for() {
            Some(remaining) => QuiesceError::Already { remaining },
            None => QuiesceError::Busy(limit),
        })
    }

    /// Keeps the gate closed until [`Gate::open`] or until `limit` is over, whichever comes first.
    pub(super) fn keep_closed(&self, guard: OwnedRwLockWriteGuard<()>, id: QuiesceId, limit: Duration) {
        let (open, opened) = oneshot::channel();
        let until = Instant::now() + limit;
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Closed { id, until, open });
        let closed = Arc::clone(&self.closed);
        tokio::spawn(async move {
            let by_itself = tokio::time::timeout_at(until, opened).await.is_err();
            {
                let mut closed = closed.lock().unwrap_or_else(PoisonError::into_inner);
                if closed.as_ref().is_some_and(|closed| closed.id == id) {
                    *closed = None;
                }
            }
            drop(guard);
            if by_itself {
                tracing::warn!(
                    limit_s = limit.as_secs(),
                    "writes resumed by themselves: nobody ended the pause in time"
                );
            }
        });
    }

    /// Ends a pause: the given one, or whichever there is.
    pub(super) fn open(&self, id: Option<QuiesceId>) -> Result<(), QuiesceError> {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        match closed.take() {
            Some(found) if id.is_none_or(|id| id == found.id) => {
                // The keeper may have stopped waiting in this very moment; then the gate opens anyway.
                let _ = found.open.send(());
                Ok(())
            }
            other => {
                *closed = other;
                Err(QuiesceError::NotPaused)
            }
        }
    }
}
