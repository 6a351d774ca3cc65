//! The platform's own background work: what keeps its tables from growing and its memory written down.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::json;

use super::Reconcilers;
use crate::db::{Db, OpenError};
use crate::events::Announcer;
use crate::identity::Identity;
use crate::limits::Limits;
use crate::{audit, db, events, identity};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What the upkeep works on.
#[derive(Debug, Clone)]
pub struct Upkeep {
    /// The store.
    pub db: Db,
    /// The identities.
    pub identity: Identity,
    /// The rate limits.
    pub limits: Limits,
    /// How long audit rows are kept; `logging.auditRetentionDays`. `None` keeps them for good.
    pub audit_retention: Option<Duration>,
    /// Who is told that there are new audit entries.
    pub news: Announcer,
}

/// Adds the platform's reconcilers.
pub fn upkeep(reconcilers: &Reconcilers, upkeep: Upkeep) {
    let Upkeep { db, identity, limits, audit_retention, news } = upkeep;

    let (store, seen) = (db.clone(), Arc::new(AtomicI64::new(0)));
    reconcilers.add("audit.news", 2 * SECOND, move || {
        let (db, news, seen) = (store.clone(), news.clone(), Arc::clone(&seen));
        async move {
            if news.is_heard() {
                let newest = audit::completed(&db).await?;
                if seen.swap(newest, Ordering::Relaxed) != newest {
                    news.tell("audit.recorded", || json!({ "seq": newest }));
                }
            }
            Ok::<_, db::Error>(())
        }
    });

    let store = db.clone();
    reconcilers.add("audit.retention", HOUR, move || {
        let db = store.clone();
        async move {
            match audit_retention {
                Some(keep) => audit::prune(&db, keep).await.map(removed),
                None => Ok("audit rows are kept for good".to_owned()),
            }
        }
    });

    let store = db.clone();
    reconcilers.add("audit.interrupted", 5 * MINUTE, move || {
        let db = store.clone();
        async move {
            let mut tx = db.begin().await?;
            let interrupted = audit::interrupt_pending(&mut tx).await?.len();
            tx.commit().await?;
            Ok::<_, db::Error>(format!("{interrupted} closed"))
        }
    });

    let store = db.clone();
    reconcilers.add("events.retention", 5 * MINUTE, move || {
        let db = store.clone();
        async move { events::prune(&db).await.map(removed) }
    });

    let who = identity.clone();
    reconcilers.add("identity.last-used", MINUTE, move || {
        let identity = who.clone();
        async move { Ok::<_, identity::Error>(format!("{} written", identity.flush_last_used().await?)) }
    });

    reconcilers.add("identity.expired", HOUR, move || {
        let identity = identity.clone();
        async move { identity.remove_expired().await.map(removed) }
    });

    reconcilers.add("limits.expired", HOUR, move || {
        let limits = limits.clone();
        async move { Ok::<_, db::Error>(removed(limits.remove_expired().await?)) }
    });

    reconcilers.add("store.integrity", DAY, move || {
        let db = db.clone();
        async move {
            let checked = db.check_large().await?;
            Ok::<_, OpenError>(if checked { "whole" } else { "small enough to be checked at each start" }.to_owned())
        }
    });
}

fn removed(count: u64) -> String {
    format!("{count} removed")
}
