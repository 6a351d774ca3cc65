//! Snapshots: the current document and its history, in one table.
//!
//! The newest row is the current document. Rows hold the canonical text with its secrets sealed, whole or as a delta
//! (see [`delta`]); `meta` lies in a column of its own, because it changes with every store and is not part of what is compared.
//! This module knows rows and texts, not documents: it never opens a secret.

pub mod delta;
mod id;
mod retention;
mod settings;

use platform::{
    db::{Db, Tx},
    on_db,
};
use sha2::{Digest as _, Sha256};
use sqlx::FromRow;

pub use self::{
    id::SnapshotId,
    retention::{Retention, thin},
    settings::Settings,
};

/// So many deltas lie at most between a row and the whole text that it goes back to.
const MAX_DEPTH: i64 = 64;

/// Why a snapshot could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] platform::db::Error),
    /// A row is damaged; the snapshots that do not build on it can still be read.
    #[error("snapshot {id} is damaged and cannot be read")]
    Damaged {
        /// The damaged row.
        id: String,
        /// What does not fit.
        #[source]
        source: delta::DeltaError,
    },
    /// A row's text does not have the hash that it was stored with.
    #[error("snapshot {0} does not have the content it was stored with")]
    WrongHash(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::Database(error.into())
    }
}

/// One row without its body.
#[derive(Clone, Debug, FromRow, PartialEq, Eq)]
pub struct Row {
    /// Position; the newest row has the highest.
    pub seq: i64,
    /// The public id.
    pub id: String,
    /// When, in microseconds since the epoch.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// Why, where it was not a plain change.
    pub reason: Option<String>,
    /// SHA-256 (hex) of the text.
    pub sha: String,
    /// Bytes of the text.
    pub size: i64,
    /// Canonical JSON of the document's `meta`.
    pub meta: String,
    /// Deltas between this row and a whole text.
    pub depth: i64,
    /// The row that the delta is based on.
    pub base: Option<i64>,
}

/// A body ready to be stored: made before the transaction, because compressing must not hold it open.
#[derive(Debug)]
pub struct Packed {
    base: Option<i64>,
    depth: i64,
    body: Vec<u8>,
}

/// Packs `text` as what differs from the current row's text, or whole.
pub fn pack(current: Option<(&Row, &str)>, text: &str) -> Packed {
    let delta = current.filter(|(row, _)| row.depth < MAX_DEPTH).and_then(|(row, base)| {
        Some(Packed { base: Some(row.seq), depth: row.depth + 1, body: delta::diff(base, text)? })
    });
    delta.unwrap_or_else(|| Packed { base: None, depth: 0, body: delta::pack(text) })
}

/// Stores one snapshot; `row.seq`, `depth` and `base` are set from `packed`.
pub async fn insert(tx: &mut Tx, row: &Row, packed: &Packed) -> Result<(), StoreError> {
    on_db!(tx, c => {
        sqlx::query(
            "INSERT INTO snapshots (seq, id, at, actor, reason, sha, size, meta, depth, base, body)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(row.seq)
        .bind(&row.id)
        .bind(row.at)
        .bind(&row.actor)
        .bind(&row.reason)
        .bind(&row.sha)
        .bind(row.size)
        .bind(&row.meta)
        .bind(packed.depth)
        .bind(packed.base)
        .bind(&packed.body)
        .execute(c)
        .await?;
    });
    Ok(())
}

/// A row that follows `last`: the next number and an id that sorts after it.
pub fn following(
    last: Option<&Row>,
    now: jiff::Timestamp,
    sha: &str,
    packed: &Packed,
) -> (i64, SnapshotId, i64, Option<i64>) {
    let last_id = last.and_then(|row| SnapshotId::parse(&row.id));
    (last.map_or(1, |row| row.seq + 1), SnapshotId::after(last_id.as_ref(), now, sha), packed.depth, packed.base)
}

const COLUMNS: &str = "seq, id, at, actor, reason, sha, size, meta, depth, base";

/// All rows, newest first.
pub async fn list(db: &Db) -> Result<Vec<Row>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM snapshots ORDER BY seq DESC"));
    Ok(on_db!(db, c => sqlx::query_as::<_, Row>(sql).fetch_all(c).await)?)
}

/// The newest row.
pub async fn newest(db: &Db) -> Result<Option<Row>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM snapshots ORDER BY seq DESC LIMIT 1"));
    Ok(on_db!(db, c => sqlx::query_as::<_, Row>(sql).fetch_optional(c).await)?)
}

/// The row with this id.
pub async fn find(db: &Db, id: &SnapshotId) -> Result<Option<Row>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM snapshots WHERE id = $1"));
    Ok(on_db!(db, c => sqlx::query_as::<_, Row>(sql).bind(id.as_str()).fetch_optional(c).await)?)
}

/// One link of the chain from a whole text to a row.
#[derive(Debug, FromRow)]
struct Link {
    id: String,
    base: Option<i64>,
    body: Vec<u8>,
}

/// The text of one row, put together from its chain and checked against its hash.
pub async fn text(db: &Db, row: &Row) -> Result<String, StoreError> {
    let links = on_db!(db, c => {
        sqlx::query_as::<_, Link>(
            "WITH RECURSIVE chain (seq, id, base, body, step) AS (
                 SELECT seq, id, base, body, 0 FROM snapshots WHERE seq = $1
                 UNION ALL
                 SELECT s.seq, s.id, s.base, s.body, chain.step + 1 FROM snapshots s JOIN chain ON s.seq = chain.base
             ) SELECT id, base, body FROM chain ORDER BY step DESC",
        )
        .bind(row.seq)
        .fetch_all(c)
        .await
    })?;
    let (sha, id) = (row.sha.clone(), row.id.clone());
    // Sixty-four texts of five megabytes are no work for a thread that answers requests.
    let unpacked = tokio::task::spawn_blocking(move || unpack(links, &sha, id)).await;
    unpacked.unwrap_or_else(|_| Err(StoreError::WrongHash(row.id.clone())))
}

fn unpack(links: Vec<Link>, sha: &str, id: String) -> Result<String, StoreError> {
    let mut text = String::new();
    for link in links {
        let unpacked = match link.base {
            None => delta::unpack(&link.body),
            Some(_) => delta::patch(&text, &link.body),
        };
        text = unpacked.map_err(|source| StoreError::Damaged { id: link.id, source })?;
    }
    if hex::encode(Sha256::digest(&text)) == sha { Ok(text) } else { Err(StoreError::WrongHash(id)) }
}
