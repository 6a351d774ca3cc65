//! The store: SQLite by default, PostgreSQL by URL, one text of SQL for both.
//!
//! [`Db`] reads from a small pool and writes through [`Tx`], which waits at the [`Gate`]. The macro [`on_db!`](crate::on_db)
//! expands one body per driver, so no signature is generic over the database. Statements use `$1` placeholders and only
//! what both databases understand; where they truly differ, the two texts stand side by side in one function.
//!
//! This module knows no table but its own `ledger` (see [`Tx`]). It offers no query builder and no cache.

mod error;
mod gate;
mod open;
mod tx;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::{Connection, PgConnection, PgPool, SqlitePool};
use tokio::sync::Notify;

pub use self::error::Error;
pub use self::gate::{Gate, Permit, QuiesceError, QuiesceId};
pub use self::open::{Location, OpenError};
pub use self::tx::Tx;
use crate::clock::Clock;

/// Runs one body against whichever database is in use.
///
/// `on_db!(db, c => …)` hands the body a pool for reading, `on_db!(tx, c => …)` a connection inside the transaction (use
/// `&mut *c` when the body needs it more than once).
#[macro_export]
macro_rules! on_db {
    ($target:expr, $connection:ident => $body:expr) => {
        match $target.sides() {
            $crate::db::Sides::Sqlite($connection) => $body,
            $crate::db::Sides::Postgres($connection) => $body,
        }
    };
}

/// The same thing for either database.
#[derive(Debug, Clone, Copy)]
pub enum Sides<S, P> {
    /// For SQLite.
    Sqlite(S),
    /// For PostgreSQL.
    Postgres(P),
}

#[derive(Debug, Clone)]
enum Pools {
    // One connection writes: SQLite has one writer anyway, and waiting in our queue is fair where its own lock is not.
    Sqlite { read: SqlitePool, write: SqlitePool, file: PathBuf },
    // The second connection holds a lock for as long as this process lives, by which other nodes tell that it does.
    Postgres { pool: PgPool, alive: Arc<Mutex<Option<PgConnection>>> },
}

/// The first half of the key of the locks by which processes on one PostgreSQL show that they are alive.
const ALIVE: i32 = 0x706c_656e;

/// The store. Clones share its connections.
#[derive(Clone)]
pub struct Db {
    pools: Pools,
    instance: i32,
    gate: Gate,
    clock: Arc<dyn Clock>,
    published: Arc<Notify>,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("engine", &self.engine()).finish_non_exhaustive()
    }
}

impl Db {
    /// Opens the store, creates it on the first start, checks it, and brings its tables up to date.
    pub async fn open(location: &Location, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let mut random = [0; 4];
        getrandom::fill(&mut random)?;
        let instance = i32::from_le_bytes(random) & i32::MAX;
        let pools = open::open(location, instance).await?;
        Ok(Self { pools, instance, gate: Gate::default(), clock, published: Arc::new(Notify::new()) })
    }

    /// Both sides for reading; used by [`on_db!`](crate::on_db).
    pub fn sides(&self) -> Sides<&SqlitePool, &PgPool> {
        match &self.pools {
            Pools::Sqlite { read, .. } => Sides::Sqlite(read),
            Pools::Postgres { pool, .. } => Sides::Postgres(pool),
        }
    }

    /// Starts a write transaction, waiting while writes are paused. Dropping it undoes it.
    pub async fn begin(&self) -> Result<Tx, Error> {
        let permit = self.gate.enter().await;
        self.start(Some(permit)).await
    }

    /// Starts a write transaction under a permit that the caller already holds.
    pub async fn begin_under(&self, _permit: &Permit) -> Result<Tx, Error> {
        self.start(None).await
    }

    async fn start(&self, permit: Option<Permit>) -> Result<Tx, Error> {
        let inner = match &self.pools {
            // IMMEDIATE: a transaction that starts by reading must not find out at its first write that it cannot.
            Pools::Sqlite { write, .. } => Sides::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres { pool, .. } => Sides::Postgres(pool.begin().await?),
        };
        Ok(Tx::new(inner, permit, self))
    }

