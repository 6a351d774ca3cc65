//! The chain: how rows are linked, checked, and cut off at the old end.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{PAGE, Stored, canonical};
use crate::db::{Db, Error, Tx};
use crate::on_db;

impl Stored {
    /// The hash of this row at its place after `previous`: SHA-256 of the previous hash's hex digits and of the row as
    /// canonical JSON, so a reader in any language can compute it. The id is left out: it only tells when a row was opened,
    /// and including it would cost every write another statement.
    pub(super) fn chained(&self, seq: i64, previous: &str) -> Result<String, Error> {
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
}

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = VerifiedChain)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = BrokenChain)]
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
pub(super) async fn next_place(tx: &mut Tx) -> Result<(i64, String), Error> {
    Ok(on_db!(tx, c => {
        sqlx::query_as("UPDATE ledger SET audit_seq = audit_seq + 1 WHERE id = 1 RETURNING audit_seq, audit_hash")
            .fetch_one(c).await?
    }))
}

pub(super) async fn set_head(tx: &mut Tx, hash: &str) -> Result<(), Error> {
    on_db!(tx, c => {
        sqlx::query("UPDATE ledger SET audit_hash = $1 WHERE id = 1").bind(hash).execute(c).await?;
    });
    Ok(())
}
