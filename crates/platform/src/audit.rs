//! The audit log: who did what to what, when, and how it ended.
//!
//! An entry is opened before the work and completed after it, or recorded in one go where the work is one transaction.
//! Completed rows form a chain: each row's hash covers the hash before it and the row itself, so a row that is
//! changed, removed or put in between is found by [`verify`]. Retention removes the oldest part and keeps the hash where it
//! ended, so the rest still verifies. Nothing is kept in memory, however long the log is.
//!
//! This is tamper evidence, not secrecy: whoever may rewrite the whole database can rewrite the whole chain. Exported rows
//! carry their hashes, so an export kept elsewhere shows that too.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

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
    /// The hash of this row at its place after `previous`: SHA-256 of the previous hash's hex digits and of the row as
    /// canonical JSON, so a reader in any language can compute it. The id is left out: it only tells when a row was opened,
    /// and including it would cost every write another statement.
    fn chained(&self, seq: i64, previous: &str) -> Result<String, Error> {
        let details: Value = match &self.details {
            Some(text) => serde_json::from_str(text)
                .map_err(|_| Error::Unreadable(format!("details of audit row {} are not JSON", self.id)))?,
            None => Value::Null,
        };
        let entry = json!({
            "seq": seq, "ts": self.ts, "actor": self.actor, "category": self.category,
            "action": self.action, "target": self.target, "details": details, "outcome": self.outcome,
        });
        let mut hash = Sha256::new();
        hash.update(previous.as_bytes());
        hash.update(canonical(&entry)?);
        Ok(hex::encode(hash.finalize()))
    }

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

/// Lists rows, newest first.
pub async fn list(db: &Db, query: &Query) -> Result<Vec<Row>, Error> {
    let limit = i64::from(query.limit.unwrap_or(100).clamp(1, 1000));
    page(db, query, i64::MAX, limit).await
}

/// One page of rows older than `before`, newest first; for exports of any length.
pub async fn page(db: &Db, query: &Query, before: i64, limit: i64) -> Result<Vec<Row>, Error> {
    const ALL: &str = "SELECT * FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2";
    const OF_CATEGORY: &str = "SELECT * FROM audit WHERE id < $1 AND category = $3 ORDER BY id DESC LIMIT $2";
    const OF_ACTOR: &str = "SELECT * FROM audit WHERE id < $1 AND actor = $3 ORDER BY id DESC LIMIT $2";
    const OF_BOTH: &str =
        "SELECT * FROM audit WHERE id < $1 AND category = $3 AND actor = $4 ORDER BY id DESC LIMIT $2";
    let rows: Vec<Stored> = on_db!(db, c => match (&query.category, &query.actor) {
        (None, None) => sqlx::query_as(ALL).bind(before).bind(limit).fetch_all(c).await,
        (Some(category), None) => sqlx::query_as(OF_CATEGORY).bind(before).bind(limit).bind(category).fetch_all(c).await,
        (None, Some(actor)) => sqlx::query_as(OF_ACTOR).bind(before).bind(limit).bind(actor).fetch_all(c).await,
        (Some(category), Some(actor)) => {
            sqlx::query_as(OF_BOTH).bind(before).bind(limit).bind(category).bind(actor).fetch_all(c).await
        }
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

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Completed rows that were checked.
    pub rows: u64,
    /// Rows still pending; they are not part of the chain yet.
    pub pending: u64,
    /// The place before the first row: 0, or where retention cut.
    pub anchor: i64,
    /// The hash of the last row.
    pub head: String,
    /// The first thing that does not fit; none when the chain is whole.
    pub broken: Option<Broken>,
}

/// Where the chain breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The place in the chain.
    pub seq: i64,
    /// The row there, if there is one.
    pub id: Option<i64>,
    /// What is wrong, in words.
    pub reason: &'static str,
}

/// Checks the whole chain against one consistent state of the store, page by page.
pub async fn verify(db: &Db) -> Result<Verified, Error> {
    let mut tx = db.snapshot().await?;
    let (head_seq, head, anchor, anchor_hash): (i64, String, i64, String) = on_db!(tx, c => {
        sqlx::query_as("SELECT audit_seq, audit_hash, anchor_seq, anchor_hash FROM ledger WHERE id = 1").fetch_one(c).await?
    });
    let pending: i64 = on_db!(tx, c => {
        sqlx::query_scalar("SELECT COUNT(*) FROM audit WHERE outcome = 'pending'").fetch_one(c).await?
    });
    let stray: Option<i64> = on_db!(tx, c => {
        sqlx::query_scalar("SELECT MIN(id) FROM audit WHERE seq IS NULL AND outcome <> 'pending'").fetch_one(c).await?
    });
    let mut found = Verified { rows: 0, pending: pending.unsigned_abs(), anchor, head: head.clone(), broken: None };
    if let Some(id) = stray {
        found.broken = Some(Broken { seq: 0, id: Some(id), reason: "a completed row is not part of the chain" });
        return Ok(found);
    }
    let (mut seq, mut hash) = (anchor, anchor_hash);
    loop {
        let rows: Vec<Stored> = on_db!(tx, c => {
            sqlx::query_as("SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2").bind(seq).bind(PAGE).fetch_all(c).await?
        });
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let reason = if row.seq != Some(seq + 1) {
                Some("rows are missing before this one")
            } else {
                // A row whose details are no JSON any more is broken, not an error of the verification.
                match row.chained(seq + 1, &hash) {
                    Ok(computed) if row.hash.as_deref() == Some(&computed) => None,
                    _ => Some("the row or the one before it was changed"),
                }
            };
            if let Some(reason) = reason {
                found.broken = Some(Broken { seq: seq + 1, id: Some(row.id), reason });
                return Ok(found);
            }
            seq += 1;
            hash = row.hash.unwrap_or_default();
            found.rows += 1;
        }
    }
    if (seq, &hash) != (head_seq, &head) {
        found.broken = Some(Broken { seq: seq + 1, id: None, reason: "the newest rows are missing" });
    }
    tx.rollback().await?;
    Ok(found)
}