    /// Starts a transaction that reads one consistent state and cannot write.
    pub async fn snapshot(&self) -> Result<Tx, Error> {
        let inner = match &self.pools {
            Pools::Sqlite { read, .. } => Sides::Sqlite(read.begin_with("BEGIN").await?),
            Pools::Postgres { pool, .. } => {
                Sides::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        };
        Ok(Tx::new(inner, None, self))
    }

    /// The gate that every write passes; also for changes of files that belong to a write.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The clock that stamps what is stored.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// `sqlite` or `postgres`.
    pub fn engine(&self) -> &'static str {
        match self.pools {
            Pools::Sqlite { .. } => "sqlite",
            Pools::Postgres { .. } => "postgres",
        }
    }

    /// Whether other processes may write to the same store.
    pub fn is_shared(&self) -> bool {
        matches!(self.pools, Pools::Postgres { .. })
    }

    /// Woken after each commit that appended events.
    pub(crate) fn published(&self) -> &Arc<Notify> {
        &self.published
    }

    /// The pool itself, where PostgreSQL is in use.
    pub(crate) fn postgres(&self) -> Option<&PgPool> {
        match &self.pools {
            Pools::Sqlite { .. } => None,
            Pools::Postgres { pool, .. } => Some(pool),
        }
    }

    /// Pauses writes for a backup: waits for running ones (at most `limit`), empties SQLite's write-ahead log into the main
    /// file, and keeps writes out until [`Db::resume`] or until `limit` is over.
    pub async fn quiesce(&self, limit: Duration) -> Result<QuiesceId, QuiesceError> {
        let guard = self.gate.close(limit).await?;
        self.checkpoint().await.map_err(QuiesceError::Database)?;
        let mut random = [0; 8];
        // The id only has to tell two pauses apart; without randomness the clock does that too.
        if getrandom::fill(&mut random).is_err() {
            random = crate::clock::micros(self.clock.now()).to_le_bytes();
        }
        let id = QuiesceId(u64::from_le_bytes(random));
        self.gate.keep_closed(guard, id, limit);
        Ok(id)
    }

    /// Ends a pause of writes: the given one, or whichever there is.
    pub fn resume(&self, id: Option<QuiesceId>) -> Result<(), QuiesceError> {
        self.gate.open(id)
    }

    /// Moves SQLite's write-ahead log into the main file and truncates it; nothing on PostgreSQL.
    async fn checkpoint(&self) -> Result<(), Error> {
        let Pools::Sqlite { write, file, .. } = &self.pools else { return Ok(()) };
        // A long read may hold the log back. The copy is consistent even then, as long as it takes the log along.
        for _ in 0..20 {
            let busy: (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(write).await?;
            if busy.0 == 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tracing::warn!(
            file = %file.display(),
            "a reader holds the write-ahead log; copy the -wal file together with the database"
        );
        Ok(())
    }

    /// Looks for damage in a SQLite file that is too large to be checked at each start; returns whether there was one.
    pub async fn check_large(&self) -> Result<bool, OpenError> {
        match &self.pools {
            Pools::Sqlite { read, file, .. } => open::check_large(read, file).await,
            Pools::Postgres { .. } => Ok(false),
        }
    }

    /// Closes all connections; SQLite's log is folded into the main file by the last one.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { read, write, .. } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres { pool, alive } => {
                let alive = alive.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(mut alive) = alive {
                    // By word, and not by the end of the connection, which the server sees a little later. Where the
                    // connection is lost already, so is the lock.
                    let unlocked = sqlx::query("SELECT pg_advisory_unlock_all()").execute(&mut alive).await;
                    if let Err(error) = unlocked.and(alive.close().await) {
                        tracing::debug!(
                            error = &error as &dyn std::error::Error,
                            "the database was gone before its end"
                        );
                    }
                }
                pool.close().await;
            }
        }
    }
}
