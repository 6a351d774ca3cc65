//! The event stream: what happened, numbered without holes, kept for a while, and pushed to whoever listens.
//!
//! Events are rows first. A transaction appends them, its commit wakes the pump, and the pump hands new rows to all
//! subscribers in the order of their numbers. A subscriber first gets what it missed from the table and then follows live;
//! numbers have no holes, so it notices and fills any gap itself: nothing is lost, nothing comes twice. A reader that is
//! slower than the news loses its connection and resumes with its last number; memory stays bounded by the channel.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::db::{Db, Error, Sides, Tx};
use crate::on_db;

/// Events that are kept for those who come back.
pub const KEPT: i64 = 5_000;
const LIVE: usize = 256;
const PAGE: i64 = 200;
const CHANNEL: &str = "plenum_events";

/// One event.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Event {
    /// Its number; the next event has the next number.
    pub id: i64,
    /// When it was appended.
    pub ts: Timestamp,
    /// What kind, such as `state.applied`.
    pub kind: String,
    /// What there is to know.
    pub data: Box<RawValue>,
}

#[derive(sqlx::FromRow)]
struct Stored {
    id: i64,
    ts: i64,
    kind: String,
    data: String,
}

impl Stored {
    fn into_event(self) -> Result<Arc<Event>, Error> {
        let data = RawValue::from_string(self.data)
            .map_err(|_| Error::Unreadable(format!("the data of event {} is not JSON", self.id)))?;
        Ok(Arc::new(Event { id: self.id, ts: clock::from_micros(self.ts), kind: self.kind, data }))
    }
}

/// Appends an event; it is published when the transaction commits, and never if it does not.
pub async fn append(tx: &mut Tx, kind: &str, data: &Value) -> Result<i64, Error> {
    let ts = tx.now_micros();
    let text = data.to_string();
    let id: i64 = on_db!(tx, c => {
        sqlx::query_scalar("UPDATE ledger SET event_seq = event_seq + 1 WHERE id = 1 RETURNING event_seq").fetch_one(c).await?
    });
    match tx.sides() {
        Sides::Sqlite(c) => {
            sqlx::query("INSERT INTO events (id, ts, kind, data) VALUES ($1, $2, $3, $4)")
                .bind(id)
                .bind(ts)
                .bind(kind)
                .bind(text)
                .execute(c)
                .await?;
        }
        // Other nodes listen; the notice travels with the commit.
        Sides::Postgres(c) => {
            sqlx::query(
                "WITH new AS (INSERT INTO events (id, ts, kind, data) VALUES ($1, $2, $3, $4) RETURNING id)
                 SELECT pg_notify($5, id::text) FROM new",
            )
            .bind(id)
            .bind(ts)
            .bind(kind)
            .bind(text)
            .bind(CHANNEL)
            .execute(c)
            .await?;
        }
    }
    tx.mark_events();
    Ok(id)
}

/// The number of the newest event; 0 before the first.
pub async fn newest(db: &Db) -> Result<i64, Error> {
    Ok(on_db!(db, c => sqlx::query_scalar("SELECT event_seq FROM ledger WHERE id = 1").fetch_one(c).await)?)
}

