use std::time::Duration;

use jiff::SignedDuration;
use platform::audit::{self, Entry, Outcome};
use platform::events::Announcer;
use platform::limits::Limits;
use platform::reconcile::{Reconcilers, Upkeep, upkeep};
use plenum_platform as platform;

use crate::kit::Store;

conformance! {
    the_platforms_reconcilers_run_and_keep_tables_small,
}

async fn the_platforms_reconcilers_run_and_keep_tables_small(store: Store) {
    let mut tx = store.db.begin().await.unwrap();
    audit::record(&mut tx, Entry::new("u_1", "state", "apply"), Outcome::Ok).await.unwrap();
    tx.commit().await.unwrap();
    store.advance(SignedDuration::from_hours(24 * 91));
    let reconcilers = Reconcilers::new(store.clock.clone());
    upkeep(
        &reconcilers,
        Upkeep {
            db: store.db.clone(),
            identity: store.identity().await,
            limits: Limits::open(&store.db).await.unwrap(),
            audit_retention: Some(Duration::from_secs(90 * 86_400)),
            news: Announcer::default(),
        },
    );
    let ran = async {
        while reconcilers.status().iter().any(|status| status.runs == 0) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ran).await.unwrap();
    let status = reconcilers.status();
    assert_eq!(status.len(), 8);
    assert!(status.iter().all(|status| status.last_error.is_none()), "{status:?}");
    let retention = status.iter().find(|status| status.name == "audit.retention").unwrap();
    assert_eq!(retention.last_outcome.as_deref(), Some("1 removed"));
    assert!(reconcilers.stop(Duration::from_secs(5)).await.is_empty());
}
