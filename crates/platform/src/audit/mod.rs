//! The audit log: who did what to what, when, and how it ended.
//!
//! An entry is opened before the work and completed after it, or recorded in one go where the work is one transaction.
//! Completed rows form a chain: each row's hash covers the hash before it and the row itself, so a row that is
//! changed, removed or put in between is found by [`verify`]. Retention removes the oldest part and keeps the hash where it
//! ended, so the rest still verifies. Nothing is kept in memory, however long the log is.
//!
//! This is tamper evidence, not secrecy: whoever may rewrite the whole database can rewrite the whole chain. Exported rows
//! carry their hashes, so an export kept elsewhere shows that too.

mod chain;

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use self::chain::{Broken, Verified, prune, verify};
use self::chain::{next_place, set_head};
use crate::clock;
use crate::db::{Db, Error, Tx};
use crate::on_db;

/// Longest details that are stored as they are, in bytes of JSON.
const DETAILS_BYTES: usize = 64 * 1024;
const TEXT_CHARS: usize = 512;
const PAGE: i64 = 500;
const PENDING: &str = "pending";

/// What is about to happen, or has happened.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Who: `u_<16 hex>`, `pp_<8 hex>`, `local:<user>`, `system`, or `anonymous`.
    pub actor: String,
    /// The kind of thing, such as `state`.
    pub category: &'static str,
    /// What is done to it, such as `apply`.
    pub action: &'static str,
    /// To which one.
    pub target: Option<String>,
    /// An object with what else there is to know. Never secrets.
    pub details: Value,
}

impl Entry {
    /// An entry without target and details.
    pub fn new(actor: impl Into<String>, category: &'static str, action: &'static str) -> Self {
        Self { actor: actor.into(), category, action, target: None, details: Value::Null }
    }

    /// With a target.
    #[must_use]
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// With details.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Ok,
    /// It was attempted and failed.
    Error,
    /// It was refused.
    Fail,
    /// The process died meanwhile; what had been done by then is for the log around it to tell.
    Interrupted,
}

impl Outcome {
    /// The name on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Fail => "fail",
            Self::Interrupted => "interrupted",
        }
    }
}

/// An entry that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditId(pub i64);

/// One row, as it is listed and exported.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its number, in the order of opening.
    pub id: i64,
    /// When it was opened.
    pub ts: Timestamp,
    /// Who.
    pub actor: String,
    /// The kind of thing.
    pub category: String,
    /// What was done to it.
    pub action: String,
    /// To which one.
    pub target: Option<String>,
    /// What else there is to know.
    pub details: Option<Value>,
    /// `ok`, `error`, `fail`, `interrupted` or `pending`.
    pub outcome: String,
    /// Its place in the chain; none while pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    /// Its hash in the chain; none while pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// Which rows to list; an absent filter matches all.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// At most this many, between 1 and 1,000; 100 by default.
    pub limit: Option<u32>,
    /// Exactly this category.
    pub category: Option<String>,
    /// Exactly this actor.
    pub actor: Option<String>,
    /// Exactly this action.
    pub action: Option<String>,
    /// Exactly this target.
    pub target: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Stored {
    id: i64,
    seq: Option<i64>,
    ts: i64,
    actor: String,
    category: String,
    action: String,
    target: Option<String>,
    details: Option<String>,
    outcome: String,
    hash: Option<String>,
}

impl Stored {
    fn into_row(self) -> Row {
        Row {
            id: self.id,
            ts: clock::from_micros(self.ts),
            actor: self.actor,
            category: self.category,
            action: self.action,
            target: self.target,
            // Text that is no JSON any more is shown as it is; `verify` names the row.
            details: self.details.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))),
            outcome: self.outcome,
            seq: self.seq,
            hash: self.hash,
        }
    }
}

/// Opens an entry before the work. It must be completed; what a crash leaves open is completed at the next start.
pub async fn open(tx: &mut Tx, entry: Entry) -> Result<AuditId, Error> {
    let stored = prepare(tx.now_micros(), entry, PENDING)?;
    insert(tx, &stored, None, None).await.map(AuditId)
}

/// Completes an open entry. `details` are merged over those it was opened with; `Null` keeps them.
pub async fn complete(tx: &mut Tx, id: AuditId, outcome: Outcome, details: Value) -> Result<(), Error> {
    let (seq, previous) = next_place(tx).await?;
    let stored: Option<Stored> = on_db!(tx, c => {
        sqlx::query_as("SELECT * FROM audit WHERE id = $1 AND outcome = $2").bind(id.0).bind(PENDING).fetch_optional(c).await?
    });
    let mut stored =
        stored.ok_or_else(|| Error::Unreadable(format!("audit row {} is not open and cannot be completed", id.0)))?;
    stored.outcome = outcome.as_str().to_owned();
    stored.details = merged(stored.details.as_deref(), details)?;
    let hash = stored.chained(seq, &previous)?;
    on_db!(tx, c => {
        sqlx::query("UPDATE audit SET outcome = $1, details = $2, seq = $3, hash = $4 WHERE id = $5")
            .bind(&stored.outcome).bind(&stored.details).bind(seq).bind(&hash).bind(id.0)
            .execute(c).await?;
    });
    set_head(tx, &hash).await
}

/// Records something that has happened already, or happens in this very transaction.
pub async fn record(tx: &mut Tx, entry: Entry, outcome: Outcome) -> Result<AuditId, Error> {
    let stored = prepare(tx.now_micros(), entry, outcome.as_str())?;
    let (seq, previous) = next_place(tx).await?;
    let hash = stored.chained(seq, &previous)?;
    let id = insert(tx, &stored, Some(seq), Some(&hash)).await?;
    set_head(tx, &hash).await?;
    Ok(AuditId(id))
}

