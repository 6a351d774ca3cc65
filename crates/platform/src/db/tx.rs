//! A transaction, with what belongs to it: its permit, its time, and the news it will publish.
//!
//! The table `ledger` has one row with the counters of the audit chain and of the event stream. Whoever changes it holds it
//! until the end of the transaction, so numbers are given out in the order of commits and without holes, also with several
//! processes on one PostgreSQL. Append to the audit log and to the event stream late in a transaction: it is the one
//! place where writers queue.

use std::sync::Arc;

use jiff::Timestamp;
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, Transaction};
use tokio::sync::Notify;

use super::{ALIVE, Db, Error, Permit, Sides};
use crate::clock::{self, Clock};

/// A transaction. Dropping it without [`Tx::commit`] undoes everything in it.
pub struct Tx {
    inner: Sides<Transaction<'static, Sqlite>, Transaction<'static, Postgres>>,
    permit: Option<Permit>,
    clock: Arc<dyn Clock>,
    published: Arc<Notify>,
    instance: i32,
    has_events: bool,
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").field("has_events", &self.has_events).finish_non_exhaustive()
    }
}

impl Tx {
    pub(super) fn new(
        inner: Sides<Transaction<'static, Sqlite>, Transaction<'static, Postgres>>,
        permit: Option<Permit>,
        db: &Db,
    ) -> Self {
        let (clock, published) = (Arc::clone(&db.clock), Arc::clone(&db.published));
        Self { inner, permit, clock, published, instance: db.instance, has_events: false }
    }

    /// Both sides; used by [`on_db!`](crate::on_db).
    pub fn sides(&mut self) -> Sides<&mut SqliteConnection, &mut PgConnection> {
        match &mut self.inner {
            Sides::Sqlite(tx) => Sides::Sqlite(&mut *tx),
            Sides::Postgres(tx) => Sides::Postgres(&mut *tx),
        }
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The current time as it is stored.
    pub fn now_micros(&self) -> i64 {
        clock::micros(self.clock.now())
    }

    /// The number of this process, unlike that of every other one on this store.
    pub(crate) fn instance(&self) -> i32 {
        self.instance
    }

    /// The numbers of the processes that are alive on this store, this one among them.
    pub(crate) async fn alive(&mut self) -> Result<Vec<i32>, Error> {
        let instance = self.instance;
        match self.sides() {
            // One process for one file.
            Sides::Sqlite(_) => Ok(vec![instance]),
            Sides::Postgres(c) => {
                let mut alive: Vec<i32> = sqlx::query_scalar(
                    "SELECT objid::int FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                     WHERE l.locktype = 'advisory' AND l.classid::int = $1 AND l.granted AND d.datname = current_database()",
                )
                .bind(ALIVE)
                .fetch_all(c)
                .await?;
                // A lost connection takes the lock along, but we are here all the same.
                alive.push(instance);
                Ok(alive)
            }
        }
    }

    pub(crate) fn mark_events(&mut self) {
        self.has_events = true;
    }

    /// Makes other writers that use this method or the ledger wait until this transaction ends.
    ///
    /// For rules over several rows ("one owner must remain"), which row locks alone do not protect on PostgreSQL.
    pub async fn serialize(&mut self) -> Result<(), Error> {
        crate::on_db!(self, c => {
            sqlx::query("UPDATE ledger SET id = id WHERE id = 1").execute(c).await?;
        });
        Ok(())
    }

    /// Makes the transaction permanent and tells the event stream about what it appended.
    pub async fn commit(self) -> Result<(), Error> {
        let Self { inner, permit, published, has_events, .. } = self;
        crate::failpoint!("db.commit");
        match inner {
            Sides::Sqlite(tx) => tx.commit().await?,
            Sides::Postgres(tx) => tx.commit().await?,
        }
        crate::failpoint!("db.committed");
        drop(permit);
        if has_events {
            published.notify_one();
        }
        Ok(())
    }

    /// Undoes the transaction and waits until that is done. Dropping it does the same without waiting.
    pub async fn rollback(self) -> Result<(), Error> {
        match self.inner {
            Sides::Sqlite(tx) => tx.rollback().await?,
            Sides::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}
