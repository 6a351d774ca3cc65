//! Which snapshots stay, and how the others go without leaving a delta that lacks its base.
//!
//! The newest `keep_last` stay. Of the older ones, the last of each day stays for `keep_days` days. The current document
//! is never touched. A row that stays while the row it was based on goes is packed again, in the same transaction.

use std::collections::{BTreeMap, BTreeSet};

use platform::{clock, db::Db, on_db};

use super::{Packed, Row, StoreError, list, pack, text};

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// So many rows go at most in one transaction, so that a long backlog never holds the writer for long.
const BATCH: usize = 200;

/// The rule.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// The newest so many always stay.
    pub keep_last: usize,
    /// Older ones stay as one a day, for so many days.
    pub keep_days: i64,
}

impl Retention {
    /// The rows (newest first) that go at `now` (microseconds).
    fn leaving(self, rows: &[Row], now: i64) -> BTreeSet<i64> {
        let mut days = BTreeSet::new();
        let old = rows.iter().skip(self.keep_last.max(1));
        old.filter(|row| row.at < now - self.keep_days.saturating_mul(DAY) || !days.insert(row.at.div_euclid(DAY)))
            .map(|row| row.seq)
            .collect()
    }
}

/// Removes what the rule lets go; returns how many rows went.
pub async fn thin(db: &Db, rule: Retention) -> Result<usize, StoreError> {
    let mut gone = 0;
    loop {
        let rows = list(db).await?;
        let leaving: BTreeSet<i64> =
            rule.leaving(&rows, clock::micros(db.clock().now())).into_iter().take(BATCH).collect();
        let removed = if leaving.is_empty() { 0 } else { remove(db, &rows, leaving).await? };
        if removed == 0 {
            return Ok(gone);
        }
        gone += removed;
    }
}

/// Removes `leaving` and packs again every row that stays and was based on one of them.
///
/// A row further down the chain keeps its delta: the text that it was made against has not changed, only how it is stored.
///
/// A row that is damaged cannot be packed again: it stays as it is, and so does what it was based on.
async fn remove(db: &Db, rows: &[Row], mut leaving: BTreeSet<i64>) -> Result<usize, StoreError> {
    let by_seq: BTreeMap<i64, &Row> = rows.iter().map(|row| (row.seq, row)).collect();
    let mut repacked: BTreeMap<i64, Packed> = BTreeMap::new();
    let orphans: Vec<&Row> = by_seq
        .values()
        .filter(|row| !leaving.contains(&row.seq) && row.base.is_some_and(|base| leaving.contains(&base)))
        .copied()
        .collect();
    for row in orphans {
        match pack_again(db, &by_seq, &leaving, &repacked, row).await {
            Ok(packed) => _ = repacked.insert(row.seq, packed),
            Err(error @ StoreError::Database(_)) => return Err(error),
            Err(error) => {
                tracing::error!(%error, snapshot = row.id, "a damaged snapshot stays, with what it was based on");
                if let Some(base) = row.base {
                    leaving.remove(&base);
                }
            }
        }
    }
    let mut tx = db.begin().await?;
    for (seq, packed) in &repacked {
        on_db!(tx, c => {
            sqlx::query("UPDATE snapshots SET depth = $2, base = $3, body = $4 WHERE seq = $1")
                .bind(seq)
                .bind(packed.depth)
                .bind(packed.base)
                .bind(&packed.body)
                .execute(c)
                .await?;
        });
    }
    for seq in leaving.iter().rev() {
        on_db!(tx, c => { sqlx::query("DELETE FROM snapshots WHERE seq = $1").bind(seq).execute(c).await?; });
    }
    tx.commit().await?;
    Ok(leaving.len())
}

/// Packs a row against the newest row before it that stays.
async fn pack_again(
    db: &Db,
    rows: &BTreeMap<i64, &Row>,
    leaving: &BTreeSet<i64>,
    repacked: &BTreeMap<i64, Packed>,
    row: &Row,
) -> Result<Packed, StoreError> {
    let whole = text(db, row).await?;
    let before = rows.range(..row.seq).rev().map(|(_, row)| *row).find(|row| !leaving.contains(&row.seq));
    let Some(before) = before else { return Ok(pack(None, &whole)) };
    let depth = repacked.get(&before.seq).map_or(before.depth, |packed| packed.depth);
    // Its own text may be damaged; then this row is stored whole and no longer depends on it.
    match text(db, before).await {
        Ok(base) => Ok(pack(Some((&Row { depth, ..before.clone() }, &base)), &whole)),
        Err(error @ StoreError::Database(_)) => Err(error),
        Err(_) => Ok(pack(None, &whole)),
    }
}