/// Completes what processes that are no longer there left open, and says which. Call it at the start; it is safe at any
/// time, and leaves alone what this process and other nodes on the same store are still working on.
pub async fn interrupt_pending(tx: &mut Tx) -> Result<Vec<AuditId>, Error> {
    let open: Vec<(i64, i64)> = on_db!(tx, c => {
        sqlx::query_as("SELECT id, opener FROM audit WHERE outcome = 'pending' ORDER BY id").fetch_all(c).await?
    });
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let alive = tx.alive().await?;
    let mut interrupted = Vec::new();
    for (id, opener) in open {
        if !alive.iter().any(|instance| i64::from(*instance) == opener) {
            complete(tx, AuditId(id), Outcome::Interrupted, Value::Null).await?;
            interrupted.push(AuditId(id));
        }
    }
    Ok(interrupted)
}

/// How many entries were ever completed: grows with every one.
pub async fn completed(db: &Db) -> Result<i64, Error> {
    Ok(on_db!(db, c => sqlx::query_scalar("SELECT audit_seq FROM ledger WHERE id = 1").fetch_one(c).await)?)
}

/// Lists rows, newest first.
pub async fn list(db: &Db, query: &Query) -> Result<Vec<Row>, Error> {
    let limit = i64::from(query.limit.unwrap_or(100).clamp(1, 1000));
    page(db, query, i64::MAX, limit).await
}

/// One page of rows older than `before`, newest first; for exports of any length.
pub async fn page(db: &Db, query: &Query, before: i64, limit: i64) -> Result<Vec<Row>, Error> {
    let filters = [
        (" AND category = ", &query.category),
        (" AND actor = ", &query.actor),
        (" AND action = ", &query.action),
        (" AND target = ", &query.target),
    ];
    let rows: Vec<Stored> = on_db!(db, c => {
        let mut sql = sqlx::QueryBuilder::new("SELECT * FROM audit WHERE id < ");
        sql.push_bind(before);
        for (condition, value) in filters {
            if let Some(value) = value {
                sql.push(condition).push_bind(value.as_str());
            }
        }
        sql.push(" ORDER BY id DESC LIMIT ").push_bind(limit);
        sql.build_query_as().fetch_all(c).await
    })?;
    Ok(rows.into_iter().map(Stored::into_row).collect())
}

/// All rows oldest first, one page after another, for `plenum audit export`.
pub fn export(db: Db) -> impl futures_util::Stream<Item = Result<Row, Error>> {
    use futures_util::{StreamExt as _, TryStreamExt as _, stream};
    stream::try_unfold((db, 0), |(db, after)| async move {
        let rows: Vec<Stored> = on_db!(db, c => {
            sqlx::query_as("SELECT * FROM audit WHERE id > $1 ORDER BY id LIMIT $2").bind(after).bind(PAGE).fetch_all(c).await?
        });
        let Some(last) = rows.last().map(|row| row.id) else { return Ok(None) };
        let page = stream::iter(rows.into_iter().map(Stored::into_row)).map(Ok);
        Ok::<_, Error>(Some((page, (db, last))))
    })
    .try_flatten()
}

async fn insert(tx: &mut Tx, row: &Stored, seq: Option<i64>, hash: Option<&str>) -> Result<i64, Error> {
    let opener = i64::from(tx.instance());
    Ok(on_db!(tx, c => {
        sqlx::query_scalar(
            "INSERT INTO audit (seq, ts, actor, category, action, target, details, outcome, hash, opener)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
        )
        .bind(seq).bind(row.ts).bind(&row.actor).bind(&row.category).bind(&row.action).bind(&row.target)
        .bind(&row.details).bind(&row.outcome).bind(hash).bind(opener)
        .fetch_one(c).await?
    }))
}

fn prepare(ts: i64, entry: Entry, outcome: &str) -> Result<Stored, Error> {
    Ok(Stored {
        id: 0,
        seq: None,
        ts,
        actor: clean(&entry.actor),
        category: entry.category.to_owned(),
        action: entry.action.to_owned(),
        target: entry.target.as_deref().map(clean),
        details: merged(None, entry.details)?,
        outcome: outcome.to_owned(),
        hash: None,
    })
}

/// The stored form of details: an object in canonical JSON, cut to a note about its size when it is far too long.
fn merged(old: Option<&str>, new: Value) -> Result<Option<String>, Error> {
    let new = match new {
        Value::Null => return Ok(old.map(str::to_owned)),
        Value::Object(map) => map,
        other => Map::from_iter([("value".to_owned(), other)]),
    };
    let mut all: Map<String, Value> = match old {
        Some(text) => serde_json::from_str(text)
            .map_err(|_| Error::Unreadable("details of an open audit row are not a JSON object".to_owned()))?,
        None => Map::new(),
    };
    all.extend(new);
    let text = canonical(&Value::Object(all))?;
    if text.len() <= DETAILS_BYTES {
        return Ok(Some(text));
    }
    let mut preview = String::new();
    for c in text.chars().take(TEXT_CHARS) {
        preview.push(c);
    }
    canonical(&json!({ "_truncated": true, "bytes": text.len(), "preview": preview })).map(Some)
}

fn canonical(value: &Value) -> Result<String, Error> {
    serde_json_canonicalizer::to_string(value)
        .map_err(|_| Error::Unreadable("audit details hold a number that JSON cannot carry".to_owned()))
}

/// Text from outside, made fit to be stored and shown on one line: control characters escaped, length bounded.
pub(crate) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len().min(TEXT_CHARS));
    for c in text.chars().take(TEXT_CHARS) {
        if c.is_control() {
            // Writing into a string does not fail.
            let _ = write!(cleaned, "\\u{{{:x}}}", u32::from(c));
        } else {
            cleaned.push(c);
        }
    }
    cleaned
}
