//! The store's side of an apply: the intent before, the commit after, the record of a refusal.

use std::sync::{Arc, atomic::Ordering};

use platform::{
    audit::{self, AuditId, Entry, Outcome},
    clock, events, failpoint,
};
use serde_json::json;

use super::{ApplyError, Candidate, Live, act::Step, candidate::Sealed, generation::Number, intent::Intent};
use crate::store::{self, Packed, Row, Settings};

/// The event that a committed change publishes.
pub(super) const APPLIED: &str = "state.applied";

/// Records that a change is about to be made. What is open when the daemon starts was interrupted.
pub(super) async fn open(
    step: Step<'_>,
    action: &str,
    generation: Option<Number>,
    intent: Option<&Intent>,
) -> Result<AuditId, ApplyError> {
    let mut tx = step.engine.db.begin_under(step.permit).await?;
    let details = json!({ "action": action, "generation": generation, "reason": step.change.reason });
    let entry = Entry::new(&step.change.actor, "state", "apply").details(details);
    let id = audit::open(&mut tx, entry).await?;
    if let Some(intent) = intent {
        Settings::Intent.set(&mut tx, &json!(intent).to_string()).await?;
    }
    tx.commit().await?;
    if intent.is_some() {
        step.engine.unsettled.store(true, Ordering::Release);
    }
    failpoint!("apply.after_intent");
    Ok(id)
}

/// Document, audit entry and event in one transaction; then, and only then, readers see it.
pub(super) async fn commit(
    step: Step<'_>,
    audit: AuditId,
    candidate: Candidate,
    (sealed, packed): (Sealed, Packed),
    generation: Number,
    action: &str,
) -> Result<Arc<Live>, ApplyError> {
    let engine = step.engine;
    let now = engine.clock.now();
    // Without a live document the store may hold rows that could not be read; what is stored now still comes after them.
    let last = match step.live {
        Some(live) => Some(live.row.clone()),
        None => store::newest(&engine.db).await?,
    };
    let (seq, id, depth, base) = store::following(last.as_ref(), now, &sealed.sha, &packed);
    let row = Row {
        seq,
        id: id.to_string(),
        at: clock::micros(now),
        actor: step.change.actor.clone(),
        reason: step.change.reason.clone(),
        sha: sealed.sha,
        size: i64::try_from(sealed.text.len()).unwrap_or(i64::MAX),
        meta: sealed.meta,
        depth,
        base,
    };
    failpoint!("apply.before_commit");
    let mut tx = engine.db.begin_under(step.permit).await?;
    store::insert(&mut tx, &row, &packed).await?;
    failpoint!("apply.commit.after_snapshot");
    if action == "runtime" {
        Settings::Intent.set(&mut tx, "").await?;
    }
    let details = json!({ "action": action, "snapshot": row.id, "reason": step.change.reason });
    audit::complete(&mut tx, audit, Outcome::Ok, details).await?;
    let event =
        json!({ "snapshot": row.id, "etag": row.sha, "actor": row.actor, "action": action, "reason": row.reason });
    events::append(&mut tx, APPLIED, &event).await?;
    failpoint!("apply.commit.before_end");
    if let Err(error) = tx.commit().await {
        // A database that went away may have committed before it did.
        let stored = store::newest(&engine.db).await?.is_some_and(|newest| newest.id == row.id);
        if !stored {
            return Err(error.into());
        }
    }
    if action == "runtime" {
        engine.unsettled.store(false, Ordering::Release);
    }
    engine.trouble.store(None);
    failpoint!("apply.after_commit");
    let live = Arc::new(Live::new(candidate, row, sealed.text, generation));
    engine.live.store(Some(Arc::clone(&live)));
    failpoint!("apply.end");
    Ok(live)
}

/// Records a refusal and hands the error on. A store that cannot record it must not hide it.
pub(super) async fn refuse<T>(step: Step<'_>, audit: AuditId, error: ApplyError) -> Result<T, ApplyError> {
    let recorded = async {
        let mut tx = step.engine.db.begin_under(step.permit).await?;
        audit::complete(&mut tx, audit, Outcome::Error, json!({ "error": error.summary() })).await?;
        if !step.engine.unsettled.load(Ordering::Acquire) {
            Settings::Intent.set(&mut tx, "").await?;
        }
        tx.commit().await?;
        Ok::<_, store::StoreError>(())
    };
    if let Err(left) = recorded.await {
        tracing::error!(error = %left, "a refused change could not be recorded; it is closed as interrupted at the next start");
    }
    Err(error)
}