async fn after(db: &Db, id: i64, limit: i64) -> Result<Vec<Arc<Event>>, Error> {
    let rows: Vec<Stored> = on_db!(db, c =>
        sqlx::query_as("SELECT id, ts, kind, data FROM events WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(id).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(Stored::into_event).collect()
}

/// Removes all but the newest [`KEPT`] events, and returns how many went.
pub async fn prune(db: &Db) -> Result<u64, Error> {
    let mut tx = db.begin().await?;
    let removed = on_db!(tx, c => {
        sqlx::query("DELETE FROM events WHERE id <= (SELECT event_seq FROM ledger WHERE id = 1) - $1")
            .bind(KEPT).execute(c).await?.rows_affected()
    });
    tx.commit().await?;
    Ok(removed)
}

/// What is worth knowing at the moment only: how far an apply is, how a server is doing.
#[derive(Debug, Clone)]
pub struct News {
    /// What kind, such as `state.progress`.
    pub kind: &'static str,
    /// What there is to know.
    pub data: Value,
}

/// Tells news to whoever listens. They are not stored and have no number; who is away or too slow misses them. Clones share
/// their listeners.
#[derive(Debug, Clone)]
pub struct Announcer(broadcast::Sender<Arc<News>>);

impl Default for Announcer {
    fn default() -> Self {
        Self(broadcast::channel(LIVE).0)
    }
}

impl Announcer {
    /// Whether anybody listens.
    pub fn is_heard(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// Tells everybody who listens; without listeners `data` is not even made.
    pub fn tell(&self, kind: &'static str, data: impl FnOnce() -> Value) {
        if self.is_heard() {
            // Fails only when the last listener has just gone.
            let _ = self.0.send(Arc::new(News { kind, data: data() }));
        }
    }

    /// Listens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Arc<News>> {
        self.0.subscribe()
    }
}

/// Hands out subscriptions. Clones share the stream.
#[derive(Debug, Clone)]
pub struct Events {
    db: Db,
    live: broadcast::Sender<Arc<Event>>,
    news: Announcer,
}

impl Events {
    /// The stream over a store. Nothing flows live until [`Events::pump`] runs.
    pub fn new(db: Db) -> Self {
        Self { db, live: broadcast::channel(LIVE).0, news: Announcer::default() }
    }

    /// What tells news beside the stream.
    pub fn news(&self) -> &Announcer {
        &self.news
    }

    /// Carries committed events to subscribers until `stop`; spawn it once.
    pub async fn pump(self, stop: CancellationToken) {
        let mut listener = None;
        let mut last = None;
        loop {
            if let Some(pool) = self.db.postgres()
                && listener.is_none()
            {
                listener = listen(pool).await;
            }
            let notice = async {
                match &mut listener {
                    // A lost connection is made again by the next round; the timer covers what was missed.
                    Some(listener) => listener.recv().await.is_ok(),
                    None => std::future::pending().await,
                }
            };
            let heard = tokio::select! {
                () = stop.cancelled() => return,
                () = self.db.published().notified() => true,
                heard = notice => heard,
                () = tokio::time::sleep(Duration::from_secs(2)), if self.db.is_shared() => true,
            };
            if !heard {
                listener = None;
            }
            if let Err(error) = self.carry(&mut last).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "events could not be read; trying again");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_millis(500)) => {}
                }
                self.db.published().notify_one();
            }
        }
    }

    /// Sends what is newer than `last`. Without subscribers nothing is read: whoever comes later reads the table first.
    async fn carry(&self, last: &mut Option<i64>) -> Result<(), Error> {
        if self.live.receiver_count() == 0 {
            *last = None;
            return Ok(());
        }
        let mut from = match *last {
            Some(last) => last,
            // The newest one is enough: subscribers see the gap before it and fill it from the table.
            None => newest(&self.db).await? - 1,
        };
        loop {
            let events = after(&self.db, from, PAGE).await?;
            let Some(newest) = events.last().map(|event| event.id) else { break };
            from = newest;
            for event in events {
                // Fails only when the last subscriber has just gone.
                let _ = self.live.send(event);
            }
        }
        *last = Some(from);
        Ok(())
    }

    /// Follows the stream after event `last`, or from now on without it.
    pub async fn subscribe(&self, last: Option<i64>) -> Result<Subscription, Error> {
        // Listening first: what is committed while the table is read is then in both, and told apart by its number.
        let live = self.live.subscribe();
        let newest = newest(&self.db).await?;
        let mut subscription = Subscription {
            db: self.db.clone(),
            live,
            last: last.unwrap_or(newest),
            backlog: Vec::new().into_iter(),
            behind: last.is_some(),
            reset: None,
        };
        // A number that is not there yet comes from another store, or from one that was restored.
        if let Some(last) = last
            && (last > newest || last < 0)
        {
            subscription.reset = Some(newest);
        }
        Ok(subscription)
    }
}

async fn listen(pool: &sqlx::PgPool) -> Option<sqlx::postgres::PgListener> {
    let listening = async {
        let mut listener = sqlx::postgres::PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        Ok::<_, sqlx::Error>(listener)
    };
    match listening.await {
        Ok(listener) => Some(listener),
        Err(error) => {
            let error = Error::from(error);
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "cannot listen for events of other nodes; polling"
            );
            None
        }
    }
}

/// What a subscriber gets.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// The next event.
    Event(Arc<Event>),
    /// The events after the given number are no longer there: read everything anew, then go on from `newest`.
    Reset {
        /// The newest event at that moment.
        newest: i64,
    },
}

/// Why a subscription ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// The reader was too slow. It may subscribe again with its last number.
    #[error("the reader was too slow; subscribe again with the last event's number")]
    Lagged,
    /// The daemon stops.
    #[error("the event stream is closed")]
    Closed,
    /// The store failed.
    #[error("events could not be read")]
    Database(#[from] Error),
}

/// One reader's place in the stream.
#[derive(Debug)]
pub struct Subscription {
    db: Db,
    live: broadcast::Receiver<Arc<Event>>,
    last: i64,
    backlog: std::vec::IntoIter<Arc<Event>>,
    behind: bool,
    reset: Option<i64>,
}

impl Subscription {
    /// Waits for what comes next. After an error the subscription is over. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Delivery, Ended> {
        loop {
            if let Some(newest) = self.reset.take() {
                self.last = newest;
                return Ok(Delivery::Reset { newest });
            }
            if let Some(event) = self.backlog.next() {
                self.last = event.id;
                return Ok(Delivery::Event(event));
            }
            if self.behind {
                self.catch_up().await?;
                continue;
            }
            let event = match self.live.recv().await {
                Ok(event) => event,
                Err(broadcast::error::RecvError::Lagged(_)) => return Err(Ended::Lagged),
                Err(broadcast::error::RecvError::Closed) => return Err(Ended::Closed),
            };
            if event.id > self.last + 1 {
                // What is missing, and this one, are in the table.
                self.behind = true;
            } else if event.id == self.last + 1 {
                self.last = event.id;
                return Ok(Delivery::Event(event));
            }
        }
    }

    /// Reads the next page from the table.
    async fn catch_up(&mut self) -> Result<(), Error> {
        let page = after(&self.db, self.last, PAGE).await?;
        match page.first() {
            Some(first) if first.id > self.last + 1 => self.reset = Some(newest(&self.db).await?),
            Some(_) => {
                self.behind = page.len() as i64 == PAGE;
                self.backlog = page.into_iter();
            }
            None => self.behind = false,
        }
        Ok(())
    }

    /// The number of the last event delivered.
    pub fn last(&self) -> i64 {
        self.last
    }
}