/// Removes completed rows older than `keep` from the start of the chain, and returns how many.
///
/// Only a part without holes goes, so a clock that ran ahead for a while delays removal and never breaks the chain.
pub async fn prune(db: &Db, keep: Duration) -> Result<u64, Error> {
    let keep = i64::try_from(keep.as_micros()).unwrap_or(i64::MAX);
    let mut tx = db.begin().await?;
    let cutoff = tx.now_micros().saturating_sub(keep);
    tx.serialize().await?;
    let first_kept: Option<i64> = on_db!(tx, c => {
        sqlx::query_scalar("SELECT MIN(seq) FROM audit WHERE seq IS NOT NULL AND ts >= $1").bind(cutoff).fetch_one(c).await?
    });
    let last: Option<(i64, Option<String>)> = on_db!(tx, c => {
        sqlx::query_as("SELECT seq, hash FROM audit WHERE seq < $1 ORDER BY seq DESC LIMIT 1")
            .bind(first_kept.unwrap_or(i64::MAX)).fetch_optional(c).await?
    });
    let Some((seq, hash)) = last else { return Ok(0) };
    let removed = on_db!(tx, c => {
        sqlx::query("DELETE FROM audit WHERE seq <= $1").bind(seq).execute(&mut *c).await?.rows_affected()
    });
    on_db!(tx, c => {
        sqlx::query("UPDATE ledger SET anchor_seq = $1, anchor_hash = $2 WHERE id = 1")
            .bind(seq).bind(hash.unwrap_or_default()).execute(c).await?;
    });
    tx.commit().await?;
    Ok(removed)
}

/// Takes the next place in the chain; the ledger is held until the transaction ends.
async fn next_place(tx: &mut Tx) -> Result<(i64, String), Error> {
    Ok(on_db!(tx, c => {
        sqlx::query_as("UPDATE ledger SET audit_seq = audit_seq + 1 WHERE id = 1 RETURNING audit_seq, audit_hash")
            .fetch_one(c).await?
    }))
}

async fn set_head(tx: &mut Tx, hash: &str) -> Result<(), Error> {
    on_db!(tx, c => {
        sqlx::query("UPDATE ledger SET audit_hash = $1 WHERE id = 1").bind(hash).execute(c).await?;
    });
    Ok(())
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
